"""Kubernetes versions of a cluster and its pools, and which of them are supported.

Facts: guidelines.md CLU-06.1; "Supported Kubernetes versions in AKS", "Long-term support".

Called by controls of the chapters.
"""

import re
from collections.abc import Mapping

from provisioner.catalog.kubernetes_versions import COMMUNITY, LONG_TERM, OFFERED
from provisioner.controls.resource_types import CLUSTER, OFFERED_VERSIONS
from provisioner.controls.subject import Subject
from provisioner.model.values import Unknown, is_empty, lookup

STATED, RUNNING = "properties.kubernetesVersion", "properties.currentKubernetesVersion"
POOL_STATED = "properties.orchestratorVersion"
POOL_RUNNING = "properties.currentOrchestratorVersion"
PLAN, TIER, LOCATION = "properties.supportPlan", "sku.tier", "location"
VALUES = "values"
CLUSTER_READS: Mapping[str, tuple[str, ...]] = {CLUSTER: (RUNNING, STATED)}
"""What a rule over pools reads that asks which Kubernetes one runs, by type."""
_VERSION = re.compile(r"1\.(\d+)(\.\d+)?(-.*)?")


def version_of(subject: Subject, running: str, stated: str) -> object:
    """Return what runs, or else what is asked for; Azure alone tells the first."""
    # kubernetesVersion 1.35 stands for a patch version that AKS selects and upgrades;
    # currentKubernetesVersion is the one that runs.
    found = subject.value(running)
    return found if isinstance(found, str) and found else subject.value(stated)


def cluster_of(pool: Subject) -> Subject | None:
    """Return the cluster of a pool, or None where the state does not have it."""
    return pool.at(pool.id.parent.text) if pool.id.parent else None


def kubernetes_of(pool: Subject) -> object:
    """Return the Kubernetes that a pool runs: that of its cluster where it says none."""
    version = version_of(pool, POOL_RUNNING, POOL_STATED)
    cluster = cluster_of(pool)
    return version_of(cluster, RUNNING, STATED) if is_empty(version) and cluster else version


def minor_of(version: object) -> int | None:
    """Return the 35 of 1.35 or 1.35.4, or None where that is unknown."""
    found = _VERSION.fullmatch(version) if isinstance(version, str) else None
    return int(found[1]) if found else None


def supported_minors(cluster: Subject) -> frozenset[int]:
    """Return the minor versions that a cluster is supported on.

    They are those that its region offers, where Azure was queried, or else those that the catalog
    knows; those of long-term support where it pays for that. A preview is none of them.
    """
    # Long-term support needs both: the plan, and the Premium tier that pays for it (guidelines.md
    # CLU-06.1).
    has_long_term_support = cluster.value(PLAN) == LONG_TERM and cluster.value(TIER) == "Premium"
    plans = {COMMUNITY, LONG_TERM} if has_long_term_support else {COMMUNITY}
    offered = _offered_versions(cluster)
    if offered is None:
        known = [(one.minor, one.is_preview, one.plans) for one in OFFERED]
    else:
        known = [
            (str(entry.get("version")), entry.get("isPreview") is True, _support_plans(entry))
            for entry in offered.entries(VALUES)
        ]
    found = (
        minor_of(name)
        for name, preview, version_plans in known
        if not preview and plans & {*version_plans}
    )
    return frozenset(minor for minor in found if minor is not None)


def _offered_versions(cluster: Subject) -> Subject | None:
    location = cluster.value(LOCATION)
    region = "" if isinstance(location, Unknown) else str(location).replace(" ", "").lower()
    for found in cluster.all(OFFERED_VERSIONS):
        is_same_subscription = found.id.subscription == cluster.id.subscription
        if is_same_subscription and found.id.names[0].lower() == region:
            return found
    return None


def _support_plans(entry: object) -> tuple[str, ...]:
    found = lookup(entry, ("capabilities", "supportPlan"))
    return tuple(map(str, found)) if isinstance(found, (list, tuple)) else ()
