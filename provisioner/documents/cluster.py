"""Plan, apply and drift check of the Kubernetes objects in a cluster."""

from collections.abc import Iterable
from typing import Literal

from provisioner.documents.additions import AcceptedDocument, AdditionDocument
from provisioner.documents.apply import Outcome, StepOutcome
from provisioner.documents.census import NotCoveredDocument, UnreadableDocument
from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)
from provisioner.documents.drift import ResourceDriftDocument
from provisioner.documents.plan import (
    Action,
    PlanSummary,
    ResourceChangeDocument,
    UndeclaredDocument,
)
from provisioner.model.diagnostic import Diagnostic, Severity


class ClusterDocument(Document):
    """The cluster that a document is about.

    `uid` is the UID of its namespace kube-system, which no other cluster has; `version` is that of
    Kubernetes, `way` how the API server was reached.
    """

    server: str
    uid: str
    version: str
    way: str


class ClusterStepDocument(Document):
    """One request of a plan: a server-side apply, or a delete.

    Steps of one `stage` run concurrently, after those of the stages before. `body` is the digest of
    the object that is applied, so that the plan's digest covers it; None for a delete.
    """

    key: str
    verb: Literal["APPLY", "DELETE"]
    address: str
    path: str
    stage: int
    body: str | None = None


class ClusterCensusDocument(Document):
    """The scope of a document.

    `objects` is how many were read, of `kinds`; `unreadable` is what the API server refused to
    list: where there is some, nothing is reported as absent. `not_looked_at` are the kinds of
    add-ons and extensions that the cluster has (KIND.GROUP) and that are none of `kinds`: their
    objects were not read, whatever they allow.
    """

    objects: int
    kinds: tuple[str, ...]
    not_looked_at: tuple[str, ...] = ()
    unreadable: tuple[UnreadableDocument, ...] = ()
    not_covered: tuple[NotCoveredDocument, ...] = ()


class ClusterPlanDocument(Document):
    """A plan of the objects in a cluster.

    `digest` is over everything that apply would do there; addresses are NAMESPACE/KIND/NAME,
    `resource_group` of a change is its namespace. `cluster` is None for one that Azure has yet to
    create: then every object is a creation without a dry run.
    """

    kind: Literal["azsec/cluster-plan"] = "azsec/cluster-plan"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    path: str
    cluster: ClusterDocument | None
    digest: str
    adopt: tuple[str, ...] = ()
    force_conflicts: bool = False
    summary: PlanSummary
    changes: tuple[ResourceChangeDocument, ...] = ()
    undeclared: tuple[UndeclaredDocument, ...] = ()
    steps: tuple[ClusterStepDocument, ...] = ()
    census: ClusterCensusDocument
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether an error prevents an apply."""
        return any(told.severity is Severity.ERROR for told in self.diagnostics)

    @property
    def blocked(self) -> tuple[ResourceChangeDocument, ...]:
        """The changes that cannot be applied."""
        return tuple(change for change in self.changes if change.action is Action.BLOCKED)

    @property
    def destroys(self) -> bool:
        """Whether it deletes or replaces objects."""
        return bool(self.summary.delete or self.summary.replace)


class ClusterApplyDocument(Document):
    """The outcome of an apply in a cluster.

    `digest` is the plan's; `interrupted` is true where somebody stopped it.
    """

    kind: Literal["azsec/cluster-apply"] = "azsec/cluster-apply"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    cluster: ClusterDocument
    digest: str
    steps: tuple[StepOutcome, ...] = ()
    interrupted: bool = False
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many steps ended like this."""
        return sum(step.outcome is outcome for step in self.steps)

    @property
    def is_whole(self) -> bool:
        """Whether everything planned was done, under the lock."""
        has_error = any(told.severity is Severity.ERROR for told in self.diagnostics)
        return not has_error and self.count(Outcome.SUCCEEDED) == len(self.steps)

    def with_diagnostics(self, diagnostics: Iterable[Diagnostic]) -> "ClusterApplyDocument":
        """Return the document with more that is reported of the apply."""
        more = tuple(DiagnosticDocument.of(diagnostic) for diagnostic in diagnostics)
        return self.model_copy(update={"diagnostics": (*self.diagnostics, *more)})


class ClusterDriftDocument(Document):
    """A drift check of the objects in a cluster.

    `observed` is when the observation was made that was judged (ISO 8601), None where the API
    server was queried now, and `verified` whether its signature was checked. Of the declared
    objects `in_sync` are as declared, and `not_compared` could not be read or tried.
    """

    kind: Literal["azsec/cluster-drift"] = "azsec/cluster-drift"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    cluster: ClusterDocument
    observed: str | None = None
    verified: bool | None = None
    in_sync: int
    not_compared: int = 0
    drifted: tuple[ResourceDriftDocument, ...] = ()
    undeclared: tuple[UndeclaredDocument, ...] = ()
    additions: tuple[AdditionDocument, ...] = ()
    accepted: tuple[AcceptedDocument, ...] = ()
    census: ClusterCensusDocument
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is drift: what exit code 2 means."""
        weakened = any(entry.field.security for entry in self.undeclared)
        return bool(self.drifted or self.additions) or weakened

    @property
    def is_certain(self) -> bool:
        """Whether all of the scope was read: if it was not, no finding does not mean no drift."""
        has_error = any(told.severity is Severity.ERROR for told in self.diagnostics)
        return not has_error and not self.census.unreadable
