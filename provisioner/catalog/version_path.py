"""The upgrade path of a cluster: the versions that control plane and node pools go through.

Sources: "Upgrade an AKS cluster" and "Supported Kubernetes versions in AKS" (a supported cluster
goes one minor version at a time, one with long-term support may skip some, one that is out of
support goes to the oldest supported version or further), Kubernetes' "Version Skew Policy" (nodes
are never newer than the API server, and at most three minor versions older from 1.28 on).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.catalog.kubernetes_versions import (
    COMMUNITY,
    LONG_TERM,
    OfferedVersion,
    is_in_support,
)
from provisioner.catalog.version_changes import most_minors_behind
from provisioner.model.values import lookup

CONTROL_PLANE = "control plane"


@dataclass(frozen=True, slots=True)
class VersionStep:
    """One step of an upgrade: the control plane, or a node pool by name, to the next version.

    `after` is a patch (`1.35.4`), or a minor version where no patch of it is known.
    """

    subject: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class VersionRefusal:
    """Why a version is no target: a stable code, what is wrong, and what to do."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """What determines a cluster's upgrades: versions, support plan, and what its region offers.

    Versions of pools are by name. It has no version before it exists; `today` is `2026-12-31`.
    """

    version: str | None
    pools: Mapping[str, str]
    plan: str
    offered: tuple[OfferedVersion, ...]
    today: str | None = None

    @property
    def is_long_term(self) -> bool:
        """Whether it has long-term support."""
        return self.plan.lower() == LONG_TERM.lower()

    @property
    def may_skip(self) -> bool:
        """Whether it may skip minor versions."""
        return self.is_long_term or not (self.version and is_in_support(self.version, self.today))

    @property
    def supported(self) -> tuple[OfferedVersion, ...]:
        """The versions of its region under its plan, in ascending order, without previews."""
        plan = LONG_TERM if self.is_long_term else COMMUNITY
        found = [one for one in self.offered if plan in one.plans and not one.is_preview]
        return tuple(sorted(found, key=lambda one: numbers_of(one.minor)))


def read_offered(answer: object) -> tuple[OfferedVersion, ...]:
    """Return the versions in the answer of a region (AKS "List Kubernetes Versions")."""
    values = lookup(answer, ("values",))
    entries = values if isinstance(values, (list, tuple)) else ()
    return tuple(_read_offered(entry) for entry in entries if isinstance(entry, Mapping))


def _read_offered(entry: Mapping[str, object]) -> OfferedVersion:
    patches, plans = entry.get("patchVersions"), lookup(entry, ("capabilities", "supportPlan"))
    named = [str(patch) for patch in patches] if isinstance(patches, Mapping) else []
    return OfferedVersion(
        str(entry.get("version")),
        tuple(sorted((p for p in named if numbers_of(p)), key=numbers_of)),
        tuple(map(str, plans)) if isinstance(plans, (list, tuple)) else (COMMUNITY,),
        entry.get("isPreview") is True,
    )


def read_upgrades(profile: object) -> tuple[str, ...]:
    """Return the versions that an upgrade profile offers the control plane, in ascending order.

    Source: AKS "Managed Clusters - Get Upgrade Profile".
    """
    found = lookup(profile, ("properties", "controlPlaneProfile", "upgrades"))
    entries = found if isinstance(found, (list, tuple)) else ()
    versions = {str(lookup(entry, ("kubernetesVersion",))) for entry in entries}
    return tuple(sorted((v for v in versions if numbers_of(v)), key=numbers_of))


def numbers_of(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, none for what is no version."""
    parts = version.split(".")
    return tuple(map(int, parts)) if len(parts) > 1 and all(map(str.isdigit, parts)) else ()


def minor_of(version: str) -> int:
    """Return the 35 of 1.35 and of 1.35.4; -1 for what is no version."""
    numbers = numbers_of(version)
    return numbers[1] if numbers else -1


def find_newest(cluster: RunningCluster) -> str | None:
    """Return the newest version that a cluster can reach under its plan, in its region.

    None where the region offers none.
    """
    supported = cluster.supported
    return _patch_of(supported[-1]) if supported else None


def find_refusal(cluster: RunningCluster, target: str) -> VersionRefusal | None:
    """Return why a version is no target for a cluster, None where it is one.

    Refused are what is no version, unknown versions, those that its support plan does not cover,
    downgrades, and skips of minor versions, with the steps that it takes instead.
    """
    wanted, current = numbers_of(target), numbers_of(cluster.version or "")
    choices = ", ".join(one.minor for one in cluster.supported) or "none"
    if not wanted:
        return VersionRefusal(
            "wrong-version",
            f"{target!r} is not a version of Kubernetes: expected one as 1.35 or 1.35.4.",
            f"Offered are {choices}.",
        )
    offered = next((one for one in cluster.offered if target in (one.minor, *one.patches)), None)
    if offered is None:
        return VersionRefusal(
            "version-not-offered",
            f"Kubernetes {target} is not offered: expected one of {choices}.",
            "A minor version takes its newest patch.",
        )
    shared = min(len(wanted), len(current))
    if wanted[:shared] < current[:shared]:
        return VersionRefusal(
            "version-downgrade",
            f"Kubernetes {target} is older than {cluster.version}, which runs.",
            "AKS only upgrades. A new cluster can have the older version.",
        )
    plan = LONG_TERM if cluster.is_long_term else COMMUNITY
    if plan not in offered.plans:
        return VersionRefusal(
            "version-out-of-support",
            f"Kubernetes {target} has no support under the plan {plan}.",
            f"Take one of {choices}, or `supportPlan: {LONG_TERM}` with the tier Premium.",
        )
    if current and wanted[1] > current[1] + 1 and not cluster.may_skip:
        steps = [f"1.{minor}" for minor in range(current[1] + 1, wanted[1] + 1)]
        way = " -> ".join((str(cluster.version), *steps))
        return VersionRefusal(
            "version-skipped",
            f"Kubernetes {target} skips {' and '.join(steps[:-1])}: AKS upgrades {cluster.version} "
            "one minor version at a time.",
            f"Take the steps {way}, each with its own apply: --kubernetes-version {steps[0]} "
            "first.",
        )
    return None


def find_path(cluster: RunningCluster, target: str) -> tuple[VersionStep, ...]:
    """Return the steps from where a cluster is to a version, in their order.

    The control plane goes first in each minor version, and the pools follow one minor version at a
    time; a pool that would fall too far behind goes before the control plane.
    """
    if cluster.version is None:
        return ()
    pools = dict(cluster.pools)
    plane = cluster.version
    steps: list[VersionStep] = []
    for version in _plane_versions(cluster, target):
        least = minor_of(version) - most_minors_behind(minor_of(version))
        for name, nodes in pools.items():
            if minor_of(nodes) < least and not cluster.may_skip:
                allowed = _on_the_way(cluster, nodes, f"1.{least}")
                steps += _version_steps(name, nodes, allowed)
                pools[name] = allowed[-1] if allowed else nodes
        steps.append(VersionStep(CONTROL_PLANE, plane, version))
        plane = version
        for name, nodes in pools.items():
            after = [version] if cluster.may_skip else _on_the_way(cluster, nodes, version)
            steps += _version_steps(name, nodes, after)
            pools[name] = after[-1] if after else nodes
    if not steps:
        for name, nodes in pools.items():
            steps += _version_steps(name, nodes, _on_the_way(cluster, nodes, plane))
    return tuple(steps)


def _plane_versions(cluster: RunningCluster, target: str) -> list[str]:
    """Return the versions that the control plane goes through.

    A minor version that runs already is met by any of its patches: to state it again upgrades
    nothing ("Supported Kubernetes versions in AKS", alias minor version).
    """
    running = cluster.version or ""
    if len(numbers_of(target)) == 2 and minor_of(target) == minor_of(running):
        return []
    found = _resolve_version(cluster.offered, target)
    if cluster.may_skip:
        return [found] if numbers_of(found) > numbers_of(running) else []
    return _on_the_way(cluster, running, found)


def _on_the_way(cluster: RunningCluster, before: str, after: str) -> list[str]:
    """Return the versions from one to another, one of each minor version on the way."""
    target = _resolve_version(cluster.offered, after)
    between = range(minor_of(before) + 1, minor_of(target))
    found = [_resolve_version(cluster.offered, f"1.{minor}") for minor in between]
    return [*found, target] if _is_newer(target, before) else []


def _is_newer(version: str, than: str) -> bool:
    one, other = numbers_of(version), numbers_of(than)
    shared = min(len(one), len(other))
    return one[:shared] > other[:shared]


def _version_steps(subject: str, before: str, versions: Iterable[str]) -> Iterator[VersionStep]:
    for version in versions:
        yield VersionStep(subject, before, version)
        before = version


def _resolve_version(offered: Sequence[OfferedVersion], version: str) -> str:
    """Return the newest patch of a minor version, and any other version as it is."""
    known = next((one for one in offered if one.minor == version), None)
    return version if known is None else _patch_of(known)


def _patch_of(offered: OfferedVersion) -> str:
    return max(offered.patches, key=numbers_of) if offered.patches else offered.minor
