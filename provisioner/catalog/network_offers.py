"""Subnet delegations, service endpoints and fixed service tags, for the built-in Azure.

Microsoft changes the addresses of most service tags every week ("Virtual network service tags"):
only those that never change are here.

Source: "What is subnet delegation?" (the table of services) and "Virtual network service endpoints"
(available services); the actions as recorded of three services and as the pages of the others state
them ("Virtual Network Integration", "Delegate a subnet").
"""

from collections.abc import Mapping
from types import MappingProxyType

_SUBNETS = "Microsoft.Network/virtualNetworks/subnets"
_JOIN = (f"{_SUBNETS}/join/action",)
_ACTION = (f"{_SUBNETS}/action",)
_POLICIES = (
    *_JOIN,
    f"{_SUBNETS}/prepareNetworkPolicies/action",
    f"{_SUBNETS}/unprepareNetworkPolicies/action",
)

DELEGATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Microsoft.ApiManagement/service": _JOIN,
        "Microsoft.App/environments": _JOIN,
        "Microsoft.ContainerInstance/containerGroups": _ACTION,
        "Microsoft.ContainerService/managedClusters": _JOIN,
        "Microsoft.DBforMySQL/flexibleServers": _JOIN,
        "Microsoft.DBforPostgreSQL/flexibleServers": _JOIN,
        "Microsoft.Databricks/workspaces": _POLICIES,
        "Microsoft.DevCenter/networkConnection": _JOIN,
        "Microsoft.Netapp/volumes": (f"{_SUBNETS}/join/action",),
        "Microsoft.Network/dnsResolvers": _JOIN,
        "Microsoft.ServiceNetworking/trafficControllers": _JOIN,
        "Microsoft.Sql/managedInstances": _POLICIES,
        "Microsoft.Web/serverFarms": _ACTION,
    }
)
"""Services by name, with the actions of Azure RBAC that each gets on its subnet."""

ENDPOINT_SERVICES = (
    "Microsoft.AzureActiveDirectory",
    "Microsoft.AzureCosmosDB",
    "Microsoft.CognitiveServices",
    "Microsoft.ContainerRegistry",
    "Microsoft.EventHub",
    "Microsoft.KeyVault",
    "Microsoft.ServiceBus",
    "Microsoft.Sql",
    "Microsoft.Storage",
    "Microsoft.Storage.Global",
    "Microsoft.Web",
)

FIXED_TAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AzureLoadBalancer": ("168.63.129.16/32",),
        "AzurePlatformDNS": ("168.63.129.16/32",),
        "AzurePlatformIMDS": ("169.254.169.254/32",),
    }
)
"""Service tags with the addresses that they have always ("What is IP address 168.63.129.16?",
"Azure Instance Metadata Service")."""

NOWHERE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""What the system routes of a subnet lead nowhere ("Virtual network traffic routing")."""

RESERVED = 4
"""How many addresses Azure keeps at the beginning of a subnet; the last it keeps too ("Azure
Virtual Network frequently asked questions (FAQ)")."""
