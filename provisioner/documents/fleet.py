"""Fleet results of a command over many environments: a census, the worst first, and groups."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from provisioner.documents.document import FORMAT_VERSION, DiagnosticDocument, Document


class FleetAnswer(StrEnum):
    """What became of one environment, the worst first.

    FAILED     nothing could be told: a file is wrong, Azure refused, or its worker was lost
    FINDINGS   there is drift, a change, or a control that fails
    UNCERTAIN  nothing was found, and not everything could be read
    NOT_RUN    the deadline came before its turn
    CLEAN      everything was read, and nothing was found
    UNCHANGED  not read again: since its last check the logs tell of no change in it
    """

    FAILED = "failed"
    FINDINGS = "findings"
    UNCERTAIN = "uncertain"
    NOT_RUN = "not-run"
    CLEAN = "clean"
    UNCHANGED = "unchanged"


class FleetFindingDocument(Document):
    """A finding in one environment.

    `what` reads the same in each environment that has it, and is the key by which findings are
    grouped; `address` is the resource in this environment, None where there is none. `writers` are
    the principals that wrote the resource, by Azure's logs, the latest first: a write is not a
    cause.
    """

    what: str
    address: str | None = None
    writers: tuple[str, ...] = ()


class FleetEntryDocument(Document):
    """One environment.

    `inputs` is the digest over the files that it is composed from. `checked_at` is when the answer
    was given (ISO 8601, UTC), by `worker` (`host/process`), at the attempt with this number, in
    `seconds`. `summary` counts what its document counts. `unchanged_since` is the time of the check
    whose answer still holds, and `log_read_until` how far the logs that say so reach. `document` is
    the whole of what the command prints of the environment by itself; it is in the ledger alone.
    """

    name: str
    path: str
    answer: FleetAnswer
    inputs: str = ""
    checked_at: str | None = None
    seconds: float = 0.0
    worker: str = ""
    attempt: int = 1
    summary: dict[str, int] = Field(default_factory=dict)
    findings: tuple[FleetFindingDocument, ...] = ()
    unchanged_since: str | None = None
    log_read_until: str | None = None
    diagnostics: tuple[DiagnosticDocument, ...] = ()
    document: dict[str, Any] | None = Field(default=None, exclude=True)


class FindingGroupDocument(Document):
    """A finding, with the names of the environments that have it and of who wrote the resources."""

    what: str
    environments: tuple[str, ...]
    writers: tuple[str, ...] = ()


class FleetDocument(Document):
    """What one run of a command over many environments found, the worst environment first.

    `run` names it in the ledger (`--resume`). `asked` are all environments that it was asked about:
    each is in `environments` exactly once, or was left out as fresh (`fresh` names them).
    """

    kind: Literal["azsec/fleet"] = "azsec/fleet"
    format_version: str = FORMAT_VERSION
    command: str
    run: str
    started_at: str
    ended_at: str
    asked: int
    environments: tuple[FleetEntryDocument, ...] = ()
    fresh: tuple[str, ...] = ()
    groups: tuple[FindingGroupDocument, ...] = ()

    def count(self, answer: FleetAnswer) -> int:
        """Return how many environments have an answer."""
        return sum(entry.answer is answer for entry in self.environments)

    @property
    def found(self) -> bool:
        """Whether something was found in at least one environment."""
        return any(entry.answer is FleetAnswer.FINDINGS for entry in self.environments)

    @property
    def is_complete(self) -> bool:
        """Whether every environment was answered, and read as a whole."""
        whole = (FleetAnswer.FINDINGS, FleetAnswer.CLEAN, FleetAnswer.UNCHANGED)
        return all(entry.answer in whole for entry in self.environments)
