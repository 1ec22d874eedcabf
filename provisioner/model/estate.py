"""Estates: the resources of an environment in one state (desired, planned or actual).

Network proofs, controls and exports take an estate, and so judge all three states alike.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.span import Span
from provisioner.model.values import Value


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of an estate.

    `type` is the catalog's name of it. `body` may hold Unknown leaves where the state is not
    Azure's own. `address` is the blueprint's name, None for what the blueprint does not have;
    `span` is its place in the blueprint, if it has one. `has_facts` tells whether the catalog has
    facts of the type: without them, its effect on other resources is not known.
    """

    id: ResourceId
    type: str
    body: Mapping[str, Value]
    address: str | None = None
    span: Span | None = None
    has_facts: bool = True

    @property
    def label(self) -> str:
        """What to call it: its address, or else its id."""
        return self.address or self.id.text


@dataclass(frozen=True)
class Estate:
    """Resources by the key of their id (`ResourceId.key`).

    `unread` are the resources of which only the id is known.
    """

    resources: Mapping[str, Resource]
    unread: tuple[ResourceId, ...] = ()

    @staticmethod
    def of(resources: Iterable[Resource]) -> "Estate":
        """Return the estate of these resources; a later one replaces an earlier one of its id."""
        return Estate({resource.id.key: resource for resource in resources})

    def get(self, resource: ResourceId) -> Resource | None:
        """Return the resource with this id, or None."""
        return self.resources.get(resource.key)

    def of_type(self, name: str) -> tuple[Resource, ...]:
        """Return the resources of a type (the catalog's name), in the order of the estate."""
        return self._by_type.get(name.lower(), ())

    def children(self, parent: ResourceId, name: str) -> tuple[Resource, ...]:
        """Return the resources of the type `name` whose parent is `parent`."""
        return self._by_parent.get((parent.key, name.lower()), ())

    def referring_to(self, resource: ResourceId, name: str) -> tuple[Resource, ...]:
        """Return the resources of the type `name` whose bodies contain the id of another one."""
        # All of a type at once: who asks for one of them asks for each.
        index = self._by_reference.get(name.lower())
        if index is None:
            index = self._by_reference[name.lower()] = _index_references(self.of_type(name))
        return tuple(index.get(resource.key, ()))

    def at(self, address: str) -> Resource | None:
        """Return the resource at an address of the blueprint, or None."""
        return self._by_address.get(address)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources.values())

    @cached_property
    def _by_type(self) -> Mapping[str, tuple[Resource, ...]]:
        found: dict[str, list[Resource]] = {}
        for resource in self:
            found.setdefault(resource.type.lower(), []).append(resource)
        return {name: tuple(those) for name, those in found.items()}

    @cached_property
    def _by_parent(self) -> Mapping[tuple[str, str], tuple[Resource, ...]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for resource in self:
            container = resource.id.container
            if container is not None:
                found.setdefault((container.key, resource.type.lower()), []).append(resource)
        return {key: tuple(those) for key, those in found.items()}

    @cached_property
    def _by_reference(self) -> dict[str, Mapping[str, list[Resource]]]:
        return {}

    @cached_property
    def _by_address(self) -> Mapping[str, Resource]:
        return {r.address: r for r in self if r.address is not None}


def _index_references(resources: Iterable[Resource]) -> Mapping[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for resource in resources:
        for key in dict.fromkeys(named.key for named in _ids_in(resource.body)):
            found.setdefault(key, []).append(resource)
    return found


def _ids_in(value: object) -> Iterator[ResourceId]:
    if isinstance(value, str):
        named = parse_resource_id(value) if value.startswith("/") else None
        if named is not None:
            yield named
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _ids_in(key)
            yield from _ids_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _ids_in(item)
