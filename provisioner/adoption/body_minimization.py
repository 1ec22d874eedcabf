"""Removes values from a resource body while the comparison with the live body stays the same.

`minimal_body` calls it. A removal also has to keep the properties that the schema requires.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from provisioner.blueprint.body_check import check_body
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import SchemaIndex
from provisioner.diff.comparison import Comparison, compare
from provisioner.model.property_path import split_steps
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.span import Span
from provisioner.model.values import Body, Value

NOWHERE = Span("", 1, 1)
"""The span of a body that is in no file."""

Path: TypeAlias = tuple[str | int, ...]
"""Names and indices from the root of a body."""


class BodyMinimizer:
    """Removes values as long as the comparison and the schema's required properties permit it."""

    def __init__(
        self,
        resource_type: ResourceType,
        schemas: SchemaIndex,
        actual: Body,
        body: Mapping[str, Value],
    ) -> None:
        self._type = resource_type
        self._schemas = schemas
        self._actual = actual
        self.baseline = self._compare(body)
        self._baseline_paths = self._reported_paths(self.baseline)
        self._empty_body_paths: frozenset[Path] = frozenset()
        self._baseline_missing = self._count_missing_properties(body)

    def _compare(self, body: Mapping[str, Value]) -> Comparison:
        return compare(self._type, self._schemas, body, self._actual)

    @staticmethod
    def _reported_paths(found: Comparison) -> frozenset[tuple[str, str]]:
        return frozenset(
            (
                *(("changes", change.path) for change in found.changes),
                *(("unknown", path) for path in found.unknown_defaults),
                *(("kept", change.path) for change in found.kept),
                *(("tags", change.path) for change in found.tags),
            )
        )

    def _count_missing_properties(self, body: Mapping[str, Value]) -> int:
        diagnostics = check_body(self._type, self._schemas, body, Node({}, NOWHERE))
        return sum(found.code == "missing-property" for found in diagnostics)

    def _is_equivalent(self, body: Mapping[str, Value]) -> bool:
        """Return whether a smaller body is valid: no new difference or missing property."""
        return (
            self._reported_paths(self._compare(body)) <= self._baseline_paths
            and self._count_missing_properties(body) <= self._baseline_missing
        )

    def shrink(self, body: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return the least of a body."""
        # One comparison with an empty body instead of one for each property: most values of a live
        # body are defaults.
        quick = self._reported_parts(body)
        if quick is not None:
            body = quick
        return self._shrink_objects(body, [()])

    def _reported_parts(self, body: Mapping[str, Value]) -> Mapping[str, Value] | None:
        """Return the parts of a body that a comparison with an empty body reports.

        None where these parts alone are not enough.
        """
        spoken = self._reported_paths(self._compare({}))
        paths = [split_steps(path) for _, path in spoken]
        names = [tuple(step.lower() for step in path) for path in paths if path]
        if len(names) < len(spoken):
            return None
        kept = _parts_at(body, names, ())
        self._empty_body_paths = frozenset(
            name[: i + 1] for name in names for i in range(len(name))
        )
        return kept if isinstance(kept, Mapping) and self._is_equivalent(kept) else None

    def _shrink_at(self, body: Mapping[str, Value], path: Path, part: Value) -> Mapping[str, Value]:
        """Return the body with fewer values below `path`, whose value is `part`."""
        if isinstance(part, Mapping):
            return self._shrink_objects(body, [path])
        if isinstance(part, (list, tuple)) and any(isinstance(e, Mapping) for e in part):
            entries = [(*path, i) for i, e in enumerate(part) if isinstance(e, Mapping)]
            return self._shrink_objects(body, entries)
        return body

    def _shrink_objects(
        self, body: Mapping[str, Value], places: Sequence[Path]
    ) -> Mapping[str, Value]:
        """Return the body with fewer properties in similar objects (the entries of a list).

        It goes property by property: one that can be omitted is removed from all of the objects
        with one comparison, or else from those that have the same value of it.
        """
        names: dict[str, list[Path]] = {}
        for place in places:
            here = _value_at(body, place)
            for name in here if isinstance(here, Mapping) else ():
                names.setdefault(name, []).append((*place, name))
        for name, holders in names.items():
            body, left = self._without_property(body, name, holders)
            objects = [path for path in left if isinstance(_value_at(body, path), Mapping)]
            if objects:
                body = self._shrink_objects(body, objects)
            for path in left[:_MOST_LISTS]:
                if isinstance(_value_at(body, path), (list, tuple)):
                    body = self._shrink_at(body, path, _value_at(body, path))
        return body

    @staticmethod
    def _is_only_value(body: Mapping[str, Value], path: Path) -> bool:
        """Return whether a value is the only one that its object states.

        An object that could not be left out as a whole has to state something (the value of a
        policy's parameter, even an empty list).
        """
        holder = _value_at(body, path[:-1])
        return len(path) > 1 and isinstance(holder, Mapping) and len(holder) == 1

    def _without_property(
        self, body: Mapping[str, Value], name: str, holders: Sequence[Path]
    ) -> tuple[Mapping[str, Value], list[Path]]:
        """Return the body without a property where that is possible, and the paths that keep it."""
        groups: dict[str, list[Path]] = {}
        stays: list[Path] = []
        for path in holders:
            value = _value_at(body, path)
            # A value that a comparison with an empty body reports would be reported again without
            # it.
            spoken = tuple(str(step).lower() for step in path) in self._empty_body_paths
            if spoken or _has_reference({name: value}) or self._is_only_value(body, path):
                stays.append(path)
            else:
                groups.setdefault(json.dumps(value, sort_keys=True), []).append(path)
        together = [path for paths in groups.values() for path in paths]
        # All of them at once first: one comparison instead of one for each value.
        if together and self._is_equivalent(less := _without_all(body, together)):
            return less, stays
        if len(groups) == 1:
            return body, [*stays, *together]
        common = sorted(groups.values(), key=len, reverse=True)
        for number, paths in enumerate(common):
            less = _without_all(body, paths)
            if number < _MOST_TRIALS and self._is_equivalent(less):
                body = less
            else:
                stays += paths
        return body, stays


_MOST_TRIALS = 2
"""Values of one property of list entries that are tried separately, the most frequent first. A
value that is stated without need is harmless, and the descriptions of rules all differ."""
_MOST_LISTS = 40


def _value_at(body: Value, path: Path) -> Value:
    for step in path:
        body = _child_at(body, step)
    return body


def _without_all(body: Mapping[str, Value], paths: Sequence[Path]) -> Mapping[str, Value]:
    for path in paths:
        body = without_path(body, path)
    return body


def _parts_at(part: Value, names: Sequence[tuple[str, ...]], path: tuple[str, ...]) -> Value:
    """Return what a part holds at, below, or on the way to one of some paths.

    A list is kept whole, because paths name its entries by keys of their own.
    """
    if not isinstance(part, Mapping):
        return part
    kept: dict[str, Value] = {}
    for key, item in part.items():
        here = (*path, key.lower())
        bracketed = (*path, f"[{key.lower()}]")
        spoken = any(
            _has_common_start(here, name) or _has_common_start(bracketed, name) for name in names
        )
        if spoken or _has_reference(item) or parse_resource_id(key) is not None:
            is_named = any(
                len(name) <= len(here) and _has_common_start(here, name) for name in names
            )
            kept[key] = item if is_named else _parts_at(item, names, here)
    return kept


def _has_reference(part: Value) -> bool:
    """Return whether a part refers to another resource.

    References are stated whatever the comparison reports: the order of creation and permissions
    depend on them, and the resource could not be created without them.
    """
    if isinstance(part, Mapping):
        return any(parse_resource_id(k) is not None or _has_reference(i) for k, i in part.items())
    if isinstance(part, (list, tuple)):
        return any(_has_reference(item) for item in part)
    found = parse_resource_id(part)
    return found is not None and not found.is_container


def _has_common_start(one: Sequence[str], other: Sequence[str]) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))


def _child_at(part: Value, step: str | int) -> Value:
    if isinstance(part, Mapping):
        return part.get(str(step))
    entries = part if isinstance(part, (list, tuple)) else ()
    return next(iter(entries[int(step) : int(step) + 1]), None)


def without_path(body: Mapping[str, Value], path: Sequence[str | int]) -> Mapping[str, Value]:
    """Return a body without the value at a path of names and indices."""
    changed = _without_child(body, path)
    assert isinstance(changed, Mapping)
    return changed


def _without_child(part: Value, path: Sequence[str | int]) -> Value:
    first, *rest = path
    if isinstance(part, Mapping):
        if not rest:
            return {name: item for name, item in part.items() if name != first}
        return {n: _without_child(item, rest) if n == first else item for n, item in part.items()}
    if isinstance(part, (list, tuple)):
        if not rest:
            return [item for index, item in enumerate(part) if index != first]
        return [_without_child(item, rest) if i == first else item for i, item in enumerate(part)]
    return part
