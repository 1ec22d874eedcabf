"""Effective permissions: who can do what, by all assignments of one state of an environment.

Azure allows a request that any role assignment at its scope or above grants, unless a deny
assignment there denies it. Source: "How Azure RBAC determines if a user has access to a resource".
An environment has thousands of resources and assignments, so that grants are indexed by scope, and
once more by each action that is queried.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from provisioner.access.grants import (
    Denial,
    Eligibility,
    Grant,
    Principal,
    Restriction,
    Role,
    Roles,
)
from provisioner.access.principals import addresses_by_object_id
from provisioner.catalog.built_in_roles import (
    ROLE_DEFINITION_TYPE,
    get_built_in_role,
)
from provisioner.catalog.permissions import DENY_ASSIGNMENT, ROLE_ASSIGNMENT
from provisioner.catalog.registry import Catalog
from provisioner.model.conditions import parse_condition
from provisioner.model.estate import Estate, Resource
from provisioner.model.permissions import Permission, is_management_group, parse_permissions
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown, lookup
from provisioner.plan.reads import Read

READS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ROLE_ASSIGNMENT: (
            "properties.roleDefinitionId",
            "properties.principalId",
            "properties.principalType",
            "properties.condition",
            "properties.scope",
        ),
        ROLE_DEFINITION_TYPE: ("properties.roleName", "properties.permissions"),
        DENY_ASSIGNMENT: (
            "properties.denyAssignmentName",
            "properties.permissions",
            "properties.principals",
            "properties.excludePrincipals",
            "properties.doNotApplyToChildScopes",
            "properties.condition",
            "properties.scope",
        ),
    }
)
"""The properties that grants and denials are made of, by type: all that `read_access` looks at, but
for the object ids by which resources sign in."""


@dataclass(frozen=True)
class Access:
    """All grants and denials of one state of an environment.

    `kinds_in` has, by the key of each subscription and resource group, the kinds (`kind_of`) of
    the resources that were read in it.
    """

    grants: tuple[Grant, ...]
    denials: tuple[Denial, ...]
    catalog: Catalog
    kinds_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    _grants_by_action: dict[tuple[str, bool], Mapping[str, list[Grant]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def reaching(self, resource: ResourceId) -> Iterator[Grant]:
        """Yield the grants that apply to a resource.

        They are those of the tenant's root, of management groups, of the subscription, the resource
        group and the parents of the resource, and of the resource itself.
        """
        yield from self._grants_at(resource, self._by_scope)

    def who_can(
        self, action: str, resource: ResourceId, *, data: bool = False
    ) -> tuple[Grant, ...]:
        """Return the grants by which a principal can perform an action on a resource.

        They allow the action, or let their holder obtain it by assigning roles. Grants whose role
        definition is not known are not among them; see `unknown_at`.
        """
        key = (action, data)
        if key not in self._grants_by_action:
            # Once for all resources that are asked about: there are thousands.
            self._grants_by_action[key] = _grouped_by_scope(
                g for g in self.grants if g.gives(action, data=data)
            )
        return tuple(
            grant
            for grant in self._grants_at(resource, self._grants_by_action[key])
            if not self.is_denied(grant, action, resource, data=data)
        )

    def what_can(
        self, grant: Grant, resource: ResourceId, actions: Iterable[str], *, data: bool = False
    ) -> tuple[str, ...]:
        """Return those of some actions that a grant gives on a resource."""
        # By identity: two assignments of one role to one principal are equal in everything but
        # their ids.
        if not any(grant is other for other in self.reaching(resource)):
            return ()
        return tuple(
            action
            for action in actions
            if grant.gives(action, data=data)
            and not self.is_denied(grant, action, resource, data=data)
        )

    def may_hold(self, place: ResourceId, kind: str) -> bool:
        """Return whether a subscription, resource or management group may hold a kind of resource.

        A resource group that has none of a kind (`kind_of`) holds none, if the subscription has
        some elsewhere: then the kind was listed. A kind that was read nowhere may not have been
        listed.
        """
        if place.resource_group is None or place.scope is None:
            return True
        elsewhere = self.kinds_in.get(place.scope.key, frozenset())
        return kind not in elsewhere or kind in self.kinds_in.get(place.key, frozenset())

    def unknown_at(self, resource: ResourceId) -> tuple[Grant, ...]:
        """Return the grants that apply to a resource and whose role definition is not known."""
        return tuple(grant for grant in self.reaching(resource) if not grant.is_known)

    def is_denied(
        self, grant: Grant, action: str, resource: ResourceId, *, data: bool = False
    ) -> bool:
        """Return whether a deny assignment takes an action from the principal of a grant."""
        if not self.denials:
            return False
        places = (_ROOT, _MANAGEMENT_GROUPS, *(place.key for place in self._scopes_of(resource)))
        return any(
            denial.denies(grant.principal, action, resource, data=data)
            for place in dict.fromkeys(places)
            for denial in self._denials_at.get(place, ())
        )

    def below(self, place: ResourceId) -> Iterator[Grant]:
        """Yield the grants at scopes inside of a resource, itself left out."""
        # Keys below a scope begin with it, so that they are adjacent in sorted order.
        prefix = f"{place.key}/"
        scopes, by_scope = self._sorted_scopes, self._by_scope
        at = bisect_left(scopes, prefix)
        while at < len(scopes) and scopes[at].startswith(prefix):
            yield from by_scope[scopes[at]]
            at += 1

    @cached_property
    def _sorted_scopes(self) -> list[str]:
        return sorted(self._by_scope)

    @cached_property
    def _denials_at(self) -> Mapping[str, list[Denial]]:
        found: dict[str, list[Denial]] = {}
        for denial in self.denials:
            found.setdefault(_index_key(denial.scope), []).append(denial)
        return found

    def _grants_at(
        self, resource: ResourceId, grants: Mapping[str, list[Grant]]
    ) -> Iterator[Grant]:
        yield from grants.get(_ROOT, ())
        for grant in grants.get(_MANAGEMENT_GROUPS, ()):
            if grant.holds_at(resource):
                yield grant
        for key in dict.fromkeys(place.key for place in self._scopes_of(resource)):
            yield from grants.get(key, ())

    def _scopes_of(self, resource: ResourceId) -> Iterator[ResourceId]:
        """Yield a resource and all scopes that contain it, each with its twin of another type.

        A namespace of a cluster and the managed namespace of the same name are one place: Azure
        checks access at the first, roles are assigned at both (guidelines.md §0.4).
        """
        yield resource
        yield from resource.ancestors
        for place in (resource, *resource.ancestors):
            for kind in self._twins_of(place):
                yield ResourceId(kind, place.names, place.scope)

    def _twins_of(self, place: ResourceId) -> Iterator[str]:
        own = self.catalog.of(place)
        holder = self.catalog.access_holder(place)
        if own is not None and own.access_twin is not None:
            yield f"{own.parent}/{own.access_twin}"
        elif holder is not None:
            kind = place.type.rpartition("/")[2].lower()
            yield from (
                child.name for child in self.catalog.children(holder) if child.access_twin == kind
            )

    @cached_property
    def _by_scope(self) -> Mapping[str, list[Grant]]:
        return _grouped_by_scope(self.grants)


_ROOT = ""
_MANAGEMENT_GROUPS = "management groups"


def _grouped_by_scope(grants: Iterable[Grant]) -> Mapping[str, list[Grant]]:
    """Return grants by the key of their scope; those of management groups share one key.

    Which management group holds a subscription is not part of an id, so that `Grant.holds_at`
    decides for each of them.
    """
    found: dict[str, list[Grant]] = {}
    for grant in grants:
        found.setdefault(_index_key(grant.scope), []).append(grant)
    return found


def _index_key(scope: ResourceId | None) -> str:
    if scope is None:
        return _ROOT
    return _MANAGEMENT_GROUPS if is_management_group(scope) else scope.key


def read_access(estate: Estate, catalog: Catalog, eligible: Iterable[Resource] = ()) -> Access:
    """Return who can do what in an estate.

    `eligible` are the role eligibilities that were read (`roleEligibilityScheduleInstances`).
    """
    roles = _Definitions(estate)
    names = addresses_by_object_id(estate)
    grants = [_read_grant(found, roles, names, estate) for found in estate.of_type(ROLE_ASSIGNMENT)]
    grants += [_read_grant(found, roles, names, estate, Eligibility.ELIGIBLE) for found in eligible]
    denials = [
        denial
        for found in estate.of_type(DENY_ASSIGNMENT)
        if (denial := _read_denial(found, names)) is not None
    ]
    return Access(tuple(grants), tuple(denials), catalog, _kinds_in(estate))


def kind_of(text: str) -> str:
    """Return the namespace and the first type of a type or an action, in lower case."""
    return "/".join(text.lower().split("/")[:2])


def _kinds_in(estate: Estate) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for resource in estate:
        for place in resource.id.ancestors:
            if place.is_container:
                found.setdefault(place.key, set()).add(kind_of(resource.type))
    return {key: frozenset(kinds) for key, kinds in found.items()}


def unknown_roles(grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Return one grant for each role whose definition is not known, sorted by its GUID."""
    found = {grant.role.id: grant for grant in grants if not grant.is_known}
    return tuple(found[guid] for guid in sorted(found))


def definition_reads(grants: Iterable[Grant], catalog: Catalog) -> tuple[Read, ...]:
    """Return the reads of the role definitions that are not known.

    The ids are those that assignments state. They are built-in roles newer than azsec's record of
    them, and custom roles of the tenant whose assignable scopes are elsewhere, so that no list at a
    scope of the environment has them.
    """
    known = catalog.get(ROLE_DEFINITION_TYPE)
    stated = (
        parse_resource_id(lookup(grant.assignment.body, ("properties", "roleDefinitionId")))
        for grant in unknown_roles(grants)
    )
    return tuple(
        Read(each.text, known.api_version, known.name, False) for each in stated if each is not None
    )


class _Definitions:
    """The role definitions of an estate, and the built-in ones."""

    def __init__(self, estate: Estate) -> None:
        self._own: dict[str, Role] = {}
        self._others: dict[str, Role] = {}
        for found in estate.of_type(ROLE_DEFINITION_TYPE):
            guid = found.id.name.lower()
            name = lookup(found.body, ("properties", "roleName"))
            permissions = _read_permissions(lookup(found.body, ("properties", "permissions")))
            # A custom role is in the list of each of its assignable scopes, of which one may not be
            # readable.
            if permissions is not None or guid not in self._own:
                self._own[guid] = Role(guid, name if isinstance(name, str) else guid, permissions)
        own = {guid: role.permissions for guid, role in self._own.items() if role.permissions}
        self.assignable = Roles(own)

    def get(self, definition: object) -> Role:
        named = parse_resource_id(definition)
        if named is None:
            return Role("", str(definition), None)
        guid = named.name.lower()
        built_in = get_built_in_role(guid)
        # A definition from Azure goes before azsec's record of built-in roles, which ages.
        if guid in self._own and (built_in is None or self._own[guid].permissions is not None):
            return self._own[guid]
        if guid not in self._others:
            name, permissions = guid, None
            if built_in is not None:
                name, permissions = built_in.name, built_in.permissions
            self._others[guid] = Role(guid, name, permissions)
        return self._others[guid]


def _read_grant(
    found: Resource,
    roles: _Definitions,
    names: Mapping[str, str],
    estate: Estate,
    eligibility: Eligibility = Eligibility.ACTIVE,
) -> Grant:
    body = found.body
    kind = lookup(body, ("properties", "principalType"))
    return Grant(
        assignment=found,
        role=roles.get(lookup(body, ("properties", "roleDefinitionId"))),
        principal=_read_principal(
            lookup(body, ("properties", "principalId")),
            kind if isinstance(kind, str) else None,
            names,
            estate,
        ),
        scope=_assignment_scope(found),
        roles=roles.assignable,
        restriction=_read_restriction(lookup(body, ("properties", "condition"))),
        eligibility=eligibility,
    )


def _assignment_scope(found: Resource) -> ResourceId | None:
    """Return the scope of an assignment.

    An inherited eligibility is read at one scope and applies at another, which it states in
    `properties.scope`.
    """
    stated = parse_resource_id(lookup(found.body, ("properties", "scope")))
    return stated if stated is not None and found.id.scope is None else found.id.scope


def _read_principal(
    value: object, kind: str | None, names: Mapping[str, str], estate: Estate
) -> Principal:
    if isinstance(value, Unknown):
        path = value.paths[0] if value.paths else value.expression
        return Principal(path, kind, _address_of_path(path, estate))
    guid = str(value).lower()
    return Principal(guid, kind, names.get(guid))


def _address_of_path(path: str, estate: Estate) -> str | None:
    """Return the address at which the path of a property begins."""
    parts = path.split(".")
    heads = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((head for head in heads if estate.at(head) is not None), None)


def _read_restriction(text: object) -> Restriction | None:
    if isinstance(text, Unknown):
        return Restriction(str(text), None, "it is not known before apply")
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return Restriction(text, parse_condition(text))
    except ValueError as problem:
        return Restriction(text, None, str(problem))


def _read_denial(found: Resource, names: Mapping[str, str]) -> Denial | None:
    properties = lookup(found.body, ("properties",))
    permissions = _read_permissions(lookup(properties, ("permissions",)))
    # A deny assignment that cannot be read counts as none: access is over-reported, never
    # under-reported.
    if permissions is None:
        return None
    name = lookup(properties, ("denyAssignmentName",))
    return Denial(
        found,
        name if isinstance(name, str) else found.id.name,
        permissions,
        _read_principals(lookup(properties, ("principals",)), names),
        _read_principals(lookup(properties, ("excludePrincipals",)), names),
        found.id.scope,
        is_for_children=lookup(properties, ("doNotApplyToChildScopes",)) is not True,
        is_conditional=bool(_read_restriction(lookup(properties, ("condition",)))),
    )


def _read_principals(value: object, names: Mapping[str, str]) -> tuple[Principal, ...]:
    entries = value if isinstance(value, (list, tuple)) else ()
    found = []
    for entry in entries:
        guid, kind = lookup(entry, ("id",)), lookup(entry, ("type",))
        if isinstance(guid, str):
            folded = guid.lower()
            principal_type = kind if isinstance(kind, str) else None
            found.append(Principal(folded, principal_type, names.get(folded)))
    return tuple(found)


def _read_permissions(value: object) -> tuple[Permission, ...] | None:
    try:
        return parse_permissions(value)
    except ValueError:
        return None
