"""Template functions on arrays, and those that arrays share with objects and strings.

Each private function is the template function of its name; `ARRAY_FUNCTIONS` maps the lower-case
name to it. Source: "Array functions for ARM templates".
"""

from collections.abc import Mapping

from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.logical_functions import is_equal
from provisioner.simulator.template_language.operands import (
    MOST_ITEMS,
    array,
    bounded,
    plain_text,
    text,
    type_name,
    whole,
)
from provisioner.simulator.template_language.template_errors import ExpressionError, Value

_LARGEST = 2**31 - 1


class UnexpectedContainerError(ExpressionError):
    """An argument that is neither an object, an array nor a string."""

    def __init__(self, value: Value) -> None:
        super().__init__(
            f"expects its parameter to be an object, an array, or a string. The provided value is "
            f"of type '{type_name(value)}'."
        )


def _array(value: Value) -> Value:
    return value if isinstance(value, list) else [value]


def _concat(first: Value, *more: Value) -> Value:
    parts = (first, *more)
    if all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    if any(isinstance(part, (list, Mapping)) for part in parts):
        raise ExpressionError("expects strings only or arrays only.")
    return bounded("".join(plain_text(part) for part in parts))


def _contains(container: Value, item: Value) -> bool:
    if isinstance(container, str):
        return plain_text(item) in container
    if isinstance(container, list):
        return any(is_equal(one, item) for one in container)
    if isinstance(container, Mapping):
        # Keys of objects are compared without case, items of arrays and substrings with it ("Array
        # functions": contains).
        key = plain_text(item).lower()
        return any(name.lower() == key for name in container)
    raise UnexpectedContainerError(container)


def _empty(value: Value) -> bool:
    if value is None:
        return True
    return _length(value) == 0


def _length(value: Value) -> int:
    if isinstance(value, (str, list, Mapping)):
        return len(value)
    raise UnexpectedContainerError(value)


def _first(value: Value) -> Value:
    return _item_at(value, 0)


def _last(value: Value) -> Value:
    return _item_at(value, -1)


def _item_at(value: Value, position: int) -> Value:
    if isinstance(value, str):
        return value[position] if value else ""
    found = array(value)
    return found[position] if found else None


def _index_of(value: Value, item: Value) -> int:
    if isinstance(value, str):
        # The search in a string ignores case, that in an array does not ("String functions":
        # indexOf).
        return value.lower().find(text(item).lower())
    found = array(value)
    return next((i for i, one in enumerate(found) if is_equal(one, item)), -1)


def _last_index_of(value: Value, item: Value) -> int:
    if isinstance(value, str):
        return value.lower().rfind(text(item).lower())
    found = array(value)
    return next((i for i in reversed(range(len(found))) if is_equal(found[i], item)), -1)


def _intersection(first: Value, second: Value, *more: Value) -> Value:
    others = (second, *more)
    if isinstance(first, Mapping):
        return {
            name: value
            for name, value in first.items()
            if all(
                isinstance(other, Mapping) and name in other and is_equal(other[name], value)
                for other in others
            )
        }
    kept = [
        item
        for item in array(first)
        if all(any(is_equal(item, one) for one in array(other)) for other in others)
    ]
    return _distinct(kept)


def _union(first: Value, *more: Value) -> Value:
    if isinstance(first, Mapping):
        merged: Value = dict(first)
        for other in more:
            if not isinstance(other, Mapping):
                raise ExpressionError("expects objects only or arrays only.")
            merged = _merge(merged, other)
        return merged
    return _distinct([item for part in (first, *more) for item in array(part)])


def _merge(one: Mapping[str, Value], other: Mapping[str, Value]) -> dict[str, Value]:
    """Merge two objects recursively, as `union` does; other values are taken from the later one."""
    merged = dict(one)
    for name, value in other.items():
        current = merged.get(name)
        if isinstance(current, Mapping) and isinstance(value, Mapping):
            merged[name] = _merge(current, value)
        else:
            merged[name] = value
    return merged


def _distinct(items: list[Value]) -> list[Value]:
    kept: list[Value] = []
    for item in items:
        if not any(is_equal(item, one) for one in kept):
            kept.append(item)
    return kept


def _range(start: Value, count: Value) -> list[int]:
    begin, number = whole(start), whole(count)
    if not 0 <= number <= MOST_ITEMS or begin + number > _LARGEST:
        raise ExpressionError(
            f"expects a count between 0 and {MOST_ITEMS}, and start and count to add up to at most "
            f"{_LARGEST}."
        )
    return list(range(begin, begin + number))


def _skip(value: Value, number: Value) -> Value:
    return _slice(value, slice(max(0, whole(number)), None))


def _take(value: Value, number: Value) -> Value:
    return _slice(value, slice(0, max(0, whole(number))))


def _slice(value: Value, part: slice) -> Value:
    if not isinstance(value, (str, list)):
        raise UnexpectedContainerError(value)
    return value[part]


def _flatten(value: Value) -> list[Value]:
    return [item for part in array(value) for item in array(part)]


def _index_from_end(value: Value, position: Value) -> Value:
    found, back = array(value), whole(position)
    if not 1 <= back <= len(found):
        raise ExpressionError(f"the reverse index '{back}' is out of bounds.")
    return found[-back]


def _try_index_from_end(value: Value, position: Value) -> Value:
    back = whole(position)
    if not isinstance(value, list) or not 1 <= back <= len(value):
        return None
    return value[-back]


def _try_get(value: Value, key: Value, *keys: Value) -> Value:
    for step in (key, *keys):
        if isinstance(value, Mapping) and isinstance(step, str):
            named = {name.lower(): item for name, item in value.items()}
            value = named.get(step.lower())
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


ARRAY_FUNCTIONS: Functions = {
    "array": _array,
    "concat": _concat,
    "contains": _contains,
    "createarray": lambda *items: list(items),
    "distinct": lambda items: _distinct(array(items)),
    "empty": _empty,
    "first": _first,
    "flatten": _flatten,
    "indexfromend": _index_from_end,
    "indexof": _index_of,
    "intersection": _intersection,
    "last": _last,
    "lastindexof": _last_index_of,
    "length": _length,
    "range": _range,
    "skip": _skip,
    "take": _take,
    "tryget": _try_get,
    "tryindexfromend": _try_index_from_end,
    "union": _union,
}
