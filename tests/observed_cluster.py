"""A cluster as its objects show it: everything that controls ask for, as it should be."""

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provisioner.blueprint.file_schemas import EnvironmentFile
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.controls.cluster_objects.view import View
from provisioner.manifests.cluster_kinds import RESOURCES
from provisioner.model.cluster_contents import (
    BenchmarkReport,
    BenchmarkTest,
    ClusterContents,
    Kind,
)
from tests.environments import ENVIRONMENT
from tests.manifests import DEVELOPERS, FACTS, GOOD, READERS, render

READ_ON = date(2026, 11, 30)
ADMINS = "7e4c1b20-8d5f-4b72-a9e5-83f1d2e4b699"
TEXT = f"""\
namespaces:
  - name: app
    deployers: [{DEVELOPERS}]
    logReaders: [{READERS}]
    secrets: [{{name: app, serviceAccount: app, objects: [db]}}]
  - {{name: agents, podSecurity: privileged, apiAccess: true, pullAlways: false}}
"""

Objects = dict[str, list[dict[str, Any]]]


def make_objects() -> Objects:
    """Return the objects of the cluster, by the name of their resource."""
    found: Objects = {name: [] for name in RESOURCES}
    names = {kind: name for name, kind in RESOURCES.items()}
    for manifest in render(TEXT).manifests:
        body = json.loads(json.dumps(manifest.body))
        kind = Kind(body["apiVersion"].rpartition("/")[0], body["kind"])
        found[names[kind]].append(body)
    for namespace in found["namespaces"]:
        namespace["metadata"]["labels"]["kubernetes.azure.com/managedByArm"] = "true"
    found["namespaces"] += [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in ("default", "kube-system")
    ]
    for name, body in _MORE.items():
        found[name] += deepcopy(body)
    found["configmaps"] += [
        _object("v1", "ConfigMap", "app", "kube-root-ca.crt", data={"ca.crt": authority(400)})
    ]
    return found


def _object(api: str, kind: str, namespace: str, name: str, **content: Any) -> dict[str, Any]:
    within = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **within}, **content}


def pod(namespace: str = "app", name: str = "web", **spec: Any) -> dict[str, Any]:
    """Return a running pod that meets everything, with some of its spec replaced."""
    body = deepcopy(dict(GOOD))
    body["metadata"] = {"name": name, "namespace": namespace}
    container = body["spec"]["containers"][0]
    container["resources"] = {
        "requests": {"cpu": "1", "memory": "1Gi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }
    body["spec"] = {**body["spec"], "nodeName": "node-1", **spec}
    return {**body, "status": {"phase": "Running"}}


RBAC = "rbac.authorization.k8s.io"


def binding(
    role: str, *subjects: dict[str, str], namespace: str = "", kind: str = "ClusterRole"
) -> dict[str, Any]:
    """Return a binding of a role; without a namespace that of the whole cluster."""
    return _object(
        f"{RBAC}/v1",
        "RoleBinding" if namespace else "ClusterRoleBinding",
        namespace,
        f"bind-{role}",
        roleRef={"apiGroup": RBAC, "kind": kind, "name": role},
        subjects=list(subjects),
    )


def group(name: str) -> dict[str, str]:
    """Return a group as a subject."""
    return {"apiGroup": RBAC, "kind": "Group", "name": name}


def role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    """Return a role of the cluster."""
    return _object(f"{RBAC}/v1", "ClusterRole", "", name, rules=list(rules))


EVERYTHING = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
_READ_SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
_WEB = {
    "selector": {"matchLabels": {"app": "web"}},
    "replicas": 2,
    "template": {
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "containers": [{"name": "web", "image": "a", "readinessProbe": {"tcpSocket": {}}}],
            "topologySpreadConstraints": [{"maxSkew": 1}],
        },
    },
}
_NODE = _object(
    "v1",
    "Node",
    "",
    "node-1",
    status={"conditions": [{"type": "Ready", "status": "True"}]},
    spec={},
)
_MORE: Mapping[str, list[dict[str, Any]]] = {
    "pods": [
        pod(),
        pod("kube-system", "system", hostNetwork=True, containers=[{"image": "mcr/x"}]),
        pod("agents", "agent", hostPID=True),
    ],
    "nodes": [_NODE],
    "services": [
        _object("v1", "Service", "default", "kubernetes", spec={"type": "ClusterIP"}),
        {
            **_object("v1", "Service", "app", "web", spec={"type": "LoadBalancer"}),
            "metadata": {
                "name": "web",
                "namespace": "app",
                "annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
            },
        },
    ],
    "ingresses": [
        _object("networking.k8s.io/v1", "Ingress", "app", "web", spec={"tls": [{"hosts": ["a"]}]})
    ],
    "deployments": [_object("apps/v1", "Deployment", "app", "web", spec=_WEB)],
    "poddisruptionbudgets": [
        _object(
            "policy/v1",
            "PodDisruptionBudget",
            "app",
            "web",
            spec={"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}},
            status={"expectedPods": 2, "disruptionsAllowed": 1},
        )
    ],
    "daemonsets": [
        _object(
            "apps/v1",
            "DaemonSet",
            "kube-system",
            "microsoft-defender-collector-ds",
            status={"desiredNumberScheduled": 1, "numberReady": 1},
        )
    ],
    "clusterroles": [
        role("cluster-admin", EVERYTHING),
        role("edit", _READ_SECRETS),
        role("view", {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}),
    ],
    "clusterrolebindings": [
        binding("cluster-admin", group("system:masters")),
        {
            **binding("cluster-admin", group(ADMINS)),
            "metadata": {"name": "aks-cluster-admin-binding-aad"},
        },
    ],
    "ciliumnodes": [
        {
            **_object("cilium.io/v2", "CiliumNode", "", "node-1"),
            "metadata": {
                "name": "node-1",
                "annotations": {"network.cilium.io/wg-pub-key": "key"},
            },
        }
    ],
    "peerauthentications": [
        _object(
            "security.istio.io/v1",
            "PeerAuthentication",
            "aks-istio-system",
            "default",
            spec={"mtls": {"mode": "STRICT"}},
        )
    ],
    "mutatingwebhookconfigurations": [
        _object(
            "admissionregistration.k8s.io/v1",
            "MutatingWebhookConfiguration",
            "",
            "azure-wi-webhook-mutating-webhook-configuration",
            webhooks=[{"clientConfig": {"service": {"namespace": "kube-system", "name": "wi"}}}],
        )
    ],
}


@cache
def authority(days: int) -> str:
    """Return a certificate that ends some days after the day of the look, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ca")])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    end = datetime.combine(READ_ON, datetime.min.time(), UTC) + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


BENCHMARK = BenchmarkReport(
    "aks-1.8", (BenchmarkTest("3.1.1", "a", "PASS"), BenchmarkTest("4.1.1", "b", "WARN"))
)


def contents_of(
    objects: Objects, without: tuple[str, ...] = (), benchmark: BenchmarkReport | None = BENCHMARK
) -> ClusterContents:
    """Return what a look into the cluster shows; `without` some lists."""
    lists = {RESOURCES[n]: tuple(found) for n, found in objects.items() if n not in without}
    return ClusterContents("objects.json", READ_ON, lists, benchmark=benchmark)


def view_of(contents: ClusterContents) -> View:
    """Return the cluster as rules see it."""
    indented = "".join(f"  {line}\n" for line in TEXT.splitlines())
    file = parse_yaml(f"{ENVIRONMENT}kubernetes:\n{indented}", "environment.yaml")
    settings = EnvironmentFile.model_validate(file.plain()).kubernetes
    return View(contents, FACTS, settings, frozenset({ADMINS}))


Change = Callable[[Objects], None]
