"""The grammar of template expressions: literals, calls, properties, indexes, namespaced functions.

Hand-written, since no library parses it. Parsed expressions are cached: a template repeats the same
few in every resource. Source: "ARM template syntax and expressions".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from provisioner.simulator.template_language.template_errors import (
    InvalidTemplateError,
    TemplateError,
    Value,
)

LONGEST_EXPRESSION = 24_576
"""In characters ("ARM template limits")."""
_DEEPEST = 100
"""Calls, properties and indexes within each other; a bound of the built-in Azure's own."""

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_$][A-Za-z0-9_$]*)|(?P<number>-?\d+)"
    r"|(?P<mark>[()\[\].,]))"
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A string or an integer."""

    value: str | int


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments; a user-defined function is `namespace.name`."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A property of an object, or an item of an array."""

    of: "Expression"
    key: "Expression"


Expression: TypeAlias = Literal | Call | Member


def is_expression(text: str) -> bool:
    """Return whether a text is an expression; `[[` escapes a literal bracket."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def parse_expression(text: str) -> Expression | None:
    """Return the expression that a text is, or None for a literal text.

    A malformed expression is a TemplateError.
    """
    return _parse(text) if is_expression(text) else None


@lru_cache(maxsize=8192)
def _parse(text: str) -> Expression:
    if len(text) > LONGEST_EXPRESSION:
        raise InvalidTemplateError(
            f"The language expression length limit exceeded. Limit: '{LONGEST_EXPRESSION}' and "
            f"actual: '{len(text)}'"
        )
    return _Parser(text[1:-1]).read()


def calls_in(value: Value) -> Iterator[Call]:
    """Yield every call in the expressions inside of a JSON value."""
    if isinstance(value, str):
        found = parse_expression(value)
        if found is not None:
            yield from calls_of(found)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from calls_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from calls_in(item)


def calls_of(expression: Expression) -> Iterator[Call]:
    """Yield every call in an expression, outer calls first."""
    if isinstance(expression, Call):
        yield expression
        for argument in expression.arguments:
            yield from calls_of(argument)
    elif isinstance(expression, Member):
        yield from calls_of(expression.of)
        yield from calls_of(expression.key)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._parse_error(position)
            kind = match.lastgroup or ""
            self._tokens.append((kind, match[kind], match.start(kind)))
            position = match.end()
        self._next = 0
        self._depth = 0

    def read(self) -> Expression:
        """Return the whole text as one expression; anything after it is a TemplateError."""
        found = self._read_expression()
        if self._next != len(self._tokens):
            raise self._error_at_token()
        return found

    def _read_expression(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InvalidTemplateError(
                f"The language expression is nested deeper than '{_DEEPEST}' levels"
            )
        kind, word = self._take()
        found: Expression
        if kind == "text":
            found = Literal(word[1:-1].replace("''", "'"))
        elif kind == "number":
            found = Literal(int(word))
        elif kind == "name":
            if self._peek() == ".":
                self._take()
                word = f"{word}.{self._read_name()}"
            self._expect("(")
            found = Call(word, self._read_arguments())
        else:
            self._next -= 1
            raise self._error_at_token()
        while self._peek() in (".", "["):
            _, mark = self._take()
            if mark == ".":
                found = Member(found, Literal(self._read_name()))
            else:
                found = Member(found, self._read_expression())
                self._expect("]")
        self._depth -= 1
        return found

    def _read_arguments(self) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while self._peek() != ")":
            if found:
                self._expect(",")
            found.append(self._read_expression())
        self._expect(")")
        return tuple(found)

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self._next >= len(self._tokens):
            raise self._error_at_token()
        self._next += 1
        kind, word, _ = self._tokens[self._next - 1]
        return kind, word

    def _read_name(self) -> str:
        kind, word = self._take()
        if kind != "name":
            self._next -= 1
            raise self._error_at_token()
        return word

    def _expect(self, word: str) -> None:
        if self._peek() != word:
            raise self._error_at_token()
        self._next += 1

    def _error_at_token(self) -> TemplateError:
        ended = self._next >= len(self._tokens)
        return self._parse_error(len(self._text) if ended else self._tokens[self._next][2])

    def _parse_error(self, position: int) -> TemplateError:
        return InvalidTemplateError(
            f"Unable to parse language expression '{self._text}': the string character at "
            f"position '{position}' is not expected"
        )
