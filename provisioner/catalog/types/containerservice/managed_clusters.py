"""AKS clusters.

Lists omit `apiServerAccessProfile` (Azure/AKS#5224), so a cluster is read once more by itself. A
PUT of an existing cluster neither adds nor removes node pools: they are steps of their own. A
silent PUT keeps some values (`kept`: tier, OIDC issuer, CSI drivers), which makes an off-default
value without a declaration possible. What AKS fills in depends on SKU, Kubernetes version and
network (`cluster_defaults`); what it changes in place and what needs a new cluster is in
`cluster_changes`. Facts of node pools are in `agent_pools`, and apply to `agentPoolProfiles`.

Facts: guidelines.md §0, §1.2, §2 and §3.2, and the recorded pairs of the type.
"""

from collections.abc import Callable, Iterator, Mapping

from provisioner.catalog import (
    api_introductions,
    api_versions,
    cluster_changes,
    cluster_defaults,
)
from provisioner.catalog.access_models import ends_with
from provisioner.catalog.cluster_add_ons import identities_of_add_ons
from provisioner.catalog.cluster_defaults import answered_since_kubernetes, preset, since, where
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import (
    Answered,
    Compare,
    Disruption,
    Field,
    Owner,
    Since,
    chosen_by_service,
)
from provisioner.catalog.kubernetes_versions import running_version
from provisioner.catalog.public_endpoints import PublicEndpoint
from provisioner.catalog.resource_type import (
    ComputationContext,
    Embedded,
    ManagedResource,
    NameRule,
    ResourceType,
    SdkModel,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ABSENT, Body, Json, lookup

_PROFILES = "properties.agentPoolProfiles"
_ACCESS = "properties.apiServerAccessProfile"
_NETWORK = "properties.networkProfile"
_ADVANCED = f"{_NETWORK}.advancedNetworking"
_SECURITY = "properties.securityProfile"


def _value_at(body: Body, path: str) -> object:
    return lookup(body, path.split("."))


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    location = str(body.get("location", "")).replace(" ", "").lower()
    prefix = _value_at(body, "properties.dnsPrefix") or resource.name
    host = f"{prefix}-{context.guid(resource.text)[:8]}"
    stated = _value_at(body, "properties.kubernetesVersion") or None
    version = running_version(stated if isinstance(stated, str) else None)
    properties: dict[str, Json] = {
        "kubernetesVersion": stated if isinstance(stated, str) else version,
        "currentKubernetesVersion": version,
        "maxAgentPools": 100,
        "powerState": _power_state(resource, context),
        "nodeResourceGroup": cluster_defaults.node_resource_group(resource, body),
        "servicePrincipalProfile": {"clientId": _service_principal_client(body)},
        "resourceUID": context.guid(resource.text, "uid").replace("-", "")[:24],
        "azurePortalFQDN": f"{host}.portal.hcp.{location}.azmk8s.io",
        "identityProfile": {"kubeletidentity": _kubelet_identity(resource, body, context)},
        **identities_of_add_ons(resource, body, context),
    }
    if _value_at(body, f"{_ACCESS}.enablePrivateCluster") is True:
        properties["privateFQDN"] = f"{host}.privatelink.{location}.azmk8s.io"
    if _value_at(body, f"{_ACCESS}.enablePrivateClusterPublicFQDN") is not False:
        properties["fqdn"] = f"{host}.hcp.{location}.azmk8s.io"
    if _value_at(body, "properties.oidcIssuerProfile.enabled") is True:
        issuer = context.guid(resource.text, "issuer")
        properties["oidcIssuerProfile"] = {
            "issuerURL": f"https://{location}.oic.prod-aks.azure.com/{context.tenant()}/{issuer}/"
        }
    properties["networkProfile"] = cluster_defaults.network_plugin(body)
    return {"properties": properties}


def _power_state(resource: ResourceId, context: ComputationContext) -> Json:
    """Return the power state, which only the actions start and stop change."""
    held = lookup(context.lookup(resource.text), ("properties", "powerState"))
    return held if isinstance(held, Mapping) else {"code": "Running"}


def _service_principal_client(body: Body) -> Json:
    stated = _value_at(body, "properties.servicePrincipalProfile.clientId")
    return stated if isinstance(stated, str) and stated else "msi"


def _kubelet_identity(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    stated = _value_at(body, "properties.identityProfile.kubeletidentity")
    if isinstance(stated, Mapping):
        given = context.lookup(str(stated.get("resourceId"))) or {}
        known = {
            "clientId": _value_at(given, "properties.clientId"),
            "objectId": _value_at(given, "properties.principalId"),
        }
        return {**stated, **{key: id_ for key, id_ in known.items() if isinstance(id_, str)}}
    group = cluster_defaults.node_resource_group(resource, body)
    text = (
        f"/subscriptions/{resource.subscription}/resourcegroups/{group}"
        "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"
        f"{resource.name}-agentpool"
    )
    # As the identity itself computes them: it is in the node resource group.
    return {
        "resourceId": text,
        "clientId": context.lifetime_guid(text, "client"),
        "objectId": context.lifetime_guid(text, "principal"),
    }


def _in_node_group(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Iterator[ManagedResource]:
    """Yield what AKS creates in the node resource group and gives the cluster's tags.

    Of the types that the catalog has: the kubelet identity, the nodes' security group, and the
    private DNS zone of a private cluster (learn.microsoft.com/azure/aks/use-tags, "Azure tags and
    AKS clusters"). A zone that is stated, or "none", is not created by AKS
    (learn.microsoft.com/azure/aks/private-clusters, "Configure a private DNS zone").
    """
    location = str(body.get("location", "")).replace(" ", "").lower()
    group = f"/resourcegroups/{cluster_defaults.node_resource_group(resource, body)}/".lower()
    kubelet = str(_value_at(body, "properties.identityProfile.kubeletidentity.resourceId"))
    if group in kubelet.lower():
        name = kubelet.rpartition("/")[2]
        yield ManagedResource(
            "Microsoft.ManagedIdentity/userAssignedIdentities", name, {"location": location}
        )
    number = int(context.guid(resource.text, "agentpool")[:8], 16) % 10**8
    yield ManagedResource(
        "Microsoft.Network/networkSecurityGroups",
        f"aks-agentpool-{number:08}-nsg",
        {"location": location, "properties": {}},
    )
    zone = _value_at(body, f"{_ACCESS}.privateDNSZone")
    private = _value_at(body, f"{_ACCESS}.enablePrivateCluster") is True
    integrated = _value_at(body, f"{_ACCESS}.enableVnetIntegration") is True
    given = isinstance(zone, str) and zone.lower() not in ("", "system")
    if private and not integrated and not given:
        yield ManagedResource(
            "Microsoft.Network/privateDnsZones",
            f"{context.guid(resource.text, 'zone')}.privatelink.{location}.azmk8s.io",
            {"location": "global", "properties": {}},
        )


def _upgrade_owner(path: str) -> Callable[[Body], Owner]:
    def find(body: Body) -> Owner:
        channel = _value_at(body, path)
        upgraded = isinstance(channel, str) and channel.lower() in ("patch", "stable", "rapid")
        return Owner.UPGRADE_CHANNEL if upgraded else Owner.BLUEPRINT

    return find


# Defaults of the cluster autoscaler profile (AKS "Use the cluster autoscaler"). Values are texts:
# that is how the api types them.
_AUTOSCALER: Mapping[str, Json] = {
    "balance-similar-node-groups": "false",
    "daemonset-eviction-for-empty-nodes": False,
    "daemonset-eviction-for-occupied-nodes": True,
    "expander": "random",
    "ignore-daemonsets-utilization": False,
    "max-empty-bulk-delete": "10",
    "max-graceful-termination-sec": "600",
    "max-node-provision-time": "15m",
    "max-total-unready-percentage": "45",
    "new-pod-scale-up-delay": "0s",
    "ok-total-unready-count": "3",
    "scale-down-delay-after-add": "10m",
    "scale-down-delay-after-delete": "10s",
    "scale-down-delay-after-failure": "3m",
    "scale-down-unneeded-time": "10m",
    "scale-down-unready-time": "20m",
    "scale-down-utilization-threshold": "0.5",
    "scan-interval": "10s",
    "skip-nodes-with-system-pods": "true",
}
_PLANE = Disruption.CONTROL_PLANE
_PLUGIN = Field(
    create_only=cluster_changes.plugin_becomes_overlay,
    forbidden=cluster_changes.overlay_comes_without_policy,
    disruption=Disruption.NODES,
)
_COMPUTED = Field(read_only=True)
_BALANCED_BY = tuple(
    f"{_NETWORK}.loadBalancerProfile.{name}"
    for name in ("managedOutboundIPs", "outboundIPs", "outboundIPPrefixes")
)


_NARROWS = PublicEndpoint(
    closed_by=f"{_ACCESS}.enablePrivateCluster", entries=(f"{_ACCESS}.authorizedIPRanges",)
).narrowing()

TYPE = ResourceType(
    # Lists omit it in every api version after 2021-03-01 (Azure/AKS#5224): without a read of its
    # own a private cluster would look like a public one.
    list_omits=("properties.apiServerAccessProfile",),
    name="Microsoft.ContainerService/managedClusters",
    api_version=api_versions.CONTAINER_SERVICE,
    sdk=SdkModel("azure.mgmt.containerservice", "ManagedCluster"),
    rule=NameRule(
        r"[a-zA-Z0-9]|[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]",
        "1 to 63 letters, digits, hyphens and underscores, starting and ending with a letter or "
        "digit",
    ),
    etag=True,
    # The SDK's create_or_update takes if_none_match, as the REST reference does.
    if_none_match=True,
    etag_header=False,
    serialise_on="",
    embedded=(
        # "Adding agent pools to an existing cluster is not allowed through managed cluster
        # operations" (BadRequest: Azure/AKS#4383, microsoft/tyger#121, Azure/bicep#9644).
        Embedded(
            _PROFILES,
            "Microsoft.ContainerService/managedClusters/agentPools",
            flattened=True,
            separate=True,
        ),
    ),
    # AKS answers errors as {code, message} without the `error` envelope (guidelines.md §3.1).
    flat_errors=True,
    # Azure RBAC for Kubernetes evaluates assignments at namespace scopes, and Azure accepts an
    # assignment there without checking that the namespace exists (guidelines.md §0.4).
    access_kinds=("namespaces",),
    identity_profiles=("properties.identityProfile",),
    managed_group="properties.nodeResourceGroup",
    # A deny assignment on the node resource group blocks everybody but AKS (guidelines.md
    # CLU-02.3).
    managed_lock=("properties.nodeResourceGroupProfile.restrictionLevel", "ReadOnly"),
    in_group=_in_node_group,
    # Nodes, load balancer and identities are created in the same subscription.
    providers=("Microsoft.Compute", "Microsoft.Network"),
    seconds=360,
    loss=Disruption.DATA,
    codes=RefusalCodes(busy="OperationNotAllowed"),
    computed=_computed_values,
    introduced=api_introductions.CLUSTER_PROPERTIES,
    fields={
        "location": Field(create_only=True),
        # A cluster becomes an Automatic one, and back, in place (recorded).
        "kind": Field(default=preset("Automatic", "Base"), answered=since("2024-02")),
        "sku": Field(default={}),
        # Clusters before Kubernetes 1.25 answer Basic, which is Base (recorded).
        "sku.name": Field(default=cluster_defaults.default_sku_name, aliases={"basic": "Base"}),
        # A PUT without the tier keeps it (recorded): an earlier Standard is not reset by silence.
        "sku.tier": Field(
            default=preset("Standard", "Free"),
            kept=True,
            aliases={"paid": "Standard"},
        ),
        # A service principal becomes a managed identity in place, never the reverse (guidelines.md
        # §2.7).
        "identity.type": Field(disruption=_PLANE, forbidden=cluster_changes.identity_stays_managed),
        # A pool that the body does not state is a resource of its own and not a change of the
        # cluster.
        _PROFILES: Field(embeds=True, keys=("name",)),
        # With the channels patch, stable and rapid AKS upgrades by itself: the version is then the
        # channel's, and is not planned back.
        "properties.kubernetesVersion": Field(
            compare=Compare.VERSION,
            owner=_upgrade_owner("properties.autoUpgradeProfile.upgradeChannel"),
            disruption=Disruption.NODES,
        ),
        # What runs now: once a write has changed kubernetesVersion, the value that was read is
        # outdated and must not be judged.
        "properties.currentKubernetesVersion": Field(follows=("properties.kubernetesVersion",)),
        # Part of the API server's host name, so fixed.
        "properties.dnsPrefix": Field(create_only=True),
        "properties.fqdnSubdomain": Field(default=None, create_only=True),
        "properties.nodeResourceGroup": Field(
            default=cluster_defaults.default_node_resource_group,
            compare=Compare.CASELESS,
            create_only=True,
        ),
        "properties.controlPlanePluginProfiles": _COMPUTED,
        # Kubernetes RBAC is chosen at creation (guidelines.md §2.7).
        "properties.enableRBAC": Field(default=True, create_only=True, security=True),
        # That it cannot change is assumed, not recorded (guidelines.md §2.7).
        "properties.diskEncryptionSetID": Field(
            default=None, compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        "properties.disableLocalAccounts": Field(
            default=preset(True, False),
            answered=Answered.STATED,
            security=True,
            disruption=_PLANE,
            ends=ends_with(
                "properties.disableLocalAccounts",
                True,
                "the access by local accounts (`az aks get-credentials --admin`) ends",
            ),
        ),
        "properties.publicNetworkAccess": Field(default=None, security=True),
        "properties.supportPlan": Field(
            default="KubernetesOfficial", answered=answered_since_kubernetes(25)
        ),
        # "msi" means a managed identity, which a cluster never gives up again.
        "properties.servicePrincipalProfile": Field(kept=True),
        "properties.servicePrincipalProfile.clientId": Field(
            default="msi",
            kept=True,
            taken_as=cluster_defaults.replaced_principal,
            forbidden=cluster_changes.principal_stays_managed,
        ),
        "properties.identityProfile": Field(security=True),
        # AKS creates one in the node resource group where none is stated.
        "properties.identityProfile.kubeletidentity": Field(kept=True, security=True),
        "properties.identityProfile.kubeletidentity.resourceId": Field(
            default=cluster_defaults.default_kubelet, compare=Compare.RESOURCE_ID, security=True
        ),
        # Of the identity that `resourceId` names. AKS reads them off it: those of one that was
        # deleted and made again are others.
        **{
            f"properties.identityProfile.kubeletidentity.{name}": Field(
                owner=Owner.PRESET, security=True, refilled=True
            )
            for name in ("clientId", "objectId")
        },
        "properties.privateLinkResources": _COMPUTED,
        "properties.identityProfile[].resourceId": Field(compare=Compare.RESOURCE_ID),
        # A stopped cluster is started by an action, so no body states another value.
        "properties.powerState": Field(default={"code": "Running"}),
        "properties.aadProfile": Field(
            default=preset({"managed": True, "enableAzureRBAC": True}),
            security=True,
        ),
        # Microsoft Entra integration can be turned on and never off (guidelines.md §2.7).
        "properties.aadProfile.managed": Field(default=True, irreversible=(True,), security=True),
        "properties.aadProfile.enableAzureRBAC": Field(
            default=False,
            security=True,
            ends=ends_with(
                "properties.aadProfile.enableAzureRBAC",
                False,
                "the access to Kubernetes by Azure role assignments ends: RoleBindings decide from "
                "then on",
            ),
        ),
        "properties.aadProfile.adminGroupObjectIDs": Field(
            default=(), compare=Compare.SET, security=True
        ),
        "properties.aadProfile.tenantID": Field(
            default=cluster_defaults.default_tenant,
            answered=Answered.ALWAYS,
            compare=Compare.CASELESS,
            security=True,
        ),
        # Never answered (guidelines.md §3.1).
        "properties.aadProfile.serverAppSecret": Field(write_only=True, secret=True),
        "properties.windowsProfile.adminPassword": Field(write_only=True, secret=True),
        "properties.servicePrincipalProfile.secret": Field(write_only=True, secret=True),
        "properties.addonProfiles": Field(default={}, security=True),
        "properties.addonProfiles[].enabled": Field(default=False, security=True),
        # Values are texts (guidelines.md §3.6), which AKS reads as ids, GUIDs and booleans and
        # answers in a case of its own.
        "properties.addonProfiles[].config[]": Field(compare=Compare.EXACT),
        # The built-in policy "Deploy Azure Policy Add-on to AKS clusters" enables it
        # (deployIfNotExists): where a blueprint is silent, an enabled add-on is the policy's and
        # not drift.
        "properties.addonProfiles.azurepolicy": Field(
            default=preset({}, ABSENT), owner=Owner.POLICY, security=True
        ),
        # The provider has to be registered ("Azure Policy for Kubernetes clusters", prerequisites).
        "properties.addonProfiles.azurepolicy.enabled": Field(
            default=preset(True, False),
            owner=Owner.POLICY,
            security=True,
            requires=((True, "Microsoft.PolicyInsights"),),
        ),
        # The provider has to be registered ("Enable monitoring for AKS", prerequisites).
        "properties.addonProfiles.omsagent.enabled": Field(
            default=False, security=True, requires=((True, "Microsoft.OperationalInsights"),)
        ),
        "properties.addonProfiles.azureKeyvaultSecretsProvider": Field(
            default=preset({}, ABSENT), security=True
        ),
        "properties.addonProfiles.azureKeyvaultSecretsProvider.enabled": Field(
            default=preset(True, False), security=True
        ),
        # AKS Automatic rotates secrets by default; others do not ("Secrets Store CSI Driver
        # configuration options").
        "properties.addonProfiles.azureKeyvaultSecretsProvider.config": Field(
            default=preset(
                {"enableSecretRotation": "true"},
                {"enableSecretRotation": "false", "rotationPollInterval": "2m"},
            ),
            answered=Answered.STATED,
            security=True,
        ),
        "properties.addonProfiles.KubeDashboard.enabled": Field(
            default=cluster_defaults.default_dashboard, security=True
        ),
        # AKS answers what the add-on created among its settings (recorded).
        "properties.addonProfiles.ingressApplicationGateway.config.effectiveApplicationGatewayId": (
            Field(read_only=True)
        ),
        "properties.addonProfiles.httpApplicationRouting.config.HTTPApplicationRoutingZoneName": (
            Field(read_only=True)
        ),
        # A private cluster has none, and AKS refuses them there (guidelines.md §3.2): a write that
        # makes a cluster private must not send back the ranges that were read.
        f"{_ACCESS}.authorizedIPRanges": Field(
            default=(),
            compare=Compare.SET,
            security=True,
            disruption=_PLANE,
            follows=(f"{_ACCESS}.enablePrivateCluster",),
            ends=_NARROWS,
        ),
        f"{_ACCESS}.authorizedIPRanges[]": Field(compare=Compare.CIDR),
        # Only with API Server VNet Integration does it change in place (guidelines.md §2.7).
        f"{_ACCESS}.enablePrivateCluster": Field(
            default=False,
            answered=cluster_defaults.when_preset_is_answered,
            create_only=cluster_changes.private_only_with_integration,
            security=True,
            disruption=_PLANE,
            ends=_NARROWS,
        ),
        f"{_ACCESS}.enablePrivateClusterPublicFQDN": Field(
            default=where(f"{_ACCESS}.enablePrivateCluster", True, True),
            security=True,
            disruption=_PLANE,
        ),
        # Only a change to "none" is made in place, and re-images the nodes (guidelines.md §2.4).
        f"{_ACCESS}.privateDNSZone": Field(
            default=where(f"{_ACCESS}.enablePrivateCluster", True, "system"),
            compare=Compare.RESOURCE_ID,
            create_only=cluster_changes.zone_is_only_given_up,
            security=True,
            disruption=Disruption.NODES,
            # With the zone in another subscription, the provider has to be registered in both
            # ("Create a private AKS cluster").
            requires_there="Microsoft.ContainerService",
        ),
        # AKS answers it only where it is true.
        f"{_ACCESS}.disableRunCommand": Field(
            default=False, answered=Answered.MOVED, security=True
        ),
        # It can be turned on and never off (guidelines.md §2.7).
        f"{_ACCESS}.enableVnetIntegration": Field(
            default=preset(True, False),
            answered=cluster_defaults.when_preset_is_answered,
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
            default=cluster_defaults.default_upgrade_channel,
            answered=cluster_defaults.when_channel_is_answered,
            security=True,
        ),
        "properties.autoUpgradeProfile.nodeOSUpgradeChannel": Field(
            default="NodeImage", answered=since("2023-06"), security=True
        ),
        "properties.bootstrapProfile": Field(default={}),
        "properties.bootstrapProfile.artifactSource": Field(
            default="Direct", answered=since("2024-02"), security=True
        ),
        "properties.bootstrapProfile.containerRegistryId": Field(
            compare=Compare.RESOURCE_ID, security=True
        ),
        _ACCESS: Field(default=preset({}, ABSENT)),
        _SECURITY: Field(default=preset({}, ABSENT)),
        f"{_SECURITY}.workloadIdentity": Field(default=preset({}, ABSENT)),
        f"{_SECURITY}.imageCleaner": Field(default=preset({}, ABSENT)),
        _NETWORK: Field(default={}),
        f"{_NETWORK}.networkPlugin": _PLUGIN,
        f"{_NETWORK}.networkPluginMode": _PLUGIN,
        # Azure CNI alone answers it. Cilium excludes Windows pools (guidelines.md §2.7).
        f"{_NETWORK}.networkDataplane": Field(
            default=preset("cilium", "azure"),
            answered=cluster_defaults.when_data_plane_is_answered,
            disruption=Disruption.NODES,
            forbidden=cluster_changes.cilium_needs_linux,
        ),
        # AKS runs no two engines at once: one replaces another through none, except when the data
        # plane becomes Cilium (guidelines.md §2.7).
        f"{_NETWORK}.networkPolicy": Field(
            default=cluster_defaults.default_network_policy,
            answered=cluster_defaults.when_policy_is_answered,
            security=True,
            disruption=Disruption.NODES,
            forbidden=cluster_changes.one_policy_engine,
        ),
        # It can only grow, with overlay on Linux (guidelines.md §2.7).
        f"{_NETWORK}.podCidr": Field(
            default=cluster_defaults.pod_range,
            compare=Compare.CIDR,
            create_only=cluster_changes.pod_range_only_grows,
            disruption=Disruption.NODES,
        ),
        f"{_NETWORK}.serviceCidr": Field(
            default=cluster_defaults.SERVICE_RANGE,
            compare=Compare.CIDR,
            create_only=cluster_changes.service_range_is_fixed,
        ),
        # AKS answers the single range in a list as well: a write that changes the one must not send
        # back the other.
        f"{_NETWORK}.podCidrs": Field(
            default=cluster_defaults.single_range_list(f"{_NETWORK}.podCidr"),
            compare=Compare.SET,
            follows=(f"{_NETWORK}.podCidr",),
        ),
        f"{_NETWORK}.podCidrs[]": Field(compare=Compare.CIDR),
        f"{_NETWORK}.serviceCidrs": Field(
            default=cluster_defaults.single_range_list(f"{_NETWORK}.serviceCidr"),
            compare=Compare.SET,
            follows=(f"{_NETWORK}.serviceCidr",),
        ),
        f"{_NETWORK}.serviceCidrs[]": Field(compare=Compare.CIDR),
        f"{_NETWORK}.dnsServiceIP": Field(
            default=cluster_defaults.DNS_SERVICE_ADDRESS, create_only=True
        ),
        f"{_NETWORK}.ipFamilies": Field(default=["IPv4"], compare=Compare.SET),
        f"{_NETWORK}.loadBalancerSku": Field(
            default="standard", compare=Compare.CASELESS, create_only=True
        ),
        # Which types change into each other depends on who created the network (guidelines.md
        # §2.3). A change replaces the egress addresses, so allow-lists elsewhere have to follow.
        f"{_NETWORK}.outboundType": Field(
            default="loadBalancer",
            security=True,
            disruption=Disruption.CONNECTIONS,
            forbidden=cluster_changes.outbound_can_change,
        ),
        # AKS drops the profile of the outbound type that is given up, and refuses it beside the new
        # one (guidelines.md §3.2).
        f"{_NETWORK}.loadBalancerProfile": Field(
            default=cluster_defaults.default_load_balancer,
            answered=cluster_defaults.when_load_balancer_is_answered,
            follows=(f"{_NETWORK}.outboundType",),
            dropped=cluster_defaults.has_other_outbound_type,
            residual=cluster_defaults.has_other_outbound_type,
        ),
        f"{_NETWORK}.loadBalancerProfile.backendPoolType": Field(
            default="nodeIPConfiguration",
            answered=cluster_defaults.when_backend_pool_is_answered,
            compare=Compare.CASELESS,
        ),
        # Managed addresses, own addresses and own prefixes exclude each other.
        f"{_NETWORK}.loadBalancerProfile.managedOutboundIPs": Field(
            default=cluster_defaults.default_outbound_addresses, follows=_BALANCED_BY[1:]
        ),
        f"{_NETWORK}.loadBalancerProfile.managedOutboundIPs.countIPv6": Field(
            default=cluster_defaults.default_outbound_ipv6_addresses, answered=Answered.MOVED
        ),
        f"{_NETWORK}.loadBalancerProfile.outboundIPs": Field(
            default=None, security=True, follows=(_BALANCED_BY[0], _BALANCED_BY[2])
        ),
        f"{_NETWORK}.loadBalancerProfile.outboundIPPrefixes": Field(
            default=None, security=True, follows=_BALANCED_BY[:2]
        ),
        f"{_NETWORK}.loadBalancerProfile.allocatedOutboundPorts": Field(
            default=0, answered=Answered.STATED
        ),
        f"{_NETWORK}.loadBalancerProfile.idleTimeoutInMinutes": Field(
            default=30, answered=Answered.STATED
        ),
        f"{_NETWORK}.loadBalancerProfile.enableMultipleStandardLoadBalancers": Field(
            default=False, answered=Answered.STATED
        ),
        # Of managed NAT gateways alone: a write of another outbound type must not send it back.
        f"{_NETWORK}.natGatewayProfile": Field(
            default=cluster_defaults.default_nat_gateway, follows=(f"{_NETWORK}.outboundType",)
        ),
        f"{_NETWORK}.natGatewayProfile.outboundIPs": Field(default=None, security=True),
        f"{_NETWORK}.natGatewayProfile.outboundIPPrefixes": Field(default=None, security=True),
        f"{_NETWORK}.natGatewayProfile.managedOutboundIPProfile.countIPv6": Field(
            default=0, answered=Answered.STATED
        ),
        # The health probe of Services with externalTrafficPolicy Cluster (SDK).
        f"{_NETWORK}.loadBalancerProfile.clusterServiceLoadBalancerHealthProbeMode": Field(
            default="ServiceNodePort", answered=Answered.STATED, compare=Compare.CASELESS
        ),
        # Pods reach the instance metadata service unless the value is None.
        f"{_NETWORK}.podLinkLocalAccess": Field(
            default="IMDS", answered=Answered.STATED, security=True
        ),
        f"{_NETWORK}.staticEgressGatewayProfile": Field(default=None, security=True),
        _ADVANCED: Field(default=None, security=True),
        f"{_ADVANCED}.observability": Field(default={}),
        f"{_ADVANCED}.observability.enabled": Field(
            default=cluster_defaults.default_observability, security=True
        ),
        f"{_ADVANCED}.performance.accelerationMode": Field(
            default="None", answered=Answered.STATED
        ),
        f"{_ADVANCED}.security": Field(default={}),
        f"{_ADVANCED}.security.enabled": Field(
            default=cluster_defaults.default_network_security, security=True
        ),
        f"{_ADVANCED}.security.advancedNetworkPolicies": Field(
            default="FQDN", answered=cluster_defaults.when_security_is_answered, security=True
        ),
        f"{_ADVANCED}.security.transitEncryption": Field(default={}, security=True),
        f"{_ADVANCED}.security.transitEncryption.type": Field(
            default="None", answered=cluster_defaults.when_security_is_answered, security=True
        ),
        "properties.nodeResourceGroupProfile": Field(default={}),
        # Unspecified, which AKS may answer, means Unrestricted.
        "properties.nodeResourceGroupProfile.restrictionLevel": Field(
            default=preset("ReadOnly", "Unrestricted"),
            answered=cluster_defaults.when_restriction_is_answered,
            aliases={"unspecified": "Unrestricted"},
            security=True,
        ),
        "properties.nodeProvisioningProfile": Field(default={}),
        "properties.nodeProvisioningProfile.mode": Field(
            default=preset("Auto", "Manual"), answered=since("2023-08")
        ),
        "properties.nodeProvisioningProfile.defaultNodePools": Field(
            default="Auto", answered=since("2025-04")
        ),
        "properties.oidcIssuerProfile": Field(default={}),
        # The issuer cannot be switched off (guidelines.md §3.2, OIDCIssuerCannotBeDisabled), and a
        # silent PUT keeps it.
        "properties.oidcIssuerProfile.enabled": Field(
            default=cluster_defaults.default_oidc_issuer,
            kept=True,
            irreversible=(True,),
            security=True,
        ),
        f"{_SECURITY}.workloadIdentity.enabled": Field(
            default=cluster_defaults.default_workload_identity, security=True
        ),
        f"{_SECURITY}.imageCleaner.enabled": Field(default=preset(True, False), security=True),
        f"{_SECURITY}.imageCleaner.intervalHours": Field(default=168),
        # The Defender plan is a setting of Microsoft.Security, which has to be registered
        # ("Defender for Containers").
        f"{_SECURITY}.defender.securityMonitoring.enabled": Field(
            default=False, security=True, requires=((True, "Microsoft.Security"),)
        ),
        f"{_SECURITY}.defender.logAnalyticsWorkspaceResourceId": Field(
            default=None, compare=Compare.RESOURCE_ID, security=True
        ),
        f"{_SECURITY}.defender.securityGating": Field(default=None, security=True),
        # Losing the key or its vault loses the cluster's secrets (guidelines.md §2.8).
        f"{_SECURITY}.azureKeyVaultKms": Field(default=None, security=True),
        # Public is the default (SDK).
        f"{_SECURITY}.azureKeyVaultKms.keyVaultNetworkAccess": Field(
            default="Public", answered=Answered.STATED, security=True
        ),
        # Encryption with a platform-managed or customer-managed key cannot be switched off
        # (guidelines.md §2.8).
        f"{_SECURITY}.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption": Field(
            default="Disabled",
            irreversible=("Enabled",),
            security=True,
            disruption=_PLANE,
            # A preview feature that has to be registered (guidelines.md WRK-06).
            requires=(("Enabled", "Microsoft.ContainerService/KMSPMKPreview"),),
        ),
        f"{_SECURITY}.customCATrustCertificates": Field(default=(), security=True),
        "properties.storageProfile": Field(default=cluster_defaults.default_storage),
        "properties.storageProfile.diskCSIDriver": Field(default={}),
        "properties.storageProfile.fileCSIDriver": Field(default={}),
        "properties.storageProfile.snapshotController": Field(default={}),
        # Version 2 is a preview that has to be requested ("Container Storage Interface drivers on
        # AKS").
        "properties.storageProfile.diskCSIDriver.version": Field(
            default="v1", answered=Answered.STATED
        ),
        # A PUT that is silent about a driver keeps it enabled or disabled (recorded).
        "properties.storageProfile.diskCSIDriver.enabled": Field(default=True, kept=True),
        "properties.storageProfile.fileCSIDriver.enabled": Field(default=True, kept=True),
        "properties.storageProfile.snapshotController.enabled": Field(default=True, kept=True),
        "properties.storageProfile.blobCSIDriver.enabled": Field(default=False, kept=True),
        "properties.metricsProfile": Field(default={"costAnalysis": {"enabled": False}}),
        "properties.metricsProfile.costAnalysis.enabled": Field(
            default=False, answered=since("2023-06")
        ),
        # AKS prepares an account where the network plugin allows Windows pools, and a silent PUT
        # keeps it.
        "properties.windowsProfile": Field(
            default=cluster_defaults.default_windows_profile, kept=True
        ),
        "properties.windowsProfile.adminUsername": Field(create_only=True),
        "properties.windowsProfile.enableCSIProxy": Field(default=True),
        "properties.windowsProfile.licenseType": Field(default=None),
        "properties.windowsProfile.gmsaProfile": Field(default=None, security=True),
        # AKS answers it and the hosted system profile from this api version on (recorded).
        "properties.enableFIPS": Field(default=Since("2025-10-01", False, None), security=True),
        "properties.aiToolchainOperatorProfile": Field(default=None, security=True),
        "properties.schedulerProfile": Field(default=None),
        "properties.hostedSystemProfile": Field(default={}),
        "properties.hostedSystemProfile.enabled": Field(default=Since("2025-10-01", False, None)),
        "properties.linuxProfile": Field(default=None, security=True),
        "properties.upgradeSettings": Field(default=None, security=True),
        **{
            f"properties.autoScalerProfile.{name}": Field(default=value, answered=Answered.STATED)
            for name, value in _AUTOSCALER.items()
        },
        "properties.linuxProfile.adminUsername": Field(create_only=True),
        "properties.podIdentityProfile": Field(default=None, security=True),
        "properties.podIdentityProfile.enabled": Field(
            default=False, answered=Answered.MOVED, security=True
        ),
        "properties.httpProxyConfig": Field(default=None, security=True),
        "properties.httpProxyConfig.enabled": Field(
            default=cluster_defaults.default_proxy_switch, answered=since("2025-05"), security=True
        ),
        # A PUT that turns the proxy off, or on, keeps where it is (recorded).
        **{
            f"properties.httpProxyConfig.{name}": Field(
                default=None, kept=cluster_defaults.keeps_proxy_settings, security=True
            )
            for name in ("httpProxy", "httpsProxy", "noProxy", "trustedCa")
        },
        "properties.httpProxyConfig.effectiveNoProxy": Field(read_only=True),
        "properties.ingressProfile": Field(
            default=preset({"webAppRouting": {"enabled": True}}), security=True
        ),
        "properties.ingressProfile.webAppRouting.nginx": Field(
            default=where("properties.ingressProfile.webAppRouting.enabled", True, {})
        ),
        # The default of "Application routing add-on".
        "properties.ingressProfile.webAppRouting.nginx.defaultIngressControllerType": Field(
            default="AnnotationControlled", answered=since("2024-06"), security=True
        ),
        "properties.serviceMeshProfile": Field(default=None, security=True),
        # Dropped with mode Disabled.
        "properties.serviceMeshProfile.istio": Field(
            dropped=cluster_defaults.is_mesh_disabled, security=True
        ),
        # AKS installs its newest revision where none is stated ("Deploy Istio-based service mesh
        # add-on").
        "properties.serviceMeshProfile.istio.revisions": Field(
            default=chosen_by_service, security=True
        ),
        "properties.serviceMeshProfile.istio.components.proxyRedirectionMechanism": Field(
            default="InitContainers", answered=Answered.STATED, security=True
        ),
        "properties.azureMonitorProfile": Field(default={}, security=True),
        "properties.azureMonitorProfile.metrics.enabled": Field(default=False, security=True),
        "properties.azureMonitorProfile.metrics.kubeStateMetrics": Field(default=None),
        "properties.azureMonitorProfile.metrics.controlPlane": Field(default=None),
        "properties.azureMonitorProfile.appMonitoring": Field(default=None, security=True),
        "properties.azureMonitorProfile.containerInsights.syslogPort": Field(default=None),
        "properties.azureMonitorProfile.containerInsights.disablePrometheusMetricsScraping": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        "properties.azureMonitorProfile.containerInsights.enabled": Field(
            default=cluster_defaults.default_container_insights,
            answered=Answered.STATED,
            security=True,
        ),
        "properties.azureMonitorProfile.containerInsights.logAnalyticsWorkspaceResourceId": Field(
            compare=Compare.RESOURCE_ID, security=True
        ),
        # Recorded of clusters whose request does not state it.
        "properties.workloadAutoScalerProfile.verticalPodAutoscaler.addonAutoscaling": Field(
            default="Unspecified", answered=Answered.STATED
        ),
        "properties.workloadAutoScalerProfile": Field(
            default=preset({"keda": {"enabled": True}, "verticalPodAutoscaler": {"enabled": True}})
        ),
    },
)
