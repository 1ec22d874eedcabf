"""The report of environments, for managers and auditors and for tools that import findings."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from provisioner.documents.access import AccessDocument
from provisioner.documents.controls import CheckDocument, ComplianceDocument
from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)
from provisioner.documents.drift import DriftDocument
from provisioner.documents.graph import GraphDocument


class AnswerSource(StrEnum):
    """The source of a control's answer.

    It is the files of the environment, a plan against Azure, Azure itself, an observation of the
    cluster, a person who attested it, or none.
    """

    BLUEPRINT = "blueprint"
    PLAN = "plan"
    AZURE = "Azure"
    CLUSTER = "cluster"
    ATTESTATION = "attestation"
    NOBODY = "nobody"


class TallyDocument(Document):
    """How many controls ended in which way.

    `applicable` is the denominator: all but those that are `not_applicable`. `unknown` are those
    that azsec could not answer (a read was refused, a value is known after apply, Azure was not
    asked), `not_assessed` those that the cluster, the directory, a log or a person answers and that
    were not answered. `name` is what was counted: a layer, a chapter, or `all`.
    """

    name: str
    title: str
    applicable: int
    passed: int = 0
    partial: int = 0
    failed: int = 0
    waived: int = 0
    unknown: int = 0
    not_assessed: int = 0
    not_applicable: int = 0


class PostureDocument(Document):
    """The posture of an environment at a time (ISO 8601, UTC).

    `certain` is false where something could not be read: its number of passes is of what was read.
    `failing` are ids of controls.
    """

    at: str
    state: str
    tally: TallyDocument
    failing: tuple[str, ...] = ()
    certain: bool = True


class SkippedFileDocument(Document):
    """A file of the folder of earlier reports that is no part of a trend, and why."""

    file: str
    reason: str


class TrendDocument(Document):
    """The posture of an environment now and in earlier reports of the same state.

    The oldest is first, the present one last. `earlier` is how many earlier reports there are, of
    which the last ones are shown. `newly_failing` and `no_longer_failing` are ids of controls,
    compared with the report before.
    """

    points: tuple[PostureDocument, ...]
    earlier: int = 0
    newly_failing: tuple[str, ...] = ()
    no_longer_failing: tuple[str, ...] = ()


class RegisterKind(StrEnum):
    """What holds until a day: a waiver of a failure, an attestation, an accepted addition."""

    WAIVER = "waiver"
    ATTESTATION = "attestation"
    ACCEPTED = "accepted addition"


class RegisterEntryDocument(Document):
    """An entry of the register of waivers, attestations and accepted additions.

    `subject` is the id of a control, or of an accepted resource; `scope` the address that a waiver
    covers. `expires` is its last day (ISO 8601), `days_left` the days until then; `expires_soon`
    says that it is one of its last fourteen.
    """

    kind: RegisterKind
    subject: str
    scope: str = ""
    reason: str
    owner: str
    since: str | None = None
    expires: str
    days_left: int
    expires_soon: bool
    place: str | None = None


class OmittedDocument(Document):
    """A section that a report does not have for an environment, why, and what would give it."""

    section: str
    reason: str
    hint: str | None = None


class EnvironmentReportDocument(Document):
    """The report of one environment.

    `name` is what was asked for. `environment`, `posture` and `check` are None where it could not
    be assessed: `diagnostics` say why. `answers` say what answered each control;
    `not_assessed` are those that others than Azure answer, and nobody did. What is None
    otherwise stands in `omitted`, with the reason.
    """

    name: str
    state: str
    read_at: str | None = None
    environment: EnvironmentDocument | None = None
    posture: PostureDocument | None = None
    layers: tuple[TallyDocument, ...] = ()
    chapters: tuple[TallyDocument, ...] = ()
    trend: TrendDocument | None = None
    check: CheckDocument | None = None
    answers: dict[str, tuple[AnswerSource, ...]] = Field(default_factory=dict)
    not_assessed: tuple[str, ...] = ()
    frameworks: tuple[ComplianceDocument, ...] = ()
    graph: GraphDocument | None = None
    access: AccessDocument | None = None
    drift: DriftDocument | None = None
    register_entries: tuple[RegisterEntryDocument, ...] = ()
    omitted: tuple[OmittedDocument, ...] = ()
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether it was assessed, and all that was asked for could be read."""
        return (
            self.check is not None
            and not self.check.census.unreadable
            and not (self.access and self.access.is_partial)
            and not (self.drift and not self.drift.is_certain)
        )


class ReportDocument(Document):
    """The report of environments at a time (`generated_at`, ISO 8601, UTC).

    `skipped` are files of the folder of earlier reports that were not used.
    """

    kind: Literal["azsec/report"] = "azsec/report"
    format_version: str = FORMAT_VERSION
    generated_at: str
    environments: tuple[EnvironmentReportDocument, ...]
    skipped: tuple[SkippedFileDocument, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether every environment was assessed, and all of it could be read."""
        return all(environment.is_certain for environment in self.environments)
