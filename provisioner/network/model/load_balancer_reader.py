"""Reads load balancers from an estate: frontends, rules and the members of their pools.

`topology_reader` calls it for the topology; the model is in `load_balancers`.
"""

from collections.abc import Iterator, Mapping

from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Unknown, is_empty, lookup
from provisioner.network.model.interface_reader import node_resource_groups
from provisioner.network.model.intervals import ANY_PORT, Intervals, parse_addresses
from provisioner.network.model.load_balancers import (
    BalancerRule,
    Frontend,
    LoadBalancer,
    PoolAddress,
    RuleKind,
)

LOAD_BALANCER = "Microsoft.Network/loadBalancers"
_LISTS = {
    RuleKind.BALANCING: ("loadBalancingRules",),
    RuleKind.NAT: ("inboundNatRules", "inboundNatPools"),
    RuleKind.OUTBOUND: ("outboundRules",),
}
_PROTOCOLS = {"tcp": frozenset(("tcp",)), "udp": frozenset(("udp",))}
_ALL_PROTOCOLS = frozenset(("tcp", "udp"))
"""What a load balancer hands on or translates at all: ICMP it does not ("Outbound rules",
limitations)."""


def read_load_balancers(estate: Estate) -> Iterator[LoadBalancer]:
    """Yield the load balancers of an estate.

    Those that AKS manages beside the nodes are left out: the cluster's `outboundType` states what
    leaves by them.
    """
    node_groups = node_resource_groups(estate)
    for resource in estate.of_type(LOAD_BALANCER):
        if resource.id.container is not None and resource.id.container.key in node_groups:
            continue
        frontends = {
            _part_key(resource.id, "frontendIPConfigurations", entry): _read_frontend(entry)
            for entry in _entries_at(resource.body, "properties", "frontendIPConfigurations")
        }
        yield LoadBalancer(
            key=resource.id.key,
            label=resource.label,
            frontends=frontends,
            rules=tuple(_read_rules(resource, frontends)),
            addresses={
                _part_key(resource.id, "backendAddressPools", entry): tuple(_read_members(entry))
                for entry in _entries_at(resource.body, "properties", "backendAddressPools")
            },
            span=resource.span,
            declared=resource.address is not None,
        )


def _part_key(balancer: ResourceId, kind: str, entry: object) -> str:
    """Return the key of a part of a balancer."""
    name = lookup(entry, ("name",))
    return ResourceId(f"{balancer.type}/{kind}", (*balancer.names, str(name)), balancer.scope).key


def _read_frontend(entry: object) -> Frontend:
    properties = lookup(entry, ("properties",))
    subnet = parse_resource_id(lookup(properties, ("subnet", "id")))
    text = lookup(properties, ("privateIPAddress",))
    found = parse_addresses(text) if isinstance(text, str) else None
    return Frontend(
        name=str(lookup(entry, ("name",))),
        public=_public_name(properties),
        subnet=subnet.key if subnet else "",
        address=found.lowest if found else None,
    )


def _public_name(properties: object) -> str | None:
    """Return the name of the public address or prefix of a frontend; None for a private one.

    A frontend that is not in a subnet is public, whatever its address will be.
    """
    for name in ("publicIPAddress", "publicIPPrefix"):
        named = parse_resource_id(lookup(properties, (name, "id")))
        if named is not None:
            return named.name
    return None if not is_empty(lookup(properties, ("subnet",))) else "that is not known yet"


def _read_rules(resource: Resource, frontends: Mapping[str, Frontend]) -> Iterator[BalancerRule]:
    # A cross-region balancer forwards inbound to regional ones and gives no outbound path.
    is_global = str(lookup(resource.body, ("sku", "tier"))).lower() == "global"
    for kind, lists in _LISTS.items():
        for name in lists:
            for entry in _entries_at(resource.body, "properties", name):
                yield _read_rule(resource.id, kind, name, entry, frontends, is_global=is_global)


def _read_rule(
    balancer: ResourceId,
    kind: RuleKind,
    list_name: str,
    entry: object,
    frontends: Mapping[str, Frontend],
    *,
    is_global: bool,
) -> BalancerRule:
    properties = lookup(entry, ("properties",))
    named = tuple(
        _referenced_keys(properties, "frontendIPConfiguration", "frontendIPConfigurations")
    ) or tuple(frontends)
    targets = tuple(
        dict.fromkeys(_referenced_keys(properties, "backendAddressPool", "backendAddressPools"))
    )
    is_public = any(f is not None and f.public for f in map(frontends.get, named))
    snat_disabled = lookup(properties, ("disableOutboundSnat",))
    # "Load-balancing rules provide automatic programming of outbound NAT"; "when only inbound NAT
    # rules are used, no outbound NAT is provided" ("Outbound rules Azure Load Balancer").
    translates = kind is RuleKind.OUTBOUND or (
        kind is RuleKind.BALANCING and snat_disabled is not True
    )
    return BalancerRule(
        kind=kind,
        name=str(lookup(entry, ("name",))),
        frontends=named,
        targets=targets or (_part_key(balancer, list_name, entry),),
        protocols=_PROTOCOLS.get(str(lookup(properties, ("protocol",))).lower(), _ALL_PROTOCOLS),
        ports=_read_ports(properties, "frontendPort"),
        backend_ports=_read_ports(properties, "backendPort")
        or _read_ports(properties, "frontendPort"),
        leads_out=is_public and translates and not is_global,
        certain=not isinstance(snat_disabled, Unknown),
    )


def _read_ports(properties: object, name: str) -> Intervals:
    """Return the ports of a rule: 0 is any of them; nothing where the rule does not say."""
    first = lookup(properties, (f"{name}RangeStart",))
    last = lookup(properties, (f"{name}RangeEnd",))
    if isinstance(first, int) and isinstance(last, int):
        return Intervals(((first, last),))
    # Port 0 with protocol All is an HA ports rule, which takes every port.
    port = lookup(properties, (name,))
    if isinstance(port, int) and port > 0:
        return Intervals(((port, port),))
    return ANY_PORT if port == 0 or isinstance(port, Unknown) else Intervals(())


def _read_members(entry: object) -> Iterator[PoolAddress]:
    properties = lookup(entry, ("properties",))
    pool_network = parse_resource_id(lookup(properties, ("virtualNetwork", "id")))
    for member in _entries_at(properties, "loadBalancerBackendAddresses"):
        inner = lookup(member, ("properties",))
        text = lookup(inner, ("ipAddress",))
        found = parse_addresses(text) if isinstance(text, str) else None
        subnet = parse_resource_id(lookup(inner, ("subnet", "id")))
        # Of a pool by addresses the network is stated at the pool or at each member.
        network = parse_resource_id(lookup(inner, ("virtualNetwork", "id"))) or pool_network
        if found is not None:
            yield PoolAddress(
                found.lowest, network.key if network else "", subnet.key if subnet else ""
            )


def _referenced_keys(body: object, singular: str, plural: str) -> Iterator[str]:
    values = [lookup(body, (singular,)), *_entries_at(body, plural)]
    for value in values:
        named = parse_resource_id(lookup(value, ("id",)) if value is not ABSENT else None)
        if named is not None:
            yield named.key


def _entries_at(body: object, *path: str) -> tuple[object, ...]:
    found = lookup(body, path)
    return tuple(found) if isinstance(found, (list, tuple)) else ()
