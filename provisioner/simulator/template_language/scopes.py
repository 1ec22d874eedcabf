"""Scopes of deployments: tenant (None), management group, subscription, resource group.

A resource or nested deployment may name another one (`scope`, `subscriptionId`, `resourceGroup`).
Source: "Deploy resources to tenant/management group/subscription/resource group" and "Extension
resources" of the ARM template documentation.
"""

from collections.abc import Mapping
from typing import Any

from provisioner.catalog.deployment import (
    DEPLOYMENT_TYPE,
    LONGEST_NAME,
    MANAGEMENT_GROUP_TYPE,
    RESOURCE_GROUP_TYPE,
)
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    SUBSCRIPTION,
    ResourceId,
    parse_resource_id,
    resource_group_id,
    subscription_id,
)
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.template_language.template_errors import InvalidTemplateError, Path


def scope_of_nested(head: Mapping[str, Any], scope: ResourceId | None) -> ResourceId | None:
    """Return the scope of a nested deployment: the one it names, else the outer one's."""
    if "scope" in head:
        return read_scope(head["scope"], scope)
    subscription = head.get("subscriptionId") or (scope.subscription if scope else None)
    group = head.get("resourceGroup")
    if subscription is None:
        return scope
    if group is not None:
        return resource_group_id(subscription, group)
    if "subscriptionId" in head or scope is None or scope.type != RESOURCE_GROUP:
        return subscription_id(subscription)
    return scope


def read_scope(text: object, scope: ResourceId | None, path: Path = ()) -> ResourceId | None:
    """Return the scope that a text names: `/`, an id, or `Namespace/type/name`.

    The last form is relative to the deployment's scope; a management group is always the tenant's.

    Raises:
        InvalidTemplateError: the text names no scope.
    """
    if text == "/":
        return None
    if isinstance(text, str) and text and not text.startswith("/"):
        is_group = text.lower().startswith(MANAGEMENT_GROUP_TYPE.lower() + "/")
        front = "" if is_group or scope is None else scope.text
        text = f"{front}/providers/{text}"
    found = parse_resource_id(text)
    if found is None:
        raise InvalidTemplateError(f"The scope '{text}' is not valid", path)
    return found


def resource_id_of(
    head: Mapping[str, Any], scope: ResourceId | None, path: Path = ()
) -> ResourceId:
    """Return the id of a template's resource by its evaluated type, name and scope.

    Raises:
        InvalidTemplateError: the name has another number of segments than the type.
    """
    kind, names = head["type"], tuple(head["name"].split("/"))
    if kind.count("/") != len(names) or not all(names):
        raise InvalidTemplateError(
            f"The template resource '{head['name']}' for type '{kind}' has incorrect segment "
            "lengths. A nested resource type must have identical number of segments as its "
            "resource name. A root resource type must have segment length one greater than its "
            "resource name",
            path,
        )
    resource_scope = scope
    if kind.lower() == DEPLOYMENT_TYPE.lower():
        return ResourceId(DEPLOYMENT_TYPE, names, scope_of_nested(head, scope))
    if "scope" in head:
        resource_scope = read_scope(head["scope"], scope, path)
    elif "subscriptionId" in head or "resourceGroup" in head:
        resource_scope = scope_of_nested(head, scope)
    elif kind.lower() == MANAGEMENT_GROUP_TYPE.lower():
        resource_scope = None
    if kind.lower() == RESOURCE_GROUP_TYPE.lower():
        return ResourceId(RESOURCE_GROUP, names, resource_scope)
    if "/providers/" in kind:
        return _nested_extension_id(kind, names, resource_scope, path)
    return ResourceId(kind, names, resource_scope)


def _nested_extension_id(
    kind: str, names: tuple[str, ...], scope: ResourceId | None, path: Path
) -> ResourceId:
    """Return the id of an extension resource that is written in the older, nested form.

    The type is `NAMESPACE/vaults/providers/locks`, the name `kv/NAMESPACE-OF-LOCKS/lock`.

    Raises:
        InvalidTemplateError: type and name give no id.
    """
    namespace, *kinds = kind.split("/")
    pairs = "".join(f"/{one}/{name}" for one, name in zip(kinds, names, strict=True))
    found = parse_resource_id(f"{scope.text if scope else ''}/providers/{namespace}{pairs}")
    if found is None:
        raise InvalidTemplateError(f"The resource type '{kind}' with its name is not valid", path)
    return found


def scope_kind(scope: ResourceId | None) -> str:
    """Return "tenant", "management group", "subscription" or "resource group"."""
    if scope is None:
        return "tenant"
    if is_management_group(scope):
        return "management group"
    return "subscription" if scope.type == SUBSCRIPTION else "resource group"


def check_name(name: str) -> None:
    """Check that the name of a deployment has at most 64 characters.

    Raises:
        RefusalError: it is longer.
    """
    if len(name) > LONGEST_NAME:
        raise RefusalError(
            400,
            "DeploymentNameLengthLimitExceeded",
            f"The provided deployment name '{name}' has a length of '{len(name)}' which exceeds "
            f"the maximum length of '{LONGEST_NAME}'.",
        )


def check_location(scope: ResourceId | None, name: str, location: object) -> None:
    """Check the location of a deployment's record: required, except in a resource group.

    A deployment to a resource group is recorded in the group's own location; one to a wider scope
    has none to inherit.

    Raises:
        RefusalError: the location is missing, or not allowed.
    """
    in_group = scope is not None and scope.type == RESOURCE_GROUP
    if in_group and location is not None:
        raise RefusalError(
            400,
            "InvalidDeployment",
            f"The 'location' property is not allowed for '{name}' at resource group scope.",
        )
    if not in_group and not location:
        raise RefusalError(
            400, "LocationRequired", f"The 'location' property must be specified for '{name}'."
        )
