"""Changes single values in the text of a YAML file, and leaves everything else as it stands.

Comments, order, quotes, line ends and indentation are the author's: only the characters of one
scalar are replaced, or one entry is added. Whoever edits reads the result again before it is kept.

Called by `workflow.version_parameter`.
"""

import re
from collections.abc import Mapping

from provisioner.blueprint.yaml_source import Node
from provisioner.model.span import Span

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_PREFIX = r"(?:[&!]\S*[ \t]+)*"
"""The anchor and the tag before a scalar."""


class NotEditableError(Exception):
    """A place whose text is not what an edit expects, as the end of a sentence about it."""


def replace_scalar(text: str, node: Node, value: str) -> str:
    """Return a text with another value at a scalar that was read from it.

    Quotes stay as they are; a value without any gets double ones, because 1.35 would be a number.

    Raises:
        NotEditableError: For a scalar that is written with escapes or over several lines.
    """
    at = _offset_of(text, node.span)
    stated = re.escape(str(node.value))
    found = re.compile(f"({_PREFIX})(?:(['\"]){stated}\\2|{stated}(?=[\\s,\\]}}#]|$))").match(
        text, at
    )
    if found is None:
        raise NotEditableError("is not written as a plain text")
    quote = found[2] or '"'
    return f"{text[:at]}{found[1]}{quote}{value}{quote}{text[found.end() :]}"


def insert_entry(text: str, root: Node, name: str, key: str, value: str) -> str:
    """Return a text with an entry `key: "value"` in the mapping `name` of its root.

    It is put first, below the line of `name`, indented as the entries there; a mapping that is
    missing is made at the end of the text.

    Raises:
        NotEditableError: For a mapping that is written in a way that leaves no place for it.
    """
    entry = f'{key}: "{value}"'
    mapping = root.get(name)
    newline = _newline_of(text)
    if mapping is None:
        gap = "" if not text or _BREAK.search(text[-1]) else newline
        return f"{text}{gap}{name}:{newline}  {entry}{newline}"
    if not isinstance(mapping.value, Mapping) or not mapping.key_spans:
        raise NotEditableError("is empty")
    first = min(mapping.key_spans.values(), key=lambda span: (span.line, span.column))
    at = _offset_of(text, first)
    if text[_offset_of(text, mapping.span) :][:1] == "{":
        return f"{text[:at]}{entry}, {text[at:]}"
    heading = root.key_spans[name].line
    starts = _line_starts(text)
    if first.line <= heading:
        raise NotEditableError("is merged from another place")
    below = starts[heading]
    return f"{text[:below]}{' ' * (first.column - 1)}{entry}{newline}{text[below:]}"


def _offset_of(text: str, span: Span) -> int:
    return _line_starts(text)[span.line - 1] + span.column - 1


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in _BREAK.finditer(text))]


def _newline_of(text: str) -> str:
    found = _BREAK.search(text)
    return found[0] if found else "\n"
