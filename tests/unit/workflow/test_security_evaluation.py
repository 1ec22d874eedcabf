"""A network proof is a control: it fails, is waived and refuses alike in every command."""

import pytest

from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.registry import Catalog
from provisioner.documents.controls import CheckDocument
from provisioner.documents.trace import StateKind
from provisioner.model.diagnostic import DiagnosticError
from provisioner.plan.estates import desired_estate
from provisioner.plan.reads import INVENTORY
from provisioner.workflow.check import check_environment
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired, load_desired
from provisioner.workflow.security_evaluation import (
    check_desired_network,
    check_desired_waivers,
    evaluate_network,
)
from tests.environments import BLUEPRINT, ENVIRONMENT, TODAY, Bench
from tests.recorded import RecordedSource

VAULT = """\
  vault:
    type: Microsoft.KeyVault/vaults
    resourceGroup: main
    name: kv-azsec-open
    properties:
      tenantId: 99999999-9999-9999-9999-999999999999
      sku: {family: A, name: standard}
"""
WAIVER = """\
waivers:
  - {control: PRF-07, scope: vault, reason: agents push, owner: me, expires: 2027-03-31}
"""


def compose(catalog: Catalog, gates: str, waivers: str = "") -> Desired:
    """Return an environment with a public vault."""
    text = ENVIRONMENT.replace("{proofs: warn, controls: none}", gates) + waivers
    files = {"environment.yaml": text, "blueprint.yaml": BLUEPRINT + VAULT}
    return load_desired("environment.yaml", catalog, MemoryFiles(files), TODAY)


def check(desired: Desired, bench: Bench, kind: StateKind) -> CheckDocument:
    return check_environment(desired, bench.catalog, lambda: bench.client, kind)


def verdict_of(document: CheckDocument) -> str:
    return next(r.verdict for r in document.results if r.control.id == "PRF-07")


BLOCK, WARN = "{proofs: block, controls: none}", "{proofs: warn, controls: none}"


def test_a_proof_that_fails_refuses_everywhere(bench: Bench) -> None:
    desired = compose(bench.catalog, BLOCK)
    with pytest.raises(DiagnosticError, match="is reachable on its public address"):
        check_desired_network(desired.environment, desired.graph, bench.catalog)
    plan = bench.plan(desired)
    assert [gate.gate for gate in plan.document.gates] == ["proofs"]
    for kind in (StateKind.DESIRED, StateKind.PLANNED):
        refused = check(desired, bench, kind).refused
        assert [(r.control.id, r.gate) for r in refused] == [("PRF-07", "proofs")]


def test_a_gate_that_warns_refuses_nowhere(bench: Bench) -> None:
    desired = compose(bench.catalog, WARN)
    (told,) = check_desired_network(desired.environment, desired.graph, bench.catalog)
    assert told.severity == "warning"
    plan = bench.plan(desired)
    assert plan.document.gates == ()
    bench.apply(plan)
    actual = check(desired, bench, StateKind.ACTUAL)
    assert (verdict_of(actual), actual.refused) == ("fail", ())
    assert check_drift(desired, bench.catalog, bench.client).found


def test_a_proof_whose_breaches_are_waived_refuses_nothing_and_does_not_pass(bench: Bench) -> None:
    desired = compose(bench.catalog, BLOCK, WAIVER)
    assert check_desired_network(desired.environment, desired.graph, bench.catalog) == ()
    plan = bench.plan(desired)
    assert plan.document.gates == ()
    bench.apply(plan)
    actual = check(desired, bench, StateKind.ACTUAL)
    assert (verdict_of(actual), actual.refused) == ("waived", ())
    drift = check_drift(desired, bench.catalog, bench.client)
    (proof,) = (proof for proof in drift.proofs if proof.control == "PRF-07")
    assert proof.verdict == "waived"
    assert all(breach.waived for breach in proof.breaches)
    assert not drift.found


def test_the_census_names_what_stands_there_and_was_not_looked_at(bench: Bench) -> None:
    desired = compose(bench.catalog, WARN)
    bench.apply(bench.plan(desired))
    group = desired.graph.resources["resourceGroups.main"].id.text
    source = RecordedSource(bench.client, {}, {})
    for kind in ("Microsoft.Cache/redis", "Microsoft.Network/routeTables"):
        stray = {"id": f"{group}/providers/{kind}/stray", "name": "stray", "type": kind}
        source = source.adding(INVENTORY, stray)

    census = check_drift(desired, bench.catalog, source).census

    told = {
        entry.what: (entry.count, entry.reason.partition(":")[0]) for entry in census.not_covered
    }
    assert told["Microsoft.Cache/redis"] == (1, "azsec does not know the type")
    assert told["Microsoft.Network/routeTables"] == (1, "the blueprint has none of the type")
    # What a vault logs is always looked at, declared or not.
    assert "diagnostic settings" not in told
    assert census.unreadable == ()


INGRESS = """\
  network:
    type: Microsoft.Network/virtualNetworks
    resourceGroup: main
    name: vnet
    properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
  rules:
    type: Microsoft.Network/networkSecurityGroups
    resourceGroup: main
    name: nsg
    properties:
      securityRules:
        - name: allow-https
          properties:
            priority: 100
            direction: Inbound
            access: Allow
            protocol: Tcp
            sourceAddressPrefix: Internet
            sourcePortRange: "*"
            destinationAddressPrefix: "*"
            destinationPortRange: "443"
  subnets:
    type: Microsoft.Network/virtualNetworks/subnets
    forEach: {blue: 10.0.0.0/24, green: 10.0.1.0/24}
    name: ${each.key}
    parent: ${network.id}
    properties:
      addressPrefix: ${each.value}
      networkSecurityGroup: {id: "${rules.id}"}
  cluster:
    type: Microsoft.ContainerService/managedClusters
    resourceGroup: main
    name: aks
    identity: {type: SystemAssigned}
    properties:
      dnsPrefix: aks
      agentPoolProfiles:
        - &pool
          name: blue
          mode: System
          vmSize: Standard_D4ds_v5
          count: 3
          vnetSubnetID: ${subnets["blue"].id}
        - {<<: *pool, name: green, mode: User, vnetSubnetID: '${subnets["green"].id}'}
"""


def _inbound(catalog: Catalog, *breaches: str, control: str = "PRF-03"):
    entries = [
        f"  - {{control: {control}, scope: rules, breach: {breach!r}, reason: behind a web "
        "application firewall, owner: me, expires: 2027-03-31}\n"
        for breach in breaches
    ]
    text = ENVIRONMENT.replace("{proofs: warn, controls: none}", BLOCK)
    text += "waivers:\n" + "".join(entries) if entries else ""
    files = {"environment.yaml": text, "blueprint.yaml": BLUEPRINT + INGRESS}
    desired = load_desired("environment.yaml", catalog, MemoryFiles(files), TODAY)
    estate = desired_estate(desired.graph, catalog)
    judgement = evaluate_network(estate, desired.graph, desired.environment, catalog)
    check_desired_waivers(desired.environment, desired.graph, catalog)
    (proof,) = (each for each in judgement.proofs if each.name == "inbound")
    return proof, judgement, desired


def test_a_waiver_of_one_breach_leaves_the_others(catalog: Catalog) -> None:
    proof, _, _ = _inbound(catalog)
    blue, green = (breach.message for breach in proof.breaches)
    assert len({breach.element for breach in proof.breaches}) == 1

    proof, judgement, desired = _inbound(catalog, blue.rstrip("."))
    assert [breach.waived for breach in proof.breaches] == [True, False]
    assert proof.verdict == "fails"
    assert "PRF-03" in [result.control.id for result in judgement.refused]
    document = check_environment(desired, catalog, _refuse_reading, StateKind.DESIRED)
    assert next(r.verdict for r in document.results if r.control.id == "PRF-03") == "fail"

    proof, judgement, _ = _inbound(catalog, f"  {blue}", green)
    assert proof.verdict == "waived"
    assert "PRF-03" not in [result.control.id for result in judgement.refused]


def _refuse_reading():
    raise AssertionError("the desired state is judged without reading Azure")


def test_a_waiver_of_a_breach_that_there_is_not_is_refused(catalog: Catalog) -> None:
    proof, _, _ = _inbound(catalog)
    blue = proof.breaches[0].message
    with pytest.raises(DiagnosticError) as problem:
        _inbound(catalog, blue.replace("443", "80"))
    assert "the waiver until 2027-03-31 waives nothing" in str(problem.value)
    assert f"or state one of its breaches: {blue!r}; " in str(problem.value)
    with pytest.raises(DiagnosticError, match="is waived for rules at environment"):
        _inbound(catalog, blue, blue)
    with pytest.raises(DiagnosticError, match="NET-04 is not a network proof, and has no breaches"):
        _inbound(catalog, blue, control="NET-04")
