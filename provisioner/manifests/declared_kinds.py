"""Every kind of object that an environment can declare in a cluster, whatever it declares today.

Objects that an environment no longer declares are found by their mark, and so in every one of these
kinds: one that went with its last object (the Role of the only `deployers:`) would not be looked at
if only what is still declared were. `make_manifest` takes no other kind.
"""

from provisioner.model.cluster_contents import Kind

_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"

DECLARED_KINDS = frozenset(
    {
        Kind("", "LimitRange"),
        Kind("", "Namespace"),
        Kind("", "ResourceQuota"),
        Kind("", "ServiceAccount"),
        Kind(_ADMISSION, "ValidatingAdmissionPolicy"),
        Kind(_ADMISSION, "ValidatingAdmissionPolicyBinding"),
        Kind("batch", "CronJob"),
        Kind("batch", "Job"),
        Kind("cilium.io", "CiliumNetworkPolicy"),
        Kind("networking.k8s.io", "NetworkPolicy"),
        Kind(_RBAC, "ClusterRole"),
        Kind(_RBAC, "ClusterRoleBinding"),
        Kind(_RBAC, "Role"),
        Kind(_RBAC, "RoleBinding"),
        Kind("secrets-store.csi.x-k8s.io", "SecretProviderClass"),
        Kind("security.istio.io", "PeerAuthentication"),
    }
)
