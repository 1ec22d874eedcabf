"""POST …/networkInterfaces/NAME/effectiveRouteTable: where an interface sends what leaves it.

Source: "Network Interfaces - Get Effective Route Table" (shapes), "Virtual network traffic routing"
(the system routes; a route of one's own goes before a learned one, and that before a system route
of the same prefix, which is `Invalid` then; peers' ranges are not overridden by learned ones).

Azure answers while the interface's machine runs; the built-in Azure runs none and answers for
any interface. The routes of service endpoints are missing: nobody here knows their addresses.
"""

from collections.abc import Iterator
from typing import Any

from provisioner.catalog.network_offers import NOWHERE
from provisioner.catalog.service_actions import ROUTE
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.effective_networks import (
    ConnectedRanges,
    ranges_around,
    reference_at,
)
from provisioner.simulator.actions.targets import find_target, require_resource, start_action
from provisioner.simulator.arm.operations import Effect
from provisioner.simulator.bodies.body_paths import split_path, value_at, values_at
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record

_EVERYWHERE = "0.0.0.0/0"
_LEARNED = "VirtualNetworkGateway"
_HOPS = {"vnetlocal": "VnetLocal", "virtualnetworkgateway": _LEARNED}


def get_effective_routes(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer 202; the routes stand at `Location`."""
    interface = find_target(cloud, request)
    subnet = subnet_of(cloud, interface)
    answer: Json = {"value": [] if subnet is None else list(_routes(cloud, subnet))}
    return start_action(cloud, request, interface, OperationKind.READ, Effect(answer=answer))


def subnet_of(cloud: Cloud, interface: Record) -> Record | None:
    """Return the subnet that an interface stands in."""
    path = split_path("properties.ipConfigurations[].properties.subnet.id")
    for _, text in values_at(interface.body, path):
        subnet = parse_resource_id(text)
        if subnet is not None:
            return require_resource(cloud, subnet)
    return None


def _routes(cloud: Cloud, subnet: Record) -> Iterator[dict[str, Json]]:
    assert subnet.id.parent is not None
    around = ranges_around(cloud, require_resource(cloud, subnet.id.parent))
    table_id = reference_at(subnet, "properties.routeTable.id")
    table = cloud.find(table_id) if table_id is not None else None
    own = list(_own(cloud, table)) if table is not None else []
    stops = table is not None and (
        value_at(table.body, "properties.disableBgpRoutePropagation") is True
    )
    stated = {str(route["addressPrefix"]) for route in own}
    peers = set(around.peers)
    learned = [
        prefix
        for prefix in (() if stops else around.beyond_gateway)
        if prefix not in peers and prefix not in around.network
    ]
    for route in _system(around, own_default=_EVERYWHERE in stated):
        prefix = str(route["addressPrefix"])
        yield _show(route, is_active=prefix not in stated and prefix not in learned)
    for prefix in dict.fromkeys(learned):
        learned_route: dict[str, Any] = {
            "source": _LEARNED,
            "addressPrefix": prefix,
            "nextHopType": _LEARNED,
        }
        yield _show(learned_route, is_active=prefix not in stated)
    for route in own:
        yield {**_show(route, is_active=True), "disableBgpRoutePropagation": stops}


def _system(around: ConnectedRanges, *, own_default: bool) -> Iterator[dict[str, Any]]:
    """Yield the system routes; those to nowhere go with a default route of one's own (the routing
    example of the page), and where the network or a peer has the same range."""
    for prefix in around.network:
        yield {"source": "Default", "addressPrefix": prefix, "nextHopType": "VnetLocal"}
    for prefix in around.peers:
        yield {"source": "Default", "addressPrefix": prefix, "nextHopType": "VNetPeering"}
    yield {"source": "Default", "addressPrefix": _EVERYWHERE, "nextHopType": "Internet"}
    for prefix in () if own_default else NOWHERE:
        if prefix not in (*around.network, *around.peers):
            yield {"source": "Default", "addressPrefix": prefix, "nextHopType": "None"}


def _own(cloud: Cloud, table: Record) -> Iterator[dict[str, Any]]:
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


def _show(route: dict[str, Any], *, is_active: bool) -> dict[str, Json]:
    return {
        **({"name": route["name"]} if "name" in route else {}),
        "disableBgpRoutePropagation": False,
        "source": route["source"],
        "state": "Active" if is_active else "Invalid",
        "addressPrefix": [route["addressPrefix"]],
        "nextHopType": route["nextHopType"],
        "nextHopIpAddress": route.get("nextHopIpAddress", []),
    }
