"""Virtual networks.

Subnets and peerings are embedded in the body and are child resources too: a PUT that is silent
about them keeps them, and undeclared ones are not a change of the network. DNS servers are ordered,
since machines query them in that order.

Facts: guidelines.md §2.2 and §3.3, and the recorded pairs of the type.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.network_provider import compute_guid
from provisioner.catalog.resource_type import (
    Embedded,
    NameRule,
    ResourceType,
    SdkModel,
)

_SUBNETS = "properties.subnets"
_PEERINGS = "properties.virtualNetworkPeerings"


TYPE = ResourceType(
    name="Microsoft.Network/virtualNetworks",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "VirtualNetwork"),
    rule=NameRule(
        r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9_]",
        "2 to 64 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    etag=True,
    serialise_on="",
    embedded=(
        Embedded(_SUBNETS, "Microsoft.Network/virtualNetworks/subnets"),
        Embedded(_PEERINGS, "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"),
    ),
    seconds=5,
    computed=compute_guid,
    fields={
        _SUBNETS: Field(embeds=True, keys=("name",)),
        # A subnet created within its network by an api version up to 2020-07-01 has the other
        # default (recorded) and keeps it, so no default is known.
        f"{_SUBNETS}[].properties.privateEndpointNetworkPolicies": Field(security=True),
        _PEERINGS: Field(embeds=True, keys=("name",)),
        "properties.addressSpace.addressPrefixes": Field(compare=Compare.SET, security=True),
        "properties.addressSpace.addressPrefixes[]": Field(compare=Compare.CIDR),
        "properties.addressSpace.ipamPoolPrefixAllocations": Field(default=()),
        "properties.addressSpace.ipamPoolPrefixAllocations[].pool.id": Field(
            compare=Compare.RESOURCE_ID
        ),
        # Queried in this order.
        "properties.dhcpOptions.dnsServers": Field(
            default=(),
            compare=Compare.ORDERED,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        # Without a plan the network has only the platform's default protection.
        "properties.enableDdosProtection": Field(default=False, security=True),
        "properties.enableVmProtection": Field(default=False, answered=Answered.MOVED),
        "properties.ddosProtectionPlan": Field(default=None, security=True),
        "properties.ddosProtectionPlan.id": Field(compare=Compare.RESOURCE_ID, security=True),
        "properties.encryption": Field(default=None, security=True),
        "properties.encryption.enabled": Field(security=True, disruption=Disruption.CONNECTIONS),
        "properties.encryption.enforcement": Field(
            default="AllowUnencrypted", security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.flowTimeoutInMinutes": Field(default=None),
        "properties.bgpCommunities": Field(default=None),
        "properties.ipAllocations": Field(default=(), keys=("id",)),
        "properties.ipAllocations[].id": Field(compare=Compare.RESOURCE_ID),
        "properties.privateEndpointVNetPolicies": Field(default="Disabled", security=True),
        "properties.summarizedGatewayPrefixes.addressPrefixes": Field(
            default=(), compare=Compare.SET
        ),
        "properties.summarizedGatewayPrefixes.addressPrefixes[]": Field(compare=Compare.CIDR),
        "extendedLocation.name": Field(compare=Compare.LOCATION, create_only=True),
    },
)
