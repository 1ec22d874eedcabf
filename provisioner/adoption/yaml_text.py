"""Writes YAML in the style of hand-written files.

Short mappings and lists are on one line, quotes are used only where they are needed, and multi-line
texts are block scalars. `environment_writer` writes every file with it.
"""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

Yaml: TypeAlias = "bool | int | float | str | Sequence[Yaml] | Mapping[str, Yaml] | None"

WIDTH = 120
_ROW_WIDTH = 180
"""A table row is one line that may be longer, because tables are read by column."""
_ROW_TEXT = 100
"""Characters that a row may have beside its longest text (a query), which no line break could
shorten."""
_SHORT_TEXT = 40
_PLAIN = re.compile(r"[A-Za-z0-9_./$][A-Za-z0-9_./$(){}\[\]:@+*%&;=<>~^|?!,\"' -]*")
_NOT_A_STRING = re.compile(
    r"(true|false|null|yes|no|on|off|~|[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|nan)|[0-9]+(:[0-9.]+)+)\Z",
    re.IGNORECASE,
)
"""Plain scalars that YAML 1.1 or 1.2 parses as something other than a string."""
_IN_FLOW = frozenset("{}[],")


def render_yaml(document: Mapping[str, Yaml], comments: Mapping[tuple[str, ...], str]) -> str:
    """Return the text of a document. `comments` are written above the keys at their paths."""
    lines = list(_mapping_lines(document, 0, (), comments))
    return "\n".join(lines) + "\n"


def count_lines(document: Mapping[str, Yaml]) -> int:
    """Return how many lines a document has."""
    return sum(1 for _ in _mapping_lines(document, 0, (), {}))


def _mapping_lines(
    value: Mapping[str, Yaml],
    indent: int,
    path: tuple[str, ...],
    comments: Mapping[tuple[str, ...], str],
) -> Iterator[str]:
    pad = " " * indent
    for index, (key, item) in enumerate(value.items()):
        here = (*path, key)
        written = f"{pad}{_scalar_text(key, flow=False, key=True)}:"
        lines = [f"{pad}# {line}" for line in comments.get(here, "").splitlines()]
        lines += _entry_lines(written, item, indent, here, comments)
        inside = len(path) == 1 and path[0] in _SPACED_SECTIONS
        if index and (inside or (not path and len(lines) > 1)):
            yield ""
        yield from lines


_SPACED_SECTIONS = frozenset({"resources", "modules"})


def _entry_lines(
    lead: str,
    value: Yaml,
    indent: int,
    path: tuple[str, ...],
    comments: Mapping[tuple[str, ...], str],
) -> Iterator[str]:
    short = _one_line(value, len(lead) + 1, is_row=_is_row(path))
    if short is not None and not any(c[: len(path)] == path for c in comments if c != path):
        yield f"{lead} {short}"
    elif isinstance(value, str):
        yield from _block_lines(lead, value, indent + 2)
    elif isinstance(value, Mapping):
        yield lead
        yield from _mapping_lines(value, indent + 2, path, comments)
    elif _is_wrapped(value):
        yield lead
        yield from _wrapped_lines(value, indent + 2)
    else:
        assert isinstance(value, (list, tuple))
        yield lead
        yield from _sequence_lines(value, indent + 2, path, comments)


def _sequence_lines(
    value: Sequence[Yaml],
    indent: int,
    path: tuple[str, ...],
    comments: Mapping[tuple[str, ...], str],
) -> Iterator[str]:
    pad = " " * indent
    for index, item in enumerate(value):
        short = _one_line(item, indent + 2, is_row=_is_row((*path, str(index))))
        if short is not None:
            yield f"{pad}- {short}"
        elif isinstance(item, Mapping):
            lines = list(_mapping_lines(item, indent + 2, (*path, str(index)), comments))
            yield f"{pad}- {lines[0].lstrip()}"
            yield from lines[1:]
        elif isinstance(item, str):
            yield from _block_lines(f"{pad}-", item, indent + 2)
        else:
            assert isinstance(item, (list, tuple))
            lines = list(_sequence_lines(item, indent + 2, (*path, str(index)), comments))
            yield f"{pad}- {lines[0].lstrip()}"
            yield from lines[1:]


def _is_row(path: tuple[str, ...]) -> bool:
    """Return whether a path is that of a table row.

    The table is a local, a `forEach`, or nested in a row of one of these.
    """
    if path[:1] == ("locals",):
        return len(path) == _DEPTH_OF_LOCALS
    in_table = path[:1] == ("resources",) and path[2:3] == ("forEach",)
    return in_table and (len(path) == _DEPTH_OF_TABLES or path[-1].isdigit())


_DEPTH_OF_LOCALS = 3
_DEPTH_OF_TABLES = 4


def _is_wrapped(value: Yaml) -> bool:
    """Return whether a list consists of short texts, which are written in several per line."""
    return (
        isinstance(value, (list, tuple))
        and len(value) > _MOST_ON_LINES
        and all(isinstance(e, str) and len(e) <= _SHORT_TEXT and "\n" not in e for e in value)
    )


_MOST_ON_LINES = 4


def _wrapped_lines(value: Yaml, indent: int) -> Iterator[str]:
    """Yield the lines of a list in flow style, as many entries on each as fit."""
    assert isinstance(value, (list, tuple))
    texts = [str(_flow_text(item)) for item in value]
    line = " " * indent + "["
    for index, text in enumerate(texts):
        last = index == len(texts) - 1
        piece = f"{text}]" if last else f"{text},"
        lead = "" if line.endswith("[") or not line.strip() else " "
        if len(line) + len(lead) + len(piece) > WIDTH:
            yield line
            line, lead = " " * (indent + 1), ""
        line += lead + piece
    yield line


def _one_line(value: Yaml, column: int, *, is_row: bool = False) -> str | None:
    """Return a value on one line, where it fits behind `column` and is simple enough to read."""
    if isinstance(value, str):
        as_block = ("\n" in value and _may_be_block(value)) or _is_long(value, column)
        return None if as_block else _scalar_text(value, flow=False)
    if not isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value)
    if not value:
        return "{}" if isinstance(value, Mapping) else "[]"
    simple = _depth(value) <= 4 and _count_values(value) <= (
        _MOST_OF_ROW if is_row else _MOST_OF_LINE
    )
    text = _flow_text(value) if simple else None
    return (
        text if text is not None and _fits_width(value, column + len(text), is_row=is_row) else None
    )


def _fits_width(value: Yaml, width: int, *, is_row: bool) -> bool:
    if not is_row or width <= WIDTH:
        return width <= WIDTH
    longest = max((len(item) for item in _texts_in(value)), default=0)
    return width <= _ROW_WIDTH or width - longest <= _ROW_TEXT


_MOST_OF_LINE = 9
_MOST_OF_ROW = 16


def _texts_in(value: Yaml) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts_in(item)


def _is_long(text: str, column: int) -> bool:
    """Return whether a text is an expression to be written on several lines.

    In an expression, a line break counts as a space.
    """
    return (
        text.startswith("${")
        and column + len(text) > WIDTH
        and " " in text
        and "  " not in text
        and text == text.strip()
        and text.isprintable()
    )


def _flow_text(value: Yaml) -> str | None:
    if isinstance(value, str):
        return None if "\n" in value else _scalar_text(value, flow=True)
    if isinstance(value, Mapping):
        items = [
            (_scalar_text(key, flow=True, key=True), _flow_text(i)) for key, i in value.items()
        ]
        if any(item is None for _, item in items):
            return None
        return "{" + ", ".join(f"{key}: {item}" for key, item in items) + "}"
    if isinstance(value, (list, tuple)):
        texts = [_flow_text(item) for item in value]
        return None if None in texts else "[" + ", ".join(str(text) for text in texts) + "]"
    return json.dumps(value)


def _depth(value: Yaml) -> int:
    inner: Iterable[Yaml] = ()
    if isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, (list, tuple)):
        inner = value
    else:
        return 0
    return 1 + max((_depth(item) for item in inner), default=0)


def _count_values(value: Yaml) -> int:
    if isinstance(value, Mapping):
        return sum(_count_values(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        # A list of short texts stays readable in flow style, whatever its length.
        return 1 + sum(
            _count_values(item) for item in value if isinstance(item, (Mapping, list, tuple))
        )
    return 1


def _scalar_text(text: str, *, flow: bool, key: bool = False) -> str:
    """Return a text as YAML: plain where every reader reads it as that text."""
    plain = (
        _PLAIN.fullmatch(text) is not None
        and not _NOT_A_STRING.match(text)
        and ": " not in text
        and " #" not in text
        and not text.endswith((":", " "))
        and not (flow and (_IN_FLOW & set(text) or ":" in text))
        and not (key and (":" in text or "{" in text or "[" in text))
        # The indicators of YAML (1.2.2, chapter 5.3), with which no plain scalar begins.
        and text[0] not in "&*!|>%@`\"'"
    )
    if plain:
        return text
    if '"' in text and "'" not in text and "\\" not in text and text.isprintable():
        return f"'{text}'"
    return "".join(map(_escape, json.dumps(text, ensure_ascii=False)))


def _escape(character: str) -> str:
    """Return a character as a quoted scalar holds it: invisible ones as escape sequences."""
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _may_be_block(text: str) -> bool:
    """Return whether a text can be a block scalar.

    None of its lines may have trailing spaces, which are easily lost when people edit the file.
    """
    lines = text.split("\n")
    first = next((line for line in lines if line), " ")
    return (
        not first.startswith(" ")
        and not text.endswith("\n\n")
        and all(line == line.rstrip() and line.isprintable() for line in lines)
    )


def _block_lines(lead: str, text: str, indent: int) -> Iterator[str]:
    pad = " " * indent
    if "\n" not in text:
        yield f"{lead} >-"
        width = WIDTH - indent
        yield from (
            pad + line
            for line in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
        )
        return
    # `|` keeps one line break at the end, `|-` none (YAML 1.2.2, 8.1.1.2).
    yield f"{lead} |" if text.endswith("\n") else f"{lead} |-"
    for line in text.removesuffix("\n").split("\n"):
        yield f"{pad}{line}" if line else ""
