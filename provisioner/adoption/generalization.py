"""Merges similar entries into one, with a column for each place in which they differ.

Entries are compared place by place: equal values are stated once, objects are merged property by
property, and each remaining difference becomes a column with a value for each entry. A column can
also hold a whole part: a list, the parameters of a policy, or a property that only some of the
entries have.

`repetition` and `resource_tables` call it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from provisioner.adoption.expression_templates import Call, Each, Part, Template, Tree
from provisioner.adoption.references import Entry

Path: TypeAlias = tuple[str, ...]
"""Steps from the root of an entry; a key that is an expression is replaced by its index."""

_MOST_OPTIONAL = 2
"""Properties that not all of some objects have, above which the whole objects become a column."""
_MOST_OF_ONE = 2
"""Places in which lists of one entry may differ, above which the whole lists become a column."""
_ARGUMENTS = {"roleDefinitionId": "role", "policyDefinitionId": "policy"}


class Absent:
    """The value in a column for an entry that lacks the property."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()
Cell: TypeAlias = "Tree | Absent"


@dataclass(frozen=True, slots=True)
class Column:
    """A place in which entries differ, with the value of each."""

    path: Path
    cells: tuple[Cell, ...]

    @property
    def identity(self) -> object:
        """The common identity of columns with equal values."""
        return tuple(map(frozen, self.cells))


Fill: TypeAlias = Callable[[Column], Template]


def frozen(tree: Cell) -> object:
    """Return a value by which trees can be compared: `true` is not 1."""
    if isinstance(tree, Mapping):
        return tuple((key, frozen(item)) for key, item in tree.items())
    if isinstance(tree, tuple):
        return ("list", *map(frozen, tree))
    return (type(tree).__name__, tree)


def columns_of(entries: Sequence[Entry]) -> tuple[Column, ...]:
    """Return the columns of some entries of one type, columns with equal values once."""
    found: dict[object, Column] = {}

    def note(column: Column) -> Template:
        found.setdefault(column.identity, column)
        return Template.of(Each(""))

    generalize(entries, note)
    return tuple(found.values())


def generalize(entries: Sequence[Entry], fill: Fill) -> Entry:
    """Return one entry for several, with the result of `fill` in the place of each column.

    The name is that of the first entry.
    """

    def place(name: str) -> Template | None:
        values: list[Cell] = [getattr(entry, name) for entry in entries]
        if all(value is None for value in values):
            return None
        unified = _unify_cells(values, (name,), fill)
        assert isinstance(unified, Template)
        return unified

    parent, scope, location = place("parent"), place("scope"), place("location")
    body = _unify_cells([entry.body for entry in entries], (), fill)
    assert isinstance(body, Mapping)
    return replace(entries[0], parent=parent, scope=scope, location=location, body=body)


def _unify_cells(cells: Sequence[Cell], path: Path, fill: Fill) -> Tree:
    first = frozen(cells[0])
    if not isinstance(cells[0], Absent) and all(frozen(cell) == first for cell in cells[1:]):
        return cells[0]
    unified: Tree = None
    if all(isinstance(cell, Mapping) for cell in cells):
        unified = _unify_objects([c for c in cells if isinstance(c, Mapping)], path, fill)
    elif all(isinstance(cell, tuple) for cell in cells):
        unified = _unify_lists([c for c in cells if isinstance(c, tuple)], path, fill)
    elif all(isinstance(cell, Template) for cell in cells):
        unified = _unify_calls([c for c in cells if isinstance(c, Template)], path, fill)
    return unified if unified is not None else fill(Column(path, tuple(cells)))


def _unify_objects(
    objects: Sequence[Mapping[Template, Tree]], path: Path, fill: Fill
) -> Mapping[Template, Tree] | None:
    """Return one object for several, or None where they have too little in common."""
    computed = [[key for key in each if key.plain is None] for each in objects]
    if len({len(keys) for keys in computed}) > 1:
        return None
    plain = list(dict.fromkeys(key for each in objects for key in each if key.plain is not None))
    optional = [key for key in plain if any(key not in each for each in objects)]
    most = _MOST_OPTIONAL if len(optional) < len(plain) else 0
    # At the root the number is not limited: each property that only some have is a column.
    if path not in ((), ("properties",)) and len(optional) > most:
        return None
    unified: dict[Template, Tree] = {}
    for key in plain:
        step = str(key.plain)
        none: Cell = {} if (*path, step) == ("properties",) else ABSENT
        unified[key] = _unify_cells([each.get(key, none) for each in objects], (*path, step), fill)
    for number in range(len(computed[0])):
        at, keys = f"<{number}>", [each[number] for each in computed]
        key_of_all = _unify_cells(keys, (*path, f"{at}?"), fill)
        assert isinstance(key_of_all, Template)
        values = [each[key] for each, key in zip(objects, keys, strict=True)]
        unified[key_of_all] = _unify_cells(values, (*path, at), fill)
    return unified


def _unify_lists(
    lists: Sequence[tuple[Tree, ...]], path: Path, fill: Fill
) -> tuple[Tree, ...] | None:
    """Return one list for several lists of the same length that differ in little, else None.

    A list is compared as a whole.
    """
    if len({len(each) for each in lists}) > 1 or not lists[0]:
        return None
    found: set[object] = set()

    def note(column: Column) -> Template:
        found.add(column.identity)
        return Template.of(Each(""))

    def unify(each: Fill) -> tuple[Tree, ...]:
        entries = zip(*lists, strict=True)
        return tuple(_unify_cells(cells, (*path, str(i)), each) for i, cells in enumerate(entries))

    unify(note)
    most = _MOST_OF_ONE if len(lists[0]) == 1 else 1
    return unify(fill) if len(found) <= most else None


def _unify_calls(texts: Sequence[Template], path: Path, fill: Fill) -> Template | None:
    """Return one function call for several that differ in their arguments only, else None.

    An example is a role definition at several scopes.
    """
    calls = [text.parts[0] for text in texts if len(text.parts) == 1]
    shapes = {
        (call.function, len(call.arguments)) if isinstance(call, Call) else None for call in calls
    }
    if len(calls) < len(texts) or len(shapes) > 1 or None in shapes:
        return None
    arguments: list[Part] = []
    first = calls[0]
    assert isinstance(first, Call)
    for position in range(len(first.arguments)):
        column = [call.arguments[position] for call in calls if isinstance(call, Call)]
        last = position == len(first.arguments) - 1
        title = (_ARGUMENTS.get(first.function, "value"),) if last else ()
        unified = _unify_cells([Template.of(each) for each in column], (*path, *title), fill)
        if not isinstance(unified, Template) or len(unified.parts) != 1:
            return None
        arguments.append(unified.parts[0])
    return Template.of(Call(first.function, tuple(arguments)))


def shape_of(entry: Entry) -> object:
    """Return the structure that two resources have to share to differ in values alone."""
    places = tuple(bool(place) for place in (entry.parent, entry.scope, entry.location))
    return (bool(entry.secrets), entry.api_version, places, _tree_shape(entry.body))


def _tree_shape(tree: Tree) -> object:
    if isinstance(tree, Mapping):
        return tuple(
            sorted((key.plain or "?", repr(_tree_shape(item))) for key, item in tree.items())
        )
    if isinstance(tree, tuple):
        return ("list", *map(_tree_shape, tree))
    return type(tree).__name__
