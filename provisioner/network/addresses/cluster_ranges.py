"""Cluster data for the address plan: maximum node counts of pools, pod, service and bridge ranges.

Sources: guidelines.md §2.2 and the documentation of AKS ("IP address planning", "Upgrade node
pools"). Defaults are those of the catalog.
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from provisioner.catalog import cluster_defaults
from provisioner.catalog.node_pools import CLUSTER, POOL, count_surge, whole
from provisioner.catalog.node_pools import surge_text as read_surge
from provisioner.model.estate import Estate, Resource
from provisioner.model.ranges import IpRange, read_range
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import ABSENT, Body, Unknown, Value, is_known, lookup


class Plugin(StrEnum):
    """The network plugin and mode, which decide where pods get addresses; texts are for reports."""

    FLAT = "Azure CNI, flat"
    OVERLAY = "Azure CNI, overlay"
    KUBENET = "kubenet"
    NONE = "no plugin"

    @property
    def has_pod_range(self) -> bool:
        """Whether each node takes a /24 of the pod range (guidelines.md §2.2)."""
        return self in (Plugin.OVERLAY, Plugin.KUBENET)


@dataclass(frozen=True, slots=True)
class Pool:
    """One node pool.

    `nodes` is the maximum node count, None where it is not stated; `surge` is how many more nodes
    an upgrade makes, from `surge_text`. `static` pods take whole blocks of the pod subnet when a
    node is made.
    """

    resource: Resource
    nodes: int | None
    surge: int
    surge_text: str
    max_pods: int
    subnet: ResourceId | None
    pod_subnet: ResourceId | None
    static: bool

    @property
    def name(self) -> str:
        """Its name in its cluster."""
        return self.resource.id.name

    @property
    def most(self) -> int:
        """The maximum node count, during an upgrade; 0 where it is not stated."""
        return (self.nodes or 0) + self.surge


_NETWORK = ("properties", "networkProfile")
_POD_RANGES = ("podCidrs", "podCidr")
_SERVICE_RANGES = ("serviceCidrs", "serviceCidr")


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster: its pools and the ranges inside of it."""

    resource: Resource
    plugin: Plugin
    pools: tuple[Pool, ...]
    pods: tuple[IpRange, ...]
    services: tuple[IpRange, ...]
    bridges: tuple[IpRange, ...]
    dns_address: ipaddress.IPv4Address | ipaddress.IPv6Address | None
    api_server_subnet: ResourceId | None
    has_private_link: bool
    provisions_nodes: bool

    @property
    def subnets(self) -> tuple[ResourceId, ...]:
        """The subnets that its nodes and pods stand in, each once."""
        found = [s for pool in self.pools for s in (pool.subnet, pool.pod_subnet) if s]
        return tuple({s.key: s for s in found}.values())

    @property
    def networks(self) -> tuple[ResourceId, ...]:
        """The networks that its nodes and pods stand in, each once."""
        found = [subnet.parent for subnet in self.subnets]
        return tuple({n.key: n for n in found if n is not None}.values())


def read_clusters(estate: Estate) -> tuple[Cluster, ...]:
    """Return the clusters of an estate; one of which nothing is known is left out."""
    return tuple(
        _read_cluster(resource, estate)
        for resource in estate.of_type(CLUSTER)
        if isinstance(lookup(resource.body, ("properties",)), Mapping)
    )


def _read_cluster(resource: Resource, estate: Estate) -> Cluster:
    body = _with_plugin(resource.body)
    plugin = _plugin_of(body)
    # Defaults that AKS fills in claim addresses as stated ranges do: two clusters that state
    # nothing have the same ones.
    default = cluster_defaults.pod_range(body)
    # A network profile that is one expression may state any range: defaults must not be assumed.
    known = not isinstance(lookup(resource.body, _NETWORK), Unknown)
    pods = _stated_ranges(body, _POD_RANGES) or _default_range(body, _POD_RANGES, default)
    services = _stated_ranges(body, _SERVICE_RANGES) or _default_range(
        body, _SERVICE_RANGES, cluster_defaults.SERVICE_RANGE
    )
    api_server = lookup(body, ("properties", "apiServerAccessProfile"))
    # With VNet integration the API server is in its own subnet, without it behind a private
    # endpoint among the nodes.
    integrated = lookup(api_server, ("enableVnetIntegration",)) is True
    provisioning = lookup(body, ("properties", "nodeProvisioningProfile", "mode"))
    pools = tuple(_read_pool(pool, body) for pool in estate.children(resource.id, POOL))
    return Cluster(
        resource=resource,
        plugin=plugin,
        pools=pools,
        pods=pods if plugin.has_pod_range and known else (),
        services=services if known else (),
        # Newer api versions have no such property; what older ones answered is still read.
        bridges=_stated_ranges(body, ("dockerBridgeCidr",)),
        dns_address=_dns_address(body),
        api_server_subnet=parse_resource_id(lookup(api_server, ("subnetId",)))
        if integrated
        else None,
        has_private_link=lookup(api_server, ("enablePrivateCluster",)) is True and not integrated,
        provisions_nodes=str(provisioning).lower() == "auto",
    )


def _with_plugin(body: Mapping[str, Value]) -> Body:
    """Return a cluster's body with the default network plugin where none is stated."""
    properties = lookup(body, ("properties",))
    network = lookup(properties, ("networkProfile",))
    known: Body = network if isinstance(network, Mapping) else {}
    stated: Body = properties if isinstance(properties, Mapping) else {}
    completed = cast(Body, {**body, "properties": {**stated, "networkProfile": known}})
    defaults = cluster_defaults.network_plugin(completed)
    return {**completed, "properties": {**stated, "networkProfile": {**known, **defaults}}}


def _plugin_of(body: Body) -> Plugin:
    network = lookup(body, ("properties", "networkProfile"))
    plugin = str(lookup(network, ("networkPlugin",))).lower()
    if plugin == "azure":
        overlay = str(lookup(network, ("networkPluginMode",))).lower() == "overlay"
        return Plugin.OVERLAY if overlay else Plugin.FLAT
    return Plugin.KUBENET if plugin == "kubenet" else Plugin.NONE


def _stated_ranges(body: Body, names: Iterable[str]) -> tuple[IpRange, ...]:
    """Return the ranges of the first of several properties that has any.

    Texts that are no ranges are left out. A list that is known in part counts as unknown.
    """
    for name in names:
        stated = lookup(body, ("properties", "networkProfile", name))
        listed = stated if isinstance(stated, (list, tuple)) else [stated]
        if not is_known(stated):
            return ()
        texts = [text for text in listed if isinstance(text, str) and text]
        found = [_read_bridge(text) if "Bridge" in name else read_range(text) for text in texts]
        if texts:
            return tuple(one for one in found if one is not None)
    return ()


def _read_bridge(text: str) -> IpRange | None:
    """Return the range of a bridge, whose property gives the bridge's own address in it."""
    try:
        return ipaddress.ip_interface(text).network
    except ValueError:
        return None


def _default_range(body: Body, names: Iterable[str], default: object) -> tuple[IpRange, ...]:
    """Return the default range where none is stated; nothing where one is still unknown."""
    stated = [lookup(body, (*_NETWORK, name)) for name in names]
    is_silent = all(each in (ABSENT, None, "", [], ()) for each in stated)
    found = read_range(default) if is_silent else None
    return (found,) if found is not None else ()


def _dns_address(body: Body) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    stated = lookup(body, ("properties", "networkProfile", "dnsServiceIP"))
    text = cluster_defaults.DNS_SERVICE_ADDRESS if stated in (ABSENT, None, "") else stated
    if not isinstance(text, str):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _read_pool(resource: Resource, cluster: Body) -> Pool:
    properties = lookup(resource.body, ("properties",))
    nodes = _max_node_count(properties)
    surge_text = read_surge(properties)
    max_pods = lookup(properties, ("maxPods",))
    # StaticBlock gives each node blocks of 16 when it is created; DynamicIndividual gives batches
    # as pods start.
    is_static_block = str(lookup(properties, ("podIPAllocationMode",))).lower() == "staticblock"
    return Pool(
        resource=resource,
        nodes=nodes,
        surge=count_surge(surge_text, nodes or 0),
        surge_text=surge_text,
        max_pods=max_pods
        if isinstance(max_pods, int) and max_pods
        else _default_max_pods(cluster, lookup(properties, ("podSubnetID",))),
        subnet=parse_resource_id(lookup(properties, ("vnetSubnetID",))),
        pod_subnet=parse_resource_id(lookup(properties, ("podSubnetID",))),
        static=is_static_block,
    )


def _default_max_pods(cluster: Body, pod_subnet: object) -> int:
    """Return the maximum number of pods of a node, by default.

    Pods that take addresses of a subnet of their own are 110 a node (guidelines.md §2.2).
    """
    # Other defaults hold by plugin: 30 for flat Azure CNI, 250 for overlay (guidelines.md §2.2).
    return 110 if isinstance(pod_subnet, str) else cluster_defaults.most_pods(cluster)


def _max_node_count(properties: object) -> int | None:
    """Return the maximum node count of a pool.

    It is the autoscaler's maximum, or the stated count.
    """
    counts = list(_node_counts(properties))
    return sum(c for c in counts if c is not None) if counts and None not in counts else None


def _node_counts(properties: object) -> Iterator[int | None]:
    # Pools of type VirtualMachines have a count for each of several sizes.
    scale = lookup(properties, ("virtualMachinesProfile", "scale"))
    if isinstance(scale, Mapping):
        manual = lookup(scale, ("manual",))
        for profile in manual if isinstance(manual, (list, tuple)) else ():
            yield whole(lookup(profile, ("count",)))
        if isinstance(lookup(scale, ("autoscale",)), Mapping):
            yield whole(lookup(scale, ("autoscale", "maxCount")))
        return
    autoscales = lookup(properties, ("enableAutoScaling",)) is True
    yield whole(lookup(properties, ("maxCount" if autoscales else "count",)))
