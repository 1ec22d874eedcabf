"""What AKS puts into clusters is silent, and what only looks like it is not: a row for each judge.

The stranger's object has the name of AKS' own, and differs in what it does.
"""

from typing import Any

import pytest

from provisioner.catalog.aks_add_ons import ADD_ON_NAMESPACES, AddOn
from provisioner.cluster.aks_objects import is_of_aks, read_aks_context
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


def workload(
    kind: str, name: str, namespace: str, *images: str, uid: str = "1", app: str = "", **pod: Any
) -> Body:
    names = ("c", *map(str, range(1, len(images))))
    containers = [
        {"name": each, "image": image} for each, image in zip(names, images, strict=False)
    ]
    labels = {"app": app or name}
    spec = {"template": {"metadata": {"labels": labels}, "spec": {"containers": containers, **pod}}}
    return body("apps/v1", kind, name, namespace, spec=spec, metadata={"uid": uid})


def backend(namespace: str, name: str, app: str, **spec: Any) -> Body:
    return body("v1", "Service", name, namespace, spec={"selector": {"app": app}, **spec})


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


def api_service(name: str, namespace: str, to: str, **spec: Any) -> Body:
    content = {**service(namespace, to), **spec}
    return body("apiregistration.k8s.io/v1", "APIService", name, spec=content)


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
OPERATOR = "mcr.microsoft.com/oss/cilium/operator-generic:1.17.0"
AGENT = "mcr.microsoft.com/oss/v2/kubernetes/apiserver-network-proxy/agent:v0.31.1"
OSS = "mcr.microsoft.com/oss/v2"


def replica_set(image: str, owner: str, uid: str = "r", **spec: Any) -> Body:
    made = workload("ReplicaSet", "cilium-operator-6c9f7", "kube-system", image, uid=uid, **spec)
    reference = {"kind": "Deployment", "uid": owner, "name": "cilium-operator", "controller": True}
    made["metadata"]["ownerReferences"] = [reference]
    return made


WORKLOADS = (
    workload("DaemonSet", "kube-proxy", "kube-system", PROXY, uid="proxy", hostNetwork=True),
    workload("DaemonSet", "azure-npm", "kube-system", "evil.example/npm:1", uid="npm"),
    workload("Deployment", "cilium-operator", "kube-system", OPERATOR),
    workload("Deployment", "konnectivity-agent", "kube-system", AGENT, uid="agent"),
    replica_set(OPERATOR, "1"),
    workload("Deployment", "azure-wi-webhook-controller-manager", "kube-system",
             f"{OSS}/azure/workload-identity/webhook:v1.5.0", uid="wi"),
    workload("Deployment", "gatekeeper-controller", "gatekeeper-system",
             f"{OSS}/open-policy-agent/gatekeeper:v3.20.0", uid="gatekeeper"),
    workload("Deployment", "istiod-asm-1-27", "aks-istio-system", f"{OSS}/istio/pilot:1.27.1",
             uid="istiod"),
    workload("Deployment", "metrics-server", "kube-system",
             f"{OSS}/kubernetes/metrics-server:v0.8.0", uid="metrics"),
    workload("Deployment", "azure-policy-webhook", "kube-system",
             "mcr.microsoft.com/azure-policy/policy-kubernetes-webhook:1.15.2", uid="policy"),
    workload("Deployment", "sidekick", "kube-system", "evil.example/x:1", uid="evil",
             app="azure-policy-webhook"),
    backend("kube-system", "azure-policy-webhook-service", "azure-policy-webhook"),
    backend("kube-system", "azure-wi-webhook-webhook-service",
            "azure-wi-webhook-controller-manager"),
    backend("gatekeeper-system", "gatekeeper-webhook-service", "gatekeeper-controller"),
    backend("aks-istio-system", "istiod-asm-1-27", "istiod-asm-1-27"),
    backend("aks-istio-system", "istiod-asm-1-26", "nothing"),
    backend("kube-system", "metrics-server", "metrics-server"),
    backend("kube-system", "keda-operator-metrics-apiserver", "sidekick"),
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


ROLES = (
    {**role("gatekeeper-manager-role", "secrets", "get"),
     "metadata": {"name": "gatekeeper-manager-role", "namespace": "gatekeeper-system"}},
    {**role("azure-policy-webhook-role", "pods/exec", "create"),
     "metadata": {"name": "azure-policy-webhook-role", "namespace": "kube-system"}},
)  # fmt: skip

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
    "metrics": api_service("v1beta1.metrics.k8s.io", "kube-system", "metrics-server",
                           insecureSkipTLSVerify=True),
    "storage class": storage("default", "disk.csi.azure.com", default=True, skuname="Premium_LRS"),
    "driver": driver("secrets-store.csi.k8s.io", ENTRA),
    "ingress class": ingress_class(ROUTING, controller=f"{ROUTING}/nginx"),
    "definition": definition("approuting.kubernetes.azure.com"),
    "daemon set": WORKLOADS[0],
    "deployment": WORKLOADS[2],
    "pod of a daemon set": pod(
        "kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy", hostNetwork=True
    ),
    "pod of a deployment": pod(
        "kube-system", OPERATOR, "ReplicaSet", "r", "cilium-operator-6c9f7"
    ),
    "pod that the webhook of AKS changed": pod(
        "kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy",
        containers=[{"name": "c", "image": PROXY, "env": [{"name": "KUBERNETES_PORT",
                                                          "value": "tcp://x:443"}]}],
    ),
    "pod of an older version": pod(
        "kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy",
        containers=[{"name": "c", "image": f"{MCR}/kube-proxy:v1.34.2", "args": ["--old"]}],
    ),
    "namespace of an add-on": body("v1", "Namespace", "gatekeeper-system"),
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
    "role that applies manifests": body(
        f"{RBAC}/v1", "ClusterRole", "azure-cns",
        rules=[{"apiGroups": ["helm.toolkit.fluxcd.io"], "resources": ["helmreleases"],
                "verbs": ["*"]}],
    ),
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
    "pod of a revision by its name": pod(
        "kube-system", AGENT, "ReplicaSet", "forged", "konnectivity-agent-6c9f7"
    ),
    "pod of a deployment without a revision": pod(
        "kube-system", AGENT, "Deployment", "agent", "konnectivity-agent"
    ),
    "pod with a command of its own": pod(
        "kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy",
        containers=[{"name": "c", "image": PROXY, "command": ["sh"]}],
    ),
    "pod with arguments of its own": pod(
        "kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy",
        containers=[{"name": "c", "image": PROXY, "args": ["-c", "x"]}],
    ),
    "pod with a hook of its own": pod(
        "kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy",
        containers=[{"name": "c", "image": PROXY,
                     "lifecycle": {"postStart": {"exec": {"command": ["sh"]}}}}],
    ),
    "pod with one container more": pod(
        "kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy",
        containers=[{"name": "c", "image": PROXY}, {"name": "d", "image": PROXY}],
    ),
    "pod that reaches more of its node": pod(
        "kube-system", PROXY, "DaemonSet", "proxy", "kube-proxy", hostPID=True
    ),
    "revision that reaches more of its node": replica_set(OPERATOR, "1", hostPID=True),
    "webhook of a service that others stand behind too": webhook(
        "azure-policy-validating-webhook-configuration",
        **service("kube-system", "azure-policy-webhook-service"),
    ),
    "webhook of a service that nothing stands behind": webhook(
        MESH, **service("aks-istio-system", "istiod-asm-1-26")
    ),
    "webhook of a service that is not there": webhook(
        MESH, **service("aks-istio-system", "istiod-asm-1-25")
    ),
    "metrics of others": api_service(
        "v1beta1.external.metrics.k8s.io", "kube-system", "keda-operator-metrics-apiserver"
    ),
}  # fmt: skip


def is_known(object: Body, *missing: AddOn, more: tuple[Body, ...] = ()) -> bool:
    bodies = (*WORKLOADS, SYSTEM, *more)
    add_ons = frozenset(AddOn) - {*missing}
    around = read_aks_context(frozenset({GROUP}), add_ons, bodies, read_roles(ROLES))
    return is_of_aks(key_of(object), object, around)


@pytest.mark.parametrize("name", KNOWN)
def test_an_object_of_aks_is_known(name: str) -> None:
    assert is_known(KNOWN[name])


@pytest.mark.parametrize("name", STRANGE)
def test_an_object_that_looks_like_one_is_not(name: str) -> None:
    assert not is_known(STRANGE[name])


OF_ADD_ONS = {
    "in gatekeeper's namespace": AddOn.POLICY,
    "in the webhook's namespace": AddOn.WORKLOAD_IDENTITY,
    "of the whole cluster": AddOn.METRICS,
    "an agent": AddOn.CILIUM,
    "webhook of identities": AddOn.WORKLOAD_IDENTITY,
    "webhook of policies": AddOn.POLICY,
    "webhook of the mesh": AddOn.MESH,
    "driver": AddOn.SECRETS_STORE,
    "ingress class": AddOn.APP_ROUTING,
    "daemon set": AddOn.KUBE_PROXY,
    "deployment": AddOn.CILIUM,
    "revision of a deployment": AddOn.CILIUM,
    "pod of a daemon set": AddOn.KUBE_PROXY,
    "pod of a deployment": AddOn.CILIUM,
    "namespace of an add-on": AddOn.POLICY,
}


@pytest.mark.parametrize("name", OF_ADD_ONS)
def test_an_object_of_an_add_on_that_the_cluster_does_not_have_is_not(name: str) -> None:
    assert not is_known(KNOWN[name], OF_ADD_ONS[name])


@pytest.mark.parametrize("name", ADD_ON_NAMESPACES)
def test_a_namespace_is_known_with_its_add_on_alone(name: str) -> None:
    found = body("v1", "Namespace", name)
    assert is_known(found)
    assert not is_known(found, ADD_ON_NAMESPACES[name])


def test_only_the_metrics_server_is_called_unverified() -> None:
    keda = "mcr.microsoft.com/oss/v2/kedacore/keda-metrics-apiserver:2.17.1"
    name, kept = "keda-operator-metrics-apiserver", "v1beta1.external.metrics.k8s.io"
    more = (workload("Deployment", name, "kube-system", keda, app="sidekick", uid="keda"),)
    assert is_known(api_service(kept, "kube-system", name), more=more)
    assert not is_known(api_service(kept, "kube-system", name), AddOn.KEDA, more=more)
    unverified = api_service(kept, "kube-system", name, insecureSkipTLSVerify=True)
    assert not is_known(unverified, more=more)
