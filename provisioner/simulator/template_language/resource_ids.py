"""The functions that build resource ids: they take no look at what exists.

Facts: "Resource functions for ARM templates": resourceId and its relatives.
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
    """Return the functions as they are in a deployment into a scope."""

    def resource_id(first: Value, *more: Value) -> str:
        front, kind, names = _parts((first, *more), 2)
        return _place(scope, front) + _provider(kind, names)

    def subscription_resource_id(first: Value, *more: Value) -> str:
        front, kind, names = _parts((first, *more), 1)
        subscription = front[0] if front else (scope.subscription if scope else None)
        if subscription is None:
            raise ExpressionError("expects a subscription id: the deployment is in none.")
        return f"/subscriptions/{subscription}{_provider(kind, names)}"

    def management_group_resource_id(first: Value, *more: Value) -> str:
        front, kind, names = _parts((first, *more), 1)
        name = front[0] if front else None
        if name is None and scope is not None and is_management_group(scope):
            name = scope.name
        if name is None:
            raise ExpressionError("expects the name of a management group: this scope is none.")
        return f"/providers/{MANAGEMENT_GROUP_TYPE}/{name}{_provider(kind, names)}"

    return {
        "extensionresourceid": _extension_resource_id,
        "managementgroupresourceid": management_group_resource_id,
        "resourceid": resource_id,
        "subscriptionresourceid": subscription_resource_id,
        "tenantresourceid": _tenant_resource_id,
    }


def _place(scope: ResourceId | None, front: tuple[str, ...]) -> str:
    """Return what `resourceId` begins with: the scope, or what stands before the type."""
    if scope is None or is_management_group(scope):
        _none_of(front)
        return "" if scope is None else scope.text
    subscription = scope.subscription or ""
    group = scope.resource_group
    if len(front) == 2:
        subscription, group = front
    elif front and _GUID.fullmatch(front[0]) and scope.type != RESOURCE_GROUP:
        subscription = front[0]
    elif front:
        group = front[0]
    place = f"/subscriptions/{subscription}"
    return place if group is None else f"{place}/resourceGroups/{group}"


def _extension_resource_id(base: Value, kind: Value, *names: Value) -> str:
    return text(base).rstrip("/") + _provider(text(kind), tuple(text(name) for name in names))


def _tenant_resource_id(first: Value, *more: Value) -> str:
    front, kind, names = _parts((first, *more), 0)
    _none_of(front)
    return _provider(kind, names)


def _none_of(front: tuple[str, ...]) -> None:
    if front:
        raise ExpressionError(f"takes no '{front[0]}' before the type in this scope.")


def _parts(values: tuple[Value, ...], most: int) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Return what stands before the type, the type, and the names after it."""
    parts = tuple(text(value) for value in values)
    place = next((i for i, part in enumerate(parts) if "/" in part), None)
    if place is None or place > most:
        raise ExpressionError(
            "expects a resource type with its namespace ('NAMESPACE/kind') "
            f"among its first {most + 1} argument(s)."
        )
    return parts[:place], parts[place], parts[place + 1 :]


def _provider(kind: str, names: tuple[str, ...]) -> str:
    namespace, *kinds = kind.strip("/").split("/")
    if len(kinds) != len(names):
        raise ExpressionError(
            f"the type '{kind}' requires {len(kinds)} resource name argument(s), {len(names)} were "
            "provided."
        )
    pairs = "".join(f"/{one}/{name}" for one, name in zip(kinds, names, strict=True))
    return f"/providers/{namespace}{pairs}"
