"""Consistency checks of routes and clusters: next hops, outbound types, authorized ranges.

Azure accepts all of it: what it refuses is a service rule. A next hop may lie in a network that
others peer, and a default route may be learned (guidelines.md §2.3, CLU-01.3, §2.6, §3.2).
"""

from collections.abc import Iterator

from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.network.model.intervals import (
    EVERYWHERE,
    NOTHING,
    Intervals,
    parse_addresses,
    show_addresses,
)
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Cluster, HopType, Network, Subnet
from provisioner.network.paths.egress_candidates import subnets_of


def check_routes(topology: Topology) -> tuple[Diagnostic, ...]:
    """Return the inconsistencies of the routes and the clusters of a network, with their places."""
    return (
        *_check_hops(topology),
        *(
            reported
            for cluster in topology.clusters
            for reported in _check_cluster(topology, cluster)
        ),
    )


def _check_hops(topology: Topology) -> Iterator[Diagnostic]:
    """Yield next hops that the subnet's network does not reach.

    A next hop has to be an address that it reaches without another hop.
    """
    reported: set[tuple[str, str]] = set()
    for subnet in topology.subnets.values():
        network = topology.networks[subnet.network]
        reachable = _direct_neighbors(topology, network)
        for route in subnet.table.routes if subnet.table else ():
            hop = parse_addresses(route.appliance or "")
            # Unknown neighbors may hold the next hop; then nothing is claimed.
            if (
                route.hop is not HopType.APPLIANCE
                or hop is None
                or not reachable
                or reachable.covers(hop)
            ):
                continue
            # A route table is shared by many subnets: one warning for each network.
            if (route.label, network.key) in reported:
                continue
            reported.add((route.label, network.key))
            yield warning(
                "next-hop-outside-network",
                f"{route.label}: the next hop {route.appliance} is neither in {network.label} "
                f"({show_addresses(network.ranges)}) nor in a network peered with it"
                f"{_format_ranges(reachable - network.ranges)}, so {subnet.label} cannot reach it.",
                subnet.span,
                "Give the private address of the firewall, or peer its network.",
            )


def _direct_neighbors(topology: Topology, network: Network) -> Intervals:
    """Return the addresses that a network reaches directly: its own and those of its peers.

    Nothing where they are unknown, of itself or of a peer.
    """
    if not network.known:
        return NOTHING
    reachable = network.ranges
    for peering in network.peerings:
        remote = topology.networks.get(peering.remote)
        if remote is None or not remote.known or not remote.ranges:
            return NOTHING
        reachable = reachable | remote.ranges
    return reachable


def _format_ranges(ranges: Intervals) -> str:
    return f" ({show_addresses(ranges)})" if ranges else ""


def _check_cluster(topology: Topology, cluster: Cluster) -> Iterator[Diagnostic]:
    if cluster.private and cluster.authorized and cluster.api_server_subnet is None:
        yield warning(
            "ranges-on-private-cluster",
            f"{cluster.label}: authorizedIPRanges ({', '.join(cluster.authorized)}) are beside "
            "enablePrivateCluster; AKS takes one of them, for there is no public API server.",
            cluster.span,
            "Remove the ranges, or take API Server VNet Integration (`subnetId`).",
        )
    if cluster.outbound == "userDefinedRouting":
        yield from _check_user_defined(cluster, subnets_of(topology, cluster))


def _check_user_defined(cluster: Cluster, subnets: tuple[Subnet, ...]) -> Iterator[Diagnostic]:
    """Yield subnets of a cluster with userDefinedRouting whose route table has no default route.

    A gateway may propagate the default route instead, and two halves count as a whole.
    """
    for subnet in (each for each in subnets if "routeTable" not in each.hidden):
        default_parts = [
            parse_addresses(route.prefix)
            for route in (subnet.table.routes if subnet.table else ())
            if route.hop in (HopType.APPLIANCE, HopType.GATEWAY)
        ]
        routed = NOTHING
        for part in default_parts:
            routed = routed | part if part is not None else routed
        # A subnet without a table is refused by AKS itself
        # (ExistingRouteTableNotAssociatedWithSubnet, guidelines.md §3.2), which a service rule
        # reports.
        if subnet.table is None or routed.covers(EVERYWHERE):
            continue
        yield warning(
            "outbound-type-without-route",
            f"{cluster.label}: outboundType userDefinedRouting needs a route for 0.0.0.0/0 to a "
            f"virtual appliance or a gateway on {subnet.label}: {subnet.table.label} has none.",
            cluster.span,
            "Add the route, unless a gateway teaches it.",
        )
