"""What ARM does before it looks at a resource, and around every answer."""

import http.client
from urllib.parse import urlsplit

import pytest

from provisioner.simulator.access_options import Access
from tests.simulator.setting import GROUP, SUBSCRIPTION, Setting

NET = f"{GROUP}/providers/Contoso.Fabric/nets/n"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        pytest.param(
            "GET", "/subscriptions/not-a-guid", 400, "InvalidSubscriptionId", id="subscription"
        ),
        pytest.param(
            "GET",
            f"{GROUP}/providers/Contoso.Fabric/u~fos/u",
            404,
            "InvalidResourceType",
            id="what cannot be a type",
        ),
        pytest.param(
            "GET",
            f"{GROUP}/providers/Contoso/nets/n",
            404,
            "InvalidResourceNamespace",
            id="what cannot be a namespace",
        ),
        pytest.param(
            "PUT",
            f"{GROUP}x/providers/Contoso.Fabric/nets/n",
            404,
            "ResourceGroupNotFound",
            id="group that does not exist",
        ),
        pytest.param("GET", NET, 404, "ResourceNotFound", id="resource that does not exist"),
        pytest.param(
            "GET",
            f"{GROUP}/providers/Contoso.Fabric/ports/p",
            404,
            "NotFound",
            id="a provider's own code and flat shape",
        ),
        pytest.param(
            "PUT", f"{NET}/lanes/l", 404, "ParentResourceNotFound", id="child without parent"
        ),
        pytest.param(
            "DELETE",
            f"{NET}/lanes/l",
            404,
            "ResourceNotFound",
            id="deleting the child of nobody names the parent",
        ),
        pytest.param(
            "GET",
            f"{NET}?api-version=yesterday",
            400,
            "InvalidApiVersionParameter",
            id="api version that is no date",
        ),
        pytest.param("POST", f"{NET}/dance", 405, "MethodNotAllowed", id="unknown action"),
        pytest.param("GET", "/nowhere", 404, "InvalidResourceType", id="not ARM's grammar"),
    ],
)
def test_what_is_refused_before_a_resource_is_looked_at(
    here: Setting, method: str, path: str, status: int, code: str
):
    reply = here.call(method, path, {"location": "westeurope"} if method == "PUT" else None)
    assert (reply.status, reply.code) == (status, code)


def test_a_request_without_a_token_is_told_to_bring_one(here: Setting):
    reply = here.call("GET", GROUP, headers={"Authorization": ""})
    assert (reply.status, reply.code) == (401, "AuthenticationFailed")
    assert "Bearer" in reply.headers["www-authenticate"]


def test_a_request_without_an_api_version_is_refused(here: Setting):
    connection = http.client.HTTPConnection(urlsplit(here.azure.endpoint).netloc)
    connection.request("GET", GROUP, headers={"Authorization": "Bearer local"})
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"MissingApiVersionParameter" in answer.read()
    connection.close()


def test_every_answer_carries_the_ids_and_limits_that_clients_log(here: Setting):
    correlation = "9d3c6f2e-0000-4000-8000-0123456789ab"
    reply = here.call("GET", GROUP, headers={"x-ms-correlation-request-id": correlation})
    assert reply.headers["x-ms-correlation-request-id"] == correlation
    assert reply.headers["x-ms-request-id"]
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert int(reply.headers["x-ms-ratelimit-remaining-subscription-reads"]) > 0
    written = here.call("PATCH", GROUP, {"tags": {"a": "b"}})
    assert int(written.headers["x-ms-ratelimit-remaining-subscription-writes"]) > 0


def test_names_compare_without_case_and_answers_keep_the_first_spelling(here: Setting):
    body = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}
    whispered = f"{GROUP}/providers/Contoso.Fabric/nets/".lower()
    here.call("PUT", f"{whispered.replace('/rg/', '/RG/')}Net", body)
    shouted = here.call("GET", f"{GROUP}/providers/Contoso.Fabric/nets/Net".upper())
    assert shouted.status == 200
    assert shouted.body["id"] == f"{GROUP}/providers/Contoso.Fabric/nets/Net"
    assert shouted.body["type"] == "Contoso.Fabric/nets"


def test_head_tells_whether_a_group_exists(here: Setting):
    assert here.call("HEAD", GROUP).status == 204
    assert here.call("HEAD", GROUP + "x").status == 404


def test_subscriptions_exist_from_their_first_use_on(here: Setting):
    other = SUBSCRIPTION.replace("1", "2")
    assert here.call("GET", f"/subscriptions/{other}").body["state"] == "Enabled"
    listed = here.call("GET", "/subscriptions").body["value"]
    assert [entry["subscriptionId"] for entry in listed] == [SUBSCRIPTION, other]


def test_clients_can_discover_the_cloud(here: Setting):
    connection = http.client.HTTPConnection(urlsplit(here.azure.endpoint).netloc)
    connection.request("GET", "/metadata/endpoints?api-version=2022-09-01")
    assert here.azure.endpoint.encode() in connection.getresponse().read()
    connection.close()
    assert here.call("GET", "/tenants").body["value"][0]["tenantId"]
    places = here.call("GET", f"/subscriptions/{SUBSCRIPTION}/locations").body["value"]
    assert "westeurope" in [place["name"] for place in places]


def test_a_namespace_that_is_not_registered_takes_no_writes(here: Setting):
    provider = f"/subscriptions/{SUBSCRIPTION}/providers/Contoso.Fabric"
    assert here.call("GET", provider).body["registrationState"] == "Registered"
    here.call("POST", f"{provider}/unregister")
    refused = here.call("PUT", "Contoso.Fabric/nets/n", {"location": "westeurope"})
    assert (refused.status, refused.code) == (409, "MissingSubscriptionRegistration")
    assert here.call("POST", f"{provider}/register").body["registrationState"] == "Registered"
    body = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}
    assert here.call("PUT", "Contoso.Fabric/nets/n", body).status == 201


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        pytest.param(["*/read"], ["write", "delete"], id="a reader"),
        pytest.param(["*/read", "Contoso.Fabric/nets/*"], [], id="who manages nets"),
    ],
)
def test_a_caller_can_do_what_they_may(run, allowed: list[str], refused: list[str]):
    call = run(group=False, access=Access(allowed_actions=allowed)).call
    replies = {
        "read": call("GET", f"/subscriptions/{SUBSCRIPTION}/resourcegroups"),
        "write": call("PUT", NET, {"location": "westeurope"}),
        "delete": call("DELETE", NET),
    }
    assert [verb for verb, reply in replies.items() if reply.status == 403] == refused
    for verb in refused:
        assert replies[verb].code == "AuthorizationFailed"
        assert f"Contoso.Fabric/nets/{verb}" in replies[verb].body["error"]["message"]


def test_requests_are_recorded_in_order(here: Setting):
    before = len(here.azure.requests)
    here.call("GET", NET)
    here.call("GET", GROUP)
    recorded = here.azure.requests[before:]
    assert [(r.method, r.path, r.status) for r in recorded] == [
        ("GET", NET, 404),
        ("GET", GROUP, 200),
    ]


def test_it_listens_on_loopback_only(here: Setting):
    assert here.azure.endpoint.startswith("http://127.0.0.1:")
