"""What `azsec adopt` finds is in its files or told: nothing that stands there is lost."""

import json
from pathlib import Path

import pytest

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from tests.environments import Bench
from tests.estates import put, put_raw

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-acme-one"
SOURCE = ("--resource-group", f"{SUBSCRIPTION}/rg-acme-one")
BUS = f"{GROUP}/providers/Microsoft.ServiceBus/namespaces/sb-acme"
BAR = f"{GROUP}/providers/Contoso.Foo/bars/one"
VERSIONS = (
    "--api-version",
    "Microsoft.ServiceBus/namespaces=2024-04-01",
    "--api-version",
    "Contoso.Foo/bars=2024-04-01",
)


@pytest.fixture
def azure(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A built-in Azure with one group that the commands of this process reach, in an empty
    folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZSEC_CLOUD", "local")
    monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", bench.server.endpoint)
    monkeypatch.setenv("COLUMNS", "120")
    put(bench, GROUP, {"location": "westeurope"})
    return bench


def run(*words: str) -> int:
    return run_guarded(app, words)


def blueprints(folder: Path) -> str:
    return "".join(p.read_text(encoding="utf-8") for p in sorted(folder.rglob("blueprints/*.yaml")))


def test_what_stands_in_a_raw_type_is_adopted_or_named(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_raw(azure, BUS, {"location": "westeurope", "properties": {"size": 1}})
    put_raw(azure, f"{BUS}/queues/orders", {"properties": {"maxSizeInMegabytes": 1024}})
    put_raw(azure, BAR, {"location": "westeurope", "properties": {"size": 1}})
    put_raw(azure, f"{BAR}/bazs/inner", {"properties": {"size": 2}})

    assert run("adopt", "all", *SOURCE, *VERSIONS, "--out", "all") == 0

    text = blueprints(tmp_path / "all")
    assert "Microsoft.ServiceBus/namespaces/queues" in text
    assert "Contoso.Foo/bars/bazs" in text
    capsys.readouterr()

    # Nobody says what can stand in a type: nothing is claimed of it.
    azure.server.faults.deny("Microsoft.Resources/subscriptions/providers/read")
    assert run("adopt", "part", *SOURCE, *VERSIONS, "--out", "part", "-o", "json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "proven in part"
    paths = [each["path"] for each in document["unreadable"]]
    assert paths == ["children of Contoso.Foo/bars", "children of Microsoft.ServiceBus/namespaces"]
    assert "AuthorizationFailed" in document["unreadable"][0]["reason"]


def test_a_policy_that_denies_the_marks_is_told_before_the_files_are_called_proven(
    azure: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-acme"
    put(azure, identity, {"location": "westeurope"})
    policies = "providers/Microsoft.Authorization"
    definition = f"/subscriptions/{SUBSCRIPTION}/{policies}/policyDefinitions/no-marks"
    marked = {"field": "tags['azsec-mark']", "exists": "true"}
    rule = {"if": marked, "then": {"effect": "deny"}}
    kind = {"policyType": "Custom", "mode": "Indexed"}
    put(azure, definition, {"properties": {**kind, "policyRule": rule}})
    assignment = f"{GROUP}/{policies}/policyAssignments/no-marks"
    put(azure, assignment, {"properties": {"policyDefinitionId": definition}})

    assert run("adopt", "denied", *SOURCE) == 1

    told = " ".join(capsys.readouterr().out.split())
    assert "Azure Policy denies it" in told
    assert "not proven: the plan of these files changes nothing but azsec's marks" in told
    assert "it has errors" in told

    # Who only watches writes no marks, and no policy denies that.
    assert run("adopt", "watched", *SOURCE, "--observe") == 0


def test_what_a_state_lists_is_taken_or_named_by_its_address(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids of azurerm are not all of Azure Resource Manager, and name parts of bodies too."""
    network = f"{GROUP}/providers/Microsoft.Network"
    rule = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "10.0.0.0/16",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "443",
    }
    rules = {"securityRules": [{"name": "in", "properties": rule}]}
    for name in ("nsg-listed", "nsg-alone"):
        place = f"{network}/networkSecurityGroups/{name}"
        put(azure, place, {"location": "westeurope", "properties": rules})
    store = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stacme"
    put(
        azure,
        store,
        {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}},
    )
    put(azure, f"{store}/blobServices/default/containers/data", {})
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-acme"
    alone = f"{network}/networkSecurityGroups/nsg-alone"
    listed = {
        "storage_account": store,
        "storage_container": "https://stacme.blob.core.windows.net/data",
        "network_security_group": f"{network}/networkSecurityGroups/nsg-listed",
        "network_security_rule": f"{network}/networkSecurityGroups/nsg-listed/securityRules/in",
        "network_security_rule_alone": f"{alone}/securityRules/in",
        "key_vault_access_policy": f"{vault}/objectId/{SUBSCRIPTION}",
        "lb_rule": f"{network}/loadBalancers/lb-acme/loadBalancingRules/http",
    }
    resources = [
        {"type": f"azurerm_{kind}", "name": "one", "instances": [{"attributes": {"id": text}}]}
        for kind, text in listed.items()
    ]
    state = {"version": 4, "resources": resources}
    Path("terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")

    assert run("adopt", "tf", "--terraform", "terraform.tfstate", "-o", "json") == 1

    document = json.loads(capsys.readouterr().out)
    assert document["adopted"] == 3
    assert document["verdict"] == "proven in part"
    assert {each["address"] for each in document["notExpressed"]} == {
        "azurerm_key_vault_access_policy.one",
        "azurerm_lb_rule.one",
        "azurerm_network_security_rule_alone.one",
    }
    reasons = [each["reason"] for each in document["notExpressed"]]
    assert all(f"--resource-group {SUBSCRIPTION}/rg-acme-one" in each for each in reasons)
    assert not document["unlisted"]
    text = blueprints(tmp_path)
    assert "storageAccounts/blobServices/containers" in text
    assert "nsg-alone" not in text


def test_an_adopted_environment_can_be_renamed(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That a name holds the one of the environment is a coincidence: it may not follow."""
    tags = {"stage": "prod"}
    for name in ("id-acme-prod-hub", "id-acme-prod-spoke", "id-acme-prod"):
        place = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
        put(azure, place, {"location": "westeurope", "tags": tags})
    assert run("adopt", "prod", *SOURCE) == 0
    assert run("apply", "prod", "--yes", "--quiet") == 0
    written = tmp_path / "environments/prod.yaml"
    text = written.read_text(encoding="utf-8").replace("name: prod", "name: platform", 1)
    (tmp_path / "environments/platform.yaml").write_text(text, encoding="utf-8")
    written.unlink()
    capsys.readouterr()

    assert run("plan", "platform", "-o", "json") == 0

    document = json.loads(capsys.readouterr().out)
    assert {change["action"] for change in document["changes"]} <= {"update", "no-op"}
    fields = {f["path"] for change in document["changes"] for f in change.get("fields", ())}
    assert all(field.startswith("tags.azsec-") for field in fields)


def test_groups_that_azure_makes_are_not_taken_over(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An environment that owned one could not be destroyed: Azure's own stands in it."""
    watchers = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/NetworkWatcherRG"
    network = "providers/Microsoft.Network/networkWatchers/NetworkWatcher_westeurope"
    identities = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    put(azure, watchers, {"location": "westeurope"})
    put(azure, f"{watchers}/{network}", {"location": "westeurope"})
    put(azure, f"{GROUP}/{identities}/id-acme", {"location": "westeurope"})

    assert run("adopt", "whole", "--subscription", SUBSCRIPTION, "--out", "whole") == 0

    assert "NetworkWatcherRG" not in blueprints(tmp_path / "whole")
    told = " ".join(capsys.readouterr().out.split())
    assert "made by Azure for everybody in the subscription" in told

    # What somebody put into one is adopted, and the group stays Azure's.
    put(azure, f"{watchers}/{identities}/id-flows", {"location": "westeurope"})
    assert run("adopt", "flows", "--subscription", SUBSCRIPTION, "--out", "flows") == 0
    text = blueprints(tmp_path / "flows")
    assert "NetworkWatcherRG" in text
    assert "existing: true" in text


def test_a_template_of_one_child_alone_is_refused_with_the_reason(
    azure: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that a blueprint could declare would carry its mark."""
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-acme"
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    put(azure, network, {"location": "westeurope", "properties": space})
    put(azure, f"{network}/subnets/one", {"properties": {"addressPrefix": "10.0.1.0/24"}})
    subnet = {"type": "Microsoft.Network/virtualNetworks/subnets", "name": "vnet-acme/one"}
    kind = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    Path("main.json").write_text(json.dumps({"$schema": kind, "resources": [subnet]}), "utf-8")

    assert run("adopt", "child", *SOURCE, "--template", "main.json") == 1

    told = " ".join(capsys.readouterr().err.split())
    assert "vnet-acme/subnets/one cannot be adopted" in told
    assert "takes no tags" in told
    assert "azsec destroy" not in told
