"""Resource that a rule judges: its declared properties, with the catalog's defaults.

Called by every judge of a rule.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias, TypeVar, cast

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Tier
from provisioner.controls.evaluation_context import EvaluationContext
from provisioner.controls.verdict import Verdict
from provisioner.model.estate import Estate, Resource
from provisioner.model.property_path import set_at, split_steps
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Absent, Body, Unknown, Value, is_empty, lookup

_Derived = TypeVar("_Derived")


_VisiblePaths: TypeAlias = frozenset[tuple[str, frozenset[str]]]
"""Paths by the type that they are of, in small letters."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Verdict on one property of a resource, with its evidence."""

    verdict: Verdict
    path: str
    evidence: str


class DeclaredReads:
    """Properties that a rule may read.

    `reads` has paths by type. A rule that `sees_all_types` may see which other resources there are,
    too.
    """

    def __init__(
        self,
        context: EvaluationContext,
        reads: Mapping[str, tuple[str, ...]],
        *,
        sees_all_types: bool = False,
    ) -> None:
        self.context = context
        self._sees_all_types = sees_all_types
        self._reads = {kind.lower(): frozenset(paths) for kind, paths in reads.items()}
        self._visible_paths: dict[int, tuple[object, _VisiblePaths]] = {}

    def of(self, resource: Resource) -> "Subject":
        """Return a resource as the rule sees it. Raises KeyError for a type it does not read."""
        return Subject(resource, self, self._reads[resource.type.lower()])

    def reads_of(self, resource: Resource) -> bool:
        """Return whether the rule looks at resources of the type of one."""
        return resource.type.lower() in self._reads

    def all(self, kind: str) -> tuple["Subject", ...]:
        """Return every resource of a type, those of others too. Raises KeyError as `of` does."""
        paths = self._reads[kind.lower()]
        found = self.context.estate.of_type(kind)
        return tuple(Subject(resource, self, paths) for resource in found)

    def derive(
        self,
        compute: Callable[[Estate, Catalog], _Derived],
        reads: Mapping[str, tuple[str, ...]] | None = None,
    ) -> _Derived:
        """Return what a function makes of all that the rule may read, or of `reads`, a part of it.

        It is called once for all rules that request the same. `reads` that the rule does not
        declare are a KeyError.
        """
        seen = self._paths_by_type(reads)
        # Keyed by what may be seen, not by rule: all controls that need the effective permissions
        # or the address plan of a state share one computation of it.
        key, derived = (compute, seen, self._sees_all_types), self.context.derived
        if key not in derived:
            derived[key] = compute(self._visible_estate(seen), self.context.catalog)
        return cast(_Derived, derived[key])

    def _paths_by_type(self, reads: Mapping[str, tuple[str, ...]] | None) -> "_VisiblePaths":
        """Return what may be seen by (type, paths); worked out once for all that a rule judges."""
        # Called for every resource of a type, with one of a few mappings that are constants of a
        # chapter: the identity of the mapping spares hashing all of its paths each time.
        known = self._visible_paths.get(id(reads))
        # Held against what it was made of: an id says nothing once its object is gone.
        if known is not None and known[0] is reads:
            return known[1]
        paths = self._reads if reads is None else self._require_declared(reads)
        made = frozenset(paths.items())
        self._visible_paths[id(reads)] = (reads, made)
        return made

    def _require_declared(
        self, reads: Mapping[str, tuple[str, ...]]
    ) -> Mapping[str, frozenset[str]]:
        asked = {kind.lower(): frozenset(paths) for kind, paths in reads.items()}
        for kind, paths in asked.items():
            if missing := paths - self._reads[kind]:
                raise KeyError(f"{min(missing)} of {kind} is not declared by the rule")
        return asked

    def _visible_estate(self, seen: "_VisiblePaths") -> Estate:
        """Return the resources of visible types, with only the visible paths in their bodies."""
        key, derived = (seen, self._sees_all_types), self.context.derived
        if key not in derived:
            reads = {kind: _BodyFilter(paths) for kind, paths in seen}
            nothing = _BodyFilter(()) if self._sees_all_types else None
            derived[key] = Estate.of(
                reading.visible_part(found)
                for found in self.context.estate
                if (reading := reads.get(found.type.lower(), nothing)) is not None
            )
        return cast(Estate, derived[key])


class _BodyFilter:
    """The paths that may be seen in the bodies of a type, ready to be taken out of many of them."""

    def __init__(self, paths: Iterable[str]) -> None:
        read = [(_path_keys(path), split_steps(path) or ()) for path in paths]
        steps = [found for _, found in read]
        self._paths = read
        # Paths of which none begins another, and none enters a list, can be taken out of a body
        # object by object. `set_at` copies every object on the way for each of them.
        are_apart = not any(
            one is not other and other[: len(one)] == one for one in steps for other in steps
        ) and not any(step.startswith("[") for found in steps for step in found)
        self._names = _nest_names(steps) if are_apart else None

    def visible_part(self, resource: Resource) -> Resource:
        """Return a resource with nothing in its body but what is at the paths."""
        if self._names is not None:
            seen = _pick_names(resource.body, self._names)
        else:
            body: Value = {}
            for keys, steps in self._paths:
                stated = lookup(resource.body, keys)
                if not isinstance(stated, Absent):
                    body = set_at(body, steps, cast(Value, stated))
            seen = cast(Mapping[str, Value], body)
        return Resource(resource.id, resource.type, seen, resource.address, resource.span)


_Names: TypeAlias = Mapping[str, "_Names | None"]
"""Names of properties, each with the names below it that may be seen (None: all of it)."""


_EMPTY: Mapping[str, object] = MappingProxyType({})


def _nest_names(paths: Iterable[Sequence[str]]) -> _Names:
    below: dict[str, list[Sequence[str]]] = {}
    for first, *rest in paths:
        below.setdefault(first, []).append(rest)
    return {name: _nest_names(rests) if rests[0] else None for name, rests in below.items()}


def _pick_names(value: object, names: _Names) -> Mapping[str, Value]:
    """Return an object with those of its properties that have a name, without empty objects."""
    picked: dict[str, Value] = {}
    # Nearly every property has the name of its path: `lookup` is for those in another case.
    exact = cast(Mapping[str, object], value) if value.__class__ is dict else _EMPTY
    for name, below in names.items():
        stated = exact.get(name, ABSENT)
        if stated is ABSENT and (stated := lookup(value, (name,))) is ABSENT:
            continue
        if below is None:
            picked[name] = cast(Value, stated)
        elif inner := _pick_names(stated, below):
            picked[name] = inner
    return picked


def visible_part(resource: Resource, reads: Mapping[str, frozenset[str]]) -> Resource:
    """Return a resource with only the paths in its body that `reads` has of its type.

    Types in `reads` are in small letters.
    """
    return _BodyFilter(reads.get(resource.type.lower(), ())).visible_part(resource)


class Subject:
    """A resource, of which a rule may look at the properties that it declares."""

    __slots__ = ("_declared_reads", "_paths", "resource")

    def __init__(self, resource: Resource, reads: DeclaredReads, paths: frozenset[str]) -> None:
        self.resource = resource
        self._declared_reads = reads
        self._paths = paths

    @property
    def id(self) -> ResourceId:
        """Its id."""
        return self.resource.id

    @property
    def name(self) -> str:
        """Its own name, without those of its parents."""
        return self.resource.id.name

    @property
    def label(self) -> str:
        """What to call it: its address, or else its id."""
        return self.resource.label

    @property
    def is_own(self) -> bool:
        """Whether it is the environment's own, and not only looked up."""
        return self.id.key in self._declared_reads.context.own

    @property
    def cloud(self) -> str:
        """The cloud whose names are used."""
        return self._declared_reads.context.cloud

    @property
    def resource_group(self) -> ResourceId | None:
        """The id of the resource group that it stands in."""
        places = (self.id, *self.id.ancestors)
        return next((place for place in places if place.type == RESOURCE_GROUP), None)

    @property
    def own_subscriptions(self) -> frozenset[str]:
        """The subscriptions in which the environment has something of its own, in small letters."""
        return self._declared_reads.context.own_subscriptions

    def is_among_own(self, place: ResourceId) -> bool:
        """Return whether an id is in a subscription in which the environment has own resources.

        A resource elsewhere, which the blueprint does not look up, may be anybody's.
        """
        return (place.subscription or "").lower() in self.own_subscriptions

    def value(self, path: str) -> object:
        """Return the value at a path, or Azure's default where it has none.

        It is ABSENT where no default is known. `[key]` in a path is a key of a map. A path that the
        rule does not declare is a KeyError.
        """
        stated = self._declared_value(path)
        if not is_empty(stated):
            return stated
        default = self._default_of(path)
        return stated if isinstance(default, Absent) else default

    def is_set_by_azure(self, keys: Sequence[str]) -> bool:
        """Return whether a property that the body does not state may get a value from Azure.

        It may where Azure alone writes it, and in any type without facts. It may not where the body
        is one that Azure answered: what that lacks is not set.
        """
        known = self._declared_reads.context.catalog.find(self.resource.type)
        # A body that ARM answered has its `id`; one of a blueprint never states it.
        if known is None or lookup(self.resource.body, ("id",)) is not ABSENT:
            return False
        # A schema alone does not tell which properties Azure fills in.
        if known.tier is not Tier.KNOWN:
            return True
        schemas = self._declared_reads.context.catalog.schemas
        above = (schemas.find(known.name, keys[:length]) for length in range(1, len(keys) + 1))
        return any(prop is not None and prop.read_only for prop in above)

    def states(self, path: str) -> bool:
        """Return whether a property is set in the body itself."""
        return not is_empty(self._declared_value(path))

    def texts(self, path: str) -> tuple[str, ...]:
        """Return the texts of the list at a path; none where there is no list."""
        found = self.value(path)
        entries = found if isinstance(found, (list, tuple)) else ()
        return tuple(entry for entry in entries if isinstance(entry, str))

    def entries(self, path: str) -> tuple[Mapping[str, object], ...]:
        """Return the objects of the list at a path; none where there is no list."""
        found = self.value(path)
        entries = found if isinstance(found, (list, tuple)) else ()
        return tuple(entry for entry in entries if isinstance(entry, Mapping))

    def all(self, kind: str) -> tuple["Subject", ...]:
        """Return every resource of a type, those of others too."""
        return self._declared_reads.all(kind)

    def children(self, kind: str, parent: ResourceId | None = None) -> tuple["Subject", ...]:
        """Return its children of a type, or those of what another id names."""
        found = self._declared_reads.context.estate.children(parent or self.id, kind)
        return tuple(self._declared_reads.of(child) for child in found)

    def reaching(self, kind: str) -> tuple["Subject", ...]:
        """Return the resources of an extension type that hold for this one.

        They are those that are set on it, and on all scopes above it.
        """
        places = (self.id, *self.id.ancestors)
        return tuple(found for place in places for found in self.children(kind, place))

    def derive(
        self,
        compute: Callable[[Estate, Catalog], _Derived],
        reads: Mapping[str, tuple[str, ...]] | None = None,
    ) -> _Derived:
        """Return what a function makes of the whole state, as far as the rule may read it.

        `reads` restricts it to a part of that; the result is an index, a plan or the like. It is
        called once for all resources that the rule judges. `reads` that the rule does not declare
        are a KeyError.
        """
        return self._declared_reads.derive(compute, reads)

    def at(self, value: object) -> "Subject | None":
        """Return the resource that an id names.

        It is None where the state does not have it, and where it is of a type that the rule does
        not declare: what others write may refer to anything.
        """
        # Not a KeyError: the type of what a property refers to is the author's choice, and a
        # mistake of his must not end the check.
        named = parse_resource_id(value)
        found = self._declared_reads.context.estate.get(named) if named else None
        return (
            self._declared_reads.of(found)
            if found and self._declared_reads.reads_of(found)
            else None
        )

    def is_value_of(self, value: object, path: str) -> bool:
        """Return whether a value is the one at a path of this resource.

        It is also where Azure will only know it after apply, and the value is a reference to it.
        """
        if isinstance(value, Unknown):
            # A principal id or a resource id that Azure assigns is unknown before apply; that
            # both are the same expression still shows that they will be equal.
            address = self.resource.address
            return address is not None and value.paths == (f"{address}.{path}",)
        stated = self._declared_value(path)
        # ARM compares ids and enums without regard to case, and answers them in another case than
        # it was sent (AKS: `resourcegroups`, guidelines.md §3.1).
        return not is_empty(stated) and _folded(stated) == _folded(value)

    def passes(self, path: str, evidence: str) -> Observation:
        """Return the observation that a property is as it should be."""
        return Observation(Verdict.PASS, path, evidence)

    def fails(self, path: str, evidence: str) -> Observation:
        """Return the observation that a property is not as it should be."""
        return Observation(Verdict.FAIL, path, evidence)

    def unknown(self, path: str, evidence: str) -> Observation:
        """Return the observation that it is unknown whether a property is as it should be."""
        return Observation(Verdict.UNKNOWN, path, evidence)

    def _declared_value(self, path: str) -> object:
        if path not in self._paths:
            raise KeyError(f"{path} of {self.resource.type} is not declared by the rule")
        return stated_at(self.resource, path)

    def _default_of(self, path: str) -> object:
        return default_at(self.resource, path, self._declared_reads.context.catalog)


def stated_at(resource: Resource, path: str) -> object:
    """Return what a body states at a path, ABSENT for nothing."""
    return lookup(resource.body, _path_keys(path))


def default_at(resource: Resource, path: str, catalog: Catalog) -> object:
    """Return the catalog's default of a property, also as a part of what it stands in."""
    known = catalog.find(resource.type)
    if known is None:
        return ABSENT
    keys = _path_keys(path)
    # The default of an object (an add-on profile, a network profile) covers the properties in it:
    # the nearest fact above a path decides.
    for length in range(len(keys), 0, -1):
        fact = known.fact(".".join(keys[:length]))
        # To a fact, a value that is not known yet is a value like any other.
        default = fact.default_in(cast(Body, resource.body), known.api_version)
        if not isinstance(default, Absent):
            return default if length == len(keys) else lookup(default, keys[length:])
    return ABSENT


@lru_cache(maxsize=4096)
def _path_keys(path: str) -> tuple[str, ...]:
    steps = split_steps(path)
    if steps is None:
        raise ValueError(f"{path!r} is no path of a property")
    return tuple(step[1:-1] if step.startswith("[") else step for step in steps)


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
