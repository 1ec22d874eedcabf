"""Azure built-in roles: GUIDs (the same in every tenant), names and permissions.

They are in `built_in_roles.json`, which `scripts/record_roles.py` writes: a thousand roles repeat
the same actions, so each role's permissions are indexes into one list of patterns. The file is read
when a role is first looked up, since most commands need none.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import Any

from provisioner.model.permissions import Permission, is_within

ROLE_DEFINITION_TYPE = "Microsoft.Authorization/roleDefinitions"

_SIMILAR = 0.85
_AS_SIMILAR = 0.05
"""Below this difference, the likeness of two names says nothing of which one was meant."""
_MOST_OFFERED = 3


@dataclass(frozen=True, slots=True)
class BuiltInRole:
    """A built-in role: the GUID of its definition, its name, and its permissions as recorded."""

    id: str
    name: str
    permissions: tuple[Permission, ...]


@dataclass(frozen=True)
class _Record:
    """The file: rows of `[id, name, permissions]`, by GUID and by name (in lower case)."""

    day: str
    patterns: Sequence[str]
    by_id: Mapping[str, Sequence[Any]]
    by_name: Mapping[str, Sequence[Any]]
    read: dict[str, BuiltInRole] = field(default_factory=dict)

    def role(self, guid: str) -> BuiltInRole | None:
        row = self.by_id.get(guid)
        if row is None:
            return None
        if guid not in self.read:
            _, name, entries = row
            self.read[guid] = BuiltInRole(guid, name, tuple(map(self._permission, entries)))
        return self.read[guid]

    def _permission(self, entry: Sequence[Any]) -> Permission:
        def listed(side: int) -> tuple[str, ...]:
            places = entry[side] if len(entry) > side else ()
            return tuple(self.patterns[place] for place in places)

        condition = entry[4] if len(entry) > 4 else None
        return Permission(listed(0), listed(1), listed(2), listed(3), condition)


class UnknownRoleError(ValueError):
    """No built-in role has the name.

    `is_misspelled` tells whether one has a similar name: else it may be that of a custom role, or
    of a built-in one that is newer than the record.
    """

    def __init__(self, message: str, *, is_misspelled: bool) -> None:
        super().__init__(message)
        self.is_misspelled = is_misspelled


def find_built_in_role(name: str) -> str:
    """Return the GUID of a built-in role by name, case ignored like `az role assignment create`.

    Raises:
        UnknownRoleError: No role has the name. The message has the nearest names, never of one that
            grants more than the nearest would.
    """
    row = _load_record().by_name.get(name.lower())
    if row is None:
        nearest = _nearest_names(name)
        raise UnknownRoleError(
            f"no built-in role {name!r}. {_name_hint(name, nearest)} State a custom role by "
            "the id of its definition.",
            is_misspelled=bool(nearest),
        )
    guid: str = row[0]
    return guid


def get_built_in_role(guid: str) -> BuiltInRole | None:
    """Return the built-in role with this GUID, case ignored.

    None for a custom role, and for a built-in one that is newer than the record.
    """
    return _load_record().role(guid.lower())


def list_built_in_roles() -> tuple[str, ...]:
    """Return the GUIDs of all recorded roles, by name."""
    return tuple(_load_record().by_id)


def recorded_on() -> str:
    """Return the day (ISO 8601) of the newest change that the record knows."""
    return _load_record().day


@lru_cache(maxsize=1)
def _load_record() -> _Record:
    read = json.loads((files("provisioner.catalog") / "built_in_roles.json").read_bytes())
    rows = read["roles"]
    return _Record(
        read["recorded"],
        read["patterns"],
        {row[0]: row for row in rows},
        {row[1].lower(): row for row in rows},
    )


def _nearest_names(name: str) -> list[str]:
    """Return the names (in lower case) that are like an unknown one, the nearest first."""
    known = _load_record().by_name
    close = get_close_matches(name.lower(), known, n=8, cutoff=_SIMILAR)
    return close or [other for other in known if _is_swapped(name.lower(), other)]


def _name_hint(name: str, close: Sequence[str]) -> str:
    """Return the nearest name, and similar ones that grant less.

    Of equally near names, one that grants more than another is not offered: following a hint must
    not grant more than was requested.
    """
    folded = {known: row[1] for known, row in _load_record().by_name.items()}
    if not close:
        return f"None of the {len(folded)} recorded on {recorded_on()} has a similar name."
    best = _similarity(name, close[0])
    nearest = [other for other in close if best - _similarity(name, other) <= _AS_SIMILAR]
    granted = {other: _permissions_of(other) for other in close}
    first = next(
        mine
        for mine in nearest
        if not any(_grants_less(granted[other], granted[mine]) for other in nearest)
    )
    less = [
        folded[other]
        for other in close
        if other != first and is_within(granted[other], granted[first])
    ]
    listed = ", ".join(repr(other) for other in less[: _MOST_OFFERED - 1])
    return f"Did you mean {folded[first]!r}?" + (f" Less is granted by {listed}." if listed else "")


def _is_swapped(name: str, other: str) -> bool:
    """Return whether two names differ by two transposed neighbouring letters ('Raeder').

    In a short name that is less similar than the names of other roles are.
    """
    pairs = zip(name, other, strict=False)
    places = [place for place, (one, two) in enumerate(pairs) if one != two]
    if len(name) != len(other) or len(places) != 2 or places[1] != places[0] + 1:
        return False
    first, second = places
    return name[first] == other[second] and name[second] == other[first]


def _similarity(name: str, other: str) -> float:
    return SequenceMatcher(None, other, name.lower()).ratio()


def _permissions_of(name: str) -> tuple[Permission, ...]:
    found = get_built_in_role(_load_record().by_name[name][0])
    assert found is not None
    return found.permissions


def _grants_less(some: tuple[Permission, ...], other: tuple[Permission, ...]) -> bool:
    return is_within(some, other) and not is_within(other, some)
