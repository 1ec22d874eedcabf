"""Azure Firewalls.

The management configuration (forced tunnelling) is chosen at creation, and addresses stay in one
virtual network. Rules are in the firewall policy; classic rule collections in the body are compared
as well.

Facts: guidelines.md §2.1, §2.2 and §2.7, and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.network_provider import virtual_networks_of
from provisioner.catalog.resource_type import ComputationContext, NameRule, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, Json, lookup

_CONFIGURATIONS = ("properties", "ipConfigurations")
_MANAGEMENT = ("properties", "managementIpConfiguration")
_SUBNET = ("properties", "subnet", "id")
# The lists that rules of each classic collection match on.
_COLLECTIONS = {
    "applicationRuleCollections": ("sourceAddresses", "sourceIpGroups", "targetFqdns", "fqdnTags"),
    "natRuleCollections": (
        "sourceAddresses",
        "sourceIpGroups",
        "destinationAddresses",
        "destinationPorts",
    ),
    "networkRuleCollections": (
        "sourceAddresses",
        "sourceIpGroups",
        "destinationAddresses",
        "destinationFqdns",
        "destinationIpGroups",
        "destinationPorts",
    ),
}


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    properties: dict[str, Json] = {}
    configurations = lookup(body, _CONFIGURATIONS)
    if isinstance(configurations, (list, tuple)):
        properties[_CONFIGURATIONS[-1]] = [
            _with_address(resource, entry, context) for entry in configurations
        ]
    management = lookup(body, _MANAGEMENT)
    if isinstance(management, Mapping):
        properties[_MANAGEMENT[-1]] = _with_address(resource, management, context)
    return {"properties": properties}


def _with_address(
    firewall: ResourceId, entry: Body, context: ComputationContext
) -> Mapping[str, Json]:
    """Return an IP configuration with its address: only one that names a subnet has its own."""
    subnet = lookup(entry, _SUBNET)
    properties = entry.get("properties")
    if not isinstance(subnet, str) or not isinstance(properties, Mapping):
        return entry
    address = context.free_address(subnet, f"{firewall.text}/{entry.get('name')}")
    return {**entry, "properties": {**properties, "privateIPAddress": address}}


def _collection_fields() -> Mapping[str, Field]:
    """Return the facts of classic rules, which are in the firewall's body and not in a policy."""
    fields: dict[str, Field] = {}
    for name, members in _COLLECTIONS.items():
        rules = f"properties.{name}[].properties.rules"
        fields[f"properties.{name}"] = Field(default=(), keys=("name",), security=True)
        fields[f"properties.{name}[].properties.priority"] = Field(security=True)
        fields[f"properties.{name}[].properties.action.type"] = Field(
            compare=Compare.CASELESS, security=True
        )
        fields[rules] = Field(default=(), keys=("name",), security=True)
        fields[f"{rules}[].protocols"] = Field(compare=Compare.SET, security=True)
        for member in members:
            fields[f"{rules}[].{member}"] = Field(default=(), compare=Compare.SET, security=True)
    return fields


def _stays_in_its_network(before: Body, after: Body) -> str | None:
    """Return why IP configurations cannot move to another virtual network, or None.

    More addresses are added in place (guidelines.md §2.7).
    """
    path = ".".join(_CONFIGURATIONS)
    old = virtual_networks_of(before, path)
    if not old or old == virtual_networks_of(after, path):
        return None
    return "ipConfigurations cannot go to another virtual network in place"


def _tunnels_from_the_start(before: Body, after: Body) -> str | None:
    """Return why forced tunnelling cannot be added or removed, or None.

    A firewall has a management subnet from its creation, or never (guidelines.md §2.7). What else
    the configuration holds (its public address) can change.
    """
    if "properties" not in before:
        return None
    old, new = (
        parse_resource_id(lookup(body, (*_MANAGEMENT, *_SUBNET))) for body in (before, after)
    )
    if old == new:
        return None
    return "managementIpConfiguration (forced tunnelling) is chosen when a firewall is made"


TYPE = ResourceType(
    name="Microsoft.Network/azureFirewalls",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "AzureFirewall"),
    rule=NameRule(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,54}[a-zA-Z0-9_])?",
        "1 to 56 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    etag=True,
    seconds=400,
    computed=_computed_values,
    fields={
        "properties.aiSecurityAddOn": Field(default=False, answered=Answered.STATED, security=True),
        **_collection_fields(),
        "properties.sku": Field(default={"name": "AZFW_VNet", "tier": "Standard"}),
        "properties.sku.name": Field(default="AZFW_VNet", create_only=True),
        "properties.sku.tier": Field(
            default="Standard", security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.threatIntelMode": Field(default="Alert", security=True),
        "properties.firewallPolicy": Field(default=None, security=True),
        "properties.firewallPolicy.id": Field(
            compare=Compare.RESOURCE_ID, security=True, disruption=Disruption.CONNECTIONS
        ),
        # Addresses are added in place, within one virtual network (guidelines.md §2.7).
        "properties.ipConfigurations": Field(
            default=(),
            keys=("name",),
            create_only=_stays_in_its_network,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        "properties.ipConfigurations[].properties.privateIPAllocationMethod": Field(
            default="Dynamic", answered=Answered.STATED
        ),
        "properties.ipConfigurations[].properties.subnet.id": Field(
            compare=Compare.RESOURCE_ID, create_only=_stays_in_its_network
        ),
        "properties.ipConfigurations[].properties.publicIPAddress.id": Field(
            compare=Compare.RESOURCE_ID, security=True, disruption=Disruption.CONNECTIONS
        ),
        # Forced tunnelling cannot be removed or added later (guidelines.md §2.7).
        "properties.managementIpConfiguration": Field(
            default=None, create_only=_tunnels_from_the_start, security=True
        ),
        "properties.managementIpConfiguration.id": Field(read_only=True),
        "properties.managementIpConfiguration.properties.privateIPAllocationMethod": Field(
            default="Dynamic"
        ),
        "properties.managementIpConfiguration.properties.subnet.id": Field(
            compare=Compare.RESOURCE_ID, create_only=_tunnels_from_the_start
        ),
        "properties.managementIpConfiguration.properties.publicIPAddress.id": Field(
            compare=Compare.RESOURCE_ID
        ),
        "properties.virtualHub": Field(default=None),
        # A firewall of a hub does not move to a network, nor the reverse.
        "properties.virtualHub.id": Field(
            compare=Compare.RESOURCE_ID, create_only=True, definite=True
        ),
        "properties.hubIPAddresses.privateIPAddress": Field(read_only=True),
        "properties.hubIPAddresses.publicIPs.addresses": Field(read_only=True),
        "properties.additionalProperties": Field(default={}, security=True),
        "properties.autoscaleConfiguration": Field(default=None),
        # Chosen at creation (guidelines.md §2.7).
        "zones": Field(compare=Compare.SET, create_only=True, definite=True),
        "extendedLocation.name": Field(compare=Compare.LOCATION, create_only=True),
    },
)
