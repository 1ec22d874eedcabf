"""Custom role definitions from needs: one for each purpose and scope, with no other action."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioner.access.needs import Need
from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.built_in_roles import get_built_in_role
from provisioner.catalog.permissions import ASSIGN_ROLE, assignment_condition
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, parse_resource_id
from provisioner.model.values import lookup


@dataclass(frozen=True, slots=True)
class Role:
    """Actions that are allowed in a scope: a subscription or a resource group.

    `condition` limits which roles its holder may assign; it is stated on the role assignment.
    """

    scope: ResourceId
    actions: tuple[str, ...]
    condition: str | None = None


def group_needs(
    needs: Iterable[Need], graph: DesiredGraph, lock: ResourceId | None = None
) -> tuple[Role, ...]:
    """Return the roles that cover all needs, by scope.

    `lock` is the container of the lock. A need in a resource group that the environment does not
    create (that of a shared hub) is granted in that group alone. Every other need is granted in the
    subscription, in which the first apply has yet to create the environment's own groups.
    """
    others = {
        resource.id.key
        for resource in graph
        if resource.id.type == RESOURCE_GROUP and not resource.managed
    }
    if lock is not None and lock.key not in graph.by_id:
        others |= {holder.key for holder in lock.ancestors if holder.type == RESOURCE_GROUP}
    grouped: dict[str, tuple[ResourceId, set[str]]] = {}
    for need in needs:
        scope = _role_scope(need.scope, others)
        grouped.setdefault(scope.key, (scope, set()))[1].add(need.action)
    condition = _assignment_condition(graph)
    return tuple(
        Role(scope, tuple(sorted(actions)), condition if ASSIGN_ROLE in actions else None)
        for _, (scope, actions) in sorted(grouped.items())
    )


def _role_scope(resource: ResourceId, others: set[str]) -> ResourceId:
    current = resource
    while current.container is not None:
        if current.key in others:
            return current
        current = current.container
    return current


def _assignment_condition(graph: DesiredGraph) -> str | None:
    """Return the condition under which the blueprint's roles may be assigned, and no others."""
    roles: dict[str, str] = {}
    principals: set[str] = set()
    for resource in graph:
        definition = lookup(resource.body, ("properties", "roleDefinitionId"))
        named = parse_resource_id(definition)
        if named is None or not resource.managed:
            continue
        known = get_built_in_role(named.name)
        roles[known.name if known is not None else named.name] = named.name
        principal = lookup(resource.body, ("properties", "principalType"))
        principals.add(principal if isinstance(principal, str) else "ServicePrincipal")
    return assignment_condition(roles, frozenset(principals)) if roles else None


def role_definition(
    name: str, description: str, scope: str, actions: Iterable[str]
) -> Mapping[str, object]:
    """Return a custom role as `az role definition create` takes it."""
    return {
        "Name": name,
        "IsCustom": True,
        "Description": description,
        "Actions": list(actions),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": [scope],
    }
