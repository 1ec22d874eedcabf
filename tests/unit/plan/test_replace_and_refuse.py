"""Changes that need a new resource, and changes that cannot be made."""

import pytest

from provisioner.catalog.field import Disruption
from provisioner.documents.plan import Action, ResourceChangeDocument
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import DiagnosticError, GateError
from provisioner.model.resource_id import ResourceId
from provisioner.plan.plan import Plan
from provisioner.workflow.drift import check_drift
from tests.environments import Bench

ADDRESS = """\
ip:
  type: Microsoft.Network/publicIPAddresses
  resourceGroup: main
  name: pip
  sku: {name: Standard}
  zones: ["1"]
  properties: {publicIPAllocationMethod: Static}
"""
NETWORK = """\
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  location: westeurope
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties: {addressPrefix: 10.0.1.0/24}
"""
FIREWALL = """\
firewall:
  type: Microsoft.Network/azureFirewalls
  resourceGroup: main
  name: fw
  properties:
    ipConfigurations:
      - name: one
        properties: {subnet: {id: "${nodes.id}"}, publicIPAddress: {id: "${ip.id}"}}
"""
LOCK = """\
lock:
  type: Microsoft.Authorization/locks
  scope: ${resourceGroups.main.id}
  name: keep
  properties: {level: CanNotDelete}
"""
VAULT = """\
vault:
  type: Microsoft.KeyVault/vaults
  resourceGroup: main
  name: kv-azsec-test
  properties:
    tenantId: ${environment.tenantId}
    sku: {family: A, name: standard}
    enablePurgeProtection: true
"""


def change_at(plan: Plan, address: str) -> ResourceChangeDocument:
    return next(change for change in plan.document.changes if change.address == address)


def test_a_property_that_cannot_change_replaces_and_says_why(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(ADDRESS)))

    plan = bench.plan(bench.compose(ADDRESS.replace('["1"]', '["2"]')))

    change = change_at(plan, "ip")
    assert change.action is Action.REPLACE
    assert change.reason == "zones cannot change in place"
    assert change.disruption == Disruption.CONNECTIONS
    assert [step.key for step in plan.steps] == ["delete ip", "put ip"]
    with pytest.raises(GateError, match="deletes or replaces ip"):
        bench.apply(plan)
    bench.apply(plan, allow_delete=True)
    assert bench.plan(bench.compose(ADDRESS.replace('["1"]', '["2"]'))).steps == ()


def test_what_stands_in_a_replaced_resource_is_made_again(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))
    moved = bench.compose(NETWORK.replace("location: westeurope", "location: northeurope"))

    plan = bench.plan(moved)

    assert change_at(plan, "vnet").action is Action.REPLACE
    subnet = change_at(plan, "nodes")
    assert (subnet.action, subnet.reason) == (Action.REPLACE, "its parent or scope is replaced")
    assert [step.key for step in plan.steps] == [
        "delete nodes",
        "delete vnet",
        "put vnet",
        "put nodes",
    ]
    bench.apply(plan, allow_delete=True)
    assert bench.plan(moved).steps == ()


def test_a_one_way_switch_is_refused_by_name(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(VAULT)))

    plan = bench.plan(bench.compose(VAULT.replace("Protection: true", "Protection: false")))

    change = change_at(plan, "vault")
    assert change.action is Action.BLOCKED
    assert change.reason == "enablePurgeProtection can be turned on, and never off again"
    assert not plan.can_apply()
    assert plan.steps == ()


def test_a_plan_that_is_blocked_is_not_applied_and_the_property_is_named(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(VAULT)))
    plan = bench.plan(bench.compose(VAULT.replace("Protection: true", "Protection: false")))
    before = len(bench.server.requests)

    with pytest.raises(DiagnosticError, match="vault is blocked: enablePurgeProtection can be"):
        bench.apply(plan, allow_delete=True)

    assert len(bench.server.requests) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Protection: true", "Protection: false"), "enablePurgeProtection cannot be false"),
    ],
    ids=["never-false"],
)
def test_a_value_that_azure_never_accepts_is_refused_before_a_resource_is_made(
    change: tuple[str, str], words: str, bench: Bench
) -> None:
    plan = bench.plan(bench.compose(VAULT.replace(*change)))

    vault = change_at(plan, "vault")
    assert vault.action is Action.BLOCKED
    assert words in str(vault.reason)
    assert not plan.can_apply()


def test_a_vault_is_not_replaced_as_its_name_stays_taken(bench: Bench) -> None:
    """A deleted vault keeps its name for up to 90 days: the new one could not be made."""
    bench.apply(bench.plan(bench.compose(VAULT)))

    plan = bench.plan(bench.compose(VAULT + "    softDeleteRetentionInDays: 7\n"))

    vault = change_at(plan, "vault")
    assert vault.action is Action.BLOCKED
    assert vault.reason == (
        "softDeleteRetentionInDays cannot change in place, and a new kv-azsec-test cannot take the "
        "place of the old one, which keeps the name when it is deleted: choose another name"
    )
    assert [field.path for field in vault.fields if field.forces_replace] == [
        "properties.softDeleteRetentionInDays"
    ]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("name: pip", "name: other", "publicIPAddresses"),
        ("scope: ${resourceGroups.main.id}", "scope: ${ip.id}", "locks"),
    ],
    ids=["name", "scope"],
)
def test_another_id_is_another_resource(before: str, after: str, kind: str, bench: Bench) -> None:
    """What is part of the id (name, group, scope, subscription with its tenant) cannot change."""
    resources = ADDRESS + (LOCK if kind == "locks" else "")
    bench.apply(bench.plan(bench.compose(resources)))

    plan = bench.plan(bench.compose(resources.replace(before, after)))

    moved = [change for change in plan.document.changes if change.type.endswith(kind)]
    assert sorted(change.action for change in moved) == [Action.CREATE, Action.DELETE]
    assert moved[0].id != moved[1].id


def test_a_range_that_something_is_in_is_refused_by_the_plan_and_by_azure(bench: Bench) -> None:
    firewall = NETWORK.replace("name: nodes", "name: AzureFirewallSubnet") + ADDRESS + FIREWALL
    bench.apply(bench.plan(bench.compose(firewall)))
    moved = firewall.replace("10.0.1.0/24", "10.0.2.0/24")

    change = change_at(bench.plan(bench.compose(moved)), "nodes")

    assert change.action is Action.BLOCKED
    assert change.reason == (
        "addressPrefix cannot change, nor the subnet be deleted, while fw is in it: give the new "
        "range to a new subnet"
    )
    subnet = ResourceId.parse(change.id)
    version = bench.catalog.get(subnet.type).api_version
    body = {"properties": {"addressPrefix": "10.0.2.0/24"}}
    with pytest.raises(AzureError, match="addressPrefix"):
        bench.client.put(subnet, version, body, None, lambda _status: None)


def test_a_target_takes_what_it_waits_for_and_nothing_else(bench: Bench) -> None:
    desired = bench.compose(NETWORK + ADDRESS)

    plan = bench.plan(desired, "nodes")

    assert [change.address for change in plan.document.changes] == [
        "resourceGroups.main",
        "vnet",
        "nodes",
    ]


def test_the_worst_disruption_of_its_fields_is_that_of_a_change(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))
    network = bench.server.resource_ids()
    assert network
    changed = NETWORK.replace(
        "{addressSpace: {addressPrefixes: [10.0.0.0/16]}}",
        "{addressSpace: {addressPrefixes: [10.0.0.0/16]}, dhcpOptions: {dnsServers: [10.0.0.4]}}",
    )

    change = change_at(bench.plan(bench.compose(changed)), "vnet")

    assert change.action is Action.UPDATE
    assert change.disruption == Disruption.CONNECTIONS


CLUSTER = """\
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    oidcIssuerProfile: {enabled: true}
    agentPoolProfiles: [{name: system, mode: System, vmSize: Standard_D4s_v5, count: 3}]
"""


def test_a_drift_that_no_plan_turns_back_is_a_drift_that_says_so(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(CLUSTER)))
    blueprint = bench.compose(CLUSTER.replace("enabled: true", "enabled: false"))

    drift = check_drift(blueprint, bench.catalog, bench.client)

    (drifted,) = drift.drifted
    assert [field.path for field in drifted.fields] == ["properties.oidcIssuerProfile.enabled"]
    (told,) = drift.diagnostics
    assert (told.code, told.severity) == ("not-reversible", "warning")
    assert "aks cannot be changed back: oidcIssuerProfile.enabled can be turned on" in told.message
