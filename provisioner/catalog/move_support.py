"""Types that can move to another resource group or subscription.

A type that "Move operation support for resources" does not list does not move; of those in the
catalog, it lists neither Prometheus rule groups nor Azure Monitor workspaces, fleets, Grafana, DNS
resolvers, network managers and traffic controllers. Children move with their parent.
"""

from collections.abc import Mapping
from types import MappingProxyType

_GROUP = {
    "Microsoft.Compute": (
        "availabilitySets", "disks", "images", "proximityPlacementGroups", "virtualMachines",
        "virtualMachineScaleSets",
    ),
    "Microsoft.ContainerRegistry": ("registries",),
    "Microsoft.EventGrid": ("domains", "systemTopics", "topics"),
    "Microsoft.Insights": (
        "actionGroups", "autoscaleSettings", "components", "scheduledQueryRules", "webtests",
        "workbooks",
    ),
    "Microsoft.KeyVault": ("vaults",),
    "Microsoft.Network": (
        "applicationSecurityGroups", "connections", "dnsZones", "localNetworkGateways",
        "networkInterfaces", "networkSecurityGroups", "privateDnsZones", "privateEndpoints",
        "publicIPAddresses", "publicIPPrefixes", "routeTables", "serviceEndpointPolicies",
        "trafficManagerProfiles", "virtualNetworks",
    ),
    "Microsoft.OperationalInsights": ("workspaces",),
    "Microsoft.OperationsManagement": ("solutions",),
    "Microsoft.Storage": ("storageAccounts",),
}  # fmt: skip
_GROUP_ALONE = {"Microsoft.Network": ("bastionHosts", "loadBalancers", "networkWatchers")}
"""What stays in its subscription: load balancers of the Standard SKU do."""


def _names(table: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    return frozenset(f"{space}/{kind}".lower() for space, kinds in table.items() for kind in kinds)


_MOVES: Mapping[bool, frozenset[str]] = MappingProxyType(
    {False: _names(_GROUP) | _names(_GROUP_ALONE), True: _names(_GROUP)}
)

LEFT_BEHIND = ("Microsoft.Authorization/roleAssignments",)
"""Types that do not go with the resource that they are on: a role assignment is removed ("Move
resources", "Azure role assignments")."""
MOST_MOVED = 800
"""How many resources one request moves at most."""


def moves(type_name: str, *, to_subscription: bool = False) -> bool:
    """Return whether resources of a type move to another group, or to another subscription."""
    return type_name.lower() in _MOVES[to_subscription]
