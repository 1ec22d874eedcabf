"""Renders the property changes of one resource in two aligned columns: path and change."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.documents.plan import FieldChangeDocument
from provisioner.reports.styled import Line, Span, Style, join_wrapped, length, line, wrap
from provisioner.reports.values import (
    leaves,
    plain,
    shorten,
    shorten_pair,
    show_pair,
    show_path,
    show_value,
)
from provisioner.reports.wording import Part, and_more, marks, parts_of

INDENT = 6
_GAP = 2
_MOST_ENTRIES = 20
_MOST_GROUPS = 32
_MOST_ROWS = 5
_MOST_BESIDE = 3
_INLINE = 60
_SIGN_STYLES = {"+": Style.CREATE, "-": Style.DELETE}
_MARK = re.compile(r"\[([^\[\]]*)\]")
_PROPERTY = re.compile(r"[^.\[]+")
_LEAST_TELLING = "description"

Row = tuple[Span, ...]


def change_lines(fields: Sequence[FieldChangeDocument], width: int) -> list[Line]:
    """Return the lines of fields that change: `path   before -> after`, lists entry by entry."""
    taken = [(field, parts_of(field)) for field in fields]
    paths = [part.path for _, parts in taken for part in parts]
    column = _value_column(paths, width)
    result: list[Line] = []
    for field, parts in taken:
        for path in dict.fromkeys(part.path for part in parts):
            own = [part for part in parts if part.path == path]
            if any(isinstance(part.value, Mapping) for part in own):
                result += _object_lines(path, own, field, width)
            else:
                rows = _with_notes(_part_rows(own, width - column), own, field, width - column)
                result += _two_columns(path, rows, column)
    return result


def _object_lines(
    path: str, parts: Sequence[Part], field: FieldChangeDocument, width: int
) -> list[Line]:
    """Return the lines of entries that are added or removed whole, with their content."""
    room = width - INDENT
    head = _with_notes([line(path)], parts, field, room)
    body = [row for part in parts for row in _object_rows(part, room - 4)]
    return [(Span(" " * INDENT), *row) for row in (*head, *body)]


def create_lines(fields: Sequence[FieldChangeDocument], width: int) -> list[Line]:
    """Return the lines of a new resource: its properties, with their content inline.

    What is left out is counted; the JSON document has all of it.
    """
    groups: dict[str, list[tuple[str, Any]]] = {}
    for field in fields:
        path = show_path(field.path)
        name = _group_of(path)
        rest = path[len(name) :].lstrip(".")
        if rest == "name" and name.endswith(f"[{field.after}]"):
            continue
        groups.setdefault(name, []).append((rest, field.after))
    groups = dict(_unwrap_single(name, content) for name, content in groups.items())
    shown = dict(list(groups.items())[:_MOST_GROUPS])
    column = _value_column([name for name in shown if not name.endswith("]")], width)
    result: list[Line] = []
    for name, content in shown.items():
        result += _group_lines(name, content, column, width)
    if len(groups) > len(shown):
        hidden = and_more(len(groups) - len(shown), "property")
        result.append(line(" " * INDENT, Span(hidden, Style.DIM)))
    return result


def _group_of(path: str) -> str:
    """Return the heading of a path: the innermost named entry, or else the property."""
    named = [mark for mark in _MARK.finditer(path) if not mark[1].isdecimal()]
    if named:
        return path[: named[-1].end()]
    match = _PROPERTY.match(path)
    return match[0] if match else path


def _unwrap_single(name: str, content: list[tuple[str, Any]]) -> tuple[str, list[tuple[str, Any]]]:
    """Write a group with a single property as that property: `subnet.id`."""
    rest, value = content[0]
    if len(content) > 1 or not rest:
        return name, content
    return f"{name}.{rest}" if not rest.startswith("[") else f"{name}{rest}", [("", value)]


def _group_lines(
    name: str, content: Sequence[tuple[str, Any]], column: int, width: int
) -> list[Line]:
    """Put a property's content beside its name; that of an entry, or much of it, below."""
    beside = _content_rows(content, width - column)
    fits = len(beside) <= _MOST_BESIDE and all(len(row) <= width - column for row in beside)
    if fits and not name.endswith("]"):
        return _two_columns(name, [line(row) for row in beside], column)
    rows = _cut_rows(content, width - INDENT - 2)
    return [line(" " * INDENT, name), *(line(" " * (INDENT + 2), row) for row in rows)]


def _content_rows(content: Sequence[tuple[str, Any]], room: int) -> list[str]:
    if len(content) == 1 and not content[0][0] and not isinstance(content[0][1], Mapping):
        return [shorten(_inline_value(content[0][1], room), room)]
    return join_wrapped(_item_texts(content, room), room)


def _cut_rows(content: Sequence[tuple[str, Any]], room: int) -> list[str]:
    items = _item_texts(content, room)
    rows = join_wrapped(items, room)
    shown = len(items)
    while len(rows) > _MOST_ROWS:
        shown -= 1
        rows = join_wrapped([*items[:shown], f"… {len(items) - shown} more"], room)
    return rows


def _item_texts(content: Sequence[tuple[str, Any]], room: int) -> list[str]:
    ordered = sorted(content, key=lambda item: item[0] == _LEAST_TELLING)
    return [
        f"{rest}: {_inline_value(value, room - len(rest) - 3)}"
        if rest
        else _inline_value(value, room)
        for rest, value in ordered
    ]


def _inline_value(value: Any, room: int) -> str:  # noqa: ANN401  any JSON
    """Return a value that is short enough for one line; a long list by its first entries."""
    limit = max(12, min(_INLINE, room))
    if not isinstance(value, list):
        return shorten(show_value(value), limit)
    shown: list[str] = []
    for entry in value:
        shown.append(shorten(show_value(entry), limit - 2))
        if sum(map(len, shown)) > limit - 12 and len(shown) < len(value):
            shown.append(f"… {len(value) - len(shown)} more")
            break
    return f"[{', '.join(shown)}]"


def _value_column(paths: Sequence[str], width: int) -> int:
    """Return where the values begin: after the longest path that leaves them enough room."""
    widest = max(16, width * 11 // 20 - INDENT)
    return INDENT + max((len(p) for p in paths if len(p) <= widest), default=16) + _GAP


def _two_columns(path: str, rows: Sequence[Row], column: int) -> list[Line]:
    """Put a path before its first row, or above it where it is too long for the column."""
    head = " " * INDENT + path
    blank = Span(" " * column)
    if len(head) + _GAP > column:
        return [line(head), *((blank, *row) for row in rows)]
    first, *rest = rows
    return [(Span(head.ljust(column)), *first), *((blank, *row) for row in rest)]


def _part_rows(parts: Sequence[Part], room: int) -> list[Row]:
    rows: list[Row] = []
    for part in parts[:_MOST_ENTRIES]:
        rows += _before_after_rows(part, room) if part.sign == "~" else [_one_sided(part, room)]
    if len(parts) > _MOST_ENTRIES:
        rows.append(line(Span(and_more(len(parts) - _MOST_ENTRIES, "change"), Style.DIM)))
    return rows


def _before_after_rows(part: Part, room: int) -> list[Row]:
    before, after = show_pair(part.before, part.after)
    if len(before) + len(after) + 4 > room:
        before, after = shorten_pair(before, after, room - 3)
    old, new = Span(before, Style.DELETE), Span(after, Style.CREATE)
    if len(before) + len(after) + 4 <= room:
        return [line(old, " -> ", new)]
    return [line(old), line("-> ", new)]


def _one_sided(part: Part, room: int) -> Row:
    text = shorten(show_value(part.value), room - 2)
    return line(Span(f"{part.sign} {text}", _SIGN_STYLES[part.sign]))


def _object_rows(part: Part, room: int) -> list[Row]:
    if not isinstance(part.value, Mapping):
        return [line("  ", *_one_sided(part, room))]
    named = part.path.endswith(f"[{part.value.get('name')}]")
    pieces = [
        piece
        for path, value in leaves(part.value)
        if not (named and path == "name")
        for piece in _breakable_pieces(path, value, room - 1)
    ]
    rows = join_wrapped(pieces, room) or ["{}"]
    style = _SIGN_STYLES[part.sign]
    return [
        line(Span(f"  {' ' if position else part.sign} {row}", style))
        for position, row in enumerate(rows)
    ]


def _breakable_pieces(path: str, value: Any, room: int) -> list[str]:  # noqa: ANN401  any JSON
    """Return `path: value` in pieces that a row can end between: the entries of a list."""
    entries = value if isinstance(value, list) and value else [value]
    first = max(16, room - len(path) - 4)
    pieces = [
        shorten(show_value(entry), room - 1 if position else first)
        for position, entry in enumerate(entries)
    ]
    if entries is not value:
        return [f"{path}: {pieces[0]}"]
    pieces[0] = f"{path}: [{pieces[0]}"
    pieces[-1] += "]"
    return pieces


def _with_notes(
    rows: list[Row], parts: Sequence[Part], field: FieldChangeDocument, room: int
) -> list[Row]:
    """Add the notes on a field: on a row of their own only where they fit on no other."""
    kept = parts[0].kept
    notes = [Span(f"({kept} unchanged)", Style.DIM)] if kept else []
    notes += [Span(f"[{mark}]", Style.WARNING) for mark in marks(field)]
    reason = wrap(f"({plain(field.reason)})", room) if field.reason else []
    if len(reason) == 1:
        notes.append(Span(reason[0], Style.DIM))
    result = list(rows)
    for note in notes:
        fitting = (i for i in (0, -1) if length(result[i]) + 2 + len(note.text) <= room)
        index = next(fitting, None)
        if index is None:
            result.append((note,))
        else:
            result[index] = (*result[index], Span("  "), note)
    # A text of several rows is kept together.
    return [*result, *((Span(text, Style.DIM),) for text in reason if len(reason) > 1)]
