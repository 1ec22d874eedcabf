"""Public IP addresses.

SKU, allocation method, version, zones and prefix are fixed: a change is a new address. Azure fills
in Basic where no SKU is stated. The built-in Azure assigns addresses of 198.18.0.0/15, which
nothing routes.

Facts: guidelines.md §2.7, and the recorded pairs of the type.
"""

import ipaddress
from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ComputationContext, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ABSENT, Absent, Body, Json, lookup

# Ranges that no network routes (RFC 2544, RFC 3849), so that simulated addresses reach nobody.
_RANGES = {
    "IPv4": ipaddress.ip_network("198.18.0.0/15"),
    "IPv6": ipaddress.ip_network("2001:db8::/32"),
}


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    properties: dict[str, Json] = {"resourceGuid": context.guid(resource.text)}
    if lookup(body, ("properties", "publicIPAllocationMethod")) == "Static":
        version = str(lookup(body, ("properties", "publicIPAddressVersion")))
        network = _RANGES.get(version, _RANGES["IPv4"])
        seed = int(context.guid(resource.text, "address").replace("-", ""), 16)
        properties["ipAddress"] = str(network[seed % network.num_addresses])
    label = lookup(body, ("properties", "dnsSettings", "domainNameLabel"))
    if isinstance(label, str) and label:
        host = f"{label}.{lookup(body, ('location',))}.cloudapp.azure.com"
        properties["dnsSettings"] = {"fqdn": host}
    return {"properties": properties}


def _default_allocation(body: Body) -> Json | Absent:
    """Return Dynamic for a Basic address; a Standard one has to state Static, so has no default."""
    sku = lookup(body, ("sku", "name"))
    return "Dynamic" if isinstance(sku, Absent) or sku == "Basic" else ABSENT


_PREFIX = "Microsoft.Network/publicIPPrefixes"

TYPE = ResourceType(
    name="Microsoft.Network/publicIPAddresses",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "PublicIPAddress"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=3,
    in_use="PublicIPAddressCannotBeDeleted",
    # Recorded: Azure answers 404 for a prefix that does not exist, or does not yet.
    missing={_PREFIX: (404, "NotFound")},
    unready={_PREFIX: (404, "NotFound")},
    occupants={
        "properties.ipConfiguration": (
            "Microsoft.Network/applicationGateways",
            "Microsoft.Network/azureFirewalls",
            "Microsoft.Network/bastionHosts",
            "Microsoft.Network/loadBalancers",
            "Microsoft.Network/networkInterfaces",
            "Microsoft.Network/virtualNetworkGateways",
        ),
    },
    computed=_computed_values,
    occupancy="uses the address",
    fields={
        # Azure fills in Basic, which is retired: a sound body states Standard.
        "sku": Field(default={"name": "Basic", "tier": "Regional"}),
        "sku.name": Field(default="Basic", create_only=True, security=True),
        "sku.tier": Field(default="Regional", create_only=True),
        # Chosen at creation.
        "zones": Field(compare=Compare.SET, create_only=True, definite=True),
        "extendedLocation.name": Field(compare=Compare.LOCATION, create_only=True),
        "properties.publicIPAllocationMethod": Field(default=_default_allocation, create_only=True),
        "properties.publicIPAddressVersion": Field(default="IPv4", create_only=True),
        "properties.idleTimeoutInMinutes": Field(default=4),
        "properties.ddosSettings": Field(default={"protectionMode": "VirtualNetworkInherited"}),
        "properties.ddosSettings.protectionMode": Field(
            default="VirtualNetworkInherited", security=True
        ),
        "properties.ddosSettings.ddosProtectionPlan": Field(default=None, security=True),
        "properties.ddosSettings.ddosProtectionPlan.id": Field(
            compare=Compare.RESOURCE_ID, security=True
        ),
        "properties.ddosSettings.ddosCustomPolicy.id": Field(compare=Compare.RESOURCE_ID),
        "properties.dnsSettings": Field(default=None, security=True),
        "properties.dnsSettings.domainNameLabel": Field(compare=Compare.CASELESS, security=True),
        "properties.dnsSettings.fqdn": Field(read_only=True),
        "properties.dnsSettings.reverseFqdn": Field(default=None, compare=Compare.CASELESS),
        "properties.ipTags": Field(default=(), keys=("ipTagType",), create_only=True),
        "properties.ipAddress": Field(read_only=True),
        "properties.publicIPPrefix": Field(default=None, create_only=True),
        "properties.deleteOption": Field(default=None),
        "properties.ddosSettings.ddosCustomPolicy": Field(default=None, security=True),
        "properties.publicIPPrefix.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        # Written by the NAT gateway, and by the migration to Standard.
        "properties.natGateway": Field(read_only=True),
        "properties.servicePublicIPAddress": Field(read_only=True),
        "properties.linkedPublicIPAddress": Field(read_only=True),
        "properties.migrationPhase": Field(read_only=True),
    },
)
