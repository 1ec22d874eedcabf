"""The deletes of a cluster's plan: objects that the environment created and no longer declares.

Deleting a namespace deletes all objects in it. So it is deleted only where every object in it could
be read, and none belongs to others. Called by `workflow.cluster_plan`.
"""

from collections.abc import Iterator, Sequence

from provisioner.cluster.decisions import Decision
from provisioner.cluster.object_kinds import is_made_by_kubernetes
from provisioner.cluster.objects import Key, Object, ServedKind, key_of, type_of
from provisioner.cluster.ownership import Owner, owner_of
from provisioner.documents.plan import Action
from provisioner.engine.cluster_port import METADATA, ApiRequest, ClusterApi
from provisioner.manifests.observer import is_kept_by_observer
from provisioner.model.kubernetes_error import KubernetesError
from provisioner.workflow.cluster_reader import ClusterState
from provisioner.workflow.plan import Desired

_MOST_NAMED = 5


def find_deletions(
    api: ClusterApi, state: ClusterState, declared: frozenset[Key], desired: Desired
) -> Iterator[Decision]:
    """Yield the objects that carry this environment's mark and that it no longer declares."""
    marks = desired.environment.marks
    for each in state.lists:
        for body in each.bodies:
            key = key_of(body)
            if key in declared or owner_of(body, key, marks) is not Owner.OURS:
                continue
            reason = None
            if key.kind == "Namespace":
                reason = _why_not_deletable(api, state, key.name, desired)
            yield Decision(
                key=key,
                type=type_of(body),
                path=each.kind.path(key.namespace, key.name),
                action=Action.DELETE if reason is None else Action.BLOCKED,
                body=None,
                live=body,
                reason=reason or "the environment no longer declares it",
            )


def _why_not_deletable(
    api: ClusterApi, state: ClusterState, namespace: str, desired: Desired
) -> str | None:
    """Return why a namespace may not be deleted: it contains objects of others."""
    kinds = [
        kind
        for kind in state.served.kinds.values()
        if kind.is_namespaced and "list" in kind.verbs and kind.kind not in _TRANSIENT_KINDS
    ]
    answers = api.ask([_list_in_namespace(kind, namespace) for kind in kinds])
    found: list[Object] = []
    refused = [
        (kind, answer)
        for kind, answer in zip(kinds, answers, strict=True)
        if isinstance(answer, KubernetesError)
    ]
    if refused:
        named = ", ".join(
            sorted(f"{kind.resource}.{kind.group}".rstrip(".") for kind, _ in refused)
        )
        return f"what it contains cannot be read: {named}: {refused[0][1].message}"
    for kind, answer in zip(kinds, answers, strict=True):
        assert not isinstance(answer, KubernetesError)
        typed = {"apiVersion": kind.api_version, "kind": kind.kind}
        found += [{**item, **typed} for item in answer["items"]]
    others = _find_others(found, desired)
    if not others:
        return None
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    named = ", ".join(sorted(others)[:_MOST_NAMED])
    return f"it contains objects that this environment did not make: {named}{more}"


def _list_in_namespace(kind: ServedKind, namespace: str) -> ApiRequest:
    path = f"{kind.root}/namespaces/{namespace}/{kind.resource}"
    # The metadata alone: whose an object is stands there, and secrets are not read.
    return ApiRequest("GET", path, accept=METADATA, is_list=True)


def _find_others(found: Sequence[Object], desired: Desired) -> list[str]:
    """Return the objects of a namespace that are not the environment's.

    Objects that are deleted with another listed one do not count; an owner outside of the namespace
    remains when the namespace is deleted.
    """
    within = {str(body["metadata"].get("uid")) for body in found}
    others = []
    for body in found:
        key = key_of(body)
        owners = body["metadata"].get("ownerReferences") or ()
        is_ours = owner_of(body, key, desired.environment.marks) is Owner.OURS
        is_known = is_made_by_kubernetes(body) or is_kept_by_observer(body)
        is_owned = any(str(owner.get("uid")) in within for owner in owners)
        if not is_ours and not is_owned and not is_known:
            others.append(f"{key.kind}/{key.name}")
    return others


_TRANSIENT_KINDS = frozenset({"Event", "Endpoints", "EndpointSlice", "Lease", "PodMetrics"})
"""Kinds whose objects Kubernetes creates and removes continuously."""
