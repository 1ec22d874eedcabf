"""Comparison and conversion of KQL values.

A value is JSON (dynamic), or a str, int, float, bool, datetime (UTC) or timedelta; None is null. A
string is never null in KQL: where a string is expected, null is "". Source: "Scalar data types",
"Null values", "String operators".
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

import re2

from provisioner.simulator.resource_graph.tokens import LARGEST_LONG, read_moment, read_span

KqlValue: TypeAlias = Any
"""A value as the module docstring describes it: JSON, a datetime or a timedelta; None is null."""
MAX_PATTERN = 500
_MAX_MEMORY = 2_000_000


class IncomparableError(ValueError):
    """Operands that KQL does not compare or compute with; the text is a sentence."""


def text_of(value: KqlValue) -> str:
    """Return the result of `tostring`; null is ""."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    if isinstance(value, timedelta):
        return _span_text(value)
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=text_of)
    return str(value)


def _span_text(value: timedelta) -> str:
    sign, rest = ("-", -value) if value < timedelta() else ("", value)
    hours, seconds = divmod(rest.seconds, 3600)
    days = f"{rest.days}." if rest.days else ""
    fraction = f".{rest.microseconds:06d}0" if rest.microseconds else ""
    return f"{sign}{days}{hours:02d}:{seconds // 60:02d}:{seconds % 60:02d}{fraction}"


def is_number(value: object) -> bool:
    """Return whether a value is a number; a bool is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def to_number(value: KqlValue) -> int | float | None:
    """Return a value as a number; null if it is none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    text = text_of(value).strip()
    if re.fullmatch(r"[+-]?\d{1,40}", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})([eE][+-]?\d{1,3})?", text):
        return float(text)
    return None


def to_long(value: KqlValue) -> int | None:
    """Return a value as an integer, truncated towards zero; null if it is none."""
    number = to_number(value)
    if number is None or not abs(number) <= LARGEST_LONG:
        return None
    return int(number)


def to_moment(value: KqlValue) -> datetime | None:
    """Return a value as a datetime; null if it is none."""
    if isinstance(value, datetime):
        return value
    try:
        return read_moment(text_of(value))
    except ValueError:
        return None


def to_timespan(value: KqlValue) -> timedelta | None:
    """Return a value as a timespan; null if it is none."""
    if isinstance(value, timedelta):
        return value
    try:
        return read_span(text_of(value))
    except (ValueError, OverflowError):
        return None


def to_bool(value: KqlValue) -> bool | None:
    """Return a value as a bool; null if it is none."""
    if isinstance(value, bool) or value is None:
        return value
    if is_number(value):
        return bool(value)
    return {"true": True, "1": True, "false": False, "0": False}.get(text_of(value).lower())


def is_equal(left: KqlValue, right: KqlValue) -> bool | None:
    """Compare two values for equality: two nulls give null, one null gives false ("Null values").

    A datetime or timespan and a value of another type are an IncomparableError.
    """
    if left is None and right is None:
        return None
    if isinstance(left, bool) != isinstance(right, bool) and not (
        is_number(left) or is_number(right)
    ):
        # ARG's own samples compare a dynamic truth value with a text: `… == 'true'`.
        return text_of(left) == text_of(right) if None not in (left, right) else False
    _check_time_types(left, right)
    return bool(left == right)


def compare_order(operator: str, left: KqlValue, right: KqlValue) -> bool | None:
    """Compare by `<`, `<=`, `>` or `>=`.

    The result is null where an operand is null, or a dynamic value is of another type.

    Raises:
        IncomparableError: both operands are strings, which KQL does not order.
    """
    if left is None or right is None:
        return None
    _check_time_types(left, right)
    if isinstance(left, str) and isinstance(right, str):
        raise IncomparableError(f"The operator '{operator}' does not compare texts.")
    try:
        return bool(_ORDERS[operator](left, right))
    except TypeError:
        return None


def _check_time_types(left: object, right: object) -> None:
    for kind, name in ((datetime, "datetime"), (timedelta, "timespan")):
        if isinstance(left, kind) != isinstance(right, kind) and None not in (left, right):
            other = right if isinstance(left, kind) else left
            shown = {str: "string", int: "long", float: "real", bool: "bool"}.get(type(other))
            raise IncomparableError(
                f"Cannot compare values of types {shown or 'dynamic'} and {name}. Try adding "
                "explicit casts."
            )


_ORDERS: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def sort_key(value: KqlValue) -> tuple[int, KqlValue]:
    """Return the sort key of a value that is not null; values of one type sort among themselves."""
    kinds = ((int, float), (timedelta,), (datetime,), (str,))
    rank = next((index for index, kind in enumerate(kinds) if isinstance(value, kind)), len(kinds))
    return (rank, text_of(value) if rank == len(kinds) else value)


def compute(operator: str, left: KqlValue, right: KqlValue) -> KqlValue:
    """Return `left operator right` for numbers and times; null where one is null.

    Raises:
        IncomparableError: the result is out of the range of long.
    """
    value = _compute_unbounded(operator, left, right)
    if isinstance(value, int) and abs(value) > LARGEST_LONG:
        raise IncomparableError(f"The result of '{operator}' is out of the range of long.")
    return value


def _compute_unbounded(operator: str, left: KqlValue, right: KqlValue) -> KqlValue:
    if left is None or right is None:
        return None
    # Minus a timespan: the parser reads `-1d` as `0 - 1d`.
    if isinstance(right, timedelta) and left == 0:
        left = timedelta()
    if isinstance(left, (str, list, Mapping)) or isinstance(right, (str, list, Mapping)):
        raise IncomparableError(f"The operator '{operator}' is for numbers and times.")
    # Between two integers KQL divides as integers ("Numerical operators").
    if operator == "/" and is_number(left) and is_number(right):
        return _divide_numbers(left, right)
    try:
        if operator in "+-":
            return left + right if operator == "+" else left - right
        if operator == "*":
            return left * right
        return left / right if operator == "/" else left % right
    except ZeroDivisionError:
        return None
    except (TypeError, OverflowError):
        raise IncomparableError(
            f"The operator '{operator}' does not take these operands."
        ) from None


def _divide_numbers(left: float, right: float) -> float | None:
    if right == 0:
        return None
    both_whole = isinstance(left, int) and isinstance(right, int)
    return int(left / right) if both_whole else left / right


def compare_text(operator: str, left: str, right: str) -> bool:
    """Return the result of a string operator without its `!`: `has`, `contains_cs`, `=~`."""
    word = operator.removesuffix("_cs")
    if word == operator:
        left, right = left.lower(), right.lower()
    return _TEXT_OPERATORS[word](left, right)


def _has_term(text: str, term: str, *, prefix: bool = True, suffix: bool = True) -> bool:
    """Return whether a text contains a term delimited by non-alphanumeric characters."""
    start = text.find(term)
    while start >= 0:
        end = start + len(term)
        begins = not prefix or start == 0 or not text[start - 1].isalnum()
        ends = not suffix or end == len(text) or not text[end].isalnum()
        if begins and ends:
            return True
        start = text.find(term, start + 1)
    return False


_TEXT_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "=~": lambda left, right: left == right,
    "contains": lambda left, right: right in left,
    "startswith": lambda left, right: left.startswith(right),
    "endswith": lambda left, right: left.endswith(right),
    "has": _has_term,
    "hasprefix": lambda left, right: _has_term(left, right, suffix=False),
    "hassuffix": lambda left, right: _has_term(left, right, prefix=False),
}


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Any:  # noqa: ANN401  google-re2 has no types
    """Return a compiled RE2 pattern, whose matching time is linear in the text.

    Python's `re` backtracks: one query could stop the server. KQL's syntax is RE2's as well.

    Raises:
        IncomparableError: the pattern is longer than 500 characters or not valid.
    """
    if len(pattern) > MAX_PATTERN:
        raise IncomparableError(f"A pattern has at most {MAX_PATTERN} characters.")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise IncomparableError(f"'{pattern}' is not a pattern of RE2.") from None


def group_key(value: KqlValue) -> KqlValue:
    """Return a hashable value, equal for values that KQL groups together."""
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value, sort_keys=True, default=text_of)
    return (type(value).__name__ if isinstance(value, bool) else "", value)
