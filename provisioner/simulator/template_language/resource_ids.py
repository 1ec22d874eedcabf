"""Functions that build resource ids, such as `resourceId`; they never read what exists.

Source: "Resource functions for ARM templates": resourceId and its relatives.
"""

import re

from provisioner.catalog.deployment import MANAGEMENT_GROUP_TYPE
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.operands import text
from provisioner.simulator.template_language.template_errors import ExpressionError, Value

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def id_functions(scope: ResourceId | None) -> Functions:
    """Return the functions as they behave in a deployment to a scope; None is the tenant."""

    def resource_id(first: Value, *more: Value) -> str:
        prefix, kind, names = _split_arguments((first, *more), 2)
        return _scope_prefix(scope, prefix) + _provider_path(kind, names)

    def subscription_resource_id(first: Value, *more: Value) -> str:
        prefix, kind, names = _split_arguments((first, *more), 1)
        subscription = prefix[0] if prefix else (scope.subscription if scope else None)
        if subscription is None:
            raise ExpressionError("expects a subscription id: the deployment is in none.")
        return f"/subscriptions/{subscription}{_provider_path(kind, names)}"

    def management_group_resource_id(first: Value, *more: Value) -> str:
        prefix, kind, names = _split_arguments((first, *more), 1)
        name = prefix[0] if prefix else None
        if name is None and scope is not None and is_management_group(scope):
            name = scope.name
        if name is None:
            raise ExpressionError("expects the name of a management group: this scope is none.")
        return f"/providers/{MANAGEMENT_GROUP_TYPE}/{name}{_provider_path(kind, names)}"

    return {
        "extensionresourceid": _extension_resource_id,
        "managementgroupresourceid": management_group_resource_id,
        "resourceid": resource_id,
        "subscriptionresourceid": subscription_resource_id,
        "tenantresourceid": _tenant_resource_id,
    }


def _scope_prefix(scope: ResourceId | None, prefix: tuple[str, ...]) -> str:
    """Return the scope that `resourceId` puts first: the deployment's, or the arguments'."""
    if scope is None or is_management_group(scope):
        _require_no_prefix(prefix)
        return "" if scope is None else scope.text
    subscription = scope.subscription or ""
    group = scope.resource_group
    if len(prefix) == 2:
        subscription, group = prefix
    # A single argument is a subscription or a resource group; a GUID is read as the former, except
    # where the deployment is to a resource group.
    elif prefix and _GUID.fullmatch(prefix[0]) and scope.type != RESOURCE_GROUP:
        subscription = prefix[0]
    elif prefix:
        group = prefix[0]
    place = f"/subscriptions/{subscription}"
    return place if group is None else f"{place}/resourceGroups/{group}"


def _extension_resource_id(base: Value, kind: Value, *names: Value) -> str:
    return text(base).rstrip("/") + _provider_path(text(kind), tuple(text(name) for name in names))


def _tenant_resource_id(first: Value, *more: Value) -> str:
    prefix, kind, names = _split_arguments((first, *more), 0)
    _require_no_prefix(prefix)
    return _provider_path(kind, names)


def _require_no_prefix(prefix: tuple[str, ...]) -> None:
    if prefix:
        raise ExpressionError(f"takes no '{prefix[0]}' before the type in this scope.")


def _split_arguments(
    values: tuple[Value, ...], most: int
) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Split the arguments into those before the resource type, the type, and the names after it.

    Raises:
        ExpressionError: no argument at its place is a type with a namespace.
    """
    parts = tuple(text(value) for value in values)
    place = next((i for i, part in enumerate(parts) if "/" in part), None)
    if place is None or place > most:
        raise ExpressionError(
            "expects a resource type with its namespace ('NAMESPACE/kind') "
            f"among its first {most + 1} argument(s)."
        )
    return parts[:place], parts[place], parts[place + 1 :]


def _provider_path(kind: str, names: tuple[str, ...]) -> str:
    namespace, *kinds = kind.strip("/").split("/")
    if len(kinds) != len(names):
        raise ExpressionError(
            f"the type '{kind}' requires {len(kinds)} resource name argument(s), {len(names)} were "
            "provided."
        )
    pairs = "".join(f"/{one}/{name}" for one, name in zip(kinds, names, strict=True))
    return f"/providers/{namespace}{pairs}"
