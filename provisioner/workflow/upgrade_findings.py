"""Findings about an upgrade: an error blocks the path, a warning informs who upgrades.

Sources: AKS, "Stop cluster upgrades automatically on API breaking changes" (deprecated APIs that
were called in the last 12 hours, and `forceUpgrade`), "Upgrade an AKS cluster" (surge, drains),
"Use planned maintenance" (windows are for what AKS does by itself), and where each fact is
evaluated. Called by `workflow.upgrade`.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from provisioner.catalog.upgrade_channels import find_channel_conflict
from provisioner.catalog.version_changes import pool_goes_with_control_plane
from provisioner.catalog.version_path import CONTROL_PLANE, minor_of
from provisioner.cluster.disruption import DrainBlockKind
from provisioner.documents.upgrade import ApiUseDocument, ClusterUpgradeDocument
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.provisioning import is_failed, is_transitional, provisioning_state
from provisioner.model.values import lookup

_SOON = timedelta(days=60)
_NAMED = 3
_BLOCKING = (DrainBlockKind.BLOCKED.value, DrainBlockKind.SEVERAL.value)


def find_upgrade_problems(
    cluster: ClusterUpgradeDocument, body: Mapping[str, object], now: datetime
) -> tuple[Diagnostic, ...]:
    """Return the findings about a cluster's upgrade.

    `body` is the cluster in Azure, or in the blueprint where it does not exist.
    """
    return tuple(
        (
            *_support_findings(cluster, now.date()),
            *_channel_findings(cluster, body, now),
            *(_path_findings(cluster, body) if cluster.steps else ()),
            *(_object_findings(cluster) if cluster.steps else ()),
            *(_quota_findings(cluster) if cluster.steps else ()),
        )
    )


def _support_findings(cluster: ClusterUpgradeDocument, today: date) -> Iterator[Diagnostic]:
    running = next(iter(cluster.support), None)
    if cluster.running is None or running is None:
        return
    is_long = cluster.plan.lower() == "akslongtermsupport"
    last = running.long_term_until if is_long else running.community_until
    if last is None:
        return
    words = "long-term support" if is_long else "community support"
    end = date.fromisoformat(last)
    if end < today:
        yield warning("version-unsupported", f"{words} of {running.version} ended on {end}.")
    elif end - today <= _SOON:
        yield warning("support-ends", f"{words} of {running.version} ends on {end}.")


def _channel_findings(
    cluster: ClusterUpgradeDocument, body: Mapping[str, object], now: datetime
) -> Iterator[Diagnostic]:
    named = (each.channel for each in cluster.channels if each.property == "upgradeChannel")
    channel = next(named, "")
    if cluster.stated is not None:
        conflict = find_channel_conflict(channel, cluster.stated)
        if conflict is not None:
            yield warning(
                "channel-conflict",
                f"{conflict}.",
                None,
                "State a minor version and the channel patch, or leave the version out.",
            )
    windows = {each.name: each for each in cluster.windows}
    window = windows.get("aksManagedAutoUpgradeSchedule")
    if channel.lower() in ("patch", "stable", "rapid") and window and window.schedule is None:
        yield warning(
            "no-window",
            f"the channel {channel} has no window aksManagedAutoUpgradeSchedule: AKS upgrades at a "
            "time of its own.",
        )
    for window in cluster.windows:
        if window.schedule is not None and not window.next:
            yield warning("window-closed", f"the window {window.name} does not open any more.")
    settings = lookup(body, ("properties", "upgradeSettings", "overrideSettings"))
    if lookup(settings, ("forceUpgrade",)) is True and _is_ahead(lookup(settings, ("until",)), now):
        yield warning(
            "force-upgrade",
            "forceUpgrade is on: AKS upgrades although clients call API versions that are removed.",
        )


def _is_ahead(until: object, now: datetime) -> bool:
    try:
        found = datetime.fromisoformat(str(until).replace("Z", "+00:00"))
    except ValueError:
        return True  # A time that cannot be read may be ahead.
    return found.tzinfo is None or found > now


def _path_findings(
    cluster: ClusterUpgradeDocument, body: Mapping[str, object]
) -> Iterator[Diagnostic]:
    state = provisioning_state(body)
    if is_failed(body):
        yield error(
            "cluster-failed",
            f"the last write of the cluster ended as {state}.",
            None,
            "Repair it first: azsec plan ENV shows how.",
        )
    elif is_transitional(body):
        yield warning("in-progress", f"Azure still works on the cluster: {state}.")
    first = next((step for step in cluster.steps if step.subject == CONTROL_PLANE), None)
    # The region states what it offers, the upgrade profile to what this cluster may go.
    if first is not None and cluster.upgrades and first.after not in cluster.upgrades:
        yield error(
            "upgrade-not-offered",
            f"Azure does not offer this cluster {first.after}: its upgrade profile has "
            f"{', '.join(cluster.upgrades)}.",
        )
    if any(entry.preview for entry in cluster.support):
        yield warning("version-preview", "a preview is on the path: it has no service level.")
    for pool in cluster.pools:
        reason = pool_goes_with_control_plane(
            {"properties": {"kubernetesVersion": cluster.running}},
            {"properties": {"orchestratorVersion": pool.version}},
        )
        if reason is not None:
            yield warning("version-skew", f"pool {pool.name}: {reason}.")
    by_azure = sorted({s.subject for s in cluster.steps if s.by == "azure"})
    if by_azure:
        yield warning(
            "not-by-apply",
            f"the blueprint states no version for {', '.join(by_azure)}: no apply upgrades it.",
            None,
            "State orchestratorVersion (kubernetesVersion) there, or upgrade it in Azure.",
        )


def _object_findings(cluster: ClusterUpgradeDocument) -> Iterator[Diagnostic]:
    objects = cluster.objects
    if objects is None:
        yield warning(
            "not-observed",
            "the objects of the cluster were not observed: nothing is evaluated of API versions, "
            "disruption budgets and pods.",
            None,
            "Who reaches the API server writes an observation: azsec cluster observe ENV --out "
            "FILE. Then: --observation FILE.",
        )
        return
    if minor_of(objects.version) != minor_of(cluster.running or ""):
        yield warning(
            "observed-before",
            f"the observation is of Kubernetes {objects.version}, and {cluster.running} runs.",
            None,
            "Observe the cluster again: azsec cluster observe ENV.",
        )
    for unread in objects.unreadable:
        yield warning("not-observed", f"not observed: {unread}.")
    if objects.unobserved:
        yield warning(
            "not-observed",
            "not observed, although an API version of it is removed: "
            f"{', '.join(objects.unobserved)}.",
        )
    target = minor_of(cluster.target or "")
    for use in objects.apis:
        yield _api_finding(use, target, minor_of(cluster.running or ""))
    for each in objects.hindrances:
        severity = error if each.kind in _BLOCKING else warning
        yield severity("drain-hindered", f"{each.address}: {each.reason}.", None, each.hint)


def _api_finding(use: ApiUseDocument, target: int, running: int) -> Diagnostic:
    named = ", ".join(use.objects[:_NAMED])
    more = f" and {len(use.objects) - _NAMED} more" if len(use.objects) > _NAMED else ""
    instead = f"Use {use.successor}." if use.successor else "It has no successor that is known."
    what = f"{use.api_version} {use.kind} ({named}{more})"
    how = ", by what kubectl applied last" if use.how == "applied" else ""
    removed = minor_of(use.removed)
    if removed > target:
        return warning("api-deprecated", f"{what} is removed in {use.removed}{how}.", None, instead)
    if removed <= running:
        return warning("api-removed", f"{what} is not served any more{how}.", None, instead)
    return error("api-removed", f"{what} is not served from {use.removed} on{how}.", None, instead)


def _quota_findings(cluster: ClusterUpgradeDocument) -> Iterator[Diagnostic]:
    for quota in cluster.quotas:
        if quota.limit is None or quota.used is None:
            yield warning("not-checked", f"Azure answers no quota {quota.quota}.")
            continue
        available = quota.limit - quota.used
        account = f"quota {quota.quota}: {available} of {quota.limit} vCPUs are left"
        hint = f"Ask for more of {quota.quota}, or lower maxSurge."
        if quota.largest > available:
            yield error("quota-exceeded", f"{account}, a surge takes {quota.largest}.", None, hint)
        elif quota.all_at_once > available:
            yield warning(
                "quota-short",
                f"{account}, and all surges at once take {quota.words} = {quota.all_at_once}.",
                None,
                hint,
            )
