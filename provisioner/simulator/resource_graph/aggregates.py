"""The aggregation functions of `summarize`, and the names of the columns that they make.

Source: "Aggregation functions" of the KQL reference: `count_`, `min_name`, `list_name`, `countif_`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.simulator.resource_graph.evaluation import Evaluator
from provisioner.simulator.resource_graph.query_errors import InvalidQueryError
from provisioner.simulator.resource_graph.syntax import Call, Column, Name, Star
from provisioner.simulator.resource_graph.table import Row, Table
from provisioner.simulator.resource_graph.type_checks import check, column_name, path_name, type_of
from provisioner.simulator.resource_graph.values import KqlValue, group_key, is_number

_ArgumentValues = Sequence[tuple[Any, ...]]
"""Of every row of a group, the values of the arguments."""


@dataclass(frozen=True, slots=True)
class _Aggregate:
    """An aggregation function: its implementation, argument count, result type and column prefix.

    `named` is put before the argument's name to name the column. The type "first" is that of the
    first argument.
    """

    call: Callable[[_ArgumentValues], Any]
    least: int
    most: int
    type: str
    named: str


def _numeric_values(values: _ArgumentValues) -> list[Any]:
    return [value[0] for value in values if is_number(value[0])]


def _non_null(values: _ArgumentValues) -> list[Any]:
    return [value[0] for value in values if value[0] is not None]


def _extreme_value(values: _ArgumentValues, choose: Callable[..., KqlValue]) -> KqlValue:
    present = _non_null(values)
    try:
        return choose(present) if present else None
    except TypeError:
        # Dynamic values of several types: KQL compares those of one.
        return choose(_numeric_values(values) or [None])


def _distinct_values(values: _ArgumentValues) -> list[Any]:
    return list({group_key(value): value for value in _non_null(values)}.values())


def _average(values: _ArgumentValues) -> float | None:
    numbers = _numeric_values(values)
    return sum(numbers) / len(numbers) if numbers else None


def _first_non_empty(values: _ArgumentValues) -> KqlValue:
    present = [value for value in _non_null(values) if value != ""]
    return present[0] if present else values[0][0] if values else None


def _with_limit(gather: Callable[[_ArgumentValues], list[Any]]) -> Callable[[_ArgumentValues], Any]:
    def call(values: _ArgumentValues) -> list[Any]:
        limit = values[0][1] if values and len(values[0]) > 1 else None
        found = gather(values)
        return found[:limit] if isinstance(limit, int) and limit >= 0 else found

    return call


_AGGREGATES: Mapping[str, _Aggregate] = {
    "count": _Aggregate(len, 0, 0, "long", "count_"),
    "countif": _Aggregate(lambda v: sum(1 for x in v if x[0] is True), 1, 1, "long", "countif_"),
    "dcount": _Aggregate(lambda v: len({group_key(x[0]) for x in v}), 1, 2, "long", "dcount_"),
    "min": _Aggregate(lambda v: _extreme_value(v, min), 1, 1, "first", "min_"),
    "max": _Aggregate(lambda v: _extreme_value(v, max), 1, 1, "first", "max_"),
    "sum": _Aggregate(lambda v: sum(_numeric_values(v)), 1, 1, "first", "sum_"),
    "avg": _Aggregate(_average, 1, 1, "real", "avg_"),
    "sumif": _Aggregate(
        lambda v: sum(x[0] for x in v if x[1] is True and is_number(x[0])), 2, 2, "first", "sumif_"
    ),
    "make_list": _Aggregate(_with_limit(_non_null), 1, 2, "dynamic", "list_"),
    "makelist": _Aggregate(_with_limit(_non_null), 1, 2, "dynamic", "list_"),
    "make_set": _Aggregate(_with_limit(_distinct_values), 1, 2, "dynamic", "set_"),
    "makeset": _Aggregate(_with_limit(_distinct_values), 1, 2, "dynamic", "set_"),
    "any": _Aggregate(_first_non_empty, 1, 1, "first", "any_"),
    "take_any": _Aggregate(_first_non_empty, 1, 1, "first", ""),
}
_EXTREMES = {"arg_max": True, "arg_min": False}


@dataclass(frozen=True, slots=True)
class Aggregation:
    """One aggregation of a `summarize`: the types of its columns by name, and their computation.

    `compute` takes the rows of a group and returns the columns' values.
    """

    columns: Mapping[str, str]
    compute: Callable[[list[Row]], Row]


def read_aggregation(evaluator: Evaluator, column: Column, table: Table) -> Aggregation:
    """Return the aggregation that a column of `summarize` stands for.

    Raises:
        InvalidQueryError: it is no aggregation, or has the wrong number of arguments.
    """
    call = column.expression
    if not isinstance(call, Call):
        raise InvalidQueryError("InvalidQuery", "'summarize' takes aggregations before 'by'.")
    if call.function in _EXTREMES:
        return _read_arg_extreme(evaluator, column, call, table)
    aggregate = _AGGREGATES.get(call.function)
    if aggregate is None:
        message = f"The aggregation '{call.function}' is not supported here."
        raise InvalidQueryError("InvalidQueryLanguage", message, call.token)
    arguments = call.arguments
    if not aggregate.least <= len(arguments) <= aggregate.most:
        message = f"{call.function}(): {len(arguments)} arguments are not what it takes."
        raise InvalidQueryError("InvalidQuery", message, call.token)
    for argument in arguments:
        check(argument, table.columns, "summarize")
    first = path_name(arguments[0]) if arguments else None
    is_counted = aggregate.named in ("count_", "countif_")
    name = column.name or f"{aggregate.named}{'' if is_counted else first or ''}" or call.function
    kind = aggregate.type
    kind = type_of(arguments[0], table.columns) if kind == "first" else kind

    def compute(rows: list[Row]) -> Row:
        values = [tuple(evaluator.evaluate(each, row) for each in arguments) for row in rows]
        return {name: aggregate.call(values)}

    return Aggregation({name: kind}, compute)


def _read_arg_extreme(
    evaluator: Evaluator, column: Column, call: Call, table: Table
) -> Aggregation:
    """Return `arg_max(by, columns…)`: the columns' values in the row where `by` is greatest.

    Raises:
        InvalidQueryError: it has no argument, or the values of `by` have no order.
    """
    if not call.arguments:
        raise InvalidQueryError("InvalidQuery", f"{call.function}() takes a column.", call.token)
    by, *columns_wanted = call.arguments
    shown = [Column(column.name, by)]
    for argument in columns_wanted:
        if isinstance(argument, Star):
            shown += [Column(None, Name(name, call.token)) for name in table.columns]
        else:
            shown.append(Column(None, argument))
    for each in shown:
        check(each.expression, table.columns, "summarize")
    columns = {column_name(e, i): e for i, e in enumerate(shown, 1)}
    types = {name: type_of(each.expression, table.columns) for name, each in columns.items()}
    choose = max if _EXTREMES[call.function] else min

    def compute(rows: list[Row]) -> Row:
        known = [row for row in rows if evaluator.evaluate(by, row) is not None]
        if not known:
            return dict.fromkeys(columns)
        try:
            row = choose(known, key=lambda row: evaluator.evaluate(by, row))
        except TypeError:
            message = f"{call.function}(): values of several types have no order."
            raise InvalidQueryError("InvalidQuery", message, call.token) from None
        return {name: evaluator.evaluate(each.expression, row) for name, each in columns.items()}

    return Aggregation(types, compute)
