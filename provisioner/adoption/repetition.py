"""Finds resources that differ in little but their names, so that a file states them once.

Resources of one type, one file and one shape become one with a `forEach`, if what differs is at
most a few values: the key, or a table of them by key.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from provisioner.adoption.entries import Entry
from provisioner.adoption.naming import camel
from provisioner.adoption.slots import Path, shape_of, slots_of, with_slots
from provisioner.adoption.templates import Each, Leaf, Part, Ref, Template

_MOST_COLUMNS = 3
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SEPARATORS = re.compile(r"([-_.])")

Row: TypeAlias = "Leaf | Mapping[str, Leaf]"


@dataclass(frozen=True, slots=True)
class Fold:
    """One statement of a file. `members` are the resources that it states, by their keys in the
    `forEach`; one without a `forEach` has one member, under "". `entry` is what is written, with
    `Each` where members differ; `rows` are the values by key, None where the keys alone differ."""

    entry: Entry
    members: Mapping[str, Entry]
    rows: Mapping[str, Row] | None = None

    @property
    def repeats(self) -> bool:
        """Whether the statement has a `forEach`."""
        return "" not in self.members

    def row_refs(self) -> Iterator[Ref]:
        """Yield the references in the table: they are read before anything is placed."""
        for row in (self.rows or {}).values():
            for leaf in row.values() if isinstance(row, Mapping) else (row,):
                if isinstance(leaf, Template):
                    yield from leaf.refs()


def single(entry: Entry) -> Fold:
    """Return the statement of one resource."""
    return Fold(entry, {"": entry})


def fold_entries(
    entries: Sequence[Entry], files: Mapping[str, str], words: Mapping[str, Sequence[str]]
) -> tuple[Fold, ...]:
    """Return the statements of some resources, in the order of their ids.

    `files` are the files that state them, and `words` their telling words, by key.
    """
    groups: dict[object, list[Entry]] = {}
    for entry in entries:
        shape = (files[entry.key], entry.type.lower(), entry.group, shape_of(entry))
        groups.setdefault(shape, []).append(entry)
    folds: list[Fold] = []
    for same in groups.values():
        for some in _partition(same):
            folds += _fold(some, words)
    return tuple(sorted(_without_circles(folds), key=_order))


def _order(fold: Fold) -> str:
    return min(entry.key for entry in fold.members.values())


def _partition(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Yield groups in which few values differ: as long as too many do, by the one with the fewest
    values."""
    columns = _columns(entries)
    if len(entries) < 2 or len(columns) <= _MOST_COLUMNS:
        yield entries
        return
    values = {path: len(set(column)) for path, column in columns.items()}
    path = min(values, key=lambda p: (values[p], p))
    parts: dict[Leaf, list[Entry]] = {}
    for entry, value in zip(entries, columns[path], strict=True):
        parts.setdefault(value, []).append(entry)
    for some in parts.values():
        yield from _partition(some)


def _columns(entries: Sequence[Entry]) -> dict[Path, tuple[Leaf, ...]]:
    """Return the values that differ, by their place; places with the same values count once."""
    tables = [slots_of(entry) for entry in entries]
    found: dict[Path, tuple[Leaf, ...]] = {}
    seen: dict[tuple[Leaf, ...], Path] = {}
    names = tuple(entry.name for entry in entries)
    for index, (path, _) in enumerate(tables[0]):
        column = tuple(table[index][1] for table in tables)
        if len(set(column)) > 1 and column != names and column not in seen:
            seen[column] = path
            found[path] = column
    return found


def _fold(entries: list[Entry], words: Mapping[str, Sequence[str]]) -> list[Fold]:
    """Return one statement for some resources; one each where that is not shorter, or they refer to
    each other."""
    keys = {entry.key for entry in entries}
    apart = [e for e in entries if any(r.key in keys and r.key != e.key for r in e.refs())]
    together = [entry for entry in entries if entry not in apart]
    columns = _columns(together) if len(together) > 1 else {}
    worth = len(together) > 2 or (len(together) == 2 and len(columns) <= 1)
    if not worth:
        return [single(entry) for entry in entries]
    named = _name_keys(together) or _word_keys(together, words)
    if named is None:
        return [single(entry) for entry in entries]
    return [_table(together, named, columns), *(single(entry) for entry in apart)]


@dataclass(frozen=True, slots=True)
class _Keys:
    """The key of each resource, and its name by it; `is_column` where the names stand in the
    table."""

    keys: tuple[str, ...]
    name: Template
    is_column: bool = False


def _name_keys(entries: Sequence[Entry]) -> _Keys | None:
    """Return the parts in which names differ, as keys: `nsg-…-apps` and `nsg-…-jobs` are apps and
    jobs."""
    split = [_tokens(entry.name) for entry in entries]
    if any(_GUID.fullmatch(entry.id.name) for entry in entries):
        return None
    shortest = min(map(len, split))
    head = 0
    while head < shortest and len({tokens[head] for tokens in split}) == 1:
        head += 1
    tail = 0
    while tail < shortest - head and len({tokens[-1 - tail] for tokens in split}) == 1:
        tail += 1
    middles = [Template.of(*tokens[head : len(tokens) - tail]) for tokens in split]
    keys = [middle.plain for middle in middles]
    usable = [key for key in keys if key and _KEY.fullmatch(key)]
    if len(usable) < len(keys) or len({key.lower() for key in usable}) < len(keys):
        return None
    name = Template.of(*split[0][:head], Each("each.key"), *split[0][len(split[0]) - tail :])
    return _Keys(tuple(usable), name)


def _tokens(name: Template) -> list[Part]:
    return [
        token
        for part in name.parts
        for token in (_SEPARATORS.split(part) if isinstance(part, str) else [part])
        if token != ""
    ]


def _word_keys(entries: Sequence[Entry], words: Mapping[str, Sequence[str]]) -> _Keys | None:
    """Return keys of what is known of the resources beside their names, which mean nothing."""
    keys = [camel(words.get(entry.key, ())) for entry in entries]
    if len(set(keys)) < len(keys):
        above = [entry.id.container for entry in entries]
        around = [words.get(a.key, ()) if a is not None else () for a in above]
        keys = [
            camel([*words.get(entry.key, ()), *more])
            for entry, more in zip(entries, around, strict=True)
        ]
    counts = Counter(keys)
    numbers: Counter[str] = Counter()
    found: list[str] = []
    for key in keys:
        numbers[key] += 1
        found.append(key if counts[key] == 1 else f"{key}{numbers[key]}")
    if any(not _KEY.fullmatch(key) for key in found) or len(set(found)) < len(found):
        return None
    alike = len({entry.name for entry in entries}) == 1
    return _Keys(tuple(found), entries[0].name, is_column=not alike)


def _table(
    entries: Sequence[Entry], named: _Keys, columns: Mapping[Path, tuple[Leaf, ...]]
) -> Fold:
    """Return the statement of resources, with what differs as a table by key."""
    columns = dict(columns)
    if named.is_column:
        columns = {("name",): tuple(entry.name for entry in entries), **columns}
    titles = _titles(list(columns))
    alone = len(columns) == 1
    places: dict[tuple[Leaf, ...], Each] = {
        column: Each("each.value" if alone else f"each.value.{titles[path]}")
        for path, column in columns.items()
    }
    names = tuple(entry.name for entry in entries)
    rows: dict[str, Row] = {}
    for index, key in enumerate(named.keys):
        values = {titles[path]: column[index] for path, column in columns.items()}
        rows[key] = next(iter(values.values())) if alone else values
    tables = [slots_of(entry) for entry in entries]
    changed: dict[Path, Leaf] = {}
    for index, (path, _) in enumerate(tables[0]):
        column = tuple(table[index][1] for table in tables)
        if len(set(column)) == 1:
            continue
        if column == names and not named.is_column:
            changed[path] = named.name
        else:
            changed[path] = Template.of(places[column])
    entry = with_slots(entries[0], changed)
    name = Template.of(places[names]) if named.is_column else named.name
    members = dict(zip(named.keys, entries, strict=True))
    return Fold(replace(entry, name=name), members, rows if columns else None)


def _titles(paths: Sequence[Path]) -> Mapping[Path, str]:
    """Return a name for each column: the property's, or that of what it stands in."""
    found: dict[Path, str] = {}
    for path in paths:
        steps = [re.sub(r"[^A-Za-z0-9]", "", step) for step in path]
        steps = [step for step in steps if step and not step.isdigit() and step != "properties"]
        while len(steps) > 1 and steps[-1].lower() == "id":
            steps.pop()
        title = steps[-1] if steps else "value"
        while title in found.values() and len(steps) > 1:
            steps.pop()
            title = steps[-1] + title[:1].upper() + title[1:]
        number = 2
        stem = title
        while title in found.values():
            title = f"{stem}{number}"
            number += 1
        found[path] = title[:1].lower() + title[1:]
    return found


def _without_circles(folds: Iterable[Fold]) -> list[Fold]:
    """Return the statements with those taken apart whose tables refer to each other: the table of
    each would have to be read before that of the other."""
    done: list[Fold] = []
    of_member: dict[str, int] = {}
    reads: dict[int, set[int]] = {}
    pending = list(folds)
    for fold in pending:
        for entry in fold.members.values():
            of_member[entry.key] = len(done)
        done.append(fold)
    for index, fold in enumerate(done):
        reads[index] = {of_member[r.key] for r in fold.row_refs() if r.key in of_member}
    result: list[Fold] = []
    for index, fold in enumerate(done):
        if fold.repeats and _leads_to(index, reads):
            reads[index] = set()
            result += [single(entry) for entry in fold.members.values()]
        else:
            result.append(fold)
    return result


def _leads_to(start: int, reads: Mapping[int, set[int]]) -> bool:
    """Tell whether a table reads itself, over others."""
    pending, seen = list(reads[start]), set[int]()
    while pending:
        index = pending.pop()
        if index == start:
            return True
        if index not in seen:
            seen.add(index)
            pending += reads[index]
    return False
