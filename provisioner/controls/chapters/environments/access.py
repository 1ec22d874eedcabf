"""ENV-05: who may sign in to clusters, as what, and who may say so.

Facts: guidelines.md §0.4, §1.4 and §2.5; the documentation "Delegate Azure access management to
others".
"""

from collections.abc import Iterator

from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.controls.kinds import CLUSTER, NAMESPACE, ROLE_ASSIGNMENT
from provisioner.controls.role_grants import PRINCIPAL_TYPE, ROLE, grants_to, place_of, role_of
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import equals, one_of, show

ITEM = "Setting up RBAC"
_CONDITION = "properties.condition"
_VERSION = "properties.conditionVersion"

_ADMIN_CREDENTIAL = "Azure Kubernetes Service Cluster Admin Role"
_USER_CREDENTIAL = "Azure Kubernetes Service Cluster User Role"
_PLATFORM = "Azure Kubernetes Service RBAC Cluster Admin"
_IN_NAMESPACE = (
    "Azure Kubernetes Service RBAC Reader",
    "Azure Kubernetes Service RBAC Writer",
    "Azure Kubernetes Service RBAC Admin",
)
_DELEGATE = "Role Based Access Control Administrator"
_UNLIMITED = "User Access Administrator"

# What Kubernetes authorization asks at, and the managed namespace of the same name.
_NAMESPACES = (f"{CLUSTER}/namespaces".lower(), NAMESPACE.lower())
_NO_PERSON = one_of("Group", "ServicePrincipal")


def _judge_admins(cluster: Subject) -> Iterator[Observation]:
    """Nobody may fetch the certificate that answers to no directory."""
    grants = grants_to(cluster, _ADMIN_CREDENTIAL)
    for grant in grants:
        yield cluster.fails("", f"{grant.label} gives away its administrator's certificate")
    if not grants:
        yield cluster.passes("", "nobody is given its administrator's certificate")


def _judge_users(assignment: Subject) -> Iterator[Observation]:
    if role_of(assignment) == _USER_CREDENTIAL:
        yield look(assignment, PRINCIPAL_TYPE, _NO_PERSON)


def _judge_persona(assignment: Subject) -> Iterator[Observation]:
    """Roles for teams stand at their namespace, those of the platform at the cluster."""
    role, place = role_of(assignment), place_of(assignment)
    kind = place.type.lower() if place is not None else ""
    where = place.name if place is not None else "the tenant"
    if role is None and kind in (CLUSTER.lower(), *_NAMESPACES):
        said = f"{ROLE} is {show(assignment.value(ROLE))}"
        yield assignment.unknown(ROLE, f"{said}: what it grants in {where} is not known")
    elif role == _PLATFORM:
        if kind == CLUSTER.lower():
            yield assignment.passes(ROLE, f"{role} holds for the cluster {where}")
        else:
            yield assignment.fails(ROLE, f"{role} holds for all in {where}, expected a cluster")
        yield look(assignment, PRINCIPAL_TYPE, equals("Group"))
    elif role in _IN_NAMESPACE:
        if kind in _NAMESPACES:
            yield assignment.passes(ROLE, f"{role} holds for the namespace {where}")
        else:
            yield assignment.fails(ROLE, f"{role} holds for all in {where}, expected a namespace")
        yield look(assignment, PRINCIPAL_TYPE, _NO_PERSON)


def _judge_delegation(assignment: Subject) -> Iterator[Observation]:
    """Who may assign roles may assign those that a condition names."""
    role = role_of(assignment)
    if role == _UNLIMITED:
        yield assignment.fails(ROLE, f"{role} may assign every role, expected {_DELEGATE}")
    elif role == _DELEGATE:
        condition = assignment.value(_CONDITION)
        if isinstance(condition, str) and "roledefinitionid" in condition.lower():
            yield assignment.passes(_CONDITION, "a condition says which roles may be assigned")
        else:
            said = f"{_CONDITION} is {show(condition)}"
            yield assignment.fails(_CONDITION, f"{said}, expected one that names RoleDefinitionId")
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
            rule(CLUSTER, _judge_admins, others={ROLE_ASSIGNMENT: (ROLE,)}),
            rule(ROLE_ASSIGNMENT, _judge_users, ROLE, PRINCIPAL_TYPE),
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
        rules=(rule(ROLE_ASSIGNMENT, _judge_persona, ROLE, PRINCIPAL_TYPE),),
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
        rules=(rule(ROLE_ASSIGNMENT, _judge_delegation, ROLE, _CONDITION, _VERSION),),
        unmapped="No framework has a check of it.",
    ),
)
