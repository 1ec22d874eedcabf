"""Waivers and attestations of an environment: accepted control failures, and attested controls.

Both expire. `blueprint.environment` reads them; `controls.waivers` and `controls.attestations`
apply them.
"""

from dataclasses import dataclass
from datetime import date

from provisioner.model.span import Span


@dataclass(frozen=True, slots=True)
class Waiver:
    """An entry of `waivers`: a control that may fail.

    `scope` is an address, or what addresses begin with (`hub` holds `hub.network`); `expires` is
    the last day on which it holds. `breach` is the one breach of a network proof that it is about,
    in the words of reports (None: all).
    """

    control: str
    scope: str
    reason: str
    owner: str
    expires: date
    span: Span
    control_span: Span
    scope_span: Span
    breach: str | None = None
    breach_span: Span | None = None

    def is_about(self, message: str) -> bool:
        """Return whether a finding with this message is one that it is about.

        White space and the stop at the end do not matter.
        """
        return self.breach is None or _normalized_text(self.breach) == _normalized_text(message)

    def holds(self, address: str) -> bool:
        """Return whether the resource at an address is in scope."""
        return address == self.scope or address.startswith((f"{self.scope}.", f"{self.scope}["))


def _normalized_text(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


@dataclass(frozen=True, slots=True)
class Attestation:
    """An entry of `attestations`.

    It has who looked, on which day, what shows it, and the last day on which it holds.
    """

    control: str
    by: str
    on: date
    expires: date
    evidence: str
    span: Span
    control_span: Span
