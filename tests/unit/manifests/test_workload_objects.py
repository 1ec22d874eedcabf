"""What the API server refuses of a workload is an error of `manifests --check`."""

import json
from pathlib import Path

import kubernetes_validate
import pytest

from provisioner.blueprint.yaml_source import parse_documents
from provisioner.manifests.workload_fields import fields_of
from provisioner.manifests.workload_objects import find_flaws

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {any: thing}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {disk: fast}
      securityContext: {fsGroup: 2000}
      containers:
        - {name: web, image: a, resources: {limits: {cpu: 1}}}
"""


def flaws_of(text: str) -> list[tuple[str, str, str]]:
    return [
        (str(flaw.severity), flaw.message, flaw.hint or "")
        for document in parse_documents(text, "web.yaml")
        for flaw in find_flaws(document, 35)
    ]


@pytest.mark.parametrize(
    ("version", "kind", "minor", "told"),
    [
        ("networking.k8s.io/v1beta1", "Ingress", 35, "Expected networking.k8s.io/v1."),
        ("policy/v1beta1", "PodSecurityPolicy", 35, "It has no successor: remove the object."),
        ("policy/v1beta1", "PodDisruptionBudget", 24, None),
        ("networking.k8s.io/v1", "Ingress", 35, None),
        ("example.com/v1beta1", "Ingress", 35, None),
    ],
)
def test_a_version_that_is_gone_is_told_of_every_kind(
    version: str, kind: str, minor: int, told: str | None
) -> None:
    (document,) = parse_documents(f"apiVersion: {version}\nkind: {kind}\n", "a.yaml")
    listed = parse_documents(f"kind: List\nitems: [{{apiVersion: {version}, kind: {kind}}}]", "l")
    for each in (document, *listed):
        hints = [flaw.hint for flaw in find_flaws(each, minor)]
        assert hints == ([] if told is None else [told])


def test_a_sound_deployment_has_no_flaw() -> None:
    assert flaws_of(_DEPLOYMENT) == []


@pytest.mark.parametrize(
    ("old", "new", "severity", "told"),
    [
        pytest.param(
            "fsGroup", "fsGruop", "error",
            ("spec.template.spec.securityContext.fsGruop", "fsGroup"),
            id="a field of a pod",
        ),
        pytest.param(
            "resources", "resorces", "error", ("containers[0].resorces", "resources"),
            id="a field of a container",
        ),
        pytest.param(
            "apps/v1", "extensions/v1beta1", "error", ("extensions/v1beta1", "apps/v1"),
            id="a version that is gone",
        ),
        pytest.param(
            "  selector: {matchLabels: {app: web}}\n", "", "error",
            ("spec.selector", "matchLabels"),
            id="no selector",
        ),
        pytest.param(
            "kind: Deployment", "kind: Deploymnet", "warning", ("Deploymnet", "Deployment"),
            id="a misspelt kind is judged by nobody",
        ),
    ],
)  # fmt: skip
def test_a_flaw_is_told_with_what_was_meant(old, new, severity, told) -> None:
    ((found, message, hint),) = flaws_of(_DEPLOYMENT.replace(old, new, 1))
    assert found == severity
    assert told[0] in message
    assert told[1] in hint


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("apiVersion: v1\nkind: pod\nmetadata: {name: a}\n", "kind 'pod' is not served"),
        ("hello\n", "this is not an object of Kubernetes."),
        ("[1, 2]\n", "this is not an object of Kubernetes."),
        ("kind: List\nitems: [hello]\n", "this is not an object of Kubernetes."),
        ("apiVersion: v1\nkind: Pod\n", "Pod: metadata.name or metadata.generateName"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: ''}\n",
            "Pod: metadata.name or metadata.generateName",
        ),
    ],
)
def test_what_no_api_server_takes_is_an_error(text: str, told: str) -> None:
    ((severity, message, _),) = flaws_of(text)
    assert severity == "error"
    assert message.startswith(told)


def test_a_pod_may_have_its_name_made_up() -> None:
    assert flaws_of("apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n") == []


def test_a_custom_resource_of_the_same_kind_has_fields_of_its_own() -> None:
    text = "apiVersion: batch.example.com/v1\nkind: Job\nmetadata: {name: a}\nspec: {queue: b}\n"
    assert flaws_of(text) == []


def test_the_table_has_every_field_of_kubernetes() -> None:
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    file = folder / "v1.35.0-local-strict" / "_definitions.json"
    definitions = json.loads(file.read_text(encoding="utf-8"))["$defs"]
    compared = 0
    for name, definition in definitions.items():
        group, _, short = name.rpartition(".")
        known = fields_of(short)
        if known and group.endswith(("api.core.v1", "api.apps.v1", "api.batch.v1")):
            assert set(definition.get("properties", {})) <= set(known), name
            compared += 1
    assert compared > 100
