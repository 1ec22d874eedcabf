"""`azsec graph`: the network of an environment as a diagram.

Called by `cli` and `workflow.report`.
"""

from collections.abc import Callable

from provisioner.catalog.registry import Catalog
from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.graph import EgressDocument, GraphDocument
from provisioner.documents.trace import HopDocument, StateKind
from provisioner.engine.ports import Reader
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.estate import Estate
from provisioner.network.diagram.boxes import draw_network
from provisioner.network.diagram.edges import draw_edges, mark_breaches
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_reader import topology_of
from provisioner.network.paths.egress_paths import EgressPath, find_egress_paths
from provisioner.network.proofs.suite import prove_topology
from provisioner.workflow.plan import Desired
from provisioner.workflow.trace import estate_in


def draw_graph(
    desired: Desired, catalog: Catalog, connect: Callable[[], Reader], state: StateKind
) -> GraphDocument:
    """Return the network of a state of an environment as a diagram, with its failed proofs.

    `connect` returns the reader of Azure, and is called only for a state that needs it. Raises
    DiagnosticError where there is no network, and what `plan_environment` raises.
    """
    estate = estate_in(state, desired, catalog, connect)
    topology = topology_of(estate, desired.environment)
    return draw_estate(estate, topology, desired.document, state)


def draw_estate(
    estate: Estate, topology: Topology, environment: EnvironmentDocument, state: StateKind
) -> GraphDocument:
    """Return the diagram of an estate and of the topology read from it.

    Raises:
        DiagnosticError: Where the state has no virtual network (`nothing-to-draw`).
    """
    if not any(network.declared for network in topology.networks.values()):
        raise DiagnosticError(
            error(
                "nothing-to-draw",
                f"there is no virtual network in the {state} state of {environment.name}.",
                None,
                "`--of desired` draws what the blueprint declares.",
            )
        )
    egress_paths = find_egress_paths(topology)
    diagram = draw_network(estate, topology, egress_paths, environment.subscriptions)
    edges = draw_edges(estate, topology, egress_paths, diagram)
    return GraphDocument(
        environment=environment,
        state=state,
        groups=diagram.groups,
        nodes=diagram.nodes,
        edges=edges,
        egress=_egress_documents(egress_paths),
        marks=mark_breaches(topology, diagram, edges, prove_topology(topology)),
    )


def _egress_documents(egress_paths: tuple[EgressPath, ...]) -> tuple[EgressDocument, ...]:
    """Return the flow paths, those that arrive first; subnets with the same one are grouped."""
    found: dict[tuple[object, ...], list[EgressPath]] = {}
    for egress_path in egress_paths:
        found.setdefault((egress_path.host, egress_path.path, egress_path.unjudged), []).append(
            egress_path
        )
    documents = (
        EgressDocument(
            subnets=tuple(dict.fromkeys(egress_path.subnet.label for egress_path in same)),
            host=same[0].host,
            delivered=same[0].leaves,
            through=same[0].path.through,
            hops=tuple(
                HopDocument(element=hop.element, role=hop.role, words=hop.words, passes=hop.passes)
                for hop in same[0].path.hops
            ),
            unjudged=same[0].unjudged,
        )
        for same in found.values()
    )
    return tuple(sorted(documents, key=lambda egress_path: not egress_path.delivered))
