"""The users of a resource: declared and live references to it, and users that its body names.

`blockers` refuses the delete of a resource with users that stay, and `steps` orders the deletes of
users before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from provisioner.catalog.occupants import occupants_in
from provisioner.catalog.references import references_in
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.actual import ActualState, Found
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Value, lookup


def key_of(resource: ResourceId, catalog: Catalog) -> str:
    """Return the key under which all ids of one resource are equal.

    It is the id's key, or the type and name where the name alone is unique (a role definition,
    which an assignment may name at any scope).
    """
    resource_type = catalog.of(resource)
    if resource_type is not None and resource_type.named_alone:
        return f"{resource_type.name}/{resource.name}".lower()
    return resource.key


def mentions(
    resource_type: ResourceType, body: Mapping[str, Value], catalog: Catalog
) -> Iterator[ResourceId]:
    """Yield all that a body refers to, and the parents of those.

    A reference into a resource (a frontend of a load balancer) is one to the resource as well.
    """
    for _path, mentioned in references_in(resource_type, catalog.schemas, body):
        current: ResourceId | None = mentioned
        while current is not None and not current.is_container:
            yield current
            current = current.parent


def targets_of(type_name: str, body: Mapping[str, Value], catalog: Catalog) -> frozenset[str]:
    """Return the keys (`key_of`) of all that a body points to."""
    known = catalog.find(type_name)
    if known is None:
        return frozenset()
    return frozenset(key_of(mentioned, catalog) for mentioned in mentions(known, body, catalog))


@dataclass(frozen=True)
class Dependents:
    """The live references between resources."""

    found: Mapping[str, Found]
    catalog: Catalog

    @staticmethod
    def of(state: ActualState, catalog: Catalog) -> "Dependents":
        """Return the references in a state."""
        return Dependents(state.found, catalog)

    def read(self, resource: ResourceId) -> tuple[Found, ...]:
        """Return the resources that were read and refer to a resource from outside of it."""
        return self._referrers_outside(resource, self._by_target)

    def read_of(self, resource: ResourceId, types: frozenset[str]) -> tuple[Found, ...]:
        """Return the same of some types alone, without a look into the bodies of all others."""
        index = self._by_types.get(types)
        if index is None:
            index = self._by_types[types] = self._index_by_target(
                hit for hit in self.found.values() if self._type_of(hit) in types
            )
        return self._referrers_outside(resource, index)

    def _referrers_outside(
        self, resource: ResourceId, index: Mapping[str, Sequence[Found]]
    ) -> tuple[Found, ...]:
        hits = index.get(key_of(resource, self.catalog), ())
        return tuple(hit for hit in hits if not hit.id.is_within(resource))

    def _type_of(self, hit: Found) -> str:
        known = self.catalog.of(hit.id)
        return known.name if known is not None else hit.id.type

    @cached_property
    def _by_target(self) -> Mapping[str, Sequence[Found]]:
        return self._index_by_target(self.found.values())

    @cached_property
    def _by_types(self) -> dict[frozenset[str], Mapping[str, Sequence[Found]]]:
        return {}

    def _index_by_target(self, hits: Iterable[Found]) -> Mapping[str, Sequence[Found]]:
        """Return the resources that refer to each target, by the key (`key_of`) of the target."""
        index: dict[str, list[Found]] = {}
        for hit in hits:
            for target in targets_of(hit.id.type, hit.body, self.catalog):
                index.setdefault(target, []).append(hit)
        return index

    def named(self, hit: Found) -> Iterator[tuple[ResourceId | None, str]]:
        """Yield (id, label) of the users that Azure names in a body and that were not read.

        Such are the network interfaces in a subnet, and a subnet of another subscription.

        The id is None where Azure tells the service alone.
        """
        resource_type = self.catalog.of(hit.id)
        for entry in occupants_in(resource_type, hit.body) if resource_type else ():
            named = parse_resource_id(lookup(entry, ("id",)))
            if named is None or named.is_within(hit.id):
                service = lookup(entry, ("properties", "linkedResourceType"))
                yield None, service if isinstance(service, str) else "a service"
            elif not self._contains_reference(named, hit.id):
                yield named, named.text

    def _contains_reference(self, named: ResourceId, target: ResourceId) -> bool:
        """Return whether the references that were read hold one that Azure names."""
        return any(hit.id.is_within(named) or named.is_within(hit.id) for hit in self.read(target))


def generated_by(hit: Found, catalog: Catalog) -> Iterator[ResourceId]:
    """Yield the ids of what Azure made for a resource and deletes with it."""
    resource_type = catalog.of(hit.id)
    for text in resource_type.makes(hit.body) if resource_type else ():
        made = parse_resource_id(text)
        if made is not None:
            yield made
