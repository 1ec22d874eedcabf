"""Formats a YAML file in azsec's canonical layout, without changing its meaning.

Indentation becomes two spaces a level, lists two more than their key, single quotes double ones
where that needs no escape, trailing white space and repeated blank lines go, and the keys of the
file stand in the order of their documentation. Comments stay with the line below them; what stands
inside of texts over several lines is left alone. The result is read again and compared.

Called by `azsec fmt` and for the files that `azsec init` writes.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import BaseModel

from provisioner.blueprint.control_file import ControlFile
from provisioner.blueprint.environment_file import BASE_KIND
from provisioner.blueprint.file_schemas import (
    BlueprintFile,
    EgressTableFile,
    EnvironmentFile,
    ModuleFile,
)
from provisioner.blueprint.promotion import PromotionFile
from provisioner.blueprint.yaml_comments import comments_of
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.model.diagnostic import DiagnosticError, error

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OTHER_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
_STEP = 2

KINDS: Mapping[str, type[BaseModel]] = {
    "Blueprint": BlueprintFile,
    "Module": ModuleFile,
    "Environment": EnvironmentFile,
    BASE_KIND: EnvironmentFile,
    "Promotion": PromotionFile,
    "EgressTable": EgressTableFile,
    "Control": ControlFile,
}
"""The kinds of files that have a layout, with the order of their keys."""


def format_yaml(text: str, path: str) -> str:
    """Return a file in its canonical layout.

    Raises DiagnosticError for what is not YAML as azsec reads it, `not-formatted` for a file that
    cannot be laid out without changing what it says.
    """
    before = parse_yaml(text, path)
    if _OTHER_BREAKS.search(text):
        raise _refused_format(path, "it has line breaks other than LF and CRLF")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    laid_out = _laid_out(text)
    kind = before.find(("kind",)).value
    ordered = (
        _with_ordered_keys(laid_out, kind) if isinstance(kind, str) and kind in KINDS else laid_out
    )
    for candidate in (ordered, laid_out):
        result = _without_repeated_blanks(candidate)
        same = parse_yaml(result, path).plain() == before.plain()
        if same and comments_of(result) == comments_of(text):
            return result
    raise _refused_format(path, "its layout cannot change without its meaning")


def _refused_format(path: str, why: str) -> DiagnosticError:
    return DiagnosticError(error("not-formatted", f"{path} is left as it is: {why}.", None))


_BEFORE_ITEMS = (yaml.ValueToken, yaml.AnchorToken, yaml.TagToken)
"""What stands before the first dash of a list that no token opens: one as far left as its key."""
_OPENING = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
_FLOW_OPENING = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_FLOW_CLOSING = (yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_OF_DOCUMENTS = (yaml.DocumentStartToken, yaml.DocumentEndToken, yaml.DirectiveToken)


@dataclass(slots=True)
class _Collection:
    """A block mapping or list that is open; `implicit`: a list as far left as its key."""

    new: int
    implicit: bool = False


@dataclass(slots=True)
class _Layout:
    """The layout of a text's lines as its tokens give it, by number from 0.

    `indents` are the new indentations of lines that begin something, `follows` the line whose shift
    a continuation shares, `fixed` the lines inside of texts; `edits` are replacements of (line,
    start, end).
    """

    indents: dict[int, int] = field(default_factory=dict)
    follows: dict[int, int] = field(default_factory=dict)
    fixed: set[int] = field(default_factory=set)
    edits: list[tuple[int, int, int, str]] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)
    aliases: bool = False
    explicit: bool = False


def _laid_out(text: str) -> str:
    layout = _read_layout(text)
    lines = text.split("\n")
    if layout.explicit:  # keys behind a `?` are rare and have an indentation of their own
        layout.indents, layout.edits = {}, []
    for number, start, end, replacement in sorted(layout.edits, reverse=True):
        row = lines[number]
        lines[number] = row[:start] + replacement + row[end:]
    shifts = _column_shifts(text.split("\n"), layout)
    return "\n".join(
        _shift_row(row, shifts.get(number, 0), is_fixed=number in layout.fixed)
        for number, row in enumerate(lines)
    )


def _shift_row(row: str, by: int, *, is_fixed: bool) -> str:
    if not row.strip():
        return row if is_fixed else ""
    moved = " " * by + row if by >= 0 else row[min(-by, _indent_of(row)) :]
    return moved if is_fixed else moved.rstrip()


def _indent_of(row: str) -> int:
    return len(row) - len(row.lstrip(" "))


def _read_layout(text: str) -> _Layout:
    reader = _Reader(text.split("\n"), list(yaml.scan(text, Loader=_Loader)))
    for position, token in enumerate(reader.tokens):
        reader.take(position, token)
    return reader.layout


class _Reader:
    """Reads the tokens of a text.

    `stack` holds the collections that are open in block style, `depth` counts those in flow style;
    `started` is the line on which what goes on began.
    """

    def __init__(self, lines: Sequence[str], tokens: Sequence[Any]) -> None:
        self.lines = lines
        self.tokens = tokens
        self.layout = _Layout()
        self.stack: list[_Collection] = []
        self.depth = 0
        self.last_line = -1
        self.started = 0

    def take(self, position: int, token: Any) -> None:  # noqa: ANN401
        """Take the next token."""
        if isinstance(token, yaml.BlockEndToken):
            self._close_list_under_key()
            if self.stack:
                self.stack.pop()
        elif isinstance(token, _OPENING):
            self.stack.append(_Collection(self.stack[-1].new + _STEP if self.stack else 0))
        elif not isinstance(token, (yaml.StreamStartToken, yaml.StreamEndToken)):
            self._take_content(position, token)

    def _take_content(self, position: int, token: Any) -> None:  # noqa: ANN401
        line, column = token.start_mark.line, token.start_mark.column
        if self.depth == 0 and isinstance(token, yaml.KeyToken):
            self._take_key(position, line, column)
        elif self.depth == 0 and isinstance(token, yaml.BlockEntryToken):
            self._take_entry(position)
        if line != self.last_line:
            if _indent_of(self.lines[line]) == column:
                self._begin_line(line, token)
            if self.depth == 0:
                self.started = line
        if isinstance(token, _FLOW_OPENING):
            self.depth += 1
        elif isinstance(token, _FLOW_CLOSING):
            self.depth -= 1
        elif isinstance(token, yaml.AliasToken):
            self.layout.aliases = True
        elif isinstance(token, yaml.ScalarToken):
            _read_scalar(self.layout, token, self.lines, self.started)
        self.last_line = line

    def _take_key(self, position: int, line: int, column: int) -> None:
        self._close_list_under_key()
        self.layout.explicit |= self.lines[line][column : column + 1] == "?"
        if len(self.stack) == 1:
            self.layout.keys.append((line, _key_after(self.tokens, position)))

    def _take_entry(self, position: int) -> None:
        if self.stack and isinstance(self.tokens[position - 1], _BEFORE_ITEMS):
            self.stack.append(_Collection(self.stack[-1].new + _STEP, implicit=True))
        _close_gap(self.layout, self.tokens, position)

    def _close_list_under_key(self) -> None:
        if self.stack and self.stack[-1].implicit:
            self.stack.pop()

    def _begin_line(self, line: int, token: Any) -> None:  # noqa: ANN401
        """Note where a line goes whose first token this is."""
        around = self.stack[-1].new if self.stack else 0
        if self.depth > 0:
            self.layout.follows[line] = self.started
        elif isinstance(token, yaml.ValueToken):
            self.layout.explicit = True
        elif isinstance(token, (yaml.KeyToken, yaml.BlockEntryToken)):
            self.layout.indents[line] = around
        elif not isinstance(token, _OF_DOCUMENTS):
            self.layout.indents[line] = around + _STEP if self.stack else 0


def _key_after(tokens: Sequence[Any], position: int) -> str:
    scalars = (t.value for t in tokens[position : position + 4] if isinstance(t, yaml.ScalarToken))
    return str(next(scalars, ""))


def _close_gap(layout: _Layout, tokens: Sequence[Any], position: int) -> None:
    """Put what stands behind a dash one space behind it."""
    end, following = tokens[position].end_mark, tokens[position + 1].start_mark
    if following.line == end.line and following.column > end.column + 1:
        layout.edits.append((end.line, end.column, following.column, " "))


def _read_scalar(layout: _Layout, token: Any, lines: Sequence[str], started: int) -> None:  # noqa: ANN401
    start, end = token.start_mark, token.end_mark
    last = end.line if end.column > 0 else end.line - 1
    for number in range(start.line + 1, last + 1):
        layout.follows[number] = started
        # A text's last line may be followed by a comment, but nothing is trimmed inside of it.
        layout.fixed.add(number)
    if token.style == "'" and start.line == end.line:
        inner = lines[start.line][start.column + 1 : end.column - 1]
        if '"' not in inner and "\\" not in inner:
            plain = inner.replace("''", "'")
            layout.edits.append((start.line, start.column, end.column, f'"{plain}"'))


def _column_shifts(lines: Sequence[str], layout: _Layout) -> Mapping[int, int]:
    """Return by how many columns each line moves."""
    shifts = {
        number: indent - _indent_of(lines[number]) for number, indent in layout.indents.items()
    }
    for number in sorted(layout.follows):
        if number not in shifts:
            shifts[number] = shifts.get(layout.follows[number], 0)
    content = sorted(shifts)
    following: int | None = None
    for number in range(len(lines) - 1, -1, -1):
        if number in shifts:
            following = number
            continue
        row = lines[number]
        if row.lstrip(" ").startswith("#"):
            shifts[number] = _shift_of_comment(number, lines, shifts, content, following)
    return shifts


def _shift_of_comment(
    number: int,
    lines: Sequence[str],
    shifts: Mapping[int, int],
    content: Sequence[int],
    following: int | None,
) -> int:
    """Return the shift of a comment: that of the line below it.

    One that is indented more than that shifts with the line above, because it ends what is there.
    """
    indent = _indent_of(lines[number])
    if following is not None and indent <= _indent_of(lines[following]):
        return shifts[following] if indent else 0
    above = bisect_left(content, number)
    return shifts[content[above - 1]] if above and indent else 0


def _with_ordered_keys(text: str, kind: str) -> str:
    """Return a text with the keys of its root in the order of their model."""
    layout = _read_layout(text)
    if layout.aliases or layout.explicit or len(layout.keys) < 2:
        return text  # an anchor stands before its aliases
    lines = text.split("\n")
    starts = [line for line, _ in layout.keys]
    if any(_indent_of(lines[line]) or lines[line].startswith("---") for line in starts):
        return text
    end = _end_of_content(lines, layout)
    bounds = [starts[0], *(_lead_of(lines, layout, start) for start in starts[1:]), end]
    names = [name for _, name in layout.keys]
    order = [info.alias or name for name, info in KINDS[kind].model_fields.items()]
    rank = {name: number for number, name in enumerate(order)}
    sections = sorted(
        range(len(names)), key=lambda number: (rank.get(names[number], len(order)), number)
    )
    body = [row for number in sections for row in lines[bounds[number] : bounds[number + 1]]]
    return "\n".join([*lines[: bounds[0]], *body, *lines[end:]])


def _lead_of(lines: Sequence[str], layout: _Layout, start: int) -> int:
    """Return the first of the blank and comment lines above a key that belong to it."""
    lead = start
    while lead and lead - 1 not in layout.fixed:
        row = lines[lead - 1]
        if row.strip() and not row.startswith("#"):
            break
        lead -= 1
    return lead


def _end_of_content(lines: Sequence[str], layout: _Layout) -> int:
    end = len(lines)
    while end and end - 1 not in layout.fixed:
        row = lines[end - 1]
        if row.strip() and not row.startswith("#"):
            break
        end -= 1
    return end


def _without_repeated_blanks(text: str) -> str:
    fixed = _read_layout(text).fixed
    kept: list[str] = []
    for number, row in enumerate(text.split("\n")):
        is_blank = not row.strip() and number not in fixed
        if is_blank and (not kept or not kept[-1].strip()):
            continue
        kept.append(row)
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join([*kept, ""])
