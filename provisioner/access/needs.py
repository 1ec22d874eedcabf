"""Permissions that an environment's commands need: Azure RBAC actions and their scopes.

They are derived from the reads, writes and deletes that the commands really send, not from a list:
each type of the catalog knows the action of its write, the linked actions that Azure checks on
what a body refers to (`…/join/action`), and what polling it takes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.catalog.endpoints import ELIGIBLE_ROLES, LEASE
from provisioner.catalog.permissions import (
    LIST_GROUP_RESOURCES,
    LIST_RESOURCES,
    action_on,
    changed_actions,
    linked_actions,
    polled_actions,
    stated_actions,
)
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead, ResourceType, Tier, WriteFlow
from provisioner.model.actual import ActualState, Found
from provisioner.model.resource_id import ResourceId, parse_resource_id, subscription_id
from provisioner.model.values import Body, Unknown, Value, lookup
from provisioner.plan.reads import (
    INVENTORY,
    SUBSCRIPTIONS,
    Read,
    child_reads,
    list_of_children,
    listable_children,
    wide_reads,
)
from provisioner.plan.steps import DELETE, Step


@dataclass(frozen=True, slots=True)
class Need:
    """An action, and the resource or container on which Azure checks it."""

    action: str
    scope: ResourceId


def read_needs(
    graph: DesiredGraph, catalog: Catalog, owner: str, subscriptions: Iterable[str]
) -> frozenset[Need]:
    """Return what `azsec plan` and `azsec drift` need: every read of the environment."""
    wide = wide_reads(graph, catalog, owner, sorted(set(subscriptions)))
    everything: dict[str, Body] = {r.id.key: {} for r in graph}
    below = child_reads(graph, catalog, everything, ())
    asked = (read for read in (*wide, *below) if read != SUBSCRIPTIONS)
    return frozenset(_read_need(read, catalog) for read in asked)


def eligibility_needs(subscriptions: Iterable[str]) -> frozenset[Need]:
    """Return what `azsec access --eligible` needs beside the reads of the environment."""
    return frozenset(
        Need(ELIGIBLE_ROLES.action, subscription_id(guid)) for guid in set(subscriptions)
    )


def write_needs(graph: DesiredGraph, catalog: Catalog) -> frozenset[Need]:
    """Return what the writes of `azsec apply` need, beside the reads of its plan.

    Actions that only the change of a property of an existing resource takes are those of
    `change_needs`: a write that creates the resource does not take them.
    """
    needs = {
        need
        for r in _managed_resources(graph)
        for need in _needs_of_write(r.type, r.id, r.body, catalog)
    }
    return frozenset(needs | set(_needs_of_children(graph, catalog)))


def change_needs(graph: DesiredGraph) -> Iterator[tuple[str, str, Need]]:
    """Yield (address, path, need) of each stated property whose change takes its own action.

    Azure checks that action beside the write of the resource.
    """
    for resource in _managed_resources(graph):
        for path, action in stated_actions(resource.type, resource.body):
            yield resource.address, path, Need(action, resource.id)


def _needs_of_children(graph: DesiredGraph, catalog: Catalog) -> Iterator[Need]:
    """Yield the needs of children in a body that are written by requests of their own."""
    for resource in _managed_resources(graph):
        for embedded in resource.type.embedded:
            entries = lookup(resource.body, embedded.path.split("."))
            child_type = catalog.get(embedded.child)
            for entry in entries if isinstance(entries, (list, tuple)) else ():
                if embedded.separate and isinstance(entry, Mapping):
                    names = (*resource.id.names, str(entry.get("name")))
                    child = ResourceId(child_type.name, names, resource.id.scope)
                    body = {"properties": entry} if embedded.flattened else entry
                    yield from _needs_of_write(child_type, child, body, catalog)


def lock_needs(container: ResourceId | None, catalog: Catalog) -> frozenset[Need]:
    """Return what an apply needs for its lock; nothing for an environment without one.

    It leases the container, reads who holds the lease, and writes its holder into the metadata.
    """
    if container is None:
        return frozenset()
    container_type = catalog.get(container.type)
    actions = (action_on(container_type, "read"), action_on(container_type, "write"), LEASE.action)
    return frozenset(Need(action, container) for action in actions)


def delete_needs(graph: DesiredGraph, catalog: Catalog) -> frozenset[Need]:
    """Return what the deletes of `azsec apply --allow-delete` and `azsec destroy` need.

    Each delete lists the children of the resource right before, so that nothing is deleted with it
    that the plan did not show.
    """
    return frozenset(
        need
        for resource in _managed_resources(graph)
        if resource.type.deletable
        for need in _needs_of_delete(resource.type, resource.id, catalog)
    )


def step_needs(steps: Iterable[Step], catalog: Catalog, state: ActualState) -> frozenset[Need]:
    """Return what the steps of one plan need, beside the reads.

    `state` is the actual state that they change.
    """
    needs: set[Need] = set()
    for step in steps:
        resource_type = catalog.get(step.type)
        if step.verb == DELETE:
            needs |= set(_needs_of_delete(resource_type, step.id, catalog))
        else:
            body = step.body or {}
            needs |= set(_needs_of_write(resource_type, step.id, body, catalog))
            hit = state.get(step.id)
            if isinstance(hit, Found):
                changed = changed_actions(resource_type, hit.body, body)
                needs |= {Need(action, step.id) for action in changed}
    return frozenset(needs)


def _managed_resources(graph: DesiredGraph) -> Iterator[DesiredResource]:
    return (resource for resource in graph if resource.managed)


def _read_need(read: Read, catalog: Catalog) -> Need:
    if read.type == INVENTORY:
        group = parse_resource_id(read.path.removesuffix("/resources"))
        if group is not None and group.resource_group is not None:
            return Need(LIST_GROUP_RESOURCES, group)
        return Need(LIST_RESOURCES, subscription_id(read.path.split("/")[2]))
    # The path of a list has no name: any name completes it to an id, which has type and scope.
    sample = parse_resource_id(read.path if not read.is_list else f"{read.path}/-")
    assert sample is not None, read.path
    scope = sample if not read.is_list else sample.container
    assert scope is not None
    listed = catalog.find(read.type)
    # A list of several types has an action of its own (`…/privateDnsZones/ALL/read`).
    return Need(action_on(listed, "read") if listed else f"{read.type}/read", scope)


def _needs_of_write(
    resource_type: ResourceType, resource: ResourceId, body: Mapping[str, Value], catalog: Catalog
) -> Iterator[Need]:
    yield Need(action_on(resource_type, "write"), resource)
    if resource_type.write is not WriteFlow.SYNC or resource_type.lists is ListRead.EMBEDDED:
        # A long-running operation is polled, and its outcome read from the resource.
        yield Need(action_on(resource_type, "read"), resource)
    for action in polled_actions(resource_type, deleting=False):
        yield Need(action, _subscription_of(resource))
    known = _without_unknowns(body)
    assert isinstance(known, Mapping)
    for action, target in linked_actions(resource_type, catalog.schemas, known):
        yield Need(action, target)


def _needs_of_delete(
    resource_type: ResourceType, resource: ResourceId, catalog: Catalog
) -> Iterator[Need]:
    yield Need(action_on(resource_type, "delete"), resource)
    if resource_type.tier is Tier.RAW and not resource_type.contents_known:
        # The types of its children are listed by the cloud only.
        yield Need(action_on(resource_type, "*/read"), resource)
    for holder, child in listable_children(resource, catalog):
        yield _read_need(list_of_children(holder, child), catalog)
    for action in polled_actions(resource_type, deleting=True):
        yield Need(action, _subscription_of(resource))


def _subscription_of(resource: ResourceId) -> ResourceId:
    return subscription_id(resource.subscription or "")


def _without_unknowns(value: object) -> object:
    """Return a body without values that are not known before apply; resource ids always are."""
    # Texts and dicts come first: the test of an abstract class takes ten times as long.
    if isinstance(value, str):
        return value
    if isinstance(value, Unknown):
        return None
    if isinstance(value, (dict, Mapping)):
        return {key: _without_unknowns(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_unknowns(item) for item in value]
    return value
