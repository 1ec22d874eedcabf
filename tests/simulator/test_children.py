"""Children that stand in their parent's body, and are resources of their own."""

from typing import Any

from tests.simulator.setting import GROUP, Setting

NET = "Contoso.Fabric/nets/n"


def _net(*lanes: str) -> dict[str, Any]:
    entries = [
        {"name": name, "properties": {"range": f"10.0.{i}.0/24"}} for i, name in enumerate(lanes)
    ]
    return {"location": "westeurope", "properties": {"range": "10.0.0.0/16", "lanes": entries}}


def _lanes(here: Setting) -> list[str]:
    return [lane["name"] for lane in here.call("GET", NET).body["properties"]["lanes"]]


def test_a_parent_answers_its_children_whole(here: Setting):
    here.call("PUT", NET, _net("a"))
    found = here.call("GET", NET).body
    child = here.call("GET", f"{NET}/lanes/a").body
    assert found["properties"]["lanes"] == [child]
    assert child["id"] == f"{GROUP}/providers/{NET}/lanes/a"
    assert child["properties"] == {"range": "10.0.0.0/24", "provisioningState": "Succeeded"}


def test_a_put_of_the_parent_says_which_children_there_are(here: Setting):
    here.call("PUT", NET, _net("a", "b"))
    here.call("PUT", NET, _net("b", "c"))
    assert _lanes(here) == ["b", "c"]
    here.call("PUT", NET, _net())
    assert _lanes(here) == []


def test_a_put_of_the_parent_that_is_silent_about_them_keeps_them(here: Setting):
    here.call("PUT", NET, _net("a"))
    silent = {"location": "westeurope", "properties": {"range": "10.0.0.0/16", "mode": "Closed"}}
    assert here.call("PUT", NET, silent).status == 200
    here.call("PATCH", NET, {"tags": {"x": "y"}})
    assert _lanes(here) == ["a"]


def test_children_come_and_go_by_themselves(here: Setting):
    here.call("PUT", NET, _net("a"))
    here.call("PUT", f"{NET}/lanes/b", {"properties": {"range": "10.0.9.0/24"}})
    here.call("DELETE", f"{NET}/lanes/a")
    assert _lanes(here) == ["b"]
    assert [lane["name"] for lane in here.call("GET", f"{NET}/lanes").body["value"]] == ["b"]


def test_a_write_to_the_one_changes_the_etag_of_the_other(here: Setting):
    here.call("PUT", NET, _net("a"))
    first = here.call("GET", NET).headers["etag"]
    assert here.call("GET", f"{NET}/lanes/a").headers["etag"] == first
    here.call("PUT", f"{NET}/lanes/b", {"properties": {"range": "10.0.9.0/24"}})
    assert here.call("GET", f"{NET}/lanes/a").headers["etag"] != first
    assert here.call("PUT", NET, _net("a", "b"), {"If-Match": first}).status == 412


def test_a_list_that_drops_a_child_in_use_changes_nothing(here: Setting):
    here.call("PUT", NET, _net("a"))
    lane = f"{GROUP}/providers/{NET}/lanes/a"
    here.call(
        "PUT", "Contoso.Fabric/ports/p", {"location": "westeurope", "properties": {"laneId": lane}}
    )
    reply = here.call("PUT", NET, _net("b"))
    assert (reply.status, reply.code) == (400, "InUseLaneCannotBeDeleted")
    assert _lanes(here) == ["a"], "neither dropped nor added: a request is all or nothing"
