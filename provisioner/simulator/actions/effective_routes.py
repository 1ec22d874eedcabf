"""Effective routes of a network interface (POST effectiveRouteTable).

Source: "Network Interfaces - Get Effective Route Table" (shapes), "Virtual network traffic routing"
(the system routes; for one prefix a user route overrides a learned one, and that a system route,
which is `Invalid` then; peers' ranges are not overridden by learned ones).

Azure answers only while the interface's machine runs; the built-in Azure runs none and answers for
any interface. Routes of service endpoints are left out: their addresses are not known here.
"""

from collections.abc import Iterator
from typing import Any

from provisioner.catalog.network_offers import NOWHERE
from provisioner.catalog.service_actions import ROUTE
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.effective_networks import (
    ConnectedRanges,
    connected_ranges,
    reference_at,
)
from provisioner.simulator.actions.targets import find_target, require_resource, start_action
from provisioner.simulator.arm.operations import OperationEffect
from provisioner.simulator.bodies.body_paths import split_path, value_at, values_at
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record

_EVERYWHERE = "0.0.0.0/0"
_LEARNED = "VirtualNetworkGateway"
_HOPS = {"vnetlocal": "VnetLocal", "virtualnetworkgateway": _LEARNED}


def get_effective_routes(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer 202; the routes are at `Location`."""
    interface = find_target(cloud, request)
    subnet = subnet_of(cloud, interface)
    answer: Json = {"value": [] if subnet is None else list(_effective_routes(cloud, subnet))}
    return start_action(
        cloud, request, interface, OperationKind.READ, OperationEffect(answer=answer)
    )


def subnet_of(cloud: Cloud, interface: Record) -> Record | None:
    """Return the subnet of an interface; None if it has none."""
    path = split_path("properties.ipConfigurations[].properties.subnet.id")
    for _, text in values_at(interface.body, path):
        subnet = parse_resource_id(text)
        if subnet is not None:
            return require_resource(cloud, subnet)
    return None


def _effective_routes(cloud: Cloud, subnet: Record) -> Iterator[dict[str, Json]]:
    assert subnet.id.parent is not None
    ranges = connected_ranges(cloud, require_resource(cloud, subnet.id.parent))
    table_id = reference_at(subnet, "properties.routeTable.id")
    table = cloud.find(table_id) if table_id is not None else None
    user_routes = list(_user_routes(cloud, table)) if table is not None else []
    disables_propagation = table is not None and (
        value_at(table.body, "properties.disableBgpRoutePropagation") is True
    )
    user_prefixes = {str(route["addressPrefix"]) for route in user_routes}
    peers = set(ranges.peers)
    learned = [
        prefix
        for prefix in (() if disables_propagation else ranges.beyond_gateway)
        if prefix not in peers and prefix not in ranges.network
    ]
    for route in _system_routes(ranges, has_user_default=_EVERYWHERE in user_prefixes):
        prefix = str(route["addressPrefix"])
        yield _render_route(route, is_active=prefix not in user_prefixes and prefix not in learned)
    for prefix in dict.fromkeys(learned):
        learned_route: dict[str, Any] = {
            "source": _LEARNED,
            "addressPrefix": prefix,
            "nextHopType": _LEARNED,
        }
        yield _render_route(learned_route, is_active=prefix not in user_prefixes)
    for route in user_routes:
        yield {
            **_render_route(route, is_active=True),
            "disableBgpRoutePropagation": disables_propagation,
        }


def _system_routes(ranges: ConnectedRanges, *, has_user_default: bool) -> Iterator[dict[str, Any]]:
    """Yield the system routes.

    The routes to None are removed by a user's default route (the routing example of the page), and
    where the network or a peer has the same range.
    """
    for prefix in ranges.network:
        yield {"source": "Default", "addressPrefix": prefix, "nextHopType": "VnetLocal"}
    for prefix in ranges.peers:
        yield {"source": "Default", "addressPrefix": prefix, "nextHopType": "VNetPeering"}
    yield {"source": "Default", "addressPrefix": _EVERYWHERE, "nextHopType": "Internet"}
    for prefix in () if has_user_default else NOWHERE:
        if prefix not in (*ranges.network, *ranges.peers):
            yield {"source": "Default", "addressPrefix": prefix, "nextHopType": "None"}


def _user_routes(cloud: Cloud, table: Record) -> Iterator[dict[str, Any]]:
    for row in cloud.store.resources.inside(table.id.key):
        if row.type != ROUTE:
            continue
        hop = str(value_at(row.body, "properties.nextHopType"))
        address = value_at(row.body, "properties.nextHopIpAddress")
        yield {
            "name": row.id.name,
            "source": "User",
            "addressPrefix": value_at(row.body, "properties.addressPrefix"),
            "nextHopType": _HOPS.get(hop.lower(), hop),
            "nextHopIpAddress": [address] if isinstance(address, str) and address else [],
        }


def _render_route(route: dict[str, Any], *, is_active: bool) -> dict[str, Json]:
    return {
        **({"name": route["name"]} if "name" in route else {}),
        "disableBgpRoutePropagation": False,
        "source": route["source"],
        "state": "Active" if is_active else "Invalid",
        "addressPrefix": [route["addressPrefix"]],
        "nextHopType": route["nextHopType"],
        "nextHopIpAddress": route.get("nextHopIpAddress", []),
    }
