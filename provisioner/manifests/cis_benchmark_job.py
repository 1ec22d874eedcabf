"""The Job that runs the CIS Kubernetes benchmark (kube-bench) on a node (CLU-07, CLU-02.7).

`rendering` calls it where the environment declares `benchmark:`.
"""

from collections.abc import Iterator

from provisioner.blueprint.kubernetes import BenchmarkSettings
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.manifest import Manifest, Place, make_manifest
from provisioner.manifests.namespace_objects import pod_security_labels

BENCHMARK_NAMESPACE = "azsec-benchmark"

_NODE_PATHS = {
    "kubelet": "/var/lib/kubelet",
    "systemd": "/etc/systemd",
    "default": "/etc/default",
    "kubernetes": "/etc/kubernetes",
}
"""The host paths that kube-bench reads (its job for AKS)."""


def render_benchmark(settings: BenchmarkSettings, facts: ClusterFacts) -> Iterator[Manifest]:
    """Yield the job and its namespace, the only one whose pods may be privileged."""
    yield make_manifest(
        Place("v1", "Namespace", BENCHMARK_NAMESPACE),
        ("CLU-07", "MAN-04"),
        "Privileged, for the benchmark alone: it reads the files of its node.",
        {},
        labels=pod_security_labels("privileged", facts.version),
    )
    yield make_manifest(
        Place("networking.k8s.io/v1", "NetworkPolicy", "default-deny", BENCHMARK_NAMESPACE),
        ("CLU-07", "WRK-03.2"),
        "The benchmark talks to nobody.",
        {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}},
    )
    yield make_manifest(
        Place("v1", "ServiceAccount", "kube-bench", BENCHMARK_NAMESPACE),
        ("CLU-07", "SA-01"),
        "The benchmark holds no token for the API server.",
        {"automountServiceAccountToken": False},
    )
    yield make_manifest(
        Place("batch/v1", "Job", "kube-bench", BENCHMARK_NAMESPACE),
        ("CLU-07", "CLU-02.7"),
        "Holds the node that it runs on against section 3 of the benchmark, and logs JSON.",
        {"spec": _job_spec(f"{facts.registries[0]}/{settings.image}")},
    )


def _job_spec(image: str) -> dict[str, object]:
    container = {
        "name": "kube-bench",
        "image": image,
        "imagePullPolicy": "Always",
        "command": [
            "kube-bench", "run", "--targets", "node", "--benchmark", "aks-1.8", "--json",
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [
            {"name": name, "mountPath": path, "readOnly": True}
            for name, path in _NODE_PATHS.items()
        ],
    }  # fmt: skip
    pod = {
        "automountServiceAccountToken": False,
        "containers": [container],
        # The benchmark reads the kubelet's command line from the process list of the node.
        "hostPID": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "restartPolicy": "Never",
        "serviceAccountName": "kube-bench",
        "volumes": [
            {"name": name, "hostPath": {"path": path}} for name, path in _NODE_PATHS.items()
        ],
    }
    return {"backoffLimit": 0, "ttlSecondsAfterFinished": 86400, "template": {"spec": pod}}
