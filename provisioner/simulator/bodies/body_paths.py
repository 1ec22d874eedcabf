"""Catalog paths (`properties.rules[].name`) applied to a body."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from provisioner.model.values import ABSENT, Json

Tree: TypeAlias = Any
"""JSON made of plain dicts and lists, as `json.loads` gives it."""


def split_path(path: str) -> tuple[str, ...]:
    """Return the steps of a catalog path: names, and `[]` for the entries of a list or map."""
    return tuple(step for name in path.split(".") for step in _split_name(name))


def _split_name(name: str) -> Iterator[str]:
    bare = name
    depth = 0
    while bare.endswith("[]"):
        bare = bare[:-2]
        depth += 1
    yield bare
    yield from ("[]",) * depth


def values_at(body: Tree, steps: tuple[str, ...], at: str = "") -> Iterator[tuple[str, Tree]]:
    """Yield (concrete path, value) for each value at `steps`; list entries are labelled by name."""
    if not steps:
        yield at, body
        return
    step, rest = steps[0], steps[1:]
    if step == "[]":
        for label, entry in _entries(body):
            yield from values_at(entry, rest, f"{at}[{label}]")
    elif isinstance(body, Mapping) and step in body:
        yield from values_at(body[step], rest, f"{at}.{step}" if at else step)


def _entries(value: Tree) -> Iterator[tuple[str, Tree]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        for position, entry in enumerate(value):
            name = entry.get("name") if isinstance(entry, Mapping) else None
            yield (name if isinstance(name, str) else str(position)), entry


def value_at(body: Tree, path: str) -> Tree:
    """Return the value at a path without lists, or ABSENT."""
    return next((value for _, value in values_at(body, split_path(path))), ABSENT)


def fill(body: Tree, steps: tuple[str, ...], value: Callable[[], Tree]) -> None:
    """Set the value at `steps` wherever its parent exists and it does not."""
    step, rest = steps[0], steps[1:]
    if step == "[]":
        for _, entry in _entries(body):
            if rest:
                fill(entry, rest, value)
    elif isinstance(body, dict):
        if rest:
            fill(body.get(step), rest, value)
        elif step not in body:
            body[step] = value()


def put(body: dict[str, Tree], path: str, value: Tree) -> None:
    """Set the value at a path without lists, creating the objects above it."""
    *parents, last = split_path(path)
    for step in parents:
        body = body.setdefault(step, {})
    body[last] = value


def _any_value(_at: str, _value: Tree) -> bool:
    return True


def remove(
    body: Tree,
    steps: tuple[str, ...],
    is_removed: Callable[[str, Tree], bool] = _any_value,
    at: str = "",
) -> None:
    """Remove the values at `steps` for which `is_removed` (path, value) is true."""
    step, rest = steps[0], steps[1:]
    if step == "[]":
        for label, entry in _entries(body):
            if rest:
                remove(entry, rest, is_removed, f"{at}[{label}]")
    elif isinstance(body, dict) and step in body:
        here = f"{at}.{step}" if at else step
        if rest:
            remove(body[step], rest, is_removed, here)
        elif is_removed(here, body[step]):
            del body[step]


def mutable_copy(value: Json) -> Tree:
    """Return a copy of a value made of plain dicts and lists."""
    if isinstance(value, Mapping):
        return {key: mutable_copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mutable_copy(item) for item in value]
    return value


def merge(base: Tree, overlay: Tree) -> Tree:
    """Return `base` with `overlay` merged into it, objects at every depth.

    Two lists of objects of the same length are merged entry by entry; any other list of `overlay`
    replaces the one of `base`.
    """
    if isinstance(base, Mapping) and isinstance(overlay, Mapping):
        merged = dict(base)
        for key, value in overlay.items():
            merged[key] = merge(base[key], value) if key in base else mutable_copy(value)
        return merged
    if _are_alike(base, overlay):
        return [merge(below, above) for below, above in zip(base, overlay, strict=True)]
    return mutable_copy(overlay)


def _are_alike(base: Tree, overlay: Tree) -> bool:
    return (
        isinstance(base, list)
        and isinstance(overlay, (list, tuple))
        and len(base) == len(overlay)
        and all(isinstance(entry, Mapping) for entry in (*base, *overlay))
    )


def merge_patch(target: Tree, patch: Tree) -> Tree:
    """Return the result of a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
