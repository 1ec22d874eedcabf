"""Which changes of a Kubernetes version AKS makes, for a cluster and for its node pools.

Sources: "Upgrade an AKS cluster" (no minor version is skipped, but out of one that is no longer
supported; nothing goes back), "Supported Kubernetes versions in AKS" (a pool is at most three minor
versions older than its control plane, from 1.28 on, two before that, and never newer), and the
errors OperationNotAllowed and NodePoolMcVersionIncompatible of "Troubleshoot AKS upgrades".
"""

from collections.abc import Mapping

from provisioner.catalog.kubernetes_versions import OFFERED
from provisioner.model.values import Body, lookup

Version = tuple[int, ...]

_WIDER_SKEW = (1, 28)


def cluster_goes_one_minor_up(before: Body, after: Body) -> str | None:
    """Tell why AKS does not take the control plane from one version to the other, or None."""
    return _refuse_step(before, after, "kubernetesVersion", "currentKubernetesVersion")


def pool_goes_one_minor_up(before: Body, after: Body) -> str | None:
    """Tell why AKS does not take a node pool from one version to the other, or None."""
    return _refuse_step(before, after, "orchestratorVersion", "currentOrchestratorVersion")


def pool_goes_with_control_plane(
    cluster: Mapping[str, object], pool: Mapping[str, object]
) -> str | None:
    """Tell why a node pool cannot be beside the version of its control plane, or None."""
    plane = _parse(lookup(cluster, ("properties", "kubernetesVersion")))
    nodes = _parse(lookup(pool, ("properties", "orchestratorVersion")))
    if len(plane) < 2 or len(nodes) < 2 or plane[0] != nodes[0]:
        return None
    shared = min(len(plane), len(nodes))
    if nodes[:shared] > plane[:shared]:
        return (
            f"orchestratorVersion {_text(nodes)} is newer than the control plane's "
            f"{_text(plane)}: upgrade the cluster first"
        )
    allowed = 3 if plane[:2] >= _WIDER_SKEW else 2
    if plane[1] - nodes[1] > allowed:
        return (
            f"orchestratorVersion {_text(nodes)} is more than {allowed} minor versions older than "
            f"the control plane's {_text(plane)}: upgrade the node pool first, to "
            f"{plane[0]}.{plane[1] - allowed} or later"
        )
    return None


def _refuse_step(before: Body, after: Body, name: str, running: str) -> str | None:
    wanted = _parse(lookup(after, ("properties", name)))
    stated = _parse(lookup(before, ("properties", name)))
    current = _parse(lookup(before, ("properties", running))) or stated
    if len(wanted) < 2 or len(current) < 2:
        return None
    shared = min(len(wanted), len(current))
    if wanted[:shared] < current[:shared]:
        return f"{name} cannot go back from {_text(current)} to {_text(wanted)}: AKS only upgrades"
    is_supported = current[:2] >= min(_parse(one.minor) for one in OFFERED)
    if is_supported and wanted[0] == current[0] and wanted[1] > current[1] + 1:
        following = f"{current[0]}.{current[1] + 1}"
        return (
            f"{name} cannot go from {_text(current)} to {_text(wanted)}, as AKS skips no minor "
            f"version: upgrade to {following} first"
        )
    return None


def _parse(version: object) -> Version:
    """Return the numbers of a version, none for what is no version (a value known after apply)."""
    parts = version.split(".") if isinstance(version, str) else []
    return tuple(map(int, parts)) if parts and all(map(str.isdigit, parts)) else ()


def _text(version: Version) -> str:
    return ".".join(map(str, version))
