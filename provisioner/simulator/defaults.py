"""What Azure fills in where the body of a write is silent, and what it does not answer."""

from typing import Any

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.values import ABSENT
from provisioner.simulator.body_paths import fill, put, remove, split_path, thaw, value_at


def fill_defaults(resource_type: ResourceType, body: dict[str, Any]) -> None:
    """Set in `body` every default of the catalog whose parent is there, the outermost first.

    A default of null stands for a property that Azure does not answer.
    """
    for path in sorted(resource_type.fields, key=_depth):
        facts = resource_type.fields[path]
        if facts.write_only:
            continue
        default = facts.default_in(body)
        if default is not None and default is not ABSENT:
            fill(body, split_path(path), lambda value=default: thaw(value))  # type: ignore[misc]


def take_values(resource_type: ResourceType, body: dict[str, Any]) -> None:
    """Put what Azure makes of them in the place of values that it does not honour any more."""
    for path, facts in resource_type.fields.items():
        for asked, answered in facts.taken_as:
            if _folded(value_at(body, path)) == _folded(asked):
                put(body, path, answered)


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def drop_write_only(resource_type: ResourceType, body: dict[str, Any]) -> None:
    """Take out of `body` what Azure accepts and never answers: it is not even stored."""
    for path, facts in resource_type.fields.items():
        if facts.write_only:
            remove(body, split_path(path))


def _depth(path: str) -> int:
    return len(split_path(path))
