"""Clusters whose objects tests render, and pods that tests let them judge."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from provisioner.blueprint.file_schemas import EnvironmentFile
from provisioner.blueprint.kubernetes_checks import check_kubernetes
from provisioner.blueprint.yaml_source import parse_documents, parse_yaml
from provisioner.manifests.cluster_facts import ClusterFacts, Federation
from provisioner.manifests.pod_evaluation import JudgedPod, judge_pods
from provisioner.manifests.pods import find_pods
from provisioner.manifests.rendering import ClusterObjects, render_cluster
from tests.environments import ENVIRONMENT

CLIENT = "5b7c1d20-1111-4a2b-8c3d-000000000001"
DEVELOPERS = "7e4c1b20-8d5f-4b72-a9e5-83f1d2e4b602"
READERS = "7e4c1b20-8d5f-4b72-a9e5-83f1d2e4b603"
REGISTRY = "crtest.azurecr.io"

FACTS = ClusterFacts(
    cloud="AzureCloud",
    tenant_id="99999999-9999-9999-9999-999999999999",
    version=(1, 35),
    has_cilium=True,
    filters_hosts=True,
    has_istio=False,
    has_kata=True,
    registries=(REGISTRY,),
    vaults=("kv-test",),
    endpoint_ranges=("10.20.4.0/24",),
    federations=(Federation("app", "app", "identities.workload", CLIENT),),
    managed={},
)

FULL = f"""\
registries: [mcr.example.com/platform]
benchmark: {{image: tools/kube-bench:v1.2.3}}
namespaces:
  - name: app
    deployers: [{DEVELOPERS}]
    logReaders: [{READERS}]
    quota: {{cpuRequest: 8, memoryLimit: 32Gi, pods: null}}
    limits: {{maxCpu: 2, maxMemory: 4Gi}}
    ingress:
      - {{from: app-routing-system, ports: [8080]}}
      - {{from: app-routing-system, ports: [9090]}}
    egress:
      - {{to: 10.30.1.5/32, ports: [5432], reason: the database}}
      - {{to: 0.0.0.0/0, ports: [443]}}
      - {{to: private-endpoints, ports: [443]}}
      - {{to: namespace:payments, ports: [8443]}}
      - {{to: api.example.com, ports: [443]}}
      - {{to: "*.example.org", ports: [443, 8443]}}
    serviceAccounts:
      - {{name: batch}}
      - {{name: worker, clientId: {CLIENT}}}
    secrets:
      - {{name: app, serviceAccount: app, objects: [db-user, db-host]}}
  - name: payments
    podSecurity: baseline
    pullAlways: false
    apiAccess: true
  - name: tenant
    isolated: true
"""
"""A `kubernetes:` that uses everything."""


def render(text: str = "{}", **facts: Any) -> ClusterObjects:
    """Render the objects of a cluster from the text of an environment's `kubernetes:`."""
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    file = parse_yaml(f"{ENVIRONMENT}kubernetes:\n{indented}", "environment.yaml")
    settings = EnvironmentFile.model_validate(file.plain()).kubernetes
    node = file.find(("kubernetes",))
    assert list(check_kubernetes(settings, node)) == []
    return render_cluster(settings, replace(FACTS, **facts), node)


def find(objects: ClusterObjects, kind: str, name: str, namespace: str | None = None) -> Any:
    """Return the body of one object."""
    (body,) = (
        manifest.body
        for manifest in objects.manifests
        if (manifest.kind, manifest.name) == (kind, name)
        and namespace in (None, manifest.namespace)
    )
    return body


def judge(text: str, objects: ClusterObjects) -> tuple[JudgedPod, ...]:
    """Judge the pods in a text."""
    documents = parse_documents(text, "pods.yaml")
    return judge_pods(tuple(p for d in documents for p in find_pods(d)), objects, "app")


GOOD: Mapping[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "good", "namespace": "app"},
    "spec": {
        "serviceAccountName": "app",
        "hostUsers": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 1000,
            "fsGroup": 1000,
            "supplementalGroups": [1000],
            "supplementalGroupsPolicy": "Strict",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "main",
                "image": f"{REGISTRY}/app:1.2.3",
                "imagePullPolicy": "Always",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
            }
        ],
    },
}
"""A pod that everything lets in."""

REMOVED = object()
"""In a change: the field is removed."""


def changed(path: str, value: Any, pod: Mapping[str, Any] = GOOD) -> dict[str, Any]:
    """Return a pod with one field changed; `path` is below `spec`, as in `containers.0.image`, and
    from `metadata` where it begins so."""
    copy: dict[str, Any] = deepcopy(dict(pod))
    steps = path.split(".") if path.startswith("metadata") else ["spec", *path.split(".")]
    current: Any = copy
    for step in steps[:-1]:
        current = current[int(step)] if step.isdigit() else current.setdefault(step, {})
    last = steps[-1]
    if value is REMOVED:
        del current[last]
    elif last == "+":
        current.append(value)
    else:
        current[last] = value
    return copy
