"""Creations: nothing that exists is written over, and what is our own is not refused as another's.

The server is scripted, so that each row is one order of events that Azure, the network and somebody
else can bring about.
"""

from collections.abc import Mapping

import pytest

from provisioner.azure.client import ArmClient
from provisioner.catalog.resource_type import CreateGuard
from provisioner.engine.ports import Creation
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from tests.unit.azure.scripted_server import Reply

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
THING = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-one"
BODY = {"location": "westeurope", "tags": {"team": "payments"}}
OURS = {"id": THING, "name": "id-one", **BODY, "properties": {"provisioningState": "Succeeded"}}
THEIRS = {**OURS, "tags": {"team": "search"}}
ABSENT = Reply(404, {"error": {"code": "ResourceNotFound", "message": "not found"}})
EXISTS = Reply(412, {"error": {"code": "PreconditionFailed", "message": "exists"}})
FORBIDDEN = Reply(403, {"error": {"code": "AuthorizationFailed", "message": "may not read"}})
THROTTLED = Reply(429, {"error": {"code": "TooManyRequests", "message": "slower"}})
BUSY = Reply(409, {"error": {"code": "AnotherOperationInProgress", "message": "wait"}})
LOST = Reply(200, drops=True)
BROKEN = Reply(503, {"error": {"code": "ServiceUnavailable", "message": "try again"}})


def is_as_sent(found: Mapping[str, object]) -> bool:
    return found.get("tags") == BODY["tags"]


def create(client: ArmClient, guard: CreateGuard) -> Mapping[str, object]:
    resource = ResourceId.parse(THING)
    creation = Creation(guard, is_as_sent)
    return client.put(resource, "2026-01-01", BODY, None, lambda _status: None, creation)


CREATED = Reply(201, OURS)
GOES = [
    pytest.param("read", [ABSENT], [CREATED], id="absent: it is read once, then written"),
    pytest.param("condition", [], [CREATED], id="a documented header costs no read"),
    pytest.param("condition and answer", [], [CREATED], id="nor does a header that is answered"),
    pytest.param("read", [ABSENT, ABSENT], [THROTTLED, CREATED], id="throttled: read again"),
    pytest.param("read", [ABSENT, ABSENT], [LOST, CREATED], id="the request itself was lost"),
    pytest.param("read", [ABSENT, Reply(200, OURS)], [LOST], id="only the answer was lost"),
    pytest.param("condition", [Reply(200, OURS)], [BROKEN], id="an error of the server after all"),
    pytest.param(
        "condition", [ABSENT, Reply(200, OURS)], [LOST, EXISTS], id="our own request arrived late"
    ),
    pytest.param(
        "condition and answer", [ABSENT], [LOST, Reply(200, OURS)], id="late, and then changed"
    ),
    pytest.param(
        "condition",
        [ABSENT, ABSENT, Reply(200, OURS)],
        [BUSY, LOST, EXISTS],
        id="refused, lost, and taken",
    ),
]


@pytest.mark.parametrize(("guard", "reads", "writes"), GOES)
def test_what_is_our_own_is_created(server, client, guard, reads, writes):
    server.answer("GET", THING, *reads)
    server.answer("PUT", THING, *writes)

    assert create(client, CreateGuard(guard)) == OURS
    assert server.log.count(f"PUT {THING}") == len(writes)
    assert server.log.count(f"GET {THING}") == len(reads)


REFUSED = [
    pytest.param("read", [Reply(200, THEIRS)], [], id="it appeared since the plan"),
    pytest.param("read", [Reply(200, OURS)], [], id="even with the same body: another made it"),
    pytest.param("condition", [], [EXISTS], id="the service refuses"),
    pytest.param("condition and answer", [], [EXISTS], id="so does the network provider"),
    pytest.param(
        "condition and answer", [], [Reply(200, OURS)], id="the header was ignored: reported"
    ),
    pytest.param("read", [ABSENT, Reply(200, THEIRS)], [THROTTLED], id="while we were throttled"),
    pytest.param("read", [ABSENT, Reply(200, OURS)], [THROTTLED], id="throttled is not taken"),
    pytest.param("read", [ABSENT, Reply(200, THEIRS)], [LOST], id="another's, and not as sent"),
    pytest.param(
        "condition", [ABSENT, Reply(200, THEIRS)], [LOST, EXISTS], id="another was faster"
    ),
]


@pytest.mark.parametrize(("guard", "reads", "writes"), REFUSED)
def test_what_another_made_is_not_written_over(server, client, guard, reads, writes):
    server.answer("GET", THING, *reads)
    server.answer("PUT", THING, *writes)

    with pytest.raises(AzureError) as refused:
        create(client, CreateGuard(guard))

    assert refused.value.code == "ResourceAppeared"
    assert THING in refused.value.message
    assert "Plan again" in refused.value.message
    assert server.log.count(f"PUT {THING}") == len(writes)


def test_a_write_over_what_appeared_is_reported_as_one(server, client):
    server.answer("PUT", THING, Reply(200, OURS))

    with pytest.raises(AzureError, match="ignored If-None-Match"):
        create(client, CreateGuard.ANSWER)


def test_what_cannot_be_read_is_not_taken_for_absent(server, client):
    server.answer("GET", THING, FORBIDDEN)

    with pytest.raises(AzureError) as refused:
        create(client, CreateGuard.READ)

    assert refused.value.code == "AuthorizationFailed"
    assert server.log == [f"GET {THING}"]


def test_the_header_is_sent_where_the_provider_takes_it(server, client):
    server.answer("PUT", THING, CREATED)
    create(client, CreateGuard.CONDITION)
    assert server.requests[-1].headers["If-None-Match"] == "*"

    server.answer("GET", THING, ABSENT)
    server.answer("PUT", THING, CREATED)
    create(client, CreateGuard.READ)
    assert "If-None-Match" not in server.requests[-1].headers


def test_an_accepted_creation_that_failed_is_sent_again_without_the_header(server, client):
    """What is there after that is our own, half made; the header would refuse it for ever."""
    failed = {**OURS, "properties": {"provisioningState": "Failed"}}
    later = {"Azure-AsyncOperation": f"{{endpoint}}{GROUP}/operations/1?api-version=2026-01-01"}
    server.answer("PUT", THING, Reply(201, failed, later), Reply(200, OURS))
    reason = {"code": "AnotherOperationInProgress", "message": "wait"}
    server.answer("GET", f"{GROUP}/operations/1", Reply(200, {"status": "Failed", "error": reason}))

    assert create(client, CreateGuard.ANSWER) == OURS
    first, last = (request for request in server.requests if request.method == "PUT")
    assert first.headers["If-None-Match"] == "*"
    assert "If-None-Match" not in last.headers
