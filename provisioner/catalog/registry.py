"""The catalog: all types, discovered by the files in `provisioner/catalog/types/`."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TypeVar

from provisioner.catalog import types as type_packages
from provisioner.catalog.api_introductions import Introduced
from provisioner.catalog.field import Answered, Compare, Field
from provisioner.catalog.resource_type import Embedded, ResourceType, Tier
from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.type_directory import NoDirectory, TypeDirectory
from provisioner.model.resource_id import ResourceId

T = TypeVar("T")


@dataclass(frozen=True)
class Catalog:
    """The types by name, case ignored, with the schema index of their bodies.

    `directory` finds those that it does not have. `schema_digest` is a digest of what the index was
    read from, None where it was not computed.
    """

    types: Mapping[str, ResourceType]
    schemas: SchemaIndex
    directory: TypeDirectory = field(default_factory=NoDirectory, compare=False)
    schema_digest: str | None = field(default=None, compare=False)

    def extended(self, types: Iterable[ResourceType], schemas: SchemaIndex) -> "Catalog":
        """Return this catalog with other types in it, in the place of those of the same name."""
        more = {each.name.lower(): each for each in types}
        if not more:
            return self
        return replace(
            self,
            types={**self.types, **more},
            schemas=SchemaIndex(
                {**schemas.models, **self.schemas.models}, {**schemas.roots, **self.schemas.roots}
            ),
        )

    def find(self, name: str) -> ResourceType | None:
        """Return the type of this name, or None. An id's bare container types count as names."""
        return self.types.get(name.lower()) or self.types.get(f"microsoft.resources/{name.lower()}")

    def get(self, name: str) -> ResourceType:
        """Return the type of this name, case ignored.

        Raises:
            KeyError: azsec does not know the type.
        """
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def of(self, resource: ResourceId) -> ResourceType | None:
        """Return the type of a resource, or None."""
        return self.find(resource.type)

    def access_holder(self, scope: ResourceId) -> ResourceType | None:
        """Return the type below which `scope` is only a scope for role assignments, or None.

        The Kubernetes namespaces of a cluster are such scopes, and no resources.
        """
        holder = self.of(scope.parent) if scope.parent else None
        kind = scope.type.rpartition("/")[2].lower()
        return holder if holder is not None and kind in holder.access_kinds else None

    def children(self, parent: ResourceType) -> tuple[ResourceType, ...]:
        """Return the types whose resources are children of `parent`."""
        return self._children.get(parent.name, ())

    def listed_together(self, list_name: str) -> tuple[ResourceType, ...]:
        """Return the types that one list of this name answers (`ResourceType.listed_as`).

        Case is ignored. Empty where it is the list of one type.
        """
        return self._shared_lists.get(list_name.lower(), ())

    def affecting(self, affected: str) -> tuple[ResourceType, ...]:
        """Return the types that are read wherever there is one of the type `affected`.

        `affected` may be a container by its segment. Nobody has to declare them
        (`ResourceType.affects` and `always_listed_at`).
        """
        return self._affecting.get(affected, ())

    @cached_property
    def _children(self) -> Mapping[str, tuple[ResourceType, ...]]:
        below: dict[str, list[ResourceType]] = {}
        for each in self:
            if each.parent is not None:
                below.setdefault(each.parent, []).append(each)
        return {name: tuple(those) for name, those in below.items()}

    @cached_property
    def _shared_lists(self) -> Mapping[str, tuple[ResourceType, ...]]:
        shared: dict[str, list[ResourceType]] = {}
        for each in self:
            if each.listed_as is not None:
                shared.setdefault(each.list_name.lower(), []).append(each)
        return {name: tuple(those) for name, those in shared.items()}

    @cached_property
    def _affecting(self) -> Mapping[str, tuple[ResourceType, ...]]:
        found: dict[str, list[ResourceType]] = {}
        for each in self:
            for affected in (*each.affects, *each.always_listed_at):
                found.setdefault(affected, []).append(each)
        return {name: tuple(those) for name, those in found.items()}

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self.types.values())


@lru_cache(maxsize=1)
def all_types() -> tuple[ResourceType, ...]:
    """Return every type in the catalog, by name. One file holds one type, as `TYPE`."""
    found: list[ResourceType] = []
    for module in pkgutil.walk_packages(type_packages.__path__, f"{type_packages.__name__}."):
        if not module.ispkg:
            found.append(importlib.import_module(module.name).TYPE)
    return tuple(sorted(found, key=lambda resource_type: resource_type.name))


def build_catalog(types: Iterable[ResourceType], schemas: SchemaIndex) -> Catalog:
    """Return the catalog of `types`.

    Facts of a child type also apply to its entries in its parent's body, and facts of managed
    identities to every type that can have one.

    Raises:
        ValueError: Two files claim one name.
    """
    by_name: dict[str, ResourceType] = {}
    for resource_type in types:
        if by_name.setdefault(resource_type.name.lower(), resource_type) is not resource_type:
            raise ValueError(f"{resource_type.name} is twice in the catalog")
    return Catalog(
        {name: _with_common_facts(found, by_name, schemas) for name, found in by_name.items()},
        schemas,
    )


def _with_common_facts(
    resource_type: ResourceType, by_name: Mapping[str, ResourceType], schemas: SchemaIndex
) -> ResourceType:
    facts: dict[str, Field] = {}
    introduced: dict[str, Introduced] = {}
    for embedded in resource_type.embedded:
        child = by_name.get(embedded.child.lower())
        if child is None:
            continue
        facts |= _in_entries(embedded, child.fields)
        introduced |= _in_entries(embedded, child.introduced)
    # After those of its children: a parent may know better what an embedded entry has (the subnets
    # of a virtual network).
    facts |= resource_type.fields
    facts |= _facts_of_identity(resource_type, schemas)
    return replace(
        resource_type, fields=facts, introduced={**introduced, **resource_type.introduced}
    )


def _in_entries(embedded: Embedded, known: Mapping[str, T]) -> Mapping[str, T]:
    """Return what is known of a child by the paths in the list that embeds it."""
    prefix = "properties." if embedded.flattened else ""
    return {f"{embedded.path}[].{path.removeprefix(prefix)}": fact for path, fact in known.items()}


def _facts_of_identity(
    resource_type: ResourceType, schemas: SchemaIndex
) -> Iterator[tuple[str, Field]]:
    """Yield the facts of the managed identity, for every type that can have one.

    `None` is answered as no identity at all (recorded of registries), or as it is (recorded of
    policy assignments). Services differ in the space between the names of two kinds. Source:
    "ManagedServiceIdentityType" of Microsoft Learn.
    """
    root = schemas.roots.get(resource_type.name)
    if (
        resource_type.tier is Tier.KNOWN
        and root is not None
        and schemas.find(resource_type.name, ("identity", "type")) is not None
    ):
        # Azure answers type None as a missing identity, so that both have to compare as equal.
        none = replace(
            resource_type.fact("identity.type"),
            default="None",
            answered=Answered.MOVED,
            compare=Compare.FLAGS,
        )
        whole = replace(resource_type.fact("identity"), default=None, answered=Answered.MOVED)
        yield "identity", whole
        yield "identity.type", none
        yield "identity.principalId", Field(read_only=True)
        yield "identity.tenantId", Field(read_only=True)
