"""What Azure fills in where the body of a write is silent, and what it does not answer."""

from collections.abc import Callable, Collection
from typing import Any

from provisioner.catalog.field import Answered, Field
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.values import ABSENT, Absent
from provisioner.simulator.bodies.body_paths import (
    Tree,
    fill,
    put,
    remove,
    split_path,
    thaw,
    value_at,
    values_at,
)
from provisioner.simulator.bodies.immutable_values import is_same, own_facts
from provisioner.simulator.state.records import Record


def fill_defaults(
    resource_type: ResourceType, before: Tree | None, body: dict[str, Any], api_version: str
) -> None:
    """Set in `body` every default of the catalog whose parent is there, the outermost first.

    A default of null stands for a property that Azure does not answer. What a silent PUT keeps
    as it is has its default in what is new: the resource, or the object that holds it.
    """
    facts_by_path = dict(own_facts(resource_type))
    for path in sorted(facts_by_path, key=_precedence):
        facts = facts_by_path[path]
        if facts.write_only or (facts.kept and _held(before, path)):
            continue
        default = facts.default_in(body, api_version)
        if default is not None and default is not ABSENT:
            fill(body, split_path(path), lambda value=default: thaw(value))  # type: ignore[misc]


def _held(before: Tree | None, path: str) -> bool:
    """Return whether what holds the property at a path was there before."""
    return before is not None and any(values_at(before, split_path(path)[:-1]))


def hide_defaults(
    resource_type: ResourceType,
    stated: Tree,
    before: Record | None,
    body: dict[str, Any],
    api_version: str,
    *,
    is_alone: bool,
) -> None:
    """Take out of `body` the defaults that Azure does not spell out (`Field.answered`).

    `stated` is what the client wrote, `before` what was there; `is_alone` tells that it was not
    written in the body of its parent. The innermost go first: an object may be left with nothing.
    """
    facts_by_path = dict(own_facts(resource_type))
    for path in sorted(facts_by_path, key=_depth, reverse=True):
        facts = facts_by_path[path]
        rule = facts.answered_in(body)
        default = facts.default_in(body, api_version)
        always = rule is Answered.ALWAYS or (rule is Answered.ALONE and is_alone)
        if always or isinstance(default, Absent):
            continue
        steps = split_path(path)
        spelled_out: set[str] = set()
        if rule is not Answered.MOVED:
            spelled_out |= {at for at, _ in values_at(stated, steps)}
        if rule is Answered.ALONE and before is not None:
            spelled_out |= {at for at, _ in values_at(before.body, steps)}
        remove(body, steps, _is_default(facts, thaw(default), spelled_out))


def _is_default(
    facts: Field, default: Tree, spelled_out: Collection[str]
) -> Callable[[str, Tree], bool]:
    def is_default(at: str, value: Tree) -> bool:
        return at not in spelled_out and is_same(value, default, facts.compare)

    return is_default


def take_values(resource_type: ResourceType, body: dict[str, Any]) -> None:
    """Put what Azure makes of them in the place of values that it does not honour any more."""
    for path, facts in resource_type.fields.items():
        for asked, answered in facts.taken_in(body):
            if _folded(value_at(body, path)) == _folded(asked):
                put(body, path, answered)


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def drop_write_only(resource_type: ResourceType, body: dict[str, Any]) -> None:
    """Take out of `body` what Azure accepts and never answers: it is not even stored."""
    for path, facts in resource_type.fields.items():
        if facts.write_only:
            remove(body, split_path(path))


def _precedence(path: str) -> tuple[int, bool]:
    """What is said of an entry by its key comes before what is said of all entries."""
    return _depth(path), "[]" in path


def _depth(path: str) -> int:
    return len(split_path(path))
