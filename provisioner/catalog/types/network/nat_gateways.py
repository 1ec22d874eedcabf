"""NAT gateways. Facts: guidelines.md §2.3 and the recorded pairs of the type."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import NameRule, ResourceType, SdkModel, Surroundings
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_EXITS = (
    "properties.publicIpAddresses",
    "properties.publicIpAddressesV6",
    "properties.publicIpPrefixes",
    "properties.publicIpPrefixesV6",
)
_EXIT = Field(default=(), keys=("id",), security=True, disruption=Disruption.CONNECTIONS)


def _computed(resource: ResourceId, _body: Body, around: Surroundings) -> Mapping[str, Json]:
    return {"properties": {"resourceGuid": around.guid(resource.text)}}


TYPE = ResourceType(
    name="Microsoft.Network/natGateways",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "NatGateway"),
    rule=NameRule(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
        "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    etag=True,
    seconds=10,
    in_use="InUseNatGatewayCannotBeDeleted",
    computed=_computed,
    fields={
        **{path: _EXIT for path in _EXITS},
        **{f"{path}[].id": Field(compare=Compare.RESOURCE_ID) for path in _EXITS},
        "sku.name": Field(default="Standard", create_only=True),
        "zones": Field(compare=Compare.SET, create_only=True, definite=True),
        "properties.idleTimeoutInMinutes": Field(default=4),
        "properties.sourceVirtualNetwork": Field(default=None),
        "properties.sourceVirtualNetwork.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.serviceGateway.id": Field(compare=Compare.RESOURCE_ID),
    },
)
