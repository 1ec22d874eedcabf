"""Proof: workload subnets are not reachable from the internet (NET-03, NET-04, CLU-02.2)."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from provisioner.network.model.intervals import (
    ANY_PORT,
    NOTHING,
    Intervals,
    identify_addresses,
    show_ports,
)
from provisioner.network.model.load_balancers import RuleKind
from provisioner.network.model.security_groups import (
    ALLOW_VNET_IN,
    NO_GROUP,
    PROTOCOLS,
    Admitted,
    Traffic,
    admit,
)
from provisioner.network.model.service_tags import PUBLIC, tags_of
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Subnet
from provisioner.network.paths.egress_candidates import members_in, pools_in
from provisioner.network.proofs.proof import Breach, Proof, conclude, skip
from provisioner.network.proofs.unknowns import find_gaps

NAME = "inbound"
CLAIM = (
    "no network security group allows the internet into a workload subnet, and no node or "
    "virtual machine has a public IP address"
)


def prove_inbound(topology: Topology) -> Proof:
    """Prove that every workload subnet is closed to public sources.

    Neither a node nor the interface of a machine may have a public address.

    Traffic that a load balancer or a gateway hands on keeps its source, so the group is what
    decides, whatever leads there. Service tags of Azure's own services are not the internet.
    """
    subnets = topology.workload_subnets
    if not subnets:
        return skip(NAME, CLAIM, "there is no workload subnet")
    closed = _find_closed(topology, subnets)
    breaches = [
        breach for subnet in subnets for breach in _breaches_of_subnet(topology, subnet, closed)
    ]
    breaches += find_gaps(NAME, topology, subnets)
    return conclude(NAME, CLAIM, breaches, f"{len(subnets)} subnets, all public addresses")


def _find_closed(topology: Topology, subnets: Sequence[Subnet]) -> frozenset[str]:
    """Return the keys of the subnets to which no rule allows public sources.

    Judged together for those of one network that share a group and a route table, as they see the
    same service tags: what is not let into all of their ranges is let into none of them.
    """
    alike: dict[tuple[str, int, int], list[Subnet]] = {}
    for subnet in subnets:
        # Most subnets of a large network share a group and a table: one evaluation of their union
        # stands for all.
        alike.setdefault((subnet.network, id(subnet.group), id(subnet.table)), []).append(subnet)
    closed: set[str] = set()
    for those in alike.values():
        ranges = Intervals.of(pair for subnet in those for pair in subnet.ranges)
        if those[0].group is not None and not any(_admitted_sources(topology, those[0], ranges)):
            closed.update(subnet.key for subnet in those)
    return frozenset(closed)


def _admitted_sources(topology: Topology, subnet: Subnet, ranges: Intervals) -> Iterator[Admitted]:
    """Yield what the group of a subnet lets in of public sources, to some ranges."""
    seen = tags_of(topology, topology.networks[subnet.network], subnet)
    # Tags as AzureLoadBalancer or GatewayManager are Azure's own services: health probes are not
    # the internet.
    tags = replace(seen, services=NOTHING)
    for protocol in PROTOCOLS:
        traffic = Traffic(PUBLIC, ranges, protocol, ANY_PORT)
        yield from admit(subnet.group, inbound=True, traffic=traffic, tags=tags, certain=False)


def _breaches_of_subnet(topology: Topology, subnet: Subnet, closed: Set[str]) -> Iterator[Breach]:
    for _, pool in pools_in(topology, subnet):
        # Pods in a subnet of their own have no public addresses.
        if pool.public_addresses and pool.subnet == subnet.key:
            yield Breach(
                pool.label,
                f"every node of {pool.label} has a public IP address (enableNodePublicIP).",
                "Set `enableNodePublicIP: false` (replaces the node pool).",
                pool.span,
            )
    for interface in topology.interfaces_in(subnet):
        for each in interface.public_in(subnet.key):
            yield Breach(
                interface.label,
                (
                    f"{interface.label} in {subnet.label} has the public IP address "
                    f"{each.public}: its virtual machine is exposed to the internet."
                ),
                "Remove the public IP address, and use Azure Bastion.",
                interface.span,
                certain=each.known,
            )
    if subnet.key in closed:
        return
    found = list(_admitted_sources(topology, subnet, subnet.ranges))
    for rule, alike in _group_by_rule(found):
        frontends = [way for let in alike for way in _public_frontends(topology, subnet, let)]
        yield _rule_breach(subnet, rule, alike, frontends)


def _group_by_rule(found: Sequence[Admitted]) -> Iterator[tuple[str, Sequence[Traffic]]]:
    """Yield each rule with what it allows: once for all protocols of which it allows the same.

    A waiver is for one breach (docs/check.md), so what a rule lets in besides is another. What has
    no group, or only the default rule, is one breach: it names no rule that somebody wrote.
    """
    grouped: dict[tuple[object, ...], list[Traffic]] = {}
    for let in found:
        seen = let.traffic
        is_written = let.rule != NO_GROUP and not let.rule.endswith(ALLOW_VNET_IN)
        shape = (seen.sources, seen.destinations, seen.ports) if is_written else ()
        grouped.setdefault((let.rule, *shape), []).append(seen)
    for (rule, *_), alike in grouped.items():
        yield str(rule), alike


def _public_frontends(topology: Topology, subnet: Subnet, traffic: Traffic) -> Iterator[str]:
    """Yield the public frontends of load balancers that forward allowed traffic into a subnet.

    Each is described as text.
    """
    for balancer in topology.balancers:
        for rule in balancer.rules:
            if rule.kind is RuleKind.OUTBOUND or traffic.protocol not in rule.protocols:
                continue
            if not traffic.ports & rule.backend_ports:
                continue
            if members_in(topology, balancer, rule, subnet):
                for frontend in balancer.answering(rule):
                    yield f"{balancer.label} forwards it from its public frontend {frontend.name}"


def _rule_breach(
    subnet: Subnet, rule: str, alike: Sequence[Traffic], frontends: Sequence[str]
) -> Breach:
    if rule == NO_GROUP:
        return Breach(
            subnet.label,
            f"{subnet.label} has no network security group: inbound traffic is not filtered.",
            "Associate a network security group that denies inbound traffic by default.",
            subnet.span,
        )
    if rule.endswith(ALLOW_VNET_IN):
        return Breach(
            rule,
            (
                f"{rule} allows public addresses into {subnet.label}: a route in its table "
                "adds them to VirtualNetwork."
            ),
            "Add a rule that denies all inbound traffic at priority 4096.",
            subnet.span,
        )
    # The rule alone is the breach; what forwards to it today makes it urgent.
    through = f", and {' and '.join(dict.fromkeys(frontends))}" if frontends else ""
    let = alike[0]
    protocols = [each.protocol for each in alike]
    protocol = "any protocol" if set(protocols) == set(PROTOCOLS) else " and ".join(protocols)
    source = "any" if let.sources == PUBLIC else identify_addresses(let.sources)
    is_whole_subnet = let.destinations == subnet.ranges
    target = "the whole subnet" if is_whole_subnet else identify_addresses(let.destinations)
    what = f"{protocol}, port {show_ports(let.ports)}, from {source} to {target}"
    return Breach(
        rule,
        f"{rule} allows public addresses into {subnet.label} ({what}){through}.",
        "Restrict the sources, or add a deny rule with higher priority.",
        subnet.span,
    )
