"""The tokens of a query in the Kusto Query Language.

Source: "KQL docs": string, datetime, timespan and dynamic literals, "Entity names". The value of a
literal is parsed here, into `value`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any


class TokenKind(Enum):
    """The kind of a token."""

    NAME = auto()
    LITERAL = auto()
    SIGN = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `line` counts from 1, `position` in the line and `start` in the query from 0."""

    kind: TokenKind
    text: str
    line: int
    position: int
    start: int
    value: Any = None

    def is_sign(self, *signs: str) -> bool:
        """Return whether this is one of these signs."""
        return self.kind is TokenKind.SIGN and self.text in signs

    def is_name(self, *names: str) -> bool:
        """Return whether this is one of these names; KQL is case-sensitive."""
        return self.kind is TokenKind.NAME and self.text in names


class UnreadableError(ValueError):
    """Text that is no token; `token` is the text at fault."""

    def __init__(self, token: Token, expected: str) -> None:
        super().__init__(expected)
        self.token = token
        self.expected = expected


_PATTERN = re.compile(
    r"""
      (?P<blank>\s+|//[^\n]*)
    | (?P<typed>(?:datetime|date|timespan|time|guid|dynamic)\s*\()
    | (?P<verbatim>@'(?:[^']|'')*'|@"(?:[^"]|"")*")
    | (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    | (?P<span>\d+(?:\.\d+)?(?:ms|d|h|m|s|tick)\b)
    | (?P<number>0x[0-9A-Fa-f]+\b|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)
    | (?P<name>[$A-Za-z_][\w$]*~?)
    | (?P<sign>!in~|![A-Za-z_]+|=~|!~|==|!=|<=|>=|\.\.|[|,;()\[\]{}.=<>+\-*/%:])
    """,
    re.VERBOSE,
)
LARGEST_LONG = 2**63 - 1
"""The largest number of the type `long`."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "'": "'", '"': '"', "\\": "\\"}
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "tick": 1e-7}


def read_tokens(query: str) -> list[Token]:
    """Return the tokens of a query, followed by an END.

    Text that is no token, or a literal of no value, is an UnreadableError.
    """
    return list(_scan(query))


def _scan(query: str) -> Iterator[Token]:
    start, line, line_start = 0, 1, 0
    while start < len(query):
        match = _PATTERN.match(query, start)
        here = Token(TokenKind.SIGN, query[start : start + 20], line, start - line_start, start)
        if match is None:
            quoted = query[start] in "'\"@"
            raise UnreadableError(here, query[start] if quoted else "a token of KQL")
        end = match.end()
        if match.lastgroup == "typed":
            end = _end_of_typed_literal(query, match.end(), here)
        text = query[start:end]
        if match.lastgroup != "blank":
            yield _make_token(str(match.lastgroup), text, here)
        if "\n" in text:
            line += text.count("\n")
            line_start = start + text.rindex("\n") + 1
        start = end
    yield Token(TokenKind.END, "<EOF>", line, start - line_start, start)


def _make_token(group: str, text: str, here: Token) -> Token:
    def token_of(kind: TokenKind, value: object = None) -> Token:
        return Token(kind, text, here.line, here.position, here.start, value)

    if group == "name":
        if text.endswith("~") and text != "in~":
            raise UnreadableError(here, "a token of KQL")
        return token_of(TokenKind.SIGN if text == "in~" else TokenKind.NAME)
    if group == "sign":
        return token_of(TokenKind.SIGN)
    try:
        return token_of(TokenKind.LITERAL, _VALUES[group](text))
    except (ValueError, OverflowError, RecursionError):
        raise UnreadableError(token_of(TokenKind.LITERAL), f"a literal ({group})") from None


def _end_of_typed_literal(query: str, start: int, here: Token) -> int:
    """Return the end of a literal of the form TYPE(...), after its parenthesis.

    Raises:
        UnreadableError: the parenthesis is not closed.
    """
    depth, quote = 1, ""
    position = start
    while position < len(query):
        character = query[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return position + 1
        position += 1
    raise UnreadableError(here, ")")


def _parse_string(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), text[1:-1])


def _parse_verbatim(text: str) -> str:
    return text[2:-1].replace(text[1] * 2, text[1])


def _parse_number(text: str) -> int | float:
    if text.startswith("0x"):
        number: int | float = int(text, 16)
    else:
        number = int(text) if text.isdigit() else float(text)
    if abs(number) > LARGEST_LONG and isinstance(number, int):
        raise OverflowError(text)
    return number


def read_span(text: str) -> timedelta:
    """Return a timespan: `7d`, `1.5h`, `[d.]hh:mm:ss`.

    Raises:
        ValueError: the text is none.
    """
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*(ms|d|h|m|s|tick)?", text)
    if match is not None:
        return timedelta(seconds=float(match[1]) * _UNITS[match[2] or "d"])
    clock = re.fullmatch(r"(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?", text)
    if clock is None:
        raise ValueError(text)
    days, hours, minutes, seconds = (float(part or 0) for part in clock.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def read_moment(text: str) -> datetime:
    """Return a datetime in UTC from ISO 8601; any other text is a ValueError."""
    # Resource providers write seven digits of a second; Python takes six at most on the way back.
    shortened = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    moment = datetime.fromisoformat(shortened)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _parse_typed(text: str) -> object:
    word, _, rest = text.partition("(")
    kind, inner = word.strip(), rest[:-1].strip()
    if kind == "dynamic":
        return json.loads(inner)
    inner = inner.strip("'\"")
    if inner == "null":
        return None
    if kind in ("datetime", "date"):
        return read_moment(inner)
    return inner.lower() if kind == "guid" else read_span(inner)


_VALUES = {
    "string": _parse_string,
    "verbatim": _parse_verbatim,
    "number": _parse_number,
    "span": read_span,
    "typed": _parse_typed,
}
