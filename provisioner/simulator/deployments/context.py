"""The context of a deployment (scope, caller, cloud), and the template functions that depend on it.

Source: "Deployment functions", "Scope functions" and "Resource functions for ARM templates".
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.catalog.deployment import (
    DEPLOYMENT_TYPE,
    MANAGEMENT_GROUP_TYPE,
    RESOURCE_GROUP_TYPE,
)
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    ResourceId,
    resource_group_id,
    subscription_id,
)
from provisioner.simulator.arm.subscriptions import get_provider
from provisioner.simulator.arm.tenants import get_subscription
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.deployments.zone_functions import ZONE_FUNCTIONS
from provisioner.simulator.entra.audiences import GRAPH_PATH
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.state.cloud import Cloud, stable_guid
from provisioner.simulator.template_language.date_functions import UTC_NOW_FORMAT, format_date
from provisioner.simulator.template_language.expressions import Functions, member, overlay
from provisioner.simulator.template_language.functions import PLAIN_FUNCTIONS
from provisioner.simulator.template_language.operands import text
from provisioner.simulator.template_language.parameter_types import is_secure
from provisioner.simulator.template_language.resource_ids import id_functions
from provisioner.simulator.template_language.scopes import scope_kind
from provisioner.simulator.template_language.template_errors import ExpressionError, Value


@dataclass(frozen=True, slots=True)
class DeploymentContext:
    """One deployment as requested.

    template    the document as sent
    link        the link that it was read from; None if it is inline
    parameters  as sent: `{"value": …}` by name
    mode        `Incremental` or `Complete`
    location    of the deployment's record; "" in a resource group
    """

    cloud: Cloud
    request: Request
    id: ResourceId
    template: Mapping[str, Any]
    parameters: Mapping[str, Any]
    mode: str = "Incremental"
    location: str = ""
    link: Mapping[str, Any] | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scope(self) -> ResourceId | None:
        """The scope that it deploys to; None is the tenant."""
        return self.id.scope


def deployment_id(name: str, scope: ResourceId | None) -> ResourceId:
    """Return the id of a deployment to a scope."""
    return ResourceId(DEPLOYMENT_TYPE, (name,), scope)


def scope_of(subscription: str = "", group: str = "", management: str = "") -> ResourceId | None:
    """Return the scope of a request's path; None for the tenant."""
    if management:
        return ResourceId(MANAGEMENT_GROUP_TYPE, (management,))
    if not subscription:
        return None
    return resource_group_id(subscription, group) if group else subscription_id(subscription)


def base_functions(context: DeploymentContext) -> Functions:
    """Return the functions that need neither parameters nor resources."""
    scope = context.scope
    return {
        **PLAIN_FUNCTIONS,
        **id_functions(scope),
        **ZONE_FUNCTIONS,
        "deployer": lambda: _deployer_object(context),
        "deployment": lambda: _deployment_object(context),
        "environment": lambda: _environment_object(context),
        "managementgroup": lambda: _management_group_object(context),
        "providers": lambda namespace, kind=None: _provider_types(context, namespace, kind),
        "resourcegroup": lambda: _resource_group_object(context),
        "subscription": lambda: _subscription_object(context),
        "tenant": lambda: _tenant_object(context),
    }


def default_functions(context: DeploymentContext) -> Functions:
    """Return the functions of parameters' default values.

    `newGuid` and `utcNow` are allowed only there: elsewhere a template would differ at each
    evaluation.
    """
    return overlay(
        {"newguid": lambda: str(uuid.uuid4()), "utcnow": lambda form=None: _utc_now(context, form)},
        base_functions(context),
    )


def _utc_now(context: DeploymentContext, form: Value) -> str:
    return format_date(context.cloud.now(), UTC_NOW_FORMAT if form is None else text(form))


def _deployer_object(context: DeploymentContext) -> dict[str, Value]:
    caller = read_caller(context.request)
    found = {"objectId": caller.object_id, "tenantId": _tenant_id(context)}
    return {**found, "userPrincipalName": caller.name if caller.is_person else ""}


def _deployment_object(context: DeploymentContext) -> dict[str, Value]:
    """Return the result of `deployment()`, which includes the whole template as in Azure."""
    properties: dict[str, Value] = {
        "template": context.template,
        "templateHash": template_hash(context.template),
        "parameters": _visible_parameters(context),
        "mode": context.mode,
        "provisioningState": "Accepted",
    }
    if context.link is not None:
        properties["templateLink"] = context.link
    found: dict[str, Value] = {"name": context.id.name, "properties": properties}
    return {**found, "location": context.location} if context.location else found


def _visible_parameters(context: DeploymentContext) -> dict[str, Value]:
    """Return the parameters as sent, without secret ones."""
    definitions = context.template.get("definitions") or {}
    declared = context.template.get("parameters") or {}
    return {
        name: entry
        for name, entry in context.parameters.items()
        if not is_secure(declared.get(name) or {}, definitions)
    }


def template_hash(template: Mapping[str, Any]) -> str:
    """Return a hash of a template, of 64 bits in decimal.

    Azure's own algorithm is not published; the value differs from Azure's.
    """
    seed = repr(_canonical_form(template))
    return str(uuid.UUID(stable_guid("template", seed)).int >> 64)


def _canonical_form(value: Value) -> Value:
    if isinstance(value, Mapping):
        return sorted((key, _canonical_form(item)) for key, item in value.items())
    return (
        [_canonical_form(item) for item in value]
        if isinstance(value, list)
        else (str(type(value)), value)
    )


def _environment_object(context: DeploymentContext) -> dict[str, Value]:
    """Return the result of `environment()`: the endpoints of this cloud."""
    base = context.request.base
    graph = f"{base}{GRAPH_PATH}"
    return {
        "name": "local",
        "gallery": base,
        "graph": graph,
        "portal": base,
        "graphAudience": graph,
        "activeDirectoryDataLake": f"{base}/",
        "batch": f"{base}/",
        "media": f"{base}/",
        "sqlManagement": f"{base}/",
        "vmImageAliasDoc": base,
        "resourceManager": f"{base}/",
        "authentication": {
            "loginEndpoint": f"{base}/",
            "audiences": [f"{base}/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "suffixes": {
            "acrLoginServer": ".azurecr.io",
            "azureDatalakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "azureDatalakeStoreFileSystem": "azuredatalakestore.net",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
            "keyvaultDns": ".vault.azure.net",
            "storage": "core.windows.net",
            "sqlServerHostname": ".database.windows.net",
        },
    }


def _tenant_object(context: DeploymentContext) -> dict[str, Value]:
    tenant = _tenant_id(context)
    return {
        "countryCode": "",
        "displayName": "local",
        "id": f"/tenants/{tenant}",
        "tenantId": tenant,
    }


def _tenant_id(context: DeploymentContext) -> str:
    """Return the tenant of the deployment's caller."""
    return read_caller(context.request).tenant or context.cloud.home_tenant


def _management_group_object(context: DeploymentContext) -> dict[str, Value]:
    scope = context.scope
    if scope is None or not is_management_group(scope):
        raise WrongScopeError("managementGroup", scope)
    return {
        "id": scope.text,
        "name": scope.name,
        "type": MANAGEMENT_GROUP_TYPE,
        "properties": {"displayName": scope.name, "tenantId": _tenant_id(context)},
    }


def _subscription_object(context: DeploymentContext) -> dict[str, Value]:
    subscription = context.scope.subscription if context.scope is not None else None
    if subscription is None:
        raise WrongScopeError("subscription", context.scope)
    body: Value = get_subscription(context.cloud, context.request, subscription).body
    return {name: body[name] for name in ("id", "subscriptionId", "tenantId", "displayName")}


def _resource_group_object(context: DeploymentContext) -> dict[str, Value]:
    scope = context.scope
    if scope is None or scope.type != RESOURCE_GROUP:
        raise WrongScopeError("resourceGroup", scope)
    row = context.cloud.find(scope)
    if row is None:
        raise ExpressionError(f"The resource group '{scope.name}' could not be found.")
    body = render(context.cloud, row)
    return {**body, "type": RESOURCE_GROUP_TYPE, "tags": body.get("tags") or {}}


class WrongScopeError(ExpressionError):
    """A scope function that the scope of the deployment does not have."""

    def __init__(self, function: str, scope: ResourceId | None) -> None:
        super().__init__(
            f"The template function '{function}' is not expected at this location: the deployment "
            f"is into a {scope_kind(scope)}."
        )


def _provider_types(context: DeploymentContext, namespace: Value, kind: Value) -> Value:
    subscription = context.scope.subscription if context.scope is not None else None
    answer = get_provider(context.cloud, context.request, subscription or "", text(namespace))
    body: Value = answer.body
    if kind is None:
        return body
    kind_name = text(kind).lower()
    for entry in member(body, "resourceTypes"):
        if entry["resourceType"].lower() == kind_name:
            return entry
    raise ExpressionError(f"the provider '{namespace}' has no resource type '{kind}'.")
