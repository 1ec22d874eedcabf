"""Who can do what, as controls ask it: by effective permissions, and never by the names of roles.

A rule that asks reads ACCESS_READS of the types in it. What grants allow is computed by
`provisioner.access`, once for all rules of a state. Actions are those of guidelines.md §0.3, §0.4
and of "Azure permissions for Containers".
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from provisioner.access.effective import Access, read_access
from provisioner.access.grants import Grant
from provisioner.catalog.registry import Catalog
from provisioner.controls.kinds import (
    CLUSTER,
    DENY_ASSIGNMENT,
    IDENTITY,
    ROLE_ASSIGNMENT,
    ROLE_DEFINITION,
)
from provisioner.controls.subject import Subject
from provisioner.model.estate import Estate
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId
from provisioner.model.values import lookup

ACCESS_READS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ROLE_ASSIGNMENT: (
            "properties.roleDefinitionId",
            "properties.principalId",
            "properties.principalType",
            "properties.condition",
        ),
        ROLE_DEFINITION: ("properties.roleName", "properties.permissions"),
        DENY_ASSIGNMENT: (
            "properties.permissions",
            "properties.principals",
            "properties.excludePrincipals",
            "properties.doNotApplyToChildScopes",
        ),
        IDENTITY: ("properties.principalId",),
    }
)
"""What a rule reads that asks who can do what, by type."""

RUN_COMMAND = f"{CLUSTER}/runCommand/action"
WRITE_CLUSTER = f"{CLUSTER}/write"
ADMIN_CREDENTIAL = f"{CLUSTER}/listClusterAdminCredential/action"
USER_CREDENTIAL = f"{CLUSTER}/listClusterUserCredential/action"
NAMESPACE_CREDENTIAL = f"{CLUSTER}/managedNamespaces/listCredential/action"
EXEC = f"{CLUSTER}/pods/exec/action"
BIND_CLUSTER_ROLE = f"{CLUSTER}/rbac.authorization.k8s.io/clusterrolebindings/write"

_IN_CLUSTER = f"{CLUSTER}/".lower()
_PRINCIPAL = "properties.principalId"


def access_of(asker: Subject) -> Access:
    """Return who can do what in the state that a rule looks at. Raises KeyError for a rule that
    does not declare ACCESS_READS."""
    return asker.derive(read_access, ACCESS_READS)


def grant_of(assignment: Subject) -> Grant:
    """Return what a role assignment grants. Raises KeyError as `access_of` does."""
    return assignment.derive(_by_assignment, ACCESS_READS)[assignment.id.key]


def _by_assignment(estate: Estate, catalog: Catalog) -> Mapping[str, Grant]:
    return {found.assignment.id.key: found for found in read_access(estate, catalog).grants}


def rules_over(grant: Grant) -> bool:
    """Tell whether a grant rules over all that may stand at its scope: it may change most of some
    unlike types, or can have everything by assigning roles."""
    if grant.escalates:
        return True
    changes = sum(grant.allows(action) for action in _UNLIKE_CHANGES)
    return changes > len(_UNLIKE_CHANGES) // 2


_UNLIKE_CHANGES = (
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


def administrators_of(access: Access, cluster: ResourceId) -> tuple[Grant, ...]:
    """Return the grants by which somebody administers a cluster: binds roles in it, fetches its
    administrator's credential, or can have either by assigning roles."""
    found = (
        *access.who_can(BIND_CLUSTER_ROLE, cluster, data=True),
        *access.who_can(ADMIN_CREDENTIAL, cluster),
    )
    return tuple({id(grant): grant for grant in found}.values())


def opens_shell(grant: Grant, *, run_command_off: bool) -> bool:
    """Tell whether a grant lets its holder run commands in containers: by exec, or by `az aks
    command invoke`, unless that is off and its holder cannot switch it on."""
    if grant.allows(EXEC, data=True):
        return True
    runs = grant.allows(RUN_COMMAND)
    return runs and (not run_command_off or grant.allows(WRITE_CLUSTER))


def lets_into_cluster(grant: Grant) -> bool:
    """Tell whether a grant allows any action of the Kubernetes API."""
    return any(
        _may_be_in_cluster(pattern.lower())
        for permission in grant.role.permissions or ()
        for pattern in permission.data_actions
    )


def _may_be_in_cluster(pattern: str) -> bool:
    fixed = pattern.partition("*")[0]
    return fixed.startswith(_IN_CLUSTER) or ("*" in pattern and _IN_CLUSTER.startswith(fixed))


def grants_around(access: Access, place: ResourceId) -> Iterator[Grant]:
    """Yield the grants that hold for a resource, and those at scopes below it."""
    reaching = list(access.reaching(place))
    yield from reaching
    seen = {id(grant) for grant in reaching}
    for grant in access.grants:
        if id(grant) not in seen and grant.scope is not None and grant.scope.is_within(place):
            yield grant


def is_of(grant: Grant, identity: Subject) -> bool:
    """Tell whether a managed identity is the principal of a grant. The rule has to read the
    identity's `properties.principalId`."""
    return identity.is_value_of(principal_of(grant), _PRINCIPAL)


def principal_of(grant: Grant) -> object:
    """Return the object id that a grant names, as it is stated: also where it is not known yet."""
    return lookup(grant.assignment.body, ("properties", "principalId"))


def is_above_groups(scope: ResourceId | None) -> bool:
    """Tell whether a scope is a subscription, a management group or the tenant's root (None)."""
    return scope is None or scope.type == SUBSCRIPTION or is_management_group(scope)


def path_of(grant: Grant) -> str:
    """Return the path of a finding about a grant, which tells it from those about other grants: a
    waiver or an old failure of one says nothing of the next."""
    return f"roleAssignments[{grant.assignment.id.name}]"


def describe_scope(grant: Grant) -> str:
    """Return the scope of a grant as evidence says it."""
    return grant.scope.text if grant.scope is not None else "the tenant's root"
