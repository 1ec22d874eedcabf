"""Verdicts of controls, and the findings that support them.

Used by all that evaluates or reports controls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from provisioner.blueprint.waivers import Waiver
from provisioner.model.estate import Resource


class Verdict(StrEnum):
    """Outcome of a control, the worst first.

    `unknown` is not `pass`: something it rests on cannot be seen. A failure is `waived` where the
    environment accepts it until a day.
    """

    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    PASS = "pass"
    NOT_APPLICABLE = "not applicable"

    @property
    def rank(self) -> int:
        """The position on the scale: 0 is worst."""
        return _RANKS[self]


_RANKS = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class Finding:
    """Verdict of a control on one resource.

    `path` is the property that decides it, "" for the resource as a whole; `evidence` says in words
    what stands there. `waiver` is what accepts it, of one that is waived.
    """

    control: str
    verdict: Verdict
    resource: Resource
    path: str
    evidence: str
    waiver: Waiver | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from other findings: the control, the resource's id and the property."""
        return self.control, self.resource.id.key, self.path


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts: not applicable where there are none."""
    return min(verdicts, key=lambda verdict: verdict.rank, default=Verdict.NOT_APPLICABLE)
