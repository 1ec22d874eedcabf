"""ENV-05: Azure role assignments and cluster credentials of people.

Facts: guidelines.md §0.4, §1.4 and §2.5; the documentation "Delegate Azure access management to
others".
"""

from collections.abc import Iterator

from provisioner.controls.control import (
    MAPPED_BY_PARTS,
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Severity,
    terms,
)
from provisioner.controls.effective_access import (
    ACCESS_READS,
    ADMIN_CREDENTIALS,
    BIND_CLUSTER_ROLE,
    PRINCIPAL_TYPE,
    ROLE,
    USER_CREDENTIAL,
    access_of,
    describe_scope,
    grant_of,
    grants_cluster_access,
)
from provisioner.controls.predicates import equals, one_of, show
from provisioner.controls.resource_types import CLUSTER, ROLE_ASSIGNMENT
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject

ITEM = "Setting up RBAC"
_CONDITION = "properties.condition"
_VERSION = "properties.conditionVersion"
_MOST_ASSIGNABLE_ROLES = 50
"""A condition that leaves more roles than this names those that may not be assigned."""

_ADMINISTRATION = (BIND_CLUSTER_ROLE, f"{CLUSTER}/namespaces/write")
"""What the administrators of a cluster may do, and those of all of its namespaces may not."""

_GROUP_OR_SERVICE = one_of("Group", "ServicePrincipal")


def _judge_admin_credential(cluster: Subject) -> Iterator[Observation]:
    """Judge whether no role assignment grants the cluster-admin credential.

    With its certificate one authenticates without the directory.
    """
    access = access_of(cluster)
    allowing = [g for action in ADMIN_CREDENTIALS for g in access.who_can(action, cluster.id)]
    # Either of two actions fetches the credential, and one grant may allow both.
    grants = {id(grant): grant for grant in allowing}
    unknown = access.unknown_at(cluster.id)
    for grant in grants.values():
        evidence = (
            f"{grant.assignment.label} grants access to its cluster-admin credential "
            "(listClusterAdminCredential)"
        )
        yield cluster.fails("", f"{evidence} with the role {grant.role.name}")
    for grant in unknown:
        yield cluster.unknown(
            "", (f"the permissions that {grant.assignment.label} grants on it are unknown")
        )
    if not grants and not unknown:
        yield cluster.passes(
            "", ("no role assignment in the environment grants listClusterAdminCredential")
        )


def _judge_users(assignment: Subject) -> Iterator[Observation]:
    grant = grant_of(assignment)
    clusters = assignment.all(CLUSTER)
    if grant.allows(USER_CREDENTIAL) and any(grant.holds_at(c.id) for c in clusters):
        yield look(assignment, PRINCIPAL_TYPE, _GROUP_OR_SERVICE)


def _judge_scope_of_role(assignment: Subject) -> Iterator[Observation]:
    """Judge whether team roles are assigned on namespaces, administrators' on the cluster."""
    grant = grant_of(assignment)
    scope = grant.scope
    clusters = [cluster.id for cluster in assignment.all(CLUSTER)]
    # A role at the resource group or above also holds in the cluster, and in the next one.
    above = [c for c in clusters if scope != c and grant.holds_at(c)]
    inside = scope is not None and any(scope.is_within(c) and scope != c for c in clusters)
    if not above and not inside and scope not in clusters:
        return
    # By effect, not by the name of a role: a custom role with these actions administers the
    # cluster as well.
    administers = grant.escalates or all(grant.allows(a, data=True) for a in _ADMINISTRATION)
    if not grant.is_known:
        evidence = f"{ROLE} is {show(assignment.value(ROLE))}"
        where = scope.name if scope is not None else "the tenant"
        yield assignment.unknown(ROLE, f"{evidence}: its permissions in {where} are unknown")
    elif not administers and not grants_cluster_access(grant):
        return
    elif above:
        expected = "a cluster" if administers else "a namespace"
        evidence = f"{grant.role.name} is assigned on {describe_scope(grant)}"
        yield assignment.fails(ROLE, f"{evidence}, expected {expected}")
    elif inside:
        yield assignment.passes(ROLE, f"{grant.role.name} is assigned on {describe_scope(grant)}")
        yield look(assignment, PRINCIPAL_TYPE, _GROUP_OR_SERVICE)
    elif administers:
        yield assignment.passes(ROLE, f"{grant.role.name} is assigned on {describe_scope(grant)}")
        # The administrator is a group, whose members can be eligible by Privileged Identity
        # Management.
        yield look(assignment, PRINCIPAL_TYPE, equals("Group"))
    else:
        evidence = f"{grant.role.name} is assigned on {describe_scope(grant)}"
        yield assignment.fails(ROLE, f"{evidence}, expected a namespace")


def _judge_delegation(assignment: Subject) -> Iterator[Observation]:
    """Judge whether a right to assign roles is limited by a condition to named, harmless ones."""
    grant = grant_of(assignment)
    if not grant.is_known:
        evidence = f"{ROLE} is {show(assignment.value(ROLE))}"
        yield assignment.unknown(ROLE, f"{evidence}: whether it can assign roles is unknown")
        return
    # What delegates is the action roleAssignments/write, under whatever role.
    if not grant.assigns_some:
        return
    if grant.restriction is None and grant.escalates:
        evidence = f"{grant.role.name} can assign every role"
        yield assignment.fails(_CONDITION, f"{evidence}, expected a condition on RoleDefinitionId")
        return
    if grant.restriction is not None and grant.restriction.problem:
        evidence = f"{_CONDITION} cannot be parsed: {grant.restriction.problem}"
        yield assignment.fails(_CONDITION, evidence)
    elif grant.escalates:
        evidence = (
            f"{_CONDITION} allows {grant.role.name} to assign roles that can assign every role"
        )
        yield assignment.fails(_CONDITION, evidence)
    else:
        # Evaluated for each built-in role: a condition can list what is allowed, or forget most
        # of what is not.
        count = sum(map(grant.can_assign, grant.roles.ids))
        evidence = f"{_CONDITION} allows the assignment of {count} roles"
        make = assignment.fails if count > _MOST_ASSIGNABLE_ROLES else assignment.passes
        yield make(_CONDITION, evidence)
    if assignment.states(_CONDITION):
        # Conditions on role assignments need version 2.0 (guidelines.md ENV-05.3).
        yield look(assignment, _VERSION, equals("2.0"))


CONTROLS = (
    Control(
        id="ENV-05",
        title="Azure roles are assigned to groups at the narrowest scope",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Group membership is reviewed and ends with employment. Membership of "
            "privileged groups can be time-limited with Privileged Identity Management "
            "(PIM)."
        ),
        synonyms=terms("RBAC; Azure roles; PIM; least privilege; role assignments"),
        modes=(),
        unmapped=MAPPED_BY_PARTS,
    ),
    Control(
        id="ENV-05.1",
        title="Cluster user credentials are granted to groups; cluster admin credentials to no one",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "A user kubeconfig authenticates with Entra ID. The admin kubeconfig contains "
            "a certificate that remains valid after its owner has left."
        ),
        synonyms=terms(
            "kubeconfig; get-credentials; listClusterAdminCredential; listClusterUserCredential; "
            "Cluster User Role; Cluster Admin Role; RBAC"
        ),
        remediation="""
            developers:
              type: Microsoft.Authorization/roleAssignments
              scope: ${cluster.id}
              properties:
                roleDefinitionId: >-
                  /providers/Microsoft.Authorization/roleDefinitions/4abbcc35-e782-43d8-92c5-2d3f1bd2253f
                principalType: Group
        """,
        rules=(
            rule(CLUSTER, _judge_admin_credential, others=ACCESS_READS),
            rule(ROLE_ASSIGNMENT, _judge_users, others={**ACCESS_READS, CLUSTER: ()}),
        ),
        limits=(
            "Group members and eligible (PIM) assignments are not read. Anyone who can "
            "write the cluster can enable local accounts."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="ENV-05.2",
        title="Teams have roles on namespaces; only the platform team has roles on the cluster",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale="A role on the cluster applies to every current and future namespace.",
        synonyms=terms(
            "RBAC Admin; RBAC Writer; RBAC Reader; namespace scope; RBAC; least privilege"
        ),
        remediation="""
            readers:
              type: Microsoft.Authorization/roleAssignments
              scope: ${cluster.id}/namespaces/app
              properties:
                roleDefinitionId: >-
                  /providers/Microsoft.Authorization/roleDefinitions/7f6c6a51-bcf8-42ba-9220-52d62157d7db
                principalType: Group
        """,
        rules=(rule(ROLE_ASSIGNMENT, _judge_scope_of_role, others={**ACCESS_READS, CLUSTER: ()}),),
        limits=("Group members and bindings inside the cluster are not read."),
        mappings=Mappings(cis=("5.5.2",)),
    ),
    Control(
        id="ENV-05.3",
        title="Role assignment permissions are restricted by a condition (RoleDefinitionId)",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "A principal that can assign any role can make itself Owner. A condition "
            "limits a deployment pipeline to the roles that it needs."
        ),
        synonyms=terms(
            "ABAC; role assignment condition; User Access Administrator; RBAC Administrator; "
            "constrained delegation; roleAssignments/write"
        ),
        remediation="""
            delegate:
              type: Microsoft.Authorization/roleAssignments
              properties:
                roleDefinitionId: >-
                  /providers/Microsoft.Authorization/roleDefinitions/f58310d9-a9f6-439a-9e8d-f62e7b41a168
                conditionVersion: "2.0"
                condition: >-
                  ((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR
                  (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]
                  ForAnyOfAnyValues:GuidEquals {7f951dda-4ed3-4680-a7ca-43fe172d538d}))
        """,
        rules=(rule(ROLE_ASSIGNMENT, _judge_delegation, _VERSION, others=ACCESS_READS),),
        limits=(
            "Conditions are evaluated for every known role. Principal attributes are not "
            "read, and count as allowed."
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
