"""Policies with an external evaluation: the built-in Azure wants a token, and issues it truthfully.

The shapes and the example of a shared network security group are those of Azure/azure-policy,
ExternalEvaluationPolicies.
"""

import hashlib
import http.client
import json
from urllib.parse import urlsplit

import pytest

from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from tests.environments import Bench

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
S = f"/subscriptions/{SUBSCRIPTION}"
GROUP = f"{S}/resourceGroups/rg-main"
AUTHORIZATION = f"{S}/providers/Microsoft.Authorization"
ACQUIRE = f"{AUTHORIZATION}/acquirePolicyToken"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
FIRST = f"{GROUP}/providers/{IDENTITY}/id-one"
SECOND = f"{GROUP}/providers/{IDENTITY}/id-two"
IS_IDENTITY = {"field": "type", "equals": IDENTITY}
COUNT = (
    '[format(\'resources | where type =~ "{0}" | where name != "{1}" | summarize others = '
    "count()', field('type'), field('name'))]"
)
BODY = {"location": "westeurope"}


def coin(chance: float) -> dict[str, object]:
    return {"kind": "CoinFlip", "details": {"successProbability": chance}}


def graph(query: str, claim: str = "others") -> dict[str, object]:
    details = {"query": query, "queryProjectedClaims": [claim], "queryWithUserIdentity": True}
    return {"kind": "AzureResourceGraph", "details": details}


VALID = {"value": "[claims().isValid]", "equals": False}
ALONE = {"value": "[coalesce(claims().others, 0)]", "greater": 0}


def assign(bench, endpoint, condition, effect="deny", action="deny", actions=(), lifespan="PT1H"):
    then = {"effect": effect, **({"details": {"actionNames": list(actions)}} if actions else {})}
    definition = {
        "mode": "All",
        "policyRule": {"if": {"allOf": [IS_IDENTITY, condition]}, "then": then},
        "externalEvaluationEnforcementSettings": {
            "missingTokenAction": action,
            "resultLifespan": lifespan,
            "endpointSettings": endpoint,
        },
    }
    path = f"{AUTHORIZATION}/policyDefinitions/external"
    bench.send("PUT", path, {"properties": definition})
    assignment = {"properties": {"policyDefinitionId": path}}
    bench.send("PUT", f"{AUTHORIZATION}/policyAssignments/external", assignment)


@pytest.fixture
def at(bench: Bench) -> Bench:
    bench.send("PUT", GROUP, {"location": "westeurope"})
    return bench


def write(bench: Bench, path: str) -> str:
    try:
        bench.client.put(ResourceId.parse(path), "2024-11-30", BODY, None, lambda _status: None)
    except AzureError as error:
        return f"{error.code}: {error.message}"
    return "written"


def sent(bench: Bench) -> list[str]:
    return [
        f"{request.method} {request.path.rpartition('/')[2]} {request.status}"
        for request in bench.server.requests
        if request.method != "GET"
    ]


def acquire(bench, path=FIRST, method="PUT", content=BODY, host="https://management.azure.com"):
    operation = {"uri": f"{host}{path}?api-version=2024-11-30", "httpMethod": method}
    if content is not None:
        operation["content"] = content
    return bench.send("POST", ACQUIRE, {"operation": operation}, "2026-06-01")


def test_a_write_is_made_with_a_token(at):
    assign(at, coin(1), VALID)
    assert write(at, FIRST) == "written"
    assert sent(at)[-3:] == ["PUT id-one 403", "POST acquirePolicyToken 200", "PUT id-one 201"]


def test_a_write_that_the_evaluation_denies_is_refused_in_its_words(at):
    assign(at, coin(0), VALID)
    said = write(at, FIRST)
    assert said.startswith("RequestDisallowedByPolicy: Resource 'id-one' was disallowed by policy.")
    assert said.endswith(
        f"No policy token was issued: Deny by {AUTHORIZATION}/policyAssignments/external."
    )
    assert sent(at)[-2:] == ["PUT id-one 403", "POST acquirePolicyToken 200"]


def test_the_evaluation_sees_what_is_there(at):
    assign(at, graph(COUNT), ALONE)
    assert write(at, FIRST) == "written"
    assert "No policy token was issued" in write(at, SECOND)


def test_an_answer_says_what_was_asked_and_judged(at):
    assign(at, graph(COUNT), ALONE)
    answer = acquire(at)
    (result,) = answer["results"]
    assert result["claims"] == {"others": 0}
    assert (result["result"], result["policyAction"]) == ("Succeeded", "Allow")
    query = f'resources | where type =~ "{IDENTITY}" | where name != "id-one" | summarize others = '
    assert result["additionalInfo"]["requestBody"]["query"] == f"{query}count()"
    assert answer["result"] == "Succeeded"
    assert answer["token"].startswith("PoP ")
    details = answer["requestDetails"]
    assert details["contentHash"] == hashlib.sha256(json.dumps(BODY).encode()).hexdigest()
    assert details["authorizationAction"] == f"{IDENTITY}/write"


OTHER = [
    ("another body", "PUT", FIRST, {"location": "westeurope", "tags": {"a": "b"}}),
    ("another resource", "PUT", SECOND, BODY),
    ("another method", "PATCH", FIRST, BODY),
]


@pytest.mark.parametrize(("_id", "method", "path", "content"), OTHER, ids=[r[0] for r in OTHER])
def test_a_token_is_for_one_operation(at, request_with, _id, method, path, content):
    assert write(at, FIRST) == "written"
    assign(at, coin(1), VALID)
    token = acquire(at, path, method, content)["token"]
    assert request_with(token, FIRST, json.dumps(BODY)) == 403
    right = acquire(at)["token"]
    assert request_with(right, FIRST, json.dumps(BODY, indent=1)) == 403
    assert request_with("PoP made-up", FIRST, json.dumps(BODY)) == 403
    assert request_with(right, FIRST, json.dumps(BODY)) == 200


def test_a_token_expires(at, request_with):
    assign(at, coin(1), VALID, lifespan="PT0S")
    assert request_with(acquire(at)["token"], FIRST, json.dumps(BODY)) == 403


def test_a_delete_is_guarded_by_deny_action(at):
    assert write(at, FIRST) == "written"
    assign(at, coin(1), VALID, effect="denyAction", actions=["delete"])
    at.client.delete(ResourceId.parse(FIRST), "2024-11-30", None, lambda _status: None)
    assert sent(at)[-3:] == [
        "DELETE id-one 403",
        "POST acquirePolicyToken 200",
        "DELETE id-one 200",
    ]


def test_deny_action_denies_no_write_and_deny_no_delete(at):
    assign(at, coin(0), VALID, effect="denyAction", actions=["delete"])
    assert write(at, FIRST) == "written"
    assign(at, coin(0), VALID)
    at.client.delete(ResourceId.parse(FIRST), "2024-11-30", None, lambda _status: None)


OPEN = [
    ("a token that is only audited", coin(0), VALID, {"action": "audit"}),
    ("an effect that audits", coin(0), VALID, {"effect": "audit"}),
    ("another type", coin(0), {"allOf": [VALID, {"field": "name", "equals": "other"}]}, {}),
]


@pytest.mark.parametrize(
    ("_id", "endpoint", "condition", "options"), OPEN, ids=[r[0] for r in OPEN]
)
def test_what_a_policy_does_not_guard_takes_no_token(at, _id, endpoint, condition, options):
    assign(at, endpoint, condition, **options)
    assert write(at, FIRST) == "written"
    assert "POST acquirePolicyToken 200" not in sent(at)


FAILED = [
    ("two rows", graph("resources", "id"), "TooManyRows: the query returned 2 rows"),
    ("no query", {"kind": "AzureResourceGraph", "details": {}}, "The endpoint has no query"),
    ("a table that is not there", graph("policyresources"), "The query cannot be answered"),
    ("another endpoint", {"kind": "Function"}, "does not know endpoints of the kind 'Function'"),
]


@pytest.mark.parametrize(("_id", "endpoint", "said"), FAILED, ids=[row[0] for row in FAILED])
def test_an_endpoint_that_fails_issues_no_token(at, _id, endpoint, said):
    for path in (FIRST, SECOND):
        write(at, path)
    assign(at, endpoint, VALID)
    answer = acquire(at)
    assert (answer["result"], "token" in answer) == ("Failed", False)
    assert said in answer["results"][0]["message"]


def test_a_refused_write_says_what_is_missing(at, refusal_of):
    assign(at, coin(1), VALID)
    error = refusal_of(FIRST, json.dumps(BODY))["error"]
    assert error["code"] == "RequestDisallowedByPolicy"
    (told,) = error["additionalInfo"]
    assert told["type"] == "PolicyViolation"
    assert told["info"]["evaluationDetails"]["missingPolicyTokenDetails"] == {
        "shouldDeny": True,
        "endpointKind": "CoinFlip",
        "endpointResultLifespan": "PT1H",
        "isChangeReferenceRequired": False,
    }


WRONG = [
    ("a read", FIRST, "GET"),
    ("another subscription", FIRST.replace("1111", "2222"), "PUT"),
    ("no resource", "/", "PUT"),
]


@pytest.mark.parametrize(("_id", "path", "method"), WRONG, ids=[row[0] for row in WRONG])
def test_a_token_is_for_a_write_in_the_subscription(at, _id, path, method):
    with pytest.raises(AssertionError, match="InvalidPolicyTokenRequest"):
        acquire(at, path, method)


@pytest.fixture
def refusal_of(at):
    return lambda path, text: _put(at, "", path, text)[1]


@pytest.fixture
def request_with(at):
    return lambda token, path, text: _put(at, token, path, text)[0]


def _put(bench, token, path, text):
    connection = http.client.HTTPConnection(urlsplit(bench.server.endpoint).netloc, timeout=5)
    headers = {"Authorization": "Bearer local", "x-ms-policy-external-evaluations": token}
    connection.request("PUT", f"{path}?api-version=2024-11-30", text, headers)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body
