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
from provisioner.model.values import list_items, lookup
from provisioner.network.model.intervals import ANY_PORT, EVERYWHERE, NOTHING, Intervals
from provisioner.network.model.public_ranges import PublicReach, is_rented, read_reach
from provisioner.network.model.security_group_reader import read_security_groups
from provisioner.network.model.security_groups import PROTOCOLS, Traffic, admit
from provisioner.network.model.service_tags import HOST, PRIVATE, PUBLIC, Bounds, Tags
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Network, SecurityGroup, SecurityRule, Subnet
from provisioner.network.model.topology_reader import read_topology

DIRECTION = "properties.direction"
ACCESS = "properties.access"
SOURCE = "properties.sourceAddressPrefix"
SOURCES = "properties.sourceAddressPrefixes"
SOURCE_GROUPS = "properties.sourceApplicationSecurityGroups"
_GATEWAY_SUBNETS = "properties.gatewayIPConfigurations"

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
    APPLICATION_GATEWAY: (_GATEWAY_SUBNETS,),
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


def find_internet_sources(estate: Estate, _catalog: Catalog) -> Mapping[str, InternetExposure]:
    """Return what each inbound rule lets in of the internet, by the rule's key.

    What rules before it deny is not let in. Bastion and web gateways are for the internet: the
    ports at which they answer it do not count in groups that filter nothing else.
    """
    keys = {rule.label: rule.id.key for rule in estate.of_type(SECURITY_RULE)}
    service_ports = _public_service_ports(estate)
    found: dict[str, InternetExposure] = {}
    for group_key, group in read_security_groups(estate).items():
        reached = dict(_sources_by_rule(group, ANY_PORT - service_ports.get(group_key, NOTHING)))
        combined = PublicReach()
        for reach in reached.values():
            combined = combined | reach
        found.update(
            (keys[label], InternetExposure(reach, combined)) for label, reach in reached.items()
        )
    return found


def _sources_by_rule(
    group: SecurityGroup, tcp_ports: Intervals
) -> Iterator[tuple[str, PublicReach]]:
    # Tags that anybody rents in are read as the internet; what else a tag holds is distinguished by
    # `read_reach`, and private ranges cannot be strangers'.
    widened = replace(group, rules=tuple(_with_rented_tags_as_any(rule) for rule in group.rules))
    tags = Tags(Bounds(NOTHING, NOTHING), services=NOTHING)
    # By rule what is left after all rules before it: a wide allow behind a deny admits nothing.
    admitted: dict[str, Intervals] = {}
    for protocol in PROTOCOLS:
        ports = tcp_ports if protocol == "tcp" else ANY_PORT
        traffic = Traffic(PUBLIC, EVERYWHERE, protocol, ports)
        for hit in admit(widened, inbound=True, traffic=traffic, tags=tags, certain=False):
            admitted[hit.rule] = admitted.get(hit.rule, NOTHING) | hit.traffic.sources
    for rule in group.rules:
        if rule.inbound and rule.allows:
            stated = read_reach(text for text in rule.sources if not text.startswith("asg:"))
            yield rule.label, replace(stated, ipv4=admitted.get(rule.label, NOTHING), rented=())


def _with_rented_tags_as_any(rule: SecurityRule) -> SecurityRule:
    if not rule.allows:
        return rule
    return replace(rule, sources=tuple("*" if is_rented(s) else s for s in rule.sources))


def _public_service_ports(estate: Estate) -> Mapping[str, Intervals]:
    """Return the TCP ports at which services for the internet listen, by the key of their group.

    The group filters their subnets and no others.
    """
    gateways = {
        subnet_id.key
        for gateway in estate.of_type(APPLICATION_GATEWAY)
        for entry in list_items(lookup(gateway.body, _GATEWAY_SUBNETS.split(".")))
        if (subnet_id := parse_resource_id(lookup(entry, ("properties", "subnet", "id"))))
    }
    found: dict[str, Intervals] = {}
    for subnet in estate.of_type(SUBNET):
        group = parse_resource_id(lookup(subnet.body, ("properties", "networkSecurityGroup", "id")))
        if group is None:
            continue
        # Bastion requires 443 from the internet, and a web gateway has its listeners on 80 and
        # 443.
        ports = _HTTPS if subnet.id.name.lower() == _BASTION else NOTHING
        ports = _WEB if subnet.id.key in gateways else ports
        # Intersected: a group that also filters another subnet must not be open there.
        found[group.key] = found.get(group.key, ports) & ports
    return found


def find_lateral(estate: Estate, _catalog: Catalog) -> Mapping[tuple[str, int], str]:
    """Return the rule that lets machines reach others by SSH or RDP, by (key of the group, port).

    Others are those of the network and of its peers; for a group of no subnet, all private
    addresses. Groups that filter Bastion alone let sessions start, and are not asked.
    """
    topology = read_topology(estate, _CLOUD)
    nearby = {key: _ranges_nearby(topology, each) for key, each in topology.networks.items()}
    filtered: dict[str, list[Subnet]] = {}
    for subnet in topology.subnets.values():
        if subnet.group:
            filtered.setdefault(subnet.group.label, []).append(subnet)
    found: dict[tuple[str, int], str] = {}
    for key, group in read_security_groups(estate).items():
        subnets = filtered.get(group.label, [])
        if subnets and all(subnet.name.lower() == _BASTION for subnet in subnets):
            continue
        places = {(s.ranges or PRIVATE, nearby.get(s.network) or PRIVATE) for s in subnets}
        for sources, neighbors in places or {(PRIVATE, PRIVATE)}:
            # VirtualNetwork stands for the network, its peers and the platform's host address.
            tags = Tags(Bounds(neighbors | HOST, neighbors | HOST))
            for port in REMOTE_ACCESS:
                if (key, port) in found:
                    continue  # one rule is reported of a group and a port
                traffic = Traffic(sources, neighbors, "tcp", Intervals(((port, port),)))
                admitted = admit(group, inbound=False, traffic=traffic, tags=tags, certain=False)
                if admitted:
                    found[(key, port)] = admitted[0].rule
    return found


def _ranges_nearby(topology: Topology, network: Network) -> Intervals:
    """Return the addresses of a network and of its peers, as far as they are known."""
    near = network.ranges
    for _, remote in topology.peers(network):
        near = near | remote.ranges
    return near
