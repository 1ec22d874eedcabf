"""Events of the Activity Log, combined into the writes that they describe.

Source: "Azure Activity Log event schema". One write has several events: it begins, is accepted, and
ends. They share operation id, correlation id, caller, resource and operation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from provisioner.attribution.window import read_moment
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body

SELECT = "caller,claims,correlationId,eventTimestamp,operationId,operationName,resourceId,status"
"""The properties of an event that are asked for: no bodies (`properties`), no addresses."""

_OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_APPLICATION = "appid"


class Outcome(StrEnum):
    """How far a write is known to have come."""

    STARTED = "started"
    ACCEPTED = "accepted"
    FAILED = "failed"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True, slots=True)
class Write:
    """One write that Azure accepted.

    actor        the log's `caller`: a user principal name, or an object id
    application  the id of the client application in the token (`appid`)
    at           the time of its first event
    """

    target: ResourceId
    action: str
    actor: str | None
    object_id: str | None
    application: str | None
    at: datetime
    correlation: str
    outcome: Outcome

    @property
    def deletes(self) -> bool:
        """Whether it deleted its target."""
        return self.action.lower().endswith("/delete")

    @property
    def is_action(self) -> bool:
        """Whether it is an operation other than a write or a delete (start, listKeys)."""
        return self.action.lower().endswith("/action")


@dataclass(frozen=True, slots=True)
class _Event:
    target: ResourceId
    action: str
    caller: str | None
    object_id: str | None
    application: str | None
    at: datetime
    correlation: str
    operation: str
    status: str


def read_writes(bodies: Iterable[Body]) -> tuple[Write, ...]:
    """Return the writes that events describe, the newest first.

    A write that was refused changed nothing and is left out, and so is an event without a resource
    id, a time or an operation, which cannot be attributed. The client chooses the correlation id of
    a request, so that events of two callers are never combined, and an event without a correlation
    id is one write.
    """
    grouped: dict[tuple[str, ...], list[_Event]] = {}
    for number, body in enumerate(bodies):
        event = _read_event(body)
        if event is not None:
            key = (
                event.correlation or str(number),
                event.operation,
                (event.object_id or event.caller or "").lower(),
                event.target.key,
                event.action.lower(),
            )
            grouped.setdefault(key, []).append(event)
    writes = (_combine_events(events) for events in grouped.values())
    found = [write for write in writes if write is not None]
    return tuple(sorted(found, key=lambda write: write.at, reverse=True))


def read_targets(bodies: Iterable[Body]) -> tuple[tuple[ResourceId, ...], int]:
    """Return the resources that events name, and how many events name none that can be read.

    Every event counts, also one of a write that was refused: it may be the end of a write that was
    accepted before, and changed something on the way.
    """
    read = [parse_resource_id(body.get("resourceId")) for body in bodies]
    found = tuple(target for target in read if target is not None)
    return found, len(read) - len(found)


def oldest_event(bodies: Iterable[Body]) -> datetime | None:
    """Return the time of the oldest of some events."""
    moments = (read_moment(body.get("eventTimestamp")) for body in bodies)
    return min((moment for moment in moments if moment is not None), default=None)


def _combine_events(events: list[_Event]) -> Write | None:
    statuses = {event.status.lower() for event in events}
    accepted = bool(statuses & {"accepted", "created"})
    if "succeeded" in statuses:
        outcome = Outcome.SUCCEEDED
    elif "failed" in statuses:
        # A write that was accepted and failed later may have changed something before it did.
        if not accepted:
            return None
        outcome = Outcome.FAILED
    else:
        outcome = Outcome.ACCEPTED if accepted else Outcome.STARTED
    first = min(events, key=lambda event: event.at)
    return Write(
        target=first.target,
        action=first.action,
        actor=_first_stated(event.caller for event in events),
        object_id=_first_stated(event.object_id for event in events),
        application=_first_stated(event.application for event in events),
        at=first.at,
        correlation=first.correlation,
        outcome=outcome,
    )


def _first_stated(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _read_event(body: Body) -> _Event | None:
    target = parse_resource_id(body.get("resourceId"))
    at = read_moment(body.get("eventTimestamp"))
    action = _localized_value(body.get("operationName"))
    if target is None or at is None or not action:
        return None
    claims: Any = body.get("claims")
    claims = claims if isinstance(claims, Mapping) else {}
    return _Event(
        target=target,
        action=action,
        caller=text_of(body.get("caller")),
        object_id=text_of(claims.get(_OBJECT_ID)),
        application=text_of(claims.get(_APPLICATION)),
        at=at,
        correlation=(text_of(body.get("correlationId")) or "").lower(),
        operation=(text_of(body.get("operationId")) or "").lower(),
        status=_localized_value(body.get("status")),
    )


def _localized_value(named: object) -> str:
    """Return the text of a `{value, localizedValue}`."""
    value = named.get("value") if isinstance(named, Mapping) else named
    return text_of(value) or ""


def text_of(value: object) -> str | None:
    """Return a text that is not blank, cut to 300 characters; None for any other value.

    The bound is for documents: a caller chooses some of these texts, and a report shows them.
    """
    return value[:300] if isinstance(value, str) and value.strip() else None
