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
from provisioner.network.model.topology import Cluster, HopType, Network, Subnet, Topology
from provisioner.network.paths.egress_candidates import subnets_of


def check_routes(topology: Topology) -> tuple[Diagnostic, ...]:
    """Return the inconsistencies of the routes and the clusters of a network, with their places."""
    return (
        *_check_hops(topology),
        *(told for cluster in topology.clusters for told in _check_cluster(topology, cluster)),
    )


def _check_hops(topology: Topology) -> Iterator[Diagnostic]:
    """Yield next hops that the subnet's network does not reach.

    A next hop has to be an address that it reaches without another hop.
    """
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
            yield warning(
                "next-hop-outside-network",
                f"{route.label}: the next hop {route.appliance} is neither in {network.label} "
                f"({show_addresses(network.ranges)}) nor in a network peered with it"
                f"{_shown(near - network.ranges)}, so {subnet.label} cannot reach it.",
                subnet.span,
                "Give the private address of the firewall, or peer its network.",
            )


def _near(topology: Topology, network: Network) -> Intervals:
    """Return the addresses that a network reaches directly: its own and those of its peers.

    Nothing where they are unknown, of itself or of a peer.
    """
    if not network.known:
        return NOTHING
    near = network.ranges
    for peering in network.peerings:
        remote = topology.networks.get(peering.remote)
        if remote is None or not remote.known or not remote.ranges:
            return NOTHING
        near = near | remote.ranges
    return near


def _shown(ranges: Intervals) -> str:
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
        ways = [
            parse_addresses(route.prefix)
            for route in (subnet.table.routes if subnet.table else ())
            if route.hop in (HopType.APPLIANCE, HopType.GATEWAY)
        ]
        led = NOTHING
        for way in ways:
            led = led | way if way is not None else led
        if subnet.table is None or led.covers(EVERYWHERE):
            continue
        yield warning(
            "outbound-type-without-route",
            f"{cluster.label}: outboundType userDefinedRouting needs a route for 0.0.0.0/0 to a "
            f"virtual appliance or a gateway on {subnet.label}: {subnet.table.label} has none.",
            cluster.span,
            "Add the route, unless a gateway teaches it.",
        )
