"""Reads the schema index from the installed Azure SDK packages.

The packages are of two generations. The newer one declares properties as `rest_field(visibility=…)`
with typed annotations; the older one carries `_attribute_map` and `_validation`. Both state wire
names, types, enums and read-only properties.
"""

import importlib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from provisioner.catalog.resource_type import ResourceType, SdkModel
from provisioner.catalog.schema import Kind, Model, Property, SchemaIndex, Shape

_SCALARS = {str: Kind.STRING, bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.NUMBER}
_LEGACY_SCALARS = {
    "str": Kind.STRING,
    "bool": Kind.BOOLEAN,
    "int": Kind.INTEGER,
    "long": Kind.LONG,
    "float": Kind.NUMBER,
    "iso-8601": Kind.STRING,
    "duration": Kind.STRING,
}
_LONG = frozenset(
    {
        ("keyvault.KeyAttributes", "exp"),
        ("keyvault.KeyAttributes", "nbf"),
        ("monitor.ConditionFailingPeriods", "minFailingPeriodsToAlert"),
        ("monitor.ConditionFailingPeriods", "numberOfEvaluationPeriods"),
        ("monitor.ScheduledQueryRuleResourceProperties", "severity"),
        ("network.BgpSettings", "asn"),
        ("network.RadiusServer", "radiusServerScore"),
        ("privatedns.RecordSetProperties", "ttl"),
        ("privatedns.SoaRecord", "expireTime"),
        ("privatedns.SoaRecord", "minimumTtl"),
        ("privatedns.SoaRecord", "refreshTime"),
        ("privatedns.SoaRecord", "retryTime"),
        ("privatedns.SoaRecord", "serialNumber"),
    }
)
"""The properties of 64 bits, by model and name, which the newer packages type like those of 32
(`format: int64` in Azure/azure-rest-api-specs)."""
_OR = " or "
_STRING = Shape(Kind.STRING)
_ANY = Shape(Kind.ANY)


def read_schema_index(types: Iterable[ResourceType]) -> SchemaIndex:
    """Return the index of `types`, importing the SDK packages that hold their models.

    A type without an SDK model brings its own (`ResourceType.models`). What only Azure writes is
    indexed by name but not entered: nothing below a read-only property is ever compared or sent.
    """
    models: dict[str, Model] = {}
    roots: dict[str, str] = {}
    for resource_type in types:
        if resource_type.sdk is None:
            models |= {model.name: model for model in resource_type.models}
            roots[resource_type.name] = resource_type.models[0].name
            continue
        package = resource_type.sdk.package
        module = importlib.import_module(f"{package}.models")
        pending = [getattr(module, resource_type.sdk.model)]
        roots[resource_type.name] = _qualified_name(pending[0])
        while pending:
            model_class = pending.pop()
            name = _qualified_name(model_class)
            if name in models:
                continue
            models[name], children = _read_model(name, model_class, module)
            pending.extend(children)
    _add_either_models(models)
    return SchemaIndex(models, roots)


def find_version(model: SdkModel, api_version: str) -> SdkModel | None:
    """Return the model of another api version in the installed SDK; None where it has none.

    Packages of the older generation hold several versions (`azure.mgmt.msi.v2018_11_30`).
    """
    package = re.sub(r"\.v\d{4}_\d{2}_\d{2}(_preview)?$", "", model.package)
    versioned = f"{package}.v{api_version.replace('-', '_')}"
    try:
        models = importlib.import_module(f"{versioned}.models")
    except ModuleNotFoundError:
        return None
    return SdkModel(versioned, model.model) if hasattr(models, model.model) else None


def _qualified_name(model_class: type) -> str:
    package = model_class.__module__.removeprefix("azure.mgmt.").split(".models")[0]
    return f"{package}.{model_class.__name__}"


def _read_model(name: str, model_class: type, module: ModuleType) -> tuple[Model, list[type]]:
    """Return the model and the model classes that its writable properties mention."""
    read = _read_legacy if hasattr(model_class, "_attribute_map") else _read_typed
    children: list[type] = []
    properties: dict[str, Property] = {}
    for family in (model_class, *_subtypes(model_class)):
        for prop, mentioned in read(family, module):
            known = properties.get(prop.name)
            if known is not None:
                if known.read_only or prop.read_only or known.shape == prop.shape:
                    continue
                properties[prop.name] = replace(known, shape=_either(known.shape, prop.shape))
            else:
                # A property that one variant requires may not exist in the others.
                required = prop.required and family is model_class
                properties[prop.name] = replace(prop, required=required)
            if not prop.read_only:
                children.extend(mentioned)
    return Model(name, properties, open_ended="additional_properties" in properties), children


def _either(one: Shape, other: Shape) -> Shape:
    """Return the shape that takes the values of both: variants may differ in what `action` is."""
    if one.kind is not other.kind:
        return _ANY
    if one.model and other.model:
        names = dict.fromkeys((*one.model.split(_OR), *other.model.split(_OR)))
        return replace(one, model=_OR.join(names))
    if one.item and other.item:
        return replace(one, item=_either(one.item, other.item))
    both = one.enum and other.enum
    return replace(one, enum=tuple(dict.fromkeys((*one.enum, *other.enum))) if both else ())


def _add_either_models(models: dict[str, Model]) -> None:
    """Add the models that `_either` has named: the properties of both, required by none."""
    pending = sorted(_either_names(models.values()) - models.keys())
    while pending:
        name = pending.pop()
        parts = [models[part] for part in name.split(_OR)]
        properties: dict[str, Property] = {}
        for prop in (prop for part in parts for prop in part.properties.values()):
            known = properties.get(prop.name, prop)
            shape = _either(known.shape, prop.shape)
            properties[prop.name] = replace(known, shape=shape, required=False)
        models[name] = Model(name, properties, any(part.open_ended for part in parts))
        pending.extend(_either_names([models[name]]) - models.keys())


def _either_names(models: Iterable[Model]) -> set[str]:
    shapes = [prop.shape for model in models for prop in model.properties.values()]
    names = {shape.model or "" for outer in shapes for shape in (outer, outer.item or outer)}
    return {name for name in names if _OR in name}


def _subtypes(model_class: type) -> Iterator[type]:
    """Yield the variants of a discriminated model: on the wire they share one property bag."""
    children: list[type] = model_class.__subclasses__()
    for child in children:
        if child.__module__ == model_class.__module__ and _is_discriminated(model_class):
            yield child
            yield from _subtypes(child)


def _is_discriminated(model_class: type) -> bool:
    return bool(
        getattr(model_class, "__mapping__", None) or getattr(model_class, "_subtype_map", 0)
    )


def _read_typed(model_class: type, module: ModuleType) -> Iterator[tuple[Property, list[type]]]:
    hints = get_type_hints(model_class, localns={"_models": module, "_Model": object})
    for attribute, rest_field in _rest_fields(model_class):
        annotation = hints.get(attribute, Any)
        shape, mentioned = _typed_shape(annotation)
        wire_name = rest_field._rest_name_input or attribute
        if (_qualified_name(model_class), wire_name) in _LONG:
            shape = Shape(Kind.LONG)
        visibility = rest_field._visibility or []
        yield (
            Property(
                name=wire_name,
                shape=shape,
                read_only=visibility == ["read"],
                create_only=bool(visibility)
                and "update" not in visibility
                and "create" in visibility,
                required=NoneType not in get_args(annotation),
            ),
            mentioned,
        )


def _rest_fields(model_class: type) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for owner in inspect.getmro(model_class):
        for attribute, candidate in vars(owner).items():
            if hasattr(candidate, "_visibility") and attribute not in seen:
                seen.add(attribute)
                yield attribute, candidate


def _typed_shape(annotation: object) -> tuple[Shape, list[type]]:
    options = [
        option
        for option in (get_args(annotation) if _is_union(annotation) else (annotation,))
        if option is not NoneType
    ]
    named = [values for values in map(_named_values, options) if values]
    if named:
        return Shape(Kind.STRING, enum=named[0]), []
    return _single_shape(options[0] if len(options) == 1 else Any)


def _named_values(option: object) -> tuple[str, ...]:
    """Return the values that an enum or a literal (a discriminator's) names, or ()."""
    if get_origin(option) is Literal:
        return tuple(str(getattr(value, "value", value)) for value in get_args(option))
    if isinstance(option, type) and issubclass(option, Enum):
        return tuple(str(value.value) for value in option)
    return ()


def _single_shape(option: object) -> tuple[Shape, list[type]]:
    origin = get_origin(option)
    if origin in (list, tuple):
        item, mentioned = _typed_shape(get_args(option)[0])
        return Shape(Kind.LIST, item=item), mentioned
    if origin is dict:
        item, mentioned = _typed_shape(get_args(option)[1])
        return Shape(Kind.MAP, item=item), mentioned
    if option in _SCALARS:
        return Shape(_SCALARS[option]), []
    if isinstance(option, type) and option.__module__.startswith("azure."):
        return Shape(Kind.OBJECT, model=_qualified_name(option)), [option]
    if isinstance(option, type) and option.__module__ == "datetime":
        return _STRING, []
    return _ANY, []


def _is_union(annotation: object) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _read_legacy(model_class: type, module: ModuleType) -> Iterator[tuple[Property, list[type]]]:
    """Yield the properties of an older model; `properties.x` keys become one nested model."""
    attributes: Mapping[str, Mapping[str, str]] = model_class._attribute_map  # type: ignore[attr-defined]
    validation: Mapping[str, Mapping[str, Any]] = getattr(model_class, "_validation", {})
    nested: dict[str, tuple[str, Mapping[str, str]]] = {}
    for attribute, entry in attributes.items():
        key = entry["key"].replace("\\.", "\0")
        head, _, rest = key.partition(".")
        if rest:
            nested[attribute] = (head, {**entry, "key": rest})
            continue
        shape, mentioned = _legacy_shape(entry["type"], module)
        yield _legacy_property(head.replace("\0", "."), shape, validation.get(attribute)), mentioned
    for head in sorted({head for head, _ in nested.values()}):
        bag = {name: entry for name, (parent, entry) in nested.items() if parent == head}
        inner = type(
            f"{model_class.__name__}{head[:1].upper()}{head[1:]}",
            (),
            {
                "_attribute_map": bag,
                "_validation": validation,
                "__module__": model_class.__module__,
            },
        )
        yield Property(head, Shape(Kind.OBJECT, model=_qualified_name(inner))), [inner]


def _legacy_property(name: str, shape: Shape, rules: Mapping[str, Any] | None) -> Property:
    rules = rules or {}
    return Property(
        name,
        shape,
        read_only=bool(rules.get("readonly")),
        required=bool(rules.get("required")) and not rules.get("readonly"),
    )


def _legacy_shape(text: str, module: ModuleType) -> tuple[Shape, list[type]]:
    if match := re.fullmatch(r"\[(.+)\]", text):
        item, mentioned = _legacy_shape(match[1], module)
        return Shape(Kind.LIST, item=item), mentioned
    if match := re.fullmatch(r"\{(.+)\}", text):
        item, mentioned = _legacy_shape(match[1], module)
        return Shape(Kind.MAP, item=item), mentioned
    if text in _LEGACY_SCALARS:
        return Shape(_LEGACY_SCALARS[text]), []
    named = getattr(module, text, None)
    if isinstance(named, type) and issubclass(named, Enum):
        return Shape(Kind.STRING, enum=tuple(str(v.value) for v in named)), []
    if isinstance(named, type):
        return Shape(Kind.OBJECT, model=_qualified_name(named)), [named]
    return _ANY, []
