"""Private link services.

Whoever is approved reaches the load balancer behind it from any network: `visibility` limits who
may request a connection, and `autoApproval` lists subscriptions that need no approval. Frontend and
subnet are fixed.

Facts: "What is Azure Private Link service?" and the SDK's model; no traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field, Owner
from provisioner.catalog.network_provider import NETWORK_NAME, made_interfaces
from provisioner.catalog.resource_type import ComputationContext, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_FRONTENDS = "properties.loadBalancerFrontendIpConfigurations"
_CONFIGURATIONS = "properties.ipConfigurations"
_CONFIGURATION = f"{_CONFIGURATIONS}[].properties"


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    alias = f"{resource.name}.{context.guid(resource.text)}.{body.get('location')}"
    return {"properties": {"alias": f"{alias}.azure.privatelinkservice"}}


TYPE = ResourceType(
    name="Microsoft.Network/privateLinkServices",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "PrivateLinkService"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=10,
    computed=_computed_values,
    makes=made_interfaces,
    fields={
        _FRONTENDS: Field(
            default=(),
            keys=("id",),
            create_only=True,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        f"{_FRONTENDS}[].id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        # The SDK types an entry as a whole frontend; it is a reference by id.
        f"{_FRONTENDS}[].name": Field(read_only=True),
        f"{_FRONTENDS}[].zones": Field(read_only=True),
        f"{_FRONTENDS}[].properties": Field(read_only=True),
        _CONFIGURATIONS: Field(keys=("name",), disruption=Disruption.CONNECTIONS),
        f"{_CONFIGURATION}.subnet.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        # Azure assigns an address of the subnet where none is stated.
        f"{_CONFIGURATION}.privateIPAddress": Field(owner=Owner.PRESET),
        f"{_CONFIGURATION}.privateIPAllocationMethod": Field(default="Dynamic"),
        f"{_CONFIGURATION}.privateIPAddressVersion": Field(default="IPv4"),
        f"{_CONFIGURATION}.primary": Field(owner=Owner.PRESET),
        "properties.visibility": Field(default={}, security=True),
        "properties.visibility.subscriptions": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.autoApproval": Field(default={}, security=True),
        "properties.autoApproval.subscriptions": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.accessMode": Field(default="Default", answered=Answered.STATED, security=True),
        "properties.enableProxyProtocol": Field(default=False),
        "properties.fqdns": Field(default=(), compare=Compare.SET),
        "properties.destinationIPAddress": Field(default=None, create_only=True, security=True),
        "extendedLocation": Field(default=None, create_only=True),
        "extendedLocation.name": Field(compare=Compare.LOCATION, create_only=True),
    },
)
