"""Declared resources that could not be read: neither absent nor proved to be as declared."""

from dataclasses import replace

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import Tier
from provisioner.model.actual import ActualState, Unreadable
from provisioner.model.estate import Estate, Resource
from provisioner.plan.estates import expand


def unreadable_resources(
    graph: DesiredGraph, state: ActualState
) -> tuple[tuple[Resource, str], ...]:
    """Return the resources of the blueprint that could not be read, as declared, and why."""
    return tuple(
        (
            Resource(r.id, r.type.name, r.body, r.address, r.span, r.type.tier is Tier.KNOWN),
            found.reason,
        )
        for r in graph
        if isinstance(found := state.get(r.id), Unreadable)
    )


def declared_instead(
    estate: Estate, graph: DesiredGraph, state: ActualState, catalog: Catalog
) -> Estate:
    """Return an estate in which resources that could not be read are as they are declared.

    What is judged alike with and without it does not depend on what could not be read.
    """
    hidden = [resource for resource, _ in unreadable_resources(graph, state)]
    return replace(Estate.of([*expand(hidden, catalog), *estate]), unread=estate.unread)
