"""Functions of expressions on lists and maps: the ones that Bicep and Terraform have.

Where the two disagree (`range`, `flatten`) they do what Bicep's do, as bodies are Azure's.

Registered by `blueprint.functions`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

MAX_RANGE = 10_000
"""Numbers that `range` gives at once, as in ARM templates (documentation: template functions for
arrays, `range`)."""


def concat(*lists: list[object]) -> list[object]:
    """Return the lists one after the other."""
    return [item for part in lists for item in part]


def flatten(lists: list[object]) -> list[object]:
    """Return the items of the lists in a list, one after the other; of one level, as in Bicep.

    Raises:
        ValueError: Where an item is no list.
    """
    if not all(isinstance(part, list) for part in lists):
        raise ValueError("the list holds something that is not a list")
    return [item for part in lists if isinstance(part, list) for item in part]


def number_range(start: int, count: int | None = None) -> list[int]:
    """Return `count` whole numbers from `start`; with one argument, that many from 0.

    Raises:
        ValueError: For a negative count or one above `MAX_RANGE`.
    """
    first, many = (0, start) if count is None else (start, count)
    if not 0 <= many <= MAX_RANGE:
        raise ValueError(f"the count is {many}; expected 0 to {MAX_RANGE:,}")
    return list(range(first, first + many))


def distinct(items: list[object]) -> list[object]:
    """Return the items without repetitions, each where it is met first."""
    found: dict[str, object] = {}
    for item in items:
        found.setdefault(json.dumps(item, sort_keys=True, default=repr), item)
    return list(found.values())


def sort(items: list[object]) -> list[object]:
    """Return numbers or texts in ascending order, texts by their characters' codes."""
    return sorted(_comparable_list(items, "the list"))


def reverse(items: list[object]) -> list[object]:
    """Return the items from the last to the first."""
    return items[::-1]


def take(subject: list[object] | str, count: int) -> list[object] | str:
    """Return the first items of a list or characters of a text; all, where there are fewer."""
    return subject[: max(count, 0)]


def skip(subject: list[object] | str, count: int) -> list[object] | str:
    """Return what `take` leaves."""
    return subject[max(count, 0) :]


def first(subject: list[object] | str) -> object:
    """Return the first item or character; null of an empty list, "" of an empty text."""
    return subject[0] if subject else (None if isinstance(subject, list) else "")


def last(subject: list[object] | str) -> object:
    """Return the last item or character; null of an empty list, "" of an empty text."""
    return subject[-1] if subject else (None if isinstance(subject, list) else "")


def zip_lists(*lists: list[object]) -> list[list[object]]:
    """Return the lists' first items as a list, then their second ones, and so on.

    Raises ValueError for lists of different lengths.
    """
    _check_lengths(lists)
    return [list(items) for items in zip(*lists, strict=True)]


def largest(*values: object) -> object:
    """Return the largest of numbers or of texts, given as arguments or as one list."""
    return max(_non_empty_list(values))


def smallest(*values: object) -> object:
    """Return the smallest of numbers or of texts, given as arguments or as one list."""
    return min(_non_empty_list(values))


def merge(*maps: Mapping[str, object]) -> dict[str, object]:
    """Return the maps as one; of two entries with one key, the later map's counts."""
    return {key: value for part in maps for key, value in part.items()}


def keys(subject: Mapping[str, object]) -> list[str]:
    """Return the keys of a map, in order."""
    return sorted(subject)


def values(subject: Mapping[str, object]) -> list[object]:
    """Return the values of a map, in the order of their keys."""
    return [subject[key] for key in sorted(subject)]


def items(subject: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the entries of a map as maps with `key` and `value`, in the order of their keys."""
    return [{"key": key, "value": subject[key]} for key in sorted(subject)]


def zipmap(names: list[str], given: list[object]) -> dict[str, object]:
    """Return a map of keys and values.

    Raises:
        ValueError: For lists of different lengths, for a key that is no string, and for a duplicate
            key.
    """
    _check_lengths((names, given))
    if not all(isinstance(name, str) for name in names):
        raise ValueError("the keys hold something that is not a string")
    found = dict(zip(names, given, strict=True))
    if len(found) < len(names):
        raise ValueError("a key is duplicated")
    return found


def lookup(subject: Mapping[str, object], key: str, default: object) -> object:
    """Return the entry of a map with a key; `default` where there is none."""
    return subject.get(key, default)


def coalesce(*given: object) -> object:
    """Return the first value that is not null; null where there is none."""
    return next((value for value in given if value is not None), None)


def _non_empty_list(given: Sequence[object]) -> list[Any]:
    only = given[0] if len(given) == 1 else None
    found = _comparable_list(only if isinstance(only, list) else list(given), "what is compared")
    if not found:
        raise ValueError("there is nothing to compare: the list is empty")
    return found


def _comparable_list(found: list[object], what: str) -> list[Any]:
    are_texts = all(isinstance(one, str) for one in found)
    are_numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in found)
    if not are_texts and not are_numbers:
        raise ValueError(f"{what} is neither all numbers nor all texts")
    return found


def _check_lengths(lists: Sequence[Sequence[object]]) -> None:
    lengths = [len(one) for one in lists]
    if len(set(lengths)) > 1:
        raise ValueError(f"the lists have different lengths: {', '.join(map(str, lengths))}")
