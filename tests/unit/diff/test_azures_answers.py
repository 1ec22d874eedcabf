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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_is_told(row: Row, catalog: Catalog) -> None:
    found = compare(catalog.get(row.type), catalog.schemas, row.desired, row.actual)

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
