"""Operators over two tables: `join` and `union`.

Sources: "join operator" (its flavours; a column that both tables have is `NAME1` of the right one)
and "union operator".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.simulator.resource_graph.query_errors import refuse_query
from provisioner.simulator.resource_graph.syntax import Join, Union
from provisioner.simulator.resource_graph.table import Row, Table
from provisioner.simulator.resource_graph.values import group_key

MOST_ROWS = 200_000
"""Rows that an operator may make: a bound of this server."""


def join(operator: Join, left: Table, right: Table) -> Table:
    """Return the rows of two tables that agree. Raises QueryRefusalError."""
    for pair in operator.on:
        for name, table in zip(pair, (left, right), strict=True):
            _check_key(operator, name, table)
    names = _right_names(left.columns, right.columns)
    columns = {**left.columns, **{names[name]: kind for name, kind in right.columns.items()}}
    rows: list[Row] = []
    for mine, theirs in _pairs(operator, left, right):
        if len(rows) >= MOST_ROWS:
            raise too_many_rows("join")
        shown = dict(mine) if mine is not None else missing(left.columns)
        other = theirs if theirs is not None else missing(right.columns)
        shown |= {names[name]: other.get(name) for name in right.columns}
        rows.append(shown)
    return Table(columns, rows)


def missing(columns: Mapping[str, str]) -> dict[str, Any]:
    """Return a row without values: a text is never null in KQL."""
    return {name: "" if kind == "string" else None for name, kind in columns.items()}


def too_many_rows(operator: str) -> Exception:
    """Return the refusal of an operator that makes too many rows."""
    message = f"'{operator}' makes more than {MOST_ROWS:,} rows."
    return refuse_query("InvalidQuery", message)


def _check_key(operator: Join, name: str, table: Table) -> None:
    kind = table.columns.get(name)
    if kind is None:
        message = f"'join' operator: Failed to resolve column named '{name}'"
        raise refuse_query("InvalidQuery", message, operator.token)
    if kind == "dynamic":
        message = (
            f"join key '{name}' is of a 'dynamic' type. Please use an explicit cast using extend "
            "operator in the join legs (for example, '... | extend "
            f"{name} = tostring({name}) | join (... ) on {name}')"
        )
        raise refuse_query("InvalidQuery", message, operator.token)


def _right_names(left: Mapping[str, str], right: Mapping[str, str]) -> dict[str, str]:
    taken, names = set(left), {}
    for name in right:
        shown, number = name, 0
        while shown in taken:
            number += 1
            shown = f"{name}{number}"
        taken.add(shown)
        names[name] = shown
    return names


def _pairs(operator: Join, left: Table, right: Table) -> Iterator[tuple[Row | None, Row | None]]:
    """Yield the rows that agree, and those of an outer side that agree with none."""
    on_left = [mine for mine, _ in operator.on]
    on_right = [theirs for _, theirs in operator.on]
    found: dict[Any, list[Row]] = {}
    for row in right.rows:
        found.setdefault(_key(row, on_right), []).append(row)
    met: set[Any] = set()
    for row in left.rows:
        key = _key(row, on_left)
        if operator.kind == "innerunique" and key in met:
            continue
        met.add(key)
        partners = found.get(key, []) if key is not None else []
        yield from ((row, partner) for partner in partners)
        if not partners and operator.kind in ("leftouter", "fullouter"):
            yield row, None
    if operator.kind == "fullouter":
        lone = (row for row in right.rows if _key(row, on_right) not in met - {None})
        yield from ((None, row) for row in lone)


def _key(row: Row, names: list[str]) -> Any:  # noqa: ANN401  any hashable
    """Return what rows agree in; None, which agrees with nothing, where a value is null."""
    values = [row.get(name) for name in names]
    return None if None in values else tuple(group_key(value) for value in values)


def union(operator: Union, tables: list[Table], names: list[str]) -> Table:
    """Return the rows of tables, whose names are `names`. Raises QueryRefusalError."""
    columns: dict[str, str] = {}
    for table in tables:
        for name, kind in table.columns.items():
            known = columns.setdefault(name, kind)
            if known != kind:
                # KQL makes two columns of it, NAME_string and NAME_long; say so and stop.
                message = (
                    f"'union' operator: '{name}' is {known} in one table and {kind} in another"
                )
                raise refuse_query("InvalidQuery", message)
    if operator.inner:
        columns = {
            name: kind
            for name, kind in columns.items()
            if all(name in table.columns for table in tables)
        }
    rows: list[Row] = []
    for table, source in zip(tables, names, strict=True):
        blank = missing(columns)
        for row in table.rows:
            kept = {name: value for name, value in row.items() if name in columns}
            shown = {**blank, **kept}
            rows.append({operator.source: source, **shown} if operator.source else shown)
    if operator.source:
        columns = {operator.source: "string", **columns}
    if len(rows) > MOST_ROWS:
        raise too_many_rows("union")
    return Table(columns, rows)
