"""Lambda functions of templates: `map(array, lambda('x', lambdaVariables('x')))`.

Functions that offer the position beside the item pass both; a lambda that names one parameter gets
the item only. Calls are counted per expression: a `map` over `range(0, 10000)` within another one
would call its lambda 10^8 times. Source: "Lambda functions for ARM templates".
"""

from collections.abc import Callable
from functools import cmp_to_key

from provisioner.simulator.template_language.expressions import (
    Functions,
    SpecialForm,
    evaluate_expression,
    overlay,
)
from provisioner.simulator.template_language.operands import array, boolean, mapping, text
from provisioner.simulator.template_language.syntax import Expression, Literal
from provisioner.simulator.template_language.template_errors import (
    MOST_VALUES,
    ExpressionError,
    Value,
    check_size,
)

_VARIABLES = "lambdavariables"
_CALLS = "calls of lambdas"
"""Where the lambdas of one expression count their calls: no function can have this name."""
_MOST_CALLS = 100_000


class Lambda:
    """An anonymous function with the functions visible at its definition."""

    def __init__(self, names: tuple[str, ...], body: Expression, functions: Functions) -> None:
        self._names = names
        self._body = body
        self._functions = functions
        self._calls = functions.get(_CALLS) or _new_counter()

    def __call__(self, *values: Value) -> Value:
        """Return the value of the body for these arguments.

        Raises:
            ExpressionError: the lambda names more parameters than are passed, or the expression
                calls lambdas more than 100,000 times.
        """
        if len(self._names) > len(values):
            raise ExpressionError(
                f"expects a lambda of at most {len(values)} parameter(s), not {len(self._names)}."
            )
        count = self._calls(1)
        if count > _MOST_CALLS:
            raise ExpressionError(f"calls lambdas more than {_MOST_CALLS} times.")
        arguments_by_name = dict(zip(self._names, values, strict=False))
        outer = self._functions.get(_VARIABLES)

        def variable(name: Value) -> Value:
            if name in arguments_by_name:
                return arguments_by_name[name]
            if outer is None:
                raise ExpressionError(f"the lambda variable '{name}' is not found.")
            return outer(name)

        inner = overlay({_VARIABLES: variable, _CALLS: self._calls}, self._functions)
        result = evaluate_expression(self._body, inner)
        if isinstance(result, (list, dict)) and len(result) > MOST_VALUES:
            check_size(result)
        return result


def _new_counter() -> Callable[[int], int]:
    counted = 0

    def count(number: int) -> int:
        nonlocal counted
        counted += number
        return counted

    return count


def _lambda(arguments: tuple[Expression, ...], functions: Functions) -> Value:
    *named, body = arguments
    if not all(isinstance(name, Literal) and isinstance(name.value, str) for name in named):
        raise ExpressionError("The parameters of a lambda must be string literals.")
    return Lambda(tuple(str(getattr(name, "value", "")) for name in named), body, functions)


def _require_lambda(function: Value) -> Callable[..., Value]:
    if not isinstance(function, Lambda):
        raise ExpressionError("expects a lambda function.")
    return function


def _filter(items: Value, function: Value) -> list[Value]:
    keep = _require_lambda(function)
    return [item for index, item in enumerate(array(items)) if boolean(keep(item, index))]


def _map(items: Value, function: Value) -> list[Value]:
    change = _require_lambda(function)
    found: list[Value] = []
    size = 0
    for index, item in enumerate(array(items)):
        found.append(change(item, index))
        size += len(found[-1]) if isinstance(found[-1], list) else 1
        if size > MOST_VALUES:
            check_size(found)
    return found


def _map_values(value: Value, function: Value) -> dict[str, Value]:
    change = _require_lambda(function)
    return {name: change(item) for name, item in mapping(value).items()}


def _reduce(items: Value, start: Value, function: Value) -> Value:
    join = _require_lambda(function)
    found = start
    for index, item in enumerate(array(items)):
        found = join(found, item, index)
    return found


def _sort(items: Value, function: Value) -> list[Value]:
    before = _require_lambda(function)

    def order(one: Value, other: Value) -> int:
        if boolean(before(one, other)):
            return -1
        return 1 if boolean(before(other, one)) else 0

    return sorted(array(items), key=cmp_to_key(order))


def _group_by(items: Value, function: Value) -> dict[str, list[Value]]:
    name_of = _require_lambda(function)
    groups: dict[str, list[Value]] = {}
    for item in array(items):
        groups.setdefault(text(name_of(item)), []).append(item)
    return groups


def _to_object(items: Value, key: Value, value: Value = None) -> dict[str, Value]:
    name_of = _require_lambda(key)
    value_of = _require_lambda(value) if value is not None else None
    return {
        text(name_of(item)): item if value_of is None else value_of(item) for item in array(items)
    }


LAMBDA_FUNCTIONS: Functions = {
    "filter": _filter,
    "groupby": _group_by,
    "lambda": SpecialForm(_lambda, 1, None),
    "map": _map,
    "mapvalues": _map_values,
    "reduce": _reduce,
    "sort": _sort,
    "toobject": _to_object,
}
