"""Reads of what others have, where it may add to something of the environment.

The lists of an environment show its own resources, and those of others beside them. Whether one of
those reaches into the environment (a connection of a gateway, the link of a zone to a network)
stands in its body, or in a child that nothing else reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.plan.reads import INVENTORY, Answer, Read, list_of_children

MOST_FOREIGN = 200
"""How many resources of others are looked into for what they add to the environment's."""


@dataclass(frozen=True, slots=True)
class ForeignReads:
    """Reads of what others have, and how many more there would have been: what those hide is not
    known."""

    reads: tuple[Read, ...]
    left_out: int


def foreign_reads(answers: Sequence[Answer], graph: DesiredGraph, catalog: Catalog) -> ForeignReads:
    """Return the reads of what others have that may add to something of the environment
    (`adds_to`) and that the first two rounds did not show: what only the content of a group lists,
    and the children of what a wide list lists (the links of a zone). At most `MOST_FOREIGN`, by
    their path.
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
    for key, resource in listed.items():
        known = catalog.of(resource)
        if known is not None and known.adds_to and key not in read:
            reads[key] = Read(resource.text, known.api_version, known.name, False)
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
