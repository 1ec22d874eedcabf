"""The smallest body that still lets a drift check detect every change that it can detect.

A value is left out where the catalog's comparison reports nothing without it: it is the service's
default, read-only, or managed by something else. A value without a known default is stated, because
a change of it would go unnoticed otherwise. Each decision is the result of a comparison, never a
guess.

`pipeline` and `workflow/adopt.py` call it; `workflow/adoption_proof.py` verifies the result.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from provisioner.adoption.body_minimization import NOWHERE, BodyMinimizer, Path, without_path
from provisioner.adoption.embedded_credentials import find_embedded
from provisioner.blueprint.body_check import check_body
from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.field import Owner
from provisioner.catalog.node_pools import is_in_mode
from provisioner.catalog.resource_type import Embedded, ResourceType, Tier
from provisioner.catalog.schema import Kind, SchemaIndex
from provisioner.diff.merge import merge_for_write
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.secret_values import find_credentials, find_secrets
from provisioner.model.values import ABSENT, Body, Value, lookup, without_at

_ENVELOPE = ("id", "name", "type", "location", "etag", "eTag", "systemData")


@dataclass(frozen=True, slots=True)
class MinimalBody:
    """The part of a resource body that a file states.

    `secrets` are the paths of secrets, which no file may hold: an update leaves Azure's value.
    `differs` are the paths at which the comparison still finds a difference: Azure accepts the
    value and does not apply it. `refused` are the parts of the body that azsec's schema refuses,
    and that are left out.
    """

    body: Mapping[str, Value]
    secrets: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def minimal_body(resource_type: ResourceType, schemas: SchemaIndex, actual: Body) -> MinimalBody:
    """Return the least that states a live body, without name, place and azsec's own tags."""
    writable = merge_for_write(resource_type, schemas, {}, actual)
    writable_body: Mapping[str, Value] = dict(
        item for item in writable.items() if item[0] not in _ENVELOPE
    )
    writable_body = _without_own_children(resource_type, writable_body, actual)
    writable_body = _without_tags_of_azsec(writable_body)
    hidden = [found.path for found in find_secrets(writable_body)]
    if resource_type.tier is not Tier.KNOWN:
        hidden += [path for _, path in find_credentials({**writable_body, "tags": {}})]
    hidden += find_embedded({**writable_body, "tags": {}})
    by_fact = list(_secrets_by_fact(resource_type, actual))
    # Before the minimization: a secret must not appear in a file, whether a default or not.
    for path in (*hidden, *by_fact):
        writable_body = without_path(writable_body, _path_of_list(path))
    writable_body, refused = _without_refused(resource_type, schemas, writable_body)
    minimizer = BodyMinimizer(resource_type, schemas, actual, writable_body)
    # A type outside the catalog has no known defaults: its whole body is stated, empty lists and
    # objects too.
    least = writable_body if resource_type.tier is Tier.RAW else minimizer.shrink(writable_body)
    least = _with_required(
        resource_type, schemas, _with_security_settings(resource_type, writable_body, least, actual)
    )
    return MinimalBody(
        least,
        tuple(dict.fromkeys(map(_path_text, (*by_fact, *hidden)))),
        tuple(change.path for change in minimizer.baseline.changes if change.declared),
        refused,
    )


def _with_security_settings(
    resource_type: ResourceType,
    writable_body: Mapping[str, Value],
    least: Mapping[str, Value],
    actual: Body,
) -> Mapping[str, Value]:
    """Return a body with security settings whose change would go unnoticed if they were not stated.

    These are switches that are left to Azure Policy, and lists of children that are the whole
    boundary (rules of a network security group), even where they are empty. The identities of a
    profile are stated in full, because controls read all of an identity and AKS returns their ids.
    """
    guarded = {each.path for each in resource_type.embedded if not each.kept}
    guarded |= {
        path
        for path, fact in resource_type.fields.items()
        if fact.security and fact.owner is Owner.POLICY
    }
    for path in sorted(guarded):
        value, steps = lookup(writable_body, path.split(".")), path.split(".")
        is_guarded = value in ([], ()) or isinstance(value, (str, bool, int))
        if is_guarded and lookup(least, steps) is ABSENT:
            least = _with_value(least, steps, cast(Value, value))
    for path in resource_type.identity_profiles:
        steps = path.split(".")
        stated, live = lookup(least, steps), lookup(actual, steps)
        if isinstance(stated, Mapping) and isinstance(live, Mapping):
            entries = {
                name: entry
                if _is_in_managed_group(resource_type, actual, entry)
                else live.get(name, entry)
                for name, entry in stated.items()
            }
            least = _with_value(least, steps, entries)
    return least


def _is_in_managed_group(resource_type: ResourceType, actual: Body, entry: object) -> bool:
    """Return whether an identity is in the resource group that its owner manages.

    A new owner creates another identity there, with ids that no file can state in advance.
    """
    made = parse_resource_id(lookup(entry, ("resourceId",)))
    group = lookup(actual, (resource_type.managed_group or "").split("."))
    return made is None or str(made.resource_group).lower() == str(group).lower()


def _with_required(
    resource_type: ResourceType, schemas: SchemaIndex, body: Mapping[str, Value]
) -> Mapping[str, Value]:
    """Return a body with the objects that the schema requires although nothing is in them."""
    root = schemas.root(resource_type.name)
    missing = [
        prop.name
        for prop in root.properties.values()
        if prop.required
        and not prop.read_only
        and prop.shape.kind in (Kind.OBJECT, Kind.MAP)
        and prop.name not in body
    ]
    return {**body, **{name: {} for name in missing}}


def _without_own_children(
    resource_type: ResourceType, body: Mapping[str, Value], actual: Body
) -> Mapping[str, Value]:
    """Leave out the children that are resources of their own.

    Of the node pools of a cluster these are the user pools: AKS creates no cluster without a system
    pool, so these stay in the body.
    """
    for embedded in resource_type.embedded:
        path = embedded.path.split(".")
        if not embedded.flattened:
            body = without_at(body, path) if embedded.kept else body
            continue
        entries = lookup(body, path)
        if isinstance(entries, (list, tuple)):
            own = [entry for entry in entries if stays_in_parent(entry)]
            body = _with_value(body, path, own or list(entries))
    return body


def stays_in_parent(entry: object) -> bool:
    """Return whether a child that the parent's body repeats (a node pool) is stated in the parent.

    That is so for a system pool.
    """
    return is_in_mode({"properties": entry}, "System")


def states_child(embedded: Embedded, parent: Body, name: str) -> bool:
    """Return whether a parent's body states a child of this name, as `minimal_body` writes it."""
    entries = lookup(parent, embedded.path.split("."))
    if not embedded.flattened or not isinstance(entries, (list, tuple)):
        return not embedded.kept
    own = [entry for entry in entries if stays_in_parent(entry)] or list(entries)
    return any(isinstance(e, Mapping) and e.get("name") == name for e in own)


def _without_tags_of_azsec(body: Mapping[str, Value]) -> Mapping[str, Value]:
    tags = body.get("tags")
    if not isinstance(tags, Mapping):
        return body
    own = {name: value for name, value in tags.items() if not is_ownership_tag(name)}
    others = {name: value for name, value in body.items() if name != "tags"}
    return {**others, "tags": own} if own else others


def _without_refused(
    resource_type: ResourceType, schemas: SchemaIndex, body: Mapping[str, Value]
) -> tuple[Mapping[str, Value], tuple[str, ...]]:
    """Leave out what the schema refuses: properties of a newer version of the service."""
    refused: list[str] = []
    for key in list(body):
        alone = {key: body[key]}
        messages = [
            found.message
            for found in check_body(resource_type, schemas, alone, Node({}, NOWHERE))
            if found.code in _UNKNOWN_TO_SCHEMA and key in found.message
        ]
        if not messages:
            continue
        trimmed, gone = _without_refused_parts(resource_type, schemas, key, body[key])
        refused += gone
        body = {name: value for name, value in body.items() if name != key}
        if trimmed is not None:
            body = {**body, key: trimmed}
    return body, tuple(refused)


_UNKNOWN_TO_SCHEMA = frozenset(
    {"unknown-property", "wrong-value", "wrong-type", "number-out-of-range", "read-only", "secret"}
)


def _without_refused_parts(
    resource_type: ResourceType, schemas: SchemaIndex, key: str, value: Value
) -> tuple[Value, list[str]]:
    """Return a property without the parts that the schema refuses, and these parts."""
    gone: list[str] = []

    def wrong(path: tuple[str | int, ...], part: Value) -> bool:
        nested: Value = part
        for step in reversed(path):
            nested = [nested] if isinstance(step, int) else {step: nested}
        assert isinstance(nested, Mapping)
        diagnostics = check_body(resource_type, schemas, nested, Node({}, NOWHERE))
        return any(found.code in _UNKNOWN_TO_SCHEMA for found in diagnostics)

    def descend(path: tuple[str | int, ...], part: Value) -> Value:
        if not wrong(path, part):
            return part
        if isinstance(part, Mapping) and part:
            kept = {name: descend((*path, name), item) for name, item in part.items()}
            return {name: item for name, item in kept.items() if item is not None}
        if isinstance(part, (list, tuple)) and part and isinstance(part[0], Mapping):
            kept_entries = [descend((*path, index), item) for index, item in enumerate(part)]
            if kept_entries == list(part):
                return kept_entries
            gone.append(_path_text(path))
            return None
        gone.append(_path_text(path))
        return None

    return descend((key,), value), gone


def _path_of_list(path: Path) -> Path:
    """Return the path that is left out because of a secret: the whole list that contains it.

    A declared list replaces the live one, and its entries would lose the properties that they do
    not state.
    """
    index = next((at for at, step in enumerate(path) if isinstance(step, int)), len(path))
    return path[:index]


def _secrets_by_fact(resource_type: ResourceType, actual: Body) -> Iterator[Path]:
    """Yield the paths of values that the catalog marks as secret.

    A value that grants access to whoever has it (a signed webhook URL) is one of them.
    """

    def descend(value: object, generic: str, path: Path) -> Iterator[Path]:
        fact = resource_type.fact(generic)
        if generic and value is not None and (fact.secret or fact.sensitive):
            yield path
        elif isinstance(value, Mapping):
            for name, item in value.items():
                lead = f"{generic}." if generic else ""
                yield from descend(item, f"{lead}{name}", (*path, name))
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                yield from descend(item, f"{generic}[]", (*path, index))

    yield from descend(actual, "", ())


def _with_value(
    body: Mapping[str, Value], path: Sequence[str], value: Value
) -> Mapping[str, Value]:
    first, *rest = path
    if not rest:
        return {**body, first: value}
    inner = body.get(first)
    return {**body, first: _with_value(inner if isinstance(inner, Mapping) else {}, rest, value)}


def _path_text(path: Sequence[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
