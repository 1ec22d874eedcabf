"""Leases of blob containers (POST lease): acquire, renew, change, release, break.

Source: the Storage resource provider's "Blob Containers - Lease" for the shapes (`leaseTimeSeconds`
is a string), and "Lease Container" of Blob Storage for the effect of each action in each state,
with the codes.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from provisioner.model.resource_id import ResourceId
from provisioner.simulator.bodies.lease_states import FOREVER, LeaseState, seconds_left, state_of
from provisioner.simulator.protocol.errors import RefusalError, ResourceNotFoundError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.clock import format_time, parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.existence import check_scope_exists
from provisioner.simulator.state.records import Lease

_SHORTEST, _LONGEST = 15, 60


def lease_container(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer one lease action: 200 with `leaseId` and `leaseTimeSeconds`.

    Raises:
        ResourceNotFoundError: the container does not exist.
        InvalidLeaseParameterError: the action is unknown.
    """
    container = ResourceId.parse(request.path.rstrip("/").rpartition("/")[0])
    resource_type = cloud.type_of(container)
    if cloud.find(container) is None:
        check_scope_exists(cloud, resource_type, container, writing=False)
        raise ResourceNotFoundError(cloud.canonical(container), resource_type.codes.not_found)
    document = request.read_object()
    action = _ACTIONS.get(str(document.get("action", "")).lower())
    if action is None:
        raise InvalidLeaseParameterError("action")
    current = cloud.store.leases.get(container.key)
    after, left = action(cloud, current, document)
    if after is None:
        cloud.store.leases.remove(container.key)
    else:
        cloud.store.leases.put(container.key, after)
    remaining = {} if left is None else {"leaseTimeSeconds": str(left)}
    shown_lease = after or current
    return Answer(200, {"leaseId": shown_lease.id if shown_lease else None, **remaining})


_LeaseAndTime = tuple[Lease | None, int | None]


def _acquire(cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _LeaseAndTime:
    seconds = document.get("leaseDuration")
    if not isinstance(seconds, int) or not (seconds == FOREVER or _SHORTEST <= seconds <= _LONGEST):
        raise InvalidLeaseParameterError("leaseDuration")
    proposed = _read_guid(document, "proposedLeaseId")
    state = state_of(cloud, current)
    is_same_id = current is not None and proposed == current.id
    if state is LeaseState.LEASED and not is_same_id:
        raise LeaseConflictError("LeaseAlreadyPresent", "There is already a lease present.")
    if state is LeaseState.BREAKING:
        if is_same_id:
            raise LeaseConflictError(
                "LeaseIsBreakingAndCannotBeAcquired",
                "The lease ID matched, but the lease is currently in breaking state and cannot be "
                "acquired until it is broken.",
            )
        raise LeaseConflictError("LeaseAlreadyPresent", "There is already a lease present.")
    return Lease(proposed or str(uuid.uuid4()), seconds, format_time(cloud.now())), None


def _renew(cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _LeaseAndTime:
    """Renew a lease; an expired one too, unless another one was acquired since.

    Raises:
        LeaseConflictError: the lease is broken, or has another id.
    """
    lease = _lease_with_id(current, document)
    if lease.breaks is not None:
        raise LeaseConflictError(
            "LeaseIsBrokenAndCannotBeRenewed",
            "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.",
        )
    return Lease(lease.id, lease.seconds, format_time(cloud.now())), None


def _change(cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _LeaseAndTime:
    proposed = _read_guid(document, "proposedLeaseId")
    if proposed is None:
        raise InvalidLeaseParameterError("proposedLeaseId")
    state = state_of(cloud, current)
    if current is None or state in (LeaseState.EXPIRED, LeaseState.BROKEN):
        raise LeaseNotPresentError()
    if state is LeaseState.BREAKING:
        raise LeaseConflictError(
            "LeaseIsBreakingAndCannotBeChanged",
            "The lease ID matched, but the lease is currently in breaking state and cannot be "
            "changed.",
        )
    lease = current if proposed == current.id else _lease_with_id(current, document)
    return Lease(proposed, lease.seconds, lease.renewed), None


def _release(_cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _LeaseAndTime:
    _lease_with_id(current, document)
    return None, None


def _break(cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _LeaseAndTime:
    """Break a lease, which needs no lease id; without a period a fixed lease goes on to its end.

    Raises:
        InvalidLeaseParameterError: the period is out of range.
        LeaseNotPresentError: there is no lease.
    """
    period = document.get("breakPeriod")
    if period is not None and not (isinstance(period, int) and 0 <= period <= _LONGEST):
        raise InvalidLeaseParameterError("breakPeriod")
    if current is None:
        raise LeaseNotPresentError()
    bounds = [0.0]
    if state_of(cloud, current) is LeaseState.BREAKING and current.breaks is not None:
        bounds = [(parse_time(current.breaks) - cloud.now()).total_seconds()]
    elif state_of(cloud, current) is LeaseState.LEASED:
        bounds = [] if current.seconds == FOREVER else [seconds_left(cloud, current)]
    if period is not None:
        bounds.append(float(period))
    wait = min(bounds, default=0.0)
    breaks = format_time(cloud.now() + timedelta(seconds=wait))
    return Lease(current.id, current.seconds, current.renewed, breaks), round(wait)


_ACTIONS: dict[str, Callable[[Cloud, Lease | None, Mapping[str, Any]], _LeaseAndTime]] = {
    "acquire": _acquire,
    "renew": _renew,
    "change": _change,
    "release": _release,
    "break": _break,
}


def _lease_with_id(current: Lease | None, document: Mapping[str, Any]) -> Lease:
    """Return the lease if the request has its id.

    Raises:
        LeaseConflictError: it does not.
    """
    if current is None or _read_guid(document, "leaseId") != current.id:
        raise LeaseConflictError(
            "LeaseIdMismatchWithLeaseOperation",
            "The lease ID specified did not match the lease ID for the container.",
        )
    return current


def _read_guid(document: Mapping[str, Any], name: str) -> str | None:
    text = document.get(name)
    if text is None:
        return None
    try:
        return str(uuid.UUID(str(text)))
    except ValueError:
        raise InvalidLeaseParameterError(name) from None


class LeaseConflictError(RefusalError):
    """A lease action that the lease's state does not allow."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(409, code, message, by_provider=True)


class LeaseNotPresentError(LeaseConflictError):
    """The container has no lease."""

    def __init__(self) -> None:
        super().__init__(
            "LeaseNotPresentWithLeaseOperation", "There is currently no lease on the container."
        )


class InvalidLeaseParameterError(RefusalError):
    """A member of a lease request is missing or invalid."""

    def __init__(self, name: str) -> None:
        super().__init__(
            400,
            "InvalidValuesForRequestParameters",
            f"Values for request parameters are invalid: {name}.",
            target=name,
            by_provider=True,
        )
