"""Errors of ARM templates and their expressions, with the path of the fault in the template.

A function raises `ExpressionError`, which knows neither template nor position. `evaluate` turns it
into a `TemplateError` with the path, and ARM answers that as `400 InvalidTemplate`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from provisioner.simulator.protocol.errors import RefusalError

Value: TypeAlias = Any
"""JSON of any shape."""
Path: TypeAlias = tuple[str | int, ...]
"""The position of a value in a template: names and indexes, outermost first."""


@dataclass(eq=False)
class TemplateError(RefusalError):
    """A template that ARM refuses with 400; `path` is the position of the fault in the template.

    `path` is empty until the caller that knows the position fills it in; a nested template keeps
    the path of the innermost fault.
    """

    path: Path = ()
    reason: str = ""


MOST_VALUES = 500_000
"""Items and entries in an expression's value; a limit of the built-in Azure, not of Azure."""


class ExpressionError(Exception):
    """A function, property or index of an expression that has no value, with the reason."""


class InvalidTemplateError(TemplateError):
    """A template that fails ARM's validation: `400 InvalidTemplate`, with the reason."""

    def __init__(self, reason: str, path: Path = ()) -> None:
        message = f"Deployment template validation failed: '{reason}'."
        super().__init__(400, "InvalidTemplate", message, path=path, reason=reason)


class UnknownFunctionError(InvalidTemplateError):
    """A call of a template function that does not exist."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The template function '{name}' is not valid. Please see "
            "https://aka.ms/arm-functions for usage details"
        )


def check_size(value: Value) -> None:
    """Check that a value holds at most `MOST_VALUES` items and entries, nested ones included.

    The loop is iterative and stops at the limit: `map` of `range` in `map` makes 10^8 items in one
    line of a template, and a recursive count of a deep value would overflow the stack.

    Raises:
        ExpressionError: the value holds more.
    """
    left = [value]
    seen = 0
    while left:
        one = left.pop()
        inner = one.values() if isinstance(one, Mapping) else one if isinstance(one, list) else ()
        seen += len(inner)
        if seen > MOST_VALUES:
            raise ExpressionError(
                f"The template language expression comes to more than '{MOST_VALUES}' values."
            )
        left.extend(inner)
