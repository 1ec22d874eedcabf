"""What others do beside an environment, and what services do for it, is no drift."""

from typing import Any

from provisioner.model.resource_id import ResourceId
from tests.environments import Bench
from tests.laws.foreign_writes import (
    ADDRESS,
    AKS,
    ASSIGNMENT,
    AUDIT,
    CR,
    DNS,
    ENDPOINT,
    GROUP,
    KV,
    LOCK,
    LOG,
    NSG,
    ONE,
    PE,
    POLICY,
    REGISTRY,
    ROLES,
    RULES,
    SETTING,
    STORE,
    SUBSCRIPTION,
    THEIRS,
    VAULT_BODY,
    VNET,
    WORKSPACE,
    again,
    by_deployment,
    for_nodes,
    granted,
    open_site,
    put,
    scaled,
    tagged,
    theirs,
    vnet_of_theirs,
)
from tests.laws.neighbours import (
    ACCOUNT,
    CLUSTER,
    GUARD,
    IDENTITY,
    NETWORK,
    PLATFORM,
    STORAGE,
    TABLE,
    VAULT,
    ZONE,
    group_id,
    id_of,
)

LOCATED = {"location": "westeurope"}
INITIATIVES = "/providers/Microsoft.Authorization/policySetDefinitions"
DEFAULT_INITIATIVE = f"{INITIATIVES}/1f3afdf9-d0c9-4c3d-847f-89da613e70a8"
FAR = f"/subscriptions/{PLATFORM}/resourceGroups/rg-far"
BESIDE = id_of(VAULT, "kv-beside0")
THEIR_AKS = theirs(CLUSTER, "aks-far")
THEIR_ZONE, THEIR_ONE = theirs(ZONE, "theirs.internal"), theirs(IDENTITY, "id-theirs")
THEIR_STORE, THEIR_CR = theirs(ACCOUNT, "storefar"), theirs(REGISTRY, "crfar")

HARMLESS: dict[str, Any] = {
    **{
        f"tag-of-{ResourceId.parse(text).name}": tagged(text, costCenter="42")
        for text in (GROUP, ONE, VNET, NSG, DNS, KV, PE, STORE, CR, LOG, RULES, AKS)
    },
    **{
        f"written-again-{ResourceId.parse(text).name}": again(text)
        for text in (ONE, NSG, STORE, CR, LOG, RULES)
    },
    "tag-in-another-spelling": tagged(GROUP, CostCentre="1"),
    "autoscaled": scaled,
    "node-group-for-the-cluster": for_nodes,
    "default-initiative-of-defender": put(
        f"{SUBSCRIPTION}/providers/{ASSIGNMENT}/SecurityCenterBuiltIn",
        {"policyDefinitionId": DEFAULT_INITIATIVE},
    ),
    "logs-that-a-service-writes": put(
        f"{STORE}/blobServices/default/containers/insights-logs-auditevent"
    ),
    "group-of-others": lambda site: site.others.write(group_id("rg-more"), LOCATED),
    "group-in-their-subscription": lambda site: site.others.write(FAR, LOCATED),
    "vault-beside": put(BESIDE, VAULT_BODY),
    "key-of-vault-beside": put(f"{BESIDE}/keys/theirs", {"kty": "RSA"}),
    "owner-of-vault-beside": granted(BESIDE, 51)[1],
    "lock-on-vault-beside": put(f"{BESIDE}/providers/{LOCK}/keep", {"level": "CanNotDelete"}),
    "identity-beside": put(id_of(IDENTITY, "id-beside")),
    "credential-of-identity-beside": put(
        f"{id_of(IDENTITY, 'id-beside')}/federatedIdentityCredentials/theirs",
        {
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": "repo:they/x:environment:prod",
            "audiences": ["api://AzureADTokenExchange"],
        },
    ),
    "network-beside": put(
        id_of(NETWORK, "vnet-beside"), {"addressSpace": {"addressPrefixes": ["172.18.0.0/16"]}}
    ),
    "subnet-of-network-beside": put(
        f"{id_of(NETWORK, 'vnet-beside')}/subnets/theirs", {"addressPrefix": "172.18.1.0/24"}
    ),
    "rules-beside": put(id_of(GUARD, "nsg-beside")),
    "rule-beside": put(
        f"{id_of(GUARD, 'nsg-beside')}/securityRules/ssh",
        {
            "priority": 150,
            "direction": "Inbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "22",
        },
    ),
    "route-table-beside": put(id_of(TABLE, "rt-beside")),
    "address-beside": put(
        id_of(ADDRESS, "pip-beside"),
        {"publicIPAllocationMethod": "Static"},
        sku={"name": "Standard"},
    ),
    "workspace-beside": put(id_of(WORKSPACE, "log-beside")),
    "registry-beside": put(id_of(REGISTRY, "crbeside"), sku={"name": "Basic"}),
    "account-beside": lambda site: site.others.write(id_of(ACCOUNT, "storebeside"), STORAGE),
    "container-beside": put(
        f"{id_of(ACCOUNT, 'storebeside')}/blobServices/default/containers/theirs"
    ),
    "owner-of-their-group": granted(THEIRS, 52)[1],
    "lock-on-their-group": put(
        f"{group_id('rg-more')}/providers/{LOCK}/keep", {"level": "CanNotDelete"}
    ),
    "policy-on-their-group": put(
        f"{THEIRS}/providers/{ASSIGNMENT}/theirs", {"policyDefinitionId": AUDIT}
    ),
    "owner-of-their-subscription": granted(f"/subscriptions/{PLATFORM}", 53)[1],
    "custom-role": put(
        f"{ROLES}/00000000-0000-0000-0000-00000000abcd",
        {
            "roleName": "Theirs",
            "type": "CustomRole",
            "permissions": [{"actions": ["*"]}],
            "assignableScopes": [SUBSCRIPTION],
        },
    ),
    "policy-definition": put(
        f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/theirs",
        {
            "policyType": "Custom",
            "mode": "All",
            "policyRule": {"if": {"field": "type", "equals": "x"}, "then": {"effect": "audit"}},
        },
    ),
    "their-network": vnet_of_theirs("vnet-a", "ends"),
    "their-other-network": put(
        theirs(NETWORK, "vnet-b"), {"addressSpace": {"addressPrefixes": ["172.17.0.0/16"]}}
    ),
    "their-peering": put(
        f"{theirs(NETWORK, 'vnet-a')}/virtualNetworkPeerings/b",
        {"remoteVirtualNetwork": {"id": theirs(NETWORK, "vnet-b")}},
    ),
    "their-peering-back": put(
        f"{theirs(NETWORK, 'vnet-b')}/virtualNetworkPeerings/a",
        {"remoteVirtualNetwork": {"id": theirs(NETWORK, "vnet-a")}},
    ),
    "their-zone": put(THEIR_ZONE),
    "link-of-their-zone": put(
        f"{THEIR_ZONE}/virtualNetworkLinks/a",
        {"registrationEnabled": False, "virtualNetwork": {"id": theirs(NETWORK, "vnet-a")}},
    ),
    "record-of-their-zone": put(
        f"{THEIR_ZONE}/A/api", {"ttl": 60, "aRecords": [{"ipv4Address": "172.16.0.9"}]}
    ),
    "their-vault": put(theirs(VAULT, "kv-theirs1"), VAULT_BODY),
    "their-endpoint": put(
        theirs(ENDPOINT, "pe-far"),
        {
            "subnet": {"id": f"{theirs(NETWORK, 'vnet-a')}/subnets/ends"},
            "privateLinkServiceConnections": [
                {
                    "name": "v",
                    "properties": {
                        "privateLinkServiceId": theirs(VAULT, "kv-theirs1"),
                        "groupIds": ["vault"],
                    },
                }
            ],
        },
    ),
    "setting-of-their-vault-into-our-workspace": put(
        f"{theirs(VAULT, 'kv-theirs1')}/providers/{SETTING}/here",
        {"workspaceId": LOG, "logs": [{"category": "AuditEvent", "enabled": True}]},
    ),
    "their-cluster": put(
        THEIR_AKS,
        {
            "dnsPrefix": "far",
            "agentPoolProfiles": [
                {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5"}
            ],
        },
        identity={"type": "SystemAssigned"},
    ),
    "pool-of-their-cluster": put(
        f"{THEIR_AKS}/agentPools/more", {"mode": "User", "count": 1, "vmSize": "Standard_D4ds_v5"}
    ),
    "owner-of-their-cluster": granted(THEIR_AKS, 54)[1],
    "their-identity": put(THEIR_ONE),
    "credential-of-their-identity": put(
        f"{THEIR_ONE}/federatedIdentityCredentials/theirs",
        {
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": "repo:they/x:environment:prod",
            "audiences": ["api://AzureADTokenExchange"],
        },
    ),
    "their-registry": put(THEIR_CR, sku={"name": "Premium"}),
    "token-of-their-registry": put(
        f"{THEIR_CR}/scopeMaps/everything", {"actions": ["repositories/*/content/read"]}
    ),
    "their-account": lambda site: site.others.write(THEIR_STORE, STORAGE),
    "container-of-their-account": put(f"{THEIR_STORE}/blobServices/default/containers/theirs"),
    "their-policy": put(theirs(POLICY, "afwp-far")),
    "rules-of-their-policy": put(
        f"{theirs(POLICY, 'afwp-far')}/ruleCollectionGroups/all",
        {"priority": 100, "ruleCollections": []},
    ),
    "their-alert-of-our-workspace": put(
        theirs("Microsoft.Insights/scheduledQueryRules", "sqr-theirs"),
        {
            "scopes": [LOG],
            "severity": 3,
            "enabled": True,
            "evaluationFrequency": "PT5M",
            "windowSize": "PT5M",
            "criteria": {
                "allOf": [
                    {
                        "query": "AzureDiagnostics",
                        "timeAggregation": "Count",
                        "operator": "GreaterThan",
                        "threshold": 0,
                    }
                ]
            },
        },
    ),
    "deployment-of-others": by_deployment(
        f"{THEIRS}/providers/Microsoft.Resources/deployments/theirs",
        {
            "type": IDENTITY,
            "apiVersion": "2024-11-30",
            "name": "id-deployed",
            "location": "westeurope",
        },
    ),
}


def test_what_stands_beside_is_no_addition(bench: Bench) -> None:
    site = open_site(bench)
    before = site.drift()

    for write in HARMLESS.values():
        write(site)

    after = site.drift()
    assert len(HARMLESS) >= 60
    assert [addition.id for addition in after.additions] == []
    assert after.drifted == before.drifted
    assert after.found == before.found
