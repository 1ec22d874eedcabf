"""CLU-06: Kubernetes version, automatic upgrades and maintenance windows; `nodes` has the node OS.

Facts: guidelines.md §1.2; AKS "Planned maintenance", "Upgrade options".
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from provisioner.controls.aks.kubernetes_versions import (
    LOCATION,
    PLAN,
    POOL_RUNNING,
    POOL_STATED,
    RUNNING,
    STATED,
    TIER,
    VALUES,
    cluster_of,
    minor_of,
    supported_minors,
    version_of,
)
from provisioner.controls.control import (
    MAPPED_BY_PARTS,
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.predicates import Predicate, between, is_set, one_of, show
from provisioner.controls.resource_types import CLUSTER, OFFERED_VERSIONS, POOL, WINDOW
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import Unknown, is_empty, lookup

ITEM = "Upgrading and maintaining hosts, AppArmor, Linux capabilities filter, OS security patching"
_UPGRADES = "properties.autoUpgradeProfile"
_SCHEDULE = "properties.maintenanceWindow.schedule"
_NOT_ALLOWED = "properties.maintenanceWindow.notAllowedDates"
_SETTINGS = "properties.upgradeSettings"
_WINDOWS = ("default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule")
_SKEW = 2
"""How many minors nodes may be behind their cluster: what is older is out of support."""


def _is_above_zero(found: object) -> bool:
    """Return whether a number of nodes, or a share of them in percent, is more than none."""
    # maxSurge is a string, "1" or "33%".
    text = str(found).removesuffix("%").strip()
    return text.isascii() and text.isdigit() and bool(text.strip("0"))


_ABOVE_ZERO = Predicate(_is_above_zero, "a number or a percentage above 0")
_LONGEST_WAIT = {
    "aksManagedNodeOSUpgradeSchedule": 31, "aksManagedAutoUpgradeSchedule": 93, "default": 31,
}  # fmt: skip
"""The most days from a window to the next, by what it is for: patches of nodes come out each week,
minor versions about every four months."""
_DAYS = {"daily": 1, "weekly": 7, "absoluteMonthly": 31, "relativeMonthly": 31}
_INTERVALS = {
    "daily": "intervalDays", "weekly": "intervalWeeks",
    "absoluteMonthly": "intervalMonths", "relativeMonthly": "intervalMonths",
}  # fmt: skip


def _judge_version(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a cluster runs a version that is supported."""
    version = version_of(cluster, RUNNING, STATED)
    minor, supported = minor_of(version), supported_minors(cluster)
    if isinstance(version, Unknown):
        yield cluster.unknown(STATED, f"kubernetesVersion is {version}")
    # Without kubernetesVersion AKS takes its default version at creation, and answers it in the
    # actual state.
    elif is_empty(version):
        yield cluster.passes(
            STATED, ("kubernetesVersion is not set: AKS selects a supported version")
        )
    elif minor in supported:
        yield cluster.passes(STATED, f"Kubernetes {version} is supported")
    else:
        names = ", ".join(f"1.{found}" for found in sorted(supported))
        yield cluster.fails(STATED, f"Kubernetes {version} is out of support, expected {names}")


def _judge_pool(pool: Subject) -> Iterator[Observation]:
    """Judge whether a pool is not ahead of its cluster, and not far behind."""
    # Kubernetes allows kubelets to be behind the API server and never ahead of it ("Version Skew
    # Policy").
    cluster = cluster_of(pool)
    version = version_of(pool, POOL_RUNNING, POOL_STATED)
    if cluster is None or is_empty(version):
        return  # It gets the version of its cluster.
    minor, leading = minor_of(version), minor_of(version_of(cluster, RUNNING, STATED))
    if minor is None or leading is None:
        yield pool.unknown(POOL_STATED, f"Kubernetes {show(version)} cannot be compared")
    elif minor > leading:
        yield pool.fails(
            POOL_STATED, (f"Kubernetes {version} is newer than the version of its cluster")
        )
    elif minor < leading - _SKEW or minor not in supported_minors(cluster):
        yield pool.fails(POOL_STATED, f"Kubernetes {version} on its nodes is out of support")
    else:
        yield pool.passes(POOL_STATED, f"Kubernetes {version} is supported")


def _judge_windows(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a cluster has a maintenance configuration of each kind."""
    # Azure answers the names of maintenance configurations in lower case (guidelines.md §3.1).
    found = {window.name.lower() for window in cluster.children(WINDOW)}
    missing = [name for name in _WINDOWS if name.lower() not in found]
    if missing:
        yield cluster.fails("", f"maintenanceConfigurations {' and '.join(missing)} are missing")
    else:
        yield cluster.passes("", "all maintenance configurations exist")


def _judge_schedule(window: Subject) -> Iterator[Observation]:
    """Judge whether a window recurs; that of AKS's own releases has to do so each week."""
    stated = window.value(_SCHEDULE)
    # AKS accepts a weekly schedule alone for `default` (guidelines.md CLU-06.4).
    kinds = ("weekly", "daily", "absoluteMonthly", "relativeMonthly")
    allowed = kinds[:1] if window.name.lower() == "default" else kinds
    kind = next((kind for kind in allowed if not is_empty(lookup(stated, (kind,)))), None)
    if kind is None:
        expected = " or ".join(allowed)
        yield window.fails(_SCHEDULE, f"schedule is {show(stated)}, expected {expected}")
        return
    days = _days_between_windows(stated) or _DAYS[kind]
    names = {name.lower(): most for name, most in _LONGEST_WAIT.items()}
    most = names.get(window.name.lower(), 31)
    if days > most:
        evidence = f"schedule is {kind}, every {days} days"
        yield window.fails(_SCHEDULE, f"{evidence}, expected an interval of {most} days at most")
    else:
        yield window.passes(_SCHEDULE, f"schedule is {kind}, every {days} days")


def _days_between_windows(schedule: object) -> int | None:
    """Return how many days pass from a window to the next, None for a schedule without a kind."""
    kind = next((kind for kind in _DAYS if not is_empty(lookup(schedule, (kind,)))), None)
    if kind is None:
        return None
    # The intervals default to one; a month counts as 31 days, its longest.
    interval = lookup(schedule, (kind, _INTERVALS[kind]))
    return _DAYS[kind] * (interval if isinstance(interval, int) else 1)


def _judge_freezes(window: Subject) -> Iterator[Observation]:
    """Judge whether the days without maintenance are few enough in a row."""
    spans = window.entries(_NOT_ALLOWED)
    dates = [found for span in spans if (found := _parse_span(span)) is not None]
    if len(dates) < len(spans):
        yield window.unknown(_NOT_ALLOWED, "an entry of notAllowedDates has no start or no end")
        return
    longest = _longest_freeze(dates, _days_between_windows(window.value(_SCHEDULE)) or 1)
    if longest > _LONGEST_FREEZE:
        evidence = f"notAllowedDates excludes {longest} consecutive days"
        yield window.fails(_NOT_ALLOWED, f"{evidence}, expected {_LONGEST_FREEZE} at most")
    elif spans:
        yield window.passes(
            _NOT_ALLOWED, (f"notAllowedDates excludes {longest} consecutive days at most")
        )


_LONGEST_FREEZE = 45


def _longest_freeze(spans: Iterable[tuple[date, date]], wait: int) -> int:
    """Return the most days in a row without maintenance, at a window every so many days.

    Days between two spans count where they are too few for a window to be among them.
    """
    longest, start, last = 0, date.min, date.min
    for begin, end in sorted(spans):
        # With a weekly window, six free days between two freezes may hold no window at all.
        if (begin - last).days > wait:
            start, last = begin, end
        last = max(last, end)
        longest = max(longest, (last - start).days + 1)
    return longest


def _parse_span(span: Mapping[str, object]) -> tuple[date, date] | None:
    try:
        start = date.fromisoformat(str(span.get("start")))
        end = date.fromisoformat(str(span.get("end")))
    except ValueError:
        return None
    return start, end


_SUPPORT = (RUNNING, STATED, PLAN, TIER, LOCATION)

CONTROLS = (
    Control(
        id="CLU-06",
        title="Clusters and nodes are patched and hardened",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale="Attackers exploit known vulnerabilities that are not patched.",
        synonyms=terms("patching; hardening; upgrade; maintenance; OS updates"),
        modes=(),
        unmapped=MAPPED_BY_PARTS,
    ),
    Control(
        id="CLU-06.1",
        title="The Kubernetes version is supported (kubernetesVersion)",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale=(
            "Unsupported versions receive no security patches. AKS supports the latest "
            "three minor versions, and older ones with long-term support."
        ),
        synonyms=terms(
            "Kubernetes version; end of life; EOL; out of support; LTS; orchestratorVersion; n-2"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties: {kubernetesVersion: "1.35"}
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              properties: {orchestratorVersion: "1.35"}
        """,
        rules=(
            rule(CLUSTER, _judge_version, *_SUPPORT, others={OFFERED_VERSIONS: (VALUES,)}),
            rule(
                POOL,
                _judge_pool,
                POOL_RUNNING,
                POOL_STATED,
                others={CLUSTER: _SUPPORT, OFFERED_VERSIONS: (VALUES,)},
            ),
        ),
        limits=(
            "Offline, the supported versions are those in the catalog of azsec; `--of actual` "
            "queries Azure."
        ),
        mappings=Mappings(
            policies=("fb893a29-21bb-418c-a157-e99480ec364c",),
            psrule=("Azure.AKS.Version", "Azure.AKS.PoolVersion"),
        ),
    ),
    Control(
        id="CLU-06.2",
        title="Automatic cluster upgrade is enabled (upgradeChannel)",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale="Manual upgrades are postponed, and the cluster runs with known vulnerabilities.",
        synonyms=terms("auto-upgrade; autoUpgradeProfile; upgradeChannel; patch channel"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                autoUpgradeProfile: {upgradeChannel: patch}
        """,
        rules=(
            expect(
                CLUSTER,
                f"{_UPGRADES}.upgradeChannel",
                one_of("patch", "stable", "rapid", "node-image"),
            ),
        ),
        limits=(
            "Whether an upgrade succeeded is not visible. The channel node-image does not "
            "upgrade the Kubernetes version."
        ),
        mappings=Mappings(
            policies=("5c345cdf-2049-47e0-b8fe-b0e96bc2df35",),
            checkov=("CKV_AZURE_171",),
            psrule=("Azure.AKS.AutoUpgrade",),
        ),
    ),
    Control(
        id="CLU-06.3",
        title="Automatic node OS security patching is enabled (nodeOSUpgradeChannel)",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale="AKS tests node OS patches and rolls them out to every node within days.",
        synonyms=terms(
            "node OS patching; security updates; unattended upgrades; kured; nodeOSUpgradeChannel; "
            "NodeImage; SecurityPatch"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                autoUpgradeProfile: {nodeOSUpgradeChannel: NodeImage}
        """,
        rules=(
            expect(
                CLUSTER, f"{_UPGRADES}.nodeOSUpgradeChannel", one_of("SecurityPatch", "NodeImage")
            ),
        ),
        limits=("Whether every node has the latest patch is not visible."),
        mappings=Mappings(
            policies=(
                "04408ca5-aa10-42ce-8536-98955cdddd4c",
                "40f1aee2-4db4-4b74-acb1-c6972e24cca8",
            ),
            psrule=("Azure.AKS.NodeAutoUpgrade",),
        ),
    ),
    Control(
        id="CLU-06.4",
        title="Planned maintenance windows are configured (maintenanceConfigurations)",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale=(
            "Upgrades at an inconvenient time are switched off by operators. Windows "
            "shorter than four hours do not complete upgrades."
        ),
        synonyms=terms(
            "maintenance window; aksManagedAutoUpgradeSchedule; aksManagedNodeOSUpgradeSchedule; "
            "planned maintenance; change window"
        ),
        remediation="".join(
            f"""
            {name}:
              type: Microsoft.ContainerService/managedClusters/maintenanceConfigurations
              parent: ${{cluster.id}}
              properties:
                maintenanceWindow:
                  schedule: {{weekly: {{intervalWeeks: 1, dayOfWeek: Sunday}}}}
                  durationHours: 4
                  startTime: "01:00"
            """.rstrip(" ")
            for name in _WINDOWS
        ),
        rules=(
            rule(CLUSTER, _judge_windows, others={WINDOW: ()}),
            rule(WINDOW, _judge_schedule, _SCHEDULE),
            rule(WINDOW, _judge_freezes, _NOT_ALLOWED, _SCHEDULE),
            expect(WINDOW, "properties.maintenanceWindow.durationHours", between(4, 24)),
            expect(WINDOW, "properties.maintenanceWindow.startTime", is_set()),
        ),
        limits=(
            "A `startDate` in the future is not evaluated, because the current date is not "
            "an input of a control."
        ),
        mappings=Mappings(
            policies=("e1352e44-d34d-4e4d-a22e-451a15f759a1",),
            psrule=("Azure.AKS.MaintenanceWindow",),
        ),
    ),
    Control(
        id="CLU-06.6",
        title="Upgrades drain nodes gracefully (maxSurge, drainTimeoutInMinutes)",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item=ITEM,
        rationale="Upgrades that interrupt workloads are postponed.",
        synonyms=terms(
            "PDB; PodDisruptionBudget; surge; drain; rolling upgrade; maxUnavailable; availability"
        ),
        remediation="""
            pool:
              type: Microsoft.ContainerService/managedClusters/agentPools
              properties:
                upgradeSettings: {maxSurge: 33%, drainTimeoutInMinutes: 30}
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            expect(POOL, f"{_SETTINGS}.maxSurge", _ABOVE_ZERO),
            expect(POOL, f"{_SETTINGS}.drainTimeoutInMinutes", between(1, 1440)),
        ),
        evidence=(
            "`kubectl get poddisruptionbudgets -A` shows a budget that allows disruptions "
            "for each workload"
        ),
        limits=("PodDisruptionBudgets that allow no disruption are visible only in the cluster."),
        unmapped=NO_EQUIVALENT,
    ),
)
