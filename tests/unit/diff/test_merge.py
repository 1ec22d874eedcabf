"""What is sent when a resource is updated: ours over what is there, and nothing of Azure's own."""

import pytest

from provisioner.diff.comparison import compare
from provisioner.diff.merge import merge_for_write
from provisioner.model.values import Unknown
from tests.unit.diff.invented import CATALOG, FARM, farm

ID = "/subscriptions/S/resourceGroups/rg/providers/Invented.Net/networks/n"
UNKNOWN = Unknown("a.b", {}, ("a.b",))


def merge(desired, actual):
    return merge_for_write(FARM, CATALOG.schemas, desired, actual)


def case(id, reason, desired, actual, sent):
    return pytest.param(desired, actual, sent, reason, id=id)


CASES = [
    case("ours", "declared", farm(text="a"), farm(text="b"), farm(text="a")),
    case("theirs", "not declared", farm(), farm(text="b"), farm(text="b")),
    case("spelling", "the schema's", farm(TEXT="a"), farm(tExT="b"), farm(text="a")),
    case("new", "not there yet", farm(text="a"), farm(), farm(text="a")),
    case("null", "says nothing", farm(text=None), farm(text="b"), farm(text="b")),
    case("text of none", "says nothing", farm(text=""), farm(text="b"), farm(text="b")),
    case("null alone", "is not sent", farm(text=None), farm(), farm()),
    case("live null", "is not sent", farm(), farm(text=None), farm()),
    case("empty list", "there is to be nothing", farm(bag=[]), farm(bag=["a"]), farm(bag=[])),
    case("unknown", "filled in later", farm(text=UNKNOWN), farm(text="a"), farm(text=UNKNOWN)),
    case(
        "envelope",
        "ARM's own, and what only Azure writes",
        {},
        {"id": ID, "name": "n", "type": "t", "etag": "e", **farm(state="x", made="y", text="b")},
        farm(text="b"),
    ),
    case("write-only", "only ours", farm(secret="s"), farm(secret="masked"), farm(secret="s")),
    case("write-only live", "never theirs", farm(), farm(secret="masked"), farm()),
    case("ignored", "kept all the same", farm(), farm(ignored="x"), farm(ignored="x")),
    case("computed object", "nothing of it to send", farm(), farm(profile={"key": "k"}), farm()),
    case(
        "objects",
        "merge",
        farm(profile={"on": True}),
        farm(profile={"on": False, "level": "low", "key": "k"}),
        farm(profile={"on": True, "level": "low"}),
    ),
    case("tags", "of others survive", {"tags": {"a": "1"}}, {"tags": {"A": "2", "b": "3"}},
         {"tags": {"A": "1", "b": "3"}}),
    case(
        "identities",
        "a key of a map is content",
        {"identity": {"type": "UserAssigned"}},
        {"identity": {"type": "None", "userAssignedIdentities": {ID: {"principalId": "p"}}}},
        {"identity": {"type": "UserAssigned", "userAssignedIdentities": {ID: {}}}},
    ),
    case(
        "rules",
        "an authoritative list is as declared",
        farm(rules=[{"name": "a", "properties": {"priority": 1}}]),
        farm(rules=[{"name": "a", "properties": {"priority": 2, "access": "Deny"}}, {"name": "x"}]),
        farm(rules=[{"name": "a", "properties": {"priority": 1}}]),
    ),
    case("copy", "filled in from what changes", farm(text="a"), farm(text="b", copy="b"),
         farm(text="a")),
    case("copy kept", "it stays as long as that does", farm(text="b"), farm(text="b", copy="b"),
         farm(text="b", copy="b")),
    case("copy stated", "declared", farm(text="a", copy="c"), farm(text="b", copy="b"),
         farm(text="a", copy="c")),
    case("refilled", "Azure fills it in anew", farm(text="a"), farm(text="b", begun="2026-01-01"),
         farm(text="a")),
    case("refilled stated", "declared", farm(begun="2026-02-01"), farm(begun="2026-01-01"),
         farm(begun="2026-02-01")),
    case("unmodelled", "no write of this api version has it", farm(text="a"),
         farm(text="b", link="x", profile={"on": True, "link": "x"}),
         farm(text="a", profile={"on": True})),
    case("open object", "has no schema", farm(), farm(document={"link": "x"}),
         farm(document={"link": "x"})),
    case("shared", "entries of others survive", farm(theirs=["a"]), farm(theirs=["b", "a"]),
         farm(theirs=["a", "b"])),
    case("taken as another", "what Azure makes of it stays", farm(brand="Old"), farm(brand="New"),
         farm(brand="New")),
    case("stated", "is sent as stated", farm(home=ID), farm(home=ID), farm(home=ID)),
    case("unstated", "is never sent", farm(), farm(home=ID), farm()),
    case(
        "pools",
        "children that are flattened have to be sent, all of them",
        farm(workers=[{"name": "a", "mode": "x"}]),
        farm(workers=[{"name": "b", "count": 2}, {"name": "A", "mode": "y", "count": 3}]),
        farm(workers=[{"name": "a", "mode": "x", "count": 3}, {"name": "b", "count": 2}]),
    ),
    case("pools unsaid", "and so when they are not mentioned", farm(text="a"),
         farm(workers=[{"name": "b", "count": 2}]),
         farm(workers=[{"name": "b", "count": 2}], text="a")),
    case("children unsaid", "Azure keeps them; a partial list would delete the rest", farm(),
         farm(fields=[{"name": "f", "id": ID}]), farm()),
    case(
        "children",
        "without what Azure generates",
        farm(fields=[{"name": "f", "properties": {"range": "r"}}]),
        farm(fields=[{"name": "f", "id": ID, "etag": "e", "properties": {"state": "s"}},
                     {"name": "g", "id": ID, "etag": "e", "properties": {"range": "x"}}]),
        farm(fields=[{"name": "f", "properties": {"range": "r"}},
                     {"name": "g", "properties": {"range": "x"}}]),
    ),
    case("references", "keep their ids", farm(), farm(subnets=[{"id": ID}], subnet={"id": ID}),
         farm(subnets=[{"id": ID}], subnet={"id": ID})),
    case("autoscaler", "its count survives",
         farm(workers=[{"name": "a", "autoscale": True, "count": 1}]),
         farm(workers=[{"name": "a", "autoscale": True, "count": 5}]),
         farm(workers=[{"name": "a", "autoscale": True, "count": 5}])),
    case("upgraded", "the channel went ahead", farm(version="1.33", channel="stable"),
         farm(version="1.34.1"), farm(version="1.34.1", channel="stable")),
    case("upgrade", "newer than what runs", farm(version="1.35", channel="stable"),
         farm(version="1.34.1"), farm(version="1.35", channel="stable")),
]  # fmt: skip


@pytest.mark.parametrize(("desired", "actual", "sent", "reason"), CASES)
def test_merge(desired, actual, sent, reason) -> None:
    assert merge(desired, actual) == sent, reason


@pytest.mark.parametrize(("desired", "actual", "_sent", "reason"), CASES)
def test_what_is_sent_leaves_no_declared_change(desired, actual, _sent, reason) -> None:
    merged = merge(desired, actual)
    left = [c.path for c in compare(FARM, CATALOG.schemas, desired, merged).changes if c.declared]

    assert left == (["properties.text"] if reason == "filled in later" else [])
