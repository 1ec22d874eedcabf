"""Renders the property changes of one resource as Markdown: as a table cell and as a diff.

`adoption_markdown`, `cluster_markdown`, `markdown` and `sections_markdown` call it.
"""

from collections.abc import Iterable, Sequence

from provisioner.documents.plan import FieldChangeDocument
from provisioner.reports.markdown_escape import code, prose
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

LONGEST_VALUE = 1_000
_DETAIL_LINES = 120
_FIELDS_IN_CELL = 3
_PARTS_IN_CELL = 3
_LONGEST_IN_CELL = 40


def fields_cell(fields: Sequence[FieldChangeDocument]) -> str:
    """Return the most important property changes.

    Properties that force a replacement come first, then security-relevant ones.
    """
    ordered = sorted(fields, key=lambda field: (not field.forces_replace, not field.security))
    shown = [_field_item(field) for field in ordered[:_FIELDS_IN_CELL]]
    if len(ordered) > _FIELDS_IN_CELL:
        shown.append(and_more(len(ordered) - _FIELDS_IN_CELL, "property"))
    return "<br>".join(shown)


def _field_item(field: FieldChangeDocument) -> str:
    path = show_path(field.path)
    parts = parts_of(field)
    told = [_part_item(part, path) for part in parts[:_PARTS_IN_CELL]]
    if len(parts) > _PARTS_IN_CELL:
        told.append(and_more(len(parts) - _PARTS_IN_CELL, "change"))
    return f"{code(path, 120)}: {', '.join(told)}{emphasised(field)}"


def _part_item(part: Part, path: str) -> str:
    inner = part.path.removeprefix(path).lstrip(".")
    where = f"{code(inner, 60)} " if inner else ""
    if part.sign == "~":
        before, after = shorten_pair(*show_pair(part.before, part.after), _LONGEST_IN_CELL)
        return f"{where}{code(before)} → {code(after)}"
    word = "added" if part.sign == "+" else "removed"
    return f"{where}{word} {code(_short_value(part.value))}"


def _short_value(value: object) -> str:
    """Return a value in a few characters; an entry of a list by its name."""
    name = value.get("name") if isinstance(value, dict) else None
    return shorten(show_value(name if isinstance(name, str) else value), _LONGEST_IN_CELL)


def emphasised(field: FieldChangeDocument) -> str:
    """Return the notes on a field beside its values, in bold."""
    return "".join(f" **{prose(mark, 60)}**" for mark in marks(field))


def diff_lines(fields: Iterable[FieldChangeDocument]) -> list[str]:
    """Return the lines of a diff block: removed values after a minus, added ones after a plus."""
    lines: list[str] = []
    for field in fields:
        notes = "".join(f"  [{mark}]" for mark in marks(field))
        if field.reason:
            notes += f"  ({shorten(plain(field.reason), LONGEST_VALUE)})"
        for part in parts_of(field):
            lines += _part_lines(part, notes)
            notes = ""
    if len(lines) > _DETAIL_LINES:
        hidden = and_more(len(lines) - _DETAIL_LINES, "line")
        return [*lines[:_DETAIL_LINES], f"# {hidden}"]
    return lines


def _part_lines(part: Part, notes: str) -> list[str]:
    path = shorten(part.path, 200)
    if part.sign == "~":
        before, after = shorten_pair(*show_pair(part.before, part.after), LONGEST_VALUE)
        return [f"- {path}: {before}", f"+ {path}: {after}{notes}"]
    told = [
        f"{part.sign} {path}{'.' if inner else ''}{inner}: "
        f"{shorten(show_value(value), LONGEST_VALUE)}"
        for inner, value in leaves(part.value)
    ]
    return [told[0] + notes, *told[1:]]
