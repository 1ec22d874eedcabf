"""WRK-02.8: who may open a shell in a container.

Facts: guidelines.md §0.3, §1.3 and ENV-05.2.
"""

from collections.abc import Iterator

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.effective_access import (
    ACCESS_READS,
    access_of,
    describe_scope,
    grants_around,
    grants_cluster_access,
    is_in_namespace,
    opens_shell,
    path_of,
)
from provisioner.controls.resource_types import CLUSTER
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject

_RUN_COMMAND_OFF = "properties.apiServerAccessProfile.disableRunCommand"
_OWNER = find_built_in_role("Azure Kubernetes Service RBAC Admin")
_ADMINISTRATOR = find_built_in_role("Azure Kubernetes Service RBAC Cluster Admin")


def _judge_grants(cluster: Subject) -> Iterator[Observation]:
    """What is assigned in or above a cluster opens shells to nobody but its administrators."""
    off = cluster.value(_RUN_COMMAND_OFF) is True
    for grant in grants_around(access_of(cluster), cluster.id):
        said = f"{grant.assignment.label} ({grant.role.name} at {describe_scope(grant)})"
        inside = grant.scope is not None and is_in_namespace(grant.scope)
        if not grant.is_known:
            yield cluster.unknown(path_of(grant), f"what {said} allows is not known here")
        elif grant.role.id == _ADMINISTRATOR and inside:
            yield cluster.fails(
                path_of(grant), f"{said}: in a namespace, RBAC Admin is its owners' role"
            )
        elif grant.role.id in (_OWNER, _ADMINISTRATOR):
            yield cluster.passes(path_of(grant), f"{said} is a role of administrators")
        elif opens_shell(grant, run_command_off=off):
            yield cluster.fails(path_of(grant), f"{said} opens shells in containers")
        elif grants_cluster_access(grant):
            yield cluster.passes(path_of(grant), f"{said} opens no shell")


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
        rules=(rule(CLUSTER, _judge_grants, _RUN_COMMAND_OFF, others=ACCESS_READS),),
        evidence=(
            "a SubjectAccessReview of a team's member on pods/exec that is denied, and no Role "
            "with pods/exec: `kubectl get roles,clusterroles -A -o json`"
        ),
        limits=(
            "Roles inside the cluster and members of groups are not read. Whoever may write "
            "workloads runs what they like in their own pods."
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
