"""The least that a body has to state, so that a comparison with Azure's answer says all it can.

A value is left out where the catalog's comparison then says nothing: it is the service's default,
only Azure writes it, or it is another's. A value of which no default is known is stated: where
nothing is stated, nobody would see it change. What the comparison says is asked, never guessed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from provisioner.blueprint.body_check import check_body
from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.node_pools import is_in_mode
from provisioner.catalog.resource_type import Embedded, ResourceType
from provisioner.catalog.schema import Kind, SchemaIndex
from provisioner.diff.comparison import Comparison, compare
from provisioner.diff.merge import merge_for_write
from provisioner.model.property_path import split_steps
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.secret_values import find_secrets
from provisioner.model.span import Span
from provisioner.model.values import Body, Value, lookup, without_at

_ENVELOPE = ("id", "name", "type", "location", "etag", "eTag", "systemData")
_NOWHERE = Span("", 1, 1)

Path: TypeAlias = tuple[str | int, ...]
"""Names and indices from the root of a body."""


@dataclass(frozen=True, slots=True)
class MinimalBody:
    """What a file states of a resource.

    `secrets` are the paths of secrets, which no file may hold: Azure keeps them. `differs` are the
    paths at which the comparison finds a difference all the same: what Azure takes and does not
    honour. `refused` says what of the body azsec's schema refuses, and is left out.
    """

    body: Mapping[str, Value]
    secrets: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def minimal_body(resource_type: ResourceType, schemas: SchemaIndex, actual: Body) -> MinimalBody:
    """Return the least that states a live body, without name, place and azsec's own tags."""
    writable = merge_for_write(resource_type, schemas, {}, actual)
    whole: Mapping[str, Value] = dict(item for item in writable.items() if item[0] not in _ENVELOPE)
    whole = _without_own_children(resource_type, whole, actual)
    whole = _without_tags_of_azsec(whole)
    hidden = [found.path for found in find_secrets(whole)]
    by_fact = list(_secrets_by_fact(resource_type, actual))
    for path in (*hidden, *by_fact):
        whole = _without(whole, _unstated(path))
    whole, refused = _without_refused(resource_type, schemas, whole)
    trial = _Trial(resource_type, schemas, actual, whole)
    least = _with_required(resource_type, schemas, trial.shrink(whole))
    return MinimalBody(
        least,
        tuple(dict.fromkeys(map(_readable, (*by_fact, *hidden)))),
        tuple(change.path for change in trial.baseline.changes if change.declared),
        refused,
    )


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
    """Leave out the children that are resources of their own: of the pools of a cluster, those that
    are not system pools. AKS makes no cluster without one of these."""
    for embedded in resource_type.embedded:
        path = embedded.path.split(".")
        if not embedded.flattened:
            body = without_at(body, path) if embedded.kept else body
            continue
        entries = lookup(body, path)
        if isinstance(entries, (list, tuple)):
            own = [entry for entry in entries if stays_in_parent(entry)]
            body = _with(body, path, own or list(entries))
    return body


def stays_in_parent(entry: object) -> bool:
    """Tell whether a child that stands flattened in its parent's body (a node pool) is stated
    there: a system pool is."""
    return is_in_mode({"properties": entry}, "System")


def states_child(embedded: Embedded, parent: Body, name: str) -> bool:
    """Tell whether a parent's body states a child of this name, as `minimal_body` writes it."""
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
    """Leave out what the schema refuses: properties that a newer version of the service has."""
    refused: list[str] = []
    for key in list(body):
        alone = {key: body[key]}
        told = [
            found.message
            for found in check_body(resource_type, schemas, alone, Node({}, _NOWHERE))
            if found.code in _UNKNOWN_TO_SCHEMA and key in found.message
        ]
        if not told:
            continue
        trimmed, gone = _trim(resource_type, schemas, key, body[key])
        refused += gone
        body = {name: value for name, value in body.items() if name != key}
        if trimmed is not None:
            body = {**body, key: trimmed}
    return body, tuple(refused)


_UNKNOWN_TO_SCHEMA = frozenset(
    {"unknown-property", "wrong-value", "wrong-type", "number-out-of-range", "read-only", "secret"}
)


def _trim(
    resource_type: ResourceType, schemas: SchemaIndex, key: str, value: Value
) -> tuple[Value, list[str]]:
    """Return what is left of a property without the parts that the schema refuses, and those."""
    gone: list[str] = []

    def wrong(path: tuple[str | int, ...], part: Value) -> bool:
        nested: Value = part
        for step in reversed(path):
            nested = [nested] if isinstance(step, int) else {step: nested}
        assert isinstance(nested, Mapping)
        told = check_body(resource_type, schemas, nested, Node({}, _NOWHERE))
        return any(found.code in _UNKNOWN_TO_SCHEMA for found in told)

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
            gone.append(_readable(path))
            return None
        gone.append(_readable(path))
        return None

    return descend((key,), value), gone


def _unstated(path: Path) -> Path:
    """Return what is left out where a secret stands: the whole list that it is in. A list that is
    declared is written as it is declared, and its entries would lose what they do not state."""
    index = next((at for at, step in enumerate(path) if isinstance(step, int)), len(path))
    return path[:index]


def _secrets_by_fact(resource_type: ResourceType, actual: Body) -> Iterator[Path]:
    """Yield the paths of what Azure answers and the catalog knows as a secret."""

    def descend(value: object, generic: str, path: Path) -> Iterator[Path]:
        if generic and value is not None and resource_type.fact(generic).secret:
            yield path
        elif isinstance(value, Mapping):
            for name, item in value.items():
                lead = f"{generic}." if generic else ""
                yield from descend(item, f"{lead}{name}", (*path, name))
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                yield from descend(item, f"{generic}[]", (*path, index))

    yield from descend(actual, "", ())


class _Trial:
    """Leaves values out as long as the comparison, and what the schema requires, permit it."""

    def __init__(
        self,
        resource_type: ResourceType,
        schemas: SchemaIndex,
        actual: Body,
        whole: Mapping[str, Value],
    ) -> None:
        self._type = resource_type
        self._schemas = schemas
        self._actual = actual
        self.baseline = self._compare(whole)
        self._told = self._statements(self.baseline)
        self._spoken: frozenset[Path] = frozenset()
        self._missing = self._required(whole)

    def _compare(self, body: Mapping[str, Value]) -> Comparison:
        return compare(self._type, self._schemas, body, self._actual)

    @staticmethod
    def _statements(found: Comparison) -> frozenset[tuple[str, str]]:
        return frozenset(
            (
                *(("changes", change.path) for change in found.changes),
                *(("unknown", path) for path in found.unknown_defaults),
                *(("kept", change.path) for change in found.kept),
                *(("tags", change.path) for change in found.tags),
            )
        )

    def _required(self, body: Mapping[str, Value]) -> int:
        told = check_body(self._type, self._schemas, body, Node({}, _NOWHERE))
        return sum(found.code == "missing-property" for found in told)

    def _holds(self, body: Mapping[str, Value]) -> bool:
        """Tell whether a comparison of this body says nothing that one of the whole does not."""
        return (
            self._statements(self._compare(body)) <= self._told
            and self._required(body) <= self._missing
        )

    def shrink(self, whole: Mapping[str, Value]) -> Mapping[str, Value]:
        """Return the least of a body."""
        quick = self._sketch(whole)
        if quick is not None:
            whole = quick
        return self._shrink_objects(whole, [()])

    def _sketch(self, whole: Mapping[str, Value]) -> Mapping[str, Value] | None:
        """Return the parts of a body that a comparison with nothing speaks of; None where these
        alone are too little."""
        spoken = self._statements(self._compare({}))
        paths = [split_steps(path) for _, path in spoken]
        names = [tuple(step.lower() for step in path) for path in paths if path]
        if len(names) < len(spoken):
            return None
        kept = _only(whole, names, ())
        self._spoken = frozenset(name[: i + 1] for name in names for i in range(len(name)))
        return kept if isinstance(kept, Mapping) and self._holds(kept) else None

    def _shrink_at(
        self, whole: Mapping[str, Value], path: Path, part: Value
    ) -> Mapping[str, Value]:
        """Return the whole with less at `path`, where `part` stands."""
        if isinstance(part, Mapping):
            return self._shrink_objects(whole, [path])
        if isinstance(part, (list, tuple)) and any(isinstance(e, Mapping) for e in part):
            entries = [(*path, i) for i, e in enumerate(part) if isinstance(e, Mapping)]
            return self._shrink_objects(whole, entries)
        return whole

    def _shrink_objects(
        self, whole: Mapping[str, Value], places: Sequence[Path]
    ) -> Mapping[str, Value]:
        """Return the whole with less in alike objects (the entries of a list), property by
        property: one that can go goes from all of them with one comparison, or from those that have
        one value of it."""
        names: dict[str, list[Path]] = {}
        for place in places:
            here = _get(whole, place)
            for name in here if isinstance(here, Mapping) else ():
                names.setdefault(name, []).append((*place, name))
        for name, holders in names.items():
            whole, left = self._leave_out(whole, name, holders)
            objects = [path for path in left if isinstance(_get(whole, path), Mapping)]
            if objects:
                whole = self._shrink_objects(whole, objects)
            for path in left[:_MOST_LISTS]:
                if isinstance(_get(whole, path), (list, tuple)):
                    whole = self._shrink_at(whole, path, _get(whole, path))
        return whole

    @staticmethod
    def _is_last(whole: Mapping[str, Value], path: Path) -> bool:
        """Tell whether a value is all that its object says: one that could not go as a whole has to
        say something (the value of a policy's parameter, although it is an empty list)."""
        holder = _get(whole, path[:-1])
        return len(path) > 1 and isinstance(holder, Mapping) and len(holder) == 1

    def _leave_out(
        self, whole: Mapping[str, Value], name: str, holders: Sequence[Path]
    ) -> tuple[Mapping[str, Value], list[Path]]:
        """Return the whole without a property where it can go, and the places where it stays."""
        groups: dict[str, list[Path]] = {}
        stays: list[Path] = []
        for path in holders:
            value = _get(whole, path)
            # What a comparison with nothing speaks of would be spoken of again.
            spoken = tuple(str(step).lower() for step in path) in self._spoken
            if spoken or _refers({name: value}) or self._is_last(whole, path):
                stays.append(path)
            else:
                groups.setdefault(json.dumps(value, sort_keys=True), []).append(path)
        together = [path for paths in groups.values() for path in paths]
        if together and self._holds(less := _without_all(whole, together)):
            return less, stays
        if len(groups) == 1:
            return whole, [*stays, *together]
        common = sorted(groups.values(), key=len, reverse=True)
        for number, paths in enumerate(common):
            less = _without_all(whole, paths)
            if number < _MOST_TRIALS and self._holds(less):
                whole = less
            else:
                stays += paths
        return whole, stays


_MOST_TRIALS = 2
"""Values of one property of the entries of a list that are tried by themselves, the most frequent
first. What is stated without need is no mistake, and rules have a description each."""
_MOST_LISTS = 40


def _get(body: Value, path: Path) -> Value:
    for step in path:
        body = _at(body, step)
    return body


def _without_all(body: Mapping[str, Value], paths: Sequence[Path]) -> Mapping[str, Value]:
    for path in paths:
        body = _without(body, path)
    return body


def _only(part: Value, names: Sequence[tuple[str, ...]], path: tuple[str, ...]) -> Value:
    """Return what of a part stands at or below one of some paths, or on the way to one; a list
    stays whole, because entries stand in paths by keys of their own."""
    if not isinstance(part, Mapping):
        return part
    kept: dict[str, Value] = {}
    for key, item in part.items():
        here = (*path, key.lower())
        bracketed = (*path, f"[{key.lower()}]")
        spoken = any(_meets(here, name) or _meets(bracketed, name) for name in names)
        if spoken or _refers(item) or parse_resource_id(key) is not None:
            whole = any(len(name) <= len(here) and _meets(here, name) for name in names)
            kept[key] = item if whole else _only(item, names, here)
    return kept


def _refers(part: Value) -> bool:
    """Tell whether a part names another resource. That is stated whatever the comparison says of
    it: order and permissions follow from it, and nobody would create the resource without."""
    if isinstance(part, Mapping):
        return any(parse_resource_id(k) is not None or _refers(i) for k, i in part.items())
    if isinstance(part, (list, tuple)):
        return any(_refers(item) for item in part)
    found = parse_resource_id(part)
    return found is not None and not found.is_container


def _meets(one: Sequence[str], other: Sequence[str]) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))


def _at(part: Value, step: str | int) -> Value:
    if isinstance(part, Mapping):
        return part.get(str(step))
    entries = part if isinstance(part, (list, tuple)) else ()
    return next(iter(entries[int(step) : int(step) + 1]), None)


def _without(body: Mapping[str, Value], path: Sequence[str | int]) -> Mapping[str, Value]:
    """Return a body without what stands at a path of names and indices."""
    changed = _changed(body, path)
    assert isinstance(changed, Mapping)
    return changed


def _changed(part: Value, path: Sequence[str | int]) -> Value:
    first, *rest = path
    if isinstance(part, Mapping):
        if not rest:
            return {name: item for name, item in part.items() if name != first}
        return {n: _changed(item, rest) if n == first else item for n, item in part.items()}
    if isinstance(part, (list, tuple)):
        if not rest:
            return [item for index, item in enumerate(part) if index != first]
        return [_changed(item, rest) if i == first else item for i, item in enumerate(part)]
    return part


def _with(body: Mapping[str, Value], path: Sequence[str], value: Value) -> Mapping[str, Value]:
    first, *rest = path
    if not rest:
        return {**body, first: value}
    inner = body.get(first)
    return {**body, first: _with(inner if isinstance(inner, Mapping) else {}, rest, value)}


def _readable(path: Sequence[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
