"""Subnets. Facts: guidelines.md §2.2, §2.7 and §3.3, and the recorded pairs of the type."""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.refusals import RefusalCodes
from provisioner.catalog.resource_type import ListRead, NameRule, ResourceType, SdkModel

_ATTACHED = Field(default=None, security=True, disruption=Disruption.CONNECTIONS)
_ATTACHED_ID = Field(compare=Compare.RESOURCE_ID, security=True, disruption=Disruption.CONNECTIONS)

TYPE = ResourceType(
    name="Microsoft.Network/virtualNetworks/subnets",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "Subnet"),
    rule=NameRule(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
        "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    lists=ListRead.EMBEDDED,
    taggable=False,
    etag=True,
    serialise_on="",
    seconds=4,
    in_use="InUseSubnetCannotBeDeleted",
    codes=RefusalCodes(not_found="NotFound"),
    ranges_within={
        "properties.addressPrefix": "properties.addressSpace.addressPrefixes",
        "properties.addressPrefixes": "properties.addressSpace.addressPrefixes",
    },
    fields={
        # Fixed only while something is in the subnet, which the body does not say.
        "properties.addressPrefix": Field(compare=Compare.CIDR, disruption=Disruption.CONNECTIONS),
        "properties.addressPrefixes": Field(compare=Compare.SET, disruption=Disruption.CONNECTIONS),
        "properties.addressPrefixes[]": Field(compare=Compare.CIDR),
        "properties.networkSecurityGroup": _ATTACHED,
        "properties.networkSecurityGroup.id": _ATTACHED_ID,
        "properties.routeTable": _ATTACHED,
        "properties.routeTable.id": _ATTACHED_ID,
        "properties.natGateway": _ATTACHED,
        "properties.natGateway.id": _ATTACHED_ID,
        "properties.serviceGateway": _ATTACHED,
        "properties.serviceGateway.id": _ATTACHED_ID,
        "properties.serviceEndpoints": Field(
            default=(), keys=("service",), security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.serviceEndpoints[].service": Field(compare=Compare.CASELESS),
        # Azure names the regions itself: the one of the network, its pair, or "*".
        "properties.serviceEndpoints[].locations": Field(compare=Compare.SET),
        "properties.serviceEndpoints[].locations[]": Field(compare=Compare.LOCATION),
        "properties.serviceEndpoints[].networkIdentifier.id": Field(compare=Compare.RESOURCE_ID),
        "properties.serviceEndpointPolicies": Field(default=(), keys=("id",), security=True),
        "properties.serviceEndpointPolicies[].id": Field(compare=Compare.RESOURCE_ID),
        "properties.delegations": Field(default=(), keys=("name",), security=True),
        "properties.delegations[].type": Field(read_only=True),
        "properties.delegations[].properties.serviceName": Field(
            compare=Compare.CASELESS, security=True
        ),
        "properties.privateEndpointNetworkPolicies": Field(default="Disabled", security=True),
        "properties.privateLinkServiceNetworkPolicies": Field(default="Enabled", security=True),
        # Implicit outbound access has ended (guidelines.md §2.2): silence is a private subnet.
        "properties.defaultOutboundAccess": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        "properties.sharingScope": Field(default=None, security=True),
        "properties.ipAllocations": Field(default=(), keys=("id",)),
        "properties.ipAllocations[].id": Field(compare=Compare.RESOURCE_ID),
        "properties.ipamPoolPrefixAllocations": Field(default=()),
        "properties.ipamPoolPrefixAllocations[].pool.id": Field(compare=Compare.RESOURCE_ID),
        # Written by the application gateways in the subnet.
        "properties.applicationGatewayIPConfigurations": Field(read_only=True),
    },
)
