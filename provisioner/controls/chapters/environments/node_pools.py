"""ENV-01.2, ENV-01.3 and ENV-03: which pods share nodes, and which nodes share hosts.

Facts: guidelines.md §1.4; the documentation of AKS ("Manage system node pools") and of Azure
("Virtual machine isolation in Azure").
"""

import re
from collections.abc import Iterator, Mapping

from provisioner.controls.aks.sandboxing import (
    LABELS,
    RUNTIME,
    TAINTS,
    is_sandbox,
    says_untrusted,
)
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.predicates import at_least, is_number, show
from provisioner.controls.resource_types import CLUSTER, POOL
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup

MODE = "properties.mode"
_ITEM = "Cluster vs nodes vs namespace isolation"
_HOSTED = "properties.hostedSystemProfile.enabled"
_SCALES = "properties.enableAutoScaling"
_LEAST = "properties.minCount"
_MOST = "properties.maxCount"
_COUNT = "properties.count"
_NODES = "properties.vnetSubnetID"
_PODS = "properties.podSubnetID"
_HOSTS = "properties.hostGroupID"
_SIZE = "properties.vmSize"
_TENANT = "tenant"

_ISOLATED = re.compile(r"standard_[a-z]+\d+(-\d+)?[a-z]*i[a-z]*_v\d+|standard_(f72s_v2|m128ms)")
"""Machines that have a host for themselves say so with an i among their features, but for two."""

_ISOLATED_NO_MORE = ("standard_e64i_v3", "standard_e64is_v3")
"""The guarantee for these ended in February 2022 (the same page)."""

_KEEPS_AWAY = ("NoSchedule", "NoExecute")
_SYSTEM_TAINT = "CriticalAddonsOnly=true"
"""What the system's pods tolerate, whatever its effect; the keys of taints are told apart by
case."""

_PROVISIONING = "properties.nodeProvisioningProfile.mode"
_PROVISIONED = "properties.nodeProvisioningProfile.defaultNodePools"

MODE_READS: Mapping[str, tuple[str, ...]] = {
    CLUSTER: (_HOSTED, _PROVISIONING, _PROVISIONED),
    POOL: (MODE, _SCALES, _COUNT, _MOST),
}
"""What says which pods a pool is for, and whether it has nodes for them, by type."""


def _is_system(pool: Subject) -> bool:
    return str(pool.value(MODE)).lower() == "system"


def judge_modes(cluster: Subject) -> Iterator[Observation]:
    """A cluster has a pool for what runs the cluster, and another one for all else."""
    if cluster.value(_HOSTED) is True:
        yield cluster.passes(_HOSTED, "AKS runs the system's pods on nodes of its own")
        return
    pools = [pool for pool in cluster.children(POOL) if _has_nodes(pool)]
    modes = [str(pool.value(MODE)).lower() for pool in pools]
    missing = [mode for mode in ("System", "User") if mode.lower() not in modes]
    if missing == ["User"] and str(cluster.value(_PROVISIONING)).lower() == "auto":
        yield _judge_provisioning(cluster)
    elif missing:
        said = " and none with ".join(missing)
        yield cluster.fails("", f"it has no pool of nodes with mode {said}")
    else:
        yield cluster.passes("", "pods of the system and others have pools of their own")


def _judge_provisioning(cluster: Subject) -> Observation:
    """AKS makes nodes for pods that the system's pools repel, by the NodePools in the cluster: one
    that it makes itself, or others that only the cluster shows ("Node auto-provisioning")."""
    pools = cluster.value(_PROVISIONED)
    if str(pools).lower() == "auto":
        return cluster.passes("", "AKS provisions nodes for what the system's pools repel")
    said = f"{_PROVISIONED} is {show(pools)}: which NodePools are in the cluster is not known"
    return cluster.unknown("", said)


def _has_nodes(pool: Subject) -> bool:
    """Tell whether a pool has nodes, or gets some when pods need them."""
    size = pool.value(_MOST if pool.value(_SCALES) is True else _COUNT)
    return size != 0


def _judge_taint(pool: Subject) -> Iterator[Observation]:
    """A pool of the system repels all pods that are not the system's."""
    if not _is_system(pool):
        return
    taints = pool.texts(TAINTS)
    said = f"{TAINTS} is {show(pool.value(TAINTS))}"
    if any(taint in taints for taint in (f"{_SYSTEM_TAINT}:{e}" for e in _KEEPS_AWAY)):
        yield pool.passes(TAINTS, said)
    else:
        yield pool.fails(TAINTS, f"{said}, expected {_SYSTEM_TAINT}:{_KEEPS_AWAY[0]}")


def _judge_nodes(pool: Subject) -> Iterator[Observation]:
    """The system's pods have two nodes at least, of one pool or of several."""
    if not _is_system(pool):
        return
    path, least = _least_nodes(pool)
    others = [p for p in pool.children(POOL, pool.id.parent) if p.id != pool.id and _is_system(p)]
    elsewhere = [p.label for p in others if is_number(found := _least_nodes(p)[1]) and found != 0]
    if least == 1 and elsewhere:
        yield pool.passes(path, f"{path} is 1, and {elsewhere[0]} has more nodes for the system")
    else:
        yield look(pool, path, at_least(2))


def _least_nodes(pool: Subject) -> tuple[str, object]:
    path = _LEAST if pool.value(_SCALES) is True else _COUNT
    return path, pool.value(path)


def _tenant_of(pool: Subject) -> str | None:
    """Return whose pool it is, by its label or else its taint `tenant`."""
    labels = pool.value(LABELS)
    label = lookup(labels, (_TENANT,)) if isinstance(labels, Mapping) else None
    if isinstance(label, str):
        return label
    taints = [taint for taint in pool.texts(TAINTS) if taint.startswith(f"{_TENANT}=")]
    return taints[0].partition("=")[2].partition(":")[0] if taints else None


def _judge_tenant(pool: Subject) -> Iterator[Observation]:
    """A tenant's pool draws the tenant's pods, repels others, and shares its subnets with none."""
    tenant = _tenant_of(pool)
    if tenant is None:
        return
    labels = pool.value(LABELS)
    if lookup(labels, (_TENANT,)) == tenant:
        yield pool.passes(LABELS, f"it has the label {_TENANT}={tenant}")
    else:
        yield pool.fails(LABELS, f"it has no label {_TENANT}={tenant} for pods to ask for")
    repels = [f"{_TENANT}={tenant}:{effect}" for effect in _KEEPS_AWAY]
    if any(taint in repels for taint in pool.texts(TAINTS)):
        yield pool.passes(TAINTS, f"it repels pods that do not tolerate {_TENANT}={tenant}")
    else:
        yield pool.fails(TAINTS, f"it takes pods of others: it has no taint {repels[0]}")
    for path in (_NODES, _PODS):
        yield from _judge_subnet(pool, tenant, path)


def _judge_subnet(pool: Subject, tenant: str, path: str) -> Iterator[Observation]:
    mine = parse_resource_id(pool.value(path))
    if mine is None:
        if path == _NODES:
            yield pool.fails(path, "it has no subnet of its own")
        return
    # Pods of others in it, and pools of other clusters, are as near as nodes of the same cluster.
    for other in pool.all(POOL):
        places = [parse_resource_id(other.value(p)) for p in (_NODES, _PODS)]
        if _tenant_of(other) != tenant and mine in places:
            yield pool.fails(path, f"{mine.name} is the subnet of {other.label}, too")
            return
    yield pool.passes(path, f"{mine.name} is the subnet of {tenant} alone")


def _keeps_others_away(pool: Subject) -> bool:
    """Tell whether a pool repels the pods that do not say that they may run among its own."""
    return any(taint.rpartition(":")[2] in _KEEPS_AWAY for taint in pool.texts(TAINTS))


def _judge_host(pool: Subject) -> Iterator[Observation]:
    """Pods that are not trusted share no kernel and no host with others, by one of three ways."""
    size, runtime = str(pool.value(_SIZE)), str(pool.value(RUNTIME))
    untrusted = says_untrusted(pool)
    hosts = parse_resource_id(pool.value(_HOSTS))
    shared = [
        other.label
        for other in (pool.all(POOL) if hosts is not None else ())
        if parse_resource_id(other.value(_HOSTS)) == hosts and not says_untrusted(other)
    ]
    if is_sandbox(pool):
        yield pool.passes(RUNTIME, f"{RUNTIME} is {runtime}: pods have virtual machines")
    elif untrusted and not _keeps_others_away(pool):
        yield pool.fails(TAINTS, "it is for untrusted pods, and repels no others")
    elif untrusted and shared:
        yield pool.fails(_HOSTS, f"{_HOSTS} is that of {shared[0]}, too")
    elif pool.states(_HOSTS):
        yield pool.passes(_HOSTS, f"{_HOSTS} is {show(pool.value(_HOSTS))}")
    elif _ISOLATED.fullmatch(size.lower()) and size.lower() not in _ISOLATED_NO_MORE:
        yield pool.passes(_SIZE, f"{size} has a host for itself")
    elif untrusted:
        yield pool.fails(
            _HOSTS,
            f"it is for untrusted pods, with no dedicated hosts, the shared size {size} and the "
            f"runtime {runtime}",
        )


CONTROLS = (
    Control(
        id="ENV-01.2",
        title="Pods of the system have nodes of their own",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A pod that takes a node down, or breaks out of it, does not meet the cluster's DNS "
            "and tunnel there."
        ),
        remediation="""
            system:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties:
                mode: System
                enableAutoScaling: true
                minCount: 2
                count: 2
                nodeTaints: [CriticalAddonsOnly=true:NoSchedule]
        """,
        rules=(
            rule(CLUSTER, judge_modes, others=MODE_READS),
            rule(POOL, _judge_taint, MODE, TAINTS),
            rule(POOL, _judge_nodes, MODE, _SCALES, _LEAST, _COUNT),
        ),
        limits=(
            "Pods that tolerate the taint run on the pool all the same; what runs where is "
            "the cluster's to say."
        ),
        mappings=Mappings(checkov=("CKV_AZURE_232",), psrule=("Azure.AKS.MinNodeCount",)),
    ),
    Control(
        id="ENV-01.3",
        title="A tenant's nodes run that tenant's pods alone",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A label draws pods to a pool and a taint keeps others away; with a subnet of its own, "
            "the network can tell tenants apart as well."
        ),
        remediation="""
            blue:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties:
                nodeLabels: {tenant: blue}
                nodeTaints: ["tenant=blue:NoSchedule"]
                vnetSubnetID: ${blueNodes.id}
                podSubnetID: ${bluePods.id}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            rule(
                POOL,
                _judge_tenant,
                LABELS,
                TAINTS,
                _NODES,
                _PODS,
            ),
        ),
        evidence=(
            "the namespaces of each tenant with the annotation "
            "scheduler.alpha.kubernetes.io/node-selector that names its pool: `kubectl get "
            "namespaces -o json`"
        ),
        limits=("Which pods ask for a tenant's pool is the cluster's to say."),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="ENV-03",
        title="Pods that are not trusted share no host with others",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item="Dedicated nodes / Hyper-V isolation on nodes",
        rationale=(
            "Virtual machines of one host share its processor and memory. Dedicated hosts, sizes "
            "that fill a host, and virtual machines for pods take neighbours away."
        ),
        remediation="""
            untrusted:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties:
                hostGroupID: ${hosts.id}
        """,
        rules=(rule(POOL, _judge_host, _HOSTS, _SIZE, RUNTIME, LABELS, TAINTS),),
        limits=(
            "Pods are taken at the word of the pool's labels and taints; what runs there is "
            "the cluster's to say. In a pool of Kata a pod has a virtual machine only if it asks "
            "for that runtime class."
        ),
        unmapped="No framework has a check of it.",
    ),
)
