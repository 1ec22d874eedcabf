"""Checks of subnets: size for their demand, names, delegations and sharing, as recommendations.

Whatever Azure refuses of a subnet, and of resources in it, is a service rule instead
(`provisioner/service_rules`).

Sources: guidelines.md §2.2, NET-03, NET-11; the documentation of Azure Firewall, Bastion, VPN
Gateway and Route Server for their subnets; the Virtual network FAQ for the least size of a subnet.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.catalog.node_pools import CLUSTER
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.estate import Estate
from provisioner.model.values import lookup
from provisioner.network.addresses.demand import DemandKind
from provisioner.network.addresses.overlaps import propose_range
from provisioner.network.addresses.plan import (
    RESERVED,
    AddressPlan,
    Subnet,
    VirtualNetwork,
)

ROUTE = "Microsoft.Network/routeTables/routes"

_SMALLEST = 29
"""The smallest subnet that Azure takes."""

_DEFAULT_ROUTES = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True)
class Rule:
    """The requirements of one service for its subnet: the name and the minimum size.

    `default_route` are the next hops that a route for all addresses may have there; None allows
    any.
    """

    name: str
    prefix: int
    holds: DemandKind | None
    default_route: tuple[str, ...] | None


RULES = (
    Rule("AzureFirewallSubnet", 26, DemandKind.FIREWALL, None),
    Rule(
        "AzureFirewallManagementSubnet", 26, DemandKind.FIREWALL_MANAGEMENT, ("Internet",),
    ),
    Rule("AzureBastionSubnet", 26, DemandKind.BASTION, ()),
    Rule("GatewaySubnet", 27, DemandKind.GATEWAY, ()),
    Rule("RouteServerSubnet", 27, DemandKind.ROUTE_SERVER, ()),
)  # fmt: skip

_RULE_BY_NAME = {rule.name.lower(): rule for rule in RULES}
_RULE_BY_KIND = {rule.holds: rule for rule in RULES if rule.holds}

_API_SERVER_PREFIX = 28


def check_subnets(plan: AddressPlan, estate: Estate) -> Iterator[Diagnostic]:
    """Yield what is wrong with the subnets of a plan."""
    for network in plan.networks.values():
        for subnet in network.subnets:
            yield from check_subnet(subnet, network, estate)


def check_subnet(subnet: Subnet, network: VirtualNetwork, estate: Estate) -> Iterator[Diagnostic]:
    """Yield what is wrong with one subnet of a network."""
    rule = _RULE_BY_NAME.get(subnet.name.lower())
    if rule is None and not subnet.demands:
        return  # most subnets of an estate: nothing in it has needs
    # Azure can allocate a range from an address pool; a malformed one is a service rule's matter.
    if not subnet.known and not subnet.wrong and subnet.demands:
        yield warning(
            "unknown-range",
            f"{subnet.resource.label} has no range that is known before Azure gives it, so "
            "its size is not checked.",
            subnet.resource.span,
            "State its addressPrefix.",
        )
    yield from _check_size(subnet, network)
    if rule is not None:
        yield from _check_service_subnet(subnet, rule, estate)
    yield from _check_delegations(subnet)
    yield from _check_company(subnet, rule)


def _check_size(subnet: Subnet, network: VirtualNetwork) -> Iterator[Diagnostic]:
    usable = subnet.usable if subnet.demands else None
    if usable is None:
        return
    least = sum(demand.least for demand in subnet.demands)
    most = sum(demand.addresses or demand.least for demand in subnet.demands)
    sizes = [f"/{one.prefixlen}" for one in subnet.ranges if one.version == 4]
    size = sizes[0] if len(sizes) == 1 else " + ".join(sizes)
    total = usable + RESERVED * len(sizes)
    available = (
        f"a {size} has {usable:,} ({total:,} less the {RESERVED * len(sizes)} that Azure reserves)"
    )
    words = describe_demands(subnet)
    required_prefix = _prefix_for(most)
    taken = [r for s in network.subnets for r in s.ranges]
    hint = f"A /{required_prefix} has {2 ** (32 - required_prefix) - RESERVED:,}. " + propose_range(
        network, taken, required_prefix
    )
    # Two thresholds: below `least` something cannot be created, below `most` the cluster runs and
    # cannot grow.
    if least > usable:
        yield warning(
            "small-subnet",
            f"{subnet.resource.label}: {words}; {least:,} addresses are needed, {available}.",
            subnet.resource.span,
            hint,
        )
    elif most > usable:
        yield warning(
            "tight-subnet",
            f"{subnet.resource.label}: {words}; {most:,} addresses are needed when every node is "
            f"full of pods, {available}.",
            subnet.resource.span,
            hint,
        )


def describe_demands(subnet: Subnet) -> str:
    """Return as text what takes addresses of a subnet, and the arithmetic."""
    # Nodes and pods dominate, and their numbers are what a reader can change: their arithmetic is
    # written out.
    nodes = [d for d in subnet.demands if d.kind in (DemandKind.NODES, DemandKind.PODS)]
    words = [
        f"{demand.resource.label}: {demand.arithmetic}" if len(nodes) > 1 else demand.arithmetic
        for demand in nodes
    ]
    api_servers = [d for d in subnet.demands if d.kind is DemandKind.API_SERVER]
    if api_servers:
        each = api_servers[0].least
        product_text = f" = {each * len(api_servers)}" if len(api_servers) > 1 else ""
        words.append(
            f"{each} for the API server of "
            + (
                f"each of {len(api_servers)} clusters{product_text}"
                if product_text
                else "1 cluster"
            )
        )
    endpoints = [d for d in subnet.demands if d.kind is DemandKind.ENDPOINT]
    if endpoints:
        count = sum(demand.least for demand in endpoints)
        words.append(f"{count:,} for private endpoints")
    for kind in (DemandKind.INTERFACE, DemandKind.FRONTEND, DemandKind.LINK_SERVICE):
        demands = [d for d in subnet.demands if d.kind is kind]
        if demands:
            count = sum(demand.least for demand in demands)
            words.append(f"{count:,} for {kind}s")
    words += [
        f"{demand.resource.label}: {demand.arithmetic}"
        for demand in subnet.demands
        if demand.kind in (DemandKind.APPLICATION_GATEWAY, DemandKind.OTHER)
    ]
    return "; ".join(words)


def _prefix_for(addresses: int) -> int:
    """Return the longest prefix of a subnet that gives so many addresses."""
    # Azure refuses a subnet smaller than a /29.
    return min(_SMALLEST, 32 - (addresses + RESERVED - 1).bit_length())


def _check_service_subnet(subnet: Subnet, rule: Rule, estate: Estate) -> Iterator[Diagnostic]:
    label, span = subnet.resource.label, subnet.resource.span
    for one in subnet.ranges:
        if one.version == 4 and one.prefixlen > rule.prefix:
            yield warning(
                "small-subnet",
                f"{label}: a /{one.prefixlen} has {one.num_addresses:,} addresses; "
                f"{rule.name} needs a /{rule.prefix} or larger, "
                f"{2 ** (32 - rule.prefix):,} addresses.",
                span,
                f"Give it a /{rule.prefix}.",
            )
    # Azure's own services refuse a delegated subnet.
    for service in subnet.delegations:
        yield warning(
            "delegation-refused",
            f"{label}: {rule.name} cannot be delegated, and is to {service}.",
            span,
            "Leave delegations out.",
        )
    if subnet.route_table is not None:
        yield from _check_routes(subnet, rule, estate)


def _check_routes(subnet: Subnet, rule: Rule, estate: Estate) -> Iterator[Diagnostic]:
    table = subnet.route_table
    if table is None:
        return
    for route in estate.children(table, ROUTE):
        prefix = lookup(route.body, ("properties", "addressPrefix"))
        hop = lookup(route.body, ("properties", "nextHopType"))
        if rule.default_route is None or prefix not in _DEFAULT_ROUTES or hop in rule.default_route:
            continue
        allowed = " or ".join(rule.default_route)
        yield warning(
            "default-route-refused",
            f"{subnet.resource.label}: {route.label} sends {prefix} of {rule.name} to {hop}; "
            + (f"only {allowed} may be there." if allowed else "such a route may not be there."),
            route.span or subnet.resource.span,
            "Give the subnet another route table, or none.",
        )


def _check_delegations(subnet: Subnet) -> Iterator[Diagnostic]:
    """Yield delegations that do not fit what is in a subnet.

    guidelines.md §2.2: AKS accepts no delegated subnet for nodes, nor Azure one for endpoints; the
    subnets of pods and of API servers are delegated to AKS.
    """
    label, span = subnet.resource.label, subnet.resource.span
    foreign = [name for name in subnet.delegations if name.lower() != CLUSTER.lower()]
    kinds = {demand.kind for demand in subnet.demands}
    # A delegation list that is known in part may hold the one that is missed.
    is_missing = not subnet.delegations and not subnet.hides_delegations
    if DemandKind.API_SERVER in kinds and (foreign or is_missing):
        has = f"to {', '.join(foreign)}" if foreign else "to nothing"
        yield warning(
            "delegation-missing",
            f"{label}: the subnet of an API server is delegated to {CLUSTER} and to nothing else; "
            f"this one is delegated {has}.",
            span,
            f"Set delegations to {CLUSTER}.",
        )
    # An API server subnet is judged above; nodes beside it are a matter of sharing.
    refused = {
        DemandKind.NODES: subnet.delegations,
        DemandKind.ENDPOINT: subnet.delegations,
        DemandKind.PODS: tuple(foreign),
    }
    for kind, services in refused.items():
        if kind in kinds and services and DemandKind.API_SERVER not in kinds:
            what = "private endpoints" if kind is DemandKind.ENDPOINT else kind.value
            yield warning(
                "delegation-refused",
                f"{label}: a subnet with {what} cannot be delegated, and is to "
                f"{', '.join(services)}.",
                span,
                "Leave delegations out, or give them a subnet of their own.",
            )


def _check_company(subnet: Subnet, rule: Rule | None) -> Iterator[Diagnostic]:
    """Yield what is in a subnet of the wrong name, and what shares a dedicated subnet."""
    for demand in subnet.demands:
        # What has no facts only refers to the subnet; whether it takes addresses there is not
        # known.
        certain = demand.kind is not DemandKind.OTHER
        if rule is not None and certain and demand.kind not in _RULE_BY_KIND:
            yield warning(
                "shared-subnet",
                f"{demand.resource.label}: {rule.name} is for one service alone, and these "
                f"{demand.kind} are in it.",
                demand.resource.span or subnet.resource.span,
                "Give them a subnet of their own.",
            )
    yield from _check_shared_use(subnet)
    api_server = [d for d in subnet.demands if d.kind is DemandKind.API_SERVER]
    for one in subnet.ranges if api_server else ():
        if one.version == 4 and one.prefixlen > _API_SERVER_PREFIX:
            yield warning(
                "small-subnet",
                f"{subnet.resource.label}: a /{one.prefixlen} has {one.num_addresses} addresses; "
                f"the API server of {api_server[0].resource.label} needs a /{_API_SERVER_PREFIX} "
                f"or larger, {2 ** (32 - _API_SERVER_PREFIX)} addresses.",
                subnet.resource.span,
                f"Give it a /{_API_SERVER_PREFIX}.",
            )


def _check_shared_use(subnet: Subnet) -> Iterator[Diagnostic]:
    """Yield subnets that are shared against guidelines.md §2.2.

    API servers share a subnet with nothing, and pods not with nodes.
    """
    kinds = {demand.kind for demand in subnet.demands} - {DemandKind.OTHER}
    # Several API servers may share a subnet, and several clusters one for pods.
    for kind in (DemandKind.API_SERVER, DemandKind.PODS):
        others = sorted(kinds - {kind, DemandKind.API_SERVER})
        if kind in kinds and others:
            other_demand = next(d for d in subnet.demands if d.kind == others[0])
            yield warning(
                "shared-subnet",
                f"{subnet.resource.label}: {others[0]} of {other_demand.resource.label} are in the "
                f"subnet of {_NAMES_OF_KINDS[kind]}, which is for that alone.",
                subnet.resource.span,
                "Give each a subnet of its own.",
            )


_NAMES_OF_KINDS: dict[DemandKind, str] = {
    DemandKind.FIREWALL: "a firewall",
    DemandKind.FIREWALL_MANAGEMENT: "the management of a firewall",
    DemandKind.BASTION: "a Bastion host",
    DemandKind.GATEWAY: "a gateway",
    DemandKind.API_SERVER: "an API server",
    DemandKind.PODS: "pods",
}
