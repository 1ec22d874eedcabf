"""The `delta` of a what-if: the property changes between two bodies.

Source: "Deployments - What If" of the REST reference: WhatIfPropertyChange, PropertyChangeType.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.catalog.schema import SchemaIndex
from provisioner.simulator.bodies.body_paths import mutable_copy
from provisioner.simulator.template_language.logical_functions import is_equal
from provisioner.simulator.template_language.template_errors import Value

_COMPUTED = frozenset({"etag", "provisioningState", "resourceGuid", "systemData"})
"""What no template states, beside what the schema says is read-only."""


def property_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the differences by path; a list is one change, with its entries as children."""
    return list(_compare_values(before, after, ""))


def _compare_values(before: Value, after: Value, path: str) -> Iterator[dict[str, Any]]:
    if is_equal(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            inner = f"{path}.{name}" if path else name
            if name not in after:
                yield _property_change(inner, "Delete", before[name], None)
            elif name not in before:
                yield _property_change(inner, "Create", None, after[name])
            else:
                yield from _compare_values(before[name], after[name], inner)
    elif isinstance(before, list) and isinstance(after, list):
        children = list(_entry_changes(before, after))
        yield {"path": path, "propertyChangeType": "Array", "children": children}
    else:
        yield _property_change(path, "Modify", before, after)


def _entry_changes(before: list[Any], after: list[Any]) -> Iterator[dict[str, Any]]:
    for place in range(max(len(before), len(after))):
        if place >= len(after):
            yield _property_change(str(place), "Delete", before[place], None)
        elif place >= len(before):
            yield _property_change(str(place), "Create", None, after[place])
        elif isinstance(before[place], Mapping) and isinstance(after[place], Mapping):
            inner = list(_compare_values(before[place], after[place], ""))
            if inner:
                yield {"path": str(place), "propertyChangeType": "Modify", "children": inner}
        else:
            yield from _compare_values(before[place], after[place], str(place))


def _property_change(path: str, kind: str, before: object, after: object) -> dict[str, Any]:
    change: dict[str, Any] = {"path": path, "propertyChangeType": kind}
    if kind != "Create":
        change["before"] = before
    if kind != "Delete":
        change["after"] = after
    return change


def without_read_only(
    schemas: SchemaIndex, type_name: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a copy of a body without read-only properties."""
    found: dict[str, Any] = mutable_copy(_without_computed(schemas, type_name, body, ()))
    return found


def _without_computed(
    schemas: SchemaIndex,
    type_name: str,
    value: Value,
    path: tuple[str, ...],
) -> Value:
    if isinstance(value, Mapping):
        return {
            name: _without_computed(schemas, type_name, item, (*path, name))
            for name, item in value.items()
            if not _is_computed(schemas, type_name, (*path, name))
        }
    if isinstance(value, (list, tuple)):
        return [_without_computed(schemas, type_name, item, (*path, "[]")) for item in value]
    return value


def _is_computed(schemas: SchemaIndex, type_name: str, path: tuple[str, ...]) -> bool:
    if path[-1] in _COMPUTED:
        return True
    prop = schemas.find(type_name, path)
    return prop is not None and prop.read_only


def stated_read_only(
    schemas: SchemaIndex, type_name: str, stated: Mapping[str, Any], before: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the read-only properties that a template sets to other values: they have no effect."""
    found: list[dict[str, Any]] = []
    for path, value, current in _read_only_values(schemas, type_name, stated, before, ()):
        found.append(
            {
                "path": ".".join(path),
                "propertyChangeType": "NoEffect",
                "before": current,
                "after": value,
            }
        )
    return found


def _read_only_values(
    schemas: SchemaIndex,
    type_name: str,
    value: Mapping[str, Any],
    before: Mapping[str, Any],
    path: tuple[str, ...],
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    for name, item in value.items():
        inner = (*path, name)
        current = before.get(name)
        if _is_computed(schemas, type_name, inner):
            if not is_equal(item, current):
                yield inner, item, current
        elif isinstance(item, Mapping):
            current_object = current if isinstance(current, Mapping) else {}
            yield from _read_only_values(schemas, type_name, item, current_object, inner)
