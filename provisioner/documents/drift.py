"""Drift: the result of a drift check."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from provisioner.documents.additions import AcceptedDocument, AdditionDocument
from provisioner.documents.attribution import AttributionDocument
from provisioner.documents.census import CensusDocument
from provisioner.documents.controls import SecurityDeltaDocument
from provisioner.documents.document import (
    FORMAT_VERSION,
    DiagnosticDocument,
    Document,
    EnvironmentDocument,
)
from provisioner.documents.plan import (
    ClusterObjectsDocument,
    FieldChangeDocument,
    IgnoredDocument,
    InProgressDocument,
    UndeclaredDocument,
    UndeclaredTagDocument,
    UnmanagedDocument,
)
from provisioner.documents.proof import FAILS, ProofDocument
from provisioner.model.diagnostic import Severity


class DriftKind(StrEnum):
    """How a resource differs from its blueprint.

    Its values differ, it is missing, one exists without a mark of azsec (the mark was removed, or
    azsec did not create it), or one has the environment's mark and is no longer declared (objects
    in a cluster: an apply deletes it).
    """

    CHANGED = "changed"
    MISSING = "missing"
    UNMARKED = "unmarked"
    ORPHANED = "orphaned"


class ResourceDriftDocument(Document):
    """One resource that is not as declared.

    In its fields `before` is the blueprint's value and `after` Azure's: drift is reported in the
    order in which it happened. `reason` is what is wrong beside them: the provisioning state
    Failed.
    """

    address: str
    id: str
    type: str
    resource_group: str | None = None
    kind: DriftKind
    reason: str | None = None
    fields: tuple[FieldChangeDocument, ...] = ()


class DriftDocument(Document):
    """A whole drift check.

    `drifted`, `additions`, every undeclared field that is security-relevant (of those that Azure
    keeps on writes, every one that the logs say somebody moved), `tags` that the blueprint does not
    declare where the check is `strict_tags`, a control that fails
    in Azure and not in the blueprint and that the gate refuses, and a proof that fails of what is
    in Azure make the check fail; other undeclared fields, accepted additions and unmanaged
    resources are told and do not. An undeclared field that Azure keeps on writes leaves the check
    uncertain where the logs that decide could not be read. `attributions` say who changed what
    drifted, by resource id, and never decide whether the check fails. `security` has the controls
    that what drifted breaks. What is `in_progress` was compared as it was found, and may still
    change. `census` says what was looked at. `cluster` is what an observation shows of the objects
    in the cluster: what is not as declared there is drift, and one that the environment states and
    that is old, forged or not there leaves the check uncertain.
    """

    kind: Literal["azsec/drift"] = "azsec/drift"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    in_sync: int
    drifted: tuple[ResourceDriftDocument, ...] = ()
    undeclared: tuple[UndeclaredDocument, ...] = ()
    tags: tuple[UndeclaredTagDocument, ...] = ()
    strict_tags: bool = False
    ignored: tuple[IgnoredDocument, ...] = ()
    additions: tuple[AdditionDocument, ...] = ()
    accepted: tuple[AcceptedDocument, ...] = ()
    unmanaged: tuple[UnmanagedDocument, ...] = ()
    in_progress: tuple[InProgressDocument, ...] = ()
    proofs: tuple[ProofDocument, ...] = ()
    security: SecurityDeltaDocument = SecurityDeltaDocument()
    census: CensusDocument
    cluster: ClusterObjectsDocument | None = None
    attributions: dict[str, AttributionDocument] = Field(default_factory=dict)
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is drift: what exit code 2 of `azsec drift` means."""
        return (
            bool(self.drifted)
            or bool(self.additions)
            or any(entry.drifted for entry in self.undeclared)
            or (self.strict_tags and bool(self.tags))
            or bool(self.security.refused)
            or any(proof.verdict == FAILS for proof in self.proofs)
            or (self.cluster is not None and self.cluster.found)
        )

    @property
    def is_certain(self) -> bool:
        """Whether all of the scope was read: if it was not, no finding does not mean no drift."""
        has_error = any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)
        sees_cluster = self.cluster is None or self.cluster.is_certain
        reads_logs = not any(entry.unread for entry in self.undeclared)
        return not has_error and not self.census.unreadable and sees_cluster and reads_logs
