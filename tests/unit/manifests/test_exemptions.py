"""An exemption lets the pods of a namespace in until a day, in the cluster too."""

import json
from datetime import date

import pytest

from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.manifests.admission import holds
from provisioner.manifests.exemptions import check_exemptions
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.label_selectors import selects
from tests.environments import ENVIRONMENT
from tests.manifests import changed, find, judge, render

TEXT = """\
exemptions:
  - policy: azsec-pinned-images
    namespace: app
    reason: The vendor tags nothing.
    owner: platform@example.com
    expires: 2027-03-31
namespaces: [{name: app}, {name: other}]
"""
UNPINNED = changed("containers.0.image", "crtest.azurecr.io/app:latest")


def test_the_check_says_that_a_pod_is_exempt():
    objects = render(TEXT)
    (judged,) = judge(json.dumps(UNPINNED), objects)
    (verdict,) = judged.verdicts
    assert (verdict.rule, verdict.enforced) == ("azsec-pinned-images", False)
    assert verdict.message.endswith("(exempt until 2027-03-31)")
    other = changed("metadata.namespace", "other", UNPINNED)
    other = changed("automountServiceAccountToken", False, other)
    (judged,) = judge(json.dumps(other), objects)
    assert [verdict.enforced for verdict in judged.verdicts] == [True]


REQUESTS = {
    "on the last day": ("CREATE", "app", "2027-03-31T23:59:59Z", False),
    "the day after": ("CREATE", "app", "2027-04-01T00:00:00Z", True),
    "in another namespace": ("CREATE", "other", "2027-01-01T00:00:00Z", True),
    "a change of what was let in": ("UPDATE", "app", "2027-01-01T00:00:00Z", True),
}


@pytest.mark.parametrize("case", REQUESTS)
@pytest.mark.parametrize("suffix", ["", "-workloads"])
def test_the_cluster_judges_again_when_it_ends(case, suffix):
    operation, namespace, made, judged = REQUESTS[case]
    spec = find(render(TEXT), "ValidatingAdmissionPolicy", f"azsec-pinned-images{suffix}")["spec"]
    condition = spec["matchConditions"][1]
    known = {
        "object": {"metadata": {"creationTimestamp": made}},
        "request": {"operation": operation, "namespace": namespace},
    }
    assert condition["name"] == "not-exempt-app"
    assert holds(condition["expression"], known) is judged
    others = find(render(TEXT), "ValidatingAdmissionPolicy", "azsec-groups")["spec"]
    assert len(others["matchConditions"]) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("azsec-pinned-images", "azsec-pined-images", "Did you mean 'azsec-pinned-images'?"),
        ("namespace: app", "namespace: ap", "Did you mean 'app'?"),
    ],
)
def test_an_exemption_of_nothing_is_an_error(old, new, said):
    with pytest.raises(DiagnosticError) as raised:
        render(TEXT.replace(old, new, 1))
    assert said in str(raised.value.diagnostics[0])


def load(text=TEXT):
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    source = MemoryFiles({"environment.yaml": f"{ENVIRONMENT}kubernetes:\n{indented}"})
    environment = load_environment("environment.yaml", source)
    return environment.kubernetes, environment.node.find(("kubernetes",))


def test_one_that_ends_is_warned_of_and_one_that_ended_is_an_error():
    settings, node = load()
    assert check_exemptions(settings, node, date(2027, 1, 1)) == ()
    (told,) = check_exemptions(settings, node, date(2027, 3, 20))
    assert told.code == "exemption-expires"
    with pytest.raises(DiagnosticError) as raised:
        check_exemptions(settings, node, date(2027, 4, 1))
    assert raised.value.diagnostics[0].code == "exemption-expired"


STANDARD = "pod-security.kubernetes.io/enforce"
NAMESPACES = {
    "without a label": ({}, True),
    "privileged, by somebody": ({STANDARD: "privileged"}, True),
    "called the system's by its label": ({"control-plane": "true"}, True),
    "restricted": ({STANDARD: "restricted"}, False),
    "baseline": ({STANDARD: "baseline"}, False),
}


@pytest.mark.parametrize("case", NAMESPACES)
def test_pods_run_where_a_standard_is_enforced(case):
    labels, refused = NAMESPACES[case]
    objects = render("namespaces: [{name: agents, podSecurity: privileged}]")
    spec = find(objects, "ValidatingAdmissionPolicy", "azsec-labelled-namespaces")["spec"]
    selector = spec["matchConstraints"]["namespaceSelector"]
    name = "kubernetes.io/metadata.name"
    assert selects(selector, {name: "somebodys", **labels}) is refused
    assert not selects(selector, {name: "agents", STANDARD: "privileged"})
    for system in ("kube-system", "flux-system", "dapr-system", "gpu-resources"):
        assert not selects(selector, {name: system, **labels})


def test_an_extension_s_namespace_that_the_environment_declares_is_judged():
    name = {"kubernetes.io/metadata.name": "flux-system"}
    for text, judged in (("{}", False), ("namespaces: [{name: flux-system}]", True)):
        spec = find(render(text), "ValidatingAdmissionPolicy", "azsec-groups")["spec"]
        assert selects(spec["matchConstraints"]["namespaceSelector"], name) is judged
