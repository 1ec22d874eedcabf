"""Names of adopted resources and of the modules that they go into, by type.

Most nouns follow from the type's name (`natGateways` is `natGateway`), so that only irregular ones
are in the table; a module is named after the resource provider, or by the table of services.
"""

import re
from collections.abc import Mapping

OTHER_PART = "services"
"""The part of what no table knows."""

_NOUNS: Mapping[str, str] = {
    "Microsoft.Authorization/locks": "lock",
    "Microsoft.Authorization/policyAssignments": "policy",
    "Microsoft.Authorization/roleAssignments": "role",
    "Microsoft.ContainerRegistry/registries": "registry",
    "Microsoft.ContainerService/managedClusters": "cluster",
    "Microsoft.ContainerService/managedClusters/agentPools": "pool",
    "Microsoft.ContainerService/managedClusters/maintenanceConfigurations": "window",
    "Microsoft.Insights/actionGroups": "actionGroup",
    "Microsoft.Insights/activityLogAlerts": "alert",
    "Microsoft.Insights/dataCollectionRuleAssociations": "association",
    "Microsoft.Insights/dataCollectionRules": "collection",
    "Microsoft.Insights/diagnosticSettings": "logs",
    "Microsoft.Insights/metricAlerts": "alert",
    "Microsoft.Insights/scheduledQueryRules": "alert",
    "Microsoft.KeyVault/vaults": "vault",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "identity",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": "federation",
    "Microsoft.Monitor/accounts": "metrics",
    "Microsoft.Network/azureFirewalls": "firewall",
    "Microsoft.Network/bastionHosts": "bastion",
    "Microsoft.Network/firewallPolicies": "firewallPolicy",
    "Microsoft.Network/firewallPolicies/ruleCollectionGroups": "firewallRules",
    "Microsoft.Network/networkSecurityGroups": "rules",
    "Microsoft.Network/privateDnsZones": "zone",
    "Microsoft.Network/privateDnsZones/SOA": "authority",
    "Microsoft.Network/dnsZones": "zone",
    "Microsoft.Network/dnsZones/SOA": "authority",
    "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks": "link",
    "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies": "wafPolicy",
    "Microsoft.Network/publicIPPrefixes": "publicIpPrefix",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "link",
    "Microsoft.Network/privateEndpoints": "endpoint",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "records",
    "Microsoft.Network/publicIPAddresses": "publicIp",
    "Microsoft.Network/routeTables": "routes",
    "Microsoft.Network/virtualNetworks": "network",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings": "peering",
    "Microsoft.OperationalInsights/workspaces": "workspace",
    "Microsoft.Storage/storageAccounts": "storage",
}

_PARTS: Mapping[str, str] = {
    "Microsoft.AlertsManagement": "monitoring",
    "Microsoft.Authorization": "access",
    "Microsoft.Compute": "machines",
    "Microsoft.ContainerRegistry": "registry",
    "Microsoft.ContainerService": "cluster",
    "Microsoft.Dashboard": "monitoring",
    "Microsoft.Insights": "monitoring",
    "Microsoft.KeyVault": "vault",
    "Microsoft.KubernetesConfiguration": "cluster",
    "Microsoft.ManagedIdentity": "identities",
    "Microsoft.Monitor": "monitoring",
    "Microsoft.Network": "network",
    "Microsoft.Network/privateDnsZones": "dns",
    "Microsoft.Network/dnsForwardingRulesets": "dns",
    "Microsoft.Network/dnsResolvers": "dns",
    "Microsoft.Network/dnsZones": "dns",
    "Microsoft.OperationalInsights": "monitoring",
    "Microsoft.OperationsManagement": "monitoring",
    "Microsoft.Consumption": "governance",
    "Microsoft.Security": "governance",
    "Microsoft.ServiceNetworking": "network",
    "Microsoft.Storage": "storage",
}

_FOLDED_NOUNS = {name.lower(): noun for name, noun in _NOUNS.items()}
_FOLDED_PARTS = {name.lower(): part for name, part in _PARTS.items()}

ABBREVIATIONS = frozenset(
    {
        "acr", "agw", "aks", "alert", "amw", "afw", "afwp", "apim", "appi", "appcs", "asg",
        "asp", "aa", "bas", "ca", "cae", "cog", "cosmos", "cr", "ddos", "des", "disk", "dcr",
        "dce", "evhns", "evgt", "fd", "fw", "fwpol", "ag", "ase", "id", "ip", "kv", "la",
        "law", "lb", "lgw", "log", "lock", "mi", "mg", "ng", "nic", "nsg", "pdz", "pe", "pep",
        "pip", "pl", "policy", "psql", "pol", "redis", "rg", "rsv", "rt", "route", "sb",
        "sbns", "snet", "sql", "srch", "st", "sub", "subnet", "udr", "ustorage", "vault",
        "vgw", "vm", "vmss", "vnet", "vpn", "vnic", "waf",
    }
)  # fmt: skip
"""Abbreviations with which names of resources start (learn.microsoft.com, "Abbreviation
recommendations for Azure resources", and the older ones that people still write)."""


def noun_of(type_name: str) -> str:
    """Return what one resource of a type is called, in camel case: `network`, `firewallRules`."""
    return _FOLDED_NOUNS.get(type_name.lower()) or _singular_noun(type_name.rpartition("/")[2])


def part_of(type_name: str) -> str:
    """Return the part of an environment that resources of a type belong to: `network`, `vault`."""
    pieces = type_name.split("/")
    for length in range(len(pieces), 0, -1):
        found = _FOLDED_PARTS.get("/".join(pieces[:length]).lower())
        if found is not None:
            return found
    return OTHER_PART


def _singular_noun(kind: str) -> str:
    word = re.sub(r"[^A-Za-z0-9]", "", kind) or "resource"
    if word.isupper():
        return "record"  # a kind of DNS records: AAAA, MX
    if re.search(r"(ies)$", word):
        word = word[:-3] + "y"
    elif re.search(r"(sses|xes|ches|shes)$", word):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word[0].lower() + word[1:]
