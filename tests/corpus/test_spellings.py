"""That another spelling of a recorded body is no difference: Azure Resource Manager takes names and
values of enums in any case, numbers and booleans as text, and takes null and {} for nothing."""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.catalog.schema import Kind, SchemaIndex, Shape
from provisioner.diff.comparison import compare

Respell: TypeAlias = Callable[[SchemaIndex, Shape, Any], Any]

_NUMBERS = (Kind.INTEGER, Kind.LONG, Kind.NUMBER)


def in_capitals(_: SchemaIndex, shape: Shape, value: Any) -> Any:
    return value.upper() if shape.enum and isinstance(value, str) else value


def in_small_letters(_: SchemaIndex, shape: Shape, value: Any) -> Any:
    return value.lower() if shape.enum and isinstance(value, str) else value


def as_text(_: SchemaIndex, shape: Shape, value: Any) -> Any:
    if shape.kind is Kind.BOOLEAN and isinstance(value, bool):
        return str(value)
    is_number = shape.kind in _NUMBERS and isinstance(value, int | float)
    return str(value) if is_number and not isinstance(value, bool) else value


def beside_nulls(index: SchemaIndex, shape: Shape, value: Any) -> Any:
    return _filled(index, shape, value, lambda _: None)


def beside_empty_objects(index: SchemaIndex, shape: Shape, value: Any) -> Any:
    return _filled(index, shape, value, lambda kind: {} if kind is Kind.OBJECT else None)


def _filled(
    index: SchemaIndex, shape: Shape, value: Any, nothing: Callable[[Kind], Any]
) -> dict[str, Any] | Any:
    """Return an object with nothing at each property that it lacks; an object that stands for its
    absence (a reference is one by its id alone) is left as it is."""
    model = index.models.get(shape.model or "")
    if not isinstance(value, dict) or model is None:
        return value
    known = {name.lower() for name in value}
    lacks = {
        prop.name: nothing(prop.shape.kind)
        for prop in model.properties.values()
        if prop.name.lower() not in known
    }
    return {**value, **lacks}


SPELLINGS = (in_capitals, in_small_letters, as_text, beside_nulls, beside_empty_objects)


@pytest.mark.parametrize("side", ["request", "response"])
@pytest.mark.parametrize("respell", SPELLINGS, ids=lambda each: each.__name__)
def test_another_spelling_is_no_difference(
    respell: Respell, side: str, corpus: Path, catalog: Catalog
) -> None:
    wrong: dict[str, list[str]] = {}
    for pair in read_pairs(corpus):
        resource_type = catalog.get(pair["type"])
        root = Shape(Kind.OBJECT, catalog.schemas.roots[resource_type.name])
        spelled = walk(catalog.schemas, root, pair[side], respell)
        assert spelled is not None
        bodies = {**pair, side: spelled}
        found = compare(
            resource_type,
            catalog.schemas,
            bodies["request"],
            bodies["response"],
            pair["api_version"],
        )
        for change in found.changes:
            wrong.setdefault(f"{resource_type.name} {change.path}", []).append(pair["source"])

    assert wrong == {}


def walk(index: SchemaIndex, shape: Shape, value: Any, respell: Respell) -> Any:
    """Return a value with everything in it respelled, the innermost first."""
    if isinstance(value, dict):
        model = index.models.get(shape.model or "")
        made = {}
        for key, item in value.items():
            prop = model.find(key) if model is not None else None
            inner = prop.shape if prop is not None else shape.item or Shape(Kind.ANY)
            made[key] = walk(index, inner, item, respell)
        return respell(index, shape, made)
    if isinstance(value, list):
        inner = shape.item or Shape(Kind.ANY)
        return [walk(index, inner, item, respell) for item in value]
    return respell(index, shape, value)


@lru_cache(maxsize=1)
def read_pairs(corpus: Path) -> tuple[dict[str, Any], ...]:
    """Return every recorded pair of a body and Azure's answer to it."""
    files = sorted(corpus.rglob("pairs/*.jsonl"))
    lines = (line for file in files for line in file.read_text(encoding="utf-8").splitlines())
    return tuple(json.loads(line) for line in lines)
