"""The first api versions that have a property: answers of older ones lack it.

Previews have a property long before stable versions do, so both are recorded. Source: the models of
each version in the releases 28.0.0 to 41.8.0 of azure-mgmt-containerservice. Left out is what all
versions from 2023-01-01 on have, and what is below a listed property. Versions of 2026 are given as
the first of that year where the releases do not tell which it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Introduced:
    """The first stable api version and the first preview that have a property."""

    stable: str
    preview: str

    def is_in(self, api_version: str) -> bool:
        """Return whether an api version (`2024-09-01`, `2024-09-02-preview`) has the property."""
        first = self.preview if api_version.endswith("-preview") else self.stable
        return api_version >= first


CLUSTER_PROPERTIES: Mapping[str, Introduced] = {
    path: Introduced(stable, preview)
    for path, stable, preview in (
        ("kind", "2025-08-01", "2024-02-02-preview"),
        ("properties.aiToolchainOperatorProfile", "2025-05-01", "2023-09-02-preview"),
        (
            "properties.apiServerAccessProfile.enableVnetIntegration",
            "2025-03-01",
            "2022-04-02-preview",
        ),
        ("properties.apiServerAccessProfile.subnetId", "2025-03-01", "2022-04-02-preview"),
        (
            "properties.autoScalerProfile.daemonset-eviction-for-empty-nodes",
            "2024-05-01",
            "2023-08-02-preview",
        ),
        (
            "properties.autoScalerProfile.daemonset-eviction-for-occupied-nodes",
            "2024-05-01",
            "2023-08-02-preview",
        ),
        (
            "properties.autoScalerProfile.ignore-daemonsets-utilization",
            "2024-05-01",
            "2023-08-02-preview",
        ),
        (
            "properties.autoUpgradeProfile.nodeOSUpgradeChannel",
            "2023-06-01",
            "2022-10-02-preview",
        ),
        ("properties.azureMonitorProfile.appMonitoring", "2026-01-01", "2024-02-02-preview"),
        ("properties.azureMonitorProfile.containerInsights", "2026-01-01", "2024-02-02-preview"),
        ("properties.bootstrapProfile", "2025-01-01", "2024-01-02-preview"),
        ("properties.enableFIPS", "2026-01-01", "2025-09-02-preview"),
        ("properties.hostedSystemProfile", "2026-01-01", "2025-09-02-preview"),
        ("properties.httpProxyConfig.enabled", "2026-01-01", "2025-03-02-preview"),
        ("properties.ingressProfile", "2024-01-01", "2022-03-02-preview"),
        (
            "properties.ingressProfile.webAppRouting.dnsZoneResourceIds",
            "2024-01-01",
            "2023-07-02-preview",
        ),
        ("properties.ingressProfile.webAppRouting.nginx", "2025-02-01", "2024-06-02-preview"),
        ("properties.metricsProfile", "2024-02-01", "2023-07-02-preview"),
        ("properties.networkProfile.advancedNetworking", "2024-09-01", "2024-03-02-preview"),
        (
            "properties.networkProfile.advancedNetworking.enabled",
            "2024-09-01",
            "2024-10-02-preview",
        ),
        (
            "properties.networkProfile.advancedNetworking.security",
            "2024-09-01",
            "2024-06-02-preview",
        ),
        (
            "properties.networkProfile.advancedNetworking.security.advancedNetworkPolicies",
            "2025-08-01",
            "2025-02-02-preview",
        ),
        (
            "properties.networkProfile.advancedNetworking.security.transitEncryption",
            "2026-01-01",
            "2025-02-02-preview",
        ),
        (
            "properties.networkProfile.loadBalancerProfile.backendPoolType",
            "2023-10-01",
            "2022-08-02-preview",
        ),
        ("properties.networkProfile.networkDataplane", "2023-02-01", "2023-02-02-preview"),
        ("properties.networkProfile.networkPluginMode", "2023-02-01", "2022-04-02-preview"),
        (
            "properties.networkProfile.staticEgressGatewayProfile",
            "2025-04-01",
            "2024-02-02-preview",
        ),
        ("properties.nodeProvisioningProfile", "2025-05-01", "2023-09-02-preview"),
        (
            "properties.nodeProvisioningProfile.defaultNodePools",
            "2025-05-01",
            "2025-03-02-preview",
        ),
        ("properties.nodeResourceGroupProfile", "2024-09-01", "2022-11-02-preview"),
        ("properties.resourceUID", "2023-08-01", "2023-07-02-preview"),
        ("properties.schedulerProfile", "2026-01-01", "2025-03-02-preview"),
        (
            "properties.securityProfile.customCATrustCertificates",
            "2025-01-01",
            "2022-09-02-preview",
        ),
        ("properties.securityProfile.imageCleaner", "2023-02-01", "2022-07-02-preview"),
        ("properties.securityProfile.workloadIdentity", "2023-02-01", "2022-03-02-preview"),
        ("properties.serviceMeshProfile", "2023-08-01", "2023-02-02-preview"),
        ("properties.serviceMeshProfile.istio.revisions", "2023-08-01", "2023-06-02-preview"),
        ("properties.supportPlan", "2023-03-01", "2023-03-02-preview"),
        ("properties.upgradeSettings", "2023-07-01", "2023-01-02-preview"),
        (
            "properties.workloadAutoScalerProfile.verticalPodAutoscaler",
            "2023-06-01",
            "2022-07-02-preview",
        ),
    )
}

POOL_PROPERTIES: Mapping[str, Introduced] = {
    path: Introduced(stable, preview)
    for path, stable, preview in (
        ("properties.artifactStreamingProfile", "2026-01-01", "2023-09-02-preview"),
        ("properties.gatewayProfile", "2025-04-01", "2024-02-02-preview"),
        ("properties.gpuProfile", "2025-01-01", "2023-09-02-preview"),
        ("properties.gpuProfile.driver", "2025-01-01", "2025-03-02-preview"),
        ("properties.localDNSProfile", "2025-10-01", "2025-03-02-preview"),
        ("properties.messageOfTheDay", "2025-01-01", "2022-01-02-preview"),
        ("properties.networkProfile", "2023-10-01", "2022-08-03-preview"),
        ("properties.networkProfile.allowedHostPorts", "2023-10-01", "2022-09-02-preview"),
        (
            "properties.networkProfile.applicationSecurityGroups",
            "2023-10-01",
            "2022-09-02-preview",
        ),
        ("properties.podIPAllocationMode", "2025-04-01", "2024-01-02-preview"),
        ("properties.securityProfile", "2024-07-01", "2023-06-02-preview"),
        ("properties.securityProfile.enableSecureBoot", "2024-07-01", "2023-11-02-preview"),
        ("properties.securityProfile.enableVTPM", "2024-07-01", "2023-11-02-preview"),
        ("properties.securityProfile.sshAccess", "2025-08-01", "2023-06-02-preview"),
        ("properties.upgradeSettings.drainTimeoutInMinutes", "2023-06-01", "2023-06-02-preview"),
        ("properties.upgradeSettings.maxUnavailable", "2025-03-01", "2024-10-02-preview"),
        (
            "properties.upgradeSettings.nodeSoakDurationInMinutes",
            "2023-11-01",
            "2023-09-02-preview",
        ),
        (
            "properties.upgradeSettings.undrainableNodeBehavior",
            "2025-03-01",
            "2024-04-02-preview",
        ),
        ("properties.virtualMachineNodesStatus", "2025-04-01", "2023-10-02-preview"),
        ("properties.virtualMachinesProfile", "2025-04-01", "2023-10-02-preview"),
        ("properties.windowsProfile", "2024-02-01", "2022-08-02-preview"),
    )
}
