"""Reads of the resources of others that may be additions to the environment.

The lists of an environment show its own resources, and those of others beside them. Whether one of
those reaches into the environment (a connection of a gateway, the link of a zone to a network)
stands in its body, or in a child that nothing else reads. What stands in one of the environment's
subnets may belong to any group: only the subnet names it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.occupants import occupants_in
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead, ResourceType
from provisioner.model.actual import Found
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, lookup, values_at
from provisioner.plan.container_contents import managed_group_in
from provisioner.plan.reads import INVENTORY, Answer, Read, list_of_children

MOST_FOREIGN = 200
"""The most resources of others that are read for additions to the environment."""


@dataclass(frozen=True, slots=True)
class ForeignReads:
    """Reads of the resources of others, and how many more were left out at the limit.

    What the left-out ones would show is unknown.
    """

    reads: tuple[Read, ...]
    left_out: int


def foreign_reads(answers: Sequence[Answer], graph: DesiredGraph, catalog: Catalog) -> ForeignReads:
    """Return the reads of resources of others that may add to the environment (`adds_to`).

    They are those that the first two rounds did not show: what only the content of a group lists,
    what is in a resource of the environment and has an effect there (`looked_into`), and the
    children of what a wide list lists (the links of a zone). At most `MOST_FOREIGN`, by their
    path.
    """
    read: dict[str, ResourceId] = {}
    listed: dict[str, ResourceId] = {}
    for answer in answers:
        seen = listed if answer.read.type == INVENTORY else read
        for item in answer.items if not answer.read.query or seen is read else ():
            resource = parse_resource_id(item.get("id"))
            if resource is not None and resource.key not in graph.by_id:
                seen[resource.key] = resource
    reads: dict[str, Read] = {}
    inside = tuple(occupants_of_ours(answers, graph, catalog))
    for resource in (*listed.values(), *inside):
        known = catalog.of(resource)
        if known is None or resource.key in read:
            continue
        if known.adds_to or (known.looked_into and resource in inside):
            reads[resource.key] = Read(resource.text, known.api_version, known.name, False)
    for holder in (*read.values(), *listed.values()):
        known = catalog.of(holder)
        for child in catalog.children(known) if known is not None else ():
            if child.adds_to and child.lists is ListRead.PARENT:
                below = list_of_children(holder, child)
                reads[below.path.lower()] = below
    done = {answer.read.path.lower() for answer in answers}
    wanted = sorted(reads.keys() - done)
    chosen = wanted[:MOST_FOREIGN]
    return ForeignReads(tuple(reads[key] for key in chosen), len(wanted) - len(chosen))


def occupants_of_ours(
    answers: Sequence[Answer], graph: DesiredGraph, catalog: Catalog
) -> Iterator[ResourceId]:
    """Yield the undeclared occupants of the environment's resources (`occupants`), each once.

    Where Azure names a part of a resource, the resource itself is yielded. Left out is what a
    service makes for something that was read (the interface of a private endpoint), and what is in
    the group that it manages for it (the scale sets of nodes): their maker is judged instead.
    """
    ours = {*graph.by_id, *(r.id.parent.key for r in graph if r.id.parent is not None)}
    bodies = [
        (known, item)
        for answer in answers
        if (known := catalog.find(answer.read.type)) is not None
        for item in answer.items
    ]
    made = {
        each.key
        for known, item in bodies
        for text in known.makes(item)
        if (each := parse_resource_id(text)) is not None
    }
    kept = {
        group.key
        for known, item in bodies
        if (holder := parse_resource_id(item.get("id"))) is not None
        and (group := managed_group_in(known, Found(holder, item))) is not None
    }
    told: set[str] = set()
    for known, item in bodies:
        resource = parse_resource_id(item.get("id"))
        if resource is None or resource.key not in ours:
            continue
        for named in _named_in(known, item, catalog):
            top = named
            while top.parent is not None:
                top = top.parent
            is_made = top.key in made or (top.container is not None and top.container.key in kept)
            if top.key not in told and top.key not in graph.by_id and not is_made:
                told.add(top.key)
                yield top


def _named_in(known: ResourceType, body: Body, catalog: Catalog) -> Iterator[ResourceId]:
    """Yield the ids of what Azure says is in a resource, or in a child in its body."""
    holders: list[tuple[ResourceType, object]] = [(known, body)]
    for embedded in known.embedded:
        child = catalog.find(embedded.child)
        if child is not None and child.occupants and not embedded.flattened:
            holders += [(child, entry) for entry in values_at(body, f"{embedded.path}[]")]
    for resource_type, holder in holders:
        for entry in occupants_in(resource_type, holder):
            named = parse_resource_id(lookup(entry, ("id",)))
            if named is not None:
                yield named
