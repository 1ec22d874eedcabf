"""The Activity Log: an event when a write begins, when it is accepted, and when it ends.

Facts: "Activity Logs - List" of the Monitor REST reference (the patterns of `$filter`, the names
that `$select` takes, `nextLink`); "Azure Activity Log event schema" (the administrative category);
a recording of the Azure CLI's own tests (test_activity_log_list_scenario: the start that is too
old). Request bodies are not logged.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from provisioner.model.resource_id import parse_resource_id, subscription_id
from provisioner.simulator.authorization.demands import demands_of
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.exchange import Answer, Request
from provisioner.simulator.state.clock import format_time, parse_time
from provisioner.simulator.state.cloud import TENANT, Cloud
from provisioner.simulator.state.records import Event, EventStatus, Operation, Origin

RETENTION = timedelta(days=90)
_DELAY = 180.0
"""Seconds until an event is shown: "3 to 20 minutes" (Activity log in Azure Monitor)."""
_PAGE = 200
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
    """Log the answer to a write: that it is done, or accepted where an operation follows."""
    if cloud.origin is None:
        return
    follows = "Azure-AsyncOperation" in answer.headers or "Location" in answer.headers
    status = EventStatus.ACCEPTED if follows else EventStatus.SUCCEEDED
    _record(cloud, cloud.origin, status, _in_words(answer.status))


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


def list_events(cloud: Cloud, request: Request, subscription: str) -> Answer:
    """Answer the events of a subscription that `$filter` names, the newest first, in pages."""
    until, start = _position(cloud, request)
    wanted = _read_filter(cloud, request.query.get("$filter", ""))
    if isinstance(wanted, Answer):
        return wanted
    found = [
        event
        for event in _kept(cloud, subscription)
        if parse_time(event.submitted) <= until and wanted(event)
    ]
    found.sort(key=lambda event: parse_time(event.at), reverse=True)
    size = min(_PAGE, cloud.page_size)
    shown = [_show(event) for event in found[start : start + size]]
    names = {name.strip().lower() for name in request.query.get("$select", "").split(",")} - {""}
    if names:
        shown = [{k: v for k, v in entry.items() if k.lower() in names} for entry in shown]
    body: dict[str, Any] = {"value": shown}
    if start + size < len(found):
        token = f"{format_time(until)}|{start + size}"
        query = urlencode({**request.query, "$skiptoken": token})
        body["nextLink"] = f"{request.base}{request.path}?{query}"
    return Answer(200, body)


def _position(cloud: Cloud, request: Request) -> tuple[datetime, int]:
    """Return until when events were shown on the first page, and how many earlier pages had."""
    token = request.query.get("$skiptoken")
    if token is None:
        return cloud.now(), 0
    moment, _, start = token.partition("|")
    try:
        return parse_time(moment), int(start)
    except ValueError:
        raise RefusalError(400, "BadRequest", f"'$skipToken' is not valid: '{token}'.") from None


def _kept(cloud: Cloud, subscription: str) -> Iterator[Event]:
    oldest = cloud.now() - RETENTION
    prefix = f"{subscription_id(subscription).key}/"
    for _, event in reversed(cloud.store.events.items()):
        if f"{event.origin.target}/".lower().startswith(prefix) and parse_time(event.at) >= oldest:
            yield event


_CLAUSE = re.compile(r"(\w+)\s+(ge|le|eq)\s+(?:'([^']*)'|(\S+))", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_EXCLUSIVE = ("resourcegroupname", "resourceuri", "resourceid", "resourceprovider", "correlationid")
_Test = Callable[[Event], bool]


def _read_filter(cloud: Cloud, text: str) -> _Test | Answer:
    """Return the test that a `$filter` is, or the refusal of one that is none of the patterns."""
    tests: list[_Test] = []
    named: list[str] = []
    start: datetime | None = None
    for clause in _AND.split(text.strip()):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            return _bad_filter()
        name, operator, value = match[1].lower(), match[2].lower(), match[3] or match[4] or ""
        named.append(name)
        if name == "eventtimestamp" and operator != "eq":
            try:
                moment = parse_time(value)
            except ValueError:
                return _bad_filter()
            tests.append(_timed(moment, operator))
            start = moment if operator == "ge" else start
        elif operator == "eq" and name in _TEXTS:
            tests.append(_equal(_TEXTS[name], value))
        else:
            return _bad_filter()
    if start is None or sum(name in _EXCLUSIVE for name in named) > 1:
        return _bad_filter()
    if start < cloud.now() - RETENTION:
        return _bad_request("The start time cannot be more than 90 days in the past.")
    return lambda event: all(test(event) for test in tests)


def _timed(moment: datetime, operator: str) -> _Test:
    if operator == "ge":
        return lambda event: parse_time(event.at) >= moment
    return lambda event: parse_time(event.at) <= moment


def _equal(read: Callable[[Event], str], value: str) -> _Test:
    return lambda event: read(event).lower() == value.lower()


def _bad_filter() -> Answer:
    return _bad_request("$filter searching parameters invalid.")


def _bad_request(message: str) -> Answer:
    """Return a refusal in the shape of this provider: flat, without an envelope (recorded)."""
    return Answer(400, {"code": "BadRequest", "message": message})


def _group_of(event: Event) -> str:
    resource = parse_resource_id(event.origin.target)
    return (resource.resource_group if resource else None) or ""


def _provider_of(event: Event) -> str:
    return event.origin.action.partition("/")[0]


def _caller_of(event: Event) -> str:
    return event.origin.name or event.origin.caller


_TEXTS: Mapping[str, Callable[[Event], str]] = {
    "resourcegroupname": _group_of,
    "resourceuri": lambda event: event.origin.target,
    "resourceid": lambda event: event.origin.target,
    "resourceprovider": _provider_of,
    "correlationid": lambda event: event.origin.correlation,
    "caller": _caller_of,
    "status": lambda event: event.status.value,
}


def _show(event: Event) -> dict[str, Any]:
    """Return an event as the API answers it. Names that people read are as good as the others."""
    origin = event.origin
    begins = event.status is EventStatus.STARTED
    moment = parse_time(event.at)
    ticks = int((moment - datetime(1, 1, 1, tzinfo=moment.tzinfo)).total_seconds() * 10_000_000)
    properties: dict[str, str] = {"entity": origin.target, "message": origin.action}
    if event.detail:
        properties["statusCode"] = event.detail
    if event.message:
        properties["statusMessage"] = event.message
    target = parse_resource_id(origin.target)
    return {
        "authorization": {"action": origin.action, "scope": origin.target},
        "caller": _caller_of(event),
        "channels": "Operation",
        "claims": _claims(origin),
        "correlationId": origin.correlation,
        "description": "",
        "eventDataId": event.id,
        "eventName": {
            "value": "BeginRequest" if begins else "EndRequest",
            "localizedValue": "Begin request" if begins else "End request",
        },
        "category": _named("Administrative"),
        "eventTimestamp": event.at,
        "id": f"{origin.target}/events/{event.id}/ticks/{ticks}",
        "level": "Error" if event.status is EventStatus.FAILED else "Informational",
        "operationId": origin.operation,
        "operationName": _named(origin.action),
        "resourceGroupName": _group_of(event),
        "resourceProviderName": _named(_provider_of(event)),
        "resourceType": _named(origin.action.rpartition("/")[0] if target is None else target.type),
        "resourceId": origin.target,
        "status": _named(event.status.value),
        "subStatus": _named(event.detail),
        "submissionTimestamp": event.submitted,
        "subscriptionId": origin.target.split("/")[2],
        "tenantId": TENANT,
        "httpRequest": {
            "clientRequestId": origin.client_request,
            "clientIpAddress": "127.0.0.1",
            "method": origin.method,
        },
        "properties": properties,
        "relatedEvents": [],
    }


def _named(text: str) -> dict[str, str]:
    return {"value": text, "localizedValue": text}


def _claims(origin: Origin) -> dict[str, str]:
    claims = {
        "aud": "https://management.core.windows.net/",
        "appid": origin.app_id,
        "ipaddr": "127.0.0.1",
        "http://schemas.microsoft.com/identity/claims/objectidentifier": origin.caller,
        "http://schemas.microsoft.com/identity/claims/tenantid": TENANT,
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": origin.name,
    }
    return {name: value for name, value in claims.items() if value is not None}
