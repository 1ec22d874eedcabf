"""What is wrong with a template, and where in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from provisioner.simulator.protocol.errors import RefusalError

Value: TypeAlias = Any
"""JSON of any shape."""
Path: TypeAlias = tuple[str | int, ...]
"""Where something stands in a template: names and indexes, the outermost first."""


@dataclass(eq=False)
class TemplateError(RefusalError):
    """A template that cannot be deployed as it is written; `path` is where in it that shows."""

    path: Path = ()
    reason: str = ""


MOST_VALUES = 500_000
"""Items and entries that an expression comes to; a bound of the built-in Azure's own."""


class ExpressionError(Exception):
    """A function or a property has no value here, and why."""


def invalid_template(reason: str, path: Path = ()) -> TemplateError:
    """Return the refusal of a template that cannot be deployed as it is written."""
    said = f"Deployment template validation failed: '{reason}'."
    return TemplateError(400, "InvalidTemplate", said, path=path, reason=reason)


def unknown_function(name: str) -> TemplateError:
    """Return the refusal of a function that is not there."""
    return invalid_template(
        f"The template function '{name}' is not valid. Please see https://aka.ms/arm-functions "
        "for usage details"
    )


def check_size(value: Value) -> None:
    """Raise ExpressionError for a value of very many items, those within each other counted."""
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
