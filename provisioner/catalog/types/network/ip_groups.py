"""IP groups: named address lists of firewall rules.

A write of a group also writes the policies and firewalls that refer to it, and a second one
meanwhile fails: they have one writer. Facts: the recorded pairs of the type.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ResourceType, SdkModel

TYPE = ResourceType(
    name="Microsoft.Network/ipGroups",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "IpGroup"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=15,
    in_use="IpGroupsHasFirewallPolicyReferences",
    occupants={
        "properties.firewallPolicies": ("Microsoft.Network/firewallPolicies",),
        "properties.firewalls": ("Microsoft.Network/azureFirewalls",),
    },
    # A write of a group also writes the policies and firewalls that refer to it, and the second of
    # two parallel writes fails ("Put on IP Groups … Failed with 1 faulted referenced firewalls",
    # hashicorp/terraform-provider-azurerm#19843).
    written_with=(
        "Microsoft.Network/firewallPolicies",
        "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "Microsoft.Network/azureFirewalls",
    ),
    fields={
        # Ranges, single addresses and spans of two addresses.
        "properties.ipAddresses": Field(default=(), compare=Compare.SET, security=True),
        "properties.ipAddresses[]": Field(compare=Compare.CIDR, security=True),
    },
)
