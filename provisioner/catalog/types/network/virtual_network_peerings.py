"""Peerings of virtual networks. Facts: guidelines.md NET-07 and the recorded pairs."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.refusals import RefusalCodes
from provisioner.catalog.resource_type import (
    ListRead,
    ResourceType,
    SdkModel,
    Surroundings,
)
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, Json, lookup

_REMOTE = ("properties", "remoteVirtualNetwork", "id")
_PEERINGS = ("properties", "virtualNetworkPeerings")
_PREFIXES = ("properties", "addressSpace", "addressPrefixes")


def _computed(resource: ResourceId, body: Body, around: Surroundings) -> Mapping[str, Json]:
    remote = around.lookup(str(lookup(body, _REMOTE))) or {}
    connected = _points_back(remote, resource.parent)
    prefixes = lookup(remote, _PREFIXES)
    space = {"addressPrefixes": list(prefixes) if isinstance(prefixes, (list, tuple)) else []}
    return {
        "properties": {
            "peeringState": "Connected" if connected else "Initiated",
            "peeringSyncLevel": "FullyInSync" if connected else "RemoteNotInSync",
            "remoteAddressSpace": space,
            "remoteVirtualNetworkAddressSpace": space,
            "resourceGuid": around.guid(resource.text),
        }
    }


def _points_back(remote: Body, network: ResourceId | None) -> bool:
    """Tell whether the remote network has a peering with `network`."""
    peerings = lookup(remote, _PEERINGS)
    return isinstance(peerings, (list, tuple)) and any(
        parse_resource_id(lookup(peering, _REMOTE)) == network for peering in peerings
    )


def _is_of_aks(_peering: ResourceId) -> bool:
    """Tell that AKS made none in the group of a cluster's nodes: it peers no networks."""
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
    codes=RefusalCodes(not_found="NotFound", duplicate="AnotherPeeringAlreadyReferencesRemoteVnet"),
    unique_by=("properties.remoteVirtualNetwork.id",),
    computed=_computed,
    by_keeper=_is_of_aks,
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
        # By what the other side does; a body that says another one is a mistake.
        "properties.peeringState": Field(read_only=True, stated=True),
        "properties.peeringSyncLevel": Field(read_only=True),
    },
)
