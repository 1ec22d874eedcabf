"""Permissions of Azure role definitions: whether they grant an action, and include one another.

A permission allows the actions that match one of `actions` and none of `notActions`; the same for
data. A role allows what any of its permissions allows: `notActions` subtract from their own
permission alone, and deny nothing. `*` matches any text, also across slashes, in any place; case
does not matter. Source: "Understand Azure role definitions", "Understand Azure deny assignments".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Unknown

_MOST_STATES = 20_000
"""How much of a comparison of wildcards is looked at before it counts as not shown."""

_Sides = Sequence[tuple[tuple[str, ...], tuple[str, ...]]]
"""What permissions allow, and what they exclude from that."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One entry of a role definition's `permissions`, or of a deny assignment's.

    `condition` is the text that Azure keeps beside some entries of built-in roles. `grants` is
    about the lists alone: conditions are evaluated by `provisioner.model.conditions`.
    """

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str | None = None

    def grants(self, action: str, *, data: bool = False) -> bool:
        """Return whether the entry allows an action of the control plane, or of `data`."""
        allowed, excluded = self.patterns(data=data)
        wanted = action.lower()
        return _any_matches(allowed, wanted) and not _any_matches(excluded, wanted)

    def patterns(self, *, data: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the patterns of what is allowed, and of what is excluded from that."""
        if data:
            return self.data_actions, self.not_data_actions
        return self.actions, self.not_actions


def parse_permissions(value: object) -> tuple[Permission, ...]:
    """Parse the `permissions` of a role definition or deny assignment, as ARM answers them.

    Raises:
        ValueError: it is anything else, or a part of it is not known before apply.
    """
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"permissions are {_kind_of(value)}, expected a list")
    return tuple(_parse_permission(entry) for entry in value)


def grants(permissions: Iterable[Permission], action: str, *, data: bool = False) -> bool:
    """Return whether any of the permissions allows an action."""
    return any(permission.grants(action, data=data) for permission in permissions)


def matches(pattern: str, action: str) -> bool:
    """Return whether a pattern with wildcards matches an action, in time linear in both."""
    return _matches(_pieces_of(pattern), action.lower())


def holds_at(scope: ResourceId | None, resource: ResourceId | None) -> bool:
    """Return whether what is granted at a scope holds for a resource: there and below.

    None is the tenant's root, above everything. A management group counts as above everything but
    the root and other management groups: which subscriptions are below which group is not in a
    subscription's answers, which show what holds for it.
    """
    if scope is None:
        return True
    if resource is None:
        return False
    if is_management_group(scope) and not is_management_group(resource):
        return True
    return resource.is_within(scope)


def is_management_group(scope: ResourceId) -> bool:
    """Return whether a scope is a management group."""
    return scope.type.lower() == "microsoft.management/managementgroups"


def is_within(inner: Iterable[Permission], outer: Iterable[Permission]) -> bool:
    """Return whether `inner` grants nothing that `outer` does not, of whatever action there may be.

    An entry of `outer` that has a condition counts for entries of `inner` with the same one alone.
    False too where wildcards are too many to compare: it is then not shown.
    """
    wide = tuple(outer)
    return all(_is_entry_within(entry, wide, data) for entry in inner for data in (False, True))


def _parse_permission(entry: object) -> Permission:
    if not isinstance(entry, Mapping):
        raise ValueError(f"a permission is {_kind_of(entry)}, expected an object")
    folded = {str(key).lower(): item for key, item in entry.items()}
    condition = folded.get("condition")
    if condition is not None and not isinstance(condition, str):
        raise ValueError(f"the condition of a permission is {_kind_of(condition)}, expected text")
    return Permission(
        _parse_patterns(folded, "actions"),
        _parse_patterns(folded, "notActions"),
        _parse_patterns(folded, "dataActions"),
        _parse_patterns(folded, "notDataActions"),
        condition or None,
    )


def _parse_patterns(folded: Mapping[str, object], name: str) -> tuple[str, ...]:
    found = folded.get(name.lower())
    if found is None:
        return ()
    if not isinstance(found, (list, tuple)):
        raise ValueError(f"{name} of a permission are {_kind_of(found)}, expected a list")
    for pattern in found:
        if not isinstance(pattern, str):
            raise ValueError(f"an entry of {name} is {_kind_of(pattern)}, expected text")
    return tuple(str(pattern) for pattern in found)


def _kind_of(value: object) -> str:
    if isinstance(value, Unknown):
        return "not known before apply"
    return "absent" if value is None else f"{type(value).__name__} {value!r}"


def _any_matches(patterns: Iterable[str], action: str) -> bool:
    return any(_matches(_pieces_of(pattern), action) for pattern in patterns)


@lru_cache(maxsize=8192)
def _pieces_of(pattern: str) -> tuple[str, ...]:
    """Return the parts of a pattern between its wildcards; few patterns recur very often."""
    return tuple(pattern.lower().split("*"))


def _matches(pieces: tuple[str, ...], action: str) -> bool:
    """Return whether the parts of a pattern occur in an action in order.

    Each part is matched at its first occurrence: if any match exists, this one does. Nothing is
    tried twice, so that no custom role can make it slow, as backtracking would be.
    """
    first, *rest = pieces
    if not rest:
        return first == action
    if not action.startswith(first):
        return False
    position = len(first)
    *middle, last = rest
    for piece in middle:
        found = action.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return len(action) - len(last) >= position and action.endswith(last)


def _is_entry_within(entry: Permission, outer: tuple[Permission, ...], data: bool) -> bool:
    allowed, excluded = entry.patterns(data=data)
    wide = [
        permission.patterns(data=data)
        for permission in outer
        if permission.condition is None or permission.condition == entry.condition
    ]
    return all(_is_covered(pattern, excluded, wide) for pattern in allowed)


def _is_covered(pattern: str, excluded: tuple[str, ...], outer: _Sides) -> bool:
    """Return whether every text of `pattern` outside of `excluded` is granted by one of `outer`.

    Nearly always one text of the pattern or one entry of `outer` decides; the automaton is for the
    rest.
    """
    folded = pattern.lower()
    sample = folded.replace("*", "\0")
    if not _any_matches(excluded, sample) and not any(_grants(side, sample) for side in outer):
        return False
    if "*" not in folded:
        return True
    # An entry that matches the pattern itself, its wildcards taken as letters, matches whatever
    # stands for them: they fall into wildcards of its own.
    left_out = {text.lower() for text in excluded}
    if any(
        _any_matches(allowed, folded) and left_out.issuperset(map(str.lower, denied))
        for allowed, denied in outer
    ):
        return True
    return _is_shown_covered(pattern, excluded, outer)


def _grants(side: tuple[tuple[str, ...], tuple[str, ...]], action: str) -> bool:
    allowed, denied = side
    return _any_matches(allowed, action) and not _any_matches(denied, action)


def _is_shown_covered(pattern: str, excluded: tuple[str, ...], outer: _Sides) -> bool:
    """Look at every text of a pattern, as far as the patterns tell them apart.

    Which letter it is makes no difference where it stands in no pattern: NUL stands for them all.
    """
    automaton = _Automaton()
    inside = automaton.add((pattern,), excluded)
    outer_sides = [automaton.add(allowed, denied) for allowed, denied in outer]
    letters = (*automaton.letters, "\0")
    pending = [automaton.start]
    seen = {automaton.start}
    while pending:
        state = pending.pop()
        if inside.accepts(state) and not any(side.accepts(state) for side in outer_sides):
            return False
        for letter in letters:
            following = automaton.follow(state, letter)
            if following in seen or inside.is_over(following):
                continue
            if any(side.accepts_whatever_follows(following) for side in outer_sides):
                continue
            seen.add(following)
            pending.append(following)
        if len(seen) > _MOST_STATES:
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Side:
    """The positions of one permission's patterns among the bits of an automaton's state.

    `allowed` and `denied` are all positions, `..._ends` the last ones, `..._tails` the wildcards
    that end a pattern: once there, it matches whatever follows.
    """

    allowed: int
    allowed_ends: int
    allowed_tails: int
    denied: int
    denied_ends: int
    denied_tails: int

    def accepts(self, state: int) -> bool:
        return bool(state & self.allowed_ends) and not state & self.denied_ends

    def accepts_whatever_follows(self, state: int) -> bool:
        return bool(state & self.allowed_tails) and not state & self.denied

    def is_over(self, state: int) -> bool:
        """Return whether nothing that follows can be accepted."""
        return not state & self.allowed or bool(state & self.denied_tails)


class _Automaton:
    """All patterns in parallel, as bits of one number that state how far each can have matched.

    Shift-And: R. Baeza-Yates and G. Gonnet, "A new approach to text searching", 1992.
    """

    def __init__(self) -> None:
        self.letters: dict[str, int] = {}
        self.start = 0
        self._stars = 0
        self._width = 0

    def add(self, allowed: Iterable[str], denied: Iterable[str]) -> _Side:
        return _Side(*self._add_all(allowed), *self._add_all(denied))

    def follow(self, state: int, letter: str) -> int:
        """Return the state after one more letter."""
        moved = (state & self.letters.get(letter, 0)) << 1 | state & self._stars
        return moved | (moved & self._stars) << 1

    def _add_all(self, patterns: Iterable[str]) -> tuple[int, int, int]:
        positions = ends = tails = 0
        for pattern in patterns:
            text = re.sub(r"\*+", "*", pattern.lower())
            first = 1 << self._width
            positions |= (first << len(text) + 1) - first
            ends |= first << len(text)
            tails |= first << len(text) - 1 if text.endswith("*") else 0
            for offset, letter in enumerate(text):
                if letter == "*":
                    self._stars |= first << offset
                else:
                    self.letters[letter] = self.letters.get(letter, 0) | first << offset
            self.start |= first | (first << 1 if text.startswith("*") else 0)
            self._width += len(text) + 1
        return positions, ends, tails
