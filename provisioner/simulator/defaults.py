"""What Azure fills in where the body of a write is silent, and what it does not answer."""

from typing import Any

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.values import ABSENT
from provisioner.simulator.body_paths import fill, remove, split_path, thaw
from provisioner.simulator.changes import own_facts


def fill_defaults(resource_type: ResourceType, body: dict[str, Any], api_version: str) -> None:
    """Set in `body` every default of the catalog whose parent is there, the outermost first.

    A default of null stands for a property that Azure does not answer.
    """
    facts_by_path = dict(own_facts(resource_type))
    for path in sorted(facts_by_path, key=_depth):
        facts = facts_by_path[path]
        if facts.write_only:
            continue
        default = facts.default_in(body, api_version)
        if default is not None and default is not ABSENT:
            fill(body, split_path(path), lambda value=default: thaw(value))  # type: ignore[misc]


def drop_write_only(resource_type: ResourceType, body: dict[str, Any]) -> None:
    """Take out of `body` what Azure accepts and never answers: it is not even stored."""
    for path, facts in resource_type.fields.items():
        if facts.write_only:
            remove(body, split_path(path))


def _depth(path: str) -> int:
    return len(split_path(path))
