"""Long-running operations: started by a write, polled at their own URL, completed by the clock.

Nothing runs in the background. Each request first completes what is due, so that a test that drives
the clock sees exactly what it waited for, and a restarted server continues from the stored state.

Source: "Track asynchronous Azure operations" (`Azure-AsyncOperation`, `Location`, `Retry-After`).
"""

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from provisioner.catalog.resource_type import ResourceType, WriteFlow
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.arm.deletion import remove_resource
from provisioner.simulator.arm.resource_moves import moved_id, relocate
from provisioner.simulator.bodies.body_paths import merge, split_path, value_at, values_at
from provisioner.simulator.bodies.responses import render, show_state
from provisioner.simulator.logs.activity_log import record_end, record_success, write_within
from provisioner.simulator.logs.change_log import watch_resource
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.faults import FaultKind
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.clock import format_time, parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Operation, OperationKind

_FAILURE = frozenset({FaultKind.FAIL_OPERATION})
_UNSUCCESSFUL = ("Failed", "Canceled")
_LONGEST_WAIT = 15
_READS = frozenset({OperationKind.READ, OperationKind.VALIDATE})
_WITHOUT_RESULT = frozenset({OperationKind.MOVE, OperationKind.VALIDATE})
"""Their result is no resource: 204."""


@dataclass(frozen=True, slots=True)
class OperationEffect:
    """The effect of an operation beside a write of its target.

    changes  what success merges into bodies, by the key of each resource; of a move, its request
    answer   the result of the operation; None for the resource itself
    holds    keys of other resources that no write may touch while it runs
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    answer: Json = None
    holds: tuple[str, ...] = ()


_NO_EFFECT = OperationEffect()


def start_operation(
    cloud: Cloud,
    request: Request,
    resource_type: ResourceType,
    target: ResourceId,
    kind: OperationKind,
    effect: OperationEffect = _NO_EFFECT,
) -> Operation:
    """Start a long-running operation on a resource, and complete it if it takes no time.

    One that only reads (READ, VALIDATE) does not block other writes to its target.
    """
    now = cloud.now()
    seconds = 0.0 if cloud.pace is None else resource_type.seconds * cloud.pace
    fault = cloud.faults.take(_FAILURE, request.method, request.path)
    row = cloud.store.resources.get(target.key)
    reads = kind in _READS
    held_by_target = held_keys(resource_type, target, row.body if row else {})
    operation = Operation(
        token=str(uuid.uuid4()),
        kind=kind,
        target=target.text,
        started=format_time(now),
        ends=format_time(now + timedelta(seconds=seconds)),
        holds=() if reads else (*held_by_target, *effect.holds),
        error=(fault.code, fault.message) if fault else None,
        origin=cloud.origin,
        changes=effect.changes,
        answer=effect.answer,
    )
    cloud.store.operations.forget_ended()
    cloud.store.operations.put(operation.token, operation)
    if row is not None and not reads:
        cloud.store.resources.put(target.key, replace(row, operation=operation.token))
    if seconds == 0:
        return _complete_operation(cloud, operation)
    return operation


def settle_due(cloud: Cloud) -> None:
    """Complete every operation whose time is up."""
    for operation in cloud.store.operations.running():
        if parse_time(operation.ends) <= cloud.now():
            _complete_operation(cloud, operation)


def _complete_operation(cloud: Cloud, operation: Operation) -> Operation:
    settled = replace(operation, settled=True)
    cloud.store.operations.put(operation.token, settled)
    record_end(cloud, operation)
    target = ResourceId.parse(operation.target)
    row = cloud.store.resources.get(target.key)
    if row is None or row.operation != operation.token:
        return settled
    if operation.kind is OperationKind.DELETE and operation.error is None:
        _delete_target(cloud, target, operation)
        return settled
    body = dict(row.body)
    if operation.kind is OperationKind.MOVE:
        # The group itself does not fail with a move.
        cloud.store.resources.put(target.key, replace(row, operation=None))
        if operation.error is None:
            _move_resources(cloud, operation)
        return settled
    if operation.error is not None:
        show_state(body, "Failed")
    # A state of Failed lasts until the next operation that succeeds.
    elif value_at(body, "properties.provisioningState") in _UNSUCCESSFUL:
        show_state(body, "Succeeded")
    cloud.store.resources.put(target.key, replace(row, body=body, operation=None))
    if operation.error is None:
        _apply_changes(cloud, operation)
    return settled


def _move_resources(cloud: Cloud, operation: Operation) -> None:
    """Put the resources of a move into the target group."""
    resources = [ResourceId.parse(text) for text in operation.changes["resources"]]
    group = ResourceId.parse(operation.changes["targetResourceGroup"])
    for resource in resources:
        watch_resource(cloud, resource, operation.origin, operation.ends)
        watch_resource(cloud, moved_id(resource, group), operation.origin, operation.ends)
    relocate(cloud, resources, ResourceId.parse(operation.target), group)


def _apply_changes(cloud: Cloud, operation: Operation) -> None:
    """Merge an operation's changes into the bodies of its target and related resources."""
    for key, change in operation.changes.items():
        row = cloud.store.resources.get(key)
        if row is not None:
            watch_resource(cloud, row.id, operation.origin, operation.ends)
            body = merge(row.body, change)
            cloud.store.resources.put(key, replace(row, body=body, etag=str(uuid.uuid4())))


def cancel_operation(cloud: Cloud, operation: Operation) -> None:
    """End a running operation without its effect.

    The resource's provisioning state becomes `Canceled`; the body of the write stays.
    """
    cloud.store.operations.put(
        operation.token,
        replace(operation, settled=True, canceled=True, ends=format_time(cloud.now())),
    )
    row = cloud.store.resources.get(operation.target.lower())
    if row is not None and row.operation == operation.token:
        body = dict(row.body)
        show_state(body, "Canceled")
        cloud.store.resources.put(row.id.key, replace(row, body=body, operation=None))


def _delete_target(cloud: Cloud, target: ResourceId, operation: Operation) -> None:
    """Remove the target of an operation, recording the deletion of each resource of a group."""
    watch_resource(cloud, target, operation.origin, operation.ends)
    for row in cloud.store.resources.inside(target.key) if target.is_container else ():
        within = write_within(operation.origin, f"{row.type}/delete", row.id.text)
        record_success(cloud, within)
    remove_resource(cloud, target)


def held_keys(resource_type: ResourceType, target: ResourceId, body: object) -> tuple[str, ...]:
    """Return the keys that a write to `target` blocks (`ResourceType.serialise_on`).

    A serialised type blocks the whole top-level resource and those it refers to: Azure answers two
    writes to subnets of one virtual network with AnotherOperationInProgress.
    """
    path = resource_type.serialise_on
    if path is None:
        return (target.key,)
    # Parallel writes to a firewall policy and its rule collection groups, or to subnets of one
    # network, collide in Azure (AnotherOperationInProgress; guidelines.md §3.1, §3.3).
    keys = {target.key, top_resource(target).key}
    for _, value in values_at(body, split_path(path)) if path else ():
        other = parse_resource_id(value)
        if other is not None:
            keys.add(top_resource(other).key)
    return tuple(sorted(keys))


def top_resource(resource: ResourceId) -> ResourceId:
    """Return the top-level resource of a child, or the resource itself."""
    while resource.parent is not None:
        resource = resource.parent
    return resource


def check_idle(cloud: Cloud, resource_type: ResourceType, target: ResourceId, body: object) -> None:
    """Check that no running operation blocks a write to `target`.

    Raises:
        RefusalError: one does, with `Retry-After`.
    """
    needed_keys = set(held_keys(resource_type, target, body))
    for operation in cloud.store.operations.running():
        if needed_keys & set(operation.holds):
            raise RefusalError(
                409,
                # The code differs by provider: AKS answers Conflict, identities
                # ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity
                # (guidelines.md §3.2, §3.5).
                resource_type.codes.busy,
                f"Another operation on this or a dependent resource is in progress: "
                f"{operation.kind.value.lower()} {operation.target}. Retry when it has ended.",
                headers={"Retry-After": str(_retry_after(cloud, operation))},
                by_provider=True,
            )


def operation_headers(
    cloud: Cloud,
    request: Request,
    resource_type: ResourceType,
    operation: Operation,
    names: Iterable[str],
) -> dict[str, str]:
    """Return the polling headers (`Azure-AsyncOperation`, `Location`) of an operation.

    The URL of `Location` differs with the kind of provider: operationResults, asyncoperations, and
    operationresults of the subscription for resource groups.
    """
    api_version = request.query.get("api-version", "")
    target = ResourceId.parse(operation.target)
    subscription = f"{request.base}/subscriptions/{target.subscription}"
    region = _polling_region(cloud, target)
    base_url = f"{subscription}/providers/{resource_type.namespace}/locations/{region}"
    urls = {
        "Azure-AsyncOperation": f"{base_url}/operations/{operation.token}",
        "Location": f"{base_url}/operationResults/{operation.token}",
    }
    if resource_type.write is WriteFlow.LOCATION:
        urls["Location"] = f"{base_url}/asyncoperations/{operation.token}"
    if target.is_container:
        urls["Location"] = f"{subscription}/operationresults/{operation.token}"
    headers = {name: f"{urls[name]}?api-version={api_version}" for name in names}
    headers["Retry-After"] = str(_retry_after(cloud, operation))
    return headers


def answer_status(cloud: Cloud, _request: Request, token: str) -> Answer:
    """Answer a poll of `Azure-AsyncOperation`."""
    operation = _find_operation(cloud, token)
    body: dict[str, Json] = {"name": operation.token, "startTime": operation.started}
    if not operation.settled:
        body["status"] = "InProgress"
        return Answer(200, body, {"Retry-After": str(_retry_after(cloud, operation))})
    body["endTime"] = operation.ends
    body["status"] = _status_of(operation)
    if operation.error:
        code, message = operation.error
        body["error"] = {"code": code, "message": message}
    return Answer(200, body)


def answer_result(cloud: Cloud, request: Request, token: str) -> Answer:
    """Answer a poll of `Location`: 202 while the operation runs, then its result.

    Raises:
        RefusalError: the operation failed or was canceled.
    """
    operation = _find_operation(cloud, token)
    if not operation.settled:
        url = f"{request.base}{request.path}?api-version={request.query.get('api-version', '')}"
        return Answer(
            202, None, {"Location": url, "Retry-After": str(_retry_after(cloud, operation))}
        )
    if operation.error:
        code, message = operation.error
        raise RefusalError(409, code, message)
    if operation.canceled:
        raise RefusalError(409, "OperationCanceled", "The operation was canceled.")
    if operation.kind in _WITHOUT_RESULT:
        return Answer(204)
    if operation.answer is not None:
        return Answer(200, operation.answer)
    row = cloud.store.resources.get(operation.target.lower())
    if operation.kind is OperationKind.DELETE or row is None:
        return Answer(204 if "/providers/" in request.path else 200)
    return Answer(200, render(cloud, row))


def _status_of(operation: Operation) -> str:
    if operation.canceled:
        return "Canceled"
    return "Failed" if operation.error else "Succeeded"


def _find_operation(cloud: Cloud, token: str) -> Operation:
    operation = cloud.store.operations.get(token.lower())
    if operation is None:
        raise RefusalError(404, "NotFound", f"The operation '{token}' was not found.")
    return operation


def _retry_after(cloud: Cloud, operation: Operation) -> int:
    """Return the whole seconds that a client should wait before the next poll, at most 15."""
    left = (parse_time(operation.ends) - cloud.now()).total_seconds()
    return 0 if operation.settled else max(1, min(_LONGEST_WAIT, math.ceil(left)))


def _polling_region(cloud: Cloud, target: ResourceId) -> str:
    """Return the region in the polling URL: the resource's own, or its group's."""
    for resource in (target, *target.ancestors):
        row = cloud.store.resources.get(resource.key)
        location = row.body.get("location") if row else None
        if isinstance(location, str):
            return location
    return "global"
