"""What is a change and what is only another spelling, row by row: id, reason, bodies, outcome.

Outcomes are the paths of changes; `?` marks an undeclared one.
"""

from dataclasses import dataclass

import pytest

from provisioner.catalog.field import Disruption, Owner
from provisioner.diff.change import Child, FieldChange
from provisioner.diff.comparison import Comparison, compare
from provisioner.diff.rules import rules_of
from provisioner.documents.plan import FieldKind
from provisioner.model.values import ABSENT, Unknown
from tests.unit.diff.invented import CATALOG, FARM, farm

ID = "/subscriptions/S/resourceGroups/rg/providers/Invented.Net/networks/n/subnets/s"
LOWER_ID = ID.lower()
OTHER_ID = ID.replace("/subnets/s", "/subnets/t")
ROLE = "/providers/Invented.Auth/roles/r"
GUID = "1C793267-c310-d4ae-7bd5-5AF5bef875d3"
UNKNOWN = Unknown("a.b", {}, ("a.b",))


@dataclass(frozen=True)
class Row:
    id: str
    reason: str
    desired: object
    actual: object
    paths: tuple[str, ...] = ()


def run(desired, actual) -> Comparison:
    return compare(FARM, CATALOG.schemas, desired, actual)


def paths_of(result: Comparison) -> tuple[str, ...]:
    return tuple(c.path if c.declared else f"?{c.path}" for c in result.changes)


def only(desired, actual) -> FieldChange:
    (change,) = run(desired, actual).changes
    return change


def at(name, desired, actual, *, changes=False, id=None, why=""):
    path = f"properties.{name}"
    return Row(
        id or f"{name} {desired!r:.30} {actual!r:.30}",
        why,
        farm(**{name: desired}),
        farm(**{name: actual}),
        (path,) if changes else (),
    )


SAME_OR_NOT = [
    at("text", "a", "a", why="equal"),
    at("text", "a", "A", changes=True, why="free text has case"),
    at("mode", "open", "Open", why="services take enums without regard to case"),
    at("mode", "open", "Closed", changes=True, why="another value"),
    at("mode", "odd", "ODD", why="a value newer than the SDK is an enum's all the same"),
    at("size", 1, 1.0, why="JSON has one kind of number"),
    at("size", "12", 12, why="the schema takes it for a number"),
    at("size", 12, 13, changes=True, why="another number"),
    at("text", 12, "12", why="the schema takes it for text"),
    at("flag", True, 1, changes=True, why="a number is not a boolean, although Python says so"),
    at("flag", "True", True, why="the schema takes it for a boolean"),
    at("text", "true", "True", why="a boolean that Azure keeps as text has its own case"),
    at("text", "true", "yes", changes=True, why="only boolean words are told apart from text"),
    at("vnetId", ID, LOWER_ID + "/", why="ids have no case, and a slash at the end is none of it"),
    at("text", ID, LOWER_ID, why="what reads as an id is one, fact or none"),
    at("text", ID, OTHER_ID, changes=True, why="another resource"),
    at("role", f"/subscriptions/S{ROLE}", ROLE, why="a definition of the tenant's, seen from one"),
    at("text", f"/subscriptions/S{ROLE}", ROLE, changes=True, why="of others, another resource"),
    at("duties", "Sow, Reap", "reap,sow", why="several names in one text are a set"),
    at("duties", "Sow, Reap", "Sow", changes=True, why="another set"),
    at("signs", {"a": "x"}, {"a": "x"}, why="equal"),
    at("phrases", ["a", "b"], ["a", "b"], why="the parts of a text in their order"),
    at("phrases", ["a", "b"], ["b", "a"], changes=True, why="the parts in another order"),
    at("phrases", ["True"], ["true"], changes=True, why="content is not a boolean"),
    at("config", {"a": "True"}, {"a": "true"}, why="a fact says that the service reads them"),
    at("flag", "False", None, why="a boolean as text, off and left out"),
    at("flag", None, "false", why="a boolean as text, off and silent"),
    at("size", "", "", why="nothing on either side"),
    at("text", "/etc/A", "/etc/a", changes=True, why="a path that is not an id has case"),
    at("text", GUID, GUID.lower(), why="GUIDs have no case"),
    at("range", "10.0.0.5", "10.0.0.5/32", why="a bare address is a range of one"),
    at("range", "2001:DB8:0::/48", "2001:db8::/48", why="IPv6 has a normal form"),
    at("range", "10.0.0.0/24", "10.0.0.0/25", changes=True, why="another size"),
    at("range", "10.0.0.0/24", "10.0.0.5/24", changes=True, why="host bits are kept"),
    at("range", "VirtualNetwork", "virtualnetwork", why="a service tag may stand there"),
    at("every", "PT1H", "PT60M", why="durations are compared by what they last"),
    at("every", "P1D", "PT24H", why="a day has 24 hours"),
    at("every", "PT1H", "PT2H", changes=True, why="another duration"),
    at("every", "weekly", "Weekly", changes=True, why="no duration: text"),
    at("moment", "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00+01:00", why="one moment"),
    at("moment", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", changes=True, why="another"),
    at("text", "2026-01-01T22:30:17.000Z", "2026-01-01T22:30:17Z", why="digits of a fraction"),
    at("version", "1.33", "1.33.5", why="a prefix names the whole"),
    at("version", "1.3", "1.33.5", changes=True, why="1.3 is not a prefix of 1.33 by parts"),
    at("bag", ["b", "a"], ["a", "b"], why="a list of scalars is a bag unless a fact says"),
    at("bag", ["a", "a"], ["a"], changes=True, why="a bag counts"),
    at("bag", ["a"], ["a", "b"], changes=True, why="one more"),
    at("bag", [""], None, why="entries that are empty say nothing"),
    at("servers", ["a", "b"], ["b", "a"], changes=True, why="the fact says that order matters"),
    at("ranges", ["10.0.0.5"], ["10.0.0.5/32"], why="entries have a rule of their own"),
    at("theirs", ["a"], ["b", "a"], why="others have entries in it too"),
    at("theirs", ["a", "c"], ["b", "a"], changes=True, why="ours is missing"),
    at("subnet", {"id": ID}, {"id": LOWER_ID, "properties": {"x": 1}}, why="answered expanded"),
    at("subnet", {"id": ID, "properties": {"x": 1}}, {"id": LOWER_ID}, why="sent expanded"),
    at("subnet", {"id": ID, "x": None}, {"id": LOWER_ID, "x": 1}, why="null says nothing"),
    at("secret", "s", None, why="Azure never answers it"),
    at("made", "a", "b", why="a fact says that only Azure writes it"),
    at("state", "a", "b", why="the schema says that only Azure writes it"),
    at("ignored", "a", "b", why="told to be ignored"),
    at("gone", "a", "b", changes=True, why="a policy writes only where nothing is declared"),
    at("grade", "Basic", "Base", why="the same under another name"),
    at("grade", "Basic", "Pro", changes=True, why="another value"),
    at("marks", ["a"], ["a", "farm.io/x"], why="the service adds its own"),
    at("marks", [], ["farm.io/x"], why="the service adds its own to none"),
    at("marks", ["farm.io/x"], ["a"], changes=True, why="asked for, and not there"),
    at(
        "marks", ["a"], ["a", "b"], changes=True, why="what has no reserved name is not a service's"
    ),
    at("notInSchema", "a", "b", changes=True, why="unknown properties are compared as they are"),
    at("text", {"a": 1}, "x", changes=True, why="another kind of value"),
    at("profile", "x", {"level": "low"}, changes=True, why="another kind of value"),
    at("bag", ["a"], "a", changes=True, why="another kind of value"),
    at("subnet", {"id": ID}, [ID], changes=True, why="another kind of value"),
]

ROWS = [
    *SAME_OR_NOT,
    Row("key case", "property names have no case", farm(TEXT="a"), farm(text="a")),
    Row("location", "a display name", {"location": "West Europe"}, {"location": "westeurope"}),
    Row("envelope", "ARM's own", {"id": "a", "etag": "x"}, {"id": "b", "etag": "y", "name": "n"}),
    Row("tags of others", "a policy writes them", {"tags": {"a": "1"}},
        {"tags": {"A": "1", "b": "2"}}),
    Row("no tags", "a policy writes them", {}, {"tags": {"b": "2"}}),
    Row("tag", "ours", {"tags": {"a": "1"}}, {"tags": {"a": "2"}}, ("tags.a",)),
    Row("tag gone", "ours", {"tags": {"a.b": ""}}, {"tags": {}}, ("tags.a.b",)),
    *(
        Row(f"{nothing!r} for {other!r}", "not set", farm(text=nothing), farm(text=other))
        for nothing in (None, "", [], {})
        for other in (None, "", [], {})
    ),
    Row("absent default", "Azure leaves out the default", farm(plan="Basic"), farm(), ()),
    Row("absent value", "not the default", farm(plan="Pro"), farm(), ("properties.plan",)),
    Row("false", "absent is off", farm(silentFlag=False), farm()),
    Row("true", "absent is off", farm(silentFlag=True), farm(), ("properties.silentFlag",)),
    Row(
        "parts of an absent object",
        "each part may be at its default",
        farm(other={"level": "low", "on": False}),
        farm(),
    ),
    # Undeclared.
    Row("default", "known and equal", farm(), farm(plan="Basic")),
    Row("off default", "known and moved", farm(), farm(plan="Pro"), ("?properties.plan",)),
    Row("null", "says nothing", farm(plan=None), farm(plan="Pro"), ("?properties.plan",)),
    Row("unknown default", "nothing is known", farm(), farm(text="a")),
    Row("owned", "a policy may have written it", farm(), farm(gone="a")),
    Row("both expanded", "each says something", farm(subnet={"id": ID, "x": 1}),
        farm(subnet={"id": LOWER_ID, "x": 2}), ("properties.subnet.x",)),
    Row("kept", "silence leaves it as it is", farm(), farm(tier="Standard")),
    Row("kept but declared", "is ours", farm(tier="Free"), farm(tier="Standard"),
        ("properties.tier",)),
    Row("alias of the default", "the same", farm(), farm(grade="basic")),
    Row("reserved", "the service's own", farm(), farm(marks=["farm.io/x"])),
    Row("not reserved", "somebody's", farm(), farm(marks=["farm.io/x", "a"]),
        ("?properties.marks",)),
    Row("reserved key", "the service's own", farm(labels={"a": "1"}),
        farm(labels={"a": "1", "farm.io/x": "2"})),
    Row("list", "an entry", farm(), farm(ranges=["0.0.0.0/0"]), ("?properties.ranges",)),
    Row("hollow", "nothing in it is on", farm(), farm(profile={"on": False, "level": None})),
    Row("computed only", "only Azure wrote in it", farm(), farm(profile={"key": "k"})),
    Row("object", "it is on", farm(), farm(profile={"on": True}), ("?properties.profile",)),
    Row("part", "a part of an object", farm(), farm(other={"level": "high"}),
        ("?properties.other.level",)),
    Row(
        "add-on",
        "an entry of a map that is on",
        farm(),
        farm(addons={"routing": {"enabled": True}}),
        ("?properties.addons.routing.enabled",),
    ),
    Row("add-on off", "as by default", farm(addons={"a": {"enabled": True}}),
        farm(addons={"a": {"enabled": True}, "b": {"enabled": False}})),
    Row("label", "the map starts empty", farm(labels={"a": "1"}),
        farm(labels={"a": "1", "x/y": "2"}), ("?properties.labels[x/y]",)),
    Row("named add-on", "facts may name an entry", farm(),
        farm(addons={"Legacy": {"enabled": True}})),
    Row("named add-on off", "facts may name an entry", farm(),
        farm(addons={"legacy": {"enabled": False}}), ("?properties.addons.legacy.enabled",)),
    Row("setting", "nothing is known", farm(config={"a": "1"}), farm(config={"a": "1", "b": "2"})),
    # Maps whose keys are content.
    Row("identity", "to have the key says it", {"identity": {"userAssignedIdentities": {ID: {}}}},
        {"identity": {"userAssignedIdentities": {}}}, (f"identity.userAssignedIdentities[{ID}]",)),
    Row("identity there", "what Azure adds", {"identity": {"userAssignedIdentities": {ID: {}}}},
        {"identity": {"userAssignedIdentities": {LOWER_ID: {"principalId": "p"}}}}),
    Row("identity added", "behind our back", {"identity": {"userAssignedIdentities": {ID: {}}}},
        {"identity": {"userAssignedIdentities": {ID: {}, OTHER_ID: {"principalId": "p"}}}},
        (f"?identity.userAssignedIdentities[{OTHER_ID}]",)),
]  # fmt: skip


ROWS += [
    Row("taken as another", "Azure answers what it makes of it", farm(brand="Old"),
        farm(brand="New")),
    Row("taken as asked", "as it was before", farm(brand="Old"), farm(brand="Old")),
    Row("taken as neither", "and nothing else", farm(brand="Old"), farm(brand="Dear"),
        ("properties.brand",)),
    Row("never turned round", "what is honoured stays as asked", farm(brand="New"),
        farm(brand="Old"), ("properties.brand",)),
    Row("tag value", "text of the user's own has case", {"tags": {"a": "True"}},
        {"tags": {"a": "true"}}, ("tags.a",)),
    Row("tag moment", "text of the user's own is not a moment",
        {"tags": {"a": "2026-01-01T00:00:00Z"}}, {"tags": {"a": "2026-01-01T01:00:00+01:00"}},
        ("tags.a",)),
    Row("tag id", "nor an id", {"tags": {"a": ID}}, {"tags": {"a": LOWER_ID}}, ("tags.a",)),
    Row("key with case", "keys of content have case", farm(signs={"Team": "a"}),
        farm(signs={"team": "a"}), ("properties.signs.Team", "?properties.signs.team")),
    Row("key without", "keys of settings have none", farm(config={"Team": "a"}),
        farm(config={"team": "a"})),
    Row("fact in capitals", "facts read enums in the schema's case",
        farm(mode="OPEN", flag=True), farm(mode="Open", flag=True, **{"yield": "high"})),
    Row("fact by text", "facts read flags as such",
        farm(mode="Open", flag="true"), farm(mode="Open", flag=True, **{"yield": "high"})),
    Row("fact beside nothing", "to a fact null and {} are not there",
        farm(mode="Open", flag=True, profile={"level": None}),
        farm(mode="Open", flag=True, profile={}, **{"yield": "high"})),
    Row("fact hides nothing", "in another case neither",
        farm(mode="OPEN", flag="TRUE"), farm(mode="Open", flag=True, **{"yield": "low"}),
        ("?properties.yield",)),
    Row("fact of another value", "the counter-row: closed farms have another default",
        farm(mode="CLOSED", flag=True), farm(mode="Closed", flag=True, **{"yield": "high"}),
        ("?properties.yield",)),
    Row("off by its parts", "each part is at its own default",
        farm(), farm(engine={"mode": "off", "limited": "true", "fan": {"on": False}})),
    Row("off is on", "a part whose default is true, and is off", farm(),
        farm(engine={"limited": False}), ("?properties.engine",)),
    Row("a part is on", "inside a part without a default", farm(),
        farm(engine={"mode": "Off", "fan": {"on": True}}), ("?properties.engine",)),
    Row("stated and computed", "it has to hold", farm(home=ID), farm(home=OTHER_ID),
        ("properties.home",)),
    Row("stated and the same", "ids have no case", farm(home=ID), farm(home=LOWER_ID)),
    Row("unstated and computed", "Azure alone writes it", farm(), farm(home=ID)),
    Row("closed", "nothing is filled in inside it", farm(document={"if": {"a": "1"}}),
        farm(document={"if": {"a": "1", "b": {"c": "2"}}}), ("?properties.document.if.b",)),
    Row("closed and equal", "however deep", farm(document={"if": [{"a": {"b": 1}}]}),
        farm(document={"if": [{"a": {"b": 1}}]})),
    Row("open", "Azure may fill in what it likes", farm(heard={"a": "1"}),
        farm(heard={"a": "1", "b": "2"})),
]  # fmt: skip


def test_what_holds_a_secret_is_marked() -> None:
    changed = only(farm(key="k"), farm(key="l"))
    entry = only(farm(gates=[]), farm(gates=[{"name": "g", "url": "https://x?sig=s"}]))

    assert (changed.sensitive, entry.sensitive) == (True, True)
    assert not only(farm(text="a"), farm(text="b")).sensitive


@pytest.mark.parametrize(
    ("api_version", "value", "paths"),
    [
        ("2025-12-01", "old", ()),
        ("2025-12-01", "new", ("?properties.since",)),
        ("2026-01-01", "new", ()),
        ("2026-02-01-preview", "old", ("?properties.since",)),
    ],
)
def test_a_default_is_that_of_the_api_version(api_version, value, paths) -> None:
    result = compare(FARM, CATALOG.schemas, farm(), farm(since=value), api_version)

    assert paths_of(result) == paths


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_rule(row: Row) -> None:
    assert paths_of(run(row.desired, row.actual)) == row.paths, row.reason


def rule(name, priority=1, **more):
    return {"name": name, "properties": {"priority": priority, "access": "Allow"}, **more}


LISTS = [
    Row("order", "paired by key", farm(rules=[rule("a"), rule("b")]),
        farm(rules=[rule("B"), rule("A")])),
    Row("generated", "the id of an entry is made of its name", farm(rules=[rule("a")]),
        farm(rules=[rule("a", id=ID, etag="e", type="t")])),
    Row("changed", "within the entry", farm(rules=[rule("a")]), farm(rules=[rule("a", 2)]),
        ("properties.rules[a].properties.priority",)),
    Row("added", "authoritative", farm(rules=[]), farm(rules=[rule("x")]),
        ("properties.rules[x]",)),
    Row("extra", "authoritative", farm(rules=[rule("a")]), farm(rules=[rule("a"), rule("x")]),
        ("properties.rules[x]",)),
    Row("missing", "authoritative", farm(rules=[rule("a")]), farm(rules=[]), ("properties.rules",)),
    Row("key spelling", "keys follow their rule", farm(allowed=[{"value": "10.0.0.5"}]),
        farm(allowed=[{"value": "10.0.0.5/32", "action": "Allow"}])),
    Row("no key", "what is equal is paired first",
        farm(windows=[{"day": "Mon", "hour": 1}, {"day": "Tue", "hour": 2}]),
        farm(windows=[{"day": "Tue", "hour": 2}, {"day": "Mon", "hour": 1}])),
    Row("most alike", "and then what is most alike",
        farm(windows=[{"day": "Mon", "hour": 1}, {"day": "Tue", "hour": 2}]),
        farm(windows=[{"day": "Tue", "hour": 9}, {"day": "Mon", "hour": 1}]),
        ("properties.windows[1].hour",)),
    Row("references", "paired by id", farm(subnets=[{"id": ID}, {"id": OTHER_ID}]),
        farm(subnets=[{"id": OTHER_ID}, {"id": LOWER_ID}])),
    Row("another reference", "one gone, one new", farm(subnets=[{"id": ID}]),
        farm(subnets=[{"id": OTHER_ID}]),
        (f"properties.subnets[{ID}]", f"properties.subnets[{OTHER_ID}]")),
    Row("children of others", "they are resources of their own",
        farm(workers=[{"name": "a"}]), farm(workers=[{"name": "a"}, {"name": "b"}])),
    Row("children unsaid", "they are resources of their own", farm(),
        farm(workers=[{"name": "b"}])),
    Row("no children", "an empty list does not speak of them", farm(workers=[]),
        farm(workers=[{"name": "b"}])),
    Row("child", "ours", farm(workers=[{"name": "a", "mode": "x"}]),
        farm(workers=[{"name": "a", "mode": "y"}]), ("properties.workers[a].mode",)),
    Row("facts of a child", "asked of the child itself: a scales, b does not",
        farm(workers=[{"name": "a", "autoscale": True, "count": 1}, {"name": "b", "count": 1}]),
        farm(workers=[{"name": "a", "autoscale": True, "count": 5}, {"name": "b", "count": 5}]),
        ("properties.workers[b].count",)),
    Row("others' entries that are off", "they are as they would be anyway",
        farm(lamps=[{"name": "a", "lit": True}]),
        farm(lamps=[{"name": "a", "lit": True}, {"name": "b", "lit": False}])),
    Row("others' entries that are on", "somebody has switched one on",
        farm(lamps=[{"name": "a", "lit": True}]),
        farm(lamps=[{"name": "a", "lit": True}, {"name": "b", "lit": True}]),
        ("?properties.lamps[b].lit",)),
    Row("mixed", "whatever it is", farm(rules=[rule("a"), 7]), farm(rules=[rule("a"), 8]),
        ("properties.rules[1]",)),
]  # fmt: skip


@pytest.mark.parametrize("row", LISTS, ids=lambda row: row.id)
def test_list(row: Row) -> None:
    assert paths_of(run(row.desired, row.actual)) == row.paths, row.reason


def test_a_change_carries_both_values_and_the_facts() -> None:
    change = only(farm(flag=True), farm(flag=False))

    assert (change.before, change.after, change.kind) == (False, True, FieldKind.CHANGED)
    assert change.security
    assert change.declared


def test_an_undeclared_change_has_the_default_as_what_it_should_be() -> None:
    change = only(farm(), farm(flag=True))

    assert (change.before, change.after, change.declared) == (True, False, False)


def test_an_added_and_a_removed_entry_have_one_side_only() -> None:
    gone, new = run(farm(rules=[rule("b")]), farm(rules=[rule("a", id=ID)])).changes

    assert (gone.kind, gone.before, gone.after) == (FieldKind.REMOVED, rule("a"), ABSENT)
    assert (new.kind, new.before, new.after) == (FieldKind.ADDED, ABSENT, rule("b"))
    assert gone.security, "the facts of the list hold for what is gone from it"


def test_a_list_of_scalars_is_reported_whole() -> None:
    change = only(farm(ranges=["10.0.0.0/8"]), farm(ranges=["10.0.0.0/8", "0.0.0.0/0"]))

    assert change.path == "properties.ranges"
    assert change.before == ["10.0.0.0/8", "0.0.0.0/0"]
    assert change.after == ["10.0.0.0/8"]


def test_create_only_forces_a_replacement_and_says_why() -> None:
    change = only(farm(fixed="second"), farm(fixed="first"))
    absent = only(farm(fixed="second"), farm())

    assert change.forces_replace
    assert change.reason == "fixed cannot change in place"
    assert absent.forces_replace, "absent is the default, which is another value too"


def test_nothing_is_replaced_on_a_value_that_azure_may_never_answer() -> None:
    assert only(farm(born="b"), farm(born="a")).forces_replace
    assert not only(farm(born="b"), farm()).forces_replace


def test_a_location_never_changes_in_place() -> None:
    assert only({"location": "westeurope"}, {"location": "northeurope"}).forces_replace


def test_create_only_may_depend_on_both_bodies() -> None:
    assert only(farm(size=1), farm(size=2)).reason == "it cannot shrink"
    assert not only(farm(size=3), farm(size=2)).forces_replace


def test_a_one_way_switch_is_refused() -> None:
    refused = only(farm(lock=False), farm(lock=True)).refused
    assert refused == "lock can be turned on, and never off again"
    assert only(farm(lock=True), farm(lock=False)).refused is None


def test_a_value_that_azure_always_answers_is_not_there_where_it_is_absent() -> None:
    assert only(farm(kept="a"), farm()).reason == "kept cannot change in place"


def test_what_is_fixed_as_a_whole_is_fixed_in_its_parts() -> None:
    change = only(farm(sealed={"level": "high"}), farm(sealed={"level": "low"}))

    assert (change.path, change.reason) == (
        "properties.sealed.level",
        "sealed.level cannot change in place",
    )
    assert only(farm(sealed={"level": "high"}), farm()).forces_replace
    assert not only(farm(sealed={"on": True}), farm(sealed={"on": False})).forces_replace


def test_a_value_that_azure_never_accepts_is_refused_whatever_is_there() -> None:
    for actual in (farm(), farm(never="y"), farm(never="z")):
        assert only(farm(never="x"), actual).refused == (
            "never cannot be x: Azure does not accept that"
        )
    assert only(farm(never="z"), farm(never="y")).refused is None


def test_a_change_may_be_forbidden_by_both_bodies() -> None:
    assert only(farm(soil=3), farm(soil=1)).refused == "soil cannot skip a step"
    assert only(farm(soil=2), farm(soil=1)).refused is None
    assert only(farm(soil=2), farm()).refused is None


def test_a_child_in_the_body_is_named_by_what_only_takes_a_new_child() -> None:
    change = only(
        farm(workers=[{"name": "a", "image": "new"}]), farm(workers=[{"name": "A", "image": "old"}])
    )

    assert change.forces_replace
    assert change.child == Child("Invented.Farm/farms/workers", "a")


def test_a_change_that_takes_a_new_parent_is_refused_for_the_child_alone() -> None:
    worker = CATALOG.get("Invented.Farm/farms/workers")
    before, after = ({"properties": {"land": land}} for land in ("a1", "b1"))

    inside = only(
        farm(workers=[{"name": "w", "land": "b1"}]), farm(workers=[{"name": "w", "land": "a1"}])
    )
    (alone,) = compare(worker, CATALOG.schemas, after, before).changes

    assert (inside.child, inside.reason) == (None, "a worker cannot go to another land")
    assert (alone.forces_replace, alone.refused) == (False, "a worker cannot go to another land")


def test_an_undeclared_change_neither_replaces_nor_refuses() -> None:
    change = only(farm(), farm(fixed="second"))

    assert (change.forces_replace, change.reason, change.disruption) == (
        False,
        None,
        Disruption.NONE,
    )


UPGRADES = [
    ("1.34", "1.33.5", True, "newer than what runs: an upgrade"),
    ("1.33", "1.34.2", False, "the channel went ahead: never a downgrade"),
    ("1.33", "1.33.9", False, "the same minor"),
    ("1.33.7", "1.33.5", True, "a newer patch"),
    ("latest", "1.33.5", False, "no version"),
]


@pytest.mark.parametrize(("desired", "actual", "changes", "reason"), UPGRADES)
def test_an_upgrade_channel_is_never_turned_back(desired, actual, changes, reason) -> None:
    result = run(farm(version=desired, channel="stable"), farm(version=actual, channel="stable"))

    assert bool(result.changes) is changes, reason
    assert all(change.owner is Owner.UPGRADE_CHANNEL for change in result.changes)


def test_without_a_channel_a_downgrade_is_a_change() -> None:
    assert paths_of(run(farm(version="1.33"), farm(version="1.34.2"))) == ("properties.version",)


def test_an_unknown_value_differs_from_whatever_is_there() -> None:
    for actual in (farm(text="a"), farm()):
        change = only(farm(text=UNKNOWN), actual)
        assert change.unknown
        assert change.after == UNKNOWN


def test_a_list_with_an_unknown_entry_is_unknown() -> None:
    change = only(farm(bag=["a", UNKNOWN]), farm(bag=["a", "b"]))

    assert (change.path, change.unknown) == ("properties.bag", True)


def test_an_unknown_reference_in_a_list_is_told_at_the_reference() -> None:
    change = only(farm(subnets=[{"id": UNKNOWN}]), farm(subnets=[{"id": ID}]))

    assert (change.path, change.unknown) == ("properties.subnets[0].id", True)


def test_values_with_no_known_default_are_listed() -> None:
    result = run(farm(), farm(text="a", subnet={"id": ID}, windows=[{"day": "Mon"}], state="x"))

    assert result.changes == ()
    assert result.unknown_defaults == (
        "properties.subnet.id",
        "properties.text",
        "properties.windows",
    )


def test_tags_of_others_are_not_even_listed() -> None:
    for ours in ({}, {"tags": {"a": "1"}}):
        assert run(ours, {"tags": {"a": "1", "b": "2"}}).unknown_defaults == ()


def test_of_several_entries_with_one_key_the_most_alike_is_meant() -> None:
    mine = [rule("a", 1), rule("a", 2)]

    assert run(farm(rules=mine), farm(rules=mine[::-1])).changes == ()


def test_long_lists_take_no_longer_than_they_are_long() -> None:
    many = [{"day": str(number), "hour": number} for number in range(2000)]
    ranges = [f"10.{number // 256}.{number % 256}.0/24" for number in range(5000)]

    result = run(
        farm(windows=many, ranges=ranges),
        farm(windows=[*many, {"day": "x", "hour": 1}], ranges=ranges[::-1]),
    )

    assert paths_of(result) == ("properties.windows[2000]",)


def test_what_is_never_answered_is_never_told() -> None:
    added = only(farm(notInSchema=[{"name": "a"}], secret="s"), farm())

    assert "secret" not in added.path
    assert paths_of(run(farm(secret="s"), farm(secret="t"))) == ()


def test_nesting_without_end_is_told_and_not_a_crash() -> None:
    deep: object = "x"
    for _ in range(600):
        deep = {"a": deep}

    assert run(farm(other=deep), farm(other=deep)).changes == ()
    assert [change.path for change in run(farm(other=deep), farm(other={"a": deep})).changes] == [
        ""
    ]


def test_no_stream_of_bodies_makes_the_rules_grow() -> None:
    rules = rules_of(FARM, CATALOG.schemas)
    run(farm(labels={"a": "1"}, odd="1"), farm(labels={"a": "2"}, odd="2"))
    properties = rules.child(rules.root, "properties")
    before = len(properties.properties or ())
    for number in range(50):
        run(farm(**{f"odd{number}": 1}), farm(labels={f"l{number}": "1"}))

    assert len(properties.properties or ()) == before
    assert rules.child(properties, "labels").properties == {}
