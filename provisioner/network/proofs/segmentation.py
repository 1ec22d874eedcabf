"""Proof: peered networks reach each other through the firewall only (NET-07, WRK-03.4)."""

from collections.abc import Iterator

from provisioner.network.model.effective_routes import Routing, route_subnet
from provisioner.network.model.intervals import ANY_PORT, Intervals, show_addresses, show_ports
from provisioner.network.model.security_groups import PROTOCOLS, Admitted, Traffic, admit
from provisioner.network.model.service_tags import Tags, tags_of
from provisioner.network.model.topology import Topology, is_workload
from provisioner.network.model.topology_elements import HopType, Network, Subnet
from provisioner.network.proofs.proof import Breach, Proof, conclude, skip
from provisioner.network.proofs.unknowns import find_gaps

NAME = "segmentation"
CLAIM = "hub and spokes reach each other through the firewall only"


def prove_segmentation(topology: Topology) -> Proof:
    """Prove that no workload subnet reaches one of a peered network over the peering itself.

    Groups that close what the routes leave open count: a path needs a route and both groups.
    """
    if not topology.own_firewalls:
        return skip(NAME, CLAIM, "there is no firewall")
    subnets = topology.workload_subnets
    breaches = [breach for subnet in subnets for breach in _breaches_of_subnet(topology, subnet)]
    breaches += find_gaps(NAME, topology, subnets)
    return conclude(NAME, CLAIM, breaches, f"{len(subnets)} subnets, both directions")


def _breaches_of_subnet(topology: Topology, subnet: Subnet) -> Iterator[Breach]:
    network = topology.networks[subnet.network]
    routing: Routing | None = None
    for peering, remote in topology.peers(network):
        # Networks without a complete peering need no routes.
        routing = routing or route_subnet(topology, subnet)
        direct = [
            route
            for route in routing.routes
            if (route.hop is HopType.PEERING and route.towards == remote.key)
            # A user-defined route with next hop VnetLocal sends into peers as well.
            or (route.user_defined and route.hop is HopType.VNET)
        ]
        for other in topology.subnets_of(remote.key):
            if not is_workload(other):
                continue
            for route in direct:
                reached = route.addresses & other.ranges
                if reached:
                    yield from _peering_breach(topology, subnet, other, reached, peering.label)


def _peering_breach(
    topology: Topology, subnet: Subnet, other: Subnet, reached: Intervals, peering: str
) -> Iterator[Breach]:
    admitted = let_through(topology, subnet, other, reached)
    if admitted is None:
        return
    out, into = admitted
    yield Breach(
        peering,
        (
            f"{subnet.label} reaches {other.label} ({show_addresses(reached)}) over the "
            f"peering, bypassing the firewall: {out.rule} and {into.rule} allow "
            f"{into.traffic.protocol} {show_ports(into.traffic.ports)}."
        ),
        "Route the address range of the other network to the firewall, in both networks.",
        subnet.span,
    )


def let_through(
    topology: Topology, subnet: Subnet, other: Subnet, reached: Intervals
) -> tuple[Admitted, Admitted] | None:
    """Return an example of traffic from one subnet to another that both groups allow."""
    source_tags = _tags_of(topology, subnet)
    target_tags = _tags_of(topology, other)
    for protocol in PROTOCOLS:
        traffic = Traffic(subnet.ranges, reached, protocol, ANY_PORT)
        for out in admit(
            subnet.group, inbound=False, traffic=traffic, tags=source_tags, certain=False
        ):
            into = admit(
                other.group, inbound=True, traffic=out.traffic, tags=target_tags, certain=False
            )
            if into:
                return out, into[0]
    return None


def _tags_of(topology: Topology, subnet: Subnet) -> Tags:
    network: Network = topology.networks[subnet.network]
    return tags_of(topology, network, subnet)
