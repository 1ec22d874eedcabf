"""What people call resources of a type, and with what else they keep them.

Names and modules of an adopted estate come from here. What stands in no table has a name made of
its type and the part of its resource provider.
"""

import re
from collections.abc import Mapping
from typing import TypeVar

_Entry = TypeVar("_Entry")

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
    "Microsoft.Network/privateDnsZones/A": "record",
    "Microsoft.Network/privateDnsZones/AAAA": "record",
    "Microsoft.Network/privateDnsZones/CNAME": "record",
    "Microsoft.Network/privateDnsZones/MX": "record",
    "Microsoft.Network/privateDnsZones/PTR": "record",
    "Microsoft.Network/privateDnsZones/SOA": "authority",
    "Microsoft.Network/privateDnsZones/SRV": "record",
    "Microsoft.Network/privateDnsZones/TXT": "record",
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
    "Microsoft.Network/dnsZones": "dns",
    "Microsoft.OperationalInsights": "monitoring",
    "Microsoft.OperationsManagement": "monitoring",
    "Microsoft.Security": "governance",
    "Microsoft.Storage": "storage",
}

_WITH_TARGET: Mapping[str, tuple[str, ...]] = {
    "Microsoft.Network/privateEndpoints": (
        "properties.privateLinkServiceConnections[].properties.privateLinkServiceId",
        "properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceId",
    ),
}

_JOINS: Mapping[str, tuple[str, ...]] = {
    "Microsoft.AlertsManagement/prometheusRuleGroups": ("properties.scopes[]",),
    "Microsoft.Insights/metricAlerts": ("properties.scopes[]",),
    "Microsoft.Insights/scheduledQueryRules": ("properties.scopes[]",),
    "Microsoft.Network/networkWatchers/flowLogs": ("properties.targetResourceId",),
    "Microsoft.Network/privateEndpoints": (
        "properties.subnet.id",
        *_WITH_TARGET["Microsoft.Network/privateEndpoints"],
    ),
}

_MEETS: Mapping[str, tuple[str, ...]] = {
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings": (
        "properties.remoteVirtualNetwork",
    ),
    "Microsoft.Network/virtualNetworks": ("properties.virtualNetworkPeerings",),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ("properties.virtualNetwork",),
}

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
    return _find(_NOUNS, type_name) or _singular(type_name.rpartition("/")[2])


def part_of(type_name: str) -> str:
    """Return the part of an environment that resources of a type belong to: `network`, `vault`."""
    pieces = type_name.split("/")
    for length in range(len(pieces), 0, -1):
        found = _find(_PARTS, "/".join(pieces[:length]))
        if found is not None:
            return found
    return OTHER_PART


def target_paths(type_name: str) -> tuple[str, ...]:
    """Return the paths of the ids with which resources of a type are kept (what an endpoint is
    for)."""
    return _find(_WITH_TARGET, type_name) or ()


def joining_paths(type_name: str) -> tuple[str, ...]:
    """Return the paths of the ids to which a resource of a type belongs, although these do not name
    it: an alert to what it watches, a private endpoint to its subnet."""
    return _find(_JOINS, type_name) or ()


def joining_types() -> tuple[str, ...]:
    """Return the types that have `joining_paths`."""
    return tuple(_JOINS)


def meeting_paths(type_name: str) -> tuple[str, ...]:
    """Return the paths that name what a resource only meets: the other network of a peering, and
    one that reads a zone, belong to whoever runs them."""
    return _find(_MEETS, type_name) or ()


def _find(table: Mapping[str, _Entry], type_name: str) -> _Entry | None:
    folded = type_name.lower()
    return next((found for name, found in table.items() if name.lower() == folded), None)


def _singular(kind: str) -> str:
    word = re.sub(r"[^A-Za-z0-9]", "", kind) or "resource"
    if re.search(r"(ies)$", word):
        word = word[:-3] + "y"
    elif re.search(r"(sses|xes|ches|shes)$", word):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word[0].lower() + word[1:]
