"""Placement of resources into deployments: one for each resource group, or several in layers.

A deployment ends when all of its resources are deployed, so that two deployments must not depend on
each other. A resource is one layer above those of other scopes that it depends on; resources of one
scope and one layer are one deployment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.graph import DesiredResource
from provisioner.catalog.deployment import MOST_RESOURCES
from provisioner.export.symbols import Symbols
from provisioner.model.resource_id import ResourceId, resource_group_id, subscription_id


@dataclass(frozen=True, slots=True)
class Placed:
    """The resources of one deployment, each after those that it depends on."""

    name: str
    scope: ResourceId
    resources: tuple[DesiredResource, ...]


def place(
    resources: Sequence[DesiredResource],
    waits: Mapping[str, frozenset[str]],
    environment: str,
    aliases: Mapping[str, str],
) -> tuple[Placed, ...]:
    """Return the deployments of `resources`, which are in dependency order.

    `waits` has all dependencies of each address, direct and transitive; `aliases` the names of
    subscriptions by GUID in lower case. Every resource is in a subscription (`check_boundaries`).
    """
    layers: dict[str, int] = {}
    scopes: dict[str, ResourceId] = {}
    together: dict[tuple[int, ResourceId], list[DesiredResource]] = {}
    for resource in resources:
        scope = scope_of(resource)
        assert scope is not None
        layer = max(
            (layers[on] + (scopes[on] != scope) for on in waits[resource.address]), default=0
        )
        layers[resource.address], scopes[resource.address] = layer, scope
        together.setdefault((layer, scope), []).append(resource)
    symbols = Symbols()
    found = []
    for (_, scope), members in sorted(together.items(), key=lambda entry: entry[0][0]):
        for start in range(0, len(members), MOST_RESOURCES):
            name = symbols.give_deployment(*_name_parts(scope, environment, aliases))
            found.append(Placed(name, scope, tuple(members[start : start + MOST_RESOURCES])))
    return tuple(found)


def scope_of(resource: DesiredResource) -> ResourceId | None:
    """Return the target scope of a resource: a subscription, a resource group, or None."""
    subscription = resource.id.subscription
    if subscription is None:
        return None
    if resource.id.resource_group is None or resource.id.is_container:
        return subscription_id(subscription)
    return resource_group_id(subscription, resource.id.resource_group)


def _name_parts(scope: ResourceId, environment: str, aliases: Mapping[str, str]) -> tuple[str, ...]:
    if scope.resource_group is not None:
        return (scope.name,)
    return environment, aliases.get(scope.name.lower(), scope.name)
