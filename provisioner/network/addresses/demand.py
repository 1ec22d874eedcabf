"""Address demand of subnets: what takes addresses, how many at most, and the arithmetic as text.

Sources: guidelines.md §2.2; the documentation of each service for what its subnet is called.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, lookup, values_at
from provisioner.network.addresses.cluster_ranges import Cluster, Plugin, Pool

FIREWALL = "Microsoft.Network/azureFirewalls"
BASTION = "Microsoft.Network/bastionHosts"
GATEWAY = "Microsoft.Network/virtualNetworkGateways"
LOAD_BALANCER = "Microsoft.Network/loadBalancers"
INTERFACE = "Microsoft.Network/networkInterfaces"
SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
MACHINE = "Microsoft.Compute/virtualMachines"
ROUTE_SERVER = "Microsoft.Network/virtualHubs/ipConfigurations"
APPLICATION_GATEWAY = "Microsoft.Network/applicationGateways"
LINK_SERVICE = "Microsoft.Network/privateLinkServices"
INBOUND_ENDPOINT = "Microsoft.Network/dnsResolvers/inboundEndpoints"
OUTBOUND_ENDPOINT = "Microsoft.Network/dnsResolvers/outboundEndpoints"
_SUBNET = "microsoft.network/virtualnetworks/subnets"
PRIVATE_ENDPOINT = "Microsoft.Network/privateEndpoints"
_REGISTRY = "Microsoft.ContainerRegistry/registries"

API_SERVER_ADDRESSES = 9
"""The minimum demand of a cluster's API server in its subnet (guidelines.md §2.2)."""

_BATCH = 16
"""Pods of a subnet of their own get their addresses in batches of so many (guidelines.md §2.2)."""


class DemandKind(StrEnum):
    """The kind of resource that takes addresses of a subnet; the text is for reports."""

    NODES = "nodes"
    PODS = "pods"
    API_SERVER = "API server"
    ENDPOINT = "private endpoint"
    FIREWALL = "firewall"
    FIREWALL_MANAGEMENT = "firewall management"
    BASTION = "Bastion"
    GATEWAY = "gateway"
    ROUTE_SERVER = "route server"
    FRONTEND = "private frontend"
    INTERFACE = "network interface"
    APPLICATION_GATEWAY = "application gateway"
    LINK_SERVICE = "private link service"
    RESOLVER = "DNS resolver"
    OTHER = "uncounted addresses"


@dataclass(frozen=True, slots=True)
class Demand:
    """The address demand of one resource in a subnet.

    `addresses` is the maximum, None where it is not known; `least` is the minimum that it can work
    with. `arithmetic` is the calculation as text.
    """

    kind: DemandKind
    resource: Resource
    subnet: ResourceId
    addresses: int | None
    least: int
    arithmetic: str


def read_demands(estate: Estate, clusters: Sequence[Cluster]) -> Iterator[Demand]:
    """Yield the address demands of all subnets, by kind in the order of the estate."""
    for cluster in clusters:
        yield from _cluster_demands(cluster)
    for endpoint in estate.of_type(PRIVATE_ENDPOINT):
        subnet = parse_resource_id(lookup(endpoint.body, ("properties", "subnet", "id")))
        if subnet is not None:
            count, why = _endpoint_addresses(endpoint)
            yield Demand(DemandKind.ENDPOINT, endpoint, subnet, count, count, why)
    yield from _configuration_demands(estate)
    yield from _scale_set_demands(estate)
    for gateway in estate.of_type(APPLICATION_GATEWAY):
        yield from _application_gateway_demands(gateway)
    yield from _resolver_demands(estate)
    yield from _uncounted_demands(estate)
    # A route server is a virtual hub with an IP configuration in RouteServerSubnet.
    for place in estate.of_type(ROUTE_SERVER):
        subnet = parse_resource_id(lookup(place.body, ("properties", "subnet", "id")))
        if subnet is not None:
            yield Demand(DemandKind.ROUTE_SERVER, place, subnet, None, 0, _OWN_SUBNET)
    for kind, name, path in _FIXED_SIZE_SERVICES:
        for host in estate.of_type(name):
            for subnet in _subnets_of(host, path):
                # How many instances run is the service's business; the least size of the subnet
                # makes room for all of them.
                yield Demand(kind, host, subnet, None, 0, _OWN_SUBNET)


def _application_gateway_demands(gateway: Resource) -> Iterator[Demand]:
    """Yield the demand of an application gateway.

    It takes an address for each instance, and one for each private frontend ("Application Gateway
    infrastructure configuration", size of the subnet).
    """
    capacity = lookup(gateway.body, ("properties", "sku", "capacity"))
    autoscales = lookup(gateway.body, _AUTOSCALE) is not ABSENT
    most = lookup(gateway.body, (*_AUTOSCALE, "maxCapacity")) if autoscales else capacity
    least = lookup(gateway.body, (*_AUTOSCALE, "minCapacity")) if autoscales else capacity
    frontends = [parse_resource_id(t) for t in values_at(gateway.body, _GATEWAY_FRONTENDS)]
    gateway_subnets = [
        parse_resource_id(text) for text in values_at(gateway.body, _GATEWAY_SUBNETS)
    ]
    for subnet in {each.key: each for each in gateway_subnets if each is not None}.values():
        private = sum(each is not None and each.key == subnet.key for each in frontends)
        words = f"{private} private frontend{'' if private == 1 else 's'}"
        # Autoscaling may start at zero instances, which take no addresses.
        first = least if isinstance(least, int) else 0
        # Autoscaling without maxCapacity goes up to Azure's own limit.
        if isinstance(most, int):
            sum_of = f"{most} instances at most + {words} = {most + private}"
            yield Demand(
                DemandKind.APPLICATION_GATEWAY,
                gateway,
                subnet,
                most + private,
                first + private,
                sum_of,
            )
        else:
            why = f"instances without a stated most, and {words}"
            yield Demand(
                DemandKind.APPLICATION_GATEWAY, gateway, subnet, None, first + private, why
            )


def _resolver_demands(estate: Estate) -> Iterator[Demand]:
    """Yield the demand of the endpoints of DNS resolvers: each is in a subnet of its own."""
    for endpoint in (*estate.of_type(INBOUND_ENDPOINT), *estate.of_type(OUTBOUND_ENDPOINT)):
        for text in (*values_at(endpoint.body, _INBOUND), *values_at(endpoint.body, _OUTBOUND)):
            subnet = parse_resource_id(text)
            if subnet is not None:
                yield Demand(DemandKind.RESOLVER, endpoint, subnet, None, 0, _OWN_SUBNET)


def _uncounted_demands(estate: Estate) -> Iterator[Demand]:
    """Yield resources of types without facts that refer to a subnet: they may be in it."""
    for resource in estate:
        if resource.has_facts:
            continue
        named = (parse_resource_id(text) for text in _all_texts(resource.body))
        subnets = {s.key: s for s in named if s is not None and s.type.lower() == _SUBNET}
        for subnet in subnets.values():
            why = f"azsec has no facts of {resource.type}"
            yield Demand(DemandKind.OTHER, resource, subnet, None, 0, why)


def _all_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _all_texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _all_texts(item)


def _configuration_demands(estate: Estate) -> Iterator[Demand]:
    """Yield the demand of network interfaces and of private frontends of load balancers.

    Each IP configuration takes an address. The interface of a private endpoint is counted with the
    endpoint.
    """
    for kind, name, path in _COUNTED_CONFIGURATIONS:
        for resource in estate.of_type(name):
            # Azure makes an interface for each private endpoint and lists it with all others.
            if lookup(resource.body, ("properties", "privateEndpoint")) is not ABSENT:
                continue
            stated = lookup(resource.body, ("properties", path))
            entries = stated if isinstance(stated, (list, tuple)) else ()
            ids = [parse_resource_id(lookup(e, ("properties", "subnet", "id"))) for e in entries]
            keys = [each.key for each in ids if each is not None]
            for subnet in {each.key: each for each in ids if each is not None}.values():
                count = keys.count(subnet.key)
                yield Demand(kind, resource, subnet, count, count, str(count))


def _scale_set_demands(estate: Estate) -> Iterator[Demand]:
    """Yield the demand of scale sets, and of machines whose interfaces are in their bodies.

    Each machine takes an address for each of its IP configurations.
    """
    sets = ((resource, _SET_INTERFACES) for resource in estate.of_type(SCALE_SET))
    single = ((resource, _MACHINE_INTERFACES) for resource in estate.of_type(MACHINE))
    for resource, path in (*sets, *single):
        # Autoscale settings of a scale set are a resource apart: the stated capacity is what is
        # known.
        capacity = lookup(resource.body, ("sku", "capacity"))
        machines = capacity if isinstance(capacity, int) else None
        if path == _MACHINE_INTERFACES:
            machines = 1
        keys: dict[str, tuple[ResourceId, int]] = {}
        for interface in values_at(resource.body, path):
            for text in values_at(interface, "properties.ipConfigurations[].properties.subnet.id"):
                subnet = parse_resource_id(text)
                if subnet is not None:
                    keys[subnet.key] = subnet, keys.get(subnet.key, (subnet, 0))[1] + 1
        for subnet, count in keys.values():
            if machines is None:
                why = "the number of machines is not known"
                yield Demand(DemandKind.INTERFACE, resource, subnet, None, 0, why)
            else:
                needed = machines * count
                words = f"{machines} machine{'' if machines == 1 else 's'} x {count} = {needed:,}"
                yield Demand(DemandKind.INTERFACE, resource, subnet, needed, needed, words)


_SET_INTERFACES = "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[]"

_MACHINE_INTERFACES = "properties.networkProfile.networkInterfaceConfigurations[]"

_COUNTED_CONFIGURATIONS = (
    (DemandKind.FRONTEND, LOAD_BALANCER, "frontendIPConfigurations"),
    (DemandKind.INTERFACE, INTERFACE, "ipConfigurations"),
    (DemandKind.LINK_SERVICE, LINK_SERVICE, "ipConfigurations"),
)
_OWN_SUBNET = "in a subnet of its own, of a fixed least size"
_INBOUND = "properties.ipConfigurations[].subnet.id"
_OUTBOUND = "properties.subnet.id"
_AUTOSCALE = ("properties", "autoscaleConfiguration")
_GATEWAY_SUBNETS = "properties.gatewayIPConfigurations[].properties.subnet.id"
_GATEWAY_FRONTENDS = "properties.frontendIPConfigurations[].properties.subnet.id"

_FIXED_SIZE_SERVICES = (
    (DemandKind.FIREWALL, FIREWALL, "ipConfigurations"),
    (DemandKind.FIREWALL_MANAGEMENT, FIREWALL, "managementIpConfiguration"),
    (DemandKind.BASTION, BASTION, "ipConfigurations"),
    (DemandKind.GATEWAY, GATEWAY, "ipConfigurations"),
)


def _subnets_of(host: Resource, path: str) -> list[ResourceId]:
    stated = lookup(host.body, ("properties", path))
    entries = stated if isinstance(stated, (list, tuple)) else [stated]
    ids = [parse_resource_id(lookup(e, ("properties", "subnet", "id"))) for e in entries]
    return list({i.key: i for i in ids if i is not None}.values())


def _endpoint_addresses(endpoint: Resource) -> tuple[int, str]:
    """Return how many addresses a private endpoint takes, and the arithmetic.

    A registry has an address of its own and one for the data of its region; others have one.
    """
    connections = lookup(endpoint.body, ("properties", "privateLinkServiceConnections"))
    for connection in connections if isinstance(connections, (list, tuple)) else ():
        target = parse_resource_id(lookup(connection, ("properties", "privateLinkServiceId")))
        if target is not None and target.type.lower() == _REGISTRY.lower():
            return 2, "1 for the registry + 1 for its data = 2"
    return 1, "1"


def _cluster_demands(cluster: Cluster) -> Iterator[Demand]:
    subnet = cluster.api_server_subnet
    if subnet is not None:
        least = API_SERVER_ADDRESSES
        yield Demand(
            DemandKind.API_SERVER,
            cluster.resource,
            subnet,
            least,
            least,
            f"the API server takes {least}",
        )
    for identity, pools in _pools_by_subnet(cluster, lambda pool: pool.subnet):
        yield _node_demand(cluster, identity, pools)
    for identity, pools in _pools_by_subnet(cluster, lambda pool: pool.pod_subnet):
        yield _pod_demand(cluster, identity, pools)
    first = next((pool.subnet for pool in cluster.pools if pool.subnet), None)
    # AKS puts the private endpoint of the API server into the subnet of the first pool
    # (guidelines.md §2.4).
    if cluster.has_private_link and first is not None:
        why = "1 for the API server"
        yield Demand(DemandKind.ENDPOINT, cluster.resource, first, 1, 1, why)


def _node_demand(cluster: Cluster, subnet: ResourceId, pools: list[Pool]) -> Demand:
    # In flat Azure CNI each node takes addresses for all of its pods when it is created
    # (guidelines.md §2.2).
    flat = [p for p in pools if cluster.plugin is Plugin.FLAT and p.pod_subnet is None]
    nodes = sum(pool.most for pool in pools)
    needed = nodes + sum(pool.most * pool.max_pods for pool in flat)
    words = describe_nodes(pools)
    if flat:
        terms = [f"{most:,} x {pods}" for pods, most in _nodes_by_max_pods(flat)]
        words += f"; {' + '.join([f'{nodes:,}', *terms])} = {needed:,}"
    known = all(pool.nodes is not None for pool in pools) and not cluster.provisions_nodes
    return Demand(
        DemandKind.NODES, cluster.resource, subnet, needed if known else None, needed, words
    )


def _pod_demand(cluster: Cluster, subnet: ResourceId, pools: list[Pool]) -> Demand:
    batches = [(pool, -(-pool.max_pods // _BATCH)) for pool in pools]
    needed = sum(pool.most * count * _BATCH for pool, count in batches)
    # Dynamic allocation starts with one batch for each node; static blocks are taken whole.
    least = sum(pool.most * _BATCH * (count if pool.static else 1) for pool, count in batches)
    terms = [
        f"{pool.most:,} x {count} batches of {_BATCH} for {pool.max_pods} pods"
        for pool, count in batches
    ]
    known = all(pool.nodes is not None for pool in pools) and not cluster.provisions_nodes
    words = f"{describe_nodes(pools)}; {' + '.join(terms)} = {needed:,}"
    return Demand(
        DemandKind.PODS, cluster.resource, subnet, needed if known else None, least, words
    )


def describe_nodes(pools: Sequence[Pool]) -> str:
    """Return how many nodes pools have at most while they are upgraded, in words.

    "2 pools of at most 10 nodes in all, 33% surge = 14 nodes": each pool's surge is rounded up.
    """
    nodes = sum(pool.nodes or 0 for pool in pools)
    surges = sorted({pool.surge_text for pool in pools})
    is_plural = len(pools) != 1
    counted_pools = f"{len(pools)} pools" if is_plural else "1 pool"
    share = " and ".join(surges)
    total = sum(pool.most for pool in pools)
    rounded = " rounded up for each" if is_plural and "%" in share else ""
    return (
        f"{counted_pools} of at most {nodes:,} nodes{' in all' if is_plural else ''}, "
        f"{share} surge{rounded} = {total:,} nodes"
    )


def _nodes_by_max_pods(pools: Sequence[Pool]) -> list[tuple[int, int]]:
    counted: dict[int, int] = {}
    for pool in pools:
        counted[pool.max_pods] = counted.get(pool.max_pods, 0) + pool.most
    return list(counted.items())


def _pools_by_subnet(
    cluster: Cluster, subnet_of: Callable[[Pool], ResourceId | None]
) -> list[tuple[ResourceId, list[Pool]]]:
    found: dict[str, tuple[ResourceId, list[Pool]]] = {}
    for pool in cluster.pools:
        subnet = subnet_of(pool)
        if subnet is not None:
            found.setdefault(subnet.key, (subnet, []))[1].append(pool)
    return list(found.values())
