"""Excess egress: firewall rules that allow more than the clusters of a network require.

The second half of the proof in `firewall_allowances`, which calls `excess_of` for each firewall.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from provisioner.catalog.egress import FQDN_TAGS, egress_of
from provisioner.network.model.dns_resolution import resolves
from provisioner.network.model.firewalls import (
    Target,
    decide,
    destination_of,
    is_covered,
    source_of,
)
from provisioner.network.model.intervals import NOTHING, Intervals, show_addresses, show_ports
from provisioner.network.model.service_tags import PUBLIC
from provisioner.network.model.topology import Topology, is_workload
from provisioner.network.model.topology_elements import Firewall, FirewallRule, Network
from provisioner.network.paths.egress_candidates import subnets_of
from provisioner.network.paths.packet_tracing import broken_leg
from provisioner.network.proofs.proof import Breach

TRANSPORT = {"https": "tcp", "http": "tcp"}
"""The transport protocol of an application protocol in the table of required egress."""


@dataclass(frozen=True, slots=True)
class _AllowedEgress:
    """Permitted egress: a host or a service tag, with transport protocol and port."""

    what: str
    protocol: str
    port: int


def excess_of(topology: Topology, firewall: Firewall) -> Iterator[Breach]:
    """Yield the egress that a firewall's rules allow and that no workload requires.

    What an earlier rule denies is not reached; rules between private addresses are the matter of
    other proofs.
    """
    # A firewall in a virtual hub has no network here; its clients are unknown.
    if firewall.policy is None or not firewall.network:
        return
    networks = [
        network
        for network in topology.networks.values()
        if broken_leg(topology, network, firewall) is None
        and any(is_workload(subnet) for subnet in topology.subnets_of(network.key))
    ]
    permitted = {network.key: _permitted_egress(topology, network) for network in networks}
    workloads = {network.key: _workload_ranges(topology, network) for network in networks}
    for rule in firewall.policy.rules:
        # DNAT rules are inbound (ENV-04.4).
        if not rule.allows or rule.kind == "nat":
            continue
        sources = source_of(rule)
        for network in networks:
            if sources & workloads[network.key] or rule.open_sources:
                yield from _excess_of_rule(
                    topology, firewall, rule, network, permitted[network.key]
                )


def _workload_ranges(topology: Topology, network: Network) -> Intervals:
    joined = NOTHING
    for subnet in topology.subnets_of(network.key):
        if is_workload(subnet):
            joined = joined | subnet.ranges
    return joined


def _permitted_egress(
    topology: Topology, network: Network
) -> tuple[tuple[_AllowedEgress, ...], frozenset[str]]:
    """Return the permitted egress of a network, and its permitted FQDN tags."""
    found: list[_AllowedEgress] = [
        _AllowedEgress(host, "tcp", port)
        for opening in topology.openings
        for host, port in product(opening.hosts, opening.ports)
    ]
    features: set[str] = set()
    for cluster in topology.clusters:
        if not any(s.network == network.key for s in subnets_of(topology, cluster)):
            continue
        features |= set(cluster.features)
        for feature in cluster.features:
            for need in egress_of(topology.cloud, feature, cluster.region) or ():
                protocol = TRANSPORT.get(need.protocol, need.protocol)
                found += [
                    _AllowedEgress(what, protocol, need.port) for what in (*need.hosts, *need.tags)
                ]
    # An FQDN tag is needed as a whole where one of its features is enabled: it cannot be divided.
    tags = frozenset(tag for tag, tag_features in FQDN_TAGS.items() if tag_features & features)
    return tuple(found), tags


def _excess_of_rule(
    topology: Topology,
    firewall: Firewall,
    rule: FirewallRule,
    network: Network,
    permitted: tuple[tuple[_AllowedEgress, ...], frozenset[str]],
) -> Iterator[Breach]:
    opened, fqdn_tags = permitted
    for name in rule.names:
        if _resolves_privately(topology, firewall, name):
            continue
        if not _is_needed(rule, name, opened) and not _is_shadowed(firewall, rule, name):
            yield _excess_breach(rule, network, f"{name} ({show_ports(rule.ports)})")
    for tag in (*rule.tags, *rule.categories):
        if tag.lower() in fqdn_tags:
            continue
        if not _is_needed(rule, tag, opened):
            yield _excess_breach(rule, network, f"all addresses of {tag}")
    # Required egress is by host name and tag; addresses of Azure services change, so a rule by
    # address never matches it.
    public = destination_of(rule) & PUBLIC
    if rule.kind == "network" and public:
        ranges_text = show_addresses(public)
        yield _excess_breach(rule, network, f"{ranges_text} ({', '.join(sorted(rule.protocols))} "
                                     f"{show_ports(rule.ports)})")  # fmt: skip


def _excess_breach(rule: FirewallRule, network: Network, what: str) -> Breach:
    return Breach(
        rule.label,
        f"{rule.label} allows {network.label} to reach {what}, which no cluster feature requires.",
        "Remove the rule, or declare the host in `egress` of the environment with the reason.",
        network.span,
    )


def _is_needed(rule: FirewallRule, what: str, opened: Iterable[_AllowedEgress]) -> bool:
    """Return whether all that a rule opens of a host or a tag is permitted egress."""
    protocols = {"tcp"} if rule.kind == "application" else rule.protocols
    matching = [one for one in opened if is_covered(what, one.what)]
    for protocol in protocols:
        ports = Intervals.of((o.port, o.port) for o in matching if o.protocol == protocol)
        # A rule for a required host on more ports than required is excess as well.
        if not rule.ports or not ports.covers(rule.ports):
            return False
    return bool(protocols)


def _is_shadowed(firewall: Firewall, rule: FirewallRule, name: str) -> bool:
    """Return whether an earlier rule denies a host on every port that `rule` opens."""
    protocols = {"tcp"} if rule.kind == "application" else rule.protocols & {"tcp", "udp"}
    verdicts = [
        decide(firewall.policy, source_of(rule), Target(protocol, port, name=name))
        for protocol in protocols
        for first, last in rule.ports
        for port in {first, last}
    ]
    return bool(verdicts) and not any(verdict.allowed for verdict in verdicts)


def _resolves_privately(topology: Topology, firewall: Firewall, name: str) -> bool:
    """Return whether a private zone answers for a name in the firewall's network."""
    firewall_network = topology.networks.get(firewall.network)
    if firewall_network is None:
        return False
    return any(
        is_covered(name, f"*.{zone.name}") and resolves(topology, firewall_network, zone)[0]
        for zone in topology.zones.values()
    )
