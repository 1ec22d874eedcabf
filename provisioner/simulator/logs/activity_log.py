"""The activity log: an event when a write starts, when it is accepted, and when it ends.

Source: "Azure Activity Log event schema" (the administrative category). Request bodies are not
logged. `event_queries` answers the log.
"""

import re
import uuid
from dataclasses import replace
from urllib.parse import urlsplit

from provisioner.model.resource_id import parse_resource_id
from provisioner.simulator.authorization.required_permissions import required_permissions
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Event, EventStatus, Operation, Origin

_DELAY = 180.0
"""Seconds until an event is shown: "3 to 20 minutes" (Activity log in Azure Monitor)."""
_VERBS = {"PUT": "write", "PATCH": "write", "DELETE": "delete"}
_PROVIDER_ACTION = re.compile("/subscriptions/[^/]+/providers/([^/]+)/([^/]+)/?", re.IGNORECASE)
_UNLOGGED = frozenset({401, 429})
"""Refused before anything is known of the write: no token, too many requests."""


def read_origin(cloud: Cloud, request: Request) -> Origin | None:
    """Return the write of a request; None for a request that changes nothing."""
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
    required = required_permissions(cloud, request)
    if required:
        return None if required[0].action.endswith("/read") else required[0].action
    provider = _PROVIDER_ACTION.fullmatch(request.path)
    if request.method == "POST" and provider is not None:
        return f"{provider[1]}/{provider[2]}/action"
    resource = parse_resource_id(request.path.rstrip("/"))
    verb = _VERBS.get(request.method)
    return f"{resource.type}/{verb}" if resource is not None and verb is not None else None


def record_start(cloud: Cloud) -> None:
    """Log the start of the current write."""
    if cloud.origin is not None:
        _append_event(cloud, cloud.origin, EventStatus.STARTED, "")


def record_answer(cloud: Cloud, answer: Answer) -> None:
    """Log the answer to the current write: succeeded, or accepted if an operation follows.

    If the operation ended before the answer, its end is in the log already (`record_end`), and
    nothing is added.
    """
    if cloud.origin is None or _has_ended(cloud, answer):
        return
    follows = "Azure-AsyncOperation" in answer.headers or "Location" in answer.headers
    status = EventStatus.ACCEPTED if follows else EventStatus.SUCCEEDED
    _append_event(cloud, cloud.origin, status, _status_text(answer.status))


def _has_ended(cloud: Cloud, answer: Answer) -> bool:
    """Return whether the operation that an answer's headers name has ended."""
    for name in ("Azure-AsyncOperation", "Location"):
        token = urlsplit(answer.headers.get(name, "")).path.rpartition("/")[2]
        operation = cloud.store.operations.get(token.lower()) if token else None
        if operation is not None and operation.settled:
            return True
    return False


def record_refusal(cloud: Cloud, origin: Origin | None, refusal: RefusalError) -> None:
    """Log the start and the failure of a refused write."""
    if origin is None or refusal.status in _UNLOGGED:
        return
    _append_event(cloud, origin, EventStatus.STARTED, "")
    message = f"{refusal.code}: {refusal.message}"
    _append_event(cloud, origin, EventStatus.FAILED, _status_text(refusal.status), message)


def record_end(cloud: Cloud, operation: Operation) -> None:
    """Log the result of a long-running operation, at the time when it ended."""
    if operation.origin is None:
        return
    status = EventStatus.FAILED if operation.error else EventStatus.SUCCEEDED
    message = ": ".join(operation.error or ())
    _append_event(cloud, operation.origin, status, "", message, at=operation.ends)


def write_within(origin: Origin | None, action: str, target: str) -> Origin | None:
    """Return a write that another one causes: a resource of a deployment or of a deleted group.

    Both have the same correlation id and caller.
    """
    if origin is None:
        return None
    return replace(origin, action=action, target=target, operation=str(uuid.uuid4()))


def record_success(cloud: Cloud, origin: Origin | None) -> None:
    """Log the start and the success of a write."""
    if origin is not None:
        _append_event(cloud, origin, EventStatus.STARTED, "")
        _append_event(cloud, origin, EventStatus.SUCCEEDED, "OK")


def _append_event(
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


def _status_text(status: int) -> str:
    return _STATUS_TEXTS.get(status, str(status))


_STATUS_TEXTS = {
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
