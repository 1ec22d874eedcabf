"""What observes the cluster from inside of it: a job that reads, and writes down what it saw.

It may list what `azsec cluster observe` looks at, but for secrets, and write one ConfigMap of its
own namespace: no right of an administrator, and no port that is open to anybody.
"""

from collections.abc import Iterator

from provisioner.blueprint.kubernetes import ObserverSettings
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.manifest import Manifest, Place, make_manifest
from provisioner.manifests.namespace_objects import pod_security_labels

OBSERVER_NAMESPACE = "azsec-observer"

_NAME = "observer"
CLUSTER_NAME = "azsec-observer"
_CONFIG_MAP = "observation"
_RBAC = "rbac.authorization.k8s.io"
_CONTROLS = ("MAN-01", "SA-01")

_READ = (
    ("", (
        "limitranges", "namespaces", "nodes", "persistentvolumes", "pods", "resourcequotas",
        "serviceaccounts", "services",
    )),
    ("admissionregistration.k8s.io", (
        "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
        "mutatingwebhookconfigurations", "validatingadmissionpolicies",
        "validatingadmissionpolicybindings", "validatingwebhookconfigurations",
    )),
    ("apiregistration.k8s.io", ("apiservices",)),
    ("apps", ("daemonsets", "deployments", "statefulsets")),
    ("batch", ("cronjobs", "jobs")),
    ("certificates.k8s.io", ("certificatesigningrequests",)),
    ("cilium.io", ("ciliumclusterwidenetworkpolicies", "ciliumnetworkpolicies", "ciliumnodes")),
    ("networking.k8s.io", ("ingresses", "networkpolicies")),
    ("policy", ("poddisruptionbudgets",)),
    ("policy.networking.k8s.io", (
        "adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies",
    )),
    (_RBAC, ("clusterrolebindings", "clusterroles", "rolebindings", "roles")),
    ("secrets-store.csi.x-k8s.io", ("secretproviderclasses",)),
    ("security.istio.io", ("peerauthentications",)),
)  # fmt: skip
"""What it lists: the kinds of `provisioner.cluster.kinds` and those that controls ask for, without
secrets. A list of those would show what is in them."""


def render_observer(settings: ObserverSettings, facts: ClusterFacts) -> Iterator[Manifest]:
    """Yield the observer's namespace, account, roles, policy and job."""
    yield make_manifest(
        Place("v1", "Namespace", OBSERVER_NAMESPACE),
        ("CLU-05.1", "CLU-05.5"),
        "Pods have to meet the restricted standard.",
        {},
        labels=pod_security_labels("restricted", facts.version),
    )
    yield make_manifest(
        Place("networking.k8s.io/v1", "NetworkPolicy", "default-deny", OBSERVER_NAMESPACE),
        ("WRK-03.2",),
        "Lets nobody in, and the observer to TLS servers and the resolver alone.",
        {
            "spec": {
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                "egress": [{"ports": [_port("TCP", 443), _port("UDP", 53), _port("TCP", 53)]}],
            }
        },
    )
    yield make_manifest(
        Place("v1", "ServiceAccount", _NAME, OBSERVER_NAMESPACE),
        _CONTROLS,
        "Holds a token for the API server in the observer's pod alone.",
        {"automountServiceAccountToken": False},
    )
    yield from _roles()
    yield make_manifest(
        Place("batch/v1", "CronJob", _NAME, OBSERVER_NAMESPACE),
        _CONTROLS,
        "Writes down what the cluster holds, signed with the key in the secret azsec-observer.",
        {"spec": _schedule(settings, f"{facts.registries[0]}/{settings.image}")},
    )


def _port(protocol: str, number: int) -> dict[str, object]:
    return {"protocol": protocol, "port": number}


def _roles() -> Iterator[Manifest]:
    rules = [
        {"apiGroups": [group], "resources": list(resources), "verbs": ["get", "list"]}
        for group, resources in _READ
    ]
    yield make_manifest(
        Place(f"{_RBAC}/v1", "ClusterRole", CLUSTER_NAME),
        _CONTROLS,
        "Reads what an observation holds; no secrets.",
        {"rules": rules},
    )
    own = {"resources": ["configmaps"], "apiGroups": [""]}
    yield make_manifest(
        Place(f"{_RBAC}/v1", "Role", _NAME, OBSERVER_NAMESPACE),
        _CONTROLS,
        "Writes the ConfigMap with the observation.",
        {
            "rules": [
                {**own, "resourceNames": [_CONFIG_MAP], "verbs": ["get", "patch"]},
                # A name cannot be stated for what does not exist yet.
                {**own, "verbs": ["create"]},
            ]
        },
    )
    for kind, bound, place in (
        ("ClusterRole", CLUSTER_NAME, Place(f"{_RBAC}/v1", "ClusterRoleBinding", CLUSTER_NAME)),
        ("Role", _NAME, Place(f"{_RBAC}/v1", "RoleBinding", _NAME, OBSERVER_NAMESPACE)),
    ):
        account = {"kind": "ServiceAccount", "name": _NAME, "namespace": OBSERVER_NAMESPACE}
        reference = {"apiGroup": _RBAC, "kind": kind, "name": bound}
        yield make_manifest(
            place, _CONTROLS, "For the observer alone.",
            {"roleRef": reference, "subjects": [account]},
        )  # fmt: skip


def _schedule(settings: ObserverSettings, image: str) -> dict[str, object]:
    container = {
        "name": _NAME,
        "image": image,
        "imagePullPolicy": "Always",
        "args": ["cluster", "observe", "--config-map", f"{OBSERVER_NAMESPACE}/{_CONFIG_MAP}"],
        "env": [
            {
                "name": "AZSEC_OBSERVATION_KEY",
                "valueFrom": {"secretKeyRef": {"name": "azsec-observer", "key": "key"}},
            }
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "1", "memory": "512Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    pod = {
        "automountServiceAccountToken": True,
        "containers": [container],
        "hostUsers": False,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "supplementalGroups": [10001],
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "serviceAccountName": _NAME,
    }
    job = {"backoffLimit": 1, "ttlSecondsAfterFinished": 3600, "template": {"spec": pod}}
    return {
        "schedule": settings.schedule,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"spec": job},
    }
