"""Pairs the entries of two lists: by a key, by position, or by similarity.

Which properties are the keys of a list is a fact of its type. Called by `diff.comparison` and
`diff.merge`, which have to pair alike.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.catalog.field import Compare
from provisioner.diff.normal_form import Form, is_same, is_scalar, normal_form
from provisioner.diff.rules import Rule, Rules
from provisioner.model.values import ABSENT, is_empty, lookup

# Finding the most alike takes the product of both lengths: longer lists pair by position instead.
_MOST_COMPARISONS = 2500

Distance = Callable[[object, object], tuple[int, int]]
"""How many properties of two entries differ, and how many more only one of them has."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries that stand for the same thing; ABSENT on the side that has none.

    `mark` is how a path names the entry: the value of its key, else its index.
    """

    mark: str
    desired: object
    actual: object


def are_scalars(*lists: Sequence[object]) -> bool:
    """Return whether lists hold text, numbers and booleans alone, or nothing."""
    return all(is_scalar(item) or is_empty(item) for entries in lists for item in entries)


def has_same_scalars(
    rule: Rule, entry: Rule, desired: Sequence[object], actual: Sequence[object]
) -> bool:
    """Return whether two lists of scalars are equal: as bags, unless their order matters.

    Where others have entries in the list too, theirs are no difference.
    """
    ours = [item for item in desired if not is_empty(item)]
    theirs = [item for item in actual if not is_empty(item)]
    if rule.fact.compare is Compare.ORDERED:
        return len(ours) == len(theirs) and all(
            is_same(entry, one, other) for one, other in zip(ours, theirs, strict=True)
        )
    wanted, found = (
        Counter(normal_form(entry, item) for item in items) for items in (ours, theirs)
    )
    if rule.fact.shared:
        return wanted <= found
    return wanted == found or (wanted <= found and is_reserved(rule, tuple(found - wanted)))


def is_reserved(rule: Rule, entries: object) -> bool:
    """Return whether the service itself adds all of these entries (or keys) of a list or map."""
    prefix = rule.fact.reserved
    if prefix is None or not isinstance(entries, (list, tuple, Mapping)):
        return False
    return all(isinstance(entry, str) and entry.startswith(prefix) for entry in entries)


def pair_entries(
    rules: Rules,
    rule: Rule,
    desired: Sequence[object],
    actual: Sequence[object],
    distance: Distance,
) -> list[Pair]:
    """Pair the entries of a list, in the order of the desired ones, then what only Azure has.

    Entries are paired by the key that the facts name, or by position where their order matters,
    or by their `name` or `id`. Of others, what is equal is paired first, and then what is most
    alike, so that a changed entry is reported as a change, not as one gone and one new.
    """
    keys = rule.fact.keys if rule.fact.compare is Compare.ORDERED else _candidate_keys(rule)
    entry = rules.entry(rule)
    for key in keys:
        naming = _rule_of_key(rules, entry, key)
        ours, theirs = _entries_by_key(naming, key, desired), _entries_by_key(naming, key, actual)
        if ours is not None and theirs is not None:
            return _by_key(ours, theirs, distance)
    ours, theirs = (_marks_of_one(rules, rule, entries) for entries in (desired, actual))
    if ours is not None and theirs is not None:
        return _by_key(ours, theirs, distance)
    if rule.fact.compare is Compare.ORDERED or len(desired) * len(actual) > _MOST_COMPARISONS:
        return _by_position(desired, actual)
    return _by_likeness(desired, actual, distance)


@dataclass(frozen=True, slots=True)
class _Marked:
    mark: str
    form: Form
    entry: object


def _candidate_keys(rule: Rule) -> Iterable[str]:
    return (*rule.fact.keys, "name", "id")


def _rule_of_key(rules: Rules, entry: Rule, key: str) -> Rule:
    for step in key.split("."):
        entry = rules.child(entry, step)
    return entry


def _entries_by_key(naming: Rule, key: str, entries: Sequence[object]) -> list[_Marked] | None:
    """Return the entries with the values of their key, or None where one has none."""
    steps = key.split(".")
    marked = []
    for entry in entries:
        value = lookup(entry, steps)
        if is_empty(value) or isinstance(value, bool) or not is_scalar(value):
            return None
        form = normal_form(naming, value)
        marked.append(_Marked(str(value), form.lower() if isinstance(form, str) else form, entry))
    return marked


def _marks_of_one(rules: Rules, rule: Rule, entries: Sequence[object]) -> list[_Marked] | None:
    """Return the entries, each by the one key of the facts that it states.

    Such a key is a category or a group of them. None where an entry states none of the keys, or
    several.
    """
    marked = []
    for entry in entries:
        by_key = [
            (key, found[0])
            for key in rule.fact.keys
            if (found := _entries_by_key(_rule_of_key(rules, rules.entry(rule), key), key, [entry]))
        ]
        if len(by_key) != 1:
            return None
        ((key, one),) = by_key
        marked.append(_Marked(one.mark, (key, one.form), entry))
    return marked


def _by_key(ours: Sequence[_Marked], theirs: Sequence[_Marked], distance: Distance) -> list[Pair]:
    left: dict[Form, list[_Marked]] = {}
    for other in theirs:
        left.setdefault(other.form, []).append(other)
    pairs = []
    for mine in ours:
        same = left.get(mine.form)
        actual = same.pop(_most_similar(mine.entry, same, distance)).entry if same else ABSENT
        pairs.append(Pair(mine.mark, mine.entry, actual))
    return pairs + [
        Pair(other.mark, ABSENT, other.entry) for rest in left.values() for other in rest
    ]


def _most_similar(entry: object, candidates: Sequence[_Marked], distance: Distance) -> int:
    """Return the most alike of several entries with one key."""
    if len(candidates) == 1:
        return 0
    return min(range(len(candidates)), key=lambda at: distance(entry, candidates[at].entry))


def _by_position(desired: Sequence[object], actual: Sequence[object]) -> list[Pair]:
    both = min(len(desired), len(actual))
    return (
        [Pair(str(at), desired[at], actual[at]) for at in range(both)]
        + [Pair(str(at), desired[at], ABSENT) for at in range(both, len(desired))]
        + [Pair(str(at), ABSENT, actual[at]) for at in range(both, len(actual))]
    )


def _by_likeness(
    desired: Sequence[object], actual: Sequence[object], distance: Distance
) -> list[Pair]:
    far = sorted(
        (distance(mine, other), at, place)
        for at, mine in enumerate(desired)
        for place, other in enumerate(actual)
        if isinstance(mine, Mapping) == isinstance(other, Mapping)
    )
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, at, place in far:
        if at not in partner and place not in taken:
            partner[at] = place
            taken.add(place)
    pairs = [
        Pair(str(at), mine, actual[partner[at]] if at in partner else ABSENT)
        for at, mine in enumerate(desired)
    ]
    return pairs + [
        Pair(str(place), ABSENT, other) for place, other in enumerate(actual) if place not in taken
    ]
