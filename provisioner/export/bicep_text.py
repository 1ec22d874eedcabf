"""Bicep syntax of values: literals, objects, arrays, property access and string interpolation."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from provisioner.export.terms import Call, Exported, Read, Term

ReadExpression: TypeAlias = Callable[[Read], str]
"""Returns the expression of a read, which depends on the file that contains it."""

IdExpression: TypeAlias = Callable[[str], str | None]
"""Returns the expression of a text that is the id of a declared resource, or None."""

INDENT = "  "
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset({"true", "false", "null"})
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Writer:
    """Writes values in Bicep's syntax.

    `say` returns the expression of a read; `refer` that of a text which is a resource id.
    """

    def __init__(self, say: ReadExpression, refer: IdExpression = lambda _text: None) -> None:
        self._read_expression = say
        self._id_expression = refer

    def write(self, value: Exported, indent: str = "") -> str:
        """Return a value, its first line without indentation."""
        if isinstance(value, Mapping):
            entries = [
                f"{write_key(key)}: {self.write(item, indent + INDENT)}"
                for key, item in value.items()
            ]
            return write_block("{", entries, "}", indent)
        if isinstance(value, (list, tuple)):
            entries = [self.write(item, indent + INDENT) for item in value]
            return write_block("[", entries, "]", indent)
        return self._scalar(value)  # type: ignore[arg-type]

    def _scalar(self, value: Term | float | None) -> str:
        if isinstance(value, (Read, Call)):
            return self._express(value)
        if isinstance(value, str):
            return self._id_expression(value) or quote(value)
        if value is None or isinstance(value, bool):
            return "null" if value is None else str(value).lower()
        # Bicep has no literal for a number with a fraction.
        return f"json('{value}')" if isinstance(value, float) else str(value)

    def _express(self, term: Term) -> str:
        if isinstance(term, Read):
            return self._read_expression(term)
        if not isinstance(term, Call):
            return self._scalar(term)
        if term.function == "concat":
            return "'" + "".join(self._part(part) for part in term.arguments) + "'"
        arguments = ", ".join(self._express(argument) for argument in term.arguments)
        return f"{term.function}({arguments})"

    def _part(self, part: Term) -> str:
        if isinstance(part, str):
            return quote(part)[1:-1]
        if isinstance(part, Call) and part.function == "string":
            # What is put into a text becomes one.
            return "${" + self._express(part.arguments[0]) + "}"
        return "${" + self._express(part) + "}"


def write_block(opening: str, entries: list[str], closing: str, indent: str = "") -> str:
    """Return entries in brackets, one a line; the brackets alone if there are none."""
    if not entries:
        return opening + closing
    lines = "".join(f"{indent}{INDENT}{entry}\n" for entry in entries)
    return f"{opening}\n{lines}{indent}{closing}"


def write_key(key: str) -> str:
    """Return the name of a property, quoted where it is no identifier."""
    return key if _NAME.fullmatch(key) and key not in _WORDS else quote(key)


def write_steps(path: tuple[str | int, ...]) -> str:
    """Return the property access for a path."""
    return "".join(
        f"[{step}]"
        if isinstance(step, int)
        else f".{step}"
        if _NAME.fullmatch(step)
        else f"[{quote(step)}]"
        for step in path
    )


def quote(text: str) -> str:
    """Return a text as a literal of Bicep (Bicep, data types: escape characters)."""
    escaped = "".join(_ESCAPES.get(mark, mark) for mark in text)
    return "'" + escaped.replace("${", "\\${") + "'"
