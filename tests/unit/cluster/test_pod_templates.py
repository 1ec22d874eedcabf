"""A pod that names a declared job as its controller is the job's only if it is what that states."""

from copy import deepcopy
from typing import Any

import pytest

from provisioner.cluster.hidden_values import hide_values
from provisioner.cluster.pod_templates import is_made_by

Body = dict[str, Any]

TEMPLATE: Body = {
    "automountServiceAccountToken": False,
    "containers": [
        {
            "name": "bench",
            "image": "registry.example.com/bench:1",
            "command": ["bench", "run", "--json"],
            "securityContext": {"capabilities": {"drop": ["ALL"]}},
            "volumeMounts": [{"name": "kubelet", "mountPath": "/kubelet", "readOnly": True}],
        }
    ],
    "hostPID": True,
    "serviceAccountName": "bench",
    "volumes": [{"name": "kubelet", "hostPath": {"path": "/var/lib/kubelet"}}],
}
JOB: Body = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "bench", "namespace": "benchmark"},
    "spec": {"template": {"spec": TEMPLATE}},
}


def made(namespace: str = "benchmark", name: str = "bench", **changed: Any) -> Body:
    """Return a pod of the job, as the API server and the scheduler fill it in."""
    spec = deepcopy(TEMPLATE)
    spec["containers"][0] |= {
        "imagePullPolicy": "IfNotPresent",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    } | changed.pop("container", {})
    spec["volumes"][0]["hostPath"]["type"] = ""
    spec |= {
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "nodeName": "aks-system-1",
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccount": "bench",
        "terminationGracePeriodSeconds": 30,
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}],
    } | changed  # fmt: skip
    owner = {"kind": "Job", "name": name, "uid": "1", "controller": True}
    metadata = {"name": "bench-x7k2p", "namespace": namespace, "ownerReferences": [owner]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


RUNS = {"exec": {"command": ["sh", "-c", "evil"]}}
STRANGE = {
    "in another namespace": made(namespace="kube-system"),
    "of another name": made(name="other"),
    "hook": made(container={"lifecycle": {"postStart": RUNS}}),
    "probe": made(container={"livenessProbe": RUNS}),
    "command": made(container={"command": ["sh", "-c", "evil"]}),
    "arguments": made(container={"args": ["evil"]}),
    "image": made(container={"image": "registry.example.com/bench:2"}),
    "variables": made(container={"env": [{"name": "BASH_ENV", "value": "/x"}]}),
    "variables of a secret": made(container={"envFrom": [{"secretRef": {"name": "x"}}]}),
    "mounted to be written": made(
        container={"volumeMounts": [{"name": "kubelet", "mountPath": "/usr/local/bin"}]}
    ),
    "as root": made(container={"securityContext": {"runAsUser": 0}}),
    "with every capability": made(container={"securityContext": {}}),
    "as root of the pod": made(securityContext={"runAsUser": 0}),
    "with another folder": made(volumes=[{"name": "kubelet", "hostPath": {"path": "/"}}]),
    "with its token": made(automountServiceAccountToken=True),
    "under another account": made(serviceAccountName="admin", serviceAccount="admin"),
    "in its node's network": made(hostNetwork=True),
    "with an init container": made(initContainers=[{"name": "i", "image": "evil"}]),
    "debugged": made(ephemeralContainers=[{"name": "d", "image": "evil"}]),
    "isolated otherwise": made(runtimeClassName="runc"),
}


def test_a_pod_of_the_job_is_the_jobs() -> None:
    assert is_made_by(made(), JOB)


def test_so_it_is_where_an_observation_hides_the_words() -> None:
    assert is_made_by(hide_values(made()), hide_values(JOB))
    assert not is_made_by(hide_values(STRANGE["hook"]), hide_values(JOB))


@pytest.mark.parametrize("name", STRANGE)
def test_a_pod_that_states_anything_else_is_not(name: str) -> None:
    assert not is_made_by(STRANGE[name], JOB)
