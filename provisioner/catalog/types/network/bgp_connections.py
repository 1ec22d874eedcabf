"""BGP peers of a route server or a virtual hub.

A peer advertises routes into the hub's networks, so a foreign one is an addition to the hub. Facts:
"What is Azure Route Server?" and the SDK's model. No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ListRead, ResourceType, SdkModel

TYPE = ResourceType(
    name="Microsoft.Network/virtualHubs/bgpConnections",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "BgpConnection"),
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    etag_header=False,
    serialise_on="",
    seconds=60,
    adds="tells it routes for its networks",
    adds_by=("properties.peerIp", "properties.peerAsn"),
    fields={
        "properties.peerAsn": Field(security=True, disruption=Disruption.CONNECTIONS),
        "properties.peerIp": Field(security=True, disruption=Disruption.CONNECTIONS),
        "properties.hubVirtualNetworkConnection": Field(default=None),
        "properties.hubVirtualNetworkConnection.id": Field(compare=Compare.RESOURCE_ID),
        "properties.routingConfiguration": Field(default=None, security=True),
    },
)
