"""Validation of a request's body against the schema, with ARM's casing of names and errors.

ARM does not refuse unknown and read-only properties: it drops them, so a misspelt setting is lost
without an error. That is why `azsec validate` checks names before anything is sent.
"""

import re
from collections.abc import Mapping
from typing import Any

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import RANGES, Kind, Model, Shape
from provisioner.model.values import Json
from provisioner.simulator.bodies.body_paths import Tree
from provisioner.simulator.protocol.errors import RefusalError

_JSON_TYPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.STRING: (str,),
    Kind.INTEGER: (int,),
    Kind.LONG: (int,),
    Kind.NUMBER: (int, float),
    Kind.BOOLEAN: (bool,),
    Kind.OBJECT: (Mapping,),
    Kind.MAP: (Mapping,),
    Kind.LIST: (list, tuple),
}
_INTEGER_TEXT = re.compile(r"-?\d{1,18}", re.ASCII)
# Clients send back what GET answered: what identifies a resource is ignored in a body.
_ENVELOPE = ("id", "name", "type", "etag", "systemData")


def read_body(
    catalog: Catalog, resource_type: ResourceType, document: Mapping[str, Any], api_version: str
) -> Tree:
    """Return the writable part of `document` as a new dict, with names and enums in Azure's case.

    Nulls, read-only values and unknown properties are left out, as ARM does. A value of the wrong
    JSON type, an unknown enum value and a missing required property are a RefusalError.

    Of another API version than the catalog's, neither the enums are known nor whether a property is
    a list or a single object: any value is accepted there.
    """
    is_known = api_version == resource_type.api_version
    body = _Reader(catalog, resource_type, is_known=is_known).read_model(
        catalog.schemas.root(resource_type.name), document, ""
    )
    for name in _ENVELOPE:
        body.pop(name, None)
    return body


def normalise_location(location: str) -> str:
    """Return a region's name as ARM stores it: "West Europe" is westeurope."""
    return location.replace(" ", "").lower()


class _Reader:
    def __init__(self, catalog: Catalog, resource_type: ResourceType, *, is_known: bool) -> None:
        self._models = catalog.schemas.models
        self._type = resource_type
        self._is_known = is_known

    def read_model(self, model: Model, value: Mapping[str, Any], path: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, item in value.items():
            prop = model.find(key)
            if prop is None:
                if model.open_ended:
                    out[key] = item
                continue
            here = f"{path}.{prop.name}" if path else prop.name
            if item is None or prop.read_only or self._type.fact(here).read_only:
                continue
            out[prop.name] = self._read_value(prop.shape, item, here)
        if path and "id" in out:
            return out  # a reference, whatever else the model of what it points to requires
        missing = [
            prop.name
            for prop in model.properties.values()
            if prop.required and not prop.read_only and prop.name not in out
        ]
        if missing:
            self._refuse_missing(path, missing)
        return out

    def _refuse_missing(self, path: str, missing: list[str]) -> None:
        where = f"'{path}'" if path else "the request body"
        raise RefusalError(
            400,
            "MissingRequiredParameter",
            f"Required property '{missing[0]}' is missing from {where}.",
            target=f"{path}.{missing[0]}" if path else missing[0],
            by_provider=True,
        )

    def _read_value(self, shape: Shape, value: Tree, path: str) -> Tree:
        if shape.kind is Kind.ANY:
            return value
        if shape.kind is Kind.LIST and isinstance(value, Mapping) and not self._is_known:
            return self._read_entries(shape, [value], path)[0]
        if shape.kind in RANGES and self._type.fact(path).takes_text:
            value = (
                int(value) if isinstance(value, str) and _INTEGER_TEXT.fullmatch(value) else value
            )
        self._check_kind(shape.kind, value, path)
        if shape.kind is Kind.OBJECT:
            model = self._models.get(shape.model or "")
            return self.read_model(model, value, path) if model else dict(value)
        if shape.kind in (Kind.MAP, Kind.LIST):
            return self._read_entries(shape, value, path)
        self._check_range(shape.kind, value, path)
        return self._read_enum(shape, value, path) if shape.enum else value

    def _read_entries(self, shape: Shape, value: Tree, path: str) -> Tree:
        item, here = shape.item, f"{path}[]"
        if shape.kind is Kind.LIST:
            return [self._read_value(item, v, here) if item else v for v in value]
        if item is None:
            return dict(value)
        return {k: self._read_value(item, v, here) for k, v in value.items() if v is not None}

    @staticmethod
    def _check_range(kind: Kind, value: Tree, path: str) -> None:
        if kind in RANGES and value not in RANGES[kind]:
            raise RefusalError(
                400,
                "InvalidRequestContent",
                f"JSON integer {value} of '{path}' is too large or small for an "
                f"{'Int32' if kind is Kind.INTEGER else 'Int64'}.",
                target=path,
                by_provider=True,
            )

    def _check_kind(self, kind: Kind, value: Tree, path: str) -> None:
        matches = isinstance(value, _JSON_TYPES[kind]) and (
            kind is Kind.BOOLEAN or not isinstance(value, bool)
        )
        if not matches:
            raise RefusalError(
                400,
                "InvalidRequestContent",
                f"The value of '{path}' must be of type {kind.value}, not {_json_type(value)}.",
                target=path,
                by_provider=True,
            )

    def _read_enum(self, shape: Shape, value: str, path: str) -> str:
        fact = self._type.fact(path)
        value = fact.aliases.get(value.lower(), value)
        # Azure answers some defaults in another case than its own enum has them, whoever sent them.
        if isinstance(fact.default, str) and fact.default.lower() == value.lower():
            return fact.default
        for known in shape.enum:
            if known.lower() == value.lower():
                return known
        if not self._is_known:
            return value
        raise RefusalError(
            400,
            self._type.codes.value,
            f"The value '{value}' of '{path}' is invalid. Valid values: {', '.join(shape.enum)}.",
            target=path,
            by_provider=True,
        )


def _json_type(value: Json) -> str:
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, (list, tuple)):
        return "list"
    return {str: "string", bool: "boolean", int: "integer", float: "number"}.get(
        type(value), "null"
    )
