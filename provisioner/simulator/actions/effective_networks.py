"""What a subnet is connected to: the ranges of its network, of peers, and of what gateways reach.

Source: "Virtual network traffic routing", "Virtual network peering" (a peering leads somewhere
while it is connected and access is allowed; gateway transit), "About VPN Gateway settings" (local
network gateways). What a gateway learns by BGP nobody here knows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.catalog.service_actions import CONNECTION, NETWORK_GATEWAY, PEERING
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.bodies.body_paths import split_path, value_at, values_at
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_SPACE = "properties.addressSpace.addressPrefixes"


@dataclass(frozen=True, slots=True)
class ConnectedRanges:
    """The ranges around a subnet, as text: of its network, of peers, and of what the gateway of the
    network (or of a peer that lends it) reaches."""

    network: tuple[str, ...]
    peers: tuple[str, ...]
    beyond_gateway: tuple[str, ...]


def ranges_around(cloud: Cloud, network: Record) -> ConnectedRanges:
    """Return the ranges around the subnets of a network."""
    peerings = list(_connected(cloud, network))
    gateways = list(_gateways(cloud, network.id))
    for peering in peerings:
        remote = cloud.find(_remote(peering) or peering.id)
        borrows = value_at(peering.body, "properties.useRemoteGateways") is True
        if borrows and remote is not None and _lends(cloud, remote, network.id):
            gateways += _gateways(cloud, remote.id)
    return ConnectedRanges(
        texts_at(network, _SPACE),
        tuple(
            prefix
            for peering in peerings
            for prefix in texts_at(peering, "properties.remoteAddressSpace.addressPrefixes")
        ),
        tuple(prefix for gateway in gateways for prefix in _reached(cloud, gateway)),
    )


def reference_at(row: Record, path: str) -> ResourceId | None:
    """Return the id that stands at a path of a body."""
    found: Json = value_at(row.body, path)
    return parse_resource_id(found)


def texts_at(row: Record, path: str) -> tuple[str, ...]:
    """Return the texts of a list in a body; those of one text where it is no list."""
    found = value_at(row.body, path)
    entries = found if isinstance(found, (list, tuple)) else (found,)
    return tuple(entry for entry in entries if isinstance(entry, str) and entry)


def _connected(cloud: Cloud, network: Record) -> Iterator[Record]:
    for row in cloud.store.resources.inside(network.id.key):
        if row.type != PEERING:
            continue
        state = value_at(row.body, "properties.peeringState")
        allowed = value_at(row.body, "properties.allowVirtualNetworkAccess")
        if state == "Connected" and allowed is not False:
            yield row


def _remote(peering: Record) -> ResourceId | None:
    return reference_at(peering, "properties.remoteVirtualNetwork.id")


def _lends(cloud: Cloud, remote: Record, network: ResourceId) -> bool:
    """Return whether a network lets another one use its gateway."""
    return any(
        _remote(peering) == network
        and value_at(peering.body, "properties.allowGatewayTransit") is True
        for peering in _connected(cloud, remote)
    )


def _gateways(cloud: Cloud, network: ResourceId) -> Iterator[Record]:
    path = split_path("properties.ipConfigurations[].properties.subnet.id")
    for row in cloud.store.resources.of_type(NETWORK_GATEWAY):
        subnets = (parse_resource_id(text) for _, text in values_at(row.body, path))
        if any(subnet is not None and subnet.parent == network for subnet in subnets):
            yield row


def _reached(cloud: Cloud, gateway: Record) -> Iterator[str]:
    """Yield what stands behind a gateway: the sites of its connections, and its own clients."""
    yield from texts_at(
        gateway, "properties.vpnClientConfiguration.vpnClientAddressPool.addressPrefixes"
    )
    for row in cloud.store.resources.of_type(CONNECTION):
        if reference_at(row, "properties.virtualNetworkGateway1.id") != gateway.id:
            continue
        site = reference_at(row, "properties.localNetworkGateway2.id")
        found = cloud.find(site) if site is not None else None
        if found is not None:
            yield from texts_at(found, "properties.localNetworkAddressSpace.addressPrefixes")
