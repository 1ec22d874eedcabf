"""What Azure neither deletes nor changes by a PUT, and scopes that are no resources."""

import pytest

from provisioner.catalog import api_versions
from provisioner.documents.apply import Outcome
from provisioner.documents.plan import Action
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from provisioner.plan.plan import Plan
from provisioner.workflow.drift import check_drift
from tests.environments import Bench

VAULT = """
vault:
  type: Microsoft.KeyVault/vaults
  name: kv-azsec-test
  resourceGroup: main
  properties:
    tenantId: 99999999-9999-9999-9999-999999999999
    sku: {family: A, name: standard}
    enableRbacAuthorization: true
    accessPolicies: []
"""
KEY = """
key:
  type: Microsoft.KeyVault/vaults/keys
  name: etcd
  parent: ${vault.id}
  properties: {kty: RSA, keySize: SIZE}
"""
PLAN = """
plan:
  type: Microsoft.Security/pricings
  name: Containers
  scope: /subscriptions/11111111-1111-1111-1111-111111111111
  properties:
    pricingTier: Standard
    extensions: [{name: ContainerSensor, isEnabled: "True"}]
"""
WORKSPACE = """
workspace:
  type: Microsoft.OperationalInsights/workspaces
  name: log-test
  resourceGroup: main
  properties: {sku: {name: PerGB2018}}
activity:
  type: Microsoft.Insights/diagnosticSettings
  forEach:
    one: 11111111-1111-1111-1111-111111111111
    two: 11111111-1111-1111-1111-111111111112
  name: activity
  scope: /subscriptions/${each.value}
  properties:
    workspaceId: ${workspace.id}
    logs: [{category: Administrative, enabled: true}]
"""
CLUSTER = """
cluster:
  type: Microsoft.ContainerService/managedClusters
  name: aks-test
  resourceGroup: main
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks-test
    agentPoolProfiles: [{name: system, mode: System, count: 1, vmSize: Standard_D4ds_v5}]
reader:
  type: Microsoft.Authorization/roleAssignments
  name: ${guid("reader")}
  scope: ${cluster.id}/SCOPE
  properties:
    roleDefinitionId: >-
      ${roleDefinitionId(cluster.id, "Azure Kubernetes Service RBAC Reader")}
    principalId: 22222222-2222-2222-2222-222222222222
    principalType: Group
"""


def actions(plan: Plan) -> dict[str, Action]:
    return {change.address: change.action for change in plan.document.changes}


def apply(bench: Bench, resources: str) -> None:
    done = bench.apply(bench.plan(bench.compose(resources)))
    assert [step for step in done.steps if step.outcome is not Outcome.SUCCEEDED] == []


def test_a_key_that_changed_in_the_blueprint_is_blocked_with_the_way_to_change_it(
    bench: Bench,
) -> None:
    apply(bench, VAULT + KEY.replace("SIZE", "3072"))

    plan = bench.plan(bench.compose(VAULT + KEY.replace("SIZE", "4096")))

    (change,) = [c for c in plan.document.changes if c.address == "key"]
    assert change.action is Action.BLOCKED
    assert "az keyvault key" in str(change.reason)


def test_a_key_that_left_the_blueprint_stays_and_goes_with_its_vault(bench: Bench) -> None:
    apply(bench, VAULT + KEY.replace("SIZE", "3072"))

    left = bench.plan(bench.compose(VAULT))
    assert Action.DELETE not in actions(left).values()

    gone = bench.apply(
        bench.plan_destroy(bench.compose(VAULT + KEY.replace("SIZE", "3072"))), allow_delete=True
    )
    assert [step.address for step in gone.steps] == ["vault", "resourceGroups.main"]
    assert bench.server.resource_ids() == ()


def test_a_key_that_azsec_did_not_make_keeps_its_vault(bench: Bench) -> None:
    apply(bench, VAULT)
    theirs = f"{bench.body_of('kv-azsec-test')['id']}/keys/theirs"
    body = {"properties": {"kty": "RSA", "keySize": 3072}}
    bench.client.put(ResourceId.parse(theirs), api_versions.KEY_VAULT, body, None, print)

    plan = bench.plan_destroy(bench.compose(VAULT))

    (vault,) = [c for c in plan.document.changes if c.address == "vault"]
    assert vault.action is Action.BLOCKED
    assert vault.reason == f"it holds {theirs}, which azsec did not make"


def test_a_plan_of_defender_is_there_before_and_stays_as_it_is(bench: Bench) -> None:
    first = bench.plan(bench.compose(PLAN))
    assert actions(first)["plan"] is Action.UPDATE, "Azure has it, as Free"
    bench.apply(first)

    assert bench.plan(bench.compose(PLAN)).steps == ()
    gone = bench.plan_destroy(bench.compose(PLAN))
    assert [change.address for change in gone.document.changes] == ["resourceGroups.main"]
    bench.apply(gone, allow_delete=True)
    assert bench.body_of("pricings/Containers")["properties"]["pricingTier"] == "Standard"


def test_azure_refuses_to_delete_what_it_keeps(bench: Bench) -> None:
    apply(bench, PLAN)
    plan = ResourceId.parse(str(bench.body_of("pricings/Containers")["id"]))

    with pytest.raises(AzureError, match="MethodNotAllowed"):
        bench.client.delete(plan, api_versions.SECURITY_PRICINGS, None, print)


def test_an_activity_log_that_somebody_switched_off_is_drift(bench: Bench) -> None:
    blueprint = bench.compose(
        WORKSPACE.replace("    two: 11111111-1111-1111-1111-111111111112\n", "")
    )
    bench.apply(bench.plan(blueprint))
    assert not check_drift(blueprint, bench.catalog, bench.client).found

    bench.tamper("activity", logs=[{"category": "Administrative", "enabled": False}])

    (drifted,) = check_drift(blueprint, bench.catalog, bench.client).drifted
    assert drifted.address == "activity[one]"


def test_settings_of_one_name_on_two_subscriptions_both_go(bench: Bench) -> None:
    blueprint = bench.compose(
        WORKSPACE, subscriptions="  other: 11111111-1111-1111-1111-111111111112\n"
    )
    bench.apply(bench.plan(blueprint))

    gone = bench.apply(bench.plan_destroy(blueprint), allow_delete=True)

    assert len(gone.steps) == 4
    assert bench.server.resource_ids() == ()


def test_a_role_is_assigned_at_a_kubernetes_namespace_which_is_no_resource(bench: Bench) -> None:
    blueprint = CLUSTER.replace("SCOPE", "namespaces/dev")
    apply(bench, blueprint)

    assert bench.plan(bench.compose(blueprint)).steps == ()
    gone = bench.apply(bench.plan_destroy(bench.compose(blueprint)), allow_delete=True)
    assert gone.steps[0].address.startswith("cluster/roleAssignments/")
    assert bench.server.resource_ids() == ()


def test_a_role_is_not_assigned_at_a_namespace_that_azure_should_keep_and_does_not(
    bench: Bench,
) -> None:
    done = bench.apply(bench.plan(bench.compose(CLUSTER.replace("SCOPE", "managedNamespaces/dev"))))

    (failed,) = [step for step in done.steps if step.outcome is not Outcome.SUCCEEDED]
    assert failed.address == "reader"
    assert "ResourceNotFound" in str(failed.message)
