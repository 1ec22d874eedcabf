"""Resource Graph: what a write changed, and the queries that ask for it."""

from typing import Any

import pytest

from tests.simulator.setting import GROUP, SUBSCRIPTION, Reply, Setting

NET = "Contoso.Fabric/nets/n"
NET_ID = f"{GROUP}/providers/{NET}"
BODY = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}
GRAPH = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01"
MALLORY = "mallory@contoso.com with Azure Portal"
PIPELINE = "pipeline with 5d9fa1a4-1d1f-4f5c-9c43-0d6a4a6d1a55"


def ask(setting: Setting, query: str) -> Reply:
    body = {"subscriptions": [SUBSCRIPTION], "query": query}
    return setting.call("POST", GRAPH, body)


def changes(setting: Setting, more: str = "") -> list[dict[str, Any]]:
    """The properties of the changes, the latest first."""
    reply = ask(
        setting,
        "resourcechanges | extend at = todatetime(properties.changeAttributes.timestamp)"
        f" | order by at desc{more} | project properties",
    )
    assert reply.status == 200, reply.body
    return [row["properties"] for row in reply.body["data"]]


def widen(setting: Setting, headers: dict[str, str]) -> None:
    setting.clock.advance(60)
    body = {**BODY, "properties": {"range": "10.0.0.0/8"}}
    setting.call("PUT", NET, body, headers)


def test_a_create_lists_no_paths_and_says_who_did_it(here: Setting):
    here.call("PUT", NET, BODY, here.bearer(MALLORY))
    (change,) = changes(here)
    attributes = change["changeAttributes"]
    assert (change["targetResourceId"], change["changeType"]) == (NET_ID, "Create")
    assert change["changes"] == {}
    assert attributes["changedBy"] == "mallory@contoso.com"
    assert (attributes["changedByType"], attributes["clientType"]) == ("User", "Azure Portal")
    assert attributes["operation"] == "Contoso.Fabric/nets/write"


def test_an_update_names_the_paths_that_it_changed_and_no_others(here: Setting):
    here.call("PUT", NET, BODY)
    widen(here, here.bearer(PIPELINE))
    latest, _ = changes(here)
    assert latest["changeType"] == "Update"
    assert latest["changes"] == {
        "properties.range": {"previousValue": "10.0.0.0/16", "newValue": "10.0.0.0/8"}
    }
    attributes = latest["changeAttributes"]
    assert attributes["changesCount"] == 1
    assert attributes["changedByType"] == "Application"
    assert attributes["clientType"] == "5d9fa1a4-1d1f-4f5c-9c43-0d6a4a6d1a55"


def test_a_write_that_changes_nothing_is_no_change(here: Setting):
    here.call("PUT", NET, BODY)
    here.call("PUT", NET, BODY, here.bearer(MALLORY))
    assert len(changes(here)) == 1


def test_a_refused_write_is_no_change(here: Setting):
    here.call("PUT", NET, {**BODY, "properties": {"range": 7}})
    assert changes(here) == []


def test_a_child_that_its_parents_body_holds_is_a_change_of_the_parent(here: Setting):
    here.call("PUT", NET, BODY)
    here.clock.advance(60)
    here.call(
        "PUT", f"{NET}/lanes/a", {"properties": {"range": "10.0.1.0/24"}}, here.bearer(MALLORY)
    )
    latest, _ = changes(here)
    assert latest["targetResourceId"] == NET_ID
    assert latest["changes"]["properties.lanes[0].properties.range"]["previousValue"] is None
    assert latest["changeAttributes"]["changedBy"] == "mallory@contoso.com"


def test_a_deleted_group_takes_its_resources_along_in_its_callers_name(slow: Setting):
    slow.call("PUT", NET, BODY)
    slow.clock.advance(600)
    slow.call("DELETE", GROUP, None, slow.bearer(MALLORY))
    slow.clock.advance(600)
    slow.call("GET", GROUP)
    slow.clock.advance(600)
    latest = changes(slow)[0]
    assert (latest["targetResourceId"], latest["changeType"]) == (NET_ID, "Delete")
    assert latest["changeAttributes"]["changedBy"] == "mallory@contoso.com"


def test_a_change_shares_the_correlation_id_of_its_request(here: Setting):
    correlation = "9d3c6f2e-0000-4000-8000-0123456789ab"
    here.call("PUT", NET, BODY, {"x-ms-correlation-request-id": correlation})
    assert changes(here)[0]["changeAttributes"]["correlationId"] == correlation


def test_changes_are_shown_late_and_for_fourteen_days(slow: Setting):
    slow.call("PUT", NET, BODY)
    slow.clock.advance(99)
    assert changes(slow) == []
    slow.clock.advance(1)
    assert len(changes(slow)) == 1
    slow.clock.advance(14 * 86400)
    assert changes(slow) == []


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("at >= datetime(2027-01-01T12:01:00Z)", 1),
        ("at > ago(30s)", 1),
        ("at > ago(1d) and properties.changeType == 'Create'", 1),
        (f"properties.targetResourceId in~ ('{NET_ID.upper()}', '/x')", 2),
        (f"properties.targetResourceId in ('{NET_ID.upper()}')", 0),
        ("resourceGroup =~ 'RG'", 2),
        ("tolower(properties.changeType) == 'update'", 1),
    ],
)
def test_conditions_find_what_they_say(here: Setting, condition: str, found: int):
    here.call("PUT", NET, BODY)
    widen(here, here.bearer(MALLORY))
    assert len(changes(here, f" | where {condition}")) == found


def test_an_answer_counts_its_rows(here: Setting):
    here.call("PUT", NET, BODY)
    widen(here, here.bearer(MALLORY))
    reply = ask(
        here, "resourcechanges | limit 1 | project id, kind = tostring(properties.changeType)"
    )
    assert (reply.body["count"], reply.body["totalRecords"]) == (1, 1)
    assert reply.body["resultTruncated"] == "false"
    (row,) = reply.body["data"]
    assert row["id"].startswith(f"{NET_ID}/providers/Microsoft.Resources/changes/")
    assert row["kind"] == "Create"


@pytest.mark.parametrize(
    "query",
    [
        "policyresources | project id",
        "resourcechanges | nonsense x",
        "resourcechanges | where strrep(id, 2) == 'x'",
        "resourcechanges | summarize variance(x)",
        "",
    ],
)
def test_what_it_does_not_know_of_the_language_is_refused(here: Setting, query: str):
    reply = ask(here, query)
    assert (reply.status, reply.code) == (400, "BadRequest")
    assert reply.body["error"]["details"][0]["code"] == "InvalidQuery"


def test_a_query_over_another_subscription_finds_nothing(here: Setting):
    here.call("PUT", NET, BODY)
    body = {"subscriptions": ["22222222-2222-2222-2222-222222222222"], "query": "resourcechanges"}
    assert here.call("POST", GRAPH, body).body["data"] == []
