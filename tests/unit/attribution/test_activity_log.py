"""Events become writes: what was taken, by whom, and how far it came."""

import dataclasses
from typing import Any

import pytest

from provisioner.attribution.activity_log import Outcome, read_writes

VNET = (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers"
    "/Microsoft.Network/virtualNetworks/vnet"
)


def event(status: str, second: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "caller": "mallory@contoso.com",
        "claims": {
            "appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
            "http://schemas.microsoft.com/identity/claims/objectidentifier": "oid",
            "ipaddr": "203.0.113.7",
            "name": "Mallory",
        },
        "correlationId": "C0FFEE00-0000-4000-8000-000000000000",
        "eventTimestamp": f"2026-11-30T08:00:{second:02}.1234567Z",
        "operationName": {"value": "Microsoft.Network/virtualNetworks/write"},
        "properties": {"requestbody": '{"secret": "hunter2"}'},
        "resourceId": VNET,
        "status": {"value": status, "localizedValue": "…"},
        **more,
    }


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        (("Started",), Outcome.STARTED),
        (("Started", "Accepted"), Outcome.ACCEPTED),
        (("Started", "Accepted", "Succeeded"), Outcome.SUCCEEDED),
        (("Succeeded",), Outcome.SUCCEEDED),
        (("Started", "Accepted", "Failed"), Outcome.FAILED),
    ],
)
def test_the_events_of_a_write_are_one_write(statuses: tuple[str, ...], outcome: Outcome):
    (write,) = read_writes(event(status, second) for second, status in enumerate(statuses))
    assert write.outcome is outcome
    assert (write.at.second, write.actor) == (0, "mallory@contoso.com")


def test_what_was_refused_changed_nothing():
    assert read_writes([event("Started"), event("Failed", 1)]) == ()


def test_writes_of_other_resources_or_requests_stay_apart():
    other = event("Succeeded", 5, correlationId="d0d0d0d0-0000-4000-8000-000000000000")
    child = event("Succeeded", 3, resourceId=f"{VNET}/subnets/nodes")
    writes = read_writes([event("Succeeded"), other, child])
    assert [write.at.second for write in writes] == [5, 3, 0], "the newest first"


OTHER_CALLER = {
    "caller": "alice@contoso.com",
    "claims": {"http://schemas.microsoft.com/identity/claims/objectidentifier": "another"},
}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({}, OTHER_CALLER, id="two callers who state one correlation id"),
        pytest.param({"operationId": "a"}, {"operationId": "b"}, id="two operations of one caller"),
        pytest.param({"correlationId": ""}, {"correlationId": ""}, id="no correlation id"),
        pytest.param({"correlationId": None}, {"correlationId": None}, id="none at all"),
    ],
)
def test_writes_that_one_correlation_id_does_not_tell_apart_stay_apart(
    first: dict[str, Any], second: dict[str, Any]
):
    writes = read_writes([event("Succeeded", 5, **first), event("Failed", 1, **second)])
    later = read_writes([event("Succeeded", 5, **first), event("Succeeded", 1, **second)])

    assert [write.actor for write in writes] == ["mallory@contoso.com"]
    assert [(write.actor, write.at.second) for write in later] == [
        ("mallory@contoso.com", 5),
        (second.get("caller", "mallory@contoso.com"), 1),
    ]


def test_ids_are_one_whatever_their_case():
    (write,) = read_writes([event("Started"), event("Succeeded", 1, resourceId=VNET.upper())])
    assert write.outcome is Outcome.SUCCEEDED


def test_nothing_of_bodies_addresses_and_other_claims_is_kept():
    (write,) = read_writes([event("Succeeded")])
    kept = str(dataclasses.asdict(write))
    assert not any(word in kept for word in ("hunter2", "203.0.113.7", "Mallory,", "'name'"))


@pytest.mark.parametrize(
    "broken",
    [
        {"resourceId": None},
        {"resourceId": "no id"},
        {"eventTimestamp": "soon"},
        {"operationName": None},
        {"eventTimestamp": 5},
        {"eventTimestamp": "0001-01-01T00:00:00+14:00"},
    ],
    ids=str,
)
def test_an_event_that_says_too_little_is_no_write(broken: dict[str, Any]):
    assert read_writes([event("Succeeded", **broken)]) == ()


def test_a_log_that_gives_no_caller_leaves_it_open():
    (write,) = read_writes([event("Succeeded", caller=None, claims=None)])
    assert (write.actor, write.object_id, write.application) == (None, None, None)
