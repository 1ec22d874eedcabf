"""The policies judge a pod in their rendered form, for the namespaces that they are for."""

import json

import pytest

from provisioner.manifests.admission import admit, evaluate, holds, read_pod
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.label_selectors import selects
from tests.manifests import GOOD, REMOVED, changed, find, judge, render
from tests.unit.manifests.test_known_bad_pods import BAD

TWO = """\
namespaces:
  - {name: app, isolated: true}
  - {name: agents, podSecurity: privileged, pullAlways: false, apiAccess: true}
  - {name: legacy, podSecurity: baseline}
"""


def rules_of(pod, objects):
    (judged,) = judge(json.dumps(pod), objects)
    return {verdict.rule for verdict in judged.verdicts if verdict.enforced}


@pytest.mark.parametrize("case", BAD)
def test_the_rendered_expressions_decide_as_the_check_does(case):
    objects = render()
    pod = admit(changed(*BAD[case][:2]), {"default": False, "app": False})
    labels = {"kubernetes.io/metadata.name": "app"}
    known = {"object": pod, "oldObject": None, "request": {"operation": "CREATE"}}
    for policy in objects.policies:
        spec = find(objects, "ValidatingAdmissionPolicy", policy.name)["spec"]
        assert [each["name"] for each in spec["variables"]] == ["pod"]
        known["variables"] = {"pod": pod}
        selected = selects(spec["matchConstraints"]["namespaceSelector"], labels) and all(
            holds(condition["expression"], known) for condition in spec["matchConditions"]
        )
        refused = selected and not all(
            holds(validation["expression"], known) for validation in spec["validations"]
        )
        assert refused == bool(list(evaluate(policy, pod, labels)))


def test_what_cannot_be_evaluated_is_refused():
    objects = render()
    specs = [
        manifest.body["spec"]
        for manifest in objects.manifests
        if manifest.kind == "ValidatingAdmissionPolicy"
    ]
    assert {spec["failurePolicy"] for spec in specs} == {"Fail"}
    assert "azsec-groups" in rules_of(changed("securityContext.fsGroup", "many"), objects)


@pytest.mark.parametrize(
    "spec", [[], {"containers": "a"}, {"containers": ["a"]}, {"containers": [{"image": 1}]}, "a"]
)
def test_what_is_no_pod_is_refused_without_an_accident(spec):
    pod = {"kind": "Pod", "metadata": {"name": "a", "namespace": "app"}, "spec": spec}
    assert rules_of(pod, render()) >= {"azsec-service-accounts"}
    if spec and spec != "a":
        assert "azsec-approved-registries" in rules_of(pod, render())


def test_a_pod_that_was_let_in_can_be_relabelled_and_deleted():
    condition = find(render(), "ValidatingAdmissionPolicy", "azsec-groups")["spec"]
    (condition,) = condition["matchConditions"]
    bad = changed("securityContext.fsGroup", 0)
    same = {"object": bad, "oldObject": bad, "request": {"operation": "UPDATE"}}
    assert not holds(condition["expression"], same)
    other = {**same, "oldObject": GOOD}
    assert holds(condition["expression"], other)


SELECTED = {
    "a namespace of the environment": ({"kubernetes.io/metadata.name": "app"}, True),
    "one that nobody declared": ({"kubernetes.io/metadata.name": "other"}, True),
    "kube-system": ({"kubernetes.io/metadata.name": "kube-system"}, False),
    "one that somebody labels as the system's": (
        {"kubernetes.io/metadata.name": "addon", "control-plane": "true"}, True,
    ),
    "a privileged one": (
        {"kubernetes.io/metadata.name": "a", "pod-security.kubernetes.io/enforce": "privileged"},
        False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SELECTED)
def test_pods_of_the_system_are_left_alone(case):
    labels, selected = SELECTED[case]
    spec = find(render(), "ValidatingAdmissionPolicy", "azsec-groups")["spec"]
    assert selects(spec["matchConstraints"]["namespaceSelector"], labels) is selected


def test_isolated_pods_name_the_runtime_that_isolates_them():
    objects = render(TWO)
    assert rules_of(GOOD, objects) == {"azsec-isolated-pods"}
    assert rules_of(changed("runtimeClassName", "kata-vm-isolation"), objects) == set()
    assert rules_of(changed("runtimeClassName", "runc"), objects) == {"azsec-isolated-pods"}


def test_agents_in_a_privileged_namespace_may_do_what_they_are_for():
    objects = render(TWO)
    agent = changed("metadata.namespace", "agents", changed("hostPID", True))
    agent = changed("automountServiceAccountToken", True, agent)
    agent = changed("containers.0.imagePullPolicy", REMOVED, agent)
    assert rules_of(agent, objects) == set()
    elsewhere = changed("containers.0.image", "docker.io/agent:1", agent)
    assert rules_of(elsewhere, objects) == {"azsec-approved-registries"}


def test_a_baseline_namespace_still_keeps_groups_and_images():
    objects = render(TWO)
    legacy = changed("metadata.namespace", "legacy", changed("securityContext", {"fsGroup": 0}))
    assert rules_of(legacy, objects) >= {"azsec-groups"}


TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "PodTemplate": ("template",),
}


@pytest.mark.parametrize("kind", TEMPLATES)
def test_templates_are_judged_as_the_pods_they_make(kind):
    bad = changed("hostNetwork", True)
    body = {"spec": bad["spec"]}
    for step in reversed(TEMPLATES[kind]):
        body = {step: body}
    text = json.dumps({"kind": kind, "metadata": {"name": "a", "namespace": "app"}, **body})
    (judged,) = judge(text, render())
    (verdict,) = [verdict for verdict in judged.verdicts if verdict.enforced]
    assert verdict.field == ".".join((*TEMPLATES[kind], "spec.hostNetwork"))


FILE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
apiVersion: v1
kind: List
items:
  - kind: Pod
    metadata: {name: one, namespace: app}
    spec:
      serviceAccountName: app
      securityContext: {runAsNonRoot: true, runAsGroup: 1, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: main
          image: crtest.azurecr.io/a:1
          imagePullPolicy: Always
          securityContext:
            allowPrivilegeEscalation: false
            privileged: true
            capabilities: null
"""


def test_a_verdict_names_the_line():
    (judged,) = judge(FILE, render())
    assert [(v.field, str(v.span)) for v in judged.verdicts if v.enforced] == [
        ("spec.containers[0].securityContext.privileged", "pods.yaml:19:13"),
        # What is missing is missing in the nearest thing that is there.
        ("spec.containers[0].securityContext.capabilities.drop", "pods.yaml:20:27"),
    ]


UNKNOWN = {
    "a misspelt namespace": ("ap", "unknown-namespace", "Did you mean 'app'?"),
    "a namespace of the system": ("kube-system", "system-namespace", "not judged"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_pod_of_no_namespace_of_the_environment_is_an_error(case):
    name, code, said = UNKNOWN[case]
    with pytest.raises(DiagnosticError, match=r"pods\.yaml:1") as raised:
        judge(json.dumps(changed("metadata.namespace", name)), render())
    (told,) = raised.value.diagnostics
    assert told.code == code
    assert said in str(told)


DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("x", "Always"),
        ("x:latest", "Always"),
        (f"x:latest@{DIGEST}", "Always"),
        ("registry:5000/x", "Always"),
        (f"registry:5000/x@{DIGEST}", "IfNotPresent"),
        (f"x:1@{DIGEST}", "IfNotPresent"),
        ("x:1", "IfNotPresent"),
    ],
)
def test_the_tag_alone_decides_how_an_image_is_pulled_by_default(image: str, policy: str) -> None:
    body = {"kind": "Pod", "spec": {"containers": [{"name": "c", "image": image}]}}
    (container,) = admit(read_pod(body, (1, 35)), {})["spec"]["containers"]
    assert container["imagePullPolicy"] == policy
