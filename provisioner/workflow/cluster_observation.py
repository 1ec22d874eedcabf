"""`azsec cluster observe`: writes down what a cluster holds, for who cannot reach it."""

from collections.abc import Iterator
from datetime import datetime

from provisioner.cluster.kinds import ADDITIVE, additive_of
from provisioner.cluster.objects import Object, Served, ServedKind
from provisioner.cluster.observation import fold_pods, seal_observation
from provisioner.documents.observation import ObservationDocument, ObservedListDocument
from provisioner.engine.cluster_port import Ask, ClusterApi
from provisioner.model.kubernetes_error import KubernetesError
from provisioner.workflow.cluster_reading import (
    ClusterState,
    KindList,
    find_kinds,
    identify,
    without_noise,
)

_MORE = (
    ("", "Node"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"),
    ("batch", "Job"), ("batch", "CronJob"), ("networking.k8s.io", "Ingress"),
    ("policy", "PodDisruptionBudget"), ("cilium.io", "CiliumNode"),
)  # fmt: skip
"""Kinds that controls ask for, beside those that add up."""


def observe_cluster(
    api: ClusterApi, way: str, now: datetime, key: str | None
) -> ObservationDocument:
    """Return the objects of a cluster as they are now. A list that is refused says so.

    Lists are read a page at a time and slimmed at once: what is held of 10,000 pods are the kinds
    of pods. Raises DiagnosticError where the API server cannot be reached.
    """
    cluster, served = identify(api, way)
    wanted = {(each.group, each.kind) for each in ADDITIVE} | set(_MORE)
    lists = [_observe(api, kind) for kind in find_kinds(served, wanted)]
    return seal_observation(now, cluster, lists, key)


def _observe(api: ClusterApi, kind: ServedKind) -> ObservedListDocument:
    adds = additive_of(kind)
    bare = ObservedListDocument(
        api_version=kind.api_version,
        kind=kind.kind,
        resource=kind.resource,
        namespaced=kind.is_namespaced,
    )
    items: list[dict[str, object]] = []
    count = 0
    try:
        for page in api.pages(Ask("GET", kind.list_path, {} if adds is None else adds.query)):
            found = [without_noise(kind, item) for item in page.get("items") or ()]
            count += len(found)
            items += found
            if kind.kind == "Pod":
                items = fold_pods(items)
    except KubernetesError as refusal:
        return bare.model_copy(update={"refused": refusal.message})
    return bare.model_copy(update={"count": count, "items": tuple(items)})


def state_of(observation: ObservationDocument) -> ClusterState:
    """Return an observation as what was read of a cluster."""
    kinds = [_kind_of(each) for each in observation.lists]
    served = Served(
        {(kind.group, kind.kind): kind for kind in kinds},
        {(kind.api_version, kind.kind): kind for kind in kinds},
    )
    return ClusterState(
        document=observation.cluster,
        served=served,
        lists=tuple(_lists(observation, kinds)),
        pods=sum(each.count - len(each.items) for each in observation.lists),
    )


def _lists(observation: ObservationDocument, kinds: list[ServedKind]) -> Iterator[KindList]:
    for each, kind in zip(observation.lists, kinds, strict=True):
        refusal = None if each.refused is None else KubernetesError(403, "Forbidden", each.refused)
        bodies: tuple[Object, ...] = each.items
        yield KindList(kind, additive_of(kind), bodies, refusal)


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
