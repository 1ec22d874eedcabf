"""Azure Firewall: evaluation of its policy, with the rule that decides.

Network rules go before application rules; within a kind, groups and collections by priority; what
no rule names is denied (rule-processing of Azure Firewall). A rule for a host name in a network
rule works only while the firewall answers DNS itself (guidelines.md §2.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.network.model.intervals import EVERYWHERE, NOTHING, Intervals, parse_addresses
from provisioner.network.model.topology_elements import FirewallPolicy, FirewallRule

DEFAULT_DENY = "no rule names it: denied"

_TRANSPORT_OF_WEB = {"https": ("tcp",), "http": ("tcp",), "mssql": ("tcp",)}


@dataclass(frozen=True, slots=True)
class Target:
    """The destination of a client behind a firewall.

    It is a host name (maybe with a leading `*.`), a service tag, or addresses; with a protocol
    (`tcp`, `udp`) and a port.
    """

    protocol: str
    port: int
    name: str | None = None
    tag: str | None = None
    addresses: Intervals = NOTHING

    def __str__(self) -> str:
        what = self.name or self.tag or "an address"
        return f"{what} ({self.protocol} {self.port})"


@dataclass(frozen=True, slots=True)
class FirewallVerdict:
    """The decision of a firewall: `rule` is the label of what decided."""

    allowed: bool
    rule: str


def decide(
    policy: FirewallPolicy | None,
    sources: Intervals,
    target: Target,
    covered: frozenset[str] = frozenset(),
) -> FirewallVerdict:
    """Return what a policy does with traffic from all of `sources` to a target.

    `covered` are FQDN tags that are known to hold the target's name, lower case.
    """
    if policy is None:
        return FirewallVerdict(False, "the firewall has no policy")
    for rule in _in_order(policy):
        # A rule for some of the sources decides nothing for all of them; required egress has to
        # hold for every node.
        if not _matches_port_and_protocol(rule, target) or not source_of(rule).covers(sources):
            continue
        if _matches_destination(rule, target, covered, policy):
            return FirewallVerdict(rule.allows, rule.label)
    return FirewallVerdict(False, DEFAULT_DENY)


def source_of(rule: FirewallRule) -> Intervals:
    """Return the addresses that a rule is for, as far as they are written as ranges."""
    joined = NOTHING
    for text in rule.sources:
        joined = joined | (parse_addresses(text) or NOTHING)
    return joined


def destination_of(rule: FirewallRule) -> Intervals:
    """Return the addresses that a network rule leads to, as far as they are written as ranges."""
    joined = NOTHING
    for text in rule.destinations:
        joined = joined | (parse_addresses(text) or NOTHING)
    return joined


def is_covered(name: str, pattern: str) -> bool:
    """Return whether every host that `name` matches is one that `pattern` matches.

    `*.example.com` matches every host below example.com, `*` all.
    """
    name, pattern = name.lower().rstrip("."), pattern.lower().rstrip(".")
    if pattern == "*" or name == pattern:
        return True
    if not pattern.startswith("*"):
        return False
    return name.endswith(pattern[1:])


def _in_order(policy: FirewallPolicy) -> Iterator[FirewallRule]:
    for kind in ("network", "application"):
        yield from (rule for rule in policy.rules if rule.kind == kind)


def _matches_port_and_protocol(rule: FirewallRule, target: Target) -> bool:
    if rule.ports and target.port not in rule.ports:
        return False
    if rule.kind == "application":
        return any(target.protocol in _TRANSPORT_OF_WEB.get(name, ()) for name in rule.protocols)
    return "any" in rule.protocols or target.protocol in rule.protocols


def _matches_destination(
    rule: FirewallRule, target: Target, covered: frozenset[str], policy: FirewallPolicy
) -> bool:
    if target.name is not None:
        # An FQDN in a network rule is resolved by the firewall: clients have to use the same
        # answers, which DNS proxy ensures.
        by_name = rule.kind == "application" or policy.dns_proxy
        if by_name and any(is_covered(target.name, pattern) for pattern in rule.names):
            return True
        if any(tag.lower() in covered for tag in rule.tags):
            return True
    if target.tag is not None and any(_tag_contains(tag, target.tag) for tag in rule.tags):
        return True
    destinations = target.addresses or EVERYWHERE
    return rule.kind == "network" and destination_of(rule).covers(destinations)


def _tag_contains(outer: str, inner: str) -> bool:
    """Return whether one service tag holds another (AzureMonitor, AzureMonitor.WestEurope)."""
    one, other = outer.lower(), inner.lower()
    return one == other or other.startswith(f"{one}.")
