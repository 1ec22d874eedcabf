"""POST …/containers/NAME/lease: a lease on a blob container is taken, renewed, released, broken.

Source: the Storage resource provider's "Blob Containers - Lease" for the shape of request and
answer (`leaseTimeSeconds` is a string), and "Lease Container" of Blob Storage for what each action
does in each state, with the codes.
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
from provisioner.simulator.state.existence import check_place
from provisioner.simulator.state.records import Lease

_SHORTEST, _LONGEST = 15, 60


def lease_container(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer one lease action: 200 with `leaseId` and `leaseTimeSeconds`."""
    container = ResourceId.parse(request.path.rstrip("/").rpartition("/")[0])
    resource_type = cloud.type_of(container)
    if cloud.find(container) is None:
        check_place(cloud, resource_type, container, writing=False)
        raise ResourceNotFoundError(cloud.canonical(container), resource_type.codes.not_found)
    document = request.read_object()
    action = _ACTIONS.get(str(document.get("action", "")).lower())
    if action is None:
        raise _invalid("action")
    current = cloud.store.leases.get(container.key)
    after, left = action(cloud, current, document)
    if after is None:
        cloud.store.leases.remove(container.key)
    else:
        cloud.store.leases.put(container.key, after)
    told = {} if left is None else {"leaseTimeSeconds": str(left)}
    held = after or current
    return Answer(200, {"leaseId": held.id if held else None, **told})


_Outcome = tuple[Lease | None, int | None]


def _acquire(cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _Outcome:
    seconds = document.get("leaseDuration")
    if not isinstance(seconds, int) or not (seconds == FOREVER or _SHORTEST <= seconds <= _LONGEST):
        raise _invalid("leaseDuration")
    proposed = _guid(document, "proposedLeaseId")
    state = state_of(cloud, current)
    same = current is not None and proposed == current.id
    if state is LeaseState.LEASED and not same:
        raise _conflict("LeaseAlreadyPresent", "There is already a lease present.")
    if state is LeaseState.BREAKING:
        if same:
            raise _conflict(
                "LeaseIsBreakingAndCannotBeAcquired",
                "The lease ID matched, but the lease is currently in breaking state and cannot be "
                "acquired until it is broken.",
            )
        raise _conflict("LeaseAlreadyPresent", "There is already a lease present.")
    return Lease(proposed or str(uuid.uuid4()), seconds, format_time(cloud.now())), None


def _renew(cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _Outcome:
    """An expired lease is renewed too, as long as nobody has taken another one since."""
    lease = _matching(current, document)
    if lease.breaks is not None:
        raise _conflict(
            "LeaseIsBrokenAndCannotBeRenewed",
            "The lease ID matched, but the lease has been broken explicitly and cannot be renewed.",
        )
    return Lease(lease.id, lease.seconds, format_time(cloud.now())), None


def _change(cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _Outcome:
    proposed = _guid(document, "proposedLeaseId")
    if proposed is None:
        raise _invalid("proposedLeaseId")
    state = state_of(cloud, current)
    if current is None or state in (LeaseState.EXPIRED, LeaseState.BROKEN):
        raise _not_present()
    if state is LeaseState.BREAKING:
        raise _conflict(
            "LeaseIsBreakingAndCannotBeChanged",
            "The lease ID matched, but the lease is currently in breaking state and cannot be "
            "changed.",
        )
    lease = current if proposed == current.id else _matching(current, document)
    return Lease(proposed, lease.seconds, lease.renewed), None


def _release(_cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _Outcome:
    _matching(current, document)
    return None, None


def _break(cloud: Cloud, current: Lease | None, document: Mapping[str, Any]) -> _Outcome:
    """A break needs no lease id. Without a period a fixed lease goes on until its end."""
    period = document.get("breakPeriod")
    if period is not None and not (isinstance(period, int) and 0 <= period <= _LONGEST):
        raise _invalid("breakPeriod")
    if current is None:
        raise _not_present()
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


_ACTIONS: dict[str, Callable[[Cloud, Lease | None, Mapping[str, Any]], _Outcome]] = {
    "acquire": _acquire,
    "renew": _renew,
    "change": _change,
    "release": _release,
    "break": _break,
}


def _matching(current: Lease | None, document: Mapping[str, Any]) -> Lease:
    """Return the lease if the request names it. Raises RefusalError."""
    if current is None or _guid(document, "leaseId") != current.id:
        raise _conflict(
            "LeaseIdMismatchWithLeaseOperation",
            "The lease ID specified did not match the lease ID for the container.",
        )
    return current


def _guid(document: Mapping[str, Any], name: str) -> str | None:
    text = document.get(name)
    if text is None:
        return None
    try:
        return str(uuid.UUID(str(text)))
    except ValueError:
        raise _invalid(name) from None


def _not_present() -> RefusalError:
    return _conflict(
        "LeaseNotPresentWithLeaseOperation", "There is currently no lease on the container."
    )


def _conflict(code: str, message: str) -> RefusalError:
    return RefusalError(409, code, message, by_provider=True)


def _invalid(name: str) -> RefusalError:
    return RefusalError(
        400,
        "InvalidValuesForRequestParameters",
        f"Values for request parameters are invalid: {name}.",
        target=name,
        by_provider=True,
    )
