"""The scalar functions of KQL whose value depends on their arguments alone.

Source: "Scalar functions" of the KQL reference. Which of them Resource Graph accepts is not
documented one by one ("Supported KQL language elements"). Each private function is the KQL function
of its name.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.simulator.resource_graph.values import (
    IncomparableError,
    KqlValue,
    compile_pattern,
    is_number,
    text_of,
    to_bool,
    to_long,
    to_moment,
    to_number,
    to_timespan,
)

_LONGEST_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function: its implementation, argument count and result type.

    `most` None is any number. The types "first" and "second" are those of that argument.
    `keeps_name`: the column is named after the first argument.
    """

    call: Callable[..., Any]
    least: int
    most: int | None
    type: str
    keeps_name: bool = False


def _is_empty(value: KqlValue) -> bool:
    return text_of(value) == ""


def _split(text: KqlValue, by: KqlValue, wanted: KqlValue = None) -> KqlValue:
    separator = text_of(by)
    parts = text_of(text).split(separator) if separator else list(text_of(text))
    if wanted is None:
        return parts
    return [parts[wanted]] if isinstance(wanted, int) and 0 <= wanted < len(parts) else []


def _substring(text: KqlValue, start: KqlValue, length: KqlValue = None) -> str:
    whole, first = text_of(text), to_long(start) or 0
    first = max(first + len(whole), 0) if first < 0 else first
    if length is None:
        return whole[first:]
    return whole[first : first + max(to_long(length) or 0, 0)]


def _index_of(text: KqlValue, part: KqlValue, start: KqlValue = 0) -> int:
    return text_of(text).find(text_of(part), max(to_long(start) or 0, 0))


def _count_of(text: KqlValue, part: KqlValue, kind: KqlValue = "normal") -> int:
    if kind == "regex":
        # With a regular expression overlapping matches do not count ("countof()").
        return sum(1 for _ in compile_pattern(text_of(part)).finditer(text_of(text)))
    whole, sought = text_of(text), text_of(part)
    # Those that overlap count too, as the reference of that function says.
    return sum(whole.startswith(sought, at) for at in range(len(whole))) if sought else 0


def _replace(text: KqlValue, old: KqlValue, new: KqlValue) -> str:
    whole, sought = text_of(text), text_of(old)
    return _check_length(whole.replace(sought, text_of(new)) if sought else whole)


def _replace_regex(text: KqlValue, pattern: KqlValue, new: KqlValue) -> str:
    r"""Replace the matches of a pattern; `\0` of the new text is the match, `\1` its group 1."""
    template = text_of(new)

    def expand(match: Any) -> str:  # noqa: ANN401  google-re2 has no types
        return re.sub(r"\\([0-9\\])", lambda part: _group(match, part[1]), template)

    return _check_length(str(compile_pattern(text_of(pattern)).sub(expand, text_of(text))))


def _group(match: KqlValue, number: str) -> str:
    if number == "\\":
        return number
    if int(number) > len(match.groups()):
        raise IncomparableError(f"The pattern has no group {number}.")
    return match.group(int(number)) or ""


def _extract(pattern: KqlValue, group: KqlValue, text: KqlValue, kind: KqlValue = None) -> KqlValue:
    del kind
    match = compile_pattern(text_of(pattern)).search(text_of(text))
    number = to_long(group) or 0
    if match is None or not 0 <= number <= len(match.groups()):
        return ""
    return match.group(number) or ""


def _check_length(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise IncomparableError(f"A text has more than {_LONGEST_TEXT:,} characters.")
    return text


def _concatenate(*values: KqlValue) -> str:
    return _check_length("".join(text_of(value) for value in values))


def _concatenate_with(by: KqlValue, *values: KqlValue) -> str:
    return _check_length(text_of(by).join(text_of(value) for value in values))


def _case(*arguments: KqlValue) -> KqlValue:
    *pairs, otherwise = arguments
    for condition, value in zip(pairs[::2], pairs[1::2], strict=False):
        if condition is True:
            return value
    return otherwise


def _coalesce(*values: KqlValue) -> KqlValue:
    # An empty text counts as nothing for texts ("coalesce()").
    return next((value for value in values if value not in (None, "")), values[-1])


def _parse_json(value: KqlValue) -> KqlValue:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        # A text that is no JSON stays the text that it is ("parse_json()").
        return value


def _concatenate_array(value: KqlValue, by: KqlValue = ",") -> str:
    entries = value if isinstance(value, list) else []
    return _check_length(text_of(by).join(text_of(entry) for entry in entries))


def _array_index(value: KqlValue, sought: KqlValue) -> int | None:
    if not isinstance(value, list):
        return None
    return value.index(sought) if sought in value else -1


def _bag_keys(value: KqlValue) -> list[str] | None:
    return list(value) if isinstance(value, Mapping) else None


def _bag_pack(*pairs: KqlValue) -> dict[str, KqlValue]:
    return {text_of(n): v for n, v in zip(pairs[::2], pairs[1::2], strict=False)}


def _bin(value: KqlValue, step: KqlValue) -> KqlValue:
    if is_number(value) and is_number(step) and step > 0:
        return math.floor(value / step) * step
    moment, span = to_moment(value), to_timespan(step)
    if moment is None or span is None or not span:
        return None
    start = moment.min.replace(tzinfo=moment.tzinfo)
    return moment - (moment - start) % span


def _real(value: KqlValue) -> float | None:
    number = to_number(value)
    return None if number is None else float(number)


def _guid(value: KqlValue) -> str | None:
    text = text_of(value).lower()
    return text if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) else None


_TO_TEXT = Function(text_of, 1, 1, "string", keeps_name=True)
_TO_WHOLE = Function(to_long, 1, 1, "long", keeps_name=True)
_TO_REAL = Function(_real, 1, 1, "real", keeps_name=True)
_TO_TRUTH = Function(to_bool, 1, 1, "bool", keeps_name=True)
_FROM_JSON = Function(_parse_json, 1, 1, "dynamic", keeps_name=True)
_CHOICE = Function(lambda test, a, b: a if test is True else b, 3, 3, "second")
_BAG = Function(_bag_pack, 0, None, "dynamic")

FUNCTIONS: Mapping[str, Function] = {
    "tostring": _TO_TEXT,
    "toint": _TO_WHOLE,
    "tolong": _TO_WHOLE,
    "todouble": _TO_REAL,
    "toreal": _TO_REAL,
    "tobool": _TO_TRUTH,
    "toboolean": _TO_TRUTH,
    "todatetime": Function(to_moment, 1, 1, "datetime", keeps_name=True),
    "totimespan": Function(to_timespan, 1, 1, "timespan", keeps_name=True),
    "toguid": Function(_guid, 1, 1, "string", keeps_name=True),
    "tolower": Function(lambda value: text_of(value).lower(), 1, 1, "string"),
    "toupper": Function(lambda value: text_of(value).upper(), 1, 1, "string"),
    "todynamic": _FROM_JSON,
    "parse_json": _FROM_JSON,
    "strcat": Function(_concatenate, 1, 64, "string"),
    "strcat_delim": Function(_concatenate_with, 2, 64, "string"),
    "strcat_array": Function(_concatenate_array, 2, 2, "string"),
    "strlen": Function(lambda value: len(text_of(value)), 1, 1, "long"),
    "split": Function(_split, 2, 3, "dynamic"),
    "substring": Function(_substring, 2, 3, "string"),
    "indexof": Function(_index_of, 2, 3, "long"),
    "countof": Function(_count_of, 2, 3, "long"),
    "replace_string": Function(_replace, 3, 3, "string"),
    "replace_regex": Function(_replace_regex, 3, 3, "string"),
    "extract": Function(_extract, 3, 4, "string"),
    "trim": Function(
        lambda pattern, text: text_of(
            compile_pattern(f"^(?:{text_of(pattern)})+|(?:{text_of(pattern)})+$").sub(
                "", text_of(text)
            )
        ),
        2,
        2,
        "string",
    ),
    "isempty": Function(_is_empty, 1, 1, "bool"),
    "isnotempty": Function(lambda value: not _is_empty(value), 1, 1, "bool"),
    "notempty": Function(lambda value: not _is_empty(value), 1, 1, "bool"),
    "isnull": Function(lambda value: value is None, 1, 1, "bool"),
    "isnotnull": Function(lambda value: value is not None, 1, 1, "bool"),
    "notnull": Function(lambda value: value is not None, 1, 1, "bool"),
    "not": Function(lambda value: None if value is None else value is not True, 1, 1, "bool"),
    "iff": _CHOICE,
    "iif": _CHOICE,
    "case": Function(_case, 3, None, "second"),
    "coalesce": Function(_coalesce, 2, 64, "first"),
    "array_length": Function(lambda v: len(v) if isinstance(v, list) else None, 1, 1, "long"),
    "array_index_of": Function(_array_index, 2, 2, "long"),
    "bag_keys": Function(_bag_keys, 1, 1, "dynamic"),
    "bag_has_key": Function(
        lambda value, key: isinstance(value, Mapping) and text_of(key) in value, 2, 2, "bool"
    ),
    "pack": _BAG,
    "bag_pack": _BAG,
    "pack_array": Function(lambda *values: list(values), 1, None, "dynamic"),
    "bin": Function(_bin, 2, 2, "first", keeps_name=True),
    "floor": Function(_bin, 2, 2, "first", keeps_name=True),
    "abs": Function(lambda value: abs(value) if is_number(value) else None, 1, 1, "first"),
    "round": Function(
        lambda value, digits=0: round(value, to_long(digits)) if is_number(value) else None,
        1,
        2,
        "first",
    ),
}
