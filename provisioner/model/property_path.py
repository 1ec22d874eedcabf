"""Property paths in the notation of reports: `properties.agentPoolProfiles[system].count`.

A list entry is identified by its key (its name, its id) in brackets, or by its index where it has
none; so is a key of a map that holds a slash. Names are compared without case, as ARM does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar

from provisioner.model.values import Absent, Value

_STEP = re.compile(r"\[(?P<mark>[^\]]*)\]|(?P<name>[^.\[\]]+)")
_ANY = "[*]"

Steps: TypeAlias = tuple[str, ...]
"""The steps of a path: names, and `[mark]` for an entry."""

_AnyValue = TypeVar("_AnyValue", bound=object)


def split_steps(path: str) -> Steps | None:
    """Return the steps of a path; None for any other text."""
    steps: list[str] = []
    at = 0
    while at < len(path):
        if path[at] == "." and steps:
            at += 1
        found = _STEP.match(path, at)
        if found is None:
            return None
        steps.append(found[0])
        at = found.end()
    return tuple(steps) or None


def is_below(path: Steps, pattern: Steps) -> bool:
    """Return whether `path` is `pattern` or below it; `[*]` in a pattern matches any entry."""
    if len(path) < len(pattern):
        return False
    return all(
        wanted == _ANY or _without_brackets(wanted) == _without_brackets(step)
        for wanted, step in zip(pattern, path, strict=False)
    )


def set_at(body: Value, path: Steps, value: Value | Absent) -> Value:
    """Return a body with another value at `path`; ABSENT removes the one there.

    Objects on the way are made where there are none. An entry that the list lacks is added at its
    end. A path that leads through a scalar leaves the body as it is.
    """
    first, *rest = path
    if isinstance(body, (list, tuple)):
        return _set_entry(body, _without_brackets(first), tuple(rest), value)
    if not isinstance(body, Mapping):
        return body
    name = _without_brackets(first) if first.startswith("[") else first
    real = next((key for key in body if key.lower() == name.lower()), name.strip("[]"))
    others = {key: item for key, item in body.items() if key != real}
    if rest:
        inner = body.get(real)
        if inner is None and isinstance(value, Absent):
            return body
        return _put(body, real, set_at({} if inner is None else inner, tuple(rest), value))
    return others if isinstance(value, Absent) else _put(body, real, value)


def _put(body: Mapping[str, Value], key: str, value: Value) -> Mapping[str, Value]:
    """Return an object with another value, its keys in the order in which they stood."""
    return {**body, key: value}


def _set_entry(
    entries: Sequence[Value], mark: str, rest: Steps, value: Value | Absent
) -> Sequence[Value]:
    at = next((n for n, entry in enumerate(entries) if _is_marked(entry, mark)), None)
    if at is None and mark.isdigit() and int(mark) < len(entries):
        at = int(mark)
    if at is None:
        return entries if rest or isinstance(value, Absent) else [*entries, value]
    if rest:
        changed = [set_at(entries[at], rest, value)]
    else:
        changed = [] if isinstance(value, Absent) else [value]
    return [*entries[:at], *changed, *entries[at + 1 :]]


def _is_marked(entry: Value, mark: str) -> bool:
    """Return whether an entry is called `mark` by one of its values, or by one a level below."""
    return any(text.lower() == mark for text in _texts(entry, 1))


def _texts(value: Value, depth: int) -> Iterator[str]:
    for item in value.values() if isinstance(value, Mapping) else ():
        if isinstance(item, (str, int)) and not isinstance(item, bool):
            yield str(item)
        elif depth:
            yield from _texts(item, depth - 1)


def _without_brackets(step: str) -> str:
    return step.removeprefix("[").removesuffix("]").lower()
