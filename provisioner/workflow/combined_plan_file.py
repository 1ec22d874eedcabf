"""The file of a plan over Azure and the cluster: both plans, and the digest over both.

Called by `cli`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.documents.cluster import ClusterPlanDocument
from provisioner.documents.combined import CombinedPlanDocument
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.json_source import read_json
from provisioner.plan.plan import Plan
from provisioner.plan.plan_file import read_plan_file
from provisioner.workflow.cluster_plan_file import cluster_plan_to_json, read_cluster_content
from provisioner.workflow.combined_plan import combine_digests

KIND = "azsec/combined-plan-file"
_VERSION = "1"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The content of a file: Azure's plan, the document of the cluster's plan, and the approval.

    Neither is executed: apply plans again, and compares the digest. `adopt` and `forces` are what
    was permitted in the cluster: adoptions, and fields of other managers.
    """

    azure: Plan
    cluster: Mapping[str, Any]
    document: CombinedPlanDocument
    digest: str
    adopt: tuple[str, ...]
    forces: bool


def write_combined_file(digest: str, azure: str, cluster: ClusterPlanDocument) -> str:
    """Return the text of a file; `azure` is the text of Azure's plan file."""
    content = {
        "kind": KIND,
        "formatVersion": _VERSION,
        "digest": digest,
        "azure": json.loads(azure),
        "cluster": cluster_plan_to_json(cluster),
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def read_combined_file(text: str, file: str) -> SavedPlan:
    """Read a file of a combined plan.

    Raises:
        DiagnosticError: Where the file is no such plan, or its parts do not have its digest
            (`plan-edited`).
        ValueError: Never: it is reported as DiagnosticError.
    """
    content = read_json(text, file)
    try:
        if content["kind"] != KIND or content["formatVersion"] != _VERSION:
            raise ValueError
        azure = read_plan_file(json.dumps(content["azure"]), file)
        cluster = read_cluster_content(content["cluster"], file)
        digest = combine_digests(azure.document.digest, cluster.digest)
        # Either part may be the right one of another file: only both together were approved.
        if digest != content["digest"]:
            raise ValueError
    except (KeyError, TypeError, ValueError) as problem:
        raise DiagnosticError(
            error(
                "plan-edited",
                f"{file} is no plan over Azure and the cluster, or was altered: its parts do not "
                "have the digest that it states.",
                None,
                "Write one with `azsec plan ENV --with-cluster --out FILE`.",
            )
        ) from problem
    shown = azure.document.model_copy(update={"cluster": None})
    document = CombinedPlanDocument(digest=digest, azure=shown, cluster=cluster)
    return SavedPlan(
        azure, content["cluster"], document, digest, cluster.adopt, cluster.force_conflicts
    )
