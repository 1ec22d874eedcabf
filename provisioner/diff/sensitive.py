"""Where a live body holds what no document shows by the catalog's facts (a signed URL)."""

from collections.abc import Collection, Iterator, Mapping
from typing import cast

from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.catalog.schema import SchemaIndex
from provisioner.diff.rules import Rule, Rules, rules_of
from provisioner.model.secret_values import MASK, find_credentials
from provisioner.model.values import Body, Value


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


def mask_sensitive(
    resource_type: ResourceType, schemas: SchemaIndex, body: Mapping[str, Value]
) -> Mapping[str, Value]:
    """Return a body with `(sensitive)` in the place of each of its sensitive texts."""
    found = find_sensitive(resource_type, schemas, cast(Body, body))
    masked = _mask(body, (), {path for _, path in found})
    assert isinstance(masked, Mapping)
    return masked


def _mask(
    value: Value, path: tuple[str | int, ...], sensitive: Collection[tuple[str | int, ...]]
) -> Value:
    if path in sensitive:
        return MASK
    if isinstance(value, Mapping):
        return {key: _mask(item, (*path, key), sensitive) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mask(item, (*path, index), sensitive) for index, item in enumerate(value)]
    return value


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
