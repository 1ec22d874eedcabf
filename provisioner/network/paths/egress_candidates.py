"""Egress candidates of a subnet: NAT gateway, public addresses, outbound rules, default access.

Packet traces and the egress proof combine them with the effective routes; `firewall_behind` finds
the firewall that is the next hop of a route.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.model.span import Span
from provisioner.network.model.effective_routes import EffectiveRoute
from provisioner.network.model.intervals import parse_addresses, show_address
from provisioner.network.model.load_balancers import BalancerRule, LoadBalancer
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import (
    Cluster,
    Firewall,
    HopType,
    Pool,
    SecurityGroup,
    Subnet,
)


@dataclass(frozen=True, slots=True)
class EgressCandidate:
    """An egress candidate: it gives packets of a subnet a public source address.

    One that is not `shared` is that of a single machine, behind a security group of its own
    (`group`) if it has one; one with `protocols` carries no others. If it is not `known`, its
    existence is unknown.
    """

    element: str
    words: str
    span: Span | None = None
    shared: bool = True
    group: SecurityGroup | None = None
    known: bool = True
    protocols: frozenset[str] | None = None


def find_egress_candidates(topology: Topology, subnet: Subnet) -> tuple[EgressCandidate, ...]:
    """Return the egress candidates for packets of a subnet that are routed to the internet.

    Those of the whole subnet come before those of one machine.

    A public address of an interface leads out as far as the routes lead to the internet: "Virtual
    appliance UDR / VPN Gateway / ExpressRoute >> NAT gateway >> instance-level public IP address >>
    load balancer outbound rules >> default system route" (learn.microsoft.com, "What is Azure NAT
    Gateway?", traffic routes). Behind a route to an appliance or a gateway it opens no way out, and
    answers to what comes in by it go there too (virtual-networks-udr-overview, "0.0.0.0/0 address
    prefix").
    """
    found = []
    if subnet.nat_gateway is not None:
        found.append(EgressCandidate(subnet.nat_gateway, f"the NAT gateway {subnet.nat_gateway}"))
    for cluster, pool in pools_in(topology, subnet):
        if pool.public_addresses:
            found.append(
                EgressCandidate(pool.label, f"the public addresses of {pool.label}", pool.span)
            )
        # Load balancer and NAT gateway of these outbound types are AKS's, and in no body that is
        # read.
        if cluster.outbound in ("loadBalancer", "managedNATGateway"):
            words = f"the outbound rules of {cluster.label} (outboundType {cluster.outbound})"
            found.append(EgressCandidate(cluster.label, words, cluster.span))
    # "Azure provides default outbound access ... when there's no explicit outbound connectivity
    # method": a NAT gateway on a subnet is one for all that stands in it
    # (learn.microsoft.com, "Default outbound access in Azure").
    if not subnet.private and subnet.nat_gateway is None:
        found.append(EgressCandidate(subnet.label, "Azure's default outbound access"))
    for interface in topology.interfaces_in(subnet):
        for each in interface.public_in(subnet.key):
            words = f"the public address {each.public} of {interface.label}"
            known = each.known and not interface.hides_group
            found.append(
                EgressCandidate(
                    interface.label, words, interface.span, False, interface.group, known
                )
            )
    found += _load_balancer_candidates(topology, subnet)
    # Several pools of one cluster have the same outbound rules.
    return tuple(dict.fromkeys(found))


def _load_balancer_candidates(topology: Topology, subnet: Subnet) -> Iterator[EgressCandidate]:
    for balancer in topology.balancers:
        for rule in balancer.rules:
            if not rule.leads_out:
                continue
            for member in members_in(topology, balancer, rule, subnet):
                yield EgressCandidate(
                    balancer.label,
                    f"the {rule.kind} {rule.name} of {balancer.label} (for {member.label})",
                    balancer.span,
                    shared=False,
                    group=member.group,
                    known=rule.certain and member.known,
                    protocols=rule.protocols,
                )


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a load balancer's backend in a subnet.

    It is an interface with the security group of its own, or an address of which nothing else is
    known. `address` is None before Azure has given it.
    """

    label: str
    address: int | None
    group: SecurityGroup | None = None
    known: bool = True


def members_in(
    topology: Topology, balancer: LoadBalancer, rule: BalancerRule, subnet: Subnet
) -> tuple[Member, ...]:
    """Return the members in a subnet that a rule of a load balancer forwards to."""
    # Membership is stated by the interfaces (pools by NIC) or by the pool (pools by address).
    targets = frozenset(rule.targets)
    found = [
        Member(interface.label, each.address, interface.group, not interface.hides_group)
        for interface in topology.interfaces_in(subnet)
        for each in interface.configurations
        if each.subnet == subnet.key and not targets.isdisjoint(each.pools)
    ]
    for key in rule.targets:
        for member in balancer.addresses.get(key, ()):
            is_in_subnet = member.subnet == subnet.key or (
                member.network == subnet.network and member.address in subnet.ranges
            )
            if is_in_subnet:
                found.append(Member(show_address(member.address), member.address))
    return tuple(found)


def pools_in(topology: Topology, subnet: Subnet) -> tuple[tuple[Cluster, Pool], ...]:
    """Return the node pools whose nodes or pods stand in a subnet."""
    return topology.pools_in(subnet)


def subnets_of(topology: Topology, cluster: Cluster) -> tuple[Subnet, ...]:
    """Return the subnets that nodes and pods of a cluster stand in."""
    keys = [key for pool in cluster.pools for key in (pool.subnet, pool.pod_subnet) if key]
    return tuple(topology.subnets[key] for key in dict.fromkeys(keys) if key in topology.subnets)


def firewall_behind(topology: Topology, source: Subnet, route: EffectiveRoute) -> Firewall | None:
    """Return the firewall that a route of a subnet leads to, or None for one that leads elsewhere.

    A firewall whose address Azure has yet to give is known by reference, or by an address in its
    subnet, which holds nothing else. Of several with one address, which networks that do not meet
    may have, it is the one in the subnet's network or in a peered one.
    """
    if route.hop is not HopType.APPLIANCE or route.towards is None:
        return None
    fitting = [f for f in topology.firewalls if _is_at_address(topology, f, route.towards)]
    network = topology.networks[source.network]
    near = {network.key, *(peering.remote for peering in network.peerings)}
    return next((f for f in fitting if f.network in near), fitting[0] if fitting else None)


def _is_at_address(topology: Topology, firewall: Firewall, address: str) -> bool:
    found = parse_addresses(address)
    if found is None:
        return firewall.key == address
    if firewall.address is not None:
        return firewall.address == found.lowest
    subnet = topology.subnets.get(firewall.subnet)
    return subnet is not None and found.lowest in subnet.ranges
