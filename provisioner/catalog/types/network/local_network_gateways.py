"""Local network gateways: the on-premises end of a VPN connection.

A device is reached by address or by FQDN: a change of one drops the other. Azure lists them by
resource group only. Facts: the recorded pairs of the type.
"""

from dataclasses import replace

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import (
    ListRead,
    ResourceType,
    SdkModel,
)

_REACHED = Field(default=None, security=True, disruption=Disruption.CONNECTIONS)
_ADDRESS, _NAME = "properties.gatewayIpAddress", "properties.fqdn"


TYPE = ResourceType(
    name="Microsoft.Network/localNetworkGateways",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "LocalNetworkGateway"),
    rule=NETWORK_NAME,
    # Azure lists them by resource group only.
    lists=ListRead.RESOURCE,
    etag=True,
    seconds=5,
    computed=compute_guid,
    fields={
        # Address and FQDN exclude each other: a write of one must not send back the other.
        _ADDRESS: replace(_REACHED, follows=(_NAME,)),
        _NAME: replace(_REACHED, follows=(_ADDRESS,)),
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
