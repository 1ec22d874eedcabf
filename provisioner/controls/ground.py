"""The state of an environment that controls judge: its estate, and what of it is its own."""

from dataclasses import dataclass, field, replace

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.controls.kinds import ASKED
from provisioner.model.actual import ActualState
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId
from provisioner.plan.unreadable import declared_instead, unreadable_resources


@dataclass(frozen=True)
class Ground:
    """A state to be judged.

    `own` has the keys of the resources that are judged: those of the blueprint, and what stands in
    them or in the environment's resource groups. All others are only looked up. `cloud` is the
    one whose names are used. `unreadable` has what could not be read, and why; `declared` is the
    estate with that as the blueprint declares it, None where everything could be read. `derived`
    keeps what rules made of the whole state (`Subject.derive`), for others that ask for the same.
    """

    estate: Estate
    own: frozenset[str]
    catalog: Catalog
    cloud: str
    unreadable: tuple[tuple[Resource, str], ...] = ()
    declared: Estate | None = None
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
    hidden = unreadable_resources(graph, state) if state else ()
    if state is None or not hidden:
        return Ground(estate, own, catalog, cloud)
    instead = declared_instead(estate, graph, state, catalog)
    empty = tuple((replace(resource, body={}), reason) for resource, reason in hidden)
    return Ground(estate, own, catalog, cloud, empty, instead)


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
