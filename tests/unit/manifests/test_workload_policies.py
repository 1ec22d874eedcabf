"""What makes pods is warned of at once, by the same expressions as its pods are refused by."""

import json

import pytest

from provisioner.manifests.admission import holds
from tests.manifests import GOOD, REMOVED, changed, find, judge, render

PLACES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "PodTemplate": ("template",),
}
RESOURCES = {
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "ReplicaSet": "replicasets",
    "ReplicationController": "replicationcontrollers",
    "Job": "jobs",
    "CronJob": "cronjobs",
    "PodTemplate": "podtemplates",
}
BAD = {
    "a stranger's image": ("containers.0.image", "docker.io/evil:1", "azsec-approved-registries"),
    "no group": ("securityContext.runAsGroup", REMOVED, "azsec-groups"),
    "a token": (
        "volumes",
        [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}],
        "azsec-service-accounts",
    ),
    "root": ("securityContext.runAsUser", 0, "azsec-non-root"),
}


def made_by(kind, pod):
    body = {"spec": pod["spec"]}
    for step in reversed(PLACES[kind]):
        body = {step: body}
    return {"kind": kind, "metadata": {"name": "a", "namespace": "app"}, **body}


def warns(spec, workload, old=None):
    known = {
        "object": workload,
        "oldObject": old,
        "request": {"operation": "UPDATE" if old else "CREATE", "namespace": "app"},
    }
    if not all(holds(condition["expression"], known) for condition in spec["matchConditions"]):
        return False
    (pod,) = spec["variables"]
    known["variables"] = {"pod": template_of(pod["expression"], known)}
    return not all(holds(each["expression"], known) for each in spec["validations"])


def template_of(expression, known):
    from provisioner.blueprint.cel_library import Context, compile

    return compile(expression).execute(Context(variables=known))


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("case", BAD)
def test_a_workload_whose_pods_are_refused_is_warned_of(kind, case):
    path, value, name = BAD[case]
    objects = render()
    spec = find(objects, "ValidatingAdmissionPolicy", f"{name}-workloads")["spec"]
    binding = find(objects, "ValidatingAdmissionPolicyBinding", f"{name}-workloads")["spec"]
    assert binding == {"policyName": f"{name}-workloads", "validationActions": ["Warn"]}
    matched = {r for rule in spec["matchConstraints"]["resourceRules"] for r in rule["resources"]}
    assert RESOURCES[kind] in matched
    bad = made_by(kind, changed(path, value))
    assert warns(spec, bad)
    assert not warns(spec, made_by(kind, GOOD))
    assert {v.rule for v in judge(json.dumps(bad), objects)[0].verdicts if v.enforced} == {name}


def test_a_workload_is_warned_of_when_its_template_changes():
    spec = find(render(), "ValidatingAdmissionPolicy", "azsec-groups-workloads")["spec"]
    bad = made_by("Deployment", changed("securityContext.runAsGroup", REMOVED))
    assert not warns(spec, {**bad, "spec": {**bad["spec"], "replicas": 9}}, bad)
    assert warns(spec, bad, made_by("Deployment", GOOD))
