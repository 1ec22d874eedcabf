"""Packet tracing: the hops of a packet, with the element that decides each.

`azsec trace`, the network diagram and the proofs of API server, firewall and services call it.
"""

from dataclasses import dataclass, replace

from provisioner.network.model.effective_routes import EffectiveRoute, route_subnet
from provisioner.network.model.firewalls import DEFAULT_DENY, FirewallVerdict, Target, decide
from provisioner.network.model.intervals import ANY_PORT, Intervals, show_address, show_ports
from provisioner.network.model.load_balancers import BalancerRule, LoadBalancer, RuleKind
from provisioner.network.model.security_groups import Traffic, judge
from provisioner.network.model.service_tags import PUBLIC, tags_of
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Firewall, HopType, Network, Peering, Subnet
from provisioner.network.paths.egress_candidates import (
    EgressCandidate,
    Member,
    find_egress_candidates,
    firewall_behind,
    members_in,
)


@dataclass(frozen=True, slots=True)
class Hop:
    """One decision on the path of a packet: the deciding `element`, its role and the outcome.

    One that is not `known` stops the packet because the deciding element was not read.
    """

    element: str
    role: str
    words: str
    passes: bool = True
    known: bool = True


@dataclass(frozen=True, slots=True)
class Path:
    """The path of a packet. `through` is the label of the firewall that it passed, or None."""

    hops: tuple[Hop, ...]
    delivered: bool
    through: str | None = None


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet to an address and a port.

    `name` is the host name of the destination and `tags` are the firewall's tags that hold it, by
    which application rules decide.
    """

    destination: int
    protocol: str
    port: int
    name: str | None = None
    tags: frozenset[str] = frozenset()


def trace_packet(topology: Topology, source: Subnet, packet: Packet) -> Path:
    """Return the path of a packet from the lowest usable address of a subnet."""
    if not source.ranges:
        return Path((rangeless(source),), delivered=False)
    hops: list[Hop] = []
    sender = Intervals(((source.ranges.lowest + 4, source.ranges.lowest + 4),))
    traffic = _traffic_of(sender, packet)
    network = topology.networks[source.network]
    tags = tags_of(topology, network, source)
    # Order of Azure: outbound rules of the sender, its route, whatever is there, inbound rules of
    # the receiver.
    passes, rule = judge(source.group, inbound=False, packet=traffic, tags=tags)
    hops.append(Hop(rule, "outbound rules", f"{'allow' if passes else 'deny'} it", passes))
    if not passes:
        return Path(tuple(hops), delivered=False)
    route = route_subnet(topology, source).to(packet.destination)
    if route.hop is HopType.APPLIANCE:
        return _trace_through_firewall(topology, source, packet, route, hops)
    hops.append(_route_hop(topology, source, route, traffic))
    if not hops[-1].passes:
        return Path(tuple(hops), delivered=False)
    # Elsewhere the packet leaves what the model knows: the internet, or an on-premises network.
    if route.hop in (HopType.VNET, HopType.PEERING):
        # A route of the user's for the network leads into its peers too.
        peers = [peering.remote for peering in network.peerings]
        towards = [source.network, *peers] if route.towards is None else [route.towards]
        return _trace_arrival(topology, traffic, hops, None, frozenset(towards))
    return Path(tuple(hops), delivered=True)


def rangeless(subnet: Subnet) -> Hop:
    """Return the hop that ends a trace at a subnet without a known IPv4 range.

    Such is one that the blueprint refers to and that was not read from Azure.
    """
    words = "has no IPv4 range that is known"
    return Hop(subnet.label, "subnet", words, passes=False, known=False)


def _traffic_of(sender: Intervals, packet: Packet) -> Traffic:
    return Traffic(
        sender,
        Intervals(((packet.destination, packet.destination),)),
        packet.protocol,
        Intervals(((packet.port, packet.port),)),
    )


def _route_hop(topology: Topology, source: Subnet, route: EffectiveRoute, traffic: Traffic) -> Hop:
    stated = f"{route.prefix} " if route.prefix else ""
    if route.hop is HopType.NONE:
        return Hop(route.label, "route", f"{stated}drops it", passes=False)
    if route.hop is HopType.INTERNET:
        # A route to the internet is not enough: a private subnet has no address to leave with.
        known = find_egress_candidates(topology, source)
        candidates = [
            candidate for candidate in known if _can_leave_by(topology, source, candidate, traffic)
        ]
        if not candidates and not route.user_defined:
            return Hop(
                route.label,
                "route",
                "leads to the internet, and it has no outbound public IP address",
                passes=False,
            )
        through = f", through {candidates[0].words}" if candidates else ""
        return Hop(route.label, "route", f"{stated}leads to the internet{through}")
    if route.hop is HopType.GATEWAY:
        return Hop(route.label, "route", f"{stated}leads to the virtual network gateway")
    where = "another network, over the peering" if route.hop is HopType.PEERING else "its network"
    return Hop(route.label, "route", f"{stated}leads into {where}")


def _can_leave_by(
    topology: Topology, source: Subnet, candidate: EgressCandidate, traffic: Traffic
) -> bool:
    """Return whether the security group of a machine, if it has one, allows a packet to leave."""
    tags = tags_of(topology, topology.networks[source.network], source)
    return judge(candidate.group, inbound=False, packet=traffic, tags=tags)[0]


def _trace_through_firewall(
    topology: Topology, source: Subnet, packet: Packet, route: EffectiveRoute, hops: list[Hop]
) -> Path:
    firewall = firewall_behind(topology, source, route)
    if firewall is None:
        words = f"{route.prefix} leads to {route.towards}, which is not the address of a firewall"
        return Path((*hops, Hop(route.label, "route", words, passes=False)), delivered=False)
    hops.append(Hop(route.label, "route", f"{route.prefix} leads to {firewall.label}"))
    # A trace that guesses at the rules of others would be believed.
    if not firewall.known:
        words = "is run by others and was not read (take `--of planned`)"
        hops.append(Hop(firewall.label, "firewall", words, passes=False, known=False))
        return Path(tuple(hops), delivered=False, through=firewall.label)
    # The route to a firewall in another network works only over the peering, which has to take
    # forwarded packets.
    broken = broken_leg(topology, topology.networks[source.network], firewall)
    if broken is not None:
        return Path((*hops, broken), delivered=False)
    target = Target(
        packet.protocol,
        packet.port,
        name=packet.name,
        addresses=Intervals(((packet.destination, packet.destination),)),
    )
    verdict = decide(firewall.policy, source.ranges, target, packet.tags)
    what = packet.name or show_address(packet.destination)
    hops.append(_rule_hop(firewall, verdict, what))
    if not verdict.allowed:
        return Path(tuple(hops), delivered=False, through=firewall.label)
    if packet.destination in PUBLIC:
        hops.append(Hop(firewall.label, "firewall", "sends it on to the internet"))
        return Path(tuple(hops), delivered=True, through=firewall.label)
    sender = Intervals(((source.ranges.lowest + 4, source.ranges.lowest + 4),))
    return _trace_from_firewall(topology, _traffic_of(sender, packet), firewall, hops)


def _rule_hop(firewall: Firewall, verdict: FirewallVerdict, what: str) -> Hop:
    if verdict.rule == DEFAULT_DENY:
        policy = firewall.policy.label if firewall.policy else firewall.label
        return Hop(policy, "firewall rules", f"none names {what}: denied", passes=False)
    words = f"{'allows' if verdict.allowed else 'denies'} {what}"
    return Hop(verdict.rule, "firewall rule", words, verdict.allowed)


def _trace_from_firewall(
    topology: Topology, traffic: Traffic, firewall: Firewall, hops: list[Hop]
) -> Path:
    network = topology.networks.get(firewall.network)
    connected = frozenset(
        {firewall.network, *(p.remote for p in network.peerings)} if network else ()
    )
    target = _subnet_at(topology, traffic.destinations.lowest, connected)
    if network is None or target is None:
        words = "knows no network with this address"
        return Path(
            (*hops, Hop(firewall.label, "firewall", words, passes=False)), False, firewall.label
        )
    remote = topology.networks[target.network]
    if remote.key != network.key:
        broken = broken_leg(topology, remote, firewall)
        if broken is not None:
            return Path((*hops, broken), delivered=False, through=firewall.label)
    hops.append(Hop(firewall.label, "firewall", f"sends it on into {remote.label}"))
    return _trace_arrival(topology, traffic, hops, firewall.label, connected)


def broken_leg(topology: Topology, network: Network, firewall: Firewall) -> Hop | None:
    """Return the hop that blocks the path between a network and a firewall, or None.

    Between networks both sides of a peering have to be there, connected, give access, and take
    what the firewall forwards (NET-07).
    """
    if network.key == firewall.network or not firewall.network:
        return None
    hub = topology.networks.get(firewall.network)
    # Peerings of a network that was not read are unknown, not absent.
    unread = next((each for each in (network, hub) if each is not None and not each.known), None)
    if unread is not None:
        words = "was not read: whether it is peered with the other side is not known"
        return Hop(unread.label, "peering", words, passes=False, known=False)
    ours = next((p for p in network.peerings if p.remote == firewall.network), None)
    theirs = next((p for p in hub.peerings if p.remote == network.key), None) if hub else None
    if ours is None or theirs is None:
        side = network.label if ours is None or hub is None else hub.label
        words = f"has no peering towards the other side ({firewall.label})"
        return Hop(side, "peering", words, passes=False)
    blocking = (_blocking_hop(peering) for peering in (ours, theirs))
    return next((stop for stop in blocking if stop is not None), None)


def _blocking_hop(peering: Peering) -> Hop | None:
    """Return the hop at which one side of a peering blocks forwarded packets, or None."""
    if not peering.access:
        return Hop(peering.label, "peering", "gives no access", passes=False)
    if peering.connected is False:
        return Hop(peering.label, "peering", "is not connected", passes=False)
    if not peering.forwarded:
        words = "takes nothing that a firewall forwards (allowForwardedTraffic)"
        return Hop(peering.label, "peering", words, passes=False)
    return None


def _trace_arrival(
    topology: Topology,
    traffic: Traffic,
    hops: list[Hop],
    through: str | None,
    networks: frozenset[str],
) -> Path:
    for balancer in topology.balancers:
        for key, frontend in balancer.frontends.items():
            # A private frontend answers for its address, which no machine has.
            subnet = topology.subnets.get(frontend.subnet)
            is_asked = frontend.address == traffic.destinations.lowest
            if is_asked and subnet is not None and subnet.network in networks:
                forwarded, delivered = _trace_load_balancer(
                    topology, traffic, balancer, key, subnet
                )
                return Path((*hops, *forwarded), delivered, through)
    subnet = _subnet_at(topology, traffic.destinations.lowest, networks)
    if subnet is None:
        words = f"no subnet holds {show_address(traffic.destinations.lowest)}"
        return Path((*hops, Hop("-", "subnet", words, passes=False)), False, through)
    tags = tags_of(topology, topology.networks[subnet.network], subnet)
    passes, rule = judge(subnet.group, inbound=True, packet=traffic, tags=tags)
    hop = Hop(rule, "inbound rules", f"{'allow' if passes else 'deny'} it", passes)
    arrived = [Hop(subnet.label, "subnet", "receives it")] if passes else []
    return Path((*hops, hop, *arrived), passes, through)


def _trace_load_balancer(
    topology: Topology, traffic: Traffic, balancer: LoadBalancer, frontend: str, subnet: Subnet
) -> tuple[tuple[Hop, ...], bool]:
    """Return the hops of a packet from a private frontend on, and whether it is delivered.

    A rule forwards it, with its source, to the members of the pool; the security groups there
    filter it, and that of the frontend's subnet does not.
    """
    name = balancer.frontends[frontend].name
    rule = next(
        (
            rule
            for rule in balancer.rules
            if rule.kind is not RuleKind.OUTBOUND
            and frontend in rule.frontends
            and traffic.protocol in rule.protocols
            and traffic.ports & rule.ports
        ),
        None,
    )
    if rule is None:
        what = f"{traffic.protocol} {show_ports(traffic.ports)}"
        return (Hop(balancer.label, _BALANCER, f"no rule of {name} takes {what}", False),), False
    # A balancer spreads over its members: one that takes the packet is enough, and of none that
    # does the first is shown.
    stopped: tuple[Hop, ...] = ()
    for other in topology.subnets_of(subnet.network):
        for member in members_in(topology, balancer, rule, other):
            words = f"{name} hands it on to {member.label} by the {rule.kind} {rule.name}"
            forwarded = Hop(balancer.label, _BALANCER, words)
            passes, decided = _judge_member(topology, traffic, rule, other, member)
            judged = Hop(decided, "inbound rules", f"{'allow' if passes else 'deny'} it", passes)
            if passes:
                return (forwarded, judged, Hop(other.label, "subnet", "receives it")), True
            stopped = stopped or (forwarded, judged)
    none = Hop(balancer.label, _BALANCER, f"nothing known is behind {rule.name}", passes=False)
    return stopped or (none,), False


_BALANCER = "load balancer"


def _judge_member(
    topology: Topology, traffic: Traffic, rule: BalancerRule, subnet: Subnet, member: Member
) -> tuple[bool, str]:
    """Return whether the groups before a member of a pool let a packet in, and what decides."""
    if member.address is None and not subnet.ranges:
        return False, f"{subnet.label}, which has no IPv4 range that is known,"
    # Azure keeps four addresses, and the source may stand on the first that is left.
    address = member.address if member.address is not None else subnet.ranges.lowest + 5
    ports = traffic.ports if rule.backend_ports == ANY_PORT else rule.backend_ports
    forwarded = replace(traffic, destinations=Intervals(((address, address),)), ports=ports)
    tags = tags_of(topology, topology.networks[subnet.network], subnet)
    passes, decided = judge(subnet.group, inbound=True, packet=forwarded, tags=tags)
    if passes and member.group is not None:
        return judge(member.group, inbound=True, packet=forwarded, tags=tags)
    return passes, decided


def _subnet_at(topology: Topology, address: int, networks: frozenset[str]) -> Subnet | None:
    """Return the subnet with an address, of some networks: others may use the same range."""
    inside = (subnet for key in networks for subnet in topology.subnets_of(key))
    return next((subnet for subnet in inside if address in subnet.ranges), None)
