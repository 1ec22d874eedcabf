"""What is there and not in the blueprint: what azsec made, and what it did not."""

from collections import Counter
from collections.abc import Collection, Sequence

from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ownership import digest, owner_of, vouched_below
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Scope
from provisioner.model.actual import ActualState, Found
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import lookup
from provisioner.plan.state import Inventory


def find_leftovers(
    graph: DesiredGraph,
    state: ActualState,
    inventory: Inventory,
    catalog: Catalog,
    environment: str,
) -> list[tuple[str, Found]]:
    """Return what the environment made and the blueprint no longer holds, with an address."""
    found: dict[str, tuple[str, Found]] = {}
    for owned in inventory.owned:
        hit = state.found.get(owned.id.key)
        if owned.id.key not in graph.by_id and hit is not None:
            found[owned.id.key] = (owned.address, hit)
    vouched = vouched_below((hit.body for hit in state.found.values()), environment)
    for key, hit in state.found.items():
        resource_type = catalog.of(hit.id)
        if (
            resource_type is not None
            and not resource_type.taggable
            and resource_type.deletable
            and key not in graph.by_id
            and digest(hit.id) in vouched
        ):
            found[key] = (_address_below(hit.id, state), hit)
    taken = Counter(address for address, _hit in found.values())
    # What stands in two subscriptions under one name is told apart by its id.
    return [
        (address if taken[address] == 1 else hit.id.text, hit)
        for _key, (address, hit) in sorted(found.items())
    ]


def _address_below(resource: ResourceId, state: ActualState) -> str:
    """Name a resource without tags by the address of what vouches for it."""
    for ancestor in resource.ancestors:
        hit = state.found.get(ancestor.key)
        owner = owner_of(hit.body) if hit else None
        if owner is not None:
            return f"{owner[1]}/{resource.type.rpartition('/')[2]}/{resource.name}"
    below = "/".join(resource.names[:-1])
    return f"{below}/{resource.name}" if below else resource.name


def find_unmanaged(
    graph: DesiredGraph,
    state: ActualState,
    inventory: Inventory,
    catalog: Catalog,
    gone: Sequence[ResourceId],
    environment: str,
) -> tuple[ResourceId, ...]:
    """Return what stands among the environment's resources and is not its own."""
    going = {resource.key for resource in gone}
    vouched = vouched_below((hit.body for hit in state.found.values()), environment)
    candidates = {resource.key: resource for resource in inventory.in_groups}
    for hit in state.found.values():
        if hit.id.parent is not None and _is_foreign_child(hit.id, graph, going, catalog):
            candidates[hit.id.key] = hit.id
    return tuple(
        candidates[key]
        for key in sorted(candidates)
        if key not in graph.by_id
        and key not in going
        and not _is_extension(candidates[key], catalog)
        and not _goes_with_its_parent(candidates[key], vouched, catalog)
    )


def _is_foreign_child(
    child: ResourceId, graph: DesiredGraph, going: Collection[str], catalog: Catalog
) -> bool:
    """Tell whether a child stands in one of our resources without being part of it.

    A part of it is what the parent's own body states (the system pool of a cluster), and, where
    the parent goes, what cannot be without it (every pool).
    """
    assert child.parent is not None
    parent_type = catalog.of(child.parent)
    embedded = [
        entry
        for entry in (parent_type.embedded if parent_type else ())
        if entry.child.lower() == child.type.lower()
    ]
    if any(not entry.kept for entry in embedded):
        return False  # what the parent's own list lacks is a change of the parent
    if child.parent.key in going:
        return not any(entry.flattened for entry in embedded)
    parent = graph.by_id.get(child.parent.key)
    if parent is None or not parent.managed:
        return False
    stated = [lookup(parent.body, entry.path.split(".")) for entry in embedded]
    names = [
        lookup(entry, ("name",))
        for entries in stated
        for entry in (entries if isinstance(entries, (list, tuple)) else ())
    ]
    return child.name not in names


def _goes_with_its_parent(resource: ResourceId, vouched: Collection[str], catalog: Catalog) -> bool:
    """Tell whether azsec made a resource that nobody can delete by itself (a key of a vault)."""
    resource_type = catalog.of(resource)
    return resource_type is not None and not resource_type.deletable and digest(resource) in vouched


def _is_extension(resource: ResourceId, catalog: Catalog) -> bool:
    resource_type = catalog.of(resource)
    return resource_type is not None and resource_type.scope is Scope.EXTENSION
