"""The file of a cluster's plan and its digest: each can be verified by itself.

Called by `cli` and by the file of a combined plan.
"""

import json
from typing import Any

from pydantic import ValidationError

from provisioner.documents.cluster import ClusterPlanDocument
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.json_source import read_json
from provisioner.plan.plan import digest_json

_HINT = "Write one with `azsec cluster plan ENV --out FILE`."


def approvable(document: ClusterPlanDocument) -> ClusterPlanDocument:
    """Return a plan with the digest that approves it."""
    return document.model_copy(update={"digest": digest_of(document)})


def digest_of(document: ClusterPlanDocument) -> str:
    """Return the digest over what an apply would do, as its document states it.

    All that it covers is in the document, so that whoever shows a file can verify it. What was
    observed and is not changed is left out, as in a plan of Azure: it may change between plan and
    apply.
    """
    content = document.to_json()
    environment = content["environment"]
    summary = {name: count for name, count in content["summary"].items() if name != "unchanged"}
    return digest_json(
        {
            "environment": [environment[name] for name in ("name", "tenantId", "subscriptions")],
            "cluster": None if document.cluster is None else document.cluster.uid,
            "summary": summary,
            **{part: content[part] for part in ("forceConflicts", "changes", "steps")},
            "adopt": sorted(document.adopt),
        }
    )


def cluster_plan_to_json(document: ClusterPlanDocument) -> dict[str, Any]:
    """Return the content of a plan's file: its document, and a checksum over all of it.

    The checksum shows an edit of what the digest leaves out, and is no protection, since anybody
    can compute one: a forged file is not applied because apply plans again and compares the digest.
    """
    content = document.to_json()
    return {**content, "checksum": digest_json(content)}


def write_cluster_plan(document: ClusterPlanDocument) -> str:
    """Return the text of a plan's file."""
    return json.dumps(cluster_plan_to_json(document), indent=2) + "\n"


def read_cluster_plan(text: str, file: str) -> ClusterPlanDocument:
    """Read the file of a plan of a cluster.

    Raises what `read_cluster_content` raises for its content, `plan-edited` included.

    Raises:
        DiagnosticError: Where the file is not such a plan (`not-a-plan`).
    """
    content = read_json(text, file)
    if not isinstance(content, dict) or content.get("kind") != "azsec/cluster-plan":
        raise DiagnosticError(
            error("not-a-plan", f"{file} is not a plan of a cluster.", None, _HINT)
        )
    return read_cluster_content(content, file)


def read_cluster_content(content: Any, file: str) -> ClusterPlanDocument:  # noqa: ANN401  JSON
    """Return the plan of a cluster that a file's content holds.

    Raises:
        DiagnosticError: Where the content does not match its digest (`plan-edited`), and where a
            part is missing or wrong (`not-a-plan`).
    """
    try:
        bare = {name: value for name, value in content.items() if name != "checksum"}
        document = ClusterPlanDocument.model_validate(bare)
        if digest_of(document) != document.digest:
            reason = "its content does not have the digest that it states"
        elif content.get("checksum") != digest_json(bare):
            reason = "its content does not have the checksum that it states"
        else:
            return document
    except ValidationError as problem:
        where = ".".join(map(str, problem.errors()[0]["loc"]))
        what = f"{file} cannot be read as a plan of a cluster: {where} is missing or wrong."
        raise DiagnosticError(error("not-a-plan", what, None, _HINT)) from None
    except (AttributeError, KeyError, TypeError) as problem:
        reason = f"it cannot be read ({type(problem).__name__})"
    raise DiagnosticError(
        error(
            "plan-edited",
            f"the plan of the cluster in {file} was changed after azsec wrote it: {reason}.",
            None,
            "Plan again: only a plan as it was reviewed is applied.",
        )
    )
