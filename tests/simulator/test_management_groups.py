"""Management groups: the tree below the tenant's root, and the subscriptions in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller, Reply

GROUPS = "/providers/Microsoft.Management/managementGroups"
READER = "providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"


@pytest.fixture
def call(real_catalog: Catalog) -> Iterator[Caller]:
    with LocalAzure.start(real_catalog, None) as azure:
        caller = Caller(azure.endpoint)
        caller.create_group()
        yield caller
        caller.close()


def make(call: Caller, name: str, parent: str | None = None, **more: Any) -> Reply:
    details = {"details": {"parent": {"id": f"{GROUPS}/{parent}"}}} if parent else {}
    return call("PUT", f"{GROUPS}/{name}", {"properties": {**details, **more}})


def root(call: Caller) -> str:
    first = call("GET", GROUPS).body["value"][0]
    assert first["properties"]["displayName"] == "Tenant Root Group"
    return str(first["name"])


def tree(call: Caller, name: str, *, recurse: bool = True) -> Any:
    query = "$expand=children" + ("&$recurse=true" if recurse else "")
    return _names(call("GET", f"{GROUPS}/{name}?{query}").body["properties"]["children"])


def _names(children: list[dict[str, Any]]) -> dict[str, Any]:
    return {child["name"]: _names(child.get("children", [])) for child in children}


def test_groups_are_made_below_the_root_or_each_other(call: Caller):
    top = root(call)
    made = make(call, "Platform", displayName="The platform")
    assert made.status == 200
    assert made.body["properties"]["displayName"] == "The platform"
    assert made.body["properties"]["details"]["parent"]["name"] == top
    assert make(call, "hubs", "platform").status == 200
    assert tree(call, top) == {"Platform": {"hubs": {}}, SUBSCRIPTION: {}}
    assert tree(call, top, recurse=False) == {"Platform": {}, SUBSCRIPTION: {}}

    path = call("GET", f"{GROUPS}/hubs?$expand=path").body["properties"]["details"]["path"]
    assert [each["name"] for each in path] == [top, "Platform", "hubs"]
    moved = call("PATCH", f"{GROUPS}/hubs", {"parentGroupId": f"{GROUPS}/{top}"})
    assert moved.body["properties"]["details"]["parent"]["name"] == top
    assert [each["name"] for each in call("GET", GROUPS).body["value"]] == [top, "Platform", "hubs"]


def test_a_subscription_stands_in_one_group(call: Caller):
    make(call, "a")
    make(call, "b")
    for name in ("a", "b"):
        added = call("PUT", f"{GROUPS}/{name}/subscriptions/{SUBSCRIPTION}")
        assert added.body["properties"]["parent"]["id"] == f"{GROUPS}/{name}"
    assert (tree(call, "a"), tree(call, "b")) == ({}, {SUBSCRIPTION: {}})
    listed = call("GET", f"{GROUPS}/b/subscriptions").body["value"]
    assert [each["name"] for each in listed] == [SUBSCRIPTION]
    assert call("DELETE", f"{GROUPS}/b").code == "ManagementGroupHasChildren"
    assert call("DELETE", f"{GROUPS}/b/subscriptions/{SUBSCRIPTION}").status == 200
    assert call("DELETE", f"{GROUPS}/b").status == 204
    assert SUBSCRIPTION in tree(call, root(call))


def test_a_group_that_something_is_assigned_at_exists(call: Caller):
    assignment = "providers/Microsoft.Authorization/roleAssignments"
    body = {
        "principalId": "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9",
        "principalType": "Group",
        "roleDefinitionId": f"/{READER}",
    }
    path = f"{GROUPS}/Landing/{assignment}/11111111-2222-4333-8444-555555555555"
    assert call("PUT", path, {"properties": body}).status == 201
    assert "Landing" in tree(call, root(call))
    assert call("GET", f"{GROUPS}/landing").body["name"] == "Landing"


def test_every_entity_has_its_parents(call: Caller):
    top = root(call)
    make(call, "platform")
    make(call, "hubs", "platform")
    call("PUT", f"{GROUPS}/hubs/subscriptions/{SUBSCRIPTION}")
    reply = call("POST", "/providers/Microsoft.Management/getEntities")
    found = {each["name"]: each["properties"] for each in reply.body["value"]}
    assert found[SUBSCRIPTION]["parentNameChain"] == [top, "platform", "hubs"]
    assert found["platform"]["numberOfChildGroups"] == 1
    assert found[top]["parent"]["id"] is None


def test_what_cannot_be_is_refused(call: Caller):
    top = root(call)
    make(call, "a")
    make(call, "b", "a")
    assert make(call, "a", "b").code == "InvalidParentId"
    assert make(call, "c", "none").status == 404
    assert call("PATCH", f"{GROUPS}/a", {"parentGroupId": GROUP}).code == "InvalidParentId"
    assert call("GET", f"{GROUPS}/none").status == 404
    assert call("DELETE", f"{GROUPS}/none").status == 204
    assert call("DELETE", f"{GROUPS}/{top}").status == 400
    other = "99999999-0000-4000-8000-000000000000"
    assert call("PUT", f"{GROUPS}/a/subscriptions/{other}").code == "SubscriptionNotFound"
    assert call("GET", f"{GROUPS}/a?$expand=cost").status == 400
    above = "b"
    for level in range(3, 7):
        assert make(call, f"level-{level}", above).status == 200
        above = f"level-{level}"
    assert make(call, "too-deep", above).code == "ManagementGroupHierarchyTooDeep"
