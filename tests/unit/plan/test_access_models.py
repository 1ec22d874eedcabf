"""A resource that changes how it lets in: whose access ends is said, and what the change takes."""

import pytest

from provisioner.catalog.permissions import ASSIGN_ROLE
from provisioner.documents.apply import Outcome
from provisioner.documents.roles import Purpose
from provisioner.workflow.drift import check_drift
from provisioner.workflow.roles import describe_roles, needs_of
from tests.environments import Bench

VAULT = """\
kv:
  type: Microsoft.KeyVault/vaults
  resourceGroup: main
  name: kv-of-models
  properties:
    tenantId: ${environment.tenantId}
    sku: {family: A, name: standard}
    enablePurgeProtection: true
"""
POLICIES = """\
    enableRbacAuthorization: false
    accessPolicies:
      - tenantId: ${environment.tenantId}
        objectId: 5d2b9f10-7c3e-4a61-b8d4-92e0c1f3a501
        permissions: {secrets: [get]}
"""
BY_POLICIES = VAULT + POLICIES
BY_ROLES = VAULT + "    enableRbacAuthorization: true\n"
REGISTRY = """\
acr:
  type: Microsoft.ContainerRegistry/registries
  resourceGroup: main
  name: imagesofmodels
  sku: {name: Premium}
  properties: {adminUserEnabled: true, anonymousPullEnabled: true}
"""
ACCOUNT = """\
store:
  type: Microsoft.Storage/storageAccounts
  resourceGroup: main
  name: storeofmodels
  kind: StorageV2
  sku: {name: Standard_LRS}
  properties: {allowSharedKeyAccess: true, allowBlobPublicAccess: true}
"""
CLUSTER = """\
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    disableLocalAccounts: false
    aadProfile: {managed: true, enableAzureRBAC: true}
    agentPoolProfiles: [{name: system, mode: System, vmSize: Standard_D4s_v5, count: 3}]
"""


def off(text: str, name: str) -> str:
    return text.replace(f"{name}: true", f"{name}: false")


OPEN_VAULT = BY_ROLES
RULES = """\
    networkAcls:
      defaultAction: Deny
      ipRules: [{value: 203.0.113.0/24}, {value: 198.51.100.7/32}]
"""
DENIED = OPEN_VAULT + "    networkAcls: {defaultAction: Deny}\n"
CLOSED = OPEN_VAULT + "    publicNetworkAccess: Disabled\n"
IMAGES = REGISTRY.replace("{admin", "{publicNetworkAccess: Disabled, admin")
STORE = ACCOUNT.replace("{allow", "{networkAcls: {defaultAction: Deny}, allow", 1)
LOGS = """\
logs:
  type: Microsoft.OperationalInsights/workspaces
  resourceGroup: main
  name: log-of-models
  properties: {sku: {name: PerGB2018}}
"""
NO_QUERIES = LOGS.replace("{sku", "{publicNetworkAccessForQuery: Disabled, sku")


def ranges(listed: str) -> str:
    return CLUSTER + f"    apiServerAccessProfile: {{authorizedIPRanges: [{listed}]}}\n"


PUBLIC = "the access from public networks ends"
ENDS = [
    pytest.param(OPEN_VAULT, CLOSED, PUBLIC, id="a vault is closed"),
    pytest.param(OPEN_VAULT, DENIED, PUBLIC, id="a vault denies"),
    pytest.param(OPEN_VAULT, OPEN_VAULT + RULES, "but for 203.0.113.0/24, 198", id="but for some"),
    pytest.param(
        OPEN_VAULT + RULES,
        OPEN_VAULT + RULES.replace(", {value: 198.51.100.7/32}", ""),
        "the access from 198.51.100.7/32 ends",
        id="a range of a vault",
    ),
    pytest.param(REGISTRY, IMAGES, PUBLIC, id="a registry is closed"),
    pytest.param(ACCOUNT, STORE, PUBLIC, id="an account denies"),
    pytest.param(LOGS, NO_QUERIES, PUBLIC, id="queries of a workspace"),
    pytest.param(BY_POLICIES, BY_ROLES, "5d2b9f10-7c3e-4a61-b8d4-92e0c1f3a501", id="policies"),
    pytest.param(BY_ROLES, BY_POLICIES, "role assignments ends", id="roles"),
    pytest.param(REGISTRY, off(REGISTRY, "adminUserEnabled"), "admin user", id="admin"),
    pytest.param(REGISTRY, off(REGISTRY, "anonymousPullEnabled"), "without a", id="anonymous"),
    pytest.param(
        REGISTRY,
        REGISTRY.replace("{admin", "{roleAssignmentMode: AbacRepositoryPermissions, admin"),
        "AcrPull",
        id="roles of repositories",
    ),
    pytest.param(ACCOUNT, off(ACCOUNT, "allowSharedKeyAccess"), "account keys", id="keys"),
    pytest.param(ACCOUNT, off(ACCOUNT, "allowBlobPublicAccess"), "without a", id="public"),
    pytest.param(CLUSTER, off(CLUSTER, "enableAzureRBAC"), "role assignments", id="Azure RBAC"),
]
KEEPS = [
    pytest.param(off(REGISTRY, "adminUserEnabled"), REGISTRY, id="admin"),
    pytest.param(off(ACCOUNT, "allowSharedKeyAccess"), ACCOUNT, id="keys"),
    pytest.param(off(CLUSTER, "enableAzureRBAC"), CLUSTER, id="Azure RBAC"),
    pytest.param(CLOSED, CLOSED.replace("Disabled", "Enabled"), id="a vault is opened"),
    pytest.param(
        DENIED,
        CLOSED.replace("Disabled", "Disabled\n    networkAcls: {defaultAction: Deny}"),
        id="nobody came from there",
    ),
    pytest.param(
        OPEN_VAULT + RULES,
        OPEN_VAULT + RULES.replace("203.0.113.0/24", "203.0.112.0/20"),
        id="a wider range",
    ),
]


@pytest.mark.parametrize(("before", "after", "said"), ENDS)
def test_whose_access_ends_is_said(bench: Bench, before: str, after: str, said: str) -> None:
    bench.apply(bench.plan(bench.compose(before)))
    (change,) = bench.plan(bench.compose(after)).document.changes
    assert change.disruption == "access ends"
    assert any(said in (field.reason or "") for field in change.fields)
    assert not any(field.forces_replace for field in change.fields)


@pytest.mark.parametrize(("before", "after"), KEEPS)
def test_a_change_that_lets_in_more_ends_nothing(bench: Bench, before: str, after: str) -> None:
    bench.apply(bench.plan(bench.compose(before)))
    (change,) = bench.plan(bench.compose(after)).document.changes
    assert change.disruption != "access ends"


def test_local_accounts_end_too(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(CLUSTER)))
    after = CLUSTER.replace("disableLocalAccounts: false", "disableLocalAccounts: true")
    (change,) = bench.plan(bench.compose(after)).document.changes
    assert "local accounts" in str([field.reason for field in change.fields])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(CLUSTER, ranges("203.0.113.0/24"), PUBLIC, id="to some"),
        pytest.param(
            ranges("203.0.113.0/24, 198.51.100.7/32"),
            ranges("203.0.113.0/24"),
            "the access from 198.51.100.7/32 ends",
            id="to fewer",
        ),
        pytest.param(ranges("203.0.113.0/24"), ranges("203.0.112.0/20"), None, id="to more"),
    ],
)
def test_fewer_ranges_of_an_api_server_end_access(
    bench: Bench, before: str, after: str, said: str | None
) -> None:
    """The control plane blips all the same, which is worse."""
    bench.apply(bench.plan(bench.compose(before)))
    (change,) = bench.plan(bench.compose(after)).document.changes
    told = [field.reason for field in change.fields if field.reason]
    assert any(said in one for one in told) if said else told == []
    assert change.disruption == "control plane blips"


def test_drift_does_not_say_that_an_access_ends_which_began(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(CLUSTER)))
    declared = bench.compose(CLUSTER.replace("LocalAccounts: false", "LocalAccounts: true"))
    (drifted,) = check_drift(declared, bench.catalog, bench.client).drifted
    (field,) = drifted.fields
    assert (field.before, field.after, field.reason) == (True, False, None)


def test_the_model_of_a_vault_takes_the_right_to_assign_roles(bench: Bench) -> None:
    """Without it Azure refuses the change; with it everything else of the role is enough. The role
    leaves it out and says so: it would let its holder assign anything to anybody, for good."""
    bench.apply(bench.plan(bench.compose(BY_POLICIES)))
    desired = bench.compose(BY_ROLES)
    (role,) = describe_roles(desired, bench.catalog, [Purpose.APPLY], None).roles
    (told,) = role.left_out
    assert told.startswith("kv: to change enableRbacAuthorization of one that exists takes")
    assert "assign it on kv-of-models for that one apply" in told
    actions = {need.action for need in needs_of(Purpose.APPLY, desired, bench.catalog)}
    assert ASSIGN_ROLE not in actions | set(role.actions)

    bench.server.allowed_actions = frozenset(actions)
    told = bench.preflight(desired, applies=True)
    # A role on the vault itself may allow it, which only the apply can tell.
    (missing,) = [d for d in told.document.diagnostics if d.code == "permission-missing"]
    assert ASSIGN_ROLE in missing.message
    applied = bench.apply(bench.plan(desired))
    assert [step.outcome for step in applied.steps] == [Outcome.FAILED]

    bench.server.allowed_actions = frozenset(actions | {ASSIGN_ROLE})
    assert bench.preflight(desired, applies=True).document.diagnostics == ()
    applied = bench.apply(bench.plan(desired))
    assert [step.outcome for step in applied.steps] == [Outcome.SUCCEEDED]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, BY_ROLES, id="a new one"),
        pytest.param(BY_ROLES, BY_ROLES + "    enabledForDeployment: true\n", id="another change"),
    ],
)
def test_what_changes_no_model_takes_no_such_right(
    bench: Bench, before: str | None, after: str
) -> None:
    if before is not None:
        bench.apply(bench.plan(bench.compose(before)))
    desired = bench.compose(after)
    actions = {need.action for need in needs_of(Purpose.APPLY, desired, bench.catalog)}
    bench.server.allowed_actions = frozenset(actions)
    plan = bench.preflight(desired, applies=True)
    assert plan.can_apply()
    assert {step.outcome for step in bench.apply(plan).steps} == {Outcome.SUCCEEDED}
