"""Azure's bad days, asked for by a program in any language."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.simulator.setting import GROUP, Setting

NET = "Contoso.Fabric/nets/n"
BODY = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}


def control(here: Setting, method: str, body: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{here.azure.endpoint}/azsec/faults",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_a_fault_is_asked_for_told_and_taken_back_without_a_token(here: Setting):
    fault = {"method": "PUT", "path": "/nets/", "status": 409, "code": "Busy", "times": 2}
    assert control(here, "POST", fault)[0] == 200
    assert here.call("PUT", NET, BODY).code == "Busy"
    status, told = control(here, "GET")
    assert (status, told["faults"][0]["times"]) == (200, 1)
    assert control(here, "DELETE")[1]["faults"] == []
    assert here.call("PUT", NET, BODY).status == 201


def test_requests_are_throttled_until_it_is_taken_back(here: Setting):
    control(here, "PATCH", {"latency": 0.001, "throttled": 0.5})
    assert [here.call("GET", GROUP).status for _ in range(4)] == [200, 429, 200, 429]
    control(here, "DELETE")
    assert {here.call("GET", GROUP).status for _ in range(4)} == {200}


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("POST", {"colour": "red"}, 400),
        ("POST", {"status": 200}, 400),
        ("POST", {"kind": "sorrow"}, 400),
        ("POST", {"times": -1}, 400),
        ("POST", {"path": "("}, 400),
        ("PATCH", {"throttled": 2}, 400),
        ("PATCH", {"latency": "long"}, 400),
        ("POST", [], 400),
        ("PUT", {}, 405),
    ],
)
def test_what_it_does_not_take_is_refused_and_changes_nothing(here: Setting, method, body, status):
    assert control(here, method, body)[0] == status
    assert control(here, "GET")[1] == {"latency": 0.0, "throttled": 0.0, "faults": []}


def test_requests_are_counted_by_method_and_status_but_for_the_question_itself(here: Setting):
    def counts() -> Any:
        with urllib.request.urlopen(f"{here.azure.endpoint}/azsec/requests") as answer:
            return json.load(answer)

    before = counts()
    control(here, "PATCH", {"throttled": 1.0})
    assert here.call("PUT", NET, BODY).status == 429
    control(here, "DELETE")
    assert here.call("GET", GROUP).status == 200
    after = counts()
    assert after["total"] == before["total"] + 2
    assert after["methods"]["PUT"] == before["methods"].get("PUT", 0) + 1
    assert after["statuses"]["429"] == before["statuses"].get("429", 0) + 1
    assert after == counts()
