"""Moves of resources to another resource group, and their validation.

Source: "Move Azure resources to a new resource group or subscription" (the checks; 202 and a
Location that answers 204), "Move operation support for resources"; the refusal as quoted in
AaronSaikovski/armv: ResourceMoveValidationFailed, with a detail for each resource. What providers
check beyond that (peerings, certificates, gateways) is not known here. The codes for a target that
is the source, and for names that are taken, are inferred.
"""

from collections.abc import Iterator

from provisioner.catalog.move_support import MOST_MOVED, moves
from provisioner.model.resource_id import ResourceId, parse_resource_id, resource_group_id
from provisioner.model.values import Json
from provisioner.simulator.arm.deletion import check_unlocked
from provisioner.simulator.arm.operations import (
    OperationEffect,
    check_idle,
    operation_headers,
    start_operation,
)
from provisioner.simulator.arm.resource_moves import moved_id
from provisioner.simulator.policy.external_evaluation import operation_of
from provisioner.simulator.policy.restrictions import check_policies
from provisioner.simulator.protocol.errors import (
    InvalidRequestContentError,
    RefusalError,
    ResourceGroupNotFoundError,
)
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind

_Problem = tuple[str, str, str]
"""The code, the id and the message of what is wrong with one resource."""


def move_resources(cloud: Cloud, request: Request, subscription: str, group: str) -> Answer:
    """Answer POST moveResources: 202; the resources are moved when the operation ends."""
    return _start_move(cloud, request, subscription, group, OperationKind.MOVE)


def validate_move(cloud: Cloud, request: Request, subscription: str, group: str) -> Answer:
    """Answer POST validateMoveResources: 202, and 204 in the end; nothing is moved."""
    return _start_move(cloud, request, subscription, group, OperationKind.VALIDATE)


def _start_move(
    cloud: Cloud, request: Request, subscription: str, group: str, kind: OperationKind
) -> Answer:
    source = _existing_group(cloud, resource_group_id(subscription, group))
    document = request.read_object()
    target_id = parse_resource_id(document.get("targetResourceGroup"))
    if target_id is None or not target_id.is_container or target_id.resource_group is None:
        raise InvalidRequestContentError("'targetResourceGroup' is the id of a resource group.")
    target = _existing_group(cloud, target_id)
    if target == source:
        raise InvalidRequestContentError("The source and the target resource group are the same.")
    resources = _read_resources(cloud, document.get("resources"))
    group_type = cloud.type_of(source)
    # Both groups are locked against writes during a move ("Move Azure resources to a new resource
    # group or subscription").
    for place in (source, target):
        check_idle(cloud, group_type, place, {})
    problems = [
        each for resource in resources for each in _move_problems(cloud, resource, source, target)
    ]
    if problems:
        raise ResourceMoveValidationError(problems)
    for resource in resources:
        row = cloud.store.resources.get(resource.key)
        body = row.body if row is not None else {}
        check_unlocked(cloud, resource, body, deleting=True)
        place, resource_type = moved_id(resource, target), cloud.type_of(resource)
        check_unlocked(cloud, place, body, deleting=False)
        check_policies(cloud, operation_of(request, place, resource_type, body))
    moved: dict[str, Json] = {
        "resources": [resource.text for resource in resources],
        "targetResourceGroup": target.text,
    }
    holds = tuple(
        place.key
        for resource in resources
        for place in (resource, moved_id(resource, target), target)
    )
    effect = (
        OperationEffect(moved, holds=holds) if kind is OperationKind.MOVE else OperationEffect()
    )
    operation = start_operation(cloud, request, group_type, source, kind, effect)
    return Answer(
        202, None, operation_headers(cloud, request, group_type, operation, ("Location",))
    )


def _existing_group(cloud: Cloud, group: ResourceId) -> ResourceId:
    row = cloud.store.resources.get(group.key)
    if row is None:
        raise ResourceGroupNotFoundError(group.name)
    return row.id


def _read_resources(cloud: Cloud, target_id: object) -> list[ResourceId]:
    if not isinstance(target_id, list) or not target_id:
        raise InvalidRequestContentError("'resources' is a list of the ids of resources.")
    if len(target_id) > MOST_MOVED:
        raise InvalidRequestContentError(
            f"{len(target_id)} resources are moved, and {MOST_MOVED} at most can be."
        )
    found: dict[str, ResourceId] = {}
    for text in target_id:
        resource = parse_resource_id(text)
        if resource is None or resource.is_container:
            raise InvalidRequestContentError(f"'{text}' is not the id of a resource.")
        found[resource.key] = cloud.canonical(resource)
    return list(found.values())


def _move_problems(
    cloud: Cloud, resource: ResourceId, source: ResourceId, target: ResourceId
) -> Iterator[_Problem]:
    """Yield what forbids the move of one resource, as (code, id, message)."""
    row, place = cloud.store.resources.get(resource.key), moved_id(resource, target)
    if resource.scope != source or resource.parent is not None:
        yield (
            "ResourceMoveNotSupported",
            resource.text,
            f"The resource does not stand in the resource group '{source.name}' by itself: what is "
            "in a resource or on it moves with it.",
        )
        return
    if row is None:
        yield "ResourceNotFound", resource.text, f"The resource '{resource.text}' was not found."
        return
    away = target.subscription != source.subscription
    if not moves(row.type, to_subscription=away):
        message = f"Resource move is not supported for resource types '{row.type}'."
        yield "ResourceMoveNotSupported", resource.text, message
    elif cloud.store.resources.get(place.key) is not None:
        message = f"The resource '{place.text}' already exists in the target resource group."
        yield "ResourceAlreadyExists", resource.text, message
    if row.operation is not None:
        yield (
            "MoveCannotProceedWithResourcesNotInSucceededState",
            resource.text,
            f"An operation on '{resource.text}' is in progress.",
        )


class ResourceMoveValidationError(RefusalError):
    """The move of at least one resource is not possible; `problems` are the details."""

    def __init__(self, problems: list[_Problem]) -> None:
        super().__init__(
            409,
            "ResourceMoveValidationFailed",
            f"The resource batch move request has '{len(problems)}' validation errors.",
            details=tuple((code, message, text) for code, text, message in problems),
        )
