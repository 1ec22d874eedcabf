"""Checks the values of parameters against their declaration in a file.

An Unknown passes: Azure checks its value at apply. Values that look like secrets are masked in
messages. Called by `blueprint.evaluation`.
"""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from provisioner.blueprint.file_schemas import Parameter
from provisioner.blueprint.regular_expressions import PatternError, matches_whole
from provisioner.model.guid import is_guid
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.secret_values import mask_value
from provisioner.model.values import Bound, Unknown


def check_parameter(name: str, spec: Parameter, value: object) -> str | None:
    """Return the mistake in a value, as the end of a sentence about it, or None.

    An Unknown passes: what it stands for is checked by Azure.
    """
    if isinstance(value, Unknown) or (value is None and not spec.is_required):
        return None
    expected, accepts = _TYPES[spec.type]
    if not accepts(value):
        return f"{name} is {_show_value(name, value)}; expected {expected}"
    return _check_limits(name, spec, value) or _check_inside(name, spec, value)


def _check_limits(name: str, spec: Parameter, value: Any) -> str | None:  # noqa: ANN401
    if spec.enum is not None and value not in spec.enum:
        accepted = ", ".join(map(str, spec.enum))
        return f"{name} is {_show_value(name, value)}; expected one of {accepted}"
    if spec.pattern is not None:
        try:
            if not matches_whole(spec.pattern, str(value)):
                return f"{name} is {_show_value(name, value)}; expected a match of {spec.pattern}"
        except PatternError as problem:
            return f"{name} has a pattern that {problem}"
    size = len(value) if isinstance(value, (str, list, Mapping)) else None
    number = value if isinstance(value, int | float) else None
    for limit, measured, words in (
        (spec.minimum, number, "at least"),
        (spec.min_length, size, "a length of at least"),
    ):
        if limit is not None and measured is not None and measured < limit:
            return f"{name} is {_show_value(name, value)}; expected {words} {limit:g}"
    for limit, measured, words in (
        (spec.maximum, number, "at most"),
        (spec.max_length, size, "a length of at most"),
    ):
        if limit is not None and measured is not None and measured > limit:
            return f"{name} is {_show_value(name, value)}; expected {words} {limit:g}"
    return None


def _check_inside(name: str, spec: Parameter, value: object) -> str | None:
    if spec.items is not None:
        pairs = (
            value.items()
            if isinstance(value, Mapping)
            else enumerate(value)
            if isinstance(value, list)
            else ()
        )
        for key, item in pairs:
            problem = check_parameter(f"{name}[{key}]", spec.items, item)
            if problem:
                return problem
    if spec.properties is not None and isinstance(value, Mapping):
        return _check_properties(name, spec.properties, value)
    return None


def _check_properties(
    name: str, properties: Mapping[str, Parameter], value: Mapping[str, object]
) -> str | None:
    for key in value:
        if key not in properties:
            return f"{name} has no property {key!r}; expected {', '.join(properties)}"
    for key, spec in properties.items():
        if key not in value and spec.is_required:
            return f"{name}.{key} is missing"
        problem = check_parameter(f"{name}.{key}", spec, value.get(key))
        if problem:
            return problem
    return None


def fill_defaults(spec: Parameter, value: Bound) -> Bound:
    """Return the value with the defaults of its object properties filled in."""
    if value is None and "default" in spec.model_fields_set:
        value = spec.default
    if spec.properties is not None and isinstance(value, Mapping):
        return {key: fill_defaults(inner, value.get(key)) for key, inner in spec.properties.items()}
    if spec.items is not None and isinstance(value, list):
        return [fill_defaults(spec.items, item) for item in value]
    if spec.items is not None and isinstance(value, Mapping):
        return {key: fill_defaults(spec.items, item) for key, item in value.items()}
    return value


def _is_range(value: object) -> bool:
    try:
        ipaddress.ip_network(str(value))
    except ValueError:
        return False
    return isinstance(value, str) and "/" in value


def _is_address(value: object) -> bool:
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_TYPES: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "string": ("a text", lambda value: isinstance(value, str)),
    "integer": ("a whole number", _is_integer),
    "number": ("a number", lambda value: _is_integer(value) or isinstance(value, float)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "guid": ("a GUID", lambda value: isinstance(value, str) and is_guid(value)),
    "cidr": ("a range such as 10.0.0.0/16, without host bits", _is_range),
    "ipAddress": ("an IP address", _is_address),
    "resourceId": ("an ARM resource id", lambda value: parse_resource_id(value) is not None),
    "list": ("a list", lambda value: isinstance(value, list)),
    "map": ("a mapping", lambda value: isinstance(value, Mapping)),
    "object": ("a mapping", lambda value: isinstance(value, Mapping)),
    "any": ("anything", lambda _value: True),
}


def _show_value(name: str, value: object) -> str:
    text = repr(mask_value(value, name))
    return text if len(text) <= 60 else f"{text[:57]}…"
