"""Paths of ids by which resources belong together beyond parent and scope.

Tables by type: the target of a private endpoint, the scope of an alert, the remote network of a
peering. A type in no table belongs to what its id, its scope and its references say.
"""

from collections.abc import Mapping

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


def target_paths(type_name: str) -> tuple[str, ...]:
    """Return the paths of the ids that resources of a type exist for (an endpoint's target)."""
    return _paths_of(_WITH_TARGET, type_name)


def joining_paths(type_name: str) -> tuple[str, ...]:
    """Return the paths of the ids to which a resource of a type belongs without being named there.

    An alert belongs to what it monitors, a private endpoint to its subnet.
    """
    return _paths_of(_JOINS, type_name)


def joining_types() -> tuple[str, ...]:
    """Return the types that have `joining_paths`."""
    return tuple(_JOINS)


def meeting_paths(type_name: str) -> tuple[str, ...]:
    """Return the paths of ids of foreign resources that a resource only connects to.

    The remote network of a peering, and the network linked to a zone, belong to whoever runs them.
    """
    return _paths_of(_MEETS, type_name)


def _paths_of(table: Mapping[str, tuple[str, ...]], type_name: str) -> tuple[str, ...]:
    folded = type_name.lower()
    return next((found for name, found in table.items() if name.lower() == folded), ())
