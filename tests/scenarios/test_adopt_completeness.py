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
SOURCE = ("--group", f"{SUBSCRIPTION}/rg-acme-one")
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
