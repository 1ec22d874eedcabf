"""The JSON Schemas of the files a person writes, ARM bodies included, for editors.

docs/editor.md says how an editor finds them. Any value may be an expression, so each scalar also
takes a text with `${` in it.

Called by `azsec schema`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.blueprint.control_file import ControlFile
from provisioner.blueprint.environment_file import BASE_KIND
from provisioner.blueprint.file_schemas import (
    RESOURCE_KEYS,
    BlueprintFile,
    EgressTableFile,
    EnvironmentFile,
    ModuleFile,
    Resource,
)
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.catalog.schema import Kind, Model, Shape
from provisioner.catalog.type_names import TYPE_NAME

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXPRESSION = {"type": "string", "pattern": r"\$\{"}
_OTHER_TYPE = f"^{TYPE_NAME.pattern}$"
_TYPES = {
    Kind.STRING: "string",
    Kind.INTEGER: "integer",
    Kind.LONG: "integer",
    Kind.NUMBER: "number",
    Kind.BOOLEAN: "boolean",
}


def json_schemas(catalog: Catalog) -> Mapping[str, Mapping[str, Any]]:
    """Return the schema of each kind of file, by kind in lower case."""
    bodies = _body_definitions(catalog)
    return {
        "blueprint": _with_bodies(BlueprintFile.model_json_schema(by_alias=True), bodies),
        "module": _with_bodies(ModuleFile.model_json_schema(by_alias=True), bodies),
        "environment": _environment_schema(),
        "control": {"$schema": _DIALECT, **ControlFile.model_json_schema(by_alias=True)},
        "egresstable": {"$schema": _DIALECT, **EgressTableFile.model_json_schema(by_alias=True)},
    }


def _environment_schema() -> Mapping[str, Any]:
    """Return the schema of environments and of their bases.

    One that extends another may leave to it what it has to state otherwise.
    """
    schema = EnvironmentFile.model_json_schema(by_alias=True)
    kinds = {"kind": {"enum": ["Environment", BASE_KIND], "type": "string"}}
    return {
        "$schema": _DIALECT,
        **schema,
        "properties": {**schema["properties"], **kinds},
        "required": ["apiVersion", "kind"],
        "if": {"properties": {"kind": {"const": "Environment"}}, "not": {"required": ["extends"]}},
        "then": {"required": schema["required"]},
    }


def _with_bodies(
    schema: dict[str, Any], bodies: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Replace the open definition of a resource by one alternative for each type."""
    return {"$schema": _DIALECT, **schema, "$defs": {**schema["$defs"], **bodies}}


def _body_definitions(catalog: Catalog) -> dict[str, Mapping[str, Any]]:
    types = sorted(catalog, key=lambda resource_type: resource_type.name)
    definitions: dict[str, Mapping[str, Any]] = {
        f"body.{model.name}": _model_schema(model) for model in _reachable_models(catalog, types)
    }
    names = [resource_type.name for resource_type in types]
    definitions["Resource"] = {
        "type": "object",
        "required": ["type", "name"],
        # A type outside the catalog takes any body: docs/types.md.
        "properties": {
            "type": {"anyOf": [{"enum": names}, {"type": "string", "pattern": _OTHER_TYPE}]}
        },
        "allOf": [
            {
                "if": {"properties": {"type": {"const": resource_type.name}}},
                "then": _resource_schema(resource_type, catalog),
            }
            for resource_type in types
        ],
    }
    return definitions


def _resource_schema(resource_type: ResourceType, catalog: Catalog) -> Mapping[str, Any]:
    body = catalog.schemas.root(resource_type.name)
    own = Resource.model_json_schema(by_alias=True)["properties"]
    properties = {
        prop.name: _shape_schema(prop.shape)
        for prop in body.properties.values()
        if not prop.read_only and prop.name not in RESOURCE_KEYS
    }
    required = []
    if resource_type.parent:
        required.append("parent")
    elif resource_type.scope is Scope.EXTENSION:
        required.append("scope")
    return {
        "properties": {**properties, **own},
        "required": required,
        "additionalProperties": False,
    }


def _reachable_models(catalog: Catalog, types: Iterable[ResourceType]) -> list[Model]:
    pending = [catalog.schemas.roots[resource_type.name] for resource_type in types]
    found: dict[str, Model] = {}
    while pending:
        name = pending.pop()
        model = catalog.schemas.models.get(name)
        if model is None or name in found:
            continue
        found[name] = model
        for prop in model.properties.values():
            shape: Shape | None = prop.shape
            while shape is not None and not prop.read_only:
                if shape.model:
                    pending.append(shape.model)
                shape = shape.item
    return [found[name] for name in sorted(found)]


def _model_schema(model: Model) -> Mapping[str, Any]:
    writable = [prop for prop in model.properties.values() if not prop.read_only]
    body = {
        "type": "object",
        "properties": {prop.name: _shape_schema(prop.shape) for prop in writable},
        "required": sorted(prop.name for prop in writable if prop.required),
        "additionalProperties": model.open_ended,
    }
    return {"anyOf": [body, _EXPRESSION]}


def _shape_schema(shape: Shape) -> Mapping[str, Any]:
    if shape.kind in _TYPES:
        known: dict[str, Any] = {"type": _TYPES[shape.kind]}
        if shape.enum:
            known = {"enum": list(shape.enum)}
        return {"anyOf": [known, _EXPRESSION]}
    if shape.kind is Kind.OBJECT and shape.model:
        return {"$ref": f"#/$defs/body.{shape.model}"}
    if shape.kind is Kind.LIST and shape.item:
        return {"anyOf": [{"type": "array", "items": _shape_schema(shape.item)}, _EXPRESSION]}
    if shape.kind is Kind.MAP and shape.item:
        item = _shape_schema(shape.item)
        return {"anyOf": [{"type": "object", "additionalProperties": item}, _EXPRESSION]}
    return {}
