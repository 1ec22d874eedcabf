"""Controls: their texts, their results on an environment, and compliance with frameworks."""

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from provisioner.documents.census import CensusDocument
from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)

FAIL = "fail"
"""The verdict of a control that is not satisfied."""

VERDICTS = ("pass", FAIL, "partial", "waived", "unknown", "not applicable")
"""How a control can end."""


def summarize(verdicts: Iterable[str], words: Iterable[str] = VERDICTS) -> dict[str, int]:
    """Return how many of some verdicts there are, by each of `words`, and in `total`."""
    counted = Counter(verdicts)
    return {"total": counted.total(), **{word: counted[word] for word in words}}


class MappingsDocument(Document):
    """The same control in other frameworks: CIS AKS 1.8, Azure Policy, checkov and PSRule."""

    cis: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    checkov: tuple[str, ...] = ()
    psrule: tuple[str, ...] = ()


class ControlDocument(Document):
    """One control: what has to be true, why, what satisfies it, and who can answer it.

    `severity` is critical, high, medium, low or info; `emoji` the outline's mark of it. `modes` are
    the letters of who can answer (A: Azure Resource Manager, K: the cluster, G: the directory,
    L: logs, M: a person). `reads` are the properties that it looks at, `TYPE path`. `remediation`
    is YAML where it states resources. `evidence` is what shows the rest where ARM cannot; `limits`
    is the part of its purpose that a pass leaves unproved. `objects` are the lists of objects that
    answer it in a cluster, by resource (`pods`), or `kube-bench`. `synonyms` are other words under
    which it is searched; a custom control has none. `source` is the file that states
    a custom control, "" for azsec's own; `item` is "" for a custom control.
    """

    id: str
    title: str
    severity: str
    emoji: str
    chapter: str
    chapter_title: str
    layer: str
    item: str
    rationale: str
    synonyms: tuple[str, ...] = ()
    remediation: str
    modes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    evidence: str = ""
    objects: tuple[str, ...] = ()
    limits: str = ""
    mappings: MappingsDocument
    unmapped: str = ""
    source: str = ""


class ControlsDocument(Document):
    """Every control that azsec or an environment has, one of them, or those that match a search.

    `search` is the text that was searched for, "" for none; `total` is the number of controls that
    were searched. `near` has similar words, where nothing matched.
    """

    kind: Literal["azsec/controls"] = "azsec/controls"
    format_version: str = FORMAT_VERSION
    controls: tuple[ControlDocument, ...]
    search: str = ""
    total: int
    near: tuple[str, ...] = ()


class WaiverDocument(Document):
    """A failure that the environment accepts. `expires` is the last day of it (ISO 8601)."""

    control: str
    scope: str
    reason: str
    owner: str
    expires: str
    place: str


class FindingDocument(Document):
    """The finding of a control on one resource: its verdict, the deciding property and its value.

    `place` is file:line:column in the blueprint, where it has one. `waiver` is what accepts it: an
    entry of `waivers:`, or of `accepted:` for a role assignment of others.
    """

    verdict: str
    address: str | None = None
    id: str
    type: str
    path: str
    evidence: str
    place: str | None = None
    waiver: WaiverDocument | None = None


class AttestationDocument(Document):
    """A statement that a person attests, from the day of the inspection to its last day."""

    control: str
    by: str
    on: str
    expires: str
    evidence: str = ""


class ResultDocument(Document):
    """The result of one control.

    It is `pass`, `fail`, `partial` (it passes as far as anybody saw), `waived`, `unknown` or `not
    applicable`. `why` states the reason where there are no findings. `outstanding` is the evidence
    that is still missing beside what ARM answers. `gate` is the gate that refuses a failure of it
    (`controls` or `proofs`), None where none does.
    """

    control: ControlDocument
    verdict: str
    gate: str | None = None
    why: str = ""
    outstanding: str = ""
    findings: tuple[FindingDocument, ...] = ()
    attestation: AttestationDocument | None = None

    @property
    def is_group(self) -> bool:
        """Whether the control is answered by its parts alone."""
        return not self.control.modes


class CheckDocument(Document):
    """All controls over one state of an environment (`desired`, `planned` or `actual`).

    `gate` is the least severity that refuses, None where nothing does. `summary` is how many
    controls ended in which way, and in `total`; those that only have parts do not count. `census`
    says what was looked at. `lists_all` asks a report to list what passes and is not applicable
    too; JSON always does.
    """

    kind: Literal["azsec/check"] = "azsec/check"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    state: str
    gate: str | None = None
    summary: dict[str, int]
    results: tuple[ResultDocument, ...]
    waivers: tuple[WaiverDocument, ...] = ()
    census: CensusDocument
    diagnostics: tuple[DiagnosticDocument, ...] = ()
    lists_all: bool = Field(default=False, exclude=True)

    @property
    def refused(self) -> tuple[ResultDocument, ...]:
        """The controls whose failure a gate refuses."""
        return tuple(
            result
            for result in self.results
            if result.verdict == FAIL and not result.is_group and result.gate
        )


class UnansweredDocument(Document):
    """A control that was not answered, or of which a part was not, and why."""

    control: str
    reason: str


class RequirementDocument(Document):
    """What a framework asks for, how it ended, and the controls that answer it.

    `verdict` is `fail`, `unknown`, `partial`, `manual`, `waived`, `pass` or `not applicable`.
    `seen` are the controls that pass or are waived as a whole, `unanswered` what nobody has seen
    yet.
    """

    id: str
    title: str = ""
    verdict: str
    controls: tuple[str, ...]
    failing: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    unanswered: tuple[UnansweredDocument, ...] = ()


class ComplianceDocument(Document):
    """A state of an environment, by the requirements of a framework.

    `read_at` is when Azure was read (ISO 8601, UTC), None for the desired state. `summary` is how
    many requirements ended in which way, and in `total`. `refused` are the controls whose failure a
    gate refuses.
    """

    kind: Literal["azsec/compliance"] = "azsec/compliance"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    state: str
    read_at: str | None = None
    framework: str
    title: str
    summary: dict[str, int]
    requirements: tuple[RequirementDocument, ...]
    refused: tuple[str, ...] = ()
    census: CensusDocument


class TurnDocument(Document):
    """A control whose verdict on one resource a change turns.

    `is_new` is for a resource that was not judged before. `gate` is the gate that refuses a failure
    of it, None where none does.
    """

    control: str
    title: str
    severity: str
    emoji: str
    address: str
    path: str
    evidence: str
    remediation: str
    is_new: bool = False
    gate: str | None = None


class SecurityDeltaDocument(Document):
    """The effect of a change on security: controls that newly fail, and controls that newly pass.

    `gate` is the least severity that is refused, None where none is.
    """

    gate: str | None = None
    failing: tuple[TurnDocument, ...] = ()
    passing: tuple[TurnDocument, ...] = ()

    @property
    def failing_controls(self) -> tuple[str, ...]:
        """The ids of the controls that newly fail, for however many resources."""
        return tuple(dict.fromkeys(turn.control for turn in self.failing))

    @property
    def passing_controls(self) -> tuple[str, ...]:
        """The ids of the controls that pass and did not."""
        return tuple(dict.fromkeys(turn.control for turn in self.passing))

    @property
    def refused(self) -> tuple[TurnDocument, ...]:
        """What newly fails and a gate refuses."""
        return tuple(turn for turn in self.failing if turn.gate)
