"""What could not be read is neither absent nor as declared, to proofs and controls alike."""

import pytest

from provisioner.controls.verdict import Verdict
from provisioner.documents.proof import ProofDocument
from provisioner.plan.estates import actual_estate
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired, plan_environment
from provisioner.workflow.security_evaluation import evaluate_state
from tests.environments import Bench

NETWORK = """\
guard:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg
  properties:
    securityRules:
      - name: deny-all-in
        properties:
          priority: 4096
          direction: Inbound
          access: Deny
          protocol: "*"
          sourceAddressPrefix: "*"
          sourcePortRange: "*"
          destinationAddressPrefix: "*"
          destinationPortRange: "*"
table:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt-main
  properties:
    disableBgpRoutePropagation: true
    routes: [{name: out, properties: {addressPrefix: 0.0.0.0/0, nextHopType: None}}]
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties:
    addressPrefix: 10.0.1.0/24
    defaultOutboundAccess: false
    networkSecurityGroup: {id: "${guard.id}"}
    routeTable: {id: "${table.id}"}
"""
OPEN = """\
open:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: open
  properties: {addressPrefix: 10.0.2.0/24, defaultOutboundAccess: false}
"""
VAULT = """\
workspace:
  type: Microsoft.OperationalInsights/workspaces
  name: log-test
  resourceGroup: main
  properties: {sku: {name: PerGB2018}}
vault:
  type: Microsoft.KeyVault/vaults
  name: kv-azsec-test
  resourceGroup: main
  properties:
    tenantId: 99999999-9999-9999-9999-999999999999
    sku: {family: A, name: standard}
    enableRbacAuthorization: true
    accessPolicies: []
audit:
  type: Microsoft.Insights/diagnosticSettings
  scope: ${vault.id}
  name: audit
  properties:
    workspaceId: ${workspace.id}
    logs: [{categoryGroup: audit, enabled: true}]
"""


def proofs_of(bench: Bench, desired: Desired) -> dict[str, ProofDocument]:
    """Return the proofs of a drift check, which a plan has to agree with, by name."""
    drift = check_drift(desired, bench.catalog, bench.client)
    plan = bench.plan(desired).document
    found = {proof.name: proof for proof in drift.proofs}
    assert {p.name: p.verdict for p in plan.proofs} == {n: p.verdict for n, p in found.items()}
    return found


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        pytest.param("networkSecurityGroups", "guard", id="a security group"),
        pytest.param("routeTables", "table", id="a route table"),
    ],
)
def test_a_proof_that_rests_on_it_is_unknown(kind: str, label: str, bench: Bench) -> None:
    desired = bench.compose(NETWORK)
    bench.apply(bench.plan(desired))
    held = {name for name, p in proofs_of(bench, desired).items() if p.verdict == "holds"}
    assert "inbound" in held
    bench.server.faults.deny(f"Microsoft.Network/{kind}/read")

    proofs = proofs_of(bench, desired)

    assert {proofs[name].verdict for name in held} == {"unknown"}
    (breach,) = proofs["inbound"].breaches
    assert breach.element == label
    assert breach.message.startswith(f"inbound is not evaluated: {label} cannot be read (Auth")


def test_what_fails_either_way_still_fails(bench: Bench) -> None:
    desired = bench.compose(NETWORK + OPEN)
    bench.apply(bench.plan(desired))
    bench.server.faults.deny("Microsoft.Network/networkSecurityGroups/read")

    inbound = proofs_of(bench, desired)["inbound"]

    assert inbound.verdict == "fails"
    certain = [breach.element for breach in inbound.breaches if breach.certain]
    assert certain == ["open"]


def test_what_no_proof_reads_changes_no_proof(bench: Bench) -> None:
    desired = bench.compose(NETWORK + VAULT)
    bench.apply(bench.plan(desired))
    before = proofs_of(bench, desired)
    bench.server.faults.deny("Microsoft.OperationalInsights/workspaces/read")

    assert proofs_of(bench, desired) == before


def test_a_control_does_not_fail_for_what_it_did_not_see(bench: Bench) -> None:
    desired = bench.compose(VAULT)
    bench.apply(bench.plan(desired))
    before = failing(bench, desired)
    bench.server.faults.deny("Microsoft.Insights/diagnosticSettings/read")

    assert failing(bench, desired) <= before


def failing(bench: Bench, desired: Desired) -> set[tuple[str, str, str]]:
    """Return control, resource and path of all that fails of what is in Azure."""
    state = plan_environment(desired, bench.catalog, bench.client).state
    estate = actual_estate(state, desired.graph, bench.catalog)
    judgement = evaluate_state(estate, desired.graph, desired.environment, bench.catalog, state)
    return {
        finding.key
        for result in judgement.results
        for finding in result.findings
        if finding.verdict is Verdict.FAIL
    }


ASSIGNMENTS = "".join(
    f"""\
{name}:
  type: Microsoft.Authorization/roleAssignments
  name: ${{guid(vault.id, '{name}')}}
  scope: ${{vault.id}}
  properties:
    roleDefinitionId: ${{roleDefinitionId(vault.id, '{role}')}}
    principalId: 0f0f0f0f-0000-4000-8000-00000000000f
    principalType: User
"""
    for name, role in (("first", "Reader"), ("second", "Key Vault Reader"))
)


def test_one_refused_list_is_one_error(bench: Bench) -> None:
    desired = bench.compose(NETWORK + VAULT + ASSIGNMENTS)
    bench.apply(bench.plan(desired))
    bench.server.faults.deny("Microsoft.Authorization/roleAssignments/read")

    drift = check_drift(desired, bench.catalog, bench.client)

    (told,) = [entry for entry in drift.diagnostics if entry.code == "not-comparable"]
    alias = next(iter(desired.environment.subscriptions))
    said = f"Microsoft.Authorization/roleAssignments in subscription {alias} (2 declared resources)"
    assert told.message.startswith(f"{said} cannot be read: AuthorizationFailed")
    assert told.hint == f"Grant the role of `azsec roles {desired.environment.name} --for plan`."


LOCKED = """\
keep:
  type: Microsoft.Authorization/locks
  scope: ${vnet.id}
  name: keep
  properties: {level: CanNotDelete}
freeze:
  type: Microsoft.Authorization/locks
  scope: ${resourceGroups.main.id}
  name: freeze
  properties: {level: CanNotDelete}
"""


@pytest.mark.parametrize(
    "hidden",
    [
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "Microsoft.Network/virtualNetworks/read",
    ],
)
def test_a_mark_that_cannot_be_read_is_not_a_mark_that_is_missing(
    bench: Bench, hidden: str
) -> None:
    desired = bench.compose(NETWORK + LOCKED)
    bench.apply(bench.plan(desired))
    bench.server.faults.deny(hidden)

    document = check_drift(desired, bench.catalog, bench.client)

    assert document.drifted == ()
    assert not document.is_certain
