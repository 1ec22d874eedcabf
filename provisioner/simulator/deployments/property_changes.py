"""The `delta` of a what-if: which properties differ between two bodies, as Azure lists them.

Source: "Deployments - What If" of the REST reference: WhatIfPropertyChange, PropertyChangeType.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.catalog.schema import SchemaIndex
from provisioner.simulator.bodies.body_paths import thaw
from provisioner.simulator.template_language.logical_functions import is_equal

_COMPUTED = frozenset({"etag", "provisioningState", "resourceGuid", "systemData"})
"""What no template states, beside what the schema says is read-only."""


def property_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what differs, by path; lists with their entries as children."""
    return list(_changes(before, after, ""))


def _changes(before: Any, after: Any, path: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    if is_equal(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            inner = f"{path}.{name}" if path else name
            if name not in after:
                yield _change(inner, "Delete", before[name], None)
            elif name not in before:
                yield _change(inner, "Create", None, after[name])
            else:
                yield from _changes(before[name], after[name], inner)
    elif isinstance(before, list) and isinstance(after, list):
        children = list(_entry_changes(before, after))
        yield {"path": path, "propertyChangeType": "Array", "children": children}
    else:
        yield _change(path, "Modify", before, after)


def _entry_changes(before: list[Any], after: list[Any]) -> Iterator[dict[str, Any]]:
    for place in range(max(len(before), len(after))):
        if place >= len(after):
            yield _change(str(place), "Delete", before[place], None)
        elif place >= len(before):
            yield _change(str(place), "Create", None, after[place])
        elif isinstance(before[place], Mapping) and isinstance(after[place], Mapping):
            inner = list(_changes(before[place], after[place], ""))
            if inner:
                yield {"path": str(place), "propertyChangeType": "Modify", "children": inner}
        else:
            yield from _changes(before[place], after[place], str(place))


def _change(path: str, kind: str, before: object, after: object) -> dict[str, Any]:
    change: dict[str, Any] = {"path": path, "propertyChangeType": kind}
    if kind != "Create":
        change["before"] = before
    if kind != "Delete":
        change["after"] = after
    return change


def without_read_only(
    schemas: SchemaIndex, type_name: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a copy of a body without what only the service writes."""
    found: dict[str, Any] = thaw(_kept(schemas, type_name, body, ()))
    return found


def _kept(schemas: SchemaIndex, type_name: str, value: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        return {
            name: _kept(schemas, type_name, item, (*path, name))
            for name, item in value.items()
            if not _is_computed(schemas, type_name, (*path, name))
        }
    if isinstance(value, (list, tuple)):
        return [_kept(schemas, type_name, item, (*path, "[]")) for item in value]
    return value


def _is_computed(schemas: SchemaIndex, type_name: str, path: tuple[str, ...]) -> bool:
    if path[-1] in _COMPUTED:
        return True
    prop = schemas.find(type_name, path)
    return prop is not None and prop.read_only


def stated_read_only(
    schemas: SchemaIndex, type_name: str, stated: Mapping[str, Any], before: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return what a template states and only the service writes: it has no effect."""
    found: list[dict[str, Any]] = []
    for path, value, held in _stated(schemas, type_name, stated, before, ()):
        found.append(
            {
                "path": ".".join(path),
                "propertyChangeType": "NoEffect",
                "before": held,
                "after": value,
            }
        )
    return found


def _stated(
    schemas: SchemaIndex,
    type_name: str,
    value: Mapping[str, Any],
    before: Mapping[str, Any],
    path: tuple[str, ...],
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    for name, item in value.items():
        inner = (*path, name)
        held = before.get(name)
        if _is_computed(schemas, type_name, inner):
            if not is_equal(item, held):
                yield inner, item, held
        elif isinstance(item, Mapping):
            below = held if isinstance(held, Mapping) else {}
            yield from _stated(schemas, type_name, item, below, inner)
