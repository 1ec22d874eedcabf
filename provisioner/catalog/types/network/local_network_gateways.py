"""Local network gateways: the far end of a VPN. Facts: the recorded pairs of the type."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_REACHED = Field(default=None, security=True, disruption=Disruption.CONNECTIONS)


def _computed(resource: ResourceId, _body: Body, around: Surroundings) -> Mapping[str, Json]:
    return {"properties": {"resourceGuid": around.guid(resource.text)}}


TYPE = ResourceType(
    name="Microsoft.Network/localNetworkGateways",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "LocalNetworkGateway"),
    rule=NameRule(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
        "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    # Azure lists them by resource group only.
    lists=ListRead.RESOURCE,
    etag=True,
    seconds=5,
    computed=_computed,
    fields={
        "properties.gatewayIpAddress": _REACHED,
        "properties.fqdn": _REACHED,
        "properties.localNetworkAddressSpace": Field(default=None, security=True),
        "properties.localNetworkAddressSpace.addressPrefixes": Field(
            default=(), compare=Compare.SET, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.localNetworkAddressSpace.addressPrefixes[]": Field(compare=Compare.CIDR),
        "properties.bgpSettings": Field(default=None, security=True),
        "properties.bgpSettings.peerWeight": Field(default=0),
        "properties.bgpSettings.bgpPeeringAddresses": Field(keys=("ipconfigurationId",)),
    },
)
