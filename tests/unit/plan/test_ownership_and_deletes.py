"""What is deleted, what is left alone, and what is refused."""

import pytest

from provisioner.documents.plan import Action
from provisioner.model.diagnostic import DiagnosticError, GateError
from provisioner.model.resource_id import ResourceId
from tests.environments import Bench

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"
NETWORK = """\
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
"""
SUBNET = """\
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties: {addressPrefix: 10.0.1.0/24}
"""
TABLE = """\
table:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt-main
  properties: {routes: []}
"""


def put(bench: Bench, text: str, body: dict[str, object]) -> None:
    """Make a resource behind azsec's back."""
    resource = ResourceId.parse(text)
    version = bench.catalog.get(resource.type).api_version
    bench.client.put(resource, version, body, None, lambda _status: None)


def actions(bench: Bench, resources: str, name: str = "test") -> dict[str, Action]:
    plan = bench.plan(bench.compose(resources, name=name))
    return {change.address: change.action for change in plan.document.changes}


def test_a_tagged_resource_that_left_the_blueprint_is_deleted(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + TABLE)))

    assert actions(bench, NETWORK) == {"table": Action.DELETE}


def test_a_child_without_tags_is_known_by_its_parents_tag(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + SUBNET)))

    plan = bench.plan(bench.compose(NETWORK))

    deletes = [c for c in plan.document.changes if c.action is Action.DELETE]
    assert [change.id for change in deletes] == [
        f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes"
    ]
    keys = [step.key for step in plan.steps]
    assert keys == ["delete vnet/subnets/nodes", "put vnet"], (
        "the network's tag vouches for the subnet until the subnet is gone"
    )
    bench.apply(plan, allow_delete=True)
    assert bench.plan(bench.compose(NETWORK)).steps == ()


def test_deletes_need_a_permission(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + TABLE)))
    plan = bench.plan(bench.compose(NETWORK))

    with pytest.raises(GateError, match=r"the plan deletes or replaces table\."):
        bench.apply(plan)


def test_what_azsec_did_not_make_is_listed_and_left_alone(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))
    foreign = f"{GROUP}/providers/Microsoft.Network/routeTables/rt-foreign"
    put(bench, foreign, {"location": "westeurope", "properties": {"routes": []}})
    subnet = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/foreign"
    put(bench, subnet, {"properties": {"addressPrefix": "10.0.9.0/24"}})

    plan = bench.plan(bench.compose(NETWORK))

    assert plan.steps == ()
    assert [entry.id for entry in plan.document.unmanaged] == [foreign]
    assert [entry.id for entry in plan.document.additions] == [subnet]


def test_a_group_with_foreign_resources_is_not_deleted(bench: Bench) -> None:
    desired = bench.compose(NETWORK)
    bench.apply(bench.plan(desired))
    foreign = f"{GROUP}/providers/Microsoft.Network/routeTables/rt-foreign"
    put(bench, foreign, {"location": "westeurope", "properties": {"routes": []}})

    plan = bench.plan_destroy(desired)

    group = next(c for c in plan.document.changes if c.address == "resourceGroups.main")
    assert group.action is Action.BLOCKED
    assert group.reason == f"it holds {foreign}, which azsec did not make"
    assert not plan.can_apply()


def test_another_environments_resource_is_never_changed(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))

    found = actions(bench, NETWORK, name="other")

    assert found["vnet"] is Action.BLOCKED


def test_taking_over_is_an_act(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))
    table = f"{GROUP}/providers/Microsoft.Network/routeTables/rt-main"
    put(bench, table, {"location": "westeurope", "properties": {"routes": []}})
    desired = bench.compose(NETWORK + TABLE)

    plan = bench.plan(desired)

    change = next(c for c in plan.document.changes if c.address == "table")
    assert change.action is Action.ADOPT
    assert change.reason == "exists already, without a mark of azsec, and is taken over"
    with pytest.raises(GateError, match=r"table \(.*rt-main\) exists and carries no mark"):
        bench.apply(plan)
    bench.apply(bench.plan(desired, adopt=("table",)))
    assert bench.plan(desired).steps == ()
    assert actions(bench, NETWORK) == {"table": Action.DELETE}


def test_a_child_without_tags_is_taken_over_only_when_asked(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))
    subnet = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes"
    put(bench, subnet, {"properties": {"addressPrefix": "10.0.1.0/24"}})
    desired = bench.compose(NETWORK + SUBNET)

    plan = bench.plan(desired)

    assert {c.address: c.action for c in plan.document.changes} == {"nodes": Action.ADOPT}
    assert plan.adopts_unasked
    permitted = bench.plan(desired, adopt=("nodes",))
    assert [step.key for step in permitted.steps] == ["put vnet"], "the network carries its mark"
    bench.apply(permitted)
    assert bench.plan(desired).steps == ()
    assert actions(bench, NETWORK)["vnet/subnets/nodes"] is Action.DELETE


def test_an_empty_blueprint_is_an_error_and_not_a_wish(bench: Bench) -> None:
    from provisioner.blueprint.graph import DesiredGraph
    from provisioner.workflow.plan import Desired

    desired = bench.compose(NETWORK)
    bench.apply(bench.plan(desired))

    with pytest.raises(DiagnosticError, match="describes no resources"):
        bench.plan(Desired(desired.environment, DesiredGraph({}, {}), "local", bench.catalog))


def test_what_holds_a_foreign_child_is_not_deleted(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + TABLE)))
    subnet = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/foreign"
    put(bench, subnet, {"properties": {"addressPrefix": "10.0.9.0/24"}})

    plan = bench.plan(bench.compose(TABLE))

    network = next(c for c in plan.document.changes if c.address == "vnet")
    assert network.action is Action.BLOCKED
    assert network.reason == f"it holds {subnet}, which azsec did not make"


def test_what_points_to_a_resource_goes_before_it(bench: Bench) -> None:
    guarded = SUBNET.replace("10.0.1.0/24}", '10.0.1.0/24, routeTable: {id: "${table.id}"}}')
    desired = bench.compose(NETWORK + guarded + TABLE)
    bench.apply(bench.plan(desired))

    keys = [step.key for step in bench.plan_destroy(desired).steps]

    assert keys.index("delete vnet/subnets/nodes") < keys.index("delete table")
    assert keys.index("delete vnet/subnets/nodes") < keys.index("delete vnet")
    assert keys[-1] == "delete resourceGroups.main"


def test_the_subnet_of_a_pool_in_a_clusters_body_goes_after_the_cluster(bench: Bench) -> None:
    cluster = """
cluster:
  type: Microsoft.ContainerService/managedClusters
  name: aks-test
  resourceGroup: main
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks-test
    networkProfile: {serviceCidr: 10.9.0.0/16, dnsServiceIP: 10.9.0.10}
    agentPoolProfiles:
      - name: system
        mode: System
        count: 1
        vmSize: Standard_D4ds_v5
        vnetSubnetID: ${nodes.id}
"""
    desired = bench.compose(NETWORK + SUBNET + cluster)
    bench.apply(bench.plan(desired))

    waits = {step.key: step.after for step in bench.plan_destroy(desired).steps}

    assert "delete cluster" in waits["delete vnet/subnets/nodes"]
