"""Writes and the long operations behind them: the flows are those that Azure was recorded with."""

import contextlib
from types import MappingProxyType

import pytest

from provisioner.azure.client import ArmClient
from provisioner.azure.retry import RetryBudget
from provisioner.catalog.resource_type import CreateGuard
from provisioner.engine.ports import Creation
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from tests.unit.azure.scripted_server import STAMP, Reply

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-aks"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"
ZONE = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-hub"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-aks"
GRANT = f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/" + "1" * 36
OPERATION = f"{SUBSCRIPTION}/providers/Microsoft.Network/locations/westeurope/operations/7"
RESULT = f"{SUBSCRIPTION}/operationresults/7"
GONE = Reply(404, {"error": {"code": "ResourceNotFound", "message": "gone"}})
ASYNC = {"Azure-AsyncOperation": f"{{endpoint}}{OPERATION}?api-version=2016-03-30&t=1"}
LOCATION = {"Location": f"{{endpoint}}{RESULT}?api-version=2020-06-01"}


def resource(path, state=None, **properties):
    found = ResourceId.parse(path)
    if state:
        properties["provisioningState"] = state
    return {"id": path, "name": found.name, "type": found.type, "properties": properties}


def put(client: ArmClient, path, body=None, if_match=None, statuses=None):
    on_status = (statuses if statuses is not None else []).append
    return client.put(ResourceId.parse(path), "2026-01-01", body or {}, if_match, on_status)


def delete(client: ArmClient, path, if_match=None, statuses=None):
    on_status = (statuses if statuses is not None else []).append
    client.delete(ResourceId.parse(path), "2026-01-01", if_match, on_status)


def test_a_vault_is_written_in_one_call(server, client, time):
    settled = resource(VAULT, "Succeeded", enableRbacAuthorization=True)
    server.answer("PUT", VAULT, Reply(200, settled))
    body = {"location": "westeurope", "properties": {"createMode": None, "Odd": [{}]}}

    assert put(client, VAULT, body) == settled
    (request,) = server.requests
    assert request.body == body
    assert request.query == {"api-version": "2026-01-01"}
    assert request.headers["Content-Type"] == "application/json"
    assert "If-Match" not in request.headers
    assert request.headers["x-ms-correlation-request-id"] == STAMP
    assert time.slept == []


def test_a_body_of_read_only_values_is_sent_as_plain_json(server, client):
    server.answer("PUT", VAULT, Reply(200, resource(VAULT)))

    put(client, VAULT, MappingProxyType({"tags": MappingProxyType({"a": "ü"}), "zones": ("1",)}))

    assert server.requests[0].body == {"tags": {"a": "ü"}, "zones": ["1"]}


def test_a_vault_that_still_registers_its_name_is_waited_for(server, client):
    server.answer("PUT", VAULT, Reply(200, resource(VAULT, "RegisteringDns")))
    settled = resource(VAULT, "Succeeded")
    server.answer("GET", VAULT, Reply(200, resource(VAULT, "RegisteringDns")), Reply(200, settled))
    statuses = []

    assert put(client, VAULT, statuses=statuses) == settled
    assert statuses == ["RegisteringDns", "Succeeded"]


def test_a_cluster_is_followed_through_statuses_of_its_own(server, client, time):
    words = [
        "ProvisioningNetworkResources",
        "CreatingAgentPool: 0/1 nodes completed",
        "ReconcilingDNS",
        "Succeeded",
    ]
    server.answer("PUT", CLUSTER, Reply(201, resource(CLUSTER, "Creating"), ASYNC))
    server.answer("GET", OPERATION, *[Reply(200, {"name": "7", "status": word}) for word in words])
    settled = resource(CLUSTER, "Succeeded", fqdn="aks.hcp.example")
    server.answer("GET", CLUSTER, Reply(200, settled))
    statuses = []

    assert put(client, CLUSTER, statuses=statuses) == settled
    assert statuses == words
    assert time.slept == [0.05] * 3
    assert server.requests[1].query == {"api-version": "2016-03-30", "t": "1"}


def test_a_zone_is_accepted_and_followed(server, client, time):
    server.answer("PUT", ZONE, Reply(202, {}, {**ASYNC, **LOCATION, "Retry-After": "30"}))
    server.answer(
        "GET",
        OPERATION,
        Reply(200, {"status": "InProgress"}, {"Retry-After": "2"}),
        Reply(200, {"status": "Succeeded"}),
    )
    settled = resource(ZONE, "Succeeded")
    server.answer("GET", ZONE, Reply(200, settled))

    assert put(client, ZONE) == settled
    assert time.slept == [30.0, 2.0]


CREATION = Creation(CreateGuard.CONDITION, lambda _found: False, is_read=False)


def test_a_creation_that_nothing_reads_ends_with_its_operation(server, client):
    server.answer("PUT", NETWORK, Reply(201, resource(NETWORK, "Updating"), ASYNC))
    server.answer("GET", OPERATION, Reply(200, {"status": "Succeeded"}))

    settled = client.put(
        ResourceId.parse(NETWORK), "2026-01-01", {}, None, lambda _status: None, CREATION
    )

    assert settled == {}
    assert [request.method for request in server.requests] == ["PUT", "GET"], "the write, one poll"


def test_a_creation_that_nothing_reads_is_looked_for_where_its_operation_is_lost(server, client):
    server.answer("PUT", NETWORK, Reply(201, resource(NETWORK, "Updating"), ASYNC))
    server.answer("GET", OPERATION, GONE)
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Failed")))

    with pytest.raises(AzureError):
        client.put(ResourceId.parse(NETWORK), "2026-01-01", {}, None, lambda _: None, CREATION)


def test_retry_after_zero_is_no_busy_loop(server, client, time):
    now = {"Retry-After": "0"}
    server.answer("PUT", NETWORK, Reply(201, resource(NETWORK, "Updating"), {**ASYNC, **now}))
    server.answer(
        "GET",
        OPERATION,
        *[Reply(200, {"status": "InProgress"}, now)] * 3,
        Reply(200, {"status": "Succeeded"}),
    )
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Succeeded")))

    put(client, NETWORK)

    assert time.slept == [0.05] * 3, "the first poll is at once, the others at the interval"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        pytest.param(IDENTITY, IDENTITY, id="an identity's Location has no host, no api version"),
        pytest.param(NETWORK, f"{{endpoint}}{NETWORK}", id="the resource's own URL"),
    ],
)
def test_the_location_of_a_created_resource_is_not_polled(server, client, path, location):
    settled = resource(path)
    server.answer("PUT", path, Reply(201, settled, {"Location": location}))

    assert put(client, path) == settled
    assert server.log == [f"PUT {path}"]


def test_an_operation_that_ends_before_its_resource_is_waited_for(server, client):
    server.answer("PUT", NETWORK, Reply(200, resource(NETWORK, "Updating"), ASYNC))
    server.answer("GET", OPERATION, Reply(200, {"status": "Succeeded"}))
    settled = resource(NETWORK, "Succeeded")
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Updating")), Reply(200, settled))

    assert put(client, NETWORK) == settled


def test_an_operation_that_answers_with_the_resource_is_done(server, client):
    server.answer("PUT", NETWORK, Reply(202, headers=ASYNC))
    settled = resource(NETWORK, "Succeeded")
    server.answer("GET", OPERATION, Reply(202), Reply(200, settled))
    server.answer("GET", NETWORK, Reply(200, settled))

    assert put(client, NETWORK) == settled


def test_a_write_accepted_with_location_only_ends_with_the_resource(server, client):
    server.answer("PUT", NETWORK, Reply(202, headers={**LOCATION, "Retry-After": "17"}))
    server.answer("GET", RESULT, Reply(202, headers=LOCATION), Reply(200))
    settled = resource(NETWORK, "Succeeded")
    server.answer("GET", NETWORK, Reply(200, settled))

    assert put(client, NETWORK) == settled


def test_a_group_is_deleted_through_its_location(server, client, time):
    waiting = {**LOCATION, "Retry-After": "15"}
    server.answer("DELETE", GROUP, Reply(202, headers=waiting))
    server.answer("GET", RESULT, Reply(202, headers=waiting), Reply(200))
    server.answer("GET", GROUP, GONE)
    statuses = []

    delete(client, GROUP, statuses=statuses)

    assert statuses == ["InProgress", "Succeeded"]
    assert time.slept == [15.0, 15.0]


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param([("DELETE", VAULT, Reply(200))], id="gone at once"),
        pytest.param([("DELETE", VAULT, Reply(204))], id="was not there"),
        pytest.param(
            [("DELETE", VAULT, Reply(404, {"error": {"code": "ResourceNotFound"}}))],
            id="was not there, said as an error",
        ),
        pytest.param(
            [
                ("DELETE", VAULT, Reply(202, headers=ASYNC)),
                ("GET", OPERATION, Reply(200, {"status": "Deleting"})),
                ("GET", OPERATION, Reply(200, {"status": "Succeeded"})),
            ],
            id="followed to its end",
        ),
        pytest.param(
            [
                ("DELETE", VAULT, Reply(202, headers=LOCATION)),
                ("GET", RESULT, Reply(404, {"error": {"code": "ResourceNotFound"}})),
            ],
            id="its operation went with it",
        ),
    ],
)
def test_ways_in_which_a_delete_ends(server, client, replies):
    for method, path, reply in replies:
        server.answer(method, path, reply)
    server.answer("GET", VAULT, GONE)

    delete(client, VAULT)

    assert len(server.requests) == len(replies) + 1


def test_a_delete_in_the_wrong_subscription_is_no_success(server, client):
    server.answer("DELETE", VAULT, Reply(404, {"error": {"code": "SubscriptionNotFound"}}))

    with pytest.raises(AzureError, match="SubscriptionNotFound"):
        delete(client, VAULT)


@pytest.mark.parametrize(
    ("last", "code", "words"),
    [
        pytest.param(
            {"status": "Failed", "error": {"code": "SubnetIsFull", "message": "no room"}},
            "SubnetIsFull",
            "no room",
            id="the operation gives the reason",
        ),
        pytest.param(
            {"status": "Canceled"}, "OperationCanceled", "ended as Canceled", id="no reason"
        ),
        pytest.param(
            {"status": "Cancelled"}, "OperationCancelled", "no reason", id="other spelling"
        ),
        pytest.param("<html>", "UnexpectedAnswer", "where Azure", id="not an answer of Azure"),
    ],
)
def test_a_failed_operation_says_why(server, client, last, code, words):
    server.answer("PUT", CLUSTER, Reply(201, resource(CLUSTER, "Creating"), ASYNC))
    correlation = {"x-ms-correlation-request-id": "c-1"}
    server.answer(
        "GET", OPERATION, Reply(200, {"status": "Creating"}), Reply(200, last, correlation)
    )

    with pytest.raises(AzureError) as raised:
        put(client, CLUSTER)

    assert raised.value.code == code
    assert words in raised.value.message
    assert raised.value.correlation_id == "c-1"


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param(
            [("PUT", Reply(200, resource(NETWORK, "Failed")))], id="the write itself answers so"
        ),
        pytest.param(
            [
                ("PUT", Reply(201, resource(NETWORK, "Updating"))),
                ("GET", Reply(200, resource(NETWORK, "Failed"))),
            ],
            id="it turns so later",
        ),
    ],
)
def test_a_resource_that_ends_as_failed_is_an_error(server, client, replies):
    for method, reply in replies:
        server.answer(method, NETWORK, reply)

    with pytest.raises(AzureError, match="OperationFailed"):
        put(client, NETWORK)


def test_an_operation_url_on_another_host_is_not_followed(server, client):
    elsewhere = {"Azure-AsyncOperation": "https://evil.example/operations/7"}
    server.answer("PUT", CLUSTER, Reply(201, resource(CLUSTER, "Creating"), elsewhere))
    server.answer("GET", CLUSTER, Reply(403, {"error": {"code": "AuthorizationFailed"}}))

    with pytest.raises(AzureError, match=r"ForeignHost.*evil\.example"):
        put(client, CLUSTER)
    assert server.log == [f"PUT {CLUSTER}", f"GET {CLUSTER}"]


def test_an_operation_that_never_ends_is_left_alone(server, client, time):
    later = {"Retry-After": "600"}
    server.answer("PUT", CLUSTER, Reply(201, resource(CLUSTER, "Creating"), ASYNC))
    server.answer("GET", OPERATION, *[Reply(200, {"status": "Creating"}, later)] * 20)

    with pytest.raises(AzureError, match=r"OperationTimedOut: the operation is still 'Creating'"):
        put(client, CLUSTER)
    assert time.now == 1_780_000_000 + 7200


def test_a_poll_that_fails_for_a_moment_does_not_repeat_the_write(server, client):
    server.answer("PUT", NETWORK, Reply(201, resource(NETWORK, "Updating"), ASYNC))
    server.answer("GET", OPERATION, Reply(503), Reply(500), Reply(200, {"status": "Succeeded"}))
    server.answer("GET", NETWORK, Reply(200, resource(NETWORK, "Succeeded")))

    put(client, NETWORK)

    assert server.log.count(f"PUT {NETWORK}") == 1


def test_if_match_guards_a_write_and_a_delete(server, client):
    refusal = {"error": {"code": "PreconditionFailed", "message": "the ETag has moved"}}
    server.answer("PUT", NETWORK, Reply(412, refusal))
    server.answer("DELETE", NETWORK, Reply(204))
    server.answer("GET", NETWORK, GONE)

    with pytest.raises(AzureError) as raised:
        put(client, NETWORK, if_match='W/"1"')
    delete(client, NETWORK, if_match='W/"2"')

    assert raised.value.status == 412
    sent = [request.headers.get("If-Match") for request in server.requests]
    assert sent == ['W/"1"', 'W/"2"', None]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        pytest.param(429, "AnotherOperationInProgress", id="one write at a time on a network"),
        pytest.param(429, "RetryableError", id="the provider asks for another try"),
        pytest.param(409, "Conflict", id="a cluster that is being changed"),
        pytest.param(400, "PrincipalNotFound", id="an identity that Entra ID does not see yet"),
        pytest.param(404, "ParentResourceNotFound", id="a parent just created"),
        pytest.param(400, "principalnotfound", id="codes have no case"),
    ],
)
def test_refusals_that_time_cures_are_tried_again(server, client, status, code):
    error = {"error": {"code": code, "message": "later"}}
    settled = resource(NETWORK, "Succeeded")
    server.answer("PUT", NETWORK, Reply(status, error), Reply(status, error), Reply(200, settled))

    assert put(client, NETWORK) == settled


@pytest.mark.parametrize(
    ("status", "code"),
    [
        pytest.param(400, "PropertyChangeNotAllowed", id="a body that will never be right"),
        pytest.param(400, "BadRequest", id="any other 400"),
        pytest.param(403, "RequestDisallowedByPolicy", id="a policy"),
        pytest.param(403, "AuthorizationFailed", id="a permission that nobody just gave"),
        pytest.param(409, "ConflictError", id="a vault's name that a deleted one holds"),
        pytest.param(409, "MissingSubscriptionRegistration", id="a provider to be registered"),
        pytest.param(409, "ScopeLocked", id="a lock"),
    ],
)
def test_refusals_that_a_person_must_cure_fail_at_once(server, client, time, status, code):
    server.answer("PUT", NETWORK, Reply(status, {"code": code, "message": "no"}))

    with pytest.raises(AzureError) as raised:
        put(client, NETWORK)

    assert (raised.value.status, raised.value.code) == (status, code)
    assert raised.value.message == "no"
    assert time.slept == []


@pytest.mark.parametrize(
    ("message", "tries"),
    [
        pytest.param("Another operation (Updating) is in progress", 2, id="one runs"),
        pytest.param(
            "there's an in progress update managed cluster operation",
            2,
            id="one runs, in new words",
        ),
        pytest.param("The cluster is stopped", 1, id="never while it is stopped"),
        pytest.param("exceeding approved Total Regional Cores quota", 1, id="a quota"),
    ],
)
def test_a_cluster_that_another_operation_keeps_busy_is_asked_again(server, client, message, tries):
    refused = Reply(409, {"code": "OperationNotAllowed", "message": message})
    server.answer("PUT", CLUSTER, refused, Reply(200, resource(CLUSTER, "Succeeded")))

    with contextlib.suppress(AzureError):
        put(client, CLUSTER)

    assert server.log.count(f"PUT {CLUSTER}") == tries


def test_after_a_role_assignment_a_missing_permission_may_be_a_slow_one(server, client, time):
    denied = Reply(403, {"error": {"code": "LinkedAuthorizationFailed", "message": "no join"}})
    server.answer("PUT", GRANT, Reply(201, resource(GRANT)))
    server.answer("PUT", CLUSTER, denied, denied, Reply(200, resource(CLUSTER, "Succeeded")))

    put(client, GRANT)
    put(client, CLUSTER)

    assert server.log.count(f"PUT {CLUSTER}") == 3


def test_a_permission_that_stays_away_ends_as_an_error(server, client, time):
    denied = Reply(403, {"error": {"code": "AuthorizationFailed", "message": "no write"}})
    server.answer("PUT", GRANT, Reply(201, resource(GRANT)))
    server.answer("PUT", CLUSTER, *[denied] * 99)
    put(client, GRANT)

    with pytest.raises(AzureError, match=r"no write Gave up after \d+ attempts"):
        put(client, CLUSTER)
    assert time.now - 1_780_000_000 <= 600


def test_an_operation_that_fails_for_a_moment_is_sent_again(server, client):
    failed = {"status": "Failed", "error": {"code": "RetryableError", "message": "again"}}
    settled = resource(NETWORK, "Succeeded")
    server.answer("PUT", NETWORK, *[Reply(201, resource(NETWORK, "Updating"), ASYNC)] * 2)
    server.answer("GET", OPERATION, Reply(200, failed), Reply(200, {"status": "Succeeded"}))
    server.answer("GET", NETWORK, Reply(200, settled))

    assert put(client, NETWORK) == settled


def test_a_guarded_write_is_not_sent_again_after_its_operation_failed(server, client):
    failed = {"status": "Failed", "error": {"code": "RetryableError", "message": "again"}}
    server.answer("PUT", NETWORK, Reply(200, resource(NETWORK, "Updating"), ASYNC))
    server.answer("GET", OPERATION, Reply(200, failed))

    with pytest.raises(AzureError, match="RetryableError"):
        put(client, NETWORK, if_match='W/"1"')
    assert server.log.count(f"PUT {NETWORK}") == 1


def test_an_operation_that_keeps_failing_ends_with_its_budget(server, open_client):
    client = open_client(RetryBudget(attempts=3))
    failed = {"status": "Failed", "error": {"code": "RetryableError", "message": "again"}}
    server.answer("PUT", NETWORK, *[Reply(200, resource(NETWORK, "Updating"), ASYNC)] * 9)
    server.answer("GET", OPERATION, *[Reply(200, failed)] * 9)

    with pytest.raises(AzureError, match="Gave up after 3 attempts"):
        put(client, NETWORK)
    assert server.log.count(f"PUT {NETWORK}") == 3
