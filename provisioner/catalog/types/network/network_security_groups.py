"""Network security groups.

Rules are embedded in the body and are child resources too (`security_rules`). A PUT deletes the
rules that it does not state, so the whole list is compared, by name. Azure appends six default
rules in `defaultSecurityRules`, which no body states.

Facts: guidelines.md §3.3 and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import (
    ComputationContext,
    Embedded,
    ResourceType,
    SdkModel,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

# The default rules of every group: name, priority, direction, access, source, destination.
_BUILT_IN = (
    ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
)


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    return {
        "properties": {
            "resourceGuid": context.guid(resource.text),
            "defaultSecurityRules": [_built_in_rule(resource, *rule) for rule in _BUILT_IN],
        }
    }


def _built_in_rule(
    group: ResourceId, name: str, priority: int, direction: str, access: str, *ends: str
) -> Mapping[str, Json]:
    source, destination = ends
    return {
        "id": f"{group.text}/defaultSecurityRules/{name}",
        "name": name,
        "type": f"{group.type}/defaultSecurityRules",
        "properties": {
            "priority": priority,
            "direction": direction,
            "access": access,
            "protocol": "*",
            "sourceAddressPrefix": source,
            "sourceAddressPrefixes": [],
            "sourcePortRange": "*",
            "sourcePortRanges": [],
            "destinationAddressPrefix": destination,
            "destinationAddressPrefixes": [],
            "destinationPortRange": "*",
            "destinationPortRanges": [],
            "provisioningState": "Succeeded",
        },
    }


TYPE = ResourceType(
    name="Microsoft.Network/networkSecurityGroups",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "NetworkSecurityGroup"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=3,
    in_use="InUseNetworkSecurityGroupCannotBeDeleted",
    occupants={
        "properties.subnets": ("Microsoft.Network/virtualNetworks/subnets",),
        "properties.networkInterfaces": (),
    },
    computed=_computed_values,
    embedded=(
        Embedded(
            "properties.securityRules",
            "Microsoft.Network/networkSecurityGroups/securityRules",
            kept=False,
        ),
    ),
    fields={
        # A PUT deletes rules that it does not state: an undeclared rule is a change.
        "properties.securityRules": Field(default=(), keys=("name",), security=True),
        "properties.flushConnection": Field(default=False, answered=Answered.STATED),
    },
)
