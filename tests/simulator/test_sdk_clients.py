"""The SDK clients that people use, against the built-in Azure and azsec's own catalog."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

from provisioner.catalog.built_in_roles import find_built_in_role
from tests.simulator.sdk import Connect
from tests.simulator.setting import SUBSCRIPTION

TENANT = "22222222-2222-2222-2222-222222222222"


def test_resource_groups(connect: Connect):
    groups = connect(ResourceManagementClient).resource_groups
    assert groups.get("RG").tags == {"env": "dev"}
    assert [found.name for found in groups.list(filter="tagName eq 'env'")] == ["rg"]
    assert groups.check_existence("rg") is True
    groups.begin_delete("rg").result()
    assert groups.check_existence("rg") is False


def test_generic_resources(connect: Connect):
    client = connect(ResourceManagementClient)
    connect(ManagedServiceIdentityClient).user_assigned_identities.create_or_update(
        "rg", "id-node", {"location": "westeurope", "tags": {"a": "b"}}
    )
    (found,) = client.resources.list(filter="tagName eq 'a' and tagValue eq 'b'")
    assert found.name == "id-node"
    again = client.resources.get_by_id(found.id, api_version="2024-11-30")
    assert again.properties["principalId"]
    assert client.providers.get(found.type.partition("/")[0]).registration_state == "Registered"


def _vault(**properties: Any) -> dict[str, Any]:
    sku = {"family": "A", "name": "standard"}
    return {
        "location": "westeurope",
        "properties": {"tenantId": TENANT, "sku": sku, "accessPolicies": [], **properties},
    }


def test_a_vault_from_creation_to_purge(connect: Connect):
    vaults = connect(KeyVaultManagementClient).vaults
    created = vaults.begin_create_or_update("rg", "kv-one", _vault()).result()
    assert created.properties.vault_uri == "https://kv-one.vault.azure.net/"
    assert created.properties.enable_soft_delete is True
    assert [found.name for found in vaults.list_by_subscription()] == ["kv-one"]
    asked = {"name": "kv-one", "type": "Microsoft.KeyVault/vaults"}
    assert vaults.check_name_availability(asked).name_available is False
    vaults.delete("rg", "kv-one")
    deleted = vaults.get_deleted("kv-one", "westeurope")
    assert deleted.properties.vault_id == created.id
    with pytest.raises(HttpResponseError, match="deleted state"):
        vaults.begin_create_or_update("rg", "kv-one", _vault()).result()
    vaults.begin_purge_deleted("kv-one", "westeurope").result()
    assert vaults.check_name_availability(asked).name_available is True


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        pytest.param(
            None, {"enablePurgeProtection": False}, "BadRequest", id="protection is never false"
        ),
        pytest.param(
            {"enablePurgeProtection": True},
            {"enablePurgeProtection": False},
            "BadRequest",
            id="protection stays",
        ),
        pytest.param(
            {"softDeleteRetentionInDays": 90},
            {"softDeleteRetentionInDays": 7},
            "BadRequest",
            id="retention stays",
        ),
    ],
)
def test_what_a_vault_refuses(
    connect: Connect, before: dict[str, Any] | None, after: dict[str, Any], code: str
):
    vaults = connect(KeyVaultManagementClient).vaults
    if before is not None:
        vaults.begin_create_or_update("rg", "kv-one", _vault(**before)).result()
    with pytest.raises(HttpResponseError) as refused:
        vaults.begin_create_or_update("rg", "kv-one", _vault(**after)).result()
    assert refused.value.error.code == code


def test_a_vault_without_soft_delete_is_taken_for_one_with_it(connect: Connect):
    vaults = connect(KeyVaultManagementClient).vaults
    asked = _vault(enableSoftDelete=False)
    created = vaults.begin_create_or_update("rg", "kv-one", asked).result()
    assert created.properties.enable_soft_delete is True


def test_a_network_and_what_stands_in_it(connect: Connect):
    network = connect(NetworkManagementClient)
    rules = [
        {
            "name": "https",
            "properties": {
                "priority": 100,
                "access": "Allow",
                "direction": "Inbound",
                "protocol": "Tcp",
                "sourceAddressPrefix": "*",
                "sourcePortRange": "*",
                "destinationAddressPrefix": "*",
                "destinationPortRange": "443",
            },
        }
    ]
    guard = network.network_security_groups.begin_create_or_update(
        "rg", "nsg", {"location": "westeurope", "properties": {"securityRules": rules}}
    ).result()
    assert guard.properties.security_rules[0].id == f"{guard.id}/securityRules/https"
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    nets = network.virtual_networks
    nets.begin_create_or_update(
        "rg", "vnet", {"location": "westeurope", "properties": {"addressSpace": space}}
    ).result()
    subnet = network.subnets.begin_create_or_update(
        "rg",
        "vnet",
        "nodes",
        {"properties": {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": guard.id}}},
    ).result()
    assert subnet.properties.provisioning_state == "Succeeded"
    assert [found.name for found in nets.get("rg", "vnet").properties.subnets] == ["nodes"]
    assert [found.name for found in network.subnets.list("rg", "vnet")] == ["nodes"]
    assert [found.name for found in nets.list_all()] == ["vnet"]
    with pytest.raises(HttpResponseError) as refused:
        network.network_security_groups.begin_delete("rg", "nsg").result()
    assert refused.value.error.code == "InUseNetworkSecurityGroupCannotBeDeleted"
    nets.begin_delete("rg", "vnet").result()
    network.network_security_groups.begin_delete("rg", "nsg").result()
    with pytest.raises(ResourceNotFoundError):
        network.subnets.get("rg", "vnet", "nodes")


def test_role_assignments(connect: Connect):
    assignments = connect(AuthorizationManagementClient).role_assignments
    identities = connect(ManagedServiceIdentityClient).user_assigned_identities
    identity = identities.create_or_update("rg", "id-node", {"location": "westeurope"})
    role = find_built_in_role("Reader")
    body = {
        "properties": {
            "principalId": identity.principal_id,
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"/subscriptions/{SUBSCRIPTION}/providers/"
            f"Microsoft.Authorization/roleDefinitions/{role}",
        }
    }
    scope = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
    first = "33333333-3333-3333-3333-333333333333"
    created = assignments.create(scope, first, body)
    assert created.scope == scope
    with pytest.raises(HttpResponseError) as refused:
        assignments.create(scope, first.replace("3", "4"), body)
    assert refused.value.error.code == "RoleAssignmentExists"
    found = list(assignments.list_for_scope(scope, filter="atScope()"))
    assert [entry.name for entry in found] == [first]
    mine = f"principalId eq '{identity.principal_id}'"
    assert [entry.name for entry in assignments.list_for_subscription(filter=mine)] == [first]
    assignments.delete(scope, first)
    assert list(assignments.list_for_subscription()) == []


def test_a_cluster_and_its_pools(connect: Connect):
    aks = connect(ContainerServiceClient)
    pool = {"name": "system", "mode": "System", "count": 3, "vmSize": "Standard_D4s_v5"}
    cluster = aks.managed_clusters.begin_create_or_update(
        "rg",
        "aks",
        {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {"dnsPrefix": "aks", "agentPoolProfiles": [pool]},
        },
    ).result()
    assert cluster.properties.provisioning_state == "Succeeded"
    assert cluster.identity.principal_id
    added = aks.agent_pools.begin_create_or_update(
        "rg",
        "aks",
        "user",
        {"properties": {"mode": "User", "count": 1, "vmSize": "Standard_D8s_v5"}},
    ).result()
    assert added.properties.vm_size == "Standard_D8s_v5"
    found = aks.managed_clusters.get("rg", "aks").properties.agent_pool_profiles
    assert [entry.name for entry in found] == ["system", "user"]
    with pytest.raises(HttpResponseError) as refused:
        aks.agent_pools.begin_create_or_update(
            "rg",
            "aks",
            "user",
            {"properties": {"mode": "User", "count": 1, "vmSize": "Standard_D4s_v5"}},
        ).result()
    assert refused.value.error.code == "PropertyChangeNotAllowed"
    aks.agent_pools.begin_delete("rg", "aks", "user").result()
    aks.managed_clusters.begin_delete("rg", "aks").result()
    assert list(aks.managed_clusters.list()) == []


def test_the_watcher_of_a_region_comes_with_its_first_network_and_stays(connect: Connect):
    """network-watcher-overview"""
    network, resources = connect(NetworkManagementClient), connect(ResourceManagementClient)

    def make(name: str, location: str) -> None:
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
        body = {"location": location, "properties": space}
        network.virtual_networks.begin_create_or_update("rg", name, body).result()

    network.network_watchers.create_or_update("rg", "ours", {"location": "northeurope"})
    for name, location in (("one", "westeurope"), ("two", "westeurope"), ("three", "northeurope")):
        make(name, location)
    for name in ("one", "two"):
        network.virtual_networks.begin_delete("rg", name).result()
    found = {watcher.name: watcher.location for watcher in network.network_watchers.list_all()}
    assert found == {"ours": "northeurope", "NetworkWatcher_westeurope": "westeurope"}
    groups = {group.name: group.tags for group in resources.resource_groups.list()}
    assert groups == {"rg": {"env": "dev"}, "NetworkWatcherRG": None}
