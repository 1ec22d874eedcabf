"""Diagnostics: errors and warnings about the user's input or an answer of Azure.

Expected failures are reported by these, with place, cause and what to do, and never by a traceback.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from provisioner.model.secret_values import mask_secrets
from provisioner.model.span import Span

_LONGEST = 2_000
"""Characters of a message that are printed: its beginning and its end."""


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops the command, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message. `code` is stable and kebab-case; `hint` says what to do about it.

    A secret that a message quotes (an expression, an answer of Azure) is masked here, once for all.
    """

    severity: Severity
    code: str
    message: str
    span: Span | None = None
    hint: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", mask_secrets(self.message))

    def __str__(self) -> str:
        place = f"{self.span}: " if self.span else ""
        hint = f" {self.hint}" if self.hint else ""
        message = self.message
        if len(message) > _LONGEST:
            # A message quotes input, whose length a file decides.
            message = f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"
        return f"{place}{self.severity}: {message}{hint}"


class DiagnosticError(Exception):
    """An expected failure, with its diagnostics. Every command turns it into exit code 1 (or 3)."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("\n".join(str(diagnostic) for diagnostic in diagnostics))
        self.diagnostics = diagnostics


class GateError(DiagnosticError):
    """A refusal by a gate: the request is possible and not permitted. Exit code 3."""


def error(code: str, message: str, span: Span | None = None, hint: str | None = None) -> Diagnostic:
    """Return a diagnostic of severity error."""
    return Diagnostic(Severity.ERROR, code, message, span, hint)


def warning(
    code: str, message: str, span: Span | None = None, hint: str | None = None
) -> Diagnostic:
    """Return a diagnostic of severity warning."""
    return Diagnostic(Severity.WARNING, code, message, span, hint)


def nearest(name: str, known: Sequence[str]) -> str:
    """Return "Did you mean X?" for the known name closest to `name`, or the list of all."""
    folded = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {folded[close[0]]!r}?"
    if not known:
        return "None is known here."
    listed = sorted(known)
    shown = ", ".join(listed[:12]) + (", …" if len(listed) > 12 else "")
    return f"Expected one of: {shown}."
