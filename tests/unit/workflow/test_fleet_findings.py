"""What documents come to, in words that are the same in each environment."""

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.evaluation import UnknownReason
from provisioner.documents.attribution import (
    AttributionDocument,
    AttributionVerdict,
    WriterDocument,
    WriterKind,
)
from provisioner.documents.census import CensusDocument, UnknownControlsDocument
from provisioner.documents.controls import CheckDocument
from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.fleet import FleetAnswer
from provisioner.workflow.drift import check_drift
from provisioner.workflow.fleet_findings import read_adoption, read_verdict
from tests.environments import Bench, open_bench

_NSG = """
guard:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg
  properties: {securityRules: []}
"""
_RULE = {
    "name": "ssh",
    "properties": {
        "priority": 400,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    },
}


@pytest.fixture
def bench(catalog: Catalog):
    with open_bench(catalog) as opened:
        yield opened


def test_a_drift_check_reads_as_clean_and_then_as_what_was_changed(bench: Bench) -> None:
    desired = bench.compose(_NSG)
    bench.apply(bench.plan(desired))
    clean = read_verdict(check_drift(desired, bench.catalog, bench.client))
    bench.tamper("nsg", securityRules=[_RULE])
    drifted = read_verdict(check_drift(desired, bench.catalog, bench.client))

    assert (clean.answer, clean.findings) == (FleetAnswer.CLEAN, ())
    assert drifted.answer is FleetAnswer.FINDINGS
    assert drifted.findings[0].address == "guard"
    assert drifted.findings[0].what.startswith(
        'changed: Microsoft.Network/networkSecurityGroups properties.securityRules[ssh]: none -> {"'
    )


def test_a_plan_reads_as_its_changes_and_as_what_is_still_to_adopt(bench: Bench) -> None:
    bench.send(
        "PUT",
        "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main",
        {"location": "westeurope"},
    )
    plan = bench.plan(bench.compose(_NSG)).document

    changes, adoption = read_verdict(plan), read_adoption(plan)

    assert {finding.what.split(":")[0] for finding in changes.findings} == {
        "adopt",
        "create",
        "gate",
    }
    assert [finding.what for finding in adoption.findings] == [
        "to adopt: Microsoft.Resources/resourceGroups"
    ]
    assert adoption.summary["to_adopt"] == 1


@pytest.mark.parametrize(
    ("state", "reason", "answer"),
    [
        ("desired", UnknownReason.AZURE_ALONE, FleetAnswer.CLEAN),
        ("actual", UnknownReason.AZURE_ALONE, FleetAnswer.UNCERTAIN),
        ("actual", UnknownReason.PERSON, FleetAnswer.CLEAN),
        ("actual", UnknownReason.UNREADABLE, FleetAnswer.UNCERTAIN),
        ("desired", UnknownReason.LATER, FleetAnswer.UNCERTAIN),
    ],
)
def test_a_check_is_complete_where_only_what_it_does_not_look_at_is_unknown(
    state: str, reason: UnknownReason, answer: FleetAnswer
) -> None:
    unknown = UnknownControlsDocument(reason=str(reason), controls=("PRV-04",))
    census = CensusDocument(resources=1, types=(), subscriptions=(), unknown=(unknown,))
    document = CheckDocument(
        environment=EnvironmentDocument(
            name="prod", blueprint="b.yaml", cloud="local", tenant_id="t", subscriptions={}
        ),
        state=state,
        summary={"pass": 1, "unknown": 1, "total": 2},
        results=(),
        census=census,
    )
    assert read_verdict(document).answer is answer


def test_a_finding_names_who_wrote_the_resource_by_the_logs(bench: Bench) -> None:
    desired = bench.compose(_NSG)
    bench.apply(bench.plan(desired))
    bench.tamper("nsg", securityRules=[_RULE])
    drift = check_drift(desired, bench.catalog, bench.client)
    (drifted,) = drift.drifted
    at = "2026-11-30T00:00:00Z"
    writers = (
        WriterDocument(actor="alice@contoso.com", at=at),
        WriterDocument(actor="alice@contoso.com", client="Azure portal", at=at),
        WriterDocument(kind=WriterKind.PLATFORM, at=at),
        WriterDocument(actor="bob@contoso.com", at=at),
    )
    told = AttributionDocument(verdict=AttributionVerdict.SEVERAL, since=at, writers=writers)
    findings = read_verdict(drift.model_copy(update={"attributions": {drifted.id: told}})).findings

    assert findings[0].writers == ("alice@contoso.com", "bob@contoso.com")
