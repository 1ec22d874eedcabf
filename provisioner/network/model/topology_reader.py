"""Reads the network topology from an estate: the desired, actual or planned state.

Controls, network proofs, `trace` and `graph` evaluate its result.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from provisioner.blueprint.environment import Environment
from provisioner.catalog.egress import features_of
from provisioner.catalog.private_link import hosts_of
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown, in_lower_case, is_known, list_items, lookup
from provisioner.network.model.body_values import (
    address_or_key,
    id_key_at,
    parse_range_texts,
    text_at,
    texts_at,
    value_at,
)
from provisioner.network.model.dns_reader import LINK, RECORDS, ZONE, read_names, read_zones
from provisioner.network.model.firewall_reader import FIREWALL, POLICY, RULE_GROUP, read_firewalls
from provisioner.network.model.interface_reader import (
    INTERFACE,
    MACHINE,
    SCALE_SET,
    read_interfaces,
)
from provisioner.network.model.intervals import (
    parse_addresses,
)
from provisioner.network.model.load_balancer_reader import LOAD_BALANCER, read_load_balancers
from provisioner.network.model.route_servers import (
    CONNECTION,
    HUB,
    IP_CONFIGURATION,
    find_learned_routes,
)
from provisioner.network.model.security_group_reader import GROUP, RULE, read_security_groups
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import (
    Cluster,
    Gateway,
    HopType,
    Network,
    Opening,
    Peering,
    Pool,
    PrivateEndpoint,
    Route,
    RouteTable,
    Service,
    ServiceKind,
    Subnet,
)
from provisioner.network.model.unsupported_resources import find_unjudged

_NETWORK = "Microsoft.Network/virtualNetworks"
_SUBNET = f"{_NETWORK}/subnets"
_PEERING = f"{_NETWORK}/virtualNetworkPeerings"
_ROUTE_TABLE = "Microsoft.Network/routeTables"
_ROUTE = f"{_ROUTE_TABLE}/routes"
_PRIVATE_ENDPOINT = "Microsoft.Network/privateEndpoints"
_ZONE_GROUP = f"{_PRIVATE_ENDPOINT}/privateDnsZoneGroups"
_GATEWAY = "Microsoft.Network/virtualNetworkGateways"
_IP_GROUP = "Microsoft.Network/ipGroups"
_RESOLVER_ENDPOINT = "Microsoft.Network/dnsResolvers/inboundEndpoints"
_CLUSTER = "Microsoft.ContainerService/managedClusters"
_POOL = f"{_CLUSTER}/agentPools"
_SERVICES = {
    "Microsoft.KeyVault/vaults": ServiceKind.VAULT,
    "Microsoft.ContainerRegistry/registries": ServiceKind.REGISTRY,
    "Microsoft.Storage/storageAccounts": ServiceKind.STORAGE,
}


TYPES = (
    _NETWORK, _SUBNET, _PEERING, _ROUTE_TABLE, _ROUTE, GROUP, RULE, FIREWALL, POLICY, RULE_GROUP,
    ZONE, LINK, *RECORDS, _PRIVATE_ENDPOINT, _ZONE_GROUP, _GATEWAY, _IP_GROUP, _RESOLVER_ENDPOINT,
    _CLUSTER, _POOL, *_SERVICES, INTERFACE, SCALE_SET, MACHINE, LOAD_BALANCER, HUB,
    IP_CONFIGURATION, CONNECTION,
)  # fmt: skip
"""The types of resources that a topology is made of."""

TYPES_READ = frozenset(name.lower() for name in TYPES)
"""The same in lower case."""


_HIDDEN: Mapping[tuple[bool, bool], frozenset[str]] = {
    (route, gateway): frozenset(
        name for name, hides in (("routeTable", route), ("natGateway", gateway)) if hides
    )
    for route in (False, True)
    for gateway in (False, True)
}
"""What of a subnet refers to something unknown: its route table, its NAT gateway."""

NOTHING_UNREAD: Mapping[str, str] = MappingProxyType({})


def topology_of(estate: Estate, environment: Environment) -> Topology:
    """Return the network of a state of an environment."""
    return read_topology(estate, environment.cloud_names, openings_of(environment))


def openings_of(environment: Environment) -> tuple[Opening, ...]:
    """Return the external hosts that an environment lets workloads reach."""
    return tuple(Opening(egress.fqdns, egress.ports) for egress in environment.egress)


def read_topology(
    estate: Estate,
    cloud: str,
    openings: Iterable[Opening] = (),
    unread: Mapping[str, str] = NOTHING_UNREAD,
) -> Topology:
    """Return the network of an estate.

    `cloud` is the name of the cloud whose names it uses, `openings` is what its environment lets
    workloads reach. `unread` is why the records of a zone could not be read, by the zone's key.
    """
    reader = _Reader(estate, cloud)
    subnets = {r.id.key: reader.subnet(r) for r in estate.of_type(_SUBNET)}
    seen = {r.id.key: reader.network(r) for r in estate.of_type(_NETWORK)}
    # Every subnet has its network, even one that nobody could read: proofs need no special case,
    # and say what was not read.
    networks = {**seen, **_networks_known_by_id(subnets.values(), seen)}
    return Topology(
        cloud=cloud,
        networks=networks,
        subnets=subnets,
        firewalls=tuple(read_firewalls(estate)),
        zones=dict(read_zones(estate, unread)),
        endpoints=tuple(reader.endpoint(r) for r in estate.of_type(_PRIVATE_ENDPOINT)),
        clusters=tuple(reader.cluster(r) for r in estate.of_type(_CLUSTER)),
        services=tuple(
            reader.service(r, kind)
            for name, kind in _SERVICES.items()
            for r in estate.of_type(name)
        ),
        resolvers=tuple(reader.resolver(r) for r in estate.of_type(_RESOLVER_ENDPOINT)),
        openings=tuple(openings),
        # What routes packets and is not understood makes proofs unknown; left out, it would make
        # them hold.
        unjudged=(*find_unjudged(estate), *find_learned_routes(estate, networks, subnets)),
        interfaces=tuple(read_interfaces(estate, reader.groups)),
        balancers=tuple(read_load_balancers(estate)),
    )


def _networks_known_by_id(
    subnets: Iterable[Subnet], networks: Mapping[str, Network]
) -> Mapping[str, Network]:
    """Return the networks of subnets that an estate has without their network.

    Such is a subnet whose `parent` is an id, and one of a network that cannot be read or does not
    exist.
    """
    found: dict[str, list[Subnet]] = {}
    for subnet in subnets:
        if subnet.network not in networks:
            found.setdefault(subnet.network, []).append(subnet)
    return {
        key: Network(
            key=key,
            label=key.rpartition("/")[2],
            name=key.rpartition("/")[2],
            prefixes=tuple(subnet.ranges for subnet in those if subnet.ranges),
            dns_servers=(),
            peerings=(),
            gateway=None,
            declared=any(subnet.declared for subnet in those),
            span=those[0].span,
            known=False,
        )
        for key, those in found.items()
    }


class _Reader:
    def __init__(self, estate: Estate, cloud: str) -> None:
        self._estate = estate
        self._cloud = cloud
        self._tables = {r.id.key: self._read_route_table(r) for r in estate.of_type(_ROUTE_TABLE)}
        self._hiding = {r.id.key for r in estate.of_type(_ROUTE_TABLE) if self._hides_routes(r)}
        self.groups = read_security_groups(estate)
        self._gateways = dict(self._gateways_by_network())

    def network(self, resource: Resource) -> Network:
        servers = value_at(resource.body, "properties.dhcpOptions.dnsServers")
        return Network(
            key=resource.id.key,
            label=resource.label,
            name=resource.id.name,
            prefixes=tuple(
                addresses
                for text in texts_at(resource.body, "properties.addressSpace.addressPrefixes")
                if (addresses := parse_addresses(text)) is not None
            ),
            # A server that is unknown counts as one that nobody knows ("?"), so that no zone
            # is said to resolve.
            dns_servers=tuple(
                address_or_key(self._estate, server) or "?" for server in list_items(servers)
            ),
            peerings=tuple(
                self._read_peering(child) for child in self._estate.children(resource.id, _PEERING)
            ),
            gateway=self._gateways.get(resource.id.key),
            declared=resource.address is not None,
            span=resource.span,
        )

    def subnet(self, resource: Resource) -> Subnet:
        stated = value_at(resource.body, "properties")
        # Estates have more subnets than anything else, and a network is read for each of its
        # states: names are put in lower case once and not looked up one by one.
        properties = in_lower_case(stated)
        # Azure answers the ranges in addressPrefix or in addressPrefixes.
        prefixes = [
            *(p for p in list_items(properties.get("addressprefixes")) if isinstance(p, str)),
            *([p] if isinstance(p := properties.get("addressprefix"), str) and p else []),
        ]
        network = resource.id.parent
        nat = _key_of_reference(properties.get("natgateway"))
        table = _key_of_reference(properties.get("routetable"))
        return Subnet(
            key=resource.id.key,
            label=resource.label,
            name=resource.id.name,
            network=network.key if network else "",
            ranges=parse_range_texts(prefixes),
            table=self._tables.get(table or ""),
            group=self.groups.get(_key_of_reference(properties.get("networksecuritygroup")) or ""),
            nat_gateway=self._label_of(nat) if nat else None,
            private=properties.get("defaultoutboundaccess") is False,
            service_endpoints=_texts_of_entries(properties.get("serviceendpoints"), "service"),
            delegations=_texts_of_entries(properties.get("delegations"), "properties.serviceName"),
            # Azure's default is Disabled: security groups and routes do not apply to private
            # endpoints then (guidelines.md NET-06).
            endpoint_policies=properties.get("privateendpointnetworkpolicies") == "Enabled",
            span=resource.span,
            declared=resource.address is not None,
            hidden=self._unknown_references(stated, properties, table),
        )

    def _unknown_references(
        self, stated: object, properties: Mapping[str, object], table: str | None
    ) -> frozenset[str]:
        """Return the names of the properties of a subnet that refer to something unknown.

        `stated` is its properties as its body has them, and `properties` the same with names in
        lower case. `table` is the key of its route table.
        """
        # A route table of another environment may hold the route that a proof misses.
        is_hidden = table is not None and (table not in self._tables or table in self._hiding)
        hides_all = isinstance(stated, Unknown)
        route = hides_all or is_hidden or not is_known(properties.get("routetable"))
        gateway = hides_all or not is_known(properties.get("natgateway"))
        return _HIDDEN[route, gateway]

    def _hides_routes(self, table: Resource) -> bool:
        """Return whether a route table may have routes that are unknown.

        A route whose prefix or next hop is unknown counts.
        """
        properties = value_at(table.body, "properties")
        stated = value_at(properties, "routes")
        entries = [*list_items(stated), *(value_at(entry, "name") for entry in list_items(stated))]
        if any(isinstance(each, Unknown) for each in (properties, stated, *entries)):
            return True
        routes = (
            value_at(child.body, "properties") for child in self._estate.children(table.id, _ROUTE)
        )
        return any(
            isinstance(each, Unknown)
            for route in routes
            for each in (route, value_at(route, "addressPrefix"), value_at(route, "nextHopType"))
        )

    def endpoint(self, resource: Resource) -> PrivateEndpoint:
        # An endpoint has one connection, in one of two lists: the manual one waits for approval
        # by the owner of the target.
        connections = [
            *list_items(value_at(resource.body, "properties.privateLinkServiceConnections")),
            *list_items(value_at(resource.body, "properties.manualPrivateLinkServiceConnections")),
        ]
        first = connections[0] if connections else {}
        status = text_at(first, "properties.privateLinkServiceConnectionState.status")
        subnet = id_key_at(resource.body, "properties.subnet.id") or ""
        groups = self._estate.children(resource.id, _ZONE_GROUP)
        return PrivateEndpoint(
            key=resource.id.key,
            label=resource.label,
            network=subnet.rpartition("/subnets/")[0],
            subnet=subnet,
            target=id_key_at(first, "properties.privateLinkServiceId") or "",
            groups=tuple(group.lower() for group in texts_at(first, "properties.groupIds")),
            zones=tuple(
                key
                for group in groups
                for entry in list_items(value_at(group.body, "properties.privateDnsZoneConfigs"))
                if (key := id_key_at(entry, "properties.privateDnsZoneId"))
            ),
            approved=None if status is None else status == "Approved",
            names=tuple(read_names(groups)),
        )

    def cluster(self, resource: Resource) -> Cluster:
        body = resource.body
        pools = self._estate.children(resource.id, _POOL)
        zone = text_at(body, "properties.apiServerAccessProfile.privateDNSZone") or "system"
        named = parse_resource_id(zone)
        return Cluster(
            key=resource.id.key,
            label=resource.label,
            pools=tuple(_read_pool(pool) for pool in pools),
            outbound=text_at(body, "properties.networkProfile.outboundType") or "loadBalancer",
            private=value_at(body, "properties.apiServerAccessProfile.enablePrivateCluster")
            is True,
            # The service's default is true (aks `enable-private-cluster-public-fqdn`).
            public_name=value_at(
                body, "properties.apiServerAccessProfile.enablePrivateClusterPublicFQDN"
            )
            is not False,
            zone=named.key if named else zone.lower(),
            authorized=texts_at(body, "properties.apiServerAccessProfile.authorizedIPRanges"),
            api_server_subnet=id_key_at(body, "properties.apiServerAccessProfile.subnetId"),
            region=text_at(body, "location") or "",
            features=features_of(body, (pool.body for pool in pools)),
            span=resource.span,
            declared=resource.address is not None,
        )

    def service(self, resource: Resource, kind: ServiceKind) -> Service:
        body = resource.body
        rules = (
            # Vaults and storage accounts call it networkAcls, registries networkRuleSet.
            value_at(body, "properties.networkAcls")
            or value_at(body, "properties.networkRuleSet")
            or {}
        )
        openings = [
            text
            for path, name in (
                ("ipRules", "value"),
                ("virtualNetworkRules", "id"),
                ("virtualNetworkRules", "virtualNetworkResourceId"),
                ("ipv6Rules", "value"),
                ("resourceAccessRules", "resourceId"),
            )
            for entry in list_items(value_at(rules, path))
            if (text := text_at(entry, name))
        ]
        return Service(
            key=resource.id.key,
            label=resource.label,
            name=resource.id.name,
            kind=kind,
            # SecuredByPerimeter counts as public: the perimeter's rules are not read.
            public=(text_at(body, "properties.publicNetworkAccess") or "Enabled").lower()
            != "disabled",
            openings=tuple(openings),
            span=resource.span,
            declared=resource.address is not None,
            guarded=(text_at(rules, "defaultAction") or "Allow").lower() == "deny",
            hosts=hosts_of(
                resource.type, resource.id.name, self._cloud, text_at(body, "location") or ""
            ),
        )

    def resolver(self, resource: Resource) -> tuple[str, str, int | None]:
        """Return (key, network, address) of an inbound endpoint of a private resolver."""
        entries = list_items(value_at(resource.body, "properties.ipConfigurations"))
        subnet = next((k for e in entries if (k := id_key_at(e, "subnet.id"))), "")
        address = next((a for e in entries if (a := text_at(e, "privateIpAddress"))), None)
        found = parse_addresses(address) if address else None
        return resource.id.key, subnet.rpartition("/subnets/")[0], found.lowest if found else None

    def _read_route_table(self, resource: Resource) -> RouteTable:
        return RouteTable(
            resource.label,
            tuple(self._read_route(child) for child in self._estate.children(resource.id, _ROUTE)),
            value_at(resource.body, "properties.disableBgpRoutePropagation") is not True,
        )

    def _read_route(self, resource: Resource) -> Route:
        hop = text_at(resource.body, "properties.nextHopType") or ""
        return Route(
            label=resource.label,
            prefix=text_at(resource.body, "properties.addressPrefix") or "",
            hop=_HOPS.get(hop.lower(), HopType.NONE),
            appliance=address_or_key(
                self._estate, value_at(resource.body, "properties.nextHopIpAddress")
            ),
        )

    def _read_peering(self, resource: Resource) -> Peering:
        state = text_at(resource.body, "properties.peeringState")
        return Peering(
            label=resource.label,
            remote=id_key_at(resource.body, "properties.remoteVirtualNetwork.id") or "",
            # Azure gives access and forwards nothing where the body is silent (recorded).
            access=value_at(resource.body, "properties.allowVirtualNetworkAccess") is not False,
            forwarded=value_at(resource.body, "properties.allowForwardedTraffic") is True,
            gateway_transit=value_at(resource.body, "properties.allowGatewayTransit") is True,
            remote_gateways=value_at(resource.body, "properties.useRemoteGateways") is True,
            connected=None if state is None else state == "Connected",
        )

    def _gateways_by_network(self) -> Iterator[tuple[str, Gateway]]:
        for resource in self._estate.of_type(_GATEWAY):
            # A default site is the only way to see forced tunneling over VPN in ARM; BGP routes
            # are not in it.
            tunnels = id_key_at(resource.body, "properties.gatewayDefaultSite.id") is not None
            for entry in list_items(value_at(resource.body, "properties.ipConfigurations")):
                subnet = id_key_at(entry, "properties.subnet.id")
                if subnet:
                    yield subnet.rpartition("/subnets/")[0], Gateway(resource.label, tunnels)

    def _label_of(self, key: str) -> str:
        found = self._estate.resources.get(key)
        return found.label if found else key


_HOPS = {
    "vnetlocal": HopType.VNET,
    "virtualnetworkgateway": HopType.GATEWAY,
    "internet": HopType.INTERNET,
    "virtualappliance": HopType.APPLIANCE,
    "none": HopType.NONE,
}


def _key_of_reference(reference: object) -> str | None:
    """Return the key of the id in a reference (`{"id": …}`); None where there is no reference."""
    if reference is None:
        return None
    named = parse_resource_id(lookup(reference, ("id",)))
    return named.key if named else None


def _texts_of_entries(entries: object, path: str) -> tuple[str, ...]:
    """Return the text at a path of each entry of a list, of those that have one."""
    if not entries:
        return ()
    return tuple(text for entry in list_items(entries) if (text := text_at(entry, path)))


def _read_pool(resource: Resource) -> Pool:
    body = resource.body
    return Pool(
        label=resource.label,
        name=resource.id.name,
        subnet=id_key_at(body, "properties.vnetSubnetID"),
        pod_subnet=id_key_at(body, "properties.podSubnetID"),
        public_addresses=value_at(body, "properties.enableNodePublicIP") is True,
        span=resource.span,
    )
