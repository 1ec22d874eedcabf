"""Networks that learn routes by BGP from route servers and virtual hubs.

A route server programs the routes that its peers advertise into the machines of its network, and of
networks that use its gateways ("Azure Route Server frequently asked questions", virtual network
peering); a virtual hub does so in the networks that are connected to it. Azure Resource Manager
shows the peers and not the routes that they advertise: no statement about where a subnet sends its
packets can be made.
"""

from collections.abc import Iterator, Mapping

from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import is_empty, lookup
from provisioner.network.model.topology_elements import Network, Subnet, Unjudged

HUB = "Microsoft.Network/virtualHubs"
IP_CONFIGURATION = f"{HUB}/ipConfigurations"
CONNECTION = f"{HUB}/hubVirtualNetworkConnections"
_SUBNET = "Microsoft.Network/virtualNetworks/subnets"
_RESERVED = "routeserversubnet"
_LEARNED = "what it learns by BGP is added to the routes there, and Azure does not show it"
_HUB_ROUTES = "the routes of a virtual hub hold there, and azsec does not read them"
_HINT = (
    "Read the effective routes of an interface there (az network nic show-effective-route-table), "
    "or set `disableBgpRoutePropagation: true` on the route table of the subnet."
)
_HINT_OF_HUB = "Read the effective routes of the hub (az network vhub get-effective-routes)."


def find_learned_routes(
    estate: Estate, networks: Mapping[str, Network], subnets: Mapping[str, Subnet]
) -> Iterator[Unjudged]:
    """Yield the route servers and hubs of an estate with the subnets that learn routes from them.

    Subnets whose route table excludes learned routes (`disableBgpRoutePropagation`) are left out.
    """
    reported: set[str] = set()
    for configuration in estate.of_type(IP_CONFIGURATION):
        named = parse_resource_id(lookup(configuration.body, ("properties", "subnet", "id")))
        if named is not None:
            reported.add(named.key)
            server = configuration.id.parent or configuration.id
            label = _label_of(estate, server)
            yield _unjudged_server(server, label, configuration, named, networks, subnets)
    # A route server that is not declared is found by what Azure lists in RouteServerSubnet.
    for subnet in estate.of_type(_SUBNET):
        if subnet.id.name.lower() == _RESERVED and subnet.id.key not in reported:
            occupant = _occupant_of(subnet)
            if occupant is not None:
                yield _unjudged_server(
                    occupant, occupant.text, subnet, subnet.id, networks, subnets
                )
    for connection in estate.of_type(CONNECTION):
        remote = lookup(connection.body, ("properties", "remoteVirtualNetwork", "id"))
        network = parse_resource_id(remote)
        connected_subnets = frozenset(
            subnet.key for subnet in subnets.values() if network and subnet.network == network.key
        )
        if connected_subnets:
            yield Unjudged(
                connection.id.key, connection.label, CONNECTION, connected_subnets, connection.span,
                _HUB_ROUTES, _HINT_OF_HUB,
            )  # fmt: skip


def _occupant_of(subnet: Resource) -> ResourceId | None:
    """Return the occupant that Azure names in a route server's subnet, if there is one."""
    entries = lookup(subnet.body, ("properties", "ipConfigurations"))
    for entry in entries if isinstance(entries, (list, tuple)) else ():
        named = parse_resource_id(lookup(entry, ("id",)))
        if named is not None:
            return named.parent or named
    return None


def _label_of(estate: Estate, server: ResourceId) -> str:
    found = estate.get(server)
    return found.label if found is not None else server.text


def _unjudged_server(
    server: ResourceId,
    label: str,
    source: Resource,
    place: ResourceId,
    networks: Mapping[str, Network],
    subnets: Mapping[str, Subnet],
) -> Unjudged:
    home = place.parent.key if place.parent is not None else ""
    own = networks.get(home)
    transit_networks = {
        peering.remote
        for peering in (own.peerings if own is not None else ())
        if peering.gateway_transit and _uses_gateways_of(networks.get(peering.remote), home)
    }
    learning = frozenset(
        subnet.key
        for subnet in subnets.values()
        if (subnet.network == home or subnet.network in transit_networks)
        # Propagation is switched off by route table, so each subnet learns or does not.
        and (subnet.table is None or subnet.table.propagates or subnet.hidden)
        # The route server's own subnet holds no workloads.
        and subnet.name.lower() != _RESERVED
    )
    return Unjudged(server.key, label, HUB, learning, source.span, _LEARNED, _HINT)


def _uses_gateways_of(network: Network | None, home: str) -> bool:
    """Return whether a peered network uses the gateways of another one, as far as it was read."""
    if network is None or is_empty(network.peerings):
        return network is None
    return any(p.remote == home and p.remote_gateways for p in network.peerings)
