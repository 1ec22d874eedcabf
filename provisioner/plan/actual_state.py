"""The actual state of an environment, assembled from the answers of its reads.

What a refused read would have shown is unreadable, not absent. `workflow.environment_reader` calls
`assemble_state`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ownership import Marks
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead, ResourceType
from provisioner.model.actual import ActualState, Found, Gap, Unreadable
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, lookup
from provisioner.plan.reads import INVENTORY, Answer, Read


@dataclass(frozen=True, slots=True)
class Owned:
    """A resource whose mark verifies as this environment's, with the address that it states."""

    id: ResourceId
    address: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the lists show beside the bodies.

    `owned` is what the environment made, `in_groups` all that is in its groups. `managed_by` names
    the resource that another one says it is managed by, by the key of the managed one. `unlisted`
    are the containers of which a list was refused, `listed` what was listed to its end: (key of the
    container, type).
    """

    owned: tuple[Owned, ...]
    in_groups: tuple[ResourceId, ...]
    managed_by: Mapping[str, ResourceId] = field(default_factory=dict)
    unlisted: tuple[Unreadable, ...] = ()
    listed: frozenset[tuple[str, str]] = frozenset()


def bodies_of(answers: Sequence[Answer], catalog: Catalog) -> Mapping[str, Body]:
    """Return every body that the answers hold, children inside of parents too, by id key."""
    return {key: found.body for key, found in find_resources(answers, catalog).items()}


def find_resources(answers: Sequence[Answer], catalog: Catalog) -> dict[str, Found]:
    """Return every resource that the answers hold, children inside of parents too, by id key."""
    return {found.id.key: found for found in _found_in(answers, catalog)}


def assemble_state(
    answers: Sequence[Answer],
    seen: Mapping[str, Found],
    graph: DesiredGraph,
    catalog: Catalog,
    owned: Sequence[ResourceId] = (),
) -> ActualState:
    """Return the actual state. What a refused read would have shown is unreadable, not absent.

    `seen` are the resources that the answers hold (`find_resources`). `owned` is what carries the
    environment's mark: it may have left the graph.
    """
    unreadable: dict[str, Unreadable] = {}
    found = dict(seen)
    expected = [(resource.id, resource.type.list_name) for resource in graph]
    expected += [
        (each, known.list_name)
        for each in (*owned, *_generated_ids(found.values(), catalog))
        if (known := catalog.of(each)) is not None
    ]
    for answer in answers:
        if answer.refused is not None:
            if not answer.read.is_list:
                # What a list showed of it is not all of it (`ResourceType.list_omits`).
                found.pop(answer.read.path.lower(), None)
            for resource in hidden_by(answer, expected):
                unreadable[resource.key] = Unreadable(resource, str(answer.refused))
    return ActualState(
        found=found,
        unreadable=tuple(unreadable[key] for key in sorted(unreadable)),
        calls=sum(answer.calls for answer in answers),
        gaps=tuple(gaps_in(answers)),
    )


def gaps_in(answers: Iterable[Answer]) -> Iterator[Gap]:
    """Yield what the refused reads among some answers leave unknown."""
    for answer in answers:
        if answer.refused is None:
            continue
        written = answer.read.path[: len(_list_scope_key(answer.read))]
        if (scope := parse_resource_id(written)) is not None:
            yield Gap(answer.read.type, scope, str(answer.refused))


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
            found[resource.key] = Found(resource, body, _etag_of(body))
    return ActualState(found, tuple(unreadable), sum(answer.calls for answer in answers))


def take_inventory(answers: Sequence[Answer], marks: Marks) -> Inventory:
    """Return what the lists show of an environment beside the bodies.

    What another resource manages is never owned, whatever its tags say: services copy tags (AKS
    to its node resource group and all that is in it).
    """
    owned: dict[str, Owned] = {}
    in_groups: dict[str, ResourceId] = {}
    managed_by: dict[str, ResourceId] = {}
    unlisted: list[Unreadable] = []
    for answer in answers:
        if answer.refused is not None and answer.read.is_list:
            container = parse_resource_id(_list_scope_key(answer.read))
            if container is not None:
                unlisted.append(Unreadable(container, str(answer.refused)))
        for body in answer.items:
            resource = parse_resource_id(body.get("id"))
            if resource is None:
                continue
            manager = parse_resource_id(body.get("managedBy"))
            if manager is not None:
                managed_by[resource.key] = manager
            owner = marks.owner_of(resource, lookup(body, ("tags",)))
            if owner.is_ours and manager is None:
                owned[resource.key] = Owned(resource, owner.address)
            if answer.read.type == INVENTORY and not answer.read.query:
                in_groups[resource.key] = resource
    return Inventory(
        tuple(owned[key] for key in sorted(owned)),
        tuple(in_groups[key] for key in sorted(in_groups)),
        managed_by,
        tuple(unlisted),
        frozenset(
            (_list_scope_key(answer.read), answer.read.type)
            for answer in answers
            if answer.read.is_list and answer.read.type != INVENTORY and answer.refused is None
        ),
    )


def _found_in(answers: Iterable[Answer], catalog: Catalog) -> Iterator[Found]:
    for answer in answers:
        if answer.read.type == INVENTORY:
            continue
        for body in answer.items:
            resource = parse_resource_id(body.get("id"))
            resource_type = catalog.of(resource) if resource is not None else None
            if resource is not None and resource_type is not None:
                yield from _with_children(resource, body, resource_type, catalog)


def _etag_of(body: Body) -> str | None:
    """Return the ETag in a body: `etag` in most services, `eTag` in AKS."""
    etag = lookup(body, ("etag",))
    return etag if isinstance(etag, str) else None


def _with_children(
    resource: ResourceId, body: Body, resource_type: ResourceType, catalog: Catalog
) -> Iterator[Found]:
    """Yield a resource and the children that its own body holds whole."""
    yield Found(resource, body, _etag_of(body))
    for embedded in resource_type.embedded:
        child_type = catalog.get(embedded.child)
        if child_type.lists is not ListRead.EMBEDDED:
            continue
        entries = lookup(body, embedded.path.split("."))
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            child = parse_resource_id(entry.get("id")) if isinstance(entry, Mapping) else None
            if child is not None:
                yield from _with_children(child, entry, child_type, catalog)


def _generated_ids(found: Iterable[Found], catalog: Catalog) -> Iterator[ResourceId]:
    """Yield the ids of what services made for what was found (the records of an endpoint)."""
    for hit in found:
        resource_type = catalog.of(hit.id)
        for text in resource_type.makes(hit.body) if resource_type is not None else ():
            made = parse_resource_id(text)
            if made is not None:
                yield made


def hidden_by(answer: Answer, expected: Iterable[tuple[ResourceId, str]]) -> Iterator[ResourceId]:
    """Yield those expected resources (with the names of their lists) that a refused read hides.

    They are those of its type, and the children of that type, below what it was to list.
    """
    wanted = answer.read.type.lower()
    container = _list_scope_key(answer.read)
    for resource, type_name in expected:
        name = type_name.lower()
        is_below = resource.key == container or resource.key.startswith(f"{container}/")
        if wanted and is_below and (name == wanted or name.startswith(f"{wanted}/")):
            yield resource


def _list_scope_key(read: Read) -> str:
    """Return the key of the id below which a read lists; of a single resource, its own."""
    path, name = read.path.lower(), read.type.lower()
    if read.type == INVENTORY:
        return path.removesuffix("/resources")
    for suffix in (f"/providers/{name}", f"/{name.rpartition('/')[2]}"):
        if read.is_list and path.endswith(suffix):
            return path.removesuffix(suffix)
    return path
