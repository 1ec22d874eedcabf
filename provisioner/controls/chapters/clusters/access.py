"""CLU-03: who is let into the Kubernetes API, and what they may do there.

Facts: guidelines.md §0.3, §0.4, §1.2 and §2.5.
"""

from collections.abc import Iterator

from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.effective_access import (
    ACCESS_READS,
    access_of,
    administrators_of,
    describe_scope,
    grants_around,
    grants_cluster_access,
    is_above_groups,
    path_of,
)
from provisioner.controls.predicates import equals, is_set
from provisioner.controls.resource_types import CLUSTER
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.verdict import Verdict
from provisioner.model.guid import is_guid

_ITEM = "Configure RBAC"
_ENTRA = "properties.aadProfile"
_AZURE_RBAC = f"{_ENTRA}.enableAzureRBAC"
_ADMIN_GROUPS = f"{_ENTRA}.adminGroupObjectIDs"
_RUN_COMMAND_OFF = "properties.apiServerAccessProfile.disableRunCommand"


def _judge_admin_groups(cluster: Subject) -> Iterator[Observation]:
    """The administrators' ids are those of objects in the directory, and of no user or service
    that an assignment names."""
    stated = cluster.texts(_ADMIN_GROUPS)
    kinds = {
        grant.principal.id.lower(): grant.principal.type
        for grant in access_of(cluster).grants
        if grant.principal.type is not None
    }
    for group in stated:
        kind = kinds.get(group.lower(), "Group")
        if not is_guid(group):
            yield cluster.fails(_ADMIN_GROUPS, f"{group} is no object id")
        elif kind not in ("Group", "ForeignGroup"):
            yield cluster.fails(_ADMIN_GROUPS, f"{group} is a {kind}, expected a group")


def _judge_azure_rbac(cluster: Subject) -> Iterator[Observation]:
    """Azure RBAC decides, and somebody has a role that it decides by."""
    switched = look(cluster, _AZURE_RBAC, equals(True))
    yield switched
    if switched.verdict is not Verdict.PASS:
        return
    around = grants_around(access_of(cluster), cluster.id)
    given = [grant for grant in around if grants_cluster_access(grant)]
    if given:
        yield cluster.passes("", f"{len(given)} role assignments let people in")
    else:
        yield cluster.fails("", "nobody has a role that lets them into it")


def _judge_breadth(cluster: Subject) -> Iterator[Observation]:
    """Nobody administers a cluster because they administer all of a subscription."""
    access = access_of(cluster)
    off = cluster.value(_RUN_COMMAND_OFF) is True
    able = administrators_of(access, cluster.id, run_command_off=off)
    broad = [grant for grant in able if is_above_groups(grant.scope)]
    for grant in broad:
        said = f"{grant.assignment.label} gives {grant.role.name} over {describe_scope(grant)}"
        yield cluster.fails(path_of(grant), f"{said}, and with it the cluster's administration")
    unread = [g for g in access.unknown_at(cluster.id) if is_above_groups(g.scope)]
    for grant in unread:
        said = f"what {grant.assignment.label} gives over {describe_scope(grant)} is not known"
        yield cluster.unknown(path_of(grant), said)
    if not broad and not unread:
        yield cluster.passes("", "no assignment above its resource group administers it")


CONTROLS = (
    Control(
        id="CLU-03",
        title="Everybody in the cluster is known, and may do what they need",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale="Who may do everything loses everything with one stolen token.",
        modes=(),
        unmapped="It is answered by its parts, which have their own.",
    ),
    Control(
        id="CLU-03.1",
        title="Kubernetes asks who may do what",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale="Without RBAC every pod with a token administers the cluster.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties: {enableRBAC: true}
        """,
        rules=(expect(CLUSTER, "properties.enableRBAC", equals(True)),),
        limits=("What the roles inside the cluster allow is for CLU-03.5."),
        mappings=Mappings(
            policies=("ac4a19c2-fa67-49b4-8ae5-0b2e78c49457",),
            checkov=("CKV_AZURE_5",),
            psrule=("Azure.AKS.UseRBAC",),
            cis=("3.2.2",),
        ),
    ),
    Control(
        id="CLU-03.2",
        title="People sign in with Entra ID, and groups administer",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale="Who leaves, or loses a device, is locked out in one place. So is their token.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                aadProfile:
                  managed: true
                  adminGroupObjectIDs: [9a6e3d40-af71-4d94-8b17-65d3f4a6d801]
        """,
        modes=(Mode.ARM, Mode.DIRECTORY),
        rules=(
            expect(CLUSTER, f"{_ENTRA}.managed", equals(True)),
            expect(CLUSTER, _ADMIN_GROUPS, is_set()),
            rule(CLUSTER, _judge_admin_groups, _ADMIN_GROUPS, others=ACCESS_READS),
        ),
        evidence=(
            "Entra ID's word that each administrators' id is a security group: "
            "`az ad group show --group ID --query securityEnabled`"
        ),
        limits=(
            "That an id is a group is seen only where a role assignment says otherwise; its "
            "members are not read."
        ),
        mappings=Mappings(
            policies=(
                "450d2877-ebea-41e8-b00c-e286317d21bf",
                "36a27de4-199b-40fb-b336-945a8475d6c5",
            ),
            psrule=("Azure.AKS.ManagedAAD",),
            cis=("5.5.1",),
        ),
    ),
    Control(
        id="CLU-03.3",
        title="Azure RBAC decides who may do what in Kubernetes",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Roles are then given, reviewed and taken away where all others of Azure are, for a "
            "time if need be."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                aadProfile: {enableAzureRBAC: true}
            readers:
              type: Microsoft.Authorization/roleAssignments
              scope: ${cluster.id}
              properties:
                roleDefinitionId: >-
                  ${roleDefinitionId(cluster.id, "Azure Kubernetes Service RBAC Reader")}
                principalId: 9a6e3d40-af71-4d94-8b17-65d3f4a6d802
                principalType: Group
        """,
        rules=(rule(CLUSTER, _judge_azure_rbac, _AZURE_RBAC, others=ACCESS_READS),),
        limits=("Role bindings of Kubernetes hold beside it, and are not seen from Azure."),
        mappings=Mappings(psrule=("Azure.AKS.AzureRBAC",), cis=("5.5.2",)),
    ),
    Control(
        id="CLU-03.4",
        title="Nobody administers the cluster by a role on a whole subscription",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "A role above the cluster reaches every cluster that is there and that will be. "
            "Inside, cluster-admin is for the system."
        ),
        remediation="""
            admins:
              type: Microsoft.Authorization/roleAssignments
              scope: ${cluster.id}
              properties:
                roleDefinitionId: >-
                  ${roleDefinitionId(cluster.id, "Azure Kubernetes Service RBAC Cluster Admin")}
                principalId: 9a6e3d40-af71-4d94-8b17-65d3f4a6d801
                principalType: Group
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(rule(CLUSTER, _judge_breadth, _RUN_COMMAND_OFF, others=ACCESS_READS),),
        evidence=(
            "the subjects of cluster-admin, none but the system's: `kubectl get "
            "clusterrolebindings -o wide` filtered for ClusterRole/cluster-admin"
        ),
        limits=(
            "Members of groups and bindings inside the cluster are not read, and what a principal "
            "could do by two roles that each do not suffice is not added up. A pipeline that "
            "deploys from a whole subscription fails it too, and is waived by name."
        ),
        mappings=Mappings(policies=("a3dc4946-dba6-43e6-950d-f96532848c9f",), cis=("4.1.1",)),
    ),
    Control(
        id="CLU-03.5",
        title="No role in the cluster leads to another one's rights",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Who may read secrets, make tokens, reach a kubelet, sign certificates, change "
            "webhooks or use escalating verbs is an administrator under another name."
        ),
        remediation=(
            "Name verbs and resources in each Role; leave out `*`, `bind`, `escalate`, "
            "`impersonate`, `serviceaccounts/token`, `nodes/proxy`, approval of certificate "
            "requests and webhook configurations. `azsec manifests` renders roles without them, "
            "and the two policies of this control refuse wildcards and edits of webhooks."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "a walk through all rules of `kubectl get roles,clusterroles -A -o json`; `kubectl "
            "auth can-i --as` asks nothing of Azure RBAC, and so does not show it"
        ),
        mappings=Mappings(
            policies=(
                "ca8d5704-aa2b-40cf-b110-dc19052825ad",
                "1ddac26b-ed48-4c30-8cc5-3a68c79b8001",
            ),
            cis=tuple(f"4.1.{number}" for number in range(2, 13)),
        ),
    ),
)
