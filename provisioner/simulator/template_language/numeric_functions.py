"""Functions on whole numbers of 64 bits. Facts: "Numeric functions for ARM templates"."""

from collections.abc import Callable

from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.operands import type_name, whole
from provisioner.simulator.template_language.template_errors import ExpressionError, Value

_RANGE = range(-(2**63), 2**63)


def _checked(result: int) -> int:
    if result not in _RANGE:
        raise ExpressionError(f"the result '{result}' is no integer of 64 bits.")
    return result


def _computed(compute: Callable[[int, int], int]) -> Callable[[Value, Value], int]:
    def function(one: Value, other: Value) -> int:
        return _checked(compute(whole(one), whole(other)))

    return function


def _div(one: int, other: int) -> int:
    """Divide as .NET does: what is left over is cut off, towards zero."""
    if other == 0:
        raise ExpressionError("the divisor is zero.")
    quotient = abs(one) // abs(other)
    return quotient if (one < 0) is (other < 0) else -quotient


def _mod(one: int, other: int) -> int:
    return one - other * _div(one, other)


def _int(value: Value) -> int:
    if isinstance(value, str):
        try:
            return _checked(int(value))
        except ValueError:
            raise ExpressionError(f"the string '{value}' is no integer.") from None
    if isinstance(value, float) and value.is_integer():
        return _checked(int(value))
    return whole(value)


def _float(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ExpressionError(
            f"expects a string or an integer. The provided value is of type '{type_name(value)}'."
        )
    return float(value)


def _numbers(values: tuple[Value, ...]) -> list[int]:
    listed = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    if not listed:
        raise ExpressionError("expects at least one integer.")
    return [whole(value) for value in listed]


NUMERIC_FUNCTIONS: Functions = {
    "add": _computed(lambda one, other: one + other),
    "div": _computed(_div),
    "float": _float,
    "int": _int,
    "max": lambda first, *more: max(_numbers((first, *more))),
    "min": lambda first, *more: min(_numbers((first, *more))),
    "mod": _computed(_mod),
    "mul": _computed(lambda one, other: one * other),
    "sub": _computed(lambda one, other: one - other),
}
