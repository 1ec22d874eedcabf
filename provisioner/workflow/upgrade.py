"""`azsec upgrade`: the upgrade path of an environment's clusters to a version, and its blockers.

Called by `cli`; nothing is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioner.blueprint.graph import DesiredResource
from provisioner.catalog.kubernetes_calendar import find_support_dates
from provisioner.catalog.maintenance_windows import PURPOSES, describe_schedule, find_openings
from provisioner.catalog.node_pools import POOL, surge_text, whole
from provisioner.catalog.registry import Catalog
from provisioner.catalog.upgrade_channels import describe_image_channel, describe_version_channel
from provisioner.catalog.version_path import (
    CONTROL_PLANE,
    RunningCluster,
    VersionStep,
    find_newest,
    find_path,
    find_refusal,
    minor_of,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.observation import ObservationDocument
from provisioner.documents.upgrade import (
    ChannelDocument,
    ClusterUpgradeDocument,
    MaintenanceWindowDocument,
    ObjectsDocument,
    OpeningDocument,
    PoolUpgradeDocument,
    SurgeQuotaDocument,
    UpgradeDocument,
    UpgradeStepDocument,
    VersionSupportDocument,
)
from provisioner.engine.ports import Source
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.values import Body, lookup
from provisioner.preflight.surge import SurgingPool, find_surge_quotas
from provisioner.workflow.plan import Desired
from provisioner.workflow.upgrade_findings import find_upgrade_problems
from provisioner.workflow.upgrade_objects import describe_upgrade_objects
from provisioner.workflow.upgrade_reader import ClusterReading, find_clusters, read_clusters
from provisioner.workflow.version_parameter import VersionPlace

_OPENINGS = 3
"""The number of next maintenance windows that are shown."""

_STATED, _RUNNING = ("properties", "kubernetesVersion"), ("properties", "currentKubernetesVersion")
_POOL_STATED = ("properties", "orchestratorVersion")
_POOL_RUNNING = ("properties", "currentOrchestratorVersion")


@dataclass(frozen=True, slots=True)
class UpgradeQuestion:
    """The query: a version (None: the newest), and the addresses of clusters (none: all).

    `now` decides which maintenance windows are next, and which versions are out of support.
    """

    version: str | None
    clusters: tuple[str, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Observed:
    """An observation of a cluster, the name of its source, and whether its signature is checked."""

    observation: ObservationDocument
    source: str
    verified: bool


def describe_upgrades(
    desired: Desired,
    catalog: Catalog,
    azure: Source,
    question: UpgradeQuestion,
    observed: Observed | None,
) -> UpgradeDocument:
    """Return the upgrade paths of the clusters of an environment, and the blockers.

    Raises AzureError where nothing can be read, and DiagnosticError too for an environment without
    clusters and for an unknown address.

    Raises:
        DiagnosticError: Where the version is no target (`catalog.version_path.find_refusal`).
    """
    readings = read_clusters(_select_clusters(desired, question), catalog, azure)
    wrong = [problem for each in readings for problem in _refused_targets(each, question)]
    if wrong:
        raise DiagnosticError(*wrong)
    return UpgradeDocument(
        environment=desired.document,
        path=desired.environment.path,
        asked=question.version,
        clusters=tuple(
            _describe_cluster(each, desired, question, _observation_of(each, readings, observed))
            for each in readings
        ),
        diagnostics=tuple(map(DiagnosticDocument.of, desired.diagnostics)),
    )


def find_version_places(document: UpgradeDocument, desired: Desired) -> tuple[VersionPlace, ...]:
    """Return what has to state the requested version.

    It is the clusters that do not run it; where all do, the node pools that state an older one.
    """
    clusters = tuple(
        VersionPlace(each.address, _STATED)
        for each in document.clusters
        if each.running is None or any(s.subject == CONTROL_PLANE for s in each.steps)
    )
    return clusters or tuple(
        VersionPlace(resource.address, _POOL_STATED)
        for each in document.clusters
        for resource in desired.graph
        if resource.type.name == POOL
        and resource.id.parent is not None
        and resource.id.parent.text == each.id
        and any(step.subject == resource.id.name for step in each.steps)
    )


def _select_clusters(desired: Desired, question: UpgradeQuestion) -> list[DesiredResource]:
    clusters = find_clusters(desired.graph)
    if not clusters:
        raise DiagnosticError(
            error("no-cluster", f"{desired.environment.path} has no AKS cluster to upgrade.")
        )
    known = {each.address for each in clusters}
    unknown = [
        error(
            "unknown-address", f"{name} is not a cluster of it.", None, nearest(name, sorted(known))
        )
        for name in question.clusters
        if name not in known
    ]
    if unknown:
        raise DiagnosticError(*unknown)
    return [each for each in clusters if not question.clusters or each.address in question.clusters]


def _refused_targets(reading: ClusterReading, question: UpgradeQuestion) -> Iterator[Diagnostic]:
    """Yield why the requested version is no target.

    Nothing is yielded where the region did not answer: the offered versions are not known then.
    """
    if question.version is None or not reading.offered:
        return
    refusal = find_refusal(_running_cluster(reading, question), question.version)
    if refusal is not None:
        yield error(
            refusal.code,
            f"{reading.resource.address} in {reading.location}: {refusal.message}",
            reading.resource.span,
            refusal.hint,
        )


def _running_cluster(reading: ClusterReading, question: UpgradeQuestion) -> RunningCluster:
    body = reading.body if reading.body is not None else reading.resource.body
    return RunningCluster(
        # `kubernetesVersion` may be a minor version only; the patch version that runs is in the
        # read-only `currentKubernetesVersion` (SDK: `ManagedCluster`).
        version=None
        if reading.body is None
        else _running_or_stated_version(body, _RUNNING, _STATED),
        pools={
            name: _running_or_stated_version(pool, _POOL_RUNNING, _POOL_STATED)
            for name, pool in reading.pools.items()
        },
        # The support plan decides which versions the region offers; Azure fills this default in.
        plan=_non_empty_text(body, ("properties", "supportPlan")) or "KubernetesOfficial",
        offered=reading.offered,
        today=question.now.date().isoformat(),
    )


def _describe_cluster(
    reading: ClusterReading,
    desired: Desired,
    question: UpgradeQuestion,
    observed: Observed | None,
) -> ClusterUpgradeDocument:
    cluster = _running_cluster(reading, question)
    target = question.version or find_newest(cluster)
    steps = find_path(cluster, target) if target is not None and reading.offered else ()
    body = reading.body if reading.body is not None else reading.resource.body
    goal = steps[-1].after if steps else target
    document = ClusterUpgradeDocument(
        address=reading.resource.address,
        id=reading.resource.id.text,
        location=reading.location,
        plan=cluster.plan,
        stated=_non_empty_text(reading.resource.body, _STATED),
        running=cluster.version,
        target=goal,
        steps=tuple(_step_document(step, reading, desired) for step in steps),
        upgrades=reading.upgrades,
        support=tuple(
            _support_documents(cluster, _non_empty_text(reading.resource.body, _STATED), goal)
        ),
        pools=tuple(_pool_document(name, reading, desired, cluster) for name in reading.pools),
        channels=tuple(_channel_documents(reading)),
        windows=tuple(_window_documents(reading, question.now)),
        quotas=tuple(_surge_quota_documents(reading)),
        objects=_objects_document(cluster, goal, observed, question.now),
        unreadable=reading.unreadable,
    )
    problems = find_upgrade_problems(document, body, question.now)
    return document.model_copy(
        update={"findings": tuple(DiagnosticDocument.of(problem) for problem in problems)}
    )


def _step_document(
    step: VersionStep, reading: ClusterReading, desired: Desired
) -> UpgradeStepDocument:
    if step.subject == CONTROL_PLANE:
        states = _non_empty_text(reading.resource.body, _STATED) is not None
    else:
        states = _stated_of_pool(step.subject, reading, desired) is not None
    return UpgradeStepDocument(
        subject=step.subject,
        before=step.before,
        after=step.after,
        # AKS keeps a version that no body states: only a stated one is raised by an apply.
        by="apply" if states and reading.resource.managed else "azure",
    )


def _stated_of_pool(name: str, reading: ClusterReading, desired: Desired) -> str | None:
    """Return the version that the blueprint states for a node pool, None where AKS decides.

    It is in a resource of its own, or in the body of the cluster.
    """
    cluster = reading.resource
    # A pool may be stated twice: in the cluster's body, which AKS requires to create it, and as a
    # resource of its own, to which later changes are sent.
    own = desired.graph.by_id.get(f"{cluster.id.key}/agentpools/{name.lower()}")
    if own is not None:
        return _non_empty_text(own.body, _POOL_STATED)
    profiles = lookup(cluster.body, ("properties", "agentPoolProfiles"))
    for entry in profiles if isinstance(profiles, (list, tuple)) else ():
        if str(lookup(entry, ("name",))).lower() == name.lower():
            return _non_empty_text(entry, _POOL_STATED[1:])
    return None


def _support_documents(
    cluster: RunningCluster, stated: str | None, target: str | None
) -> Iterator[VersionSupportDocument]:
    """Yield the support of each minor version from the running or stated one to the target."""
    if target is None:
        return
    offered = {minor_of(one.minor): one for one in cluster.offered}
    first = minor_of(cluster.version or stated or target)
    supported = {minor_of(one.minor) for one in cluster.supported}
    for minor in range(first, minor_of(target) + 1):
        dates = find_support_dates(minor)
        yield VersionSupportDocument(
            version=f"1.{minor}",
            offered=minor in supported,
            preview=minor in offered and offered[minor].is_preview,
            community_until=dates.community.isoformat() if dates else None,
            long_term_until=dates.long_term.isoformat() if dates else None,
        )


def _pool_document(
    name: str, reading: ClusterReading, desired: Desired, cluster: RunningCluster
) -> PoolUpgradeDocument:
    properties = lookup(reading.pools[name], ("properties",))
    properties = properties if isinstance(properties, Mapping) else {}
    surging = SurgingPool(name, properties)
    settings = lookup(properties, ("upgradeSettings",))
    return PoolUpgradeDocument(
        name=name,
        mode=_non_empty_text(properties, ("mode",)) or "User",
        version=cluster.pools[name],
        stated=_stated_of_pool(name, reading, desired),
        nodes=surging.nodes,
        max_surge=surge_text(properties),
        surge=surging.surge,
        max_unavailable=_non_empty_text(settings, ("maxUnavailable",)) or "0",
        drain_timeout_minutes=whole(lookup(settings, ("drainTimeoutInMinutes",))) or _DRAIN_TIMEOUT,
        soak_minutes=whole(lookup(settings, ("nodeSoakDurationInMinutes",))) or 0,
        undrainable=_non_empty_text(settings, ("undrainableNodeBehavior",)) or "Schedule",
    )


_DRAIN_TIMEOUT = 30
"""The default drain timeout in minutes (SDK: `AgentPoolUpgradeSettings`)."""


def _channel_documents(reading: ClusterReading) -> Iterator[ChannelDocument]:
    """Yield the auto-upgrade channels that Azure answers.

    The effect of an absent channel has changed between releases of AKS, so nothing is stated then.
    """
    profile = lookup(reading.body, ("properties", "autoUpgradeProfile"))
    for name, describe in (
        ("upgradeChannel", describe_version_channel),
        ("nodeOSUpgradeChannel", describe_image_channel),
    ):
        channel = _non_empty_text(profile, (name,))
        if channel is not None:
            yield ChannelDocument(property=name, channel=channel, effect=describe(channel))


def _window_documents(
    reading: ClusterReading, now: datetime
) -> Iterator[MaintenanceWindowDocument]:
    """Yield the maintenance windows of a cluster, those not configured included.

    None are yielded where they could not be read.
    """
    if reading.body is not None and reading.windows is not None:
        bodies = {name.lower(): body for name, body in reading.windows.items()}
        yield from (_window_document(name, bodies.get(name.lower()), now) for name in PURPOSES)


def _window_document(name: str, found: Body | None, now: datetime) -> MaintenanceWindowDocument:
    if found is None:
        return MaintenanceWindowDocument(name=name, purpose=PURPOSES[name])
    properties = lookup(found, ("properties",))
    openings = find_openings(properties, now, _OPENINGS) or ()
    return MaintenanceWindowDocument(
        name=name,
        purpose=PURPOSES[name],
        schedule=describe_schedule(properties),
        next=tuple(
            OpeningDocument(
                start=each.start.isoformat(timespec="minutes"),
                end=each.end.isoformat(timespec="minutes"),
            )
            for each in openings
        ),
    )


def _surge_quota_documents(reading: ClusterReading) -> Iterator[SurgeQuotaDocument]:
    # A quota whose usage or limit was not read would seem to suffice.
    if any(reply.refused is not None for reply in reading.replies.values()):
        return
    pools = [
        SurgingPool(name, properties)
        for name, body in reading.pools.items()
        if isinstance(properties := lookup(body, ("properties",)), Mapping)
    ]
    for quota in find_surge_quotas(pools, reading.subscription, reading.location, reading.replies):
        yield SurgeQuotaDocument(
            quota=quota.quota,
            limit=quota.limit,
            used=quota.used,
            largest=quota.largest,
            all_at_once=quota.all_at_once,
            words=quota.words,
        )


def _observation_of(
    reading: ClusterReading, readings: Sequence[ClusterReading], observed: Observed | None
) -> Observed | None:
    """Return the observation of a cluster.

    Of several it is the one whose API server was reached by the cluster's DNS name: nothing else in
    Azure's answers distinguishes them.
    """
    if observed is None or reading.body is None:
        return None
    if len(readings) == 1:
        return observed
    server = observed.observation.cluster.server.lower()
    # A private cluster has a public name, too, unless `enablePrivateClusterPublicFQDN` is false.
    names = [
        _non_empty_text(reading.body, ("properties", name)) for name in ("fqdn", "privateFQDN")
    ]
    return observed if any(name and name.lower() in server for name in names) else None


def _objects_document(
    cluster: RunningCluster, target: str | None, observed: Observed | None, now: datetime
) -> ObjectsDocument | None:
    if observed is None or target is None or cluster.version is None:
        return None
    found = describe_upgrade_objects(
        observed.observation, observed.source, now, minor_of(cluster.version), minor_of(target)
    )
    return found.model_copy(update={"verified": observed.verified})


def _running_or_stated_version(body: object, running: Sequence[str], stated: Sequence[str]) -> str:
    return _non_empty_text(body, running) or _non_empty_text(body, stated) or ""


def _non_empty_text(body: object, path: Sequence[str]) -> str | None:
    found = lookup(body, path)
    return found if isinstance(found, str) and found else None
