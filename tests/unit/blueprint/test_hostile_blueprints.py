"""What a stranger writes into a blueprint is refused by the bound that it exceeds."""

import pytest

from provisioner.model.diagnostic import DiagnosticError
from tests.unit.blueprint.invented_catalog import composed_alone

NETWORK = """\
resources:
  net:
    type: Invented.Network/networks
    resourceGroup: main
    name: net
"""


def refusal(blueprint: str, parameters: str = "", **modules: str) -> str:
    with pytest.raises(DiagnosticError) as problem:
        composed_alone(blueprint, parameters, **modules)
    return str(problem.value)


def test_a_pattern_is_matched_in_linear_time():
    parameter = 'parameters:\n  p: {type: string, pattern: "(a+)+"}\n'
    said = refusal(parameter, f"parameters: {{p: {'a' * 40}!}}\n")
    assert "expected a match of (a+)+" in said


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\\1", "[", "a{1001}", "a" * 501])
def test_a_pattern_that_re2_does_not_know_is_refused_where_it_stands(pattern):
    said = refusal(f'parameters:\n  p: {{type: string, pattern: "{pattern}"}}\n')
    assert said.startswith("blueprint.yaml:7:30: error: 'parameters.p.pattern' ")


def test_a_loop_has_a_bound():
    names = ", ".join(f'"n{number}"' for number in range(150))
    module = NETWORK.replace("    resourceGroup: main\n", f"    forEach: '${{[{names}]}}'\n")
    module = module.replace("name: net", "name: ${each.key}")
    call = f"modules:\n  m: {{source: m.yaml, resourceGroup: main, forEach: '${{[{names}]}}'}}\n"
    assert "the environment has more than 10,000 resources" in refusal(call, m=module)


def test_values_that_refer_to_each_other_without_end_are_refused():
    chain = "".join(
        f"  m{i}: {{source: m.yaml, parameters: {{x: '${{m{i + 1}.y}}'}}}}\n" for i in range(400)
    )
    last = "  m400: {source: m.yaml, parameters: {x: a}}\n"
    module = "parameters:\n  x: {type: string}\noutputs:\n  y: ${x}\n"
    assert "over too many levels" in refusal(f"modules:\n{chain}{last}", m=module)


def test_a_value_that_is_put_in_many_places_costs_in_each():
    items = ", ".join(["0"] * 2_000)
    parameter = f"parameters:\n  p: {{type: list, default: [{items}]}}\n"
    outputs = "outputs:\n" + "".join(f"  o{number}: ${{p}}\n" for number in range(1_600))
    said = refusal(parameter + outputs)
    assert "the expression '${p}' costs more than the 3,000,000 steps" in said


def test_a_default_holds_no_expression():
    said = refusal('parameters:\n  p: {type: map, default: {"${one.id}": {}}}\n')
    assert "blueprint.yaml:7:28: error: the default holds the expression '${one.id}'." in said


def test_two_names_in_another_case_are_one():
    both = NETWORK + "    tags: {team: a, Team: b}\n"
    said = refusal(both)
    assert (
        "tags.Team is 'team' in a different case, which is defined at blueprint.yaml:11:12" in said
    )


def test_ones_own_tag_goes_before_that_of_the_blueprint_in_any_case():
    graph = composed_alone("tags: {Team: a}\n" + NETWORK + "    tags: {team: b}\n")
    tags = graph.resources["net"].body["tags"]
    assert {key: value for key, value in tags.items() if key.lower() == "team"} == {"team": "b"}


def test_an_expression_in_a_key_is_evaluated_and_waited_for():
    other = NETWORK.replace(" net", " other").split("\n", 1)[1]
    graph = composed_alone(NETWORK + '    tags: {"${other.name}-x": y}\n' + other)
    net = graph.resources["net"]
    assert net.body["tags"]["other-x"] == "y"
    assert "other" in {edge.on for edge in net.edges}


def test_two_keys_that_come_to_the_same_are_refused():
    said = refusal(NETWORK + '    tags: {a: 1, "${"a"}": 2}\n'.replace('"${"a"}"', "'${\"a\"}'"))
    assert "are both 'a'" in said
