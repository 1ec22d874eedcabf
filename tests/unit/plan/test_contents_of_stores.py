"""A vault or a workspace is not deleted with what others keep in it."""

import pytest

from provisioner.documents.plan import Action
from provisioner.model.resource_id import ResourceId
from tests.environments import Bench

PROVIDERS = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main/providers"
TABLE = """\
table:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt-main
  properties: {routes: []}
"""
VAULT = """\
store:
  type: Microsoft.KeyVault/vaults
  name: kv-azsec-test
  resourceGroup: main
  properties:
    tenantId: 99999999-9999-9999-9999-999999999999
    sku: {family: A, name: standard}
    enableRbacAuthorization: true
    accessPolicies: []
"""
WORKSPACE = """\
store:
  type: Microsoft.OperationalInsights/workspaces
  name: log-test
  resourceGroup: main
  properties: {sku: {name: PerGB2018}}
"""
SECRET = f"{PROVIDERS}/Microsoft.KeyVault/vaults/kv-azsec-test/secrets/payments"
TABLES = f"{PROVIDERS}/Microsoft.OperationalInsights/workspaces/log-test/tables"


def put(bench: Bench, text: str, body: dict[str, object]) -> None:
    """Make a resource behind azsec's back."""
    resource = ResourceId.parse(text)
    version = bench.catalog.get(resource.type).api_version
    bench.client.put(resource, version, body, None, lambda _status: None)


@pytest.mark.parametrize(
    ("store", "content", "body"),
    [
        (VAULT, SECRET, {"properties": {"value": "s3cr3t"}}),
        (WORKSPACE, f"{TABLES}/Orders_CL", {"properties": {"retentionInDays": 30}}),
    ],
)
def test_content_of_others_blocks_the_delete_by_name(
    bench: Bench, store: str, content: str, body: dict[str, object]
) -> None:
    desired = bench.compose(TABLE + store)
    bench.apply(bench.plan(desired))
    put(bench, content, body)

    assert bench.plan(desired).steps == (), "harmless as long as the store stays"
    left = bench.plan(bench.compose(TABLE))
    destroyed = bench.plan_destroy(desired)

    for plan in (left, destroyed):
        change = next(each for each in plan.document.changes if each.address == "store")
        assert change.action is Action.BLOCKED
        assert change.reason == f"it holds {content}, which azsec did not make"
        assert not plan.can_apply()


def test_the_tables_that_azure_has_in_every_workspace_block_nothing(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(TABLE + WORKSPACE)))
    put(bench, f"{TABLES}/AKSAudit", {"properties": {"retentionInDays": 90}})

    plan = bench.plan(bench.compose(TABLE))

    assert {each.address: each.action for each in plan.document.changes} == {"store": Action.DELETE}
    bench.apply(plan, allow_delete=True)
    assert bench.plan(bench.compose(TABLE)).steps == ()


def test_content_that_came_after_the_plan_stops_the_delete(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(TABLE + VAULT)))
    plan = bench.plan(bench.compose(TABLE))
    put(bench, SECRET, {"properties": {"value": "s3cr3t"}})

    document = bench.apply(plan, allow_delete=True)

    (step,) = [each for each in document.steps if each.address == "store"]
    assert f"it holds {SECRET}, which was not seen when it was planned" in str(step)
