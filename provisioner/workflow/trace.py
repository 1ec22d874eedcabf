"""`azsec trace`: the flow path of packets, and the element that decides it.

Called by `cli`, and for its states by `workflow.graph` and `workflow.manifests`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from provisioner.catalog.registry import Catalog
from provisioner.documents.trace import FlowPathDocument, HopDocument, StateKind, TraceDocument
from provisioner.engine.ports import Reader
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.estate import Estate
from provisioner.network.model.topology_reader import TYPES, topology_of
from provisioner.network.model.unsupported_resources import words_of
from provisioner.network.paths.flow_paths import FlowPath, find_flow_paths
from provisioner.network.paths.trace_endpoints import find_sources, parse_destination
from provisioner.plan.estates import actual_estate, desired_estate, planned_estate
from provisioner.workflow.plan import Desired, plan_environment


@dataclass(frozen=True, slots=True)
class Question:
    """The query: a source and a destination (as `azsec trace` takes them), protocol and state.

    The protocol is `tcp` or `udp`.
    """

    source: str
    destination: str
    protocol: str
    state: StateKind


def trace(
    desired: Desired, catalog: Catalog, connect: Callable[[], Reader], question: Question
) -> TraceDocument:
    """Return the flow paths in a state of an environment.

    `connect` returns the reader of Azure, and is called only for a state that needs it. Raises what
    `plan_environment` raises, and DiagnosticError for a source or destination that does not exist.

    Raises:
        DiagnosticError: Where the state has no such destination (`nothing-to-trace`).
    """
    destination = parse_destination(question.destination)
    estate = estate_in(question.state, desired, catalog, connect)
    topology = topology_of(estate, desired.environment)
    flow_paths = [
        flow_path
        for source in find_sources(topology, question.source)
        for flow_path in find_flow_paths(topology, source, destination, question.protocol)
    ]
    if not flow_paths:
        raise DiagnosticError(
            error(
                "nothing-to-trace",
                f"there is no {destination.kind.value} in the {question.state} state of "
                f"{desired.environment.name}.",
            )
        )
    return TraceDocument(
        environment=desired.document,
        state=question.state,
        source=question.source,
        destination=str(destination),
        protocol=question.protocol,
        journeys=tuple(
            _flow_path_document(flow_path, words_of(topology.unjudged_in(flow_path.source)))
            for flow_path in flow_paths
        ),
    )


def estate_in(
    state: StateKind, desired: Desired, catalog: Catalog, connect: Callable[[], Reader]
) -> Estate:
    """Return an environment in one of its states; Azure is read for all but the desired one.

    Raises:
        DiagnosticError: Where a type that a network consists of could not be read (`unreadable`):
            an unknown element must not be drawn, traced or rendered as absent.
    """
    if state is StateKind.DESIRED:
        return desired_estate(desired.graph, catalog)
    planned = plan_environment(desired, catalog, connect(), assess=False)
    hidden = [gap for gap in planned.state.gaps if any(map(gap.hides, TYPES))]
    if hidden:
        raise DiagnosticError(
            *(
                error(
                    "unreadable",
                    f"{gap.type} of {gap.scope} could not be read: {gap.reason}.",
                    None,
                    "Give the credential Reader on it, or use `--of desired`.",
                )
                for gap in hidden
            )
        )
    if state is StateKind.ACTUAL:
        return actual_estate(planned.state, desired.graph, catalog)
    return planned_estate(planned.changes, planned.state, desired.graph, catalog)


def _flow_path_document(flow_path: FlowPath, unjudged: tuple[str, ...]) -> FlowPathDocument:
    return FlowPathDocument(
        source=flow_path.source.label,
        destination=flow_path.destination,
        delivered=flow_path.path.delivered,
        through=flow_path.path.through,
        hops=tuple(
            HopDocument(element=hop.element, role=hop.role, words=hop.words, passes=hop.passes)
            for hop in flow_path.path.hops
        ),
        unjudged=unjudged,
    )
