"""CLU-06.5, CLU-06.7 and CLU-06.8: OS version of nodes, AppArmor, seccomp and user namespaces.

Facts: guidelines.md §1.2; AKS "Secure container access".
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.node_images import has_user_namespaces, lacks_app_armor, why_retired
from provisioner.controls.aks.admission import (
    POLICY_READS,
    RESTRICTED_PODS,
    SAFEGUARD_READS,
    is_safeguarded,
    judge_demands,
    tenants_of,
)
from provisioner.controls.aks.kubernetes_versions import (
    CLUSTER_READS,
    POOL_RUNNING,
    POOL_STATED,
    kubernetes_of,
)
from provisioner.controls.aks.namespace_standards import STANDARD, STANDARD_VERSION, is_restricted
from provisioner.controls.chapters.clusters.upgrades import ITEM
from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.predicates import show
from provisioner.controls.resource_types import CLUSTER, NAMESPACE, POOL
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import Unknown

_IMAGE, _SKU = "properties.nodeImageVersion", "properties.osSKU"
_SYSTEM, _RUNTIME = "properties.osType", "properties.workloadRuntime"
_CONFINEMENT_READS: Mapping[str, tuple[str, ...]] = {
    **SAFEGUARD_READS,
    **POLICY_READS,
    NAMESPACE: (*POLICY_READS[NAMESPACE], STANDARD, STANDARD_VERSION),
}


def _judge_image(pool: Subject) -> Iterator[Observation]:
    """Judge whether the OS and image of a pool's nodes are still supported."""
    sku, image = pool.value(_SKU), pool.value(_IMAGE)
    # osSKU alone does not say enough: AzureLinux is version 2 or 3 by the Kubernetes version and
    # the node image.
    why = why_retired(sku, image, kubernetes_of(pool))
    described = f"{show(sku)} ({image})" if isinstance(image, str) else show(sku)
    if isinstance(sku, Unknown):
        yield pool.unknown(_SKU, f"osSKU is {sku}")
    elif why:
        yield pool.fails(_SKU, f"nodes run {described}: {why}")
    else:
        yield pool.passes(_SKU, f"nodes run {described}")


def _judge_confinement(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a policy, the safeguards or all team namespaces deny unconfined pods."""
    if is_safeguarded(cluster, "Restricted"):
        yield cluster.passes(
            "", ("deployment safeguards enforce the restricted Pod Security Standard")
        )
        return
    teams = tenants_of(cluster)
    restricted = {n.name for n in cluster.children(NAMESPACE) if is_restricted(n)}
    # The restricted standard includes RuntimeDefault and dropped capabilities: any of the three
    # ways to enforce it does.
    if teams and restricted >= set(teams):
        yield cluster.passes("", f"{', '.join(teams)} enforce the restricted Pod Security Standard")
    else:
        yield judge_demands(cluster, (RESTRICTED_PODS,))


def _judge_app_armor(pool: Subject) -> Iterator[Observation]:
    """Judge whether a node image has AppArmor; only Azure says which image it is."""
    image = pool.value(_IMAGE)
    # Azure Linux 3.0 has AppArmor since the node image of 2025-11-07 only (guidelines.md
    # CLU-06.7).
    if lacks_app_armor(image):
        yield pool.fails(_IMAGE, f"{image} predates AppArmor in Azure Linux (2025-11-07)")


def _judge_users(pool: Subject) -> Iterator[Observation]:
    """Judge whether a pool supports user namespaces.

    Windows has none, and with Kata a pod has a whole machine.
    """
    kata = str(pool.value(_RUNTIME)).lower().startswith("kata")
    sku = pool.value(_SKU)
    if kata or str(pool.value(_SYSTEM)).lower() == "windows":
        return
    if isinstance(sku, Unknown):
        yield pool.unknown(_SKU, f"osSKU is {sku}")
    elif has_user_namespaces(sku, kubernetes_of(pool)):
        yield pool.passes(_SKU, f"osSKU is {sku}")
    else:
        evidence = f"osSKU is {show(sku)}"
        yield pool.fails(_SKU, f"{evidence}, expected Azure Linux 3 or Ubuntu 24.04")


CONTROLS = (
    Control(
        id="CLU-06.5",
        title="Nodes run a supported OS version (osSKU)",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale=(
            "Retired OS versions receive no security patches, and node pools that use them "
            "cannot scale."
        ),
        synonyms=terms("osSKU; Ubuntu; Azure Linux; Mariner; end of life; OS version; node image"),
        remediation="""
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              properties: {osSKU: AzureLinux3}
        """,
        rules=(
            rule(POOL, _judge_image, _SKU, _IMAGE, POOL_RUNNING, POOL_STATED, others=CLUSTER_READS),
        ),
        limits=("The age of a node image is not evaluated."),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="CLU-06.7",
        title="Containers run with AppArmor, seccomp and dropped Linux capabilities",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale=(
            "AppArmor, seccomp and dropped capabilities limit the system calls available to a "
            "compromised process."
        ),
        synonyms=terms("AppArmor; seccomp; capabilities; RuntimeDefault; SELinux; securityContext"),
        remediation="""
            team:
              type: Microsoft.ContainerService/managedClusters/managedNamespaces
              properties:
                labels: {pod-security.kubernetes.io/enforce: restricted}
        """,
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(
            rule(CLUSTER, _judge_confinement, others=_CONFINEMENT_READS),
            rule(POOL, _judge_app_armor, _IMAGE),
        ),
        evidence=(
            "`kubectl get pods -A -o json` shows the profiles and capabilities in each "
            "pod's `securityContext`"
        ),
        limits=("Profiles of individual pods are visible only in the cluster."),
        mappings=Mappings(
            policies=(
                "511f5417-5d12-434d-ab2e-816901e72a5e",
                "975ce327-682c-4f2e-aa46-b9598289b86c",
                "c26596ff-4d70-4e6a-9a30-c2506bd2f80c",
                "d2e7ea85-6b44-4317-a0be-1b951587f626",
            )
        ),
    ),
    Control(
        id="CLU-06.8",
        title="Nodes support user namespaces (hostUsers: false)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale=(
            "With a user namespace, root in a container is an unprivileged user on the node "
            "after a container escape."
        ),
        synonyms=terms("user namespaces; hostUsers; container escape; UID; root in container"),
        remediation="""
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              properties: {osSKU: AzureLinux3}
        """,
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(
            rule(
                POOL,
                _judge_users,
                _SKU,
                _SYSTEM,
                _RUNTIME,
                POOL_RUNNING,
                POOL_STATED,
                others=CLUSTER_READS,
            ),
        ),
        evidence="`kubectl get pods -A -o json` shows `hostUsers: false` in team pods",
        limits=("Whether a pod uses a user namespace is visible only in the cluster."),
        unmapped=NO_EQUIVALENT,
    ),
)
