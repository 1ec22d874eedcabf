"""What stands two levels below, is only read, or is left out by a target, is not lost."""

import pytest

from provisioner.documents.apply import Event, Outcome, StepStarted, StepSucceeded
from provisioner.documents.plan import Action
from provisioner.model.resource_id import ResourceId
from tests.environments import Bench

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"
KEEP = """\
keep: {type: Microsoft.ManagedIdentity/userAssignedIdentities, resourceGroup: main, name: id-keep}
"""
ACCOUNT = """\
account:
  type: Microsoft.Storage/storageAccounts
  resourceGroup: main
  name: stcontainers
  sku: {name: Standard_LRS}
  kind: StorageV2
"""
CONTAINERS = (
    f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stcontainers/blobServices/default"
)
ZONE = """\
zone:
  type: Microsoft.Network/privateDnsZones
  resourceGroup: main
  name: corp.internal
  location: global
"""
RECORD = f"""\
record:
  type: Microsoft.Network/privateDnsZones/A
  parent: {GROUP}/providers/Microsoft.Network/privateDnsZones/corp.internal
  name: api
  properties: {{ttl: 60, aRecords: [{{ipv4Address: 10.0.0.4}}]}}
"""
LOCK = """\
lock:
  type: Microsoft.Authorization/locks
  name: keep
  scope: /subscriptions/${environment.subscriptions.workload}
  properties: {level: CanNotDelete}
"""


def put(bench: Bench, text: str, body: dict[str, object]) -> None:
    resource = ResourceId.parse(text)
    version = bench.catalog.get(resource.type).api_version
    bench.client.put(resource, version, body, None, lambda _status: None)


def test_an_account_with_a_foreign_container_is_not_deleted(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(KEEP + ACCOUNT)))
    put(bench, f"{CONTAINERS}/containers/theirs", {"properties": {}})

    plan = bench.plan(bench.compose(KEEP))

    account = next(change for change in plan.document.changes if change.address == "account")
    assert account.action is Action.BLOCKED
    assert "containers/theirs, which azsec did not make" in str(account.reason)


def test_a_container_that_was_not_seen_stops_the_delete_of_its_account(bench: Bench) -> None:
    desired = bench.compose(ACCOUNT)
    bench.apply(bench.plan(desired))
    plan = bench.plan_destroy(desired)
    put(bench, f"{CONTAINERS}/containers/theirs", {"properties": {}})

    done = bench.apply(plan, allow_delete=True)

    failed = next(step for step in done.steps if step.outcome is Outcome.FAILED)
    assert "theirs, which was not seen when it was planned" in str(failed.message)
    assert bench.body_of("containers/theirs")


@pytest.mark.parametrize("name", ["insights-logs-flowlogflowevent", "insights-metrics-pt1m"])
def test_what_a_service_writes_into_an_account_goes_with_it(bench: Bench, name: str) -> None:
    bench.apply(bench.plan(bench.compose(KEEP + ACCOUNT)))
    put(bench, f"{CONTAINERS}/containers/{name}", {"properties": {}})

    plan = bench.plan(bench.compose(KEEP))

    assert {c.address: c.action for c in plan.document.changes} == {"account": Action.DELETE}
    assert plan.document.unmanaged == ()


@pytest.mark.parametrize("record", [RECORD, RECORD + "  existing: true\n"], ids=["own", "read"])
def test_a_zone_is_not_deleted_under_a_record_that_the_blueprint_has(
    bench: Bench, record: str
) -> None:
    bench.apply(bench.plan(bench.compose(ZONE)))
    bench.apply(bench.plan(bench.compose(ZONE + RECORD)))

    plan = bench.plan(bench.compose(KEEP + record))

    zone = next(change for change in plan.document.changes if change.address == "zone")
    assert zone.action is Action.BLOCKED
    assert "corp.internal/A/api" in str(zone.reason)


def test_a_target_does_not_delete_the_carrier_of_what_it_leaves(bench: Bench) -> None:
    desired = bench.compose(LOCK)
    bench.apply(bench.plan(desired))

    plan = bench.plan_destroy(desired, "resourceGroups.main")

    (group,) = plan.document.changes
    assert group.action is Action.BLOCKED
    assert "locks/keep, which stays" in str(group.reason)


def test_a_mark_of_what_was_deleted_by_hand_is_dropped(bench: Bench) -> None:
    table = "Microsoft.Network/routeTables"
    nodes = f"""\
table: {{type: {table}, resourceGroup: main, name: rt}}
net:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: net
  properties: {{addressSpace: {{addressPrefixes: [10.0.0.0/16]}}}}
"""
    subnet = """\
one:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${net.id}
  name: one
  properties: {addressPrefix: 10.0.1.0/24}
"""
    bench.apply(bench.plan(bench.compose(nodes + subnet)))
    one = ResourceId.parse(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/one")
    bench.client.delete(one, bench.catalog.get(one.type).api_version, None, lambda _status: None)
    without = bench.compose(nodes)

    plan = bench.plan(without)

    assert [step.key for step in plan.steps] == ["put net"]
    assert plan.document.diagnostics == ()
    bench.apply(plan)
    assert bench.plan(without).steps == ()


POOLS = """\
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    agentPoolProfiles:
      - {name: system, mode: System, count: 1, vmSize: Standard_D4ds_v5}
"""
WORK = "      - {name: work, mode: User, count: 1, vmSize: Standard_D4ds_v5}\n"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks"


def test_a_pool_that_arrives_before_its_cluster_is_written_survives(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(POOLS + WORK)))
    plan = bench.plan(bench.compose(POOLS))
    pool = {"properties": {"mode": "User", "count": 1, "vmSize": "Standard_D4ds_v5"}}

    def add(event: Event) -> None:
        if isinstance(event, StepSucceeded) and event.key.endswith("agentPools/work"):
            put(bench, f"{CLUSTER}/agentPools/extra", pool)

    done = bench.apply(plan, allow_delete=True, on_event=add)

    (failed,) = [step for step in done.steps if step.outcome is Outcome.FAILED]
    assert "agentPools/extra, which was not seen when it was planned" in str(failed.message)
    assert bench.body_of("agentPools/extra")


def test_an_update_does_not_overwrite_what_took_the_place_of_a_resource(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(KEEP + ACCOUNT)))
    changed = bench.compose(KEEP + ACCOUNT + "  tags: {team: payments}\n")
    plan = bench.plan(changed)
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stcontainers"
    theirs = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_GRS"}}

    def take(event: Event) -> None:
        if isinstance(event, StepStarted) and event.key == "put account":
            resource = ResourceId.parse(account)
            bench.client.delete(resource, bench.catalog.get(resource.type).api_version, None, print)
            put(bench, account, theirs)

    done = bench.apply(plan, on_event=take)

    (failed,) = [step for step in done.steps if step.outcome is Outcome.FAILED]
    assert "another one may have taken its place" in str(failed.message)
    assert bench.body_of("stcontainers")["sku"] == {"name": "Standard_GRS", "tier": "Standard"}


def test_a_cluster_takes_no_node_resource_group_of_others(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(KEEP)))
    group = GROUP.replace("rg-main", "rg-colleague")
    put(bench, group, {"location": "westeurope"})

    plan = bench.plan(bench.compose(KEEP + POOLS + "    nodeResourceGroup: rg-colleague\n"))

    cluster = next(change for change in plan.document.changes if change.address == "aks")
    assert cluster.action is Action.BLOCKED
    assert "rg-colleague exists" in str(cluster.reason)


def test_an_own_inline_subnet_becomes_a_resource_of_its_own(bench: Bench) -> None:
    network = """\
net:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: net
  properties:
    addressSpace: {addressPrefixes: [10.0.0.0/16]}
"""
    inline = "    subnets: [{name: one, properties: {addressPrefix: 10.0.1.0/24}}]\n"
    subnet = """\
one:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${net.id}
  name: one
  properties: {addressPrefix: 10.0.1.0/24}
"""
    bench.apply(bench.plan(bench.compose(network + inline)))
    moved = bench.compose(network + subnet)

    plan = bench.plan(moved)

    assert {c.action for c in plan.document.changes} <= {Action.UPDATE}
    bench.apply(plan)
    assert bench.plan(moved).steps == ()
