"""Environments that nobody touched since their last check, by the logs of a real server."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from provisioner.attribution.window import format_moment
from provisioner.documents.fleet import FleetAnswer, FleetEntryDocument
from provisioner.engine.ledger_port import Outcome
from provisioner.model.resource_id import ResourceId
from provisioner.preflight.azure_queries import Reply
from provisioner.workflow.fleet_logs import find_untouched, read_clean_check
from provisioner.workflow.log_watch import LogRead, read_changed
from tests.environments import open_bench
from tests.simulator.setting import StandingClock

S = "11111111-1111-1111-1111-111111111111"
WEEK = timedelta(days=7)
_GROUP = {"location": "westeurope"}
_SCOPE = {"subscriptions": [S], "groups": [[S, "rg-a"]], "logged": True}


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def bench(catalog, clock):
    with open_bench(catalog, clock) as opened:
        for name in ("rg-a", "rg-b"):
            opened.send("PUT", f"/subscriptions/{S}/resourceGroups/{name}", _GROUP)
        clock.advance(3_600)
        yield opened


def outcome(at, *, clean=True, scope=_SCOPE, **entry):
    text = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    scope = {"readSince": text, **scope}
    told = FleetEntryDocument(
        name="a", path="a.yaml", answer=FleetAnswer.CLEAN, inputs="1", checked_at=text, **entry
    )
    return Outcome("r", "drift", "a.yaml", "1", text, True, True, clean, {}, scope, told.to_json())


def untouched(bench, clock, check, full_every=WEEK):
    read = partial(read_changed, now=clock.now(), inquirer=bench.client)
    return find_untouched([check], clock.now(), full_every, read, bench.catalog)


def test_an_environment_of_whose_groups_the_logs_tell_nothing_is_unchanged(bench, clock):
    check = read_clean_check(outcome(clock.now()), "a")
    clock.advance(86_400)
    before = len(bench.server.requests)

    (entry,) = untouched(bench, clock, check)

    assert entry.answer is FleetAnswer.UNCHANGED
    assert (entry.unchanged_since, entry.log_read_until) == (
        "2027-01-01T13:00:00Z",
        "2027-01-02T12:40:00Z",
    ), "events come up to 20 minutes late"
    assert len(bench.server.requests) - before == 2, "one of the log, one of Resource Graph"


@pytest.mark.parametrize(
    ("path", "is_untouched"),
    [
        pytest.param("resourceGroups/rg-a", False, id="its own group"),
        pytest.param("resourceGroups/rg-b", True, id="a group of others"),
        pytest.param(
            "resourceGroups/RG-A/providers/Microsoft.Network/networkSecurityGroups/nsg",
            False,
            id="something in its group",
        ),
        pytest.param(
            "providers/Microsoft.Authorization/locks/stop", False, id="at the subscription"
        ),
        pytest.param(
            "resourceGroups/rg-b/providers/Microsoft.Network/routeTables/rt",
            True,
            id="something of others that stays in its group",
        ),
        pytest.param(
            "resourceGroups/rg-b/providers/Microsoft.Network/virtualNetworks/hub",
            False,
            id="something of others that may reach into the group",
        ),
    ],
)
def test_a_write_touches_the_environments_of_its_group(bench, clock, path, is_untouched):
    check = read_clean_check(outcome(clock.now()), "a")
    clock.advance(7_200)
    bodies = {
        "locks": {"properties": {"level": "CanNotDelete"}},
        "virtualNetworks": {
            **_GROUP, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
        },
    }  # fmt: skip
    body = next((body for kind, body in bodies.items() if kind in path), _GROUP)
    bench.send("PUT", f"/subscriptions/{S}/{path}", body)
    clock.advance(7_200)

    assert bool(untouched(bench, clock, check)) is is_untouched


def test_a_check_that_holds_by_the_logs_is_asked_from_where_they_were_read_to(bench, clock):
    start = clock.now()
    clock.advance(86_400)
    first = outcome(start, unchanged_since=None)
    (entry,) = untouched(bench, clock, read_clean_check(first, "a"))
    again = read_clean_check(replace(first, entry=entry.to_json()), "a")

    assert again.checked_at == start
    assert again.holds_until == clock.now() - timedelta(minutes=20)
    assert not untouched(bench, clock, again, full_every=timedelta(hours=24)), "due for all of it"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"clean": False}, "it found something"),
        ({"scope": {**_SCOPE, "logged": False}}, "some of it is in no log of a subscription"),
        ({"scope": {}}, "where it stands is not known"),
    ],
)
def test_what_the_logs_cannot_vouch_for_is_read_again(clock, changed, why):
    assert read_clean_check(outcome(clock.now(), **changed), "a") is None, why


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"refused": "the Activity Log could not be read (403)"}, id="refused"),
        pytest.param({"until": timedelta(hours=-1)}, id="not as far as the check"),
        pytest.param({"targets": (ResourceId.parse(f"/subscriptions/{S}"),)}, id="a change"),
    ],
)
def test_a_log_that_does_not_say_it_says_nothing(clock, catalog, change):
    check = read_clean_check(outcome(clock.now()), "a")
    until = clock.now() + change.pop("until", timedelta(hours=1))
    silent = LogRead((), until)

    def read(since):
        return {each: replace(silent, **change) for each in since}

    assert not find_untouched([check], clock.now() + timedelta(hours=2), WEEK, read, catalog)
    assert not find_untouched(
        [check], clock.now() + timedelta(hours=2), WEEK, lambda _since: {}, catalog
    )


def test_logs_that_do_not_reach_back_or_are_refused_say_nothing(bench, clock):
    check = read_clean_check(outcome(clock.now()), "a")
    clock.advance(15 * 86_400)
    assert not untouched(bench, clock, check, full_every=timedelta(days=90))

    young = read_clean_check(outcome(clock.now()), "a")
    clock.advance(7_200)
    bench.server.allowed_actions = ["Microsoft.Resources/*"]
    assert not untouched(bench, clock, young)


def test_what_changed_while_the_check_was_reading_is_asked_for(bench, clock):
    began = clock.now()
    clock.advance(240)
    bench.send("PUT", f"/subscriptions/{S}/resourceGroups/rg-a", {**_GROUP, "tags": {"a": "b"}})
    clock.advance(720)
    ended = outcome(clock.now(), scope={**_SCOPE, "readSince": format_moment(began)})
    clock.advance(86_400)

    assert not untouched(bench, clock, read_clean_check(ended, "a"))
    ended.scope.pop("readSince")
    assert read_clean_check(ended, "a") is None, "when its reading began is not known"


_EVENT = {
    "resourceId": f"/subscriptions/{S}/resourceGroups/rg-b",
    "eventTimestamp": "2027-01-02T00:00:00Z",
    "operationName": {"value": "Microsoft.Resources/subscriptions/resourceGroups/write"},
}
_ROW = {"target": _EVENT["resourceId"], "at": "2027-01-02T00:00:00Z", "properties": {}}
_WHOLE = {"data": [_ROW], "count": 1, "totalRecords": 1, "resultTruncated": "false"}


@pytest.mark.parametrize(
    ("event", "answer", "is_untouched"),
    [
        pytest.param({}, {}, True, id="something of others"),
        pytest.param({"resourceId": None}, {}, False, id="an event without an id"),
        pytest.param(
            {
                "resourceId": f"/subscriptions/{S}/resourceGroups/rg-a",
                "status": {"value": "Failed"},
            },
            {},
            False,
            id="the end of a write that was accepted before",
        ),
        pytest.param({}, {"data": None}, False, id="no rows at all"),
        pytest.param({}, {"data": {"rows": []}}, False, id="rows in another form"),
        pytest.param({}, {"data": [_ROW, {**_ROW, "target": ""}]}, False, id="a row of nothing"),
        pytest.param({}, {"$skipToken": "more"}, False, id="a page of several"),
        pytest.param({}, {"resultTruncated": "true"}, False, id="a part of the rows"),
        pytest.param({}, {"totalRecords": 4000}, False, id="more rows than there are here"),
    ],
)
def test_a_log_in_a_form_that_is_not_known_says_nothing(
    clock, catalog, event, answer, is_untouched
):
    check = read_clean_check(outcome(clock.now()), "a")
    clock.advance(86_400)

    class Querier:
        def ask(self, inquiries):
            log, graph = inquiries
            return [Reply(log, ({**_EVENT, **event},)), Reply(graph, ({**_WHOLE, **answer},))]

    read = partial(read_changed, now=clock.now(), inquirer=Querier())
    assert bool(find_untouched([check], clock.now(), WEEK, read, catalog)) is is_untouched
