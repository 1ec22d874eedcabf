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
from provisioner.network.model.topology import HopType, SecurityGroup, Subnet, Topology
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
    breaches = [breach for subnet in subnets for breach in _breaches(topology, subnet)]
    breaches += find_gaps(NAME, topology, subnets)
    return conclude(NAME, CLAIM, breaches, f"{len(subnets)} subnets, all public addresses")


def _breaches(topology: Topology, subnet: Subnet) -> Iterator[Breach]:
    found = _breaches_of(topology, subnet)
    # A table that is not known may have the route that is missing.
    return (replace(each, certain=False) for each in found) if subnet.hidden else found


def _breaches_of(topology: Topology, subnet: Subnet) -> Iterator[Breach]:
    routing = route_subnet(topology, subnet)
    for route, public in public_routes(topology, subnet):
        yield from _of_route(topology, subnet, route, public)
    yield from _of_unknown_prefixes(topology, subnet, routing)


def _of_route(
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
            yield from _of_system_route(topology, subnet, public)
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


def _of_system_route(topology: Topology, subnet: Subnet, public: Intervals) -> Iterator[Breach]:
    network = topology.networks[subnet.network]
    tags = tags_of(topology, network, subnet)
    for way in find_egress_candidates(topology, subnet):
        groups = [subnet.group, *([way.group] if way.group else [])]
        for traffic in _traffic_of(way, groups, subnet.ranges, public):
            let = admit_through(groups, inbound=False, traffic=traffic, tags=tags, certain=False)
            if let:
                yield Breach(
                    way.element,
                    (
                        f"{subnet.label} sends {show_addresses(let[0].traffic.destinations)} "
                        f"through {way.words}: it has no route to the firewall, and "
                        f"{let[0].rule} allows the traffic."
                    ),
                    _HINT if way.shared else _HINT_OF_MACHINE,
                    way.span or subnet.span,
                    # A gateway of a network that was not read may teach the default route.
                    certain=way.known and network.known,
                )
                break


def _traffic_of(
    way: EgressCandidate,
    groups: Sequence[SecurityGroup | None],
    sources: Intervals,
    destinations: Intervals,
) -> Iterator[Traffic]:
    """Yield the traffic that can use an egress candidate, by protocol as the groups name them."""
    if way.protocols is None:
        yield from any_traffic(*groups, inbound=False, sources=sources, destinations=destinations)
        return
    for protocol in sorted(way.protocols):
        yield Traffic(sources, destinations, protocol, ANY_PORT)


_HINT = "Route 0.0.0.0/0 to the firewall, and set `defaultOutboundAccess: false`."
_HINT_OF_MACHINE = "Route 0.0.0.0/0 to the firewall, and remove this egress path."


def _of_unknown_prefixes(topology: Topology, subnet: Subnet, routing: Routing) -> Iterator[Breach]:
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
