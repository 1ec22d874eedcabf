"""`azsec check`: evaluates every control on one state of an environment.

The state is the desired, planned or actual one. Called by `cli` and `workflow.report`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from provisioner.catalog.endpoints import KUBERNETES_VERSIONS, PROVIDERS
from provisioner.catalog.registry import Catalog
from provisioner.controls.documents import places_in, result_documents, waiver_documents
from provisioner.controls.evaluation_context import survey
from provisioner.controls.frameworks import MANUAL, TITLES, Framework, comply
from provisioner.controls.resource_types import CLUSTER, OFFERED_VERSIONS, PROVIDER
from provisioner.documents.census import (
    KUBERNETES_OBJECTS,
    CensusDocument,
    ClusterCensusDocument,
    UnreadableDocument,
)
from provisioner.documents.controls import (
    VERDICTS,
    CheckDocument,
    ComplianceDocument,
    summarize,
)
from provisioner.documents.trace import StateKind
from provisioner.engine.ports import Source
from provisioner.manifests.observer import LEFT_OUT
from provisioner.model.actual import ActualState, Gap
from provisioner.model.cluster_contents import ClusterContents
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, subscription_id
from provisioner.plan.accepted_additions import Accepted
from provisioner.plan.assembly import documents_of
from provisioner.plan.estates import actual_estate, desired_estate, planned_estate
from provisioner.preflight.azure_queries import AzureQuery, Reply, ask_subscription
from provisioner.workflow.census import count_desired
from provisioner.workflow.plan import Desired, plan_environment
from provisioner.workflow.security_evaluation import (
    SecurityEvaluation,
    check_waivers_used,
    evaluate_context,
)


def check_environment(
    desired: Desired,
    catalog: Catalog,
    connect: Callable[[], Source],
    kind: StateKind,
) -> CheckDocument:
    """Return the results of all controls on a state of an environment, network proofs included.

    `connect` returns the reader of Azure, and is called only for a state that needs it. Raises
    DiagnosticError for a waiver that waives nothing in the desired state, for contents of a cluster
    where there is none or several, and what `plan_environment` raises.
    """
    judgement, census = _evaluate_read_state(desired, catalog, connect, kind)
    return _check_document(desired, kind, judgement, census)


def report_compliance(
    desired: Desired,
    catalog: Catalog,
    connect: Callable[[], Source],
    kind: StateKind,
    framework: Framework,
    now: datetime,
) -> ComplianceDocument:
    """Return how far a state of an environment, read at `now`, meets a framework's requirements.

    Raises what `check_environment` raises.
    """
    judgement, census = _evaluate_read_state(desired, catalog, connect, kind)
    return _compliance_document(desired, kind, judgement, census, (framework, now))


def check_and_comply(
    desired: Desired,
    catalog: Catalog,
    connect: Callable[[], Source],
    kind: StateKind,
    frameworks: Sequence[Framework],
    now: datetime,
) -> tuple[CheckDocument, tuple[ComplianceDocument, ...]]:
    """Return the results of `check_environment` and `report_compliance` for several frameworks.

    The state is read and evaluated once. Raises what `check_environment` raises.
    """
    judgement, census = _evaluate_read_state(desired, catalog, connect, kind)
    return _check_document(desired, kind, judgement, census), tuple(
        _compliance_document(desired, kind, judgement, census, (framework, now))
        for framework in frameworks
    )


def _check_document(
    desired: Desired, kind: StateKind, judgement: SecurityEvaluation, census: CensusDocument
) -> CheckDocument:
    results = result_documents(judgement.results, judgement.gate, places_in(desired.graph))
    return CheckDocument(
        environment=desired.document,
        state=kind.value,
        gate=desired.environment.controls_gate,
        summary=summarize(result.verdict for result in results if not result.is_group),
        results=results,
        waivers=waiver_documents(desired.environment.waivers),
        census=census,
        diagnostics=documents_of(desired.diagnostics),
    )


def _compliance_document(
    desired: Desired,
    kind: StateKind,
    judgement: SecurityEvaluation,
    census: CensusDocument,
    asked: tuple[Framework, datetime],
) -> ComplianceDocument:
    framework, now = asked
    requirements = comply(judgement.results, framework)
    return ComplianceDocument(
        environment=desired.document,
        state=kind.value,
        read_at=None if kind is StateKind.DESIRED else format_minute(now),
        framework=framework.value,
        title=TITLES[framework],
        summary=summarize((found.verdict for found in requirements), (*VERDICTS, MANUAL)),
        requirements=requirements,
        refused=tuple(result.control.id for result in judgement.refused),
        census=census,
    )


def format_minute(moment: datetime) -> str:
    """Return a time to the minute (ISO 8601, UTC)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _evaluate_read_state(
    desired: Desired,
    catalog: Catalog,
    connect: Callable[[], Source],
    kind: StateKind,
) -> tuple[SecurityEvaluation, CensusDocument]:
    read = _read_state(desired, catalog, connect, kind)
    graph, environment, contents = desired.graph, desired.environment, desired.contents
    context = survey(read.estate, graph, catalog, environment, read.state, contents)
    judgement = evaluate_context(context, environment, read.accepted)
    if kind is StateKind.DESIRED:
        check_waivers_used(judgement, desired.environment)
    census = judgement.complete(read.census)
    if contents is not None:
        # An observation covers what the read of Azure leaves out.
        others = [each for each in census.not_covered if each.what != KUBERNETES_OBJECTS]
        update = {
            "cluster": _cluster_census(contents),
            "not_covered": tuple(others),
            "unreadable": (*census.unreadable, *_refused_lists(contents)),
        }
        census = census.model_copy(update=update)
    return judgement, census


def _cluster_census(contents: ClusterContents) -> ClusterCensusDocument:
    return ClusterCensusDocument(
        source=contents.source,
        read_on=contents.read_on.isoformat(),
        objects={kind.text: len(found) for kind, found in sorted(contents.lists.items())},
        benchmark=contents.benchmark.benchmark if contents.benchmark else None,
        verified=contents.verified,
        uid=contents.uid,
    )


def _refused_lists(contents: ClusterContents) -> tuple[UnreadableDocument, ...]:
    """Return the lists that the API server refused to the observer.

    Lists that the observers' roles leave out on purpose do not count: the control that needs one is
    unknown.
    """
    return tuple(
        UnreadableDocument(id=kind.text, listed=kind.text, reason=reason)
        for kind, reason in sorted(contents.refused.items())
        if kind != LEFT_OUT
    )


@dataclass(frozen=True, slots=True)
class _ReadState:
    """A state of an environment, with what was read for it and its accepted additions."""

    estate: Estate
    state: ActualState | None
    census: CensusDocument
    accepted: tuple[Accepted, ...] = ()


def _read_state(
    desired: Desired, catalog: Catalog, connect: Callable[[], Source], kind: StateKind
) -> _ReadState:
    graph = desired.graph
    if kind is StateKind.DESIRED:
        estate = desired_estate(graph, catalog)
        return _ReadState(estate, None, count_desired(estate, graph))
    reader = connect()
    # A plan reads all that controls look at, and this evaluates another state than the plan would:
    # its own assessment would only take time.
    planned = plan_environment(desired, catalog, reader, assess=False)
    state, census, accepted = planned.state, planned.census, planned.changes.accepted
    if kind is StateKind.PLANNED:
        outcome = planned_estate(planned.changes, state, graph, catalog)
        return _ReadState(outcome, state, census, accepted)
    found = actual_estate(state, graph, catalog)
    queries = tuple(_control_queries(desired, found))
    replies = reader.ask([inquiry for _, _, inquiry in queries])
    resources: list[Resource] = []
    gaps: list[Gap] = []
    for (name, named, _), reply in zip(queries, replies, strict=True):
        resources += _resources_in(name, named, reply)
        if reply.refused is not None:
            gaps.append(Gap(name, named, str(reply.refused)))
    census = census.model_copy(
        update={"unreadable": (*census.unreadable, *map(_unread_document, gaps))}
    )
    # Controls of what was refused are unknown: without the gap an absent provider would read as not
    # registered.
    state = replace(state, gaps=(*state.gaps, *gaps))
    return _ReadState(Estate.of([*found, *resources]), state, census, accepted)


def _control_queries(
    desired: Desired, found: Estate
) -> Iterator[tuple[str, ResourceId, AzureQuery]]:
    """Yield the requests for what controls look at and no blueprint states.

    Each is the type, the id of the resource that the answer is about, and the request.
    """
    for guid in sorted(set(desired.environment.subscriptions.values())):
        inquiry = ask_subscription(PROVIDERS, guid, is_list=True)
        yield PROVIDER, subscription_id(guid), inquiry
    # Which versions AKS offers differs by region.
    regions = {
        (cluster.id.subscription or "", str(cluster.body.get("location", "")).lower())
        for cluster in found.of_type(CLUSTER)
    }
    for guid, region in sorted(regions):
        named = ResourceId(OFFERED_VERSIONS, (region, "offered"), subscription_id(guid))
        yield OFFERED_VERSIONS, named, ask_subscription(KUBERNETES_VERSIONS, guid, location=region)


def _resources_in(kind: str, named: ResourceId, reply: Reply) -> Iterator[Resource]:
    for body in reply.items:
        if kind == PROVIDER:
            name = str(body.get("namespace", ""))
            yield Resource(ResourceId(PROVIDER, (name,), named), PROVIDER, body)
        else:
            yield Resource(named, kind, body)


def _unread_document(gap: Gap) -> UnreadableDocument:
    is_list = gap.type == PROVIDER
    listed = gap.type if is_list else None
    return UnreadableDocument(id=gap.scope.text, listed=listed, reason=gap.reason)
