"""Where a live body holds what no document shows by the catalog's facts (a signed URL)."""

from collections.abc import Iterator, Mapping

from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.catalog.schema import SchemaIndex
from provisioner.diff.rules import Rule, Rules, rules_of
from provisioner.model.secret_values import find_credentials
from provisioner.model.values import Body


def find_sensitive(
    resource_type: ResourceType, schemas: SchemaIndex, body: Body
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Yield the sensitive texts of a body with their paths, in document order: by the facts of the
    type, or, where nothing but the type's name is known, by the names of its properties."""
    if resource_type.tier is Tier.RAW:
        yield from find_credentials({name: body[name] for name in body if name != "tags"})
    if any(fact.sensitive for fact in resource_type.fields.values()):
        rules = rules_of(resource_type, schemas)
        yield from _walk(rules, rules.root, body, (), inside=False)


def _walk(
    rules: Rules, rule: Rule, value: object, path: tuple[str | int, ...], *, inside: bool
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    inside = inside or rule.fact.sensitive
    if isinstance(value, str):
        if inside and value:
            yield value, path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(rules, rules.child(rule, key), item, (*path, key), inside=inside)
    elif isinstance(value, (list, tuple)):
        entry = rules.entry(rule)
        for index, item in enumerate(value):
            yield from _walk(rules, entry, item, (*path, index), inside=inside)
