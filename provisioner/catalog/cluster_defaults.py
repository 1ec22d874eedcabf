"""What AKS fills into the body of a cluster, as far as it depends on the rest of the body.

Sources: guidelines.md §0, §1.2 and §2, the documentation of AKS Automatic, and the recorded pairs.
A function of a body returns the default in it, or ABSENT where that is not known; one that returns
`Answered` says when AKS spells the default out.
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
"""What the services of a cluster get where nobody says."""


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


def upgrade_channel(body: Body) -> Json:
    """AKS Automatic upgrades on "stable". Long-term support moves patches alone: it comes with the
    channel "patch" ("Long-term support for AKS"; recorded)."""
    if _value_at(body, "sku.name") == "Automatic":
        return "stable"
    return "patch" if _value_at(body, "properties.supportPlan") == "AKSLongTermSupport" else "none"


def federates(body: Body) -> Json | Absent:
    """Workload identity is on in Automatic, and where the AI toolchain operator is: its controllers
    authenticate with it. Switching the operator off leaves it on (recorded)."""
    operator = _value_at(body, "properties.aiToolchainOperatorProfile")
    if _value_at(body, "sku.name") == "Automatic" or lookup(operator, ("enabled",)) is True:
        return True
    return ABSENT if isinstance(operator, Mapping) else False


def home_tenant(body: Body) -> Json | Absent:
    """Users are of the subscription's tenant where no other is stated (SDK: `tenantID`). It is that
    of the cluster's managed identity."""
    tenant = _value_at(body, "identity.tenantId")
    return tenant if isinstance(tenant, str) and tenant else ABSENT


def principal_as_taken(stated: Body) -> tuple[tuple[Json, Json], ...]:
    """A cluster that is stated with a managed identity has no service principal any more, whatever
    client id a body still carries."""
    client = _value_at(stated, "properties.servicePrincipalProfile.clientId")
    managed = str(_value_at(stated, "identity.type")).lower() in ("systemassigned", "userassigned")
    return ((client, "msi"),) if managed and isinstance(client, str) else ()


def only_switches_proxy(stated: Body) -> bool:
    """A PUT that switches the proxy on or off and names none keeps the configuration (recorded)."""
    proxy = _value_at(stated, "properties.httpProxyConfig")
    names = any(lookup(proxy, (name,)) is not ABSENT for name in ("httpProxy", "httpsProxy"))
    return lookup(proxy, ("enabled",)) is not ABSENT and not names


def uses_proxy(body: Body) -> Json:
    """A proxy that is named is used where nobody switches it off."""
    proxy = _value_at(body, "properties.httpProxyConfig")
    return any(isinstance(lookup(proxy, (name,)), str) for name in ("httpProxy", "httpsProxy"))


def mesh_is_off(body: Body) -> bool:
    """A mesh that is switched off has no revisions and no components."""
    return str(_value_at(body, "properties.serviceMeshProfile.mode")).lower() == "disabled"


def balances_nothing(body: Body) -> bool:
    """Whether nodes reach out by something other than the load balancer ("Customize cluster egress
    with outbound types"): its outbound addresses may be left from before, or go with the change."""
    outbound = _value_at(body, f"{_NETWORK}.outboundType")
    return isinstance(outbound, str) and outbound.lower() != "loadbalancer"


def has_two_families(body: Body) -> bool:
    """Whether a cluster has IPv6 beside IPv4 ("Use dual-stack networking in AKS")."""
    families = _value_at(body, f"{_NETWORK}.ipFamilies")
    return isinstance(families, (list, tuple)) and "ipv6" in [str(f).lower() for f in families]


def where_channel_is_told(body: Body) -> Answered:
    """AKS Automatic and long-term support tell the channel that they come with; other clusters tell
    what they were asked for."""
    preset_channel = upgrade_channel(body) != "none"
    return Answered.ALWAYS if preset_channel else Answered.STATED


def issues_tokens(body: Body) -> Json:
    """Whether the OIDC issuer is on in a new cluster: since Kubernetes 1.34, and in Automatic.

    An upgrade to that version turns it on in no cluster that was made without.
    """
    automatic = _value_at(body, "sku.name") == "Automatic"
    return automatic or is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 34)


def has_insights(body: Body) -> Json:
    """Container insights are the add-on `omsagent` under a newer name, and come with it."""
    return _value_at(body, "properties.addonProfiles.omsagent.enabled") is True


def has_dashboard(body: Body) -> Json:
    """Whether the dashboard, which AKS has retired, is on: before Kubernetes 1.18, it was."""
    return not is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 18)


def pod_range(body: Body) -> Json | Absent:
    """Pods have a range of their own but where they take addresses of a subnet."""
    plugin = _value_at(body, f"{_NETWORK}.networkPlugin")
    mode = _value_at(body, f"{_NETWORK}.networkPluginMode")
    flat = plugin == "none" or (plugin == "azure" and mode != "overlay")
    return None if flat else "10.244.0.0/16"


def most_pods(cluster: Body | None) -> int:
    """How many pods a node takes where nobody says: guidelines.md §2.2, and with a plugin of
    the user's own as recorded."""
    network = lookup(cluster, ("properties", "networkProfile"))
    plugin = lookup(network, ("networkPlugin",))
    if lookup(network, ("networkPluginMode",)) == "overlay" or plugin == "none":
        return 250
    return 30 if plugin == "azure" else 110


def since(month: str, until: str = "9999") -> Callable[[Body], Answered]:
    """Tell that AKS spells a default out since one of its releases, of `month` (`2023-06`), or only
    until another one's.

    Its answers have grown with its releases. Which of them made a cluster or a pool shows in its
    Kubernetes version, which cannot be older than that version (recorded for 1.17 to 1.35: with the
    month in which the version came out, all recordings but a few stand on one side).
    """

    def find(body: Body) -> Answered:
        versions = (_value_at(body, f"properties.{name}") for name in _VERSIONS)
        made = next((found for found in map(released, versions) if found), _TODAY)
        return Answered.ALWAYS if month <= made <= until else Answered.STATED

    return find


_VERSIONS = ("kubernetesVersion", "orchestratorVersion")
_TODAY = "9998"
"""Made by a release later than any that is known here."""


def since_version(minor: int) -> Callable[[Body], Answered]:
    """Tell that AKS spells a default out for clusters of Kubernetes 1.`minor` and later."""

    def find(body: Body) -> Answered:
        version = _value_at(body, "properties.kubernetesVersion")
        return Answered.ALWAYS if is_at_least(version, 1, minor) else Answered.STATED

    return find


def in_automatic(body: Body) -> Answered:
    """AKS Automatic tells what it presets; other clusters tell what they were asked for."""
    automatic = _value_at(body, "sku.name") == "Automatic"
    return Answered.ALWAYS if automatic else Answered.STATED


def where_policy_is_told(body: Body) -> Answered:
    """Cilium was told as the policy from the start; that there is none since the middle of 2023."""
    cilium = _value_at(body, f"{_NETWORK}.networkDataplane") == "cilium"
    return Answered.ALWAYS if cilium else since("2023-08")(body)


def where_group_is_told(body: Body) -> Answered:
    """Late in 2023 AKS told of every cluster whether its node resource group is restricted."""
    automatic = _value_at(body, "sku.name") == "Automatic"
    return Answered.ALWAYS if automatic else since("2023-10", "2023-12")(body)


def sku_name(body: Body) -> Json:
    """What is called Base was Basic for clusters before Kubernetes 1.25 (recorded)."""
    old = not is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 25)
    return "Basic" if old else "Base"


def storage(body: Body) -> Json | Absent:
    """Clusters before Kubernetes 1.22 tell nothing of the drivers (recorded)."""
    return {} if is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 22) else None


def load_balancer(body: Body) -> Json | Absent:
    """Only a standard load balancer has outbound addresses and a kind of pool to tell."""
    sku = _value_at(body, f"{_NETWORK}.loadBalancerSku")
    return None if str(sku).lower() == "basic" else {}


def managed_ipv6_addresses(body: Body) -> Json:
    """A cluster of two address families gets an address of each where it gets any."""
    both = has_two_families(body)
    return 1 if both and managed_addresses(body) is not None else 0


def ranges_beside(path: str) -> FixedDefault:
    """Return the list of the single range at `path`, which AKS answers beside it. With two families
    AKS picks a range of its own for the second one."""

    def find(body: Body) -> Json | Absent:
        if has_two_families(body):
            return ABSENT
        single = _value_at(body, path)
        return [single] if isinstance(single, str) and single else ABSENT

    return find


def managed_addresses(body: Body) -> Json | Absent:
    """The load balancer gets one address of its own but where it is given others."""
    balancer = _value_at(body, f"{_NETWORK}.loadBalancerProfile")
    own = (("outboundIPs", "publicIPs"), ("outboundIPPrefixes", "publicIPPrefixes"))
    given = any(not is_empty(lookup(balancer, path)) for path in own)
    balances = _value_at(body, f"{_NETWORK}.outboundType") in ("loadBalancer", ABSENT)
    return None if given or not balances else {"count": 1}


def unless_routed(body: Body) -> Answered:
    """A cluster whose nodes leave by routes alone has no profile of a load balancer, and takes none
    (InvalidUserDefinedRoutingWithLoadBalancerProfile); all others answer one (recorded)."""
    outbound = str(_value_at(body, f"{_NETWORK}.outboundType")).lower()
    return Answered.MOVED if outbound == "userdefinedrouting" else Answered.ALWAYS


def balanced_by(body: Body) -> Answered:
    """How the load balancer knows the nodes: told since Kubernetes 1.22, where there is one."""
    routed = unless_routed(body) is Answered.MOVED
    return Answered.MOVED if routed else since_version(22)(body)


def nat_gateway(body: Body) -> Json | Absent:
    """A gateway that AKS manages has one address, and drops idle flows after four minutes."""
    managed = (
        str(_value_at(body, f"{_NETWORK}.outboundType")).lower().startswith("managednatgateway")
    )
    return (
        {"managedOutboundIPProfile": {"count": 1}, "idleTimeoutInMinutes": 4} if managed else None
    )


def windows_account(body: Body) -> Json | Absent:
    """AKS keeps an account for Windows pools ready where the plugin that they need is stated, or a
    plugin of the user's own may be it."""
    stated = _value_at(body, f"{_NETWORK}.networkPlugin") in ("azure", "none")
    return {"adminUsername": "azureuser"} if stated else None


def observes(body: Body) -> Json | Absent:
    """Observability comes with Advanced Container Networking Services."""
    return _value_at(body, f"{_ADVANCED}.enabled") is True


def secures(body: Body) -> Json | Absent:
    """The security of Advanced Container Networking Services needs Cilium, and comes with it."""
    cilium = _value_at(body, f"{_NETWORK}.networkDataplane") == "cilium"
    return cilium and _value_at(body, f"{_ADVANCED}.enabled") is True


def where_secured(body: Body) -> Answered:
    """The parts of that security are told where it is on, by clusters of Kubernetes 1.31 on."""
    secured = _value_at(body, f"{_ADVANCED}.security.enabled") is True
    return since("2025-04")(body) if secured else Answered.STATED


def where_plugin_is_azure(body: Body) -> Answered:
    """Only Azure CNI has data planes to choose from."""
    azure = _value_at(body, f"{_NETWORK}.networkPlugin") == "azure"
    return Answered.ALWAYS if azure else Answered.STATED


def network_plugin(body: Body) -> Mapping[str, Json]:
    """Whoever says no plugin gets overlay; before Kubernetes 1.30, or with a basic load balancer,
    kubenet (recorded)."""
    stated = _value_at(body, f"{_NETWORK}.networkPlugin")
    if isinstance(stated, str) and stated:
        return {}
    basic = str(_value_at(body, f"{_NETWORK}.loadBalancerSku")).lower() == "basic"
    if basic or not is_at_least(_value_at(body, "properties.kubernetesVersion"), 1, 30):
        return {"networkPlugin": "kubenet"}
    return {"networkPlugin": "azure", "networkPluginMode": "overlay"}


def network_policy(body: Body) -> Json | Absent:
    """Cilium enforces policies itself; other data planes enforce none unless told to."""
    dataplane = _value_at(body, f"{_NETWORK}.networkDataplane")
    return "cilium" if dataplane == "cilium" else "none"


def node_resource_group(cluster: ResourceId, body: Body) -> str:
    """Return the name of the resource group with a cluster's nodes: AKS names it by the cluster
    where nobody else does ("Frequently asked questions about AKS")."""
    stated = lookup(body, ("properties", "nodeResourceGroup"))
    if isinstance(stated, str) and stated:
        return stated
    location = str(body.get("location", "")).replace(" ", "").lower()
    return f"MC_{cluster.resource_group}_{cluster.name}_{location}"[:_LONGEST_GROUP]


def default_node_group(body: Body) -> Json | Absent:
    """The resource group of the nodes that AKS names by the cluster, where the body says which one
    it is."""
    cluster = parse_resource_id(body.get("id"))
    if cluster is None or cluster.resource_group is None or not body.get("location"):
        return ABSENT
    named: Body = {"location": body["location"]}
    return node_resource_group(cluster, named)


def default_kubelet(body: Body) -> Json | Absent:
    """The identity that AKS makes for kubelets: in the group of the nodes, and named by the cluster
    ("Use a managed identity in AKS": summary of managed identities)."""
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
