"""What AKS puts into clusters is silent, and what only looks like it is not: a row for each judge.

The stranger's object has the name of AKS' own, and differs in what it does.
"""

from typing import Any

import pytest

from provisioner.cluster.aks_objects import is_of_aks, survey
from provisioner.cluster.objects import key_of
from provisioner.cluster.permissions import read_roles

RBAC = "rbac.authorization.k8s.io"
GROUP = "9a6e3d40-af71-4d94-8b17-65d3f4a6d801"
MCR = "mcr.microsoft.com/oss/v2/kubernetes"
PROXY = f"{MCR}/kube-proxy:v1.35.1-1@sha256:{'0' * 64}"
Body = dict[str, Any]


def body(api: str, kind: str, name: str, namespace: str = "", **content: Any) -> Body:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": metadata | content.pop("metadata", {}),
        **content,
    }


def binding(name: str, role: str, *subjects: Body, namespace: str = "") -> Body:
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    reference = {"kind": "ClusterRole", "name": role}
    return body(f"{RBAC}/v1", kind, name, namespace, roleRef=reference, subjects=list(subjects))


def someone(kind: str, name: str) -> Body:
    return {"kind": kind, "name": name}


def account(namespace: str, name: str) -> Body:
    return {"kind": "ServiceAccount", "namespace": namespace, "name": name}


def role(name: str, resource: str, *verbs: str, **metadata: Any) -> Body:
    rules = [{"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}]
    return body(f"{RBAC}/v1", "ClusterRole", name, rules=rules, metadata=metadata)


def webhook(name: str, **client: Any) -> Body:
    hooks = [{"name": "a.example.com", "clientConfig": client}]
    api = "admissionregistration.k8s.io/v1"
    return body(api, "MutatingWebhookConfiguration", name, webhooks=hooks)


def service(namespace: str, name: str) -> Body:
    return {"service": {"namespace": namespace, "name": name}}


def workload(kind: str, name: str, namespace: str, *images: str, uid: str = "1") -> Body:
    containers = [{"name": str(number), "image": image} for number, image in enumerate(images)]
    spec = {"template": {"spec": {"containers": containers}}}
    return body("apps/v1", kind, name, namespace, spec=spec, metadata={"uid": uid})


def pod(namespace: str, image: str, owner: str, uid: str, name: str, **spec: Any) -> Body:
    reference = {"kind": owner, "name": name, "uid": uid, "controller": True}
    content = {"containers": [{"name": "c", "image": image}], **spec}
    metadata = {"ownerReferences": [reference]}
    return body("v1", "Pod", f"{name}-x7k2p", namespace, spec=content, metadata=metadata)


def storage(name: str, provisioner: str, default: bool = False, **parameters: str) -> Body:
    noted = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    api = "storage.k8s.io/v1"
    return body(
        api, "StorageClass", name, provisioner=provisioner, parameters=parameters,
        metadata={"annotations": noted},
    )  # fmt: skip


def api_service(name: str, namespace: str, to: str) -> Body:
    return body("apiregistration.k8s.io/v1", "APIService", name, spec=service(namespace, to))


def driver(name: str, *audiences: str) -> Body:
    requests = [{"audience": audience} for audience in audiences]
    return body("storage.k8s.io/v1", "CSIDriver", name, spec={"tokenRequests": requests})


def ingress_class(name: str, **spec: str) -> Body:
    return body("networking.k8s.io/v1", "IngressClass", name, spec=spec)


def definition(group: str, **webhook: Any) -> Body:
    conversion = {"webhook": {"clientConfig": webhook}} if webhook else {}
    spec = {"group": group, "conversion": conversion}
    return body("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"a.{group}", spec=spec)


ENTRA = "api://AzureADTokenExchange"
ADMINS = "aks-cluster-admin-binding"
WI = "azure-wi-webhook-mutating-webhook-configuration"
GATEKEEPER = "gatekeeper-validating-webhook-configuration"
MESH = "azure-service-mesh-ccp-mutator-webhook"
ROUTING = "webapprouting.kubernetes.azure.com"
WORKLOADS = (
    workload("DaemonSet", "kube-proxy", "kube-system", PROXY, uid="proxy"),
    workload("DaemonSet", "azure-npm", "kube-system", "evil.example/npm:1", uid="npm"),
    workload("Deployment", "cilium-operator", "kube-system",
             "mcr.microsoft.com/oss/cilium/operator-generic:1.17.0"),
)  # fmt: skip

MADE = "2026-11-30T08:00:00Z"
SYSTEM = body("v1", "Namespace", "kube-system", metadata={"creationTimestamp": MADE})


def within(namespace: str, name: str, bound: str, who: str) -> Body:
    """Return a binding of a Role of its own namespace."""
    made = binding(name, bound, account(namespace, who), namespace=namespace)
    return {**made, "roleRef": {"kind": "Role", "name": bound}}


def token(made: str) -> Body:
    metadata = {"creationTimestamp": made}
    kind = "bootstrap.kubernetes.io/token"
    return body("v1", "Secret", "bootstrap-token-a", "kube-system", metadata=metadata, type=kind)


def runtime_class(name: str, handler: str) -> Body:
    return body("node.k8s.io/v1", "RuntimeClass", name, handler=handler)


def replica_set(image: str, owner: str) -> Body:
    made = workload("ReplicaSet", "cilium-operator-6c9f7", "kube-system", image)
    reference = {"kind": "Deployment", "uid": owner, "name": "x", "controller": True}
    made["metadata"]["ownerReferences"] = [reference]
    return made


ROLES = (
    {**role("gatekeeper-manager-role", "secrets", "get"),
     "metadata": {"name": "gatekeeper-manager-role", "namespace": "gatekeeper-system"}},
    {**role("azure-policy-webhook-role", "pods/exec", "create"),
     "metadata": {"name": "azure-policy-webhook-role", "namespace": "kube-system"}},
)  # fmt: skip
OPERATOR = "mcr.microsoft.com/oss/cilium/operator-generic:1.17.0"

KNOWN = {
    "in gatekeeper's namespace": within(
        "gatekeeper-system", "gatekeeper-manager-rolebinding", "gatekeeper-manager-role",
        "gatekeeper-admin",
    ),
    "in the webhook's namespace": within(
        "kube-system", "azure-wi-webhook-manager-rolebinding", "azure-wi-webhook-manager-role",
        "azure-wi-webhook-admin",
    ),
    "of the whole cluster": binding(
        "ama-metrics-clusterrolebinding", "ama-metrics-reader",
        account("kube-system", "ama-metrics-serviceaccount"),
    ),
    "token of a new cluster": token("2026-11-30T08:04:00Z"),
    "sandbox": runtime_class("kata-mshv-vm-isolation", "kata"),
    "revision of a deployment": replica_set(OPERATOR, "1"),
    "administrators": binding(f"{ADMINS}-aad", "cluster-admin", someone("Group", GROUP.upper())),
    "local accounts": binding(
        ADMINS, "cluster-admin", someone("User", "clusterAdmin"), someone("User", "clusterUser")
    ),
    "kubelets": binding("system:aks-client-nodes", "system:node", someone("Group", "system:nodes")),
    "an agent": binding("cilium", "cilium", account("kube-system", "cilium")),
    "in kube-system": binding(
        "metrics-server-binding", "system:metrics-server",
        account("kube-system", "metrics-server"), namespace="kube-system",
    ),
    "role": role("system:azure-cloud-provider-secret-getter", "secrets", "get"),
    "webhook beside the API server": webhook(
        "aks-webhook-admission-controller", url="https://localhost:8443/mutate-pods"
    ),
    "webhook of identities": webhook(WI, **service("kube-system", WI[:17] + "webhook-service")),
    "webhook of policies": webhook(
        GATEKEEPER, **service("gatekeeper-system", "gatekeeper-webhook-service")
    ),
    "webhook of the mesh": webhook(MESH, **service("aks-istio-system", "istiod-asm-1-27")),
    "metrics": api_service("v1beta1.metrics.k8s.io", "kube-system", "metrics-server"),
    "storage class": storage("default", "disk.csi.azure.com", default=True, skuname="Premium_LRS"),
    "driver": driver("secrets-store.csi.k8s.io", ENTRA),
    "ingress class": ingress_class(ROUTING, controller=f"{ROUTING}/nginx"),
    "definition": definition("approuting.kubernetes.azure.com"),
    "daemon set": WORKLOADS[0],
    "deployment": WORKLOADS[2],
    "pod of a daemon set": pod("kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy"),
    "pod of a deployment": pod(
        "kube-system", "mcr.microsoft.com/oss/cilium/operator-generic:1.17.0", "ReplicaSet", "r",
        "cilium-operator-6c9f7",
    ),
}  # fmt: skip

STRANGE = {
    "role that a binding gives allows more": within(
        "kube-system", "azure-policy-webhook-rolebinding", "azure-policy-webhook-role",
        "azure-policy-webhook-account",
    ),
    "another account in gatekeeper's namespace": within(
        "gatekeeper-system", "gatekeeper-manager-rolebinding", "gatekeeper-manager-role", "default"
    ),
    "token of later": token("2026-11-30T10:00:00Z"),
    "token without a time": token(""),
    "sandbox that is none": runtime_class("kata-mshv-vm-isolation", "runc"),
    "another sandbox": runtime_class("kata", "kata"),
    "revision with another image": replica_set("evil.example/x:1", "1"),
    "revision of nothing": replica_set(OPERATOR, "7"),
    "another group": binding(
        f"{ADMINS}-aad", "cluster-admin", someone("Group", "00000000-dead-beef-0000-000000000000")
    ),
    "a user as administrators": binding(f"{ADMINS}-aad", "cluster-admin", someone("User", GROUP)),
    "every account": binding(
        ADMINS, "cluster-admin", someone("Group", "system:serviceaccounts")
    ),
    "an account as user": binding(
        ADMINS, "cluster-admin", someone("User", "system:serviceaccount:legacy:default")
    ),
    "group of the user's name": binding(ADMINS, "cluster-admin", someone("Group", "clusterAdmin")),
    "another role": binding("cilium", "cluster-admin", account("kube-system", "cilium")),
    "another account there": binding("cilium", "cilium", account("kube-system", "default")),
    "account of another namespace": binding("cilium", "cilium", account("default", "cilium")),
    "one subject more": binding(
        "cilium", "cilium", account("kube-system", "cilium"), someone("User", "mallory")
    ),
    "every node as agent": binding("cilium", "cilium", someone("Group", "system:nodes")),
    "in another namespace": binding(
        "metrics-server-binding", "system:metrics-server",
        account("kube-system", "metrics-server"), namespace="billing",
    ),
    "no subject of its binding": binding(
        "nodeNetConfigEditorRoleBinding", "nodeNetConfigEditorRole", someone("User", "mallory"),
        namespace="kube-system",
    ),
    "role that allows more": role("cloud-node-manager", "secrets", "get"),
    "role with everything": role("cilium", "*", "*"),
    "role in view": role("cilium", "nodes", "get", labels={f"{RBAC}/aggregate-to-view": "true"}),
    "webhook elsewhere": webhook(GATEKEEPER, url="https://evil.example/"),
    "webhook by a name like it": webhook(
        "aks-node-mutating-webhook", url="https://localhost.evil.example:1/"
    ),
    "webhook of policies beside the API server": webhook(GATEKEEPER, url="https://localhost:1/"),
    "webhook in another namespace": webhook(WI, **service("billing", WI[:17] + "webhook-service")),
    "webhook of another service": webhook(MESH, **service("aks-istio-system", "evil")),
    "metrics elsewhere": api_service("v1beta1.metrics.k8s.io", "kube-system", "evil"),
    "another part of the API": api_service("v1.evil", "kube-system", "metrics-server"),
    "storage class elsewhere": storage("azurefile", "file.csi.azure.com", server="evil.example"),
    "another default": storage("azurefile", "file.csi.azure.com", default=True),
    "another provisioner": storage("default", "evil.example.com"),
    "driver with other tokens": driver("disk.csi.azure.com", "https://evil.example"),
    "another driver": driver("evil.csi.example"),
    "ingress class elsewhere": ingress_class(ROUTING, controller="evil.example/nginx"),
    "ingress class without a controller": ingress_class("evil", controller=""),
    "definition of others": definition("evil.example.com"),
    "definition with a webhook": definition("cilium.io", **service("billing", "evil")),
    "definition with an address": definition("cilium.io", url="https://localhost:1/"),
    "daemon set with another image": workload(
        "DaemonSet", "kube-proxy", "kube-system", PROXY, "evil.example/kube-proxy:1"
    ),
    "daemon set of another registry": workload(
        "DaemonSet", "kube-proxy", "kube-system", "evil.example/mcr.microsoft.com/oss/kube-proxy:1"
    ),
    "daemon set of another image of Microsoft": workload(
        "DaemonSet", "kube-proxy", "kube-system", "mcr.microsoft.com/oss/busybox/busybox:1"
    ),
    "daemon set elsewhere": workload("DaemonSet", "kube-proxy", "aks-command", PROXY),
    "deployment with another image": workload(
        "Deployment", "konnectivity-agent", "kube-system", "evil.example/agent:1"
    ),
    "pod of nobody": body(
        "v1", "Pod", "kube-proxy-evil1", "kube-system",
        spec={"containers": [{"name": "c", "image": PROXY}]},
    ),
    "pod of an owner that is not there": pod(
        "kube-system", PROXY, "DaemonSet", "forged", "kube-proxy"
    ),
    "pod of a daemon set that is not AKS'": pod(
        "kube-system", "evil.example/npm:1", "DaemonSet", "npm", "azure-npm"
    ),
    "pod with another image": pod("kube-system", "evil/x", "DaemonSet", "proxy", "kube-proxy"),
    "pod that is debugged": pod(
        "kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy",
        ephemeralContainers=[{"name": "debugger", "image": PROXY}],
    ),
    "pod in another namespace": pod("aks-command", PROXY, "DaemonSet", "proxy", "kube-proxy"),
    "pod of a deployment that is not there": pod(
        "kube-system", "mcr.microsoft.com/oss/kubernetes/apiserver-network-proxy/agent:1",
        "ReplicaSet", "r", "konnectivity-agent-6c9f7",
    ),
}  # fmt: skip


def is_known(object: Body) -> bool:
    around = survey(frozenset({GROUP}), (*WORKLOADS, SYSTEM), read_roles(ROLES))
    return is_of_aks(key_of(object), object, around)


@pytest.mark.parametrize("name", KNOWN)
def test_an_object_of_aks_is_known(name: str) -> None:
    assert is_known(KNOWN[name])


@pytest.mark.parametrize("name", STRANGE)
def test_an_object_that_looks_like_one_is_not(name: str) -> None:
    assert not is_known(STRANGE[name])
