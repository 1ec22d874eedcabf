"""Why the built-in Azure answers otherwise, where it is known and left so."""

import re

_EARLIER = "AKS answers more with each of its releases; the recording is of another one than ours"
_SILENT = "a pool that machines are added to one by one tells next to nothing of itself"
_ONCE = "one recording answers so, and others of the same kind do not"
_MACHINES = "which disks a machine has: AKS knows every size, the catalog their families"

CAUSES: tuple[tuple[str, str, str], ...] = (
    # type, path, cause; each a regular expression, the first that fits holds
    (
        r"agentPools$",
        r"\.(count|enable(EncryptionAtHost|FIPS|NodePublicIP|UltraSSD)|kubeletDiskType|maxPods"
        r"|orchestratorVersion|osType|type|workloadRuntime)$",
        _SILENT,
    ),
    (r"managedClusters(/agentPools)?$", r"osDisk(Type|SizeGB)$", _MACHINES),
    (
        r"managedClusters(/agentPools)?$",
        r"(upgradeSettings|securityProfile|scaleDownMode|networkPolicy|networkDataplane"
        r"|nodeProvisioningProfile|nodeOSUpgradeChannel|costAnalysis|enableFIPS|supportPlan"
        r"|enableAutoScaling|sshAccess|bootstrapProfile|hostedSystemProfile|backendPoolType"
        r"|nodeResourceGroupProfile|transitEncryption|advancedNetworkPolicies|podIdentityProfile"
        r"|enableVnetIntegration|apiServerAccessProfile|privateLinkResources|windowsProfile)",
        _EARLIER,
    ),
    (r"managedClusters$", r"^(kind|sku\.name)$", _EARLIER),
    (
        r"managedClusters$",
        r"(pod|service)Cidrs$",
        "the IPv6 ranges of a cluster with two address families are drawn by AKS",
    ),
    (r"managedClusters$", r"autoScalerProfile", _ONCE),
    (
        r"managedClusters$",
        r"(webAppRouting|serviceMeshProfile|effectiveApplicationGatewayId|containerInsights"
        r"|virtualMachine|maxPods|managedOutboundIPs\.count|httpProxyConfig)",
        "add-ons and profiles complete themselves in ways that one recording does not settle",
    ),
    (
        r"managedClusters$",
        r"(networkPlugin(Mode)?|storageProfile|aadProfile|upgradeChannel"
        r"|azureKeyvaultSecretsProvider|sku\.tier)",
        _ONCE,
    ),
    (
        r"(routeTables|privateEndpoints|virtualNetworks|virtualNetworkGateways)$",
        r"(disablePeeringRoute|ipVersionType|privateEndpointVNetPolicies|HighBandwidthVpnGateway)$",
        "only some api versions answer it",
    ),
    (r"virtualNetworks$", r"defaultOutboundAccess$", _ONCE),
    (r"vaults$", r"", "answers of Key Vault differ with how old a vault is"),
    (r"virtualNetworkGateways$", r"bgp", "a gateway takes its address from its subnet"),
    (r"managedClusters$", r"azurepolicy", "a policy of the recorded subscription turned it on"),
    (r"managedClusters$", r"aadProfile\.tenantID$", "the tenant of the recording is its own"),
    (r"agentPools$", r"virtualMachine", "AKS spells out which machines it took"),
    (r"agentPools$|managedClusters$", r"osSKU$", "which Windows is the default depends on the day"),
    (r"maintenanceConfigurations$", r"startDate$", "the day on which it was written"),
)


def cause_of(type_name: str, path: str) -> str | None:
    """Return why a leaf of a type differs, or None where that is not known."""
    for type_pattern, path_pattern, cause in CAUSES:
        if re.search(type_pattern, type_name) and re.search(path_pattern, path):
            return cause
    return None
