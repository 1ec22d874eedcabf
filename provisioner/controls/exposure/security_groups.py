"""Traffic that network security groups admit from the internet and between machines.

The judgement is that of the proofs: rules by priority, exact in addresses, ports and protocols.
Facts: the documentation "How network security groups filter traffic", "Working with NSG access and
Azure Bastion" and "Application Gateway infrastructure configuration".

Called by controls of the chapters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from provisioner.catalog.registry import Catalog
from provisioner.controls.resource_types import (
    APPLICATION_GATEWAY,
    NETWORK,
    PEERING,
    SECURITY_GROUP,
    SECURITY_RULE,
    SUBNET,
)
from provisioner.model.estate import Estate
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup
from provisioner.network.model.intervals import ANY_PORT, EVERYWHERE, NOTHING, Intervals
from provisioner.network.model.public_ranges import PublicReach, is_rented, read_reach
from provisioner.network.model.security_groups import PROTOCOLS, Traffic, admit
from provisioner.network.model.service_tags import HOST, PRIVATE, PUBLIC, Bounds, Tags
from provisioner.network.model.topology import SecurityGroup, SecurityRule, Subnet, Topology
from provisioner.network.model.topology_reader import read_security_groups, read_topology

DIRECTION = "properties.direction"
ACCESS = "properties.access"
SOURCE = "properties.sourceAddressPrefix"
SOURCES = "properties.sourceAddressPrefixes"
SOURCE_GROUPS = "properties.sourceApplicationSecurityGroups"
_GATEWAY_PLACES = "properties.gatewayIPConfigurations"

GROUP_READS: Mapping[str, tuple[str, ...]] = {
    SECURITY_GROUP: (),
    SECURITY_RULE: (
        DIRECTION,
        ACCESS,
        SOURCE,
        SOURCES,
        SOURCE_GROUPS,
        "properties.priority",
        "properties.protocol",
        "properties.destinationAddressPrefix",
        "properties.destinationAddressPrefixes",
        "properties.destinationApplicationSecurityGroups",
        "properties.destinationPortRange",
        "properties.destinationPortRanges",
        "properties.sourcePortRange",
        "properties.sourcePortRanges",
    ),
    SUBNET: (
        "properties.networkSecurityGroup.id",
        "properties.addressPrefix",
        "properties.addressPrefixes",
    ),
    NETWORK: ("properties.addressSpace.addressPrefixes",),
    PEERING: ("properties.remoteVirtualNetwork.id", "properties.allowVirtualNetworkAccess"),
    APPLICATION_GATEWAY: (_GATEWAY_PLACES,),
}
"""What the groups, and the subnets that they filter, are read from."""

REMOTE_ACCESS = (22, 3389)
"""The ports of SSH and RDP."""

_BASTION = "azurebastionsubnet"
_HTTPS = Intervals(((443, 443),))
_WEB = Intervals(((80, 80), (443, 443)))
_CLOUD = "AzureCloud"
"""Names of a cloud's services matter to none of these judgements."""


@dataclass(frozen=True, slots=True)
class InternetExposure:
    """What of the internet one inbound rule lets in, and all rules of its group together."""

    by_rule: PublicReach
    by_group: PublicReach


def find_reached(estate: Estate, _catalog: Catalog) -> Mapping[str, InternetExposure]:
    """Return what each inbound rule lets in of the internet, by the rule's key.

    What rules before it deny is not let in. Bastion and web gateways are for the internet: the
    ports at which they answer it do not count in groups that filter nothing else.
    """
    keys = {rule.label: rule.id.key for rule in estate.of_type(SECURITY_RULE)}
    answered = _answered_ports(estate)
    found: dict[str, InternetExposure] = {}
    for group_key, group in read_security_groups(estate).items():
        reached = dict(_reach_of_rules(group, ANY_PORT - answered.get(group_key, NOTHING)))
        together = PublicReach()
        for reach in reached.values():
            together = together | reach
        found.update(
            (keys[label], InternetExposure(reach, together)) for label, reach in reached.items()
        )
    return found


def _reach_of_rules(
    group: SecurityGroup, tcp_ports: Intervals
) -> Iterator[tuple[str, PublicReach]]:
    # Tags that anybody rents in are read as the internet; what else a tag holds is told apart by
    # `read_reach`, and private ranges cannot be strangers'.
    read_as = replace(group, rules=tuple(_widened(rule) for rule in group.rules))
    tags = Tags(Bounds(NOTHING, NOTHING), services=NOTHING)
    let: dict[str, Intervals] = {}
    for protocol in PROTOCOLS:
        ports = tcp_ports if protocol == "tcp" else ANY_PORT
        traffic = Traffic(PUBLIC, EVERYWHERE, protocol, ports)
        for hit in admit(read_as, inbound=True, traffic=traffic, tags=tags, certain=False):
            let[hit.rule] = let.get(hit.rule, NOTHING) | hit.traffic.sources
    for rule in group.rules:
        if rule.inbound and rule.allows:
            stated = read_reach(text for text in rule.sources if not text.startswith("asg:"))
            yield rule.label, replace(stated, ipv4=let.get(rule.label, NOTHING), rented=())


def _widened(rule: SecurityRule) -> SecurityRule:
    if not rule.allows:
        return rule
    return replace(rule, sources=tuple("*" if is_rented(s) else s for s in rule.sources))


def _answered_ports(estate: Estate) -> Mapping[str, Intervals]:
    """Return the TCP ports at which services for the internet listen, by the key of their group.

    The group filters their subnets and no others.
    """
    gateways = {
        place.key
        for gateway in estate.of_type(APPLICATION_GATEWAY)
        for entry in _items(lookup(gateway.body, _GATEWAY_PLACES.split(".")))
        if (place := parse_resource_id(lookup(entry, ("properties", "subnet", "id"))))
    }
    found: dict[str, Intervals] = {}
    for subnet in estate.of_type(SUBNET):
        group = parse_resource_id(lookup(subnet.body, ("properties", "networkSecurityGroup", "id")))
        if group is None:
            continue
        ports = _HTTPS if subnet.id.name.lower() == _BASTION else NOTHING
        ports = _WEB if subnet.id.key in gateways else ports
        found[group.key] = found.get(group.key, ports) & ports
    return found


def find_lateral(estate: Estate, _catalog: Catalog) -> Mapping[tuple[str, int], str]:
    """Return the rule that lets machines reach others by SSH or RDP, by (key of the group, port).

    Others are those of the network and of its peers; for a group of no subnet, all private
    addresses. Groups that filter Bastion alone let sessions start, and are not asked.
    """
    topology = read_topology(estate, _CLOUD)
    filtered: dict[str, list[Subnet]] = {}
    for subnet in topology.subnets.values():
        if subnet.group:
            filtered.setdefault(subnet.group.label, []).append(subnet)
    found: dict[tuple[str, int], str] = {}
    for key, group in read_security_groups(estate).items():
        subnets = filtered.get(group.label, [])
        if subnets and all(subnet.name.lower() == _BASTION for subnet in subnets):
            continue
        for sources, near in {_surroundings(topology, s) for s in subnets} or {(PRIVATE, PRIVATE)}:
            tags = Tags(Bounds(near | HOST, near | HOST))
            for port in REMOTE_ACCESS:
                if (key, port) in found:
                    continue  # one rule is told of a group and a port
                traffic = Traffic(sources, near, "tcp", Intervals(((port, port),)))
                let = admit(group, inbound=False, traffic=traffic, tags=tags, certain=False)
                if let:
                    found[(key, port)] = let[0].rule
    return found


def _surroundings(topology: Topology, subnet: Subnet) -> tuple[Intervals, Intervals]:
    """Return the addresses of a subnet, and those of its network and the network's peers.

    They are the private ranges where they are not known.
    """
    network = topology.networks.get(subnet.network)
    near = network.ranges if network else NOTHING
    for _, remote in topology.peers(network) if network else ():
        near = near | remote.ranges
    return subnet.ranges or PRIVATE, near or PRIVATE


def _items(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()
