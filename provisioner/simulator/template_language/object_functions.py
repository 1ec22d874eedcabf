"""Functions on objects. Source: "Object functions for ARM templates"."""

from collections.abc import Mapping

from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.operands import array, mapping, text
from provisioner.simulator.template_language.relaxed_json import RelaxedJsonError, read_json
from provisioner.simulator.template_language.template_errors import ExpressionError, Value


def _create_object(*parts: Value) -> dict[str, Value]:
    if len(parts) % 2:
        raise ExpressionError("expects an even number of arguments: keys and values.")
    return {text(parts[i]): parts[i + 1] for i in range(0, len(parts), 2)}


def _items(value: Value) -> list[Value]:
    """Return an array of `{key, value}`, sorted by key as Azure does."""
    named = mapping(value)
    return [{"key": name, "value": named[name]} for name in sorted(named, key=str.lower)]


def _json(value: Value) -> Value:
    """Parse JSON as Json.NET does, which also accepts strings in single quotes.

    Raises:
        ExpressionError: the text is no JSON.
    """
    try:
        return read_json(text(value))
    except RelaxedJsonError as problem:
        raise ExpressionError(f"the value is not valid JSON: {problem}.") from None


def _shallow_merge(entries: Value) -> dict[str, Value]:
    merged: dict[str, Value] = {}
    for entry in array(entries):
        merged |= mapping(entry)
    return merged


def _object_keys(value: Value) -> list[str]:
    found: Mapping[str, Value] = mapping(value)
    return sorted(found, key=str.lower)


OBJECT_FUNCTIONS: Functions = {
    "createobject": _create_object,
    "items": _items,
    "json": _json,
    "null": lambda: None,
    "objectkeys": _object_keys,
    "shallowmerge": _shallow_merge,
}
