"""What goes wrong while applying, and how the next plan takes up from there."""

import re
from pathlib import Path

import pytest

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.documents.apply import ApplyDocument, Outcome
from provisioner.model.diagnostic import DiagnosticError
from provisioner.simulator.protocol.faults import Fault
from provisioner.workflow.drift import check_drift
from tests.environments import Bench

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"
RESOURCES = """\
nsg:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg
  properties: {securityRules: []}
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties: {addressPrefix: 10.0.1.0/24, networkSecurityGroup: {id: "${nsg.id}"}}
"""


def outcomes(document: ApplyDocument) -> dict[str, Outcome]:
    return {step.address: step.outcome for step in document.steps}


def test_a_refusal_skips_its_dependents_and_the_next_plan_takes_up(bench: Bench) -> None:
    desired = bench.compose(RESOURCES)
    bench.server.faults.deny("Microsoft.Network/networkSecurityGroups/write")

    first = bench.apply(bench.plan(desired))

    assert outcomes(first) == {
        "resourceGroups.main": Outcome.SUCCEEDED,
        "nsg": Outcome.FAILED,
        "nodes": Outcome.SKIPPED,
        "vnet": Outcome.SUCCEEDED,
    }
    refused = next(step for step in first.steps if step.address == "nsg")
    assert refused.message is not None
    assert "AuthorizationFailed" in refused.message
    assert "Microsoft.Network/networkSecurityGroups/write" in refused.message
    assert "correlation id" in refused.message

    bench.server.faults.clear()
    second = bench.apply(bench.plan(desired))
    assert outcomes(second) == {
        "nsg": Outcome.SUCCEEDED,
        "vnet": Outcome.SUCCEEDED,  # it carries the mark of nodes again
        "nodes": Outcome.SUCCEEDED,
    }
    assert bench.plan(desired).steps == ()


def test_an_operation_that_fails_later_is_told_with_its_reason(bench: Bench) -> None:
    bench.server.faults.fail_operation(
        "virtualNetworks/vnet$", code="AllocationFailed", message="no capacity in the region"
    )

    result = bench.apply(bench.plan(bench.compose(RESOURCES)))

    failed = next(step for step in result.steps if step.outcome is Outcome.FAILED)
    assert failed.address == "vnet"
    assert failed.message is not None
    assert failed.message.startswith("AllocationFailed: no capacity in the region")


def test_throttling_is_waited_out(bench: Bench) -> None:
    bench.server.faults.throttle("networkSecurityGroups", retry_after=0, times=2)

    result = bench.apply(bench.plan(bench.compose(RESOURCES)))

    assert set(outcomes(result).values()) == {Outcome.SUCCEEDED}


def test_an_answer_that_is_lost_orphans_nothing(bench: Bench) -> None:
    bench.server.faults.drop("virtualNetworks/vnet$", method="PUT", after_effect=True)
    desired = bench.compose(RESOURCES)

    bench.apply(bench.plan(desired))
    bench.apply(bench.plan(desired))

    assert bench.plan(desired).steps == ()


def test_what_cannot_be_read_blocks_and_is_not_taken_for_absent(bench: Bench) -> None:
    desired = bench.compose(RESOURCES)
    bench.apply(bench.plan(desired))
    bench.server.faults.deny("Microsoft.Network/virtualNetworks/read")

    plan = bench.plan(desired)

    blocked = {change.address: change.reason for change in plan.document.changes}
    assert set(blocked) == {"vnet", "nodes"}
    assert "AuthorizationFailed" in str(blocked["vnet"])
    assert not plan.can_apply()


def test_a_list_of_what_is_there_that_is_refused_is_a_warning(bench: Bench) -> None:
    desired = bench.compose(RESOURCES)
    bench.apply(bench.plan(desired))
    bench.server.faults.add(
        Fault(path="rg-main/resources$", status=403, code="AuthorizationFailed", times=None)
    )

    plan = bench.plan(desired)

    assert plan.steps == ()
    assert plan.can_apply()
    assert [d.code for d in plan.document.diagnostics] == ["cannot-list"]


def test_a_list_of_what_the_blueprint_has_that_is_refused_is_an_error(bench: Bench) -> None:
    """Each resource of it was found by itself, by its tags: what else the list holds is unseen."""
    desired = bench.compose(RESOURCES)
    bench.apply(bench.plan(desired))
    bench.server.faults.add(
        Fault(path="networkSecurityGroups$", status=403, code="AuthorizationFailed", times=None)
    )

    plan = bench.plan(desired)
    drift = check_drift(desired, bench.catalog, bench.client)

    assert [(d.code, d.severity) for d in plan.document.diagnostics] == [("cannot-list", "error")]
    assert [(d.code, d.severity) for d in drift.diagnostics] == [("cannot-list", "error")]
    assert "AuthorizationFailed" in drift.diagnostics[0].message


def test_a_delete_that_azure_accepts_and_does_not_do_is_a_failure(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(RESOURCES)))
    fewer = bench.compose(RESOURCES[: RESOURCES.index("vnet:")])
    accepted = Fault(method="DELETE", path="virtualNetworks/vnet$", status=204, times=None)
    bench.server.faults.add(accepted)

    result = bench.apply(bench.plan(fewer), allow_delete=True)

    failed = next(step for step in result.steps if step.outcome is Outcome.FAILED)
    assert failed.message is not None
    assert failed.message.startswith("NotDeleted: Azure accepted the delete")
    assert bench.body_of("vnet")["name"] == "vnet"


def test_an_unreachable_endpoint_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_guarded(app, ["init", ".", "--environment", "far"])
    monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", "http://127.0.0.1:9")

    code = run_guarded(app, ["plan", "far", "--cloud", "local", "-q"])

    assert code == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ConnectionError: ")
    assert "127.0.0.1:9" in told
    assert len(told.splitlines()) == 1


def test_no_credential_says_what_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_guarded(app, ["init", ".", "--environment", "real"])
    path = tmp_path / "environments" / "real.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}auth: environment\n", encoding="utf-8")
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
        monkeypatch.delenv(name, raising=False)

    code = run_guarded(app, ["plan", "real", "-q"])

    assert code == 1
    told = capsys.readouterr().err
    assert told.startswith("error: no token for AzureCloud. Tried environment: ")
    assert "AZURE_CLIENT_ID" in told


def test_an_environment_without_an_id_is_refused_before_a_credential_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_guarded(app, ["init", ".", "--environment", "real"])
    path = tmp_path / "environments" / "real.yaml"
    text = re.sub(r", id: [0-9a-f]{32}", "", path.read_text(encoding="utf-8"))
    path.write_text(f"{text}auth: environment\n", encoding="utf-8")
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"):
        monkeypatch.delenv(name, raising=False)

    for command in (["plan"], ["drift"], ["check", "--of", "actual"]):
        assert run_guarded(app, [*command, "real"]) == 1
        told = capsys.readouterr().err
        assert "environments/real.yaml states no `metadata.id`" in told, command
        assert "openssl rand -hex 16" in told


def test_a_subscription_that_is_not_found_is_told_once_with_its_place(bench: Bench) -> None:
    guid = "11111111-1111-1111-1111-111111111111"
    bench.server.faults.add(
        Fault(
            path=f"^/subscriptions/{guid}",
            status=404,
            code="SubscriptionNotFound",
            message=f"The subscription '{guid}' could not be found.",
            times=None,
        )
    )

    with pytest.raises(DiagnosticError) as refused:
        bench.plan(bench.compose(RESOURCES))

    told = [str(diagnostic) for diagnostic in refused.value.diagnostics]
    assert len(told) == 1
    assert told[0].startswith(
        f"environment.yaml:8:13: error: Azure does not show the subscription 'workload' ({guid}): "
        "SubscriptionNotFound: "
    )
