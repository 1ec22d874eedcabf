"""Reads an environment: two rounds of wide reads, assembled into its actual state."""

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.engine.ports import Reader
from provisioner.model.actual import ActualState
from provisioner.plan.reads import Answer, child_reads, wide_reads
from provisioner.plan.state import Inventory, assemble_state, bodies_of, take_inventory


@dataclass(frozen=True, slots=True)
class Reading:
    """What one read of an environment found, and the answers that were refusals."""

    state: ActualState
    inventory: Inventory
    refused: tuple[Answer, ...]


def read_environment(
    graph: DesiredGraph,
    catalog: Catalog,
    environment: str,
    subscriptions: Sequence[str],
    reader: Reader,
) -> Reading:
    """Return the actual state of what the graph and the environment's tags name.

    Raises AzureError where nothing can be read at all.
    """
    first = reader.read(wide_reads(graph, catalog, environment, subscriptions))
    owned = [entry.id for entry in take_inventory(first, environment).owned]
    second = reader.read(child_reads(graph, catalog, bodies_of(first, catalog), owned))
    answers: list[Answer] = [*first, *second]
    return Reading(
        assemble_state(answers, graph, catalog),
        take_inventory(answers, environment),
        tuple(answer for answer in answers if answer.refused is not None),
    )
