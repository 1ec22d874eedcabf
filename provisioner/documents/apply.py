"""Apply: its outcome, and the events that report its progress."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from pydantic import Field

from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)
from provisioner.model.diagnostic import Diagnostic, Severity


class StepStarted(Document):
    """The request of a step was sent. `seconds` estimates how long Azure takes for it."""

    key: str
    verb: str
    address: str
    type: str
    seconds: int


class StepProgressed(Document):
    """Azure reported the progress of a long operation. `status` is Azure's own word for it."""

    key: str
    status: str


class StepSucceeded(Document):
    """A step is done and Azure has settled. `elapsed` is in seconds."""

    key: str
    elapsed: float


class StepFailed(Document):
    """Azure refused a step, or it broke. `message` holds code, message and correlation id."""

    key: str
    elapsed: float
    message: str


class StepSkipped(Document):
    """A step that was not tried, because of the step named in `because` (or an interrupt)."""

    key: str
    because: str


Event: TypeAlias = StepStarted | StepProgressed | StepSucceeded | StepFailed | StepSkipped


class Outcome(StrEnum):
    """How a step ended. `UNKNOWN` is one that was sent and got no answer: it may have been done."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class StepOutcome(Document):
    """The outcome of one step.

    `message` is the refusal, why there was no answer, or what a skipped step waited for.
    """

    key: str
    verb: str
    address: str
    outcome: Outcome
    elapsed: float = 0.0
    message: str | None = None


class ApplyDocument(Document):
    """A whole apply. `digest` is the plan's. `interrupted` is set by Ctrl-C."""

    kind: Literal["azsec/apply"] = "azsec/apply"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    digest: str
    steps: tuple[StepOutcome, ...] = ()
    outputs: dict[str, Any] = Field(default_factory=dict)
    interrupted: bool = False
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether something went wrong beside the steps (the lock was lost)."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)

    def with_diagnostics(self, diagnostics: Iterable[Diagnostic]) -> "ApplyDocument":
        """Return the document with further diagnostics of the apply."""
        more = tuple(DiagnosticDocument.of(diagnostic) for diagnostic in diagnostics)
        return self.model_copy(update={"diagnostics": (*self.diagnostics, *more)})

    def count(self, outcome: Outcome) -> int:
        """Return how many steps have this outcome."""
        return sum(step.outcome is outcome for step in self.steps)
