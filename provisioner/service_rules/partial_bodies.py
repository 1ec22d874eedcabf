"""Reads bodies that may hold Unknown leaves: what is not known is never taken for absent."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias, TypeGuard

from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Unknown, is_empty, lookup

Tree: TypeAlias = object
"""A body, or a part of one."""

_INDEX = re.compile(r"\[(\d+)\]")


def value_at(body: Tree, path: str) -> Tree:
    """Return the value at a path (`properties.rules[0].name`), key case ignored.

    ABSENT where nothing is, and the Unknown that is at it or above it.
    """
    value: Any = body
    for step in _path_steps(path):
        if value.__class__ is dict:  # nearly every object, and what it has is found at once
            found = value.get(step, ABSENT)
            value = lookup(value, (step,)) if found is ABSENT else found
        elif isinstance(value, Mapping):
            value = lookup(value, (step,))
        elif isinstance(value, Unknown):
            return value
        elif isinstance(value, (list, tuple)):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else ABSENT
        else:
            return ABSENT
    return value


# Rules among siblings read the same paths of each.
@lru_cache(maxsize=4096)
def _path_steps(path: str) -> tuple[str, ...]:
    return tuple(_INDEX.sub(r".\1", path).split(".")) if path else ()


def is_silent(body: Tree, path: str) -> bool:
    """Return whether a body certainly states nothing at a path: absent, null, or empty."""
    value = value_at(body, path)
    return not isinstance(value, Unknown) and is_empty(value)


def is_stated(body: Tree, path: str) -> bool:
    """Return whether a body certainly states something at a path, be it known yet or not.

    Part of something that is not known yet may exist, or not.
    """
    value = value_at(body, path)
    if isinstance(value, Unknown):
        return not isinstance(value_at(body, path.rpartition(".")[0]), Unknown)
    return not is_empty(value)


def text_at(body: Tree, path: str) -> str | None:
    """Return the text at a path; None where there is none, an empty one, or one not known yet."""
    value = value_at(body, path)
    return value if isinstance(value, str) and value else None


def text_or(body: Tree, path: str, default: str) -> str | None:
    """Return the text at a path, or the default where the body is silent.

    None where it is not known yet.
    """
    return default if is_silent(body, path) else text_at(body, path)


def number_at(body: Tree, path: str) -> int | None:
    """Return the whole number at a path; None where there is none, or one not known yet."""
    value = value_at(body, path)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def id_at(body: Tree, path: str) -> ResourceId | None:
    """Return the resource id at a path; None where there is none, or one not known yet."""
    return parse_resource_id(text_at(body, path) or "")


def entries_at(body: Tree, path: str) -> Iterator[tuple[str, Tree]]:
    """Yield (path, entry) of a list; nothing where there is none, or one not known yet."""
    value = value_at(body, path)
    for index, entry in enumerate(value if isinstance(value, (list, tuple)) else ()):
        yield f"{path}[{index}]", entry


def texts_at(body: Tree, *paths: str) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of each text at these paths: a text, or those of a list of them."""
    for path in paths:
        value = value_at(body, path)
        if isinstance(value, str):
            if value:
                yield path, value
        elif isinstance(value, (list, tuple)):
            for index, entry in enumerate(value):
                if isinstance(entry, str) and entry:
                    yield f"{path}[{index}]", entry


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number: True and False are numbers of Python, and none here."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
