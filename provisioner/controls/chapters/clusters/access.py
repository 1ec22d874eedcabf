"""CLU-03: Entra ID authentication, Kubernetes RBAC and Azure RBAC of a cluster.

Facts: guidelines.md §0.3, §0.4, §1.2 and §2.5.
"""

from collections.abc import Iterator

from provisioner.controls.control import (
    MAPPED_BY_PARTS,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
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
    """Judge whether the administrators' ids are those of groups in the directory.

    They are not those of a user or service that an assignment names.
    """
    stated = cluster.texts(_ADMIN_GROUPS)
    # adminGroupObjectIDs are ids without a type: a role assignment to the same id is where ARM
    # shows what it is.
    kinds = {
        grant.principal.id.lower(): grant.principal.type
        for grant in access_of(cluster).grants
        if grant.principal.type is not None
    }
    for group in stated:
        # An id of which nothing is known is taken for a group; guidelines.md CLU-03.2 leaves the
        # directory to Microsoft Graph.
        kind = kinds.get(group.lower(), "Group")
        if not is_guid(group):
            yield cluster.fails(_ADMIN_GROUPS, f"{group} is not a valid object ID")
        elif kind not in ("Group", "ForeignGroup"):
            yield cluster.fails(_ADMIN_GROUPS, f"{group} is a {kind}, expected a group")


def _judge_azure_rbac(cluster: Subject) -> Iterator[Observation]:
    """Judge whether Azure RBAC is enabled and some role assignment grants access to the cluster."""
    setting = look(cluster, _AZURE_RBAC, equals(True))
    yield setting
    if setting.verdict is not Verdict.PASS:
        return
    surrounding = grants_around(access_of(cluster), cluster.id)
    # Azure RBAC without an assignment leaves the cluster to Kubernetes RBAC alone, and to the
    # administrator groups.
    assignments = [grant for grant in surrounding if grants_cluster_access(grant)]
    if assignments:
        yield cluster.passes("", f"{len(assignments)} role assignments grant access to it")
    else:
        yield cluster.fails("", "no role assignment in the environment grants access to it")


def _judge_breadth(cluster: Subject) -> Iterator[Observation]:
    """Judge whether no role assignment above the cluster's resource group can administer it."""
    access = access_of(cluster)
    # runCommand runs kubectl in the cluster by way of ARM: with it, roles of the control plane
    # administer the cluster (guidelines.md CLU-01.4).
    is_run_command_off = cluster.value(_RUN_COMMAND_OFF) is True
    administering = administrators_of(access, cluster.id, run_command_off=is_run_command_off)
    # At a subscription or a management group the same assignment covers every later cluster, too.
    broad = [grant for grant in administering if is_above_groups(grant.scope)]
    for grant in broad:
        evidence = f"{grant.assignment.label} grants {grant.role.name} on {describe_scope(grant)}"
        yield cluster.fails(path_of(grant), f"{evidence}, which includes administering the cluster")
    unread = [g for g in access.unknown_at(cluster.id) if is_above_groups(g.scope)]
    for grant in unread:
        evidence = (
            f"the permissions that {grant.assignment.label} grants on {describe_scope(grant)} "
            "are unknown"
        )
        yield cluster.unknown(path_of(grant), evidence)
    if not broad and not unread:
        yield cluster.passes("", "no role assignment above its resource group can administer it")


CONTROLS = (
    Control(
        id="CLU-03",
        title="The cluster authenticates with Entra ID and authorizes with least-privilege RBAC",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale="One stolen administrator token gives an attacker the whole cluster.",
        synonyms=terms("authentication; authorization; RBAC; identity; least privilege"),
        modes=(),
        unmapped=MAPPED_BY_PARTS,
    ),
    Control(
        id="CLU-03.1",
        title="Kubernetes RBAC is enabled (enableRBAC)",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Without RBAC, every pod with a service account token has full access to the API "
            "server."
        ),
        synonyms=terms("RBAC; role-based access control; enableRBAC; authorization"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties: {enableRBAC: true}
        """,
        rules=(expect(CLUSTER, "properties.enableRBAC", equals(True)),),
        limits=("The permissions of roles inside the cluster are checked by CLU-03.5."),
        mappings=Mappings(
            policies=("ac4a19c2-fa67-49b4-8ae5-0b2e78c49457",),
            checkov=("CKV_AZURE_5",),
            psrule=("Azure.AKS.UseRBAC",),
            cis=("3.2.2",),
        ),
    ),
    Control(
        id="CLU-03.2",
        title="Microsoft Entra integration is enabled, with groups as administrators (aadProfile)",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "With Entra ID, access ends when an account or a session is revoked in one "
            "directory. Administrators assigned as a group are reviewed in one place."
        ),
        synonyms=terms(
            "Azure AD; AAD; Entra ID; adminGroupObjectIDs; SSO; OIDC login; kubelogin; managed AAD"
        ),
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
            "output of `az ad group show --group ID --query securityEnabled` for each ID "
            "in adminGroupObjectIDs"
        ),
        limits=(
            "That an ID belongs to a group is known only where a role assignment states "
            "another principalType. Group members are not read."
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
        title="Azure RBAC is used for Kubernetes authorization (enableAzureRBAC)",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Kubernetes permissions are then assigned, reviewed and time-limited (PIM) "
            "together with all other Azure roles."
        ),
        synonyms=terms("Azure RBAC; enableAzureRBAC; RBAC; Azure Kubernetes Service RBAC roles"),
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
        limits=(
            "RoleBindings in the cluster remain in force and are not visible from Azure "
            "Resource Manager."
        ),
        mappings=Mappings(psrule=("Azure.AKS.AzureRBAC",), cis=("5.5.2",)),
    ),
    Control(
        id="CLU-03.4",
        title="No role assignment above the cluster's resource group can administer the cluster",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "A role on a subscription or management group covers every current and future "
            "cluster in it. In the cluster, cluster-admin is reserved for system "
            "components."
        ),
        synonyms=terms(
            "Owner; Contributor; subscription scope; management group; cluster-admin; RBAC; "
            "privileged role"
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
            "`kubectl get clusterrolebindings -o wide`: only system subjects are bound to "
            "ClusterRole/cluster-admin"
        ),
        limits=(
            "Group members and bindings inside the cluster are not read. Permissions that "
            "result only from combining two roles are not computed. A pipeline that "
            "deploys at subscription scope fails this control and needs a waiver."
        ),
        mappings=Mappings(policies=("a3dc4946-dba6-43e6-950d-f96532848c9f",), cis=("4.1.1",)),
    ),
    Control(
        id="CLU-03.5",
        title="No Kubernetes role allows privilege escalation",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Reading secrets, creating tokens, proxying to kubelets, approving certificate "
            "signing requests, changing webhooks and the verbs bind, escalate and "
            "impersonate each allow becoming cluster-admin."
        ),
        synonyms=terms(
            "privilege escalation; wildcard; bind; escalate; impersonate; nodes/proxy; "
            "serviceaccounts/token; RBAC; ClusterRole; cluster-admin"
        ),
        remediation=(
            "List verbs and resources explicitly in each Role. Remove `*`, `bind`, "
            "`escalate`, `impersonate`, `serviceaccounts/token`, `nodes/proxy`, approval "
            "of certificate signing requests and write access to webhook configurations. "
            "`azsec manifests` renders roles without them, and the two policies mapped to "
            "this control deny wildcards and webhook changes."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "review of all rules in `kubectl get roles,clusterroles -A -o json`; `kubectl "
            "auth can-i --as` does not evaluate Azure RBAC"
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
