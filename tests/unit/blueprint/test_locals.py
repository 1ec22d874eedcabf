"""Locals: named values of a file, evaluated when something reads them."""

import pytest

from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.values import Unknown
from tests.unit.blueprint.invented_catalog import composed, composed_alone, section

NETWORK = """\
resources:
  net:
    type: Invented.Network/networks
    name: ${prefix}
    resourceGroup: main
    properties: {addressSpace: {addressPrefixes: "${all}"}}
  sub:
    type: Invented.Network/networks/subnets
    name: nodes
    parent: ${net.id}
    properties: {addressPrefix: "${ranges.nodes}"}
"""
LOCALS = section(
    "locals",
    """
    all: '${[ranges.nodes, ranges["pods"]]}'
    ranges:
      nodes: ${cidrsubnet("10.0.0.0/16", 8, 1)}
      pods: ${cidrsubnet("10.0.0.0/16", 8, 2)}
      state: ${net.properties.state}
    prefix: ${lower("NET")}-${environment.name}
    """,
)


def _waits(graph, address):
    return {edge.on for edge in graph.resources[address].edges}


def test_locals_are_read_like_parameters_and_read_each_other_in_any_order():
    graph = composed(LOCALS + NETWORK)
    assert graph.resources["net"].id.name == "net-test"
    space = graph.resources["net"].body["properties"]["addressSpace"]
    assert space == {"addressPrefixes": ["10.0.1.0/24", "10.0.2.0/24"]}


def test_of_a_map_only_the_entry_that_is_read_is_evaluated():
    """`ranges.state` comes from the network, and the network reads `ranges.nodes` all the same."""
    graph = composed(LOCALS + NETWORK)
    assert _waits(graph, "net") == {"resourceGroups.main"}


def test_what_is_only_known_after_apply_stays_so_in_a_local():
    outputs = 'outputs:\n  state: ${ranges["state"]}\n  text: is ${ranges.state}\n'
    graph = composed(LOCALS + NETWORK + outputs)
    assert isinstance(graph.outputs["state"], Unknown)
    assert str(graph.outputs["text"]) == "(known after apply: net.properties.state)"


def test_a_module_has_locals_of_its_own_and_its_resources_wait_for_what_they_came_from():
    module = (
        "parameters:\n  state: {type: any}\nlocals:\n  mode: {value: '${state}'}\n"
        "resources:\n  id:\n    type: Invented.Identity/identities\n    name: id\n"
        "    tags: {state: '${mode.value}'}\n"
    )
    call = (
        "modules:\n  m:\n    source: m.yaml\n    resourceGroup: main\n"
        "    parameters: {state: '${net.properties.state}'}\n"
    )
    graph = composed(LOCALS + NETWORK + call, m=module)
    assert _waits(graph, "m.id") == {"net", "resourceGroups.main"}
    with pytest.raises(DiagnosticError, match="nothing here is called 'prefix'"):
        composed(LOCALS + NETWORK + call, m=module.replace("${mode.value}", "${prefix}"))


def test_groups_read_locals_and_locals_read_groups():
    """Groups are placed one after the other: a local that was read before the last one was placed
    is not kept."""
    text = (
        "  west: {subscription: workload, name: '${names.west}', location: '${place}'}\n"
        "locals:\n  names: {west: rg-west}\n  place: westeurope\n"
        "  groups: '${keys(resourceGroups)}'\n  first: '${size(groups)}'\n"
        "outputs:\n  groups: '${groups}'\n  size: '${first}'\n"
    )
    graph = composed(text)
    assert graph.resources["resourceGroups.west"].id.name == "rg-west"
    assert graph.outputs == {"groups": ["main", "west"], "size": 2}


REFUSED = [
    (
        "a cycle has its chain",
        "locals:\n  a: ${b}\n  b: {x: '${c}'}\n  c: ${a}\n",
        "blueprint.yaml:7:6: error: these wait for each other: a (its value) -> b (its value) -> "
        "c (its value) -> a. Break it",
    ),
    (
        "through a resource too",
        "locals:\n  a: ${net.properties.hops}\nresources:\n  net:\n    resourceGroup: main\n"
        "    type: Invented.Network/networks\n    name: net\n    properties: {hops: '${a}'}\n",
        "these wait for each other: a (its value) -> net (its properties) -> a.",
    ),
    (
        "one that reads itself",
        "locals: {a: '${a + 1}'}\n",
        "these wait for each other: a (its value) -> a.",
    ),
    (
        "a mistake has its place, also where nothing reads it",
        "locals:\n  names:\n    - ${lowr('A')}\n",
        "blueprint.yaml:8:7: error: there is no function 'lowr'. Did you mean 'lower'?",
    ),
    (
        "what Bicep calls by another name",
        "locals: {n: '${toLower(\"A\")}'}\n",
        "there is no function 'toLower'. Write lower(text).",
    ),
    (
        "an unknown name offers locals",
        "locals: {prefix: a, name: '${prefx}-b'}\n",
        "nothing here is called 'prefx'. Did you mean 'prefix'?",
    ),
    (
        "names are shared",
        "parameters:\n  a: {type: string, default: x}\nlocals: {a: y}\n",
        "blueprint.yaml:8:10: error: 'a' is already one of the parameters.",
    ),
    ("azsec's own names", "locals: {environment: x}\n", "'environment' is a name of azsec's own."),
    ("names of expressions", "locals: {a-b: x}\n", "'a-b' cannot be used in expressions."),
    (
        "a secret",
        "locals:\n  password: ${lower('Hunter2hunter2')}\n",
        "blueprint.yaml:7:13: error: password is a secret, and no file may hold one.",
    ),
    ("not a map", "locals: [a]\n", "blueprint.yaml:6:9: error: 'locals'"),
    (
        "loops have no entry here",
        "locals: {a: '${each.key}'}\n",
        "nothing here is called 'each'.",
    ),
]


@pytest.mark.parametrize(("text", "said"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_is_wrong_with_a_local_is_said_with_its_place(text, said):
    with pytest.raises(DiagnosticError) as problem:
        composed(text)
    assert said in str(problem.value)
    assert len(problem.value.diagnostics) == 1


def test_values_that_double_have_an_end():
    doubled = "".join(f"  l{n + 1}: '${{[l{n}, l{n}]}}'\n" for n in range(30))
    with pytest.raises(DiagnosticError, match=r"has a value larger than 500,000 items"):
        composed_alone(f"locals:\n  l0: x\n{doubled}")
