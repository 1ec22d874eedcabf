"""JSON from a file or a stream, read within bounds of size, depth and number range.

Python's reader accepts too much from an untrusted source: it recurses as deep as the text nests,
converts integers of any length up to a limit of its own, reads NaN and Infinity, which are not JSON
(RFC 8259), and keeps the last of two properties of one name.
"""

import json
import math
import re
from typing import Any, NoReturn

from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.span import Span

MAX_CHARACTERS = 64_000_000
MAX_VALUES = 3_000_000
"""Counted by the commas and brackets of the text, those inside of texts too. Each value takes
about 100 bytes; a plan of 5,000 resources has some 400,000."""
MAX_DEPTH = 200

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


class _RefusedError(Exception):
    """A value that the reader refuses; its place is determined afterwards by `_explain`."""


def read_json(text: str, file: str) -> Any:  # noqa: ANN401  any JSON
    """Read one JSON value from a text; `file` is the name by which diagnostics refer to it.

    Raises:
        DiagnosticError: `not-json` with the place, or `too-large` with the bound that was exceeded.
    """
    _check_size(text, file)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as problem:
        place = Span(file, problem.lineno, problem.colno)
        raise DiagnosticError(error("not-json", f"it is not JSON: {problem.msg}.", place)) from None
    except (_RefusedError, RecursionError):
        _explain(text, file)
    if _depth_of(value) > MAX_DEPTH:
        _explain(text, file)
    return value


def _check_size(text: str, file: str) -> None:
    values = text.count(",") + text.count("[") + text.count("{")
    for what, size, bound in (
        ("characters", len(text), MAX_CHARACTERS),
        ("values", values, MAX_VALUES),
    ):
        if size > bound:
            _refuse("too-large", f"it has {size:,} {what}; at most {bound:,} are read", file)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RefusedError
    return found


def _integer(text: str) -> int:
    # 20 characters hold every integer of 64 bits; int() is slow for long ones, and refuses 4,300.
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise _RefusedError
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _RefusedError
    return number


def _refuse_constant(_text: str) -> NoReturn:
    raise _RefusedError


def _depth_of(value: object) -> int:
    """Return how deep lists and objects nest, without recursion."""
    deepest, level = 0, [value]
    while level := [
        child
        for one in level
        if isinstance(one, dict | list)
        for child in (one.values() if isinstance(one, dict) else one)
    ]:
        deepest += 1
        if deepest > MAX_DEPTH:
            break
    return deepest


def _explain(text: str, file: str) -> NoReturn:
    """Raise DiagnosticError for the first thing in a text that is refused, with its place."""
    opened: list[set[str] | None] = []
    previous = ""
    for match in _TOKEN.finditer(text):
        word, start = match.group(), match.start()
        if word in "[{":
            opened.append(set() if word == "{" else None)
            if len(opened) > MAX_DEPTH:
                what = f"lists and objects are nested more than {MAX_DEPTH} levels deep"
                _refuse("too-large", what, file, text, start)
        elif word in "]}" and opened:
            opened.pop()
        elif word[0] == '"':
            keys = opened[-1] if opened else None
            if keys is not None and previous in ("{", ","):
                key = json.loads(word, strict=False)
                if key in keys:
                    _refuse("not-json", f"the key {key!r} is duplicated", file, text, start)
                keys.add(key)
        elif word not in ",:" and _is_refused(word):
            shown = word if len(word) <= 30 else f"{word[:27]}… ({len(word):,} characters)"
            what = f"{shown} is not a number of 64 bits"
            _refuse("number-out-of-range", what, file, text, start)
        previous = word
    _refuse("not-json", "it cannot be read", file)


def _is_refused(word: str) -> bool:
    try:
        if re.fullmatch(r"-?[0-9]+", word):
            _integer(word)
        else:
            _float(word)
    except _RefusedError:
        return True
    except ValueError:
        return False
    return False


def _refuse(code: str, what: str, file: str, text: str = "", at: int = 0) -> NoReturn:
    span = Span(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    hint = "docs/untrusted-input.md lists the bounds." if code == "too-large" else None
    raise DiagnosticError(error(code, f"{what}.", span, hint))
