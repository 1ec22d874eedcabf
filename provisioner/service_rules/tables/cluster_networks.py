"""Network profile of AKS clusters: plugins, policies, outbound types, balancers, ranges.

"AKS error codes" are AKS's own list of error codes ("apierror", Microsoft; guidelines.md §3.2).
"""

from collections.abc import Iterator

from provisioner.catalog.node_pools import CLUSTER
from provisioner.service_rules.conditions import in_range, is_at, only_one
from provisioner.service_rules.partial_bodies import entries_at, is_stated, number_at, text_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_NETWORK = "properties.networkProfile"
_PLUGIN, _MODE = f"{_NETWORK}.networkPlugin", f"{_NETWORK}.networkPluginMode"
_POLICY, _PLANE = f"{_NETWORK}.networkPolicy", f"{_NETWORK}.networkDataplane"
_OUTBOUND, _SKU = f"{_NETWORK}.outboundType", f"{_NETWORK}.loadBalancerSku"
_BALANCER, _GATEWAY = f"{_NETWORK}.loadBalancerProfile", f"{_NETWORK}.natGatewayProfile"
_PORTS = f"{_BALANCER}.allocatedOutboundPorts"
_ADVANCED = f"{_NETWORK}.advancedNetworking"
# SNAT ports of one public address ("Configure outbound ports").
_PORTS_OF_ADDRESS = 64_000


_CODES = "AKS error codes; guidelines.md §3.2"
_PAGE = "learn.microsoft.com/azure/aks"


def _judge_kubenet_policy(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, _PLUGIN, "kubenet") and is_at(write.after, _POLICY, "azure"):
        yield Refusal(_POLICY, "networkPolicy azure is not for kubenet; calico is")


def _judge_policy_of_none(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, _PLUGIN, "none") and is_at(
        write.after, _POLICY, "azure", "calico", "cilium"
    ):
        yield Refusal(_POLICY, "a cluster without a network plugin has no networkPolicy")


def _judge_cilium_plugin(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, _PLANE, "cilium") and is_at(write.after, _PLUGIN, "kubenet", "none"):
        yield Refusal(_PLANE, "networkDataplane cilium needs networkPlugin azure")


def _judge_cilium_policy(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, _PLANE, "cilium") and is_at(write.after, _POLICY, "azure", "calico"):
        yield Refusal(
            _POLICY,
            f"networkDataplane cilium has networkPolicy cilium, and not "
            f"{text_at(write.after, _POLICY)}",
        )


def _judge_overlay(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, _MODE, "overlay") and is_at(write.after, _PLUGIN, "kubenet", "none"):
        yield Refusal(_MODE, "networkPluginMode overlay is for networkPlugin azure alone")


def _judge_advanced(write: Write) -> Iterator[Refusal]:
    """Yield container network security without the Cilium data plane, which enforces it."""
    if not is_at(write.after, _PLANE, "azure"):
        return
    policies = f"{_ADVANCED}.security.advancedNetworkPolicies"
    encryption = f"{_ADVANCED}.security.transitEncryption.type"
    for path, values in ((policies, ("FQDN", "L7")), (encryption, ("WireGuard",))):
        if is_at(write.after, path, *values):
            yield Refusal(
                path, f"{path.removeprefix(f'{_NETWORK}.')} needs networkDataplane cilium"
            )


def _has_basic_balancer(write: Write) -> bool:
    return is_at(write.after, _SKU, "basic")


def _judge_basic_outbound(write: Write) -> Iterator[Refusal]:
    outbound = text_at(write.after, _OUTBOUND) or ""
    routed = outbound.lower() == "userdefinedrouting" or "natgateway" in outbound.lower()
    if _has_basic_balancer(write) and (routed or is_stated(write.after, _BALANCER)):
        what = f"outboundType {outbound}" if routed else "loadBalancerProfile"
        yield Refusal(_SKU, f"{what} needs loadBalancerSku standard")


def _judge_basic_private(write: Write) -> Iterator[Refusal]:
    private = "properties.apiServerAccessProfile.enablePrivateCluster"
    if _has_basic_balancer(write) and is_at(write.after, private, True):
        yield Refusal(_SKU, "a private cluster needs loadBalancerSku standard")


def _judge_basic_pools(write: Write) -> Iterator[Refusal]:
    pools = list(entries_at(write.after, "properties.agentPoolProfiles"))
    if _has_basic_balancer(write) and len(pools) > 1:
        yield Refusal(_SKU, "more than one node pool needs loadBalancerSku standard")


def _judge_routed_balancer(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, _OUTBOUND, "userDefinedRouting") and is_stated(write.after, _BALANCER):
        yield Refusal(
            _BALANCER,
            "outboundType userDefinedRouting and loadBalancerProfile exclude each other",
            "Remove the profile: nothing leaves through the load balancer.",
        )


def _judge_ports(write: Write) -> Iterator[Refusal]:
    ports = number_at(write.after, _PORTS)
    # The load balancer allocates ports in blocks of eight.
    if ports is not None and ports % 8:
        yield Refusal(_PORTS, f"allocatedOutboundPorts is {ports}, and has to be a multiple of 8")


def _judge_enough_ports(write: Write) -> Iterator[Refusal]:
    """Yield outbound ports that exceed 64,000 per address: ports per node times nodes.

    Source: "Configure outbound ports".
    """
    ports = number_at(write.after, _PORTS)
    addresses = number_at(write.after, f"{_BALANCER}.managedOutboundIPs.count")
    if not ports or not addresses:
        return
    nodes = 0
    for _at, pool in entries_at(write.after, "properties.agentPoolProfiles"):
        scaled = is_at(pool, "enableAutoScaling", True)
        nodes += number_at(pool, "maxCount" if scaled else "count") or 0
    if ports * nodes > _PORTS_OF_ADDRESS * addresses:
        yield Refusal(
            _PORTS,
            f"{nodes} nodes with {ports} outbound ports each need {nodes * ports:,}; "
            f"{addresses} addresses have {_PORTS_OF_ADDRESS * addresses:,}",
        )


RULES = (
    ServiceRule(
        id="cluster-kubenet-policy",
        type=CLUSTER,
        code="NetworkPolicyAzureNotSupportedForKubenet",
        source=_CODES,
        judge=_judge_kubenet_policy,
    ),
    ServiceRule(
        id="cluster-policy-without-plugin",
        type=CLUSTER,
        code="NetworkPolicyNotSupportedForNone",
        source=_CODES,
        judge=_judge_policy_of_none,
    ),
    ServiceRule(
        id="cluster-cilium-plugin",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/azure-cni-powered-by-cilium",
        judge=_judge_cilium_plugin,
    ),
    ServiceRule(
        id="cluster-cilium-policy",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/azure-cni-powered-by-cilium",
        judge=_judge_cilium_policy,
    ),
    ServiceRule(
        id="cluster-overlay-plugin",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/azure-cni-overlay",
        judge=_judge_overlay,
    ),
    ServiceRule(
        id="cluster-advanced-networking",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/advanced-container-networking-services-overview",
        judge=_judge_advanced,
    ),
    ServiceRule(
        id="cluster-basic-outbound",
        type=CLUSTER,
        code="UnexpectedLoadBalancerSkuForCurrentOutboundConfiguration",
        source=_CODES,
        judge=_judge_basic_outbound,
    ),
    ServiceRule(
        id="cluster-basic-private",
        type=CLUSTER,
        code="PrivateClusterNotSupportedWithBasicLoadBalancer",
        source=_CODES,
        judge=_judge_basic_private,
    ),
    ServiceRule(
        id="cluster-basic-pools",
        type=CLUSTER,
        code="SLBRequiredForMultipleAgentPools",
        source="AKS error codes",
        judge=_judge_basic_pools,
    ),
    ServiceRule(
        id="cluster-routed-balancer",
        type=CLUSTER,
        code="InvalidUserDefinedRoutingWithLoadBalancerProfile",
        source=_CODES,
        judge=_judge_routed_balancer,
    ),
    ServiceRule(
        id="cluster-balancer-addresses",
        type=CLUSTER,
        code="InvalidLoadBalancerProfile",
        source="AKS error codes",
        judge=only_one(
            f"{_BALANCER}.managedOutboundIPs",
            f"{_BALANCER}.outboundIPs",
            f"{_BALANCER}.outboundIPPrefixes",
        ),
    ),
    ServiceRule(
        id="cluster-balancer-count",
        type=CLUSTER,
        code="InvalidLoadBalancerProfileManagedOutboundIPCount",
        source="AKS error codes; REST reference, managedOutboundIPs.count",
        judge=in_range(f"{_BALANCER}.managedOutboundIPs.count", 1, 100),
    ),
    ServiceRule(
        id="cluster-balancer-timeout",
        type=CLUSTER,
        code="InvalidLoadBalancerProfileIdleTimeoutInMinutes",
        source="AKS error codes; REST reference, idleTimeoutInMinutes",
        judge=in_range(f"{_BALANCER}.idleTimeoutInMinutes", 4, 120),
    ),
    ServiceRule(
        id="cluster-balancer-ports",
        type=CLUSTER,
        code="InvalidLoadBalancerProfileAllocatedOutboundPorts",
        source="AKS error codes; REST reference, allocatedOutboundPorts",
        judge=in_range(_PORTS, 0, _PORTS_OF_ADDRESS),
    ),
    ServiceRule(
        id="cluster-balancer-port-steps",
        type=CLUSTER,
        code="LoadBalancerProfileAllocatedOutboundPortsMustBeMultipleOfEight",
        source="AKS error codes",
        judge=_judge_ports,
    ),
    ServiceRule(
        id="cluster-balancer-ports-enough",
        type=CLUSTER,
        code="InsufficientOutboundPorts",
        source=f"AKS error codes; {_PAGE}/load-balancer-standard",
        judge=_judge_enough_ports,
    ),
    ServiceRule(
        id="cluster-gateway-count",
        type=CLUSTER,
        code="InvalidNATGatewayProfileManagedOutboundIPCount",
        source="AKS error codes; REST reference, managedOutboundIPProfile.count",
        judge=in_range(f"{_GATEWAY}.managedOutboundIPProfile.count", 1, 16),
    ),
    ServiceRule(
        id="cluster-gateway-timeout",
        type=CLUSTER,
        code="InvalidNATGatewayProfileIdleTimeoutInMinutes",
        source="AKS error codes; REST reference, natGatewayProfile.idleTimeoutInMinutes",
        judge=in_range(f"{_GATEWAY}.idleTimeoutInMinutes", 4, 120),
    ),
)
