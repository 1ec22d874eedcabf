"""Files of custom controls: what an environment may name, and what is wrong with one, by place."""

import pytest

from provisioner.blueprint import custom_controls
from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.json_schema import json_schemas
from provisioner.blueprint.yaml_format import format_yaml
from provisioner.model.diagnostic import DiagnosticError
from tests.unit.blueprint.invented_catalog import CATALOG, ENVIRONMENT, Memory

CONTROL = """\
apiVersion: azsec/v1
kind: Control
metadata: {id: ACME-01, title: Networks are closed}
severity: high
layer: network
rationale: What is open is found.
rules:
  - types: [Invented.Network/networks]
    expect: resource.body.properties.mode == "Closed"
"""


def load(listed: str, **files: str):
    texts = {"env.yaml": f"{ENVIRONMENT}controls: {listed}\n"}
    texts |= {f"{name}.yaml": text for name, text in files.items()}
    return load_environment("env.yaml", Memory(texts)).controls


def test_controls_are_read_in_the_order_in_which_they_are_named():
    second = CONTROL.replace("ACME-01", "ACME-02")
    found = load("[b.yaml, a.yaml]", a=CONTROL, b=second)
    assert [(control.id, control.path) for control in found] == [
        ("ACME-02", "b.yaml"),
        ("ACME-01", "a.yaml"),
    ]


def test_a_base_names_controls_relative_to_itself():
    base = "apiVersion: azsec/v1\nkind: EnvironmentBase\ncontrols: [own.yaml]\n"
    texts = {"env.yaml": f"{ENVIRONMENT}extends: bases/b.yaml\n", "bases/b.yaml": base}
    (control,) = load_environment("env.yaml", Memory({**texts, "bases/own.yaml": CONTROL})).controls
    assert control.path == "bases/own.yaml"


REFUSED = {
    "no file": ("[no.yaml]", CONTROL, "env.yaml:7:12: error: there is no file 'no.yaml'"),
    "named twice": (
        "[a.yaml, ./a.yaml]",
        CONTROL,
        "env.yaml:7:20: error: a.yaml is named twice. Remove one.",
    ),
    "an id twice": (
        "[a.yaml, b.yaml]",
        CONTROL,
        "b.yaml:3:16: error: ACME-01 is stated at a.yaml:3:16 already.",
    ),
    "an id that is none": (
        "[a.yaml]",
        CONTROL.replace("ACME-01", "ACME-1.2"),
        "a.yaml:3:16: error: 'ACME-1.2' is not an id of a custom control. Expected 2 to 12 capital",
    ),
    "a wrong severity": (
        "[a.yaml]",
        CONTROL.replace("severity: high", "severity: urgent"),
        "a.yaml:4:11: error: 'severity' is 'urgent'. Expected 'critical', 'high', 'medium', 'low' "
        "or 'info'.",
    ),
    "a misspelt key": (
        "[a.yaml]",
        CONTROL.replace("expect:", "expects:"),
        "a.yaml:9:5: error: 'rules.0.expects' is not a property of a Control. Did you mean "
        "'expect'?",
    ),
    "another kind": (
        "[a.yaml]",
        CONTROL.replace("kind: Control", "kind: Module"),
        "a.yaml:2:7: error: 'kind' is 'Module'. Expected 'Control'.",
    ),
    "no rule": (
        "[a.yaml]",
        CONTROL.partition("rules:")[0] + "rules: []\n",
        "a.yaml:7:8: error: 'rules'",
    ),
    "no CEL": (
        "[a.yaml]",
        CONTROL.replace('== "Closed"', "== ="),
        "a.yaml:9:13: error: the expression cannot be read, at character 34",
    ),
    "in braces": (
        "[a.yaml]",
        CONTROL.replace("resource.body", "${resource.body"),
        "a.yaml:9:13: error: the expression is enclosed in ${ }. Write it without",
    ),
    "another name": (
        "[a.yaml]",
        CONTROL.replace("resource.body", "cluster.body"),
        "a.yaml:9:13: error: nothing here is called 'cluster'. Expected resource.id, ",
    ),
    "a property outside of the body": (
        "[a.yaml]",
        CONTROL.replace("resource.body.properties", "resource.properties"),
        "a.yaml:9:13: error: a resource has no 'properties' here.",
    ),
    "the whole resource": (
        "[a.yaml]",
        CONTROL.replace("resource.body.properties.mode", "resource"),
        "a.yaml:9:13: error: the resource is read as a whole.",
    ),
    "an unknown function": (
        "[a.yaml]",
        CONTROL.replace("resource.body.properties.mode ==", "lowercase(resource.name) =="),
        "a.yaml:9:13: error: there is no function 'lowercase'.",
    ),
    "a path that is none": (
        "[a.yaml]",
        f"{CONTROL}    path: properties..mode\n",
        "a.yaml:10:11: error: 'properties..mode' is not a path of a property.",
    ),
    "a fence in the remediation": (
        "[a.yaml]",
        f'{CONTROL}remediation: "```"\n',
        "a.yaml:10:14: error: 'remediation' holds ```.",
    ),
    "a title of two lines": (
        "[a.yaml]",
        CONTROL.replace("title: Networks are closed", 'title: "one\\ntwo"'),
        "a.yaml:3:32: error: 'metadata.title'",
    ),
    "too long an expression": (
        "[a.yaml]",
        CONTROL.replace('"Closed"', '"' + "x" * 20_000 + '"'),
        "a.yaml:9:13: error: the expression has 20,0",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_control_is_refused_at_its_place(name):
    listed, text, said = REFUSED[name]
    with pytest.raises(DiagnosticError) as problem:
        load(listed, a=text, b=text)
    assert said in str(problem.value)


def test_a_folder_is_no_file(tmp_path, monkeypatch):
    """Files are named one by one: a folder, empty or not, is refused where it is named."""
    from provisioner.cli.workspace import FileSources

    monkeypatch.chdir(tmp_path)
    (tmp_path / "controls").mkdir()
    (tmp_path / "env.yaml").write_text(f"{ENVIRONMENT}controls: [controls]\n")
    with pytest.raises(DiagnosticError) as problem:
        load_environment("env.yaml", FileSources())
    assert "it is a folder; expected a regular file" in str(problem.value)


def test_everything_that_is_wrong_is_said_at_once():
    broken = CONTROL.replace("ACME-01", "acme").replace("resource.body", "cluster.body")
    with pytest.raises(DiagnosticError) as problem:
        load("[a.yaml, b.yaml, no.yaml]", a=broken, b=broken.replace("high", "urgent"))
    assert [each.code for each in problem.value.diagnostics] == [
        "wrong-id",
        "unknown-name",
        "wrong-value",
        "file-not-found",
    ]


def test_the_files_of_an_environment_are_bounded(monkeypatch):
    monkeypatch.setattr(custom_controls, "MAX_CONTROLS", 1)
    with pytest.raises(DiagnosticError, match="2 control files are named; at most 1 are read"):
        load("[a.yaml, b.yaml]", a=CONTROL, b=CONTROL)


def test_editors_and_the_layout_know_controls():
    schema = json_schemas(CATALOG)["control"]
    assert schema["properties"]["severity"]["enum"][0] == "critical"
    assert format_yaml(CONTROL, "a.yaml") == CONTROL
