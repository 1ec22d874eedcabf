"""The output format of a command, by `--output` or by the file extension of `--out`."""

from collections.abc import Mapping
from pathlib import PurePath

from provisioner.model.diagnostic import DiagnosticError, error


def choose_format(
    output: str | None, out: str | None, endings: Mapping[str, str], default: str | None
) -> str:
    """Return the format that `output` names, or that of the extension of `out`, or `default`.

    `endings` has the formats by extension (`.html`). Raises DiagnosticError for a file whose
    extension is not among them, and where neither names a format and there is no default.
    """
    if output is not None:
        return output
    if out is None and default is not None:
        return default
    if out is None:
        raise _unknown_format("the format is not set", endings)
    ending = PurePath(out).suffix.lower()
    if ending not in endings:
        raise _unknown_format(f"{out}: no format is known for this ending", endings)
    return endings[ending]


def _unknown_format(what: str, endings: Mapping[str, str]) -> DiagnosticError:
    return DiagnosticError(
        error(
            "unknown-format",
            f"{what}.",
            None,
            f"Set it with --output, or let --out end with one of {', '.join(endings)}.",
        )
    )
