"""Reads the network topology from an estate: the desired, actual or planned state.

Controls, network proofs, `trace` and `graph` evaluate its result.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from provisioner.blueprint.environment import Environment
from provisioner.catalog.egress import features_of
from provisioner.catalog.private_link import hosts_of
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown, lookup, unknowns
from provisioner.network.model.dns_reader import LINK, RECORDS, ZONE, read_names, read_zones
from provisioner.network.model.interface_reader import (
    INTERFACE,
    MACHINE,
    SCALE_SET,
    read_interfaces,
)
from provisioner.network.model.intervals import (
    ANY_PORT,
    NOTHING,
    Intervals,
    parse_addresses,
    parse_ports,
)
from provisioner.network.model.load_balancer_reader import LOAD_BALANCER, read_load_balancers
from provisioner.network.model.route_servers import (
    CONNECTION,
    HUB,
    IP_CONFIGURATION,
    find_learned_routes,
)
from provisioner.network.model.topology import (
    Cluster,
    Firewall,
    FirewallPolicy,
    FirewallRule,
    Gateway,
    HopType,
    Network,
    Opening,
    Peering,
    Pool,
    PrivateEndpoint,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityRule,
    Service,
    ServiceKind,
    Subnet,
    Topology,
)
from provisioner.network.model.unsupported_resources import find_unjudged

_NETWORK = "Microsoft.Network/virtualNetworks"
_SUBNET = f"{_NETWORK}/subnets"
_PEERING = f"{_NETWORK}/virtualNetworkPeerings"
_TABLE = "Microsoft.Network/routeTables"
_ROUTE = f"{_TABLE}/routes"
_GROUP = "Microsoft.Network/networkSecurityGroups"
_RULE = f"{_GROUP}/securityRules"
_FIREWALL = "Microsoft.Network/azureFirewalls"
_POLICY = "Microsoft.Network/firewallPolicies"
_RULE_GROUP = f"{_POLICY}/ruleCollectionGroups"
_ENDPOINT = "Microsoft.Network/privateEndpoints"
_ZONE_GROUP = f"{_ENDPOINT}/privateDnsZoneGroups"
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
    _NETWORK, _SUBNET, _PEERING, _TABLE, _ROUTE, _GROUP, _RULE, _FIREWALL, _POLICY, _RULE_GROUP,
    ZONE, LINK, *RECORDS, _ENDPOINT, _ZONE_GROUP, _GATEWAY, _IP_GROUP, _RESOLVER_ENDPOINT,
    _CLUSTER, _POOL, *_SERVICES, INTERFACE, SCALE_SET, MACHINE, LOAD_BALANCER, HUB,
    IP_CONFIGURATION, CONNECTION,
)  # fmt: skip
"""The types of resources that a topology is made of."""

TYPES_READ = frozenset(name.lower() for name in TYPES)
"""The same in lower case."""


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
    networks = {**seen, **_unseen_networks(subnets.values(), seen)}
    return Topology(
        cloud=cloud,
        networks=networks,
        subnets=subnets,
        firewalls=tuple(reader.firewall(r) for r in estate.of_type(_FIREWALL)),
        zones=dict(read_zones(estate, unread)),
        endpoints=tuple(reader.endpoint(r) for r in estate.of_type(_ENDPOINT)),
        clusters=tuple(reader.cluster(r) for r in estate.of_type(_CLUSTER)),
        services=tuple(
            reader.service(r, kind)
            for name, kind in _SERVICES.items()
            for r in estate.of_type(name)
        ),
        resolvers=tuple(reader.resolver(r) for r in estate.of_type(_RESOLVER_ENDPOINT)),
        openings=tuple(openings),
        unjudged=(*find_unjudged(estate), *find_learned_routes(estate, networks, subnets)),
        interfaces=tuple(read_interfaces(estate, reader.groups)),
        balancers=tuple(read_load_balancers(estate)),
    )


def read_security_groups(estate: Estate) -> Mapping[str, SecurityGroup]:
    """Return the network security groups of an estate by the keys of their ids.

    Included are those that no subnet has. The label of a rule is that of its resource.
    """
    return {group.id.key: _group(estate, group) for group in estate.of_type(_GROUP)}


def _unseen_networks(
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
        self._tables = {r.id.key: self._table(r) for r in estate.of_type(_TABLE)}
        self._hiding = {r.id.key for r in estate.of_type(_TABLE) if self._hides_routes(r)}
        self.groups = read_security_groups(estate)
        self._policies = {r.id.key: self._policy(r) for r in estate.of_type(_POLICY)}
        self._gateways = dict(self._gateways_by_network())

    def network(self, resource: Resource) -> Network:
        servers = _at(resource.body, "properties.dhcpOptions.dnsServers")
        return Network(
            key=resource.id.key,
            label=resource.label,
            name=resource.id.name,
            prefixes=tuple(
                addresses
                for text in _texts(resource.body, "properties.addressSpace.addressPrefixes")
                if (addresses := parse_addresses(text)) is not None
            ),
            dns_servers=tuple(self._address(server) or "?" for server in _items(servers)),
            peerings=tuple(
                self._peering(child) for child in self._estate.children(resource.id, _PEERING)
            ),
            gateway=self._gateways.get(resource.id.key),
            declared=resource.address is not None,
            span=resource.span,
        )

    def subnet(self, resource: Resource) -> Subnet:
        stated = _at(resource.body, "properties")
        prefixes = [
            *_texts(stated, "addressPrefixes"),
            *([p] if (p := _text(stated, "addressPrefix")) else []),
        ]
        network = resource.id.parent
        nat = _key(stated, "natGateway.id")
        table = _key(stated, "routeTable.id")
        return Subnet(
            key=resource.id.key,
            label=resource.label,
            name=resource.id.name,
            network=network.key if network else "",
            ranges=_ranges(prefixes),
            table=self._tables.get(table or ""),
            group=self.groups.get(_key(stated, "networkSecurityGroup.id") or ""),
            nat_gateway=self._label(nat) if nat else None,
            private=_at(stated, "defaultOutboundAccess") is False,
            service_endpoints=tuple(
                name
                for entry in _items(_at(stated, "serviceEndpoints"))
                if (name := _text(entry, "service"))
            ),
            delegations=tuple(
                name
                for entry in _items(_at(stated, "delegations"))
                if (name := _text(entry, "properties.serviceName"))
            ),
            endpoint_policies=_text(stated, "privateEndpointNetworkPolicies") == "Enabled",
            span=resource.span,
            declared=resource.address is not None,
            hidden=frozenset(self._hidden(stated, table)),
        )

    def _hidden(self, properties: object, table: str | None) -> Iterator[str]:
        """Yield the names of the properties of a subnet that refer to something unknown.

        `table` is the key of its route table.
        """
        for name in ("routeTable", "natGateway"):
            if isinstance(properties, Unknown) or _is_hidden(_at(properties, name)):
                yield name
        if table is not None and (table not in self._tables or table in self._hiding):
            yield "routeTable"

    def _hides_routes(self, table: Resource) -> bool:
        """Return whether a route table may have routes that are unknown.

        A route whose prefix or next hop is unknown counts.
        """
        properties = _at(table.body, "properties")
        stated = _at(properties, "routes")
        entries = [*_items(stated), *(_at(entry, "name") for entry in _items(stated))]
        if any(isinstance(each, Unknown) for each in (properties, stated, *entries)):
            return True
        routes = (
            _at(child.body, "properties") for child in self._estate.children(table.id, _ROUTE)
        )
        return any(
            isinstance(each, Unknown)
            for route in routes
            for each in (route, _at(route, "addressPrefix"), _at(route, "nextHopType"))
        )

    def firewall(self, resource: Resource) -> Firewall:
        entries = _items(_at(resource.body, "properties.ipConfigurations"))
        subnets = [key for entry in entries if (key := _key(entry, "properties.subnet.id"))]
        declared = resource.address is not None
        policy, known = self._policy_of(resource)
        if not subnets:
            return Firewall(
                resource.id.key,
                resource.label,
                "",
                "",
                None,
                policy,
                (),
                known=False,
                declared=declared,
            )
        address = _text(entries[0], "properties.privateIPAddress")
        found = parse_addresses(address) if address else None
        return Firewall(
            key=resource.id.key,
            label=resource.label,
            network=subnets[0].rpartition("/subnets/")[0],
            subnet=subnets[0],
            address=found.lowest if found else None,
            policy=policy,
            public_addresses=tuple(
                key for entry in entries if (key := _key(entry, "properties.publicIPAddress.id"))
            ),
            known=known,
            declared=declared,
        )

    def _policy_of(self, firewall: Resource) -> tuple[FirewallPolicy | None, bool]:
        """Return the policy of a firewall, and whether all of it was read.

        A firewall without a policy has classic rules in its own body, as all had before there were
        policies.
        """
        named = _at(firewall.body, "properties.firewallPolicy.id")
        if named:
            key = _key(firewall.body, "properties.firewallPolicy.id") or ""
            base = (
                _at(self._estate.resources[key].body, "properties.basePolicy.id")
                if (key in self._policies)
                else None
            )
            inherits = parse_resource_id(base)
            read = not base or (inherits is not None and inherits.key in self._policies)
            return self._policies.get(key), key in self._policies and read
        rules = sorted(self._classic_rules(firewall), key=lambda rule: rule.order)
        if not rules:
            return None, True
        return FirewallPolicy(firewall.id.key, firewall.label, tuple(rules), False, ()), True

    def _classic_rules(self, firewall: Resource) -> Iterator[FirewallRule]:
        for kind in ("network", "application", "nat"):
            path = f"properties.{kind}RuleCollections"
            for collection in _items(_at(firewall.body, path)):
                order = _number(collection, "properties.priority")
                allows = (_text(collection, "properties.action.type") or "").lower() != "deny"
                for position, rule in enumerate(_items(_at(collection, "properties.rules"))):
                    label = f"{firewall.label} {_text(collection, 'name')}.{_text(rule, 'name')}"
                    place = (order, 0, position)
                    yield self._firewall_rule(label, place, rule, kind, allows)

    def endpoint(self, resource: Resource) -> PrivateEndpoint:
        connections = [
            *_items(_at(resource.body, "properties.privateLinkServiceConnections")),
            *_items(_at(resource.body, "properties.manualPrivateLinkServiceConnections")),
        ]
        first = connections[0] if connections else {}
        status = _text(first, "properties.privateLinkServiceConnectionState.status")
        subnet = _key(resource.body, "properties.subnet.id") or ""
        groups = self._estate.children(resource.id, _ZONE_GROUP)
        return PrivateEndpoint(
            key=resource.id.key,
            label=resource.label,
            network=subnet.rpartition("/subnets/")[0],
            subnet=subnet,
            target=_key(first, "properties.privateLinkServiceId") or "",
            groups=tuple(group.lower() for group in _texts(first, "properties.groupIds")),
            zones=tuple(
                key
                for group in groups
                for entry in _items(_at(group.body, "properties.privateDnsZoneConfigs"))
                if (key := _key(entry, "properties.privateDnsZoneId"))
            ),
            approved=None if status is None else status == "Approved",
            names=tuple(read_names(groups)),
        )

    def cluster(self, resource: Resource) -> Cluster:
        body = resource.body
        pools = self._estate.children(resource.id, _POOL)
        zone = _text(body, "properties.apiServerAccessProfile.privateDNSZone") or "system"
        named = parse_resource_id(zone)
        return Cluster(
            key=resource.id.key,
            label=resource.label,
            pools=tuple(_pool(pool) for pool in pools),
            outbound=_text(body, "properties.networkProfile.outboundType") or "loadBalancer",
            private=_at(body, "properties.apiServerAccessProfile.enablePrivateCluster") is True,
            # The service's default is true (aks `enable-private-cluster-public-fqdn`).
            public_name=_at(
                body, "properties.apiServerAccessProfile.enablePrivateClusterPublicFQDN"
            )
            is not False,
            zone=named.key if named else zone.lower(),
            authorized=_texts(body, "properties.apiServerAccessProfile.authorizedIPRanges"),
            api_server_subnet=_key(body, "properties.apiServerAccessProfile.subnetId"),
            region=_text(body, "location") or "",
            features=features_of(body, (pool.body for pool in pools)),
            span=resource.span,
            declared=resource.address is not None,
        )

    def service(self, resource: Resource, kind: ServiceKind) -> Service:
        body = resource.body
        rules = _at(body, "properties.networkAcls") or _at(body, "properties.networkRuleSet") or {}
        openings = [
            text
            for path, name in (
                ("ipRules", "value"),
                ("virtualNetworkRules", "id"),
                ("virtualNetworkRules", "virtualNetworkResourceId"),
                ("ipv6Rules", "value"),
                ("resourceAccessRules", "resourceId"),
            )
            for entry in _items(_at(rules, path))
            if (text := _text(entry, name))
        ]
        return Service(
            key=resource.id.key,
            label=resource.label,
            name=resource.id.name,
            kind=kind,
            public=(_text(body, "properties.publicNetworkAccess") or "Enabled").lower()
            != "disabled",
            openings=tuple(openings),
            span=resource.span,
            declared=resource.address is not None,
            guarded=(_text(rules, "defaultAction") or "Allow").lower() == "deny",
            hosts=hosts_of(
                resource.type, resource.id.name, self._cloud, _text(body, "location") or ""
            ),
        )

    def resolver(self, resource: Resource) -> tuple[str, str, int | None]:
        """Return (key, network, address) of an inbound endpoint of a private resolver."""
        entries = _items(_at(resource.body, "properties.ipConfigurations"))
        subnet = next((k for e in entries if (k := _key(e, "subnet.id"))), "")
        address = next((a for e in entries if (a := _text(e, "privateIpAddress"))), None)
        found = parse_addresses(address) if address else None
        return resource.id.key, subnet.rpartition("/subnets/")[0], found.lowest if found else None

    def _table(self, resource: Resource) -> RouteTable:
        return RouteTable(
            resource.label,
            tuple(self._route(child) for child in self._estate.children(resource.id, _ROUTE)),
            _at(resource.body, "properties.disableBgpRoutePropagation") is not True,
        )

    def _route(self, resource: Resource) -> Route:
        hop = _text(resource.body, "properties.nextHopType") or ""
        return Route(
            label=resource.label,
            prefix=_text(resource.body, "properties.addressPrefix") or "",
            hop=_HOPS.get(hop.lower(), HopType.NONE),
            appliance=self._address(_at(resource.body, "properties.nextHopIpAddress")),
        )

    def _peering(self, resource: Resource) -> Peering:
        state = _text(resource.body, "properties.peeringState")
        return Peering(
            label=resource.label,
            remote=_key(resource.body, "properties.remoteVirtualNetwork.id") or "",
            # Azure gives access and forwards nothing where the body is silent (recorded).
            access=_at(resource.body, "properties.allowVirtualNetworkAccess") is not False,
            forwarded=_at(resource.body, "properties.allowForwardedTraffic") is True,
            gateway_transit=_at(resource.body, "properties.allowGatewayTransit") is True,
            remote_gateways=_at(resource.body, "properties.useRemoteGateways") is True,
            connected=None if state is None else state == "Connected",
        )

    def _policy(self, resource: Resource) -> FirewallPolicy:
        rules = [
            rule
            for group in self._estate.children(resource.id, _RULE_GROUP)
            for rule in self._firewall_rules(group)
        ]
        return FirewallPolicy(
            key=resource.id.key,
            label=resource.label,
            # What is inherited goes before one's own, whatever its priority
            # (firewall-manager, "Azure Firewall policy rule sets").
            rules=(*self._inherited(resource), *sorted(rules, key=lambda rule: rule.order)),
            dns_proxy=_at(resource.body, "properties.dnsSettings.enableProxy") is True,
            dns_servers=tuple(
                self._address(server) or "?"
                for server in _items(_at(resource.body, "properties.dnsSettings.servers"))
            ),
        )

    def _inherited(self, resource: Resource) -> tuple[FirewallRule, ...]:
        base = parse_resource_id(_at(resource.body, "properties.basePolicy.id"))
        parent = self._estate.get(base) if base and base != resource.id else None
        # A policy that inherits passes nothing on: Azure knows two levels.
        if parent is None or _at(parent.body, "properties.basePolicy.id"):
            return ()
        return self._policy(parent).rules

    def _firewall_rules(self, group: Resource) -> Iterator[FirewallRule]:
        outer = _number(group.body, "properties.priority")
        for collection in _items(_at(group.body, "properties.ruleCollections")):
            inner = _number(collection, "priority")
            name = _text(collection, "name") or ""
            allows = (_text(collection, "action.type") or "").lower() != "deny"
            for position, rule in enumerate(_items(_at(collection, "rules"))):
                label = f"{group.label} {name}.{_text(rule, 'name') or position}"
                kind = (_text(rule, "ruleType") or "").lower().removesuffix("rule")
                yield self._firewall_rule(label, (outer, inner, position), rule, kind, allows)

    def _firewall_rule(
        self, label: str, order: tuple[int, int, int], rule: object, kind: str, allows: bool
    ) -> FirewallRule:
        destinations = list(_texts(rule, "destinationAddresses"))
        sources, open_sources = self._ip_groups(rule, "sourceIpGroups")
        more, open_destinations = self._ip_groups(rule, "destinationIpGroups")
        if kind == "application":
            entries = _items(_at(rule, "protocols"))
            protocols = frozenset((_text(e, "protocolType") or "").lower() for e in entries)
            ports = Intervals.of(
                (port, port) for port in (_number(entry, "port") for entry in entries)
            )
        else:
            spoken = (*_texts(rule, "ipProtocols"), *_texts(rule, "protocols"))
            protocols = frozenset(text.lower() for text in spoken)
            ports = _ports(_texts(rule, "destinationPorts"))
        tags = [text for text in destinations if parse_addresses(text) is None]
        return FirewallRule(
            label=label,
            kind=kind,
            order=order,
            allows=allows,
            protocols=protocols,
            sources=(*_texts(rule, "sourceAddresses"), *sources),
            destinations=tuple(t for t in [*destinations, *more] if t not in tags),
            names=(
                *_texts(rule, "targetFqdns"),
                *_texts(rule, "destinationFqdns"),
                *(url.partition("/")[0] for url in _texts(rule, "targetUrls")),
            ),
            tags=(*tags, *_texts(rule, "fqdnTags")),
            ports=ports,
            open_sources=open_sources,
            open_destinations=open_destinations,
            translated=_text(rule, "translatedAddress") or _text(rule, "translatedFqdn") or "",
            categories=_texts(rule, "webCategories"),
        )

    def _ip_groups(self, rule: object, path: str) -> tuple[list[str], bool]:
        """Return the ranges of the IP groups that a rule names, and whether one is not known."""
        ranges: list[str] = []
        unknown = False
        for text in _texts(rule, path):
            named = parse_resource_id(text)
            group = self._estate.get(named) if named else None
            if group is None:
                unknown = True
            else:
                ranges += _texts(group.body, "properties.ipAddresses")
        return ranges, unknown

    def _gateways_by_network(self) -> Iterator[tuple[str, Gateway]]:
        for resource in self._estate.of_type(_GATEWAY):
            tunnels = _key(resource.body, "properties.gatewayDefaultSite.id") is not None
            for entry in _items(_at(resource.body, "properties.ipConfigurations")):
                subnet = _key(entry, "properties.subnet.id")
                if subnet:
                    yield subnet.rpartition("/subnets/")[0], Gateway(resource.label, tunnels)

    def _address(self, value: object) -> str | None:
        """Return an address, or the key of the resource that Azure has yet to give it to."""
        if isinstance(value, str):
            return value
        if isinstance(value, Unknown):
            for path in value.paths:
                found = self._at_path(path)
                if found is not None:
                    return found.id.key
        return None

    def _at_path(self, path: str) -> Resource | None:
        """Return the resource whose address a path of an Unknown begins with."""
        parts = path.split(".")
        for length in range(len(parts), 0, -1):
            found = self._estate.at(".".join(parts[:length]))
            if found is not None:
                return found
        return None

    def _label(self, key: str) -> str:
        found = self._estate.resources.get(key)
        return found.label if found else key


_HOPS = {
    "vnetlocal": HopType.VNET,
    "virtualnetworkgateway": HopType.GATEWAY,
    "internet": HopType.INTERNET,
    "virtualappliance": HopType.APPLIANCE,
    "none": HopType.NONE,
}


def _group(estate: Estate, resource: Resource) -> SecurityGroup:
    rules = [_rule(child) for child in estate.children(resource.id, _RULE)]
    return SecurityGroup(resource.label, tuple(sorted(rules, key=lambda rule: rule.priority)))


def _rule(resource: Resource) -> SecurityRule:
    body = resource.body
    return SecurityRule(
        label=resource.label,
        priority=_number(body, "properties.priority"),
        inbound=(_text(body, "properties.direction") or "").lower() == "inbound",
        allows=(_text(body, "properties.access") or "").lower() == "allow",
        protocol=(_text(body, "properties.protocol") or "*").lower(),
        sources=_either(body, "properties.sourceAddressPrefix", "sourceApplicationSecurityGroups"),
        destinations=_either(
            body, "properties.destinationAddressPrefix", "destinationApplicationSecurityGroups"
        ),
        ports=_ports(_either(body, "properties.destinationPortRange")),
        # Azure refuses a rule that names no source port.
        source_ports=_ports(_either(body, "properties.sourcePortRange")) or ANY_PORT,
    )


def _either(body: object, path: str, groups: str = "") -> tuple[str, ...]:
    """Return what a rule states in the singular property, the plural one, or as groups."""
    plural = f"{path}es" if path.endswith("Prefix") else f"{path}s"
    single = _text(body, path)
    named = [
        f"asg:{key}"
        for entry in _items(_at(body, f"properties.{groups}") if groups else None)
        if (key := _key(entry, "id"))
    ]
    return (*([single] if single else []), *_texts(body, plural), *named)


def _is_hidden(value: object) -> bool:
    return any(True for _ in unknowns(value))


def _pool(resource: Resource) -> Pool:
    body = resource.body
    return Pool(
        label=resource.label,
        name=resource.id.name,
        subnet=_key(body, "properties.vnetSubnetID"),
        pod_subnet=_key(body, "properties.podSubnetID"),
        public_addresses=_at(body, "properties.enableNodePublicIP") is True,
        span=resource.span,
    )


def _ports(texts: Iterable[str]) -> Intervals:
    found = [parse_ports(text) for text in texts]
    joined = NOTHING
    for ports in found:
        joined = joined | (ANY_PORT if ports is None else ports)
    return joined


def _ranges(texts: Iterable[str]) -> Intervals:
    joined = NOTHING
    for text in texts:
        joined = joined | (parse_addresses(text) or NOTHING)
    return joined


# A handful of paths, read of every resource.
@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _at(body: object, path: str) -> object:
    found = lookup(body, _steps(path))
    return found if found or found is False or found == 0 else None


def _text(body: object, path: str) -> str | None:
    found = _at(body, path)
    return found if isinstance(found, str) else None


def _key(body: object, path: str) -> str | None:
    named = parse_resource_id(_at(body, path))
    return named.key if named else None


def _number(body: object, path: str) -> int:
    found = _at(body, path)
    return found if isinstance(found, int) else 0


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()


def _texts(body: object, path: str) -> tuple[str, ...]:
    return tuple(item for item in _items(_at(body, path)) if isinstance(item, str))
