"""What stands in something that cannot be created: a plan names what blocks it, and judges a state
in which neither is there."""

from provisioner.documents.drift import DriftKind
from provisioner.documents.plan import Action
from provisioner.workflow.drift import check_drift
from tests.environments import Bench

BOTH = """\
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet-trial
  tags: {team/cost: "42"}
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties: {addressPrefix: 10.0.1.0/24}
"""


def test_a_subnet_of_a_network_that_azure_would_refuse_is_in_no_judged_state(bench: Bench) -> None:
    plan = bench.plan(bench.compose(BOTH))

    actions = {change.address: change.action for change in plan.document.changes}
    assert actions["vnet"] is Action.BLOCKED
    assert actions["nodes"] is Action.CREATE
    assert not plan.can_apply()


def test_what_cannot_be_created_is_missing(bench: Bench) -> None:
    desired = bench.compose(BOTH)
    found = check_drift(desired, bench.catalog, bench.client)
    assert {each.kind for each in found.drifted} == {DriftKind.MISSING}
    told = [each.message for each in found.diagnostics if each.code == "not-reversible"]
    assert any(message.startswith("vnet is missing, and cannot be created") for message in told)
