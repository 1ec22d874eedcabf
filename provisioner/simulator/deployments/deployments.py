"""Deployments: a template evaluated and written, resource by resource, as Azure does it.

ARM answers a deployment at once and carries it out afterwards; what fails leaves the rest as it is,
and nothing is taken back. Here all of it is done within the request, and the operation ends when
its slowest chain of resources would have. Facts: "Deployments" in the REST reference.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from provisioner.catalog.deployment import DEPLOYMENT_TYPE
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    ResourceId,
    parse_resource_id,
    resource_group_id,
    subscription_id,
)
from provisioner.simulator.arm.removal import check_unlocked
from provisioner.simulator.arm.subscriptions import record_subscription
from provisioner.simulator.arm.writing import write_resource
from provisioner.simulator.bodies.answers import render
from provisioner.simulator.logs.activity_log import record_refusal, record_success, write_within
from provisioner.simulator.logs.change_log import keep, rollback, watch
from provisioner.simulator.protocol.errors import RefusalError, resource_not_found
from provisioner.simulator.protocol.exchange import Answer, Request
from provisioner.simulator.state.clock import format_time, parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.places import check_place
from provisioner.simulator.template_language.expressions import (
    Functions,
    evaluate,
    invalid_template,
)
from provisioner.simulator.template_language.templates import (
    Template,
    TemplateResource,
    check_location,
    check_name,
    read_template,
    scope_of_nested,
)

_TYPES: Mapping[str, type] = {
    "array": list,
    "bool": bool,
    "int": int,
    "object": dict,
    "secureobject": dict,
    "securestring": str,
    "string": str,
}


def put_deployment(
    cloud: Cloud, request: Request, name: str, subscription: str = "", group: str = ""
) -> Answer:
    """Answer a PUT: 201, then an operation. Raises RefusalError before anything is written."""
    deployment = _id(name, subscription, group)
    scope = deployment.scope
    if scope is not None and scope.type == RESOURCE_GROUP and cloud.find(scope) is None:
        raise resource_not_found(scope)
    check_name(name)
    document = request.read_object()
    check_location(scope, name, document.get("location"))
    properties = document.get("properties") or {}
    template = read_template(properties.get("template"), scope)
    values = _parameters(template, properties.get("parameters") or {})
    _Run(cloud, str(document.get("location") or "")).deploy(deployment, template, values, 0.0)
    row = _find(cloud, deployment)
    url = f"{request.base}{deployment.text}/operationStatuses/{row['token']}"
    version = request.query.get("api-version", "")
    headers = {"Azure-AsyncOperation": f"{url}?api-version={version}", "Retry-After": "0"}
    return Answer(201, _show(cloud, row), headers)


def get_deployment(
    cloud: Cloud, _request: Request, name: str, subscription: str = "", group: str = ""
) -> Answer:
    """Answer a GET: 200, or 404."""
    return Answer(200, _show(cloud, _find(cloud, _id(name, subscription, group))))


def poll_deployment(
    cloud: Cloud, _request: Request, name: str, token: str, subscription: str = "", group: str = ""
) -> Answer:
    """Answer a poll of `Azure-AsyncOperation`."""
    row = _find(cloud, _id(name, subscription, group))
    if row["token"] != token.lower():
        raise RefusalError(404, "NotFound", f"The operation '{token}' was not found.")
    shown = _show(cloud, row)["properties"]
    body = {"status": shown["provisioningState"]}
    if "error" in shown:
        body["error"] = shown["error"]
    return Answer(200, body)


def _id(name: str, subscription: str, group: str) -> ResourceId:
    scope = None
    if subscription:
        scope = resource_group_id(subscription, group) if group else subscription_id(subscription)
    return ResourceId(DEPLOYMENT_TYPE, (name,), scope)


def _find(cloud: Cloud, deployment: ResourceId) -> dict[str, Any]:
    row = cloud.store.deployments.get(deployment.key)
    if row is None:
        raise RefusalError(
            404, "DeploymentNotFound", f"Deployment '{deployment.name}' could not be found."
        )
    return row


def _show(cloud: Cloud, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what GET answers: while a deployment runs, it has neither outputs nor an error."""
    shown = {key: value for key, value in row.items() if key not in ("ends", "token")}
    if parse_time(row["ends"]) > cloud.now():
        properties = shown["properties"]
        kept = {k: v for k, v in properties.items() if k not in ("error", "outputs")}
        shown["properties"] = {**kept, "provisioningState": "Running"}
    return shown


def _parameters(template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a template's parameters, by name in lower case."""
    values = {name.lower(): entry.get("value") for name, entry in given.items()}
    declared = {name.lower() for name in template.parameters}
    for name in given:
        if name.lower() not in declared:
            raise invalid_template(
                f"The following parameters were supplied, but do not correspond to any parameters "
                f"defined in the template: '{name}'"
            )
    for name, entry in template.parameters.items():
        if name.lower() not in values:
            if "defaultValue" not in entry:
                raise invalid_template(
                    f"The value for the template parameter '{name}' is not provided"
                )
            values[name.lower()] = evaluate(entry["defaultValue"], _PLAIN)
        if not _is_of(entry.get("type"), values[name.lower()]):
            raise invalid_template(
                f"Template parameter '{name}' was provided an invalid value. Expected a value of "
                f"type '{entry.get('type')}'"
            )
    return values


def _is_of(kind: object, value: object) -> bool:
    wanted = _TYPES.get(str(kind).lower())
    if wanted is None:
        raise invalid_template(f"The type '{kind}' is not valid")
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))


class _Run:
    """Carries out one deployment with those nested in it. `location` is where it is recorded."""

    def __init__(self, cloud: Cloud, location: str) -> None:
        self._cloud = cloud
        self._location = location

    def deploy(
        self, deployment: ResourceId, template: Template, values: Mapping[str, Any], begin: float
    ) -> float:
        """Write the resources of a template; record how it went; return the second of its end.

        What waits for a failure is left out, and everything else goes on. Seconds count from the
        start of the outermost deployment.
        """
        functions = self._functions(values)
        ends: dict[str, float] = {}
        failures: list[RefusalError] = []
        for resource in template.resources:
            if not all(on in ends for on in resource.waits):
                continue
            start = max((ends[on] for on in resource.waits), default=begin)
            # What was written before stays, whatever becomes of this one.
            keep(self._cloud)
            origin = write_within(self._cloud.origin, f"{resource.id.type}/write", resource.id.text)
            try:
                watch(self._cloud, resource.id, origin)
                ends[resource.id.key] = self._write(resource, functions, start)
                record_success(self._cloud, origin)
            except RefusalError as refusal:
                rollback(self._cloud)
                record_refusal(self._cloud, origin, refusal)
                failures.append(refusal)
        end = max(ends.values(), default=begin)
        outputs: dict[str, Any] = {}
        if not failures:
            try:
                outputs = _outputs(template, functions)
            except RefusalError as refusal:
                failures.append(refusal)
        self._record(deployment, outputs, failures, end)
        return end

    def _write(self, resource: TemplateResource, functions: Functions, start: float) -> float:
        if resource.type.lower() == DEPLOYMENT_TYPE.lower():
            return self._nest(resource, functions, start)
        cloud = self._cloud
        if resource.id.subscription is not None:
            record_subscription(cloud, resource.id.subscription)
        resource_type = cloud.type_of(resource.id)
        check_place(cloud, resource_type, resource.id, writing=True)
        body = evaluate(resource.content, functions)
        check_unlocked(cloud, resource.id, body, deleting=False)
        write_resource(
            cloud, resource_type, cloud.canonical(resource.id), body, resource.api_version
        )
        return start + resource_type.seconds

    def _nest(self, resource: TemplateResource, functions: Functions, start: float) -> float:
        properties = resource.content["properties"]
        scope = scope_of_nested(resource.content, resource.id.scope)
        if scope is not None and scope.type == RESOURCE_GROUP and self._cloud.find(scope) is None:
            raise resource_not_found(scope)
        template = read_template(properties["template"], scope)
        given = evaluate(properties.get("parameters") or {}, functions)
        end = self.deploy(resource.id, template, _parameters(template, given), start)
        failure = _find(self._cloud, resource.id)["properties"].get("error")
        if failure is not None:
            raise RefusalError(409, failure["code"], json.dumps(failure.get("details", [])))
        return end

    def _functions(self, values: Mapping[str, Any]) -> Functions:
        return {
            **_PLAIN,
            "deployment": lambda: {"location": self._location},
            "parameters": lambda name: values[name.lower()],
            "reference": self._reference,
        }

    def _reference(self, text: str, _version: str = "", full: str = "") -> Any:  # noqa: ANN401
        resource = parse_resource_id(text)
        if resource is None:
            raise invalid_template(f"The built-in Azure refers by id only: '{text}' is none")
        if resource.type.lower() == DEPLOYMENT_TYPE.lower():
            found: dict[str, Any] = _find(self._cloud, resource)
        else:
            row = self._cloud.find(resource)
            if row is None:
                raise resource_not_found(resource)
            found = render(self._cloud, row)
        return found if full.lower() == "full" else found.get("properties", {})

    def _record(
        self,
        deployment: ResourceId,
        outputs: Mapping[str, Any],
        failures: list[RefusalError],
        end: float,
    ) -> None:
        now, pace = self._cloud.now(), self._cloud.pace or 0.0
        properties: dict[str, Any] = {
            "provisioningState": "Failed" if failures else "Succeeded",
            "mode": "Incremental",
            "timestamp": format_time(now),
            "outputs": outputs,
        }
        if failures:
            properties["error"] = {
                "code": "DeploymentFailed",
                "message": "At least one resource deployment operation failed. Please list "
                "deployment operations for details.",
                "details": [{"code": f.code, "message": f.message} for f in failures],
            }
        row: dict[str, Any] = {
            "id": deployment.text,
            "name": deployment.name,
            "type": DEPLOYMENT_TYPE,
            "properties": properties,
            "token": str(uuid.uuid4()),
            "ends": format_time(now + timedelta(seconds=end * pace)),
        }
        if deployment.scope is None or deployment.scope.type != RESOURCE_GROUP:
            row["location"] = self._location
        self._cloud.store.deployments.put(deployment.key, row)
        # Kept before the outer deployment hears of a failure, and takes back what it was writing.
        keep(self._cloud)


def _outputs(template: Template, functions: Functions) -> dict[str, Any]:
    found = {}
    for name, entry in template.outputs.items():
        value = evaluate(entry.get("value"), functions)
        if not _is_of(entry.get("type"), value):
            raise RefusalError(
                400,
                "DeploymentOutputEvaluationFailed",
                f"Unable to evaluate template outputs: '{name}'. Expected a value of type "
                f"'{entry.get('type')}'.",
            )
        found[name] = {"type": str(entry["type"]).capitalize(), "value": value}
    return found


def _concat(*parts: Any) -> Any:  # noqa: ANN401  texts or arrays
    if parts and all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    return "".join(_text(part) for part in parts)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _resource_id(*parts: str) -> str:
    """Return the id of a resource in the group that the first parts name, as ARM builds it."""
    position = next(i for i, part in enumerate(parts) if "/" in part)
    if position != 2:
        raise invalid_template(
            "The built-in Azure knows resourceId with a subscription and a resource group only"
        )
    scope = resource_group_id(parts[0], parts[1])
    return ResourceId(parts[2], tuple(parts[3:]), scope).text


_PLAIN: Functions = {
    "concat": _concat,
    "false": lambda: False,
    "replace": lambda text, old, new: text.replace(old, new),
    "resourceid": _resource_id,
    "string": _text,
    "tolower": lambda text: text.lower(),
    "true": lambda: True,
}
