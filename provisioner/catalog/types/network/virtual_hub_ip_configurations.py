"""IP configurations of route servers: the RouteServerSubnet of a virtual network.

Facts: "Quickstart: Create and configure Route Server" and its frequently asked questions. No
traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ComputationContext, ListRead, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, is_empty, lookup


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    subnet = lookup(body, ("properties", "subnet", "id"))
    stated = lookup(body, ("properties", "privateIPAddress"))
    if not isinstance(subnet, str) or not is_empty(stated):
        return {}
    return {"properties": {"privateIPAddress": context.free_address(subnet, resource.text)}}


TYPE = ResourceType(
    name="Microsoft.Network/virtualHubs/ipConfigurations",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "HubIpConfiguration"),
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    etag_header=False,
    serialise_on="",
    seconds=600,
    computed=_computed_values,
    adds="places it in a network",
    adds_by=("properties.subnet.id",),
    adds_to={"properties.subnet.id": "adds routes to its network that it learns by BGP"},
    fields={
        "properties.subnet.id": Field(
            compare=Compare.RESOURCE_ID,
            create_only=True,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        "properties.publicIPAddress": Field(default=None),
        "properties.publicIPAddress.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.privateIPAllocationMethod": Field(default="Dynamic"),
        "properties.privateIPAddress": Field(owner=Owner.PRESET),
    },
)
