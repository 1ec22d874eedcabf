"""Translation of CEL expressions that are unknown before apply into template expressions.

An Unknown holds CEL. Template languages have little in common with it: reading a property, string
concatenation, `lower`, `replace`, `string`, and a conditional whose condition is known already.
Everything else is refused, with the resource that states it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from provisioner.blueprint.expression import (
    ExpressionError,
    compile_expression,
    evaluate,
)
from provisioner.blueprint.graph import DesiredGraph
from provisioner.model.values import ABSENT, Bound, ResourceValue, Unknown, Value, lookup

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A property of the resource at an address, read when the template is deployed."""

    address: str
    path: Path


@dataclass(frozen=True, slots=True)
class Call:
    """A function over terms: concat, toLower, replace or string, which ARM and Bicep both have."""

    function: str
    arguments: tuple["Term", ...]


Term: TypeAlias = str | int | bool | Read | Call

Exported: TypeAlias = (
    bool | int | float | str | Read | Call | Sequence["Exported"] | Mapping[str, "Exported"] | None
)
"""A Value whose Unknown leaves are terms."""


class NotExportableError(Exception):
    """A value that a template cannot express; the message says why."""


_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9]+)
      | (?P<mark>==|!=|<=|>=|&&|\|\||[^\sA-Za-z0-9_"']))""",
    re.VERBOSE,
)
_FUNCTIONS = {"lower": ("toLower", 1), "string": ("string", 1), "replace": ("replace", 3)}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def export_value(value: Value, graph: DesiredGraph) -> Exported:
    """Return a value with a term in the place of each Unknown.

    An expression that a template cannot express is a NotExportableError.
    """
    if isinstance(value, Unknown):
        return _translate(value, graph)
    if isinstance(value, Mapping):
        return {key: export_value(item, graph) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [export_value(item, graph) for item in value]
    return value


def reads_in(value: Exported) -> list[Read]:
    """Return every read inside a value, in document order."""
    if isinstance(value, Read):
        return [value]
    children: Sequence[Exported] = ()
    if isinstance(value, Call):
        children = value.arguments
    elif isinstance(value, Mapping):
        children = list(value.values())
    elif isinstance(value, (list, tuple)):
        children = value
    return [read for child in children for read in reads_in(child)]


def _translate(unknown: Unknown, graph: DesiredGraph) -> Term:
    return _Translation(unknown, graph).translate()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    word: str
    start: int


class _Translation:
    """A recursive-descent translator of one CEL expression."""

    def __init__(self, unknown: Unknown, graph: DesiredGraph) -> None:
        self._unknown = unknown
        self._graph = graph
        self._tokens = [
            _Token(match.lastgroup or "", match[match.lastgroup or 0], match.start())
            for match in _TOKEN.finditer(unknown.expression)
        ]
        self._position = 0

    def translate(self) -> Term:
        """Return the term of the whole expression."""
        term = self._conditional()
        if self._peek():
            raise self._refusal(f"{self._peek()!r}")
        return term

    def _conditional(self) -> Term:
        question = self._question_mark()
        if question is None:
            return self._concatenation()
        condition = self._unknown.expression[
            self._tokens[self._position].start : self._tokens[question].start
        ]
        chosen = self._is_true(condition)
        self._position = question + 1
        first = self._branch(chosen)
        self._expect(":")
        second = self._branch(not chosen)
        found = first if chosen else second
        if found is None:
            raise self._refusal("null")
        return found

    def _branch(self, taken: bool) -> Term | None:
        """Read one side of a conditional; of the side that is not chosen, only its end counts."""
        if taken:
            return self._conditional()
        depth = 0
        while word := self._peek():
            if depth == 0 and word in (":", ")", ","):
                break
            depth += (word in "([{") - (word in ")]}")
            self._position += 1
        return None

    def _question_mark(self) -> int | None:
        depth = 0
        for position in range(self._position, len(self._tokens)):
            word = self._tokens[position].word
            depth += (word in "([{") - (word in ")]}")
            if depth < 0 or (depth == 0 and word in (",", ":")):
                return None
            if depth == 0 and word == "?":
                return position
        return None

    def _is_true(self, condition: str) -> bool:
        where: dict[str, Bound] = dict(self._unknown.where)
        try:
            value = evaluate(compile_expression(condition.strip()), where, self._known)
        except ExpressionError as problem:
            raise NotExportableError(str(problem)) from None
        if not isinstance(value, bool):
            raise self._refusal(f"a choice by `{condition.strip()}`")
        return value

    def _known(self, address: str) -> Mapping[str, Value] | None:
        resource = self._graph.resources.get(address)
        return resource.body if resource else None

    def _concatenation(self) -> Term:
        parts = [self._item()]
        while self._peek() == "+":
            self._position += 1
            parts.append(self._item())
        if len(parts) == 1:
            return parts[0]
        if not any(isinstance(part, str) or _is_text(part) for part in parts):
            raise self._refusal("a sum of what may be numbers")
        return Call("concat", tuple(parts))

    def _item(self) -> Term:
        if self._position >= len(self._tokens):
            raise self._refusal("its end")
        token = self._tokens[self._position]
        self._position += 1
        if token.kind == "text":
            return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), token.word[1:-1])
        if token.kind == "number":
            return int(token.word)
        if token.word == "(":
            inner = self._conditional()
            self._expect(")")
            return inner
        if token.kind == "name" and self._peek() == "(":
            return self._call(token.word)
        if token.kind == "name":
            return self._property_access(token.word)
        raise self._refusal(repr(token.word))

    def _call(self, name: str) -> Term:
        if name not in _FUNCTIONS:
            raise self._refusal(f"the function {name!r}")
        function, count = _FUNCTIONS[name]
        self._expect("(")
        arguments = [self._conditional()]
        while self._peek() == ",":
            self._position += 1
            arguments.append(self._conditional())
        self._expect(")")
        if len(arguments) != count:
            raise self._refusal(f"{name} of {len(arguments)}")
        return Call(function, tuple(arguments))

    def _property_access(self, root: str) -> Term:
        path: list[str | int] = []
        while self._peek() in (".", "["):
            opening = self._peek()
            self._position += 1
            token = self._tokens[self._position]
            self._position += 1
            if token.kind == "number":
                path.append(int(token.word))
            else:
                path.append(token.word[1:-1] if token.kind == "text" else token.word)
            if opening == "[":
                self._expect("]")
            elif self._peek() == "(":
                raise self._refusal(f"the function {token.word!r}")
        return self._resolve(self._unknown.where[root], tuple(path))

    def _resolve(self, bound: Bound, path: Path) -> Term:
        for position, step in enumerate(path):
            if isinstance(bound, ResourceValue):
                return self._known_or_read(Read(bound.address, path[position:]))
            if isinstance(bound, Unknown):
                term = _translate(bound, self._graph)
                if not isinstance(term, Read):
                    raise self._refusal("a property of a computed text")
                return self._known_or_read(Read(term.address, term.path + path[position:]))
            bound = bound[step]  # type: ignore[index]
        if isinstance(bound, Unknown):
            return _translate(bound, self._graph)
        if isinstance(bound, (str, int, bool)):
            return bound
        raise self._refusal("a whole object")

    def _known_or_read(self, read: Read) -> Term:
        """Return the value of a read, if it is known before apply: an id, a name, a property."""
        resource = self._graph.resources[read.address]
        found: object = {**resource.body, "id": resource.id.text, "name": resource.id.name}
        for step in read.path:
            if isinstance(step, int):
                inside = isinstance(found, (list, tuple)) and step < len(found)
                found = found[step] if inside else ABSENT  # type: ignore[index]
            else:
                found = lookup(found, (step,))
        if isinstance(found, Unknown):
            return _translate(found, self._graph)
        return found if isinstance(found, (str, int, bool)) else read

    def _peek(self) -> str:
        return self._tokens[self._position].word if self._position < len(self._tokens) else ""

    def _expect(self, word: str) -> None:
        if self._peek() != word:
            raise self._refusal(f"{self._peek()!r}")
        self._position += 1

    def _refusal(self, what: str) -> NotExportableError:
        return NotExportableError(
            f"a template has no word for {what} in `{self._unknown.expression}`"
        )


def _is_text(term: Term) -> bool:
    return isinstance(term, Call)
