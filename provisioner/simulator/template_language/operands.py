"""What the functions of the language take: values of a type, or an error that names both.

The words are Azure's: `The template language function 'length' expects …`.
"""

import json
from collections.abc import Mapping

from provisioner.simulator.template_language.template_errors import (
    ExpressionError,
    Value,
    check_size,
)

LONGEST_TEXT = 131_072
"""Characters of a literal that an expression comes to ("ARM template limits")."""
MOST_ITEMS = 10_000
"""Items that `range` makes ("Array functions for ARM templates")."""


def type_name(value: Value) -> str:
    """Return the type of a value in the words of Azure's messages."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    for known, name in ((int, "Integer"), (float, "Float"), (str, "String"), (list, "Array")):
        if isinstance(value, known):
            return name
    return "Object"


def text(value: Value) -> str:
    """Return a string. Raises ExpressionError for anything else."""
    if not isinstance(value, str):
        raise _unexpected(value, "a string")
    return value


def whole(value: Value) -> int:
    """Return an integer. Raises ExpressionError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unexpected(value, "an integer")
    return value


def boolean(value: Value) -> bool:
    """Return a boolean. Raises ExpressionError for anything else."""
    if not isinstance(value, bool):
        raise _unexpected(value, "a boolean")
    return value


def array(value: Value) -> list[Value]:
    """Return an array. Raises ExpressionError for anything else."""
    if not isinstance(value, list):
        raise _unexpected(value, "an array")
    return value


def mapping(value: Value) -> Mapping[str, Value]:
    """Return an object. Raises ExpressionError for anything else."""
    if not isinstance(value, Mapping):
        raise _unexpected(value, "an object")
    return value


def bounded(value: str) -> str:
    """Return a string that an expression may come to. Raises ExpressionError for a longer one."""
    if len(value) > LONGEST_TEXT:
        raise ExpressionError(
            f"The template language literal limit is exceeded. Limit: '{LONGEST_TEXT}' and "
            f"actual: '{len(value)}'."
        )
    return value


def plain_text(value: Value) -> str:
    """Return any value as the text that `string` makes of it: compact JSON but for strings."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) and value is not None:
        return "True" if value else "False"
    if value is None:
        return ""
    check_size(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _unexpected(value: Value, wanted: str) -> ExpressionError:
    return ExpressionError(f"expects {wanted}. The provided value is of type '{type_name(value)}'.")
