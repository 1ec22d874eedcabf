"""The places of an entry in which it may differ from others of its shape."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from provisioner.adoption.entries import Entry
from provisioner.adoption.templates import Call, Leaf, Template, Tree

Path: TypeAlias = tuple[str, ...]
"""Steps from the root of an entry; a key that is an expression stands by its number."""


def slots_of(entry: Entry) -> list[tuple[Path, Leaf]]:
    """Return (path, value) of all that may differ, in an order of its own for each shape."""
    found: list[tuple[Path, Leaf]] = [
        ((name,), place)
        for name, place in (
            ("parent", entry.parent),
            ("scope", entry.scope),
            ("location", entry.location),
        )
        if place is not None
    ]

    def descend(tree: Tree, path: Path) -> None:
        if isinstance(tree, (Mapping, tuple)) and not tree:
            found.append(((*path, type(tree).__name__), None))
        elif isinstance(tree, Mapping):
            for step, key, item in sorted(_steps(tree), key=lambda each: each[0]):
                if step != key.plain:
                    found.append(((*path, f"{step}?"), key))
                descend(item, (*path, step))
        elif isinstance(tree, tuple):
            for index, item in enumerate(tree):
                descend(item, (*path, str(index)))
        else:
            role = _granted_role(tree, entry)
            found.append((path, tree) if role is None else ((*path, "role"), Template.of(role)))

    descend(entry.body, ())
    return found


def _granted_role(tree: Leaf, entry: Entry) -> str | None:
    """Return the name of the role that an entry grants at its own scope, or None."""
    part = tree.parts[0] if isinstance(tree, Template) and len(tree.parts) == 1 else None
    if not isinstance(part, Call) or entry.scope is None or len(entry.scope.parts) != 1:
        return None
    scope, role = part.arguments[0], part.arguments[-1]
    return role if scope == entry.scope.parts[0] and isinstance(role, str) else None


def _steps(tree: Mapping[Template, Tree]) -> list[tuple[str, Template, Tree]]:
    """Return the entries of an object: keys that are expressions stand by their number."""
    steps, number = [], 0
    for key, item in tree.items():
        plain = key.plain
        if plain is None:
            steps.append((f"<{number}>", key, item))
            number += 1
        else:
            steps.append((plain, key, item))
    return steps


def shape_of(entry: Entry) -> object:
    """Return what two resources have to have in common to be stated as one."""
    return (
        bool(entry.secrets),
        tuple((path, type(value).__name__) for path, value in slots_of(entry)),
    )


def with_slots(entry: Entry, changed: Mapping[Path, Leaf]) -> Entry:
    """Return an entry with other values at some of its slots."""

    def place(name: str, value: Template | None) -> Template | None:
        new = changed.get((name,))
        return new if isinstance(new, Template) else value

    def descend(tree: Tree, path: Path) -> Tree:
        if isinstance(tree, Mapping):
            found: dict[Template, Tree] = {}
            for step, key, item in _steps(tree):
                new = changed.get((*path, f"{step}?"))
                found[new if isinstance(new, Template) else key] = descend(item, (*path, step))
            return found
        if isinstance(tree, tuple):
            return tuple(descend(item, (*path, str(i))) for i, item in enumerate(tree))
        if _granted_role(tree, entry) is not None:
            return _grant(tree, changed.get(("scope",)), changed.get((*path, "role")))
        return changed.get(path, tree)

    body = descend(entry.body, ())
    assert isinstance(body, Mapping)
    return replace(
        entry,
        parent=place("parent", entry.parent),
        scope=place("scope", entry.scope),
        location=place("location", entry.location),
        body=body,
    )


def _grant(tree: Leaf, scope: Leaf, role: Leaf) -> Template:
    """Return the id of a granted role, with another scope and another name where they differ."""
    assert isinstance(tree, Template)
    call = tree.parts[0]
    assert isinstance(call, Call)
    where = scope.parts[0] if isinstance(scope, Template) else call.arguments[0]
    which = role.parts[0] if isinstance(role, Template) else call.arguments[-1]
    return Template.of(Call(call.function, (where, which)))
