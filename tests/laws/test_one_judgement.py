"""validate, plan, check, drift and the frameworks never contradict each other about a control.

The state is that of the shipped environment, applied to the built-in Azure. Each row changes one
thing in it, as somebody would behind the blueprint's back; all commands judge the result.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import pytest

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.catalog.registry import Catalog
from provisioner.controls.frameworks import Framework
from provisioner.documents.controls import CheckDocument, ComplianceDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.trace import StateKind
from provisioner.model.values import Body
from provisioner.plan.plan import Plan
from provisioner.workflow.check import check_environment, report_compliance
from provisioner.workflow.drift import check_drift
from provisioner.workflow.plan import Desired, plan_environment
from provisioner.workflow.security_evaluation import check_desired_network
from tests.environments import ROOT, open_bench
from tests.recorded import RecordedSource

NOW = datetime(2027, 1, 15, 8, 30, tzinfo=UTC)
Tamper = Callable[["Judges"], RecordedSource]
PROOF_ENDS = {"holds": "pass", "fails": "fail"}


class Judges:
    """An environment and the commands that judge it, over answers of one Azure."""

    def __init__(self, desired: Desired, catalog: Catalog, source: RecordedSource) -> None:
        self.desired = desired
        self.catalog = catalog
        self.source = source

    def id(self, address: str) -> str:
        return self.desired.graph.resources[address].id.text

    def set(self, address: str, path: str, value: object) -> RecordedSource:
        """Set one property of the resource at an address."""

        def change(body: dict[str, Any]) -> None:
            inside = body["properties"]
            *above, last = path.split(".")
            for step in above:
                inside = inside[int(step)] if step.isdigit() else inside.setdefault(step, {})
            inside[last] = value

        return self.source.changing(self.id(address), change)

    def put_in(self, address: str, path: str, name: str, **properties: object) -> RecordedSource:
        """Put an entry into a list of children in the body of the resource at an address."""
        child = {
            "id": f"{self.id(address)}/{path}/{name}",
            "name": name,
            "properties": properties,
        }
        return self.source.changing(
            self.id(address), lambda body: body["properties"].setdefault(path, []).append(child)
        )

    def extend(self, address: str, kind: str, name: str, **properties: object) -> RecordedSource:
        """Put an extension resource on the resource at an address."""
        text = f"{self.id(address)}/providers/{kind}/{name}"
        return self.source.adding(kind, {"id": text, "name": name, "properties": properties})

    def drift(self, source: RecordedSource) -> DriftDocument:
        return check_drift(self.desired, self.catalog, source)

    def plan(self, source: RecordedSource) -> Plan:
        return plan_environment(self.desired, self.catalog, source).plan

    def check(self, source: RecordedSource, kind: StateKind) -> CheckDocument:
        return check_environment(self.desired, self.catalog, lambda: source, kind)

    def comply(self, source: RecordedSource, framework: Framework) -> ComplianceDocument:
        return report_compliance(
            self.desired, self.catalog, lambda: source, StateKind.ACTUAL, framework, NOW
        )


@pytest.fixture(scope="module")
def judges(catalog: Catalog) -> Iterator[Judges]:
    with pytest.MonkeyPatch.context() as patched, open_bench(catalog) as bench:
        patched.chdir(ROOT)
        desired = bench.load("environments/local.yaml")
        bench.apply(bench.plan(desired))
        yield Judges(desired, catalog, RecordedSource(bench.client, {}, {}))


def row(what: str, tamper: Tamper, *, is_drift: bool = True) -> Any:
    return pytest.param(tamper, is_drift, id=what)


def rule(**more: object) -> Body:
    return {
        "priority": 101, "direction": "Inbound", "access": "Allow", "protocol": "*",
        "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
        "destinationPortRange": "*", **more,
    }  # type: ignore[dict-item]  # fmt: skip


CLUSTER, VAULT, REGISTRY = "cluster.cluster", "vault.vault", "registry.registry"
ROLE = "Microsoft.Authorization/roleAssignments"
LOCK = "Microsoft.Authorization/locks"
ADMINISTRATOR = "/providers/Microsoft.Authorization/roleDefinitions/" + str(
    find_built_in_role("Azure Kubernetes Service RBAC Cluster Admin")
)
STRANGER = "0f0f0f0f-0000-4000-8000-00000000000f"

TAMPERED = [
    row("nothing", lambda j: j.source, is_drift=False),
    row("run command on", lambda j: j.set(
        CLUSTER, "apiServerAccessProfile.disableRunCommand", False)),
    row("a public API server", lambda j: j.set(
        CLUSTER, "apiServerAccessProfile.enablePrivateCluster", False)),
    row("a public name of the API server", lambda j: j.set(
        CLUSTER, "apiServerAccessProfile.enablePrivateClusterPublicFQDN", True)),
    row("a zone of AKS's own", lambda j: j.set(
        CLUSTER, "apiServerAccessProfile.privateDNSZone", "system")),
    row("local accounts on", lambda j: j.set(CLUSTER, "disableLocalAccounts", False)),
    row("no Azure RBAC", lambda j: j.set(CLUSTER, "aadProfile.enableAzureRBAC", False)),
    row("upgrades off", lambda j: j.set(CLUSTER, "autoUpgradeProfile.upgradeChannel", "none")),
    row("node images not upgraded", lambda j: j.set(
        CLUSTER, "autoUpgradeProfile.nodeOSUpgradeChannel", "None")),
    row("no defender", lambda j: j.set(
        CLUSTER, "securityProfile.defender.securityMonitoring.enabled", False)),
    row("no workload identity", lambda j: j.set(
        CLUSTER, "securityProfile.workloadIdentity.enabled", False)),
    row("no policy add-on", lambda j: j.set(CLUSTER, "addonProfiles.azurepolicy.enabled", False)),
    row("an open node resource group", lambda j: j.set(
        CLUSTER, "nodeResourceGroupProfile.restrictionLevel", "Unrestricted")),
    row("nodes on the internet", lambda j: j.set(
        "cluster.pools[apps]", "enableNodePublicIP", True)),
    row("nodes without encryption at host", lambda j: j.set(
        "cluster.pools[apps]", "enableEncryptionAtHost", False)),
    row("a public vault", lambda j: j.set(VAULT, "publicNetworkAccess", "Enabled")),
    row("a vault that lets all in", lambda j: j.set(VAULT, "networkAcls.defaultAction", "Allow")),
    row("a vault with access policies", lambda j: j.set(VAULT, "enableRbacAuthorization", False)),
    row("a public registry", lambda j: j.set(REGISTRY, "publicNetworkAccess", "Enabled")),
    row("a registry with an administrator", lambda j: j.set(REGISTRY, "adminUserEnabled", True)),
    row("a registry for anybody", lambda j: j.set(REGISTRY, "anonymousPullEnabled", True)),
    row("an endpoint that is rejected", lambda j: j.set(
        "vault.endpoint", "privateLinkServiceConnections.0.properties."
        "privateLinkServiceConnectionState.status", "Rejected")),
    row("a route to the internet", lambda j: j.set(
        "spoke.routes", "routes.0.properties.nextHopType", "Internet")),
    row("a longer route to the internet", lambda j: j.put_in(
        "spoke.routes", "routes", "half", addressPrefix="0.0.0.0/1", nextHopType="Internet")),
    row("learned routes taken", lambda j: j.set(
        "spoke.routes", "disableBgpRoutePropagation", False)),
    row("everybody let in to the nodes", lambda j: j.put_in(
        "spoke.nodeRules", "securityRules", "any", **rule())),
    row("the internet let in to ingress", lambda j: j.put_in(
        "spoke.ingressRules", "securityRules", "any", **rule(sourceAddressPrefix="Internet"))),
    row("SSH between subnets", lambda j: j.put_in(
        "spoke.nodeRules", "securityRules", "ssh", **rule(
            direction="Outbound", destinationPortRange="22", protocol="Tcp"))),
    row("another DNS server", lambda j: j.set(
        "spoke.network", "dhcpOptions.dnsServers", ["10.9.9.9"])),
    row("a firewall without a DNS proxy", lambda j: j.set(
        "hub.firewallPolicy", "dnsSettings.enableProxy", False)),
    row("threats let through", lambda j: j.set("hub.firewallPolicy", "threatIntelMode", "Alert")),
    row("intrusions let through", lambda j: j.set(
        "hub.firewallPolicy", "intrusionDetection.mode", "Off")),
    row("a firewall rule for anybody", lambda j: j.set(
        "hub.networkRules", "ruleCollections.0.rules.0.destinationAddresses", ["*"])),
    row("a firewall without application rules", lambda j: j.set(
        "hub.applicationRules", "ruleCollections", [])),
    row("a storage account for anybody", lambda j: j.set(
        "flows.account", "networkAcls.defaultAction", "Allow")),
    row("shared keys of a storage account", lambda j: j.set(
        "flows.account", "allowSharedKeyAccess", True)),
    row("flow logs off", lambda j: j.set("flows.logs[spoke]", "enabled", False)),
    row("logs kept for a month", lambda j: j.set("monitoring.workspace", "retentionInDays", 30)),
    row("one more cluster administrator", lambda j: j.extend(
        CLUSTER, ROLE, STRANGER, roleDefinitionId=ADMINISTRATOR, principalType="User",
        principalId=STRANGER, scope=j.id(CLUSTER))),
    row("a read-only lock on the nodes' group", lambda j: j.extend(
        "resourceGroups.cluster", LOCK, "frozen", level="ReadOnly")),
    row("an alert switched off", lambda j: j.set("alerts.rules[exec]", "enabled", False)),
    row("more nodes", lambda j: j.set("cluster.pools[apps]", "count", 4), is_drift=False),
]  # fmt: skip


def verdicts(check: CheckDocument) -> dict[str, str]:
    return {result.control.id: result.verdict for result in check.results}


FRAMEWORKS = cycle(Framework)


@pytest.mark.parametrize(
    ("tamper", "is_drift", "framework"),
    [pytest.param(*entry.values, next(FRAMEWORKS), id=entry.id) for entry in TAMPERED],
)
def test_no_command_contradicts_another(
    judges: Judges, tamper: Tamper, is_drift: bool, framework: Framework
) -> None:
    source = tamper(judges)
    stated = judges.check(source, StateKind.DESIRED)
    planned = judges.check(source, StateKind.PLANNED)
    actual = judges.check(source, StateKind.ACTUAL)
    drift, plan = judges.drift(source), judges.plan(source).document

    # A proof is one control: it ends alike wherever it is told.
    for proofs, check in ((drift.proofs, actual), (plan.proofs, planned)):
        told = {proof.control: PROOF_ENDS.get(proof.verdict, proof.verdict) for proof in proofs}
        assert told == {name: end for name, end in verdicts(check).items() if name[:3] == "PRF"}

    # Drift names the controls that fail of what is in Azure and not of what the blueprint says.
    failing = {turn.control for turn in drift.security.failing}
    assert all(verdicts(actual)[name] == "fail" for name in failing)
    found = {r.control.id for r in actual.results if any(f.verdict == "fail" for f in r.findings)}
    assert found - {name for name, end in verdicts(stated).items() if end == "fail"} <= failing

    # What a gate refuses in Azure and not in the blueprint is drift; nothing else is called fine.
    refused = {result.control.id for result in actual.refused}
    assert not refused - {result.control.id for result in stated.refused} or drift.found
    assert drift.found is is_drift

    # A plan names the controls that it repairs.
    repaired = {name for name in found if verdicts(planned)[name] == "pass"}
    turned = plan.security.passing if plan.security else ()
    assert repaired <= {turn.control for turn in turned}

    # A plan is refused for what fails of what it leads to.
    assert {gate.gate for gate in plan.gates} <= {r.gate for r in planned.refused} | {"adoption"}
    proofs_refused = any(result.gate == "proofs" for result in planned.refused)
    assert proofs_refused == any(gate.gate == "proofs" for gate in plan.gates)

    _agrees(judges.comply(source, framework), actual)


def _agrees(report: ComplianceDocument, check: CheckDocument) -> None:
    """Hold the requirements of a framework against the controls that answer them."""
    ends = verdicts(check)
    assert set(report.refused) == {result.control.id for result in check.refused}
    for requirement in report.requirements:
        theirs = {ends[name] for name in requirement.controls}
        assert (requirement.verdict == "fail") == ("fail" in theirs), requirement
        if requirement.verdict in ("pass", "waived"):
            assert theirs <= {"pass", "waived", "not applicable"}, requirement
        assert (requirement.verdict == "waived") <= ("waived" in theirs), requirement


def test_what_is_valid_fails_no_proof_of_the_desired_state(judges: Judges) -> None:
    desired = judges.desired
    assert check_desired_network(desired.environment, desired.graph, judges.catalog) == ()
    assert judges.check(judges.source, StateKind.DESIRED).refused == ()
