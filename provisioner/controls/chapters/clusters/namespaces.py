"""CLU-05: namespaces of teams, with their limits and their people.

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
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
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
    """There are namespaces that Azure Resource Manager keeps."""
    found = cluster.children(NAMESPACE)
    if found:
        yield cluster.passes("", f"it has {', '.join(one.name for one in found)}")
    else:
        yield cluster.fails("", "it has no managed namespace")


def _judge_standard(namespace: Subject) -> Iterator[Observation]:
    """Kubernetes enforces the restricted standard, as of a version in which it asks for all."""
    yield judge_standard(namespace)


def _judge_policy(namespace: Subject) -> Iterator[Observation]:
    """Nobody switched off in its cluster what enforces network policies; whether a cluster has it
    at all is WRK-03.1's to say."""
    cluster = namespace.at(namespace.id.parent.text) if namespace.id.parent else None
    if cluster is None or not cluster.states(_ENGINE):
        return
    if str(cluster.value(_ENGINE)).lower() == "none":
        yield namespace.fails(_POLICY, f"nothing enforces it: {cluster.label} has no policy engine")


def _judge_state(namespace: Subject) -> Iterator[Observation]:
    """Azure has made it: only Azure says so, and of one that is still to be made, nobody does."""
    state = namespace.value(_STATE)
    if isinstance(state, str) and state not in ("Succeeded", "Creating", "Updating"):
        yield namespace.fails(_STATE, f"provisioningState is {state}, expected Succeeded")


def _judge_users(namespace: Subject) -> Iterator[Observation]:
    """Groups may do something in a namespace, and get there."""
    if namespace.value(STANDARD) == "privileged":
        return  # It is for agents on nodes, and for nobody to sign in to (MAN-04).
    cluster = namespace.id.parent
    if cluster is None:
        return
    inside = ResourceId(f"{CLUSTER}/namespaces", (*cluster.names, namespace.name), cluster.scope)
    access = access_of(namespace)
    here = [g for g in access.reaching(inside) if g.scope and not cluster.is_within(g.scope)]
    roles = [grant for grant in here if grants_cluster_access(grant)]
    entries = (
        *access.who_can(NAMESPACE_CREDENTIAL, namespace.id),
        *access.who_can(USER_CREDENTIAL, cluster),
    )
    if not roles:
        yield namespace.fails("", f"nobody has a role at {inside.text}")
    elif not entries:
        yield namespace.fails("", "nobody may fetch its credentials, or the cluster's")
    else:
        yield namespace.passes("", f"{len(roles)} role assignments let groups in")
    near = [grant for grant in entries if grant.scope is not None and grant.scope == cluster]
    for grant in {id(grant): grant for grant in (*here, *near)}.values():
        kind = grant.principal.type
        if kind not in ("Group", "ForeignGroup", "ServicePrincipal"):
            said = f"{grant.assignment.label} is for {show(kind)}, expected Group"
            yield namespace.fails(path_of(grant), said)


CONTROLS = (
    Control(
        id="CLU-05",
        title="Each team has a namespace with limits",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale="A namespace is the boundary between teams that share a cluster.",
        modes=(),
        mappings=Mappings(cis=("4.6.1",)),
    ),
    Control(
        id="CLU-05.1",
        title="Namespaces are kept by Azure Resource Manager",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Nobody in the cluster can loosen what Azure keeps. It takes over no namespace with "
            "other settings, and takes nothing away with it."
        ),
        remediation="""
            team:
              type: Microsoft.ContainerService/managedClusters/managedNamespaces
              parent: ${cluster.id}
              properties: {adoptionPolicy: IfIdentical, deletePolicy: Keep}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            rule(CLUSTER, _judge_presence, others={NAMESPACE: ()}),
            rule(NAMESPACE, _judge_state, _STATE),
            expect(NAMESPACE, "properties.adoptionPolicy", one_of("IfIdentical", "Never")),
            expect(NAMESPACE, "properties.deletePolicy", equals("Keep")),
        ),
        evidence="the label ManagedByARM on each of them: `kubectl get namespaces --show-labels`",
        limits=("Namespaces that Azure does not keep are not seen."),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="CLU-05.2",
        title="Each namespace has a quota",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="One team's mistake, or intruder, does not take all nodes.",
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
        evidence="a quota in every namespace of a team: `kubectl get resourcequota -A`",
        limits=(
            "Whether an amount is small enough for the cluster, and quotas of other "
            "namespaces, are not judged."
        ),
        unmapped="No framework has a check of it.",
    ),
    Control(
        id="CLU-05.3",
        title="Containers that ask for nothing get bounds",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="A container without limits takes what its neighbours on the node need.",
        remediation=(
            "Put a LimitRange into each namespace: `azsec manifests` renders one. Azure Resource "
            "Manager has no equivalent; the deployment safeguards fill in limits of their own."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(HAS_LIMITS,),
        evidence="a LimitRange in every namespace of a team: `kubectl get limitrange -A`",
        mappings=Mappings(
            policies=(
                "e345eecc-fa47-480f-9e88-67dcc122b164",
                "03a4ecdb-0684-4039-be91-2762979e1bc8",
            )
        ),
    ),
    Control(
        id="CLU-05.4",
        title="Namespaces are closed to each other, and let nothing out by default",
        severity=Severity.CRITICAL,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale="By default a managed namespace lets everything out. What is needed is opened.",
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
            "a NetworkPolicy in every namespace that selects all pods: `kubectl get networkpolicy "
            "-A -o json`"
        ),
        limits=(
            "Policies that somebody adds in a namespace open more, and are not seen from "
            "Azure. That the cluster has an engine is for WRK-03.1."
        ),
        mappings=Mappings(cis=("4.4.2",), checkov=("CKV_AZURE_7",)),
    ),
    Control(
        id="CLU-05.5",
        title="Namespaces enforce the restricted pod security standard",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="Kubernetes itself refuses pods that could become their node.",
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
            "the label on namespaces that Azure does not keep: `kubectl get namespaces -L "
            "pod-security.kubernetes.io/enforce`"
        ),
        limits=(
            "Namespaces that Azure does not keep, and pods that ran before the label, are not"
            " seen. As of 1.25 all that the standard asks for today is in it."
        ),
        mappings=Mappings(policies=("42b8ef37-b724-4e24-bbc8-7a7708edfe00",)),
    ),
    Control(
        id="CLU-05.6",
        title="Groups have roles in a namespace, and persons have none",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "A role at the namespace opens nothing beside it. Who joins or leaves a group gains or "
            "loses it with nobody touching the cluster."
        ),
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
        limits=("Members of groups, and bindings inside the cluster, are not read."),
        mappings=Mappings(psrule=("Azure.RBAC.UseGroups",)),
    ),
)
