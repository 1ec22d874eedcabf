"""DELETE: flows, cascades, what stands in the way, and what is left behind."""

from typing import Any

import pytest

from tests.simulator.setting import GROUP, SUBSCRIPTION, Setting

NET = "Contoso.Fabric/nets/n"
LANE = f"{GROUP}/providers/{NET}/lanes/a"
SAFE = "Contoso.Safe/safes/gold"
DELETED = f"/subscriptions/{SUBSCRIPTION}/providers/Contoso.Safe/locations/westeurope/deletedSafes"


def _build(here: Setting) -> None:
    lanes = [{"name": "a", "properties": {"range": "10.0.0.0/24"}}]
    here.call(
        "PUT",
        NET,
        {"location": "westeurope", "properties": {"range": "10.0.0.0/16", "lanes": lanes}},
    )
    here.call(
        "PUT", "Contoso.Fabric/ports/p", {"location": "westeurope", "properties": {"laneId": LANE}}
    )


def _safe(**properties: Any) -> dict[str, Any]:
    return {"location": "westeurope", "properties": properties}


def test_what_is_not_there_is_deleted_already(here: Setting):
    assert here.call("DELETE", NET).status == 204


@pytest.mark.parametrize("path", [LANE, f"{GROUP}/providers/{NET}"], ids=["itself", "its parent"])
def test_what_others_point_to_stays(here: Setting, path: str):
    _build(here)
    reply = here.call("DELETE", path)
    assert (reply.status, reply.code) == (400, "InUseLaneCannotBeDeleted")
    assert "Contoso.Fabric/ports/p" in reply.body["error"]["message"]
    assert here.call("GET", LANE).status == 200
    here.call("DELETE", "Contoso.Fabric/ports/p")
    assert here.call("DELETE", path).status == 202
    assert here.call("GET", path).status == 404


def test_what_hangs_on_a_resource_goes_with_it(here: Setting):
    _build(here)
    grant = f"{GROUP}/providers/Contoso.Fabric/ports/p/providers/Contoso.Access/grants/g"
    here.call("PUT", grant, {"properties": {"principalId": "p", "role": "r"}})
    here.call("DELETE", "Contoso.Fabric/ports/p")
    reply = here.call("GET", grant)
    assert (reply.status, reply.code) == (404, "ResourceNotFound")


def test_a_group_takes_everything_in_it_along(here: Setting):
    _build(here)
    reply = here.call("DELETE", GROUP)
    assert reply.status == 202
    assert "/operationresults/" in reply.headers["location"]
    assert here.call("GET", reply.headers["location"]).status == 200
    for path in (GROUP, NET, LANE):
        gone = here.call("GET", path)
        assert (gone.status, gone.code) == (404, "ResourceGroupNotFound")
    here.call.create_group()
    assert here.call("GET", NET).code == "ResourceNotFound"


def test_a_group_whose_resources_others_need_stays(here: Setting):
    _build(here)
    other = GROUP + "2"
    here.call("PUT", other, {"location": "westeurope"})
    body = {"location": "westeurope", "properties": {"laneId": LANE}}
    here.call("PUT", f"{other}/providers/Contoso.Fabric/ports/far", body)
    reply = here.call("DELETE", GROUP)
    assert (reply.status, reply.code) == (409, "ResourceGroupDeletionBlocked")


@pytest.mark.parametrize(
    ("level", "scope", "delete", "write"),
    [
        pytest.param("CanNotDelete", GROUP, 409, 200, id="lock above: no deletes"),
        pytest.param("ReadOnly", GROUP, 409, 409, id="read-only above: no writes either"),
        pytest.param(
            "CanNotDelete",
            f"{GROUP}/providers/{NET}/lanes/a",
            409,
            200,
            id="lock below: the parent cannot go",
        ),
        pytest.param(
            "CanNotDelete",
            f"{GROUP}/providers/Contoso.Fabric/ports/p",
            202,
            200,
            id="lock beside: no matter",
        ),
    ],
)
def test_locks(here: Setting, level: str, scope: str, delete: int, write: int):
    net = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}
    here.call("PUT", NET, net)
    here.call("PUT", f"{NET}/lanes/a", {"properties": {"range": "10.0.0.0/24"}})
    here.call("PUT", f"{NET}2/lanes/z", {})
    if "ports" in scope:
        here.call("PUT", f"{NET}2", net)
        here.call("PUT", f"{NET}2/lanes/a", {"properties": {"range": "10.0.0.0/24"}})
        far = LANE.replace("/n/", "/n2/")
        here.call("PUT", scope, {"location": "westeurope", "properties": {"laneId": far}})
    lock = f"{scope}/providers/Contoso.Access/locks/l"
    assert here.call("PUT", lock, {"properties": {"level": level}}).status == 201
    assert here.call("PUT", NET, net).status == write
    reply = here.call("DELETE", NET)
    assert reply.status == delete
    if delete == 409:
        assert reply.code == "ScopeLocked"
        assert scope in reply.body["error"]["message"]
        assert here.call("DELETE", lock).status == 200, "a lock does not guard itself"
        assert here.call("DELETE", NET).status == 202


def test_a_deleted_safe_keeps_its_name_until_it_is_purged(here: Setting):
    here.call("PUT", SAFE, _safe(days=7))
    assert here.call("DELETE", SAFE).status == 200
    taken = here.call("PUT", SAFE, _safe(days=7))
    assert (taken.status, taken.code) == (409, "ConflictError")
    found = here.call("GET", f"{DELETED}/gold").body
    assert found["properties"]["safeId"] == f"{GROUP}/providers/{SAFE}"
    assert found["properties"]["scheduledPurgeDate"].startswith("2027-01-08")
    listed = DELETED.replace("/locations/westeurope", "")
    assert [entry["name"] for entry in here.call("GET", listed).body["value"]] == ["gold"]
    purge = here.call("POST", f"{DELETED}/gold/purge")
    assert purge.status == 202
    assert here.call("GET", purge.headers["location"]).status == 200
    gone = here.call("GET", f"{DELETED}/gold")
    assert (gone.status, gone.code) == (404, "DeletedSafeNotFound")
    assert here.call("PUT", SAFE, _safe()).status == 201


def test_a_deleted_safe_comes_back_as_it_was(here: Setting):
    here.call("PUT", SAFE, {**_safe(days=7), "tags": {"a": "b"}})
    here.call("DELETE", SAFE)
    here.call("PUT", GROUP + "2", {"location": "westeurope"})
    elsewhere = here.call("PUT", f"{GROUP}2/providers/{SAFE}", _safe(mode="recover"))
    assert elsewhere.code == "ConflictError", "only in its own group"
    back = here.call("PUT", SAFE, _safe(mode="recover"))
    assert back.body["properties"] == {"days": 7}
    assert back.body["tags"] == {"a": "b"}
    assert here.call("GET", f"{DELETED}/gold").status == 404


def test_purge_protection_keeps_it_until_its_days_are_over(here: Setting):
    here.call("PUT", SAFE, _safe(days=7, protected=True))
    here.call("DELETE", GROUP)
    here.call.create_group()
    assert here.call("POST", f"{DELETED}/gold/purge").code == "MethodNotAllowed"
    here.clock.advance(7 * 86400)
    assert here.call("PUT", SAFE, _safe()).status == 201
