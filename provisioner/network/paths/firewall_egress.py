"""Firewall rules that open a subnet to the internet at large: addresses and hosts of anybody.

A rule that denies takes away what it names, for those and on those ports that it names, and leaves
the rest to the rules behind it. What is left is exact: boxes of senders, ports and addresses.
Facts: the documentation "Azure Firewall rule processing logic".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from provisioner.catalog.egress import CLOUDS, egress_of
from provisioner.network.model.firewalls import destination_of, is_covered, source_of
from provisioner.network.model.intervals import EVERYWHERE, NOTHING, Intervals
from provisioner.network.model.public_host_names import is_anybodys
from provisioner.network.model.public_ranges import PublicReach, is_rented
from provisioner.network.model.service_tags import PUBLIC
from provisioner.network.model.topology_elements import FirewallRule

_TRANSPORTS = ("tcp", "udp")
_NTP = Intervals(((123, 123),))
"""The port of NTP: AKS's table of what nodes need has `*:123` over UDP."""


@dataclass(frozen=True, slots=True)
class InternetEgress:
    """An opening to the internet at large; not `certain` where a rule is known in part only."""

    certain: bool
    words: str


@dataclass(frozen=True, slots=True)
class _Box:
    sources: Intervals
    ports: Intervals
    destinations: Intervals

    def __bool__(self) -> bool:
        return bool(self.sources and self.ports and self.destinations)

    def __sub__(self, other: "_Box") -> "tuple[_Box, ...]":
        # Three disjoint pieces instead of eight: what differs in sources, then in ports, then in
        # destinations.
        sources, ports = self.sources & other.sources, self.ports & other.ports
        pieces = (
            _Box(self.sources - other.sources, self.ports, self.destinations),
            _Box(sources, self.ports - other.ports, self.destinations),
            _Box(sources, ports, self.destinations - other.destinations),
        )
        return tuple(piece for piece in pieces if piece)


def find_internet_egress(
    rules: Sequence[FirewallRule], sources: Intervals
) -> Iterator[InternetEgress]:
    """Yield the openings to the internet that a firewall's rules, in order, give some addresses."""
    network = [rule for rule in rules if rule.kind == "network"]
    for transport in _TRANSPORTS:
        of_transport = [
            replace(rule, ports=rule.ports - _NTP) if transport == "udp" else rule
            for rule in network
            if {transport, "any"} & rule.protocols
        ]
        yield from _network_rule_egress(of_transport, sources, transport)
    # Web protocols run over TCP, and network rules are asked first.
    first = [r for r in network if {"tcp", "any"} & r.protocols and not r.allows]
    web = [rule for rule in rules if rule.kind == "application"]
    # By protocol, since an application rule for http says nothing of https.
    for protocol in sorted({name for rule in web for name in rule.protocols}):
        yield from _application_rule_egress(
            [r for r in web if protocol in r.protocols], sources, first
        )


def _network_rule_egress(
    rules: Sequence[FirewallRule], sources: Intervals, transport: str
) -> Iterator[InternetEgress]:
    denying: list[FirewallRule] = []
    reached = NOTHING
    for rule in rules:
        if not rule.allows:
            denying.append(rule)
            continue
        before = reached
        reached = reached | _reachable(rule, sources, denying, destination_of(rule) & PUBLIC)
        reach = PublicReach(ipv4=reached)
        # Reported at the rule that crosses the threshold: halves of the internet in two rules are
        # all of it.
        if reached != before and reach.holds_strangers:
            yield _egress_of(rule, denying, f"{reach} over {transport.upper()}")
        for tag in rule.tags:
            if _is_shared_tag(tag, rule, transport) and _reachable(
                rule, sources, denying, PUBLIC, tag
            ):
                yield _egress_of(rule, denying, f"all that {tag} stands for")
        # An IP group that was not read may hold everything.
        if rule.open_destinations or (rule.open_sources and _is_wide(rule)):
            senders = sources if rule.open_sources else source_of(rule) & sources
            if _subtract_denied(_Box(senders, rule.ports, PUBLIC), sources, denying):
                yield InternetEgress(
                    False, f"{rule.label} names an IP group of which nothing is known"
                )


def _application_rule_egress(
    rules: Sequence[FirewallRule], sources: Intervals, first: Sequence[FirewallRule]
) -> Iterator[InternetEgress]:
    denying = list(first)
    for rule in rules:
        if not rule.allows:
            denying.append(rule)
            continue
        for name in filter(is_anybodys, rule.names):
            if PublicReach(ipv4=_reachable(rule, sources, denying, PUBLIC, name)).holds_strangers:
                yield _egress_of(rule, denying, f"whatever host {name} stands for")
            elif rule.open_sources:
                yield InternetEgress(
                    False, f"{rule.label} names an IP group of which nothing is known"
                )
        # Categories are lists of Microsoft's that change; some of their hosts take uploads of
        # anybody.
        for category in rule.categories:
            if _reachable(rule, sources, denying, PUBLIC, category):
                words = f"{rule.label} allows it to all of the web category {category}"
                yield InternetEgress(False, f"{words}, and whose hosts those are is not known")


def _egress_of(rule: FirewallRule, denying: Sequence[FirewallRule], where: str) -> InternetEgress:
    """Return an outlet.

    It is not certain where an earlier rule that is known in part only may deny it.
    """
    partly_known = next((r for r in denying if r.open_sources or r.open_destinations), None)
    words = f"{rule.label} allows it to {where}"
    if partly_known is None:
        return InternetEgress(True, words)
    return InternetEgress(False, f"{words}, unless an IP group of {partly_known.label} holds it")


def _reachable(
    rule: FirewallRule,
    sources: Intervals,
    denying: Sequence[FirewallRule],
    destinations: Intervals,
    what: str = "",
) -> Intervals:
    """Return what some sources reach of `destinations` by a rule, without what earlier rules deny.

    `what` is the tag or the host by which the rule names the destinations.
    """
    box = _Box(source_of(rule) & sources, rule.ports, destinations)
    return _subtract_denied(box, sources, denying, what)


def _subtract_denied(
    box: _Box, sources: Intervals, denying: Sequence[FirewallRule], what: str = ""
) -> Intervals:
    boxes: tuple[_Box, ...] = (box,) if box else ()
    for rule in denying:
        named = EVERYWHERE if what and _names_destination(rule, what) else destination_of(rule)
        denied = _Box(source_of(rule) & sources, rule.ports, named)
        if denied:
            boxes = tuple(piece for one in boxes for piece in one - denied)
    joined = NOTHING
    for one in boxes:
        joined = joined | one.destinations
    return joined


def _names_destination(rule: FirewallRule, what: str) -> bool:
    if rule.kind == "application" and any(is_covered(what, name) for name in rule.names):
        return True
    return what.lower() in (text.lower() for text in (*rule.tags, *rule.categories))


def _is_wide(rule: FirewallRule) -> bool:
    reach = PublicReach(ipv4=destination_of(rule) & PUBLIC)
    return reach.holds_strangers or any(is_rented(tag) for tag in rule.tags)


_ACCOUNT_TAGS = frozenset(("storage", "sql", "eventhub", "servicebus", "azurecosmosdb"))
"""Tags of services in which anybody has an account to send data to."""


def _is_shared_tag(tag: str, rule: FirewallRule, transport: str) -> bool:
    """Return whether others receive what is sent to a tag: they rent addresses or have accounts.

    AKS requires the tag of a region, on the ports of its tunnel.
    """
    family, _, region = tag.partition(".")
    if family.lower() in _ACCOUNT_TAGS:
        return True
    if not is_rented(tag):
        return False
    # The table of required egress names AzureCloud.REGION on UDP 1194 and TCP 9000 (guidelines.md
    # §2.1).
    tunnel = Intervals.of(
        (need.port, need.port)
        for cloud in CLOUDS
        for need in egress_of(cloud, "public-api-server", region) or ()
        if need.protocol == transport and tag.lower() in (name.lower() for name in need.tags)
    )
    return not (region and tunnel.covers(rule.ports))
