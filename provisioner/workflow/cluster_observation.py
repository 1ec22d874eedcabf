"""`azsec cluster observe`: writes what a cluster holds to a file, for those who cannot reach it.

Called by `cli`, which also reads such files for drift, check and upgrade.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from provisioner.cluster.added_values import describe_values
from provisioner.cluster.hidden_values import hide_values
from provisioner.cluster.object_kinds import ADDITIVE, ALWAYS_SERVED, additive_of
from provisioner.cluster.objects import Object, Served, ServedKind
from provisioner.cluster.observation import fold_pods, seal_observation, taken_at
from provisioner.cluster.service_addresses import Selecting, find_selecting
from provisioner.documents.observation import ObservationDocument, ObservedListDocument
from provisioner.engine.cluster_port import ApiRequest, ClusterApi
from provisioner.model.cluster_contents import ClusterContents, Kind
from provisioner.model.kubernetes_error import UNSTATED, KubernetesError
from provisioner.workflow.cluster_reader import (
    ClusterState,
    KindList,
    find_kinds,
    identify,
    without_noise,
)

_EVALUATED_KINDS = (
    ("", "Node"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"),
    ("batch", "Job"), ("batch", "CronJob"), ("networking.k8s.io", "Ingress"),
    ("policy", "PodDisruptionBudget"), ("cilium.io", "CiliumNode"),
)  # fmt: skip
"""Kinds that controls evaluate, beside those of the inventory."""

_AT_ONCE = 4
"""The number of lists that are read in parallel: of each, two pages are held."""


def observe_cluster(api: ClusterApi, way: str, now: datetime) -> ObservationDocument:
    """Return the objects of a cluster as they are now, with the refusal of each refused list.

    Lists are read in parallel, a page at a time, and reduced at once: of 10,000 pods only the
    distinct ones are held. Raises DiagnosticError where the API server cannot be reached.
    """
    cluster, served = identify(api, way)
    named_kinds = {(each.group, each.kind) for each in ADDITIVE} | set(_EVALUATED_KINDS)
    kinds = find_kinds(served, named_kinds)
    missing = named_kinds - {(kind.group, kind.kind) for kind in kinds}
    not_served = sorted(Kind(*each).text for each in missing)
    # Services come first: which endpoints count depends on them.
    services = [_observe_list(api, frozenset(), kind) for kind in kinds if _is_service(kind)]
    selecting = find_selecting(item for each in services for item in each.items)
    others = [kind for kind in kinds if not _is_service(kind)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        lists = [*services, *pool.map(partial(_observe_list, api, selecting), others)]
    return seal_observation(now, cluster, lists, not_served)


def _is_service(kind: ServedKind) -> bool:
    return (kind.group, kind.kind) == ("", "Service")


def _observe_list(api: ClusterApi, selecting: Selecting, kind: ServedKind) -> ObservedListDocument:
    adds = additive_of(kind)
    bare = ObservedListDocument(
        api_version=kind.api_version,
        kind=kind.kind,
        resource=kind.resource,
        namespaced=kind.is_namespaced,
    )
    query = {} if adds is None else adds.query
    read = _ListReader(
        kind, selecting, api.pages(ApiRequest("GET", kind.list_path, query, is_list=True))
    )
    try:
        items = fold_pods(read.items()) if kind.kind == "Pod" else list(read.items())
    except KubernetesError as refusal:
        refusal_fields = {
            "refused": refusal.message,
            "status": refusal.status,
            "reason": refusal.reason,
        }
        return bare.model_copy(update=refusal_fields)
    return bare.model_copy(update={"count": read.count, "items": tuple(items)})


@dataclass(slots=True)
class _ListReader:
    """A list that is read, and its number of items."""

    kind: ServedKind
    selecting: Selecting
    pages: Iterator[Object]
    count: int = 0

    def items(self) -> Iterator[dict[str, Any]]:
        """Yield the items, reduced, a page at a time."""
        for page in self.pages:
            found = page["items"]
            self.count += len(found)
            for item in found:
                if _is_kept(self.kind, item, self.selecting):
                    yield _reduce_item(self.kind, item)


_THINNED_KINDS = frozenset({
    ("", "Endpoints"), ("", "PodTemplate"), ("", "ReplicationController"), ("", "Secret"),
    ("apps", "ReplicaSet"), ("discovery.k8s.io", "EndpointSlice"),
})  # fmt: skip
"""Kinds that have an entry for each pod or each revision of a workload, and secrets: only those are
kept that add something. Whatever else is in the list is counted."""


def _is_kept(kind: ServedKind, item: Object, selecting: Selecting) -> bool:
    if (kind.group, kind.kind) not in _THINNED_KINDS:
        return True
    return describe_values(kind.group, kind.kind, item, selecting) is not None


def _reduce_item(kind: ServedKind, item: Object) -> dict[str, Any]:
    status = item.get("status")
    status_kept = {k: v for k, v in (status or {}).items() if k in _STATUS.get(kind.kind, ())}
    # An observation is carried out of the network, and uploaded by pipelines: it holds no value
    # that could be a secret.
    body = hide_values(without_noise(kind, item))
    return {**body, "status": status_kept} if status_kept else body


_STATUS = {
    "Pod": ("phase",),
    "Node": ("conditions", "nodeInfo"),
    "DaemonSet": ("desiredNumberScheduled", "numberReady"),
    "PodDisruptionBudget": (
        "disruptionsAllowed",
        "currentHealthy",
        "desiredHealthy",
        "expectedPods",
    ),
}
"""The parts of a status that controls evaluate. The rest is large, and changes all the time."""


def contents_of(
    observation: ObservationDocument, source: str, *, verified: bool
) -> ClusterContents:
    """Return an observation as the contents of a cluster that controls evaluate.

    `verified` is whether its signature was checked.
    """
    lists, refused = {}, {}
    for each, kind in zip(observation.lists, map(_kind_of, observation.lists), strict=True):
        named = Kind(kind.group, kind.kind)
        refusal = _refusal_of(each, kind)
        if refusal is None:
            lists[named] = tuple(each.items)
        else:
            refused[named] = refusal.message
    return ClusterContents(
        source,
        taken_at(observation).date(),
        lists,
        refused,
        verified=verified,
        uid=observation.cluster.uid,
    )


def state_of(observation: ObservationDocument) -> ClusterState:
    """Return an observation as the state of a cluster."""
    kinds = [_kind_of(each) for each in observation.lists]
    served = Served(
        {(kind.group, kind.kind): kind for kind in kinds},
        {(kind.api_version, kind.kind): kind for kind in kinds},
    )
    return ClusterState(
        document=observation.cluster,
        served=served,
        lists=tuple(_kind_lists(observation, kinds)),
        pods=sum(each.count - len(each.items) for each in observation.lists),
        unlisted=tuple(_kinds_without_list(observation, served)),
        unstated=()
        if observation.not_served is not None
        else tuple(_unstated_add_on_kinds(served)),
    )


def _kinds_without_list(observation: ObservationDocument, served: Served) -> Iterator[Kind]:
    """Yield the kinds that have no list in an observation and are not stated as not served.

    Either lists were removed from it, or the observer is older than this azsec.
    """
    not_served = observation.not_served
    for named in (Kind(each.group, each.kind) for each in ADDITIVE):
        # An API server always serves its built-in kinds, so that a statement that it does not is
        # wrong.
        always = (named.group, named.name) in ALWAYS_SERVED
        is_stated = not_served is None or named.text in not_served
        if served.find(named.group, named.name) is None and (always or not is_stated):
            yield named


def _unstated_add_on_kinds(served: Served) -> Iterator[Kind]:
    """Yield the kinds of add-ons that have no list."""
    for each in ADDITIVE:
        named = (each.group, each.kind)
        if named not in ALWAYS_SERVED and served.find(*named) is None:
            yield Kind(*named)


def _kind_lists(observation: ObservationDocument, kinds: list[ServedKind]) -> Iterator[KindList]:
    for each, kind in zip(observation.lists, kinds, strict=True):
        bodies: tuple[Object, ...] = each.items
        yield KindList(kind, additive_of(kind), bodies, _refusal_of(each, kind))


def _refusal_of(observed: ObservedListDocument, kind: ServedKind) -> KubernetesError | None:
    """Return why a list does not show all objects of its kind, if it does not."""
    if observed.refused is not None:
        return KubernetesError(observed.status or 0, observed.reason or UNSTATED, observed.refused)
    held, count = len(observed.items), observed.count
    # Equal pods are one item, and of the long kinds not every item is kept.
    fewest = min(count, 1) if kind.kind == "Pod" else count
    if held < fewest and (kind.group, kind.kind) not in _THINNED_KINDS:
        why = f"the observation counts {count} of {observed.resource} and holds {held}"
        return KubernetesError(0, UNSTATED, why)
    return None


def _kind_of(observed: ObservedListDocument) -> ServedKind:
    group, _, version = observed.api_version.rpartition("/")
    return ServedKind(
        group=group,
        version=version,
        kind=observed.kind,
        resource=observed.resource,
        is_namespaced=observed.namespaced,
        verbs=frozenset({"list"}),
    )
