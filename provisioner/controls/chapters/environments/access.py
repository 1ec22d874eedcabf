"""ENV-05: who may sign in to clusters, as what, and who may say so.

Facts: guidelines.md §0.4, §1.4 and §2.5; the documentation "Delegate Azure access management to
others".
"""

from collections.abc import Iterator

from provisioner.controls.control import Control, Layer, Mappings, Severity
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
_MOST_ROLES = 50
"""A condition that leaves more roles than this names those that may not be assigned."""

_ADMINISTRATION = (BIND_CLUSTER_ROLE, f"{CLUSTER}/namespaces/write")
"""What the administrators of a cluster may do, and those of all of its namespaces may not."""

_NO_PERSON = one_of("Group", "ServicePrincipal")


def _judge_admins(cluster: Subject) -> Iterator[Observation]:
    """Nobody may fetch the certificate that answers to no directory, by whatever role."""
    access = access_of(cluster)
    fetching = [g for action in ADMIN_CREDENTIALS for g in access.who_can(action, cluster.id)]
    grants = {id(grant): grant for grant in fetching}
    unknown = access.unknown_at(cluster.id)
    for grant in grants.values():
        said = f"{grant.assignment.label} gives away its administrator's certificate"
        yield cluster.fails("", f"{said}, by {grant.role.name}")
    for grant in unknown:
        yield cluster.unknown("", f"what {grant.assignment.label} grants on it is not known")
    if not grants and not unknown:
        yield cluster.passes("", "nobody is given its administrator's certificate")


def _judge_users(assignment: Subject) -> Iterator[Observation]:
    grant = grant_of(assignment)
    clusters = assignment.all(CLUSTER)
    if grant.allows(USER_CREDENTIAL) and any(grant.holds_at(c.id) for c in clusters):
        yield look(assignment, PRINCIPAL_TYPE, _NO_PERSON)


def _judge_persona(assignment: Subject) -> Iterator[Observation]:
    """Roles for teams stand at their namespace, those of the platform at the cluster."""
    grant = grant_of(assignment)
    scope = grant.scope
    clusters = [cluster.id for cluster in assignment.all(CLUSTER)]
    above = [c for c in clusters if scope != c and grant.holds_at(c)]
    inside = scope is not None and any(scope.is_within(c) and scope != c for c in clusters)
    if not above and not inside and scope not in clusters:
        return
    administers = grant.escalates or all(grant.allows(a, data=True) for a in _ADMINISTRATION)
    if not grant.is_known:
        said = f"{ROLE} is {show(assignment.value(ROLE))}"
        where = scope.name if scope is not None else "the tenant"
        yield assignment.unknown(ROLE, f"{said}: what it grants in {where} is not known")
    elif not administers and not grants_cluster_access(grant):
        return
    elif above:
        wanted = "a cluster" if administers else "a namespace"
        said = f"{grant.role.name} holds for all in {describe_scope(grant)}"
        yield assignment.fails(ROLE, f"{said}, expected {wanted}")
    elif inside:
        yield assignment.passes(ROLE, f"{grant.role.name} holds in {describe_scope(grant)}")
        yield look(assignment, PRINCIPAL_TYPE, _NO_PERSON)
    elif administers:
        yield assignment.passes(ROLE, f"{grant.role.name} holds for {describe_scope(grant)}")
        yield look(assignment, PRINCIPAL_TYPE, equals("Group"))
    else:
        said = f"{grant.role.name} holds for all in {describe_scope(grant)}"
        yield assignment.fails(ROLE, f"{said}, expected a namespace")


def _judge_delegation(assignment: Subject) -> Iterator[Observation]:
    """Who may assign roles may assign those that a condition names, and can have no more by it."""
    grant = grant_of(assignment)
    if not grant.is_known:
        said = f"{ROLE} is {show(assignment.value(ROLE))}"
        yield assignment.unknown(ROLE, f"{said}: whether it assigns roles is not known")
        return
    if not grant.assigns_some:
        return
    if grant.restriction is None and grant.escalates:
        said = f"{grant.role.name} may assign every role"
        yield assignment.fails(
            _CONDITION, f"{said}, expected a condition that names RoleDefinitionId"
        )
        return
    if grant.restriction is not None and grant.restriction.problem:
        said = f"{_CONDITION} cannot be understood: {grant.restriction.problem}"
        yield assignment.fails(_CONDITION, said)
    elif grant.escalates:
        said = f"{_CONDITION} lets {grant.role.name} assign roles that assign every other"
        yield assignment.fails(_CONDITION, said)
    else:
        count = sum(map(grant.can_assign, grant.roles.ids))
        said = f"a condition leaves {count} roles that may be assigned"
        make = assignment.fails if count > _MOST_ROLES else assignment.passes
        yield make(_CONDITION, said)
    if assignment.states(_CONDITION):
        yield look(assignment, _VERSION, equals("2.0"))


CONTROLS = (
    Control(
        id="ENV-05",
        title="Rights are given to groups, at the narrowest place",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Groups are reviewed and people leave them. Membership of a privileged one is given "
            "for hours (Privileged Identity Management)."
        ),
        modes=(),
        unmapped="Its parts are mapped where a framework has them.",
    ),
    Control(
        id="ENV-05.1",
        title="Groups may fetch a kubeconfig, nobody that of the administrator",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "A user's kubeconfig opens what the directory allows. An administrator's is a "
            "certificate that works after its owner has left."
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
            rule(CLUSTER, _judge_admins, others=ACCESS_READS),
            rule(ROLE_ASSIGNMENT, _judge_users, others={**ACCESS_READS, CLUSTER: ()}),
        ),
        limits=(
            "Who is in a group is the directory's, and so is who may activate an eligible "
            "role. Whoever may write the cluster can switch local accounts on."
        ),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="ENV-05.2",
        title="Teams have roles in their namespaces, and the platform's group in the cluster",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale="A role at the cluster is one in every namespace, also in those yet to come.",
        remediation="""
            readers:
              type: Microsoft.Authorization/roleAssignments
              scope: ${cluster.id}/namespaces/app
              properties:
                roleDefinitionId: >-
                  /providers/Microsoft.Authorization/roleDefinitions/7f6c6a51-bcf8-42ba-9220-52d62157d7db
                principalType: Group
        """,
        rules=(rule(ROLE_ASSIGNMENT, _judge_persona, others={**ACCESS_READS, CLUSTER: ()}),),
        limits=("Who is in a group is the directory's. Bindings inside the cluster are not read."),
        mappings=Mappings(cis=("5.5.2",)),
    ),
    Control(
        id="ENV-05.3",
        title="Who assigns roles assigns those that a condition names",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Whoever may assign any role may assign Owner to themselves. A condition leaves a "
            "pipeline the few that it needs."
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
            "A condition is evaluated for every known role; attributes of principals are the "
            "directory's and are taken to allow."
        ),
        unmapped="No framework has a check of it.",
    ),
)
