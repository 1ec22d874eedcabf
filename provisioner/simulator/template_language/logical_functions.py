"""Logical and comparison functions of templates, with short-circuit evaluation.

`if`, `and`, `or` and `coalesce` evaluate only the arguments that decide: a template may guard
`reference(...)` with `if` and rely on the other branch not being evaluated.

Source: "Logical functions" and "Comparison functions for ARM templates".
"""

from collections.abc import Mapping

from provisioner.simulator.template_language.expressions import (
    Functions,
    SpecialForm,
    evaluate_expression,
)
from provisioner.simulator.template_language.operands import boolean, type_name
from provisioner.simulator.template_language.syntax import Expression
from provisioner.simulator.template_language.template_errors import ExpressionError, Value


def is_equal(one: Value, other: Value) -> bool:
    """Return whether two values are equal: of the same type, strings with their case.

    Python counts True as 1; ARM does not.
    """
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_equal(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(is_equal(a, b) for a, b in pairs)
    return bool(one == other)


def _compare(one: Value, other: Value) -> int:
    """Return -1, 0 or 1: numbers by size, strings by code point.

    Raises:
        ExpressionError: the values are not both integers, both floats or both strings.
    """
    types = {type_name(one), type_name(other)}
    if types in ({"String"}, {"Integer"}, {"Float"}):
        return int(one > other) - int(one < other)
    raise ExpressionError(
        "expects two integers or two strings. The provided values are of the types "
        f"'{type_name(one)}' and '{type_name(other)}'."
    )


def _if(arguments: tuple[Expression, ...], functions: Functions) -> Value:
    condition, one, other = arguments
    holds = boolean_of(condition, functions, "if")
    return evaluate_expression(one if holds else other, functions)


def _and(arguments: tuple[Expression, ...], functions: Functions) -> bool:
    return all(boolean_of(argument, functions, "and") for argument in arguments)


def _or(arguments: tuple[Expression, ...], functions: Functions) -> bool:
    return any(boolean_of(argument, functions, "or") for argument in arguments)


def boolean_of(argument: Expression, functions: Functions, name: str) -> bool:
    """Return the boolean value of an argument of a form; `name` is the form's, for the error.

    Raises:
        ExpressionError: the value is no boolean.
    """
    value = evaluate_expression(argument, functions)
    try:
        return boolean(value)
    except ExpressionError as problem:
        raise ExpressionError(f"The template language function '{name}': {problem}") from None


def _coalesce(arguments: tuple[Expression, ...], functions: Functions) -> Value:
    for argument in arguments:
        value = evaluate_expression(argument, functions)
        if value is not None:
            return value
    return None


def _bool(value: Value) -> bool:
    if isinstance(value, (bool, int)):
        return bool(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ExpressionError(
        "expects 'true', 'false' or an integer. The provided value is of type "
        f"'{type_name(value)}'."
    )


LOGICAL_FUNCTIONS: Functions = {
    "and": SpecialForm(_and, 2, None),
    "bool": _bool,
    "coalesce": SpecialForm(_coalesce, 1, None),
    "equals": is_equal,
    "false": lambda: False,
    "greater": lambda one, other: _compare(one, other) > 0,
    "greaterorequals": lambda one, other: _compare(one, other) >= 0,
    "if": SpecialForm(_if, 3, 3),
    "less": lambda one, other: _compare(one, other) < 0,
    "lessorequals": lambda one, other: _compare(one, other) <= 0,
    "not": lambda value: not boolean(value),
    "or": SpecialForm(_or, 2, None),
    "true": lambda: True,
}
