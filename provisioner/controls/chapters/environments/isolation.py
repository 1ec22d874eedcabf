"""ENV-01: what is kept apart: the hub, the vault, the cluster, and what must not be deleted.

Facts: guidelines.md §1.4, §2.6, PRI-05.
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.cluster_defaults import node_resource_group
from provisioner.catalog.private_link import is_api_server_zone
from provisioner.catalog.registry import Catalog
from provisioner.controls.chapters.environments.node_pools import MODE_READS, judge_modes
from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.controls.resource_types import (
    CLUSTER,
    FIREWALL,
    IDENTITY,
    LOCK,
    REGISTRY,
    VAULT,
    WORKSPACE,
    ZONE,
)
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.estate import Estate
from provisioner.model.resource_id import ResourceId, resource_group_id
from provisioner.model.values import Json, is_empty, lookup

ITEM = "Cluster vs nodes vs namespace isolation"
_NODE_GROUP = "properties.nodeResourceGroup"
_HOSTED = "properties.hostedSystemProfile.enabled"
_LEVEL = "properties.level"
_LEVELS = ("cannotdelete", "readonly")
_LOCATION = "location"
_CLUSTER_READS = {CLUSTER: (_NODE_GROUP, _LOCATION)}
_LOCK_READS = {LOCK: (_LEVEL,)}


def _node_group(cluster: ResourceId, name: object, location: object) -> ResourceId | None:
    """Return the id of the resource group with a cluster's nodes, where its name is known."""
    named = isinstance(name, str) or (is_empty(name) and isinstance(location, str))
    if not named or cluster.subscription is None:
        return None
    stated: dict[str, Json] = {} if is_empty(name) else {"nodeResourceGroup": str(name)}
    body: dict[str, Json] = {"location": str(location), "properties": stated}
    return resource_group_id(cluster.subscription, node_resource_group(cluster, body))


def _cluster_groups(estate: Estate, _catalog: Catalog) -> Mapping[str, str]:
    """Return the keys of the resource groups of clusters and of their nodes, with what each is."""
    found: dict[str, str] = {}
    for cluster in estate.of_type(CLUSTER):
        own = next((place for place in cluster.id.ancestors if place.resource_group), None)
        stated = lookup(cluster.body, _NODE_GROUP.split("."))
        nodes = _node_group(cluster.id, stated, lookup(cluster.body, (_LOCATION,)))
        if own is not None:
            found[own.key] = f"the resource group of {cluster.label}"
        if nodes is not None:
            found[nodes.key] = f"the resource group with the nodes of {cluster.label}"
    return found


def _judge_place(subject: Subject) -> Iterator[Observation]:
    """Those who run a cluster may change all of its resource group: nothing else stands there."""
    groups = subject.derive(_cluster_groups)
    place = subject.resource_group
    if not groups or place is None:
        return
    if place.key in groups:
        yield subject.fails("", f"it stands in {place.name}, {groups[place.key]}")
    else:
        yield subject.passes("", f"it stands in {place.name}, apart from clusters")


def _judge_lock(subject: Subject) -> Iterator[Observation]:
    """A lock on it, or on what it stands in, keeps it from being deleted."""
    for lock in subject.reaching(LOCK):
        if _keeps(lock):
            yield subject.passes("", f"{lock.label} keeps it from being deleted")
            return
    yield subject.fails("", "no lock keeps it from being deleted")


def _judge_zone(zone: Subject) -> Iterator[Observation]:
    """AKS writes and deletes the records of its API servers: their zones stay unlocked, since what
    locks a zone locks its records ("Lock your resources to protect your infrastructure")."""
    if not is_api_server_zone(zone.name, zone.cloud):
        yield from _judge_lock(zone)
        return
    locks = [lock for lock in zone.reaching(LOCK) if _keeps(lock)]
    for lock in locks:
        yield zone.fails("", f"{lock.label} locks it, in which AKS has to delete records")
    if not locks:
        yield zone.passes("", "no lock stops AKS from writing the records of its API server")


def _keeps(lock: Subject) -> bool:
    return str(lock.value(_LEVEL)).lower() in _LEVELS


def _judge_cluster(cluster: Subject) -> Iterator[Observation]:
    """AKS deletes nodes, disks and addresses as a cluster shrinks: nothing may hold it up."""
    nodes = _node_group(cluster.id, cluster.value(_NODE_GROUP), cluster.value(_LOCATION))
    places = [nodes] if nodes is not None else []
    places += [place for place in cluster.id.ancestors if place.is_container]
    locks = [lock for place in places for lock in cluster.children(LOCK, place)]
    for lock in locks:
        place = lock.id.scope
        where = place.name if place is not None else "all"
        yield cluster.fails("", f"{lock.label} locks {where}, in which AKS has to delete things")
    if not locks:
        yield cluster.passes("", "no lock stops AKS from deleting what it no longer needs")


CONTROLS = (
    Control(
        id="ENV-01",
        title="The hub, the vault and the cluster are apart, and system pods from others",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Rights are given by resource group, and pods share what their nodes have. What stands "
            "together falls together."
        ),
        remediation="""
            apps:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties: {mode: User}
        """,
        rules=(
            *(
                rule(kind, _judge_place, others=_CLUSTER_READS)
                for kind in (VAULT, REGISTRY, IDENTITY, FIREWALL, WORKSPACE)
            ),
            rule(CLUSTER, judge_modes, others=MODE_READS),
        ),
        limits=(
            "That pods of others stay off the system pool is seen from its taints (ENV-01.2), "
            "not from where pods run."
        ),
        mappings=Mappings(cis=("4.6.1",)),
    ),
    Control(
        id="ENV-01.1",
        title="What would be missed is locked, and what AKS has to change is not",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item=ITEM,
        rationale=(
            "A lock stands between a slip and the loss of keys, images, names and evidence. On a "
            "cluster's resource groups it would stop AKS from replacing nodes."
        ),
        remediation="""
            vaultLock:
              type: Microsoft.Authorization/locks
              scope: ${vault.id}
              properties: {level: CanNotDelete}
        """,
        rules=(
            *(rule(kind, _judge_lock, others=_LOCK_READS) for kind in (VAULT, REGISTRY, WORKSPACE)),
            rule(ZONE, _judge_zone, others=_LOCK_READS),
            rule(CLUSTER, _judge_cluster, _NODE_GROUP, _LOCATION, others=_LOCK_READS),
        ),
        limits=(
            "Who may remove a lock is not looked at here: whoever may write locks can (`azsec "
            "access`)."
        ),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="ENV-01.4",
        title="Teams that share a cluster are kept apart by namespaces",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale=(
            "A namespace with a quota, policies and roles of its own keeps teams out of each "
            "other's way. It is no wall against hostile ones."
        ),
        modes=(),
        same_as=("CLU-05.1", "CLU-05.2", "CLU-05.3", "CLU-05.4", "CLU-05.5", "CLU-05.6"),
        mappings=Mappings(policies=("9f061a12-e40d-4183-a00e-171812443373",), cis=("4.6.3",)),
    ),
)
