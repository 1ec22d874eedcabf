"""The vocabulary every other package speaks: ids, paths, values, spans, diagnostics, CIDRs."""
