"""Defaults: values that Azure fills in where a write leaves them out, and defaults it omits.

A PUT replaces: a property that it leaves out gets its default again, except the ones that Azure
keeps (`Field.kept`). The defaults, and whether GET returns them, are facts of the catalog's types.
"""

from collections.abc import Callable, Collection
from typing import Any

from provisioner.catalog.field import Answered, Field
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.values import ABSENT, Absent
from provisioner.simulator.bodies.body_paths import (
    Tree,
    fill,
    mutable_copy,
    put,
    remove,
    split_path,
    value_at,
    values_at,
)
from provisioner.simulator.bodies.immutable_values import is_same, own_facts
from provisioner.simulator.state.records import Record


def fill_defaults(
    resource_type: ResourceType, before: Tree | None, body: dict[str, Any], api_version: str
) -> None:
    """Set every default of the catalog in `body` whose parent exists, outermost first.

    A default of null means that Azure does not return the property. A value that a PUT keeps when
    it is left out (`Field.kept`) gets its default only in a new resource or a new parent object.
    """
    facts_by_path = dict(own_facts(resource_type))
    for path in sorted(facts_by_path, key=_precedence):
        facts = facts_by_path[path]
        if facts.write_only or (facts.kept and _parent_existed(before, path)):
            continue
        default = facts.default_in(body, api_version)
        if default is not None and default is not ABSENT:
            fill(body, split_path(path), lambda value=default: mutable_copy(value))  # type: ignore[misc]


def _parent_existed(before: Tree | None, path: str) -> bool:
    """Return whether the object that contains a path existed before the write."""
    return before is not None and any(values_at(before, split_path(path)[:-1]))


def omit_defaults(
    resource_type: ResourceType,
    stated: Tree,
    before: Record | None,
    body: dict[str, Any],
    api_version: str,
    *,
    is_alone: bool,
) -> None:
    """Remove the defaults that Azure does not return (`Field.answered`).

    `stated` is what the client wrote, `before` what was stored; `is_alone`: it was not written in
    the body of its parent. Innermost first: an object may become empty.
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
        remove(body, steps, _is_default(facts, mutable_copy(default), spelled_out))


def _is_default(
    facts: Field, default: Tree, spelled_out: Collection[str]
) -> Callable[[str, Tree], bool]:
    def is_default(at: str, value: Tree) -> bool:
        return at not in spelled_out and is_same(value, default, facts.compare)

    return is_default


def replace_retired_values(resource_type: ResourceType, body: dict[str, Any]) -> None:
    """Replace values that Azure no longer honours by the ones that it stores instead."""
    for path, facts in resource_type.fields.items():
        for requested, answered in facts.taken_in(body):
            if _in_lower_case(value_at(body, path)) == _in_lower_case(requested):
                put(body, path, answered)


def _in_lower_case(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def drop_write_only(resource_type: ResourceType, body: dict[str, Any]) -> None:
    """Remove the properties that Azure accepts and never returns: they are not stored."""
    for path, facts in resource_type.fields.items():
        # Passwords and secrets of a cluster, and `createMode` of a vault (guidelines.md §3.1).
        if facts.write_only:
            remove(body, split_path(path))


def _precedence(path: str) -> tuple[int, bool]:
    """Return the sort key of a path: a fact of one entry comes before one of all entries."""
    return _depth(path), "[]" in path


def _depth(path: str) -> int:
    return len(split_path(path))
