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
    found = read_terraform(json.dumps(document), "f")
    assert [each.text for each in found.resources] == [VAULT, ROUTES]
    assert not found.unread


STORE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stacme"


@pytest.mark.parametrize(
    ("kind", "written", "made"),
    [
        pytest.param(
            "monitor_diagnostic_setting",
            f"{VAULT}|logs",
            f"{VAULT}/providers/Microsoft.Insights/diagnosticSettings/logs",
            id="diagnostic setting",
        ),
        pytest.param(
            "storage_container",
            "https://stacme.blob.core.windows.net/data",
            f"{STORE}/blobServices/default/containers/data",
            id="container",
        ),
        pytest.param(
            "storage_table",
            "https://stacme.table.core.windows.net/Tables('rows')",
            f"{STORE}/tableServices/default/tables/rows",
            id="table",
        ),
        pytest.param("role_assignment", f"{ROUTES}x|{VAULT}", f"{ROUTES}x", id="a tenant behind"),
        pytest.param("storage_share", "https://other.file.core.windows.net/data", None, id="share"),
        pytest.param("key_vault_secret", "https://kv.vault.azure.net/secrets/a/b", None, id="data"),
        pytest.param("storage_blob", "https://stacme.blob.core.windows.net/a/b", None, id="blob"),
        pytest.param(
            "management_group",
            "/providers/Microsoft.Management/managementGroups/root",
            None,
            id="no subscription",
        ),
    ],
)
def test_an_id_of_azurerm_becomes_one_of_azure_or_is_told_by_its_address(
    kind: str, written: str, made: str | None
) -> None:
    instances = [{"index_key": "a", "attributes": {"id": written}}]
    resource = {"type": f"azurerm_{kind}", "name": "one", "module": "module.m"}
    account = {"type": "azurerm_storage_account", "instances": [{"attributes": {"id": STORE}}]}
    state = {"version": 4, "resources": [{**resource, "instances": instances}, account]}

    found = read_terraform(json.dumps(state), "f")

    address = f'module.m.azurerm_{kind}.one["a"]'
    ids = {each.text for each in found.resources} - {STORE}
    assert ids == ({made} if made is not None else set())
    assert [each.address for each in found.unread] == ([] if made is not None else [address])
    assert not any(written in each.reason for each in found.unread)


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


def test_an_extension_resource_may_be_written_with_what_it_stands_on() -> None:
    kind = "Microsoft.KeyVault/vaults/providers/locks"
    lock = {"type": kind, "name": "[concat('kv', '/Microsoft.Authorization/keep')]"}

    (pattern,) = read_template(json.dumps({"$schema": SCHEMA, "resources": [lock]}), "f")

    assert pattern.holds(ResourceId.parse(f"{VAULT}/providers/Microsoft.Authorization/locks/keep"))
    for other in (
        f"{VAULT}/providers/Microsoft.Authorization/locks/other",
        f"{ROUTES}/providers/Microsoft.Authorization/locks/keep",
        f"{GROUP}/providers/Microsoft.Authorization/locks/keep",
        VAULT,
    ):
        assert not pattern.holds(ResourceId.parse(other))


def test_bicep_is_refused_with_the_command_that_compiles_it() -> None:
    with pytest.raises(DiagnosticError, match=r"main.bicep is Bicep") as told:
        read_template("resource kv 'Microsoft.KeyVault/vaults@2024-11-01'", "main.bicep")
    assert "az bicep build --file main.bicep" in str(told.value.diagnostics[0].hint)
