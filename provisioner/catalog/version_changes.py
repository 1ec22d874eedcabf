"""Kubernetes version changes that AKS accepts, for clusters and node pools.

Sources: "Upgrade an AKS cluster" (no minor version is skipped, except out of one that is no longer
supported; nothing goes back), "Supported Kubernetes versions in AKS" (a pool is at most three minor
versions older than its control plane, from 1.28 on, two before that, and never newer), and
"Troubleshoot AKS upgrade errors because of version skew, incompatibility, or lack of support" (its
errors OperationNotAllowed and NodePoolMcVersionIncompatible; a cluster with long-term support may
skip minor versions).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.catalog.kubernetes_versions import LONG_TERM, is_in_support
from provisioner.model.values import ABSENT, lookup

Version = tuple[int, ...]

_WIDER_SKEW = (1, 28)


@dataclass(frozen=True, slots=True)
class Refused:
    """A version change that AKS refuses: both versions, the first minor one between, and why.

    The one between is None for a downgrade.
    """

    current: str
    wanted: str
    following: str | None
    reason: str


def refused_cluster_step(
    before: Mapping[str, object], after: Mapping[str, object], today: str | None
) -> Refused | None:
    """Return why AKS does not take a control plane from one version to the other, or None.

    `today` (`2026-12-31`; None where it is not known) tells which versions are out of support.
    """
    return _refuse_step(
        lookup(after, ("properties", "kubernetesVersion")),
        lookup(before, ("properties", "currentKubernetesVersion")),
        lookup(before, ("properties", "kubernetesVersion")),
        may_skip=has_long_term_support(before) or has_long_term_support(after),
        today=today,
    )


def refused_pool_step(
    before: Mapping[str, object], after: Mapping[str, object], today: str | None, *, may_skip: bool
) -> Refused | None:
    """Return why AKS refuses a version change of a node pool, or None.

    `may_skip` is whether its cluster has long-term support, or may have it.
    """
    return _refuse_step(
        lookup(after, ("properties", "orchestratorVersion")),
        lookup(before, ("properties", "currentOrchestratorVersion")),
        lookup(before, ("properties", "orchestratorVersion")),
        may_skip=may_skip,
        today=today,
    )


def has_long_term_support(cluster: Mapping[str, object]) -> bool:
    """Return whether a cluster has the support plan AKSLongTermSupport, or may: it is not known."""
    plan = lookup(cluster, ("properties", "supportPlan"))
    known = plan is ABSENT or plan is None or isinstance(plan, str)
    return not known or str(plan).lower() == LONG_TERM.lower()


def pool_goes_with_control_plane(
    cluster: Mapping[str, object], pool: Mapping[str, object]
) -> str | None:
    """Return why a node pool's version is incompatible with its control plane's, or None."""
    plane = _parse_version(lookup(cluster, ("properties", "kubernetesVersion")))
    nodes = _parse_version(lookup(pool, ("properties", "orchestratorVersion")))
    if len(plane) < 2 or len(nodes) < 2 or plane[0] != nodes[0]:
        return None
    shared = min(len(plane), len(nodes))
    if nodes[:shared] > plane[:shared]:
        return (
            f"{_version_text(nodes)} is newer than the control plane's "
            f"{_version_text(plane)}: upgrade the cluster first"
        )
    allowed = most_minors_behind(plane[1])
    if plane[1] - nodes[1] > allowed:
        return (
            f"{_version_text(nodes)} is more than {allowed} minor versions older than "
            f"the control plane's {_version_text(plane)}: upgrade the node pool first, to "
            f"{plane[0]}.{plane[1] - allowed} or later"
        )
    return None


def most_minors_behind(minor: int) -> int:
    """Return how many minor versions older than a control plane of 1.`minor` its pools may be."""
    return 3 if (1, minor) >= _WIDER_SKEW else 2


def _refuse_step(
    asked: object, running: object, stated: object, *, may_skip: bool, today: str | None
) -> Refused | None:
    wanted, current = _parse_version(asked), _parse_version(running) or _parse_version(stated)
    if len(wanted) < 2 or len(current) < 2:
        return None
    shared = min(len(wanted), len(current))
    if wanted[:shared] < current[:shared]:
        return Refused(_version_text(current), _version_text(wanted), None, "AKS only upgrades")
    skips = wanted[0] == current[0] and wanted[1] > current[1] + 1
    if not skips or may_skip or not is_in_support(_version_text(current), today):
        return None
    following = f"{current[0]}.{current[1] + 1}"
    reason = f"AKS skips no minor version, upgrade to {following} first"
    return Refused(_version_text(current), _version_text(wanted), following, reason)


def _parse_version(version: object) -> Version:
    """Return the numbers of a version, none for what is no version (a value known after apply)."""
    parts = version.split(".") if isinstance(version, str) else []
    return tuple(map(int, parts)) if parts and all(map(str.isdigit, parts)) else ()


def _version_text(version: Version) -> str:
    return ".".join(map(str, version))
