"""Parser of a `$filter`.

Source: OData 3.0 URI conventions ("Filter System Query Option": operators, literals, functions) as
Azure's clients send it: names in any case, `identity/principalId` for a nested property, and times
and names without quotes (az role assignment list-changelogs). A quote within a string is doubled.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
_DEEPEST = 50
_TOKEN = re.compile(
    r"\s*(?:(?P<text>(?:datetimeoffset|datetime|guid)?'(?:[^']|'')*')"
    r"|(?P<mark>[(),])|(?P<word>[^\s(),']+))",
    re.IGNORECASE,
)


class FilterError(ValueError):
    """A `$filter` that is malformed or not supported; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Word:
    """A token without quotes: the name of a property, or a value."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted value, without its quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`: a condition (`atScope()`), or a side of a comparison."""

    name: str
    arguments: tuple["Operand", ...]


Operand: TypeAlias = Word | Text | Call


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`; the operator is one of COMPARISONS."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Negation:
    """`not condition`."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Combination:
    """Conditions joined by `and` or by `or`."""

    operator: str
    parts: tuple["Condition", ...]


Condition: TypeAlias = Call | Comparison | Negation | Combination


def parse_filter(text: str) -> Condition:
    """Return the condition of a `$filter`.

    Raises:
        FilterError: the text is malformed.
    """
    parser = _Parser(_tokenize(text))
    condition = parser.disjunction(0)
    if parser.peek() is not None:
        raise FilterError(f"'{parser.peek()}' is not expected there")
    return condition


def parts_of(condition: Condition) -> tuple[Condition, ...]:
    """Return the conditions joined by `and`; the condition itself if there is no `and`."""
    if isinstance(condition, Combination) and condition.operator == "and":
        return tuple(inner for part in condition.parts for inner in parts_of(part))
    return (condition,)


def _tokenize(text: str) -> list[str]:
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise FilterError(f"a quote is not closed: {text[position:].strip()[:100]}")
        tokens.append(match[match.lastgroup or 0])
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent: `or` binds weaker than `and`, `and` weaker than `not`."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokenize = tokens
        self._position = 0

    def peek(self) -> str | None:
        return self._tokenize[self._position] if self._position < len(self._tokenize) else None

    def disjunction(self, depth: int) -> Condition:
        return self._combination("or", depth)

    def _combination(self, operator: str, depth: int) -> Condition:
        parts: list[Condition] = []
        while True:
            parts.append(
                self._combination("and", depth) if operator == "or" else self._negation(depth)
            )
            if not self._take(operator):
                break
        return parts[0] if len(parts) == 1 else Combination(operator, tuple(parts))

    def _negation(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise FilterError(f"it is nested deeper than {_DEEPEST} levels")
        if self._take("not"):
            return Negation(self._negation(depth + 1))
        if self._take("("):
            inner = self.disjunction(depth + 1)
            self._expect(")")
            return inner
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Condition:
        left = self._operand(depth)
        operator = (self.peek() or "").lower()
        if operator in COMPARISONS:
            self._position += 1
            return Comparison(left, operator, self._operand(depth))
        if isinstance(left, Call):
            return left
        shown = self.peek() or "its end"
        raise FilterError(f"an operator ({', '.join(COMPARISONS)}) is expected before {shown}")

    def _operand(self, depth: int) -> Operand:
        token = self._next()
        if token in ("(", ")", ","):
            raise FilterError(f"a property or a value is expected instead of '{token}'")
        if token.endswith("'"):
            return Text(token.partition("'")[2][:-1].replace("''", "'"))
        if not self._take("("):
            return Word(token)
        arguments: list[Operand] = []
        if depth > _DEEPEST:
            raise FilterError(f"it is nested deeper than {_DEEPEST} levels")
        while not self._take(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._operand(depth + 1))
        return Call(token.lower(), tuple(arguments))

    def _take(self, word: str) -> bool:
        taken = (self.peek() or "").lower() == word
        self._position += taken
        return taken

    def _next(self) -> str:
        token = self.peek()
        if token is None:
            raise FilterError("it ends where a property or a value is expected")
        self._position += 1
        return token

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            shown = self.peek()
            raise FilterError(
                f"'{mark}' is expected {f'before {shown}' if shown else 'at its end'}"
            )
