"""Network security groups: exact evaluation of the traffic that they allow.

Proofs, packet traces and the exposure controls use it. Service tags have bounds (`service_tags`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provisioner.network.model.intervals import ANY_PORT, NOTHING, Intervals
from provisioner.network.model.service_tags import Tags
from provisioner.network.model.topology_elements import SecurityGroup, SecurityRule

PROTOCOLS = ("tcp", "udp", "icmp", "esp", "ah")
"""Every protocol that a rule of a network security group can name."""

NO_GROUP = "no network security group"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Packets: any of the sources to any of the destinations, on any of the ports."""

    sources: Intervals
    destinations: Intervals
    protocol: str
    ports: Intervals

    def __bool__(self) -> bool:
        return bool(self.sources) and bool(self.destinations) and bool(self.ports)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Traffic that a rule lets through."""

    traffic: Traffic
    rule: str


ALLOW_VNET_IN = "AllowVnetInBound"
"""The default rule that lets in what the tag VirtualNetwork holds."""

ALLOW_VNET_OUT = "AllowVnetOutBound"
"""The default rule that lets out what goes to the tag VirtualNetwork."""

_DEFAULT_RULES = tuple(
    SecurityRule(name, priority, inbound, allows, "*", (source,), (destination,), ANY_PORT)
    for name, priority, inbound, allows, source, destination in (
        (ALLOW_VNET_IN, 65000, True, True, "VirtualNetwork", "VirtualNetwork"),
        ("AllowAzureLoadBalancerInBound", 65001, True, True, "AzureLoadBalancer", "*"),
        ("DenyAllInBound", 65500, True, False, "*", "*"),
        (ALLOW_VNET_OUT, 65000, False, True, "VirtualNetwork", "VirtualNetwork"),
        ("AllowInternetOutBound", 65001, False, True, "*", "Internet"),
        ("DenyAllOutBound", 65500, False, False, "*", "*"),
    )
)
"""The rules that every group ends with (network-security-groups-overview)."""


def admit(
    group: SecurityGroup | None, *, inbound: bool, traffic: Traffic, tags: Tags, certain: bool
) -> tuple[Admitted, ...]:
    """Return the parts of `traffic` that a group lets through, with the rules that do.

    `certain` gives what is let through whatever service tags hold; without it, what may be. The
    two are the same where no service tag is named.
    """
    if group is None:
        return (Admitted(traffic, NO_GROUP),) if traffic else ()
    remaining = [traffic]
    found: list[Admitted] = []
    for rule in _rules_for(group, inbound, traffic.protocol):
        # Over-approximating allows and under-approximating denies (and the reverse for `certain`)
        # keeps the answer sound without the addresses of service tags, which change weekly.
        smaller, larger = _match_bounds(rule, traffic.protocol, tags)
        if rule.allows:
            hits = [_intersect(part, smaller if certain else larger) for part in remaining]
            label = _rule_label(group, rule)
            found += [Admitted(hit, label) for hit in hits if hit is not None]
            remaining = [rest for part in remaining for rest in _subtract(part, smaller)]
        else:
            denied = larger if certain else smaller
            remaining = [rest for part in remaining for rest in _subtract(part, denied)]
        if not remaining:
            break
    return tuple(found)


def judge(
    group: SecurityGroup | None, *, inbound: bool, packet: Traffic, tags: Tags
) -> tuple[bool, str]:
    """Return whether a group allows one packet (a traffic of one address each), and the rule.

    A service tag whose addresses are unknown is taken to hold the packet's address.
    """
    admitted = admit(group, inbound=inbound, traffic=packet, tags=tags, certain=False)
    if admitted or group is None:
        return True, admitted[0].rule if admitted else NO_GROUP
    for rule in _rules_for(group, inbound, packet.protocol):
        certain, _ = _match_bounds(rule, packet.protocol, tags)
        if not rule.allows and _intersect(packet, certain) is not None:
            return False, _rule_label(group, rule)
    return False, group.label


def _match_bounds(rule: SecurityRule, protocol: str, tags: Tags) -> tuple[Traffic, Traffic]:
    """Return what a rule certainly matches, and what it may match."""
    sources, destinations = tags.of(rule.sources), tags.of(rule.destinations)
    larger = Traffic(sources.may, destinations.may, protocol, rule.ports)
    # Clients choose their source port: such a rule never certainly matches.
    if rule.source_ports != ANY_PORT:
        return Traffic(NOTHING, NOTHING, protocol, rule.ports), larger
    return Traffic(sources.must, destinations.must, protocol, rule.ports), larger


def _rules_for(group: SecurityGroup, inbound: bool, protocol: str) -> Iterator[SecurityRule]:
    for rule in (*group.rules, *_DEFAULT_RULES):
        if rule.inbound == inbound and rule.protocol in ("*", "any", protocol):
            yield rule


def _rule_label(group: SecurityGroup, rule: SecurityRule) -> str:
    # Default rules have the same names in every group.
    return f"{group.label} {rule.label}" if rule.priority >= 65000 else rule.label


def _intersect(one: Traffic, other: Traffic) -> Traffic | None:
    """Return what two traffics of one protocol share; None for nothing."""
    # Nothing to intersect further once a side is empty, as it is for most pairs of rules.
    sources = one.sources & other.sources
    destinations = one.destinations & other.destinations if sources else NOTHING
    ports = one.ports & other.ports if destinations else NOTHING
    return Traffic(sources, destinations, one.protocol, ports) if ports else None


def _subtract(one: Traffic, other: Traffic) -> Iterator[Traffic]:
    """Yield what is left of `one`, as disjoint parts."""
    shared = _intersect(one, other)
    if shared is None:
        yield one
        return
    parts = (
        Traffic(one.sources - other.sources, one.destinations, one.protocol, one.ports),
        Traffic(shared.sources, one.destinations - other.destinations, one.protocol, one.ports),
        Traffic(shared.sources, shared.destinations, one.protocol, one.ports - other.ports),
    )
    yield from (part for part in parts if part)


def admit_through(
    groups: Iterable[SecurityGroup | None],
    *,
    inbound: bool,
    traffic: Traffic,
    tags: Tags,
    certain: bool,
) -> tuple[Admitted, ...]:
    """Return the parts of `traffic` that all of some groups allow, with the rules of the last one.

    The group of a subnet and that of an interface are evaluated one after the other.
    """
    found: tuple[Admitted, ...] = (Admitted(traffic, NO_GROUP),) if traffic else ()
    for group in groups:
        found = tuple(
            admitted
            for passed in found
            for admitted in admit(
                group, inbound=inbound, traffic=passed.traffic, tags=tags, certain=certain
            )
        )
    return found


def any_traffic(
    *groups: SecurityGroup | None, inbound: bool, sources: Intervals, destinations: Intervals
) -> Iterator[Traffic]:
    """Yield all traffic between two sets of addresses, one for each protocol that a rule names.

    Every other protocol meets the same rules: the first represents all of them.
    """
    rules = [rule for group in groups if group for rule in group.rules]
    named = {rule.protocol for rule in rules if rule.inbound == inbound}
    other = next((protocol for protocol in PROTOCOLS if protocol not in named), None)
    for protocol in PROTOCOLS:
        if protocol in named or protocol == other:
            yield Traffic(sources, destinations, protocol, ANY_PORT)
