"""Every kind of object that an environment can declare, whether it declares one today or not.

Objects that are no longer declared are found by their label, so every one of these kinds has to be
listed: a kind whose last object was removed (the Role of the only `deployers:`) would be missed
otherwise. `make_manifest` accepts no other kind; `workflow/cluster_reader.py` lists them.
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
