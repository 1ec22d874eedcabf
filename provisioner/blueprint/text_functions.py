"""Functions of expressions on text: the ones that Bicep and Terraform have, under one name each.

The subject is the first argument, as in Bicep, so that `names.join(",")` reads as a method too.
Whatever can make a text longer than what it reads is bounded before it makes one; every result is
charged to the budget by its size (`expression_limits`).

Registered by `blueprint.functions`.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping

from provisioner.model.secret_values import holds_secret

MAX_TEXT = 8_000_000
"""Characters of a text that a function makes: `expression_limits.MAX_VALUE`, 16 to a unit."""
MAX_WIDTH = 1_000
"""Characters to which `padLeft` and `format` pad one value."""
MAX_JSON_DEPTH = 64
"""Levels of lists and maps that `jsonDecode` reads: as many as a file may have."""

_VERB = re.compile(r"%(?P<flags>[-0]?)(?P<width>[0-9]*)(\.(?P<digits>[0-9]{1,2}))?(?P<verb>.?)")
_INTEGERS = range(-(2**63), 2**63)


def lower(text: str) -> str:
    """Return `text` in lower case."""
    return text.lower()


def upper(text: str) -> str:
    """Return `text` in upper case."""
    return text.upper()


def trim(text: str) -> str:
    """Return `text` without the white space at both ends."""
    return text.strip()


def replace(text: str, old: str, new: str) -> str:
    """Return `text` with every `old` replaced by `new`.

    Raises:
        ValueError: For an empty `old`.
    """
    if not old:
        raise ValueError("the string to replace is empty (the second argument)")
    _check_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


def split(text: str, separator: str) -> list[str]:
    """Return the parts of `text` between its separators.

    Raises:
        ValueError: For an empty separator.
    """
    if not separator:
        raise ValueError("the separator is empty")
    return text.split(separator)


def join(items: list[object], separator: str) -> str:
    """Return texts, numbers and booleans as one text, with `separator` between them."""
    texts = [text_of(item) for item in items]
    _check_length(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def substring(text: str, start: int, length: int) -> str:
    """Return `length` characters from `start` (from 0).

    Raises:
        ValueError: Where these lie outside of the text.
    """
    if start < 0 or length < 0 or start + length > len(text):
        raise ValueError(
            f"the text has {len(text)} characters; there are no {length} from character {start}"
        )
    return text[start : start + length]


def pad_left(value: object, length: int, padding: str = " ") -> str:
    """Return a text or number, padded to `length` characters at its beginning.

    Raises:
        ValueError: For a padding that is not one character, and for a length above `MAX_WIDTH`.
    """
    if len(padding) != 1:
        raise ValueError(f"the padding is {padding!r}; expected one character")
    if length > MAX_WIDTH:
        raise ValueError(f"the length is {length}; expected at most {MAX_WIDTH:,}")
    return text_of(value).rjust(length, padding)


def format_text(pattern: str, *values: object) -> str:
    """Return `pattern` with its verbs replaced by `values`, as Terraform's `format` does.

    `%s` takes a text, number or boolean, `%d`, `%x`, `%X` and `%b` an integer, `%f` a number (6
    digits, `%.2f` for 2), `%%` is a percent sign. `%5s` pads to 5 characters, `%-5s` at the end,
    `%03d` with zeros.

    Raises:
        ValueError: For other verbs and for another number of values.
    """
    left = list(values)
    written: list[str] = []
    done = 0
    for match in _VERB.finditer(pattern):
        written += [pattern[done : match.start()], _format_verb(match, left)]
        done = match.end()
    if left:
        places = len(values) - len(left)
        raise ValueError(f"{pattern!r} takes {places} values; {len(values)} are given")
    written.append(pattern[done:])
    _check_length(sum(map(len, written)))
    return "".join(written)


def _format_verb(match: re.Match[str], left: list[object]) -> str:
    verb, width = match["verb"], int((match["width"] or "0")[:9])
    if match.group() == "%%":
        return "%"
    if verb not in ("s", "d", "x", "X", "b", "f"):
        raise ValueError(
            f"{match.group()!r} is not a verb; there are %s, %d, %x, %X, %b, %f and %%"
        )
    if width > MAX_WIDTH:
        raise ValueError(f"{match.group()!r} pads to {width}; expected at most {MAX_WIDTH:,}")
    if not left:
        raise ValueError(f"there is no value for {match.group()!r}")
    value = left.pop(0)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if verb == "s":
        shown = text_of(value)
        return shown.ljust(width) if match["flags"] == "-" else shown.rjust(width)
    if not is_number or (verb != "f" and not isinstance(value, int)):
        expected = "a number" if verb == "f" else "a whole number"
        raise ValueError(f"{match.group()!r} is given {text_of(value)!r}; expected {expected}")
    align = "<" if match["flags"] == "-" else ""
    zero = "0" if match["flags"] == "0" else ""
    digits = f".{match['digits'] or 6}" if verb == "f" else ""
    return f"{value:{align}{zero}{width or ''}{digits}{verb}}"


def base64_encode(text: str) -> str:
    """Return the base64 of a text in UTF-8."""
    return base64.b64encode(text.encode()).decode()


def base64_decode(text: str) -> str:
    """Return the text, in UTF-8, of which `text` is the base64.

    Raises:
        ValueError: For what is no base64, or whose content is no UTF-8.
    """
    try:
        return base64.b64decode(text, validate=True).decode()
    except binascii.Error:
        raise ValueError("the text is not base64") from None
    except UnicodeDecodeError:
        raise ValueError("what the base64 holds is not a string in UTF-8") from None


def json_encode(value: object) -> str:
    """Return a value as JSON without white space, the keys of its maps in order.

    Raises:
        ValueError: For a value that holds a secret by a name (in a text nothing would know it), or
            what JSON has not.
    """
    if holds_secret(value):
        raise ValueError("the value holds a secret, and no file may hold one")
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except (TypeError, ValueError):
        raise ValueError("the value holds something that JSON has not, such as a time") from None


def json_decode(text: str) -> object:
    """Return the value that a JSON text holds.

    Raises:
        ValueError: For what is no JSON, with the place of the mistake; for duplicate keys, too many
            levels, and integers beyond 64 bits.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except json.JSONDecodeError as problem:
        raise ValueError(
            f"the text is not JSON: {problem.msg} at line {problem.lineno}, column {problem.colno}"
        ) from None
    except RecursionError:
        raise ValueError(_too_deep()) from None
    _check_json(value)
    return value


def text_of(value: object) -> str:
    """Return a text, number or boolean as text.

    Raises:
        ValueError: For anything else.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    kind = "null" if value is None else "a list" if isinstance(value, list) else "a map"
    raise ValueError(f"{kind} is given; expected a text, a number or a boolean")


def _check_length(characters: int) -> None:
    if characters > MAX_TEXT:
        raise ValueError(f"the text would have {characters:,} characters; at most {MAX_TEXT:,}")


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("the JSON has an object with one key twice")
    return found


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"the text is not JSON: it has no {constant}")


def _too_deep() -> str:
    return f"the JSON nests lists and objects more than {MAX_JSON_DEPTH} levels deep"


def _check_json(value: object) -> None:
    """Check that an expression can hold a value of JSON.

    Raises:
        ValueError: For too many levels, and for integers beyond 64 bits.
    """
    level: list[object] = [value]
    for _ in range(MAX_JSON_DEPTH + 1):
        below: list[object] = []
        for one in level:
            if isinstance(one, Mapping):
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
            elif isinstance(one, int) and one not in _INTEGERS:
                raise ValueError(f"the JSON has the number {str(one)[:40]}, beyond 64 bits")
        if not below:
            return
        level = below
    raise ValueError(_too_deep())
