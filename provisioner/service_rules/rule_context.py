"""The neighbours that rules see: resources that were read, and those that a write leads to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Embedded
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Unknown, Value
from provisioner.service_rules.partial_bodies import entries_at, value_at
from provisioner.service_rules.rule import UNSEEN, Listing, RuleContext, Unseen, Write


@dataclass(frozen=True)
class EstateContext:
    """The resources of an environment, in which every child is a resource of its own.

    `is_absent` tells of a resource that is not among them whether it certainly does not exist,
    `is_whole` of a container and a type whether all resources in it are among them. `is_only_named`
    tells of one of them whether its body is no more than a name (`existing: true`, before it is
    read), `is_made` whether it is new.
    """

    estate: Estate
    is_absent: Callable[[ResourceId], bool]
    is_whole: Callable[[ResourceId, str], bool]
    is_only_named: Callable[[ResourceId], bool] = lambda _resource: False
    is_made: Callable[[ResourceId], bool] = lambda _resource: False

    def lookup(self, resource: ResourceId) -> Resource | Unseen | None:
        """See `RuleContext`."""
        found = self.estate.get(resource)
        if found is not None:
            return UNSEEN if self.is_only_named(resource) else found
        # What was not read may exist: a rule about a missing resource needs certainty.
        return None if self.is_absent(resource) else UNSEEN

    def children(self, container: ResourceId, type_name: str) -> Listing:
        """See `RuleContext`."""
        # One listing for all that ask: what a rule makes of it is made once (`lru_cache`).
        place = (container.key, type_name.lower())
        listing = self._listed.get(place)
        if listing is None:
            found = self.estate.get(container)
            whole = self.is_whole(container, type_name) and not (found and _may_hide(found.body))
            listing = Listing(self.estate.children(container, type_name), whole)
            self._listed[place] = listing
        return listing

    @cached_property
    def _listed(self) -> dict[tuple[str, str], Listing]:
        return {}

    def of_type(self, type_name: str) -> Listing:
        """See `RuleContext`."""
        return Listing(self.estate.of_type(type_name))

    def referring_to(self, resource: ResourceId, type_name: str) -> Listing:
        """See `RuleContext`."""
        return Listing(self.estate.referring_to(resource, type_name))

    def is_new(self, resource: ResourceId) -> bool:
        """See `RuleContext`."""
        return self.is_made(resource)


def _may_hide(body: Mapping[str, Value]) -> bool:
    """Return whether a list in a body may hold children that are not known before apply."""
    properties = body.get("properties")
    if not isinstance(properties, Mapping):
        return isinstance(properties, Unknown)
    return any(
        isinstance(value, Unknown) or (isinstance(value, (list, tuple)) and not _are_named(value))
        for value in properties.values()
    )


def _are_named(entries: Sequence[Value]) -> bool:
    """Return whether the names of all resources among some entries are known."""
    return not any(
        isinstance(entry, Unknown)
        or (isinstance(entry, Mapping) and isinstance(entry.get("name"), Unknown))
        for entry in entries
    )


@dataclass(frozen=True)
class _WithWrite:
    """Neighbours as a write leaves them.

    The resource itself, and the children that its body states, replace those that the lists had.
    """

    neighbours: RuleContext
    written: Mapping[str, Resource]
    lists: frozenset[tuple[str, str]]
    gone: str | None = None

    def lookup(self, resource: ResourceId) -> Resource | Unseen | None:
        found = self.written.get(resource.key)
        if found is not None:
            return found
        return None if resource.key == self.gone else self.neighbours.lookup(resource)

    def children(self, container: ResourceId, type_name: str) -> Listing:
        place = (container.key, type_name.lower())
        # Each child of a body looks up all of its siblings.
        found = self._asked.get(place)
        if found is None:
            found = self._asked[place] = self._children(container, type_name)
        return found

    def _children(self, container: ResourceId, type_name: str) -> Listing:
        is_stated = (container.key, type_name.lower()) in self.lists
        standing = (
            Listing(whole=True) if is_stated else self.neighbours.children(container, type_name)
        )
        own = self.written.get(container.key)
        if own is not None and _may_hide(own.body):
            standing = Listing(standing.resources)
        written = tuple(r for r in self._written_of(type_name) if r.id.container == container)
        changes = is_stated or self.gone is not None
        if not changes and all(self._is_unchanged(resource) for resource in written):
            return standing
        return Listing((*self._unchanged_of(standing), *written), standing.whole)

    def _is_unchanged(self, resource: Resource) -> bool:
        """Return whether a write leaves a resource as the neighbours have it already.

        The resources of an environment are the outcome of all of its writes.
        """
        found = self.neighbours.lookup(resource.id)
        return isinstance(found, Resource) and found.body is resource.body

    @cached_property
    def _asked(self) -> dict[tuple[str, str], Listing]:
        return {}

    def of_type(self, type_name: str) -> Listing:
        standing = self.neighbours.of_type(type_name)
        return Listing(
            (*self._unchanged_of(standing), *self._written_of(type_name)), standing.whole
        )

    def referring_to(self, resource: ResourceId, type_name: str) -> Listing:
        # What is written is of few resources, and in the place of what it was before.
        standing = self.neighbours.referring_to(resource, type_name)
        return Listing(
            (*self._unchanged_of(standing), *self._written_of(type_name)), standing.whole
        )

    def is_new(self, resource: ResourceId) -> bool:
        return self.neighbours.is_new(resource)

    def _written_of(self, type_name: str) -> Iterator[Resource]:
        return (r for r in self.written.values() if r.type.lower() == type_name.lower())

    def _unchanged_of(self, listing: Listing) -> Iterator[Resource]:
        for resource in listing:
            key, container = resource.id.key, resource.id.container
            place = (container.key if container else "", resource.type.lower())
            if key not in self.written and key != self.gone and place not in self.lists:
                yield resource


@dataclass(frozen=True, slots=True)
class StatedChild:
    """A child as its parent's body states it, as a resource of its own. `at` is its place there."""

    resource: Resource
    at: str
    embedded: Embedded

    def path_in_parent(self, path: str) -> str:
        """Return a path of the child's body as one of the parent's."""
        inner = path.removeprefix("properties.") if self.embedded.flattened else path
        return f"{self.at}.{inner}" if inner else self.at


def children_of(
    type_name: str, resource: ResourceId, body: Mapping[str, Value], catalog: Catalog
) -> Iterator[StatedChild]:
    """Yield the children that the lists in a body state; one whose name is not known yet not."""
    known = catalog.find(type_name)
    for embedded in known.embedded if known else ():
        for at, entry in entries_at(body, embedded.path):
            name = value_at(entry, "name")
            # Without its name a child has no id, and may be any of those that exist.
            if not isinstance(name, str) or not isinstance(entry, Mapping):
                continue
            inner: Mapping[str, Value] = entry
            if embedded.flattened:
                properties = {key: value for key, value in entry.items() if key != "name"}
                inner = {"name": name, "properties": properties}
            child = ResourceId(embedded.child, (*resource.names, name), resource.scope)
            yield StatedChild(Resource(child, embedded.child, inner), at, embedded)


def with_write(write: Write, catalog: Catalog) -> RuleContext:
    """Return the neighbours of a write as it leaves them.

    A list of children that the body does not state, or that is not known yet, stays as it is.
    """
    if write.deletes:
        return _WithWrite(write.neighbours, {}, frozenset(), write.id.key)
    known = catalog.find(write.type)
    embedded_lists = known.embedded if known else ()
    if not embedded_lists:
        standing = write.neighbours.lookup(write.id)
        if isinstance(standing, Resource) and standing.body is write.after:
            return write.neighbours  # a state is judged, in which every write has been made
    stated = {
        (write.id.key, embedded.child.lower())
        for embedded in embedded_lists
        if isinstance(value_at(write.after, embedded.path), (list, tuple))
    }
    written = {
        child.resource.id.key: child.resource
        for child in children_of(write.type, write.id, write.after, catalog)
    }
    written[write.id.key] = Resource(write.id, write.type, write.after)
    return _WithWrite(write.neighbours, written, frozenset(stated))
