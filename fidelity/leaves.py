"""The leaves of two answers, and on which of them they agree.

Only leaves that a client can set count: what only Azure computes has no right value here. What
Azure generates (ids, clocks, names of hosts, versions of the day) is held against its shape.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.catalog.field import Compare, Owner
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import Kind, Model, SchemaIndex, Shape

_ENVELOPE = frozenset({"id", "name", "type", "etag", "systemdata"})
_RENAMED = frozenset({"clientid", "tenantid"})
"""What stands in every recording under another name than Azure's."""
_KEYS = ("name", "id", "objectId", "value")
_SHAPES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?",
        r"\d+\.\d+(\.\d+)?",
        r"[a-z0-9-]+(\.[a-z0-9-]+)+\.(io|net|com|azmk8s)/?",
    )
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One scalar, or a list of scalars, or an empty object, of a body."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two answers compare, by path: `agreed`, and (path, Azure's, ours) where they differ.

    A value that one of them lacks is None.
    """

    agreed: tuple[str, ...]
    differing: tuple[tuple[str, Any, Any], ...]


def compare_leaves(
    resource_type: ResourceType,
    schemas: SchemaIndex,
    recorded: Mapping[str, Any],
    ours: Mapping[str, Any],
) -> Agreement:
    """Hold the settable leaves of a recorded answer against those of ours."""
    reader = _Reader(resource_type, schemas)
    root = Shape(Kind.OBJECT, schemas.roots[resource_type.name])
    theirs = {leaf.path.lower(): leaf for leaf in reader.read(root, recorded, "", "")}
    found = {leaf.path.lower(): leaf for leaf in reader.read(root, ours, "", "")}
    agreed: list[str] = []
    differing: list[tuple[str, Any, Any]] = []
    for key in sorted(theirs.keys() | found.keys()):
        one, other = theirs.get(key), found.get(key)
        path = (one or other or Leaf(key, None)).path
        if one is not None and other is not None and is_alike(one.value, other.value):
            agreed.append(path)
        else:
            differing.append((path, one.value if one else None, other.value if other else None))
    return Agreement(tuple(agreed), tuple(differing))


def is_alike(one: Any, other: Any) -> bool:  # noqa: ANN401 (JSON)
    """Tell whether two leaves are equal, or both generated and of one shape."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(_fold, one)) == sorted(map(_fold, other))
    if isinstance(one, str) and isinstance(other, str):
        if one.lower().rstrip("/") == other.lower().rstrip("/"):
            return True
        return any(shape.fullmatch(one) and shape.fullmatch(other) for shape in _SHAPES)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _fold(value: Any) -> str:  # noqa: ANN401 (JSON)
    return json.dumps(value, sort_keys=True).lower()


class _Reader:
    def __init__(self, resource_type: ResourceType, schemas: SchemaIndex) -> None:
        self._type = resource_type
        self._schemas = schemas

    def read(self, shape: Shape, value: Any, path: str, generic: str) -> Iterator[Leaf]:  # noqa: ANN401
        """Yield the leaves below a value. Null and "" are as good as absent, as ARM has it."""
        if isinstance(value, Mapping):
            yield from self._read_object(shape, value, path, generic)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield from self._read_list(shape, value, path, generic)
        elif value not in (None, "", [], [""]):
            yield Leaf(path, value)

    def _read_object(
        self, shape: Shape, value: Mapping[str, Any], path: str, generic: str
    ) -> Iterator[Leaf]:
        model = self._schemas.models.get(shape.model or "")
        for key, item in value.items():
            if shape.kind is Kind.MAP:
                inner, below = shape.item or Shape(Kind.ANY), f"{generic}[]"
            else:
                found = _property(model, key)
                if (not path and key.lower() in _ENVELOPE) or key.lower() in _RENAMED:
                    continue
                if model is not None and found is None:
                    continue
                below = f"{generic}.{key}" if generic else key
                inner = found.shape if found else Shape(Kind.ANY)
                facts = self._type.fact(below)
                if (found and found.read_only) or facts.read_only or facts.write_only:
                    continue
                others = facts.owner is Owner.SERVICE or facts.compare is Compare.IGNORED
                if others or _is_generated(model, key, path):
                    continue
            yield from self.read(inner, item, f"{path}.{key}" if path else key, below)

    def _read_list(self, shape: Shape, value: list[Any], path: str, generic: str) -> Iterator[Leaf]:
        for index, item in enumerate(value):
            mark = next(
                (item[key] for key in _KEYS if isinstance(item, Mapping) and key in item), index
            )
            inner = shape.item or Shape(Kind.ANY)
            yield from self.read(inner, item, f"{path}[{mark}]", f"{generic}[]")


def _property(model: Model | None, key: str) -> Any:  # noqa: ANN401
    return model.find(key) if model else None


def _is_generated(model: Model | None, key: str, path: str) -> bool:
    """The id, type and etag of an entry that is a resource are Azure's."""
    return (
        path.endswith("]")
        and key.lower() in _ENVELOPE - {"name"}
        and model is not None
        and "name" in model.properties
    )


def generic(path: str) -> str:
    """Return a path with `[]` for every entry."""
    return re.sub(r"\[[^\]]*\]", "[]", path)
