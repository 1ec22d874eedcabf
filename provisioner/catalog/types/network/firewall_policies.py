"""Azure Firewall policies.

A write of a policy also writes the firewalls and child policies that refer to it: all of them are
written one at a time. Azure answers `IANAPrivateRanges` as the ranges that it stands for, which
then belong to the service. The tier is fixed.

Facts: guidelines.md §2.1 and §3.1, and the recorded pairs of the type.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import DeleteFlow, ResourceType, SdkModel
from provisioner.model.values import Body, lookup

_INTRUSION = "properties.intrusionDetection"
_BYPASS = f"{_INTRUSION}.configuration.bypassTrafficSettings"
_MEMBERS = Field(default=(), compare=Compare.SET, security=True)
_PRIVATE_RANGES = ("properties", "snat", "privateRanges")


def _owner_of_ranges(body: Body) -> Owner:
    """Return the service as owner of SNAT ranges that are stated as IANAPrivateRanges.

    Azure answers the ranges that the name stands for.
    """
    named = lookup(body, _PRIVATE_RANGES)
    leaves_them = isinstance(named, (list, tuple)) and list(named) == ["IANAPrivateRanges"]
    return Owner.SERVICE if leaves_them else Owner.BLUEPRINT


TYPE = ResourceType(
    name="Microsoft.Network/firewallPolicies",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "FirewallPolicy"),
    rule=NETWORK_NAME,
    etag=True,
    serialise_on="",
    delete=DeleteFlow.SYNC,
    seconds=15,
    in_use="InUseFirewallPolicyCannotBeDeleted",
    occupants={
        "properties.firewalls": ("Microsoft.Network/azureFirewalls",),
        "properties.childPolicies": ("Microsoft.Network/firewallPolicies",),
    },
    # A write of a policy, or of its rules, also writes the firewalls and policies that refer to it
    # ("Put on Firewall Policy … Failed with 1 faulted referenced firewalls",
    # hashicorp/terraform-provider-azurerm#19843, #15440), so all of them have one writer.
    written_with=("Microsoft.Network/azureFirewalls", "Microsoft.Network/firewallPolicies"),
    fields={
        "identity": Field(default=None, security=True),
        "properties.dnsSettings.requireProxyForNetworkRules": Field(default=None, security=True),
        "properties.sku": Field(default={"tier": "Standard"}),
        "properties.sku.tier": Field(default="Standard", create_only=True, security=True),
        "properties.threatIntelMode": Field(default="Alert", security=True),
        "properties.threatIntelWhitelist.ipAddresses": _MEMBERS,
        "properties.threatIntelWhitelist.fqdns": _MEMBERS,
        "properties.threatIntelWhitelist.fqdns[]": Field(compare=Compare.CASELESS),
        "properties.basePolicy": Field(default=None, security=True),
        "properties.basePolicy.id": Field(compare=Compare.RESOURCE_ID, security=True),
        "properties.insights": Field(default=None, security=True),
        "properties.insights.isEnabled": Field(default=False, security=True),
        "properties.insights.logAnalyticsResources.workspaces": Field(default=(), keys=("region",)),
        "properties.insights.logAnalyticsResources.workspaces[].region": Field(
            compare=Compare.LOCATION
        ),
        "properties.insights.logAnalyticsResources.workspaces[].workspaceId.id": Field(
            compare=Compare.RESOURCE_ID
        ),
        "properties.insights.logAnalyticsResources.defaultWorkspaceId.id": Field(
            compare=Compare.RESOURCE_ID
        ),
        "properties.snat.privateRanges": Field(
            default=(),
            compare=Compare.SET,
            owner=_owner_of_ranges,
            disruption=Disruption.CONNECTIONS,
        ),
        # Azure does not answer Disabled (recorded).
        "properties.snat.autoLearnPrivateRanges": Field(default="Disabled"),
        "properties.sql.allowSqlRedirect": Field(default=False, security=True),
        # Queried in this order.
        "properties.dnsSettings.servers": Field(default=(), compare=Compare.ORDERED, security=True),
        # FQDNs in network rules need the proxy, and the network's DNS pointing at the firewall
        # (guidelines.md §2.1).
        "properties.dnsSettings.enableProxy": Field(default=False, security=True),
        "properties.explicitProxy": Field(default=None, security=True),
        "properties.explicitProxy.enableExplicitProxy": Field(default=False, security=True),
        _INTRUSION: Field(default=None, security=True),
        # Off and Alert let attacks through, which Deny blocks.
        f"{_INTRUSION}.mode": Field(default="Off", security=True),
        f"{_INTRUSION}.profile": Field(security=True),
        f"{_INTRUSION}.configuration.signatureOverrides": Field(
            default=(), keys=("id",), security=True
        ),
        f"{_INTRUSION}.configuration.signatureOverrides[].mode": Field(security=True),
        f"{_INTRUSION}.configuration.privateRanges": _MEMBERS,
        _BYPASS: Field(default=(), keys=("name",), security=True),
        f"{_BYPASS}[].sourceAddresses": _MEMBERS,
        f"{_BYPASS}[].sourceIpGroups": _MEMBERS,
        f"{_BYPASS}[].destinationAddresses": _MEMBERS,
        f"{_BYPASS}[].destinationIpGroups": _MEMBERS,
        f"{_BYPASS}[].destinationPorts": _MEMBERS,
        "properties.transportSecurity": Field(default=None, security=True),
        "properties.transportSecurity.certificateAuthority.keyVaultSecretId": Field(security=True),
    },
)
