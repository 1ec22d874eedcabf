"""The tests that authors write for their modules: the example of docs/library.md is run."""

import re
from pathlib import Path

import pytest

from provisioner.model.diagnostic import DiagnosticError
from provisioner.testing import rehearse, rehearse_module
from tests.architecture.repository import ROOT

BLOCK = re.compile(r"^```(?:yaml|python) (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ENDPOINT = """\
apiVersion: azsec/v1
kind: Module
parameters: {subnetId: {type: resourceId}, vaultId: {type: resourceId}}
resources:
  endpoint:
    type: Microsoft.Network/privateEndpoints
    name: pe-vault
    properties:
      subnet: {id: "${subnetId}"}
      privateLinkServiceConnections:
        - {name: vault, properties: {privateLinkServiceId: "${vaultId}", groupIds: [vault]}}
"""
NETWORK = {
    "type": "Microsoft.Network/virtualNetworks",
    "name": "vnet",
    "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/24"]}},
}
SUBNET = {
    "type": "Microsoft.Network/virtualNetworks/subnets",
    "name": "snet",
    "parent": "${network.id}",
    "properties": {"addressPrefix": "10.0.0.0/26", "defaultOutboundAccess": False},
}
VAULT = {
    "type": "Microsoft.KeyVault/vaults",
    "name": "kv-rehearsal-7",
    "properties": {
        "tenantId": "${environment.tenantId}",
        "sku": {"family": "A", "name": "standard"},
    },
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    for name, text in BLOCK.findall(page):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "modules" / "endpoint.yaml").write_text(ENDPOINT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_example_of_the_page(files: Path) -> None:
    test = (files / "tests" / "test_team_vault.py").read_text(encoding="utf-8")
    assert len(test.split("def ", 1)[1].splitlines()) <= 10
    names: dict[str, object] = {}
    exec(compile(test, "docs/library.md", "exec"), names)  # what the page shows, and no copy of it
    run = names["test_secrets_cannot_be_deleted_for_good"]
    assert callable(run)
    run()
    assert not (files / ".azsec").exists()


def test_a_module_stands_on_what_is_beside_it(files: Path) -> None:
    beside = {"network": NETWORK, "subnet": SUBNET, "vault": VAULT}
    given = {"subnetId": "${subnet.id}", "vaultId": "${vault.id}"}
    with rehearse_module("modules/endpoint.yaml", given, beside=beside) as module:
        applied = module.apply()
        assert len(applied.steps) == 5
        assert module.body("endpoint")["properties"]["subnet"]["id"].endswith("/subnets/snet")
        with pytest.raises(DiagnosticError, match="Did you mean 'endpoint'"):
            module.body("endpoints")
        assert module.check().summary["total"] > 0


def test_what_is_wrong_with_a_module_has_its_place(files: Path) -> None:
    with (
        rehearse_module("modules/team-vault.yaml", {"name": "X"}) as module,
        pytest.raises(DiagnosticError, match=r"parameter 'name' is 'X'; expected a match of"),
    ):
        module.plan()
    with (
        rehearse_module("modules/no.yaml") as module,
        pytest.raises(DiagnosticError, match=r"there is no module file 'modules/no.yaml'"),
    ):
        module.plan()


def test_an_environment_has_a_built_in_azure_of_its_own(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what the developer has set for commands, nor what their cache remembers, counts."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("AZSEC_CACHE", str(files / "cache"))
    monkeypatch.setenv("AZSEC_PARAM_ddosPlanId", "no id of anything")
    with rehearse("dev", {"location": "northeurope"}) as dev:
        plan = dev.plan()
        fields = [field for change in plan.changes for field in change.fields]
        places = {field.after for field in fields if field.path == "location"}
        assert places >= {"northeurope"}
        assert "westeurope" not in places
        assert (plan.environment.cloud, plan.summary.create > 100) == ("local", True)
    assert not list((files / "cache").rglob("*versions*"))
    monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(DiagnosticError, match="a test has its own"), rehearse("dev"):
        pass
