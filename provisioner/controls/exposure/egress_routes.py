"""Egress of a subnet: the next hop of every public address, by its effective routes.

The routing is that of the proofs: the longest prefix wins, so that routes are judged by what they
take together. Facts: the documentation "Virtual network traffic routing" and "Customize cluster
egress with outbound types in AKS"; guidelines.md §2.1 and §2.3.

Called by controls of the chapters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from provisioner.catalog.registry import Catalog
from provisioner.controls.resource_types import (
    FIREWALL,
    FIREWALL_POLICY,
    IP_GROUP,
    NETWORK,
    NETWORK_GATEWAY,
    PEERING,
    PUBLIC_ADDRESS,
    ROUTE,
    ROUTE_TABLE,
    RULE_COLLECTION_GROUP,
    SUBNET,
)
from provisioner.controls.verdict import Verdict
from provisioner.model.cidr import parse_range
from provisioner.model.estate import Estate
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup
from provisioner.network.model.effective_routes import (
    EffectiveRoute,
    is_tunneled,
    public_routes,
    route_subnet,
)
from provisioner.network.model.intervals import (
    EVERYWHERE,
    NOTHING,
    Intervals,
    parse_addresses,
    show_addresses,
)
from provisioner.network.model.public_ranges import read_reach
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Firewall, HopType, Network, Route, Subnet
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.paths.egress_candidates import firewall_behind
from provisioner.network.paths.firewall_egress import find_internet_egress

CONFIGURATIONS = "properties.ipConfigurations"
TABLE = "properties.routeTable.id"
PREFIX = "properties.addressPrefix"
PREFIXES = "properties.addressPrefixes"
HOP = "properties.nextHopType"
_ADDRESS = "properties.ipAddress"

ROUTE_READS: Mapping[str, tuple[str, ...]] = {
    SUBNET: (TABLE, PREFIX, PREFIXES, "properties.serviceEndpoints"),
    ROUTE_TABLE: ("properties.disableBgpRoutePropagation",),
    ROUTE: (PREFIX, HOP, "properties.nextHopIpAddress"),
    NETWORK: ("properties.addressSpace.addressPrefixes",),
    PEERING: (
        "properties.remoteVirtualNetwork.id",
        "properties.allowVirtualNetworkAccess",
        "properties.useRemoteGateways",
        "properties.allowGatewayTransit",
    ),
    NETWORK_GATEWAY: (CONFIGURATIONS, "properties.gatewayDefaultSite.id"),
    FIREWALL: (
        CONFIGURATIONS,
        "properties.firewallPolicy.id",
        "properties.networkRuleCollections",
        "properties.applicationRuleCollections",
    ),
    FIREWALL_POLICY: ("properties.basePolicy.id",),
    RULE_COLLECTION_GROUP: ("properties.priority", "properties.ruleCollections"),
    IP_GROUP: ("properties.ipAddresses",),
    PUBLIC_ADDRESS: (_ADDRESS,),
}
"""What effective routes, and the rules of the firewalls behind them, are read from."""

_CLOUD = "AzureCloud"
"""Names of a cloud's services matter to no route."""

_NOT_INTERNET = ("none", "virtualappliance", "virtualnetworkgateway")
_IPV6 = Intervals(((2 << 124, (4 << 124) - 1),))


@dataclass(frozen=True, slots=True)
class EgressVerdict:
    """Verdict on some public addresses that a subnet sends somewhere."""

    verdict: Verdict
    evidence: str


def _topology_of(estate: Estate) -> Topology:
    read = read_topology(estate, _CLOUD)
    # A network that only its subnets are known of: what it holds itself is private all the same.
    unread = {s.network: _network_by_key(s.network) for s in read.subnets.values()}
    return replace(read, networks={**unread, **read.networks})


def find_routed(estate: Estate, _catalog: Catalog) -> Mapping[str, bool]:
    """Return whether each subnet's public addresses are all routed elsewhere than to the internet.

    It is by the subnet's key; the routes are those that somebody wrote, or that its gateway has.
    """
    topology = _topology_of(estate)
    return {
        key: not any(
            route.hop is HopType.INTERNET for route, _public in public_routes(topology, subnet)
        )
        for key, subnet in topology.subnets.items()
    }


def find_egress(estate: Estate, _catalog: Catalog) -> Mapping[str, tuple[EgressVerdict, ...]]:
    """Return where each subnet sends the public addresses, by the key of the subnet."""
    topology = _topology_of(estate)
    firewall_addresses = _firewall_addresses(estate, topology)
    return {
        key: (
            *_judge_egress(topology, subnet, firewall_addresses),
            *_judge_ipv6_egress(estate, subnet),
        )
        for key, subnet in topology.subnets.items()
    }


def _network_by_key(network: str) -> Network:
    name = network.rpartition("/")[2]
    return Network(network, name, name, (), (), (), None, declared=False, span=None)


def _firewall_addresses(estate: Estate, topology: Topology) -> Intervals:
    addresses = NOTHING
    for firewall in topology.firewalls:
        for key in firewall.public_addresses:
            found = estate.resources.get(key)
            address = lookup(found.body, _ADDRESS.split(".")) if found else None
            read = parse_addresses(address) if isinstance(address, str) else None
            addresses = addresses | (read or NOTHING)
    return addresses


def _judge_egress(
    topology: Topology, subnet: Subnet, firewall_addresses: Intervals
) -> Iterator[EgressVerdict]:
    routing = route_subnet(topology, subnet)
    # A propagated route of the same or a longer prefix takes packets past the firewall
    # (guidelines.md ENV-04.1).
    if subnet.table is not None and subnet.table.propagates and not is_tunneled(routing):
        evidence = f"disableBgpRoutePropagation of {subnet.table.label} is not true"
        yield EgressVerdict(Verdict.FAIL, evidence)
    for route, public in public_routes(topology, subnet):
        yield from _judge_route(topology, subnet, route, public, firewall_addresses)
    # Routes by service tag hold for addresses that Azure changes every week; that they go to the
    # internet is certain without knowing them.
    for tagged in routing.tagged:
        yield from _judge_service_tag(subnet, tagged)
    # A service endpoint adds routes of its own (VirtualNetworkServiceEndpoint) which are longer
    # than 0.0.0.0/0.
    for service in routing.service_endpoints:
        evidence = f"its service endpoint allows every account of {service}, bypassing all routes"
        yield EgressVerdict(Verdict.FAIL, f"{subnet.label}: {evidence}")


def _judge_route(
    topology: Topology,
    subnet: Subnet,
    route: EffectiveRoute,
    public: Intervals,
    firewall_addresses: Intervals,
) -> Iterator[EgressVerdict]:
    route_label = f"{subnet.label} by {route.label}"
    if route.hop is HopType.INTERNET and route.user_defined:
        # The documentation of AKS routes the firewall's own public address like this, so that
        # answers to what came in by it leave by it.
        if not firewall_addresses.covers(public):
            yield EgressVerdict(
                Verdict.FAIL, f"{route_label} sends {show_addresses(public)} to the internet"
            )
    elif route.hop is HopType.INTERNET:
        evidence = f"{subnet.label} has no route for {show_addresses(public)}"
        yield EgressVerdict(Verdict.FAIL, f"{evidence}, expected one to the firewall")
    elif route.hop is HopType.GATEWAY:
        evidence = "has next hop VirtualNetworkGateway, to your own network"
        yield EgressVerdict(Verdict.PASS, f"{route_label} {evidence}")
    elif route.hop is HopType.NONE and route.user_defined:
        yield EgressVerdict(Verdict.PASS, f"{route_label} drops {show_addresses(public)}")
    elif route.hop is HopType.APPLIANCE:
        yield from _judge_appliance(topology, subnet, route, route_label)


def _judge_appliance(
    topology: Topology, subnet: Subnet, route: EffectiveRoute, route_label: str
) -> Iterator[EgressVerdict]:
    firewall = firewall_behind(topology, subnet, route)
    if firewall is None:
        towards = route.towards or "an address that is known after apply"
        # What is no address yet refers to what will have it, and that is no firewall.
        is_reference = parse_addresses(towards) is None
        all_known = all(_has_known_addresses(topology, one) for one in topology.firewalls)
        # An address that is not known yet could be the firewall's; with all firewalls placed, it
        # cannot.
        if topology.firewalls and (is_reference or all_known):
            yield EgressVerdict(
                Verdict.FAIL, f"{route_label} has next hop {towards}, which is not a firewall"
            )
        else:
            yield EgressVerdict(
                Verdict.UNKNOWN, f"{route_label} has next hop {towards}, which is unknown"
            )
        return
    rules = firewall.policy.rules if firewall.policy else ()
    egress_rules = tuple(find_internet_egress(rules, subnet.ranges or EVERYWHERE))
    for egress_rule in egress_rules:
        verdict = Verdict.FAIL if egress_rule.certain else Verdict.UNKNOWN
        yield EgressVerdict(
            verdict, f"{route_label} has next hop {firewall.label}, where {egress_rule.words}"
        )
    if not firewall.known and (firewall.network or not firewall.declared):
        evidence = f"has next hop {firewall.label}, whose policy was not read completely"
        yield EgressVerdict(Verdict.UNKNOWN, f"{route_label} {evidence}")
    elif not egress_rules:
        yield EgressVerdict(Verdict.PASS, f"{route_label} has next hop {firewall.label}")


def _has_known_addresses(topology: Topology, firewall: Firewall) -> bool:
    """Return whether it is known of every address whether it is this firewall's."""
    subnet = topology.subnets.get(firewall.subnet)
    return firewall.address is not None or (subnet is not None and bool(subnet.ranges))


def _judge_service_tag(subnet: Subnet, route: Route) -> Iterator[EgressVerdict]:
    if route.hop is HopType.INTERNET and parse_range(route.prefix) is None:
        evidence = f"sends the addresses of {route.prefix} to the internet"
        yield EgressVerdict(Verdict.FAIL, f"{subnet.label} by {route.label} {evidence}")


def _judge_ipv6_egress(estate: Estate, subnet: Subnet) -> Iterator[EgressVerdict]:
    """Yield what a subnet sends to the internet over IPv6, which Azure Firewall does not filter."""
    found = estate.resources.get(subnet.key)
    if found is None or not any(_is_ipv6(text) for text in _prefixes_of(found.body)):
        return
    table = parse_resource_id(lookup(found.body, TABLE.split(".")))
    routed = []
    for route in estate.children(table, ROUTE) if table else ():
        prefix = lookup(route.body, PREFIX.split("."))
        if not _is_ipv6(prefix):
            continue
        if str(lookup(route.body, HOP.split("."))).lower() in _NOT_INTERNET:
            routed.append(str(prefix))
        else:
            evidence = f"sends {prefix} to the internet over IPv6"
            yield EgressVerdict(Verdict.FAIL, f"{subnet.label} by {route.label} {evidence}")
    # 2000::/3 is all that is routed on the internet over IPv6.
    if not read_reach(routed).ipv6.covers(_IPV6):
        yield EgressVerdict(
            Verdict.FAIL, f"{subnet.label} has IPv6 addresses and no route for ::/0"
        )


def _prefixes_of(body: object) -> tuple[object, ...]:
    prefixes = lookup(body, PREFIXES.split("."))
    listed = tuple(prefixes) if isinstance(prefixes, (list, tuple)) else ()
    return (*listed, lookup(body, PREFIX.split(".")))


def _is_ipv6(text: object) -> bool:
    found = parse_range(text)
    return found is not None and found.version == 6
