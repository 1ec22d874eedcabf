"""Execution of KQL's tabular operators on tables.

Each operator checks columns and types before it reads a row, so that a query fails in the same way
over an empty table.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, TypeAlias

from provisioner.simulator.resource_graph.aggregates import read_aggregation
from provisioner.simulator.resource_graph.evaluation import Evaluator
from provisioner.simulator.resource_graph.expansion import expand
from provisioner.simulator.resource_graph.joins import MOST_ROWS, TooManyRowsError, join, union
from provisioner.simulator.resource_graph.query_errors import InvalidQueryError
from provisioner.simulator.resource_graph.syntax import (
    Column,
    Count,
    Distinct,
    Expression,
    Extend,
    Join,
    MvExpand,
    Operator,
    Pipeline,
    Project,
    ProjectAway,
    Rename,
    Sort,
    SortKey,
    Star,
    Summarize,
    Take,
    Union,
    Where,
)
from provisioner.simulator.resource_graph.table import Row, Table
from provisioner.simulator.resource_graph.tokens import Token
from provisioner.simulator.resource_graph.type_checks import (
    UnresolvedNameError,
    check,
    check_truth,
    column_name,
    type_of,
)
from provisioner.simulator.resource_graph.values import group_key, sort_key

_DEFAULT_TABLE = "resources"
_ReadTable: TypeAlias = Callable[[str, Token | None], Table]


class QueryRun:
    """One execution of a query; an operator that cannot be evaluated is an InvalidQueryError.

    `read_table` returns a table by its lower-case name, with the token for errors (None for the
    default table, `resources`).
    """

    def __init__(self, evaluator: Evaluator, read_table: _ReadTable) -> None:
        self._evaluator = evaluator
        self._read_table = read_table

    def table(self, pipeline: Pipeline) -> Table:
        """Return the result of a pipeline."""
        operators = pipeline.operators
        if isinstance(pipeline.source, Pipeline):
            table = self.table(pipeline.source)
        elif pipeline.source is not None:
            table = self._read_table(pipeline.source.text.lower(), pipeline.source)
        elif operators and isinstance(operators[0], Union):
            table, operators = self._run_union(operators[0], None), operators[1:]
        else:
            table = self._read_table(_DEFAULT_TABLE, None)
        for operator in operators:
            table = self._run_operator(operator, table)
        return table

    def _run_operator(self, operator: Operator, table: Table) -> Table:
        match operator:
            case Join():
                return join(operator, table, self.table(operator.right))
            case Union():
                return self._run_union(operator, table)
            case _:
                return _SINGLE_TABLE_OPERATORS[type(operator)](self, operator, table)

    def _run_union(self, operator: Union, first: Table | None) -> Table:
        tables = [self.table(leg) for leg in operator.legs]
        names = [
            leg.source.text
            if isinstance(leg.source, Token) and not leg.operators
            else f"union_arg{number}"
            for number, leg in enumerate(operator.legs, 1)
        ]
        if first is not None:
            tables, names = [first, *tables], ["union_arg0", *names]
        return union(operator, tables, names)

    def where(self, operator: Where, table: Table) -> Table:
        """Keep the rows for which the condition holds."""
        check(operator.condition, table.columns, "where")
        check_truth(operator.condition, table.columns, "where")
        rows = [row for row in table.rows if self._evaluator.holds(operator.condition, row)]
        return Table(table.columns, rows)

    def extend(self, operator: Extend, table: Table) -> Table:
        """Add columns, or replace those of the same name."""
        # A column may name one before it: KQL evaluates them from left to right.
        for number, column in enumerate(operator.columns, 1):
            check(column.expression, table.columns, "extend")
            name = column_name(column, number)
            kind = type_of(column.expression, table.columns)
            rows: list[Row] = [
                {**row, name: self._evaluator.evaluate(column.expression, row)}
                for row in table.rows
            ]
            table = Table({**table.columns, name: kind}, rows)
        return table

    def project(self, operator: Project, table: Table) -> Table:
        """Keep only these columns."""
        columns = self._named_expressions(operator.columns, table, "project")
        types = {name: type_of(each, table.columns) for name, each in columns.items()}
        return Table(types, [self._evaluate_columns(columns, row) for row in table.rows])

    def _named_expressions(
        self, columns: Iterable[Column], table: Table, operator: str
    ) -> dict[str, Expression]:
        found: dict[str, Expression] = {}
        for number, column in enumerate(columns, 1):
            check(column.expression, table.columns, operator)
            name = column_name(column, number)
            if name in found:
                message = f"'{operator}' operator: a column named '{name}' is there twice"
                raise InvalidQueryError("InvalidQuery", message)
            found[name] = column.expression
        return found

    def _evaluate_columns(self, columns: Mapping[str, Expression], row: Row) -> Row:
        return {name: self._evaluator.evaluate(each, row) for name, each in columns.items()}

    def project_away(self, operator: ProjectAway, table: Table) -> Table:
        """Remove columns by name or pattern.

        Raises:
            UnresolvedNameError: a name is no column.
        """
        removed: set[str] = set()
        for pattern, token in operator.names:
            found = {name for name in table.columns if fnmatchcase(name, pattern)}
            if not found and "*" not in pattern:
                raise UnresolvedNameError(token, pattern, "project-away")
            removed |= found
        kept = {name: kind for name, kind in table.columns.items() if name not in removed}
        return Table(kept, [{name: row.get(name) for name in kept} for row in table.rows])

    def rename(self, operator: Rename, table: Table) -> Table:
        """Rename columns.

        Raises:
            UnresolvedNameError: an old name is no column.
            InvalidQueryError: two columns would have the same name.
        """
        new: dict[str, str] = {}
        for name, token in operator.names:
            if token.text not in table.columns:
                raise UnresolvedNameError(token, token.text, "project-rename")
            new[token.text] = name
        names = {name: new.get(name, name) for name in table.columns}
        if len(set(names.values())) < len(names):
            message = "'project-rename' operator: two columns would have one name"
            raise InvalidQueryError("InvalidQuery", message)
        columns = {names[name]: kind for name, kind in table.columns.items()}
        rows: list[Row] = [{names[n]: row.get(n) for n in names} for row in table.rows]
        return Table(columns, rows)

    def summarize(self, operator: Summarize, table: Table) -> Table:
        """Aggregate the rows of each group; without keys all rows are one group."""
        keys = self._named_expressions(operator.keys, table, "summarize")
        types = {
            name: _key_type(each, name, table, "Summarize group") for name, each in keys.items()
        }
        aggregations = [
            read_aggregation(self._evaluator, column, table) for column in operator.aggregates
        ]
        for each in aggregations:
            for name, kind in each.columns.items():
                if name not in types or len(each.columns) == 1:
                    types[_free_name(name, types)] = kind
        groups: dict[Any, tuple[Row, list[Row]]] = {} if keys else {(): ({}, [])}
        for row in table.rows:
            shown = self._evaluate_columns(keys, row)
            key = tuple(group_key(value) for value in shown.values())
            groups.setdefault(key, (shown, []))[1].append(row)
        rows: list[Row] = []
        for shown, members in groups.values():
            aggregated = dict(shown)
            for each in aggregations:
                for name, value in each.compute(members).items():
                    if name not in keys or len(each.columns) == 1:
                        aggregated[_free_name(name, aggregated)] = value
            rows.append(aggregated)
        return Table(types, rows)

    def sort(self, operator: Sort, table: Table) -> Table:
        """Sort the rows by several keys."""
        rows = table.rows
        # Stable sorts from the last key to the first order by all of them.
        for key in reversed(operator.keys):
            check(key.expression, table.columns, "order")
            _key_type(key.expression, "", table, "order operator:")
            rows = self._sort_rows(key, rows)
        return Table(table.columns, rows[: operator.limit] if operator.limit is not None else rows)

    def _sort_rows(self, key: SortKey, rows: Sequence[Row]) -> list[Row]:
        valued = [(self._evaluator.evaluate(key.expression, row), row) for row in rows]
        nulls = [row for value, row in valued if value is None]
        present = sorted(
            (each for each in valued if each[0] is not None),
            key=lambda each: sort_key(each[0]),
            reverse=key.descending,
        )
        ordered = [row for _, row in present]
        return [*nulls, *ordered] if key.nulls_first else [*ordered, *nulls]

    def take(self, operator: Take, table: Table) -> Table:
        """Keep the first rows; KQL promises no particular ones."""
        return Table(table.columns, table.rows[: operator.limit])

    def count(self, _operator: Count, table: Table) -> Table:
        """Count the rows."""
        return Table({"Count": "long"}, [{"Count": len(table.rows)}])

    def distinct(self, operator: Distinct, table: Table) -> Table:
        """Keep one row for each combination of the columns' values.

        Raises:
            DynamicKeyError: `distinct *` over a dynamic column.
        """
        if any(isinstance(column.expression, Star) for column in operator.columns):
            dynamic = next((n for n, kind in table.columns.items() if kind == "dynamic"), None)
            if dynamic is not None:
                raise DynamicKeyError("distinct operator:", dynamic)
            found = {tuple(map(group_key, row.values())): row for row in table.rows}
            return Table(table.columns, list(found.values()))
        return self.summarize(Summarize((), operator.columns), table)

    def mv_expand(self, operator: MvExpand, table: Table) -> Table:
        """Expand lists and bags into rows.

        Raises:
            TooManyRowsError: there are more than 200,000.
        """
        expressions = self._named_expressions(operator.columns, table, "mv-expand")
        casts = dict(zip(expressions, operator.types, strict=True))
        columns = {**table.columns, **{name: cast or "dynamic" for name, cast in casts.items()}}
        if operator.index:
            columns[operator.index] = "long"
        values = ((row, self._evaluate_columns(expressions, row)) for row in table.rows)
        rows = list(islice(expand(operator, casts, values), MOST_ROWS + 1))
        if len(rows) > MOST_ROWS:
            raise TooManyRowsError("mv-expand")
        return Table(columns, rows)


def _key_type(expression: Expression, name: str, table: Table, what: str) -> str:
    kind = type_of(expression, table.columns)
    if kind == "dynamic":
        raise DynamicKeyError(what, name)
    return kind


class DynamicKeyError(InvalidQueryError):
    """A key of type dynamic, which KQL neither groups nor sorts by."""

    def __init__(self, operator: str, name: str) -> None:
        named = f" '{name}'" if name else ""
        message = f"{operator} key{named} is of a 'dynamic' type. Please use an explicit cast"
        super().__init__("InvalidQuery", message)


def _free_name(name: str, taken: Mapping[str, object]) -> str:
    number, shown = 0, name
    while shown in taken:
        number += 1
        shown = f"{name}{number}"
    return shown


_SINGLE_TABLE_OPERATORS: Mapping[type, Callable[..., Table]] = {
    Where: QueryRun.where,
    Extend: QueryRun.extend,
    Project: QueryRun.project,
    ProjectAway: QueryRun.project_away,
    Rename: QueryRun.rename,
    Summarize: QueryRun.summarize,
    Sort: QueryRun.sort,
    Take: QueryRun.take,
    Count: QueryRun.count,
    Distinct: QueryRun.distinct,
    MvExpand: QueryRun.mv_expand,
}
