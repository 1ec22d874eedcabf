"""Changes of AKS clusters and node pools: made in place, a replacement, or refused.

Each rule is called for one property that differs, with the bodies before and after, and returns the
sentence that a reviewer reads (guidelines.md §0, §2.3, §2.4 and §2.7). A body without properties is
that of a resource about to be created: nothing of it can have changed.
"""

from collections.abc import Iterator, Mapping

from provisioner.model.cidr import is_range_within
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Body, lookup

_ACCESS = "properties.apiServerAccessProfile"
_NETWORK = "properties.networkProfile"
_ENGINES = ("azure", "calico", "cilium")
_NODES = "properties.vnetSubnetID"


def _value_at(body: Body, path: str) -> object:
    return lookup(body, path.split("."))


def _lowercase_value(body: Body, path: str, default: str = "") -> str:
    """Return a text of a body in lower case, or `default` where there is none."""
    value = _value_at(body, path)
    return value.lower() if isinstance(value, str) and value else default


def _is_existing(body: Body) -> bool:
    return isinstance(body.get("properties"), Mapping)


def _pool_profiles(body: Body) -> Iterator[Mapping[str, object]]:
    pools = _value_at(body, "properties.agentPoolProfiles")
    for pool in pools if isinstance(pools, (list, tuple)) else ():
        if isinstance(pool, Mapping):
            yield pool


def _has_windows(body: Body) -> bool:
    return any(str(pool.get("osType")).lower() == "windows" for pool in _pool_profiles(body))


def private_only_with_integration(before: Body, after: Body) -> str | None:
    """Return why private access cannot change in place, or None with API Server VNet Integration.

    Source: guidelines.md §0.6.
    """
    if _is_integrated(before) or _is_integrated(after):
        return None
    return "a cluster becomes private, or public, in place only with API Server VNet Integration"


def _is_integrated(body: Body) -> bool:
    return _value_at(body, f"{_ACCESS}.enableVnetIntegration") is True


def api_server_keeps_its_subnet(before: Body, _after: Body) -> str | None:
    """Return why the API server's subnet cannot change, or None: it is chosen with the integration.

    Source: guidelines.md §2.7.
    """
    if not _is_integrated(before):
        return None
    return "apiServerAccessProfile.subnetId cannot change in place once the API server is in it"


def zone_is_only_given_up(before: Body, after: Body) -> str | None:
    """Return why the private DNS zone cannot change, or None for a change to `none`.

    Source: guidelines.md §2.4.
    """
    was_private = _value_at(before, f"{_ACCESS}.enablePrivateCluster") is True
    if not was_private or _lowercase_value(after, f"{_ACCESS}.privateDNSZone") == "none":
        return None
    return "apiServerAccessProfile.privateDNSZone can only become none in place"


def plugin_becomes_overlay(before: Body, after: Body) -> str | None:
    """Return why the network plugin cannot change, or None from kubenet or flat CNI to overlay.

    Source: guidelines.md §2.7.
    """
    if _is_overlay(after) and _lowercase_value(before, f"{_NETWORK}.networkPlugin") in (
        "kubenet",
        "azure",
    ):
        return None
    return "networkProfile.networkPlugin can only become Azure CNI overlay in place"


def _is_overlay(body: Body) -> bool:
    plugin, mode = f"{_NETWORK}.networkPlugin", f"{_NETWORK}.networkPluginMode"
    return _lowercase_value(body, plugin) == "azure" and _lowercase_value(body, mode) == "overlay"


def overlay_comes_without_policy(before: Body, after: Body) -> str | None:
    """Return why a cluster with a network policy engine cannot become overlay, or None.

    Source: guidelines.md §2.7.
    """
    engine = _lowercase_value(before, f"{_NETWORK}.networkPolicy", "none")
    if not _is_existing(before) or not _is_overlay(after) or engine == "none":
        return None
    return (
        "a cluster becomes overlay without a network policy engine: set "
        f"networkProfile.networkPolicy (now {engine}) to none in a change before this one"
    )


def one_policy_engine(before: Body, after: Body) -> str | None:
    """Return why one network policy engine cannot replace another directly, or None.

    The Cilium data plane alone replaces one in place (guidelines.md §2.7).
    """
    old = _lowercase_value(before, f"{_NETWORK}.networkPolicy", "none")
    new = _lowercase_value(after, f"{_NETWORK}.networkPolicy", "none")
    if old not in _ENGINES or new not in _ENGINES or _is_cilium(after):
        return None
    return (
        f"networkProfile.networkPolicy goes from {old} to {new} by way of none: Azure runs no two "
        "engines at once, so set none in a change before this one"
    )


def _is_cilium(body: Body) -> bool:
    return _lowercase_value(body, f"{_NETWORK}.networkDataplane") == "cilium"


def cilium_needs_linux(before: Body, after: Body) -> str | None:
    """Return why a cluster with Windows pools cannot change to the Cilium data plane, or None.

    Source: guidelines.md §2.7.
    """
    if _is_existing(before) and _is_cilium(after) and (_has_windows(before) or _has_windows(after)):
        return (
            "networkProfile.networkDataplane becomes cilium only in a cluster without Windows pools"
        )
    return None


def pod_range_only_grows(before: Body, after: Body) -> str | None:
    """Return why the pod range cannot change, or None where an overlay cluster of Linux grows it.

    Source: guidelines.md §2.7.
    """
    old, new = _value_at(before, f"{_NETWORK}.podCidr"), _value_at(after, f"{_NETWORK}.podCidr")
    if not (isinstance(old, str) and old):
        # Only a change to overlay adds a pod range.
        return plugin_becomes_overlay(before, after)
    if not _is_overlay(before):
        return "networkProfile.podCidr cannot change in place: only an overlay network can grow"
    if _has_windows(before) or _has_windows(after):
        return "networkProfile.podCidr cannot change in place in a cluster with Windows pools"
    if isinstance(new, str) and is_range_within(old, new):
        return None
    return f"networkProfile.podCidr can only grow in place: the new range has to hold {old}"


def service_range_is_fixed(_before: Body, _after: Body) -> str | None:
    """Return why the service range cannot change (guidelines.md §2.7)."""
    return (
        "networkProfile.serviceCidr cannot change in place (from Kubernetes 1.33 on, ServiceCIDR "
        "objects in the cluster add to it)"
    )


def identity_stays_managed(before: Body, after: Body) -> str | None:
    """Return why a managed identity cannot become a service principal again, or None.

    Source: guidelines.md §2.7.
    """
    managed = ("systemassigned", "userassigned")
    if (
        _lowercase_value(before, "identity.type") in managed
        and _lowercase_value(after, "identity.type") not in managed
    ):
        return "identity.type cannot go back from a managed identity to a service principal"
    return None


def principal_stays_managed(before: Body, after: Body) -> str | None:
    """Return why the client id `msi`, which means a managed identity, cannot change, or None.

    Source: guidelines.md §2.7.
    """
    path = "properties.servicePrincipalProfile.clientId"
    if _lowercase_value(before, path) != "msi" or _lowercase_value(after, path) == "msi":
        return None
    return "servicePrincipalProfile cannot take the place of a managed identity again"


_OWN_NETWORK = ("loadbalancer", "userassignednatgateway", "userdefinedrouting", "none")


def outbound_can_change(before: Body, after: Body) -> str | None:
    """Return why the outbound type cannot change, or None, by who created the nodes' network.

    Source: the matrix of guidelines.md §2.3.
    """
    path = f"{_NETWORK}.outboundType"
    old, new = (
        _lowercase_value(before, path, "loadbalancer"),
        _lowercase_value(after, path, "loadbalancer"),
    )
    if not _is_existing(before) or old == new:
        return None
    shown = f"networkProfile.outboundType cannot change from {_value_at(before, path)} to "
    shown += str(_value_at(after, path))
    if any(pool.get("vnetSubnetID") for pool in (*_pool_profiles(before), *_pool_profiles(after))):
        # What the matrix does not list needs the other kind of network: managed by AKS, or of one's
        # own.
        return None if new in _OWN_NETWORK else f"{shown} in a virtual network of one's own"
    if new.startswith("user"):
        return f"{shown} in a virtual network that Azure manages: it takes one of one's own"
    if old.startswith("managednat") and new in ("loadbalancer", "managednatgateway"):
        return f"{shown}: set none in a change before this one"
    return None


def size_is_fixed_in_scale_sets(before: Body, _after: Body) -> str | None:
    """Return why a pool's VM size cannot change, or None for a pool of virtual machines.

    Source: guidelines.md §2.7.
    """
    if _lowercase_value(before, "properties.type") == "virtualmachines":
        return None
    return "vmSize cannot change in place"


def linux_stays_linux(before: Body, after: Body) -> str | None:
    """Return why an OS SKU cannot change, or None from one Linux to another (re-imaging).

    Source: guidelines.md §2.7.
    """
    images = (
        _lowercase_value(before, "properties.osSKU"),
        _lowercase_value(after, "properties.osSKU"),
    )
    if any(image.startswith("windows") for image in images):
        return "osSKU cannot change in place on Windows nodes"
    return None


def pools_share_a_network(before: Body, after: Body) -> str | None:
    """Return why a pool cannot move to another virtual network, or None.

    All pools are in one network, and a cluster stays in its own (guidelines.md §2.2 and §2.7).
    """
    is_known = isinstance(_value_at(after, _NODES) or "", str)
    if (
        not _is_existing(before)
        or not is_known
        or _virtual_network(before) == _virtual_network(after)
    ):
        return None
    return "vnetSubnetID cannot go to another virtual network: all pools of a cluster share one"


def _virtual_network(body: Body) -> str | None:
    """Return the key of the virtual network that the nodes of a pool are in; None for Azure's."""
    subnet = parse_resource_id(_value_at(body, _NODES))
    return subnet.parent.key if subnet is not None and subnet.parent is not None else None
