"""Size checks of the pod and service ranges of clusters, as recommendations.

What is wrong with their form, with the address of DNS among them, and with the number of pods of a
node is a service rule (`service_rules/tables/cluster_ranges.py`, `agent_pool_scale.py`).

Source: guidelines.md §2.2 and §3.2, with the documentation that they name.
"""

from collections.abc import Iterator

from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.resource_id import ResourceId
from provisioner.network.addresses.cluster_ranges import Cluster, Plugin
from provisioner.network.addresses.demand import describe_nodes
from provisioner.network.addresses.plan import AddressPlan

_NODE_PREFIX = 24
"""Each node takes a /24 of the pod range."""

_LARGEST_SERVICES = 12
_LONGEST_NAME = 63


def check_clusters(plan: AddressPlan) -> Iterator[Diagnostic]:
    """Yield what is wrong with the ranges and the pools of the clusters of a plan."""
    for cluster in plan.clusters:
        yield from _check_pod_range(cluster)
        yield from _check_service_range(cluster)
        yield from _check_node_counts(cluster)
        yield from _check_networks(cluster)


def _check_pod_range(cluster: Cluster) -> Iterator[Diagnostic]:
    nodes = sum(pool.most for pool in cluster.pools)
    for one in cluster.pods:
        if one.version != 4:
            continue
        # By blocks, not addresses: a node takes its /24 whole, however few pods it runs.
        blocks = 2 ** (_NODE_PREFIX - one.prefixlen) if one.prefixlen <= _NODE_PREFIX else 0
        if nodes > blocks:
            prefix = _NODE_PREFIX - (nodes - 1).bit_length()
            yield warning(
                "small-pod-range",
                f"{cluster.resource.label}: {describe_nodes(cluster.pools)}; each takes a "
                f"/{_NODE_PREFIX} of the pod range: {nodes:,} x 256 = {nodes * 256:,} addresses "
                f"are needed, {one} has {one.num_addresses:,}, enough for {blocks:,} nodes.",
                cluster.resource.span,
                f"A /{prefix} is enough for {2 ** (_NODE_PREFIX - prefix):,} nodes.",
            )


def _check_service_range(cluster: Cluster) -> Iterator[Diagnostic]:
    label, span = cluster.resource.label, cluster.resource.span
    for one in cluster.services:
        if one.version == 4 and one.prefixlen <= _LARGEST_SERVICES:
            yield warning(
                "large-service-range",
                f"{label}: the service range {one} has {one.num_addresses:,} addresses; it has to "
                f"be smaller than a /{_LARGEST_SERVICES}, {2 ** (32 - _LARGEST_SERVICES):,}.",
                span,
                f"Give it a /{_LARGEST_SERVICES + 1} or smaller.",
            )


def _check_node_counts(cluster: Cluster) -> Iterator[Diagnostic]:
    unbounded = [pool.name for pool in cluster.pools if pool.nodes is None]
    # Node auto-provisioning has no maxCount; its limits are in NodePool objects of the cluster.
    if unbounded or cluster.provisions_nodes:
        what = (
            f"it is not known how many nodes {', '.join(unbounded)} may have"
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


def _check_networks(cluster: Cluster) -> Iterator[Diagnostic]:
    networks = cluster.networks
    if len(networks) > 1:
        yield warning(
            "several-networks",
            f"{cluster.resource.label}: the subnets of its pools are in {len(networks)} networks, "
            f"{' and '.join(network.name for network in networks)}; AKS takes one.",
            cluster.resource.span,
            "Move them into one network.",
        )
    # Only overlay nodes carry these names in labels.
    if cluster.plugin is Plugin.OVERLAY:
        yield from _check_names(cluster, networks)


def _check_names(cluster: Cluster, networks: tuple[ResourceId, ...]) -> Iterator[Diagnostic]:
    """Yield names that are too long for the labels of overlay nodes.

    guidelines.md §2.2: these names are in labels, which have 63 characters at most.
    """
    named = [("subnet", subnet.name) for subnet in cluster.subnets]
    named += [("network", network.name) for network in networks]
    named += [("resource group", network.resource_group or "") for network in networks]
    for what, name in dict.fromkeys(named):
        if len(name) > _LONGEST_NAME:
            yield warning(
                "long-name",
                f"{cluster.resource.label}: the {what} {name!r} has {len(name)} characters; Azure "
                f"CNI overlay takes {_LONGEST_NAME} at most.",
                cluster.resource.span,
                "Choose a shorter name.",
            )
