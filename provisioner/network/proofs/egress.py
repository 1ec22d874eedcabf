"""Proof: workloads reach the internet through the firewall or an on-premises gateway only.

Controls ENV-04.1 and ENV-04.3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from provisioner.network.model.effective_routes import (
    EffectiveRoute,
    Routing,
    is_tunneled,
    public_routes,
    route_subnet,
)
from provisioner.network.model.intervals import ANY_PORT, Intervals, show_addresses
from provisioner.network.model.security_groups import Traffic, admit_through, any_traffic
from provisioner.network.model.service_tags import tags_of
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import HopType, SecurityGroup, Subnet
from provisioner.network.paths.egress_candidates import (
    EgressCandidate,
    find_egress_candidates,
    firewall_behind,
)
from provisioner.network.proofs.proof import Breach, Proof, conclude, skip
from provisioner.network.proofs.unknowns import find_gaps

NAME = "egress"
CLAIM = "no path from a workload subnet to the internet bypasses the firewall"


def prove_egress(topology: Topology) -> Proof:
    """Prove that public addresses are reached through the firewall only, or not at all.

    What goes to a virtual network gateway goes on premises and not to the internet: forced
    tunneling ("About forced tunneling for site-to-site"). What is let out there is not seen here.

    A route of the system's to the internet is harmless where nothing gives packets an address to
    leave with: a private subnet without a NAT gateway, in which no interface has a public address
    or is in the pool of an outbound rule. One that somebody wrote is never.
    """
    subnets = topology.workload_subnets
    if not subnets:
        return skip(NAME, CLAIM, "there is no workload subnet")
    breaches = [breach for subnet in subnets for breach in _breaches_of_subnet(topology, subnet)]
    breaches += find_gaps(NAME, topology, subnets)
    return conclude(NAME, CLAIM, breaches, f"{len(subnets)} subnets, all public addresses")


def _breaches_of_subnet(topology: Topology, subnet: Subnet) -> Iterator[Breach]:
    found = _certain_breaches(topology, subnet)
    # A table that is not known may have the route that is missing.
    return (replace(each, certain=False) for each in found) if subnet.hidden else found


def _certain_breaches(topology: Topology, subnet: Subnet) -> Iterator[Breach]:
    routing = route_subnet(topology, subnet)
    for route, public in public_routes(topology, subnet):
        yield from _route_breaches(topology, subnet, route, public)
    yield from _unknown_prefix_breaches(topology, subnet, routing)


def _route_breaches(
    topology: Topology, subnet: Subnet, route: EffectiveRoute, public: Intervals
) -> Iterator[Breach]:
    if route.hop is HopType.INTERNET:
        if route.user_defined:
            yield Breach(
                route.label,
                (
                    f"{subnet.label} sends {show_addresses(public)} to the internet, bypassing "
                    "the firewall."
                ),
                "Remove the route, or set its next hop to the firewall.",
                subnet.span,
            )
        else:
            yield from _system_route_breaches(topology, subnet, public)
    # An address that nobody owns drops the packets, until a machine takes it.
    elif route.hop is HopType.APPLIANCE and firewall_behind(topology, subnet, route) is None:
        yield Breach(
            route.label,
            (
                f"{subnet.label} sends {show_addresses(public)} to "
                f"{route.towards or 'nowhere'}, which is not the address of a firewall."
            ),
            "Set `nextHopIpAddress` of the route to the firewall's private IP address.",
            subnet.span,
        )


def _system_route_breaches(
    topology: Topology, subnet: Subnet, public: Intervals
) -> Iterator[Breach]:
    network = topology.networks[subnet.network]
    tags = tags_of(topology, network, subnet)
    for candidate in find_egress_candidates(topology, subnet):
        # Traffic passes the group of the interface and that of the subnet, one after the other.
        groups = [subnet.group, *([candidate.group] if candidate.group else [])]
        for traffic in _traffic_of(candidate, groups, subnet.ranges, public):
            admitted = admit_through(
                groups, inbound=False, traffic=traffic, tags=tags, certain=False
            )
            if admitted:
                yield Breach(
                    candidate.element,
                    (
                        f"{subnet.label} sends {show_addresses(admitted[0].traffic.destinations)} "
                        f"through {candidate.words}: it has no route to the firewall, and "
                        f"{admitted[0].rule} allows the traffic."
                    ),
                    _HINT if candidate.shared else _MACHINE_HINT,
                    candidate.span or subnet.span,
                    # A gateway of a network that was not read may teach the default route.
                    certain=candidate.known and network.known,
                )
                break


def _traffic_of(
    candidate: EgressCandidate,
    groups: Sequence[SecurityGroup | None],
    sources: Intervals,
    destinations: Intervals,
) -> Iterator[Traffic]:
    """Yield the traffic that can use an egress candidate, by protocol as the groups name them."""
    if candidate.protocols is None:
        yield from any_traffic(*groups, inbound=False, sources=sources, destinations=destinations)
        return
    for protocol in sorted(candidate.protocols):
        yield Traffic(sources, destinations, protocol, ANY_PORT)


_HINT = "Route 0.0.0.0/0 to the firewall, and set `defaultOutboundAccess: false`."
_MACHINE_HINT = "Route 0.0.0.0/0 to the firewall, and remove this egress path."


def _unknown_prefix_breaches(
    topology: Topology, subnet: Subnet, routing: Routing
) -> Iterator[Breach]:
    for route in routing.tagged:
        if route.hop is HopType.INTERNET:
            yield Breach(
                route.label,
                (
                    f"{subnet.label} sends the addresses of {route.prefix} to the internet, "
                    "bypassing the firewall."
                ),
                "Remove the route; firewall rules support service tags too.",
                subnet.span,
            )
    # A BGP route for a public prefix is longer than 0.0.0.0/0 and wins.
    if routing.learned_from is not None and not is_tunneled(routing):
        element = subnet.table.label if subnet.table else subnet.label
        yield Breach(
            element,
            (
                f"{subnet.label} accepts routes that {routing.learned_from} learns: one more "
                "specific than 0.0.0.0/0 bypasses the firewall."
            ),
            "Set `disableBgpRoutePropagation: true` on its route table.",
            subnet.span,
        )
    # Service endpoint routes are more specific than any default route, and cannot be overridden
    # by one.
    for service in routing.service_endpoints:
        yield Breach(
            subnet.label,
            (
                f"the service endpoint {service} of {subnet.label} allows every account of "
                "that service, bypassing the firewall."
            ),
            "Create a private endpoint and remove the service endpoint.",
            subnet.span,
        )
