"""Type checks of function arguments: each returns the value, or raises an error with both types.

The messages are Azure's: `The template language function 'length' expects …`.
"""

import json
from collections.abc import Mapping

from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    Value,
    check_size,
)

LONGEST_TEXT = 131_072
"""Characters of an expression's text value ("ARM template limits")."""
MOST_ITEMS = 10_000
"""Items that `range` makes ("Array functions for ARM templates")."""


def type_name(value: Value) -> str:
    """Return the type of a value as Azure's messages name it."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    for known, name in ((int, "Integer"), (float, "Float"), (str, "String"), (list, "Array")):
        if isinstance(value, known):
            return name
    return "Object"


class UnexpectedTypeError(ExpressionError):
    """An argument of another type than the function takes."""

    def __init__(self, value: Value, expected: str) -> None:
        super().__init__(f"expects {expected}. The provided value is of type '{type_name(value)}'.")


def text(value: Value) -> str:
    """Return the value if it is a string.

    Raises:
        UnexpectedTypeError: it is not.
    """
    if not isinstance(value, str):
        raise UnexpectedTypeError(value, "a string")
    return value


def whole(value: Value) -> int:
    """Return the value if it is an integer (booleans are not).

    Raises:
        UnexpectedTypeError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnexpectedTypeError(value, "an integer")
    return value


def boolean(value: Value) -> bool:
    """Return the value if it is a boolean.

    Raises:
        UnexpectedTypeError: it is not.
    """
    if not isinstance(value, bool):
        raise UnexpectedTypeError(value, "a boolean")
    return value


def array(value: Value) -> list[Value]:
    """Return the value if it is an array.

    Raises:
        UnexpectedTypeError: it is not.
    """
    if not isinstance(value, list):
        raise UnexpectedTypeError(value, "an array")
    return value


def mapping(value: Value) -> Mapping[str, Value]:
    """Return the value if it is an object.

    Raises:
        UnexpectedTypeError: it is not.
    """
    if not isinstance(value, Mapping):
        raise UnexpectedTypeError(value, "an object")
    return value


def bounded(value: str) -> str:
    """Return the string if an expression may evaluate to it.

    Raises:
        ExpressionError: it is longer than 131,072 characters.
    """
    if len(value) > LONGEST_TEXT:
        raise ExpressionError(
            f"The template language literal limit is exceeded. Limit: '{LONGEST_TEXT}' and "
            f"actual: '{len(value)}'."
        )
    return value


def plain_text(value: Value) -> str:
    """Return the result of the function `string`: compact JSON, but a string as it is.

    A boolean is `True` or `False`, as .NET prints it, and null is empty.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) and value is not None:
        return "True" if value else "False"
    if value is None:
        return ""
    check_size(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
