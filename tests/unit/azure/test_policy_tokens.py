"""Policy tokens: a write that a policy with an external evaluation guards is sent again with one.

The shapes are those of azure-mgmt-resource-policy and of the REST contracts of Azure/azure-policy,
ExternalEvaluationPolicies.
"""

import json
import logging

import pytest

from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from tests.unit.azure.scripted_server import Reply

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
VAULT = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-hub"
LEASE = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a/lease"
ACQUIRE = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/acquirePolicyToken"
HEADER = "x-ms-policy-external-evaluations"
TOKEN = "PoP eyJhbGciOiJSUzI1NiJ9.eyJwb2xpY3kiOiJ0b2tlbiJ9.c2lnbmF0dXJl"
WRITTEN = Reply(200, {"id": VAULT, "name": "kv-hub", "properties": {}})
ISSUED = Reply(200, {"result": "Succeeded", "token": TOKEN, "tokenId": "1"})
SAID = "Resource 'kv-hub' was disallowed by policy."


def refused(place="evaluationDetails", code="RequestDisallowedByPolicy", **details):
    missing = {"shouldDeny": True, "endpointKind": "AzureResourceGraph", **details}
    info = {"missingPolicyTokenDetails": missing}
    info = {place: info} if place else info
    told = [{"type": "PolicyViolation", "info": info}]
    return Reply(403, {"error": {"code": code, "message": SAID, "additionalInfo": told}})


def put(client, body=None, if_match=None):
    resource = ResourceId.parse(VAULT)
    return client.put(resource, "2026-01-01", body or {}, if_match, lambda _: None)


def test_a_put_is_sent_again_with_a_token_for_the_bytes_of_its_body(server, client):
    server.answer("PUT", VAULT, refused(), WRITTEN)
    server.answer("POST", ACQUIRE, ISSUED)
    put(client, {"location": "westeurope", "tags": {"a": "ü", "b": ""}})
    first, asked, again = server.requests
    assert HEADER not in first.headers
    assert again.headers[HEADER] == TOKEN
    assert again.content == first.content
    assert asked.query == {"api-version": "2025-11-01"}
    assert asked.content.endswith(b'"content": ' + first.content + b"}}")
    uri = f"{server.endpoint}{VAULT}?api-version=2026-01-01"
    operation = asked.body["operation"]
    assert operation == {"uri": uri, "httpMethod": "PUT", "content": first.body}
    assert asked.headers["Authorization"] == first.headers["Authorization"]
    assert HEADER not in asked.headers


def test_a_delete_has_no_content(server, client):
    server.answer("DELETE", VAULT, refused(), Reply(204))
    server.answer("POST", ACQUIRE, ISSUED)
    server.answer("GET", VAULT, Reply(404, {"error": {"code": "ResourceNotFound", "message": ""}}))
    client.delete(ResourceId.parse(VAULT), "2026-01-01", None, lambda _: None)
    _, asked, again, _ = server.requests
    assert asked.body["operation"]["httpMethod"] == "DELETE"
    assert "content" not in asked.body["operation"]
    assert again.headers[HEADER] == TOKEN


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_request_that_is_answered_at_once_gets_one_too(server, client, method):
    server.answer(method, LEASE, refused(), Reply(200, {"leaseId": "1"}))
    server.answer("POST", ACQUIRE, ISSUED)
    client.request(method, LEASE, "2024-01-01", {"action": "Acquire"})
    assert server.requests[-1].headers[HEADER] == TOKEN
    assert server.requests[1].body["operation"]["httpMethod"] == method


def test_a_guard_stays_on_the_write_that_is_sent_again(server, client):
    server.answer("PUT", VAULT, refused(place=""), WRITTEN)
    server.answer("POST", ACQUIRE, ISSUED)
    put(client, if_match='"7"')
    assert [r.headers.get("If-Match") for r in server.requests] == ['"7"', None, '"7"']


def test_a_token_that_cannot_be_had_yet_is_asked_for_again(server, client, time):
    server.answer("PUT", VAULT, refused(), refused(), WRITTEN)
    server.answer("POST", ACQUIRE, Reply(429, {}, {"Retry-After": "7"}), ISSUED)
    put(client)
    assert time.slept == [7.0]


def test_a_token_that_azure_no_longer_takes_is_got_anew(server, client):
    busy = Reply(409, {"error": {"code": "AnotherOperationInProgress", "message": "busy"}})
    server.answer("PUT", VAULT, refused(), busy, refused(), WRITTEN)
    server.answer("POST", ACQUIRE, ISSUED, Reply(200, {"result": "Succeeded", "token": "PoP new"}))
    put(client)
    assert [r.headers.get(HEADER) for r in server.requests if r.method == "PUT"] == [
        None, TOKEN, TOKEN, "PoP new",
    ]  # fmt: skip


UNGUARDED = [
    ("a plain denial", Reply(403, {"error": {"code": "RequestDisallowedByPolicy", "message": ""}})),
    ("a token that is only audited", refused(shouldDeny=False)),
    ("another refusal", refused(code="AuthorizationFailed")),
    ("no JSON", Reply(403, "<html>")),
]


@pytest.mark.parametrize(("_id", "reply"), UNGUARDED, ids=[row[0] for row in UNGUARDED])
def test_no_token_is_asked_for_where_none_is_missing(server, client, _id, reply):
    server.answer("PUT", VAULT, reply)
    with pytest.raises(AzureError):
        put(client)
    assert [r.method for r in server.requests] == ["PUT"]


def test_a_read_gets_no_token(server, client):
    server.answer("GET", VAULT, refused())
    with pytest.raises(AzureError):
        client.request("GET", VAULT, "2026-01-01")
    assert len(server.requests) == 1


FAILURES = [
    (
        "the evaluation failed",
        Reply(200, {"result": "Failed", "message": "Denied", "results": [{"message": "2 rows."}]}),
        f"{SAID} No policy token was issued: Denied; 2 rows.",
    ),
    (
        "an evaluation that denies",
        Reply(
            200,
            {
                "result": "Succeeded",
                "results": [{"policyAction": "Deny", "policyInfo": {"policyAssignmentId": "/a"}}],
            },
        ),
        f"{SAID} No policy token was issued: Deny by /a.",
    ),
    (
        "an evaluation that ends in an error",
        Reply(200, {"results": [{"policyEvaluationDetails": {"reason": "No claim."}}]}),
        f"{SAID} No policy token was issued: No claim.",
    ),
    (
        "silence",
        Reply(200, {"result": "Succeeded"}),
        f"{SAID} No policy token was issued: no reason.",
    ),
    (
        "no permission to ask",
        Reply(403, {"error": {"code": "AuthorizationFailed", "message": "not allowed"}}),
        f"{SAID} No policy token was issued: AuthorizationFailed: not allowed.",
    ),
    (
        "an answer that is none",
        Reply(200, "<html>"),
        f"{SAID} The answer holds no policy token: no JSON.",
    ),
]


@pytest.mark.parametrize(("_id", "reply", "said"), FAILURES, ids=[row[0] for row in FAILURES])
def test_why_no_token_was_issued_is_told_in_azures_words(server, client, _id, reply, said):
    server.answer("PUT", VAULT, refused())
    server.answer("POST", ACQUIRE, reply)
    with pytest.raises(AzureError) as refusal:
        put(client)
    assert (refusal.value.code, refusal.value.message) == ("RequestDisallowedByPolicy", said)


def test_a_change_reference_is_not_made_up(server, client):
    server.answer("PUT", VAULT, refused(isChangeReferenceRequired=True))
    with pytest.raises(AzureError, match="requires a change reference, which azsec has not"):
        put(client)
    assert len(server.requests) == 1


def test_a_token_stands_in_no_log_and_no_error(server, client, caplog):
    told = {"error": {"code": "InvalidPolicyToken", "message": f"the token {TOKEN} is not valid"}}
    server.answer("PUT", VAULT, refused(), Reply(400, told))
    server.answer("POST", ACQUIRE, ISSUED)
    with caplog.at_level(logging.DEBUG), pytest.raises(AzureError) as refusal:
        put(client)
    assert "eyJ" not in str(refusal.value)
    assert "eyJhbGci" not in caplog.text
    assert json.dumps(TOKEN)[1:-1] not in caplog.text
