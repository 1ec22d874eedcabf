"""Kubernetes versions: offered in the region, under the support plan of the cluster.

Source: "Supported Kubernetes versions in AKS", "Long-term support"; the list of versions that AKS
answers for a region (`values[]` of `isPreview`, `capabilities.supportPlan`, `patchVersions`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from provisioner.catalog.endpoints import KUBERNETES_VERSIONS
from provisioner.catalog.kubernetes_versions import LONG_TERM
from provisioner.catalog.node_pools import CLUSTER, POOL
from provisioner.catalog.version_changes import pool_goes_with_control_plane
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.values import Body, is_empty, lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_subscription
from provisioner.preflight.check import Check
from provisioner.preflight.planned_changes import PlannedChanges, Write


@dataclass(frozen=True, slots=True)
class _StatedVersion:
    write: Write
    property: str
    version: str
    region: str
    plan: object


def _queries_for(intent: PlannedChanges) -> Iterator[AzureQuery]:
    return (_versions_query(wanted) for wanted in _stated_versions(intent))


def _diagnostics_for(intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
    for wanted in _stated_versions(intent):
        reply = replies[_versions_query(wanted)]
        if reply.refused is None:
            offered = [entry for item in reply.items for entry in _version_entries(item)]
            yield from _judge_one(wanted, offered)
            yield from _judge_default(intent, wanted, offered)


CHECK = Check("which Kubernetes versions are offered", _queries_for, _diagnostics_for)


def _versions_query(wanted: _StatedVersion) -> AzureQuery:
    subscription = (wanted.write.id.subscription or "").lower()
    # In the version that the cloud at hand speaks of the provider's types.
    endpoint = replace(KUBERNETES_VERSIONS, api_version=wanted.write.type.api_version)
    return ask_subscription(endpoint, subscription, location=wanted.region)


def _stated_versions(intent: PlannedChanges) -> Iterator[_StatedVersion]:
    """Yield the versions that writes state and that do not run already."""
    for write in intent.writes:
        if write.type.name == CLUSTER:
            name, running, cluster = "kubernetesVersion", "currentKubernetesVersion", write.id
        elif write.type.name == POOL and write.id.parent is not None:
            name, cluster = "orchestratorVersion", write.id.parent
            running = "currentOrchestratorVersion"
        else:
            continue
        version = lookup(write.body, ("properties", name))
        region = intent.regions.get(cluster.key)
        if not isinstance(version, str) or not version or region is None:
            continue
        now = None if write.is_new else lookup(write.found, ("properties", running))
        # A minor version is an alias of its newest patch, and what runs is stated as that patch
        # ("Supported Kubernetes versions in AKS").
        if isinstance(now, str) and (now == version or now.startswith(f"{version}.")):
            continue
        yield _StatedVersion(write, name, version, region, _support_plan(intent, cluster.key))


def _support_plan(intent: PlannedChanges, cluster: str) -> object:
    written = next((w.body for w in intent.writes if w.id.key == cluster), None)
    held = intent.found.get(cluster)
    body = written if written is not None else held.body if held else None
    return lookup(body, ("properties", "supportPlan"))


def _version_entries(item: Body) -> list[Mapping[str, object]]:
    values = item.get("values")
    entries = values if isinstance(values, (list, tuple)) else ()
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _judge_one(wanted: _StatedVersion, offered: list[Mapping[str, object]]) -> Iterator[Diagnostic]:
    write, version = wanted.write, wanted.version
    said = f"{write.address}: {wanted.property} {version}"
    entry = next((e for e in offered if _is_offered_by(e, version)), None)
    if entry is None:
        yield error(
            "version-not-offered",
            f"{said} is not offered in {wanted.region}: expected one of "
            f"{', '.join(_supported_minors(offered)) or 'none'}.",
            write.span,
            "State one of these; a minor version takes its newest patch.",
        )
        return
    plans = lookup(entry, ("capabilities", "supportPlan"))
    plans = plans if isinstance(plans, (list, tuple)) else ()
    if list(plans) == [LONG_TERM] and str(wanted.plan).lower() != LONG_TERM.lower():
        yield error(
            "version-long-term-only",
            f"{said} is offered in {wanted.region} only under long-term support: expected "
            f"supportPlan {LONG_TERM}, found {wanted.plan if wanted.plan else 'none'}.",
            write.span,
            f"Take one of {', '.join(_supported_minors(offered))}; or state "
            f"`supportPlan: {LONG_TERM}` and the tier Premium.",
        )
    if entry.get("isPreview") is True:
        yield warning(
            "version-preview",
            f"{said} is a preview in {wanted.region}, without a service level.",
            write.span,
            f"For production take one of {', '.join(_supported_minors(offered))}.",
        )


def _judge_default(
    intent: PlannedChanges, wanted: _StatedVersion, offered: list[Mapping[str, object]]
) -> Iterator[Diagnostic]:
    """Yield an error for a pool whose version does not fit the default of its new cluster.

    A cluster that states no version gets the region's default (`isDefault` of the list).
    """
    default = next((e.get("version") for e in offered if e.get("isDefault") is True), None)
    parent = wanted.write.id.parent
    cluster = next((w for w in intent.writes if parent is not None and w.id == parent), None)
    path = ("properties", "kubernetesVersion")
    if cluster is None or not cluster.is_new or not is_empty(lookup(cluster.body, path)):
        return
    given = {"properties": {"kubernetesVersion": default}}
    reason = pool_goes_with_control_plane(given, wanted.write.body)
    if reason is not None:
        yield error(
            "version-beside-default",
            f"{wanted.write.address}: orchestratorVersion {reason} (Azure answers 400 "
            f"NodePoolMcVersionIncompatible). "
            f"{cluster.address} states no version, and gets the default of {wanted.region}.",
            wanted.write.span,
            f"State kubernetesVersion in {cluster.address}.",
        )


def _is_offered_by(entry: Mapping[str, object], version: str) -> bool:
    patches = entry.get("patchVersions")
    return entry.get("version") == version or (isinstance(patches, Mapping) and version in patches)


def _supported_minors(offered: list[Mapping[str, object]]) -> list[str]:
    """Return the minor versions under standard support, without previews."""
    found = []
    for entry in offered:
        plans = lookup(entry, ("capabilities", "supportPlan"))
        if entry.get("isPreview") is not True and plans not in ([LONG_TERM], (LONG_TERM,)):
            found.append(str(entry.get("version")))
    return sorted(found, key=lambda text: [int(p) for p in text.split(".") if p.isdigit()])
