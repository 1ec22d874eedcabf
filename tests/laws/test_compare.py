"""The laws of the comparison, on bodies made from the schemas of real types."""

import copy
import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fidelity.replay import Replay, surroundings_of
from provisioner.catalog.field import Compare, Owner
from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import Kind, Shape
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.diff.comparison import compare
from provisioner.diff.merge import merge_for_write
from provisioner.diff.rules import Rule, Rules, rules_of
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.model.values import ABSENT

_MODEL_DEPTH = 4
_LIST_LENGTH = 2


CATALOG = build_catalog(all_types(), read_schema_index(all_types()))
TYPES = list(CATALOG)
laws = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
every_type = pytest.mark.parametrize("resource_type", TYPES, ids=lambda t: t.name)
seeds = st.integers(0, 10**9)


class Body:
    """A body that speaks of about half of a type's properties, and of entries by their name; of
    all that Azure requires, where it is `complete`."""

    def __init__(self, resource_type: ResourceType, seed: int, *, complete: bool = False) -> None:
        self.rules = rules_of(resource_type, CATALOG.schemas)
        self.complete = complete
        self.random = random.Random(seed)
        self.value = self._object(self.rules.root, 0)

    def _object(self, rule: Rule, depth: int) -> dict[str, object]:
        made: dict[str, object] = {}
        model = CATALOG.schemas.models.get(rule.shape.model or "")
        for name, prop in (model.properties if model else {}).items():
            child = self.rules.child(rule, name)
            needed = self.complete and prop.required
            if not child.silent and (needed or self.random.random() < 0.5):
                value = self._value(child, depth + 1)
                if value is not None:
                    made[name] = value
        return made

    def _value(self, rule: Rule, depth: int) -> object:
        shape = rule.shape
        if shape.kind in (Kind.OBJECT, Kind.MAP, Kind.LIST) and depth > _MODEL_DEPTH:
            return None
        if shape.kind is Kind.OBJECT:
            return self._object(rule, depth) or None
        if shape.kind is Kind.MAP:
            entry = self.rules.entry(rule)
            nothing = {} if entry.shape.kind is Kind.OBJECT else "v"
            return {f"key{n}": self._value(entry, depth) or nothing for n in range(_LIST_LENGTH)}
        if shape.kind is Kind.LIST:
            return self._list(rule, depth)
        return self._scalar(shape)

    def _list(self, rule: Rule, depth: int) -> list[object] | None:
        entry = self.rules.entry(rule)
        if entry.shape.kind is not Kind.OBJECT:
            text = self._scalar(Shape(Kind.STRING))
            texts = entry.shape.enum or tuple(f"{text}-{n}" for n in range(_LIST_LENGTH))
            return list(texts[:_LIST_LENGTH])
        key = (*rule.fact.keys, "name")[0]
        named = self.rules.child(entry, key).shape.kind is Kind.STRING
        return [
            {**self._object(entry, depth), **({key: f"entry{n}"} if named else {})}
            for n in range(_LIST_LENGTH)
        ]

    def _scalar(self, shape: Shape) -> object:
        if shape.kind is Kind.BOOLEAN:
            return self.random.random() < 0.5
        if shape.kind in (Kind.INTEGER, Kind.NUMBER):
            return self.random.randint(1, 1000)
        return self.random.choice(shape.enum or ("alpha", "beta", "gamma"))


EXAMPLES = surroundings_of((), Path(__file__).parents[1] / "catalog")


def _a_resource(resource_type: ResourceType) -> ResourceId:
    """Return an id of the type, with a name that its rule takes."""
    group = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
    example = _example(resource_type)
    parents = ("parent",) * (resource_type.name.count("/") - 1)
    if resource_type.name_in_id == RESOURCE_GROUP:
        return ResourceId.parse(group)
    return ResourceId(resource_type.name, (*parents, example["name"]), ResourceId.parse(group))


def _example(resource_type: ResourceType):
    folder = Path(__file__).parents[1] / "catalog" / resource_type.name.replace("/", ".")
    return json.loads(next(folder.glob("*.json")).read_text(encoding="utf-8"))


def compare_all(resource_type, desired, actual):
    return compare(resource_type, CATALOG.schemas, desired, actual).changes


@every_type
@laws
@given(seed=seeds)
def test_a_body_does_not_differ_from_itself(resource_type: ResourceType, seed: int) -> None:
    body = Body(resource_type, seed).value

    assert compare_all(resource_type, body, copy.deepcopy(body)) == ()


@every_type
@laws
@given(seed=seeds)
def test_order_and_case_of_names_are_nothing(resource_type: ResourceType, seed: int) -> None:
    body = Body(resource_type, seed)

    assert compare_all(resource_type, body.value, _shuffled(body, body.rules.root)) == ()


@every_type
@laws
@given(one=seeds, other=seeds)
def test_the_same_changes_come_in_the_same_order(
    resource_type: ResourceType, one: int, other: int
) -> None:
    desired, actual = Body(resource_type, one).value, Body(resource_type, other).value

    assert compare_all(resource_type, desired, actual) == compare_all(
        resource_type, _reversed(desired), _reversed(actual)
    )


@every_type
@laws
@given(seed=seeds)
def test_one_altered_value_is_one_change_there(resource_type: ResourceType, seed: int) -> None:
    body = Body(resource_type, seed)
    actual = copy.deepcopy(body.value)
    path = _alter_one(body, actual)

    if path is not None:
        assert [change.path for change in compare_all(resource_type, body.value, actual)] == [path]


@every_type
@laws
@given(one=seeds, other=seeds)
def test_after_an_update_nothing_declared_differs(
    resource_type: ResourceType, one: int, other: int
) -> None:
    desired, actual = Body(resource_type, one).value, Body(resource_type, other).value

    written = merge_for_write(resource_type, CATALOG.schemas, desired, actual)

    left = compare_all(resource_type, desired, written)
    assert [change.path for change in left if change.declared] == []


@pytest.mark.parametrize(
    "resource_type",
    # A secret takes a value to be made, and no blueprint holds one: they are read alone.
    [each for each in TYPES if each.name != "Microsoft.KeyVault/vaults/secrets"],
    ids=lambda t: t.name,
)
@laws
@given(seed=seeds)
def test_a_body_does_not_differ_from_the_answer_to_it(
    resource_type: ResourceType, seed: int
) -> None:
    body = Body(resource_type, seed, complete=True).value
    if resource_type.has_location or resource_type.name_in_id == RESOURCE_GROUP:
        body["location"] = "westeurope"
    replay = Replay(CATALOG, EXAMPLES, source="")
    resource = _a_resource(resource_type)
    replay.furnish(resource)
    replay.furnish_references(resource, _example(resource_type)["body"])

    url = f"{resource.text}?api-version={resource_type.api_version}"
    if replay.ask("PUT", url, body).status >= 400:
        body = _what_azure_takes(resource_type, body, lambda each: replay.ask("PUT", url, each))
        replay = Replay(CATALOG, EXAMPLES, source="")
        replay.furnish(resource)
        replay.furnish_references(resource, _example(resource_type)["body"])
        replay.ask("PUT", url, body)
    found = replay.ask("GET", url)
    assume(found.status < 400)
    answer = found.body

    assert compare_all(resource_type, body, answer) == ()


def _what_azure_takes(resource_type: ResourceType, body, write) -> dict[str, object]:
    """Write the example of a type, with one property of a body after the other, and return what is
    written at last: of a body at random Azure refuses too much."""
    written = _example(resource_type)["body"]
    write(written)
    for name, value in body.get("properties", {}).items():
        more = {**written, "properties": {**written.get("properties", {}), name: value}}
        if write(more).status < 400:
            written = more
    return written


@every_type
def test_what_is_set_beside_a_declared_part_is_told_as_if_none_were(
    resource_type: ResourceType,
) -> None:
    """One part of an object that is declared says nothing of the others, unless a fact of the part
    that somebody sets says otherwise."""
    hidden = []
    for place in _objects(rules_of(resource_type, CATALOG.schemas)):
        for part, declared in place.pairs():
            alone = _is_told(resource_type, place, part, None)
            beside = _is_told(resource_type, place, part, declared)
            if alone != beside:
                hidden.append(f"{place.path}: {part} {beside=} {declared}")

    assert hidden == []


@dataclass(frozen=True)
class _Place:
    """An object of a body: its steps from the root, `[]` for an entry of a list, and its parts of
    which no fact says what their default is, or who writes them, or what is kept."""

    steps: tuple[str, ...]
    keys: tuple[str, ...]
    parts: tuple[tuple[str, object], ...]
    silent: frozenset[str]

    @property
    def path(self) -> str:
        return ".".join(self.steps)

    def pairs(self):
        """Yield each part that no fact excepts, with another one to declare beside it."""
        for name, _ in self.parts:
            other = next((other for other, _ in self.parts if other != name), None)
            if other is not None and name not in self.silent:
                yield name, other

    def body(self, *names: str) -> dict[str, object]:
        """Return a body in which the object has these parts; nothing of it without any."""
        inner: object = {name: value for name, value in self.parts if name in names} or None
        for step, key in reversed(list(zip(self.steps, self.keys, strict=True))):
            if step == "[]":
                inner = [{key: "entry", **(inner or {})}]
            else:
                inner = {} if inner is None else {step: inner}
        return inner or {}


def _objects(rules: Rules):
    """Yield the objects below a root, those in entries of lists too, each model once on a path."""

    def descend(rule: Rule, steps: tuple[str, ...], keys: tuple[str, ...], models: frozenset[str]):
        model = CATALOG.schemas.models.get(rule.shape.model or "")
        if model is None or model.name in models:
            return
        open_models = models | {model.name}
        parts, excepted = [], set()
        for name in model.properties:
            child = rules.child(rule, name)
            if child.silent or child.generated or child.is_tags or name in keys[-1:]:
                continue
            value = _set_by_somebody(rules, child, open_models)
            if value is not None:
                parts.append((name, value))
            if child.fact.default is not ABSENT or _is_excepted(rules, child, open_models):
                excepted.add(name)
            if child.shape.kind is Kind.OBJECT and not child.fact.kept:
                yield from descend(child, (*steps, name), (*keys, ""), open_models)
            entry = rules.entry(child) if child.shape.kind is Kind.LIST else None
            if entry is not None and entry.shape.kind is Kind.OBJECT and not child.fact.embeds:
                key = (*child.fact.keys, "name")[0]
                yield from descend(entry, (*steps, name, "[]"), (*keys, "", key), open_models)
        yield _Place(steps, keys, tuple(parts), frozenset(excepted))

    yield from descend(rules.root, (), (), frozenset())


def _is_excepted(rules: Rules, rule: Rule, models: frozenset[str]) -> bool:
    """Tell whether a fact of a property, or of one below it, says what else than the default of the
    whole holds for it."""
    fact = rule.fact
    if fact.kept or fact.embeds or fact.dropped or fact.residual or fact.closed:
        return True
    if fact.owner is not Owner.BLUEPRINT or fact.default not in (ABSENT, None):
        return True
    model = CATALOG.schemas.models.get(rule.shape.model or "")
    if model is None or model.name in models:
        return False
    below = (rules.child(rule, name) for name in model.properties)
    return any(_is_excepted(rules, child, models | {model.name}) for child in below)


def _set_by_somebody(rules: Rules, rule: Rule, models: frozenset[str]) -> object:
    """Return a value that somebody may set for a property; None for a map or an open object."""
    shape = rule.shape
    texts = shape.kind is Kind.LIST and shape.item and shape.item.kind is Kind.STRING
    plain = {
        Kind.BOOLEAN: True,
        Kind.INTEGER: 4711,
        Kind.NUMBER: 4711,
        Kind.STRING: (shape.enum or ("somebody's",))[-1],
        Kind.LIST: ["somebody's"] if texts else None,
    }
    model = CATALOG.schemas.models.get(shape.model or "")
    if shape.kind is not Kind.OBJECT or model is None or model.name in models:
        return plain.get(shape.kind)
    settable = (
        (name, _set_by_somebody(rules, rules.child(rule, name), models | {model.name}))
        for name in model.properties
        if not rules.child(rule, name).silent and name.lower() not in ("id", "name")
    )
    return next(({name: value} for name, value in settable if value is not None), None)


def _is_told(resource_type: ResourceType, place: _Place, part: str, declared: str | None) -> bool:
    """Tell whether the part of an object that somebody set is told where another one is declared,
    or nothing of the object is."""
    ours = (declared,) if declared else ()
    changes = compare_all(resource_type, place.body(*ours), place.body(*ours, part))
    told = [re.sub(r"\[[^\]]*\]", "[]", change.path).lower() for change in changes]
    path = re.sub(r"\.\[\]", "[]", ".".join((*place.steps, part))).lower()
    return any(
        path == seen or path.startswith(f"{seen}.") or seen.startswith(f"{path}.") for seen in told
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["properties", "name", "id", "tags", "x.y"]), inner)
    ),
    max_leaves=8,
)


@every_type
@laws
@given(seed=seeds, junk=_JSON, at=seeds)
def test_whatever_json_it_is_it_never_raises(
    resource_type: ResourceType, seed: int, junk: object, at: int
) -> None:
    body = Body(resource_type, seed).value
    broken = _put_anywhere(copy.deepcopy(body), junk, random.Random(at))

    for desired, actual in ((body, broken), (broken, body), (broken, broken), (junk, junk)):
        compare_all(resource_type, desired, actual)


def _shuffled(body: Body, rule: Rule, value: object = None) -> object:
    """Return a body with its keys shuffled and upper case, and its unordered lists shuffled."""
    value = body.value if value is None else value
    if isinstance(value, dict):
        keys = list(value)
        body.random.shuffle(keys)
        return {
            key if rule.is_map else key.upper(): _shuffled(
                body, body.rules.child(rule, key), value[key]
            )
            for key in keys
        }
    if isinstance(value, list):
        entries = [_shuffled(body, body.rules.entry(rule), entry) for entry in value]
        if rule.fact.compare is not Compare.ORDERED:
            body.random.shuffle(entries)
        return entries
    return value


def _reversed(value: object) -> object:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(entry) for entry in value] if isinstance(value, list) else value


def _alter_one(body: Body, actual: dict[str, object]) -> str | None:
    """Alter one scalar in place, and return the path at which that is to be reported."""
    leaves = list(_leaves(body, body.rules.root, actual, "", body.value))
    if not leaves:
        return None
    path, holder, key = body.random.choice(leaves)
    value = holder[key]
    holder[key] = value + 1 if isinstance(value, int) else f"{value}-altered"
    return path


def _leaves(body: Body, rule: Rule, value: dict[str, object], path: str, whole: object):
    """Yield the text and numbers whose change concerns nothing but themselves."""
    for key, item in value.items():
        child = body.rules.child(rule, key)
        here = f"{path}.{key}" if path else key
        if child.fact.owner is not Owner.BLUEPRINT or callable(child.fact.default):
            continue
        if child.generated:
            continue  # Azure's own: nothing is told of it where the entry has a name
        if isinstance(item, dict):
            yield from _leaves(body, child, item, here, whole)
        elif isinstance(item, list):
            yield from _entries(body, child, item, here, whole)
        elif _is_plain(child, item) and not _steers(here):
            yield here, value, key


def _entries(body: Body, rule: Rule, entries: list, path: str, whole: object):
    entry = body.rules.entry(rule)
    names = (*rule.fact.keys, "name")
    for item in entries:
        if isinstance(item, dict) and names[0] in item:
            inside = {key: value for key, value in item.items() if key not in names}
            for found, holder, key in _leaves(
                body, entry, inside, f"{path}[{item[names[0]]}]", whole
            ):
                yield found, item if holder is inside else holder, key


def _is_plain(rule: Rule, value: object) -> bool:
    """Tell whether any other value of a property is another one, and is reported at its path."""
    exact = rule.compare in (None, Compare.CASELESS, Compare.EXACT)
    return exact and isinstance(value, (str, int)) and not isinstance(value, bool)


def _steers(path: str) -> bool:
    """Tell whether the defaults or the owner of other properties depend on a property."""
    return path.rpartition(".")[2].lower() in (
        "networkplugin",
        "networkpluginmode",
        "upgradechannel",
        "id",
    )


def _put_anywhere(value: object, junk: object, at: random.Random) -> object:
    if isinstance(value, dict) and value and at.random() < 0.8:
        key = at.choice(list(value))
        value[key] = _put_anywhere(value[key], junk, at)
        return value
    if isinstance(value, list) and value and at.random() < 0.8:
        value[0] = _put_anywhere(value[0], junk, at)
        return value
    return junk
