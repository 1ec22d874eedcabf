"""Limits of resources per subscription and region, under the names of their usage APIs.

Source: "Azure subscription and service limits, quotas, and constraints" (networking limits, storage
accounts per region), and the names that "Usages - List" of the Network and Storage references
answer.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServiceLimit:
    """A limit: its name and the words that people read, the type that it counts, the most of it."""

    name: str
    words: str
    type: str
    most: int


NETWORK_LIMITS = tuple(
    ServiceLimit(name, words, f"Microsoft.Network/{kind}", most)
    for name, words, kind, most in (
        ("VirtualNetworks", "Virtual Networks", "virtualNetworks", 1000),
        ("NetworkSecurityGroups", "Network Security Groups", "networkSecurityGroups", 5000),
        ("ApplicationSecurityGroups", "Application Security Groups",
         "applicationSecurityGroups", 3000),
        ("PublicIPAddresses", "Public IP Addresses", "publicIPAddresses", 1000),
        ("PublicIPPrefixes", "Public IP Prefixes", "publicIPPrefixes", 1000),
        ("NatGateways", "Nat Gateways", "natGateways", 1000),
        ("NetworkInterfaces", "Network Interfaces", "networkInterfaces", 65536),
        ("PrivateEndpoints", "Private Endpoints", "privateEndpoints", 65536),
        ("PrivateLinkServices", "Private Link Services", "privateLinkServices", 800),
        ("LoadBalancers", "Load Balancers", "loadBalancers", 1000),
        ("ApplicationGateways", "Application Gateways", "applicationGateways", 1000),
        ("RouteTables", "Route Tables", "routeTables", 200),
        ("NetworkWatchers", "Network Watchers", "networkWatchers", 1),
        ("AzureFirewalls", "Azure Firewalls", "azureFirewalls", 1000),
    )
)  # fmt: skip

STORAGE_LIMITS = (
    ServiceLimit("StorageAccounts", "Storage Accounts", "Microsoft.Storage/storageAccounts", 250),
)
