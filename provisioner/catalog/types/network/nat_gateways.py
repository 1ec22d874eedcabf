"""NAT gateways.

A change of its public addresses drops established flows. Azure refuses to delete one that a subnet
uses. Facts: guidelines.md §2.3 and the recorded pairs of the type.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import ResourceType, SdkModel

_EXITS = (
    "properties.publicIpAddresses",
    "properties.publicIpAddressesV6",
    "properties.publicIpPrefixes",
    "properties.publicIpPrefixesV6",
)
_EXIT = Field(default=(), keys=("id",), security=True, disruption=Disruption.CONNECTIONS)


TYPE = ResourceType(
    name="Microsoft.Network/natGateways",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "NatGateway"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=10,
    in_use="InUseNatGatewayCannotBeDeleted",
    occupants={"properties.subnets": ("Microsoft.Network/virtualNetworks/subnets",)},
    computed=compute_guid,
    fields={
        # A change of an address ends the flows translated to it, and allow-lists elsewhere have to
        # follow.
        **{path: _EXIT for path in _EXITS},
        **{f"{path}[].id": Field(compare=Compare.RESOURCE_ID) for path in _EXITS},
        "sku.name": Field(default="Standard", create_only=True),
        # Chosen at creation.
        "zones": Field(compare=Compare.SET, create_only=True, definite=True),
        "properties.idleTimeoutInMinutes": Field(default=4),
        "properties.sourceVirtualNetwork": Field(default=None),
        "properties.sourceVirtualNetwork.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.serviceGateway": Field(default=None, security=True),
        "properties.nat64": Field(default=None),
        "properties.serviceGateway.id": Field(compare=Compare.RESOURCE_ID),
    },
)
