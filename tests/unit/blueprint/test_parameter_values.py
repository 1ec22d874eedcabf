"""Values that a command gives to parameters: what they are read as, which counts, what is wrong."""

import pytest

from provisioner.blueprint.composition import compose
from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.parameter_values import (
    ParameterValue,
    Source,
    check_unique,
    describe_given_values,
    plain_value,
    read_assignment,
    read_parameter_file,
    read_variables,
    recorded_value,
    with_given_values,
)
from provisioner.model.diagnostic import DiagnosticError
from tests.unit.blueprint.invented_catalog import BLUEPRINT, CATALOG, ENVIRONMENT, Memory

PARAMETERS = """\
parameters:
  version: {type: string, default: "1.30"}
  count: {type: integer, default: 1, maximum: 5}
  zones: {type: list, items: {type: string}, default: []}
  labels: {type: map, default: {}}
  anything: {type: any, nullable: true}
  location: {type: string, enum: [westeurope, northeurope], default: westeurope}
outputs:
  version: ${version}
  count: ${count}
  zones: ${zones}
  labels: ${labels}
  anything: ${anything}
  location: ${location}
"""


def _set(name, text):
    return ParameterValue(name, text, Source.SET, f"--set {name}")


def _outputs(values, stated=""):
    files = {"env.yaml": ENVIRONMENT + stated, "blueprint.yaml": BLUEPRINT + PARAMETERS}
    sources = Memory(files)
    environment = with_given_values(load_environment("env.yaml", sources), values, sources)
    return environment, compose(environment, CATALOG, sources).outputs


READ = [
    ("version", "1.30", "1.30", "a text is taken as it is"),
    ("version", "true", "true", "also where YAML has another idea"),
    ("version", "", "", "also an empty one"),
    ("version", "a: ${count} $${x}", "a: ${count} $${x}", "nothing in it is an expression"),
    ("count", "3", 3, "other types are YAML"),
    ("zones", "['1', '2']", ["1", "2"], "in flow style"),
    ("zones", "- a\n- b\n", ["a", "b"], "in block style"),
    ("labels", "{a: '${count}', '${count}': b}", {"a": "${count}", "${count}": "b"}, "plain data"),
    ("anything", "", None, "nothing is null"),
    ("anything", "1.50", 1.5, "any type is YAML"),
]


@pytest.mark.parametrize(("name", "text", "value", "_why"), READ, ids=[row[3] for row in READ])
def test_a_value_is_read_by_the_type_of_its_parameter(name, text, value, _why):
    environment, outputs = _outputs([_set(name, text)])
    assert outputs.get(name) == value
    (node,) = environment.given.values()
    assert plain_value(node) == value
    recorded = recorded_value(name, value, f"--set {name}")
    assert _outputs([recorded])[1] == outputs


def test_what_counts_more_wins():
    given = [
        *read_variables({"AZSEC_PARAM_version": "variable", "AZSEC_PARAM_count": "2", "PATH": "/"}),
        *read_parameter_file("one.yaml", "location: northeurope\nlabels: {from: one}\n"),
        *read_parameter_file("two.yaml", "labels: {from: two}\nzones: [z]\n"),
        _set("zones", "[s]"),
    ]
    environment, outputs = _outputs(given, "parameters: {version: file, zones: [f]}\n")
    assert outputs["version"] == "file"  # a variable only gives what nothing else does
    assert outputs["count"] == 2
    assert outputs["labels"] == {"from": "two"}
    assert outputs["zones"] == ["s"]
    assert [str(told) for told in describe_given_values(environment)] == [
        f"warning: the parameter {told}. It is part of the plan's digest."
        for told in (
            "'count' is 2, given by AZSEC_PARAM_count",
            "'labels' is {'from': 'two'}, given by two.yaml:1:1",
            "'location' is 'northeurope', given by one.yaml:1:1",
            "'zones' is ['s'], given by --set zones",
        )
    ]


WRONG = [
    ("not a parameter", [_set("lcation", "x")], "--set lcation: blueprint.yaml has no parameter "
     "'lcation'. Did you mean 'location'?"),
    ("not accepted", [_set("location", "moon")],
     "--set location: error: parameter 'location' is 'moon'; expected one of"),
    ("not YAML", [_set("zones", "[a")], "--set zones:2:1: error: this is not valid YAML"),
    ("beyond a limit", read_variables({"AZSEC_PARAM_count": "9"}),
     "AZSEC_PARAM_count: error: parameter 'count' is 9; expected at most 5"),
    ("of another type in a file", read_parameter_file("p.yaml", "count: many\n"),
     "p.yaml:1:8: error: parameter 'count' is 'many'; expected a whole number"),
    ("a secret", [_set("labels", "{password: Hunter2hunter2}")],
     "password is a secret, and no file may hold one"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "said"), [r[1:] for r in WRONG], ids=[r[0] for r in WRONG])
def test_what_is_wrong_is_said_with_what_gave_it(values, said):
    with pytest.raises(DiagnosticError) as problem:
        _outputs(list(values))
    assert said in str(problem.value)
    assert "Hunter2" not in str(problem.value)


REFUSED = [
    (lambda: read_assignment("location", Source.SET), "--set 'location' names no parameter and"),
    (lambda: read_assignment("a.b=1", Source.SET), "Expected --set name=value"),
    (lambda: read_assignment("=x", Source.SET_FILE), "Expected --set-file name=FILE"),
    (lambda: check_unique([_set("a", "1"), _set("a", "2")]), "is given by --set and by --set"),
    (
        lambda: list(read_parameter_file("p.yaml", "[a]")),
        "p.yaml:1:1: error: this is not a mapping",
    ),
    (
        lambda: list(read_parameter_file("p.yaml", "a: [1, '${b}']")),
        "p.yaml:1:8: error: the value holds the expression '${b}'.",
    ),
]


@pytest.mark.parametrize(("act", "said"), REFUSED, ids=[row[1][:30] for row in REFUSED])
def test_what_gives_no_value_is_refused(act, said):
    with pytest.raises(DiagnosticError) as problem:
        act()
    assert said in str(problem.value)


def test_a_variable_for_another_blueprint_gives_nothing():
    environment, _ = _outputs(list(read_variables({"AZSEC_PARAM_other": "x", "AZSEC_PARAM_": "y"})))
    assert not environment.given
