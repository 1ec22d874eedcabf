"""Values that an update cannot change: fixed at creation, or irreversible.

Which values these are is in the catalog (guidelines.md §2.7). AKS answers PropertyChangeNotAllowed
with the path as `target` (guidelines.md §3.2); other providers have codes of their own
(`RefusalCodes`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.catalog.field import ChangeRule, Compare, Field, Owner
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.values import ABSENT, is_empty
from provisioner.simulator.bodies.body_paths import (
    Tree,
    mutable_copy,
    put,
    split_path,
    value_at,
    values_at,
)
from provisioner.simulator.protocol.errors import RefusalError


def keep_unsent_values(resource_type: ResourceType, before: Tree, body: dict[str, Any]) -> None:
    """Copy values from `before` that a PUT may leave out without changing them."""
    for path, facts in resource_type.fields.items():
        is_kept = facts.kept or bool(facts.create_only)
        if not (is_kept or facts.irreversible) or facts.read_only or "[]" in path:
            continue
        old = value_at(before, path)
        kept = is_kept or old in facts.irreversible
        if kept and not is_empty(old) and value_at(body, path) is ABSENT:
            put(body, path, mutable_copy(old))


def check_values(resource_type: ResourceType, body: Tree, api_version: str) -> None:
    """Check for values that Azure never accepts.

    Raises:
        RefusalError: there is one.
    """
    for path, facts in own_facts(resource_type):
        refused = (*facts.refused, *_left_defaults(facts, api_version))
        if refused:
            for at, value in values_at(body, split_path(path)):
                if value in refused:
                    raise RefusalError(
                        400,
                        resource_type.codes.fixed,
                        f"The property '{at}' cannot be set to '{_format_value(value)}'.",
                        target=at,
                        by_provider=True,
                    )


def own_facts(resource_type: ResourceType) -> Iterator[tuple[str, Field]]:
    """Yield the facts of a type, without those of embedded children.

    Children are validated and completed when they are written themselves.
    """
    embedded = tuple(f"{entry.path}[]" for entry in resource_type.embedded)
    for path, facts in resource_type.fields.items():
        if not path.startswith(embedded or ("[]",)):
            yield path, facts


def _left_defaults(facts: Field, api_version: str) -> Iterator[Any]:
    """Yield the values of a flag that its irreversible default excludes."""
    default = facts.default_at(api_version) if facts.irreversible else None
    if isinstance(default, bool) and default in facts.irreversible:
        yield not default


def check_changes(resource_type: ResourceType, before: Tree, after: Tree, api_version: str) -> None:
    """Check that an update changes only what Azure lets it (guidelines.md §2.7).

    Raises:
        RefusalError: a change requires a new resource.
    """
    for path, facts in own_facts(resource_type):
        if facts.read_only or not (facts.create_only or facts.irreversible or _change_rules(facts)):
            continue
        if callable(facts.owner) and facts.owner(after) is not Owner.BLUEPRINT:
            continue
        old = dict(values_at(before, split_path(path)))
        new = dict(values_at(after, split_path(path)))
        for at in _compared_paths(path, old, new):
            default = facts.default_in(after, api_version)
            reason = _refusal_of(facts, (old.get(at), new.get(at)), default, before, after)
            if reason is not None:
                raise RefusalError(
                    resource_type.codes.fixed_status,
                    resource_type.codes.fixed,
                    f"Changing property '{at}' is not allowed.{reason}",
                    target=at,
                    by_provider=True,
                )


def _compared_paths(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the paths to compare.

    An entry of a list that is added or removed as a whole is not a change of its properties.
    """
    if "[]" in path:
        return [at for at in old if at in new]
    return [*old, *(at for at in new if at not in old)]


def _refusal_of(
    facts: Field, values: tuple[Any, Any], default: Tree, before: Tree, after: Tree
) -> str | None:
    """Return the reason of a refusal ("" for none beyond the rule); None if the change is allowed.

    An absent value counts as its default; if that is not known, a value may be set once.
    """
    old, new = values
    if is_empty(old):
        old = default
    if is_same(old, new, facts.compare):
        return None
    if callable(facts.create_only):
        reason = facts.create_only(before, after)
        if reason is not None:
            return f" {reason}."
    elif facts.create_only and old is not ABSENT:
        return ""
    if old is not None and old in facts.irreversible:
        return " It cannot be undone."
    reasons = (rule(before, after) for rule in _change_rules(facts))
    return next((f" {reason}." for reason in reasons if reason is not None), None)


def _change_rules(facts: Field) -> list[ChangeRule]:
    return [rule for rule in (facts.forbidden, facts.parent_fixed) if rule is not None]


def is_same(old: Tree, new: Tree, compare: Compare | None) -> bool:
    """Return whether two values of a property are equal, without case."""
    if is_empty(old) and is_empty(new):
        return True
    left, right = _in_lower_case(old), _in_lower_case(new)
    if compare is Compare.TENANT_ID:
        # One definition, whichever scope an id names it at.
        return str(left).rpartition("/providers/")[2] == str(right).rpartition("/providers/")[2]
    if compare is Compare.SET and isinstance(left, list) and isinstance(right, list):
        return sorted(left, key=repr) == sorted(right, key=repr)
    return bool(left == right)


def _in_lower_case(value: Tree) -> Tree:
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, Mapping):
        return {key: _in_lower_case(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_in_lower_case(item) for item in value]
    return value


def _format_value(value: Tree) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
