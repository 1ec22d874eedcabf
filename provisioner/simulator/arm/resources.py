"""GET, HEAD, PUT, PATCH and DELETE of one resource, driven by the facts of its type.

Conditions of the request, locks, running operations and policies are checked before a write; the
rest is `writes` and `deletion`.
"""

from collections.abc import Mapping
from typing import Any

from provisioner.catalog.resource_type import DeleteFlow, ResourceType, Scope, WriteFlow
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.arm.deletion import check_unlocked, check_unused, remove_resource
from provisioner.simulator.arm.operations import check_idle, operation_headers, start_operation
from provisioner.simulator.arm.service_checks import check_delete
from provisioner.simulator.arm.type_hints import add_hint
from provisioner.simulator.arm.writes import WriteContext, write_resource
from provisioner.simulator.bodies.body_paths import merge_patch, value_at
from provisioner.simulator.bodies.lease_states import check_unleased
from provisioner.simulator.bodies.responses import etag_of, quote_etag, render, show_state
from provisioner.simulator.policy.external_evaluation import operation_of
from provisioner.simulator.policy.restrictions import check_policies
from provisioner.simulator.protocol.errors import RefusalError, ResourceNotFoundError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.existence import check_scope_exists
from provisioner.simulator.state.records import Operation, OperationKind, Record

_DELETE_HEADERS = {
    DeleteFlow.LOCATION: ("Location",),
    DeleteFlow.ASYNC_OPERATION: ("Azure-AsyncOperation", "Location"),
}


def get_resource(cloud: Cloud, _request: Request, resource: ResourceId) -> Answer:
    """Answer a GET of a resource.

    A missing one is a ResourceNotFoundError, with a hint if its type is outside the catalog.
    """
    resource_type = cloud.type_of(resource)
    row = cloud.find(resource)
    if row is None:
        check_scope_exists(cloud, resource_type, resource, writing=False)
        refusal = ResourceNotFoundError(cloud.canonical(resource), resource_type.codes.not_found)
        add_hint(cloud, refusal, resource_type.name)
        raise refusal
    return Answer(200, render(cloud, row), _etag_headers(cloud, resource_type, row))


def head_resource(cloud: Cloud, _request: Request, resource: ResourceId) -> Answer:
    """Answer a HEAD: 204 if the resource exists, else 404."""
    cloud.type_of(resource)
    return Answer(204 if cloud.find(resource) is not None else 404)


def put_resource(cloud: Cloud, request: Request, resource: ResourceId) -> Answer:
    """Answer a PUT: create the resource, or replace its body."""
    resource_type = cloud.type_of(resource)
    check_scope_exists(cloud, resource_type, resource, writing=True)
    document = request.read_object()
    before = cloud.store.resources.get(resource.key)
    _check_conditions(cloud, request, resource_type, before)
    check_unlocked(cloud, resource, document, deleting=False)
    check_idle(cloud, resource_type, resource, document)
    check_policies(cloud, operation_of(request, resource, resource_type, document))
    # Keys and secrets of a vault: a PUT creates one and changes none that exists; that is the data
    # plane's (`ResourceType.changed_by`).
    if before is not None and resource_type.changed_by is not None:
        return Answer(200, render(cloud, before))
    version = request.query["api-version"]
    canonical_id = cloud.canonical(resource)
    row = write_resource(
        cloud, resource_type, canonical_id, document, version, WriteContext(request.query)
    )
    return _answer_write(cloud, request, resource_type, row, created=before is None)


def patch_resource(cloud: Cloud, request: Request, resource: ResourceId) -> Answer:
    """Answer a PATCH: merge the body into the stored one (RFC 7396), synchronously.

    Raises:
        ResourceNotFoundError: there is no resource.
    """
    resource_type = cloud.type_of(resource)
    before = cloud.store.resources.get(resource.key)
    if before is None:
        check_scope_exists(cloud, resource_type, resource, writing=False)
        raise ResourceNotFoundError(cloud.canonical(resource), resource_type.codes.not_found)
    row = replace_body(cloud, request, before, merge_patch(before.body, request.read_object()))
    return Answer(200, render(cloud, row), _etag_headers(cloud, resource_type, row))


def replace_body(
    cloud: Cloud, request: Request, before: Record, new_body: Mapping[str, Any]
) -> Record:
    """Write a new body of an existing resource, and return its record.

    A condition of the request, a lock, a running operation, a policy or the type may refuse it with
    a RefusalError.
    """
    resource_type = cloud.type_of(before.id)
    _check_conditions(cloud, request, resource_type, before)
    check_unlocked(cloud, before.id, new_body, deleting=False)
    check_idle(cloud, resource_type, before.id, new_body)
    check_policies(cloud, operation_of(request, before.id, resource_type, new_body))
    return write_resource(cloud, resource_type, before.id, new_body, request.query["api-version"])


def delete_resource(cloud: Cloud, request: Request, resource: ResourceId) -> Answer:
    """Answer a DELETE: 204 if there is nothing, else by the type's own flow.

    Raises:
        RefusalError: resources of the type cannot be deleted.
    """
    resource_type = cloud.type_of(resource)
    if not resource_type.deletable:
        raise RefusalError(
            405,
            "MethodNotAllowed",
            f"Resources of the type '{resource_type.name}' cannot be deleted by themselves.",
        )
    if _is_on_missing_group(cloud, resource_type, resource):
        return Answer(204)
    check_scope_exists(cloud, resource_type, resource, writing=False)
    row = cloud.store.resources.get(resource.key)
    if row is None:
        return _answer_absent(cloud, resource_type, resource)
    _check_conditions(cloud, request, resource_type, row)
    names = _DELETE_HEADERS.get(resource_type.delete, ())
    deletion = cloud.store.operations.get(row.operation) if row.operation else None
    if deletion is not None and resource.is_container and _is_deleting(deletion):
        # Recorded: to delete a resource group again while it is being deleted is no conflict.
        return Answer(202, None, operation_headers(cloud, request, resource_type, deletion, names))
    check_unlocked(cloud, resource, row.body, deleting=True)
    check_idle(cloud, resource_type, resource, row.body)
    check_policies(cloud, operation_of(request, resource, resource_type, row.body))
    check_unleased(cloud, resource)
    check_unused(cloud, resource)
    check_delete(cloud, resource_type, row)
    if resource_type.delete is DeleteFlow.SYNC:
        # The delete of a role assignment answers 200 with its last body, or 204 (guidelines.md
        # §3.1).
        body = render(cloud, row) if resource_type.scope is Scope.EXTENSION else None
        remove_resource(cloud, resource)
        return Answer(200, body)
    operation = start_operation(cloud, request, resource_type, row.id, OperationKind.DELETE)
    return Answer(202, None, operation_headers(cloud, request, resource_type, operation, names))


def _is_deleting(operation: Operation) -> bool:
    return operation.kind is OperationKind.DELETE and not operation.settled


def _is_on_missing_group(cloud: Cloud, resource_type: ResourceType, resource: ResourceId) -> bool:
    """Return whether the scope of an extension resource is a resource group that is gone.

    Recorded for role assignments, whose provider answers 204 without checking the group; the delete
    of a resource in a missing group is 404.
    """
    scope = resource.scope
    if resource_type.scope is not Scope.EXTENSION or scope is None:
        return False
    return scope.type == RESOURCE_GROUP and cloud.find(scope) is None


def _answer_absent(cloud: Cloud, resource_type: ResourceType, resource: ResourceId) -> Answer:
    if resource.is_container:
        raise ResourceNotFoundError(cloud.canonical(resource), resource_type.codes.not_found)
    return Answer(204)


def _answer_write(
    cloud: Cloud, request: Request, resource_type: ResourceType, row: Record, *, created: bool
) -> Answer:
    is_slow = created and _has_slow_creation(resource_type, row)
    status = 201 if is_slow else resource_type.created if created else resource_type.updated
    is_location_flow = resource_type.write is WriteFlow.LOCATION
    # AKS and the network provider answer 201 or 200 with the body and `Azure-AsyncOperation`;
    # maintenance configurations, role assignments and identities are written synchronously
    # (guidelines.md §3.1).
    done = resource_type.write is WriteFlow.SYNC and not is_slow
    if done or (is_location_flow and not created):
        return Answer(status, render(cloud, row), _etag_headers(cloud, resource_type, row))
    kind = OperationKind.CREATE if created else OperationKind.UPDATE
    operation = start_operation(cloud, request, resource_type, row.id, kind)
    is_accepted_flow = resource_type.write is WriteFlow.ACCEPTED
    if is_location_flow:
        location = operation_headers(cloud, request, resource_type, operation, ("Location",))
        return Answer(202, None, location)
    names = ("Azure-AsyncOperation", "Location") if is_accepted_flow else ("Azure-AsyncOperation",)
    headers = operation_headers(cloud, request, resource_type, operation, names)
    if is_accepted_flow:
        return Answer(202, {}, headers)
    body = render(cloud, row)
    show_state(body, resource_type.creating if created else kind.value)
    return Answer(status, body, headers)


def _has_slow_creation(resource_type: ResourceType, row: Record) -> bool:
    if resource_type.lingers is None:
        return False
    path, value = resource_type.lingers
    return bool(value_at(row.body, path) == value)


def _etag_headers(cloud: Cloud, resource_type: ResourceType, row: Record) -> dict[str, str]:
    shown = resource_type.etag and resource_type.etag_header
    return {"ETag": quote_etag(etag_of(cloud, row))} if shown else {}


def _check_conditions(
    cloud: Cloud, request: Request, resource_type: ResourceType, row: Record | None
) -> None:
    """Check If-Match and If-None-Match, if the type supports ETags.

    An empty header counts as absent, as in Azure: azurerm sends both empty with a private DNS zone.

    Raises:
        RefusalError: a condition does not hold.
    """
    if not resource_type.etag:
        return
    if_match = request.headers.get("if-match") or None
    if_none_match = request.headers.get("if-none-match") or None
    current = etag_of(cloud, row) if row else None
    fails = (if_match is not None and not _etag_matches(if_match, current)) or (
        if_none_match is not None and _etag_matches(if_none_match, current)
    )
    if fails:
        raise RefusalError(
            412,
            "PreconditionFailed",
            "The condition in the request header is not satisfied: the resource has changed, "
            "or does not exist.",
            by_provider=True,
        )


def _etag_matches(condition: str, current: str | None) -> bool:
    if current is None:
        return False
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in condition.split(","))
    return any(tag in ("*", current) for tag in tags)
