"""Orphaned and unmanaged resources: those in Azure that the blueprint does not have.

An orphan carries the environment's mark and is deleted; an unmanaged resource does not and is only
listed. `changes` calls both functions.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Scope
from provisioner.model.actual import ActualState, Found, Unreadable
from provisioner.model.resource_id import ResourceId
from provisioner.plan.actual_state import Inventory
from provisioner.plan.container_contents import ContainerContents, is_always_there
from provisioner.plan.owners import Owners, declared_keys


@dataclass(frozen=True, slots=True)
class Orphan:
    """A resource that the environment made and the blueprint no longer holds.

    `by_tags` tells whether it carries its own mark, or a carrier does. `found` is None for one that
    is listed and could not be read: `unreadable` says why.
    """

    address: str
    id: ResourceId
    found: Found | None
    by_tags: bool
    unreadable: str | None = None


def find_orphans(
    graph: DesiredGraph,
    state: ActualState,
    inventory: Inventory,
    catalog: Catalog,
    owners: Owners,
) -> list[Orphan]:
    """Return the orphaned resources of an environment, each with an address."""
    declared = declared_keys(graph)
    found = {
        owned.id.key: orphan
        for owned in inventory.owned
        if owned.id.key not in declared
        and (orphan := _by_tags(owned.id, owned.address, state)) is not None
    }
    for key, hit in state.found.items():
        resource_type = catalog.of(hit.id)
        if (
            resource_type is not None
            and not resource_type.taggable
            and resource_type.deletable
            and key not in declared
            and (owners.is_carried(hit.id) or _left_its_parent(hit.id, found, owners))
        ):
            found[key] = Orphan(_address_below(hit.id, owners), hit.id, hit, by_tags=False)
    taken = Counter(orphan.address for orphan in found.values())
    # What stands in two subscriptions under one name is known by its id.
    return [
        orphan
        if taken[orphan.address] == 1
        else Orphan(orphan.id.text, orphan.id, orphan.found, orphan.by_tags, orphan.unreadable)
        for _key, orphan in sorted(found.items())
    ]


def _left_its_parent(child: ResourceId, found: Mapping[str, Orphan], owners: Owners) -> bool:
    """Return whether a child left the body of a parent that stays.

    Where the parent is deleted, the child goes with it: AKS deletes no last system pool by itself.
    """
    going = child.parent is not None and child.parent.key in found
    return not going and owners.is_stated(child)


def _by_tags(resource: ResourceId, address: str, state: ActualState) -> Orphan | None:
    actual = state.get(resource)
    if isinstance(actual, Found):
        return Orphan(address, resource, actual, by_tags=True)
    if isinstance(actual, Unreadable):
        return Orphan(address, resource, None, by_tags=True, unreadable=actual.reason)
    return None  # listed a moment ago, and gone since


def _address_below(resource: ResourceId, owners: Owners) -> str:
    """Name a resource without tags by the address of its nearest ancestor that has one."""
    for ancestor in resource.ancestors:
        address = owners.address_of(ancestor)
        if address is not None:
            return f"{address}/{resource.type.rpartition('/')[2]}/{resource.name}"
    return "/".join((*resource.names[:-1], resource.type.rpartition("/")[2], resource.name))


def find_unmanaged(
    graph: DesiredGraph,
    state: ActualState,
    contents: ContainerContents,
    gone: Collection[str],
    additions: Collection[str],
) -> tuple[ResourceId, ...]:
    """Return the unmanaged resources beside those of the environment.

    `gone` are the keys of what the plan deletes, `additions` those of what is told as an addition.
    What a service makes for one of the environment's resources is not listed.
    """
    catalog = contents.catalog
    declared = declared_keys(graph)
    candidates = {r.key: r for r in contents.in_groups if r.key not in declared}
    for key, hit in state.found.items():
        if (
            key not in declared
            and hit.id.parent is not None
            and _stands_in_ours(hit, graph, gone, catalog)
        ):
            candidates[key] = hit.id
    return tuple(
        candidates[key]
        for key in sorted(candidates)
        if key not in gone
        and key not in additions
        and key not in contents.made_by
        and not _is_extension(candidates[key], catalog)
        and not contents.owners.is_ours(candidates[key])
    )


def _stands_in_ours(
    hit: Found, graph: DesiredGraph, going: Collection[str], catalog: Catalog
) -> bool:
    """Return whether a child is in one of our resources without being part of it."""
    child = hit.id
    assert child.parent is not None
    parent_type, own = catalog.of(child.parent), catalog.of(child)
    for embedded in parent_type.embedded if parent_type else ():
        if embedded.child.lower() == child.type.lower() and not embedded.kept:
            return False  # what the parent's own list lacks is a change of the parent
    if own is not None and (is_always_there(own, child.name) or own.by_service(hit.body)):
        return False
    parent = graph.by_id.get(child.parent.key)
    return child.parent.key in going or (parent is not None and parent.managed)


def _is_extension(resource: ResourceId, catalog: Catalog) -> bool:
    resource_type = catalog.of(resource)
    return resource_type is not None and resource_type.scope is Scope.EXTENSION
