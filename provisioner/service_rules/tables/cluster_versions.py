"""Kubernetes versions of AKS clusters and node pools: upgrades and version skew.

"AKS error codes" are AKS's own list of error codes ("apierror", Microsoft; guidelines.md §3.2).
"""

from collections.abc import Iterator

from provisioner.catalog.node_pools import CLUSTER, POOL
from provisioner.catalog.version_changes import (
    has_long_term_support,
    pool_goes_with_control_plane,
    refused_cluster_step,
    refused_pool_step,
)
from provisioner.model.estate import Resource
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_CODES = "AKS error codes; guidelines.md §3.2"
_PAGE = "learn.microsoft.com/azure/aks"


def _judge_cluster_step(write: Write) -> Iterator[Refusal]:
    found = refused_cluster_step(write.before or {}, write.after, write.today)
    if found is not None:
        verb = "Upgrading" if found.following else "Downgrading"
        yield Refusal(
            "properties.kubernetesVersion",
            f"{verb} Kubernetes version {found.current} to {found.wanted} is not allowed: "
            f"{found.reason}",
        )


def _judge_pool_step(write: Write) -> Iterator[Refusal]:
    cluster = write.parent
    may_skip = not isinstance(cluster, Resource) or has_long_term_support(cluster.body)
    found = refused_pool_step(write.before or {}, write.after, write.today, may_skip=may_skip)
    if found is not None:
        yield Refusal(
            "properties.orchestratorVersion",
            f"Upgrade agent pool version from {found.current} to {found.wanted} is not allowed: "
            f"{found.reason}",
        )


def _judge_version(write: Write) -> Iterator[Refusal]:
    cluster = write.parent
    if isinstance(cluster, Resource):
        reason = pool_goes_with_control_plane(cluster.body, write.after)
        if reason is not None:
            yield Refusal("properties.orchestratorVersion", reason)


def _judge_versions(write: Write) -> Iterator[Refusal]:
    """Yield pools that a new version of the cluster does not allow.

    Those that the cluster's body states are evaluated each by itself.
    """
    for pool in write.neighbours.children(write.id, POOL):
        reason = pool_goes_with_control_plane(write.after, pool.body)
        if reason is not None:
            shown = f"orchestratorVersion of the pool {pool.id.name}: {reason}"
            yield Refusal("properties.kubernetesVersion", shown)


RULES = (
    ServiceRule(
        id="cluster-version-step",
        type=CLUSTER,
        code="OperationNotAllowed",
        source=(
            "Troubleshoot AKS upgrade errors because of version skew; rancher/dashboard#11884 "
            "(skips), rancher/rancher#24071 (goes back)"
        ),
        judge=_judge_cluster_step,
    ),
    ServiceRule(
        id="pool-version-step",
        type=POOL,
        code="AgentPoolUpgradeVersionNotAllowed",
        source="kubernetes-sigs/cluster-api-provider-azure#1883 (back); Azure/AKS#1109 (skips)",
        judge=_judge_pool_step,
    ),
    ServiceRule(
        id="pool-version-of-cluster",
        type=POOL,
        code="NodePoolMcVersionIncompatible",
        source=f"{_CODES}; {_PAGE}/supported-kubernetes-versions",
        judge=_judge_version,
    ),
    ServiceRule(
        id="cluster-version-of-pools",
        type=CLUSTER,
        code="NodePoolMcVersionIncompatible",
        source=f"{_CODES}; {_PAGE}/supported-kubernetes-versions",
        judge=_judge_versions,
    ),
)
