"""Template functions that read resources during a deployment: `reference`, `list*` and others.

Source: "Resource functions for ARM templates": reference, list*, and "Use symbolic name" for
`references` and `resourceInfo`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from provisioner.catalog.deployment import DEPLOYMENT_TYPE, RESOURCE_GROUP_TYPE
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, parse_resource_id
from provisioner.simulator.actions import routes as actions
from provisioner.simulator.authorization.permissions import check_authorized
from provisioner.simulator.authorization.required_permissions import required_permissions
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.deployments.prepared_deployment import PreparedDeployment
from provisioner.simulator.deployments.records import find_deployment, show_deployment
from provisioner.simulator.deployments.secrets import SECURE_OUTPUTS
from provisioner.simulator.protocol.errors import RefusalError, ResourceNotFoundError
from provisioner.simulator.services import routes as services
from provisioner.simulator.template_language.expressions import Functions, overlay
from provisioner.simulator.template_language.instances import ResourceInstance
from provisioner.simulator.template_language.operands import text
from provisioner.simulator.template_language.template_errors import ExpressionError, Value
from provisioner.simulator.template_language.templates import is_runtime


class ResourceFunctions:
    """The functions of one running deployment.

    `secrets` are the outputs of ended deployments by key, secret ones included: only
    `listOutputsWithSecureValues` of the outer deployment returns them.
    """

    def __init__(
        self, prepared: PreparedDeployment, secrets: Mapping[str, Mapping[str, Value]]
    ) -> None:
        self._prepared = prepared
        self._cloud = prepared.context.cloud
        self._secrets = secrets
        self._instances_by_name: dict[str, list[ResourceInstance]] = {}
        for instance in prepared.order:
            names = {instance.key, instance.symbol or instance.name}
            if instance.loop and instance.symbol:
                names.add(instance.symbol)
            for name in names:
                self._instances_by_name.setdefault(name.lower(), []).append(instance)

    def bind(self) -> Functions:
        """Return the functions by name, with those that need no resources."""
        own: dict[str, Callable[..., Value]] = {
            "reference": self._reference,
            "references": self._references,
            "resourceinfo": self._resource_info,
        }
        return overlay(own, _ListFunctions(self._call_list_function), self._prepared.functions)

    def _reference(self, name: Value, version: Value = "", full: Value = "") -> Value:
        instance = self._template_resource(text(name))
        resource = instance.id if instance is not None else _parse_id(text(name))
        return self._render_reference(resource, instance, text(version), text(full))

    def _references(self, name: Value, version: Value = "", full: Value = "") -> Value:
        found = self._instances_by_name.get(text(name).lower())
        if found is None:
            raise ExpressionError(f"the resource collection '{name}' is not in the template.")
        # `references('a', 'full')` leaves out the version.
        if text(version).lower() == "full":
            version, full = "", version
        ordered = sorted(found, key=lambda instance: _loop_index(instance.key))
        return [self._render_reference(one.id, one, text(version), text(full)) for one in ordered]

    def _resource_info(self, name: Value) -> Value:
        instance = self._template_resource(text(name))
        if instance is None:
            raise ExpressionError(f"the resource '{name}' is not in the template.")
        return {
            "id": instance.id.text,
            "name": instance.name,
            "type": instance.type,
            "apiVersion": instance.api_version,
        }

    def _render_reference(
        self, resource: ResourceId, instance: ResourceInstance | None, version: str, full: str
    ) -> Value:
        body = self._resource_body(resource)
        if full.lower() != "full":
            return body.get("properties") or {}
        api_version = version or (instance.api_version if instance is not None else "")
        return {
            **body,
            "apiVersion": api_version,
            "resourceId": resource.text,
            "subscriptionId": resource.subscription or "",
            "resourceGroupName": resource.resource_group or "",
            "scope": resource.scope.text if resource.scope is not None else "/",
            "referenceApiVersion": api_version,
            "condition": True,
            "isConditionTrue": True,
            "isTemplateResource": instance is not None,
            "isAction": False,
            "provisioningOperation": "Create" if instance is not None else "Read",
        }

    def _resource_body(self, resource: ResourceId) -> dict[str, Any]:
        if resource.type.lower() == DEPLOYMENT_TYPE.lower():
            return show_deployment(self._cloud, find_deployment(self._cloud, resource))
        row = self._cloud.find(resource)
        if row is None:
            raise ResourceNotFoundError(resource)
        return render(self._cloud, row)

    def _template_resource(self, name: str) -> ResourceInstance | None:
        """Return the resource of the template with a name or symbol; None for an id.

        Raises:
            ExpressionError: several have it.
        """
        found = self._instances_by_name.get(name.lower(), [])
        if len(found) == 1:
            return found[0]
        if found:
            raise ExpressionError(f"'{name}' names {len(found)} resources of the template.")
        by_id = (one for one in self._prepared.order if one.id.key == name.lower())
        return next(by_id, None)

    def _call_list_function(
        self, function: str, name: Value, version: Value = "", values: Value = None
    ) -> Value:
        instance = self._template_resource(text(name))
        resource = instance.id if instance is not None else _parse_id(text(name))
        if function == SECURE_OUTPUTS:
            return dict(self._secrets.get(resource.key, {}))
        self._resource_body(resource)
        path = f"{resource.text}/{function}"
        query = {"api-version": text(version)}
        request = replace(
            self._prepared.context.request,
            method="POST",
            path=path,
            query=query,
            content=json.dumps(values or {}).encode(),
        )
        # A `list*` function is a POST of the action with that name, with the caller's permissions.
        for route in (*actions.ROUTES, *services.ROUTES):
            match = route.pattern.fullmatch(path) if route.method == "POST" else None
            if match is not None:
                check_authorized(self._cloud, request, required_permissions(self._cloud, request))
                return route.handler(self._cloud, request, **match.groupdict()).body
        raise RefusalError(
            400,
            "InvalidResourceType",
            f"The built-in Azure does not know the action '{function}' of '{resource.type}'.",
        )


class _ListFunctions(Mapping[str, Callable[..., Value]]):
    """A function for every name that starts with `list`: each is a POST action of a resource."""

    def __init__(self, call: Callable[..., Value]) -> None:
        self._call = call

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.startswith("list") and is_runtime(name)

    def __getitem__(self, name: str) -> Callable[..., Value]:
        if name not in self:
            raise KeyError(name)

        def function(resource: Value, version: Value = "", values: Value = None) -> Value:
            return self._call(name, resource, version, values)

        return function

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _parse_id(name: str) -> ResourceId:
    resource = parse_resource_id(name)
    if resource is None:
        raise ExpressionError(f"'{name}' is neither a resource of the template nor a resource id.")
    if resource.type.lower() == RESOURCE_GROUP_TYPE.lower():
        return ResourceId(RESOURCE_GROUP, resource.names, resource.scope)
    return resource


def _loop_index(key: str) -> int:
    """Return the index at the end of a key: `symbol[3]`."""
    number = key.rpartition("[")[2].rstrip("]")
    return int(number) if number.isdecimal() else 0
