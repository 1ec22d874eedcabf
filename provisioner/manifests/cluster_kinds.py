"""The kinds of Kubernetes objects that controls read, with their kubectl resource names.

Source: the API reference of Kubernetes ("API Groups"), and the custom resources of Cilium, of the
Secrets Store CSI driver and of Istio.
"""

from collections.abc import Mapping

from provisioner.model.cluster_contents import Kind

_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_NETWORKING = "networking.k8s.io"

NAMESPACE = Kind("", "Namespace")
POD = Kind("", "Pod")
NODE = Kind("", "Node")
SERVICE = Kind("", "Service")
SERVICE_ACCOUNT = Kind("", "ServiceAccount")
SECRET = Kind("", "Secret")
CONFIG_MAP = Kind("", "ConfigMap")
RESOURCE_QUOTA = Kind("", "ResourceQuota")
LIMIT_RANGE = Kind("", "LimitRange")
PERSISTENT_VOLUME = Kind("", "PersistentVolume")
DEPLOYMENT = Kind("apps", "Deployment")
STATEFUL_SET = Kind("apps", "StatefulSet")
DAEMON_SET = Kind("apps", "DaemonSet")
DISRUPTION_BUDGET = Kind("policy", "PodDisruptionBudget")
NETWORK_POLICY = Kind(_NETWORKING, "NetworkPolicy")
INGRESS = Kind(_NETWORKING, "Ingress")
ROLE = Kind(_RBAC, "Role")
CLUSTER_ROLE = Kind(_RBAC, "ClusterRole")
ROLE_BINDING = Kind(_RBAC, "RoleBinding")
CLUSTER_ROLE_BINDING = Kind(_RBAC, "ClusterRoleBinding")
ADMISSION_POLICY = Kind(_ADMISSION, "ValidatingAdmissionPolicy")
ADMISSION_BINDING = Kind(_ADMISSION, "ValidatingAdmissionPolicyBinding")
VALIDATING_WEBHOOK = Kind(_ADMISSION, "ValidatingWebhookConfiguration")
MUTATING_WEBHOOK = Kind(_ADMISSION, "MutatingWebhookConfiguration")
CILIUM_POLICY = Kind("cilium.io", "CiliumNetworkPolicy")
CILIUM_CLUSTER_POLICY = Kind("cilium.io", "CiliumClusterwideNetworkPolicy")
ADMIN_POLICY = Kind("policy.networking.k8s.io", "AdminNetworkPolicy")
CLUSTER_POLICY = Kind("policy.networking.k8s.io", "ClusterNetworkPolicy")
CALICO_POLICY = Kind("crd.projectcalico.org", "NetworkPolicy")
CALICO_CLUSTER_POLICY = Kind("crd.projectcalico.org", "GlobalNetworkPolicy")
MUTATING_POLICY = Kind(_ADMISSION, "MutatingAdmissionPolicy")
CILIUM_NODE = Kind("cilium.io", "CiliumNode")
SECRET_PROVIDER_CLASS = Kind("secrets-store.csi.x-k8s.io", "SecretProviderClass")
PEER_AUTHENTICATION = Kind("security.istio.io", "PeerAuthentication")

OF_THE_CLUSTER = frozenset({
    NAMESPACE, NODE, PERSISTENT_VOLUME, CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ADMISSION_POLICY,
    ADMISSION_BINDING, VALIDATING_WEBHOOK, MUTATING_WEBHOOK, CILIUM_CLUSTER_POLICY, CILIUM_NODE,
    ADMIN_POLICY, CLUSTER_POLICY, CALICO_CLUSTER_POLICY, MUTATING_POLICY,
})  # fmt: skip
"""The cluster-scoped kinds."""

IN_EVERY_CLUSTER: Mapping[Kind, frozenset[str]] = {
    NAMESPACE: frozenset({"default", "kube-system"}),
    CLUSTER_ROLE: frozenset({"admin", "cluster-admin", "edit", "view"}),
    CLUSTER_ROLE_BINDING: frozenset({"cluster-admin"}),
}
"""Objects that every API server creates itself (kubernetes.io, "Namespaces": initial namespaces;
"Using RBAC Authorization": user-facing roles). A list without one of these was filtered by a
selector."""

IN_KUBE_SYSTEM = frozenset({
    POD, SERVICE, SERVICE_ACCOUNT, CONFIG_MAP, DEPLOYMENT, DAEMON_SET, ROLE, ROLE_BINDING,
})  # fmt: skip
"""The kinds of which every AKS cluster has objects in kube-system: its DNS, its agents, their
accounts and roles, and the root CA's ConfigMap. A list without these does not cover all
namespaces."""

RESOURCES: Mapping[str, Kind] = {
    "namespaces": NAMESPACE,
    "pods": POD,
    "nodes": NODE,
    "services": SERVICE,
    "serviceaccounts": SERVICE_ACCOUNT,
    "secrets": SECRET,
    "configmaps": CONFIG_MAP,
    "resourcequotas": RESOURCE_QUOTA,
    "limitranges": LIMIT_RANGE,
    "persistentvolumes": PERSISTENT_VOLUME,
    "deployments": DEPLOYMENT,
    "statefulsets": STATEFUL_SET,
    "daemonsets": DAEMON_SET,
    "poddisruptionbudgets": DISRUPTION_BUDGET,
    "networkpolicies": NETWORK_POLICY,
    "ingresses": INGRESS,
    "roles": ROLE,
    "clusterroles": CLUSTER_ROLE,
    "rolebindings": ROLE_BINDING,
    "clusterrolebindings": CLUSTER_ROLE_BINDING,
    "validatingadmissionpolicies": ADMISSION_POLICY,
    "validatingadmissionpolicybindings": ADMISSION_BINDING,
    "validatingwebhookconfigurations": VALIDATING_WEBHOOK,
    "mutatingwebhookconfigurations": MUTATING_WEBHOOK,
    "ciliumnetworkpolicies": CILIUM_POLICY,
    "ciliumclusterwidenetworkpolicies": CILIUM_CLUSTER_POLICY,
    "ciliumnodes": CILIUM_NODE,
    "adminnetworkpolicies": ADMIN_POLICY,
    "clusternetworkpolicies": CLUSTER_POLICY,
    "networkpolicies.crd.projectcalico.org": CALICO_POLICY,
    "globalnetworkpolicies": CALICO_CLUSTER_POLICY,
    "mutatingadmissionpolicies": MUTATING_POLICY,
    "secretproviderclasses": SECRET_PROVIDER_CLASS,
    "peerauthentications": PEER_AUTHENTICATION,
}
"""The kinds by resource name, as kubectl accepts it."""


def resource_of(kind: Kind) -> str:
    """Return the name by which kubectl gets a kind."""
    return next(name for name, found in RESOURCES.items() if found == kind)
