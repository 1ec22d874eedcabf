"""Lists: by type, by scope, by tag, in pages."""

from typing import Any

import pytest

from tests.simulator.setting import GROUP, SUBSCRIPTION, Setting

S = f"/subscriptions/{SUBSCRIPTION}"
GRANTS = "providers/Contoso.Access/grants"


@pytest.fixture
def populated(here: Setting) -> Setting:
    here.call("PUT", f"{S}/resourceGroups/other", {"location": "uksouth", "tags": {"env": "dev"}})
    for group, names in (("rg", ("a", "b")), ("other", ("c",))):
        for name in names:
            here.call(
                "PUT",
                f"{S}/resourceGroups/{group}/providers/Contoso.Fabric/nets/{name}",
                {
                    "location": "westeurope",
                    "tags": {"env": name},
                    "properties": {"range": "10.0.0.0/16"},
                },
            )
    here.call("PUT", f"{GROUP}/providers/Contoso.Safe/safes/gold", {"location": "westeurope"})
    return here


def _names(setting: Setting, path: str) -> list[str]:
    return [entry["name"] for entry in setting.call("GET", path).body["value"]]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        pytest.param(f"{S}/providers/Contoso.Fabric/nets", ["a", "b", "c"], id="subscription"),
        pytest.param(f"{GROUP}/providers/Contoso.Fabric/nets", ["a", "b"], id="group"),
        pytest.param(f"{S}/resourcegroups", ["rg", "other"], id="groups"),
        pytest.param(
            f"{S}/resourcegroups?$filter=tagName%20eq%20'ENV'%20and%20tagValue%20eq%20'dev'",
            ["other"],
            id="groups with a tag",
        ),
        pytest.param(f"{S}/resources", ["a", "b", "gold", "c"], id="everything"),
        pytest.param(f"{GROUP}/resources", ["a", "b", "gold"], id="everything in a group"),
        pytest.param(
            f"{S}/resources?$filter=tagName%20eq%20'env'%20and%20tagValue%20eq%20'c'",
            ["c"],
            id="by tag and value",
        ),
        pytest.param(f"{S}/resources?$filter=tagName%20eq%20'env'", ["a", "b", "c"], id="by tag"),
        pytest.param(
            f"{S}/resources?$filter=resourceType%20eq%20'contoso.safe/safes'",
            ["gold"],
            id="by type",
        ),
    ],
)
def test_what_a_list_holds(populated: Setting, path: str, names: list[str]):
    assert sorted(_names(populated, path)) == sorted(names)


def test_a_list_of_everything_shows_no_properties(populated: Setting):
    (entry, *_) = populated.call("GET", f"{S}/resources").body["value"]
    assert set(entry) == {"id", "name", "type", "location", "tags"}


def test_long_lists_come_in_pages(populated: Setting):
    populated.azure.page_size = 2
    path = f"{S}/providers/Contoso.Fabric/nets"
    first = populated.call("GET", path).body
    assert [entry["name"] for entry in first["value"]] == ["a", "b"]
    second = populated.call("GET", first["nextLink"]).body
    assert [entry["name"] for entry in second["value"]] == ["c"]
    assert "nextLink" not in second
    assert len(populated.call("GET", f"{path}?$top=1").body["value"]) == 1


def test_a_list_in_a_group_that_does_not_exist_is_refused(here: Setting):
    for path in (f"{GROUP}x/providers/Contoso.Fabric/nets", f"{GROUP}x/resources"):
        assert here.call("GET", path).code == "ResourceGroupNotFound"


@pytest.mark.parametrize(
    ("scope", "condition", "names"),
    [
        pytest.param(S, "", ["at-net", "at-group", "at-sub"], id="a subscription: all below"),
        pytest.param(GROUP, "", ["at-net", "at-group", "at-sub"], id="a group: inherited too"),
        pytest.param(GROUP, "atScope()", ["at-group", "at-sub"], id="atScope: none below"),
        pytest.param(S, "atScope()", ["at-sub"], id="atScope of the subscription"),
        pytest.param(S, "principalId eq 'at-net'", ["at-net"], id="one principal"),
    ],
)
def test_grants_at_a_scope(here: Setting, scope: str, condition: str, names: list[str]):
    net = f"{GROUP}/providers/Contoso.Fabric/nets/n"
    here.call("PUT", net, {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}})
    for name, holder in (("at-net", net), ("at-group", GROUP), ("at-sub", S)):
        body: dict[str, Any] = {"properties": {"principalId": name, "role": "r"}}
        assert here.call("PUT", f"{holder}/{GRANTS}/{name}", body).status == 201
    suffix = f"?$filter={condition.replace(' ', '%20')}" if condition else ""
    assert sorted(_names(here, f"{scope}/{GRANTS}{suffix}")) == sorted(names)
