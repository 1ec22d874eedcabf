"""Sensitive values of a body, which no document shows.

They are found by the catalog's facts (a signed URL) and, for types without facts, by property
names.
"""

import json
from collections.abc import Collection, Iterator, Mapping

from provisioner.catalog.resource_type import ResourceType, Tier
from provisioner.catalog.schema import SchemaIndex
from provisioner.model.secret_values import find_credentials, find_secrets
from provisioner.model.values import ResourceValue, Sensitive, Value


def find_sensitive(
    resource_type: ResourceType, schemas: SchemaIndex, body: Mapping[str, Value]
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Yield the sensitive texts of a body with their paths.

    By the facts of the type, and, where the catalog has none, by the names of its properties. A
    text may come twice.
    """
    # Types of the catalog have facts; of others only the names of properties tell.
    if resource_type.tier is not Tier.KNOWN:
        properties = {name: body[name] for name in body if name != "tags"}
        for text, path in find_credentials(properties):
            if not _is_enum(resource_type, schemas, path):
                yield text, path
    if resource_type.has_sensitive_facts:
        yield from _by_facts(resource_type, body, ("",), ())


def _by_facts(
    resource_type: ResourceType,
    value: object,
    generic: Collection[str],
    path: tuple[str | int, ...],
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Yield the texts at or below a path that a fact marks as sensitive.

    `generic` are the spellings of the path that facts may use: an entry of a map by its key, or as
    `[]`.
    """
    if any(resource_type.fact(each).sensitive for each in generic):
        yield from _texts_below(value, path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            below = [f"{each}.{key}".removeprefix(".") for each in generic]
            entries = [f"{each}[]" for each in generic if each]
            yield from _by_facts(resource_type, item, (*below, *entries), (*path, key))
    elif isinstance(value, (list, tuple)):
        entries = [f"{each}[]" for each in generic]
        for index, item in enumerate(value):
            yield from _by_facts(resource_type, item, entries, (*path, index))


def _texts_below(
    value: object, path: tuple[str | int, ...]
) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    if isinstance(value, str):
        if value:
            yield value, path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts_below(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _texts_below(item, (*path, index))


def _is_enum(
    resource_type: ResourceType, schemas: SchemaIndex, path: tuple[str | int, ...]
) -> bool:
    """Return whether the model of a type has an enum at a path."""
    if resource_type.tier is Tier.RAW:
        return False
    steps = ["[]" if isinstance(step, int) else step for step in path]
    found = schemas.find(resource_type.name, steps)
    shape = found.shape if found is not None else None
    while shape is not None and shape.item is not None:
        shape = shape.item
    return shape is not None and bool(shape.enum)


def conceal_sensitive(
    resource_type: ResourceType,
    schemas: SchemaIndex,
    address: str,
    body: Mapping[str, Value],
    *,
    is_live: bool = True,
) -> Mapping[str, Value]:
    """Return a body as expressions may read it: with a Sensitive for each text not to be shown.

    Texts are found by their path (`find_sensitive`) or by their form (`find_secrets`). `address` is
    the resource's. A body that is not `is_live` is of a file, in which no text is a secret by its
    form.
    """
    found = {path for _, path in find_sensitive(resource_type, schemas, body)}
    if is_live:
        found |= {secret.path for secret in find_secrets(body) if not secret.is_key}
    if not found:
        return body
    concealed = _conceal(body, (), found, address)
    assert isinstance(concealed, Mapping)
    return concealed


def _conceal(
    value: Value,
    path: tuple[str | int, ...],
    sensitive: Collection[tuple[str | int, ...]],
    address: str,
) -> Value:
    if path in sensitive:
        return _sensitive_marker(address, path)
    if isinstance(value, Mapping):
        return {
            key: _conceal(item, (*path, key), sensitive, address) for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [
            _conceal(item, (*path, index), sensitive, address) for index, item in enumerate(value)
        ]
    return value


def _sensitive_marker(address: str, path: tuple[str | int, ...]) -> Sensitive:
    steps = (f"[{step}]" if isinstance(step, int) else f"[{json.dumps(step)}]" for step in path)
    readable = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    expression = f"resource{''.join(steps)}"
    where = {"resource": ResourceValue(address)}
    return Sensitive(expression, where, (f"{address}{''.join(readable)}",))
