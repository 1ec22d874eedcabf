"""JSON as Azure Resource Manager accepts it: Json.NET's dialect, a superset of the standard.

`az deployment` pastes the template file's text into a body that it builds by hand: the key
`template` has no quotes, comments and the line ends of multi-line strings stay. Json.NET accepts
all of it, strings in single quotes and trailing commas too.

Whatever is more than JSON is rewritten in one pass of a regular expression, and the standard
library parses the rest: a JSON5 parser refuses line ends in strings, and is far slower.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from provisioner.simulator.template_language.template_errors import Path, Value

# No part of a pattern gives back what it has matched (`*+`), and what is not closed reaches to the
# end: a text is read in time that grows with its length, whatever is in it.
_COMMENT = r"(?://[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?)"
_SPACE = rf"(?:\s|{_COMMENT})*+"
_STRING = r'"(?:[^"\\]|\\.)*+"?'
_SINGLE = r"'(?:[^'\\]|\\.)*+'?"
_MORE = re.compile(
    rf"""
      {_STRING}
    | (?P<comment> {_COMMENT} )
    | (?P<single> {_SINGLE} )
    | (?P<comma> ,(?={_SPACE}[\]}}]) )                       # before a closing bracket
    | (?P<key> (?<![\w$])[A-Za-z_$][\w$]*+ (?={_SPACE}:) )
    """,
    re.VERBOSE | re.DOTALL,
)
_TOKEN = re.compile(
    rf"""{_SPACE} (?P<token> {_STRING} | {_SINGLE} | [{{}}\[\],:] | [^\s{{}}\[\],:"'/]+ )""",
    re.VERBOSE | re.DOTALL,
)
_DEEPEST = 128
"""Levels of objects and arrays within each other; a bound of the built-in Azure's own."""


class RelaxedJsonError(ValueError):
    """A text is no JSON, not even with Json.NET's additions."""


class TooDeepError(RelaxedJsonError):
    """Objects and arrays are nested deeper than the parser accepts."""

    def __init__(self) -> None:
        super().__init__(f"it is nested deeper than {_DEEPEST} levels")


def read_json(text: str) -> Value:
    """Return the value of a text.

    Raises:
        RelaxedJsonError: the text is no JSON (with line and column), or is nested too deep.
    """
    try:
        found = _load_strict(text)
    except ValueError:
        try:
            found = _load_strict(_MORE.sub(_standard_json, text))
        except ValueError as problem:
            raise RelaxedJsonError(str(problem)) from None
    _check_depth(found)
    return found


def _load_strict(text: str) -> Value:
    try:
        return json.loads(text, strict=False, parse_constant=_refuse_constant)
    except RecursionError:
        raise TooDeepError from None


def _check_depth(value: Value) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            item
            for one in level
            if isinstance(one, (dict, list))
            for item in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise TooDeepError


def _refuse_constant(word: str) -> Any:  # noqa: ANN401  the signature that the reader wants
    raise ValueError(f"{word} is no JSON")


def _standard_json(match: re.Match[str]) -> str:
    """Return standard JSON for a token.

    The line ends of a comment stay, so that errors name the right line.
    """
    whole = match[0]
    if match["comment"]:
        return re.sub(r"[^\r\n]", " ", whole)
    if match["comma"]:
        return " "
    if match["key"]:
        return f'"{whole}"'
    if match["single"]:
        return '"' + _ESCAPE.sub(_double_quoted, whole[1:].removesuffix("'")) + '"'
    return whole


_ESCAPE = re.compile(r"\\(?P<escaped>.)|\"", re.DOTALL)


def _double_quoted(match: re.Match[str]) -> str:
    """Return a part of a string in single quotes as one in double quotes has it."""
    if match["escaped"] == "'":
        return "'"
    return match[0] if match["escaped"] else '\\"'


def locate(text: str, path: Path) -> tuple[int, int] | None:
    """Return line and column (from 1) of the value at a path; None where there is none."""
    tokens = _scan_tokens(text)
    found = _position_of(tokens, list(path), next(tokens, ("", 0)))
    if found is None:
        return None
    line = text.count("\n", 0, found) + 1
    return line, found - text.rfind("\n", 0, found)


def _scan_tokens(text: str) -> Iterator[tuple[str, int]]:
    position = 0
    while (match := _TOKEN.match(text, position)) is not None:
        yield match["token"], match.start("token")
        position = match.end()


def _position_of(
    tokens: Iterator[tuple[str, int]], path: list[str | int], start: tuple[str, int]
) -> int | None:
    """Return the position of the value that starts with a token, or of a value within it."""
    token, position = start
    for step in path:
        if isinstance(step, str) and token == "{":
            entry = _value_of_key(tokens, step)
        elif isinstance(step, int) and token == "[":
            entry = _nth_item(tokens, step)
        else:
            return None
        if entry is None:
            return None
        token, position = entry
    return position


def _value_of_key(tokens: Iterator[tuple[str, int]], wanted: str) -> tuple[str, int] | None:
    """Return the first token of a key's value, in an object whose `{` has been read."""
    for token, _ in tokens:
        if token == "}":
            return None
        if token == ",":
            continue
        next(tokens, None)
        value = next(tokens, None)
        if value is None or _unquoted_key(token) == wanted:
            return value
        _skip_value(tokens, value[0])
    return None


def _nth_item(tokens: Iterator[tuple[str, int]], index: int) -> tuple[str, int] | None:
    for token, position in tokens:
        if token == "]":
            return None
        if token == ",":
            continue
        if index == 0:
            return token, position
        index -= 1
        _skip_value(tokens, token)
    return None


def _skip_value(tokens: Iterator[tuple[str, int]], token: str) -> None:
    depth = 1 if token in "{[" else 0
    while depth:
        token, _ = next(tokens, ("", 0))
        if token == "":
            return
        depth += (token in "{[") - (token in "}]")


def _unquoted_key(token: str) -> str:
    if token[:1] not in "\"'":
        return token
    try:
        return str(json.loads('"' + token[1:-1] + '"', strict=False))
    except ValueError:
        return token[1:-1]
