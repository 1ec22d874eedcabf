"""Ownership of the resources that were read, as far as the marks in Azure prove it.

A mark is in the tags of its resource, or in those of a carrier for a type without tags. `changes`
and `workflow.environment_reader` call `find_owners`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ownership import (
    Marks,
    Owner,
    embedded_children,
    list_of_mark,
    marks_below,
)
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead
from provisioner.model.actual import ActualState
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import lookup
from provisioner.plan.actual_state import Inventory


@dataclass(frozen=True, slots=True)
class CarriedMark:
    """The mark `text` in the tags of `carrier`, and the `resource` that it stands for."""

    resource: ResourceId
    carrier: ResourceId
    text: str


@dataclass(frozen=True, slots=True)
class Owners:
    """What the marks in a state prove.

    `by_tags` holds the owner of each found resource whose type takes tags, by the key of its id.
    `below` holds the marks that each verified carrier has, by the key of the carrier's id, and
    `carried` all of them. `standing_in` are the keys of what an unfinished rotation left.
    """

    marks: Marks
    catalog: Catalog
    by_tags: Mapping[str, Owner]
    below: Mapping[str, frozenset[str]]
    carried: frozenset[str]
    standing_in: frozenset[str]

    def is_ours(self, resource: ResourceId) -> bool:
        """Return whether a resource that was found verifies as this environment's."""
        owner = self.by_tags.get(resource.key)
        if owner is not None and owner.is_ours:
            return True
        return resource.key in self.standing_in or self.is_marked(resource)

    def is_marked(self, resource: ResourceId) -> bool:
        """Return whether a carrier has a mark of a resource, as one of its own or as a child."""
        return self.is_carried(resource) or self.is_stated(resource)

    def is_carried(self, resource: ResourceId) -> bool:
        """Return whether a carrier has the mark of a resource."""
        return bool(self.carried) and self.marks.mark_below(resource) in self.carried

    def is_stated(self, resource: ResourceId) -> bool:
        """Return whether a carrier has the mark of a child that its own body states."""
        return bool(self.carried) and self.marks.mark_part(resource) in self.carried

    def address_of(self, resource: ResourceId) -> str | None:
        """Return the address that the verified tags of a resource state, or None."""
        owner = self.by_tags.get(resource.key)
        return owner.address if owner is not None and owner.is_ours else None


def find_owners(state: ActualState, catalog: Catalog, marks: Marks) -> Owners:
    """Return the owners of the resources in a state. A carrier counts if its own mark verifies."""
    by_tags: dict[str, Owner] = {}
    below: dict[str, frozenset[str]] = {}
    standing_in: set[str] = set()
    for key, hit in state.found.items():
        resource_type = catalog.of(hit.id)
        if resource_type is None:
            continue
        if resource_type.rotation is not None:
            own = lookup(hit.body, resource_type.rotation.marks.split("."))
            if marks.stood_in_for(hit.id, own) is not None:
                standing_in.add(key)
        if not resource_type.taggable:
            continue
        tags = lookup(hit.body, ("tags",))
        owner = marks.owner_of(hit.id, tags)
        by_tags[key] = owner
        if owner.is_ours:
            carried = marks_below(tags)
            if carried:
                below[key] = carried
    all_marks = frozenset(mark for found in below.values() for mark in found)
    return Owners(marks, catalog, by_tags, below, all_marks, frozenset(standing_in))


def find_unaccounted(
    owners: Owners, graph: DesiredGraph, state: ActualState, inventory: Inventory
) -> Mapping[str, frozenset[str]]:
    """Return the marks of resources that may exist but were not read, by the key of the carrier.

    Neither the graph has it nor a read found it, and it stands in no list that was read to its end:
    a mark whose resource is known not to exist is not among them.
    """
    if not owners.carried:
        return {}
    known = tuple(_without_tags(graph, state, owners))
    unknown = set(owners.carried)
    # Nearly all marks are of the first kind: those of the second are seldom worked out.
    for mark_of in (owners.marks.mark_below, owners.marks.mark_part):
        if unknown:
            unknown.difference_update(map(mark_of, known))
    if not unknown:
        return {}
    seen = {owners.marks.mark_list(*each) for each in _lists_read(owners, graph, state, inventory)}
    unaccounted = {mark for mark in unknown if list_of_mark(mark) not in seen}
    left = {key: carried & unaccounted for key, carried in owners.below.items()}
    return {key: marks for key, marks in left.items() if marks}


def _lists_read(
    owners: Owners, graph: DesiredGraph, state: ActualState, inventory: Inventory
) -> Iterator[tuple[str, str]]:
    """Yield (key of a container, type) for all whose resources of the type were all seen."""
    known = {*state.found, *graph.by_id, *(resource.key for resource in inventory.in_groups)}
    for container, type_name in inventory.listed:
        yield container, type_name
        for together in owners.catalog.listed_together(type_name):
            yield container, together.name
        listed = owners.catalog.find(type_name)
        if listed is not None and listed.lists is ListRead.SUBSCRIPTION:
            yield from ((key, type_name) for key in known if key.startswith(f"{container}/"))
    for key, hit in state.found.items():
        resource_type = owners.catalog.of(hit.id)
        for embedded in resource_type.embedded if resource_type is not None else ():
            whole = owners.catalog.get(embedded.child).lists is ListRead.EMBEDDED
            if whole and isinstance(lookup(hit.body, embedded.path.split(".")), (list, tuple)):
                yield key, embedded.child


def _without_tags(graph: DesiredGraph, state: ActualState, owners: Owners) -> Iterable[ResourceId]:
    for resource in graph:
        if resource.managed:
            yield from embedded_children(resource.type, resource.id, resource.body)
            if not resource.type.taggable:
                yield resource.id
    for key, hit in state.found.items():
        if key not in owners.by_tags:
            yield hit.id


def declared_keys(graph: DesiredGraph) -> frozenset[str]:
    """Return the keys of all that a graph declares, with the children in its bodies."""
    return frozenset(
        key
        for resource in graph
        for key in (
            resource.id.key,
            *(c.key for c in embedded_children(resource.type, resource.id, resource.body)),
        )
    )
