"""Environments that extend others: what is merged, whose place a value has, what is refused."""

import pytest

from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.json_schema import json_schemas
from provisioner.model.diagnostic import DiagnosticError
from tests.unit.blueprint.invented_catalog import CATALOG, TENANT, WORKLOAD, Memory, composed

HUB = "cccccccc-0000-0000-0000-000000000000"
BASE = f"""\
apiVersion: azsec/v1
kind: EnvironmentBase
blueprint: ../blueprints/small.yaml
tenantId: {TENANT}
subscriptions: {{workload: {WORKLOAD}, hub: {HUB}}}
parameters:
  zones: [a, b]
  labels: {{team: blue, cost: "1"}}
  size: 3
  drop: me
adopt: [net, other]
kubernetes: {{access: {{via: kubeconfig, kubeconfig: admin.conf}}}}
gates: {{controls: low}}
"""
OVERLAY = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: prod}
extends: bases/common.yaml
subscriptions: {hub: null}
parameters:
  zones: [c]
  labels: {cost: "2"}
  drop: null
  nothing: null
gates: null
"""


def _load(**files):
    texts = {"environments/prod.yaml": OVERLAY, "bases/common.yaml": BASE}
    texts |= {f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}
    return load_environment("environments/prod.yaml", Memory(texts))


def _plain(environment):
    return {name: node.plain() for name, node in environment.parameters.items()}


@pytest.fixture
def loaded():
    return _load(environments__prod=OVERLAY.replace("bases/", "../bases/"))


def test_mappings_are_merged_lists_are_replaced_and_null_removes(loaded):
    assert _plain(loaded) == {
        "zones": ["c"],
        "labels": {"team": "blue", "cost": "2"},
        "size": 3,
    }
    assert loaded.subscriptions == {"workload": WORKLOAD}
    assert loaded.adopt == ("net", "other")
    assert loaded.controls_gate == "high"  # removed: the default
    assert (loaded.name, loaded.states_id) == ("prod", False)


def test_a_value_has_the_place_where_it_is_written(loaded):
    places = {name: str(node.span) for name, node in loaded.parameters.items()}
    assert places["size"] == "bases/common.yaml:9:9"
    assert places["zones"] == "environments/prod.yaml:7:10"
    assert str(loaded.parameters["labels"].find(("team",)).span) == "bases/common.yaml:8:18"


def test_a_path_is_relative_to_the_file_that_states_it(loaded):
    assert loaded.blueprint == "blueprints/small.yaml"
    access = loaded.kubernetes.access
    assert access is not None
    assert access.kubeconfig == "../bases/admin.conf"


def test_a_base_may_extend_another_and_an_environment_may_be_one():
    environment = _load(
        environments__prod=OVERLAY.replace("bases/common", "stage"),
        environments__stage=OVERLAY.replace("bases", "../bases").replace("[c]", "[s]")
        + "cloud: AzureChinaCloud\n",
    )
    assert environment.cloud == "AzureChinaCloud"
    assert environment.name == "prod"
    assert _plain(environment)["zones"] == ["c"]


ELSEWHERE = ["/etc/admin.conf", "~/.kube/config", "https://a.blob.core.windows.net/c/x", "azsec:x"]


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_is_relative_to_nothing_stays(text):
    environment = _load(
        environments__prod=OVERLAY.replace("bases/", "../bases/"),
        bases__common=BASE.replace("admin.conf", f'"{text}"'),
    )
    assert environment.kubernetes.access is not None
    assert environment.kubernetes.access.kubeconfig == text


DEEP = {
    f"environments__b{n}": f"apiVersion: azsec/v1\nkind: EnvironmentBase\nextends: b{n + 1}.yaml\n"
    for n in range(12)
}
REFUSED = [
    (
        "no such file",
        {},
        "environments/prod.yaml:4:10: error: there is no file 'environments/bases/",
    ),
    (
        "in a circle",
        {
            "environments__prod": OVERLAY.replace("bases/common", "b"),
            "environments__b": "apiVersion: azsec/v1\nkind: EnvironmentBase\nextends: prod.yaml\n",
        },
        "environments/b.yaml:3:10: error: these extend each other: environments/prod.yaml -> "
        "environments/b.yaml -> environments/prod.yaml.",
    ),
    (
        "itself",
        {"environments__prod": OVERLAY.replace("bases/common", "prod")},
        "these extend each other: environments/prod.yaml -> environments/prod.yaml.",
    ),
    (
        "no end",
        {"environments__prod": OVERLAY.replace("bases/common", "b0"), **DEEP},
        "environments/b7.yaml:3:10: error: more than 8 files extend each other.",
    ),
    (
        "a list",
        {"environments__prod": OVERLAY.replace("bases/common.yaml", "[a.yaml, b.yaml]")},
        "environments/prod.yaml:4:10: error: 'extends' is not a string.",
    ),
    (
        "no environment",
        {
            "environments__prod": OVERLAY.replace("bases/common", "b"),
            "environments__b": "apiVersion: azsec/v1\nkind: Blueprint\n",
        },
        "environments/prod.yaml:4:10: error: environments/b.yaml is neither an environment nor a "
        "base",
    ),
    (
        "a base alone",
        {"environments__prod": BASE},
        "environments/prod.yaml:2:7: error: environments/prod.yaml is a base",
    ),
    (
        "a mistake of the base has its place there",
        {
            "environments__prod": OVERLAY.replace("bases/", "../bases/"),
            "bases__common": BASE + "waivrs: []\n",
        },
        "bases/common.yaml:14:1: error: 'waivrs' is not a property of an Environment.",
    ),
    (
        "a name is not taken over",
        {
            "environments__prod": "apiVersion: azsec/v1\nkind: Environment\nextends: b.yaml\n",
            "environments__b": BASE + "metadata: {name: b}\n",
        },
        "'metadata' is required",
    ),
    (
        "a secret of the base, replaced or not",
        {
            "environments__prod": OVERLAY.replace("bases/", "../bases/"),
            "bases__common": BASE.replace("drop: me", "password: Hunter2hunter2\n  drop: me"),
        },
        "bases/common.yaml:10:3: error: parameters.password is a secret",
    ),
]


@pytest.mark.parametrize(("files", "said"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_cannot_be_merged_is_refused_with_its_place(files, said):
    with pytest.raises(DiagnosticError) as problem:
        _load(**files)
    assert said in str(problem.value)


def test_an_editor_asks_an_overlay_and_a_base_for_less():
    schema = json_schemas(CATALOG)["environment"]
    assert schema["required"] == ["apiVersion", "kind"]
    assert "blueprint" in schema["then"]["required"]
    assert "extends" in schema["properties"]
    assert composed("").resources


def test_a_base_in_git_names_no_file_of_this_machine():
    """A kubeconfig beside a base in git is no path that kubectl could open."""
    base = "git::https://example.com/org/repo//bases/common.yaml?ref=v1.0.0"
    texts = {
        "environments/prod.yaml": OVERLAY.replace("bases/common.yaml", f'"{base}"'),
        base: BASE,
    }
    with pytest.raises(DiagnosticError) as refused:
        load_environment("environments/prod.yaml", Memory(texts))
    (told,) = refused.value.diagnostics
    assert "'kubeconfig' names a file beside git::https://example.com" in told.message
    assert str(told.span) == f"{base}:12:52"
