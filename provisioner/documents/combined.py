"""The combined plan and apply of an environment: Azure first, then objects in the cluster."""

from typing import Literal

from provisioner.documents.apply import ApplyDocument, Outcome
from provisioner.documents.cluster import ClusterApplyDocument, ClusterPlanDocument
from provisioner.documents.document import FORMAT_VERSION, DiagnosticDocument, Document
from provisioner.documents.plan import PlanDocument
from provisioner.documents.plan_diff import PlanDiffDocument


class CombinedPlanDocument(Document):
    """Two plans that are approved and applied as one. `digest` is over the digests of both.

    `cluster` is None where the API server did not answer; `diagnostics` then say why, and nothing
    can be applied.
    """

    kind: Literal["azsec/combined-plan"] = "azsec/combined-plan"
    format_version: str = FORMAT_VERSION
    digest: str | None
    azure: PlanDocument
    cluster: ClusterPlanDocument | None = None
    diagnostics: tuple[DiagnosticDocument, ...] = ()


class CombinedApplyDocument(Document):
    """What an apply did in Azure, and then in the cluster. `digest` is the plan's.

    `cluster` is None where its part was not begun; `diagnostics` then say why.
    """

    kind: Literal["azsec/combined-apply"] = "azsec/combined-apply"
    format_version: str = FORMAT_VERSION
    digest: str
    azure: ApplyDocument
    cluster: ClusterApplyDocument | None = None
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything planned was done."""
        in_azure = self.azure.count(Outcome.SUCCEEDED) == len(self.azure.steps)
        whole = in_azure and not self.azure.has_errors and not self.azure.interrupted
        return whole and self.cluster is not None and self.cluster.is_whole


class CombinedPlanDiffDocument(Document):
    """The difference of two combined plans, in Azure and in the cluster.

    `same` is whether both have one digest over both parts.
    """

    kind: Literal["azsec/combined-plan-diff"] = "azsec/combined-plan-diff"
    format_version: str = FORMAT_VERSION
    same: bool
    azure: PlanDiffDocument
    cluster: PlanDiffDocument
