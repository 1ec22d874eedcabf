"""NET-07, NET-08 and NET-12: network peerings, private DNS zone links, routes to the API server.

Facts: guidelines.md §1.5 and §2.4; the documentation "Virtual network peering" and "Private DNS
zone virtual network links".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.catalog.registry import Catalog
from provisioner.controls.chapters.network.addresses import ITEM
from provisioner.controls.control import NO_EQUIVALENT, Control, Layer, Mode, Severity, terms
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
_COMPLETE = "properties.peerCompleteVnets"
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
    """Judge whether a peering has its other side, and both allow forwarded traffic."""
    # Packets that the firewall in the hub passes on have a source outside the peered network:
    # without allowForwardedTraffic on both sides they are dropped (guidelines.md NET-07).
    yield _judge_forwarding(peering, peering)
    # peeringState is written by Azure: Initiated until the other network has its peering,
    # Disconnected once that was deleted.
    state = peering.value(_STATE)
    if isinstance(state, str):
        evidence = f"{_STATE} is {state}"
        if state == "Connected":
            yield peering.passes(_STATE, evidence)
        else:
            yield peering.fails(_STATE, f"{evidence}, expected Connected")
    remote, network = parse_resource_id(peering.value(_REMOTE)), peering.id.parent
    if remote is None or network is None:
        yield peering.fails(
            _REMOTE, (f"{_REMOTE} is {show(peering.value(_REMOTE))}, expected a virtual network")
        )
        return
    yield from _judge_access(peering, peering)
    sides = peering.children(PEERING, remote)
    back = next((s for s in sides if parse_resource_id(s.value(_REMOTE)) == network), None)
    if back is not None:
        yield peering.passes(_REMOTE, f"the reverse peering {back.label} exists")
        yield _judge_forwarding(peering, back)
        yield from _judge_access(peering, back)
    # The other side may be in a subscription that this environment does not read.
    elif (other := peering.at(remote.text)) is not None and other.is_own:
        yield peering.fails(_REMOTE, f"{other.label} has no reverse peering")


def _judge_access(peering: Subject, side: Subject) -> Iterator[Observation]:
    """Observe a side of a peering that blocks the other network, or part of it."""
    if side.value(_ACCESS) is False:
        evidence = f"{_ACCESS} of {side.label} is false, expected true"
        yield peering.fails(_ACCESS, evidence)
    elif side.value(_COMPLETE) is False:
        evidence = f"{side.label} peers selected subnets only, which are not evaluated"
        yield peering.unknown(_COMPLETE, evidence)


def _judge_forwarding(peering: Subject, side: Subject) -> Observation:
    """Observe whether a side of a peering allows forwarded traffic."""
    value = side.value(_FORWARDED)
    if isinstance(value, Unknown):
        return peering.unknown(_FORWARDED, f"{_FORWARDED} of {side.label} is {value}")
    evidence = f"{_FORWARDED} of {side.label} is {show(value)}"
    if value is True:
        return peering.passes(_FORWARDED, evidence)
    return peering.fails(_FORWARDED, f"{evidence}, expected true")


@dataclass(frozen=True, slots=True)
class _OutsideDnsServer:
    """A DNS server that a network asks, and that stands in no network that is known."""

    network: str
    server: str
    public: bool


def _networks_by_zone(estate: Estate, _catalog: Catalog) -> Mapping[str, Mapping[str, str]]:
    """Return, by the key of a zone, the keys of the networks that query its names, with the reason.

    The networks are those of endpoints with names in the zone, and those where those networks have
    their names resolved.
    """
    resolvers = _dns_servers_by_network(estate)
    found: dict[str, dict[str, str]] = {}
    for zone, network, user in (*_zones_of_endpoints(estate), *_zones_of_clusters(estate)):
        querying = found.setdefault(zone.key, {})
        querying[network.key] = f"{network.name}, which contains {user}"
        # A private zone answers the network that the query comes from: with custom DNS in the hub
        # that is the hub, not the spoke (guidelines.md NET-08).
        for _, place in resolvers.get(network.key, ()):
            if place is not None and place != network:
                querying[place.key] = f"{place.name}, which resolves names for {network.name}"
    return found


def _outside_servers_by_zone(
    estate: Estate, _catalog: Catalog
) -> Mapping[str, tuple[_OutsideDnsServer, ...]]:
    """Return, by the key of a zone, the DNS servers for its names that are in no known network."""
    resolvers = _dns_servers_by_network(estate)
    found: dict[str, tuple[_OutsideDnsServer, ...]] = {}
    for zone, network, _ in (*_zones_of_endpoints(estate), *_zones_of_clusters(estate)):
        for server, place in resolvers.get(network.key, ()):
            address = parse_range(server)
            # Azure's own resolver, 168.63.129.16, is in every network.
            if place is not None or (address and int(address.network_address) in HOST):
                continue
            public = address is not None and int(address.network_address) in PUBLIC
            server_outside = _OutsideDnsServer(network.name, show(server), public)
            found[zone.key] = tuple(dict.fromkeys((*found.get(zone.key, ()), server_outside)))
    return found


def _zones_of_endpoints(estate: Estate) -> Iterator[tuple[ResourceId, ResourceId, str]]:
    """Yield the zone and the network of each private endpoint with a name."""
    for group in estate.of_type(ZONE_GROUP):
        endpoint = estate.get(group.id.parent) if group.id.parent else None
        subnet = _id_at(endpoint, _SUBNET)
        configs = lookup(group.body, _ZONES.split("."))
        for config in configs if isinstance(configs, (list, tuple)) else ():
            zone = parse_resource_id(lookup(config, ("properties", "privateDnsZoneId")))
            if zone is not None and endpoint is not None and subnet is not None and subnet.parent:
                yield zone, subnet.parent, endpoint.label


def _zones_of_clusters(estate: Estate) -> Iterator[tuple[ResourceId, ResourceId, str]]:
    """Yield the zone and the network of each cluster with a zone that is not AKS's own."""
    for cluster in estate.of_type(CLUSTER):
        # `system` and `none` are no ids: AKS makes and links its own zone.
        zone = _id_at(cluster, _CLUSTER_ZONE)
        subnets = (_id_at(pool, _NODES) for pool in estate.children(cluster.id, POOL))
        networks = {s.parent.key: s.parent for s in subnets if s is not None and s.parent}
        if zone is None:
            continue
        for network in networks.values():
            yield zone, network, cluster.label


def _dns_servers_by_network(
    estate: Estate,
) -> Mapping[str, tuple[tuple[object, ResourceId | None], ...]]:
    """Return, by the key of a network, its DNS servers with the networks that they are in.

    The network is None where it is not known.
    """
    firewalls = [
        (firewall, subnet.parent)
        for firewall in estate.of_type(FIREWALL)
        if (subnet := _subnet_of_firewall(firewall)) is not None and subnet.parent is not None
    ]
    found = {}
    for network in estate.of_type(NETWORK):
        servers = lookup(network.body, _SERVERS.split("."))
        listed = servers if isinstance(servers, (list, tuple)) else ()
        found[network.id.key] = tuple((s, _network_of_server(s, estate, firewalls)) for s in listed)
    return found


def _network_of_server(
    server: object, estate: Estate, firewalls: list[tuple[Resource, ResourceId]]
) -> ResourceId | None:
    """Return the network with a DNS server.

    It is that of the firewall whose address it will be, or the one whose space has the address.
    """
    # A blueprint sets the firewall's private address as DNS server, which is known after apply:
    # the expression tells which firewall it is.
    if isinstance(server, Unknown):
        named = (
            place for host, place in firewalls if server.paths == (f"{host.address}.{_ADDRESS}",)
        )
        return next(named, None)
    address = parse_range(server)
    for network in estate.of_type(NETWORK):
        spaces = lookup(network.body, _SPACES.split("."))
        for text in spaces if isinstance(spaces, (list, tuple)) else ():
            space = parse_range(text)
            if address is not None and space is not None and address.network_address in space:
                return network.id
    return None


def _subnet_of_firewall(firewall: Resource) -> ResourceId | None:
    stated = lookup(firewall.body, _CONFIGURATIONS.split("."))
    first = stated[0] if isinstance(stated, (list, tuple)) and stated else None
    return parse_resource_id(lookup(first, ("properties", "subnet", "id")))


def _id_at(resource: Resource | None, path: str) -> ResourceId | None:
    return parse_resource_id(lookup(resource.body, path.split("."))) if resource else None


def _judge_zone(zone: Subject) -> Iterator[Observation]:
    """Judge whether a zone is linked to the networks that query its names and their resolvers."""
    links = zone.children(ZONE_LINK)
    linked = {found.key for link in links if (found := parse_resource_id(link.value(_LINKED)))}
    required = zone.derive(_networks_by_zone).get(zone.id.key, {})
    missing = [why for network, why in required.items() if network not in linked]
    for why in missing:
        yield zone.fails("", f"it has no virtual network link to {why}")
    for server_outside in zone.derive(_outside_servers_by_zone).get(zone.id.key, ()):
        evidence = f"{server_outside.network} uses the DNS server {server_outside.server}"
        if server_outside.public:
            yield zone.fails(
                "", (f"{evidence}, which is on the internet and cannot resolve private zones")
            )
        else:
            yield zone.unknown("", f"{evidence}, which is outside the environment")
    if not linked:
        yield zone.fails("", "it has no virtual network link")
    elif not missing:
        yield zone.passes(
            "", (f"it has virtual network links: {', '.join(link.label for link in links)}")
        )


CONTROLS = (
    Control(
        id="NET-07",
        title=(
            "Hub and spoke virtual networks are peered in both directions (allowForwardedTraffic)"
        ),
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A peering carries no traffic until both sides exist. Return traffic from the "
            "firewall is forwarded traffic."
        ),
        synonyms=terms(
            "VNet peering; peering; hub and spoke; gateway transit; allowForwardedTraffic; topology"
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
                _COMPLETE,
                others={NETWORK: ()},
            ),
        ),
        limits=(
            "For a network outside the environment, only the own side and its peeringState "
            "are read."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="NET-08",
        title="Private DNS zones are linked to every network that resolves their names",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A network without a link resolves the public address, which is closed. With a "
            "custom DNS server or resolver, the link belongs on the network of that server."
        ),
        synonyms=terms(
            "private DNS zone; DNS resolution; virtual network link; privatelink; DNS resolver; "
            "custom DNS"
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
            "Record contents and reachability of known DNS servers are checked by the "
            "proof `private services`. Answers of DNS servers outside the environment are "
            "unknown."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="NET-12",
        title="Nodes can reach the API server with their effective routes",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "If nodes cannot reach the API server, cluster creation fails after the "
            "virtual machines have been created."
        ),
        synonyms=terms(
            "effective routes; connectivity; node bootstrap; route; private cluster; konnectivity"
        ),
        remediation=(
            "Run `azsec trace` on the plan, and correct the route, rule or DNS zone that "
            "blocks the path before creating the cluster."
        ),
        modes=(Mode.CLUSTER, Mode.PERSON),
        evidence=(
            "all nodes are Ready, from a host behind Azure Bastion: `kubectl get nodes`; "
            "their routes: `az network nic show-effective-route-table`"
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
