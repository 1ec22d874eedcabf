"""What comes first although no expression says so: roles of an identity, services by address."""

import pytest

from provisioner.catalog.registry import Catalog
from tests.environments import Bench, compose_small

ROLE = "Microsoft.Authorization/roleAssignments"
IDENTITY = "who: {type: Microsoft.ManagedIdentity/userAssignedIdentities, resourceGroup: main, \
name: id-who}\n"
VAULT = """\
kv:
  type: Microsoft.KeyVault/vaults
  resourceGroup: main
  name: kv-of-order
  properties:
    tenantId: ${environment.tenantId}
    sku: {family: A, name: standard}
    enableRbacAuthorization: true
    enablePurgeProtection: true
"""
NETWORK = """\
net:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.1.0.0/16]}}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${net.id}
  name: nodes
  properties: {addressPrefix: 10.1.0.0/22, defaultOutboundAccess: false}
"""


def grant(scope: str, principal: str = "${who.properties.principalId}") -> str:
    return f"""\
grant:
  type: {ROLE}
  name: ${{guid("grant", "{scope}")}}
  scope: {scope}
  properties:
    roleDefinitionId: ${{roleDefinitionId(resourceGroups.main.id, "Contributor")}}
    principalId: {principal}
    principalType: ServicePrincipal
"""


def cluster(kms: str = "", subnet: str = "", identity: str = "${who.id}", more: str = "") -> str:
    secured = f'    securityProfile: {{azureKeyVaultKms: {{enabled: true, keyId: "{kms}"}}}}\n'
    pool = f', vnetSubnetID: "{subnet}"' if subnet else ""
    return f"""\
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {{type: UserAssigned, userAssignedIdentities: {{"{identity}": {{}}}}}}
  properties:
    dnsPrefix: aks
{secured if kms else ""}{more}\
    agentPoolProfiles: [{{name: system, mode: System, vmSize: Standard_D4s_v5, count: 3{pool}}}]
"""


POOL = """\
pool:
  type: Microsoft.ContainerService/managedClusters/agentPools
  parent: ${aks.id}
  name: user
  properties: {vmSize: Standard_D4s_v5, count: 3, mode: User, vnetSubnetID: "${nodes.id}"}
"""
SYSTEM = cluster().replace(
    '{type: UserAssigned, userAssignedIdentities: {"${who.id}": {}}}', "{type: SystemAssigned}"
)


def named_by_who(scope: str) -> str:
    """A role whose name is made of the identity's id, as most are."""
    return grant(scope).replace(f'guid("grant", "{scope}")', "guid(net.id, who.id)")


KEY = "https://kv-of-order.vault.azure.net/keys/etcd/0123456789abcdef0123456789abcdef"
POLICY = """\
tags:
  type: Microsoft.Authorization/policyAssignments
  name: tags
  scope: ${resourceGroups.main.id}
  location: westeurope
  identity: {type: UserAssigned, userAssignedIdentities: {"${who.id}": {}}}
  properties:
    policyDefinitionId: /providers/Microsoft.Authorization/policyDefinitions/\
ea3f2387-9b95-492a-a190-fcdc54f7b070
    parameters: {tagName: {value: team}}
"""
OTHER = IDENTITY.replace("who:", "other:").replace("id-who", "id-other")
FIRST = [
    pytest.param(VAULT + cluster(KEY), "aks", "kv", id="a vault, by the address of its key"),
    pytest.param(VAULT + grant("${kv.id}") + cluster(KEY), "aks", "grant", id="a key's role"),
    pytest.param(
        NETWORK + grant("${net.id}") + cluster(subnet="${nodes.id}"),
        "aks",
        "grant",
        id="the network's role",
    ),
    pytest.param(
        NETWORK + grant("${resourceGroups.main.id}") + cluster(subnet="${nodes.id}"),
        "aks",
        "grant",
        id="a role at the group",
    ),
    pytest.param(
        OTHER
        + grant("${other.id}")
        + cluster(more='    identityProfile: {kubeletidentity: {resourceId: "${other.id}"}}\n'),
        "aks",
        "grant",
        id="a role at the kubelets' identity",
    ),
    pytest.param(
        NETWORK + named_by_who("${net.id}") + cluster(subnet="${nodes.id}"),
        "aks",
        "grant",
        id="the network's role, named by the identity it is for",
    ),
    pytest.param(
        NETWORK + named_by_who("${nodes.id}") + cluster(subnet="${nodes.id}"),
        "aks",
        "grant",
        id="a role at the subnet, named by the identity it is for",
    ),
    pytest.param(
        NETWORK + named_by_who("${nodes.id}") + cluster() + POOL,
        "pool",
        "grant",
        id="a role at the subnet of a pool, which joins it as the cluster's identity",
    ),
    pytest.param(
        NETWORK + grant("${net.id}", "${aks.identity.principalId}") + SYSTEM + POOL,
        "pool",
        "grant",
        id="a role of the system-assigned identity of a pool's cluster",
    ),
    pytest.param(POLICY + grant("${resourceGroups.main.id}"), "tags", "grant", id="a policy's"),
]
FREE = [
    pytest.param(
        OTHER + VAULT + grant("${kv.id}", "${other.properties.principalId}") + cluster(KEY),
        id="the role of another identity",
    ),
    pytest.param(VAULT + grant("${kv.id}") + cluster(), id="a role at what it does not name"),
]


def edges(text: str, address: str, catalog: Catalog) -> set[str]:
    graph = compose_small(IDENTITY + text, catalog).graph
    return {edge.on for edge in graph.resources[address].edges}


@pytest.mark.parametrize(("text", "waits", "on"), FIRST)
def test_it_comes_first(catalog: Catalog, text: str, waits: str, on: str) -> None:
    assert on in edges(text, waits, catalog)


@pytest.mark.parametrize("text", FREE)
def test_it_need_not_come_first(catalog: Catalog, text: str) -> None:
    assert "grant" not in edges(text, "aks", catalog)


def test_what_the_blueprint_says_goes_first(catalog: Catalog) -> None:
    """A role at the cluster itself waits for it, and so does a vault that names its principal."""
    assert "grant" not in edges(grant("${aks.id}") + cluster(), "aks", catalog)
    vault = VAULT.replace("  name: kv-of-order\n", "  name: kv-of-order\n  dependsOn: [aks]\n")
    assert "kv" not in edges(vault + cluster(KEY), "aks", catalog)


def test_the_steps_of_a_plan_keep_the_order(bench: Bench) -> None:
    text = VAULT + grant("${kv.id}") + cluster(KEY)
    text = text.replace('"Contributor"', '"Key Vault Crypto User"')
    steps = {step.address: step for step in bench.plan(bench.compose(IDENTITY + text)).steps}
    assert {steps["grant"].key, steps["kv"].key} <= {*steps["aks"].after}
