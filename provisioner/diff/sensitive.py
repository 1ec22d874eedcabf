"""Where a live body holds what no document shows by the catalog's facts (a signed URL)."""

from collections.abc import Iterator, Mapping

from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import SchemaIndex
from provisioner.diff.rules import Rule, Rules, rules_of
from provisioner.model.values import Body


def find_sensitive(
    resource_type: ResourceType, schemas: SchemaIndex, body: Body
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Yield the sensitive texts of a body with their paths, in document order."""
    if any(fact.sensitive for fact in resource_type.fields.values()):
        rules = rules_of(resource_type, schemas)
        yield from _walk(rules, rules.root, body, ())


def _walk(
    rules: Rules, rule: Rule, value: object, path: tuple[str | int, ...]
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    if isinstance(value, str):
        if rule.fact.sensitive and value:
            yield value, path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(rules, rules.child(rule, key), item, (*path, key))
    elif isinstance(value, (list, tuple)):
        entry = rules.entry(rule)
        for index, item in enumerate(value):
            yield from _walk(rules, entry, item, (*path, index))
