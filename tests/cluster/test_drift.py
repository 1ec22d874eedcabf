"""What somebody does to a cluster is named by a drift check; what is nobody's business is not.

The environment's objects stand on a real API server. Each row does something there, as others
would, and is undone after it.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioner.cli.session import Session
from provisioner.cluster.decisions import Permission
from provisioner.cluster.observation import read_observation
from provisioner.documents.cluster import ClusterDriftDocument
from provisioner.documents.trace import StateKind
from provisioner.kube.client import KubeClient
from provisioner.kube.kubeconfig import read_kubeconfig
from provisioner.workflow.cluster_apply import apply_cluster
from provisioner.workflow.cluster_drift import check_cluster_drift, check_observed_drift
from provisioner.workflow.cluster_observation import observe_cluster
from provisioner.workflow.cluster_plan import plan_cluster
from tests.cluster.api_server import ApiServer
from tests.cluster.bench import TODAY, Bench

RBAC = "rbac.authorization.k8s.io"
ADMISSION = "admissionregistration.k8s.io/v1"
MALLORY = [{"kind": "User", "apiGroup": RBAC, "name": "mallory"}]
Body = dict[str, Any]


def thing(api: str, kind: str, name: str, namespace: str | None = None, **content: Any) -> Body:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    metadata |= content.pop("metadata", {})
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **content}


def role(name: str, namespace: str | None, group: str, resource: str, *verbs: str) -> Body:
    rules = [{"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}]
    kind = "Role" if namespace else "ClusterRole"
    return thing(f"{RBAC}/v1", kind, name, namespace, rules=rules)


def binding(name: str, namespace: str | None, bound: str, subjects: list[Body]) -> Body:
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": bound}
    return thing(f"{RBAC}/v1", kind, name, namespace, roleRef=reference, subjects=subjects)


def account(name: str, namespace: str) -> list[Body]:
    return [{"kind": "ServiceAccount", "name": name, "namespace": namespace}]


def webhook(kind: str, name: str, **client: Any) -> Body:
    hook = {
        "name": f"{name}.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Ignore",
        "clientConfig": client or {"url": "https://127.0.0.1:9/"},
        "rules": [
            {
                "apiGroups": ["example.com"],
                "apiVersions": ["v1"],
                "resources": ["things"],
                "operations": ["CREATE"],
            }
        ],
    }
    return thing(ADMISSION, kind, name, webhooks=[hook])


def pod(name: str, namespace: str, **spec: Any) -> Body:
    container = {"name": "c", "image": "example.com/c:1", **spec.pop("container", {})}
    return thing("v1", "Pod", name, namespace, spec={"containers": [container], **spec})


def policy_rules(expression: str) -> Body:
    rule = {
        "apiGroups": ["example.com"],
        "apiVersions": ["v1"],
        "resources": ["things"],
        "operations": ["CREATE"],
    }
    return {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": expression}],
    }


def certificate_request() -> str:
    """Return a request for a certificate, as a kubelet makes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(NameOID.COMMON_NAME, "system:node:one"),
        ]
    )
    names = x509.SubjectAlternativeName([x509.DNSName("one")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    made = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


@dataclass(frozen=True)
class Case:
    """Something done to a cluster: objects that are put there, or a change to one; `names` is the
    address that drift has to say, `says` a word that has to stand with it."""

    id: str
    names: str
    does: Callable[[ApiServer], None]
    undoes: tuple[str, ...]
    says: str = ""
    changes: bool = True


def adds(id: str, body: Body, says: str = "", *more: Body) -> Case:
    """Return a case in which objects are added; the first is named."""
    metadata = body["metadata"]
    address = "/".join(
        part for part in (metadata.get("namespace"), body["kind"], metadata["name"]) if part
    )
    bodies = (*more, body)
    paths = tuple(map(PATHS, bodies))
    return Case(id, address, lambda server: server.apply(*bodies), paths, says, changes=False)


def PATHS(body: Body) -> str:  # noqa: N802  reads as a constant of the table
    """Return the path of an object whose kind has a regular plural."""
    api, kind = body["apiVersion"], body["kind"].lower()
    irregular = kind.endswith(("y", "s"))
    plural = kind[:-1] + "ies" if kind.endswith("y") else kind + ("es" if irregular else "s")
    metadata = body["metadata"]
    within = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    root = f"/apis/{api}" if "/" in api else f"/api/{api}"
    return f"{root}{within}/{plural}/{metadata['name']}"


def changes(
    id: str, names: str, path: str, patch: Any, says: str = "", kind: str = "merge", **options: str
) -> Case:
    """Return a case in which a declared object is changed; it is deleted and made anew after it."""
    return Case(
        id, names, lambda server: server.patch(path, patch, kind, **options) and None, (path,), says
    )


BILLING = "/namespaces/billing"
NETWORK = f"/apis/networking.k8s.io/v1{BILLING}/networkpolicies"
ROLES = f"/apis/{RBAC}/v1{BILLING}"
POLICY = f"/apis/{ADMISSION}/validatingadmissionpolicies/azsec-groups"
POLICY_BINDING = f"/apis/{ADMISSION}/validatingadmissionpolicybindings/azsec-groups"
ALL_IN = {"podSelector": {}, "ingress": [{}], "policyTypes": ["Ingress"]}
ONE_POLICY = "ValidatingAdmissionPolicy/azsec-groups"
ONE_BINDING = "ValidatingAdmissionPolicyBinding/azsec-groups"
TOKEN = "kubernetes.io/service-account-token"


def opens_without_managers(server: ApiServer) -> None:
    path = f"{NETWORK}/default-deny"
    server.patch(path, {"spec": {"ingress": [{}]}})
    server.patch(path, {"metadata": {"managedFields": [{}]}})


def opens_as_azsec(server: ApiServer) -> None:
    body = thing("networking.k8s.io/v1", "NetworkPolicy", "default-deny", "billing")
    server.apply(
        {**body, "spec": {**ALL_IN, "policyTypes": ["Ingress", "Egress"]}}, manager="azsec"
    )


def deletes(path: str) -> Callable[[ApiServer], None]:
    return lambda server: server.delete(path)


def adds_subject(server: ApiServer) -> None:
    path = f"/apis/{RBAC}/v1/clusterrolebindings/cluster-admin"
    server.patch(path, [{"op": "add", "path": "/subjects/-", "value": MALLORY[0]}], "json")


def adds_rule(server: ApiServer) -> None:
    path = f"/apis/{RBAC}/v1/clusterroles/system:discovery"
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    server.patch(path, [{"op": "add", "path": "/rules/-", "value": rule}], "json")


LABELS = {"a": "b"}


def workload_of(kind: str, name: str, namespace: str, spec: Body) -> Body:
    """Return what makes pods of a spec, with `LABELS`."""
    template = {"metadata": {"labels": LABELS}, "spec": spec}
    content = {"selector": {"matchLabels": LABELS}, "template": template}
    return thing("apps/v1", kind, name, namespace, spec=content)


def runs_cilium(server: ApiServer) -> None:
    """Put AKS' DaemonSet there, and a pod of it, as its controller makes one."""
    agent = {"name": "cilium-agent", "image": "mcr.microsoft.com/oss/cilium/cilium:1.17.0-250708"}
    spec = {"hostNetwork": True, "containers": [agent]}
    server.apply(workload_of("DaemonSet", "cilium", "kube-system", spec))
    made = server.get("/apis/apps/v1/namespaces/kube-system/daemonsets/cilium")
    owner = owned_by("DaemonSet", "cilium", made["metadata"]["uid"])
    server.apply(thing("v1", "Pod", "cilium-x7k2p", "kube-system", metadata=owner, spec=spec))


OF_CILIUM = (
    "/api/v1/namespaces/kube-system/pods/cilium-x7k2p",
    "/apis/apps/v1/namespaces/kube-system/daemonsets/cilium",
)
IDENTITIES = webhook(
    "MutatingWebhookConfiguration", "azure-wi-webhook-mutating-webhook-configuration",
    service={"namespace": "kube-system", "name": "azure-wi-webhook-webhook-service"},
)  # fmt: skip
IDENTITY_SERVICE = thing(
    "v1", "Service", "azure-wi-webhook-webhook-service", "kube-system",
    spec={"selector": LABELS, "ports": [{"port": 443}]},
)  # fmt: skip


def identity_webhook(image: str) -> Body:
    """Return the Deployment behind the webhook of workload identity."""
    spec = {"containers": [{"name": "manager", "image": image}]}
    return workload_of("Deployment", "azure-wi-webhook-controller-manager", "kube-system", spec)


def certificate_of(signer: str, usage: str) -> Body:
    """Return a request for a kubelet's certificate; the API server writes down who asks."""
    spec = {
        "request": certificate_request(),
        "signerName": f"kubernetes.io/{signer}",
        "usages": ["digital signature", usage],
    }
    return thing("certificates.k8s.io/v1", "CertificateSigningRequest", "csr-1", spec=spec)


def asks_as_kubelet(server: ApiServer) -> None:
    # The group lets the request through: nothing here binds a role to nodes.
    headers = {"Impersonate-User": "system:node:one", "Impersonate-Group": "system:masters"}
    made = server.request(
        "POST",
        "/apis/certificates.k8s.io/v1/certificatesigningrequests",
        certificate_of("kubelet-serving", "server auth"),
        headers=headers,
    )
    assert made.ok, made.text


def owned_by(kind: str, name: str, uid: str) -> Body:
    """Return metadata that name the controller of a pod."""
    api = "v1" if kind == "Node" else "apps/v1"
    reference = {"apiVersion": api, "kind": kind, "name": name, "uid": uid, "controller": True}
    return {"ownerReferences": [reference]}


def aggregates(server: ApiServer) -> None:
    """Label cluster-admin, so that the controller manager copies its rules into view."""
    path = f"/apis/{RBAC}/v1/clusterroles/cluster-admin"
    server.patch(path, {"metadata": {"labels": {f"{RBAC}/aggregate-to-view": "true"}}})


EVERY_ACCOUNT = [{"kind": "Group", "apiGroup": RBAC, "name": "system:serviceaccounts"}]
STRANGE_GROUP = [{**MALLORY[0], "kind": "Group", "name": "00000000-dead-beef-0000-000000000000"}]

MANIPULATIONS = (
    adds(
        "aks-binding-for-every-account",
        binding("aks-cluster-admin-binding", None, "cluster-admin", EVERY_ACCOUNT),
        "system:serviceaccounts",
    ),
    adds(
        "aks-binding-for-an-account-as-user",
        binding("aks-cluster-admin-binding", None, "cluster-admin", [
            {**MALLORY[0], "name": "system:serviceaccount:legacy:default"},
        ]),
        "system:serviceaccount:legacy:default",
    ),
    adds(
        "administrators-that-the-cluster-does-not-name",
        binding("aks-cluster-admin-binding-aad", None, "cluster-admin", STRANGE_GROUP),
        "00000000-dead-beef-0000-000000000000",
    ),
    adds(
        "webhook-named-as-gatekeepers",
        webhook(
            "MutatingWebhookConfiguration", "gatekeeper-mutating-webhook-configuration",
            url="https://evil.example/",
        ),
        "https://evil.example/",
    ),
    adds(
        "role-named-as-gatekeepers-in-view",
        {
            **role("gatekeeper-manager-role", None, "*", "*", "*"),
            "metadata": {
                "name": "gatekeeper-manager-role",
                "labels": {f"{RBAC}/aggregate-to-view": "true"},
            },
        },
        "may do everything",
    ),
    Case(
        "cluster-admin-in-view", "ClusterRole/cluster-admin", aggregates, (), "view", changes=False
    ),
    adds(
        "kubelet-certificate-of-others",
        certificate_of("kube-apiserver-client-kubelet", "client auth"), "administrator",
    ),
    adds(
        "signer-that-begins-as-a-kubelets",
        certificate_of("kubelet-serving-evil", "server auth"), "kubelet-serving-evil",
    ),
    adds(
        "pod-that-says-it-is-static",
        {
            **pod("m", "kube-system", hostPID=True, nodeName="n",
                  automountServiceAccountToken=False),
            "metadata": {
                "name": "m",
                "namespace": "kube-system",
                "annotations": {"kubernetes.io/config.mirror": "x"},
                **owned_by("Node", "n", "1"),
            },
        },
        "hostPID",
    ),
    adds(
        "slice-of-a-service-without-a-selector",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "addressType": "IPv4",
            "metadata": {
                "name": "db-x",
                "namespace": "billing",
                "labels": {
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                    "kubernetes.io/service-name": "db",
                },
            },
            "endpoints": [
                {"addresses": ["203.0.113.9"], "targetRef": {"kind": "Pod", "name": "x"}}
            ],
        },
        "203.0.113.9",
        thing("v1", "Service", "db", "billing", spec={"ports": [{"port": 443}]}),
    ),
    Case(
        "endpoints-of-a-service-without-a-selector", "billing/Endpoints/db",
        lambda server: server.apply(
            thing("v1", "Service", "db", "billing", spec={"ports": [{"port": 443}]}),
            thing(
                "v1", "Endpoints", "db", "billing",
                subsets=[{
                    "addresses": [{"ip": "203.0.113.9", "targetRef": {"kind": "Pod", "name": "x"}}],
                    "ports": [{"port": 443}],
                }],
            ),
        ),
        (
            "/api/v1/namespaces/billing/services/db",
            "/api/v1/namespaces/billing/endpoints/db",
        ),
        "203.0.113.9", changes=False,
    ),
    adds(
        "pod-named-as-kube-proxys", pod("kube-proxy-evil1", "kube-system", hostPID=True), "hostPID"
    ),
    adds(
        "pod-that-names-kube-proxy-as-its-owner",
        {
            **pod("kube-proxy-evil2", "kube-system", hostPID=True),
            "metadata": {
                "name": "kube-proxy-evil2",
                "namespace": "kube-system",
                **owned_by("DaemonSet", "kube-proxy", "11111111-2222-3333-4444-555555555555"),
            },
        },
        "hostPID",
    ),
    adds(
        "allow-all",
        thing("networking.k8s.io/v1", "NetworkPolicy", "open", "billing", spec=ALL_IN),
    ),
    adds("role-binding-to-admin", binding("dev", "billing", "admin", MALLORY), "reads secrets"),
    adds("binding-in-kube-system", binding("b", "kube-system", "edit", MALLORY), "user mallory"),
    adds("cluster-admin", binding("own", None, "cluster-admin", MALLORY), "may do everything"),
    adds(
        "view-for-everybody",
        binding("all", None, "view", [{**MALLORY[0], "kind": "Group", "name": "system:anonymous"}]),
        "system:anonymous",
    ),
    adds("impersonates", role("i", None, "", "users", "impersonate"), "impersonates"),
    adds(
        "aggregates-to-admin",
        {
            **role("more", None, "", "nodes/proxy", "get"),
            "metadata": {
                "name": "more",
                "labels": {f"{RBAC}/aggregate-to-admin": "true"},
            },
        },
        "kubelet",
    ),
    adds("escalates", role("e", "billing", RBAC, "roles", "escalate"), "escalates"),
    adds("exec", role("x", "billing", "", "pods/exec", "create"), "runs commands in pods"),
    adds("mutating-webhook", webhook("MutatingWebhookConfiguration", "m"), "127.0.0.1"),
    adds("validating-webhook", webhook("ValidatingWebhookConfiguration", "v"), "things"),
    adds(
        "admission-policy",
        thing(ADMISSION, "ValidatingAdmissionPolicy", "p", spec=policy_rules("true")),
    ),
    adds(
        "admission-binding",
        thing(
            ADMISSION,
            "ValidatingAdmissionPolicyBinding",
            "pb",
            spec={"policyName": "azsec-groups", "validationActions": ["Audit"]},
        ),
        "azsec-groups",
    ),
    adds(
        "api-service",
        thing(
            "apiregistration.k8s.io/v1",
            "APIService",
            "v1.evil.example.com",
            spec={
                "group": "evil.example.com",
                "version": "v1",
                "groupPriorityMinimum": 1,
                "versionPriority": 1,
                "insecureSkipTLSVerify": True,
                "service": {"name": "s", "namespace": "billing"},
            },
        ),
        "s.billing",
    ),
    adds("service-account", thing("v1", "ServiceAccount", "mine", "billing")),
    adds(
        "token-in-a-secret",
        thing(
            "v1", "Secret", "t", "billing", type=TOKEN,
            metadata={"annotations": {"kubernetes.io/service-account.name": "default"}},
        ),
        "never expires",
    ),
    adds(
        "token-of-the-system",
        thing(
            "v1", "Secret", "t", "kube-system", type=TOKEN,
            metadata={"annotations": {"kubernetes.io/service-account.name": "default"}},
        ),
        "never expires",
    ),
    adds("quota", thing("v1", "ResourceQuota", "q", "billing", spec={"hard": {"pods": "1"}})),
    adds(
        "limits",
        thing(
            "v1", "LimitRange", "l", "billing",
            spec={"limits": [{"type": "Container", "default": {"cpu": "8"}}]},
        ),
    ),
    adds(
        "volume-of-a-node",
        thing(
            "v1", "PersistentVolume", "pv",
            spec={
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "hostPath": {"path": "/etc"},
            },
        ),
        "/etc",
    ),
    adds(
        "node-port",
        thing("v1", "Service", "np", "billing", spec={"type": "NodePort", "ports": [{"port": 80}]}),
    ),
    adds(
        "load-balancer",
        thing(
            "v1", "Service", "lb", "billing",
            spec={"type": "LoadBalancer", "ports": [{"port": 80}]},
        ),
    ),
    adds(
        "external-address",
        thing(
            "v1", "Service", "ip", "billing",
            spec={"externalIPs": ["203.0.113.7"], "ports": [{"port": 80}]},
        ),
        "203.0.113.7",
    ),
    adds(
        "privileged-pod",
        pod("p", "kube-system", container={"securityContext": {"privileged": True}}),
        "privileged",
    ),
    adds(
        "folder-of-the-node",
        pod("kube-proxy-evil", "kube-system", volumes=[{"name": "h", "hostPath": {"path": "/"}}]),
        "hostPath",
    ),
    adds("host-network", pod("net", "kube-system", hostNetwork=True), "hostNetwork"),
    adds(
        "cilium-policy",
        thing("cilium.io/v2", "CiliumNetworkPolicy", "c", "billing", spec={"endpointSelector": {}}),
    ),
    adds(
        "secret-provider-class",
        thing("secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", "s", "legacy", spec={}),
    ),
    adds(
        "mesh-in-the-clear",
        thing(
            "security.istio.io/v1", "PeerAuthentication", "open", "billing",
            spec={"mtls": {"mode": "DISABLE"}},
        ),
    ),
    adds(
        "name-of-an-aks-binding",
        binding("aks-service-rolebinding", None, "cluster-admin", MALLORY),
        "may do everything",
    ),
    adds(
        "aks-binding-for-others",
        binding("aks-cluster-admin-binding", None, "cluster-admin", MALLORY),
        "user mallory",
    ),
    changes(
        "privileged-namespace", "Namespace/billing", f"/api/v1{BILLING}",
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}},
        "enforce",
    ),
    changes(
        "exempt-namespace", "Namespace/billing", f"/api/v1{BILLING}",
        {"metadata": {"labels": {"control-plane": "yes"}}}, "control-plane",
    ),
    changes(
        "value-of-others-in-a-policy", "billing/NetworkPolicy/default-deny",
        f"{NETWORK}/default-deny", {"spec": {"ingress": [{}]}}, "spec.ingress",
    ),
    Case(
        "managers-forgotten", "billing/NetworkPolicy/default-deny", opens_without_managers,
        (f"{NETWORK}/default-deny",), "spec.ingress",
    ),
    Case(
        "in-the-name-of-azsec", "billing/NetworkPolicy/default-deny", opens_as_azsec,
        (f"{NETWORK}/default-deny",), "spec.ingress",
    ),
    changes(
        "dns-to-everywhere", "billing/NetworkPolicy/allow-dns", f"{NETWORK}/allow-dns",
        {"spec": {"egress": [{}]}}, "spec.egress",
    ),
    Case(
        "policy-deleted", "billing/NetworkPolicy/default-deny", deletes(f"{NETWORK}/default-deny"),
        (), "missing",
    ),
    changes(
        "role-reads-secrets", "billing/Role/log-reader", f"{ROLES}/roles/log-reader",
        [{"op": "add", "path": "/rules/0/resources/-", "value": "secrets"}], "secrets", "json",
    ),
    changes(
        "subject-more", "billing/RoleBinding/log-reader", f"{ROLES}/rolebindings/log-reader",
        [{"op": "add", "path": "/subjects/-", "value": MALLORY[0]}], "mallory", "json",
    ),
    changes(
        "identity-of-others", "billing/ServiceAccount/api",
        f"/api/v1{BILLING}/serviceaccounts/api",
        {"metadata": {"annotations": {"azure.workload.identity/client-id": "other"}}}, "client-id",
    ),
    changes(
        "identity-for-all-pods", "billing/ServiceAccount/default",
        f"/api/v1{BILLING}/serviceaccounts/default",
        {"metadata": {"annotations": {"azure.workload.identity/client-id": "x"}}}, "client-id",
    ),
    changes(
        "tokens-mounted", "billing/ServiceAccount/default",
        f"/api/v1{BILLING}/serviceaccounts/default", {"automountServiceAccountToken": True},
    ),
    changes(
        "quota-raised", "billing/ResourceQuota/azsec-quota",
        f"/api/v1{BILLING}/resourcequotas/azsec-quota", {"spec": {"hard": {"pods": "5000"}}},
    ),
    changes(
        "quota-for-some", "billing/ResourceQuota/azsec-quota",
        f"/api/v1{BILLING}/resourcequotas/azsec-quota",
        {"spec": {"hard": {"count/secrets": "1"}}}, "count/secrets",
    ),
    changes("policy-that-fails-open", ONE_POLICY, POLICY, {"spec": {"failurePolicy": "Ignore"}}),
    changes(
        "policy-that-allows", ONE_POLICY, POLICY,
        [{"op": "replace", "path": "/spec/validations/0/expression", "value": "true"}],
        "expression", "json",
    ),
    changes(
        "policy-for-nobody", ONE_POLICY, POLICY,
        [
            {
                "op": "add",
                "path": "/spec/matchConditions",
                "value": [{"name": "never", "expression": "false"}],
            }
        ],
        "matchConditions", "json",
    ),
    changes(
        "binding-audits-alone", ONE_BINDING, POLICY_BINDING,
        {"spec": {"validationActions": ["Audit"]}},
    ),
    changes(
        "binding-for-some", ONE_BINDING, POLICY_BINDING,
        {"spec": {"matchResources": {"objectSelector": {"matchLabels": {"judge": "me"}}}}},
        "objectSelector",
    ),
    changes(
        "mark-removed", "billing/NetworkPolicy/allow-dns", f"{NETWORK}/allow-dns",
        {"metadata": {"annotations": {"azsec.dev/mark": None}}}, "unmarked",
    ),
    changes(
        "owner-of-others", "billing/NetworkPolicy/allow-dns", f"{NETWORK}/allow-dns",
        {
            "metadata": {
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1-2"}
                ]
            }
        },
        "ownerReferences",
    ),
    Case(
        "subject-of-cluster-admin", "ClusterRoleBinding/cluster-admin", adds_subject, (), "mallory"
    ),
    Case(
        "rule-of-system-discovery", "ClusterRole/system:discovery", adds_rule, (), "reads secrets"
    ),
    Case(
        "namespace-of-nobody", "Namespace/shadow",
        lambda server: server.apply(thing("v1", "Namespace", "shadow")), (),
    ),
)  # fmt: skip


HARMLESS = (
    adds("config-map", thing("v1", "ConfigMap", "c", "billing", data={"a": "b"})),
    adds("opaque-secret", thing("v1", "Secret", "s", "billing", type="Opaque")),
    adds("cluster-ip", thing("v1", "Service", "s", "billing", spec={"ports": [{"port": 80}]})),
    adds(
        "deployment",
        thing(
            "apps/v1", "Deployment", "web", "billing",
            spec={
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"containers": [{"name": "c", "image": "example.com/c:1"}]},
                },
            },
        ),
    ),
    adds("disruption-budget", thing(
        "policy/v1", "PodDisruptionBudget", "web", "billing",
        spec={"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}},
    )),
    adds("lease", thing("coordination.k8s.io/v1", "Lease", "leader", "kube-system", spec={})),
    adds("root-ca", thing("v1", "ConfigMap", "kube-root-ca.crt", "billing", data={"ca.crt": ""})),
    adds(
        "volume-of-a-disk",
        thing(
            "v1", "PersistentVolume", "disk",
            spec={
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "csi": {"driver": "disk.csi.azure.com", "volumeHandle": "d"},
            },
        ),
    ),
    adds(
        "aks-administrators",
        binding(
            "aks-cluster-admin-binding-aad", None, "cluster-admin",
            [{**MALLORY[0], "kind": "Group", "name": "9a6e3d40-af71-4d94-8b17-65d3f4a6d801"}],
        ),
    ),
    adds(
        "aks-local-accounts",
        binding("aks-cluster-admin-binding", None, "cluster-admin", [
            {**MALLORY[0], "name": "clusterAdmin"}, {**MALLORY[0], "name": "clusterUser"},
        ]),
    ),
    adds(
        "aks-nodes",
        binding("system:aks-client-nodes", None, "system:node", [
            {**MALLORY[0], "kind": "Group", "name": "system:nodes"},
        ]),
    ),
    adds(
        "aks-metrics-server",
        {
            **binding("metrics-server-binding", "kube-system", "system:metrics-server", account(
                "metrics-server", "kube-system"
            )),
        },
    ),
    adds("aks-cluster-role", role("cloud-node-manager", None, "", "nodes", "patch")),
    adds(
        "aks-node-webhook",
        webhook(
            "ValidatingWebhookConfiguration", "aks-node-validating-webhook",
            url="https://localhost:8443/validate",
        ),
    ),
    adds(
        "identity-webhook", IDENTITIES, "", IDENTITY_SERVICE,
        identity_webhook("mcr.microsoft.com/oss/v2/azure/workload-identity/webhook:v1.5.1"),
    ),
    Case("aks-daemon-set", "", runs_cilium, OF_CILIUM, changes=False),
    adds(
        "policy-of-the-system",
        thing(
            "networking.k8s.io/v1", "NetworkPolicy", "konnectivity-agent", "kube-system",
            spec=ALL_IN,
        ),
    ),
    Case(
        "kubelet-certificate", "", asks_as_kubelet,
        ("/apis/certificates.k8s.io/v1/certificatesigningrequests/csr-1",), changes=False,
    ),
    changes(
        "team-label", "Namespace/billing", f"/api/v1{BILLING}",
        {"metadata": {"labels": {"team": "payments"}}},
    ),
    changes(
        "note-of-gitops", "billing/NetworkPolicy/allow-dns", f"{NETWORK}/allow-dns",
        {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "x"}}},
    ),
    changes(
        "last-applied", "billing/Role/log-reader", f"{ROLES}/roles/log-reader",
        {"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}},
    ),
    changes(
        "finalizer", "billing/NetworkPolicy/allow-dns", f"{NETWORK}/allow-dns",
        {"metadata": {"finalizers": ["example.com/keep"]}},
    ),
    changes(
        "status-of-a-quota", "billing/ResourceQuota/azsec-quota",
        f"/api/v1{BILLING}/resourcequotas/azsec-quota/status",
        {"status": {"used": {"pods": "3"}}},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Applied:
    """An environment whose objects stand on an API server, and commands without their start."""

    bench: Bench
    desired: Any
    objects: Any
    api: KubeClient

    def drift(self) -> ClusterDriftDocument:
        return check_cluster_drift(self.desired, self.objects, self.api, "test", TODAY)

    def observed_drift(self) -> ClusterDriftDocument:
        now = datetime(2026, 11, 30, 12, tzinfo=UTC)
        written = observe_cluster(self.api, "test", now).to_json()
        observation = read_observation(json.dumps(written), "observation.json")
        return check_observed_drift(self.desired, self.objects, observation, TODAY)

    def restore(self) -> None:
        permission = Permission(("*",), force_conflicts=True)
        plan = plan_cluster(self.desired, self.objects, self.api, "test", permission)
        assert not plan.document.blocked, plan.document.blocked
        apply_cluster(plan, self.api)

    @contextmanager
    def after(self, case: Case) -> Iterator[ClusterDriftDocument]:
        """Do what a case does, check for drift, and undo it."""
        server = self.bench.server
        try:
            case.does(server)
            yield self.drift()
        finally:
            self._undo(case)

    def _undo(self, case: Case) -> None:
        server = self.bench.server
        for path in case.undoes:
            if path.endswith(BILLING):
                labels = {"control-plane": None, "team": None}
                server.patch(path, {"metadata": {"labels": labels}})
                continue
            whole = path.removesuffix("/status")
            if server.request("GET", whole).ok:
                server.patch(whole, {"metadata": {"finalizers": None}})
            server.request("DELETE", whole, {"gracePeriodSeconds": 0})
        if case.id == "namespace-of-nobody":
            server.remove_namespace("shadow")
        if case.id == "subject-of-cluster-admin":
            path = f"/apis/{RBAC}/v1/clusterrolebindings/cluster-admin"
            server.patch(path, [{"op": "remove", "path": "/subjects/1"}], "json")
        if case.id == "cluster-admin-in-view":
            path = f"/apis/{RBAC}/v1/clusterroles/cluster-admin"
            server.patch(path, {"metadata": {"labels": {f"{RBAC}/aggregate-to-view": None}}})
        if case.id == "rule-of-system-discovery":
            path = f"/apis/{RBAC}/v1/clusterroles/system:discovery"
            server.patch(path, [{"op": "remove", "path": "/rules/1"}], "json")
        if case.changes:
            self.restore()


@pytest.fixture(scope="module")
def applied(
    newest_server: ApiServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Applied]:
    """An environment that has been applied, on an API server that knows no other."""
    bench = Bench.open(newest_server, tmp_path_factory.mktemp("bench") / "b")
    newest_server.apply(thing("v1", "ServiceAccount", "default", "kube-system"))
    session = Session(cloud=None, local_state=None, parallelism=4, realistic=None, quiet=True)
    path = str(bench.folder / "environments/billing.yaml")
    with session, KubeClient(read_kubeconfig(newest_server.kubeconfig(), None)) as api:
        desired, objects = session.find_objects(path, StateKind.DESIRED)
        found = Applied(bench, desired, objects, api)
        found.restore()
        assert not found.drift().found
        yield found
        assert not found.drift().found, "a case was not undone"
    newest_server.wipe()


def told_by(document: ClusterDriftDocument) -> dict[str, str]:
    """Return what a drift check says, by the address that it says it of."""
    told: dict[str, str] = {}
    weakened = [entry for entry in document.undeclared if entry.field.security]
    for entry in (*document.drifted, *weakened, *document.additions):
        told[entry.address] = told.get(entry.address, "") + str(entry.to_json())
    return told


@pytest.mark.parametrize("case", MANIPULATIONS, ids=lambda case: case.id)
def test_a_manipulation_is_named(applied: Applied, case: Case) -> None:
    with applied.after(case) as found:
        assert found.found
        told = told_by(found)
        assert list(told) == [case.names]
        assert case.says in told[case.names]
        seen = told_by(applied.observed_drift())
        assert list(seen) == [case.names]
        assert case.says in seen[case.names]


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.id)
def test_what_is_harmless_is_no_drift(applied: Applied, case: Case) -> None:
    with applied.after(case) as found:
        assert not found.drifted
        assert not found.additions
        assert not found.found
        assert found.is_certain
        seen = applied.observed_drift()
        assert not seen.found
        assert seen.is_certain
