"""Queries of the activity log: the events that match a `$filter`, newest first, in pages.

Source: "Activity Logs - List" of the Monitor REST reference (the patterns of `$filter`, the names
that `$select` takes, `nextLink`); "Azure Activity Log event schema" (the administrative category);
a recording of the Azure CLI's own tests (test_activity_log_list_scenario: the start that is too
old); `az monitor activity-log list` and `az role assignment list-changelogs` (times and names
without quotes).
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from provisioner.model.resource_id import parse_resource_id, subscription_id
from provisioner.simulator.odata.conditions import (
    Property,
    Vocabulary,
    compile_condition,
    names_in,
    read_moment,
)
from provisioner.simulator.odata.syntax import (
    Call,
    Comparison,
    FilterError,
    parse_filter,
    parts_of,
)
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.protocol.query_options import check_query_options
from provisioner.simulator.state.clock import format_time, parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Event, EventStatus, Origin

RETENTION = timedelta(days=90)
_PAGE = 200


def list_events(cloud: Cloud, request: Request, subscription: str) -> Answer:
    """Answer the events of a subscription that match `$filter`, newest first, in pages."""
    check_query_options(request, ("$filter", "$select", "$skiptoken"))
    until, start = _page_position(cloud, request)
    matches = _read_filter(cloud, request.query.get("$filter", ""))
    if isinstance(matches, Answer):
        return matches
    found = [
        event
        for event in _retained_events(cloud, subscription)
        if parse_time(event.submitted) <= until and matches(event)
    ]
    found.sort(key=lambda event: parse_time(event.at), reverse=True)
    size = min(_PAGE, cloud.page_size)
    tenant = cloud.tenant_of(subscription)
    shown = [_render_event(event, tenant) for event in found[start : start + size]]
    names = {name.strip().lower() for name in request.query.get("$select", "").split(",")} - {""}
    if names:
        shown = [{k: v for k, v in entry.items() if k.lower() in names} for entry in shown]
    body: dict[str, Any] = {"value": shown}
    if start + size < len(found):
        token = f"{format_time(until)}|{start + size}"
        query = urlencode({**request.query, "$skiptoken": token})
        body["nextLink"] = f"{request.base}{request.path}?{query}"
    return Answer(200, body)


def _page_position(cloud: Cloud, request: Request) -> tuple[datetime, int]:
    """Return the time of the first page's request, and the number of events on earlier pages.

    Later pages show the log as it was at that time, so that new events do not shift the pages.

    Raises:
        RefusalError: the token is malformed.
    """
    token = request.query.get("$skiptoken")
    if token is None:
        return cloud.now(), 0
    moment, _, start = token.partition("|")
    try:
        return parse_time(moment), int(start)
    except ValueError:
        raise RefusalError(400, "BadRequest", f"'$skipToken' is not valid: '{token}'.") from None


def _retained_events(cloud: Cloud, subscription: str) -> Iterator[Event]:
    oldest = cloud.now() - RETENTION
    prefix = f"{subscription_id(subscription).key}/"
    for _, event in reversed(cloud.store.events.items()):
        if f"{event.origin.target}/".lower().startswith(prefix) and parse_time(event.at) >= oldest:
            yield event


_EXCLUSIVE = ("resourcegroupname", "resourceuri", "resourceid", "resourceprovider", "correlationid")
_Test = Callable[[Event], bool]


def _read_filter(cloud: Cloud, text: str) -> _Test | Answer:
    """Return the predicate of a `$filter`, or the refusal of an unsupported one."""
    try:
        condition = parse_filter(text)
        test = compile_condition(condition, _VOCABULARY)
        starts = [
            read_moment(part.right.text)
            for part in parts_of(condition)
            if isinstance(part, Comparison) and part.operator == "ge"
            if not isinstance(part.right, Call)
        ]
    except FilterError as problem:
        return _bad_filter(problem)
    named = names_in(condition)
    if not starts or sum(name in named for name in _EXCLUSIVE) > 1:
        return _bad_filter(
            f"a start is asked for by eventTimestamp ge, and one of {', '.join(_EXCLUSIVE)} at most"
        )
    if max(starts) < cloud.now() - RETENTION:
        return _bad_request("The start time cannot be more than 90 days in the past.")
    return test


def _bad_filter(reason: object) -> Answer:
    return _bad_request(f"$filter searching parameters invalid. ({reason})")


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


_CHANNEL = "Operation"


def _read_channel(text: str) -> bool:
    """Return whether a list of channels contains the channel of all events here."""
    return _CHANNEL.lower() in (each.strip().lower() for each in text.split(","))


def _type_of(event: Event) -> str:
    target = parse_resource_id(event.origin.target)
    return event.origin.action.rpartition("/")[0] if target is None else target.type


_VOCABULARY: Vocabulary[Event] = Vocabulary(
    properties={
        "eventtimestamp": Property(
            lambda event: event.at, operators=("ge", "le"), normalise=read_moment
        ),
        "resourcegroupname": Property(_group_of),
        "resourceuri": Property(lambda event: event.origin.target),
        "resourceid": Property(lambda event: event.origin.target),
        "resourceprovider": Property(_provider_of),
        "resourcetype": Property(_type_of),
        "correlationid": Property(lambda event: event.origin.correlation),
        "caller": Property(_caller_of),
        "status": Property(lambda event: event.status.value),
        # All that is logged here are operations: PowerShell asks for 'Admin, Operation'.
        "eventchannels": Property(lambda event: _CHANNEL, normalise=_read_channel),
    }
)


def _render_event(event: Event, tenant: str) -> dict[str, Any]:
    """Return an event as the API answers it; localized names equal the values."""
    origin = event.origin
    is_start = event.status is EventStatus.STARTED
    moment = parse_time(event.at)
    ticks = int((moment - datetime(1, 1, 1, tzinfo=moment.tzinfo)).total_seconds() * 10_000_000)
    properties: dict[str, str] = {"entity": origin.target, "message": origin.action}
    if event.detail:
        properties["statusCode"] = event.detail
    if event.message:
        properties["statusMessage"] = event.message
    return {
        "authorization": {"action": origin.action, "scope": origin.target},
        "caller": _caller_of(event),
        "channels": _CHANNEL,
        "claims": _token_claims(origin, tenant),
        "correlationId": origin.correlation,
        "description": "",
        "eventDataId": event.id,
        "eventName": {
            "value": "BeginRequest" if is_start else "EndRequest",
            "localizedValue": "Begin request" if is_start else "End request",
        },
        "category": _localized("Administrative"),
        "eventTimestamp": event.at,
        "id": f"{origin.target}/events/{event.id}/ticks/{ticks}",
        "level": "Error" if event.status is EventStatus.FAILED else "Informational",
        "operationId": origin.operation,
        "operationName": _localized(origin.action),
        "resourceGroupName": _group_of(event),
        "resourceProviderName": _localized(_provider_of(event)),
        "resourceType": _localized(_type_of(event)),
        "resourceId": origin.target,
        "status": _localized(event.status.value),
        "subStatus": _localized(event.detail),
        "submissionTimestamp": event.submitted,
        "subscriptionId": origin.target.split("/")[2],
        "tenantId": tenant,
        "httpRequest": {
            "clientRequestId": origin.client_request,
            "clientIpAddress": "127.0.0.1",
            "method": origin.method,
        },
        "properties": properties,
        "relatedEvents": [],
    }


def _localized(text: str) -> dict[str, str]:
    return {"value": text, "localizedValue": text}


def _token_claims(origin: Origin, tenant: str) -> dict[str, str]:
    claims = {
        "aud": "https://management.core.windows.net/",
        "appid": origin.app_id,
        "ipaddr": "127.0.0.1",
        "http://schemas.microsoft.com/identity/claims/objectidentifier": origin.caller,
        "http://schemas.microsoft.com/identity/claims/tenantid": tenant,
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": origin.name,
    }
    return {name: value for name, value in claims.items() if value is not None}
