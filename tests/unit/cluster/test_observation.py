"""What an observation keeps of objects: what tells pods apart, and no literal value of theirs."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.cluster.hidden_values import hide_values
from provisioner.cluster.observation import fold_pods, read_observation, seal_observation
from provisioner.documents.cluster import ClusterDocument
from provisioner.documents.observation import ObservedListDocument
from provisioner.model.diagnostic import DiagnosticError

RBAC = "rbac.authorization.k8s.io"
SECRET = "hunter2-S3cret"


def pod(name: str, **more: Any) -> dict[str, Any]:
    """Return a pod as the API server has it, with its token, in a set of pods."""
    token = f"kube-api-access-{name}"
    mount = {"name": token, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    sources = [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"app": "web", "pod-template-hash": name},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web"}],
            **more.pop("metadata", {}),
        },
        "spec": {
            "nodeName": name,
            "containers": [{"name": "c", "image": "i", "volumeMounts": [mount]}],
            "volumes": [{"name": token, "projected": {"sources": sources}}],
            **more,
        },
    }


def test_pods_of_an_owner_that_are_alike_are_one() -> None:
    assert len(fold_pods([pod("aaaaa"), pod("bbbbb")])) == 1


LABELS = {"app": "web", "azure.workload.identity/use": "true"}
NODE = {"hostPath": {"path": "/"}}
APART = {
    "a volume of the node that is called as the token's": pod(
        "bbbbb", volumes=[{"name": "kube-api-access-evil0", **NODE}]
    ),
    "such a volume beside the token's": pod(
        "bbbbb",
        volumes=[*pod("bbbbb")["spec"]["volumes"], {"name": "kube-api-access-evil0", **NODE}],
    ),
    "a label that gives it an identity": pod("bbbbb", metadata={"labels": LABELS}),
    "an annotation that injects something": pod(
        "bbbbb", metadata={"annotations": {"vault.hashicorp.com/agent-inject": "true"}}
    ),
    "nodes that it asks for": pod(
        "bbbbb",
        affinity={
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]
                }
            }
        },
    ),
}


@pytest.mark.parametrize("case", APART)
def test_what_tells_a_pod_apart_is_not_folded_away(case: str) -> None:
    found = fold_pods([pod("aaaaa"), deepcopy(APART[case])])
    assert len(found) == 2
    assert ("hostPath" in json.dumps(found)) is ("volume" in case)


CONTAINER = {
    "name": "c",
    "env": [
        {"name": "DB_PASSWORD", "value": SECRET},
        {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ],
    "command": ["sh", "-c", f"login {SECRET}"],
    "args": [f"--token={SECRET}"],
    "livenessProbe": {"exec": {"command": ["curl", SECRET]}},
    "readinessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": SECRET}]}},
    "lifecycle": {"preStop": {"exec": {"command": [SECRET]}}},
}
APPLIED = json.dumps({"apiVersion": "apps/v1beta1", "kind": "Deployment", "data": SECRET})
NOTES = {"kubectl.kubernetes.io/last-applied-configuration": APPLIED}


@pytest.mark.parametrize("part", ["containers", "initContainers", "ephemeralContainers"])
@pytest.mark.parametrize(
    "spec",
    [
        lambda pod: pod,
        lambda pod: {"template": {"metadata": {"annotations": NOTES}, "spec": pod}},
        lambda pod: {"jobTemplate": {"spec": {"template": {"spec": pod}}}},
        lambda pod: {"members": [{"podTemplate": {"spec": pod}}]},
    ],
    ids=["a pod", "a workload", "a job of jobs", "a custom resource"],
)
def test_no_literal_value_is_kept(spec: Any, part: str) -> None:
    body = {"metadata": {"name": "web", "annotations": NOTES}, "spec": spec({part: [CONTAINER]})}
    before = json.dumps(body)
    text = json.dumps(hide_values(body))
    assert SECRET not in text
    assert json.dumps(body) == before
    assert "secretKeyRef" in text
    assert "apps/v1beta1" in text


BINDING = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "x"}}
MALFORMED = {
    "has no metadata.name": {**BINDING, "metadata": {}},
    "(x) has metadata.annotations": {**BINDING, "metadata": {"name": "x", "annotations": "s"}},
    "(x) has subjects that are no list": {**BINDING, "subjects": {"a": 1}},
    f"is no ClusterRoleBinding of {RBAC}/v1": {"metadata": {"name": "x"}},
}


@pytest.mark.parametrize("said", MALFORMED)
def test_a_malformed_object_of_an_observation_is_named(said: str) -> None:
    bindings = ObservedListDocument(
        api_version=f"{RBAC}/v1",
        kind="ClusterRoleBinding",
        resource="clusterrolebindings",
        namespaced=False,
        count=2,
        items=(BINDING, MALFORMED[said]),
    )
    at = ClusterDocument(server="https://k.example", way="test", version="v1.35.0", uid="u")
    text = json.dumps(seal_observation(datetime.now(UTC), at, (bindings,)).to_json())
    with pytest.raises(DiagnosticError) as raised:
        read_observation(text, "seen.json")
    (problem,) = raised.value.diagnostics
    where = "seen.json is malformed: in the list of clusterrolebindings, items[1] "
    assert problem.message.startswith(f"{where}{said}")
