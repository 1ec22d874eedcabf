"""The schema index: the properties of ARM types, read from the SDK's models.

The index is a graph of named models, so that a network's recursive types stay finite. It is plain
data (`to_json`, `from_json`), so that it can be cached on disk and read without the SDK.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from provisioner.model.values import Json


class Kind(StrEnum):
    """The kind of a property's value.

    `ANY` is what the SDK types as an open object; an `INTEGER` has 32 bits, a `LONG` 64.
    """

    STRING = "string"
    INTEGER = "integer"
    LONG = "long"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"
    LIST = "list"
    MAP = "map"
    ANY = "any"


RANGES: Mapping[Kind, range] = {
    Kind.INTEGER: range(-(2**31), 2**31),
    Kind.LONG: range(-(2**63), 2**63),
}
"""The whole numbers that a value of a kind may be. Azure's readers refuse others (`JSON integer
3000000000 is too large or small for an Int32`)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The type of a value: a scalar, a model by name, or a list or map of another shape.

    `enum` holds the values that the SDK knows; services accept them without regard to case.
    """

    kind: Kind
    model: str | None = None
    item: "Shape | None" = None
    enum: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a model. `read_only`, `create_only` and `required` are as in the SDK."""

    name: str
    shape: Shape
    read_only: bool = False
    create_only: bool = False
    required: bool = False


@dataclass(frozen=True)
class Model:
    """One object type: its properties by wire name. `open_ended` ones accept any other name too."""

    name: str
    properties: Mapping[str, Property]
    open_ended: bool = False

    def find(self, name: str) -> Property | None:
        """Return the property of this name, case ignored as ARM ignores it, or None."""
        return self.properties.get(name) or self._by_folded_name.get(name.lower())

    @cached_property
    def required(self) -> tuple[Property, ...]:
        """The properties that a body has to state."""
        return tuple(p for p in self.properties.values() if p.required and not p.read_only)

    # Of the models that are loaded most are never looked into.
    @cached_property
    def _by_folded_name(self) -> Mapping[str, Property]:
        return {name.lower(): prop for name, prop in self.properties.items()}


@dataclass(frozen=True, slots=True)
class SchemaIndex:
    """Models by name, and the name of the root model of each ARM type (`roots`)."""

    models: Mapping[str, Model]
    roots: Mapping[str, str]

    def root(self, type_name: str) -> Model:
        """Return the model of a body of this ARM type. Raises KeyError for one not indexed."""
        return self.models[self.roots[type_name]]

    def find(self, type_name: str, path: Sequence[str]) -> Property | None:
        """Return the property at `path` (`[]` for a list's entries) in bodies of this type."""
        shape: Shape | None = Shape(Kind.OBJECT, self.roots[type_name])
        found: Property | None = None
        for step in path:
            if shape is None:
                return None
            if step == "[]" or shape.kind is Kind.MAP:
                shape = shape.item
                continue
            model = self.models.get(shape.model or "")
            found = model.find(step) if model else None
            if found is None:
                return None
            shape = found.shape
        return found

    def model_at(self, type_name: str, path: Sequence[str]) -> Model | None:
        """Return the model of the object at `path` in bodies of this type, or None."""
        if not path:
            return self.root(type_name)
        found = self.find(type_name, path)
        shape = found.shape if found else None
        while shape is not None and shape.item is not None:
            shape = shape.item
        return self.models.get(shape.model or "") if shape else None

    def to_json(self) -> Json:
        """Return the index as JSON; `from_json` is its inverse."""
        return {
            "roots": dict(self.roots),
            "models": {name: _model_to_json(model) for name, model in self.models.items()},
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "SchemaIndex":
        """Read back what `to_json` wrote. Raises KeyError or ValueError for anything else."""
        models = {
            name: Model(
                name,
                {prop[0]: _property_from_json(prop) for prop in entry["properties"]},
                entry["open"],
            )
            for name, entry in document["models"].items()
        }
        return SchemaIndex(models, document["roots"])


def _model_to_json(model: Model) -> Json:
    properties = [
        [
            prop.name,
            _shape_to_json(prop.shape),
            prop.read_only,
            prop.create_only,
            prop.required,
        ]
        for prop in model.properties.values()
    ]
    return {"open": model.open_ended, "properties": properties}


def _property_from_json(entry: Sequence[Any]) -> Property:
    name, shape, read_only, create_only, required = entry
    return Property(name, _shape_from_json(shape), read_only, create_only, required)


def _shape_to_json(shape: Shape) -> Json:
    item = _shape_to_json(shape.item) if shape.item else None
    return [shape.kind.value, shape.model, item, list(shape.enum)]


def _shape_from_json(entry: Sequence[Any]) -> Shape:
    kind, model, item, enum = entry
    return Shape(Kind(kind), model, _shape_from_json(item) if item else None, tuple(enum))


def walk(index: SchemaIndex, type_name: str) -> Iterator[tuple[tuple[str, ...], Property]]:
    """Yield every (path, property) of a type once per model on the path, entries as `[]`.

    What is below a read-only property is not entered, and recursion through a model that is
    already open on the path is cut, so the walk ends.
    """

    def descend(
        shape: Shape, path: tuple[str, ...], open_models: frozenset[str]
    ) -> Iterator[tuple[tuple[str, ...], Property]]:
        if shape.kind in (Kind.LIST, Kind.MAP) and shape.item:
            yield from descend(shape.item, (*path, "[]"), open_models)
        elif shape.model and shape.model not in open_models:
            for prop in index.models[shape.model].properties.values():
                here = (*path, prop.name)
                yield here, prop
                if not prop.read_only:
                    yield from descend(prop.shape, here, open_models | {shape.model})

    yield from descend(Shape(Kind.OBJECT, index.roots[type_name]), (), frozenset())
