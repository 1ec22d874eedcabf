"""A router that looks at one packet at a time agrees with the exact one.

It is written from Azure's rules alone (virtual-networks-udr-overview, network-security-groups-
overview, rule-processing of Azure Firewall), with prefixes and priorities and no arithmetic of
ranges.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.network.model.effective_routes import route_subnet
from provisioner.network.model.firewalls import Target, decide
from provisioner.network.model.intervals import Intervals, parse_addresses
from provisioner.network.model.security_groups import Traffic, admit, judge
from provisioner.network.model.service_tags import Tags, tags_of
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import (
    FirewallPolicy,
    FirewallRule,
    HopType,
    Network,
    Peering,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Subnet,
)

V4 = ipaddress.IPv4Network


def ranges(text: str) -> Intervals:
    found = parse_addresses(text)
    assert found is not None
    return found


def one(address: int) -> Intervals:
    return Intervals(((address, address),))


# Few different bits, so that prefixes hold each other and addresses hit them.
ADDRESSES = st.sampled_from([0x0A000000, 0x0A010000, 0x14000000, 0xAC100000, 0xC0A80000]).flatmap(
    lambda base: st.integers(0, 0x3FF).map(lambda low: base | (low << 6))
)
PREFIXES = st.builds(
    lambda address, length: str(ipaddress.ip_network((address, length), strict=False)),
    ADDRESSES,
    st.sampled_from([0, 1, 8, 9, 12, 15, 16, 17, 20, 24, 26]),
)
HOPS = st.sampled_from([HopType.APPLIANCE, HopType.INTERNET, HopType.NONE, HopType.VNET])


def network(key: str, spaces: list[str], peering: Peering | None) -> Network:
    return Network(
        key=key,
        label=key,
        name=key,
        prefixes=tuple(map(ranges, spaces)),
        dns_servers=(),
        peerings=(peering,) if peering else (),
        gateway=None,
        declared=True,
        span=None,
    )


def subnet(table: RouteTable | None, group: SecurityGroup | None = None) -> Subnet:
    return Subnet(
        key="here/subnets/s",
        label="s",
        name="s",
        network="here",
        ranges=ranges("10.0.0.0/26"),
        table=table,
        group=group,
        nat_gateway=None,
        private=True,
        service_endpoints=(),
        delegations=(),
        endpoint_policies=False,
        span=None,
    )


@dataclass(frozen=True)
class Net:
    """A network with a table, and a peer that may or may not answer."""

    spaces: list[str]
    remote: list[str]
    access: tuple[bool, bool]
    routes: dict[str, HopType]

    def topology(self) -> tuple[Topology, Subnet]:
        ours, theirs = (
            Peering("to", remote, access, False, False, False, None)
            for remote, access in zip(("there", "here"), self.access, strict=True)
        )
        routes = tuple(
            Route(prefix, prefix, hop, "10.9.9.9" if hop is HopType.APPLIANCE else None)
            for prefix, hop in self.routes.items()
        )
        here = subnet(RouteTable("rt", routes, propagates=False))
        networks = {
            "here": network("here", self.spaces, ours),
            "there": network("there", self.remote, theirs),
        }
        return Topology("AzureCloud", networks, {here.key: here}), here

    def candidates(self) -> Iterator[tuple[V4, int, HopType]]:
        """Yield (prefix, rank, hop) of every route there is; a lower rank wins among equals."""
        for prefix, hop in self.routes.items():
            yield V4(prefix), 0, hop
        for space in self.spaces:
            yield V4(space), 1, HopType.VNET
        if all(self.access):
            for space in self.remote:
                yield V4(space), 2, HopType.PEERING
        if "0.0.0.0/0" not in self.routes:
            for space in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"):
                yield V4(space), 3, HopType.NONE
        yield V4("0.0.0.0/0"), 4, HopType.INTERNET

    def hop_to(self, address: int) -> HopType:
        where = ipaddress.IPv4Address(address)
        fitting = [c for c in self.candidates() if where in c[0]]
        return min(fitting, key=lambda c: (-c[0].prefixlen, c[1]))[2]


NETS = st.builds(
    Net,
    st.lists(PREFIXES, min_size=1, max_size=3, unique=True),
    st.lists(PREFIXES, min_size=1, max_size=2, unique=True),
    st.tuples(st.booleans(), st.booleans()),
    st.dictionaries(PREFIXES, HOPS, max_size=6),
)


@settings(max_examples=300, deadline=None)
@given(NETS, st.lists(ADDRESSES | st.integers(0, 2**32 - 1), min_size=1, max_size=20))
def test_routes_are_those_of_the_longest_prefix(net, packets):
    topology, here = net.topology()
    routing = route_subnet(topology, here)
    for address in packets:
        assert routing.to(address).hop is net.hop_to(address), ipaddress.IPv4Address(address)
    assert sum(route.addresses.size for route in routing.routes) == 2**32


PORTS = st.sampled_from([22, 80, 443, 3389, 8080])
RULES = st.builds(
    lambda priority, inbound, allows, protocol, source, destination, low, high: SecurityRule(
        f"r{priority}", priority, inbound, allows, protocol, (source,), (destination,),
        Intervals(((min(low, high), max(low, high)),)),
    ),
    st.integers(100, 4096), st.booleans(), st.booleans(), st.sampled_from(["*", "tcp", "udp"]),
    PREFIXES | st.just("*"), PREFIXES | st.just("*"), PORTS, PORTS,
)  # fmt: skip
GROUPS = st.lists(RULES, max_size=8, unique_by=lambda rule: rule.priority).map(
    lambda rules: SecurityGroup("nsg", tuple(sorted(rules, key=lambda rule: rule.priority)))
)


def holds(prefix: str, address: int, virtual_network: list[str], inside: bool) -> bool:
    """Tell whether a rule's prefix holds an address. `inside` is for the tag Internet."""
    where = ipaddress.IPv4Address(address)
    network = any(where in V4(space) for space in virtual_network)
    if prefix == "VirtualNetwork":
        return network
    if prefix == "Internet":
        return inside
    if prefix == "AzureLoadBalancer":
        return str(where) == "168.63.129.16"
    return prefix == "*" or where in V4(prefix)


DEFAULTS = [
    (True, True, "VirtualNetwork", "VirtualNetwork"),
    (True, True, "AzureLoadBalancer", "*"),
    (True, False, "*", "*"),
    (False, True, "VirtualNetwork", "VirtualNetwork"),
    (False, True, "*", "Internet"),
    (False, False, "*", "*"),
]


def is_let(
    group: SecurityGroup, inbound: bool, source: int, destination: int, port: int, tags: Tags
) -> bool:
    """Look at the rules one by one, as Azure does with a TCP packet."""
    spaces = ["10.0.0.0/16", "168.63.129.16/32"]
    public = destination in tags.of(["Internet"]).must
    for rule in group.rules:
        if rule.inbound != inbound or rule.protocol not in ("*", "tcp"):
            continue
        (low, high), = rule.ports  # fmt: skip
        if not low <= port <= high:
            continue
        if holds(rule.sources[0], source, spaces, public) and holds(
            rule.destinations[0], destination, spaces, public
        ):
            return rule.allows
    for of_inbound, allows, from_, to in DEFAULTS:
        fits = holds(from_, source, spaces, public) and holds(to, destination, spaces, public)
        if of_inbound == inbound and fits:
            return allows
    raise AssertionError("the last rule is for everything")


PACKETS = st.tuples(ADDRESSES, ADDRESSES | st.integers(0, 2**32 - 1), PORTS)


@settings(max_examples=300, deadline=None)
@given(GROUPS, st.booleans(), st.lists(PACKETS, min_size=1, max_size=12))
def test_groups_let_through_what_their_first_fitting_rule_says(group, inbound, packets):
    here = subnet(None, group)
    home = network("here", ["10.0.0.0/16"], None)
    tags = tags_of(Topology("AzureCloud", {"here": home}, {here.key: here}), home, here)
    everything = Traffic(ranges("*"), ranges("*"), "tcp", Intervals(((0, 65535),)))
    whole = admit(group, inbound=inbound, traffic=everything, tags=tags, certain=True)
    for source, destination, port in packets:
        packet = Traffic(one(source), one(destination), "tcp", one(port))
        wanted = is_let(group, inbound, source, destination, port, tags)
        assert judge(group, inbound=inbound, packet=packet, tags=tags)[0] == wanted
        hits = [
            part
            for part in whole
            if source in part.traffic.sources
            and destination in part.traffic.destinations
            and port in part.traffic.ports
        ]
        assert bool(hits) == wanted
        # The parts are disjoint: a packet is let through by one rule.
        assert len(hits) <= 1


FIREWALL_RULES = st.builds(
    lambda order, allows, source, destination, ports: FirewallRule(
        label=f"r{order}", kind="network", order=order, allows=allows,
        protocols=frozenset({"tcp"}), sources=(source,), destinations=(destination,), names=(),
        tags=(), ports=Intervals.of((port, port) for port in ports),
    ),
    st.tuples(st.integers(100, 300), st.integers(100, 300), st.integers(0, 3)), st.booleans(),
    PREFIXES | st.just("*"), PREFIXES | st.just("*"), st.sets(PORTS, min_size=1),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(FIREWALL_RULES, max_size=8, unique_by=lambda rule: rule.order),
    st.lists(PACKETS, min_size=1, max_size=12),
)
def test_firewalls_take_the_first_fitting_rule_by_priority(rules, packets):
    ordered = sorted(rules, key=lambda rule: rule.order)
    policy = FirewallPolicy("p", "p", tuple(ordered), dns_proxy=True, dns_servers=())
    for source, destination, port in packets:
        fitting = [
            rule
            for rule in ordered
            if holds(rule.sources[0], source, [], False)
            and holds(rule.destinations[0], destination, [], False)
            and port in {low for low, high in rule.ports for low in range(low, high + 1)}
        ]
        ruling = decide(policy, one(source), Target("tcp", port, addresses=one(destination)))
        assert ruling.allowed == (fitting[0].allows if fitting else False)
        if fitting:
            assert ruling.rule == fitting[0].label


PAIRS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda p: (p[0], p[0] + p[1])), max_size=6
)


def numbers(pairs) -> set[int]:
    return {number for low, high in pairs for number in range(low, high + 1)}


@given(PAIRS, PAIRS)
def test_intervals_are_sets(one_pairs, other_pairs):
    ours, theirs = Intervals.of(one_pairs), Intervals.of(other_pairs)
    assert numbers(ours | theirs) == numbers(one_pairs) | numbers(other_pairs)
    assert numbers(ours & theirs) == numbers(one_pairs) & numbers(other_pairs)
    assert numbers(ours - theirs) == numbers(one_pairs) - numbers(other_pairs)
    assert ours.covers(theirs) == (numbers(other_pairs) <= numbers(one_pairs))
    assert ours.size == len(numbers(one_pairs))
    assert all((number in ours) == (number in numbers(one_pairs)) for number in range(75))
    # There is one way to write a set.
    assert Intervals.of(reversed(one_pairs)) == ours
