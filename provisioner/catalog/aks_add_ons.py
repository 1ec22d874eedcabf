"""AKS add-ons and features of a cluster, as its body states them.

What AKS installs in a cluster depends on them, and AKS reverts changes of what belongs to an
enabled one only. Source of each: the properties of Microsoft.ContainerService/managedClusters, and
the page of the add-on on learn.microsoft.com.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from provisioner.model.values import lookup


class AddOn(StrEnum):
    """A part of AKS that brings objects of its own."""

    APPLICATION_GATEWAY = "the Application Gateway ingress controller"
    APP_ROUTING = "application routing"
    AZURE_CNI = "Azure CNI"
    AZURE_NPM = "Azure network policies"
    BACKUP = "the extension for backups"
    BLOB_DRIVER = "the CSI driver for blobs"
    CALICO = "Calico"
    CILIUM = "Azure CNI powered by Cilium"
    CONTAINER_INSIGHTS = "Container insights"
    DEFENDER = "Defender for Containers"
    DISK_DRIVER = "the CSI driver for disks"
    EXTENSIONS = "cluster extensions"
    FILE_DRIVER = "the CSI driver for files"
    KEDA = "KEDA"
    KUBE_PROXY = "kube-proxy"
    MESH = "the Istio-based service mesh"
    METRICS = "managed Prometheus"
    NETWORK_OBSERVABILITY = "network observability"
    POLICY = "the Azure Policy add-on"
    RUN_COMMAND = "run command"
    SECRETS_STORE = "the Key Vault provider for the Secrets Store CSI driver"
    WORKLOAD_IDENTITY = "workload identity"


_ENABLED: tuple[tuple[AddOn, str], ...] = (
    (AddOn.APPLICATION_GATEWAY, "addonProfiles.ingressApplicationGateway.enabled"),
    (AddOn.APP_ROUTING, "ingressProfile.webAppRouting.enabled"),
    (AddOn.BLOB_DRIVER, "storageProfile.blobCSIDriver.enabled"),
    (AddOn.CONTAINER_INSIGHTS, "addonProfiles.omsagent.enabled"),
    (AddOn.CONTAINER_INSIGHTS, "azureMonitorProfile.containerInsights.enabled"),
    (AddOn.DEFENDER, "securityProfile.defender.securityMonitoring.enabled"),
    (AddOn.KEDA, "workloadAutoScalerProfile.keda.enabled"),
    (AddOn.METRICS, "azureMonitorProfile.metrics.enabled"),
    (AddOn.NETWORK_OBSERVABILITY, "networkProfile.advancedNetworking.enabled"),
    (AddOn.NETWORK_OBSERVABILITY, "networkProfile.monitoring.enabled"),
    (AddOn.POLICY, "addonProfiles.azurepolicy.enabled"),
    (AddOn.SECRETS_STORE, "addonProfiles.azureKeyvaultSecretsProvider.enabled"),
    (AddOn.WORKLOAD_IDENTITY, "securityProfile.workloadIdentity.enabled"),
)

_UNLESS: tuple[tuple[AddOn, str, object], ...] = (
    (AddOn.DISK_DRIVER, "storageProfile.diskCSIDriver.enabled", False),
    (AddOn.FILE_DRIVER, "storageProfile.fileCSIDriver.enabled", False),
    # With the Cilium data plane AKS runs no kube-proxy ("Azure CNI Powered by Cilium").
    (AddOn.KUBE_PROXY, "networkProfile.networkDataplane", "cilium"),
    (AddOn.RUN_COMMAND, "apiServerAccessProfile.disableRunCommand", True),
)
"""What a cluster has unless a property has a value: AKS' defaults."""

_WHERE: tuple[tuple[AddOn, str, str], ...] = (
    (AddOn.AZURE_CNI, "networkProfile.networkPlugin", "azure"),
    (AddOn.AZURE_NPM, "networkProfile.networkPolicy", "azure"),
    (AddOn.CALICO, "networkProfile.networkPolicy", "calico"),
    (AddOn.CILIUM, "networkProfile.networkDataplane", "cilium"),
    (AddOn.MESH, "serviceMeshProfile.mode", "istio"),
)

_BACKUP = "microsoft.dataprotection.kubernetes"


def find_add_ons(
    properties: Mapping[str, Any] | None, extensions: Iterable[str]
) -> frozenset[AddOn]:
    """Return what a cluster has, by its `properties` and the types of its extensions.

    Of a cluster that is only referred to (`existing: true`) nothing is stated: it may have each.
    """
    if not properties:
        return frozenset(AddOn)
    return frozenset(_enabled_add_ons(properties, {each.lower() for each in extensions}))


def _enabled_add_ons(properties: Mapping[str, Any], extensions: set[str]) -> Iterator[AddOn]:
    yield from (each for each, path in _ENABLED if _value_at(properties, path) is True)
    yield from (each for each, path, off in _UNLESS if _value_at(properties, path) != off)
    yield from (e for e, path, value in _WHERE if str(_value_at(properties, path)).lower() == value)
    if extensions:
        yield AddOn.EXTENSIONS
    if _BACKUP in extensions:
        yield AddOn.BACKUP


def _value_at(properties: Mapping[str, Any], path: str) -> object:
    return lookup(properties, path.split("."))


ADD_ON_NAMESPACES: Mapping[str, AddOn] = {
    "aks-command": AddOn.RUN_COMMAND,
    "aks-istio-egress": AddOn.MESH,
    "aks-istio-ingress": AddOn.MESH,
    "aks-istio-system": AddOn.MESH,
    "app-routing-system": AddOn.APP_ROUTING,
    "azure-arc": AddOn.EXTENSIONS,
    "azure-extensions-usage-system": AddOn.EXTENSIONS,
    "calico-system": AddOn.CALICO,
    "dataprotection-microsoft": AddOn.BACKUP,
    "gatekeeper-system": AddOn.POLICY,
    "tigera-operator": AddOn.CALICO,
}
"""The namespaces that a part of AKS brings, each with it."""
