"""The address ranges connected to a subnet: its network's, its peers', those behind gateways.

Source: "Virtual network traffic routing", "Virtual network peering" (traffic flows while the
peering is connected and access is allowed; gateway transit), "About VPN Gateway settings" (local
network gateways). Routes that a gateway learns by BGP are not known here.
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
    """The prefixes connected to a subnet, as text.

    `beyond_gateway` are behind the network's own gateway or behind one that a peer shares.
    """

    network: tuple[str, ...]
    peers: tuple[str, ...]
    beyond_gateway: tuple[str, ...]


def connected_ranges(cloud: Cloud, network: Record) -> ConnectedRanges:
    """Return the prefixes connected to the subnets of a network."""
    peerings = list(_connected_peerings(cloud, network))
    gateways = list(_gateways_in(cloud, network.id))
    for peering in peerings:
        remote = cloud.find(_remote_network(peering) or peering.id)
        uses_remote_gateway = value_at(peering.body, "properties.useRemoteGateways") is True
        if (
            uses_remote_gateway
            and remote is not None
            and _allows_gateway_transit(cloud, remote, network.id)
        ):
            gateways += _gateways_in(cloud, remote.id)
    return ConnectedRanges(
        texts_at(network, _SPACE),
        tuple(
            prefix
            for peering in peerings
            for prefix in texts_at(peering, "properties.remoteAddressSpace.addressPrefixes")
        ),
        tuple(prefix for gateway in gateways for prefix in _ranges_behind(cloud, gateway)),
    )


def reference_at(row: Record, path: str) -> ResourceId | None:
    """Return the resource id at a path of a body; None if there is none."""
    found: Json = value_at(row.body, path)
    return parse_resource_id(found)


def texts_at(row: Record, path: str) -> tuple[str, ...]:
    """Return the texts of a list in a body; a single text counts as a list of one."""
    found = value_at(row.body, path)
    entries = found if isinstance(found, (list, tuple)) else (found,)
    return tuple(entry for entry in entries if isinstance(entry, str) and entry)


def _connected_peerings(cloud: Cloud, network: Record) -> Iterator[Record]:
    for row in cloud.store.resources.inside(network.id.key):
        if row.type != PEERING:
            continue
        state = value_at(row.body, "properties.peeringState")
        allowed = value_at(row.body, "properties.allowVirtualNetworkAccess")
        if state == "Connected" and allowed is not False:
            yield row


def _remote_network(peering: Record) -> ResourceId | None:
    return reference_at(peering, "properties.remoteVirtualNetwork.id")


def _allows_gateway_transit(cloud: Cloud, remote: Record, network: ResourceId) -> bool:
    """Return whether a remote network shares its gateway with a network."""
    return any(
        _remote_network(peering) == network
        and value_at(peering.body, "properties.allowGatewayTransit") is True
        for peering in _connected_peerings(cloud, remote)
    )


def _gateways_in(cloud: Cloud, network: ResourceId) -> Iterator[Record]:
    path = split_path("properties.ipConfigurations[].properties.subnet.id")
    for row in cloud.store.resources.of_type(NETWORK_GATEWAY):
        subnets = (parse_resource_id(text) for _, text in values_at(row.body, path))
        if any(subnet is not None and subnet.parent == network for subnet in subnets):
            yield row


def _ranges_behind(cloud: Cloud, gateway: Record) -> Iterator[str]:
    """Yield the prefixes behind a gateway: sites of its connections, and VPN clients."""
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
