"""Virtual network connections of a virtual hub.

The hub fills in its default route table where no routing is stated: a preset. Facts: "About virtual
hub routing" and the SDK's model. No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ListRead, ResourceType, SdkModel

_ROUTING = "properties.routingConfiguration"

TYPE = ResourceType(
    name="Microsoft.Network/virtualHubs/hubVirtualNetworkConnections",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "HubVirtualNetworkConnection"),
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    etag_header=False,
    serialise_on="",
    seconds=120,
    adds="connects a network to it",
    adds_by=("properties.remoteVirtualNetwork.id",),
    adds_to={"properties.remoteVirtualNetwork.id": "connects a virtual hub to it"},
    fields={
        "properties.remoteVirtualNetwork.id": Field(
            compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        "properties.allowHubToRemoteVnetTransit": Field(read_only=True),
        "properties.allowRemoteVnetToUseHubVnetGateways": Field(read_only=True),
        # Routes the network's internet traffic through the hub ("Secure internet traffic").
        "properties.enableInternetSecurity": Field(
            default=False, security=True, disruption=Disruption.CONNECTIONS
        ),
        # Azure fills in the hub's default route table.
        _ROUTING: Field(owner=Owner.PRESET, security=True),
    },
)
