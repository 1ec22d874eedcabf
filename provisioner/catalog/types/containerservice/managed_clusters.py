"""AKS clusters. Facts: guidelines.md §0, §1.2, §2 and §3.2, and the recorded pairs of the type.

What is known of a pool stands in `agent_pools`, and holds for agentPoolProfiles too.
"""

from collections.abc import Callable, Mapping

from provisioner.catalog import api_versions, cluster_changes
from provisioner.catalog.field import (
    Answered,
    Compare,
    Disruption,
    Field,
    FixedDefault,
    Owner,
)
from provisioner.catalog.kubernetes_versions import is_at_least, running_version
from provisioner.catalog.refusals import RefusalCodes
from provisioner.catalog.resource_type import (
    Embedded,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ABSENT, Absent, Body, Json, lookup

_PROFILES = "properties.agentPoolProfiles"
_ACCESS = "properties.apiServerAccessProfile"
_NETWORK = "properties.networkProfile"
_ADVANCED = f"{_NETWORK}.advancedNetworking"
_SECURITY = "properties.securityProfile"


def _at(body: Body, path: str) -> object:
    return lookup(body, path.split("."))


def _computed(resource: ResourceId, body: Body, around: Surroundings) -> Mapping[str, Json]:
    location = str(body.get("location", "")).replace(" ", "").lower()
    prefix = _at(body, "properties.dnsPrefix") or resource.name
    host = f"{prefix}-{around.guid(resource.text)[:8]}"
    stated = _at(body, "properties.kubernetesVersion") or None
    version = running_version(stated if isinstance(stated, str) else None)
    properties: dict[str, Json] = {
        "kubernetesVersion": stated if isinstance(stated, str) else version,
        "currentKubernetesVersion": version,
        "maxAgentPools": 100,
        "powerState": {"code": "Running"},
        "nodeResourceGroup": _node_group(resource, body),
        "servicePrincipalProfile": {"clientId": _principal(body)},
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
    properties["networkProfile"] = _plugin(body)
    return {"properties": properties}


def _principal(body: Body) -> Json:
    stated = _at(body, "properties.servicePrincipalProfile.clientId")
    return stated if isinstance(stated, str) and stated else "msi"


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


def _where(
    path: str, value: object, default: Json, otherwise: Json | Absent = None
) -> FixedDefault:
    """Return a default that holds where the property at `path` has a value."""

    def find(body: Body) -> Json | Absent:
        return default if _at(body, path) == value else otherwise

    return find


def _preset(automatic: Json, otherwise: Json | Absent = None) -> FixedDefault:
    """Return a default that AKS Automatic presets, and the one of other clusters."""
    return _where("sku.name", "Automatic", automatic, otherwise)


def _issues_tokens(body: Body) -> Json:
    """Whether the OIDC issuer is on in a new cluster: since Kubernetes 1.34, and in Automatic.

    An upgrade to that version turns it on in no cluster that was made without.
    """
    automatic = _at(body, "sku.name") == "Automatic"
    return automatic or is_at_least(_at(body, "properties.kubernetesVersion"), 1, 34)


def _has_dashboard(body: Body) -> Json:
    """Whether the dashboard, which AKS has retired, is on: before Kubernetes 1.18, it was."""
    return not is_at_least(_at(body, "properties.kubernetesVersion"), 1, 18)


def _pod_range(body: Body) -> Json | Absent:
    """Pods have a range of their own but where they take addresses of a subnet."""
    plugin = _at(body, f"{_NETWORK}.networkPlugin")
    mode = _at(body, f"{_NETWORK}.networkPluginMode")
    flat = plugin == "none" or (plugin == "azure" and mode != "overlay")
    return None if flat else "10.244.0.0/16"


def _since(minor: int) -> Callable[[Body], Answered]:
    """Tell that AKS answers a default for clusters of Kubernetes 1.`minor` and later; see
    `agent_pools`."""

    def find(body: Body) -> Answered:
        version = _at(body, "properties.kubernetesVersion")
        return Answered.ALWAYS if is_at_least(version, 1, minor) else Answered.STATED

    return find


def _ranges(path: str) -> FixedDefault:
    """Return the list of the single range at `path`, which AKS answers beside it."""

    def find(body: Body) -> Json | Absent:
        single = _at(body, path)
        return [single] if isinstance(single, str) and single else ABSENT

    return find


def _managed_addresses(body: Body) -> Json | Absent:
    """The load balancer gets one address of its own but where it is given others."""
    balancer = _at(body, f"{_NETWORK}.loadBalancerProfile")
    given = any(
        isinstance(lookup(balancer, (name,)), Mapping)
        for name in ("outboundIPs", "outboundIPPrefixes")
    )
    balances = _at(body, f"{_NETWORK}.outboundType") in ("loadBalancer", ABSENT)
    return None if given or not balances else {"count": 1}


def _nat_gateway(body: Body) -> Json | Absent:
    managed = str(_at(body, f"{_NETWORK}.outboundType")).startswith("managedNATGateway")
    return (
        {"managedOutboundIPProfile": {"count": 1}, "idleTimeoutInMinutes": 4} if managed else None
    )


def _windows(body: Body) -> Json | Absent:
    """AKS keeps an account for Windows pools ready where the plugin that they need is stated."""
    stated = _at(body, f"{_NETWORK}.networkPlugin") == "azure"
    return {"adminUsername": "azureuser"} if stated else None


def _advanced(body: Body) -> Json | Absent:
    """Observability comes with Advanced Container Networking Services."""
    return _at(body, f"{_ADVANCED}.enabled") is True


def _advanced_security(body: Body) -> Json | Absent:
    """The security of Advanced Container Networking Services needs Cilium, and comes with it."""
    cilium = _at(body, f"{_NETWORK}.networkDataplane") == "cilium"
    return cilium and _at(body, f"{_ADVANCED}.enabled") is True


def _where_secured(body: Body) -> Answered:
    secured = _at(body, f"{_ADVANCED}.security.enabled") is True
    return _since(31)(body) if secured else Answered.STATED


def _where_plugin_is_azure(body: Body) -> Answered:
    azure = _at(body, f"{_NETWORK}.networkPlugin") == "azure"
    return Answered.ALWAYS if azure else Answered.STATED


def _plugin(body: Body) -> Mapping[str, Json]:
    """Nobody says a plugin, and gets overlay; before Kubernetes 1.30, kubenet (recorded)."""
    stated = _at(body, f"{_NETWORK}.networkPlugin")
    if isinstance(stated, str) and stated:
        return {}
    if not is_at_least(_at(body, "properties.kubernetesVersion"), 1, 30):
        return {"networkPlugin": "kubenet"}
    return {"networkPlugin": "azure", "networkPluginMode": "overlay"}


def _default_policy(body: Body) -> Json | Absent:
    """Cilium enforces policies itself; other data planes enforce none unless told to."""
    dataplane = _at(body, f"{_NETWORK}.networkDataplane")
    return "cilium" if dataplane == "cilium" else "none"


def _upgrade_owner(path: str) -> Callable[[Body], Owner]:
    def find(body: Body) -> Owner:
        channel = _at(body, path)
        upgraded = isinstance(channel, str) and channel.lower() in ("patch", "stable", "rapid")
        return Owner.UPGRADE_CHANNEL if upgraded else Owner.BLUEPRINT

    return find


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
    etag_header=False,
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
        "kind": Field(default="Base", answered=_since(33), create_only=True),
        "sku": Field(default={}),
        "sku.name": Field(default="Base", aliases={"basic": "Base"}),
        # A PUT without it leaves a cluster in the tier it is in (recorded).
        "sku.tier": Field(
            default=_preset("Standard", "Free"), kept=True, aliases={"paid": "Standard"}
        ),
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
        "properties.disableLocalAccounts": Field(
            default=_preset(True, False), answered=Answered.STATED, security=True, disruption=_PLANE
        ),
        "properties.publicNetworkAccess": Field(default=None, security=True),
        "properties.supportPlan": Field(default="KubernetesOfficial"),
        # "msi" stands for a managed identity, which a cluster never gives up again.
        "properties.servicePrincipalProfile": Field(kept=True),
        "properties.servicePrincipalProfile.clientId": Field(
            default="msi", kept=True, forbidden=cluster_changes.principal_stays_managed
        ),
        "properties.identityProfile": Field(security=True),
        # AKS makes one where nobody gives it one.
        "properties.identityProfile.kubeletidentity": Field(kept=True, security=True),
        "properties.privateLinkResources": Field(read_only=True),
        "properties.identityProfile[].resourceId": Field(compare=Compare.RESOURCE_ID),
        "properties.powerState": Field(default={"code": "Running"}),
        "properties.aadProfile": Field(
            default=_preset({"managed": True, "enableAzureRBAC": True}), security=True
        ),
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
        # The built-in policy "Deploy Azure Policy Add-on to AKS clusters" turns it on by itself.
        "properties.addonProfiles.azurepolicy": Field(owner=Owner.POLICY, security=True),
        "properties.addonProfiles.azureKeyvaultSecretsProvider.enabled": Field(
            default=_preset(True, False), security=True
        ),
        "properties.addonProfiles.azureKeyvaultSecretsProvider.config": Field(
            default=_preset({"enableSecretRotation": "true"}), security=True
        ),
        "properties.addonProfiles.KubeDashboard.enabled": Field(
            default=_has_dashboard, security=True
        ),
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
        f"{_ACCESS}.disableRunCommand": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        f"{_ACCESS}.enableVnetIntegration": Field(
            default=_preset(True, False),
            answered=Answered.STATED,
            irreversible=(True,),
            security=True,
            disruption=_PLANE,
        ),
        f"{_ACCESS}.subnetId": Field(
            default=None,
            compare=Compare.RESOURCE_ID,
            create_only=cluster_changes.api_server_keeps_its_subnet,
            security=True,
        ),
        "properties.autoUpgradeProfile": Field(default={}),
        "properties.autoUpgradeProfile.upgradeChannel": Field(
            default=_preset("stable", "none"), answered=Answered.STATED, security=True
        ),
        "properties.autoUpgradeProfile.nodeOSUpgradeChannel": Field(
            default="NodeImage", answered=_since(26), security=True
        ),
        "properties.bootstrapProfile": Field(default={}),
        "properties.bootstrapProfile.artifactSource": Field(
            default="Direct", answered=_since(33), security=True
        ),
        "properties.bootstrapProfile.containerRegistryId": Field(
            compare=Compare.RESOURCE_ID, security=True
        ),
        _NETWORK: Field(default={}),
        f"{_NETWORK}.networkPlugin": _PLUGIN,
        f"{_NETWORK}.networkPluginMode": _PLUGIN,
        f"{_NETWORK}.networkDataplane": Field(
            default=_preset("cilium", "azure"),
            answered=_where_plugin_is_azure,
            disruption=Disruption.NODES,
            forbidden=cluster_changes.cilium_needs_linux,
        ),
        f"{_NETWORK}.networkPolicy": Field(
            default=_default_policy,
            answered=_since(27),
            security=True,
            disruption=Disruption.NODES,
            forbidden=cluster_changes.one_policy_engine,
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
        f"{_NETWORK}.podCidrs": Field(
            default=_ranges(f"{_NETWORK}.podCidr"),
            compare=Compare.SET,
            follows=f"{_NETWORK}.podCidr",
        ),
        f"{_NETWORK}.serviceCidrs": Field(
            default=_ranges(f"{_NETWORK}.serviceCidr"),
            compare=Compare.SET,
            follows=f"{_NETWORK}.serviceCidr",
        ),
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
        f"{_NETWORK}.loadBalancerProfile": Field(default={}),
        f"{_NETWORK}.loadBalancerProfile.backendPoolType": Field(
            default="nodeIPConfiguration", compare=Compare.CASELESS
        ),
        f"{_NETWORK}.loadBalancerProfile.managedOutboundIPs": Field(default=_managed_addresses),
        f"{_NETWORK}.loadBalancerProfile.managedOutboundIPs.countIPv6": Field(
            default=0, answered=Answered.MOVED
        ),
        f"{_NETWORK}.loadBalancerProfile.outboundIPs": Field(default=None, security=True),
        f"{_NETWORK}.loadBalancerProfile.outboundIPPrefixes": Field(default=None, security=True),
        f"{_NETWORK}.loadBalancerProfile.allocatedOutboundPorts": Field(
            default=0, answered=Answered.STATED
        ),
        f"{_NETWORK}.loadBalancerProfile.idleTimeoutInMinutes": Field(
            default=30, answered=Answered.STATED
        ),
        f"{_NETWORK}.loadBalancerProfile.enableMultipleStandardLoadBalancers": Field(
            default=False, answered=Answered.STATED
        ),
        f"{_NETWORK}.natGatewayProfile": Field(default=_nat_gateway),
        f"{_NETWORK}.natGatewayProfile.outboundIPs": Field(default=None, security=True),
        f"{_NETWORK}.natGatewayProfile.outboundIPPrefixes": Field(default=None, security=True),
        f"{_NETWORK}.natGatewayProfile.managedOutboundIPProfile.countIPv6": Field(
            default=0, answered=Answered.STATED
        ),
        f"{_NETWORK}.staticEgressGatewayProfile": Field(default=None, security=True),
        _ADVANCED: Field(default=None, security=True),
        f"{_ADVANCED}.observability": Field(default={}),
        f"{_ADVANCED}.observability.enabled": Field(default=_advanced, security=True),
        f"{_ADVANCED}.security": Field(default={}),
        f"{_ADVANCED}.security.enabled": Field(default=_advanced_security, security=True),
        f"{_ADVANCED}.security.advancedNetworkPolicies": Field(
            default="FQDN", answered=_where_secured, security=True
        ),
        f"{_ADVANCED}.security.transitEncryption": Field(default={}, security=True),
        f"{_ADVANCED}.security.transitEncryption.type": Field(
            default="None", answered=_where_secured, security=True
        ),
        "properties.nodeResourceGroupProfile.restrictionLevel": Field(
            default=_preset("ReadOnly", "Unrestricted"),
            answered=Answered.STATED,
            aliases={"unspecified": "Unrestricted"},
            security=True,
        ),
        "properties.nodeProvisioningProfile": Field(default={}),
        "properties.nodeProvisioningProfile.mode": Field(
            default=_preset("Auto", "Manual"), answered=_since(27)
        ),
        "properties.nodeProvisioningProfile.defaultNodePools": Field(
            default="Auto", answered=_since(31)
        ),
        "properties.oidcIssuerProfile": Field(default={}),
        "properties.oidcIssuerProfile.enabled": Field(
            default=_issues_tokens, kept=True, irreversible=(True,), security=True
        ),
        f"{_SECURITY}.workloadIdentity.enabled": Field(default=_preset(True, False), security=True),
        f"{_SECURITY}.imageCleaner.enabled": Field(default=_preset(True, False), security=True),
        f"{_SECURITY}.imageCleaner.intervalHours": Field(default=168),
        f"{_SECURITY}.defender.securityMonitoring.enabled": Field(default=False, security=True),
        f"{_SECURITY}.defender.logAnalyticsWorkspaceResourceId": Field(
            default=None, compare=Compare.RESOURCE_ID, security=True
        ),
        f"{_SECURITY}.defender.securityGating": Field(default=None, security=True),
        f"{_SECURITY}.azureKeyVaultKms": Field(default=None, security=True),
        f"{_SECURITY}.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption": Field(
            default="Disabled", irreversible=("Enabled",), security=True, disruption=_PLANE
        ),
        f"{_SECURITY}.customCATrustCertificates": Field(default=(), security=True),
        "properties.storageProfile": Field(default={}),
        "properties.storageProfile.diskCSIDriver": Field(default={}),
        "properties.storageProfile.fileCSIDriver": Field(default={}),
        "properties.storageProfile.snapshotController": Field(default={}),
        # A PUT that is silent about a driver leaves it on or off, as it is (recorded).
        "properties.storageProfile.diskCSIDriver.enabled": Field(default=True, kept=True),
        "properties.storageProfile.fileCSIDriver.enabled": Field(default=True, kept=True),
        "properties.storageProfile.snapshotController.enabled": Field(default=True, kept=True),
        "properties.storageProfile.blobCSIDriver.enabled": Field(default=False, kept=True),
        "properties.metricsProfile": Field(default={"costAnalysis": {"enabled": False}}),
        "properties.metricsProfile.costAnalysis.enabled": Field(default=False, answered=_since(26)),
        "properties.windowsProfile": Field(default=_windows, kept=True),
        "properties.windowsProfile.adminUsername": Field(create_only=True),
        "properties.windowsProfile.enableCSIProxy": Field(default=True),
        "properties.windowsProfile.licenseType": Field(default=None),
        "properties.windowsProfile.gmsaProfile": Field(default=None, security=True),
        "properties.enableFIPS": Field(default=False, answered=Answered.STATED, security=True),
        "properties.aiToolchainOperatorProfile": Field(default=None, security=True),
        "properties.schedulerProfile": Field(default=None),
        "properties.hostedSystemProfile": Field(default=None),
        "properties.linuxProfile.adminUsername": Field(create_only=True),
        "properties.podIdentityProfile": Field(default=None, security=True),
        "properties.httpProxyConfig": Field(default=None, security=True),
        "properties.ingressProfile": Field(
            default=_preset({"webAppRouting": {"enabled": True}}), security=True
        ),
        "properties.serviceMeshProfile": Field(default=None, security=True),
        "properties.azureMonitorProfile": Field(default=None, security=True),
        "properties.workloadAutoScalerProfile": Field(
            default=_preset({"keda": {"enabled": True}, "verticalPodAutoscaler": {"enabled": True}})
        ),
    },
)
