"""The operators on several tables: `join` and `union`.

Source: "join operator" (its flavours; a column of both tables is named `NAME1` on the right) and
"union operator". Joins hash the right table's keys; both operators stop at 200,000 rows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.simulator.resource_graph.query_errors import InvalidQueryError
from provisioner.simulator.resource_graph.syntax import Join, Union
from provisioner.simulator.resource_graph.table import Row, Table
from provisioner.simulator.resource_graph.values import KqlValue, group_key

MOST_ROWS = 200_000
"""Rows that an operator may make: a bound of this server."""


def join(operator: Join, left: Table, right: Table) -> Table:
    """Return the rows of two tables that agree in the key columns.

    Raises:
        TooManyRowsError: there are more than 200,000.
    """
    for pair in operator.on:
        for name, table in zip(pair, (left, right), strict=True):
            _check_key(operator, name, table)
    names = _renamed_right_columns(left.columns, right.columns)
    columns = {**left.columns, **{names[name]: kind for name, kind in right.columns.items()}}
    rows: list[Row] = []
    for left_row, right_row in _matching_rows(operator, left, right):
        if len(rows) >= MOST_ROWS:
            raise TooManyRowsError("join")
        shown = dict(left_row) if left_row is not None else empty_row(left.columns)
        other = right_row if right_row is not None else empty_row(right.columns)
        shown |= {names[name]: other.get(name) for name in right.columns}
        rows.append(shown)
    return Table(columns, rows)


def empty_row(columns: Mapping[str, str]) -> dict[str, Any]:
    """Return a row without values: strings are empty, since a string is never null in KQL."""
    return {name: "" if kind == "string" else None for name, kind in columns.items()}


class TooManyRowsError(InvalidQueryError):
    """An operator whose result has more than 200,000 rows."""

    def __init__(self, operator: str) -> None:
        super().__init__("InvalidQuery", f"'{operator}' makes more than {MOST_ROWS:,} rows.")


def _check_key(operator: Join, name: str, table: Table) -> None:
    kind = table.columns.get(name)
    if kind is None:
        message = f"'join' operator: Failed to resolve column named '{name}'"
        raise InvalidQueryError("InvalidQuery", message, operator.token)
    if kind == "dynamic":
        message = (
            f"join key '{name}' is of a 'dynamic' type. Please use an explicit cast using extend "
            "operator in the join legs (for example, '... | extend "
            f"{name} = tostring({name}) | join (... ) on {name}')"
        )
        raise InvalidQueryError("InvalidQuery", message, operator.token)


def _renamed_right_columns(left: Mapping[str, str], right: Mapping[str, str]) -> dict[str, str]:
    taken, names = set(left), {}
    for name in right:
        shown, number = name, 0
        while shown in taken:
            number += 1
            shown = f"{name}{number}"
        taken.add(shown)
        names[name] = shown
    return names


def _matching_rows(
    operator: Join, left: Table, right: Table
) -> Iterator[tuple[Row | None, Row | None]]:
    """Yield the pairs of rows that agree, and the unmatched rows of an outer side with None."""
    on_left = [left_row for left_row, _ in operator.on]
    on_right = [right_row for _, right_row in operator.on]
    found: dict[Any, list[Row]] = {}
    for row in right.rows:
        found.setdefault(_join_key(row, on_right), []).append(row)
    seen_keys: set[Any] = set()
    for row in left.rows:
        key = _join_key(row, on_left)
        # The default flavour keeps one left row for each key ("join operator"): a query that
        # forgets `kind=inner` loses rows in Azure too.
        if operator.kind == "innerunique" and key in seen_keys:
            continue
        seen_keys.add(key)
        partners = found.get(key, []) if key is not None else []
        yield from ((row, partner) for partner in partners)
        if not partners and operator.kind in ("leftouter", "fullouter"):
            yield row, None
    if operator.kind == "fullouter":
        unmatched = (
            row for row in right.rows if _join_key(row, on_right) not in seen_keys - {None}
        )
        yield from ((None, row) for row in unmatched)


def _join_key(row: Row, names: list[str]) -> KqlValue:
    """Return the key of a row for the join; None, which matches nothing, where a value is null."""
    values = [row.get(name) for name in names]
    return None if None in values else tuple(group_key(value) for value in values)


def union(operator: Union, tables: list[Table], names: list[str]) -> Table:
    """Return the rows of several tables; `names` are those tables', for `withsource`.

    Raises:
        InvalidQueryError: a column has two types.
        TooManyRowsError: there are more than 200,000 rows.
    """
    columns: dict[str, str] = {}
    for table in tables:
        for name, kind in table.columns.items():
            known = columns.setdefault(name, kind)
            if known != kind:
                # KQL makes two columns of it, NAME_string and NAME_long; say so and stop.
                message = (
                    f"'union' operator: '{name}' is {known} in one table and {kind} in another"
                )
                raise InvalidQueryError("InvalidQuery", message)
    if operator.inner:
        columns = {
            name: kind
            for name, kind in columns.items()
            if all(name in table.columns for table in tables)
        }
    rows: list[Row] = []
    for table, source in zip(tables, names, strict=True):
        blank = empty_row(columns)
        for row in table.rows:
            kept = {name: value for name, value in row.items() if name in columns}
            shown = {**blank, **kept}
            rows.append({operator.source: source, **shown} if operator.source else shown)
    if operator.source:
        columns = {operator.source: "string", **columns}
    if len(rows) > MOST_ROWS:
        raise TooManyRowsError("union")
    return Table(columns, rows)
