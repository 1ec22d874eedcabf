"""Pairs the entries of two lists: by a key, by position, or by what is most alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provisioner.catalog.field import Compare
from provisioner.diff.rules import Rule
from provisioner.model.values import ABSENT, Absent, lookup


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries that stand for the same thing; ABSENT on the side that has none."""

    mark: str
    desired: object
    actual: object


def pair_entries(
    rule: Rule,
    desired: Sequence[object],
    actual: Sequence[object],
    is_equal: Callable[[object, object], bool],
) -> list[Pair]:
    """Pair the entries of a list, in the order of the desired ones, then what only Azure has.

    Entries with a key are paired by it. Of others, an ordered list pairs by position, and a set
    takes out what is equal first: what is left over on both sides is paired in order, where the
    entries are objects, so that a changed entry is told as a change and not as one gone, one new.
    """
    key = _shared_key(rule, [*desired, *actual])
    if key is not None:
        return _by_key(key, desired, actual)
    if rule.fact.compare is Compare.ORDERED:
        return _by_position(desired, actual)
    left, rest = _without_equal(desired, actual, is_equal)
    if all(isinstance(item, dict) for _, item in (*left, *rest)):
        return _leftovers(left, rest)
    return [Pair(str(at), item, ABSENT) for at, item in left] + [
        Pair(str(at), ABSENT, item) for at, item in rest
    ]


def _shared_key(rule: Rule, entries: Sequence[object]) -> str | None:
    """Return the property that names every entry, or None. `name` and `id` are known to."""
    for key in (*rule.fact.keys, "name", "id"):
        values = [key_of(entry, key) for entry in entries]
        if values and all(value is not None for value in values):
            return key
    return None


def key_of(entry: object, key: str) -> str | None:
    """Return the value of an entry's key as text, or None."""
    value = lookup(entry, key.split("."))
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def _by_key(key: str, desired: Sequence[object], actual: Sequence[object]) -> list[Pair]:
    theirs: dict[str, list[object]] = {}
    for entry in actual:
        theirs.setdefault(str(key_of(entry, key)).lower(), []).append(entry)
    pairs = []
    for entry in desired:
        mark = str(key_of(entry, key))
        same = theirs.get(mark.lower())
        pairs.append(Pair(mark, entry, same.pop(0) if same else ABSENT))
    return pairs + [
        Pair(str(key_of(entry, key)), ABSENT, entry) for rest in theirs.values() for entry in rest
    ]


def _by_position(desired: Sequence[object], actual: Sequence[object]) -> list[Pair]:
    length = max(len(desired), len(actual))

    def at(entries: Sequence[object], index: int) -> object | Absent:
        return entries[index] if index < len(entries) else ABSENT

    return [Pair(str(index), at(desired, index), at(actual, index)) for index in range(length)]


Placed = tuple[int, object]


def _without_equal(
    desired: Sequence[object],
    actual: Sequence[object],
    is_equal: Callable[[object, object], bool],
) -> tuple[list[Placed], list[Placed]]:
    rest = list(enumerate(actual))
    left = []
    for index, item in enumerate(desired):
        same = next((i for i, (_, other) in enumerate(rest) if is_equal(item, other)), None)
        if same is None:
            left.append((index, item))
        else:
            del rest[same]
    return left, rest


def _leftovers(left: list[Placed], rest: list[Placed]) -> list[Pair]:
    both = min(len(left), len(rest))
    changed = [
        Pair(str(at), mine, theirs)
        for (at, mine), (_, theirs) in zip(left[:both], rest[:both], strict=True)
    ]
    gone = [Pair(str(at), item, ABSENT) for at, item in left[both:]]
    return changed + gone + [Pair(str(at), ABSENT, item) for at, item in rest[both:]]
