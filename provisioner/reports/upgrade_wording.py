"""Wording of upgrades, shared by text and Markdown."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.upgrade import (
    ClusterUpgradeDocument,
    MaintenanceWindowDocument,
    ObjectsDocument,
    OpeningDocument,
    PoolUpgradeDocument,
    SurgeQuotaDocument,
    UpgradeDocument,
    UpgradeStepDocument,
    VersionSupportDocument,
    WrittenVersionDocument,
)
from provisioner.model.diagnostic import Severity
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import NOT_VERIFIED, joined

WINDOWS_NOTE = "for what AKS does by itself; an apply upgrades at once"
NOT_OBSERVED = "not observed"
_BY = {"apply": "by azsec apply", "azure": "not by an apply"}


def versions_of(cluster: ClusterUpgradeDocument) -> str:
    """Return the current and the target version of a cluster: 1.34.7 -> 1.35.4."""
    if cluster.running is None:
        return f"not created yet, states {plain(cluster.stated or 'no version')}"
    if cluster.steps:
        return f"{plain(cluster.running)} -> {plain(cluster.target or '')}"
    if cluster.unreadable:
        return f"{plain(cluster.running)}, not all could be read"
    return f"{plain(cluster.running)}, up to date"


def step_by(step: UpgradeStepDocument) -> str:
    """Return who takes a step."""
    return _BY[step.by]


def support_words(support: VersionSupportDocument) -> str:
    """Return how long a version is supported."""
    if support.community_until is None:
        dates = "end of support not known"
    else:
        dates = (
            f"community support until {support.community_until}, "
            f"long-term until {support.long_term_until}"
        )
    offer = "preview" if support.preview else "offered" if support.offered else "not offered"
    return f"{dates}; {offer}"


def pool_words(pool: PoolUpgradeDocument) -> str:
    """Return how a pool is upgraded."""
    return (
        f"{plural(pool.nodes, 'node')}, maxSurge {plain(pool.max_surge)} "
        f"({plural(pool.surge, 'node')}), maxUnavailable {plain(pool.max_unavailable)}, drain "
        f"timeout {pool.drain_timeout_minutes} min, soak {pool.soak_minutes} min, undrainable: "
        f"{plain(pool.undrainable)}"
    )


def window_items(window: MaintenanceWindowDocument) -> list[str]:
    """Return how often a window opens, and when it does next."""
    if window.schedule is None:
        return ["not configured"]
    openings = list(map(opening_words, window.next)) or ["no opening in the next two years"]
    return [plain(window.schedule), *openings]


def opening_words(opening: OpeningDocument) -> str:
    """Return when a window is open: 2026-12-06 01:00-05:00 +00:00."""
    start, end = datetime.fromisoformat(opening.start), datetime.fromisoformat(opening.end)
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
    zone = opening.start[-6:]
    return f"{start:%Y-%m-%d %H:%M}-{last} {'UTC' if zone == '+00:00' else zone}"


def quota_words(quota: SurgeQuotaDocument) -> str:
    """Return how much of a quota the surge nodes take, and how much is left."""
    needed = f"surges take {plain(quota.words)} = {quota.all_at_once}"
    if quota.limit is None or quota.used is None:
        return f"not known; {needed}"
    return f"{quota.limit - quota.used} of {quota.limit} vCPUs left; {needed}"


def objects_words(objects: ObjectsDocument) -> str:
    """Return how many objects of a cluster were read, and the findings in them.

    These are uses of API versions that the upgrade removes, and hindrances of node drains.
    """
    looked = (
        f"{plural(objects.objects, 'object')}, {plural(objects.pods, 'pod')} and "
        f"{plural(objects.budgets, 'disruption budget')} of Kubernetes {plain(objects.version)}"
    )
    found = (
        f"{len(objects.apis)} uses of API versions that go, {len(objects.hindrances)} hindrances"
    )
    source = joined((plain(objects.source), "" if objects.verified else NOT_VERIFIED))
    return f"{looked}, seen {plain(objects.age)} ({source}): {found} of drains"


def written_words(written: WrittenVersionDocument) -> str:
    """Return the values that were written to the environment's file."""
    before = "added" if written.before is None else f"{plain(written.before)} ->"
    place = plain(written.place)
    return f"{place}  {plain(written.parameter)}  {before} {plain(written.after)}"


def also_words(document: UpgradeDocument) -> Iterator[str]:
    """Yield what else the written values change, a line each."""
    yield from (f"also sets {plain(each)}" for each in document.also)


def findings_of(cluster: ClusterUpgradeDocument, severity: Severity) -> list[DiagnosticDocument]:
    """Return the findings of a severity for a cluster."""
    return [told for told in cluster.findings if told.severity is severity]


def finding_words(told: DiagnosticDocument) -> str:
    """Return a finding with its hint."""
    return plain(f"{told.message} {told.hint or ''}".strip())


def upgrade_summary(document: UpgradeDocument) -> str:
    """Return the number of clusters by state (to upgrade, blocked, up to date) and of findings."""
    counts = Counter(_state_words(cluster) for cluster in document.clusters)
    told = ", ".join(f"{number} {state}" for state, number in counts.items())
    blocking = sum(len(findings_of(c, Severity.ERROR)) for c in document.clusters)
    warnings = sum(len(findings_of(c, Severity.WARNING)) for c in document.clusters)
    return f"{told} · {blocking} blocking, {plural(warnings, 'warning')}"


def _state_words(cluster: ClusterUpgradeDocument) -> str:
    if cluster.running is None:
        return "not created"
    if cluster.blocked:
        return "blocked"
    if cluster.steps:
        return "to upgrade"
    return "up to date" if cluster.up_to_date else "unknown"


def next_words(document: UpgradeDocument) -> Iterator[str]:
    """Yield the commands to run next, where a version was written."""
    if document.written:
        yield f"azsec plan {plain(document.path)}"
