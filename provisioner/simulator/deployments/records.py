"""Records of deployments: what GET answers of a deployment and its operations.

A deployment is written within its request, and its record has the times at which Azure would have
reached each step: until then GET shows it, and the operations, as Running.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from provisioner.catalog.deployment import DEPLOYMENT_TYPE, RESOURCE_GROUP_TYPE
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.deployments.context import template_hash
from provisioner.simulator.deployments.prepared_deployment import PreparedDeployment
from provisioner.simulator.deployments.secrets import show_parameters
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.clock import format_time, parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.template_language.expressions import evaluate
from provisioner.simulator.template_language.instances import ResourceInstance
from provisioner.simulator.template_language.template_errors import TemplateError

_HIDDEN = ("cancelled", "ends", "operations", "template", "token")
_MOST_KEPT = 800
"""Deployments in the history of a scope ("Azure subscription and service limits")."""
_FAILED = (
    "At least one resource deployment operation failed. Please list deployment operations for "
    "details. Please see https://aka.ms/arm-deployment-operations for usage details."
)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error of a resource in a deployment; `details` are those of a nested deployment."""

    status: int
    code: str
    message: str
    target: str
    details: tuple["Failure", ...] = ()

    @staticmethod
    def of(refusal: RefusalError, resource: ResourceId) -> "Failure":
        """Return the failure of a resource by its refusal."""
        message = refusal.message
        if isinstance(refusal, TemplateError):
            # The template was valid: what fails is an expression of this resource.
            message = (
                "Unable to process template language expressions for resource "
                f"'{resource.text}'. '{refusal.reason}'"
            )
        return Failure(refusal.status, refusal.code, message, resource.text)

    @staticmethod
    def of_deployment(deployment: ResourceId, failures: Sequence["Failure"]) -> "Failure":
        """Return the failure of a deployment by those of its resources."""
        return Failure(409, "DeploymentFailed", _FAILED, deployment.text, tuple(failures))

    def to_json(self) -> dict[str, Any]:
        """Return the error as Azure's JSON."""
        shown: dict[str, Any] = {
            "code": self.code,
            "target": self.target,
            "message": self.message,
        }
        return {**shown, "details": [f.to_json() for f in self.details]} if self.details else shown


@dataclass(frozen=True, slots=True)
class Operation:
    """The operation on one resource; `start` and `end` are in seconds of the deployment."""

    resource: ResourceId
    verb: str
    start: float
    end: float
    failure: Failure | None = None


@dataclass
class DeploymentOutcome:
    """The result of a deployment.

    end       in seconds since the outermost deployment began
    written, refused, deleted  resources, including those of nested deployments
    bodies    what was sent for them with its API version, by key
    failures  those of its own resources
    """

    end: float
    written: list[ResourceId] = field(default_factory=list)
    refused: list[ResourceId] = field(default_factory=list)
    deleted: list[ResourceId] = field(default_factory=list)
    bodies: dict[str, tuple[Mapping[str, Any], str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


def record_deployment(
    prepared: PreparedDeployment,
    operations: Sequence[Operation],
    outputs: Mapping[str, Any],
    outcome: DeploymentOutcome,
) -> None:
    """Record the result of a deployment, replacing an earlier one of its name."""
    context = prepared.context
    cloud = context.cloud
    pace = cloud.pace or 0.0
    deployment = context.id
    first = min((operation.start for operation in operations), default=outcome.end)
    properties = {
        **show_request(prepared),
        "provisioningState": "Failed" if outcome.failures else "Succeeded",
        "timestamp": format_time(cloud.now()),
        "duration": _duration((outcome.end - first) * pace),
        "correlationId": context.request.correlation_id,
        "outputs": dict(outputs),
        "outputResources": [{"id": resource.text} for resource in outcome.written],
    }
    if outcome.failures:
        failure = Failure.of_deployment(deployment, outcome.failures)
        properties["error"] = failure.to_json()
    row: dict[str, Any] = {
        "id": deployment.text,
        "name": deployment.name,
        "type": DEPLOYMENT_TYPE,
        "properties": properties,
        "token": str(uuid.uuid4()),
        "ends": format_time(cloud.now() + timedelta(seconds=outcome.end * pace)),
        "operations": [_render_operation(cloud, deployment, operation) for operation in operations],
        "template": context.template,
    }
    if deployment.scope is None or deployment.scope.type != RESOURCE_GROUP:
        row["location"] = context.location
    if context.tags:
        row["tags"] = dict(context.tags)
    cloud.store.deployments.put(deployment.key, row)
    _forget_oldest(cloud, deployment)


def _forget_oldest(cloud: Cloud, deployment: ResourceId) -> None:
    """Remove the oldest deployments of a scope that has more than 800.

    Azure does so by itself ("Automatic deletions from deployment history").
    """
    kept = [
        (key, row)
        for key, row in cloud.store.deployments.items()
        if ResourceId.parse(row["id"]).scope == deployment.scope
    ]
    for key, row in kept[: max(0, len(kept) - _MOST_KEPT)]:
        if not is_running(cloud, row):
            cloud.store.deployments.remove(key)


def show_request(prepared: PreparedDeployment) -> dict[str, Any]:
    """Return the properties of a deployment that are known before it runs."""
    context = prepared.context
    shown: dict[str, Any] = {
        "templateHash": template_hash(context.template),
        "parameters": show_parameters(prepared.template, prepared.values),
        "mode": context.mode,
        "providers": _render_providers(prepared),
        "dependencies": _render_dependencies(prepared),
    }
    if context.link is not None:
        shown["templateLink"] = dict(context.link)
    return shown


def _render_providers(prepared: PreparedDeployment) -> list[dict[str, Any]]:
    kinds: dict[str, dict[str, list[str]]] = {}
    for instance in prepared.declared:
        namespace, _, kind = instance.type.partition("/")
        places = kinds.setdefault(namespace, {}).setdefault(kind, [])
        location = _static_location(instance)
        if location is not None and location not in places:
            places.append(location)
    return [
        {
            "namespace": namespace,
            "resourceTypes": [
                {"resourceType": kind, "locations": places or [None]}
                for kind, places in found.items()
            ],
        }
        for namespace, found in kinds.items()
    ]


def _static_location(instance: ResourceInstance) -> str | None:
    """Return the region of a resource, if it can be evaluated without reading another resource."""
    try:
        found = evaluate(instance.content.get("location"), instance.functions)
    except RefusalError:
        return None
    return found if isinstance(found, str) else None


def _render_dependencies(prepared: PreparedDeployment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for instance in prepared.declared:
        waits = prepared.waits[instance.key]
        depends_on = [target_of(one.id) for one in prepared.declared if one.key in waits]
        if depends_on:
            found.append({"dependsOn": depends_on, **target_of(instance.id)})
    return found


def type_of(resource: ResourceId) -> str:
    """Return the type of a resource as deployments name it, in full for a resource group."""
    return RESOURCE_GROUP_TYPE if resource.type == RESOURCE_GROUP else resource.type


def target_of(resource: ResourceId) -> dict[str, str]:
    """Return a resource as operations and dependencies refer to it."""
    return {
        "id": resource.text,
        "resourceType": type_of(resource),
        "resourceName": "/".join(resource.names),
    }


def _render_operation(cloud: Cloud, deployment: ResourceId, operation: Operation) -> dict[str, Any]:
    pace = cloud.pace or 0.0
    failure = operation.failure
    token = uuid.uuid5(uuid.NAMESPACE_URL, f"{operation.verb} {operation.resource.key}").hex[:16]
    properties: dict[str, Any] = {
        "provisioningOperation": operation.verb,
        "provisioningState": "Failed" if failure else "Succeeded",
        "timestamp": format_time(cloud.now() + timedelta(seconds=operation.end * pace)),
        "duration": _duration((operation.end - operation.start) * pace),
        "trackingId": str(uuid.uuid4()),
        "statusCode": _STATUS_WORDS.get(failure.status, str(failure.status)) if failure else "OK",
        "targetResource": target_of(operation.resource),
    }
    if failure:
        properties["statusMessage"] = {"status": "Failed", "error": failure.to_json()}
    return {
        "id": f"{deployment.text}/operations/{token.upper()}",
        "operationId": token.upper(),
        "properties": properties,
    }


_STATUS_WORDS = {
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
}


def _duration(seconds: float) -> str:
    return f"PT{seconds:.7f}S"


def find_deployment(cloud: Cloud, deployment: ResourceId) -> dict[str, Any]:
    """Return the record of a deployment.

    Raises:
        RefusalError: there is none (DeploymentNotFound).
    """
    row = cloud.store.deployments.get(deployment.key)
    if row is None:
        raise RefusalError(
            404, "DeploymentNotFound", f"Deployment '{deployment.name}' could not be found."
        )
    return row


def is_running(cloud: Cloud, row: Mapping[str, Any]) -> bool:
    """Return whether a deployment has not ended."""
    return "cancelled" not in row and parse_time(row["ends"]) > cloud.now()


def show_deployment(cloud: Cloud, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what GET answers; a running deployment has neither outputs nor an error."""
    shown = {key: value for key, value in row.items() if key not in _HIDDEN}
    properties = shown["properties"]
    kept = {k: v for k, v in properties.items() if k not in ("error", "outputs", "outputResources")}
    if "cancelled" in row:
        shown["properties"] = {**kept, "provisioningState": "Canceled"}
    elif is_running(cloud, row):
        shown["properties"] = {**kept, "provisioningState": "Running"}
    return shown


def show_operations(cloud: Cloud, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the operations of a deployment, with their state at this moment."""
    shown: list[dict[str, Any]] = []
    for operation in row.get("operations", ()):
        properties = operation["properties"]
        if is_running(cloud, row) and parse_time(properties["timestamp"]) > cloud.now():
            hidden = ("statusCode", "statusMessage")
            kept = {k: v for k, v in properties.items() if k not in hidden}
            properties = {**kept, "provisioningState": "Running"}
        shown.append({**operation, "properties": properties})
    return shown
