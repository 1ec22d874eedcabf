"""Controls of chapter CLU: cluster security."""
