"""AKS node pools and their cluster: networks, and the number of pools.

"AKS error codes" are AKS's own list of error codes ("apierror", Microsoft; guidelines.md §3.2).
"""

from collections.abc import Iterator

from provisioner.catalog.node_pools import CLUSTER, POOL
from provisioner.model.estate import Resource
from provisioner.model.values import Value
from provisioner.service_rules.conditions import is_at
from provisioner.service_rules.partial_bodies import (
    entries_at,
    is_silent,
    is_stated,
    text_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_NETWORK = "properties.networkProfile"
_POOLS = "properties.agentPoolProfiles"
_SUBNET, _POD_SUBNET = "properties.vnetSubnetID", "properties.podSubnetID"
_AUTOSCALING = "properties.enableAutoScaling"
# A cluster answers it itself, as maxAgentPools (recorded; guidelines.md §3.2,
# MaxAgentPoolCountReached).
_MOST_POOLS = 100

_CODES = "AKS error codes; guidelines.md §3.2"
_PAGE = "learn.microsoft.com/azure/aks"


def _pool_cluster(write: Write) -> Value | object:
    """Return the body of a pool's cluster; {} where it was not read."""
    parent = write.parent
    return parent.body if isinstance(parent, Resource) else {}


def _judge_windows_plugin(write: Write) -> Iterator[Refusal]:
    windows = is_at(write.after, "properties.osType", "Windows")
    if windows and is_at(_pool_cluster(write), f"{_NETWORK}.networkPlugin", "kubenet"):
        yield Refusal(
            "properties.osType", "Windows nodes need the network plugin azure, and not kubenet"
        )


def _judge_windows_cilium(write: Write) -> Iterator[Refusal]:
    windows = is_at(write.after, "properties.osType", "Windows")
    if windows and is_at(_pool_cluster(write), f"{_NETWORK}.networkDataplane", "cilium"):
        yield Refusal("properties.osType", "the Cilium data plane has no Windows nodes")


def _judge_public_nodes(write: Write) -> Iterator[Refusal]:
    """Yield public node addresses that the cluster's outbound type excludes.

    AKS's list of error codes has it for clusters; no source has it for a pool that is added later.
    """
    if not is_at(write.after, f"{_NETWORK}.outboundType", "userDefinedRouting"):
        return
    for path, pool in entries_at(write.after, _POOLS):
        if is_at(pool, "enableNodePublicIP", True):
            yield Refusal(
                f"{path}.enableNodePublicIP",
                "nodes have no public addresses where outboundType is userDefinedRouting",
            )


def _judge_pod_subnet(write: Write) -> Iterator[Refusal]:
    cluster = _pool_cluster(write)
    overlay = is_at(cluster, f"{_NETWORK}.networkPluginMode", "overlay")
    if is_stated(write.after, _POD_SUBNET) and (
        overlay or is_at(cluster, f"{_NETWORK}.networkPlugin", "kubenet")
    ):
        plugin = "Azure CNI overlay" if overlay else "kubenet"
        yield Refusal(
            _POD_SUBNET, f"pods take addresses of podCidr with {plugin}, and of no subnet"
        )


def _judge_own_network(write: Write) -> Iterator[Refusal]:
    cluster = _pool_cluster(write)
    outbound = text_at(cluster, f"{_NETWORK}.outboundType") or ""
    if outbound.lower().startswith("managednatgateway") and is_stated(write.after, _SUBNET):
        yield Refusal(
            _SUBNET,
            f"outboundType {outbound} is for a virtual network that AKS manages, and the pool has "
            "a subnet of its own",
            "Use outboundType userAssignedNATGateway, with a NAT gateway on the subnet.",
        )


def _judge_gateway_network(write: Write) -> Iterator[Refusal]:
    if _is_without_network(write, "userAssignedNATGateway"):
        yield Refusal(
            _SUBNET,
            "outboundType userAssignedNATGateway needs a subnet of one's own with a NAT gateway",
            "State vnetSubnetID.",
        )


def _judge_routed_network(write: Write) -> Iterator[Refusal]:
    if _is_without_network(write, "userDefinedRouting"):
        yield Refusal(
            _SUBNET,
            "outboundType userDefinedRouting needs a subnet of one's own with a route table",
            "State vnetSubnetID.",
        )


def _is_without_network(write: Write, outbound: str) -> bool:
    """Return whether a pool has no subnet in a cluster whose outbound type needs one.

    A pool that states no subnet beside others that do gets nodes in theirs.
    """
    if not is_at(_pool_cluster(write), f"{_NETWORK}.outboundType", outbound):
        return False
    pools = [write.after, *(pool.body for pool in write.siblings)]
    return all(is_silent(pool, _SUBNET) for pool in pools)


def _judge_provisioned(write: Write) -> Iterator[Refusal]:
    scaled = is_at(write.after, _AUTOSCALING, True)
    if scaled and is_at(_pool_cluster(write), "properties.nodeProvisioningProfile.mode", "Auto"):
        yield Refusal(
            _AUTOSCALING,
            "a cluster with node auto-provisioning (nodeProvisioningProfile.mode: Auto) has no "
            "pools with the cluster autoscaler",
        )


def _judge_number(write: Write) -> Iterator[Refusal]:
    if write.before is None and len(write.siblings.resources) >= _MOST_POOLS:
        yield Refusal("", f"a cluster has at most {_MOST_POOLS} node pools")


def _judge_added(write: Write) -> Iterator[Refusal]:
    if write.before is None or is_silent(write.before, _POOLS):
        return
    names = {
        str(value_at(entry, "name")).lower() for _at, entry in entries_at(write.before, _POOLS)
    }
    for at, entry in entries_at(write.after, _POOLS):
        name = text_at(entry, "name")
        if name is not None and name.lower() not in names:
            yield Refusal(
                at,
                f"the pool {name} is new: a cluster that exists takes no new pools in its own body",
                "Make it a resource of its own (agentPools).",
            )


def _judge_no_system(write: Write) -> Iterator[Refusal]:
    """Yield a cluster without a system pool: pools have modes since api version 2020-03-01."""
    pools = [entry for _at, entry in entries_at(write.after, _POOLS)]
    hosted = is_at(write.after, "properties.hostedSystemProfile.enabled", True)
    if not pools or hosted or write.api_version < "2020-03-01":
        return
    if all(is_silent(pool, "mode") or is_at(pool, "mode", "User", "Gateway") for pool in pools):
        yield Refusal(
            _POOLS, "a cluster needs a system pool, and none of its pools has mode System"
        )


RULES = (
    ServiceRule(
        id="pool-windows-plugin",
        type=POOL,
        code="AzureCNIOnlyForWindows",
        source="AKS error codes",
        judge=_judge_windows_plugin,
    ),
    ServiceRule(
        id="pool-windows-cilium",
        type=POOL,
        code=None,
        source=f"{_PAGE}/azure-cni-powered-by-cilium, limitations",
        judge=_judge_windows_cilium,
    ),
    ServiceRule(
        id="pool-public-and-routed",
        type=CLUSTER,
        code="UDRWithNodePublicIPNotAllowed",
        source=_CODES,
        judge=_judge_public_nodes,
    ),
    ServiceRule(
        id="pool-pod-subnet",
        type=POOL,
        code="InvalidParameter",
        source=f"{_PAGE}/concepts-network-cni-overview",
        judge=_judge_pod_subnet,
    ),
    ServiceRule(
        id="pool-managed-gateway",
        type=POOL,
        code="ManagedNATGatewayWithCustomVNetNotAllowed",
        source=_CODES,
        judge=_judge_own_network,
    ),
    ServiceRule(
        id="pool-own-gateway",
        type=POOL,
        code="UserAssignedNATGatewayWithManagedVNetNotAllowed",
        source=_CODES,
        judge=_judge_gateway_network,
    ),
    ServiceRule(
        id="pool-routed",
        type=POOL,
        code="ExistingRouteTableNotAssociatedWithSubnet",
        source=_CODES,
        judge=_judge_routed_network,
    ),
    ServiceRule(
        id="pool-auto-provisioned",
        type=POOL,
        code=None,
        source=f"{_PAGE}/node-auto-provisioning, limitations",
        judge=_judge_provisioned,
    ),
    ServiceRule(
        id="pool-number",
        type=POOL,
        code="MaxAgentPoolCountReached",
        source=_CODES,
        judge=_judge_number,
    ),
    ServiceRule(
        id="cluster-adds-pools",
        type=CLUSTER,
        code="BadRequest",
        source="Azure/AKS#4383, microsoft/tyger#121",
        judge=_judge_added,
    ),
    ServiceRule(
        id="cluster-without-system-pool",
        type=CLUSTER,
        code="MustDefineAtLeastOneSystemPool",
        source=f"{_CODES}; {_PAGE}/use-system-pools",
        judge=_judge_no_system,
    ),
)
