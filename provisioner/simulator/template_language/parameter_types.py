"""Types of parameters and outputs, user-defined types included, and the check of values.

Source: "Parameters in ARM templates" (limits, `allowedValues`), "Understand the structure and
syntax of ARM templates" (definitions: objects, arrays, unions by a discriminator, `nullable`,
`$ref`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.simulator.template_language.logical_functions import is_equal
from provisioner.simulator.template_language.operands import plain_text, type_name
from provisioner.simulator.template_language.template_errors import ExpressionError, Value

TYPES: Mapping[str, type] = {
    "array": list,
    "bool": bool,
    "int": int,
    "object": Mapping,
    "secureobject": Mapping,
    "securestring": str,
    "string": str,
}
_REFERENCE = "#/definitions/"
_DEEPEST = 50


def resolve(
    definition: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]], depth: int = 0
) -> Mapping[str, Any]:
    """Return a definition with its `$ref` followed; its own limits override those of the target.

    `definitions` are the template's, by name.

    Raises:
        ExpressionError: the reference has no target, or references are nested deeper than 50.
    """
    if not isinstance(definition, Mapping):
        raise ExpressionError(f"A type definition must be an object, not '{definition}'.")
    reference = definition.get("$ref")
    if reference is None:
        return definition
    name = str(reference).removeprefix(_REFERENCE)
    if not str(reference).startswith(_REFERENCE) or name not in definitions or depth > _DEEPEST:
        raise ExpressionError(f"The reference '{reference}' leads to no type definition.")
    own = {key: value for key, value in definition.items() if key != "$ref"}
    return {**resolve(definitions[name], definitions, depth + 1), **own}


def is_secure(definition: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether values of a definition are secret (`secureString`, `secureObject`)."""
    return str(resolve(definition, definitions).get("type", "")).lower().startswith("secure")


def check_value(
    definition: Mapping[str, Any],
    value: Value,
    definitions: Mapping[str, Mapping[str, Any]],
    owner: str,
    depth: int = 0,
) -> None:
    """Check a value against a definition; `owner` is the parameter or output, for the error.

    Raises:
        ExpressionError: the value does not match.
    """
    if depth > _DEEPEST:
        raise ExpressionError(f"The definition of {owner} is nested too deep.")
    resolved = resolve(definition, definitions)
    kind = str(resolved.get("type", "")).lower()
    if kind not in TYPES:
        raise ExpressionError(
            f"The type '{resolved.get('type')}' of {owner} is not valid. Expected one of "
            "'Array, Bool, Int, Object, SecureObject, SecureString, String'."
        )
    if value is None and resolved.get("nullable") is True:
        return
    if not isinstance(value, TYPES[kind]) or (kind == "int" and isinstance(value, bool)):
        raise ExpressionError(
            f"The provided value for {owner} is not valid. Expected a value of type "
            f"'{resolved.get('type')}', but received a value of type '{type_name(value)}'."
        )
    _check_limits(resolved, value, owner)
    if isinstance(value, Mapping):
        _check_properties(resolved, value, definitions, owner, depth)
    elif isinstance(value, list):
        _check_items(resolved, value, definitions, owner, depth)


def _check_limits(definition: Mapping[str, Any], value: Value, owner: str) -> None:
    allowed = definition.get("allowedValues")
    if isinstance(allowed, list) and not _is_allowed(value, allowed):
        listed = ",".join(plain_text(item) for item in allowed)
        shown = "" if str(definition["type"]).lower().startswith("secure") else f" '{value}'"
        raise ExpressionError(
            f"The provided value{shown} for {owner} is not valid. The parameter value is not part "
            f"of the allowed value(s): '{listed}'."
        )
    measured = value if isinstance(value, int) else None
    limits = ("minValue", "maxValue")
    noun = "The value"
    if isinstance(value, (str, list)):
        measured, limits, noun = len(value), ("minLength", "maxLength"), "Length of the value"
    if measured is None or isinstance(value, bool):
        return
    least, most = (definition.get(limit) for limit in limits)
    if isinstance(least, int) and measured < least:
        raise ExpressionError(
            f"The provided value for {owner} is not valid. {noun} should be greater than or equal "
            f"to '{least}'."
        )
    if isinstance(most, int) and measured > most:
        raise ExpressionError(
            f"The provided value for {owner} is not valid. {noun} should be less than or equal to "
            f"'{most}'."
        )


def _is_allowed(value: Value, allowed: Sequence[Value]) -> bool:
    if any(is_equal(value, item) for item in allowed):
        return True
    # Of an array, each item may be one of them ("Parameters in ARM templates": allowed values).
    return isinstance(value, list) and all(
        any(is_equal(v, item) for item in allowed) for v in value
    )


def _check_properties(
    definition: Mapping[str, Any],
    value: Mapping[str, Value],
    definitions: Mapping[str, Mapping[str, Any]],
    owner: str,
    depth: int,
) -> None:
    chosen = _union_member(definition, value, owner)
    if chosen is not None:
        check_value(chosen, value, definitions, owner, depth + 1)
        return
    if "properties" not in definition and "additionalProperties" not in definition:
        return
    known = _schema_part(definition, "properties", owner, Mapping)
    for name, inner in known.items():
        if name in value:
            check_value(inner, value[name], definitions, f"{owner}.{name}", depth + 1)
        elif resolve(inner, definitions).get("nullable") is not True:
            raise ExpressionError(
                f"The provided value for {owner} is missing required property '{name}'."
            )
    more = definition.get("additionalProperties", True)
    for name in value.keys() - known.keys():
        if more is False:
            raise ExpressionError(
                f"The provided value for {owner} has the property '{name}', which its definition "
                f"does not allow. Allowed: '{', '.join(known)}'."
            )
        if isinstance(more, Mapping):
            check_value(more, value[name], definitions, f"{owner}.{name}", depth + 1)


def _schema_part(definition: Mapping[str, Any], name: str, owner: str, kind: type) -> Value:
    """Return an object or a list of a definition; an empty one where it is absent.

    Raises:
        ExpressionError: it has another type.
    """
    found = definition.get(name)
    if found is None:
        return {} if kind is Mapping else []
    if not isinstance(found, kind):
        raise ExpressionError(f"The '{name}' in the definition of {owner} is not valid.")
    return found


def _union_member(
    definition: Mapping[str, Any], value: Mapping[str, Value], owner: str
) -> Mapping[str, Any] | None:
    """Return the member of a discriminated union that a value belongs to; None without a union.

    Raises:
        ExpressionError: the discriminator is absent or has no member.
    """
    union = definition.get("discriminator")
    if not isinstance(union, Mapping):
        return None
    name = union.get("propertyName")
    members = _schema_part(union, "mapping", owner, Mapping)
    tag = value.get(str(name))
    if not isinstance(tag, str) or tag not in members:
        raise ExpressionError(
            f"The provided value for {owner} is not valid: its property '{name}' must be one of "
            f"'{', '.join(members)}'."
        )
    found: Mapping[str, Any] = members[tag]
    return found


def _check_items(
    definition: Mapping[str, Any],
    value: list[Value],
    definitions: Mapping[str, Mapping[str, Any]],
    owner: str,
    depth: int,
) -> None:
    fixed = _schema_part(definition, "prefixItems", owner, list)
    rest = definition.get("items")
    if len(value) < len(fixed):
        raise ExpressionError(f"The provided value for {owner} has fewer than {len(fixed)} items.")
    for index, item in enumerate(value):
        inner = fixed[index] if index < len(fixed) else rest
        if inner is False:
            raise ExpressionError(f"The provided value for {owner} has more items than allowed.")
        if isinstance(inner, Mapping):
            check_value(inner, item, definitions, f"{owner}[{index}]", depth + 1)
