"""Effective routes of subnets: the next hop for every IPv4 destination.

The rules are Azure's (virtual-networks-udr-overview): the longest prefix wins; of equal prefixes a
user-defined route goes before a learned one, and that before a system route; but the system routes
of the network, its peers and service endpoints are never overridden by a learned one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from provisioner.network.model.intervals import EVERYWHERE, NOTHING, Intervals, parse_addresses
from provisioner.network.model.service_tags import PRIVATE, PUBLIC
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import (
    Gateway,
    HopType,
    Network,
    Route,
    RouteTable,
    Subnet,
)

SYSTEM_ROUTE = "the system route"


@dataclass(frozen=True, slots=True)
class EffectiveRoute:
    """The effective route of some addresses.

    `label` is the route's or the peering's; `prefix` is the range that was stated; `towards` is the
    appliance's address or key, or the peer's key.
    """

    label: str
    prefix: str
    hop: HopType
    towards: str | None
    addresses: Intervals
    user_defined: bool


@dataclass(frozen=True, slots=True)
class Routing:
    """The routing of a subnet. The `routes` are disjoint and hold every address.

    `tagged` are user-defined routes for service tags: they take some public addresses, nobody
    knows which. `learned_from` is the gateway whose routes, whatever else they are, are added; None
    where none is. `service_endpoints` are services that are reached past all routes.
    """

    routes: tuple[EffectiveRoute, ...]
    tagged: tuple[Route, ...]
    learned_from: str | None
    service_endpoints: tuple[str, ...]

    def to(self, address: int) -> EffectiveRoute:
        """Return the route of one address."""
        return next(route for route in self.routes if address in route.addresses)


def is_tunneled(routing: Routing) -> bool:
    """Return whether all traffic to public addresses goes to a gateway.

    Routes that the gateway learns then lead nowhere else.
    """
    leaving = [r for r in routing.routes if r.addresses & PUBLIC and r.hop in _LEAVING_HOPS]
    return bool(leaving) and all(route.hop is HopType.GATEWAY for route in leaving)


_LEAVING_HOPS = (HopType.INTERNET, HopType.APPLIANCE, HopType.GATEWAY)


def route_subnet(topology: Topology, subnet: Subnet) -> Routing:
    """Return the effective routes of a subnet.

    All subnets of its network with the same route table share them, but for service endpoints.
    """
    found = _routing_of(topology, subnet)
    if found.service_endpoints == subnet.service_endpoints:
        return found
    return replace(found, service_endpoints=subnet.service_endpoints)


def _routing_of(topology: Topology, subnet: Subnet) -> Routing:
    """Return the effective routes of a subnet, or of another one that shares them."""
    network, table = topology.networks[subnet.network], subnet.table
    key, cache = ("routing", network.key, id(table)), topology.derived
    known = cast("tuple[RouteTable | None, Routing] | None", cache.get(key))
    # Held against the table that it was made of: an id says nothing once its object is gone.
    if known is not None and known[0] is table:
        return known[1]
    computed = _compute_routes(topology, subnet)
    cache[key] = (table, computed)
    return computed


def public_routes(
    topology: Topology, subnet: Subnet
) -> tuple[tuple[EffectiveRoute, Intervals], ...]:
    """Return (route, addresses) of each effective route of a subnet that takes public addresses."""
    routing = _routing_of(topology, subnet)
    key, cache = ("public routes", id(routing)), topology.derived
    known = cast("tuple[Routing, _PublicRoutes] | None", cache.get(key))
    if known is not None and known[0] is routing:
        return known[1]
    parts = ((route, route.addresses & PUBLIC) for route in routing.routes)
    computed = tuple((route, public) for route, public in parts if public)
    cache[key] = (routing, computed)
    return computed


_PublicRoutes: TypeAlias = tuple[tuple[EffectiveRoute, Intervals], ...]


def _compute_routes(topology: Topology, subnet: Subnet) -> Routing:
    network = topology.networks[subnet.network]
    stated = subnet.table.routes if subnet.table else ()
    user_routes = [_user_route(route) for route in stated]
    candidates = [route for route in user_routes if route is not None]
    overridden = any(r.addresses == EVERYWHERE for r in candidates)
    gateway = _learning_gateway(topology, network) if _learns_routes(subnet) else None
    if gateway is not None and gateway.default_site:
        # The one route that is known of a gateway: all else that it learns is told by its peers.
        learned = _system_route(HopType.GATEWAY, EVERYWHERE, gateway.label, None)
        candidates.append(replace(learned, prefix="0.0.0.0/0"))
    candidates += _system_routes(topology, network, overridden)
    # Stable: of equal prefixes the user-defined ones stay first, and learned ones before the
    # system's.
    candidates.sort(key=lambda route: route.addresses.size)
    # Longest prefix first, each route of what is left: the routes become disjoint, and proofs
    # reason about sets of addresses instead of packets.
    taken = NOTHING
    routes = []
    for route in candidates:
        remaining = route.addresses - taken
        if remaining:
            taken = taken | remaining
            routes.append(
                EffectiveRoute(
                    route.label,
                    route.prefix,
                    route.hop,
                    route.towards,
                    remaining,
                    route.user_defined,
                )
            )
    return Routing(
        routes=tuple(routes),
        tagged=tuple(
            r for r, computed in zip(stated, user_routes, strict=True) if computed is None
        ),
        learned_from=gateway.label if gateway is not None else None,
        service_endpoints=subnet.service_endpoints,
    )


def _user_route(route: Route) -> EffectiveRoute | None:
    addresses = parse_addresses(route.prefix)
    # A service tag as prefix: its addresses change weekly, so it is judged apart (`tagged`).
    if addresses is None:
        return None
    return EffectiveRoute(route.label, route.prefix, route.hop, route.appliance, addresses, True)


def _system_routes(
    topology: Topology, network: Network, overridden: bool
) -> Iterator[EffectiveRoute]:
    for prefix in network.prefixes:
        yield _system_route(HopType.VNET, prefix, network.label, network.key)
    for peering, remote in topology.peers(network):
        for prefix in remote.prefixes:
            yield _system_route(HopType.PEERING, prefix, peering.label, remote.key)
    if not overridden:
        # With a default route of one's own these are gone (virtual-networks-udr-overview,
        # routing example: Subnet1 against Subnet2).
        for pair in PRIVATE:
            yield _system_route(HopType.NONE, Intervals((pair,)), SYSTEM_ROUTE, None)
    yield _system_route(HopType.INTERNET, EVERYWHERE, SYSTEM_ROUTE, None)


def _system_route(
    hop: HopType, addresses: Intervals, label: str, towards: str | None
) -> EffectiveRoute:
    return EffectiveRoute(label, "", hop, towards, addresses, user_defined=False)


def _learns_routes(subnet: Subnet) -> bool:
    return subnet.table is None or subnet.table.propagates


def _learning_gateway(topology: Topology, network: Network) -> Gateway | None:
    """Return the gateway whose routes a network learns: its own one, or one that a peer lends."""
    if network.gateway is not None:
        return network.gateway
    for peering, remote in topology.peers(network):
        # Both sides have to agree: useRemoteGateways here, allowGatewayTransit there.
        allows_transit = any(p.remote == network.key and p.gateway_transit for p in remote.peerings)
        if peering.remote_gateways and allows_transit and remote.gateway is not None:
            return remote.gateway
    return None
