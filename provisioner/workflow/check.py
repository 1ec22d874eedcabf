"""`azsec check`: every control over a state of an environment."""

from collections.abc import Callable, Iterator

from provisioner.catalog import api_versions
from provisioner.catalog.registry import Catalog
from provisioner.controls.frameworks import TITLES, Framework, comply
from provisioner.controls.judging import Result
from provisioner.controls.kinds import CLUSTER, OFFERED_VERSIONS, PROVIDER
from provisioner.controls.telling import places_in, result_documents, waiver_documents
from provisioner.documents.controls import CheckDocument, ComplianceDocument
from provisioner.documents.trace import StateKind
from provisioner.engine.ports import Reader
from provisioner.model.actual import ActualState
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, subscription_id
from provisioner.plan.assembly import documents_of
from provisioner.plan.estates import actual_estate, desired_estate, planned_estate
from provisioner.plan.reads import Answer, Read
from provisioner.workflow.judging import check_waivers_used, judge_state
from provisioner.workflow.plan import Desired, plan_environment


def check_environment(
    desired: Desired, catalog: Catalog, connect: Callable[[], Reader], kind: StateKind
) -> CheckDocument:
    """Return what the controls say of a state of an environment.

    `connect` gives what reads Azure, and is called only for a state that takes reading. Raises
    DiagnosticError for a waiver that waives nothing in the desired state, and what
    `plan_environment` raises.
    """
    results = _judge(desired, catalog, connect, kind)
    return CheckDocument(
        environment=desired.document,
        state=kind.value,
        gate=desired.environment.controls_gate,
        results=result_documents(results, places_in(desired.graph)),
        waivers=waiver_documents(desired.environment.waivers),
        diagnostics=documents_of(desired.diagnostics),
    )


def report_compliance(
    desired: Desired,
    catalog: Catalog,
    connect: Callable[[], Reader],
    kind: StateKind,
    framework: Framework,
) -> ComplianceDocument:
    """Return how far a state of an environment is what a framework asks for. Raises what
    `check_environment` raises."""
    results = _judge(desired, catalog, connect, kind)
    return ComplianceDocument(
        environment=desired.document,
        state=kind.value,
        framework=framework.value,
        title=TITLES[framework],
        requirements=comply(results, framework),
    )


def _judge(
    desired: Desired, catalog: Catalog, connect: Callable[[], Reader], kind: StateKind
) -> tuple[Result, ...]:
    estate, state = _look(desired, catalog, connect, kind)
    results = judge_state(estate, desired.graph, desired.environment, catalog, state)
    if kind is StateKind.DESIRED:
        check_waivers_used(results, desired.environment)
    return results


def _look(
    desired: Desired, catalog: Catalog, connect: Callable[[], Reader], kind: StateKind
) -> tuple[Estate, ActualState | None]:
    graph = desired.graph
    if kind is StateKind.DESIRED:
        return desired_estate(graph, catalog), None
    reader = connect()
    planned = plan_environment(desired, catalog, reader)
    if kind is StateKind.PLANNED:
        return planned_estate(planned.changes, planned.state, graph, catalog), planned.state
    found = actual_estate(planned.state, graph, catalog)
    return Estate.of([*found, *_ask(desired, found, reader)]), planned.state


def _ask(desired: Desired, found: Estate, reader: Reader) -> Iterator[Resource]:
    """Yield what no blueprint states and controls look at: what Azure offers and has registered."""
    reads = [*_provider_reads(desired), *_version_reads(found)]
    for answer in reader.read(reads):
        yield from _told(answer)


def _provider_reads(desired: Desired) -> Iterator[Read]:
    for guid in sorted(set(desired.environment.subscriptions.values())):
        path = f"{subscription_id(guid)}/providers"
        yield Read(path, api_versions.RESOURCES, PROVIDER, True)


def _version_reads(found: Estate) -> Iterator[Read]:
    namespace, kind, versions = OFFERED_VERSIONS.split("/")
    regions = {
        (cluster.id.subscription or "", str(cluster.body.get("location", "")).lower())
        for cluster in found.of_type(CLUSTER)
    }
    for guid, region in sorted(regions):
        path = f"{subscription_id(guid)}/providers/{namespace}/{kind}/{region}/{versions}"
        yield Read(path, api_versions.CONTAINER_SERVICE, OFFERED_VERSIONS, False)


def _told(answer: Answer) -> Iterator[Resource]:
    segments = answer.read.path.split("/")
    scope = subscription_id(segments[2])
    for body in answer.items:
        if answer.read.type == PROVIDER:
            name = str(body.get("namespace", ""))
            yield Resource(ResourceId(PROVIDER, (name,), scope), PROVIDER, body)
        else:
            region = segments[-2]
            named = ResourceId(OFFERED_VERSIONS, (region, "offered"), scope)
            yield Resource(named, OFFERED_VERSIONS, body)
