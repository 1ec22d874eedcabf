"""What a Terraform state and a template say of where to look."""

import json

import pytest

from provisioner.adoption.template_source import MOST_TEMPLATES, read_template
from provisioner.adoption.terraform_source import MOST_MODULES, read_terraform
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.resource_id import ResourceId

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
ROUTES = f"{GROUP}/providers/Microsoft.Network/routeTables/rt"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def of_module(*ids: str) -> dict[str, object]:
    return {"resources": [{"mode": "managed", "values": {"id": each}} for each in ids]}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            {"format_version": "1.0", "values": {"root_module": of_module(VAULT, ROUTES)}}
        ),
        pytest.param(
            {
                "format_version": "1.2",
                "planned_values": {"root_module": {"child_modules": [of_module(ROUTES)]}},
                "prior_state": {"values": {"root_module": of_module(VAULT, f"{VAULT}|{ROUTES}")}},
            },
            id="a plan, with modules and an association",
        ),
        pytest.param(
            {
                "version": 4,
                "resources": [
                    {"instances": [{"attributes": {"id": VAULT}}, {"attributes": {"id": 7}}, None]},
                    {"mode": "managed", "instances": [{"attributes": {"id": ROUTES}}]},
                    {"mode": "data", "instances": [{"attributes": {"id": f"{VAULT}2"}}]},
                    "garbage",
                ],
            },
            id="a state with what is none",
        ),
    ],
)
def test_a_state_and_a_plan_list_ids(document: object) -> None:
    assert [each.text for each in read_terraform(json.dumps(document), "f")] == [VAULT, ROUTES]


@pytest.mark.parametrize(
    ("written", "name", "is_it"),
    [
        pytest.param("kv", "KV", True, id="without case"),
        pytest.param("kv", "kv2", False, id="another"),
        pytest.param("[parameters('name')]", "whatever", True, id="only a deployment knows"),
        pytest.param("[format('kv-{0}-x', variables('p'))]", "kv-9-x", True, id="format"),
        pytest.param("[format('kv-{0}-x', variables('p'))]", "rt-9-x", False, id="not of it"),
        pytest.param("[concat(parameters('p'), '-kv')]", "acme-kv", True, id="concat"),
        pytest.param("[concat(parameters('p'), '-kv')]", "acme-rt", False, id="not concat"),
        pytest.param("[[odd]", "[odd]", True, id="an escaped bracket"),
    ],
)
def test_a_name_in_a_template_holds_as_far_as_the_template_says_it(
    written: str, name: str, is_it: bool
) -> None:
    vault = {"type": "Microsoft.KeyVault/vaults", "name": written}
    template = {"$schema": SCHEMA, "resources": {"symbolic": vault}}

    (pattern,) = read_template(json.dumps(template), "f")

    resource = ResourceId("Microsoft.KeyVault/vaults", (name,), ResourceId.parse(GROUP))
    assert pattern.holds(resource) is is_it


def test_nested_deployments_and_children_are_part_of_a_template() -> None:
    subnet = {"type": "subnets", "name": "apps"}
    network = {"type": "Microsoft.Network/virtualNetworks", "name": "vnet", "resources": [subnet]}
    inner = {"properties": {"template": {"$schema": SCHEMA, "resources": [network]}}}
    nested = {"type": "Microsoft.Resources/deployments", "name": "d", **inner}
    read = {"type": "Microsoft.KeyVault/vaults", "name": "kv", "existing": True}

    found = read_template(json.dumps({"$schema": SCHEMA, "resources": [nested, read]}), "f")

    assert [(each.type, each.written) for each in found] == [
        ("Microsoft.Network/virtualNetworks", "vnet"),
        ("Microsoft.Network/virtualNetworks/subnets", "apps"),
    ]
    assert found[1].holds(ResourceId(found[1].type, ("vnet", "apps"), ResourceId.parse(GROUP)))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"$schema": 1}', '{"resources": []}'])
def test_garbage_is_refused_with_its_file(text: str) -> None:
    for read in (read_template, read_terraform):
        with pytest.raises(DiagnosticError) as told:
            read(text, "garbage.json")
        assert "garbage.json" in str(told.value.diagnostics[0])


def test_what_exceeds_a_bound_is_refused_and_not_read_in_part() -> None:
    modules = {"root_module": {"child_modules": [of_module(VAULT)] * MOST_MODULES}}
    plan = json.dumps({"format_version": "1.0", "values": modules})
    with pytest.raises(DiagnosticError, match=r"plan.json has more than 10,000 modules"):
        read_terraform(plan, "plan.json")

    nested = {
        "type": "Microsoft.Resources/deployments",
        "properties": {"template": {"resources": [{"type": "A.B/c", "name": "d"}]}},
    }
    template = json.dumps({"$schema": SCHEMA, "resources": [nested] * MOST_TEMPLATES})
    with pytest.raises(DiagnosticError, match=r"main.json has more than 1,000 nested"):
        read_template(template, "main.json")
