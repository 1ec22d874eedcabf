"""Assembles what the reads answered into the actual state of an environment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ownership import owner_of
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead, ResourceType
from provisioner.model.actual import ActualState, Found, Unreadable
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, lookup
from provisioner.plan.reads import INVENTORY, Answer


@dataclass(frozen=True, slots=True)
class Owned:
    """A resource that carries this environment's tag, with the address that the tag states."""

    id: ResourceId
    address: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the mixed lists show: what the environment owns, and all that is in its groups."""

    owned: tuple[Owned, ...]
    in_groups: tuple[ResourceId, ...]


def bodies_of(answers: Sequence[Answer], catalog: Catalog) -> Mapping[str, Body]:
    """Return every body that the answers hold, children inside of parents too, by id key."""
    return {found.id.key: found.body for found in _found_in(answers, catalog)}


def assemble_state(answers: Sequence[Answer], graph: DesiredGraph, catalog: Catalog) -> ActualState:
    """Return the actual state. What a refused read would have shown is unreadable, not absent."""
    unreadable: dict[str, Unreadable] = {}
    for answer in answers:
        if answer.refused is not None:
            for resource in _hidden_by(answer, graph):
                unreadable[resource.key] = Unreadable(resource, str(answer.refused))
    return ActualState(
        found={found.id.key: found for found in _found_in(answers, catalog)},
        unreadable=tuple(unreadable[key] for key in sorted(unreadable)),
        calls=sum(answer.calls for answer in answers),
    )


def state_of_single_reads(
    answers: Sequence[Answer], resources: Sequence[ResourceId]
) -> ActualState:
    """Return the state that one read for each of `resources`, in their order, found."""
    found: dict[str, Found] = {}
    unreadable: list[Unreadable] = []
    for answer, resource in zip(answers, resources, strict=True):
        if answer.refused is not None:
            unreadable.append(Unreadable(resource, str(answer.refused)))
        for body in answer.items:
            etag = body.get("etag")
            found[resource.key] = Found(resource, body, etag if isinstance(etag, str) else None)
    return ActualState(found, tuple(unreadable), sum(answer.calls for answer in answers))


def take_inventory(answers: Sequence[Answer], environment: str) -> Inventory:
    """Return what the mixed lists and the tags of listed resources say of this environment."""
    owned: dict[str, Owned] = {}
    in_groups: dict[str, ResourceId] = {}
    for answer in answers:
        for body in answer.items:
            resource = parse_resource_id(body.get("id"))
            if resource is None:
                continue
            owner = owner_of(body)
            if owner is not None and owner[0] == environment:
                owned[resource.key] = Owned(resource, owner[1])
            if answer.read.type == INVENTORY and not answer.read.query:
                in_groups[resource.key] = resource
    return Inventory(
        tuple(owned[key] for key in sorted(owned)),
        tuple(in_groups[key] for key in sorted(in_groups)),
    )


def _found_in(answers: Iterable[Answer], catalog: Catalog) -> Iterator[Found]:
    for answer in answers:
        resource_type = catalog.find(answer.read.type) if answer.read.type else None
        if resource_type is None:
            continue
        for body in answer.items:
            resource = parse_resource_id(body.get("id"))
            if resource is not None:
                yield from _with_children(resource, body, resource_type, catalog)


def _with_children(
    resource: ResourceId, body: Body, resource_type: ResourceType, catalog: Catalog
) -> Iterator[Found]:
    """Yield a resource and the children that its own body holds whole."""
    etag = body.get("etag")
    yield Found(resource, body, etag if isinstance(etag, str) else None)
    for embedded in resource_type.embedded:
        child_type = catalog.get(embedded.child)
        if child_type.lists is not ListRead.EMBEDDED:
            continue
        entries = lookup(body, embedded.path.split("."))
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            child = parse_resource_id(entry.get("id")) if isinstance(entry, Mapping) else None
            if child is not None:
                yield from _with_children(child, entry, child_type, catalog)


def _hidden_by(answer: Answer, graph: DesiredGraph) -> Iterator[ResourceId]:
    """Yield the resources of the graph that a refused read would have answered."""
    prefix = answer.read.path.lower()
    type_name = answer.read.type.lower()
    subscription = prefix.split("/")[2]
    for resource in graph:
        same_type = resource.type.name.lower() == type_name or (
            resource.type.lists is ListRead.EMBEDDED
            and (resource.type.parent or "").lower() == type_name
        )
        in_subscription = (resource.id.subscription or "").lower() == subscription
        below = resource.id.key.startswith(prefix)
        on_scope = f"/providers/{type_name}" in prefix and prefix.count("/") > 4 and not below
        if same_type and in_subscription and not (on_scope and answer.read.is_list and below):
            yield resource.id
