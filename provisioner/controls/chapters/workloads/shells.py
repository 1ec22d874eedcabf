"""WRK-02.8: permissions to run commands in containers (pods/exec).

Facts: guidelines.md §0.3, §1.3 and ENV-05.2.
"""

from collections.abc import Iterator

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity, terms
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
_NAMESPACE_ADMIN = find_built_in_role("Azure Kubernetes Service RBAC Admin")
_CLUSTER_ADMIN = find_built_in_role("Azure Kubernetes Service RBAC Cluster Admin")


def _judge_grants(cluster: Subject) -> Iterator[Observation]:
    """Judge whether role assignments in or above a cluster allow exec to administrators alone."""
    is_run_command_off = cluster.value(_RUN_COMMAND_OFF) is True
    for grant in grants_around(access_of(cluster), cluster.id):
        described = f"{grant.assignment.label} ({grant.role.name} at {describe_scope(grant)})"
        inside = grant.scope is not None and is_in_namespace(grant.scope)
        if not grant.is_known:
            yield cluster.unknown(path_of(grant), f"the permissions of {described} are unknown")
        elif grant.role.id == _CLUSTER_ADMIN and inside:
            yield cluster.fails(
                path_of(grant), f"{described}: use RBAC Admin for owners of a namespace"
            )
        # Administrators have exec by purpose (guidelines.md ENV-05.2); Writer has it too, through
        # `pods/*` (WRK-02.8).
        elif grant.role.id in (_NAMESPACE_ADMIN, _CLUSTER_ADMIN):
            yield cluster.passes(path_of(grant), f"{described} is an administrator role")
        elif opens_shell(grant, run_command_off=is_run_command_off):
            yield cluster.fails(path_of(grant), f"{described} allows kubectl exec (pods/exec)")
        elif grants_cluster_access(grant):
            yield cluster.passes(
                path_of(grant), f"{described} does not allow kubectl exec (pods/exec)"
            )


CONTROLS = (
    Control(
        id="WRK-02.8",
        title="Only administrators can kubectl exec into containers (pods/exec)",
        severity=Severity.MEDIUM,
        layer=Layer.IDENTITY,
        item=(
            "DenyEscalatingExec / pod security policies: privileged, root, volumes, fsGroup, "
            "hostPorts"
        ),
        rationale=(
            "A shell in a container has the secrets, identity and network access of the "
            "pod. The role Azure Kubernetes Service RBAC Writer includes it."
        ),
        synonyms=terms("kubectl exec; pods/exec; shell; attach; RBAC Writer; debug"),
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
            "a SubjectAccessReview for a team member on pods/exec is denied, and `kubectl "
            "get roles,clusterroles -A -o json` shows no Role with pods/exec"
        ),
        limits=(
            "Roles inside the cluster and group members are not read. Anyone who can "
            "create workloads can run any command in them."
        ),
        mappings=Mappings(cis=("4.1.4", "4.1.9")),
    ),
    Control(
        id="WRK-09",
        title="No role allows exec into privileged pods (successor of DenyEscalatingExec)",
        severity=Severity.LOW,
        layer=Layer.IDENTITY,
        item="Prose: DenyEscalatingExec",
        rationale=(
            "DenyEscalatingExec denied exec into privileged pods. Kubernetes removed it; "
            "RBAC on pods/exec replaces it."
        ),
        synonyms=terms("DenyEscalatingExec; kubectl exec; admission plugin; privileged pods"),
        modes=(),
        same_as=("WRK-02.8",),
        unmapped="DenyEscalatingExec was removed; its successor is mapped.",
    ),
)
