"""Public IP prefixes.

Length, version and SKU are fixed. The built-in Azure assigns prefixes of the documentation ranges
(RFC 5737, RFC 3849). Facts: the recorded pairs of the type.
"""

import ipaddress
from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ComputationContext, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

# Documentation ranges (RFC 5737, RFC 3849), so that simulated prefixes belong to nobody.
_RANGES = {
    "IPv4": ipaddress.ip_network("203.0.113.0/24"),
    "IPv6": ipaddress.ip_network("2001:db8::/32"),
}


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    properties: dict[str, Json] = {"resourceGuid": context.guid(resource.text)}
    length = lookup(body, ("properties", "prefixLength"))
    version = str(lookup(body, ("properties", "publicIPAddressVersion")))
    network = _RANGES.get(version, _RANGES["IPv4"])
    if isinstance(length, int) and network.prefixlen <= length <= network.max_prefixlen:
        properties["ipPrefix"] = f"{network.network_address}/{length}"
    return {"properties": properties}


TYPE = ResourceType(
    name="Microsoft.Network/publicIPPrefixes",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "PublicIPPrefix"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=5,
    in_use="InUsePublicIpPrefixCannotBeDeleted",
    occupants={"properties.publicIPAddresses": ("Microsoft.Network/publicIPAddresses",)},
    computed=_computed_values,
    fields={
        "sku": Field(default={"name": "Standard", "tier": "Regional"}),
        "sku.name": Field(default="Standard", create_only=True),
        "sku.tier": Field(default="Regional", create_only=True),
        # Chosen at creation.
        "zones": Field(compare=Compare.SET, create_only=True, definite=True),
        "extendedLocation": Field(default=None, create_only=True),
        "properties.prefixLength": Field(create_only=True),
        "properties.publicIPAddressVersion": Field(default="IPv4", create_only=True),
        "properties.ipTags": Field(default=(), keys=("ipTagType",), create_only=True),
        "properties.customIPPrefix": Field(default=None, create_only=True),
        "properties.customIPPrefix.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        # Written by the NAT gateway.
        "properties.natGateway": Field(read_only=True),
    },
)
