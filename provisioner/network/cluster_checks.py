"""Whether the ranges inside of a cluster are of a size and shape that AKS takes.

Source: guidelines.md §2.2 and §3.2, with the documentation that they name.
"""

from collections.abc import Iterator

from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.ranges import IpRange
from provisioner.model.resource_id import ResourceId
from provisioner.network.address_plan import AddressPlan
from provisioner.network.cluster_ranges import Cluster, Plugin, Pool
from provisioner.network.demand import describe_nodes

_NODE_PREFIX = 24
"""Each node takes a /24 of the pod range."""

_LARGEST_SERVICES = 12
_MAX_PODS = (10, 250)
_LEAST_PODS = 30
_LONGEST_NAME = 63


def check_clusters(plan: AddressPlan) -> Iterator[Diagnostic]:
    """Yield what is wrong with the ranges and the pools of the clusters of a plan."""
    for cluster in plan.clusters:
        for path, text in cluster.wrong:
            yield error(
                "wrong-range",
                f"{cluster.resource.label}: {path} is {text!r}, which is none.",
                cluster.resource.span,
                "Write a range as 10.0.0.0/16, without host bits, and an address as 10.0.0.10.",
            )
        yield from _check_pods(cluster)
        yield from _check_services(cluster)
        yield from _check_pools(cluster)
        yield from _check_networks(cluster)


def _check_pods(cluster: Cluster) -> Iterator[Diagnostic]:
    nodes = sum(pool.most for pool in cluster.pools)
    for one in cluster.pods:
        if one.version != 4:
            continue
        blocks = 2 ** (_NODE_PREFIX - one.prefixlen) if one.prefixlen <= _NODE_PREFIX else 0
        if nodes > blocks:
            prefix = _NODE_PREFIX - (nodes - 1).bit_length()
            yield error(
                "small-pod-range",
                f"{cluster.resource.label}: {describe_nodes(cluster.pools)}; each takes a "
                f"/{_NODE_PREFIX} of the pod range: {nodes:,} x 256 = {nodes * 256:,} addresses "
                f"are needed, {one} has {one.num_addresses:,}, enough for {blocks:,} nodes.",
                cluster.resource.span,
                f"A /{prefix} is enough for {2 ** (_NODE_PREFIX - prefix):,} nodes.",
            )


def _check_services(cluster: Cluster) -> Iterator[Diagnostic]:
    label, span = cluster.resource.label, cluster.resource.span
    for one in cluster.services:
        if one.version == 4 and one.prefixlen <= _LARGEST_SERVICES:
            yield error(
                "large-service-range",
                f"{label}: the service range {one} has {one.num_addresses:,} addresses; it has to "
                f"be smaller than a /{_LARGEST_SERVICES}, {2 ** (32 - _LARGEST_SERVICES):,}.",
                span,
                f"Give it a /{_LARGEST_SERVICES + 1} or smaller.",
            )
    address = cluster.dns_address
    if address is None or not cluster.services:
        return
    holding = next((one for one in cluster.services if address in one), None)
    wrong = _wrong_address(address, holding, cluster)
    if wrong is not None:
        base = holding or cluster.services[0]
        yield error(
            "wrong-dns-address",
            f"{label}: dnsServiceIP {address} {wrong}.",
            span,
            f"{base[10]} is a usual one." if base.num_addresses > 11 else "Choose another.",
        )


def _wrong_address(address: object, holding: IpRange | None, cluster: Cluster) -> str | None:
    if holding is None:
        return f"lies outside of the service range {', '.join(map(str, cluster.services))}"
    if address == holding[0]:
        return f"is the address of the service range {holding} itself"
    if address == holding[1]:
        return f"is the first of {holding}, which is that of the Kubernetes API"
    if holding.version == 4 and address == holding[-1]:
        return f"is the last of {holding}, its broadcast address"
    return None


def _check_pools(cluster: Cluster) -> Iterator[Diagnostic]:
    for pool in cluster.pools:
        yield from _check_pool(pool)
    unbounded = [pool.name for pool in cluster.pools if pool.nodes is None]
    if unbounded or cluster.provisions_nodes:
        what = (
            f"nobody says how many nodes {', '.join(unbounded)} may have"
            if unbounded
            else "node auto-provisioning makes nodes without a limit"
        )
        yield warning(
            "unknown-nodes",
            f"{cluster.resource.label}: {what}, so whether its subnets are large enough is not "
            "known beyond what is stated.",
            cluster.resource.span,
            "Leave room in the subnets."
            if cluster.provisions_nodes
            else "State maxCount or count.",
        )


def _check_pool(pool: Pool) -> Iterator[Diagnostic]:
    least, most = _MAX_PODS
    if not least <= pool.max_pods <= most:
        yield error(
            "wrong-max-pods",
            f"{pool.resource.label}: maxPods is {pool.max_pods}; AKS takes {least} to {most}.",
            pool.resource.span,
            "Change maxPods.",
        )
    elif pool.nodes and pool.nodes * pool.max_pods < _LEAST_PODS:
        yield error(
            "wrong-max-pods",
            f"{pool.resource.label}: {pool.nodes} nodes of {pool.max_pods} pods hold "
            f"{pool.nodes * pool.max_pods}; a pool has to hold {_LEAST_PODS} at least.",
            pool.resource.span,
            "Change maxPods, or the number of nodes.",
        )


def _check_networks(cluster: Cluster) -> Iterator[Diagnostic]:
    networks = cluster.networks
    if len(networks) > 1:
        yield error(
            "several-networks",
            f"{cluster.resource.label}: the subnets of its pools are in {len(networks)} networks, "
            f"{' and '.join(network.name for network in networks)}; AKS takes one.",
            cluster.resource.span,
            "Move them into one network.",
        )
    if cluster.plugin is Plugin.OVERLAY:
        yield from _check_names(cluster, networks)


def _check_names(cluster: Cluster, networks: tuple[ResourceId, ...]) -> Iterator[Diagnostic]:
    """guidelines.md §2.2: these names are in labels of overlay nodes, of 63 characters at most."""
    named = [("subnet", subnet.name) for subnet in cluster.subnets]
    named += [("network", network.name) for network in networks]
    named += [("resource group", network.resource_group or "") for network in networks]
    for what, name in dict.fromkeys(named):
        if len(name) > _LONGEST_NAME:
            yield error(
                "long-name",
                f"{cluster.resource.label}: the {what} {name!r} has {len(name)} characters; Azure "
                f"CNI overlay takes {_LONGEST_NAME} at most.",
                cluster.resource.span,
                "Choose a shorter name.",
            )
