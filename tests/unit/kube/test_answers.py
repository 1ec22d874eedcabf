"""What is no well-formed success of an API server is a refusal, with its status and a reason."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from provisioner.engine.cluster_port import ApiRequest
from provisioner.kube.client import KubeClient
from provisioner.kube.connection import Connection, Token
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal
from tests.unit.kube.loopback import Answer, Reply, Request, make_identity, serving

PATH = "/api/v1/pods"
PAGE_OF_A_PORTAL = b"<html>Sign in</html>"
POD = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}
EXPIRED = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {"continue": "from-here"},
    "status": "Failure",
    "message": "The provided continue parameter is too old",
    "reason": "Expired",
    "code": 410,
}
"""As the API server answers a token whose revision etcd compacted (apiserver, storage/etcd3,
`handleCompactedErrorForPaging`)."""


def listed(*names: str, follows: str = "") -> dict[str, Any]:
    items = [{"metadata": {"name": name}} for name in names]
    return {
        "kind": "PodList",
        "apiVersion": "v1",
        "metadata": {"continue": follows},
        "items": items,
    }


@contextmanager
def client(answer: Answer, token: Token = lambda _renew: "t") -> Iterator[KubeClient]:
    with serving(answer) as url:
        connection = Connection(url, "test", make_identity()[0], token)
        with KubeClient(connection, sleep=lambda _seconds: None) as api:
            yield api


REFUSALS = (
    ("redirect", Reply(302, b"", {"Location": "https://elsewhere/"}), 302, "Redirect"),
    ("not-modified", Reply(304, b""), 304, "Redirect"),
    ("portal", Reply(200, PAGE_OF_A_PORTAL, {"Content-Type": "text/html"}), 200, "NotJSON"),
    ("empty", Reply(200, b""), 200, "NotJSON"),
    ("no-content", Reply(204, b""), 204, "HTTP 204"),
    ("array", Reply(200, [POD]), 200, "NotJSON"),
    ("too-deep", Reply(200, b'{"a":' + b"[" * 100_000), 200, "NotJSON"),
    ("no-kind", Reply(200, {"items": []}), 200, "NotAnObject"),
    ("other-json", Reply(200, {"status": "ok"}), 200, "NotAnObject"),
    ("failure-as-200", Reply(200, EXPIRED), 410, "Expired"),
    ("details-no-object", Reply(409, {"reason": "Conflict", "details": "x"}), 409, "Conflict"),
    ("causes-no-list", Reply(409, {"details": {"causes": "x"}}), 409, "HTTP 409"),
    ("refusal-as-a-page", Reply(502, PAGE_OF_A_PORTAL), 502, "HTTP 502"),
    ("retry-after-no-number", Reply(503, {}, {"Retry-After": "\u00b2"}), 503, "HTTP 503"),
    ("broken-off", Reply(200, b'{"kind":"PodList",', length=5_000), 0, "ConnectionError"),
    ("no-answer", None, 0, "ConnectionError"),
)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(("name", "reply", "status", "reason"), REFUSALS)
def test_what_is_no_success_is_a_refusal(
    method: Any, name: str, reply: Reply | None, status: int, reason: str
) -> None:
    with client(lambda _request: reply) as api:
        (told,) = api.ask([ApiRequest(method, PATH)])
    assert isinstance(told, KubernetesError)
    assert (told.status, told.reason) == (status, reason)
    diagnostic = describe_refusal(told, "the pods")
    assert diagnostic.hint
    assert diagnostic.message.startswith("the pods: ")


LISTS = (
    ("object", POD),
    ("items-no-list", {**listed(), "items": "x"}),
    ("items-null", {**listed(), "items": None}),
    ("items-no-objects", {**listed(), "items": [1]}),
    ("metadata-no-object", {**listed(), "metadata": "x"}),
)


@pytest.mark.parametrize(("name", "body"), LISTS)
def test_a_list_without_a_list_is_no_empty_one(name: str, body: dict[str, Any]) -> None:
    with client(lambda _request: Reply(body=body)) as api:
        (told,) = api.ask([ApiRequest("GET", PATH, is_list=True)])
        with pytest.raises(KubernetesError):
            list(api.pages(ApiRequest("GET", PATH, is_list=True)))
    assert isinstance(told, KubernetesError)
    assert (told.status, told.reason) == (200, "NotAList")


def test_a_later_page_without_items_is_no_end() -> None:
    def answer(request: Request) -> Reply:
        is_first = "continue" not in request.query
        return Reply(body=listed("a", follows="t") if is_first else {"kind": "x"})

    with client(answer) as api:
        (told,) = api.ask([ApiRequest("GET", PATH, is_list=True)])
    assert isinstance(told, KubernetesError)


def test_an_empty_list_of_metadata_has_null_for_its_items() -> None:
    body = {**listed(), "kind": "PartialObjectMetadataList", "items": None}
    with client(lambda _request: Reply(body=body)) as api:
        (told,) = api.ask([ApiRequest("GET", PATH, is_list=True)])
    assert not isinstance(told, KubernetesError)
    assert list(told["items"]) == []


MALFORMED = (
    ({}, "items[1] has no metadata"),
    ({"metadata": None}, "items[1] has no metadata"),
    ({"metadata": {}}, "items[1] has no metadata.name"),
    ({"metadata": {"name": 5}}, "items[1] has no metadata.name"),
    ({"metadata": {"name": "x", "namespace": 1}}, "items[1] (x) has a metadata.namespace"),
    ({"metadata": {"name": "x", "labels": [1]}}, "items[1] (x) has metadata.labels"),
    ({"metadata": {"name": "x", "annotations": "s"}}, "items[1] (x) has metadata.annotations"),
    ({"metadata": {"name": "x", "annotations": {"a": 1}}}, "items[1] (x) has metadata.annot"),
    (
        {"metadata": {"name": "x"}, "roleRef": "r"},
        "items[1] (x) has a roleRef that is not an object",
    ),
    ({"metadata": {"name": "x"}, "subjects": {"a": 1}}, "items[1] (x) has subjects"),
    ({"metadata": {"name": "x"}, "subjects": ["a"]}, "items[1] (x) has subjects"),
    ({"metadata": {"name": "x"}, "spec": []}, "items[1] (x) has a spec that is not an object"),
)


@pytest.mark.parametrize(("item", "said"), MALFORMED)
def test_a_malformed_object_in_a_list_is_named(item: dict[str, Any], said: str) -> None:
    body = listed("a")
    body["items"].append(item)
    with client(lambda _request: Reply(body=body)) as api:
        (told,) = api.ask([ApiRequest("GET", PATH, is_list=True)])
    assert isinstance(told, KubernetesError)
    assert told.reason == "NotAList"
    assert told.message.startswith(f"the answer (200) to a list is malformed: {said}")


def test_a_list_whose_token_ended_goes_on_from_there() -> None:
    asked: list[str | None] = []

    def answer(request: Request) -> Reply:
        token = request.query.get("continue")
        asked.append(token)
        assert request.query["limit"] == "500"
        if token is None:
            return Reply(body=listed("a", follows="old"))
        return Reply(410, EXPIRED) if token == "old" else Reply(body=listed("b"))

    with client(answer) as api:
        (told,) = api.ask([ApiRequest("GET", PATH, is_list=True)])
    assert not isinstance(told, KubernetesError)
    assert [item["metadata"]["name"] for item in told["items"]] == ["a", "b"]
    assert asked == [None, "old", "from-here"]


def test_a_list_that_cannot_go_on_is_refused() -> None:
    def answer(request: Request) -> Reply:
        is_first = "continue" not in request.query
        return Reply(body=listed("a", follows="old")) if is_first else Reply(410, EXPIRED)

    with client(answer) as api:
        (told,) = api.ask([ApiRequest("GET", PATH, is_list=True)])
    assert isinstance(told, KubernetesError)
    assert describe_refusal(told, "pods").code == "list-expired"


def test_a_page_that_is_too_large_is_asked_for_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.kube.response._MOST_BYTES", 4_000)
    limits: list[int] = []

    def answer(request: Request) -> Reply:
        most, start = int(request.query["limit"]), int(request.query.get("continue") or 0)
        limits.append(most)
        names = [f"pod-{number}-{'x' * 40}" for number in range(start, min(start + most, 200))]
        return Reply(body=listed(*names, follows=str(start + most) if start + most < 200 else ""))

    with client(answer) as api:
        (told,) = api.ask([ApiRequest("GET", PATH, is_list=True)])
        assert not isinstance(told, KubernetesError)
        assert len({item["metadata"]["name"] for item in told["items"]}) == 200
        assert limits[:4] == [500, 250, 125, 62]
        monkeypatch.setattr("provisioner.kube.response._MOST_BYTES", 40)
        (told,) = api.ask([ApiRequest("GET", PATH, is_list=True)])
    assert isinstance(told, KubernetesError)
    assert (told.status, told.reason) == (200, "AnswerTooLarge")
    assert not told.is_unreachable


def test_eight_requests_that_are_refused_at_once_renew_the_token_once() -> None:
    renewed: list[bool] = []
    together = threading.Barrier(8)

    def token(renew: bool) -> str:
        renewed.extend([True] if renew else [])
        return f"t{len(renewed)}"

    def answer(request: Request) -> Reply:
        if request.headers["Authorization"] == "Bearer t0":
            together.wait(30)
            return Reply(401, {"reason": "Unauthorized"})
        return Reply(body=POD)

    with client(answer, token) as api:
        told = api.ask([ApiRequest("GET", PATH)] * 8)
    assert told == [POD] * 8
    assert renewed == [True]


def test_what_gives_no_token_is_an_answer_with_its_hint() -> None:
    def token(_renew: bool) -> str:
        raise DiagnosticError(error("no-token", "the plugin failed.", None, "Install it."))

    with client(lambda _request: Reply(body=POD), token) as api:
        (told,) = api.ask([ApiRequest("PATCH", PATH)])
    assert isinstance(told, KubernetesError)
    assert told.is_unreachable
    assert not told.may_have_taken_effect
    assert str(describe_refusal(told, "pods")) == "error: pods: the plugin failed. Install it."


def test_what_is_left_is_not_sent_once_nobody_answers() -> None:
    sent: Counter[str] = Counter()

    def answer(request: Request) -> None:
        sent[request.path] += 1

    with client(answer) as api:
        told = api.ask([ApiRequest("PATCH", f"/{number}") for number in range(60)])
    reasons = Counter(each.reason for each in told if isinstance(each, KubernetesError))
    assert reasons["ConnectionError"] + reasons["NotSent"] == 60
    assert 8 <= reasons["ConnectionError"] < 20
    assert len(sent) == reasons["ConnectionError"]
    assert all(count == 1 for count in sent.values()), "a write is never sent twice"
