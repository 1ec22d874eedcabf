"""What Azure makes of a body that is no change, and beside it what is one, each by its reason."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.diff.comparison import compare

CLUSTER = "Microsoft.ContainerService/managedClusters"
POOL = "Microsoft.ContainerService/managedClusters/agentPools"
GATEWAY = "Microsoft.Network/virtualNetworkGateways"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"
SUBNET = "Microsoft.Network/virtualNetworks/subnets"
SETTING = "Microsoft.Insights/diagnosticSettings"
TENANT = "22222222-2222-2222-2222-222222222222"
CLIENT = "33333333-3333-3333-3333-333333333333"


def of(**properties: Any) -> dict[str, Any]:
    return {"properties": properties}


def network(**profile: Any) -> dict[str, Any]:
    return of(kubernetesVersion="1.33", networkProfile=profile)


def automatic(**pool: Any) -> dict[str, Any]:
    pools = [{"name": "system", "mode": "System", "count": 3, **pool}]
    return {"sku": {"name": "Automatic"}, "properties": {"agentPoolProfiles": pools}}


@dataclass(frozen=True)
class Row:
    """Bodies of a type, and the paths that are to be told: none, unless something changed."""

    id: str
    type: str
    desired: dict[str, Any]
    actual: dict[str, Any]
    reason: str
    told: tuple[str, ...] = field(default=())
    api_version: str | None = None


ROWS = (
    Row(
        "identity-none",
        "Microsoft.Network/bastionHosts",
        {"identity": {"type": "None"}},
        {},
        "that there is no identity is answered by none",
    ),
    Row(
        "identity-attached",
        "Microsoft.Network/bastionHosts",
        {"identity": {"type": "None"}},
        {"identity": {"type": "SystemAssigned", "principalId": CLIENT, "tenantId": TENANT}},
        "an identity that somebody attached is another type, and its ids are Azure's",
        ("identity.type",),
    ),
    Row(
        "two-families",
        CLUSTER,
        network(ipFamilies=["IPv4", "IPv6"]),
        network(
            ipFamilies=["IPv4", "IPv6"],
            podCidr="10.244.0.0/16",
            podCidrs=["10.244.0.0/16", "fd00:1::/64"],
            loadBalancerProfile={"managedOutboundIPs": {"count": 1, "countIPv6": 1}},
        ),
        "AKS picks the ranges of IPv6, and an outbound address of each family",
    ),
    Row(
        "one-family-with-two-addresses",
        CLUSTER,
        network(),
        network(loadBalancerProfile={"managedOutboundIPs": {"count": 1, "countIPv6": 1}}),
        "a cluster of IPv4 alone has no address of IPv6",
        ("properties.networkProfile.loadBalancerProfile.managedOutboundIPs.countIPv6",),
    ),
    Row(
        "long-term-support",
        CLUSTER,
        of(supportPlan="AKSLongTermSupport"),
        of(supportPlan="AKSLongTermSupport", autoUpgradeProfile={"upgradeChannel": "patch"}),
        "long-term support comes with the channel patch",
    ),
    Row(
        "channel-without-long-term-support",
        CLUSTER,
        of(),
        of(autoUpgradeProfile={"upgradeChannel": "patch"}),
        "without it a channel is somebody's choice",
        ("properties.autoUpgradeProfile.upgradeChannel",),
    ),
    Row(
        "toolchain-operator",
        CLUSTER,
        of(aiToolchainOperatorProfile={"enabled": False}),
        of(
            aiToolchainOperatorProfile={"enabled": False},
            securityProfile={"workloadIdentity": {"enabled": True}},
        ),
        "the operator turns workload identity on, and leaves it on when it goes",
    ),
    Row(
        "workload-identity-alone",
        CLUSTER,
        of(),
        of(securityProfile={"workloadIdentity": {"enabled": True}}),
        "without the operator somebody turned it on",
        ("properties.securityProfile.workloadIdentity.enabled",),
    ),
    Row(
        "pools-of-automatic",
        CLUSTER,
        automatic(availabilityZones=[], securityProfile={"sshAccess": "LocalUser"}),
        automatic(
            availabilityZones=["1", "2"],
            osSKU="AzureLinux",
            nodeTaints=["CriticalAddonsOnly=true:NoSchedule"],
            securityProfile={"sshAccess": "Disabled"},
        ),
        "AKS Automatic presets its system pools, whatever is asked for",
    ),
    Row(
        "pools-of-base",
        CLUSTER,
        of(agentPoolProfiles=[{"name": "system", "securityProfile": {"sshAccess": "LocalUser"}}]),
        of(agentPoolProfiles=[{"name": "system", "securityProfile": {"sshAccess": "Disabled"}}]),
        "another cluster does what it is told",
        ("properties.agentPoolProfiles[system].securityProfile.sshAccess",),
    ),
    Row(
        "stopped-pool",
        POOL,
        of(count=2, powerState={"code": "Stopped"}),
        of(count=0, powerState={"code": "Stopped"}),
        "a pool that is stopped answers 0",
    ),
    Row(
        "pool-that-somebody-stopped",
        POOL,
        of(count=2),
        of(count=0, powerState={"code": "Stopped"}),
        "that it was stopped is the change",
        ("properties.powerState.code",),
    ),
    Row(
        "pool-of-machines",
        POOL,
        of(mode="Machines", count=3, type="VirtualMachineScaleSets"),
        of(mode="Machines", type="VirtualMachines"),
        "its machines are made one by one, and are no scale set",
    ),
    Row(
        "status-of-machines",
        POOL,
        of(virtualMachineNodesStatus=[{"size": "a", "count": 1}]),
        of(virtualMachineNodesStatus=[{"size": "a", "count": 2}]),
        "a status is nobody's wish",
    ),
    Row(
        "mesh-off",
        CLUSTER,
        of(serviceMeshProfile={"mode": "Disabled", "istio": {"revisions": ["asm-1-24"]}}),
        of(serviceMeshProfile={"mode": "Disabled"}),
        "a mesh that is off has no revisions",
    ),
    Row(
        "mesh-on",
        CLUSTER,
        of(serviceMeshProfile={"mode": "Istio"}),
        of(
            serviceMeshProfile={
                "mode": "Istio",
                "istio": {
                    "revisions": ["asm-1-26"],
                    "certificateAuthority": {"plugin": {"keyVaultId": "/a"}},
                },
            }
        ),
        "AKS picks the revision, and nobody but a person another authority",
        ("properties.serviceMeshProfile.istio.certificateAuthority.plugin.keyVaultId",),
    ),
    Row(
        "endpoint-regions",
        SUBNET,
        of(serviceEndpoints=[{"service": "Microsoft.Sql", "locations": []}]),
        of(serviceEndpoints=[{"service": "Microsoft.Sql", "locations": ["westeurope"]}]),
        "the service names the regions itself",
    ),
    Row(
        "how-clients-authenticate",
        GATEWAY,
        of(vpnClientConfiguration={"vpnClientRootCertificates": [{"name": "root"}]}),
        of(
            vpnClientConfiguration={
                "vpnClientRootCertificates": [{"name": "root"}],
                "vpnAuthenticationTypes": ["Certificate"],
            }
        ),
        "it follows from what is configured",
    ),
    Row(
        "another-way-to-authenticate",
        GATEWAY,
        of(vpnClientConfiguration={"vpnClientRootCertificates": [{"name": "root"}]}),
        of(
            vpnClientConfiguration={
                "vpnClientRootCertificates": [{"name": "root"}],
                "vpnAuthenticationTypes": ["Certificate", "Radius"],
            }
        ),
        "a second one is somebody's",
        ("properties.vpnClientConfiguration.vpnAuthenticationTypes",),
    ),
    Row(
        "gateway-without-vpn",
        GATEWAY,
        of(gatewayType="LocalGateway"),
        of(gatewayType="LocalGateway", vpnGatewayGeneration="None", vpnType="PolicyBased"),
        "generation and type mean nothing but to VPN",
    ),
    Row(
        "legacy-tier",
        WORKSPACE,
        of(sku={"name": "Premium"}, retentionInDays=365),
        of(sku={"name": "pergb2018"}, retentionInDays=365),
        "legacy tiers are not sold any more",
    ),
    Row(
        "free-tier",
        WORKSPACE,
        of(sku={"name": "free"}),
        of(sku={"name": "free"}, retentionInDays=7, workspaceCapping={"dailyQuotaGb": 0.5}),
        "the free tier has a cap and a week",
    ),
    Row(
        "numbers-as-texts",
        WORKSPACE,
        of(features={"anything": "1", "flag": "True"}),
        of(features={"anything": 1, "flag": True}),
        "in an open object nothing says what a value is",
    ),
    Row(
        "another-number",
        WORKSPACE,
        of(features={"anything": "1"}),
        of(features={"anything": 2}),
        "and another one is another one",
        ("properties.features.anything",),
    ),
    Row(
        "time-grain",
        SETTING,
        of(metrics=[{"category": "AllMetrics", "enabled": True, "timeGrain": "PT5M"}]),
        of(metrics=[{"category": "AllMetrics", "enabled": True}]),
        "metrics are exported by the minute, and the grain is not answered",
    ),
    Row(
        "balancer-left-behind",
        CLUSTER,
        network(outboundType="userAssignedNATGateway"),
        network(
            outboundType="userAssignedNATGateway",
            loadBalancerProfile={"managedOutboundIPs": {"count": 2}},
        ),
        "it has no effect where nodes reach out by something else",
    ),
    Row(
        "client-id-after-managed-identity",
        CLUSTER,
        {
            "identity": {"type": "SystemAssigned"},
            **of(servicePrincipalProfile={"clientId": CLIENT}),
        },
        {
            "identity": {"type": "SystemAssigned", "tenantId": TENANT},
            **of(servicePrincipalProfile={"clientId": "msi"}),
        },
        "a cluster with a managed identity has no service principal",
    ),
    Row(
        "tenant-of-the-cluster",
        CLUSTER,
        of(aadProfile={"managed": True}),
        {
            "identity": {"type": "SystemAssigned", "tenantId": TENANT},
            **of(aadProfile={"managed": True, "tenantID": CLIENT}),
        },
        "users of another tenant than the cluster's are somebody's",
        ("identity", "properties.aadProfile.tenantID"),
    ),
)


STORAGE = "Microsoft.Storage/storageAccounts"
BLOBS = f"{STORAGE}/blobServices"
FILES = "azureFilesIdentityBasedAuthentication"
VAULT_ADDON = "azureKeyvaultSecretsProvider"


def account(kind: str = "StorageV2", **properties: Any) -> dict[str, Any]:
    return {"kind": kind, "sku": {"name": "Standard_LRS"}, "properties": properties}


def addon(enabled: bool, **config: str) -> dict[str, Any]:
    return of(addonProfiles={VAULT_ADDON: {"enabled": enabled, "config": config}})


SPELLED_OUT = (
    Row(
        "mesh-disabled",
        CLUSTER,
        of(),
        of(serviceMeshProfile={"mode": "Disabled"}),
        "a mesh that is off is none",
    ),
    Row(
        "mesh-on",
        CLUSTER,
        of(),
        of(serviceMeshProfile={"mode": "Istio"}),
        "somebody's mesh",
        ("properties.serviceMeshProfile",),
    ),
    Row(
        "sign-in-with-entra",
        CLUSTER,
        of(),
        of(aadProfile={"managed": True, "enableAzureRBAC": False}),
        "a switch that is on says something, although it is the default of what is stated",
        ("properties.aadProfile",),
    ),
    Row(
        "gateway-api-disabled",
        CLUSTER,
        of(),
        of(ingressProfile={"gatewayAPI": {"installation": "Disabled"}}),
        "the off of an enumeration, however deep",
    ),
    Row(
        "autoscaler-disabled",
        CLUSTER,
        of(),
        of(
            workloadAutoScalerProfile={
                "keda": {"enabled": False},
                "verticalPodAutoscaler": {"enabled": False, "addonAutoscaling": "Disabled"},
            }
        ),
        "a part that is off where its default says nothing either",
    ),
    Row(
        "kms-off",
        CLUSTER,
        of(),
        of(
            securityProfile={
                "azureKeyVaultKms": {"enabled": False, "keyVaultNetworkAccess": "Public"}
            }
        ),
        "a part at its own default",
    ),
    Row(
        "kms-off-and-private",
        CLUSTER,
        of(),
        of(
            securityProfile={
                "azureKeyVaultKms": {"enabled": False, "keyVaultNetworkAccess": "Private"}
            }
        ),
        "a part off its own default",
        ("properties.securityProfile.azureKeyVaultKms",),
    ),
    Row(
        "encryption-off",
        "Microsoft.Network/virtualNetworks",
        of(),
        of(encryption={"enabled": False, "enforcement": "AllowUnencrypted"}),
        "networks made in the portal spell it out",
    ),
    Row(
        "encryption-on",
        "Microsoft.Network/virtualNetworks",
        of(),
        of(encryption={"enabled": True, "enforcement": "AllowUnencrypted"}),
        "a switch that is on says something",
        ("properties.encryption",),
    ),
    Row(
        "analytics-off",
        "Microsoft.Network/networkWatchers/flowLogs",
        of(enabled=True),
        of(
            enabled=True,
            flowAnalyticsConfiguration={
                "networkWatcherFlowAnalyticsConfiguration": {
                    "enabled": False,
                    "trafficAnalyticsInterval": 60,
                }
            },
        ),
        "the interval of what is off is the default one",
    ),
    Row(
        "routing-default",
        STORAGE,
        account(),
        account(
            routingPreference={
                "routingChoice": "MicrosoftRouting",
                "publishInternetEndpoints": False,
            }
        ),
        "the network that every account uses",
    ),
    Row(
        "routing-internet",
        STORAGE,
        account(),
        account(routingPreference={"routingChoice": "InternetRouting"}),
        "somebody's choice",
        ("properties.routingPreference",),
    ),
    Row(
        "files-identity-none",
        STORAGE,
        account(),
        account(**{FILES: {"directoryServiceOptions": "None"}}),
        "no directory",
    ),
    Row(
        "files-share-permission-none",
        STORAGE,
        account(**{FILES: {"directoryServiceOptions": "AADKERB"}}),
        account(
            **{FILES: {"directoryServiceOptions": "AADKERB", "defaultSharePermission": "None"}}
        ),
        "nobody chose one",
    ),
    Row(
        "files-share-permission-for-all",
        STORAGE,
        account(**{FILES: {"directoryServiceOptions": "AADKERB"}}),
        account(
            **{
                FILES: {
                    "directoryServiceOptions": "AADKERB",
                    "defaultSharePermission": "StorageFileDataSmbShareContributor",
                }
            }
        ),
        "everybody may write",
        (f"properties.{FILES}.defaultSharePermission",),
    ),
    Row(
        "block-blobs-premium",
        STORAGE,
        account("BlockBlobStorage"),
        account("BlockBlobStorage", accessTier="Premium"),
        "they have no other tier",
    ),
    Row(
        "tier-moved",
        STORAGE,
        account(),
        account(accessTier="Cool"),
        "an account of blobs that are not premium starts hot",
        ("properties.accessTier",),
    ),
    Row(
        "bypass-in-another-order",
        STORAGE,
        account(networkAcls={"defaultAction": "Deny", "bypass": "Metrics,AzureServices"}),
        account(networkAcls={"defaultAction": "Deny", "bypass": "AzureServices, Metrics"}),
        "a set in one text",
    ),
    Row(
        "bypass-of-one-more",
        STORAGE,
        account(networkAcls={"defaultAction": "Deny", "bypass": "Metrics"}),
        account(networkAcls={"defaultAction": "Deny", "bypass": "AzureServices, Metrics"}),
        "one more may pass",
        ("properties.networkAcls.bypass",),
    ),
    Row(
        "restore-policy-computed",
        BLOBS,
        of(restorePolicy={"enabled": True, "days": 6}),
        of(
            restorePolicy={
                "enabled": True,
                "days": 6,
                "lastEnabledTime": "2026-01-01T00:00:00Z",
                "minRestoreTime": "2026-01-02T00:00:00Z",
            }
        ),
        "Azure's own times",
    ),
    Row(
        "restore-policy-off",
        BLOBS,
        of(restorePolicy={"enabled": True, "days": 6}),
        of(restorePolicy={"enabled": False, "lastEnabledTime": "2026-01-01T00:00:00Z"}),
        "switched off",
        ("properties.restorePolicy.days", "properties.restorePolicy.enabled"),
    ),
    Row(
        "old-account",
        STORAGE,
        account(),
        account(supportsHttpsTrafficOnly=False, minimumTlsVersion="TLS1_0"),
        "how silence was read then",
        api_version="2018-11-01",
    ),
    Row(
        "new-account",
        STORAGE,
        account(),
        account(supportsHttpsTrafficOnly=False, minimumTlsVersion="TLS1_0"),
        "weaker than what an account starts with now",
        ("properties.minimumTlsVersion", "properties.supportsHttpsTrafficOnly"),
        api_version="2024-01-01",
    ),
    Row(
        "old-subnet",
        SUBNET,
        of(addressPrefix="10.0.0.0/24"),
        of(addressPrefix="10.0.0.0/24", privateEndpointNetworkPolicies="Enabled"),
        "the answer to silence then",
        api_version="2020-07-01",
    ),
    Row(
        "old-subnet-moved",
        SUBNET,
        of(addressPrefix="10.0.0.0/24"),
        of(addressPrefix="10.0.0.0/24", privateEndpointNetworkPolicies="Disabled"),
        "off the default of then",
        ("properties.privateEndpointNetworkPolicies",),
        api_version="2020-07-01",
    ),
    Row(
        "ipv6-record",
        "Microsoft.Network/privateDnsZones/AAAA",
        of(ttl=1, aaaaRecords=[{"ipv6Address": "2001:DB8:0::1"}]),
        of(ttl=1, aaaaRecords=[{"ipv6Address": "2001:db8::1"}]),
        "one address in two spellings",
    ),
    Row(
        "registry-address",
        "Microsoft.ContainerRegistry/registries",
        of(networkRuleSet={"defaultAction": "Deny", "ipRules": [{"value": "192.0.2.4/32"}]}),
        of(networkRuleSet={"defaultAction": "Deny", "ipRules": [{"value": "192.0.2.4"}]}),
        "a range of one address",
    ),
    Row(
        "ipv6-pods",
        CLUSTER,
        network(ipFamilies=["IPv4", "IPv6"], podCidrs=["10.244.0.0/16", "FD00:0::/64"]),
        network(ipFamilies=["IPv4", "IPv6"], podCidrs=["10.244.0.0/16", "fd00::/64"]),
        "one range in two spellings",
    ),
    Row(
        "ipv6-rule",
        "Microsoft.Network/networkSecurityGroups/securityRules",
        of(sourceAddressPrefix="FD00:DB8:0::/48", destinationAddressPrefix="fd00::/48"),
        of(sourceAddressPrefix="fd00:db8::/48", destinationAddressPrefix="fd00::/32"),
        "a spelling is none, a wider range is one",
        ("properties.destinationAddressPrefix",),
    ),
    Row(
        "vault-addon-defaults",
        CLUSTER,
        of(addonProfiles={VAULT_ADDON: {"enabled": True}}),
        addon(True, enableSecretRotation="false", rotationPollInterval="2m"),
        "documented defaults",
    ),
    Row(
        "vault-addon-rotates",
        CLUSTER,
        of(addonProfiles={VAULT_ADDON: {"enabled": True}}),
        addon(True, enableSecretRotation="true", rotationPollInterval="2m"),
        "somebody turned rotation on",
        (f"properties.addonProfiles.{VAULT_ADDON}.config.enableSecretRotation",),
    ),
)


@pytest.mark.parametrize("row", [*ROWS, *SPELLED_OUT], ids=lambda row: row.id)
def test_what_is_told(row: Row, catalog: Catalog) -> None:
    found = compare(
        catalog.get(row.type), catalog.schemas, row.desired, row.actual, row.api_version
    )

    assert tuple(change.path for change in found.changes) == row.told, row.reason


def test_what_azure_keeps_is_told_apart(catalog: Catalog) -> None:
    body = of(kubernetesVersion="1.30", oidcIssuerProfile={"enabled": True})
    actual = {"sku": {"tier": "Premium"}, **body}

    found = compare(catalog.get(CLUSTER), catalog.schemas, of(kubernetesVersion="1.30"), actual)

    assert found.changes == ()
    assert [(change.path, change.kept) for change in found.kept] == [
        ("properties.oidcIssuerProfile.enabled", True),
        ("sku.tier", True),
    ]


def test_tags_of_others_are_told_apart(catalog: Catalog) -> None:
    found = compare(catalog.get(POOL), catalog.schemas, {}, of(tags={"costCentre": "4711"}))
    declared = compare(
        catalog.get(WORKSPACE),
        catalog.schemas,
        {"tags": {"a": "1"}},
        {"tags": {"a": "1", "b": "2"}},
    )

    assert [change.path for change in (*found.tags, *declared.tags)] == [
        "properties.tags.costCentre",
        "tags.b",
    ]
    assert (found.changes, declared.changes) == ((), ())
