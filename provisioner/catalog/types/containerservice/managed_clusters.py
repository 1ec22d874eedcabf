"""AKS clusters. Facts: guidelines.md §0, §1.2, §2 and §3.2, and the recorded pairs of the type.

What is known of a pool stands in `agent_pools`, and holds for agentPoolProfiles too.
"""

from collections.abc import Callable, Mapping

from provisioner.catalog import api_versions, cluster_changes
from provisioner.catalog.field import Compare, Default, Disruption, Field, Owner
from provisioner.catalog.kubernetes_versions import running_version
from provisioner.catalog.refusals import RefusalCodes
from provisioner.catalog.resource_type import (
    Embedded,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Absent, Body, Json, lookup

_PROFILES = "properties.agentPoolProfiles"
_ACCESS = "properties.apiServerAccessProfile"
_NETWORK = "properties.networkProfile"
_SECURITY = "properties.securityProfile"


def _at(body: Body, path: str) -> object:
    return lookup(body, path.split("."))


def _computed(resource: ResourceId, body: Body, around: Surroundings) -> Mapping[str, Json]:
    location = str(body.get("location", "")).replace(" ", "").lower()
    prefix = _at(body, "properties.dnsPrefix") or resource.name
    host = f"{prefix}-{around.guid(resource.text)[:8]}"
    stated = _at(body, "properties.kubernetesVersion")
    version = running_version(stated if isinstance(stated, str) else None)
    properties: dict[str, Json] = {
        "kubernetesVersion": stated if isinstance(stated, str) else version,
        "currentKubernetesVersion": version,
        "maxAgentPools": 100,
        "powerState": {"code": "Running"},
        "nodeResourceGroup": _node_group(resource, body),
        "servicePrincipalProfile": {"clientId": "msi"},
        "resourceUID": around.guid(resource.text, "uid").replace("-", "")[:24],
        "azurePortalFQDN": f"{host}.portal.hcp.{location}.azmk8s.io",
        "identityProfile": {"kubeletidentity": _kubelet(resource, body, around)},
    }
    if _at(body, f"{_ACCESS}.enablePrivateCluster") is True:
        properties["privateFQDN"] = f"{host}.privatelink.{location}.azmk8s.io"
    if _at(body, f"{_ACCESS}.enablePrivateClusterPublicFQDN") is not False:
        properties["fqdn"] = f"{host}.hcp.{location}.azmk8s.io"
    if _at(body, "properties.oidcIssuerProfile.enabled") is True:
        issuer = around.guid(resource.text, "issuer")
        properties["oidcIssuerProfile"] = {
            "issuerURL": f"https://{location}.oic.prod-aks.azure.com/{around.tenant()}/{issuer}/"
        }
    return {"properties": properties}


def _node_group(resource: ResourceId, body: Body) -> Json:
    stated = _at(body, "properties.nodeResourceGroup")
    if isinstance(stated, str) and stated:
        return stated
    location = str(body.get("location", "")).replace(" ", "").lower()
    return f"MC_{resource.resource_group}_{resource.name}_{location}"[:80]


def _kubelet(resource: ResourceId, body: Body, around: Surroundings) -> Mapping[str, Json]:
    stated = _at(body, "properties.identityProfile.kubeletidentity")
    if isinstance(stated, Mapping):
        return stated
    name = f"{resource.name}-agentpool"
    return {
        "resourceId": f"/subscriptions/{resource.subscription}/resourcegroups/"
        f"{_node_group(resource, body)}/providers/Microsoft.ManagedIdentity/"
        f"userAssignedIdentities/{name}",
        "clientId": around.guid(resource.text, "kubelet", "client"),
        "objectId": around.guid(resource.text, "kubelet", "object"),
    }


def _where(path: str, value: object, default: Json, otherwise: Json = None) -> Default:
    """Return a default that holds where the property at `path` has a value."""

    def find(body: Body) -> Json | Absent:
        return default if _at(body, path) == value else otherwise

    return find


def _pod_range(body: Body) -> Json | Absent:
    """Pods have a range of their own but where they take addresses of a subnet."""
    plugin = _at(body, f"{_NETWORK}.networkPlugin")
    mode = _at(body, f"{_NETWORK}.networkPluginMode")
    flat = plugin == "none" or (plugin == "azure" and mode != "overlay")
    return None if flat else "10.244.0.0/16"


def _upgrade_owner(path: str) -> Callable[[Body], Owner]:
    def find(body: Body) -> Owner:
        channel = _at(body, path)
        upgraded = isinstance(channel, str) and channel.lower() in ("patch", "stable", "rapid")
        return Owner.UPGRADE_CHANNEL if upgraded else Owner.BLUEPRINT

    return find


def _principal_owner(body: Body) -> Owner:
    """Azure writes a principal of its own for a cluster with a managed identity."""
    client = _at(body, "properties.servicePrincipalProfile.clientId")
    return Owner.BLUEPRINT if isinstance(client, str) and client != "msi" else Owner.SERVICE


_PLANE = Disruption.CONTROL_PLANE
_PLUGIN = Field(
    create_only=cluster_changes.plugin_becomes_overlay,
    forbidden=cluster_changes.overlay_comes_without_policy,
    disruption=Disruption.NODES,
)

TYPE = ResourceType(
    name="Microsoft.ContainerService/managedClusters",
    api_version=api_versions.CONTAINER_SERVICE,
    sdk=SdkModel("azure.mgmt.containerservice", "ManagedCluster"),
    rule=NameRule(
        r"[a-zA-Z0-9]|[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]",
        "1 to 63 letters, digits, hyphens and underscores, starting and ending with a letter or "
        "digit",
    ),
    etag=True,
    serialise_on="",
    embedded=(
        Embedded(
            _PROFILES, "Microsoft.ContainerService/managedClusters/agentPools", flattened=True
        ),
    ),
    flat_errors=True,
    managed_group="properties.nodeResourceGroup",
    seconds=360,
    loss=Disruption.DATA,
    codes=RefusalCodes(busy="OperationNotAllowed"),
    computed=_computed,
    fields={
        "location": Field(create_only=True),
        "kind": Field(default="Base", create_only=True),
        # Base was called Basic before 2023.
        "sku.name": Field(),
        "sku.tier": Field(default="Free"),
        "identity.type": Field(disruption=_PLANE, forbidden=cluster_changes.identity_stays_managed),
        _PROFILES: Field(embeds=True, keys=("name",)),
        "properties.kubernetesVersion": Field(
            compare=Compare.VERSION,
            owner=_upgrade_owner("properties.autoUpgradeProfile.upgradeChannel"),
            disruption=Disruption.NODES,
        ),
        "properties.dnsPrefix": Field(create_only=True),
        "properties.fqdnSubdomain": Field(default=None, create_only=True),
        "properties.nodeResourceGroup": Field(compare=Compare.CASELESS, create_only=True),
        "properties.enableRBAC": Field(default=True, create_only=True, security=True),
        "properties.diskEncryptionSetID": Field(
            default=None, compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        "properties.disableLocalAccounts": Field(default=False, security=True, disruption=_PLANE),
        "properties.publicNetworkAccess": Field(default=None, security=True),
        "properties.supportPlan": Field(default="KubernetesOfficial"),
        "properties.servicePrincipalProfile": Field(owner=_principal_owner),
        # "msi" stands for a managed identity, which a cluster never gives up again.
        "properties.servicePrincipalProfile.clientId": Field(
            forbidden=cluster_changes.principal_stays_managed
        ),
        "properties.identityProfile": Field(security=True),
        "properties.identityProfile[].resourceId": Field(compare=Compare.RESOURCE_ID),
        "properties.powerState": Field(default={"code": "Running"}),
        "properties.aadProfile": Field(default=None, security=True),
        "properties.aadProfile.managed": Field(default=True, irreversible=(True,), security=True),
        "properties.aadProfile.enableAzureRBAC": Field(default=False, security=True),
        "properties.aadProfile.adminGroupObjectIDs": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.aadProfile.tenantID": Field(compare=Compare.CASELESS, security=True),
        "properties.aadProfile.serverAppSecret": Field(write_only=True, secret=True),
        "properties.windowsProfile.adminPassword": Field(write_only=True, secret=True),
        "properties.servicePrincipalProfile.secret": Field(write_only=True, secret=True),
        "properties.addonProfiles": Field(default={}, security=True),
        "properties.addonProfiles[].enabled": Field(default=False, security=True),
        f"{_ACCESS}.authorizedIPRanges": Field(
            default=(), compare=Compare.SET, security=True, disruption=_PLANE
        ),
        f"{_ACCESS}.authorizedIPRanges[]": Field(compare=Compare.CIDR),
        f"{_ACCESS}.enablePrivateCluster": Field(
            default=False,
            create_only=cluster_changes.private_only_with_integration,
            security=True,
            disruption=_PLANE,
        ),
        f"{_ACCESS}.enablePrivateClusterPublicFQDN": Field(
            default=_where(f"{_ACCESS}.enablePrivateCluster", True, True),
            security=True,
            disruption=_PLANE,
        ),
        f"{_ACCESS}.privateDNSZone": Field(
            default=_where(f"{_ACCESS}.enablePrivateCluster", True, "system"),
            compare=Compare.RESOURCE_ID,
            create_only=cluster_changes.zone_is_only_given_up,
            security=True,
            disruption=Disruption.NODES,
        ),
        f"{_ACCESS}.disableRunCommand": Field(default=False, security=True),
        f"{_ACCESS}.enableVnetIntegration": Field(
            default=False, irreversible=(True,), security=True, disruption=_PLANE
        ),
        f"{_ACCESS}.subnetId": Field(
            default=None,
            compare=Compare.RESOURCE_ID,
            create_only=cluster_changes.api_server_keeps_its_subnet,
            security=True,
        ),
        "properties.autoUpgradeProfile.upgradeChannel": Field(default="none", security=True),
        "properties.autoUpgradeProfile.nodeOSUpgradeChannel": Field(
            default="NodeImage", security=True
        ),
        "properties.bootstrapProfile.artifactSource": Field(default="Direct", security=True),
        f"{_NETWORK}.networkPlugin": _PLUGIN,
        f"{_NETWORK}.networkPluginMode": _PLUGIN,
        f"{_NETWORK}.networkPolicy": Field(
            default=_where(f"{_NETWORK}.networkDataplane", "cilium", "cilium", "none"),
            security=True,
            disruption=Disruption.NODES,
            forbidden=cluster_changes.one_policy_engine,
        ),
        f"{_NETWORK}.networkDataplane": Field(
            default="azure",
            disruption=Disruption.NODES,
            forbidden=cluster_changes.cilium_needs_linux,
        ),
        f"{_NETWORK}.podCidr": Field(
            default=_pod_range,
            compare=Compare.CIDR,
            create_only=cluster_changes.pod_range_only_grows,
            disruption=Disruption.NODES,
        ),
        f"{_NETWORK}.serviceCidr": Field(
            default="10.0.0.0/16",
            compare=Compare.CIDR,
            create_only=cluster_changes.service_range_is_fixed,
        ),
        f"{_NETWORK}.podCidrs": Field(compare=Compare.SET, follows=f"{_NETWORK}.podCidr"),
        f"{_NETWORK}.serviceCidrs": Field(compare=Compare.SET, follows=f"{_NETWORK}.serviceCidr"),
        f"{_NETWORK}.dnsServiceIP": Field(default="10.0.0.10", create_only=True),
        f"{_NETWORK}.ipFamilies": Field(default=["IPv4"], compare=Compare.SET),
        f"{_NETWORK}.loadBalancerSku": Field(
            default="standard", compare=Compare.CASELESS, create_only=True
        ),
        f"{_NETWORK}.outboundType": Field(
            default="loadBalancer",
            security=True,
            disruption=Disruption.CONNECTIONS,
            forbidden=cluster_changes.outbound_can_change,
        ),
        f"{_NETWORK}.loadBalancerProfile.managedOutboundIPs.countIPv6": Field(default=0),
        f"{_NETWORK}.advancedNetworking": Field(default=None, security=True),
        "properties.nodeResourceGroupProfile.restrictionLevel": Field(
            default="Unrestricted", security=True
        ),
        "properties.nodeProvisioningProfile.mode": Field(default="Manual"),
        "properties.nodeProvisioningProfile.defaultNodePools": Field(default="Auto"),
        "properties.oidcIssuerProfile.enabled": Field(
            default=False, irreversible=(True,), security=True
        ),
        f"{_SECURITY}.workloadIdentity.enabled": Field(default=False, security=True),
        f"{_SECURITY}.imageCleaner.enabled": Field(default=False, security=True),
        f"{_SECURITY}.imageCleaner.intervalHours": Field(default=168),
        f"{_SECURITY}.defender.securityMonitoring.enabled": Field(default=False, security=True),
        f"{_SECURITY}.defender.logAnalyticsWorkspaceResourceId": Field(
            default=None, compare=Compare.RESOURCE_ID, security=True
        ),
        f"{_SECURITY}.azureKeyVaultKms": Field(default=None, security=True),
        f"{_SECURITY}.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption": Field(
            default="Disabled", irreversible=("Enabled",), security=True, disruption=_PLANE
        ),
        f"{_SECURITY}.customCATrustCertificates": Field(default=(), security=True),
        "properties.storageProfile.diskCSIDriver.enabled": Field(default=True),
        "properties.storageProfile.fileCSIDriver.enabled": Field(default=True),
        "properties.storageProfile.snapshotController.enabled": Field(default=True),
        "properties.storageProfile.blobCSIDriver.enabled": Field(default=False),
        "properties.metricsProfile.costAnalysis.enabled": Field(default=False),
        "properties.linuxProfile.adminUsername": Field(create_only=True),
        "properties.windowsProfile.adminUsername": Field(create_only=True),
        "properties.podIdentityProfile": Field(default=None, security=True),
        "properties.httpProxyConfig": Field(default=None, security=True),
        "properties.ingressProfile": Field(default=None, security=True),
        "properties.serviceMeshProfile": Field(default=None, security=True),
        "properties.azureMonitorProfile": Field(default=None, security=True),
        "properties.workloadAutoScalerProfile": Field(default=None),
    },
)
