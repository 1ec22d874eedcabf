"""What changes the effect of an environment without being named by it is read, declared or not."""

from collections.abc import Iterator

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.protocol.faults import Fault
from tests.environments import ROOT, Bench, open_bench, plan_environment

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"
MANAGER = f"{GROUP}/providers/Microsoft.Network/networkManagers/theirs"
RULES = f"{MANAGER}/securityAdminConfigurations/all/ruleCollections/in/rules"

NETWORK = """\
network:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties:
    addressSpace: {addressPrefixes: [10.0.0.0/16]}
"""
MANAGED = """\
manager:
  type: Microsoft.Network/networkManagers
  resourceGroup: main
  name: central
  properties:
    networkManagerScopes: {subscriptions: ["/subscriptions/11111111-1111-1111-1111-111111111111"]}
    networkManagerScopeAccesses: [SecurityAdmin]
configuration:
  type: Microsoft.Network/networkManagers/securityAdminConfigurations
  parent: ${manager.id}
  name: baseline
collection:
  type: Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections
  parent: ${configuration.id}
  name: inbound
  properties:
    appliesToGroups: [{networkGroupId: "${manager.id}/networkGroups/all"}]
rule:
  type: Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules
  parent: ${collection.id}
  name: deny-ssh
  kind: Custom
  properties:
    access: Deny
    direction: Inbound
    priority: 100
    protocol: Tcp
    sources: [{addressPrefixType: ServiceTag, addressPrefix: Internet}]
    destinations: [{addressPrefixType: IPPrefix, addressPrefix: "*"}]
    sourcePortRanges: ["0-65535"]
    destinationPortRanges: ["22"]
"""


def put(bench: Bench, path: str, **body: object) -> None:
    bench.send("PUT", path, body, "2026-03-01")  # type: ignore[arg-type]


def found(bench: Bench, text: str) -> set[str]:
    """Return the ids that a plan of an environment with a network reads, within its group."""
    state = plan_environment(bench.compose(text), bench.catalog, bench.client).state
    return {hit.id.text.removeprefix(GROUP) for hit in state.found.values()}


def test_rules_four_levels_down_are_read_and_plan_to_nothing(bench: Bench):
    bench.apply(bench.plan(bench.compose(MANAGED)))

    plan = bench.plan(bench.compose(MANAGED))

    assert plan.document.changes == ()
    assert plan.document.summary.unchanged == 5


def test_the_rules_of_a_network_manager_of_others_are_read(bench: Bench):
    bench.apply(bench.plan(bench.compose(NETWORK)))
    properties = {
        "access": "AlwaysAllow",
        "direction": "Inbound",
        "priority": 1,
        "protocol": "Any",
    }
    put(bench, MANAGER, location="westeurope", properties={"networkManagerScopes": {}})
    put(bench, f"{MANAGER}/securityAdminConfigurations/all", properties={})
    put(
        bench,
        RULES.removesuffix("/rules"),
        properties={"appliesToGroups": [{"networkGroupId": f"{MANAGER}/networkGroups/all"}]},
    )
    put(bench, f"{RULES}/ssh", kind="Custom", properties=properties)

    assert f"{RULES}/ssh".removeprefix(GROUP) in found(bench, NETWORK)


def test_without_a_network_nobody_looks_for_network_managers(bench: Bench):
    before = len(bench.server.requests)

    bench.plan(bench.compose('identity: {type: Microsoft.ManagedIdentity/userAssignedIdentities, '
                             'resourceGroup: main, name: id-nodes}'))  # fmt: skip

    asked = [request.path for request in bench.server.requests[before:]]
    assert not any("networkManagers" in path or "privateDnsZones" in path for path in asked)


VAULT = """\
vault:
  type: Microsoft.KeyVault/vaults
  resourceGroup: main
  name: kv-azsec-test
  properties: {tenantId: "${environment.tenantId}", sku: {family: A, name: standard}}
"""


def test_of_the_zones_of_others_those_are_read_that_answer_for_a_service(bench: Bench):
    bench.apply(bench.plan(bench.compose(NETWORK + VAULT)))
    for name in ("vault.azure.net", "kv-azsec-test.vault.azure.net", "example.internal"):
        zone = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/{name}"
        put(bench, zone, location="global")
        put(bench, f"{zone}/A/www", properties={"ttl": 1, "aRecords": []})

    records = {text for text in found(bench, NETWORK + VAULT) if text.endswith("/A/www")}

    assert {text.split("/")[4] for text in records} == {
        "vault.azure.net",
        "kv-azsec-test.vault.azure.net",
    }


@pytest.fixture(scope="module")
def shipped(catalog: Catalog) -> Iterator[Bench]:
    with pytest.MonkeyPatch.context() as patched, open_bench(catalog) as bench:
        patched.chdir(ROOT)
        bench.apply(bench.plan(bench.load("environments/local.yaml")))
        yield bench


def test_extensions_and_flux_configurations_of_the_cluster_are_read(shipped: Bench):
    (cluster,) = (i for i in shipped.server.resource_ids() if i.endswith("/aks-contoso-local"))
    provider = f"{cluster}/providers/Microsoft.KubernetesConfiguration"
    put(shipped, f"{provider}/extensions/flux", properties={"extensionType": "microsoft.flux"})
    put(
        shipped,
        f"{provider}/fluxConfigurations/theirs",
        properties={
            "sourceKind": "GitRepository",
            "gitRepository": {"url": "https://git.example/x"},
        },
    )

    desired = shipped.load("environments/local.yaml")
    state = plan_environment(desired, shipped.catalog, shipped.client).state

    assert f"{provider}/extensions/flux".lower() in state.found
    assert f"{provider}/fluxConfigurations/theirs".lower() in state.found


def test_what_a_list_shows_is_not_read_again_by_itself(shipped: Bench):
    before = len(shipped.server.requests)

    shipped.plan(shipped.load("environments/local.yaml"))

    asked = [request.path for request in shipped.server.requests[before:]]
    assert not any("/virtualNetworkLinks/" in path or "/flowLogs/" in path for path in asked)
    # The cluster is read once more, for what its list does not answer.
    assert len(asked) <= 113


def test_a_refused_list_of_records_hides_what_endpoints_wrote(shipped: Bench):
    shipped.server.faults.add(
        Fault(path="vaultcore.azure.net/ALL", status=403, code="AuthorizationFailed")
    )
    desired = shipped.load("environments/local.yaml")

    planned = plan_environment(desired, shipped.catalog, shipped.client)

    hidden = [gap.id.type for gap in planned.state.unreadable]
    assert hidden == ["Microsoft.Network/privateDnsZones/A"]
    verdicts = {proof.name: proof.verdict for proof in planned.plan.document.proofs}
    assert verdicts.pop("private services") == "unknown"
    assert set(verdicts.values()) == {"holds"}
