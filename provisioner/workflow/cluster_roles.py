"""`azsec roles --for cluster-…`: the least privileges in Azure and Kubernetes to work on a cluster.

In Azure these are to read the address and the certificate of the API server; the built-in role
Azure Kubernetes Service Cluster User Role has the same two actions. What its holder may do in the
cluster is up to Kubernetes RBAC, which AKS evaluates beside Azure RBAC (learn.microsoft.com, "Use
Azure role-based access control for Kubernetes authorization": an identity that Azure RBAC does not
allow is left to Kubernetes RBAC). Azure's own roles for that are wider: Azure Kubernetes Service
RBAC Cluster Admin may do everything in the cluster, and RBAC Admin and Writer write neither
namespaces nor cluster roles nor admission policies.
"""

from collections.abc import Iterable
from typing import Any

from provisioner.catalog.capabilities import CLUSTER_SIGN_IN
from provisioner.documents.roles import ClusterRolesDocument, Purpose, RoleDocument
from provisioner.engine.cluster_lease import NAMESPACE
from provisioner.manifests.deployer import deployer_role, lock_role, reader_role
from provisioner.manifests.rendering import ClusterObjects
from provisioner.workflow.cluster_lock import lease_name
from provisioner.workflow.plan import Desired

_DESCRIPTIONS = {
    Purpose.CLUSTER_OBSERVE: "Lists what azsec cluster observe of {name} looks at, no secrets.",
    Purpose.CLUSTER_APPLY: "Plans and applies the objects of {name}, and deletes nothing.",
    Purpose.CLUSTER_DELETE: "Plans, applies and deletes the objects of {name}; lists what is in a "
    "namespace before it goes, secrets too.",
}
CLUSTER_PURPOSES = tuple(_DESCRIPTIONS)


def describe_cluster_access(
    desired: Desired, objects: ClusterObjects, purposes: Iterable[Purpose]
) -> tuple[tuple[RoleDocument, ...], tuple[ClusterRolesDocument, ...]]:
    """Return the roles in Azure and in Kubernetes for some purposes."""
    name = desired.document.name
    in_azure, in_cluster = [], []
    for purpose in purposes:
        description = _DESCRIPTIONS[purpose].format(name=name)
        in_azure.append(
            RoleDocument(
                name=f"azsec {purpose.value} {name}",
                description=f"Reaches the API server of {name}; Kubernetes RBAC shows what for.",
                purpose=purpose,
                scope=objects.facts.id,
                actions=CLUSTER_SIGN_IN,
            )
        )
        bodies = tuple(_role_bodies(desired, objects, purpose))
        in_cluster.append(
            ClusterRolesDocument(purpose=purpose, description=description, objects=bodies)
        )
    return tuple(in_azure), tuple(in_cluster)


def _role_bodies(
    desired: Desired, objects: ClusterObjects, purpose: Purpose
) -> Iterable[dict[str, Any]]:
    name = f"azsec-{desired.document.name}-{purpose.value.removeprefix('cluster-')}"
    if purpose is Purpose.CLUSTER_OBSERVE:
        return [reader_role(name)]
    deletes = purpose is Purpose.CLUSTER_DELETE
    return [
        deployer_role(name, objects.manifests, deletes=deletes),
        lock_role(name, NAMESPACE, lease_name(desired)),
    ]
