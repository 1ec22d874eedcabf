"""The state of an environment that controls judge: its estate, and what of it is its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.controls.kinds import ASKED
from provisioner.model.actual import ActualState, Unreadable
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId


@dataclass(frozen=True)
class Ground:
    """A state to be judged.

    `own` has the keys of the resources that are judged: those of the blueprint, and what stands in
    them or in the environment's resource groups. All others are only looked up. `cloud` is the
    one whose names are used. `unreadable` has what could not be read, and why. `derived` keeps
    what rules made of the whole state (`Subject.derive`), for others that ask for the same.
    """

    estate: Estate
    own: frozenset[str]
    catalog: Catalog
    cloud: str
    unreadable: tuple[tuple[Resource, str], ...] = ()
    derived: dict[object, object] = field(default_factory=dict, compare=False, repr=False)

    def subjects(self, kind: str) -> tuple[Resource, ...]:
        """Return the resources of a type that are judged."""
        return tuple(found for found in self.estate.of_type(kind) if found.id.key in self.own)


def survey(
    estate: Estate,
    graph: DesiredGraph,
    catalog: Catalog,
    cloud: str,
    state: ActualState | None = None,
) -> Ground:
    """Return the ground that an estate of an environment is. `state` is what was read of Azure,
    where it was read."""
    own = frozenset(
        resource.id.key
        for resource in estate
        if resource.type in ASKED or _is_own(resource.id, graph)
    )
    return Ground(estate, own, catalog, cloud, tuple(_unreadable(graph, state)) if state else ())


def _unreadable(graph: DesiredGraph, state: ActualState) -> Iterator[tuple[Resource, str]]:
    for stated in graph:
        found = state.get(stated.id)
        if isinstance(found, Unreadable):
            hidden = Resource(stated.id, stated.type.name, {}, stated.address, stated.span)
            yield hidden, found.reason


def _is_own(resource: ResourceId, graph: DesiredGraph) -> bool:
    stated = graph.by_id.get(resource.key)
    if stated is not None:
        return stated.managed
    for above in resource.ancestors:
        if above.type == SUBSCRIPTION:
            return False
        stated = graph.by_id.get(above.key)
        if stated is not None:
            return stated.managed
    return False
