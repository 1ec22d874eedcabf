"""JSON values of ARM bodies, and leaves that are unknown before apply or sensitive."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""Anything JSON can hold. Typed read-only: nothing in azsec changes a value it was given."""

Body: TypeAlias = Mapping[str, Json]
"""An ARM resource body, with the service's own property names."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that Azure will only know after apply.

    `expression` is CEL; `where` binds each of its names to a value, to another Unknown, or to a
    `ResourceValue`. `paths` are the properties that are not known yet, as a person reads them
    (`identity.properties.principalId`), sorted.
    """

    expression: str
    where: Mapping[str, "Bound"]
    paths: tuple[str, ...]

    def __str__(self) -> str:
        return f"(known after apply: {', '.join(self.paths)})"


@dataclass(frozen=True, slots=True)
class Sensitive(Unknown):
    """A known value that no document shows and no other resource receives.

    So is a value that is computed from one. `paths` are the properties that hold it.
    """

    def __str__(self) -> str:
        return "(sensitive)"


@dataclass(frozen=True, slots=True)
class ResourceValue:
    """Stands for "the body of the resource at this address" in what an Unknown is bound to."""

    address: str


Value: TypeAlias = (
    bool | int | float | str | Unknown | Sequence["Value"] | Mapping[str, "Value"] | None
)
"""A Json that may hold Unknown leaves: the body of a desired resource."""

Bound: TypeAlias = Value | ResourceValue | Sequence["Bound"] | Mapping[str, "Bound"]
"""What a name in an expression stands for: a Value that may hold resources."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The one value of a property that is not there at all, which is not the same as null."""

    token: str = field(default="absent", repr=False)

    def __bool__(self) -> bool:
        return False


ABSENT = Absent()

_SIZED: frozenset[type] = frozenset({str, dict, list, tuple})
_KNOWN_LEAVES: frozenset[type] = frozenset({str, int, float, bool, type(None)})
_LEAVES: frozenset[type] = _KNOWN_LEAVES | {Unknown, Sensitive, Absent, list, tuple}
"""Classes without properties, for which isinstance of an ABC would search twice as long."""


def is_empty(value: object) -> bool:
    """Return whether ARM treats `value` as not set: absent, null, "", [] or {}."""
    kind = value.__class__
    if kind in _SIZED:
        return not value
    if kind in _LEAVES:
        return value is None or kind is Absent
    return not value if isinstance(value, Mapping) else False


def is_identical(one: object, other: object) -> bool:
    """Return whether two values are equal in type, content and order.

    `==` is not enough: in Python True equals 1, and 1 equals 1.0.
    """
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(is_identical(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(is_identical, one, other))
    return one.__class__ is other.__class__ and one == other


def unknowns(value: object) -> Iterator[Unknown]:
    """Yield every Unknown inside `value`, in document order."""
    # Most values are leaves of no interest: a generator for each of them cost more than the search.
    items: Any = value
    kind = value.__class__
    if kind is Unknown or kind is Sensitive:
        yield items
        return
    if kind is dict or isinstance(value, Mapping):
        items = items.values()
    elif not isinstance(value, (list, tuple)):
        return
    for item in items:
        if item.__class__ not in _KNOWN_LEAVES:
            yield from unknowns(item)


def is_known(value: object) -> bool:
    """Return whether a value holds nothing that only Azure will know, and nothing sensitive."""
    items: Any = value
    kind = value.__class__
    if kind in _KNOWN_LEAVES:
        return True
    if kind is Unknown or kind is Sensitive:
        return False
    if kind is dict or isinstance(value, Mapping):
        items = items.values()
    elif not isinstance(value, (list, tuple)):
        return True
    return all(item.__class__ in _KNOWN_LEAVES or is_known(item) for item in items)


def texts_in(value: object) -> Iterator[str]:
    """Yield every text inside `value`, in document order; keys are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_in(item)


class CaselessMapping(Mapping[str, object]):
    """An object that finds a property by its name in any case."""

    __slots__ = ()


def lookup(body: object, path: Sequence[str]) -> object:
    """Return the value at `path` in `body`, key case ignored, or ABSENT.

    ARM compares property names without case, and some services answer in another case than the
    one they document (guidelines.md §3.1), so an exact hit is tried first and a caseless one then.
    """
    found: Any = body
    for key in path:
        # Nearly every object is a dict, and comparing classes is faster than isinstance of an ABC.
        is_dict = found.__class__ is dict
        if not is_dict and (found.__class__ in _LEAVES or not isinstance(found, Mapping)):
            return ABSENT
        value = found.get(key, ABSENT)
        if value is ABSENT:
            if not is_dict and isinstance(found, CaselessMapping):
                return ABSENT
            name = _names_of(found).get(key.lower())
            if name is None:
                return ABSENT
            value = found[name]
        found = value
    return found


def _names_of(body: Mapping[str, object]) -> Mapping[str, str]:
    names = tuple(body)
    # What others write may have any number of names, and is not kept.
    read = _read_names if len(names) > _MOST_NAMES_KEPT else _kept_names
    return read(names)


def _read_names(names: tuple[str, ...]) -> Mapping[str, str]:
    """Return the names of an object by their lower case; the first of those that differ in case."""
    return {name.lower(): name for name in reversed(names)}


_MOST_NAMES_KEPT = 200

# Most lookups that miss find nothing, and Azure's bodies have few shapes: of 5,000 resources the
# names of an object are looked through 230,000 times and differ 300 times.
_kept_names = lru_cache(maxsize=4096)(_read_names)


def list_items(value: object) -> tuple[object, ...]:
    """Return the entries of a list; none where there is no list."""
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def in_lower_case(value: object) -> Mapping[str, object]:
    """Return an object with its names in lower case, for who reads many of them; else {}."""
    if value.__class__ is not dict and not isinstance(value, Mapping):
        return {}
    stated: Any = value
    return {name: stated[own] for name, own in _names_of(stated).items()}


def values_at(body: object, path: str) -> Iterator[object]:
    """Yield every value at a path of names that dots join.

    `[]` after a name stands for all entries of its list, `*` for all values of an object.
    """
    found: list[object] = [body]
    for names, is_list in _steps_of(path):
        below: list[object] = []
        for each in found:
            if names == ("*",):
                below += each.values() if isinstance(each, Mapping) else ()
                continue
            value = lookup(each, names)
            if is_list:
                below += list_items(value)
            elif value is not ABSENT:
                below.append(value)
        found = below
    return iter(found)


# Paths are those of the catalog and of facts, each of which is read in thousands of bodies.
@lru_cache(maxsize=4096)
def _steps_of(path: str) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """Return (names, whether their value is a list) up to each list, and each `*` by itself."""
    steps: list[tuple[tuple[str, ...], bool]] = []
    names: tuple[str, ...] = ()
    for name in path.split("."):
        if name.removesuffix("[]") == "*":
            steps += [(names, False)] if names else []
            steps.append((("*",), False))
            names = ()
            continue
        names = (*names, name.removesuffix("[]"))
        if name.endswith("[]"):
            steps.append((names, True))
            names = ()
    return tuple(steps) if not names else (*steps, (names, False))


def without_at(body: Mapping[str, Value], path: Sequence[str]) -> Mapping[str, Value]:
    """Return `body` without the value at `path`; names are compared without case."""
    first, *rest = path
    if not rest:
        return {name: value for name, value in body.items() if name.lower() != first.lower()}
    inner = body.get(first)
    return {**body, first: without_at(inner, rest)} if isinstance(inner, Mapping) else body


def put_at(body: Mapping[str, Value], path: Sequence[str], value: Value) -> Mapping[str, Value]:
    """Return a body with another value at a path; unchanged where the path has no object.

    The last name of the path may be new; those before it stand in the body.
    """
    first, *rest = path
    if not rest:
        return {**body, first: value}
    inner = body.get(first)
    return {**body, first: put_at(inner, rest, value)} if isinstance(inner, Mapping) else body
