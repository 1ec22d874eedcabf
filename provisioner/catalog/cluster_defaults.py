"""Defaults that AKS fills into a cluster's body, where they depend on the rest of it.

A function of a body returns the default in it, or ABSENT where that is not known; one that returns
`Answered` tells when AKS answers the default. Constants do not suffice: the recorded pairs span
Kubernetes 1.17 to 1.35, and AKS answers the same silence differently by SKU, network plugin and
release.

Sources: guidelines.md §0, §1.2 and §2, the documentation of AKS Automatic, and the recorded pairs.
"""

from collections.abc import Callable, Mapping

from provisioner.catalog.field import Answered, FixedDefault
from provisioner.catalog.kubernetes_versions import is_at_least, released
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Absent, Body, Json, is_empty, lookup

_NETWORK = "properties.networkProfile"
_ADVANCED = f"{_NETWORK}.advancedNetworking"

SERVICE_RANGE = "10.0.0.0/16"
DNS_SERVICE_ADDRESS = "10.0.0.10"
"""The defaults of serviceCidr and dnsServiceIP."""


def _value_at(body: Body, path: str) -> object:
    return lookup(body, path.split("."))


def where(path: str, value: object, default: Json, otherwise: Json | Absent = None) -> FixedDefault:
    """Return a default that holds where the property at `path` has a value."""

    def find(body: Body) -> Json | Absent:
        return default if _value_at(body, path) == value else otherwise

    return find


def preset(automatic: Json, otherwise: Json | Absent = None) -> FixedDefault:
    """Return a default that AKS Automatic presets, and the one of other clusters."""
    return where("sku.name", "Automatic", automatic, otherwise)


def default_upgrade_channel(body: Body) -> Json:
    """Return the upgrade channel: stable in Automatic, patch with long-term support, else none.

    Long-term support upgrades patches alone ("Long-term support for AKS"; recorded).
    """
    if _value_at(body, "sku.name") == "Automatic":
        return "stable"
    return "patch" if _value_at(body, "properties.supportPlan") == "AKSLongTermSupport" else "none"


def default_workload_identity(body: Body) -> Json | Absent:
    """Return whether workload identity is on: in Automatic, and with the AI toolchain operator.

    The operator's controllers authenticate with it; switching the operator off leaves it on, so
    ABSENT there (recorded).
    """
    operator = _value_at(body, "properties.aiToolchainOperatorProfile")
    if _value_at(body, "sku.name") == "Automatic" or lookup(operator, ("enabled",)) is True:
        return True
    return ABSENT if isinstance(operator, Mapping) else False


def default_tenant(body: Body) -> Json | Absent:
    """Return the tenant of users where none is stated: that of the cluster's identity.

    SDK: `tenantID` defaults to the tenant of the subscription.
    """
    tenant = _value_at(body, "identity.tenantId")
    return tenant if isinstance(tenant, str) and tenant else ABSENT


def replaced_principal(stated: Body) -> tuple[tuple[Json, Json], ...]:
    """Return ("client id", "msi") for a body with a managed identity, which has no principal.

    AKS ignores the client id that such a body still carries.
    """
    client = _value_at(stated, "properties.servicePrincipalProfile.clientId")
    managed = str(_value_at(stated, "identity.type")).lower() in ("systemassigned", "userassigned")
    return ((client, "msi"),) if managed and isinstance(client, str) else ()


def keeps_proxy_settings(stated: Body) -> bool:
    """Return whether a PUT switches the proxy and names none: AKS keeps the settings (recorded)."""
    proxy = _value_at(stated, "properties.httpProxyConfig")
    names = any(lookup(proxy, (name,)) is not ABSENT for name in ("httpProxy", "httpsProxy"))
    return lookup(proxy, ("enabled",)) is not ABSENT and not names


def default_proxy_switch(body: Body) -> Json:
    """Return whether the HTTP proxy is on: it is where one is named."""
    proxy = _value_at(body, "properties.httpProxyConfig")
    return any(isinstance(lookup(proxy, (name,)), str) for name in ("httpProxy", "httpsProxy"))


def is_mesh_disabled(body: Body) -> bool:
    """Return whether the service mesh is disabled: it has no revisions and components then."""
    return str(_value_at(body, "properties.serviceMeshProfile.mode")).lower() == "disabled"


def has_other_outbound_type(body: Body) -> bool:
    """Return whether the outbound type is other than the load balancer.

    Its outbound addresses may be left from before, or go with the change ("Customize cluster egress
    with outbound types").
    """
    outbound = _value_at(body, f"{_NETWORK}.outboundType")
    return isinstance(outbound, str) and outbound.lower() != "loadbalancer"


def has_two_families(body: Body) -> bool:
    """Return whether a cluster is dual-stack ("Use dual-stack networking in AKS")."""
    families = _value_at(body, f"{_NETWORK}.ipFamilies")
    return isinstance(families, (list, tuple)) and "ipv6" in [str(f).lower() for f in families]


def when_channel_is_answered(body: Body) -> Answered:
    """Return when AKS answers the channel: always of Automatic and of long-term support."""
    preset_channel = default_upgrade_channel(body) != "none"
    return Answered.ALWAYS if preset_channel else Answered.STATED


def default_oidc_issuer(body: Body) -> Json:
    """Return whether a new cluster has an OIDC issuer: since Kubernetes 1.34, and in Automatic.

    An upgrade to that version does not enable it.
    """
    automatic = _value_at(body, "sku.name") == "Automatic"
    return automatic or is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 34)


def default_container_insights(body: Body) -> Json:
    """Return whether container insights are on: they are the add-on `omsagent` renamed."""
    return _value_at(body, "properties.addonProfiles.omsagent.enabled") is True


def default_dashboard(body: Body) -> Json:
    """Return whether the retired dashboard is on: it was before Kubernetes 1.18."""
    return not is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 18)


def pod_range(body: Body) -> Json | Absent:
    """Return the pod range, unless pods get addresses of a subnet."""
    plugin = _value_at(body, f"{_NETWORK}.networkPlugin")
    mode = _value_at(body, f"{_NETWORK}.networkPluginMode")
    flat = plugin == "none" or (plugin == "azure" and mode != "overlay")
    return None if flat else "10.244.0.0/16"


def most_pods(cluster: Body | None) -> int:
    """Return the pods per node where none are stated: 250, 110 or 30 by network plugin.

    guidelines.md §2.2; with the plugin none as recorded.
    """
    network = lookup(cluster, ("properties", "networkProfile"))
    plugin = lookup(network, ("networkPlugin",))
    if lookup(network, ("networkPluginMode",)) == "overlay" or plugin == "none":
        return 250
    return 30 if plugin == "azure" else 110


def since(month: str, until: str = "9999") -> Callable[[Body], Answered]:
    """Return a rule: AKS answers a default since its release of `month`, until that of `until`.

    Months are `2023-06`. AKS's answers have grown with its releases. Which of them made a cluster
    or a pool shows in its Kubernetes version, which cannot be older than that version (recorded for
    1.17 to 1.35: with the month in which the version came out, all recordings but a few are on one
    side).
    """

    def find(body: Body) -> Answered:
        versions = (_value_at(body, f"properties.{name}") for name in _VERSIONS)
        made = next((found for found in map(released, versions) if found), _TODAY)
        return Answered.ALWAYS if month <= made <= until else Answered.STATED

    return find


_VERSIONS = ("kubernetesVersion", "orchestratorVersion")
_TODAY = "9998"
"""Made by a release later than any that is known here."""


def answered_since_kubernetes(minor: int) -> Callable[[Body], Answered]:
    """Return a rule: AKS answers a default in clusters of Kubernetes 1.`minor` and later."""

    def find(body: Body) -> Answered:
        version = _value_at(body, "properties.kubernetesVersion")
        return Answered.ALWAYS if is_at_least(version, 1, minor) else Answered.STATED

    return find


def when_preset_is_answered(body: Body) -> Answered:
    """Return when AKS answers a preset of Automatic: always there, elsewhere where stated."""
    automatic = _value_at(body, "sku.name") == "Automatic"
    return Answered.ALWAYS if automatic else Answered.STATED


def when_policy_is_answered(body: Body) -> Answered:
    """Return when AKS answers the network policy: cilium always, none since the middle of 2023."""
    cilium = _value_at(body, f"{_NETWORK}.networkDataplane") == "cilium"
    return Answered.ALWAYS if cilium else since("2023-08")(body)


def when_restriction_is_answered(body: Body) -> Answered:
    """Return when AKS answers the restriction of the node resource group.

    Always of Automatic; of every cluster late in 2023 alone.
    """
    automatic = _value_at(body, "sku.name") == "Automatic"
    return Answered.ALWAYS if automatic else since("2023-10", "2023-12")(body)


def default_sku_name(body: Body) -> Json:
    """Return the SKU: Base, which was called Basic before Kubernetes 1.25 (recorded)."""
    old = not is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 25)
    return "Basic" if old else "Base"


def default_storage(body: Body) -> Json | Absent:
    """Return the storage profile: clusters before Kubernetes 1.22 answer none (recorded)."""
    return {} if is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 22) else None


def default_load_balancer(body: Body) -> Json | Absent:
    """Return the load balancer profile, which a basic load balancer does not have."""
    sku = _value_at(body, f"{_NETWORK}.loadBalancerSku")
    return None if str(sku).lower() == "basic" else {}


def default_outbound_ipv6_addresses(body: Body) -> Json:
    """Return the IPv6 addresses of a dual-stack cluster: one where it gets managed addresses."""
    both = has_two_families(body)
    return 1 if both and default_outbound_addresses(body) is not None else 0


def single_range_list(path: str) -> FixedDefault:
    """Return a default: the list with the single range at `path`, which AKS answers beside it.

    ABSENT with two address families, since AKS picks a range of its own for the second.
    """

    def find(body: Body) -> Json | Absent:
        if has_two_families(body):
            return ABSENT
        single = _value_at(body, path)
        return [single] if isinstance(single, str) and single else ABSENT

    return find


def default_outbound_addresses(body: Body) -> Json | Absent:
    """Return one managed outbound address, unless the load balancer is given others."""
    balancer = _value_at(body, f"{_NETWORK}.loadBalancerProfile")
    own = (("outboundIPs", "publicIPs"), ("outboundIPPrefixes", "publicIPPrefixes"))
    given = any(not is_empty(lookup(balancer, path)) for path in own)
    balances = _value_at(body, f"{_NETWORK}.outboundType") in ("loadBalancer", ABSENT)
    return None if given or not balances else {"count": 1}


def when_load_balancer_is_answered(body: Body) -> Answered:
    """Return when AKS answers a load balancer profile: not with the type userDefinedRouting.

    Such a cluster also refuses one (InvalidUserDefinedRoutingWithLoadBalancerProfile); all others
    answer one (recorded).
    """
    outbound = str(_value_at(body, f"{_NETWORK}.outboundType")).lower()
    return Answered.MOVED if outbound == "userdefinedrouting" else Answered.ALWAYS


def when_backend_pool_is_answered(body: Body) -> Answered:
    """Return when AKS answers the kind of backend pool: since Kubernetes 1.22, with a balancer."""
    routed = when_load_balancer_is_answered(body) is Answered.MOVED
    return Answered.MOVED if routed else answered_since_kubernetes(22)(body)


def default_nat_gateway(body: Body) -> Json | Absent:
    """Return the managed NAT gateway's defaults: one address, idle timeout of four minutes."""
    managed = (
        str(_value_at(body, f"{_NETWORK}.outboundType")).lower().startswith("managednatgateway")
    )
    return (
        {"managedOutboundIPProfile": {"count": 1}, "idleTimeoutInMinutes": 4} if managed else None
    )


def default_windows_profile(body: Body) -> Json | Absent:
    """Return the Windows administrator, where the stated network plugin allows Windows pools.

    AKS prepares the account with Azure CNI, and with `none`, where the user installs the plugin.
    """
    stated = _value_at(body, f"{_NETWORK}.networkPlugin") in ("azure", "none")
    return {"adminUsername": "azureuser"} if stated else None


def default_observability(body: Body) -> Json | Absent:
    """Return whether observability is on: with Advanced Container Networking Services."""
    return _value_at(body, f"{_ADVANCED}.enabled") is True


def default_network_security(body: Body) -> Json | Absent:
    """Return whether container network security is on: with those services and Cilium."""
    cilium = _value_at(body, f"{_NETWORK}.networkDataplane") == "cilium"
    return cilium and _value_at(body, f"{_ADVANCED}.enabled") is True


def when_security_is_answered(body: Body) -> Answered:
    """Return when AKS answers the parts of that security: where it is on, since Kubernetes 1.31."""
    secured = _value_at(body, f"{_ADVANCED}.security.enabled") is True
    return since("2025-04")(body) if secured else Answered.STATED


def when_data_plane_is_answered(body: Body) -> Answered:
    """Return when AKS answers the data plane: always with Azure CNI, which alone has several."""
    azure = _value_at(body, f"{_NETWORK}.networkPlugin") == "azure"
    return Answered.ALWAYS if azure else Answered.STATED


def network_plugin(body: Body) -> Mapping[str, Json]:
    """Return the plugin that AKS fills in: overlay, or kubenet in old clusters.

    Old is before Kubernetes 1.30, or with a basic load balancer (recorded).
    """
    stated = _value_at(body, f"{_NETWORK}.networkPlugin")
    if isinstance(stated, str) and stated:
        return {}
    basic = str(_value_at(body, f"{_NETWORK}.loadBalancerSku")).lower() == "basic"
    if basic or not is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 30):
        return {"networkPlugin": "kubenet"}
    return {"networkPlugin": "azure", "networkPluginMode": "overlay"}


def default_network_policy(body: Body) -> Json | Absent:
    """Return the network policy: Cilium enforces policies itself, other data planes none."""
    dataplane = _value_at(body, f"{_NETWORK}.networkDataplane")
    return "cilium" if dataplane == "cilium" else "none"


def node_resource_group(cluster: ResourceId, body: Body) -> str:
    """Return the name of the node resource group: the stated one, or MC_GROUP_CLUSTER_REGION.

    Source: "Frequently asked questions about AKS".
    """
    stated = lookup(body, ("properties", "nodeResourceGroup"))
    if isinstance(stated, str) and stated:
        return stated
    location = str(body.get("location", "")).replace(" ", "").lower()
    return f"MC_{cluster.resource_group}_{cluster.name}_{location}"[:_LONGEST_GROUP]


def default_node_resource_group(body: Body) -> Json | Absent:
    """Return the node resource group that AKS would name, where the body has the cluster's id."""
    cluster = parse_resource_id(body.get("id"))
    if cluster is None or cluster.resource_group is None or not body.get("location"):
        return ABSENT
    named: Body = {"location": body["location"]}
    return node_resource_group(cluster, named)


def default_kubelet(body: Body) -> Json | Absent:
    """Return the id of the kubelet identity that AKS creates in the node resource group.

    It is named after the cluster ("Use a managed identity in AKS": summary of managed identities).
    """
    cluster = parse_resource_id(body.get("id"))
    group = _value_at(body, "properties.nodeResourceGroup")
    if cluster is None or not isinstance(group, str):
        return ABSENT
    return (
        f"/subscriptions/{cluster.subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{cluster.name}-agentpool"
    )


_LONGEST_GROUP = 80
"""Characters of AKS's own name for the group; what is longer is cut."""
