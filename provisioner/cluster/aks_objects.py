"""What AKS and its add-ons put into a cluster: known by kind, namespace and name.

Sources: `kubectl get rolebindings,clusterrolebindings,clusterroles -A` of AKS clusters in public
repositories (henrywhitaker3/argo-zombies, bundle for AKS; documentation of an AKS 1.24 cluster of
2023); learn.microsoft.com: "Use admission controller webhooks" (AKS FAQ), "Istio-based service mesh
add-on", "Troubleshoot Azure Policy add-on" (webhooks); kubernetes/autoscaler#7392 (the webhook for
nodes); system DaemonSets: `kubectl drain` of AKS nodes, learn.microsoft.com "Core AKS concepts".

A name alone would be a hiding place: a binding is AKS' only with the role that AKS binds, to
subjects that are the system's; a pod only in a system namespace and named as its controller names.
"""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from provisioner.blueprint.kubernetes import EXTENSION_NAMESPACES, SYSTEM_NAMESPACES
from provisioner.cluster.objects import Key, Object

_SYSTEM = "kube-system"
_OWN_NAMESPACES = frozenset({*SYSTEM_NAMESPACES, *EXTENSION_NAMESPACES})
_USERS = frozenset({"aks-support", "aksService", "clusterAdmin", "clusterUser"})
"""Users of AKS' own certificates: the local accounts, and the service itself."""

_ADMINISTRATORS = "aks-cluster-admin-binding-aad"
"""Binds the groups that the cluster's `aadProfile.adminGroupObjectIDs` names: ARM says who."""

_CLUSTER_BINDINGS: Mapping[str, str] = {
    _ADMINISTRATORS: "cluster-admin",
    "acn-multitenancy-editor-binding": "acn-multitenancy-editor",
    "aks-cluster-admin-binding": "cluster-admin",
    "aks-service-rolebinding": "aks-service",
    "appmonitoringconfig-user-global": "*",
    "auto-approve-csrs-for-group": (
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient"
    ),
    "auto-approve-renewals-for-nodes": (
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"
    ),
    "azure-cns": "azure-cns",
    "cilium": "cilium",
    "cilium-operator": "cilium-operator",
    "cloud-node-manager": "cloud-node-manager",
    "container-health-read-logs-global": "container-health-log-reader",
    "create-csrs-for-bootstrapping": "system:node-bootstrapper",
    "csi-azuredisk-node-binding": "csi-azuredisk-node-role",
    "csi-azurefile-node-secret-binding": "csi-azurefile-node-secret-role",
    "gatekeeper-manager-rolebinding": "gatekeeper-manager-role",
    "metrics-server:system:auth-delegator": "system:auth-delegator",
    "pod-reader-all-namespaces-binding": "pod-reader-all-namespaces",
    "secretproviderclasses-rolebinding": "secretproviderclasses-role",
    "secretprovidersyncing-rolebinding": "secretprovidersyncing-role",
    "system:aks-client-node-proxier": "system:node-proxier",
    "system:aks-client-nodes": "system:node",
    "system:azure-cloud-provider": "system:azure-cloud-provider",
    "system:azure-cloud-provider-secret-getter": "system:azure-cloud-provider-secret-getter",
    "system:coredns": "system:coredns",
    "system:coredns-autoscaler": "system:coredns-autoscaler",
    "system:konnectivity-agent-autoscaler": "system:konnectivity-agent-autoscaler",
    "system:kube-proxy": "system:*",
    "system:metrics-server": "system:metrics-server",
    "system:persistent-volume-binding": "system:persistent-volume-secret-operator",
    "system:prometheus": "system:prometheus",
}  # fmt: skip
"""ClusterRoleBindings, each with the ClusterRole that it binds."""

_CLUSTER_ROLES = frozenset(
    {role for role in _CLUSTER_BINDINGS.values() if "*" not in role}
    - {"cluster-admin", "system:node", "system:auth-delegator"}
) | {"system:kube-proxy", "ama-logs-reader", "ama-metrics-reader"}

_IN_KUBE_SYSTEM: Mapping[str, str] = {
    "metrics-server-auth-reader": "extension-apiserver-authentication-reader",
    "metrics-server-binding": "system:metrics-server",
    "nodeNetConfigEditorRoleBinding": "nodeNetConfigEditorRole",
}
"""RoleBindings of kube-system, each with the role that it binds."""

_WEBHOOKS = frozenset({
    "aks-node-mutating-webhook",
    "aks-node-validating-webhook",
    "aks-webhook-admission-controller",
    "azure-policy-validating-webhook-configuration",
    "azure-policy-mutating-webhook-configuration",
    "azure-service-mesh-ccp-mutator-webhook",
    "azure-service-mesh-ccp-validating-webhook",
    "azure-wi-webhook-mutating-webhook-configuration",
    "gatekeeper-mutating-webhook-configuration",
    "gatekeeper-validating-webhook-configuration",
})  # fmt: skip

_API_SERVICES = frozenset({"v1beta1.metrics.k8s.io", "v1beta1.external.metrics.k8s.io"})

_DAEMON_SETS = (
    "ama-logs", "ama-logs-windows", "ama-metrics-node", "aks-secrets-store-csi-driver",
    "aks-secrets-store-provider-azure", "azure-cns", "azure-ip-masq-agent", "azure-npm", "cilium",
    "cloud-node-manager", "csi-azuredisk-node", "csi-azurefile-node", "csi-blob-node", "kube-proxy",
    "microsoft-defender-collector-ds", "microsoft-defender-publisher-ds", "retina-agent",
)  # fmt: skip
_STORAGE_CLASSES = frozenset({
    "azureblob-fuse-premium", "azureblob-nfs-premium", "azurefile", "azurefile-csi",
    "azurefile-csi-premium", "azurefile-premium", "default", "managed", "managed-csi",
    "managed-csi-premium", "managed-premium",
})  # fmt: skip
_DRIVERS = ("disk.csi.azure.com", "file.csi.azure.com", "blob.csi.azure.com")
"""The drivers of AKS, whose storage classes these are (learn.microsoft.com, "Storage options for
applications in AKS": storage classes; "CSI drivers on AKS")."""

_MORE_DRIVERS = (*_DRIVERS, "secrets-store.csi.k8s.io")
_INGRESS_CONTROLLERS = {
    "azure-alb-external": "alb.networking.azure.io/alb-controller",
    "azure-application-gateway": "azure/application-gateway",
    "webapprouting.kubernetes.azure.com": "webapprouting.kubernetes.azure.com/nginx",
}
"""The ingress classes of the add-ons for application routing and Application Gateway, and of
Application Gateway for Containers, each with its controller (pages of learn.microsoft.com)."""

_API_GROUPS = (
    "autoscaling.k8s.io", "azmon.container.insights", "azmonitoring.coreos.com", "azure.com",
    "azure.io", "cilium.io", "crd.projectcalico.org", "dapr.io", "fluxcd.io", "gatekeeper.sh",
    "gateway.networking.k8s.io", "istio.io", "kaito.sh", "karpenter.sh", "keda.sh",
    "operator.tigera.io", "policy.networking.k8s.io", "retina.sh", "secrets-store.csi.x-k8s.io",
    "snapshot.storage.k8s.io",
)  # fmt: skip
"""The groups, and what they end with, of the custom resources of AKS, its add-ons and extensions
(`kubectl get crd` of clusters in public repositories; the pages of the add-ons)."""

_DEPLOYMENTS = ("cilium-operator", "konnectivity-agent", "azure-wi-webhook-controller-manager")


def is_of_aks(key: Key, body: Object) -> bool:
    """Tell whether an object is one that AKS or an add-on puts into clusters, as they put it."""
    judge = _JUDGES.get(key.kind)
    return judge is not None and judge(key, body)


def _is_role_binding(key: Key, body: Object) -> bool:
    known = _IN_KUBE_SYSTEM.get(key.name) if key.namespace == _SYSTEM else None
    return _is_binding(key.name, known, body)


def _is_api_service(key: Key, body: Object) -> bool:
    service = (body.get("spec") or {}).get("service") or {}
    return key.name in _API_SERVICES and service.get("namespace") == _SYSTEM


def _is_binding(name: str, role: str | None, body: Object) -> bool:
    bound = str((body.get("roleRef") or {}).get("name"))
    if role is None or not fnmatchcase(bound, role):
        return False
    return all(_is_system(name, subject) for subject in body.get("subjects") or ())


def _is_system(binding: str, subject: Mapping[str, object]) -> bool:
    kind, name = subject.get("kind"), str(subject.get("name"))
    if kind == "ServiceAccount":
        return subject.get("namespace") in SYSTEM_NAMESPACES
    if name in ("system:anonymous", "system:unauthenticated", "system:authenticated"):
        return False
    if kind == "Group" and binding == _ADMINISTRATORS:
        return True
    return name in _USERS or name.startswith("system:")


def _is_pod(name: str) -> bool:
    # A DaemonSet gives a suffix of five characters, a Deployment one more before it.
    return any(fnmatchcase(name, f"{owner}-?????") for owner in _DAEMON_SETS) or any(
        fnmatchcase(name, f"{owner}-*-?????") for owner in _DEPLOYMENTS
    )


def _is_storage_class(key: Key, body: Object) -> bool:
    provisioner = str(body.get("provisioner")).replace("kubernetes.io/azure-", "")
    known = {*_DRIVERS, "disk", "file"}
    return key.name in _STORAGE_CLASSES and provisioner in known


def _is_definition(key: Key, body: Object) -> bool:
    spec = body.get("spec") or {}
    group = str(spec.get("group"))
    webhook = (spec.get("conversion") or {}).get("webhook") or {}
    service = (webhook.get("clientConfig") or {}).get("service") or {}
    if webhook and service.get("namespace") not in _OWN_NAMESPACES:
        return False
    return any(group == known or group.endswith(f".{known}") for known in _API_GROUPS)


def _is_workload(key: Key) -> bool:
    return key.namespace in SYSTEM_NAMESPACES and key.name in (*_DAEMON_SETS, *_DEPLOYMENTS)


_JUDGES: Mapping[str, Callable[[Key, Object], bool]] = {
    "ClusterRoleBinding": lambda key, body: _is_binding(
        key.name, _CLUSTER_BINDINGS.get(key.name), body
    ),
    "RoleBinding": _is_role_binding,
    "ClusterRole": lambda key, _body: key.name in _CLUSTER_ROLES,
    "MutatingWebhookConfiguration": lambda key, _body: key.name in _WEBHOOKS,
    "ValidatingWebhookConfiguration": lambda key, _body: key.name in _WEBHOOKS,
    "APIService": _is_api_service,
    "StorageClass": _is_storage_class,
    "CSIDriver": lambda key, _body: key.name in _MORE_DRIVERS,
    "IngressClass": lambda key, body: (
        (body.get("spec") or {}).get("controller") == _INGRESS_CONTROLLERS.get(key.name, "")
    ),
    "CustomResourceDefinition": _is_definition,
    "DaemonSet": lambda key, _body: _is_workload(key),
    "Deployment": lambda key, _body: _is_workload(key),
    "Pod": lambda key, _body: key.namespace in SYSTEM_NAMESPACES and _is_pod(key.name),
}
