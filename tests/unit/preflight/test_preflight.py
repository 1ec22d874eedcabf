"""Preflight over a socket: what it foretells is what the built-in Azure then does."""

from collections.abc import Callable

import pytest
import yaml

from provisioner.documents.apply import Outcome
from provisioner.documents.plan import PlanDocument
from provisioner.model.diagnostic import DiagnosticError, Severity
from provisioner.plan.plan import Plan
from provisioner.plan.plan_file import read_plan_file, write_plan_file
from provisioner.workflow.preflight import Preflight
from tests.environments import Bench, plan_environment

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
TENANT = "99999999-9999-9999-9999-999999999999"
QUOTAS = f"{S}/providers/Microsoft.Compute/locations/westeurope/providers/Microsoft.Quota/quotas"
FEATURES = f"{S}/providers/Microsoft.Features/providers"

VAULT = """\
vault:
  type: Microsoft.KeyVault/vaults
  resourceGroup: main
  name: kv-azsec-test
  properties:
    tenantId: ${environment.tenantId}
    sku: {family: A, name: standard}
"""
RECOVERED = VAULT + "    createMode: recover\n"
CLUSTER = """\
cluster:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    kubernetesVersion: "1.35"
    dnsPrefix: aks
    agentPoolProfiles:
      - name: system
        mode: System
        vmSize: Standard_D4ds_v5
        count: 3
        enableEncryptionAtHost: true
"""
ENCRYPTED = """\
    securityProfile:
      kubernetesResourceObjectEncryptionProfile: {infrastructureEncryption: Enabled}
"""
POOL = """\
apps:
  type: Microsoft.ContainerService/managedClusters/agentPools
  parent: ${cluster.id}
  name: apps
  properties: {mode: User, vmSize: Standard_D4ds_v5, count: 2}
"""
NETWORK = """\
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
"""
GUARD = """\
policy:
  type: Microsoft.Authorization/policyDefinitions
  scope: SUBSCRIPTION
  name: regions
  properties:
    mode: Indexed
    parameters: {regions: {type: Array, defaultValue: [westeurope]}}
    policyRule:
      if:
        allOf:
          - {field: type, like: Microsoft.Network/*}
          - {not: {field: location, in: "[parameters('regions')]"}}
      then: {effect: Deny}
guard:
  type: Microsoft.Authorization/policyAssignments
  scope: SUBSCRIPTION
  name: regions
  properties:
    policyDefinitionId: ${policy.id}
    parameters: {regions: {value: [northeurope]}}
    nonComplianceMessages: [{message: Networks are in the north.}]
""".replace("SUBSCRIPTION", S)


def told(plan: Plan) -> list[str]:
    return [f"{d.severity}: {d.code}" for d in plan.document.diagnostics]


def delete_a_vault(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(VAULT)))
    bench.apply(bench.plan_destroy(bench.compose(VAULT)), allow_delete=True)


def take_the_name(bench: Bench) -> None:
    group = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-theirs"
    properties = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}}
    bench.send("PUT", group, {"location": "westeurope"})
    bench.send(
        "PUT",
        f"{group}/providers/Microsoft.KeyVault/vaults/kv-azsec-test",
        {"location": "westeurope", "properties": properties},
    )


def set_quota(family: str, limit: int) -> Callable[[Bench], None]:
    body = {"properties": {"limit": {"limitObjectType": "LimitValue", "value": limit}}}
    return lambda bench: bench.send("PUT", f"{QUOTAS}/{family}", body) and None


def unregister(what: str) -> Callable[[Bench], None]:
    namespace, _, feature = what.partition("/")
    path = f"{FEATURES}/{namespace}/features/{feature}" if feature else f"{S}/providers/{namespace}"
    return lambda bench: bench.send("POST", f"{path}/unregister") and None


def assign_a_policy(bench: Bench) -> None:
    for resource in yaml.safe_load(GUARD).values():
        policy = f"{S}/providers/Microsoft.Authorization/policyDefinitions/regions"
        resource["properties"]["policyDefinitionId"] = policy
        path = f"{S}/providers/{resource['type']}/{resource['name']}"
        bench.send("PUT", path, {"properties": resource["properties"]})


def nothing(_bench: Bench) -> None:
    pass


FORECASTS = [
    pytest.param(
        VAULT, take_the_name, "name-taken", "VaultAlreadyExists", id="a vault of somebody else"
    ),
    pytest.param(
        VAULT, delete_a_vault, "name-kept-by-deleted", "ConflictError", id="a deleted vault"
    ),
    pytest.param(
        CLUSTER,
        unregister("Microsoft.ContainerService"),
        "not-registered",
        "MissingSubscriptionRegistration",
        id="a provider that is not registered",
    ),
    pytest.param(
        CLUSTER,
        unregister("Microsoft.Compute/EncryptionAtHost"),
        "not-registered",
        "SubscriptionNotEnabledEncryptionAtHost",
        id="a feature that is not registered",
    ),
    pytest.param(
        CLUSTER + ENCRYPTED,
        unregister("Microsoft.ContainerService/KMSPMKPreview"),
        "not-registered",
        "PreviewFeatureNotRegistered",
        id="a feature of a preview",
    ),
    pytest.param(
        CLUSTER.replace("1.35", "1.22"),
        nothing,
        "version-not-offered",
        "K8sVersionNotSupported",
        id="a version of the past",
    ),
    pytest.param(
        CLUSTER,
        set_quota("standardDDSv5Family", 11),
        "quota-exceeded",
        "QuotaExceeded",
        id="the quota of a family",
    ),
    pytest.param(
        CLUSTER, set_quota("cores", 11), "quota-exceeded", "QuotaExceeded", id="that of the region"
    ),
    pytest.param(
        NETWORK, assign_a_policy, "policy-denies", "RequestDisallowedByPolicy", id="a policy"
    ),
]


@pytest.mark.parametrize(("resources", "arrange", "forecast", "outcome"), FORECASTS)
def test_what_is_foretold_comes_true(bench: Bench, resources, arrange, forecast, outcome) -> None:
    arrange(bench)
    desired = bench.compose(resources)

    foretold = bench.preflight(desired)
    assert told(foretold) == [f"error: {forecast}"]
    assert not foretold.can_apply()
    with pytest.raises(DiagnosticError) as refused:
        bench.apply(foretold)
    assert [d.code for d in refused.value.diagnostics] == [forecast]

    done = bench.apply(bench.plan(desired))
    failed = [step for step in done.steps if step.outcome is Outcome.FAILED]
    assert outcome in str(failed[0].message)


@pytest.mark.parametrize("resources", [VAULT, CLUSTER, NETWORK, GUARD])
def test_where_nothing_is_in_the_way_nothing_is_told(bench: Bench, resources) -> None:
    plan = bench.preflight(bench.compose(resources), applies=True)

    assert told(plan) == []
    done = bench.apply(plan)
    assert all(step.outcome is Outcome.SUCCEEDED for step in done.steps)


def test_a_deleted_vault_is_taken_back_as_the_hint_says(bench: Bench) -> None:
    delete_a_vault(bench)
    assert "`createMode: recover`" in str(
        bench.preflight(bench.compose(VAULT)).document.diagnostics[0].hint
    )

    plan = bench.preflight(bench.compose(RECOVERED))

    assert told(plan) == []
    done = bench.apply(plan)
    assert all(step.outcome is Outcome.SUCCEEDED for step in done.steps)


def test_a_plan_without_changes_asks_nothing(bench: Bench) -> None:
    desired = bench.compose(NETWORK + VAULT)
    bench.apply(bench.plan(desired))
    before = len(bench.server.requests)
    bench.plan(desired)
    reads = len(bench.server.requests) - before

    bench.preflight(desired)

    assert len(bench.server.requests) - before == 2 * reads


def test_the_requests_do_not_grow_with_what_is_there(bench: Bench) -> None:
    many = "".join(NETWORK.replace("vnet", f"vnet{n}").replace("10.0", f"10.{n}") for n in range(9))
    bench.apply(bench.plan(bench.compose(many)))
    before = len(bench.server.requests)

    bench.preflight(bench.compose(many + VAULT))

    asked = [r.path for r in bench.server.requests[before:]]
    assert sum("checkPolicyRestrictions" in path for path in asked) == 1


def test_the_same_answers_give_the_same_bytes(bench: Bench) -> None:
    delete_a_vault(bench)
    unregister("Microsoft.Compute/EncryptionAtHost")(bench)
    desired = bench.compose(CLUSTER + VAULT)

    first, second = bench.preflight(desired), bench.preflight(desired)

    assert len(first.document.diagnostics) == 2
    assert write_plan_file(first) == write_plan_file(second)
    read = read_plan_file(write_plan_file(first), "plan")
    # The path of the environment's file is this machine's, and stands in no document.
    assert read.document.model_dump() == first.document.model_dump()
    assert not read.can_apply()


def test_what_azure_does_not_answer_is_a_warning(bench: Bench) -> None:
    bench.server.faults.deny("Microsoft.Compute/*")
    bench.server.faults.deny("Microsoft.PolicyInsights/*")

    plan = bench.preflight(bench.compose(CLUSTER))

    assert told(plan) == ["warning: not-checked"] * 3
    assert plan.can_apply()
    assert "AuthorizationFailed" in plan.document.diagnostics[0].message


def test_a_rotation_needs_room_for_what_stands_in(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(CLUSTER + POOL)))
    set_quota("standardDDSv5Family", 59)(bench)
    larger = POOL.replace("Standard_D4ds_v5", "Standard_D8ds_v5")

    (told_once,) = bench.preflight(bench.compose(CLUSTER + larger)).document.diagnostics

    # What stands in takes 24, and its successor as many beside it, less what the old pool had.
    assert told_once.code == "quota-exceeded"
    assert "59 vCPUs, 20 used, 39 left" in told_once.message
    assert "(2 + 1 surge (10%)) x 8 + apps (2 + 1 surge (10%)) x 8 - 8 it has = 40" in (
        told_once.message
    )


def test_a_plan_made_offline_says_so(bench: Bench, catalog) -> None:
    delete_a_vault(bench)
    before = len(bench.server.requests)

    planned = plan_environment(
        bench.compose(VAULT), catalog, bench.client, preflight=Preflight(None)
    )

    assert told(planned.plan) == ["warning: preflight-skipped"]
    assert planned.plan.can_apply()
    assert not any("check" in r.path for r in bench.server.requests[before:])


@pytest.mark.parametrize(
    ("applies", "severity"), [(True, Severity.ERROR), (False, Severity.WARNING)]
)
def test_what_the_caller_may_not_do_is_told(bench: Bench, applies, severity) -> None:
    bench.server.allowed_actions = ["*/read", "Microsoft.Resources/*"]

    document: PlanDocument = bench.preflight(bench.compose(NETWORK), applies=applies).document

    assert [(d.code, d.severity) for d in document.diagnostics] == [
        ("permission-missing", severity)
    ]
    assert "Microsoft.Network/virtualNetworks/write" in document.diagnostics[0].message


def test_a_destroy_asks_whether_the_caller_may_delete(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))
    bench.server.allowed_actions = ["*/read", "*/write"]
    before = len(bench.server.requests)

    plan = bench.plan_destroy(bench.compose(NETWORK))

    assert told(plan) == ["error: permission-missing", "warning: permission-missing"]
    asked = [r for r in bench.server.requests[before:] if "permissions" in r.path]
    assert len(asked) == 2
