"""What leaves: in which order, and what Azure would refuse of it."""

import pytest

from provisioner.documents.plan import Action
from provisioner.model.azure_error import AzureError
from provisioner.plan.plan import Plan
from tests.environments import Bench

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{S}/resourceGroups/rg-main"
OTHER = f"{S}/resourceGroups/rg-other"
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
ATTACHED = {
    "networkSecurityGroup": """\
guard: {type: Microsoft.Network/networkSecurityGroups, resourceGroup: main, name: nsg}
""",
    "routeTable": """\
guard: {type: Microsoft.Network/routeTables, resourceGroup: main, name: rt}
""",
    "natGateway": """\
guard: {type: Microsoft.Network/natGateways, resourceGroup: main, name: ng, sku: {name: Standard}}
""",
}
VAULT = """\
vault:
  type: Microsoft.KeyVault/vaults
  resourceGroup: main
  name: kv-azsec-leaving
  properties:
    tenantId: ${environment.tenantId}
    sku: {family: A, name: standard}
    enableRbacAuthorization: true
    enablePurgeProtection: true
"""
IDENTITY = """\
id: {type: Microsoft.ManagedIdentity/userAssignedIdentities, resourceGroup: main, name: id-main}
"""
GRANT = """\
grant:
  type: Microsoft.Authorization/roleAssignments
  name: ${guid(vault.id, id.id)}
  scope: ${vault.id}
  properties:
    roleDefinitionId: ${roleDefinitionId(vault.id, 'Key Vault Secrets User')}
    principalId: ${id.properties.principalId}
    principalType: ServicePrincipal
"""
LOCK = """\
lock:
  type: Microsoft.Authorization/locks
  name: keep
  scope: ${vault.id}
  properties: {level: LEVEL}
"""
ENDPOINT = """\
endpoint:
  type: Microsoft.Network/privateEndpoints
  resourceGroup: main
  name: pe
  properties:
    subnet: {id: "${nodes.id}"}
    privateLinkServiceConnections:
      - name: vault
        properties: {privateLinkServiceId: "${vault.id}", groupIds: [vault]}
"""


def attached(kind: str) -> str:
    return SUBNET.replace("24}", f'24, {kind}: {{id: "${{guard.id}}"}}}}')


def change_at(plan: Plan, address: str) -> tuple[Action, str]:
    (change,) = (c for c in plan.document.changes if c.address == address)
    return change.action, str(change.reason)


def keys(plan: Plan) -> list[str]:
    return [step.key for step in plan.steps]


def waits(plan: Plan, key: str) -> tuple[str, ...]:
    (step,) = (step for step in plan.steps if step.key == key)
    return step.after


def lock_at(bench: Bench, scope: str, level: str = "CanNotDelete") -> str:
    text = f"{scope}/providers/Microsoft.Authorization/locks/theirs"
    bench.send("PUT", text, {"properties": {"level": level}})
    return text


def refused(bench: Bench, method: str, path: str) -> AzureError:
    """Send what Azure has to refuse, and return the refusal."""
    with pytest.raises(AssertionError) as caught:
        bench.send(method, path)
    (problem,) = caught.value.args
    assert isinstance(problem, AzureError)
    return problem


@pytest.mark.parametrize("kind", list(ATTACHED))
def test_what_a_subnet_names_goes_after_the_subnet_has_let_it_go(kind: str, bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + attached(kind) + ATTACHED[kind])))

    plan = bench.plan(bench.compose(NETWORK + SUBNET))

    subnet = next(c for c in plan.document.changes if c.address == "nodes")
    assert [(f.path, f.reason) for f in subnet.fields] == [
        (f"properties.{kind}", "what it names is deleted")
    ]
    assert subnet.disruption == "connections drop"
    assert waits(plan, "delete guard") == ("put nodes",)
    bench.apply(plan, allow_delete=True)
    assert bench.plan(bench.compose(NETWORK + SUBNET)).steps == ()


@pytest.mark.parametrize("kind", list(ATTACHED))
def test_a_foreign_subnet_keeps_what_it_names(kind: str, bench: Bench) -> None:
    """The subnet is not even read: Azure names it in the body of what goes."""
    bench.apply(bench.plan(bench.compose(ATTACHED[kind])))
    bench.send("PUT", OTHER, {"location": "westeurope"})
    guard = next(
        text for text in bench.server.resource_ids() if text.endswith(("/nsg", "/rt", "/ng"))
    )
    theirs = f"{OTHER}/providers/Microsoft.Network/virtualNetworks/theirs"
    properties = {
        "addressSpace": {"addressPrefixes": ["10.9.0.0/16"]},
        "subnets": [
            {"name": "a", "properties": {"addressPrefix": "10.9.1.0/24", kind: {"id": guard}}}
        ],
    }
    bench.send("PUT", theirs, {"location": "westeurope", "properties": properties})

    plan = bench.plan(bench.compose(IDENTITY))

    action, reason = change_at(plan, "guard")
    assert (action, reason) == (Action.BLOCKED, f"it is in use by {theirs}/subnets/a")
    assert keys(plan) == ["put id"]


INLINE = NETWORK.replace(
    "10.0.0.0/16]}}",
    "10.0.0.0/16]}, subnets: [{name: nodes, properties: {addressPrefix: 10.0.1.0/24REFERENCE}}]}",
)
MEMBERS = """\
guard: {type: Microsoft.Network/applicationSecurityGroups, resourceGroup: main, name: asg}
"""
RULES = """\
nsg:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg
  properties:
    securityRules:
      - name: web
        properties: {priority: 100, direction: Inbound, access: Allow, protocol: Tcp,
          sourceAddressPrefix: 10.0.0.0/16, sourcePortRange: "*", destinationPortRange: "443",
          DESTINATION}
"""


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        pytest.param(
            INLINE.replace("REFERENCE", ', routeTable: {id: "${guard.id}"}')
            + ATTACHED["routeTable"],
            INLINE.replace("REFERENCE", ""),
            "put vnet",
            id="a subnet in the body of its network",
        ),
        pytest.param(
            RULES.replace(
                "DESTINATION", 'destinationApplicationSecurityGroups: [{id: "${guard.id}"}]'
            )
            + MEMBERS,
            RULES.replace("DESTINATION", "destinationAddressPrefix: 10.0.1.4"),
            "put nsg",
            id="a rule in the body of its group",
        ),
    ],
)
def test_what_a_child_in_a_body_names_goes_after_the_write_of_the_body(
    before: str, after: str, first: str, bench: Bench
) -> None:
    bench.apply(bench.plan(bench.compose(before)))

    plan = bench.plan(bench.compose(after))

    assert waits(plan, "delete guard") == (first,)
    bench.apply(plan, allow_delete=True)
    assert bench.plan(bench.compose(after)).steps == ()


def test_what_is_replaced_under_a_user_is_blocked(bench: Bench) -> None:
    """Azure deletes no group that a subnet names, and the subnet would name the new one too."""
    kind = "networkSecurityGroup"
    guard = ATTACHED[kind].replace("name: nsg", "name: nsg, location: westeurope")
    bench.apply(bench.plan(bench.compose(NETWORK + attached(kind) + guard)))

    moved = guard.replace("westeurope", "northeurope")
    plan = bench.plan(bench.compose(NETWORK + attached(kind) + moved))

    assert change_at(plan, "guard") == (Action.BLOCKED, "it is in use by nodes")


def test_a_subnet_with_a_foreign_endpoint_stays(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + SUBNET + VAULT)))
    bench.send("PUT", OTHER, {"location": "westeurope"})
    subnet = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes"
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-azsec-leaving"
    theirs = f"{OTHER}/providers/Microsoft.Network/privateEndpoints/theirs"
    connection = {"privateLinkServiceId": vault, "groupIds": ["vault"]}
    properties = {
        "subnet": {"id": subnet},
        "privateLinkServiceConnections": [{"name": "v", "properties": connection}],
    }
    bench.send("PUT", theirs, {"location": "westeurope", "properties": properties})

    plan = bench.plan(bench.compose(NETWORK + VAULT))

    action, reason = change_at(plan, "vnet/subnets/nodes")
    assert action is Action.BLOCKED
    assert theirs in reason


def test_an_endpoint_leaves_with_its_subnet(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + SUBNET + VAULT + ENDPOINT)))

    plan = bench.plan(bench.compose(NETWORK + VAULT))

    assert "delete endpoint" in waits(plan, "delete vnet/subnets/nodes")
    bench.apply(plan, allow_delete=True)


@pytest.mark.parametrize("scope", [S, GROUP, "the vault"])
@pytest.mark.parametrize("level", ["CanNotDelete", "ReadOnly"])
def test_a_lock_is_foretold_wherever_it_is(scope: str, level: str, bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(VAULT + IDENTITY + GRANT)))
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-azsec-leaving"
    lock = lock_at(bench, vault if scope == "the vault" else scope, level)

    plan = bench.plan(bench.compose(VAULT + IDENTITY))

    grant = next(c for c in plan.document.changes if c.type.endswith("roleAssignments"))
    assert grant.action is Action.BLOCKED
    assert grant.reason == f"the lock {lock} forbids the delete ({level})"
    # The vault's tags no longer vouch for the grant: a write, which ReadOnly forbids too.
    assert change_at(plan, "vault")[0] is (Action.BLOCKED if level == "ReadOnly" else Action.UPDATE)
    assert not plan.can_apply()


def test_a_lock_beside_is_no_matter(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(VAULT + IDENTITY + GRANT + NETWORK)))
    lock_at(bench, f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet", "ReadOnly")

    plan = bench.plan(bench.compose(VAULT + IDENTITY + NETWORK))

    assert plan.can_apply()
    bench.apply(plan, allow_delete=True)


def test_a_lock_of_ones_own_goes_first(bench: Bench) -> None:
    locked = VAULT + IDENTITY + GRANT + LOCK.replace("LEVEL", "ReadOnly")
    bench.apply(bench.plan(bench.compose(locked)))

    plan = bench.plan(bench.compose(VAULT + IDENTITY))

    lock = "delete vault/locks/keep"
    assert lock in waits(plan, next(k for k in keys(plan) if "roleAssignments" in k))
    assert plan.can_apply()
    bench.apply(plan, allow_delete=True)
    assert bench.plan(bench.compose(VAULT + IDENTITY)).steps == ()


def test_a_lock_that_is_made_comes_after_what_it_will_forbid(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(VAULT + IDENTITY + GRANT)))

    plan = bench.plan(bench.compose(VAULT + IDENTITY + LOCK.replace("LEVEL", "ReadOnly")))

    gone = next(key for key in keys(plan) if "roleAssignments" in key)
    assert {gone, "put vault"} <= set(waits(plan, "put lock"))
    bench.apply(plan, allow_delete=True)


def test_a_lock_is_relaxed_before_what_it_forbids_now(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(VAULT + IDENTITY + LOCK.replace("LEVEL", "ReadOnly"))))

    relaxed = VAULT + IDENTITY + GRANT + LOCK.replace("LEVEL", "CanNotDelete")
    plan = bench.plan(bench.compose(relaxed))

    assert "put lock" in waits(plan, "put vault")
    assert "put lock" in waits(plan, "put grant")
    bench.apply(plan)
    assert bench.plan(bench.compose(relaxed)).steps == ()


def test_an_endpoint_whose_target_is_locked_stays(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + SUBNET + VAULT + ENDPOINT)))
    lock = lock_at(bench, f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-azsec-leaving")

    plan = bench.plan(bench.compose(NETWORK + SUBNET + VAULT))

    reason = f"the lock {lock} forbids the delete (CanNotDelete)"
    assert change_at(plan, "endpoint") == (Action.BLOCKED, reason)
    endpoint = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/pe"
    assert refused(bench, "DELETE", endpoint).code == "ScopeLocked"


ROLE = f"""\
role:
  type: Microsoft.Authorization/roleDefinitions
  name: ${{guid('reader')}}
  scope: {S}
  properties:
    roleName: Reader of networks
    type: CustomRole
    assignableScopes: [SCOPES]
    permissions: [{{actions: [Microsoft.Network/virtualNetworks/read]}}]
"""
USED = """\
used:
  type: Microsoft.Authorization/roleAssignments
  name: ${guid('used')}
  scope: ${id.id}
  properties:
    roleDefinitionId: ${role.id}
    principalId: ${id.properties.principalId}
    principalType: ServicePrincipal
"""


def test_a_role_changes_after_the_assignments_of_it_that_go(bench: Bench) -> None:
    wide, narrow = (ROLE.replace("SCOPES", text) for text in (S, OTHER))
    bench.apply(bench.plan(bench.compose(IDENTITY + wide + USED)))

    assert change_at(bench.plan(bench.compose(IDENTITY + narrow + USED)), "role") == (
        Action.BLOCKED,
        "used is outside of the new assignableScopes",
    )
    plan = bench.plan(bench.compose(IDENTITY + narrow))

    gone = next(key for key in keys(plan) if "roleAssignments" in key)
    assert gone in waits(plan, "put role")
    bench.apply(plan, allow_delete=True)


def test_azure_keeps_a_role_that_is_assigned(bench: Bench) -> None:
    """The assignment may name the role at any scope."""
    wide = ROLE.replace("SCOPES", S)
    bench.apply(bench.plan(bench.compose(IDENTITY + wide + USED)))
    role = next(text for text in bench.server.resource_ids() if "/roleDefinitions/" in text)

    assert refused(bench, "DELETE", role).code == "RoleDefinitionHasAssignments"


IP_GROUPS = """\
one:
  type: Microsoft.Network/ipGroups
  resourceGroup: main
  name: one
  properties: {ipAddresses: [10.1.0.0/24]}
two:
  type: Microsoft.Network/ipGroups
  resourceGroup: main
  name: two
  properties: {ipAddresses: [10.2.0.0/24]}
"""
POLICY = """\
policy:
  type: Microsoft.Network/firewallPolicies
  resourceGroup: main
  name: policy
  properties: {sku: {tier: Standard}}
rules:
  type: Microsoft.Network/firewallPolicies/ruleCollectionGroups
  name: rules
  parent: ${policy.id}
  properties:
    priority: 200
    ruleCollections:
      - name: net
        priority: 100
        ruleCollectionType: FirewallPolicyFilterRuleCollection
        action: {type: Allow}
        rules:
          - name: a
            ruleType: NetworkRule
            ipProtocols: [TCP]
            sourceIpGroups: ["${one.id}"]
            destinationIpGroups: ["${two.id}"]
            destinationPorts: ["443"]
"""
THIRD = f"{GROUP}/providers/Microsoft.Network/firewallPolicies/policy".lower()


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "live alone"])
def test_the_ip_groups_of_one_policy_have_one_writer(declared: bool, bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(IP_GROUPS + POLICY)))
    if not declared:
        for name in ("one", "two", "policy"):
            body = dict(bench.body_of(name))
            bench.send("PUT", str(body["id"]), {**body, "tags": {}})

    changed = IP_GROUPS.replace(".0.0/24", ".9.0/24") + (POLICY if declared else "")
    plan = bench.plan(bench.compose(changed))

    locks = {step.key: step.lock for step in plan.steps}
    assert locks["put one"] == locks["put two"] == THIRD


def test_what_shares_nothing_has_writers_of_its_own(bench: Bench) -> None:
    plan = bench.plan(bench.compose(IP_GROUPS))

    assert len({step.lock for step in plan.steps}) == len(plan.steps)


CLUSTER = """\
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    kubernetesVersion: "CLUSTER"
    dnsPrefix: aks
    agentPoolProfiles: [{name: system, mode: System, count: 1, vmSize: Standard_D4ds_v5}]
"""
POOL = """\
apps:
  type: Microsoft.ContainerService/managedClusters/agentPools
  parent: ${aks.id}
  name: apps
  properties: {mode: User, count: 1, vmSize: Standard_D4ds_v5, orchestratorVersion: "POOL"}
"""


def versions(cluster: str, pool: str) -> str:
    return CLUSTER.replace("CLUSTER", cluster) + POOL.replace("POOL", pool)


@pytest.mark.parametrize(
    ("after", "address", "words"),
    [
        (("1.36", "1.34"), "aks", "upgrade to 1.35 first"),
        (("1.33", "1.33"), "aks", "Downgrading Kubernetes version 1.34.7 to 1.33"),
        (("1.34", "1.35"), "apps", "newer than the control plane's 1.34"),
        (("1.34", "1.33"), "apps", "Upgrade agent pool version from 1.34.7 to 1.33"),
    ],
    ids=["skips a minor", "goes back", "pool newer", "pool goes back"],
)
def test_versions_that_aks_does_not_take(
    after: tuple[str, str], address: str, words: str, bench: Bench
) -> None:
    bench.apply(bench.plan(bench.compose(versions("1.34", "1.34"))))

    action, reason = change_at(bench.plan(bench.compose(versions(*after))), address)

    assert action is Action.BLOCKED
    assert words in reason


def test_a_cluster_and_its_pool_go_one_minor_up_together(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(versions("1.34", "1.34"))))

    plan = bench.plan(bench.compose(versions("1.35", "1.35")))

    assert waits(plan, "put apps") == ("put aks",)
    bench.apply(plan)


def test_a_lock_on_the_group_of_the_nodes_keeps_the_cluster(bench: Bench) -> None:
    cluster = CLUSTER.replace("CLUSTER", "1.35")
    bench.apply(bench.plan(bench.compose(cluster + IDENTITY)))
    properties = bench.body_of("aks")["properties"]
    assert isinstance(properties, dict)
    lock = lock_at(bench, f"{S}/resourceGroups/{properties['nodeResourceGroup']}")

    plan = bench.plan(bench.compose(IDENTITY))

    reason = f"the lock {lock} forbids the delete (CanNotDelete)"
    assert change_at(plan, "aks") == (Action.BLOCKED, reason)


def test_a_vault_in_a_group_that_is_replaced_keeps_its_name(bench: Bench) -> None:
    desired = bench.compose(VAULT)
    bench.apply(bench.plan(desired))
    moved = bench.compose(VAULT, location="northeurope")

    action, reason = change_at(bench.plan(moved), "vault")

    assert action is Action.BLOCKED
    assert "keeps the name" in reason


FIREWALL = """\
hub: {type: Microsoft.Network/publicIPAddresses, resourceGroup: main, name: pip,
  sku: {name: Standard}, properties: {publicIPAllocationMethod: Static}}
fwnet:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: AzureFirewallSubnet
  properties: {addressPrefix: 10.0.2.0/26}
firewall:
  type: Microsoft.Network/azureFirewalls
  resourceGroup: main
  name: fw
  properties:
    sku: {name: AZFW_VNet, tier: Standard}
    firewallPolicy: {id: "${policy.id}"}
    ipConfigurations:
      - name: main
        properties: {subnet: {id: "${fwnet.id}"}, publicIPAddress: {id: "${hub.id}"}}
"""


def test_a_firewall_leaves_with_all_that_it_uses(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + IP_GROUPS + POLICY + FIREWALL)))

    plan = bench.plan(bench.compose(NETWORK))

    assert plan.can_apply()
    for used in ("hub", "policy", "vnet/subnets/AzureFirewallSubnet"):
        assert "delete firewall" in waits(plan, f"delete {used}")
    assert any("rules" in key for key in waits(plan, "delete one"))
    bench.apply(plan, allow_delete=True)
    assert bench.plan(bench.compose(NETWORK)).steps == ()


def test_a_public_address_in_use_by_a_foreign_firewall_stays(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK + IP_GROUPS + POLICY + FIREWALL)))
    body = dict(bench.body_of("fw"))
    bench.send("PUT", str(body["id"]), {**body, "tags": {}})

    plan = bench.plan(bench.compose(NETWORK))

    for used in ("hub", "policy", "vnet/subnets/AzureFirewallSubnet"):
        action, reason = change_at(plan, used)
        assert action is Action.BLOCKED
        assert "azureFirewalls/fw" in reason


def test_a_network_is_made_anew_with_what_is_in_it(bench: Bench) -> None:
    """What is one's own still goes when it is asked for."""
    here = NETWORK.replace("name: vnet\n", "name: vnet\n  location: westeurope\n")
    both = here + attached("routeTable") + ATTACHED["routeTable"]
    bench.apply(bench.plan(bench.compose(both)))
    moved = both.replace("westeurope", "northeurope").replace(
        "name: rt}", "name: rt, location: northeurope}"
    )

    plan = bench.plan(bench.compose(moved))

    assert plan.can_apply(), [(c.address, c.reason) for c in plan.document.changes]
    bench.apply(plan, allow_delete=True)
    assert bench.plan(bench.compose(moved)).steps == ()
