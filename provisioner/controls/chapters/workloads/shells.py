"""WRK-02.8: who may open a shell in a container.

Facts: guidelines.md §0.3, §1.3 and ENV-05.2.
"""

from collections.abc import Iterator

from provisioner.catalog.built_in_roles import find_built_in_role, get_built_in_role
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.grants import READS, action, allows, definitions, is_in_namespace, role_of
from provisioner.controls.kinds import CLUSTER, ROLE_ASSIGNMENT
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.permissions import grants

_ROLE = "properties.roleDefinitionId"
_EXEC = action("pods/exec/action")
_PREFIX = "Azure Kubernetes Service RBAC"
_WRITER = find_built_in_role(f"{_PREFIX} Writer")
_OWNER = find_built_in_role(f"{_PREFIX} Admin")
_ADMINISTRATOR = find_built_in_role(f"{_PREFIX} Cluster Admin")


def _judge_grant(grant: Subject) -> Iterator[Observation]:
    """What is assigned in or above a cluster opens shells to nobody but its administrators."""
    scope = grant.id.scope
    if scope is None:
        return
    clusters = [c for c in grant.all(CLUSTER) if scope.is_within(c.id) or c.id.is_within(scope)]
    if not clusters:
        return
    role = role_of(grant)
    if role == _WRITER:
        yield grant.fails(_ROLE, "RBAC Writer opens shells in containers and reads secrets")
    elif role == _ADMINISTRATOR and is_in_namespace(scope):
        yield grant.fails(_ROLE, "RBAC Cluster Admin in a namespace: RBAC Admin is its owners'")
    elif role in (_OWNER, _ADMINISTRATOR):
        yield grant.passes(_ROLE, "it is a role of administrators")
    else:
        yield from _judge_other(grant, role, clusters[0])


def _judge_other(grant: Subject, role: str, cluster: Subject) -> Iterator[Observation]:
    found = list(definitions(grant, role))
    opens = next((definition for definition in found if allows(definition, _EXEC)), None)
    scope = grant.id.scope
    known = get_built_in_role(role)
    if opens is not None:
        yield grant.fails(_ROLE, f"{opens.label} allows {_EXEC}")
    elif known is not None and grants(known.permissions, _EXEC, data=True):
        yield grant.fails(_ROLE, f"{known.name} allows {_EXEC}")
    elif scope is None or not scope.is_within(cluster.id):
        return
    elif found or known is not None:
        yield grant.passes(_ROLE, "its role opens no shell")
    else:
        yield grant.unknown(_ROLE, f"what role {role} allows is not known here")


CONTROLS = (
    Control(
        id="WRK-02.8",
        title="Whoever deploys opens no shell in a container",
        severity=Severity.MEDIUM,
        layer=Layer.IDENTITY,
        item=(
            "DenyEscalatingExec / pod security policies: privileged, root, volumes, fsGroup, "
            "hostPorts"
        ),
        rationale=(
            "A shell in a pod has all that the pod has: its secrets, its identity, its network. "
            "RBAC Writer includes it."
        ),
        remediation="""
            deployer:
              type: Microsoft.Authorization/roleDefinitions
              name: 5b0e1d2c-3f4a-4b5c-8d6e-7f8091a2b3c4
              scope: ${subscription}
              properties:
                permissions:
                  - actions: []
                    notActions: []
                    dataActions:
                      - Microsoft.ContainerService/managedClusters/apps/deployments/read
                      - Microsoft.ContainerService/managedClusters/apps/deployments/write
                      - Microsoft.ContainerService/managedClusters/apps/deployments/delete
                    notDataActions: []
            team:
              type: Microsoft.Authorization/roleAssignments
              name: 6c1f2e3d-405b-4c6d-9e7f-8091a2b3c4d5
              scope: ${cluster.id}/namespaces/app
              properties: {roleDefinitionId: "${deployer.id}"}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(rule(ROLE_ASSIGNMENT, _judge_grant, others={**READS, CLUSTER: ()}),),
        evidence=(
            "a SubjectAccessReview of a team's member on pods/exec that is denied, and no Role "
            "with pods/exec: `kubectl get roles,clusterroles -A -o json`"
        ),
        mappings=Mappings(cis=("4.1.4", "4.1.9")),
    ),
    Control(
        id="WRK-09",
        title="What DenyEscalatingExec refused is allowed to nobody",
        severity=Severity.LOW,
        layer=Layer.IDENTITY,
        item="Prose: DenyEscalatingExec",
        rationale=(
            "The controller refused shells in privileged pods. Kubernetes gave it up for rights: "
            "whoever has no right to exec opens no shell anywhere."
        ),
        modes=(),
        same_as=("WRK-02.8",),
        unmapped="The controller is gone; its successor is mapped.",
    ),
)
