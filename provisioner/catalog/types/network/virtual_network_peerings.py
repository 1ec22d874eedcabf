"""Virtual network peerings.

A peering routes a copy of the remote ranges, made when it is written: after the remote network
grows it is LocalNotInSync until a write with `syncRemoteAddressSpace`. It is Connected once both
sides exist, and stays Disconnected after the other side was deleted, until it is written again.

Facts: guidelines.md NET-07, "Update the address space for a peered virtual network", and the
recorded pairs.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import (
    Answered,
    Compare,
    Disruption,
    Field,
    Health,
    Repair,
    UnhealthyState,
)
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import (
    ComputationContext,
    ListRead,
    ResourceType,
    SdkModel,
    Snapshot,
)
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, Json, lookup

_REMOTE = ("properties", "remoteVirtualNetwork", "id")
_PEERINGS = ("properties", "virtualNetworkPeerings")
_SPACE = ("properties", "addressSpace")


_STATE = ("properties", "peeringState")
_COPY = ("properties", "remoteAddressSpace")


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    """Return the state of a peering, by both networks and by the peering of the other side.

    The ranges that it routes are a copy, made when it was created or synced, which stays in `body`
    ("Update the address space for a peered virtual network"). A peering whose other side is deleted
    is Disconnected until it is written again (the refusal RemotePeeringIsDisconnected).
    """
    remote = context.lookup(str(lookup(body, _REMOTE))) or {}
    own = context.lookup(resource.parent.text) if resource.parent else None
    other = _reverse_peering(remote, resource.parent)
    was = lookup(body, _STATE)
    if other is not None and was != "Disconnected":
        state = "Connected"
    elif was in ("Connected", "Disconnected"):
        state = "Disconnected"
    else:
        state = "Initiated"
    current = _address_prefixes(remote, _SPACE)
    routed = _address_prefixes(body, _COPY) or current
    is_synced = _have_same_prefixes(routed, current)
    others_synced = _have_same_prefixes(
        _address_prefixes(other or {}, _COPY), _address_prefixes(own or {}, _SPACE)
    )
    return {
        "properties": {
            "peeringState": state,
            "peeringSyncLevel": _sync_level(is_synced, state == "Connected" and others_synced),
            "remoteAddressSpace": {"addressPrefixes": routed},
            "remoteVirtualNetworkAddressSpace": {"addressPrefixes": current},
            "resourceGuid": context.guid(resource.text),
        }
    }


def _sync_level(is_synced: bool, others_synced: bool) -> str:
    if is_synced:
        return "FullyInSync" if others_synced else "RemoteNotInSync"
    return "LocalNotInSync" if others_synced else "LocalAndRemoteNotInSync"


def _address_prefixes(body: Body, path: tuple[str, ...]) -> list[Json]:
    found = lookup(body, (*path, "addressPrefixes"))
    return list(found) if isinstance(found, (list, tuple)) else []


def _have_same_prefixes(one: list[Json], other: list[Json]) -> bool:
    return sorted(map(str, one)) == sorted(map(str, other))


def _reverse_peering(remote: Body, network: ResourceId | None) -> Body | None:
    """Return the peering that the remote network has with `network`, or None."""
    peerings = lookup(remote, _PEERINGS)
    for peering in peerings if isinstance(peerings, (list, tuple)) else ():
        is_back = parse_resource_id(lookup(peering, _REMOTE)) == network
        if is_back and isinstance(peering, Mapping):
            return peering
    return None


def _is_connected(body: Body) -> bool:
    """Return whether both sides exist: a peering without the other side is never in sync.

    Recorded: Initiated, RemoteNotInSync.
    """
    return lookup(body, _STATE) == "Connected"


_SYNC = "a network of the peering has other ranges than the peering routes"
_HEALTHY_STATE = Health(
    "Connected",
    {
        "disconnected": UnhealthyState(
            "the other side of the peering was deleted, and nothing is routed until both are "
            "written again",
            Repair.WRITE,
        )
    },
)
# The values say which side to sync (SDK enum; "Update the address space for a peered virtual
# network"). The remote side is synced by a write of the remote peering.
_HEALTHY_LEVEL = Health(
    "FullyInSync",
    {
        "localnotinsync": UnhealthyState(_SYNC, Repair.WRITE),
        "localandremotenotinsync": UnhealthyState(_SYNC, Repair.WRITE),
        "remotenotinsync": UnhealthyState(
            "the peering of the other side does not route what this network has: sync that one",
            Repair.OTHERS,
            _is_connected,
        ),
    },
)


def _is_made_by_aks(_peering: ResourceId) -> bool:
    """Return False: AKS creates no peering in the node resource group."""
    return False


TYPE = ResourceType(
    name="Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "VirtualNetworkPeering"),
    rule=NETWORK_NAME,
    lists=ListRead.EMBEDDED,
    taggable=False,
    etag=True,
    serialise_on="",
    seconds=10,
    codes=RefusalCodes(not_found="NotFound"),
    unready={"Microsoft.Network/virtualNetworks": (400, "ReferencedResourceNotProvisioned")},
    snapshot=Snapshot(
        path="properties.remoteAddressSpace",
        of="properties.remoteVirtualNetwork.id",
        source="properties.addressSpace",
        query={"syncRemoteAddressSpace": "true"},
        level="properties.peeringSyncLevel",
        stale="LocalNotInSync",
        hint="Run `az network vnet peering sync` on the other network.",
    ),
    computed=_computed_values,
    by_keeper=_is_made_by_aks,
    adds="connects another network to it",
    adds_by=("properties.remoteVirtualNetwork.id", "properties.allowForwardedTraffic"),
    adds_to={"properties.remoteVirtualNetwork.id": "asks to connect another network to it"},
    fields={
        "properties.remoteVirtualNetwork.id": Field(
            compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        "properties.allowVirtualNetworkAccess": Field(
            default=True, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.allowForwardedTraffic": Field(
            default=False, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.allowGatewayTransit": Field(
            default=False, security=True, disruption=Disruption.CONNECTIONS
        ),
        # A change reroutes the traffic to on-premises networks.
        "properties.useRemoteGateways": Field(
            default=False, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.doNotVerifyRemoteGateways": Field(default=False, security=True),
        "properties.peerCompleteVnets": Field(default=True, create_only=True, security=True),
        "properties.enableOnlyIPv6Peering": Field(
            default=False, answered=Answered.STATED, create_only=True
        ),
        "properties.localSubnetNames": Field(
            default=(), compare=Compare.SET, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.remoteSubnetNames": Field(
            default=(), compare=Compare.SET, security=True, disruption=Disruption.CONNECTIONS
        ),
        # Azure copies the ranges and the state from the two networks.
        "properties.localAddressSpace": Field(read_only=True),
        "properties.localVirtualNetworkAddressSpace": Field(read_only=True),
        "properties.remoteAddressSpace": Field(read_only=True),
        "properties.remoteVirtualNetworkAddressSpace": Field(read_only=True),
        "properties.remoteBgpCommunities": Field(read_only=True),
        # Follows from the other side; a body that states another value is a mistake.
        "properties.peeringState": Field(
            read_only=True,
            stated=True,
            health=_HEALTHY_STATE,
            security=True,
        ),
        # A sync adds routes and drops none ("Update the address space": no downtime).
        "properties.peeringSyncLevel": Field(read_only=True, health=_HEALTHY_LEVEL),
    },
)
