"""Proof: the firewall allows the required egress of clusters and no other (WRK-03.4, ENV-04.1)."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from provisioner.catalog.egress import FQDN_TAGS, EgressRule, egress_of
from provisioner.network.model.dns_resolution import resolves
from provisioner.network.model.effective_routes import route_subnet
from provisioner.network.model.firewalls import DEFAULT_DENY, Target, decide, is_covered
from provisioner.network.model.intervals import Intervals
from provisioner.network.model.security_groups import Traffic, admit, judge
from provisioner.network.model.service_tags import PUBLIC, tags_of
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Cluster, Firewall, HopType, Network, Subnet
from provisioner.network.paths.egress_candidates import (
    find_egress_candidates,
    firewall_behind,
    subnets_of,
)
from provisioner.network.paths.packet_tracing import Hop, broken_leg
from provisioner.network.proofs.excess_egress import TRANSPORT, excess_of
from provisioner.network.proofs.proof import Breach, Proof, conclude, skip

NAME = "allowances"
CLAIM = "firewall rules allow the egress that the clusters require, and nothing else"


def prove_allowances(topology: Topology) -> Proof:
    """Prove it for every cluster's features (`provisioner.catalog.egress`) and firewall rule.

    Beside what the features need, what the environment's `egress` names may be open, and names
    that a private zone answers where the firewall stands. A feature of which nobody knows what it
    needs makes the proof unknown.
    """
    if not topology.own_clusters and not topology.own_firewalls:
        return skip(NAME, CLAIM, "there is no cluster and no firewall")
    breaches = [b for cluster in topology.own_clusters for b in _missing_egress(topology, cluster)]
    breaches += [b for firewall in topology.own_firewalls for b in excess_of(topology, firewall)]
    rules = sum(len(f.policy.rules) for f in topology.own_firewalls if f.policy)
    return conclude(
        NAME, CLAIM, breaches, f"{len(topology.own_clusters)} clusters, {rules} firewall rules"
    )


def _missing_egress(topology: Topology, cluster: Cluster) -> Iterator[Breach]:
    """Yield the required egress of a cluster that its subnets do not have."""
    subnets = subnets_of(topology, cluster)
    for feature in cluster.features:
        needs = egress_of(topology.cloud, feature, cluster.region)
        if needs is None:
            yield Breach(
                cluster.label,
                (
                    f"{cluster.label} has {feature} enabled, and its required egress in "
                    f"{topology.cloud} is unknown."
                ),
                (
                    "Determine the required hosts, allow them, and declare them in `egress` of "
                    "the environment."
                ),
                cluster.span,
                certain=False,
            )
            continue
        for subnet, need in product(subnets, needs):
            # Optional needs (OS packages) may be open and need not.
            if not need.optional:
                yield from _missing_need(topology, cluster, subnet, feature, need)


def _missing_need(
    topology: Topology, cluster: Cluster, subnet: Subnet, feature: str, need: EgressRule
) -> Iterator[Breach]:
    network = topology.networks[subnet.network]
    # A host with a private endpoint is reached inside of the network, past the firewall.
    hosts = [host for host in need.hosts if not _resolves_privately(topology, network, host)]
    protocol = TRANSPORT.get(need.protocol, need.protocol)
    requirement = f"required by {feature} of {cluster.label}"
    if not hosts:
        return
    hosts_text = f"{hosts[0]} and {len(hosts) - 1} more" if len(hosts) > 1 else hosts[0]
    stop = _blocking_hop(topology, subnet, protocol, need.port)
    if stop is not None:
        yield Breach(
            stop.element,
            (
                f"{subnet.label} cannot reach {hosts_text} ({protocol} {need.port}), "
                f"{requirement}: {stop.words}."
            ),
            "Route the traffic to the firewall, or disable the feature.",
            subnet.span,
            certain=stop.known,
        )
        return
    for firewall in _firewalls_before(topology, subnet):
        if not firewall.known:
            yield Breach(
                firewall.label,
                (
                    f"the rules of {firewall.label} were not read: whether {subnet.label} "
                    f"reaches all that {cluster.label} requires is known only in a plan."
                ),
                "Run `azsec plan` with Reader on the firewall policy.",
                cluster.span,
                certain=False,
            )
            continue
        sources, policy = subnet.ranges, firewall.policy
        if any(
            decide(policy, sources, Target(protocol, need.port, tag=tag)).allowed
            for tag in need.tags
        ):
            continue
        # The hosts of an FQDN tag are Azure's to change: the tag covers those of a feature as a
        # whole.
        covered = frozenset(tag for tag, features in FQDN_TAGS.items() if feature in features)
        # By rule: one missing rule denies a dozen hosts, and is one thing to repair.
        denied: dict[str, list[str]] = {}
        for host in hosts:
            verdict = decide(policy, sources, Target(protocol, need.port, name=host), covered)
            if not verdict.allowed:
                denied.setdefault(verdict.rule, []).append(host)
        for rule, those in denied.items():
            yield Breach(
                _deciding_element(firewall, rule),
                (
                    f"{firewall.label} denies {', '.join(those)} ({protocol} {need.port}) to "
                    f"{subnet.label}, {requirement}: {rule}."
                ),
                f"Add an allow rule, or disable {feature}.",
                cluster.span,
            )


def _deciding_element(firewall: Firewall, rule: str) -> str:
    if firewall.policy is None:
        return firewall.label
    return firewall.policy.label if rule == DEFAULT_DENY else rule


def _blocking_hop(topology: Topology, subnet: Subnet, protocol: str, port: int) -> Hop | None:
    """Return the hop that blocks a subnet from every public address, or None."""
    network = topology.networks[subnet.network]
    tags = tags_of(topology, network, subnet)
    traffic = Traffic(subnet.ranges, PUBLIC, protocol, Intervals(((port, port),)))
    if not admit(subnet.group, inbound=False, traffic=traffic, tags=tags, certain=False):
        # For the message: the rule that denies one example.
        one = Traffic(subnet.ranges, _first_address(PUBLIC), protocol, traffic.ports)
        _, rule = judge(subnet.group, inbound=False, packet=one, tags=tags)
        return Hop(rule, "outbound rules", f"{rule} denies it", passes=False)
    stop = Hop(subnet.label, "route", "no route to the destination", passes=False)
    for route in route_subnet(topology, subnet).routes:
        if not route.addresses & PUBLIC:
            continue
        firewall = firewall_behind(topology, subnet, route)
        if firewall is not None:
            broken = broken_leg(topology, network, firewall)
            if broken is None:
                return None
            stop = replace(broken, words=f"{broken.element} {broken.words}")
        elif route.hop is HopType.INTERNET:
            # The address of a machine beside the nodes is of no use to them.
            if any(candidate.shared for candidate in find_egress_candidates(topology, subnet)):
                return None
            words = "it has no outbound public IP address"
            stop = replace(stop, words=words, known=network.known)
        elif route.hop is HopType.NONE:
            stop = Hop(route.label, "route", f"{route.label} drops it", passes=False)
    return stop


def _first_address(addresses: Intervals) -> Intervals:
    return Intervals(((addresses.lowest, addresses.lowest),))


def _firewalls_before(topology: Topology, subnet: Subnet) -> Iterator[Firewall]:
    found = {
        firewall.key: firewall
        for route in route_subnet(topology, subnet).routes
        if route.addresses & PUBLIC
        and (firewall := firewall_behind(topology, subnet, route)) is not None
    }
    yield from found.values()


def _resolves_privately(topology: Topology, network: Network, host: str) -> bool:
    """Return whether a private link zone answers for a host in a network."""
    for zone in topology.zones.values():
        public = zone.name.lower().removeprefix("privatelink.")
        if public != zone.name.lower() and is_covered(host, f"*.{public}"):
            return resolves(topology, network, zone)[0]
    return False
