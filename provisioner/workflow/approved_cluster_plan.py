"""The approved plan of a cluster's objects, and why a fresh plan does not match it.

Called by `cli` for `azsec cluster apply`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.documents.cluster import ClusterPlanDocument
from provisioner.model.diagnostic import Diagnostic, error

_MOST_NAMED = 5
_REVIEW = "Have this plan reviewed, and approve its digest."


@dataclass(frozen=True, slots=True)
class ApprovedPlan:
    """An approved plan: its digest and, where it was saved, its cluster and its changes.

    The changes are JSON, by address.
    """

    digest: str
    uid: str | None = None
    server: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


def read_approved(saved: Mapping[str, Any]) -> ApprovedPlan:
    """Return the approved plan that a JSON document of a cluster's plan holds.

    Raises KeyError and TypeError for a document of another shape.
    """
    cluster = saved["cluster"] or {}
    return ApprovedPlan(
        digest=str(saved["digest"]),
        uid=cluster.get("uid"),
        server=cluster.get("server"),
        changes={str(change["address"]): change for change in saved.get("changes") or ()},
    )


def describe_mismatch(now: ClusterPlanDocument, approved: ApprovedPlan) -> Diagnostic:
    """Return why a fresh plan is not the approved one.

    It is of another cluster, the approved one was applied already, or objects changed: those are
    listed.
    """
    message = f"the plan of now has the digest {now.digest}, and {approved.digest} was approved"
    if approved.uid is None or now.cluster is None:
        return error("digest-mismatch", f"{message}.", None, _REVIEW)
    if approved.uid != now.cluster.uid:
        return error(
            "other-cluster",
            f"the plan was made for the cluster {approved.uid} ({approved.server}), and this is "
            f"the cluster {now.cluster.uid} ({now.cluster.server}).",
            None,
            "Name the cluster of the plan (--kubeconfig, --context, kubernetes.access), or plan "
            "this one.",
        )
    changes = now.to_json().get("changes") or ()
    current = {str(change["address"]): change for change in changes}
    gone = sorted(approved.changes.keys() - current.keys())
    if gone and not current:
        return error(
            "digest-mismatch",
            f"{message}: none of its {len(gone):,} changes is left to make, so it was applied "
            "already, or the objects were changed to the same by others.",
            None,
            "Nothing is to be done. `azsec cluster plan ENV` shows it.",
        )
    new = sorted(current.keys() - approved.changes.keys())
    other = sorted(
        address
        for address in current.keys() & approved.changes.keys()
        if current[address] != approved.changes[address]
    )
    differences = "; ".join(
        f"{len(found):,} {what}: {_list_addresses(found)}"
        for what, found in (
            ("no longer planned", gone),
            ("not in the approved plan", new),
            ("planned otherwise", other),
        )
        if found
    )
    return error(
        "digest-mismatch", f"{message}{f': {differences}' if differences else ''}.", None, _REVIEW
    )


def _list_addresses(addresses: list[str]) -> str:
    more = f" and {len(addresses) - _MOST_NAMED:,} more" if len(addresses) > _MOST_NAMED else ""
    return f"{', '.join(addresses[:_MOST_NAMED])}{more}"
