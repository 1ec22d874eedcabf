"""ENV-01.2, ENV-01.3 and ENV-03: system, user and tenant node pools, taints and dedicated hosts.

Facts: guidelines.md §1.4; the documentation of AKS ("Manage system node pools") and of Azure
("Virtual machine isolation in Azure").
"""

import re
from collections.abc import Iterator, Mapping

from provisioner.controls.aks.sandboxing import (
    LABELS,
    RUNTIME,
    TAINTS,
    is_marked_untrusted,
    is_sandbox,
)
from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.predicates import at_least, is_number, show
from provisioner.controls.resource_types import CLUSTER, POOL
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup

MODE = "properties.mode"
_ITEM = "Cluster vs nodes vs namespace isolation"
_HOSTED_SYSTEM = "properties.hostedSystemProfile.enabled"
_AUTOSCALES = "properties.enableAutoScaling"
_MIN_COUNT = "properties.minCount"
_MAX_COUNT = "properties.maxCount"
_COUNT = "properties.count"
_NODES = "properties.vnetSubnetID"
_PODS = "properties.podSubnetID"
_HOST_GROUP = "properties.hostGroupID"
_SIZE = "properties.vmSize"
_TENANT = "tenant"

_ISOLATED_SIZES = re.compile(
    r"standard_[a-z]+\d+(-\d+)?[a-z]*i[a-z]*_v\d+|standard_(f72s_v2|m128ms)"
)
"""Machines that have a host for themselves say so with an i among their features, but for two."""

_FORMER_ISOLATED_SIZES = ("standard_e64i_v3", "standard_e64is_v3")
"""The guarantee for these ended in February 2022 (the same page)."""

_REPELLING_EFFECTS = ("NoSchedule", "NoExecute")
_SYSTEM_TAINT = "CriticalAddonsOnly=true"
"""What the system's pods tolerate, whatever its effect; the keys of taints are distinguished by
case."""

_PROVISIONING = "properties.nodeProvisioningProfile.mode"
_DEFAULT_NODE_POOLS = "properties.nodeProvisioningProfile.defaultNodePools"

MODE_READS: Mapping[str, tuple[str, ...]] = {
    CLUSTER: (_HOSTED_SYSTEM, _PROVISIONING, _DEFAULT_NODE_POOLS),
    POOL: (MODE, _AUTOSCALES, _COUNT, _MAX_COUNT),
}
"""What says which pods a pool is for, and whether it has nodes for them, by type."""


def _is_system(pool: Subject) -> bool:
    return str(pool.value(MODE)).lower() == "system"


def judge_modes(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a cluster has a pool for the system, and another one for workloads."""
    # AKS Automatic can run the system pods on nodes of its own (guidelines.md ENV-01.2); there is
    # no system pool then.
    if cluster.value(_HOSTED_SYSTEM) is True:
        yield cluster.passes(_HOSTED_SYSTEM, "AKS runs system pods on nodes that it manages")
        return
    # A pool with count 0 and no autoscaler is the remains of one.
    pools = [pool for pool in cluster.children(POOL) if _has_nodes(pool)]
    modes = [str(pool.value(MODE)).lower() for pool in pools]
    missing = [mode for mode in ("System", "User") if mode.lower() not in modes]
    if missing == ["User"] and str(cluster.value(_PROVISIONING)).lower() == "auto":
        yield _judge_provisioning(cluster)
    elif missing:
        yield cluster.fails("", f"it has no node pool with mode {' or '.join(missing)}")
    else:
        yield cluster.passes("", "system and user pods have separate node pools")


def _judge_provisioning(cluster: Subject) -> Observation:
    """Judge whether AKS provisions nodes for pods that the system's pools repel.

    It does by the NodePools in the cluster: one that it makes itself, or others that only the
    cluster shows ("Node auto-provisioning").
    """
    pools = cluster.value(_DEFAULT_NODE_POOLS)
    if str(pools).lower() == "auto":
        return cluster.passes("", "node auto-provisioning creates nodes for user pods")
    evidence = f"{_DEFAULT_NODE_POOLS} is {show(pools)}: the NodePools in the cluster are unknown"
    return cluster.unknown("", evidence)


def _has_nodes(pool: Subject) -> bool:
    """Return whether a pool has nodes, or gets some when pods need them."""
    size = pool.value(_MAX_COUNT if pool.value(_AUTOSCALES) is True else _COUNT)
    return size != 0


def _judge_taint(pool: Subject) -> Iterator[Observation]:
    """Judge whether a system pool repels all pods that are not the system's."""
    if not _is_system(pool):
        return
    taints = pool.texts(TAINTS)
    evidence = f"{TAINTS} is {show(pool.value(TAINTS))}"
    # PreferNoSchedule is a wish of the scheduler, and keeps nobody out.
    if any(taint in taints for taint in (f"{_SYSTEM_TAINT}:{e}" for e in _REPELLING_EFFECTS)):
        yield pool.passes(TAINTS, evidence)
    else:
        yield pool.fails(TAINTS, f"{evidence}, expected {_SYSTEM_TAINT}:{_REPELLING_EFFECTS[0]}")


def _judge_nodes(pool: Subject) -> Iterator[Observation]:
    """Judge whether the system's pods have two nodes at least, of one pool or of several."""
    if not _is_system(pool):
        return
    path, fewest = _least_node_count(pool)
    others = [p for p in pool.children(POOL, pool.id.parent) if p.id != pool.id and _is_system(p)]
    elsewhere = [
        p.label for p in others if is_number(found := _least_node_count(p)[1]) and found != 0
    ]
    # One node each in several system pools survives the loss of a node as well.
    if fewest == 1 and elsewhere:
        yield pool.passes(path, f"{path} is 1, and {elsewhere[0]} has more system nodes")
    else:
        yield look(pool, path, at_least(2))


def _least_node_count(pool: Subject) -> tuple[str, object]:
    path = _MIN_COUNT if pool.value(_AUTOSCALES) is True else _COUNT
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
    """Judge whether a tenant's pool attracts its pods, repels others and shares no subnet."""
    tenant = _tenant_of(pool)
    if tenant is None:
        return
    labels = pool.value(LABELS)
    if lookup(labels, (_TENANT,)) == tenant:
        yield pool.passes(LABELS, f"it has the label {_TENANT}={tenant}")
    else:
        yield pool.fails(LABELS, f"it has no label {_TENANT}={tenant}")
    repels = [f"{_TENANT}={tenant}:{effect}" for effect in _REPELLING_EFFECTS]
    # A label leads a tenant's pods to the pool, the taint keeps others out: each without the
    # other isolates in one direction.
    if any(taint in repels for taint in pool.texts(TAINTS)):
        yield pool.passes(TAINTS, f"it has a taint for {_TENANT}={tenant}")
    else:
        yield pool.fails(TAINTS, f"it has no taint {repels[0]}")
    for path in (_NODES, _PODS):
        yield from _judge_subnet(pool, tenant, path)


def _judge_subnet(pool: Subject, tenant: str, path: str) -> Iterator[Observation]:
    own_subnet = parse_resource_id(pool.value(path))
    if own_subnet is None:
        if path == _NODES:
            yield pool.fails(path, "vnetSubnetID is not set")
        return
    # Pods of others in it, and pools of other clusters, are as near as nodes of the same cluster.
    for other in pool.all(POOL):
        places = [parse_resource_id(other.value(p)) for p in (_NODES, _PODS)]
        if _tenant_of(other) != tenant and own_subnet in places:
            yield pool.fails(path, f"subnet {own_subnet.name} is also used by {other.label}")
            return
    yield pool.passes(path, f"subnet {own_subnet.name} is used by {tenant} only")


def _repels_other_pods(pool: Subject) -> bool:
    """Return whether a pool repels the pods that do not say that they may run among its own."""
    return any(taint.rpartition(":")[2] in _REPELLING_EFFECTS for taint in pool.texts(TAINTS))


def _judge_isolation(pool: Subject) -> Iterator[Observation]:
    """Judge whether a sandbox, dedicated hosts or isolated VM sizes isolate untrusted pods.

    Such pods share neither kernel nor host with others.
    """
    size, runtime = str(pool.value(_SIZE)), str(pool.value(RUNTIME))
    untrusted = is_marked_untrusted(pool)
    hosts = parse_resource_id(pool.value(_HOST_GROUP))
    # A dedicated host is dedicated to a subscription, not to a pool: pools of one host group
    # share the machine.
    shared = [
        other.label
        for other in (pool.all(POOL) if hosts is not None else ())
        if parse_resource_id(other.value(_HOST_GROUP)) == hosts and not is_marked_untrusted(other)
    ]
    if is_sandbox(pool):
        yield pool.passes(RUNTIME, f"{RUNTIME} is {runtime}")
    elif untrusted and not _repels_other_pods(pool):
        yield pool.fails(TAINTS, "it is a node pool for untrusted pods without a taint")
    elif untrusted and shared:
        yield pool.fails(_HOST_GROUP, f"{_HOST_GROUP} is also used by {shared[0]}")
    elif pool.states(_HOST_GROUP):
        yield pool.passes(_HOST_GROUP, f"{_HOST_GROUP} is {show(pool.value(_HOST_GROUP))}")
    elif _ISOLATED_SIZES.fullmatch(size.lower()) and size.lower() not in _FORMER_ISOLATED_SIZES:
        yield pool.passes(_SIZE, f"VM size {size} is an isolated size")
    elif untrusted:
        yield pool.fails(
            _HOST_GROUP,
            (
                "it is a node pool for untrusted pods without dedicated host group or isolated "
                f"VM size: vmSize is {size}, workloadRuntime is {runtime}"
            ),
        )


CONTROLS = (
    Control(
        id="ENV-01.2",
        title="System node pools are dedicated to system pods (CriticalAddonsOnly taint)",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "User pods on a system node can exhaust or compromise the node that runs "
            "CoreDNS and konnectivity."
        ),
        synonyms=terms(
            "system node pool; user node pool; CriticalAddonsOnly; taint; toleration; nodeTaints"
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
            rule(POOL, _judge_nodes, MODE, _AUTOSCALES, _MIN_COUNT, _COUNT),
        ),
        limits=(
            "Pods that tolerate the taint can run on the pool; running pods are visible "
            "only in the cluster."
        ),
        mappings=Mappings(checkov=("CKV_AZURE_232",), psrule=("Azure.AKS.MinNodeCount",)),
    ),
    Control(
        id="ENV-01.3",
        title="Tenants have dedicated node pools, each with a label, a taint and a subnet",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A label selects the node pool and a taint keeps other pods away. A separate "
            "subnet allows network rules per tenant."
        ),
        synonyms=terms(
            "tenant isolation; dedicated node pool; nodeSelector; taint; multi-tenancy; "
            "vnetSubnetID"
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
            "`kubectl get namespaces -o json` shows the annotation "
            "scheduler.alpha.kubernetes.io/node-selector with the tenant's node pool on "
            "its namespaces"
        ),
        limits=("The node pool that pods select is visible only in the cluster."),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="ENV-03",
        title="Untrusted pods run on dedicated hosts, isolated VM sizes or Kata VM isolation",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item="Dedicated nodes / Hyper-V isolation on nodes",
        rationale=(
            "Virtual machines on one host share its processor and memory. Dedicated hosts, "
            "isolated VM sizes and Kata VM isolation remove neighbours."
        ),
        synonyms=terms(
            "dedicated host; isolated VM; Hyper-V isolation; Kata; side channel; noisy neighbour; "
            "hostGroupID"
        ),
        remediation="""
            untrusted:
              type: Microsoft.ContainerService/managedClusters/agentPools
              parent: ${cluster.id}
              properties:
                hostGroupID: ${hosts.id}
        """,
        rules=(rule(POOL, _judge_isolation, _HOST_GROUP, _SIZE, RUNTIME, LABELS, TAINTS),),
        limits=(
            "Untrusted pods are identified by node pool labels and taints; running pods "
            "are visible only in the cluster. In a Kata node pool, only pods with the "
            "runtime class run in their own virtual machine."
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
