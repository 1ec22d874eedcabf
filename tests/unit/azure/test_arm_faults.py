"""What Azure, a proxy or the network does wrong: every fault ends, and ends as what it is."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken, SharedToken
from provisioner.azure.response_limits import Bounds
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId, subscription_id
from provisioner.plan.reads import Read
from provisioner.preflight.azure_queries import AzureQuery
from tests.unit.azure.scripted_server import FakeTime, Reply, ScriptedServer

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-hub"
VAULTS = f"{SUBSCRIPTION}/providers/Microsoft.KeyVault/vaults"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-hub"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
OPERATION = f"{SUBSCRIPTION}/providers/Microsoft.Network/locations/westeurope/operations/7"
RESULT = f"{SUBSCRIPTION}/operationresults/7"
ASYNC = {"Azure-AsyncOperation": f"{{endpoint}}{OPERATION}?api-version=2016-03-30"}
LOCATION = {"Location": f"{{endpoint}}{RESULT}?api-version=2020-06-01"}
GONE = Reply(404, {"error": {"code": "ResourceNotFound", "message": "not there"}})
DEEP = "[" * 200_000 + "]" * 200_000
CORRELATION = {"x-ms-correlation-request-id": "c-1"}

NO_OBJECTS = [
    pytest.param('{"id": "/subscr', "no JSON", id="broken JSON"),
    pytest.param("[]", "a list, no object", id="a list"),
    pytest.param('"text"', "text, no object", id="text"),
    pytest.param("7", "a number, no object", id="a number"),
    pytest.param("null", "null, no object", id="null"),
    pytest.param("true", "a boolean, no object", id="a boolean"),
    pytest.param(DEEP, "nests more than 100 levels", id="200,000 lists in each other"),
    pytest.param(
        '{"a":' * 101 + "1" + "}" * 101,
        "nests more than 100 levels",
        id="101 objects in each other",
    ),
    pytest.param('{"a": NaN}', "the number NaN", id="not a number"),
    pytest.param('{"a": 1e999}', "the number 1e999", id="a number that has no value"),
    pytest.param('{"a": ' + "9" * 5000 + "}", "no JSON", id="a number of 5,000 digits"),
    pytest.param('{"a": "\\ud800"}', "half of a surrogate pair", id="text without an encoding"),
]


def resource(path, state=None, **properties):
    found = ResourceId.parse(path)
    if state:
        properties["provisioningState"] = state
    return {"id": path, "name": found.name, "type": found.type, "properties": properties}


def read(client: ArmClient, path=GROUP, *, is_list=False):
    kind = "Microsoft.KeyVault/vaults" if is_list else "resourceGroups"
    (answer,) = client.read([Read(path, "2026-01-01", kind, is_list)])
    return answer


def put(client: ArmClient, path=NETWORK, if_match=None, statuses=None):
    on_status = (statuses if statuses is not None else []).append
    return client.put(ResourceId.parse(path), "2026-01-01", {}, if_match, on_status)


def delete(client: ArmClient, path=NETWORK, statuses=None):
    on_status = (statuses if statuses is not None else []).append
    client.delete(ResourceId.parse(path), "2026-01-01", None, on_status)


def open_bounded(server: ScriptedServer, time: FakeTime, **bounds):
    cloud = replace(local_cloud(server.endpoint), bounds=Bounds(**bounds))
    return ArmClient.open(cloud, LocalToken(), parallelism=4, sleep=time.sleep, clock=time.clock)


@pytest.mark.parametrize(("body", "words"), NO_OBJECTS)
@pytest.mark.parametrize("is_list", [False, True])
def test_an_answer_to_a_read_that_is_no_object(server, client, is_list, body, words):
    path = VAULTS if is_list else GROUP
    server.answer("GET", path, Reply(200, body, CORRELATION))

    answer = read(client, path, is_list=is_list)

    assert answer.items == ()
    assert answer.refused.code == "UnexpectedAnswer"
    assert words in answer.refused.message
    assert answer.refused.correlation_id == "c-1"


@pytest.mark.parametrize(("body", "words"), NO_OBJECTS)
def test_an_answer_to_a_question_of_the_preflight_that_is_no_object(server, client, body, words):
    path = f"{SUBSCRIPTION}/checkNameAvailability"
    server.answer("POST", path, Reply(200, body))
    scope = subscription_id(SUBSCRIPTION.rpartition("/")[2])

    (reply,) = client.ask([AzureQuery("POST", path, "2026-01-01", "x/action", scope, body="{}")])

    assert reply.refused.code == "UnexpectedAnswer"
    assert words in reply.refused.message


@pytest.mark.parametrize(("body", "words"), NO_OBJECTS)
@pytest.mark.parametrize("status", [200, 201])
def test_an_answer_to_a_write_that_is_no_object(server, client, status, body, words):
    server.answer("PUT", NETWORK, Reply(status, body))

    with pytest.raises(AzureError, match="UnexpectedAnswer") as raised:
        put(client)

    assert words in raised.value.message
    assert server.log == [f"PUT {NETWORK}"], "who answers so need not have passed it on"


@pytest.mark.parametrize(("body", "_words"), NO_OBJECTS)
@pytest.mark.parametrize(
    ("headers", "link"), [(ASYNC, OPERATION), (LOCATION, RESULT)], ids=["operation", "location"]
)
def test_a_poll_that_is_no_object_is_resolved_by_the_resource(
    server, client, headers, link, body, _words
):
    server.answer("PUT", NETWORK, Reply(202, headers=headers))
    server.answer("GET", link, Reply(200, body))
    settled = resource(NETWORK, "Succeeded")
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Updating")), Reply(200, settled))

    assert put(client) == settled


@pytest.mark.parametrize(("body", "words"), NO_OBJECTS)
def test_a_refusal_that_is_no_object(server, client, body, words):
    server.answer("GET", GROUP, Reply(404, body))

    refused = read(client).refused

    assert (refused.status, refused.code) == (404, "UnexpectedAnswer")
    assert words in refused.message


@pytest.mark.parametrize(
    "item",
    [None, "text", 7, True, [], [{}]],
    ids=["null", "text", "number", "true", "list", "deep"],
)
def test_a_list_item_that_is_no_object(server, client, item):
    server.answer("GET", VAULTS, Reply(200, {"value": [resource(VAULT), item]}))

    answer = read(client, VAULTS, is_list=True)

    assert answer.items == ()
    assert answer.refused.code == "UnexpectedAnswer"
    assert f"the list {VAULTS} holds an item that is not an object" in answer.refused.message


@pytest.mark.parametrize(
    "page",
    [{}, {"value": None}, {"value": {}}, {"value": "text"}, {"values": []}],
    ids=["empty", "null", "object", "text", "other name"],
)
def test_a_page_that_holds_no_list(server, client, page):
    server.answer("GET", VAULTS, Reply(200, page))

    assert "has no `value`" in read(client, VAULTS, is_list=True).refused.message


@pytest.mark.parametrize("link", [5, True, [], {"href": "x"}], ids=str)
def test_a_page_link_that_is_no_text_does_not_end_the_list(server, client, link):
    server.answer("GET", VAULTS, Reply(200, {"value": [resource(VAULT)], "nextLink": link}))

    answer = read(client, VAULTS, is_list=True)

    assert answer.items == ()
    assert "a page link that is not a URL" in answer.refused.message


@pytest.mark.parametrize("link", ["http://[", "//", "not a link", "/relative", " ", "http:\\\\x"])
def test_a_page_link_that_is_no_url_is_not_followed(server, client, link):
    server.answer("GET", VAULTS, Reply(200, {"value": [], "nextLink": link}))

    assert "a page link that is not a URL" in read(client, VAULTS, is_list=True).refused.message
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [GONE, Reply(404), Reply(204)], ids=["gone", "404", "204"])
def test_a_list_whose_next_page_is_absent_is_not_absent(server, client, reply):
    server.answer("GET", VAULTS, *pages(resource(VAULT), count=1), reply)

    answer = read(client, VAULTS, is_list=True)

    assert answer.items == ()
    assert "names a next page that is absent" in answer.refused.message


@pytest.mark.parametrize(
    "id_",
    [None, 7, "", "kv-hub", [], {"id": VAULT}, "/subscriptions", f"{GROUP}/kv-hub", "/a//b"],
    ids=str,
)
@pytest.mark.parametrize("is_list", [False, True])
def test_a_resource_without_an_id(server, client, is_list, id_):
    body = {"id": id_, "name": "kv-hub"}
    path = VAULTS if is_list else GROUP
    server.answer("GET", path, Reply(200, {"value": [resource(VAULT), body]} if is_list else body))

    answer = read(client, path, is_list=is_list)

    assert answer.items == ()
    assert answer.refused.code == "UnexpectedAnswer"
    assert path in answer.refused.message


def test_a_single_read_that_answers_an_empty_object(server, client):
    server.answer("GET", GROUP, Reply(200, {}))

    assert "no `id`" in read(client).refused.message


@pytest.mark.parametrize("is_list", [False, True])
@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_an_answer_without_a_body_is_no_absence(server, client, is_list, status):
    path = VAULTS if is_list else GROUP
    server.answer("GET", path, Reply(status))

    refused = read(client, path, is_list=is_list).refused

    assert refused.code == "UnexpectedAnswer"
    assert f"HTTP {status} without a body" in refused.message


def test_an_id_without_its_first_slash_gets_it(server, client):
    server.answer("GET", VAULTS, Reply(200, {"value": [{"id": VAULT.removeprefix("/")}]}))

    assert read(client, VAULTS, is_list=True).items == ({"id": VAULT},)


@pytest.mark.parametrize("cut", ["length", "chunked", "reset"])
def test_a_body_that_breaks_off_is_read_again(server, client, cut):
    broken = Reply(200, resource(GROUP), cut=cut)
    server.answer("GET", GROUP, broken, broken, Reply(200, resource(GROUP)))

    answer = read(client)

    assert answer.items == (resource(GROUP),)
    assert answer.calls == 3


@pytest.mark.parametrize("cut", ["length", "chunked"])
def test_a_body_that_always_breaks_off_is_this_read_s_refusal(server, client, time, cut):
    server.answer("GET", VAULTS, *[Reply(200, {"value": []}, cut=cut)] * 30)
    server.answer("GET", GROUP, Reply(200, resource(GROUP)))

    broken, fine = client.read(
        [
            Read(VAULTS, "2026-01-01", "Microsoft.KeyVault/vaults", True),
            Read(GROUP, "2026-01-01", "resourceGroups", False),
        ]
    )

    assert broken.refused.code == "IncompleteAnswer"
    assert "broke off" in broken.refused.message
    assert "Gave up after" in broken.refused.message
    assert fine.items == (resource(GROUP),)
    assert time.now - FakeTime().now <= 30


@pytest.mark.parametrize("cut", ["length", "chunked", "reset"])
def test_a_write_whose_answer_breaks_off_is_sent_again(server, client, cut):
    settled = resource(NETWORK, "Succeeded")
    server.answer("PUT", NETWORK, Reply(200, settled, cut=cut), Reply(200, settled))

    assert put(client) == settled


@pytest.mark.parametrize("reply", [Reply(200, {}, cut="length"), Reply(0, drops=True)])
def test_a_guarded_write_whose_answer_is_lost_is_not_sent_again(server, client, reply):
    server.answer("PUT", NETWORK, reply)

    with pytest.raises(AzureError, match="Whether the write took effect is not known"):
        put(client, if_match='W/"1"')
    assert server.log == [f"PUT {NETWORK}"]


def test_a_poll_that_breaks_off_is_asked_again(server, client):
    server.answer("PUT", NETWORK, Reply(201, resource(NETWORK, "Updating"), ASYNC))
    done = {"status": "Succeeded"}
    server.answer("GET", OPERATION, Reply(200, done, cut="reset"), Reply(200, done))
    settled = resource(NETWORK, "Succeeded")
    server.answer("GET", NETWORK, Reply(200, settled))

    assert put(client) == settled
    assert server.log.count(f"PUT {NETWORK}") == 1


def test_an_answer_that_does_not_come_is_asked_for_again(server, time):
    server.answer("GET", GROUP, Reply(200, takes=1.0), Reply(200, resource(GROUP)))

    with open_bounded(server, time, read_seconds=0.2) as client:
        assert read(client).items == (resource(GROUP),)


def test_an_answer_that_never_comes_is_told_with_what_was_tried(server, time):
    server.answer("GET", GROUP, Reply(200, resource(GROUP)), *[Reply(200, takes=0.5)] * 40)

    with open_bounded(server, time, read_seconds=0.05) as client:
        read(client)
        with pytest.raises(AzureError, match=r"ConnectionError: no answer from .* Gave up after"):
            read(client)
    assert time.now - FakeTime().now <= 90


def test_a_write_has_longer_for_its_answer_than_a_read(server, time):
    server.answer("PUT", NETWORK, Reply(200, resource(NETWORK), takes=0.3))

    with open_bounded(server, time, read_seconds=0.05, write_seconds=5) as client:
        assert put(client) == resource(NETWORK)
    assert server.log == [f"PUT {NETWORK}"]


def test_a_body_that_drips_ends(server, time):
    server.answer("GET", GROUP, Reply(200, resource(GROUP), cut="drip"))

    with open_bounded(server, time, answer_seconds=0.3) as client:
        refused = read(client).refused

    assert "took longer than 0.3 seconds" in refused.message


def test_ten_megabytes_are_read(server, client):
    body = resource(GROUP, text="x" * 10_000_000)
    server.answer("GET", GROUP, Reply(200, body))

    assert read(client).items == (body,)


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_larger_than_the_bound_is_refused(server, time, method, status):
    path = GROUP if method == "GET" else NETWORK
    server.answer(method, path, *[Reply(status, resource(path, text="x" * 100_000))] * 3)

    with open_bounded(server, time, answer_bytes=50_000) as client:
        if method == "GET":
            error = read(client).refused
        else:
            with pytest.raises(AzureError) as raised:
                put(client)
            error = raised.value

    assert error.code == "UnexpectedAnswer"
    assert "is larger than 50,000 bytes, which is the bound" in error.message
    assert len(server.requests) == 1


def pages(*items, count, start=0):
    """Return replies of pages that each name a next one."""
    return [
        Reply(200, {"value": list(items), "nextLink": f"{{endpoint}}{VAULTS}?page={number}"})
        for number in range(start, start + count)
    ]


@pytest.mark.parametrize(
    ("bounds", "items", "bound"),
    [
        pytest.param({"empty_pages": 5}, (), "5 pages without an item in a row", id="empty pages"),
        pytest.param({"pages": 9}, (resource(VAULT),), "9 pages", id="pages"),
        pytest.param({"items": 20}, (resource(VAULT),) * 4, "20 items", id="items"),
    ],
)
def test_a_list_without_an_end_is_refused_with_its_bound(server, time, bounds, items, bound):
    server.answer("GET", VAULTS, *pages(*items, count=50))

    with open_bounded(server, time, **bounds) as client:
        answer = read(client, VAULTS, is_list=True)

    assert answer.items == (), "half of a list is not a list"
    assert f"does not end within {bound}, which is the bound" in answer.refused.message
    assert len(server.requests) <= 10


def test_empty_pages_before_the_items_are_read_past(server, client):
    last = Reply(200, {"value": [resource(VAULT)]})
    server.answer("GET", VAULTS, *pages(count=60), last)

    assert read(client, VAULTS, is_list=True).items == (resource(VAULT),)


@pytest.mark.parametrize(
    "text",
    [
        "1000000000",
        "9" * 20,
        "9" * 400,
        "-5",
        "-" + "9" * 400,
        "1e9",
        "inf",
        "NaN",
        "soon",
        "",
        "5, 7",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Thu, 01 Jan 0001 00:00:00 GMT",
        "Mon, 99 Foo 2026 99:99:99 GMT",
        "Wed, 01 Jan 2020 00:00:00 -99999999",
    ],
    ids=lambda text: text[:30],
)
@pytest.mark.parametrize("name", ["Retry-After", "x-ms-retry-after-ms"])
def test_a_retry_after_that_cannot_be_obeyed(server, client, time, name, text):
    asked = {name: text}
    server.answer("GET", GROUP, Reply(429, headers=asked), Reply(200, resource(GROUP)))
    server.answer("PUT", NETWORK, Reply(201, resource(NETWORK, "Updating"), {**ASYNC, **asked}))
    running = Reply(200, {"status": "InProgress"}, asked)
    server.answer("GET", OPERATION, running, running, Reply(200, {"status": "Succeeded"}))
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Succeeded")))

    assert read(client).items == (resource(GROUP),)
    put(client)

    assert 0 < sum(time.slept) <= 2, "the pauses of our own"
    assert all(pause > 0 for pause in time.slept)


@pytest.mark.parametrize("text", ["0", "0.0", "Thu, 01 Jan 2026 00:00:00 GMT"])
def test_a_retry_after_of_now_backs_off_too(server, client, time, text):
    refused = Reply(429, headers={"Retry-After": text})
    server.answer("GET", GROUP, *[refused] * 30, Reply(200, resource(GROUP)))

    assert read(client).items == (resource(GROUP),)
    assert time.slept[:6] == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0]


def test_a_poll_is_not_put_off_beyond_the_deadline(server, client, time):
    later = {"Retry-After": "599.5"}
    server.answer("PUT", NETWORK, Reply(201, resource(NETWORK, "Updating"), ASYNC))
    server.answer("GET", OPERATION, *[Reply(200, {"status": "InProgress"}, later)] * 30)

    with pytest.raises(AzureError, match="OperationTimedOut"):
        put(client)

    assert time.slept[0] == 599.5
    assert time.now == FakeTime().now + 7200


def test_a_storm_that_throttles_four_of_five_requests_is_waited_out(server, client):
    refused = Reply(429, headers={"Retry-After": "1"})
    server.answer("GET", GROUP, *[refused] * 60, Reply(200, resource(GROUP)))
    server.answer("PUT", NETWORK, *[Reply(429)] * 60, Reply(200, resource(NETWORK)))

    assert read(client).items == (resource(GROUP),)
    assert put(client) == resource(NETWORK)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_storm_of_server_errors_ends_in_success_or_an_error(server, client, time, status):
    down = Reply(status, {"error": {"code": "ServerBusy", "message": "later"}}, CORRELATION)
    server.answer("GET", GROUP, *[down] * 15, Reply(200, resource(GROUP)))
    server.answer("PUT", NETWORK, *[down] * 99)

    assert read(client).items == (resource(GROUP),)
    with pytest.raises(AzureError, match=r"ServerBusy: later Gave up after") as raised:
        put(client)
    assert raised.value.correlation_id == "c-1"
    assert time.now - FakeTime().now <= 180


class Tokens:
    """A credential that counts the tokens that it gives."""

    def __init__(self):
        self.given = 0

    def get_token(self, *_scopes, **_options):
        from azure.core.credentials import AccessToken

        self.given += 1
        return AccessToken(f"t{self.given}", 2**31 - 1)


EXPIRED = Reply(401, {"error": {"code": "ExpiredAuthenticationToken", "message": "expired"}})


def tokens_sent(server):
    return [request.headers["Authorization"].partition(" ")[2] for request in server.requests]


def test_a_token_that_is_refused_is_replaced_once(server):
    tokens = Tokens()
    server.answer("PUT", NETWORK, EXPIRED, Reply(200, resource(NETWORK)))
    server.answer("GET", GROUP, Reply(200, resource(GROUP)))

    with ArmClient.open(local_cloud(server.endpoint), tokens) as client:
        put(client)
        read(client)

    assert tokens_sent(server) == ["t1", "t2", "t2"]


def test_a_second_refusal_of_a_token_is_the_error(server):
    server.answer("PUT", NETWORK, *[EXPIRED] * 9)

    with (
        ArmClient.open(local_cloud(server.endpoint), Tokens()) as client,
        pytest.raises(AzureError, match="ExpiredAuthenticationToken: expired"),
    ):
        put(client)
    assert tokens_sent(server) == ["t1", "t2"]


def test_a_challenge_that_cannot_be_read_is_a_refusal_of_the_token(server):
    challenge = 'Bearer error="insufficient_claims", claims="%%%"'
    refused = replace(EXPIRED, headers={"WWW-Authenticate": challenge})
    server.answer("GET", GROUP, refused, Reply(200, resource(GROUP)))

    with ArmClient.open(local_cloud(server.endpoint), Tokens()) as client:
        assert read(client).items == (resource(GROUP),)


def test_threads_that_are_refused_together_are_each_given_a_token(server):
    paths = [f"{GROUP}/providers/Microsoft.Network/routeTables/rt{number}" for number in range(8)]
    for path in paths:
        server.answer("GET", path, EXPIRED, Reply(200, resource(path)))
    tokens = Tokens()

    with (
        ArmClient.open(local_cloud(server.endpoint), tokens) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda path: read(client, path), paths))

    assert all(answer.refused is None for answer in answers)
    assert tokens.given <= 9


def test_a_refused_token_is_not_taken_from_the_source_s_own_cache():
    sources = []

    class Cached(Tokens):
        def get_token(self, *_scopes, **_options):
            if self.given:
                self.given -= 1
            return super().get_token()

    def build():
        sources.append(Cached())
        return sources[-1]

    shared = SharedToken(build(), lambda: 0.0, build)
    known = shared.get_token("scope")
    shared.reject("another")
    assert shared.get_token("scope") is known
    for _ in range(3):
        shared.reject(known.token)
    assert shared.get_token("scope") is not known
    assert len(sources) == 2


VANISHED = [
    pytest.param(GONE, id="404"),
    pytest.param(Reply(404), id="404 without a body"),
    pytest.param(Reply(404, "<html>", {"Content-Type": "text/html"}), id="404 of a proxy"),
    pytest.param(Reply(410), id="410"),
    pytest.param(Reply(403, {"error": {"code": "AuthorizationFailed"}}), id="403"),
    pytest.param(Reply(302, headers={"Location": "https://evil.example"}), id="a redirect"),
    pytest.param(Reply(200, {"status": {"a": 1}}), id="a status that is not a string"),
]
LINKS = pytest.mark.parametrize(
    ("headers", "link"), [(ASYNC, OPERATION), (LOCATION, RESULT)], ids=["operation", "location"]
)


@LINKS
@pytest.mark.parametrize("lost", VANISHED[:-1])
def test_a_write_whose_operation_vanishes_is_resolved_by_a_get(server, client, headers, link, lost):
    server.answer("PUT", NETWORK, Reply(202, headers=headers))
    server.answer("GET", link, lost)
    settled = resource(NETWORK, "Succeeded")
    server.answer(
        "GET", NETWORK, GONE, Reply(200, resource(NETWORK, "Updating")), Reply(200, settled)
    )
    statuses = []

    assert put(client, statuses=statuses) == settled
    assert "Updating" in statuses


@LINKS
def test_a_write_whose_operation_vanishes_and_that_failed_is_an_error(
    server, client, headers, link
):
    server.answer("PUT", NETWORK, Reply(202, headers=headers))
    server.answer("GET", link, GONE)
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Failed")))

    with pytest.raises(AzureError, match="OperationFailed"):
        put(client)


@LINKS
def test_a_write_that_leaves_nothing_is_an_error(server, client, headers, link):
    server.answer("PUT", NETWORK, Reply(202, headers=headers))
    server.answer("GET", link, Reply(404, {"error": {"code": "NotFound", "message": "lost"}}))
    server.answer("GET", NETWORK, *[GONE] * 99)

    with pytest.raises(AzureError, match=r"NotFound: lost .*does not exist"):
        put(client)


def test_a_write_is_resolved_where_its_operation_is_on_another_host(server, client):
    elsewhere = {"Azure-AsyncOperation": "https://evil.example/operations/7"}
    server.answer("PUT", NETWORK, Reply(201, resource(NETWORK, "Updating"), elsewhere))
    settled = resource(NETWORK, "Succeeded")
    server.answer("GET", NETWORK, Reply(200, settled))

    assert put(client) == settled


def test_a_status_that_is_no_text_is_resolved_by_a_get(server, client):
    server.answer("PUT", NETWORK, Reply(202, headers=ASYNC))
    server.answer("GET", OPERATION, Reply(200, {"status": ["InProgress"]}))
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Succeeded")))

    put(client)


def test_properties_that_are_no_object_hold_no_state(server, client):
    body = {"id": NETWORK, "properties": None}
    server.answer("PUT", NETWORK, Reply(201, body))

    assert put(client) == body


@LINKS
@pytest.mark.parametrize("lost", VANISHED)
def test_a_delete_whose_operation_cannot_be_followed_is_resolved_by_a_get(
    server, client, headers, link, lost
):
    server.answer("DELETE", NETWORK, Reply(202, headers=headers))
    server.answer("GET", link, lost)
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Deleting")), GONE)
    statuses = []

    delete(client, statuses=statuses)

    assert statuses[-1] == "Deleting" or link == RESULT
    assert server.log[-1] == f"GET {NETWORK}"


DELETED = [
    pytest.param([("DELETE", NETWORK, Reply(200))], id="at once"),
    pytest.param([("DELETE", NETWORK, Reply(204))], id="as not there"),
    pytest.param([("DELETE", NETWORK, Reply(202))], id="without an operation"),
    pytest.param([("DELETE", NETWORK, GONE)], id="as absent"),
    pytest.param(
        [("DELETE", NETWORK, Reply(202, headers=ASYNC)), ("GET", OPERATION, GONE)],
        id="with an operation that vanishes",
    ),
    pytest.param(
        [
            ("DELETE", NETWORK, Reply(202, headers=ASYNC)),
            ("GET", OPERATION, Reply(200, {"status": "Succeeded"})),
        ],
        id="with an operation that succeeds",
    ),
]


@pytest.mark.parametrize("replies", DELETED)
def test_a_delete_that_is_answered_early_is_waited_for(server, client, replies):
    for method, path, reply in replies:
        server.answer(method, path, reply)
    still = [
        Reply(200, resource(NETWORK, state)) for state in ("Succeeded", "Deleting", "Deleting")
    ]
    server.answer("GET", NETWORK, *still, GONE)
    statuses = []

    delete(client, statuses=statuses)

    assert statuses[-2:] == ["Deleting", "Deleting"]


@pytest.mark.parametrize("replies", DELETED)
@pytest.mark.parametrize("state", ["Succeeded", "Failed", None])
def test_a_delete_whose_resource_stays_is_an_error(server, client, time, replies, state):
    for method, path, reply in replies:
        server.answer(method, path, reply)
    server.answer("GET", NETWORK, *[Reply(200, resource(NETWORK, state))] * 99)

    with pytest.raises(AzureError, match=r"NotDeleted: Azure accepted the delete.*still exists"):
        delete(client)
    assert 0 < time.now - FakeTime().now < 60


def test_a_resource_that_is_deleting_for_ever_is_left_alone(server, time):
    server.answer("DELETE", NETWORK, Reply(200))
    server.answer("GET", NETWORK, *[Reply(200, resource(NETWORK, "Deleting"))] * 30)

    cloud = replace(local_cloud(server.endpoint), poll_interval=600.0)
    with (
        ArmClient.open(cloud, LocalToken(), sleep=time.sleep, clock=time.clock) as patient,
        pytest.raises(AzureError, match="OperationTimedOut: the operation is still 'Deleting'"),
    ):
        delete(patient)
    assert time.now == FakeTime().now + 7200


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(403, {"error": {"code": "AuthorizationFailed"}}), id="403"),
        pytest.param(Reply(404, {"error": {"code": "InvalidResourceType"}}), id="a wrong question"),
        pytest.param(Reply(404, "<html>"), id="a proxy"),
        pytest.param(Reply(200), id="nothing"),
        pytest.param(Reply(200, DEEP), id="garbage"),
    ],
)
def test_a_delete_that_cannot_be_verified_is_an_error(server, client, reply):
    server.answer("DELETE", NETWORK, Reply(200))
    server.answer("GET", NETWORK, reply)

    with pytest.raises(AzureError, match="whether the resource is deleted could not be read"):
        delete(client)


def test_a_failed_delete_keeps_the_words_of_azure(server, client):
    failed = {"status": "Failed", "error": {"code": "InUse", "message": "a subnet uses it"}}
    server.answer("DELETE", NETWORK, Reply(202, headers=ASYNC))
    server.answer("GET", OPERATION, Reply(200, failed, CORRELATION))

    with pytest.raises(AzureError) as raised:
        delete(client)

    error = raised.value
    assert (error.code, error.message, error.correlation_id) == ("InUse", "a subnet uses it", "c-1")


def test_a_message_is_one_line_of_bounded_length(server, client):
    details = [{"code": "D", "message": f"\x1b[2J{number}" + "x" * 900} for number in range(50)]
    error = {"code": "Bad\x1b]0;x\x07", "message": "first\nsecond\x1b[31m", "details": details}
    server.answer("GET", GROUP, Reply(400, json.dumps({"error": error})))

    refused = str(read(client).refused)

    assert refused.startswith("Bad ]0;x: first second [31m")
    assert refused.isprintable()
    assert len(refused) < 6_000


@pytest.mark.parametrize("body", [None, {}, {"value": [None]}, {"id": 7}, {"id": "vnet"}], ids=str)
@pytest.mark.parametrize("status", [200, 201])
def test_a_write_that_answers_without_the_resource_is_no_success(server, client, status, body):
    server.answer("PUT", NETWORK, Reply(status, body))
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Succeeded")))

    with pytest.raises(AzureError, match=r"UnexpectedAnswer: HTTP \d+ to a PUT, without the"):
        put(client)
