"""Long operations, by a clock that moves when it is told to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioner.simulator.state.records import Operation, OperationKind
from provisioner.simulator.state.store import Store
from tests.simulator.setting import GROUP, Setting

NET = "Contoso.Fabric/nets/n"
BODY = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}


def _state(setting: Setting, path: str = NET) -> str:
    return str(setting.call("GET", path).body["properties"]["provisioningState"])


def test_without_realism_the_first_poll_says_succeeded(here: Setting):
    created = here.call("PUT", NET, BODY)
    assert created.status == 201
    assert created.body["properties"]["provisioningState"] == "Creating"
    assert created.headers["retry-after"] == "0"
    polled = here.call("GET", created.headers["azure-asyncoperation"])
    assert polled.body["status"] == "Succeeded"
    assert _state(here) == "Succeeded"


def test_a_creation_takes_the_seconds_of_its_type(slow: Setting):
    created = slow.call("PUT", NET, BODY)
    url = created.headers["azure-asyncoperation"]
    assert "/providers/Contoso.Fabric/locations/westeurope/operations/" in url
    first = slow.call("GET", url)
    assert (first.body["status"], first.headers["retry-after"]) == ("InProgress", "15")
    assert _state(slow) == "Creating"
    slow.clock.advance(29)
    assert slow.call("GET", url).headers["retry-after"] == "1"
    slow.clock.advance(1)
    last = slow.call("GET", url).body
    assert last["status"] == "Succeeded"
    assert last["startTime"] < last["endTime"]
    assert _state(slow) == "Succeeded"


def test_an_update_says_so(slow: Setting):
    slow.call("PUT", NET, BODY)
    slow.clock.advance(30)
    assert slow.call("PUT", NET, BODY).status == 200
    assert _state(slow) == "Updating"


def test_a_second_write_while_one_runs_is_told_to_wait(slow: Setting):
    slow.call("PUT", NET, BODY)
    for method, path in [("PUT", NET), ("DELETE", NET), ("PUT", f"{NET}/lanes/a")]:
        reply = slow.call(method, path, BODY if method == "PUT" else None)
        assert (reply.status, reply.code) == (409, "AnotherOperationInProgress"), path
        assert int(reply.headers["retry-after"]) > 0
    assert slow.call("PUT", f"{NET}2", BODY).status == 201, "another net is not concerned"
    slow.clock.advance(30)
    assert slow.call("PUT", f"{NET}/lanes/a", {"properties": {}}).status == 201


def test_a_deleted_resource_is_there_until_the_operation_ends(slow: Setting):
    slow.call("PUT", NET, BODY)
    slow.clock.advance(30)
    reply = slow.call("DELETE", NET)
    assert reply.status == 202
    assert slow.call("GET", reply.headers["location"]).status == 202
    assert _state(slow) == "Deleting"
    slow.clock.advance(30)
    assert slow.call("GET", reply.headers["azure-asyncoperation"]).body["status"] == "Succeeded"
    assert slow.call("GET", reply.headers["location"]).status == 204
    assert slow.call("GET", NET).status == 404


def test_an_operation_can_end_badly(slow: Setting):
    slow.azure.faults.fail_operation("/nets/n$", "AllocationFailed", "No room.", method="PUT")
    created = slow.call("PUT", NET, BODY)
    assert created.status == 201
    slow.clock.advance(30)
    polled = slow.call("GET", created.headers["azure-asyncoperation"]).body
    assert polled["status"] == "Failed"
    assert polled["error"] == {"code": "AllocationFailed", "message": "No room."}
    assert _state(slow) == "Failed"
    assert slow.call("PUT", NET, BODY).status == 200, "a failed resource can be written again"


def test_a_restart_takes_up_where_it_was(run: Callable[..., Setting], tmp_path: Path):
    state = tmp_path / "state.db"
    first = run(state, realistic=1.0)
    url = first.call("PUT", NET, BODY).headers["azure-asyncoperation"].partition("/subscr")[2]
    first.azure.close()
    second = run(state, realistic=1.0, group=False, clock=first.clock)
    assert second.call("GET", f"/subscr{url}").body["status"] == "InProgress"
    second.clock.advance(30)
    assert second.call("GET", f"/subscr{url}").body["status"] == "Succeeded"
    assert _state(second, f"{GROUP}/providers/{NET}") == "Succeeded"


def test_operations_that_ended_long_ago_are_forgotten():
    operations = Store().operations
    for number in range(3000):
        token = f"op-{number}"
        running = number == 0
        operations.forget_ended()
        operations.put(
            token, Operation(token, OperationKind.UPDATE, "/x", "", "", settled=not running)
        )
    assert len(operations) <= 2001
    assert operations.get("op-0") is not None, "one that still runs is kept"
    assert operations.get("op-1") is None
    assert operations.get("op-2999") is not None


def test_an_operation_that_nobody_started_is_not_found(here: Setting):
    reply: Any = here.call("GET", f"{GROUP.partition('/resourceGroups')[0]}/operationresults/none")
    assert reply.status == 404
