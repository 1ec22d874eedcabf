"""Functions on 64-bit integers. Source: "Numeric functions for ARM templates".

A result out of 64 bits is an error; Python's integers would go on.
"""

from collections.abc import Callable

from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.operands import type_name, whole
from provisioner.simulator.template_language.template_errors import ExpressionError, Value

_RANGE = range(-(2**63), 2**63)


def _check_range(result: int) -> int:
    if result not in _RANGE:
        raise ExpressionError(f"the result '{result}' is no integer of 64 bits.")
    return result


def _binary_function(compute: Callable[[int, int], int]) -> Callable[[Value, Value], int]:
    def function(one: Value, other: Value) -> int:
        return _check_range(compute(whole(one), whole(other)))

    return function


def _div(one: int, other: int) -> int:
    """Divide as .NET does: truncating towards zero, where Python rounds down.

    Raises:
        ExpressionError: the divisor is zero.
    """
    if other == 0:
        raise ExpressionError("the divisor is zero.")
    quotient = abs(one) // abs(other)
    return quotient if (one < 0) is (other < 0) else -quotient


def _mod(one: int, other: int) -> int:
    return one - other * _div(one, other)


def _int(value: Value) -> int:
    if isinstance(value, str):
        try:
            return _check_range(int(value))
        except ValueError:
            raise ExpressionError(f"the string '{value}' is no integer.") from None
    if isinstance(value, float) and value.is_integer():
        return _check_range(int(value))
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
    "add": _binary_function(lambda one, other: one + other),
    "div": _binary_function(_div),
    "float": _float,
    "int": _int,
    "max": lambda first, *more: max(_numbers((first, *more))),
    "min": lambda first, *more: min(_numbers((first, *more))),
    "mod": _binary_function(_mod),
    "mul": _binary_function(lambda one, other: one * other),
    "sub": _binary_function(lambda one, other: one - other),
}
