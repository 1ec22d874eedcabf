"""The Activity Log: an event when a write begins, when it is accepted, and when it ends.

Source: "Azure Activity Log event schema" (the administrative category). Request bodies are not
logged. `event_queries` answers what was logged.
"""

import re
import uuid
from dataclasses import replace
from urllib.parse import urlsplit

from provisioner.model.resource_id import parse_resource_id
from provisioner.simulator.authorization.required_permissions import demands_of
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Event, EventStatus, Operation, Origin

_DELAY = 180.0
"""Seconds until an event is shown: "3 to 20 minutes" (Activity log in Azure Monitor)."""
_VERBS = {"PUT": "write", "PATCH": "write", "DELETE": "delete"}
_OF_PROVIDER = re.compile("/subscriptions/[^/]+/providers/([^/]+)/([^/]+)/?", re.IGNORECASE)
_UNLOGGED = frozenset({401, 429})
"""Refused before anything is known of the write: no token, too many requests."""


def read_origin(cloud: Cloud, request: Request) -> Origin | None:
    """Return the write that a request is, or None for one that changes nothing."""
    action = _action_of(cloud, request)
    if action is None or not request.path.lower().startswith("/subscriptions/"):
        return None
    caller = read_caller(request)
    path = request.path.rstrip("/")
    return Origin(
        action=action,
        target=path.rpartition("/")[0] if request.method == "POST" else path,
        method=request.method,
        caller=caller.object_id,
        app_id=caller.client,
        name=caller.name if caller.is_person else None,
        correlation=request.correlation_id,
        operation=str(uuid.uuid4()),
        client_request=request.headers.get("x-ms-client-request-id", request.correlation_id)[:100],
    )


def _action_of(cloud: Cloud, request: Request) -> str | None:
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    demands = demands_of(cloud, request)
    if demands:
        return None if demands[0].action.endswith("/read") else demands[0].action
    provider = _OF_PROVIDER.fullmatch(request.path)
    if request.method == "POST" and provider is not None:
        return f"{provider[1]}/{provider[2]}/action"
    resource = parse_resource_id(request.path.rstrip("/"))
    verb = _VERBS.get(request.method)
    return f"{resource.type}/{verb}" if resource is not None and verb is not None else None


def record_begin(cloud: Cloud) -> None:
    """Log that the write that is being answered begins."""
    if cloud.origin is not None:
        _record(cloud, cloud.origin, EventStatus.STARTED, "")


def record_answer(cloud: Cloud, answer: Answer) -> None:
    """Log the answer to a write: that it is done, or accepted where an operation follows. One that
    ended before the answer has its end in the log already (`record_end`), and nothing after it."""
    if cloud.origin is None or _has_ended(cloud, answer):
        return
    follows = "Azure-AsyncOperation" in answer.headers or "Location" in answer.headers
    status = EventStatus.ACCEPTED if follows else EventStatus.SUCCEEDED
    _record(cloud, cloud.origin, status, _in_words(answer.status))


def _has_ended(cloud: Cloud, answer: Answer) -> bool:
    """Return whether the operation that an answer names has ended."""
    for name in ("Azure-AsyncOperation", "Location"):
        token = urlsplit(answer.headers.get(name, "")).path.rpartition("/")[2]
        operation = cloud.store.operations.get(token.lower()) if token else None
        if operation is not None and operation.settled:
            return True
    return False


def record_refusal(cloud: Cloud, origin: Origin | None, refusal: RefusalError) -> None:
    """Log that a write was refused: its beginning and its failure."""
    if origin is None or refusal.status in _UNLOGGED:
        return
    _record(cloud, origin, EventStatus.STARTED, "")
    message = f"{refusal.code}: {refusal.message}"
    _record(cloud, origin, EventStatus.FAILED, _in_words(refusal.status), message)


def record_end(cloud: Cloud, operation: Operation) -> None:
    """Log how a long operation ended, at the time at which it did."""
    if operation.origin is None:
        return
    status = EventStatus.FAILED if operation.error else EventStatus.SUCCEEDED
    message = ": ".join(operation.error or ())
    _record(cloud, operation.origin, status, "", message, at=operation.ends)


def write_within(origin: Origin | None, action: str, target: str) -> Origin | None:
    """Return a write that another one makes in its caller's name: a resource of a deployment, one
    of a deleted group. They share the correlation id."""
    if origin is None:
        return None
    return replace(origin, action=action, target=target, operation=str(uuid.uuid4()))


def record_success(cloud: Cloud, origin: Origin | None) -> None:
    """Log that a write began and is done."""
    if origin is not None:
        _record(cloud, origin, EventStatus.STARTED, "")
        _record(cloud, origin, EventStatus.SUCCEEDED, "OK")


def _record(
    cloud: Cloud,
    origin: Origin,
    status: EventStatus,
    detail: str,
    message: str = "",
    at: str = "",
) -> None:
    at = at or cloud.stamp()
    event = Event(
        id=str(uuid.uuid4()),
        origin=origin,
        status=status,
        detail=detail,
        message=message[:2000],
        at=at,
        submitted=cloud.stamp_after(_DELAY, at),
    )
    cloud.store.events.append(event.id, event)


def _in_words(status: int) -> str:
    return _WORDS.get(status, str(status))


_WORDS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "NoContent",
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    412: "PreconditionFailed",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
