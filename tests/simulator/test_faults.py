"""Azure's bad days, on request."""

import http.client
import time

import pytest

from provisioner.simulator.protocol.faults import Fault
from tests.simulator.setting import GROUP, Setting

NET = "Contoso.Fabric/nets/n"
BODY = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}


def test_throttling_lasts_as_often_as_it_was_asked_for(here: Setting):
    here.azure.faults.throttle("/nets/n$", retry_after=7, times=2)
    replies = [here.call("GET", NET) for _ in range(3)]
    assert [reply.status for reply in replies] == [429, 429, 404]
    assert replies[0].headers["retry-after"] == "7"


def test_a_fault_on_one_method_and_path_leaves_the_others_alone(here: Setting):
    here.azure.faults.unavailable("/nets/N$", method="PUT")
    assert here.call("GET", GROUP).status == 200
    assert here.call("PUT", NET, BODY).status == 503
    assert here.call("GET", NET).status == 404, "what was refused has had no effect"
    assert here.call("PUT", NET, BODY).status == 201


def test_a_denied_action_stays_denied_until_the_faults_are_cleared(here: Setting):
    here.azure.faults.deny("Contoso.Fabric/*/write")
    for _ in range(2):
        reply = here.call("PUT", NET, BODY)
        assert (reply.status, reply.code) == (403, "AuthorizationFailed")
    assert here.call("GET", NET).status == 404
    here.azure.faults.clear()
    assert here.call("PUT", NET, BODY).status == 201


@pytest.mark.parametrize(
    ("after_effect", "status"),
    [
        pytest.param(False, 404, id="before the request has had an effect"),
        pytest.param(True, 200, id="after it: only a read can tell"),
    ],
)
def test_a_connection_can_drop(here: Setting, after_effect: bool, status: int):
    here.azure.faults.drop("/nets/n$", method="PUT", after_effect=after_effect)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        here.call("PUT", NET, BODY)
    here.call.close()
    assert here.call("GET", NET).status == status
    assert [r.status for r in here.azure.requests if r.method == "PUT"][-1] == 0


def test_any_answer_can_be_asked_for(here: Setting):
    here.azure.faults.add(Fault(path="/nets", status=400, code="OddError", message="Odd."))
    reply = here.call("GET", NET)
    assert (reply.status, reply.code) == (400, "OddError")


def test_every_answer_is_late_and_a_share_of_the_requests_throttled(here: Setting):
    here.azure.faults.latency, here.azure.faults.throttled = 0.02, 0.25
    began = time.monotonic()
    replies = [here.call("GET", GROUP) for _ in range(40)]

    assert time.monotonic() - began >= 40 * 0.02
    throttled = [reply for reply in replies if reply.status == 429]
    assert len(throttled) == 10
    assert throttled[0].headers["retry-after"] == "1"
    assert {reply.status for reply in replies} == {200, 429}
