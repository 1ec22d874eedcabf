"""NET-07, NET-08 and NET-12: networks that are joined, and names that are found in them.

Facts: guidelines.md §1.5 and §2.4; the documentation "Virtual network peering" and "Private DNS
zone virtual network links".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.catalog.registry import Catalog
from provisioner.controls.chapters.network.addresses import ITEM
from provisioner.controls.control import Control, Layer, Mode, Severity
from provisioner.controls.predicates import equals, show
from provisioner.controls.resource_types import (
    CLUSTER,
    FIREWALL,
    NETWORK,
    PEERING,
    POOL,
    PRIVATE_ENDPOINT,
    ZONE,
    ZONE_GROUP,
    ZONE_LINK,
)
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.cidr import parse_range
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown, lookup
from provisioner.network.model.service_tags import HOST, PUBLIC

_REMOTE = "properties.remoteVirtualNetwork.id"
_FORWARDED = "properties.allowForwardedTraffic"
_STATE = "properties.peeringState"
_ACCESS = "properties.allowVirtualNetworkAccess"
_WHOLE = "properties.peerCompleteVnets"
_SERVERS = "properties.dhcpOptions.dnsServers"
_SPACES = "properties.addressSpace.addressPrefixes"
_CONFIGURATIONS = "properties.ipConfigurations"
_ADDRESS = f"{_CONFIGURATIONS}[0].properties.privateIPAddress"
_ZONES = "properties.privateDnsZoneConfigs"
_SUBNET = "properties.subnet.id"
_CLUSTER_ZONE = "properties.apiServerAccessProfile.privateDNSZone"
_NODES = "properties.vnetSubnetID"
_LINKED = "properties.virtualNetwork.id"


def _judge_peering(peering: Subject) -> Iterator[Observation]:
    """A peering has another side that leads back, and both let through what others send."""
    yield _forwards(peering, peering)
    state = peering.value(_STATE)
    if isinstance(state, str):
        said = f"{_STATE} is {state}"
        if state == "Connected":
            yield peering.passes(_STATE, said)
        else:
            yield peering.fails(_STATE, f"{said}, expected Connected")
    remote, network = parse_resource_id(peering.value(_REMOTE)), peering.id.parent
    if remote is None or network is None:
        yield peering.fails(_REMOTE, f"{_REMOTE} is {show(peering.value(_REMOTE))}: no network")
        return
    yield from _opens(peering, peering)
    sides = peering.children(PEERING, remote)
    back = next((s for s in sides if parse_resource_id(s.value(_REMOTE)) == network), None)
    if back is not None:
        yield peering.passes(_REMOTE, f"{back.label} leads back")
        yield _forwards(peering, back)
        yield from _opens(peering, back)
    elif (other := peering.at(remote.text)) is not None and other.is_own:
        yield peering.fails(_REMOTE, f"no peering of {other.label} leads back")


def _opens(peering: Subject, side: Subject) -> Iterator[Observation]:
    """Say of a side of a peering that it keeps the other network out, where it does."""
    if side.value(_ACCESS) is False:
        said = f"{_ACCESS} of {side.label} is false: it carries nothing"
        yield peering.fails(_ACCESS, said)
    elif side.value(_WHOLE) is False:
        said = f"{side.label} is of some subnets alone: what it carries is not known"
        yield peering.unknown(_WHOLE, said)


def _forwards(peering: Subject, side: Subject) -> Observation:
    """Say whether a side of a peering lets forwarded traffic through."""
    value = side.value(_FORWARDED)
    if isinstance(value, Unknown):
        return peering.unknown(_FORWARDED, f"{_FORWARDED} of {side.label} is {value}")
    said = f"{_FORWARDED} of {side.label} is {show(value)}"
    if value is True:
        return peering.passes(_FORWARDED, said)
    return peering.fails(_FORWARDED, f"{said}, expected true")


@dataclass(frozen=True, slots=True)
class _Stranger:
    """A DNS server that a network asks, and that stands in no network that is known."""

    network: str
    server: str
    public: bool


def _networks_by_zone(estate: Estate, _catalog: Catalog) -> Mapping[str, Mapping[str, str]]:
    """Return, by the key of a zone, the keys of the networks in which its names are asked for, with
    why: where endpoints with names in it stand, and where those networks have their names
    resolved."""
    resolvers = _resolvers(estate)
    found: dict[str, dict[str, str]] = {}
    for zone, network, user in (*_endpoints(estate), *_clusters(estate)):
        asked = found.setdefault(zone.key, {})
        asked[network.key] = f"{network.name}, in which {user} stands"
        for _, place in resolvers.get(network.key, ()):
            if place is not None and place != network:
                asked[place.key] = f"{place.name}, which resolves names for {network.name}"
    return found


def _strangers_by_zone(estate: Estate, _catalog: Catalog) -> Mapping[str, tuple[_Stranger, ...]]:
    """Return, by the key of a zone, the DNS servers that are asked for its names and stand in no
    network that is known."""
    resolvers = _resolvers(estate)
    found: dict[str, tuple[_Stranger, ...]] = {}
    for zone, network, _ in (*_endpoints(estate), *_clusters(estate)):
        for server, place in resolvers.get(network.key, ()):
            address = parse_range(server)
            if place is not None or (address and int(address.network_address) in HOST):
                continue
            public = address is not None and int(address.network_address) in PUBLIC
            stranger = _Stranger(network.name, show(server), public)
            found[zone.key] = tuple(dict.fromkeys((*found.get(zone.key, ()), stranger)))
    return found


def _endpoints(estate: Estate) -> Iterator[tuple[ResourceId, ResourceId, str]]:
    """Yield the zone and the network of each private endpoint with a name."""
    for group in estate.of_type(ZONE_GROUP):
        endpoint = estate.get(group.id.parent) if group.id.parent else None
        subnet = _id_at(endpoint, _SUBNET)
        configs = lookup(group.body, _ZONES.split("."))
        for config in configs if isinstance(configs, (list, tuple)) else ():
            zone = parse_resource_id(lookup(config, ("properties", "privateDnsZoneId")))
            if zone is not None and endpoint is not None and subnet is not None and subnet.parent:
                yield zone, subnet.parent, endpoint.label


def _clusters(estate: Estate) -> Iterator[tuple[ResourceId, ResourceId, str]]:
    """Yield the zone and the network of each cluster with a zone that is not AKS's own."""
    for cluster in estate.of_type(CLUSTER):
        zone = _id_at(cluster, _CLUSTER_ZONE)
        subnets = (_id_at(pool, _NODES) for pool in estate.children(cluster.id, POOL))
        networks = {s.parent.key: s.parent for s in subnets if s is not None and s.parent}
        for network in networks.values() if zone is not None else ():
            yield zone, network, cluster.label  # type: ignore[misc]


def _resolvers(estate: Estate) -> Mapping[str, tuple[tuple[object, ResourceId | None], ...]]:
    """Return, by the key of a network, its DNS servers with the networks that they stand in, None
    where that is not known."""
    hosts = [
        (firewall, subnet.parent)
        for firewall in estate.of_type(FIREWALL)
        if (subnet := _first_subnet(firewall)) is not None and subnet.parent is not None
    ]
    found = {}
    for network in estate.of_type(NETWORK):
        servers = lookup(network.body, _SERVERS.split("."))
        listed = servers if isinstance(servers, (list, tuple)) else ()
        found[network.id.key] = tuple((s, _place_of(s, estate, hosts)) for s in listed)
    return found


def _place_of(
    server: object, estate: Estate, hosts: list[tuple[Resource, ResourceId]]
) -> ResourceId | None:
    """Return the network with a DNS server: that of the firewall whose address it will be, or the
    one whose space has the address."""
    if isinstance(server, Unknown):
        named = (place for host, place in hosts if server.paths == (f"{host.address}.{_ADDRESS}",))
        return next(named, None)
    address = parse_range(server)
    for network in estate.of_type(NETWORK):
        spaces = lookup(network.body, _SPACES.split("."))
        for text in spaces if isinstance(spaces, (list, tuple)) else ():
            space = parse_range(text)
            if address is not None and space is not None and address.network_address in space:
                return network.id
    return None


def _first_subnet(firewall: Resource) -> ResourceId | None:
    stated = lookup(firewall.body, _CONFIGURATIONS.split("."))
    first = stated[0] if isinstance(stated, (list, tuple)) and stated else None
    return parse_resource_id(lookup(first, ("properties", "subnet", "id")))


def _id_at(resource: Resource | None, path: str) -> ResourceId | None:
    return parse_resource_id(lookup(resource.body, path.split("."))) if resource else None


def _judge_zone(zone: Subject) -> Iterator[Observation]:
    """A zone is linked to the networks whose machines ask for its names, and to their resolvers."""
    links = zone.children(ZONE_LINK)
    linked = {found.key for link in links if (found := parse_resource_id(link.value(_LINKED)))}
    wanted = zone.derive(_networks_by_zone).get(zone.id.key, {})
    missing = [why for network, why in wanted.items() if network not in linked]
    for why in missing:
        yield zone.fails("", f"it is not linked to {why}")
    for stranger in zone.derive(_strangers_by_zone).get(zone.id.key, ()):
        said = f"{stranger.network} asks {stranger.server} for its names"
        if stranger.public:
            yield zone.fails("", f"{said}, which is on the internet and sees no private zone")
        else:
            yield zone.unknown("", f"{said}: whose that is, is not known")
    if not linked:
        yield zone.fails("", "it is linked to no network: nobody finds its names")
    elif not missing:
        yield zone.passes("", f"it is linked by {', '.join(link.label for link in links)}")


CONTROLS = (
    Control(
        id="NET-07",
        title="Hub and spoke are peered from both sides",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A peering carries nothing until the other side is there, and what comes back through "
            "the firewall is forwarded traffic."
        ),
        remediation="""
            toHub:
              type: Microsoft.Network/virtualNetworks/virtualNetworkPeerings
              parent: ${network.id}
              properties:
                remoteVirtualNetwork: {id: "${hub.id}"}
                allowForwardedTraffic: true
        """,
        rules=(
            rule(
                PEERING,
                _judge_peering,
                _REMOTE,
                _FORWARDED,
                _STATE,
                _ACCESS,
                _WHOLE,
                others={NETWORK: ()},
            ),
        ),
        limits=(
            "Of a network of others only the own side is seen, and its state where Azure says it."
        ),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="NET-08",
        title="Private names are found where they are asked for",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A network that is not linked asks the public DNS and gets an address that is closed. "
            "Where a resolver asks in its stead, the resolver's network needs the link."
        ),
        remediation="""
            hubLink:
              type: Microsoft.Network/privateDnsZones/virtualNetworkLinks
              parent: ${zone.id}
              properties:
                registrationEnabled: false
                virtualNetwork: {id: "${hub.id}"}
        """,
        rules=(
            rule(
                ZONE,
                _judge_zone,
                others={
                    ZONE_LINK: (_LINKED,),
                    ZONE_GROUP: (_ZONES,),
                    PRIVATE_ENDPOINT: (_SUBNET,),
                    NETWORK: (_SERVERS, _SPACES),
                    FIREWALL: (_CONFIGURATIONS,),
                    CLUSTER: (_CLUSTER_ZONE,),
                    POOL: (_NODES,),
                },
            ),
            expect(ZONE_LINK, "properties.registrationEnabled", equals(False)),
        ),
        limits=(
            "What the records hold, and whether a server in a network that is known answers, is "
            "for the proof `private services`; servers elsewhere may answer what they like."
        ),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="NET-12",
        title="Nodes reach the API server by the routes that hold for them",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A cluster whose nodes do not reach the API server fails late, when their machines are "
            "already there."
        ),
        remediation=(
            "`azsec trace` follows the packets of the plan: correct the route, the rule or the "
            "zone that it stops at before the cluster is made."
        ),
        modes=(Mode.CLUSTER, Mode.PERSON),
        evidence=(
            "nodes that are ready, from behind Bastion: `kubectl get nodes`, and their routes: "
            "`az network nic show-effective-route-table`"
        ),
        unmapped="No framework has a check of it.",
    ),
)
