"""ENV-01: isolation of hub, vault and cluster, and resource locks against deletion.

Facts: guidelines.md §1.4, §2.6, PRI-05.
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.cluster_defaults import node_resource_group
from provisioner.catalog.private_link import is_api_server_zone
from provisioner.catalog.registry import Catalog
from provisioner.controls.chapters.environments.node_pools import MODE_READS, judge_modes
from provisioner.controls.control import NO_EQUIVALENT, Control, Layer, Mappings, Severity, terms
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


def _node_group_id(cluster: ResourceId, name: object, location: object) -> ResourceId | None:
    """Return the id of the resource group with a cluster's nodes, where its name is known."""
    # Without nodeResourceGroup AKS makes MC_<group>_<cluster>_<location>: the name can be
    # foreseen where the location is known.
    is_known = isinstance(name, str) or (is_empty(name) and isinstance(location, str))
    if not is_known or cluster.subscription is None:
        return None
    stated: dict[str, Json] = {} if is_empty(name) else {"nodeResourceGroup": str(name)}
    body: dict[str, Json] = {"location": str(location), "properties": stated}
    return resource_group_id(cluster.subscription, node_resource_group(cluster, body))


def _cluster_groups(estate: Estate, _catalog: Catalog) -> Mapping[str, str]:
    """Return the keys of the resource groups of clusters and of their nodes, with what each is."""
    found: dict[str, str] = {}
    for cluster in estate.of_type(CLUSTER):
        # AKS and those who operate a cluster write in both groups.
        own = next((scope for scope in cluster.id.ancestors if scope.resource_group), None)
        stated = lookup(cluster.body, _NODE_GROUP.split("."))
        nodes = _node_group_id(cluster.id, stated, lookup(cluster.body, (_LOCATION,)))
        if own is not None:
            found[own.key] = f"the resource group of {cluster.label}"
        if nodes is not None:
            found[nodes.key] = f"the node resource group of {cluster.label}"
    return found


def _judge_resource_group(subject: Subject) -> Iterator[Observation]:
    """Judge whether a resource is in a resource group without clusters.

    Those who run a cluster may change all of its resource group.
    """
    groups = subject.derive(_cluster_groups)
    scope = subject.resource_group
    if not groups or scope is None:
        return
    if scope.key in groups:
        yield subject.fails("", f"it is in {scope.name}, {groups[scope.key]}")
    else:
        yield subject.passes("", f"it is in {scope.name}, which contains no cluster")


def _judge_lock(subject: Subject) -> Iterator[Observation]:
    """Judge whether a lock on a resource, or on a scope above it, prevents its deletion."""
    # Locks are inherited from every scope above ("Lock your resources to protect your
    # infrastructure").
    for lock in subject.reaching(LOCK):
        if _prevents_deletion(lock):
            yield subject.passes("", f"{lock.label} prevents its deletion")
            return
    yield subject.fails("", "it has no CanNotDelete or ReadOnly lock")


def _judge_zone(zone: Subject) -> Iterator[Observation]:
    """Judge whether a private DNS zone has a lock, or none where it is an API server's.

    AKS writes and deletes the records of its API servers: their zones stay unlocked, since what
    locks a zone locks its records ("Lock your resources to protect your infrastructure").
    """
    if not is_api_server_zone(zone.name, zone.cloud):
        yield from _judge_lock(zone)
        return
    locks = [lock for lock in zone.reaching(LOCK) if _prevents_deletion(lock)]
    for lock in locks:
        yield zone.fails("", f"{lock.label} is inherited, but AKS must delete records in it")
    if not locks:
        yield zone.passes("", "no lock prevents AKS from changing its records")


def _prevents_deletion(lock: Subject) -> bool:
    return str(lock.value(_LEVEL)).lower() in _LEVELS


def _judge_cluster(cluster: Subject) -> Iterator[Observation]:
    """Judge whether no lock prevents AKS from deleting resources of a cluster.

    AKS deletes nodes, disks and addresses as a cluster shrinks.
    """
    nodes = _node_group_id(cluster.id, cluster.value(_NODE_GROUP), cluster.value(_LOCATION))
    scopes = [nodes] if nodes is not None else []
    # A lock on the cluster's own resource group or subscription makes AKS operations fail with
    # ScopeLocked (guidelines.md ENV-01.1).
    scopes += [scope for scope in cluster.id.ancestors if scope.is_container]
    locks = [lock for scope in scopes for lock in cluster.children(LOCK, scope)]
    for lock in locks:
        scope = lock.id.scope
        where = scope.name if scope is not None else "all"
        yield cluster.fails("", f"{lock.label} locks {where}, in which AKS must delete resources")
    if not locks:
        yield cluster.passes("", "no lock prevents AKS from deleting resources")


CONTROLS = (
    Control(
        id="ENV-01",
        title="Hub, vault and cluster are in separate resource groups; system pods have own nodes",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Azure roles are assigned per resource group, and pods share the resources of "
            "their node. Separation limits the blast radius."
        ),
        synonyms=terms(
            "isolation; resource groups; hub and spoke; separation; blast radius; landing zone"
        ),
        remediation="""
            apps:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties: {mode: User}
        """,
        rules=(
            *(
                rule(kind, _judge_resource_group, others=_CLUSTER_READS)
                for kind in (VAULT, REGISTRY, IDENTITY, FIREWALL, WORKSPACE)
            ),
            rule(CLUSTER, judge_modes, others=MODE_READS),
        ),
        limits=(
            "Placement of pods is derived from the taints of the system node pool "
            "(ENV-01.2), not from running pods."
        ),
        mappings=Mappings(cis=("4.6.1",)),
    ),
    Control(
        id="ENV-01.1",
        title=(
            "Critical resources have CanNotDelete locks; resource groups that AKS changes have none"
        ),
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item=ITEM,
        rationale=(
            "A lock prevents accidental deletion of keys, images, DNS zones and logs. A "
            "lock on the cluster's resource groups prevents AKS from replacing nodes."
        ),
        synonyms=terms(
            "resource lock; CanNotDelete; ReadOnly lock; accidental deletion; "
            "Microsoft.Authorization/locks"
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
            "Permission to remove locks is not evaluated here: see "
            "Microsoft.Authorization/locks/write in `azsec access`."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="ENV-01.4",
        title="Tenants that share a cluster are isolated by namespaces (logical isolation)",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale=(
            "A namespace with quota, network policies and RBAC isolates cooperating teams. "
            "It is not sufficient against hostile tenants."
        ),
        synonyms=terms(
            "logical isolation; multi-tenancy; soft multi-tenancy; namespace isolation; tenants"
        ),
        modes=(),
        same_as=("CLU-05.1", "CLU-05.2", "CLU-05.3", "CLU-05.4", "CLU-05.5", "CLU-05.6"),
        mappings=Mappings(policies=("9f061a12-e40d-4183-a00e-171812443373",), cis=("4.6.3",)),
    ),
)
