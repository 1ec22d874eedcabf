"""Grants and denials: what one role assignment grants, and one deny assignment takes away.

Source: "Understand Azure role assignments", "Understand Azure deny assignments", "Delegate Azure
access management to others" (conditions), "Privileged Identity Management" (eligibility).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache

from provisioner.catalog.built_in_roles import get_built_in_role, list_built_in_roles
from provisioner.catalog.permissions import (
    ASSIGN_ROLE,
    DEFINE_ROLE,
    ELEVATE_ACCESS,
    attributes_of_assignment,
)
from provisioner.model.conditions import Condition, parse_condition
from provisioner.model.estate import Resource
from provisioner.model.permissions import Permission, grants, holds_at
from provisioner.model.resource_id import ResourceId

EVERYONE = "00000000-0000-0000-0000-000000000000"
"""The principal of a deny assignment that is for everyone in the directory."""

_ANY_PRINCIPAL = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""An object id in the place of any principal that no condition names."""
_PRINCIPAL_TYPES = ("User", "Group", "ServicePrincipal")


class Eligibility(StrEnum):
    """Whether an assignment is active or eligible (Privileged Identity Management)."""

    ACTIVE = "active"
    ELIGIBLE = "eligible"


class Effect(StrEnum):
    """How the condition of an assignment limits what its role grants."""

    NONE = "none"
    NARROWS = "narrows"
    ALLOWS_ALL = "allows all"
    NOT_UNDERSTOOD = "not understood"


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, group or service principal that is granted something.

    `id` is the object id in lower case, or an expression that is not known before apply; `type` is
    User, Group, ServicePrincipal …, None where the assignment does not state it. `address` is the
    resource of the estate that signs in as it, if one does.
    """

    id: str
    type: str | None = None
    address: str | None = None

    @property
    def label(self) -> str:
        """Its name in a report; of a group, "members of", since only the directory knows them."""
        name = self.address or self.id
        return f"members of group {name}" if self.is_group else name

    @property
    def is_group(self) -> bool:
        """Whether it is a group."""
        return (self.type or "").lower() == "group"


@dataclass(frozen=True)
class Role:
    """A role definition as it is assigned.

    `permissions` is None where the definition is not known: what it grants is then unknown, which
    is not the same as nothing.
    """

    id: str
    name: str
    permissions: tuple[Permission, ...] | None
    _granting: dict[tuple[str, bool], tuple[Permission, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def granting(self, action: str, *, data: bool) -> tuple[Permission, ...]:
        """Return those of its permissions that grant an action."""
        key = (action, data)
        if key not in self._granting:
            self._granting[key] = tuple(
                entry for entry in self.permissions or () if entry.grants(action, data=data)
            )
        return self._granting[key]


@dataclass(frozen=True, slots=True)
class Restriction:
    """The condition of an assignment.

    `condition` is None where it cannot be parsed, and `problem` says why: such an assignment counts
    as granting everything that its role grants.
    """

    text: str
    condition: Condition | None
    problem: str | None = None


@dataclass(frozen=True)
class Roles:
    """The roles that can be assigned: all built-in ones, and those of the estate by GUID."""

    own: Mapping[str, tuple[Permission, ...]]
    _granting: dict[tuple[str, bool], tuple[str, ...]] = field(default_factory=dict)

    def granting(self, action: str, *, data: bool) -> tuple[str, ...]:
        """Return the GUIDs of the roles that grant an action."""
        key = (action.lower(), data)
        if key not in self._granting:
            self._granting[key] = tuple(
                guid
                for guid, some in self._permissions_by_role.items()
                if grants(some, action, data=data)
            )
        return self._granting[key]

    @property
    def ids(self) -> Iterable[str]:
        """The GUIDs of all of them."""
        return self._permissions_by_role

    @cached_property
    def _permissions_by_role(self) -> Mapping[str, tuple[Permission, ...]]:
        built_in = (get_built_in_role(guid) for guid in list_built_in_roles())
        return {**{role.id: role.permissions for role in built_in if role is not None}, **self.own}


@dataclass(frozen=True)
class Grant:
    """One role assignment, as it applies at `scope` (None for the tenant's root) and below.

    `roles` are the role definitions that its holder could assign in turn.
    """

    assignment: Resource
    role: Role
    principal: Principal
    scope: ResourceId | None
    roles: Roles = field(repr=False)
    restriction: Restriction | None = None
    eligibility: Eligibility = Eligibility.ACTIVE

    def holds_at(self, resource: ResourceId | None) -> bool:
        """Return whether it holds for a resource."""
        return holds_at(self.scope, resource)

    def allows(self, action: str, *, data: bool = False) -> bool:
        """Return whether its role grants an action that its condition leaves in some cases.

        False where the role definition is not known: check `is_known`.
        """
        return any(self._condition_allows(action, e) for e in self.role.granting(action, data=data))

    def gives(self, action: str, *, data: bool = False) -> bool:
        """Return whether its holder has an action, or can obtain it by assigning a role."""
        # Whoever can write a role definition or assign any role can have every action at the scope.
        if self.allows(action, data=data) or self.escalates:
            return True
        return self.assigns_some and any(
            self.can_assign(role) for role in self.roles.granting(action, data=data)
        )

    @property
    def is_known(self) -> bool:
        """Whether what the role grants is known."""
        return self.role.permissions is not None

    @property
    def assigns_some(self) -> bool:
        """Whether its holder can assign at least some role."""
        return self.allows(ASSIGN_ROLE)

    @cached_property
    def escalates(self) -> bool:
        """Whether its holder can obtain every permission at its scope.

        That takes the permission to assign a role that assigns roles, to write a role definition,
        or to elevate access (the action `elevateAccess`).
        """
        # `elevateAccess` makes its caller User Access Administrator at the root ("Elevate access to
        # manage all Azure subscriptions").
        return self.allows(DEFINE_ROLE) or self.allows(ELEVATE_ACCESS) or self._assigns_assigners

    @cached_property
    def _assigns_assigners(self) -> bool:
        return self.assigns_some and any(
            self.can_assign(role) for role in self.roles.granting(ASSIGN_ROLE, data=False)
        )

    def can_assign(self, role: str) -> bool:
        """Return whether its holder may assign a role (GUID) to themselves, or to any principal.

        A condition that leaves the assignment to certain named principals does not count: giving a
        role to a named principal is not having it.
        """
        to = [(self.principal.id, self.principal.type)]
        # A condition may leave the assignment to principals of one type ("Delegate Azure access
        # management to others").
        to += [(_ANY_PRINCIPAL, kind) for kind in _PRINCIPAL_TYPES]
        return any(
            self._condition_allows(ASSIGN_ROLE, entry, role, who, kind)
            for entry in self.role.granting(ASSIGN_ROLE, data=False)
            for who, kind in to
        )

    @cached_property
    def effect(self) -> Effect:
        """The effect of the condition.

        It narrows where it is false for an action that the role grants, or depends on attributes
        that are not known here.
        """
        restriction = self.restriction
        if restriction is None:
            return Effect.NONE
        if restriction.condition is None:
            return Effect.NOT_UNDERSTOOD
        asked = [
            pattern
            for entry in self.role.permissions or ()
            for data in (False, True)
            for pattern in entry.patterns(data=data)[0]
        ]
        targets = [action for action in restriction.condition.actions if self._role_grants(action)]
        narrowed = any(restriction.condition.holds(a, {}) is not True for a in (*asked, *targets))
        return Effect.NARROWS if narrowed and not self._assigns_assigners else Effect.ALLOWS_ALL

    def _role_grants(self, action: str) -> bool:
        return any(self.role.granting(action, data=data) for data in (False, True))

    def _condition_allows(
        self,
        action: str,
        entry: Permission,
        role: str | None = None,
        principal: str | None = None,
        principal_type: str | None = None,
    ) -> bool:
        """Return whether the conditions leave an action: on the assignment, and on the entry."""
        known = attributes_of_assignment(role, principal, principal_type) if role else {}
        conditions = [_parse_entry_condition(entry.condition)]
        if self.restriction is not None:
            conditions.append(self.restriction.condition)
        # A condition that depends on unknown attributes counts as granting.
        return all(c is None or c.holds(action, known) is not False for c in conditions)


@dataclass(frozen=True)
class Denial:
    """One deny assignment: Azure evaluates it before every role assignment."""

    assignment: Resource
    name: str
    permissions: tuple[Permission, ...]
    principals: tuple[Principal, ...]
    excluded: tuple[Principal, ...]
    scope: ResourceId | None
    is_for_children: bool = True
    is_conditional: bool = False
    _known: dict[tuple[str, bool], bool] = field(default_factory=dict, repr=False, compare=False)

    def denies(
        self, principal: Principal, action: str, resource: ResourceId, *, data: bool = False
    ) -> bool:
        """Return whether it certainly takes an action on a resource from a principal.

        Members of groups are known to the directory alone: a denial for a group, or one that
        excludes principals other than this one, may or may not apply to a member; then access
        counts as left. So it does where the denial has a condition, which may not hold.
        """
        if self.is_conditional or not self.reaches(resource):
            return False
        return self._denies_action(action, data) and self._is_for_principal(principal)

    def _denies_action(self, action: str, data: bool) -> bool:
        key = (action.lower(), data)
        if key not in self._known:
            self._known[key] = any(
                entry.condition is None and entry.grants(action, data=data)
                for entry in self.permissions
            )
        return self._known[key]

    def reaches(self, resource: ResourceId) -> bool:
        """Return whether it holds for a resource."""
        if not self.is_for_children:
            return self.scope is not None and self.scope == resource
        return holds_at(self.scope, resource)

    def _is_for_principal(self, principal: Principal) -> bool:
        if self._may_exclude_members or principal.id in self._excluded_ids:
            return False
        if principal.is_group and self.excluded:
            return False  # One of its members may be who is excluded.
        return principal.id in self._principal_ids or EVERYONE in self._principal_ids

    @cached_property
    def _principal_ids(self) -> frozenset[str]:
        return frozenset(other.id for other in self.principals)

    @cached_property
    def _excluded_ids(self) -> frozenset[str]:
        return frozenset(other.id for other in self.excluded)

    @cached_property
    def _may_exclude_members(self) -> bool:
        """Whether one of those excluded is a group, or may be one: its type is not stated."""
        return any(other.is_group or other.type is None for other in self.excluded)


@lru_cache(maxsize=1024)
def _parse_entry_condition(text: str | None) -> Condition | None:
    """Return the condition of an entry of a role definition.

    None where it has no condition, or one that cannot be parsed, which then counts as granting.
    """
    try:
        return parse_condition(text) if text is not None else None
    except ValueError:
        return None
