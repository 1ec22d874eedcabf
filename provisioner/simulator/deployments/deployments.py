"""The REST operations of deployments: PUT, GET, lists, validate, what-if, cancel, delete, export.

Source: "Deployments" in the REST reference of Resource Management.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.arm.deletion import check_unlocked
from provisioner.simulator.deployments.context import deployment_id, scope_of, template_hash
from provisioner.simulator.deployments.execution import Execution
from provisioner.simulator.deployments.journal import CommittingJournal
from provisioner.simulator.deployments.permissions import check_permissions
from provisioner.simulator.deployments.prepared_deployment import written_ids
from provisioner.simulator.deployments.records import (
    find_deployment,
    is_running,
    show_deployment,
    show_operations,
    show_request,
)
from provisioner.simulator.deployments.requests import (
    prepare_request,
    read_document,
    read_ids_only,
    read_level,
)
from provisioner.simulator.deployments.rollback import find_earlier, roll_back
from provisioner.simulator.deployments.what_if import what_if
from provisioner.simulator.odata.conditions import Property, Vocabulary, compile_filter
from provisioner.simulator.odata.options import check_options, page
from provisioner.simulator.odata.syntax import FilterError
from provisioner.simulator.protocol.errors import RefusalError, ResourceNotFoundError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.clock import format_time
from provisioner.simulator.state.cloud import Cloud


def put_deployment(cloud: Cloud, request: Request, name: str, **scope_parts: str) -> Answer:
    """Answer a PUT: 201, or 200 for a name used before, with an operation to poll.

    A template or parameter at fault is a RefusalError before anything is written; a resource that
    fails is part of the result.
    """
    deployment = _deployment_in(cloud, name, scope_parts)
    existing = cloud.store.deployments.get(deployment.key)
    if existing is not None:
        _check_ended(cloud, existing)
    check_unlocked(cloud, deployment, {}, deleting=False)
    document = read_document(request)
    prepared = prepare_request(cloud, request, deployment, document)
    check_permissions(prepared)
    earlier = find_earlier(cloud, deployment, document)
    outcome = Execution(cloud, CommittingJournal(cloud)).deploy(prepared)
    if outcome.failures and earlier is not None:
        roll_back(prepared.context, earlier, document)
    row = find_deployment(cloud, deployment)
    url = f"{request.base}{deployment.text}/operationStatuses/{row['token']}"
    headers = {"Azure-AsyncOperation": f"{url}?{_api_version_query(request)}", "Retry-After": "0"}
    return Answer(201 if existing is None else 200, show_deployment(cloud, row), headers)


def get_deployment(cloud: Cloud, request: Request, name: str, **scope_parts: str) -> Answer:
    """Answer a GET: 200 or 404; a HEAD: 204 or 404."""
    row = find_deployment(cloud, _deployment_in(cloud, name, scope_parts))
    return Answer(204) if request.method == "HEAD" else Answer(200, show_deployment(cloud, row))


def list_deployments(cloud: Cloud, request: Request, **scope_parts: str) -> Answer:
    """Answer the deployments to a scope, newest first.

    The only `$filter` is `provisioningState eq '…'`.
    """
    scope = _existing_scope(cloud, scope_parts)
    check_options(request, ("$filter",))
    is_wanted = _read_filter(request)
    found = [
        show_deployment(cloud, row)
        for _, row in reversed(cloud.store.deployments.items())
        if ResourceId.parse(row["id"]).scope == scope
    ]
    return page(cloud, request, [one for one in found if is_wanted(one)], dict)


_VOCABULARY: Vocabulary[dict[str, Any]] = Vocabulary(
    properties={
        "provisioningstate": Property(lambda rendered: rendered["properties"]["provisioningState"])
    },
    combinations=(),
)


def _read_filter(request: Request) -> Callable[[dict[str, Any]], bool]:
    text = request.query.get("$filter", "").strip()
    if not text:
        return lambda _rendered: True
    try:
        return compile_filter(text, _VOCABULARY)
    except FilterError as problem:
        raise RefusalError(
            400,
            "InvalidFilterInQueryString",
            f"Invalid $filter '{text[:1000]}' specified in the query string. ({problem})",
        ) from problem


def poll_deployment(
    cloud: Cloud, _request: Request, name: str, token: str, **scope_parts: str
) -> Answer:
    """Answer a poll of `Azure-AsyncOperation`.

    Raises:
        RefusalError: the deployment has another operation by now.
    """
    row = find_deployment(cloud, _deployment_in(cloud, name, scope_parts))
    if row["token"] != token.lower():
        raise RefusalError(404, "NotFound", f"The operation '{token}' was not found.")
    rendered = show_deployment(cloud, row)["properties"]
    body = {"status": rendered["provisioningState"]}
    if "error" in rendered:
        body["error"] = rendered["error"]
    return Answer(200, body)


def list_operations(cloud: Cloud, request: Request, name: str, **scope_parts: str) -> Answer:
    """Answer the operations of a deployment."""
    row = find_deployment(cloud, _deployment_in(cloud, name, scope_parts))
    check_options(request, ())
    return page(cloud, request, show_operations(cloud, row), dict)


def get_operation(
    cloud: Cloud, _request: Request, name: str, operation: str, **scope_parts: str
) -> Answer:
    """Answer one operation of a deployment.

    Raises:
        RefusalError: it does not exist.
    """
    row = find_deployment(cloud, _deployment_in(cloud, name, scope_parts))
    for rendered in show_operations(cloud, row):
        if rendered["operationId"].lower() == operation.lower():
            return Answer(200, rendered)
    raise RefusalError(
        404,
        "DeploymentOperationNotFound",
        f"The deployment operation '{operation}' of '{name}' could not be found.",
    )


def validate_deployment(cloud: Cloud, request: Request, name: str, **scope_parts: str) -> Answer:
    """Answer POST validate: 200 with the resources that would be deployed; nothing is written.

    What a PUT would refuse before its first write is a RefusalError.
    """
    deployment = _deployment_in(cloud, name, scope_parts)
    document = read_document(request)
    prepared = prepare_request(cloud, request, deployment, document)
    if read_level(document) == "Provider":
        check_permissions(prepared)
    properties = {
        **show_request(prepared),
        "provisioningState": "Succeeded",
        "timestamp": format_time(cloud.now()),
        "duration": "PT0S",
        "correlationId": request.correlation_id,
        "validatedResources": [{"id": one.text} for one in written_ids(prepared)],
    }
    rendered = {"id": deployment.text, "name": deployment.name, "type": deployment.type}
    return Answer(200, {**rendered, "properties": properties})


def what_if_deployment(cloud: Cloud, request: Request, name: str, **scope_parts: str) -> Answer:
    """Answer POST whatIf: 202, with the changes at `Location`."""
    deployment = _deployment_in(cloud, name, scope_parts)
    document = read_document(request)
    prepared = prepare_request(cloud, request, deployment, document)
    if read_level(document) == "Provider":
        check_permissions(prepared)
    result = what_if(prepared, ids_only=read_ids_only(document))
    return _accept_with_result(cloud, request, deployment, {"status": 200, "body": result})


def poll_result(
    cloud: Cloud, _request: Request, name: str, token: str, **_path_parameters: str
) -> Answer:
    """Answer a poll of `Location`.

    Raises:
        RefusalError: there is no such operation.
    """
    result = cloud.store.results.get(token.lower())
    if result is None:
        raise RefusalError(404, "NotFound", f"The operation '{token}' of '{name}' was not found.")
    return Answer(result["status"], result["body"])


def _accept_with_result(
    cloud: Cloud, request: Request, deployment: ResourceId, result: dict[str, Any]
) -> Answer:
    token = str(uuid.uuid4())
    cloud.store.results.append(token, result)
    url = f"{request.base}{deployment.text}/operationResults/{token}?{_api_version_query(request)}"
    return Answer(202, None, {"Location": url, "Retry-After": "0"})


def cancel_deployment(cloud: Cloud, _request: Request, name: str, **scope_parts: str) -> Answer:
    """Answer POST cancel: 204 for a running deployment.

    What was written stays; here that is everything, since a deployment writes within its request.

    Raises:
        RefusalError: the deployment has ended.
    """
    deployment = _deployment_in(cloud, name, scope_parts)
    row = find_deployment(cloud, deployment)
    if not is_running(cloud, row):
        state = show_deployment(cloud, row)["properties"]["provisioningState"]
        raise RefusalError(
            409,
            "DeploymentCannotBeCancelled",
            f"Deployment '{name}' cannot be cancelled: its provisioning state is '{state}'. Only a "
            "deployment that is running can be.",
        )
    cloud.store.deployments.put(deployment.key, {**row, "cancelled": cloud.stamp()})
    return Answer(204)


def delete_deployment(cloud: Cloud, request: Request, name: str, **scope_parts: str) -> Answer:
    """Answer a DELETE: 202, then 204 at `Location`; 204 if there is none. Its resources stay."""
    deployment = _deployment_in(cloud, name, scope_parts)
    row = cloud.store.deployments.get(deployment.key)
    if row is None:
        return Answer(204)
    _check_ended(cloud, row)
    check_unlocked(cloud, deployment, {}, deleting=True)
    cloud.store.deployments.remove(deployment.key)
    return _accept_with_result(cloud, request, deployment, {"status": 204, "body": None})


def export_template(cloud: Cloud, _request: Request, name: str, **scope_parts: str) -> Answer:
    """Answer POST exportTemplate: the template as it was deployed."""
    row = find_deployment(cloud, _deployment_in(cloud, name, scope_parts))
    return Answer(200, {"template": row["template"]})


def calculate_hash(_cloud: Cloud, request: Request) -> Answer:
    """Answer POST calculateTemplateHash: the minified template and its hash.

    The hash is not Azure's, whose algorithm is not published.
    """
    template = read_document(request)
    minified = json.dumps(template, separators=(",", ":"), ensure_ascii=False)
    return Answer(200, {"minifiedTemplate": minified, "templateHash": template_hash(template)})


def _api_version_query(request: Request) -> str:
    return f"api-version={request.query.get('api-version', '')}"


def _existing_scope(cloud: Cloud, scope_parts: Mapping[str, str]) -> ResourceId | None:
    """Return the scope of a path.

    Raises:
        ResourceNotFoundError: its resource group does not exist.
    """
    scope = scope_of(**scope_parts)
    if scope is not None and scope.type == RESOURCE_GROUP and cloud.find(scope) is None:
        raise ResourceNotFoundError(scope)
    return scope


def _deployment_in(cloud: Cloud, name: str, scope_parts: Mapping[str, str]) -> ResourceId:
    return deployment_id(name, _existing_scope(cloud, scope_parts))


def _check_ended(cloud: Cloud, row: Mapping[str, Any]) -> None:
    """Check that a deployment may be replaced or deleted.

    Raises:
        RefusalError: it is running.
    """
    if is_running(cloud, row):
        raise RefusalError(
            409,
            "DeploymentActive",
            f"Unable to edit or replace deployment '{row['name']}': previous deployment from "
            f"'{row['properties']['timestamp']}' is still active (expiration time is "
            f"'{row['ends']}'). Please see https://aka.ms/arm-deploy for usage details.",
        )
