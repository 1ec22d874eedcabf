"""Lists whose entries have one shape: rows, and one expression that makes the entries again."""

import pytest

from provisioner.adoption.list_tables import tabulate
from provisioner.adoption.naming import Namespace
from provisioner.adoption.yaml_text import Yaml, render_yaml
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.registry import Catalog
from provisioner.workflow.plan import load_desired
from tests.environments import ENVIRONMENT, TODAY


def rule(name: str, priority: int, **others: Yaml) -> dict[str, Yaml]:
    fixed: dict[str, Yaml] = {
        "priority": priority,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
    }
    return {"name": name, "properties": {**fixed, **others}}


RULES: list[Yaml] = [
    rule("web", 100, destinationPortRange="443"),
    rule("probes", 110, destinationPortRange="80"),
    rule("hosts", 120, destinationPortRanges=["8080", "5701"]),
]


def statement_of(entries: Yaml) -> dict[str, Yaml]:
    return {
        "type": "Microsoft.Network/networkSecurityGroups",
        "name": "nsg",
        "resourceGroup": "main",
        "properties": {"securityRules": entries},
    }


def body_of(catalog: Catalog, document: dict[str, Yaml], address: str = "rules") -> object:
    """Return the properties of a resource that a blueprint states."""
    group: Yaml = {"subscription": "workload", "name": "rg", "location": "westeurope"}
    blueprint: dict[str, Yaml] = {
        "apiVersion": "azsec/v1",
        "kind": "Blueprint",
        "metadata": {"name": "test", "description": "Tables."},
        "resourceGroups": {"main": group},
        **document,
    }
    files = {"environment.yaml": ENVIRONMENT, "blueprint.yaml": render_yaml(blueprint, {})}
    desired = load_desired("environment.yaml", catalog, MemoryFiles(files), TODAY)
    return desired.graph.resources[address].body["properties"]


def test_a_table_and_its_expression_say_what_the_list_said(catalog: Catalog) -> None:
    statement, tables = tabulate(statement_of(RULES), "rules", Namespace())

    assert tables == {
        "securityRules": [
            {"name": "web", "priority": 100, "port": "443"},
            {"name": "probes", "priority": 110, "port": "80"},
            {"name": "hosts", "priority": 120, "ports": ["8080", "5701"]},
        ]
    }
    found = body_of(catalog, {"locals": tables, "resources": {"rules": statement}})
    assert found == {"securityRules": RULES}


def test_lists_in_the_rows_of_a_for_each_become_their_tables(catalog: Catalog) -> None:
    groups: dict[str, Yaml] = {"none": [], "two": RULES[:2], "one": RULES[1:2]}
    statement = {**statement_of("${each.value}"), "forEach": groups, "name": "nsg-${each.key}"}

    made, tables = tabulate(statement, "rules", Namespace())

    assert not tables
    assert made["forEach"] == {
        "none": [],
        "two": [
            {"name": "web", "priority": 100, "port": "443"},
            {"name": "probes", "priority": 110, "port": "80"},
        ],
        "one": [{"name": "probes", "priority": 110, "port": "80"}],
    }
    for key, rules in groups.items():
        found = body_of(catalog, {"resources": {"rules": made}}, f"rules[{key}]")
        assert found == {"securityRules": rules}


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param(RULES[:2], id="too few"),
        pytest.param([*RULES, "a text"], id="not objects alone"),
        pytest.param([{"name": "a", "x": 1}, {"name": "b", "y": 2}] * 3, id="nothing in common"),
        pytest.param([{"a": 1}, {"a": {"b": 1}}, {"a": 2}], id="a value and an object"),
    ],
)
def test_what_no_table_makes_shorter_stays_a_list(entries: list[Yaml]) -> None:
    statement = statement_of(entries)
    assert tabulate(statement, "rules", Namespace()) == (statement, {})


def test_texts_that_an_expression_cannot_hold_stand_in_the_rows(catalog: Catalog) -> None:
    """`$${x}` is a text and `${environment.name}` an expression: neither is part of the other."""
    odd = 'a "b", c: {d} \\ é'
    rules = [rule(f"r{n}", n + 100, description="$${x} ${environment.name}") for n in range(3)]
    for each in rules:
        properties = each["properties"]
        assert isinstance(properties, dict)
        properties["destinationPortRange"] = odd

    statement, tables = tabulate(statement_of(list(rules)), "rules", Namespace(["securityRules"]))

    assert list(tables) == ["rulesSecurityRules"]
    found = body_of(catalog, {"locals": tables, "resources": {"rules": statement}})
    assert isinstance(found, dict)
    first = found["securityRules"][0]["properties"]
    assert (first["description"], first["destinationPortRange"]) == ("${x} test", odd)
