"""Whether what points to each other in a network fits: next hops, outbound types, allowed ranges.

Azure takes the first, and answers the others late: after minutes of a cluster being made
(guidelines.md §2.3, CLU-01.3, §2.6).
"""

from collections.abc import Iterator

from provisioner.model.diagnostic import Diagnostic, error
from provisioner.network.intervals import (
    EVERYWHERE,
    NOTHING,
    Intervals,
    parse_addresses,
    show_addresses,
)
from provisioner.network.topology import Cluster, HopType, Network, Subnet, Topology
from provisioner.network.ways import subnets_of


def check_wiring(topology: Topology) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the routes and the clusters of a network, each with its place."""
    return (
        *_check_hops(topology),
        *(told for cluster in topology.clusters for told in _check_cluster(topology, cluster)),
    )


def _check_hops(topology: Topology) -> Iterator[Diagnostic]:
    """A next hop has to be an address that the subnet's network reaches without another hop."""
    told: set[tuple[str, str]] = set()
    for subnet in topology.subnets.values():
        network = topology.networks[subnet.network]
        near = _near(topology, network)
        for route in subnet.table.routes if subnet.table else ():
            hop = parse_addresses(route.appliance or "")
            if route.hop is not HopType.APPLIANCE or hop is None or not near or near.covers(hop):
                continue
            if (route.label, network.key) in told:
                continue
            told.add((route.label, network.key))
            yield error(
                "next-hop-outside-network",
                f"{route.label}: the next hop {route.appliance} lies neither in {network.label} "
                f"({show_addresses(network.ranges)}) nor in a network peered with it"
                f"{_shown(near - network.ranges)}, so {subnet.label} cannot reach it.",
                subnet.span,
                "Give the private address of the firewall, or peer its network.",
            )


def _near(topology: Topology, network: Network) -> Intervals:
    """Return what a network reaches directly; nothing where a peer's ranges are not known."""
    near = network.ranges
    for peering in network.peerings:
        remote = topology.networks.get(peering.remote)
        if remote is None or not remote.ranges:
            return NOTHING
        near = near | remote.ranges
    return near


def _shown(ranges: Intervals) -> str:
    return f" ({show_addresses(ranges)})" if ranges else ""


def _check_cluster(topology: Topology, cluster: Cluster) -> Iterator[Diagnostic]:
    if cluster.private and cluster.authorized and cluster.api_server_subnet is None:
        yield error(
            "ranges-on-private-cluster",
            f"{cluster.label}: authorizedIPRanges ({', '.join(cluster.authorized)}) stand beside "
            "enablePrivateCluster; AKS takes one of them, for there is no public API server.",
            cluster.span,
            "Remove the ranges, or take API Server VNet Integration (`subnetId`).",
        )
    subnets = subnets_of(topology, cluster)
    if cluster.outbound == "userDefinedRouting":
        yield from _check_user_defined(cluster, subnets)
    elif cluster.outbound == "userAssignedNATGateway":
        for subnet in subnets:
            if subnet.nat_gateway is None:
                yield error(
                    "outbound-type-without-gateway",
                    f"{cluster.label}: outboundType userAssignedNATGateway needs a NAT gateway on "
                    f"{subnet.label}, which has none.",
                    cluster.span,
                    "Set `natGateway` on the subnet.",
                )


def _check_user_defined(cluster: Cluster, subnets: tuple[Subnet, ...]) -> Iterator[Diagnostic]:
    if not subnets:
        yield error(
            "outbound-type-without-route",
            f"{cluster.label}: outboundType userDefinedRouting needs pools in a subnet of your "
            "own; no pool states `vnetSubnetID`.",
            cluster.span,
            "Name the subnet of every pool.",
        )
    for subnet in subnets:
        defaults = [
            route
            for route in (subnet.table.routes if subnet.table else ())
            if parse_addresses(route.prefix) == EVERYWHERE
        ]
        if any(route.hop in (HopType.APPLIANCE, HopType.GATEWAY) for route in defaults):
            continue
        table = subnet.table.label if subnet.table else None
        has = f"{defaults[0].label} leads to {defaults[0].hop.value}" if defaults else (
            f"{table} has none" if table else f"{subnet.label} has no route table"
        )  # fmt: skip
        yield error(
            "outbound-type-without-route",
            f"{cluster.label}: outboundType userDefinedRouting needs a route for 0.0.0.0/0 to a "
            f"virtual appliance or a gateway on {subnet.label}: {has}.",
            cluster.span,
            "Add the route, or choose another outboundType.",
        )
