"""Whether a caller may: by their role assignments, less the deny assignments.

Source: "How Azure RBAC determines if a user has access to a resource", Authorization "Permissions -
List For Resource". A caller has what is assigned to them and to the groups that they are in. The
local operator has all; so has everybody where role assignments are not enforced.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

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
from provisioner.simulator.authorization.required_permissions import Demand
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.entra.caller import read_caller
from provisioner.simulator.entra.directory import OWNERS
from provisioner.simulator.protocol.caller import Caller
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_EVERYONE = "00000000-0000-0000-0000-000000000000"
_EVERYTHING = (Permission(("*",)),)


@dataclass(frozen=True, slots=True)
class _Held:
    """A role that a caller holds at a scope, under a condition or none."""

    scope: ResourceId | None
    permissions: tuple[Permission, ...]
    condition: str | None


def list_permissions(cloud: Cloud, request: Request, scope: str) -> Answer:
    """Answer what the caller may do at a scope: an entry for each permission of each role that
    holds there, as far as the server's `allowed_actions` leave it."""
    place = parse_resource_id(scope)
    held = _held_by(cloud, read_caller(request))
    entries = (
        _EVERYTHING
        if held is None
        else [p for role in held if holds_at(role.scope, place) for p in role.permissions]
    )
    allowed = cloud.allowed_actions
    if allowed is not None and held is None:
        entries = (Permission(tuple(sorted(allowed))),)
    return Answer(200, {"value": [_entry(permission) for permission in entries]})


def list_eligible(_cloud: Cloud, _request: Request, scope: str) -> Answer:
    """Refuse, as Azure does in a directory without the licence that eligibility takes."""
    del scope
    raise RefusalError(
        400,
        "AadPremiumLicenseRequired",
        "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
    )


def check_authorized(cloud: Cloud, request: Request, demands: Collection[Demand]) -> None:
    """Refuse a request that its caller may not make, in the words of Azure: AuthorizationFailed,
    LinkedAuthorizationFailed, or DenyAssignmentAuthorizationFailed."""
    caller = read_caller(request)
    refused = [demand for demand in demands if not _is_allowed(cloud, caller, request, demand)]
    if refused:
        raise _refusal(caller, next(iter(demands)), refused)
    for demand in demands:
        denial = _denial_of(cloud, caller, demand)
        if denial is not None:
            raise _denied(caller, demand, denial)


def may_use_data(cloud: Cloud, caller: Caller, place: ResourceId, action: str) -> bool:
    """Return whether a caller has a data action on what stands at a place."""
    held = _held_by(cloud, caller)
    return held is None or any(
        holds_at(role.scope, place) and grants(role.permissions, action, data=True) for role in held
    )


def _is_allowed(cloud: Cloud, caller: Caller, request: Request, demand: Demand) -> bool:
    allowed = cloud.allowed_actions
    if allowed is not None and not grants([Permission(tuple(allowed))], demand.action):
        return False
    held = _held_by(cloud, caller)
    if held is None:
        return True
    place = demand.place
    return any(
        (holds_at(role.scope, place) or (demand.within and _is_in(role.scope, place)))
        and grants(role.permissions, demand.action)
        and _leaves(cloud, role, request, demand)
        for role in held
    )


def _is_in(scope: ResourceId | None, subscription: ResourceId | None) -> bool:
    """Return whether a scope is in a subscription."""
    named = (scope.subscription if scope else None, subscription and subscription.subscription)
    return named[0] is not None and named[0] == named[1]


def _held_by(cloud: Cloud, caller: Caller) -> list[_Held] | None:
    """Return the roles of a caller; None for whoever has everything."""
    if not cloud.enforces_roles or caller.object_id in OWNERS:
        return None
    return [
        _Held(row.id.scope, _permissions_of(cloud, row), _text_at(row, "condition") or None)
        for row in _assignments_of(cloud, caller)
    ]


def sees_subscription(cloud: Cloud, caller: Caller, subscription: str) -> bool:
    """Return whether a subscription is listed for a caller: whoever has any role above, at or below
    it sees it."""
    if not cloud.enforces_roles or caller.object_id in OWNERS:
        return True
    place = subscription_id(subscription)
    return any(
        holds_at(row.id.scope, place) or _is_in(row.id.scope, place)
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
    named = parse_resource_id(_text_at(assignment, "roleDefinitionId"))
    if named is None:
        return ()
    found = cloud.find(named)
    if found is None:
        # The GUID is the tenant's: the id in an assignment may name any scope.
        rows = cloud.store.resources.of_type(ROLE_DEFINITION_TYPE)
        found = next((row for row in rows if row.id.name.lower() == named.name.lower()), None)
    return _entries_of(found) if found is not None else ()


def _entries_of(row: Record) -> tuple[Permission, ...]:
    """Return the permissions of a definition or deny assignment; none for what is not a list of
    them."""
    try:
        return parse_permissions(value_at(row.body, "properties.permissions"))
    except ValueError:
        return ()


def _leaves(cloud: Cloud, role: _Held, request: Request, demand: Demand) -> bool:
    """Return whether the condition of an assignment leaves an action. One that Azure would not have
    taken, or that is about what is not simulated, leaves it."""
    if role.condition is None:
        return True
    try:
        condition = parse_condition(role.condition)
    except ValueError:
        return True
    return condition.holds(demand.action, _attributes(cloud, request, demand)) is not False


def _attributes(cloud: Cloud, request: Request, demand: Demand) -> dict[str, str]:
    if demand.action == ASSIGN_ROLE:
        body: object = request.read_object()
    elif demand.action == UNASSIGN_ROLE:
        resource = parse_resource_id(demand.scope)
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


def _denial_of(cloud: Cloud, caller: Caller, demand: Demand) -> Record | None:
    """Return a deny assignment that is for a caller and an action."""
    place = demand.place
    for row in cloud.store.resources.of_type(DENY_ASSIGNMENT):
        named, excluded = set(_ids(row, "principals")), set(_ids(row, "excludePrincipals"))
        holders = {caller.object_id, *caller.groups}
        is_for_caller = not named.isdisjoint(holders | {_EVERYONE})
        if not is_for_caller or not excluded.isdisjoint(holders):
            continue
        narrow = value_at(row.body, "properties.doNotApplyToChildScopes") is True
        holds = place == row.id.scope if narrow else holds_at(row.id.scope, place)
        if holds and grants(_entries_of(row), demand.action):
            return row
    return None


def _ids(row: Record, name: str) -> Iterator[str]:
    entries = value_at(row.body, f"properties.{name}")
    for entry in entries if isinstance(entries, (list, tuple)) else ():
        if isinstance(entry, dict):
            yield str(entry.get("id", "")).lower()


def _text_at(row: Record, name: str) -> str:
    value = value_at(row.body, f"properties.{name}")
    return value if isinstance(value, str) else ""


def _who(caller: Caller) -> str:
    return f"The client '{caller.name}' with object id '{caller.object_id}'"


def _refusal(caller: Caller, first: Demand, refused: list[Demand]) -> RefusalError:
    if not refused[0].linked:
        return RefusalError(
            403,
            "AuthorizationFailed",
            f"{_who(caller)} does not have authorization to "
            f"perform action '{first.action}' over scope '{first.scope}' or the scope is invalid. "
            "If access was recently granted, please refresh your credentials.",
        )
    actions = ",".join(dict.fromkeys(demand.action for demand in refused))
    scopes = ",".join(dict.fromkeys(demand.scope for demand in refused))
    return RefusalError(
        403,
        "LinkedAuthorizationFailed",
        f"{_who(caller)} has permission to perform action "
        f"'{first.action}' on scope '{first.scope}'; however, it does not have permission to "
        f"perform action(s) '{actions}' on the linked scope(s) '{scopes}' (respectively) or the "
        "linked scope(s) are invalid.",
    )


def _denied(caller: Caller, demand: Demand, denial: Record) -> RefusalError:
    scope = denial.id.scope.text if denial.id.scope is not None else "/"
    return RefusalError(
        403,
        "DenyAssignmentAuthorizationFailed",
        f"{_who(caller)} has permission to perform action '{demand.action}' on scope "
        f"'{demand.scope}'; however, the access is denied because of the deny assignment with name "
        f"'{_text_at(denial, 'denyAssignmentName')}' and Id '{denial.id.name}' at scope '{scope}'.",
    )


def _entry(permission: Permission) -> dict[str, Json]:
    return {
        "actions": list(permission.actions),
        "notActions": list(permission.not_actions),
        "dataActions": list(permission.data_actions),
        "notDataActions": list(permission.not_data_actions),
    }
