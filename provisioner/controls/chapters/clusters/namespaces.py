"""CLU-05: team namespaces: quotas, network policies, Pod Security Standard, role assignments.

Facts: guidelines.md §0.4, §1.2 and §2.5; AKS "Use managed namespaces".
"""

from collections.abc import Iterator

from provisioner.controls.aks.namespace_rules import (
    AN_AMOUNT,
    HAS_LIMITS,
    HAS_QUOTA,
    IS_CLOSED,
    IS_RESTRICTED,
)
from provisioner.controls.aks.namespace_standards import STANDARD, STANDARD_VERSION, judge_standard
from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.effective_access import (
    ACCESS_READS,
    NAMESPACE_CREDENTIAL,
    USER_CREDENTIAL,
    access_of,
    grants_cluster_access,
    path_of,
)
from provisioner.controls.predicates import equals, one_of, show
from provisioner.controls.resource_types import CLUSTER, NAMESPACE
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import ResourceId

_ITEM = 'Configure "dev" namespaces with permissions, rolebindings, resource quotas and users'
_STATE = "properties.provisioningState"
_QUOTA = "properties.defaultResourceQuota"
_POLICY = "properties.defaultNetworkPolicy"
_ENGINE = "properties.networkProfile.networkPolicy"


def _judge_presence(cluster: Subject) -> Iterator[Observation]:
    """Judge whether the cluster has managed namespaces of Azure Resource Manager."""
    found = cluster.children(NAMESPACE)
    if found:
        yield cluster.passes("", f"managed namespaces: {', '.join(one.name for one in found)}")
    else:
        yield cluster.fails("", "it has no managed namespace")


def _judge_standard(namespace: Subject) -> Iterator[Observation]:
    """Judge whether a namespace enforces the whole restricted Pod Security Standard."""
    yield judge_standard(namespace)


def _judge_policy(namespace: Subject) -> Iterator[Observation]:
    """Judge whether the cluster's network policy engine has not been disabled.

    Whether a cluster has one at all is for WRK-03.1.
    """
    cluster = namespace.at(namespace.id.parent.text) if namespace.id.parent else None
    if cluster is None or not cluster.states(_ENGINE):
        return
    if str(cluster.value(_ENGINE)).lower() == "none":
        yield namespace.fails(
            _POLICY,
            (f"networkPolicy is not enforced: {cluster.label} has no network policy engine"),
        )


def _judge_provisioning_state(namespace: Subject) -> Iterator[Observation]:
    """Judge whether Azure has created the namespace.

    Only Azure says so, and of one that is still to be made, nobody does.
    """
    state = namespace.value(_STATE)
    if isinstance(state, str) and state not in ("Succeeded", "Creating", "Updating"):
        yield namespace.fails(_STATE, f"provisioningState is {state}, expected Succeeded")


def _judge_users(namespace: Subject) -> Iterator[Observation]:
    """Judge whether groups have permissions in a namespace, and access to the cluster."""
    if namespace.value(STANDARD) == "privileged":
        return  # It is for agents on nodes, and for nobody to sign in to (MAN-04).
    cluster = namespace.id.parent
    if cluster is None:
        return
    # Roles on Kubernetes objects hold at <cluster>/namespaces/NAME, which the authorization
    # webhook evaluates; the credential is fetched from <cluster>/managedNamespaces/NAME
    # (guidelines.md §0.4).
    inside = ResourceId(f"{CLUSTER}/namespaces", (*cluster.names, namespace.name), cluster.scope)
    access = access_of(namespace)
    # What is inherited from the cluster or above is for ENV-05.2.
    in_namespace = [
        g for g in access.reaching(inside) if g.scope and not cluster.is_within(g.scope)
    ]
    access_grants = [grant for grant in in_namespace if grants_cluster_access(grant)]
    credential_grants = (
        *access.who_can(NAMESPACE_CREDENTIAL, namespace.id),
        *access.who_can(USER_CREDENTIAL, cluster),
    )
    if not access_grants:
        yield namespace.fails("", f"no role is assigned on {inside.text}")
    elif not credential_grants:
        yield namespace.fails(
            "",
            (
                "no role assignment in the environment allows downloading the credentials of it or "
                "of its cluster"
            ),
        )
    else:
        yield namespace.passes("", f"{len(access_grants)} role assignments to groups")
    near = [
        grant for grant in credential_grants if grant.scope is not None and grant.scope == cluster
    ]
    for grant in {id(grant): grant for grant in (*in_namespace, *near)}.values():
        kind = grant.principal.type
        # A person who leaves a team keeps a personal assignment.
        if kind not in ("Group", "ForeignGroup", "ServicePrincipal"):
            evidence = f"principalType of {grant.assignment.label} is {show(kind)}, expected Group"
            yield namespace.fails(path_of(grant), evidence)


CONTROLS = (
    Control(
        id="CLU-05",
        title="Each team has its own namespace with permissions, quotas and network policies",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale="Namespaces separate teams that share a cluster.",
        synonyms=terms("multi-tenancy; tenants; teams; namespace isolation; dev namespace"),
        modes=(),
        mappings=Mappings(cis=("4.6.1",)),
    ),
    Control(
        id="CLU-05.1",
        title="Team namespaces are managed namespaces of Azure Resource Manager",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Quotas, network policies and labels of a managed namespace cannot be weakened "
            "from inside the cluster. AKS does not adopt an existing namespace with other "
            "settings."
        ),
        synonyms=terms("managed namespace; ManagedByARM; managedNamespaces; namespace"),
        remediation="""
            team:
              type: Microsoft.ContainerService/managedClusters/managedNamespaces
              parent: ${cluster.id}
              properties: {adoptionPolicy: IfIdentical, deletePolicy: Keep}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            rule(CLUSTER, _judge_presence, others={NAMESPACE: ()}),
            rule(NAMESPACE, _judge_provisioning_state, _STATE),
            expect(NAMESPACE, "properties.adoptionPolicy", one_of("IfIdentical", "Never")),
            expect(NAMESPACE, "properties.deletePolicy", equals("Keep")),
        ),
        evidence=(
            "`kubectl get namespaces --show-labels` shows the label ManagedByARM on each team "
            "namespace"
        ),
        limits=("Namespaces that Azure Resource Manager does not manage are not visible."),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-05.2",
        title="Each namespace has a resource quota (defaultResourceQuota)",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="Without a quota, one faulty or compromised workload can exhaust all nodes.",
        synonyms=terms("ResourceQuota; quota; CPU limit; memory limit; denial of service"),
        remediation="""
            team:
              type: Microsoft.ContainerService/managedClusters/managedNamespaces
              properties:
                defaultResourceQuota:
                  cpuRequest: 8000m
                  cpuLimit: 16000m
                  memoryRequest: 16Gi
                  memoryLimit: 32Gi
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=tuple(
            expect(NAMESPACE, f"{_QUOTA}.{name}", AN_AMOUNT)
            for name in ("cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit")
        ),
        in_cluster=HAS_QUOTA,
        evidence="`kubectl get resourcequota -A` shows a quota in every team namespace",
        limits=(
            "Whether the amounts fit the cluster's size, and the quotas of unmanaged "
            "namespaces, are not evaluated."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-05.3",
        title="Each namespace has a LimitRange with default requests and limits",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A container without limits can consume the CPU and memory of other pods on its node."
        ),
        synonyms=terms("LimitRange; default requests; default limits"),
        remediation=(
            "Create a LimitRange in each namespace: `azsec manifests` renders one. Azure "
            "Resource Manager has no equivalent; deployment safeguards set default limits "
            "of their own."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(HAS_LIMITS,),
        evidence="`kubectl get limitrange -A` shows a LimitRange in every team namespace",
        mappings=Mappings(
            policies=(
                "e345eecc-fa47-480f-9e88-67dcc122b164",
                "03a4ecdb-0684-4039-be91-2762979e1bc8",
            )
        ),
    ),
    Control(
        id="CLU-05.4",
        title=(
            "Namespaces deny cross-namespace ingress and all egress by default "
            "(defaultNetworkPolicy)"
        ),
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "A managed namespace allows all egress by default, so a compromised pod can reach "
            "any destination. Allow required destinations explicitly."
        ),
        synonyms=terms("NetworkPolicy; default deny; namespace isolation; micro-segmentation"),
        remediation="""
            team:
              type: Microsoft.ContainerService/managedClusters/managedNamespaces
              properties:
                defaultNetworkPolicy: {ingress: AllowSameNamespace, egress: DenyAll}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            expect(NAMESPACE, f"{_POLICY}.ingress", one_of("AllowSameNamespace", "DenyAll")),
            expect(NAMESPACE, f"{_POLICY}.egress", equals("DenyAll")),
            rule(NAMESPACE, _judge_policy, others={CLUSTER: (_ENGINE,)}),
        ),
        in_cluster=(IS_CLOSED,),
        evidence=(
            "`kubectl get networkpolicy -A -o json` shows a policy that selects all pods "
            "in every namespace"
        ),
        limits=(
            "NetworkPolicies added in a namespace can allow more and are not visible from "
            "Azure Resource Manager. The network policy engine is checked by WRK-03.1."
        ),
        mappings=Mappings(cis=("4.4.2",), checkov=("CKV_AZURE_7",)),
    ),
    Control(
        id="CLU-05.5",
        title="Namespaces enforce the restricted Pod Security Standard (Pod Security Admission)",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="Pod Security Admission rejects pods that could take over their node.",
        synonyms=terms(
            "PSA; PSS; Pod Security Admission; Pod Security Standards; PSP; enforce label; "
            "restricted"
        ),
        remediation="""
            team:
              type: Microsoft.ContainerService/managedClusters/managedNamespaces
              properties:
                labels: {pod-security.kubernetes.io/enforce: restricted}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(rule(NAMESPACE, _judge_standard, STANDARD, STANDARD_VERSION),),
        in_cluster=(IS_RESTRICTED,),
        evidence=(
            "`kubectl get namespaces -L pod-security.kubernetes.io/enforce` shows "
            "restricted for namespaces outside Azure Resource Manager"
        ),
        limits=(
            "Namespaces outside Azure Resource Manager, and pods created before the label "
            "was set, are not visible. Pinned versions from v1.25 contain every check of "
            "the current standard."
        ),
        mappings=Mappings(policies=("42b8ef37-b724-4e24-bbc8-7a7708edfe00",)),
    ),
    Control(
        id="CLU-05.6",
        title="Namespace roles are assigned to groups, not to users",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "A role scoped to a namespace grants nothing outside it. Access follows group "
            "membership without changes to the cluster."
        ),
        synonyms=terms("RBAC; Entra groups; RoleBinding; group membership; namespace role"),
        remediation="""
            users:
              type: Microsoft.Authorization/roleAssignments
              scope: ${team.id}
              properties:
                roleDefinitionId: >-
                  ${roleDefinitionId(cluster.id, "Azure Kubernetes Service Namespace User")}
                principalId: 9a6e3d40-af71-4d94-8b17-65d3f4a6d802
                principalType: Group
            readers:
              type: Microsoft.Authorization/roleAssignments
              scope: ${cluster.id}/namespaces/team
              properties:
                roleDefinitionId: >-
                  ${roleDefinitionId(cluster.id, "Azure Kubernetes Service RBAC Reader")}
                principalId: 9a6e3d40-af71-4d94-8b17-65d3f4a6d802
                principalType: Group
        """,
        rules=(rule(NAMESPACE, _judge_users, STANDARD, others=ACCESS_READS),),
        limits=("Group members and bindings inside the cluster are not read."),
        mappings=Mappings(psrule=("Azure.RBAC.UseGroups",)),
    ),
)
