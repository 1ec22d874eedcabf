"""The expressions of ARM templates: `[concat('a', parameters('b').c[0])]`.

What is read is the whole grammar (literals, calls, properties, indexes); the functions are those
that whoever evaluates gives. Facts: "ARM template syntax and expressions".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from provisioner.simulator.protocol.errors import RefusalError

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>-?\d+)"
    r"|(?P<mark>[()\[\].,]))"
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a whole number."""

    value: str | int


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A property of an object, or an entry of an array."""

    of: "Expression"
    key: "Expression"


Expression: TypeAlias = Literal | Call | Member
Functions: TypeAlias = Mapping[str, Callable[..., Any]]
"""Functions by their name in lower case."""


def invalid_template(message: str) -> RefusalError:
    """Return the refusal of a template that cannot be deployed as it is written."""
    said = f"Deployment template validation failed: '{message}'."
    return RefusalError(400, "InvalidTemplate", said)


def read_expression(text: str) -> Expression | None:
    """Return the expression that a text is, or None for a plain one. Raises RefusalError."""
    if not (text.startswith("[") and text.endswith("]")) or text.startswith("[["):
        return None
    return _Reader(text[1:-1]).read()


def unescape(text: str) -> str:
    """Return what a plain text means: `[[x]` is `[x]`."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


def calls_in(value: object) -> Iterator[Call]:
    """Yield every call in the expressions inside a JSON value."""
    if isinstance(value, str):
        found = read_expression(value)
        if found is not None:
            yield from _calls(found)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from calls_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from calls_in(item)


def _calls(expression: Expression) -> Iterator[Call]:
    if isinstance(expression, Call):
        yield expression
        for argument in expression.arguments:
            yield from _calls(argument)
    elif isinstance(expression, Member):
        yield from _calls(expression.of)
        yield from _calls(expression.key)


def evaluate(value: object, functions: Functions) -> Any:  # noqa: ANN401  JSON of any shape
    """Return a JSON value with its expressions evaluated. Raises RefusalError."""
    if isinstance(value, str):
        found = read_expression(value)
        return unescape(value) if found is None else _evaluate(found, functions)
    if isinstance(value, Mapping):
        return {key: evaluate(item, functions) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluate(item, functions) for item in value]
    return value


def _evaluate(expression: Expression, functions: Functions) -> Any:  # noqa: ANN401
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Call):
        function = functions.get(expression.function.lower())
        if function is None:
            raise unknown_function(expression.function)
        arguments = [_evaluate(argument, functions) for argument in expression.arguments]
        try:
            return function(*arguments)
        except (TypeError, ValueError) as problem:
            raise invalid_template(f"{expression.function}: {problem}") from None
    return _member(_evaluate(expression.of, functions), _evaluate(expression.key, functions))


def _member(found: object, key: object) -> Any:  # noqa: ANN401
    if isinstance(found, Mapping) and isinstance(key, str):
        for name, item in found.items():
            if name.lower() == key.lower():
                return item
        raise invalid_template(
            f"The language expression property '{key}' doesn't exist, available properties are "
            f"'{', '.join(found)}'"
        )
    if isinstance(found, list) and isinstance(key, int) and 0 <= key < len(found):
        return found[key]
    raise invalid_template(f"The language expression property '{key}' can't be evaluated")


def unknown_function(name: str) -> RefusalError:
    """Return the refusal of a function that is not there."""
    return invalid_template(f"The template function '{name}' is not valid")


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._refusal(position)
            self._tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
            position = match.end()
        self._next = 0

    def read(self) -> Expression:
        """Return the whole as one expression."""
        found = self._expression()
        if self._next != len(self._tokens):
            raise self._refusal(self._next)
        return found

    def _expression(self) -> Expression:
        kind, word = self._take()
        found: Expression
        if kind == "text":
            found = Literal(word[1:-1].replace("''", "'"))
        elif kind == "number":
            found = Literal(int(word))
        elif kind == "name":
            self._expect("(")
            found = Call(word, self._arguments())
        else:
            raise self._refusal(self._next)
        while self._peek() in (".", "["):
            _, mark = self._take()
            if mark == ".":
                found = Member(found, Literal(self._take()[1]))
            else:
                found = Member(found, self._expression())
                self._expect("]")
        return found

    def _arguments(self) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while self._peek() != ")":
            if found:
                self._expect(",")
            found.append(self._expression())
        self._expect(")")
        return tuple(found)

    def _peek(self) -> str:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self._next >= len(self._tokens):
            raise self._refusal(self._next)
        self._next += 1
        return self._tokens[self._next - 1]

    def _expect(self, word: str) -> None:
        if self._take()[1] != word:
            raise self._refusal(self._next)

    def _refusal(self, position: int) -> RefusalError:
        return invalid_template(
            f"The language expression '{self._text}' is not valid: the string character at "
            f"position '{position}' is not expected"
        )
