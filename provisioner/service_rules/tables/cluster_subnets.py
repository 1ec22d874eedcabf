"""Subnets of AKS node pools and API servers: size, overlaps, egress path.

guidelines.md §3.2 has the codes, from AKS's own list of error codes ("apierror", Microsoft).
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog import cluster_defaults
from provisioner.catalog.node_pools import CLUSTER, POOL, machines_of
from provisioner.model.cidr import Range, parse_range
from provisioner.model.estate import Resource
from provisioner.model.ranges import overlap
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Value, is_known
from provisioner.service_rules.addresses import ranges_at
from provisioner.service_rules.conditions import is_at
from provisioner.service_rules.partial_bodies import (
    entries_at,
    id_at,
    is_silent,
    number_at,
    text_at,
    value_at,
)
from provisioner.service_rules.public_addresses import find_neighbour
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_SUBNET_TYPE = "Microsoft.Network/virtualNetworks/subnets"
_ROUTE = "Microsoft.Network/routeTables/routes"
_NODES, _PODS = "properties.vnetSubnetID", "properties.podSubnetID"
_NETWORK = "properties.networkProfile"
_OUTBOUND = f"{_NETWORK}.outboundType"
_ACCESS = "properties.apiServerAccessProfile"
_RANGES = ("properties.addressPrefix", "properties.addressPrefixes")
_GATEWAY = "gatewaysubnet"
# Azure reserves the first four addresses of a subnet and the last one (guidelines.md §2.2).
_RESERVED_OF_SUBNET = 5
# API Server VNet Integration needs a /28 (guidelines.md §2.2).
_API_SERVER_PREFIX = 28
# With overlay each node takes a /24 of the pod range (guidelines.md §2.2).
_NODE_BLOCK = 256
_FLAT_PODS = 30
"""The default of maxPods with flat Azure CNI (guidelines.md §2.2)."""
# AKS reserves these; a larger range that contains one is refused too (guidelines.md §2.2).
_AKS_RESERVED = ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24")
_CODES = "AKS error codes; guidelines.md §3.2"


def _pool_resources(write: Write) -> Iterator[Resource]:
    """Yield the pools of a cluster that is written, those of its body among them."""
    yield from write.neighbours.children(write.id, POOL)


def _virtual_networks(write: Write) -> Iterator[ResourceId]:
    found = [id_at(pool.body, path) for pool in _pool_resources(write) for path in (_NODES, _PODS)]
    yield from {n.key: n for subnet in found if subnet and (n := subnet.parent)}.values()


def _pool_cluster(write: Write) -> Mapping[str, Value] | None:
    parent = write.parent
    return parent.body if isinstance(parent, Resource) else None


def _stated_or_default_range(
    write: Write, name: str, default: str | None
) -> Iterator[tuple[str, Range]]:
    """Yield (path, range) of the ranges of pods or services; the default where none is stated."""
    paths = (f"{_NETWORK}.{name}", f"{_NETWORK}.{name}s")
    if all(is_silent(write.after, path) for path in paths):
        found = parse_range(default) if default else None
        yield from ((paths[0], found),) if found else ()
    elif is_known(value_at(write.after, _NETWORK)):
        yield from ranges_at(write.after, *paths)


def _service_ranges(write: Write) -> Iterator[tuple[str, Range]]:
    return _stated_or_default_range(write, "serviceCidr", cluster_defaults.SERVICE_RANGE)


def _pod_ranges(write: Write) -> Iterator[tuple[str, Range]]:
    if not (_is_overlay(write.after) or is_at(write.after, f"{_NETWORK}.networkPlugin", "kubenet")):
        return iter(())
    return _stated_or_default_range(write, "podCidr", "10.244.0.0/16")


def _is_overlay(cluster: Mapping[str, Value]) -> bool:
    return is_at(cluster, f"{_NETWORK}.networkPluginMode", "overlay")


def _is_flat(cluster: Mapping[str, Value]) -> bool:
    """Return whether pods certainly take addresses of a subnet."""
    mode = f"{_NETWORK}.networkPluginMode"
    return is_at(cluster, f"{_NETWORK}.networkPlugin", "azure") and is_silent(cluster, mode)


def _overlapping_subnets(
    write: Write, ranges: Iterator[tuple[str, Range]], what: str
) -> Iterator[Refusal]:
    """Yield the ranges that overlap with a subnet of the cluster's networks.

    AKS compares its ranges with the subnets of a network, and not with its address space
    (Azure/AKS#1117, Azure/azure-cli#20810).
    """
    networks = list(_virtual_networks(write))
    for at, one in ranges:
        for network in networks:
            for subnet in write.neighbours.children(network, _SUBNET_TYPE):
                for _path, other in ranges_at(subnet.body, *_RANGES):
                    if overlap(one, other):
                        yield Refusal(
                            at, f"the range of {what} {one} overlaps {other} of {subnet.label}"
                        )


def _judge_services(write: Write) -> Iterator[Refusal]:
    yield from _overlapping_subnets(write, _service_ranges(write), "services")


def _judge_pods(write: Write) -> Iterator[Refusal]:
    yield from _overlapping_subnets(write, _pod_ranges(write), "pods")


def _judge_reserved(write: Write) -> Iterator[Refusal]:
    for at, one in (*_service_ranges(write), *_pod_ranges(write)):
        for text in _AKS_RESERVED:
            reserved = parse_range(text)
            if reserved is not None and overlap(one, reserved):
                yield Refusal(at, f"{one} overlaps {text}, which AKS keeps for itself")


def _judge_networks(write: Write) -> Iterator[Refusal]:
    named = [network.name for network in _virtual_networks(write)]
    if len(named) > 1:
        yield Refusal(
            "properties.agentPoolProfiles",
            f"the pools are in {len(named)} networks, {' and '.join(named)}: AKS takes one",
        )


def _judge_delegation(write: Write) -> Iterator[Refusal]:
    named = id_at(write.after, _NODES)
    subnet = find_neighbour(write.neighbours, named) if named else None
    for _at, delegation in entries_at(subnet.body, "properties.delegations") if subnet else ():
        service = text_at(delegation, "properties.serviceName")
        if service is not None and subnet is not None:
            yield Refusal(_NODES, f"{subnet.label} is delegated to {service}, and takes no nodes")
            return


def _judge_gateway(write: Write) -> Iterator[Refusal]:
    for path in (_NODES, _PODS):
        subnet = id_at(write.after, path)
        if subnet is not None and subnet.name.lower() == _GATEWAY:
            yield Refusal(path, "GatewaySubnet is for gateways, and takes no nodes or pods")


def _most_nodes(pool: Mapping[str, Value]) -> int:
    """Return the maximum of a pool's nodes, as AKS counts them; 0 where it is not known.

    "the max-count from each nodepool is counted towards this total" (Azure/AKS-Construction#701).
    """
    return sum(each.most for each in machines_of(pool.get("properties")))


def _taken_addresses(pool: Mapping[str, Value], cluster: Mapping[str, Value]) -> int:
    """Return the addresses that a pool takes of the subnet of its nodes."""
    if not (_is_flat(cluster) and is_silent(pool, _PODS)):
        return _most_nodes(pool)
    pods = number_at(pool, "properties.maxPods") or _FLAT_PODS
    # Flat Azure CNI reserves the addresses of all pods when a node starts (guidelines.md §2.2).
    return _most_nodes(pool) * (1 + pods)


def _judge_room(write: Write) -> Iterator[Refusal]:
    cluster, named = _pool_cluster(write), id_at(write.after, _NODES)
    subnet = find_neighbour(write.neighbours, named) if named else None
    if cluster is None or named is None or subnet is None:
        return
    ranges = [one for _at, one in ranges_at(subnet.body, *_RANGES) if one.version == 4]
    has = sum(one.num_addresses - _RESERVED_OF_SUBNET for one in ranges)
    needed = _taken_addresses(write.after, cluster) + sum(
        _taken_addresses(pool.body, cluster)
        for pool in write.siblings
        if id_at(pool.body, _NODES) == named
    )
    if ranges and needed > has:
        yield Refusal(
            _NODES, f"the pools in {subnet.label} need {needed:,} addresses at most, it has {has:,}"
        )


def _judge_pod_room(write: Write) -> Iterator[Refusal]:
    needed = sum(_most_nodes(pool.body) for pool in _pool_resources(write)) * _NODE_BLOCK
    for at, one in _pod_ranges(write):
        if one.version == 4 and needed > one.num_addresses:
            yield Refusal(
                at,
                f"each node takes a /24 of the range of pods: {needed:,} addresses are needed at "
                f"most, {one} has {one.num_addresses:,}",
            )


def _judge_api_server(write: Write) -> Iterator[Refusal]:
    path = f"{_ACCESS}.subnetId"
    named = id_at(write.after, path)
    subnet = find_neighbour(write.neighbours, named) if named else None
    if subnet is None or not is_at(write.after, f"{_ACCESS}.enableVnetIntegration", True):
        return
    for _at, entry in entries_at(subnet.body, "properties.delegations"):
        service = text_at(entry, "properties.serviceName") or CLUSTER
        if service.lower() != CLUSTER.lower():
            yield Refusal(path, f"{subnet.label} is delegated to {service}, too")
    for _at, one in ranges_at(subnet.body, *_RANGES):
        if one.version == 4 and one.prefixlen > _API_SERVER_PREFIX:
            yield Refusal(path, f"{one} is smaller than a /{_API_SERVER_PREFIX}, the least for it")


def _egress_subnet(write: Write, outbound: str) -> Resource | None:
    """Return the subnet of a pool whose cluster has this outbound type, where it was read."""
    cluster, named = _pool_cluster(write), id_at(write.after, _NODES)
    if cluster is None or named is None or not is_at(cluster, _OUTBOUND, outbound):
        return None
    return find_neighbour(write.neighbours, named)


def _judge_table(write: Write) -> Iterator[Refusal]:
    subnet = _egress_subnet(write, "userDefinedRouting")
    if subnet is not None and is_silent(subnet.body, "properties.routeTable"):
        yield Refusal(
            _NODES,
            f"outboundType userDefinedRouting needs a route table on {subnet.label}, which has "
            "none",
        )


def _judge_hop(write: Write) -> Iterator[Refusal]:
    subnet = _egress_subnet(write, "userDefinedRouting")
    table = id_at(subnet.body, "properties.routeTable.id") if subnet else None
    for route in write.neighbours.children(table, _ROUTE) if table else ():
        if is_at(route.body, "properties.addressPrefix", "0.0.0.0/0") and is_at(
            route.body, "properties.nextHopType", "Internet", "None", "VnetLocal"
        ):
            hop = text_at(route.body, "properties.nextHopType")
            yield Refusal(
                _NODES,
                f"{route.label} leads to {hop}; outboundType userDefinedRouting needs a virtual "
                "appliance or a gateway",
            )


def _judge_nat(write: Write) -> Iterator[Refusal]:
    subnet = _egress_subnet(write, "userAssignedNATGateway")
    if subnet is not None and is_silent(subnet.body, "properties.natGateway"):
        yield Refusal(
            _NODES,
            f"outboundType userAssignedNATGateway needs a NAT gateway on {subnet.label}, which "
            "has none",
        )


RULES = (
    ServiceRule(
        id="cluster-services-overlap-subnet", type=CLUSTER,
        code="ServiceCidrOverlapExistingSubnetsCidr",
        source=f"{_CODES}; Azure/AKS#1117; Azure/azure-cli#20810", judge=_judge_services,
    ),
    ServiceRule(
        id="cluster-pods-overlap-subnet", type=CLUSTER,
        code="PodCidrOverlapExistingSubnetsCidr", source=_CODES, judge=_judge_pods,
    ),
    ServiceRule(
        id="cluster-reserved-range", type=CLUSTER, code=None,
        source="guidelines.md §2.2; learn.microsoft.com/azure/aks/plan-node-networking",
        judge=_judge_reserved,
    ),
    ServiceRule(
        id="cluster-several-networks", type=CLUSTER, code=None,
        source="guidelines.md §2.2; learn.microsoft.com/azure/aks/node-pool-unique-subnet",
        judge=_judge_networks,
    ),
    ServiceRule(
        id="cluster-pod-range-room", type=CLUSTER, code="InsufficientSubnetSize",
        source="Azure/AKS-Construction#701, target networkProfile.podCIDR", judge=_judge_pod_room,
    ),
    ServiceRule(
        id="cluster-api-server-subnet-shape", type=CLUSTER, code="ApiserverSubnetConfigError",
        source=f"{_CODES}; learn.microsoft.com/azure/aks/api-server-vnet-integration",
        judge=_judge_api_server,
    ),
    ServiceRule(
        id="pool-in-delegated-subnet", type=POOL, code="SubnetIsDelegated", source=_CODES,
        judge=_judge_delegation,
    ),
    ServiceRule(
        id="pool-in-gateway-subnet", type=POOL, code=None,
        source="learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings",
        judge=_judge_gateway,
    ),
    ServiceRule(
        id="pool-subnet-room", type=POOL, code="InsufficientSubnetSize",
        source=f"{_CODES}; Azure/AKS#3653; Azure/AKS-Construction#701; rancher/rancher#20784",
        judge=_judge_room,
    ),
    ServiceRule(
        id="pool-without-route-table", type=POOL,
        code="ExistingRouteTableNotAssociatedWithSubnet", source=_CODES, judge=_judge_table,
    ),
    ServiceRule(
        id="pool-default-route-to-internet", type=POOL, code="RouteTableInvalidNextHop",
        source=f"{_CODES}; hashicorp/terraform-provider-azurerm#8609", judge=_judge_hop,
    ),
    ServiceRule(
        id="pool-without-nat-gateway", type=POOL, code="SubnetNotAssociatedWithNATGateway",
        source=_CODES, judge=_judge_nat,
    ),
)  # fmt: skip
