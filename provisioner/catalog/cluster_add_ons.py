"""Managed identities that AKS creates for add-ons, in the node resource group.

One is named after the add-on, in lower case, and the cluster. Facts: the recorded pairs of
managedClusters. Add-ons that are not here (openServiceMesh) were recorded without one.
"""

from collections.abc import Mapping

from provisioner.catalog import cluster_defaults
from provisioner.catalog.resource_type import ComputationContext
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_WITH_IDENTITY = frozenset(
    {"azurepolicy", "azurekeyvaultsecretsprovider", "ingressapplicationgateway"}
)
_ROUTING = ("properties", "ingressProfile", "webAppRouting")


def identities_of_add_ons(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    """Return the properties of a cluster that name the identities of what is switched on in it."""
    named: dict[str, Json] = {}
    profiles = lookup(body, ("properties", "addonProfiles"))
    if isinstance(profiles, Mapping):
        named["addonProfiles"] = {
            name: {"identity": _add_on_identity(resource, body, name, context)}
            for name, profile in profiles.items()
            if name.lower() in _WITH_IDENTITY and lookup(profile, ("enabled",)) is True
        }
    if lookup(body, (*_ROUTING, "enabled")) is True:
        identity = _add_on_identity(resource, body, _ROUTING[-1], context)
        named["ingressProfile"] = {_ROUTING[-1]: {"identity": identity}}
    return named


def _add_on_identity(
    resource: ResourceId, body: Body, add_on: str, context: ComputationContext
) -> Mapping[str, Json]:
    group = cluster_defaults.node_resource_group(resource, body)
    text = (
        f"/subscriptions/{resource.subscription}/resourcegroups/{group}"
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
        f"{add_on.lower()}-{resource.name}"
    )
    return {
        "resourceId": text,
        "clientId": context.lifetime_guid(text, "client"),
        "objectId": context.lifetime_guid(text, "principal"),
    }
