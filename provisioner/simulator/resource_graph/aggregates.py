"""The aggregation functions of `summarize`.

Source: "Aggregation functions" of the KQL reference, with the names of the columns that they make:
`count_`, `min_name`, `list_name`, `countif_`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.simulator.resource_graph.evaluation import Evaluator
from provisioner.simulator.resource_graph.query_errors import refuse_query
from provisioner.simulator.resource_graph.syntax import Call, Column, Name, Star
from provisioner.simulator.resource_graph.table import Row, Table
from provisioner.simulator.resource_graph.type_checks import check, column_name, path_name, type_of
from provisioner.simulator.resource_graph.values import group_key, is_number

_Values = Sequence[tuple[Any, ...]]
"""Of every row of a group, the values of the arguments."""


@dataclass(frozen=True, slots=True)
class _Aggregate:
    """`named` is what its column is called before the name of its argument; "first": a type."""

    call: Callable[[_Values], Any]
    least: int
    most: int
    type: str
    named: str


def _numbers(values: _Values) -> list[Any]:
    return [value[0] for value in values if is_number(value[0])]


def _present(values: _Values) -> list[Any]:
    return [value[0] for value in values if value[0] is not None]


def _ordered(values: _Values, choose: Callable[..., Any]) -> Any:  # noqa: ANN401
    present = _present(values)
    try:
        return choose(present) if present else None
    except TypeError:
        # Dynamic values of several types: KQL compares those of one.
        return choose(_numbers(values) or [None])


def _set(values: _Values) -> list[Any]:
    return list({group_key(value): value for value in _present(values)}.values())


def _average(values: _Values) -> float | None:
    numbers = _numbers(values)
    return sum(numbers) / len(numbers) if numbers else None


def _any(values: _Values) -> Any:  # noqa: ANN401
    present = [value for value in _present(values) if value != ""]
    return present[0] if present else values[0][0] if values else None


def _limited(gather: Callable[[_Values], list[Any]]) -> Callable[[_Values], Any]:
    def call(values: _Values) -> list[Any]:
        limit = values[0][1] if values and len(values[0]) > 1 else None
        found = gather(values)
        return found[:limit] if isinstance(limit, int) and limit >= 0 else found

    return call


_AGGREGATES: Mapping[str, _Aggregate] = {
    "count": _Aggregate(len, 0, 0, "long", "count_"),
    "countif": _Aggregate(lambda v: sum(1 for x in v if x[0] is True), 1, 1, "long", "countif_"),
    "dcount": _Aggregate(lambda v: len({group_key(x[0]) for x in v}), 1, 2, "long", "dcount_"),
    "min": _Aggregate(lambda v: _ordered(v, min), 1, 1, "first", "min_"),
    "max": _Aggregate(lambda v: _ordered(v, max), 1, 1, "first", "max_"),
    "sum": _Aggregate(lambda v: sum(_numbers(v)), 1, 1, "first", "sum_"),
    "avg": _Aggregate(_average, 1, 1, "real", "avg_"),
    "sumif": _Aggregate(
        lambda v: sum(x[0] for x in v if x[1] is True and is_number(x[0])), 2, 2, "first", "sumif_"
    ),
    "make_list": _Aggregate(_limited(_present), 1, 2, "dynamic", "list_"),
    "makelist": _Aggregate(_limited(_present), 1, 2, "dynamic", "list_"),
    "make_set": _Aggregate(_limited(_set), 1, 2, "dynamic", "set_"),
    "makeset": _Aggregate(_limited(_set), 1, 2, "dynamic", "set_"),
    "any": _Aggregate(_any, 1, 1, "first", "any_"),
    "take_any": _Aggregate(_any, 1, 1, "first", ""),
}
_EXTREMES = {"arg_max": True, "arg_min": False}


@dataclass(frozen=True, slots=True)
class Aggregation:
    """One aggregation of a `summarize`: the columns it makes, by name with their types, and what
    they hold for the rows of a group."""

    columns: Mapping[str, str]
    compute: Callable[[list[Row]], Row]


def read_aggregation(evaluator: Evaluator, column: Column, table: Table) -> Aggregation:
    """Return what a column of `summarize` computes. Raises QueryRefusalError for what is no
    aggregation."""
    call = column.expression
    if not isinstance(call, Call):
        raise refuse_query("InvalidQuery", "'summarize' takes aggregations before 'by'.")
    if call.function in _EXTREMES:
        return _extreme(evaluator, column, call, table)
    aggregate = _AGGREGATES.get(call.function)
    if aggregate is None:
        message = f"The aggregation '{call.function}' is not supported here."
        raise refuse_query("InvalidQueryLanguage", message, call.token)
    arguments = call.arguments
    if not aggregate.least <= len(arguments) <= aggregate.most:
        message = f"{call.function}(): {len(arguments)} arguments are not what it takes."
        raise refuse_query("InvalidQuery", message, call.token)
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


def _extreme(evaluator: Evaluator, column: Column, call: Call, table: Table) -> Aggregation:
    """Return `arg_max(by, columns…)`: these columns of the row where `by` is the greatest."""
    if not call.arguments:
        raise refuse_query("InvalidQuery", f"{call.function}() takes a column.", call.token)
    by, *wanted = call.arguments
    shown = [Column(column.name, by)]
    for argument in wanted:
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
            raise refuse_query("InvalidQuery", message, call.token) from None
        return {name: evaluator.evaluate(each.expression, row) for name, each in columns.items()}

    return Aggregation(types, compute)
