"""Authorization of requests: role assignments, minus deny assignments.

Source: "How Azure RBAC determines if a user has access to a resource", Authorization "Permissions -
List For Resource". A caller has the roles that are assigned to them and to their groups. The local
operator has every permission; so has everybody if role assignments are not enforced.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NoReturn

from provisioner.catalog.built_in_roles import ROLE_DEFINITION_TYPE
from provisioner.catalog.permissions import (
    ASSIGN_ROLE,
    DENY_ASSIGNMENT,
    ROLE_ASSIGNMENT,
    UNASSIGN_ROLE,
    attributes_of_assignment,
)
from provisioner.model.conditions import parse_condition
from provisioner.model.permissions import Permission, grants, holds_at, parse_permissions
from provisioner.model.resource_id import ResourceId, parse_resource_id, subscription_id
from provisioner.model.values import Json
from provisioner.simulator.authorization.required_permissions import RequiredPermission
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.entra.directory import OWNERS
from provisioner.simulator.protocol.caller import Caller
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_EVERYONE = "00000000-0000-0000-0000-000000000000"
_OWNER_PERMISSIONS = (Permission(("*",)),)


@dataclass(frozen=True, slots=True)
class _HeldRole:
    """A role that a caller has at a scope, with the condition of its assignment, if any."""

    scope: ResourceId | None
    permissions: tuple[Permission, ...]
    condition: str | None


def list_permissions(cloud: Cloud, request: Request, scope: str) -> Answer:
    """Answer the caller's permissions at a scope: an entry for each permission of each role.

    The server's `allowed_actions` limit them.
    """
    scope_id = parse_resource_id(scope)
    roles = _roles_of(cloud, read_caller(request))
    entries = (
        _OWNER_PERMISSIONS
        if roles is None
        else [p for role in roles if holds_at(role.scope, scope_id) for p in role.permissions]
    )
    allowed = cloud.allowed_actions
    if allowed is not None and roles is None:
        entries = (Permission(tuple(sorted(allowed))),)
    return Answer(200, {"value": [_render_permission(permission) for permission in entries]})


def list_eligible(_cloud: Cloud, _request: Request, scope: str) -> Answer:
    """Refuse to list eligible roles, as Azure does in a directory without the required licence.

    Raises:
        RefusalError: always.
    """
    del scope
    raise RefusalError(
        400,
        "AadPremiumLicenseRequired",
        "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
    )


def check_authorized(
    cloud: Cloud, request: Request, required: Collection[RequiredPermission]
) -> None:
    """Check that the caller has the required permissions.

    A missing permission is a RefusalError: AuthorizationFailed, or LinkedAuthorizationFailed for a
    resource that the body refers to.

    Raises:
        DenyAssignmentError: a deny assignment excludes one.
    """
    caller = read_caller(request)
    refused = [needed for needed in required if not _is_allowed(cloud, caller, request, needed)]
    if refused:
        _raise_missing_permissions(caller, next(iter(required)), refused)
    for needed in required:
        denial = _denial_of(cloud, caller, needed)
        if denial is not None:
            raise DenyAssignmentError(caller, needed, denial)


def may_use_data(cloud: Cloud, caller: Caller, scope_id: ResourceId, action: str) -> bool:
    """Return whether a caller has a data action on a resource."""
    roles = _roles_of(cloud, caller)
    return roles is None or any(
        holds_at(role.scope, scope_id) and grants(role.permissions, action, data=True)
        for role in roles
    )


def _is_allowed(cloud: Cloud, caller: Caller, request: Request, needed: RequiredPermission) -> bool:
    allowed = cloud.allowed_actions
    if allowed is not None and not grants([Permission(tuple(allowed))], needed.action):
        return False
    roles = _roles_of(cloud, caller)
    if roles is None:
        return True
    scope_id = needed.scope_id
    return any(
        (
            holds_at(role.scope, scope_id)
            or (needed.within and _is_within_subscription(role.scope, scope_id))
        )
        and grants(role.permissions, needed.action)
        and _condition_allows(cloud, role, request, needed)
        for role in roles
    )


def _is_within_subscription(scope: ResourceId | None, subscription: ResourceId | None) -> bool:
    """Return whether a scope is in a subscription."""
    principals = (scope.subscription if scope else None, subscription and subscription.subscription)
    return principals[0] is not None and principals[0] == principals[1]


def _roles_of(cloud: Cloud, caller: Caller) -> list[_HeldRole] | None:
    """Return the roles of a caller; None if the caller has every permission."""
    if not cloud.enforces_roles or caller.object_id in OWNERS:
        return None
    return [
        _HeldRole(row.id.scope, _permissions_of(cloud, row), _text_at(row, "condition") or None)
        for row in _assignments_of(cloud, caller)
    ]


def sees_subscription(cloud: Cloud, caller: Caller, subscription: str) -> bool:
    """Return whether a subscription is listed for a caller.

    Any role above, at or below the subscription suffices.
    """
    if not cloud.enforces_roles or caller.object_id in OWNERS:
        return True
    scope_id = subscription_id(subscription)
    return any(
        holds_at(row.id.scope, scope_id) or _is_within_subscription(row.id.scope, scope_id)
        for row in _assignments_of(cloud, caller)
    )


def _assignments_of(cloud: Cloud, caller: Caller) -> list[Record]:
    holders = {caller.object_id, *caller.groups}
    return [
        row
        for row in cloud.store.resources.of_type(ROLE_ASSIGNMENT)
        if _text_at(row, "principalId").lower() in holders
    ]


def _permissions_of(cloud: Cloud, assignment: Record) -> tuple[Permission, ...]:
    principals = parse_resource_id(_text_at(assignment, "roleDefinitionId"))
    if principals is None:
        return ()
    found = cloud.find(principals)
    if found is None:
        # The GUID is the tenant's: the id in an assignment may name any scope.
        rows = cloud.store.resources.of_type(ROLE_DEFINITION_TYPE)
        found = next((row for row in rows if row.id.name.lower() == principals.name.lower()), None)
    return _entries_of(found) if found is not None else ()


def _entries_of(row: Record) -> tuple[Permission, ...]:
    """Return the permissions of a role definition or deny assignment.

    Malformed ones grant, and deny, nothing.
    """
    try:
        return parse_permissions(value_at(row.body, "properties.permissions"))
    except ValueError:
        return ()


def _condition_allows(
    cloud: Cloud, role: _HeldRole, request: Request, needed: RequiredPermission
) -> bool:
    """Return whether the condition of an assignment allows an action.

    A malformed condition, or one about attributes that are not simulated, allows it.
    """
    if role.condition is None:
        return True
    try:
        condition = parse_condition(role.condition)
    except ValueError:
        return True
    return (
        condition.holds(needed.action, _condition_attributes(cloud, request, needed)) is not False
    )


def _condition_attributes(
    cloud: Cloud, request: Request, needed: RequiredPermission
) -> dict[str, str]:
    if needed.action == ASSIGN_ROLE:
        body: object = request.read_object()
    elif needed.action == UNASSIGN_ROLE:
        resource = parse_resource_id(needed.scope)
        row = cloud.find(resource) if resource is not None else None
        body = row.body if row is not None else {}
    else:
        return {}
    role = parse_resource_id(value_at(body, "properties.roleDefinitionId"))
    principal = value_at(body, "properties.principalId")
    kind = value_at(body, "properties.principalType")
    return dict(
        attributes_of_assignment(
            role.name if role is not None else "",
            principal if isinstance(principal, str) else None,
            kind if isinstance(kind, str) else None,
        )
    )


def _denial_of(cloud: Cloud, caller: Caller, needed: RequiredPermission) -> Record | None:
    """Return a deny assignment for a caller and an action, or None."""
    scope_id = needed.scope_id
    for row in cloud.store.resources.of_type(DENY_ASSIGNMENT):
        principals, excluded = (
            set(_principal_ids(row, "principals")),
            set(_principal_ids(row, "excludePrincipals")),
        )
        holders = {caller.object_id, *caller.groups}
        is_for_caller = not principals.isdisjoint(holders | {_EVERYONE})
        if not is_for_caller or not excluded.isdisjoint(holders):
            continue
        is_this_scope_only = value_at(row.body, "properties.doNotApplyToChildScopes") is True
        holds = scope_id == row.id.scope if is_this_scope_only else holds_at(row.id.scope, scope_id)
        if holds and grants(_entries_of(row), needed.action):
            return row
    return None


def _principal_ids(row: Record, name: str) -> Iterator[str]:
    entries = value_at(row.body, f"properties.{name}")
    for entry in entries if isinstance(entries, (list, tuple)) else ():
        if isinstance(entry, dict):
            yield str(entry.get("id", "")).lower()


def _text_at(row: Record, name: str) -> str:
    value = value_at(row.body, f"properties.{name}")
    return value if isinstance(value, str) else ""


def _describe_caller(caller: Caller) -> str:
    return f"The client '{caller.name}' with object id '{caller.object_id}'"


def _raise_missing_permissions(
    caller: Caller, first: RequiredPermission, refused: list[RequiredPermission]
) -> NoReturn:
    if not refused[0].linked:
        raise RefusalError(
            403,
            "AuthorizationFailed",
            f"{_describe_caller(caller)} does not have authorization to "
            f"perform action '{first.action}' over scope '{first.scope}' or the scope is invalid. "
            "If access was recently granted, please refresh your credentials.",
        )
    actions = ",".join(dict.fromkeys(needed.action for needed in refused))
    scopes = ",".join(dict.fromkeys(needed.scope for needed in refused))
    raise RefusalError(
        403,
        "LinkedAuthorizationFailed",
        f"{_describe_caller(caller)} has permission to perform action "
        f"'{first.action}' on scope '{first.scope}'; however, it does not have permission to "
        f"perform action(s) '{actions}' on the linked scope(s) '{scopes}' (respectively) or the "
        "linked scope(s) are invalid.",
    )


class DenyAssignmentError(RefusalError):
    """A deny assignment excludes an action of the caller."""

    def __init__(self, caller: Caller, needed: RequiredPermission, denial: Record) -> None:
        scope = denial.id.scope.text if denial.id.scope is not None else "/"
        super().__init__(
            403,
            "DenyAssignmentAuthorizationFailed",
            f"{_describe_caller(caller)} has permission to perform action '{needed.action}' on "
            f"scope '{needed.scope}'; however, the access is denied because of the deny "
            f"assignment with name '{_text_at(denial, 'denyAssignmentName')}' and Id "
            f"'{denial.id.name}' at scope '{scope}'.",
        )


def _render_permission(permission: Permission) -> dict[str, Json]:
    return {
        "actions": list(permission.actions),
        "notActions": list(permission.not_actions),
        "dataActions": list(permission.data_actions),
        "notDataActions": list(permission.not_data_actions),
    }
