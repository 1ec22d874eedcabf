"""Effective permissions of principals, as controls read them: by actions, never by role names.

A rule that asks reads ACCESS_READS of the types in it. What grants allow is computed by
`provisioner.access`, once for all rules of a state. Actions are those of guidelines.md §0.3, §0.4
and of "Azure permissions for Containers".

Called by controls of the chapters and by `waivers`.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from provisioner.access.effective import READS, Access, read_access
from provisioner.access.grants import Grant
from provisioner.catalog.registry import Catalog
from provisioner.controls.aks.add_ons import ADD_ONS
from provisioner.controls.resource_types import (
    CLUSTER,
    IDENTITY,
    NAMESPACE,
)
from provisioner.controls.subject import Subject
from provisioner.model.estate import Estate
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId
from provisioner.model.values import lookup

ACCESS_READS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {**READS, IDENTITY: ("properties.principalId",)}
)
"""What a rule reads that asks who can do what, by type. That of identities is for their names."""

ROLE = "properties.roleDefinitionId"
PRINCIPAL = "properties.principalId"
"""Whom an assignment names, and what an identity signs in as: the object id of a principal."""
PRINCIPAL_TYPE = "properties.principalType"

RUN_COMMAND = f"{CLUSTER}/runCommand/action"
WRITE_CLUSTER = f"{CLUSTER}/write"
RESET_DIRECTORY = f"{CLUSTER}/resetAADProfile/action"
ADMIN_CREDENTIALS = (
    f"{CLUSTER}/listClusterAdminCredential/action",
    f"{CLUSTER}/accessProfiles/listCredential/action",
)
"""Each of these fetches the administrator's certificate: the second by the name of its profile."""

USER_CREDENTIAL = f"{CLUSTER}/listClusterUserCredential/action"
NAMESPACE_CREDENTIAL = f"{CLUSTER}/managedNamespaces/listCredential/action"
EXEC = f"{CLUSTER}/pods/exec/action"
_RBAC_GROUP = f"{CLUSTER}/rbac.authorization.k8s.io"
BIND_CLUSTER_ROLE = f"{_RBAC_GROUP}/clusterrolebindings/write"
_IMPERSONATE = tuple(
    (f"{CLUSTER}/{who}/impersonate/action",) for who in ("users", "groups", "serviceaccounts")
)
"""Who may impersonate is whoever they name: an administrator, system:masters, a controller."""

_REWRITE_CLUSTER_ROLE = (
    f"{_RBAC_GROUP}/clusterroles/escalate/action",
    f"{_RBAC_GROUP}/clusterroles/write",
)
_ADMINISTRATION = ((BIND_CLUSTER_ROLE,), _REWRITE_CLUSTER_ROLE, *_IMPERSONATE)
"""What it takes in the Kubernetes API to have everything there, all actions of a way together
(Kubernetes, "Role Based Access Control Good Practices", privilege escalation risks)."""

_SHELL = (
    (EXEC,),
    (f"{_RBAC_GROUP}/rolebindings/write", f"{_RBAC_GROUP}/clusterroles/bind/action"),
    (f"{_RBAC_GROUP}/rolebindings/write", f"{_RBAC_GROUP}/roles/bind/action"),
    (f"{_RBAC_GROUP}/roles/escalate/action", f"{_RBAC_GROUP}/roles/write"),
)
"""What it takes there to have a shell in a container, also by giving oneself the right to it."""

_SHELL_OF_CLUSTER = (
    (BIND_CLUSTER_ROLE, f"{_RBAC_GROUP}/clusterroles/bind/action"),
    _REWRITE_CLUSTER_ROLE,
    *_IMPERSONATE,
)
"""The same by what stands in no namespace: a role that is assigned in one gives none of it, but for
its own service accounts."""

CLUSTER_PRINCIPALS = (
    "properties.identityProfile.kubeletidentity.objectId",
    f"{ADD_ONS}.azureKeyvaultSecretsProvider.identity.objectId",
    "identity.principalId",
)
"""Who a cluster's nodes, the add-on of the driver and the cluster itself sign in as."""

_IN_CLUSTER = f"{CLUSTER}/".lower()


def access_of(asker: Subject) -> Access:
    """Return the effective permissions in the state that a rule reads.

    A rule that does not declare ACCESS_READS gets a KeyError.
    """
    return asker.derive(read_access, ACCESS_READS)


def grant_of(assignment: Subject) -> Grant:
    """Return what a role assignment grants. Raises KeyError as `access_of` does."""
    return assignment.derive(_by_assignment, ACCESS_READS)[assignment.id.key]


def _by_assignment(estate: Estate, catalog: Catalog) -> Mapping[str, Grant]:
    return {found.assignment.id.key: found for found in read_access(estate, catalog).grants}


def rules_over(grants: Iterable[Grant]) -> bool:
    """Return whether grants together control all that may be in their scope.

    They do where they may change half of some unlike types or more, or can have everything by
    assigning roles.
    """
    grants_together = tuple(grants)
    if any(grant.escalates for grant in grants_together):
        return True
    changed = {
        action for grant in grants_together for action in _UNRELATED_CHANGES if grant.allows(action)
    }
    # By effect, since Contributor has custom copies under any name; half, since such a copy often
    # excludes a service or two.
    return len(changed) >= len(_UNRELATED_CHANGES) // 2


def beside(access: Access, grant: Grant) -> tuple[Grant, ...]:
    """Return the grants of the same principal that change something at the scope of a grant.

    They include the grant itself; there are none where it changes nothing.
    """
    if not _can_change(grant):
        return ()
    # Azure RBAC adds up all assignments of a principal: one alone says little.
    others = (other for other in access.grants if other.principal.id == grant.principal.id)
    return tuple(o for o in others if o.holds_at(grant.scope) and _can_change(o))


def _can_change(grant: Grant) -> bool:
    return grant.escalates or any(map(grant.allows, _UNRELATED_CHANGES))


_UNRELATED_CHANGES = (
    "Microsoft.Compute/virtualMachines/runCommand/action",
    "Microsoft.ContainerRegistry/registries/delete",
    f"{CLUSTER}/write",
    "Microsoft.KeyVault/vaults/write",
    f"{IDENTITY}/federatedIdentityCredentials/write",
    "Microsoft.Network/networkSecurityGroups/write",
    "Microsoft.Storage/storageAccounts/listKeys/action",
    "Microsoft.Web/sites/write",
)
"""Changes of types that no role for one purpose has in common."""


def administrators_of(
    access: Access, cluster: ResourceId, *, run_command_off: bool
) -> tuple[Grant, ...]:
    """Return the grants by which somebody administers a cluster.

    Such a grant makes its holder the cluster's administrator in the Kubernetes API, fetches an
    administrator's credential, runs commands in it (unless that is off), sets who administers it,
    or can have any of it by assigning roles.
    """
    # Writing the cluster includes its aadProfile, and so who administers it.
    actions = (*ADMIN_CREDENTIALS, WRITE_CLUSTER, RESET_DIRECTORY)
    action_sets: list[tuple[tuple[str, ...], bool]] = [((action,), False) for action in actions]
    action_sets += [((RUN_COMMAND,), False)] if not run_command_off else []
    action_sets += [(required, True) for required in _ADMINISTRATION]
    found: dict[int, Grant] = {}
    for required, data in action_sets:
        holders = [
            {id(grant): grant for grant in access.who_can(action, cluster, data=data)}
            for action in required
        ]
        found.update(
            (key, holders[0][key]) for key in holders[0] if all(key in some for some in holders)
        )
    return tuple(found.values())


def opens_shell(grant: Grant, *, run_command_off: bool) -> bool:
    """Return whether a grant lets its holder run commands in containers.

    It does by exec, by rights that they give themselves or take from whom they impersonate, or by
    `az aks command invoke`, unless that is off and its holder cannot switch it on.
    """
    # Cluster roles are in no namespace, and cannot be rewritten from one.
    inside = grant.scope is not None and is_in_namespace(grant.scope)
    action_sets = _SHELL if inside else (*_SHELL, *_SHELL_OF_CLUSTER)
    if any(all(grant.allows(action, data=True) for action in required) for required in action_sets):
        return True
    can_run_command = grant.allows(RUN_COMMAND)
    # Whoever writes the cluster switches run command on again.
    return can_run_command and (not run_command_off or grant.allows(WRITE_CLUSTER))


def grants_cluster_access(grant: Grant) -> bool:
    """Return whether a grant allows any action of the Kubernetes API."""
    return any(
        _can_match_cluster_action(pattern.lower())
        for permission in grant.role.permissions or ()
        for pattern in permission.data_actions
    )


def _can_match_cluster_action(pattern: str) -> bool:
    # Wildcards of data actions can begin anywhere: "*/read" holds in the cluster as well.
    fixed = pattern.partition("*")[0]
    return fixed.startswith(_IN_CLUSTER) or ("*" in pattern and _IN_CLUSTER.startswith(fixed))


def grants_around(access: Access, place: ResourceId) -> Iterator[Grant]:
    """Yield the grants that hold for a resource, and those at scopes below it."""
    yield from access.reaching(place)
    yield from access.below(place)


def is_of(grant: Grant, identity: Subject) -> bool:
    """Return whether a managed identity is the principal of a grant.

    The rule has to read the identity's `properties.principalId`.
    """
    return identity.is_value_of(principal_of(grant), PRINCIPAL)


def principal_of(grant: Grant) -> object:
    """Return the object id that a grant names, as it is stated: also where it is not known yet."""
    return lookup(grant.assignment.body, ("properties", "principalId"))


def is_wide(scope: ResourceId | None) -> bool:
    """Return whether a scope is a resource group, or above groups."""
    return is_above_groups(scope) or (scope is not None and scope.is_container)


def is_in_namespace(scope: ResourceId) -> bool:
    """Return whether a scope is a namespace of a cluster, or a part of one (guidelines.md §0.4)."""
    within = (scope, *scope.ancestors)
    return any(place.type.lower() in _NAMESPACES for place in within)


_NAMESPACES = (f"{CLUSTER}/namespaces".lower(), NAMESPACE.lower())


def is_above_groups(scope: ResourceId | None) -> bool:
    """Return whether a scope is a subscription, a management group or the tenant's root (None)."""
    return scope is None or scope.type == SUBSCRIPTION or is_management_group(scope)


def path_of(grant: Grant) -> str:
    """Return the path of a finding about a grant, which differs from those about other grants.

    So a waiver or an old failure of one says nothing of the next.
    """
    return path_of_assignment(grant.assignment.id)


def path_of_assignment(assignment: ResourceId) -> str:
    """Return the path of findings about a role assignment, by its name."""
    return f"roleAssignments[{assignment.name}]"


def describe_scope(grant: Grant) -> str:
    """Return the scope of a grant as evidence says it."""
    return grant.scope.text if grant.scope is not None else "the tenant's root"
