"""Dependencies (`dependsOn`) of a template: edges of the graph, and writes Azure serialises."""

from collections.abc import Mapping

from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.model.resource_id import ResourceId


def waits_of(graph: DesiredGraph) -> Mapping[str, frozenset[str]]:
    """Return all dependencies of each managed resource, direct and transitive, by address.

    A reference to an existing resource passes on its dependencies. Writes that Azure refuses while
    another one to the same network or cluster runs (`ResourceType.serialise_on`) are chained,
    because a deployment writes all resources in parallel that do not depend on each other.
    """
    closed: dict[str, frozenset[str]] = {}
    last_writer: dict[ResourceId | None, str] = {}
    for resource in graph.ordered:
        after = {edge.on for edge in resource.edges}
        if resource.managed:
            writer = _serialised_parent(resource)
            if writer in last_writer:
                after.add(last_writer[writer])
            if writer is not None:
                last_writer[writer] = resource.address
        closed[resource.address] = frozenset(after).union(*(closed[on] for on in after))
    managed = {resource.address for resource in graph if resource.managed}
    return {address: waits & managed for address, waits in closed.items() if address in managed}


def nearest_waits(waits: Mapping[str, frozenset[str]], address: str) -> list[str]:
    """Return the direct dependencies: those that no other dependency implies, sorted."""
    own = waits[address]
    implied: set[str] = set()
    for on in own:
        implied |= waits[on]
    return sorted(own - implied)


def _serialised_parent(resource: DesiredResource) -> ResourceId | None:
    """Return the resource whose writes Azure serialises, if the type has such a rule."""
    if resource.type.serialise_on is None:
        return None
    top = resource.id
    while top.parent is not None:
        top = top.parent
    return top
