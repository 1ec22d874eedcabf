"""Styled lines of text, and writing them with or without ANSI colours.

A style only emphasizes what the words already say. Text is never parsed as markup. Every text
renderer returns these lines, and `text` writes them.
"""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

from provisioner.reports.values import ELLIPSIS


class Style(StrEnum):
    """How a span looks: the parameters of its ANSI sequence (SGR)."""

    PLAIN = ""
    BOLD = "1"
    DIM = "2"
    CREATE = "32"
    UPDATE = "33"
    REPLACE = "35"
    DELETE = "31"
    BLOCKED = "1;31"
    WARNING = "1;33"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line in one style. `text` has no line break and no control character."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Span, ...]
BLANK: Line = ()


def line(*parts: Span | str) -> Line:
    """Return a line of spans; bare text is plain."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts)


def length(spans: Iterable[Span]) -> int:
    """Return how many columns spans take."""
    return sum(columns_of(span.text) for span in spans)


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    Wide and full-width characters take two (Unicode Standard Annex 11), combining characters none.
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def pad(text: str, columns: int) -> str:
    """Return a text with blanks behind it, so that it takes at least so many columns."""
    return text + " " * (columns - columns_of(text))


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(spans: Line, room: int) -> Line:
    """Return a line in at most `room` columns; one that is cut ends with an ellipsis."""
    if length(spans) <= room:
        return spans
    result: list[Span] = []
    left = room - 1
    for span in spans:
        taken = ""
        for character in span.text:
            if _columns(character) > left:
                return (*result, Span(taken + ELLIPSIS, span.style))
            taken += character
            left -= _columns(character)
        result.append(span)
    return tuple(result)


def wrap(text: str, room: int) -> list[str]:
    """Return words in lines of at most `room` columns; a longer word keeps its own line."""
    return textwrap.wrap(text, max(room, 24), break_long_words=False, break_on_hyphens=False)


def join_wrapped(items: Sequence[str], room: int) -> list[str]:
    """Return items in lines of at most `room` columns, broken between items only."""
    rows: list[str] = []
    current = ""
    for position, item in enumerate(items):
        piece = item if position == len(items) - 1 else f"{item},"
        if current and len(current) + 1 + len(piece) > room:
            rows.append(current)
            current = piece
        else:
            current = f"{current} {piece}" if current else piece
    return [*rows, current] if current else rows


def write_lines(lines: Iterable[Line], stream: TextIO, *, color: bool) -> None:
    """Write lines to a stream, as far as its encoding can."""
    encoding = getattr(stream, "encoding", None)
    for spans in lines:
        text = "".join(_paint(span) if color else span.text for span in spans)
        stream.write(encodable(text.rstrip(), encoding) + "\n")


def encodable(text: str, encoding: str | None) -> str:
    """Return `text` with characters that an encoding lacks replaced by similar ones."""
    if encoding is None or encoding.lower().startswith("utf"):
        return text
    return text.translate(_SIMILAR).encode(encoding, "replace").decode(encoding)


_SIMILAR = {ord("·"): "-", ord("…"): "..", ord("━"): "#", ord("─"): "."}


def _paint(span: Span) -> str:
    if span.style is Style.PLAIN or not span.text:
        return span.text
    return f"\x1b[{span.style}m{span.text}\x1b[0m"
