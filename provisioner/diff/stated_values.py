"""Selects the part of a value that a file states, and whether a document may show it.

Called by `diff.comparison` for the values that it reports.
"""

from collections.abc import Mapping

from provisioner.catalog.property_spelling import read_scalar
from provisioner.diff.rules import Rule, Rules
from provisioner.model.values import is_empty


def written(rules: Rules, rule: Rule, value: object) -> object:
    """Return the stated part of a value: nothing that Azure computes or never returns."""
    if isinstance(value, (list, tuple)):
        entry = rules.entry(rule)
        return [written(rules, entry, item) for item in value]
    if not isinstance(value, Mapping):
        return read_scalar(rule.shape, value) if rule.reads else value
    named = "name" in value
    kept: dict[str, object] = {}
    for key, item in value.items():
        child = rules.child(rule, key)
        if not (child.silent or (child.generated and named) or is_empty(item)):
            kept[key] = written(rules, child, item)
    return kept


def holds_secret(rules: Rules, rule: Rule, value: object) -> bool:
    """Return whether a value is one that no document may show, or holds one."""
    if rule.fact.secret or rule.fact.sensitive:
        return not is_empty(value)
    if isinstance(value, Mapping):
        return any(holds_secret(rules, rules.child(rule, k), v) for k, v in value.items())
    if isinstance(value, (list, tuple)) and value:
        entry = rules.entry(rule)
        return any(holds_secret(rules, entry, item) for item in value)
    return False
