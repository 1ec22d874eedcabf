"""Reading Azure Resource Manager, over a real socket, through the real SDK pipeline."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from threading import Event

import pytest

from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.azure.retry import RetryBudget
from provisioner.model.azure_error import AzureError
from provisioner.plan.reads import Read
from tests.unit.azure.scripted_server import FakeTime, Reply, ScriptedServer

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
VAULTS = f"{SUBSCRIPTION}/providers/Microsoft.KeyVault/vaults"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-hub"


def item(name):
    return {"id": f"{VAULTS}/{name}", "name": name}


def found(path=GROUP):
    return {"id": path, "name": path.rpartition("/")[2]}


def list_of(path=VAULTS, **query):
    return Read(path, "2026-05-15", "Microsoft.KeyVault/vaults", True, query)


def one(path=GROUP):
    return Read(path, "2025-04-01", "Microsoft.Resources/resourceGroups", False)


def read_one(client, read):
    (answer,) = client.read([read])
    return answer


def test_a_list_is_read_to_its_last_page(server, client):
    server.answer(
        "GET",
        VAULTS,
        Reply(200, {"value": [item("a")], "nextLink": f"{{endpoint}}{VAULTS}?$skiptoken=2"}),
        Reply(200, {"value": [item("b")], "nextLink": ""}),
    )

    answer = read_one(client, list_of(**{"$filter": "atScope()"}))

    assert [item["name"] for item in answer.items] == ["a", "b"]
    assert answer.refused is None
    assert answer.calls == 2
    first, second = server.requests
    assert first.query == {"api-version": "2026-05-15", "$filter": "atScope()"}
    assert second.query == {"$skiptoken": "2"}
    assert first.headers["Authorization"] == "Bearer local"
    assert first.headers["User-Agent"].startswith("azsec/")


def test_properties_come_back_as_azure_wrote_them(server, client):
    body = {"id": GROUP, "properties": {"unknownToTheSdk": {"Mixed_Case": None}}, "kind": ""}
    server.answer("GET", GROUP, Reply(200, body))

    assert read_one(client, one()).items == (body,)


def test_answers_stand_in_the_order_of_the_reads(server, client):
    paths = [f"{GROUP}/providers/Microsoft.Network/routeTables/rt{n}" for n in range(12)]
    for path in paths:
        server.answer("GET", path, Reply(200, found(path)))

    answers = client.read([one(path) for path in paths])

    assert [answer.items[0]["id"] for answer in answers] == paths


def test_parallel_reads_share_as_many_connections_as_run_at_once(server, open_client):
    for number in range(40):
        server.answer("GET", f"{GROUP}/n{number}", Reply(204, takes=0.005))

    open_client(parallelism=4).read([one(f"{GROUP}/n{number}") for number in range(40)])

    assert len(server.requests) == 40
    assert server.connections <= 4


@pytest.mark.parametrize(
    ("reply", "items", "code"),
    [
        pytest.param(
            Reply(404, {"error": {"code": "ResourceNotFound", "message": "gone"}}),
            (),
            None,
            id="an absent resource is not a refusal",
        ),
        pytest.param(Reply(404), (), None, id="some providers say 404 without a body"),
        pytest.param(
            Reply(409, {"error": {"code": "MissingSubscriptionRegistration", "message": "?"}}),
            (),
            None,
            id="a subscription that does not use the provider has nothing of it",
        ),
        pytest.param(Reply(204), (), None, id="no content is nothing found"),
        pytest.param(
            Reply(404, {"error": {"code": "SubscriptionNotFound", "message": "?"}}),
            (),
            "SubscriptionNotFound",
            id="a wrong subscription must not look like an empty one",
        ),
        pytest.param(
            Reply(404, "<html>not here</html>", {"Content-Type": "text/html"}),
            (),
            "UnexpectedAnswer",
            id="a proxy's 404 says nothing about Azure",
        ),
        pytest.param(
            Reply(200, "<html>please log in</html>", {"Content-Type": "text/html"}),
            (),
            "UnexpectedAnswer",
            id="a captive portal answers 200",
        ),
        pytest.param(
            Reply(403, {"error": {"code": "AuthorizationFailed", "message": "no"}}),
            (),
            "AuthorizationFailed",
            id="a missing permission is told, not guessed around",
        ),
        pytest.param(
            Reply(302, headers={"Location": "https://example.org"}),
            (),
            "Found",
            id="redirects are not followed",
        ),
    ],
)
def test_what_a_single_read_answers(server, client, reply, items, code):
    server.answer("GET", GROUP, reply)

    answer = read_one(client, one())

    assert answer.items == items
    assert (answer.refused and answer.refused.code) == code


def test_one_refusal_leaves_the_other_reads_alone(server, client):
    server.answer("GET", GROUP, Reply(200, found()))
    server.answer("GET", VAULTS, Reply(403, {"error": {"code": "AuthorizationFailed"}}))

    refused, fine = client.read([list_of(), one()])

    assert refused.refused.status == 403
    assert fine.items == (found(),)


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("https://evil.example{path}", id="another host"),
        pytest.param("http://127.0.0.1:1{path}", id="another port"),
        pytest.param("https://127.0.0.1{path}", id="another scheme"),
        pytest.param("{endpoint}@evil.example{path}", id="a host disguised as a user"),
    ],
)
def test_a_page_link_to_elsewhere_is_refused_and_sends_no_token(server, client, link):
    link = link.replace("{path}", VAULTS)
    server.answer("GET", VAULTS, Reply(200, {"value": [item("a")], "nextLink": link}))

    answer = read_one(client, list_of())

    assert answer.refused.code == "ForeignHost"
    assert answer.items == ()
    assert len(server.requests) == 1


def test_a_page_link_that_leads_back_is_refused(server, client):
    link = f"{{endpoint}}{VAULTS}?page=1"
    server.answer("GET", VAULTS, *[Reply(200, {"value": [], "nextLink": link})] * 3)

    answer = read_one(client, list_of())

    assert "leads back to itself" in answer.refused.message
    assert len(server.requests) == 2


def test_a_list_without_value_is_no_empty_list(server, client):
    server.answer("GET", VAULTS, Reply(200, {"items": []}))

    assert read_one(client, list_of()).refused.code == "UnexpectedAnswer"


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        pytest.param({"Retry-After": "7"}, 7.0, id="seconds"),
        pytest.param({"Retry-After": "0"}, 0.1, id="zero is soon, not the default"),
        pytest.param({"retry-after-ms": "250"}, 0.25, id="milliseconds"),
        pytest.param({"x-ms-retry-after-ms": "1500"}, 1.5, id="milliseconds, the older name"),
        pytest.param(
            {"Retry-After": formatdate(1_780_000_030, usegmt=True)}, 30.0, id="an HTTP date"
        ),
        pytest.param({"Retry-After": "soon"}, 1.0, id="nonsense counts as silence"),
        pytest.param({}, 1.0, id="silence: the first pause of our own"),
    ],
)
def test_throttling_waits_as_long_as_azure_says(server, client, time, headers, pause):
    server.answer("GET", GROUP, Reply(429, headers=headers), Reply(200, found()))

    answer = read_one(client, one())

    assert time.slept == [pause]
    assert answer.items == (found(),)
    assert answer.calls == 2


def test_a_server_that_is_down_for_a_moment_is_asked_again(server, client, time):
    server.answer("GET", GROUP, Reply(503), Reply(500), Reply(504), Reply(200, found()))

    assert read_one(client, one()).calls == 4
    assert time.slept == [1.0, 2.0, 4.0]


def test_a_spent_budget_says_what_was_tried(server, open_client, time):
    server.answer("GET", GROUP, *[Reply(429, headers={"Retry-After": "20"})] * 9)

    answer = read_one(open_client(RetryBudget(attempts=9, total_seconds=50)), one())

    assert time.slept == [20.0, 20.0]
    assert answer.calls == 3
    assert str(answer.refused) == (
        "TooManyRequests: HTTP 429, no reason. Gave up after 3 attempts in 40 s (retry budget: 9 "
        "attempts, 50 s)."
    )


def test_the_number_of_attempts_is_a_bound_of_its_own(server, open_client):
    server.answer("GET", GROUP, *[Reply(503, headers={"Retry-After": "0"})] * 9)

    assert read_one(open_client(RetryBudget(attempts=3)), one()).calls == 3


def test_a_wait_longer_than_the_budget_is_not_begun(server, open_client, time):
    server.answer("GET", GROUP, Reply(429, headers={"Retry-After": "3600"}))

    answer = read_one(open_client(RetryBudget(total_seconds=60)), one())

    assert answer.refused.status == 429
    assert time.slept == []


def test_a_connection_that_breaks_is_made_again(server, client):
    server.answer("GET", GROUP, Reply(0, drops=True), Reply(200, found()))

    assert read_one(client, one()).items == (found(),)


def test_an_endpoint_that_is_not_there_is_told_within_seconds(time: FakeTime):
    with ScriptedServer() as gone:
        endpoint = gone.endpoint
    with (
        ArmClient.open(
            local_cloud(endpoint), LocalToken(), sleep=time.sleep, clock=time.clock
        ) as client,
        pytest.raises(AzureError) as raised,
    ):
        client.read([one(), list_of()])

    host = endpoint.removeprefix("http://")
    assert raised.value.status == 0
    assert raised.value.code == "ConnectionError"
    assert f"no answer from {host}: connection refused. Check" in raised.value.message
    assert time.now - FakeTime().now <= 20


def test_closing_the_client_ends_its_waits(server):
    server.answer("GET", GROUP, Reply(429, headers={"Retry-After": "500"}))
    client = ArmClient.open(local_cloud(server.endpoint), LocalToken())

    with client, ThreadPoolExecutor(1) as caller:
        waiting = caller.submit(client.read, [one()])
        while not server.requests:
            Event().wait(0.005)
        client.__exit__(None, None, None)
        (answer,) = waiting.result(timeout=5)

    assert answer.refused.code == "ClientClosed"


def test_a_password_file_does_not_replace_the_token(server, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server.answer("GET", GROUP, Reply(204))
    cloud = replace(local_cloud(server.endpoint), name="AzureCloud")

    with ArmClient.open(cloud, LocalToken()) as client:
        read_one(client, one())

    assert server.requests[0].headers["Authorization"] == "Bearer local"


def test_without_a_token_nothing_is_read(server, time):
    from azure.core.exceptions import ClientAuthenticationError

    class Expired:
        def get_token(self, *_scopes, **_options):
            raise ClientAuthenticationError("AADSTS700082: the refresh token has expired")

    with (
        ArmClient.open(local_cloud(server.endpoint), Expired()) as client,
        pytest.raises(AzureError) as raised,
    ):
        client.read([one()])

    assert raised.value.code == "CredentialUnavailable"
    assert "AADSTS700082" in raised.value.message
    assert server.requests == []
