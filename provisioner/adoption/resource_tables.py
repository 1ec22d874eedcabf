"""Statements with a `forEach`: several resources as one entry and a table of their differences.

`repetition` builds them, and `environment_writer` writes them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from provisioner.adoption.expression_templates import (
    Call,
    Each,
    Part,
    Ref,
    Template,
    Tree,
    Var,
    leaves,
)
from provisioner.adoption.generalization import Absent, Cell, Column, Path, generalize
from provisioner.adoption.references import Entry
from provisioner.adoption.row_keys import RowKeys

Row: TypeAlias = "Mapping[str, Tree]"
"""The values of one entry of a table, by the title of the column."""


@dataclass(frozen=True, slots=True)
class ForEachStatement:
    """One statement of a file.

    `members` are the resources that it states, by their keys in the `forEach`; a statement without
    a `forEach` has one member, under "". `entry` is the common content, with `Each` where members
    differ; `rows` are the values by key, None where only the keys differ. A table with one column
    (`alone`) holds the values without the column's title.
    """

    entry: Entry
    members: Mapping[str, Entry]
    rows: Mapping[str, Row] | None = None
    alone: bool = False

    @property
    def repeats(self) -> bool:
        """Whether the statement has a `forEach`."""
        return "" not in self.members

    def row_refs(self) -> Iterator[Ref]:
        """Yield the references in the table: they are read before anything is placed."""
        for row in (self.rows or {}).values():
            for tree in row.values():
                for text in leaves(tree):
                    yield from text.refs()


def single(entry: Entry) -> ForEachStatement:
    """Return the statement of one resource."""
    return ForEachStatement(entry, {"": entry})


def names_column(entries: Sequence[Entry]) -> Column:
    """Return the names of some resources, as a column."""
    return Column(("name",), tuple(entry.name for entry in entries))


def table_of(
    entries: Sequence[Entry], named: RowKeys, columns: Sequence[Column]
) -> ForEachStatement:
    """Return the statement of several resources, with their differences as a table by key.

    The table has `columns`, and a column of names where the names do not follow from the keys.
    """
    names = names_column(entries)
    columns = [column for column in columns if column.identity != names.identity]
    if named.is_column:
        columns = [names, *columns]
    titles = dict(
        zip((c.identity for c in columns), _column_titles([c.path for c in columns]), strict=True)
    )
    cells = {column.identity: _filled_cells(column) for column in columns}
    alone = len(columns) == 1 and not any(isinstance(c, Absent) for c in cells[columns[0].identity])
    places: dict[object, Template] = {}
    for column in columns:
        title = titles[column.identity]
        place: Part = Each("each.value" if alone else f"each.value.{title}")
        if any(isinstance(cell, Absent) for cell in cells[column.identity]):
            place = Call("lookup", (Each("each.value"), title, Var("null")))
        places[column.identity] = Template.of(place)
    if not named.is_column:
        places[names.identity] = named.name
    rows = {
        key: {
            titles[identity]: cell
            for identity, column in cells.items()
            if not isinstance(cell := column[index], Absent)
        }
        for index, key in sorted(enumerate(named.keys), key=lambda each: _row_order(each, named))
    }
    entry = generalize(entries, lambda column: places[column.identity])
    name = places[names.identity]
    members = dict(zip(named.keys, entries, strict=True))
    return ForEachStatement(replace(entry, name=name), members, rows if columns else None, alone)


def _row_order(numbered: tuple[int, str], named: RowKeys) -> tuple[str, int]:
    """Return the sort key of a row: its key where names (GUIDs) are a column, else its position."""
    index, key = numbered
    return (key if named.is_column else "", index)


def _filled_cells(column: Column) -> tuple[Cell, ...]:
    """Return the values of a column. A list that only some have is empty for the others."""
    lists = all(isinstance(cell, (tuple, Absent)) for cell in column.cells)
    return tuple(() if lists and isinstance(cell, Absent) else cell for cell in column.cells)


def _column_titles(paths: Sequence[Path]) -> Sequence[str]:
    """Return a title for each column: the name of the property, or of the one that contains it."""
    found: list[str] = []
    for path in paths:
        steps = [re.sub(r"[^A-Za-z0-9]", "", step) for step in path]
        steps = [step for step in steps if step and not step.isdigit() and step != "properties"]
        while len(steps) > 1 and steps[-1].lower() == "id":
            steps.pop()
        while len(steps) > 1 and steps[-1].lower() == "value":
            steps.pop()
        title = steps[-1] if steps else "value"
        while title in found and len(steps) > 1:
            steps.pop()
            title = steps[-1] + title[:1].upper() + title[1:]
        number = 2
        stem = title
        while title in found:
            title = f"{stem}{number}"
            number += 1
        found.append(title[:1].lower() + title[1:])
    return found
