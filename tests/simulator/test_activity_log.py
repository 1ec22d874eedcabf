"""The Activity Log: every write, who sent it, and what of it a query sees."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from azure.mgmt.monitor.models import EventData

from provisioner.simulator.access_options import Access
from provisioner.simulator.state.clock import format_time
from tests.principals import object_id
from tests.simulator.setting import GROUP, SUBSCRIPTION, Reply, Setting

NET = "Contoso.Fabric/nets/n"
BODY = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}
LOG = f"/subscriptions/{SUBSCRIPTION}/providers/microsoft.insights/eventtypes/management/values"
MALLORY = "mallory@contoso.com with Azure CLI"
PIPELINE = "pipeline with 5d9fa1a4-1d1f-4f5c-9c43-0d6a4a6d1a55"


def ask(setting: Setting, wanted: str = "", days: float = 1, **options: str) -> Reply:
    start = format_time(setting.clock.now() - timedelta(days=days))
    query = f"eventTimestamp ge '{start}'{wanted}"
    more = "".join(f"&${name}={quote(value)}" for name, value in options.items())
    return setting.call("GET", f"{LOG}?api-version=2015-04-01&$filter={quote(query)}{more}")


def events(setting: Setting, wanted: str = "", **options: str) -> list[dict[str, Any]]:
    reply = ask(setting, wanted, **options)
    assert reply.status == 200, reply.body
    return list(reply.body["value"])


def told(entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What happened, the oldest first: event, status, operation."""
    return [
        (e["eventName"]["value"], e["status"]["value"], e["operationName"]["value"])
        for e in reversed(entries)
    ]


def of_net(setting: Setting) -> list[dict[str, Any]]:
    return events(setting, f" and resourceUri eq '{GROUP}/providers/{NET}'")


def test_a_write_that_is_answered_at_once_begins_and_succeeds(here: Setting):
    here.call("PUT", f"{NET}-guard", BODY, here.bearer(MALLORY))
    group = events(here, " and resourceGroupName eq 'RG'")
    assert told(group)[:2] == [
        ("BeginRequest", "Started", "Microsoft.Resources/subscriptions/resourceGroups/write"),
        ("EndRequest", "Succeeded", "Microsoft.Resources/subscriptions/resourceGroups/write"),
    ]


def test_a_long_operation_is_accepted_and_ends_later(slow: Setting):
    slow.call("PUT", NET, BODY, slow.bearer(MALLORY))
    slow.clock.advance(200)
    before = told(of_net(slow))
    slow.clock.advance(200)
    assert before == [
        ("BeginRequest", "Started", "Contoso.Fabric/nets/write"),
        ("EndRequest", "Accepted", "Contoso.Fabric/nets/write"),
    ]
    assert told(of_net(slow))[2:] == [("EndRequest", "Succeeded", "Contoso.Fabric/nets/write")]
    assert len({e["correlationId"] for e in of_net(slow)}) == 1


def test_an_operation_that_fails_is_logged_as_failed(here: Setting):
    here.azure.faults.fail_operation(NET, "Internal", "It broke.")
    here.call("PUT", NET, BODY, here.bearer(MALLORY))
    statuses = [status for _, status, _ in told(of_net(here))]
    assert sorted(statuses) == ["Failed", "Started"], "it was over before its answer"


def test_a_refused_write_is_logged_with_its_reason_and_its_sender(here: Setting):
    reply = here.call(
        "PUT", NET, {"location": "westeurope", "properties": {"range": 7}}, here.bearer(MALLORY)
    )
    assert reply.status == 400
    begin, end = reversed(of_net(here))
    assert (begin["status"]["value"], end["status"]["value"]) == ("Started", "Failed")
    assert (end["level"], end["properties"]["statusCode"]) == ("Error", "BadRequest")
    assert end["caller"] == "mallory@contoso.com"


def test_a_write_that_the_caller_may_not_do_is_logged_as_forbidden(
    run: Callable[..., Setting],
):
    setting = run(access=Access(allowed_actions=["*/read"]), group=False)
    assert setting.call("DELETE", NET, None, setting.bearer(PIPELINE)).status == 403
    (_, end) = reversed(of_net(setting))
    assert end["subStatus"]["value"] == "Forbidden"
    assert end["authorization"]["action"] == "Contoso.Fabric/nets/delete"


@pytest.mark.parametrize(
    ("who", "caller", "claims"),
    [
        (
            MALLORY,
            "mallory@contoso.com",
            {"appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46"},
        ),
        (PIPELINE, object_id("pipeline"), {"appid": "5d9fa1a4-1d1f-4f5c-9c43-0d6a4a6d1a55"}),
    ],
    ids=["a person", "an application"],
)
def test_the_sender_is_who_the_token_names(
    here: Setting, who: str, caller: str, claims: Mapping[str, str]
):
    correlation = "9d3c6f2e-0000-4000-8000-0123456789ab"
    sent = here.bearer(who)
    here.call("PUT", NET, BODY, {**sent, "x-ms-correlation-request-id": correlation})
    for event in of_net(here):
        assert event["caller"] == caller
        assert claims.items() <= event["claims"].items()
        assert event["correlationId"] == correlation


def test_reads_are_not_logged_and_bodies_never(here: Setting):
    here.call("PUT", NET, {**BODY, "tags": {"word": "abracadabra"}}, here.bearer(MALLORY))
    written = len(of_net(here))
    here.call("GET", NET)
    assert len(of_net(here)) == written
    assert "abracadabra" not in str(events(here))


def test_actions_are_logged_with_their_name(here: Setting):
    here.call("POST", f"/subscriptions/{SUBSCRIPTION}/providers/Contoso.Fabric/register")
    (event, *_) = events(here, " and resourceProvider eq 'contoso.fabric'")
    assert event["operationName"]["value"] == "Contoso.Fabric/register/action"


def test_deleting_a_group_logs_each_resource_in_it_under_one_correlation_id(here: Setting):
    here.call("PUT", NET, BODY)
    here.call("DELETE", GROUP, None, here.bearer(MALLORY))
    deletes = [e for e in events(here) if e["operationName"]["value"].endswith("/delete")]
    assert {e["resourceId"] for e in deletes} == {GROUP, f"{GROUP}/providers/{NET}"}
    assert {e["caller"] for e in deletes} == {"mallory@contoso.com"}
    assert len({e["correlationId"] for e in deletes}) == 1


def test_an_event_is_shown_some_minutes_after_it_happened(slow: Setting):
    slow.clock.advance(1000)
    slow.call("PUT", NET, BODY)
    slow.clock.advance(179)
    assert of_net(slow) == []
    slow.clock.advance(1)
    assert len(of_net(slow)) == 2


def test_events_are_kept_for_ninety_days(here: Setting):
    here.call("PUT", NET, BODY)
    here.clock.advance(89 * 86400)
    assert ask(here, days=90).body["value"]
    here.clock.advance(2 * 86400)
    assert ask(here, days=90).body["value"] == []


def test_a_start_that_is_too_old_is_refused_flatly(here: Setting):
    reply = ask(here, days=90.01)
    assert reply.status == 400
    assert reply.body == {
        "code": "BadRequest",
        "message": "The start time cannot be more than 90 days in the past.",
    }


@pytest.mark.parametrize(
    "wanted",
    [
        "resourceGroupName eq 'rg'",
        "eventTimestamp ge '2027-01-01' and resourceGroupName eq 'a' and resourceUri eq '/b'",
        "eventTimestamp ge '2027-01-01' and level eq 'Error'",
        "eventTimestamp ge '2027-01-01' or resourceGroupName eq 'a'",
        "eventTimestamp ge 'yesterday'",
        "",
    ],
    ids=["no start", "two places", "another name", "or", "no time", "nothing"],
)
def test_a_filter_that_is_no_documented_pattern_is_refused(here: Setting, wanted: str):
    reply = here.call("GET", f"{LOG}?api-version=2015-04-01&$filter={quote(wanted)}")
    assert (reply.status, reply.code) == (400, "BadRequest")


def test_times_may_be_bare_and_places_are_matched_without_case(here: Setting):
    start = format_time(here.clock.now())
    wanted = f"eventTimestamp ge {start} and resourceId eq '{GROUP.upper()}'"
    reply = here.call("GET", f"{LOG}?api-version=2015-04-01&$filter={quote(wanted)}")
    assert len(reply.body["value"]) == 2


def test_a_selection_answers_the_named_properties_alone(here: Setting):
    (event, *_) = events(here, select="caller,correlationId, resourceId")
    assert set(event) == {"caller", "correlationId", "resourceId"}


def test_pages_lead_to_the_oldest_event_and_do_not_move_with_new_ones(here: Setting):
    here.azure.page_size = 3
    for number in range(4):
        here.call("PUT", f"{NET}{number}", BODY)
    whole = 2 + 4 * 2
    seen: list[str] = []
    page = ask(here).body
    while True:
        seen += [event["eventDataId"] for event in page["value"]]
        if "nextLink" not in page:
            break
        here.clock.advance(1)
        here.call("PUT", f"{NET}9", BODY)
        page = here.call("GET", page["nextLink"]).body
    assert len(seen) == len(set(seen)) == whole


def test_an_event_has_the_properties_of_the_sdk_model(here: Setting):
    (event, *_) = events(here)
    known = {entry["key"] for entry in EventData._attribute_map.values()}
    # Recorded beside the model: `channels` and `relatedEvents` are in the documented schema.
    assert set(event) - {"channels", "relatedEvents"} == known
    read = EventData.deserialize(event)
    assert read.event_timestamp is not None
    assert read.authorization.action == event["operationName"]["value"]


def test_the_log_survives_a_restart(run: Callable[..., Setting], tmp_path: Path):
    first = run(tmp_path / "state.db")
    first.call("PUT", NET, BODY, first.bearer(MALLORY))
    before = events(first)
    first.azure.close()
    again = run(tmp_path / "state.db", group=False, clock=first.clock)
    assert events(again) == before
