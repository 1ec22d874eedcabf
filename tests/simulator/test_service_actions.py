"""What vaults, registries, storage accounts and workspaces answer beside their bodies."""

import base64
import re
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.loganalytics import LogAnalyticsManagementClient

from provisioner.catalog import service_actions
from provisioner.catalog.endpoints import (
    CLUSTER_USER_CREDENTIAL,
    LEASE,
    UPGRADE_PROFILE,
    Endpoint,
)
from provisioner.catalog.log_categories import categories_of
from provisioner.catalog.registry import Catalog
from provisioner.simulator.actions.fake_keys import MARK
from provisioner.simulator.arm.open_types import open_catalog
from provisioner.simulator.authorization.required_permissions import required_permissions
from provisioner.simulator.protocol.http_messages import Request
from provisioner.simulator.server import LocalAzure
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.store import Store
from tests.simulator.sdk import Connect
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller

TENANT = "22222222-2222-2222-2222-222222222222"
ACCOUNT = "Microsoft.Storage/storageAccounts/stone"


def make_vault(vaults: Any) -> Any:
    body = {
        "location": "westeurope",
        "properties": {
            "tenantId": TENANT,
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": False,
            "accessPolicies": [],
        },
    }
    return vaults.begin_create_or_update("rg", "kv-one", body).result()


def policy(principal: str, **permissions: list[str]) -> dict[str, Any]:
    return {"tenantId": TENANT, "objectId": principal * 36, "permissions": permissions}


def test_access_policies_are_added_replaced_and_removed(connect: Connect):
    vaults = connect(KeyVaultManagementClient).vaults
    make_vault(vaults)

    def change(kind: str, *policies: dict[str, Any]) -> dict[str, list[str]]:
        body = {"properties": {"accessPolicies": list(policies)}}
        vaults.update_access_policy("rg", "kv-one", kind, body)
        found = vaults.get("rg", "kv-one").properties.access_policies
        return {one.object_id[0]: list(one.permissions.secrets or ()) for one in found}

    assert change("add", policy("a", secrets=["get"])) == {"a": ["get"]}
    more = [policy("a", secrets=["Get", "list"]), policy("b", secrets=["set"])]
    assert change("add", *more) == {"a": ["get", "list"], "b": ["set"]}
    assert change("replace", policy("b", secrets=["delete"]))["b"] == ["delete"]
    assert change("remove", policy("a", secrets=["get"]))["a"] == ["list"]
    assert change("remove", policy("a", secrets=["list"])) == {"b": ["delete"]}
    with pytest.raises(HttpResponseError):
        change("forget", policy("b", secrets=["delete"]))


def test_private_link_groups(connect: Connect, local: LocalAzure):
    client = connect(KeyVaultManagementClient)
    make_vault(client.vaults)
    (group,) = client.private_link_resources.list_by_vault("rg", "kv-one").value
    assert (group.properties.group_id, group.name) == ("vault", "vault")
    assert group.properties.required_zone_names == ["privatelink.vaultcore.azure.net"]
    assert list(client.managed_hsms.list_deleted()) == []
    assert list(client.managed_hsms.list_by_subscription()) == []
    check = client.managed_hsms.check_mhsm_name_availability
    assert check({"name": "hsm-one"}).name_available is True
    assert check({"name": "1"}).name_available is False
    call = Caller(local.endpoint)
    call("PUT", ACCOUNT, _account())
    found = call("GET", f"{ACCOUNT}/privateLinkResources").body["value"]
    assert {"blob", "blob_secondary", "dfs"} <= {one["properties"]["groupId"] for one in found}
    one = call("GET", f"{ACCOUNT}/privateLinkResources/file").body["properties"]
    assert one["requiredZoneNames"] == ["privatelink.file.core.windows.net"]
    none = call("GET", "Microsoft.Network/routeTables/none/privateLinkResources")
    assert (none.status, none.code) == (404, "InvalidResourceType")
    call.close()


def test_the_owner_of_a_service_approves_a_private_endpoint(connect: Connect, local: LocalAzure):
    client = connect(KeyVaultManagementClient)
    vault = make_vault(client.vaults)
    call = Caller(local.endpoint)
    network = "Microsoft.Network/virtualNetworks/vn"
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    subnets = [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]
    inside = {"addressSpace": space, "subnets": subnets}
    call("PUT", network, {"location": "westeurope", "properties": inside})
    asked = {"privateLinkServiceId": vault.id, "groupIds": ["vault"], "requestMessage": "please"}
    body = {
        "location": "westeurope",
        "properties": {
            "subnet": {"id": f"{GROUP}/providers/{network}/subnets/a"},
            "manualPrivateLinkServiceConnections": [{"name": "c", "properties": asked}],
        },
    }
    endpoint = "Microsoft.Network/privateEndpoints/pe"
    assert call("PUT", endpoint, body).status == 201

    def state_and_names() -> tuple[str, list[str]]:
        properties = call("GET", endpoint).body["properties"]
        (manual,) = properties["manualPrivateLinkServiceConnections"]
        state = manual["properties"]["privateLinkServiceConnectionState"]["status"]
        return state, [one["fqdn"] for one in properties["customDnsConfigs"]]

    assert state_and_names() == ("Pending", [])
    connections = client.private_endpoint_connections
    (waiting,) = connections.list_by_resource("rg", "kv-one")
    assert waiting.private_endpoint.id.endswith("/privateEndpoints/pe")
    (listed,) = client.vaults.get("rg", "kv-one").properties.private_endpoint_connections
    assert listed.private_link_service_connection_state.status == "Pending"

    def decide(status: str) -> str:
        told = {"status": status, "description": "by the owner"}
        decision = {"properties": {"privateLinkServiceConnectionState": told}}
        made = connections.put("rg", "kv-one", waiting.name, decision)
        return str(made.private_link_service_connection_state.status.value)

    assert decide("Approved") == "Approved"
    assert state_and_names() == ("Approved", ["kv-one.vaultcore.azure.net"])
    assert call("PUT", endpoint, body).status == 200
    assert state_and_names()[0] == "Approved"
    assert decide("Rejected") == "Rejected"
    assert state_and_names() == ("Rejected", [])
    with pytest.raises(HttpResponseError):
        decide("Disconnected")
    connections.begin_delete("rg", "kv-one", waiting.name).result()
    assert list(connections.list_by_resource("rg", "kv-one")) == []
    assert state_and_names()[0] == "Disconnected"
    with pytest.raises(HttpResponseError):
        connections.get("rg", "kv-one", waiting.name)
    call.close()


def test_a_cluster_has_private_links_where_its_api_server_is_private(connect: Connect):
    aks = connect(ContainerServiceClient)
    pool = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5"}
    for name, private in (("open", False), ("closed", True)):
        body = {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "dnsPrefix": name,
                "agentPoolProfiles": [pool],
                "apiServerAccessProfile": {"enablePrivateCluster": private},
            },
        }
        aks.managed_clusters.begin_create_or_update("rg", name, body).result()
    assert aks.private_link_resources.list("rg", "open").value == []
    (group,) = aks.private_link_resources.list("rg", "closed").value
    assert (group.group_id, group.required_members) == ("management", ["management"])


def _account(**properties: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "properties": properties,
    }


def test_storage_keys_are_invented_stable_and_regenerated_one_by_one(local: LocalAzure):
    call = Caller(local.endpoint)
    call("PUT", ACCOUNT, _account(allowSharedKeyAccess=False))

    def keys(answer: Any) -> dict[str, str]:
        return {one["keyName"]: one["value"] for one in answer.body["keys"]}

    first = keys(call("POST", f"{ACCOUNT}/listKeys"))
    assert keys(call("POST", f"{ACCOUNT}/listKeys?$expand=kerb")) == first
    assert all(text.startswith(MARK) for text in first.values())
    assert [len(base64.b64decode(text, validate=True)) for text in first.values()] == [64, 64]
    second = keys(call("POST", f"{ACCOUNT}/regenerateKey", {"keyName": "key2"}))
    assert second["key1"] == first["key1"]
    assert second["key2"] != first["key2"]
    wrong = call("POST", f"{ACCOUNT}/regenerateKey", {"keyName": "key3"})
    assert (wrong.status, wrong.code) == (400, "InvalidValuesForRequestParameters")
    asked = {
        "signedServices": "b",
        "signedResourceTypes": "s",
        "signedPermission": "r",
        "signedExpiry": "2027-01-02T00:00:00Z",
    }
    token = call("POST", f"{ACCOUNT}/ListAccountSas", asked).body["accountSasToken"]
    assert f"sig={MARK}" in token
    assert "ss=b&srt=s&sp=r&se=2027-01-02T00%3A00%3A00Z" in token
    assert call("POST", f"{ACCOUNT}/ListServiceSas", {}).status == 400
    gone = call("POST", "Microsoft.Storage/storageAccounts/none/listKeys")
    assert gone.status == 404
    call.close()


def test_an_account_has_its_services_from_the_start(local: LocalAzure):
    call = Caller(local.endpoint)
    assert call("GET", f"{ACCOUNT}/fileServices/default").status == 404
    call("PUT", ACCOUNT, _account())
    files = call("GET", f"{ACCOUNT}/fileServices/default").body
    assert files["type"] == "Microsoft.Storage/storageAccounts/fileServices"
    assert files["properties"]["shareDeleteRetentionPolicy"] == {"enabled": True, "days": 7}
    (tables,) = call("GET", f"{ACCOUNT}/tableServices").body["value"]
    assert tables["properties"] == {"cors": {"corsRules": []}}
    rule = {
        "allowedOrigins": ["*"],
        "allowedMethods": ["GET"],
        "maxAgeInSeconds": 1,
        "exposedHeaders": [],
        "allowedHeaders": [],
    }
    changed = {"properties": {"cors": {"corsRules": [rule]}}}
    assert call("PUT", f"{ACCOUNT}/tableServices/default", changed).status in (200, 201)
    found = call("GET", f"{ACCOUNT}/tableServices/default").body
    assert found["properties"]["cors"]["corsRules"] == [rule]
    assert len(call("GET", f"{ACCOUNT}/queueServices").body["value"]) == 1
    call.close()


def test_keys_are_others_when_the_account_is_made_again_and_a_lock_hides_them(
    local: LocalAzure,
):
    call = Caller(local.endpoint)
    call("PUT", ACCOUNT, _account())
    call("POST", f"{ACCOUNT}/regenerateKey", {"keyName": "key1"})
    first = call("POST", f"{ACCOUNT}/listKeys").body["keys"]
    call("DELETE", ACCOUNT)
    call("PUT", ACCOUNT, _account())
    assert call("POST", f"{ACCOUNT}/listKeys").body["keys"] != first
    lock = f"{GROUP}/providers/Microsoft.Authorization/locks/keep"
    call("PUT", lock, {"properties": {"level": "ReadOnly"}})
    refused = call("POST", f"{ACCOUNT}/listKeys")
    assert (refused.status, refused.code) == (409, "ScopeLocked")
    call.close()


def test_the_keys_of_a_workspace(connect: Connect):
    client = connect(LogAnalyticsManagementClient)
    body = {"location": "westeurope", "properties": {"sku": {"name": "PerGB2018"}}}
    client.workspaces.begin_create_or_update("rg", "law-one", body).result()
    first = client.shared_keys.get_shared_keys("rg", "law-one")
    assert first.primary_shared_key.startswith(MARK)
    assert first.primary_shared_key != first.secondary_shared_key
    again = client.shared_keys.get_shared_keys("rg", "law-one")
    assert again.primary_shared_key == first.primary_shared_key
    other = client.shared_keys.regenerate("rg", "law-one")
    assert other.primary_shared_key != first.primary_shared_key
    assert other.secondary_shared_key != first.secondary_shared_key


def test_a_registry_gives_credentials_where_the_admin_user_is_enabled(connect: Connect):
    client = connect(ContainerRegistryManagementClient)
    registries = client.registries
    body: dict[str, Any] = {
        "location": "westeurope",
        "sku": {"name": "Premium"},
        "properties": {"adminUserEnabled": False},
    }
    registries.begin_create("rg", "crone", body).result()
    with pytest.raises(HttpResponseError, match="admin user is disabled") as refused:
        registries.list_credentials("rg", "crone")
    assert refused.value.error.code == "UnAuthorizedForCredentialOperations"
    body["properties"]["adminUserEnabled"] = True
    registries.begin_create("rg", "crone", body).result()
    first = registries.list_credentials("rg", "crone")
    assert first.username == "crone"
    assert [one.name for one in first.passwords] == ["password", "password2"]
    second = registries.regenerate_credential("rg", "crone", {"name": "password"})
    assert second.passwords[0].value != first.passwords[0].value
    assert second.passwords[1].value == first.passwords[1].value
    used = {
        one.name: (one.current_value, one.limit)
        for one in registries.list_usages("rg", "crone").value
    }
    assert used["Size"] == (0, 500 * 2**30)
    assert used["Tokens"] == (0, 50000)
    asked = {"name": "crone", "type": "Microsoft.ContainerRegistry/registries"}
    assert registries.check_name_availability(asked).name_available is False
    maps = client.scope_maps.list("rg", "crone")
    pull = next(one.id for one in maps if one.name == "_repositories_pull")
    token = client.tokens.begin_create("rg", "crone", "token", {"properties": {"scopeMapId": pull}})
    made = registries.begin_generate_credentials(
        "rg", "crone", {"tokenId": token.result().id, "name": "password1"}
    ).result()
    assert (made.username, [one.name for one in made.passwords]) == ("token", ["password1"])


def test_the_categories_of_a_diagnostic_setting(connect: Connect, local: LocalAzure):
    make_vault(connect(KeyVaultManagementClient).vaults)
    call = Caller(local.endpoint)
    kind = "providers/Microsoft.Insights/diagnosticSettingsCategories"
    vault = "Microsoft.KeyVault/vaults/kv-one"
    found = call("GET", f"{vault}/{kind}?api-version=2021-05-01-preview").body["value"]
    told = {one["name"]: one["properties"]["categoryType"] for one in found}
    assert told == {
        "AuditEvent": "Logs",
        "AzurePolicyEvaluationDetails": "Logs",
        "AllMetrics": "Metrics",
    }
    one = call("GET", f"{vault}/{kind}/AuditEvent?api-version=2017-05-01-preview").body
    assert one["properties"] == {"categoryType": "Logs"}
    assert call("GET", f"{vault}/{kind}/nothing").status == 404
    of_subscription = call("GET", f"/subscriptions/{SUBSCRIPTION}/{kind}").body["value"]
    assert "Administrative" in [one["name"] for one in of_subscription]
    call("PUT", "Microsoft.Network/routeTables/rt", {"location": "westeurope"})
    refused = call("GET", f"Microsoft.Network/routeTables/rt/{kind}")
    assert (refused.status, refused.code) == (400, "ResourceTypeNotSupported")
    call.close()


def test_every_type_with_log_categories_is_one_of_the_catalog(real_catalog: Catalog):
    names = [one.name for one in real_catalog]
    told = [name for name in names if categories_of(name) is not None]
    assert len(told) == 26


def test_every_action_takes_the_permission_that_the_catalog_names(real_catalog: Catalog):
    cloud = Cloud(open_catalog(real_catalog), Store())
    actions = [one for one in vars(service_actions).values() if isinstance(one, Endpoint)]
    actions += [CLUSTER_USER_CREDENTIAL, UPGRADE_PROFILE, LEASE]
    assert len(actions) > 40
    for one in actions:
        parts = dict.fromkeys(re.findall(r"\{(\w+)\}", one.path), "x")
        scope = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
        path = one.at(**{**parts, "scope": scope})
        request = Request(one.method, path, {}, {}, b"", "")
        (needed,) = required_permissions(cloud, request)
        assert needed.action.lower() == one.action.lower()
        at_group = needed.scope.endswith("/resourceGroups/x")
        assert not at_group, "a role at the resource has to do"
