"""The content of containers, and whether a delete would take along what is not ours.

A resource group, a network, a vault, a zone and a cluster take what is in them along when they are
deleted. So each of them goes only when everything in it is known, and goes by this plan too.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.actual import ActualState, Found, Unreadable
from provisioner.model.resource_id import ResourceId, parse_resource_id, resource_group_id
from provisioner.model.values import lookup
from provisioner.plan.actual_state import Inventory
from provisioner.plan.owners import Owners


@dataclass(frozen=True, slots=True)
class ContainerContents:
    """Everything that one read of an environment saw, as containers hold it.

    `in_groups` is what the lists of its resource groups show. `made_by` names the maker of what a
    service makes for a resource (the network interface of a private endpoint), by key. `marked` is
    what a carrier may have the mark of, by that mark. `unlisted` are the containers of which a list
    was refused.
    """

    owners: Owners
    catalog: Catalog
    ids: Mapping[str, ResourceId]
    in_groups: tuple[ResourceId, ...]
    made_by: Mapping[str, ResourceId]
    marked: Mapping[str, ResourceId]
    unlisted: tuple[Unreadable, ...]
    _keys: list[str] = field(repr=False)

    def within(self, container: ResourceId) -> Iterator[ResourceId]:
        """Yield the ids of all that stands below a container, in the order of their keys."""
        prefix = f"{container.key}/"
        for index in range(bisect_left(self._keys, prefix), len(self._keys)):
            if not self._keys[index].startswith(prefix):
                return
            yield self.ids[self._keys[index]]

    def unseen(self, container: ResourceId) -> Unreadable | None:
        """Return a list of something in a container that Azure refused, or None."""
        return next((gap for gap in self.unlisted if gap.id.is_within(container)), None)

    def foreign(
        self, container: ResourceId, going: Collection[str], staying: Collection[str]
    ) -> list[ResourceId]:
        """Return what a container holds and azsec did not make, or does not delete.

        `going` are the keys of what the plan deletes, `staying` those of what the blueprint has.
        What a service makes goes with its maker, and what is part of its parent with it. Extension
        resources (grants, locks) are not content: they have no life apart from what they are about.
        """
        return [
            resource
            for resource in self.within(container)
            if resource.key not in going
            and (resource.key in staying or not self._goes_along(resource, container, going))
        ]

    def _goes_along(
        self, resource: ResourceId, container: ResourceId, going: Collection[str]
    ) -> bool:
        maker = self.made_by.get(resource.key)
        if maker is not None:
            return maker.key in going or maker.key == container.key
        known = self.catalog.of(resource)
        if known is not None and known.scope is Scope.EXTENSION:
            return True
        if resource.parent is None or not self._ends_with_container(
            resource.parent, container, going
        ):
            return False
        # A key of a vault, a pool in the body of its cluster: made with its parent, marked there.
        return (
            is_part(resource, self.catalog)
            or (known is not None and is_always_there(known, resource.name))
            or self.owners.is_ours(resource)
        )

    def _ends_with_container(
        self, parent: ResourceId, container: ResourceId, going: Collection[str]
    ) -> bool:
        return (
            parent.key == container.key
            or parent.key in going
            or self._goes_along(parent, container, going)
        )


def is_always_there(resource_type: ResourceType, name: str) -> bool:
    """Return whether a child exists in every parent, or a service makes it for itself.

    Every storage account has blobServices/default, every workspace Azure's own tables; a container
    of logs is made by the service that writes them. None of these belongs to anybody.
    """
    fixed = not resource_type.deletable and bool(resource_type.rule.fixed)
    with_parent = resource_type.is_made_with_parent(name)
    return fixed or with_parent or resource_type.is_service_made(name)


def is_part(child: ResourceId, catalog: Catalog) -> bool:
    """Return whether a child is part of its parent's body and nothing without it (a rule)."""
    parent = catalog.of(child.parent) if child.parent else None
    return any(
        not embedded.kept and embedded.child.lower() == child.type.lower()
        for embedded in (parent.embedded if parent else ())
    )


def managed_group_in(resource_type: ResourceType, hit: Found) -> ResourceId | None:
    """Return the id of the resource group that Azure keeps for a resource, or None."""
    path = resource_type.managed_group
    name = lookup(hit.body, path.split(".")) if path is not None else None
    if not isinstance(name, str) or hit.id.subscription is None:
        return None
    return resource_group_id(hit.id.subscription, name)


def find_contents(
    state: ActualState, inventory: Inventory, owners: Owners, catalog: Catalog
) -> ContainerContents:
    """Return what the containers hold, of all that a read of an environment saw."""
    ids = {resource.key: resource for resource in inventory.in_groups}
    ids |= {key: hit.id for key, hit in state.found.items()}
    made_by = dict(inventory.managed_by)
    for hit in state.found.values():
        made_by |= {made.key: hit.id for made in _made_by(hit, state, catalog)}
    marked = {
        mark: hit.id
        for key, hit in state.found.items()
        if owners.carried and key not in owners.by_tags
        for mark in (owners.marks.mark_below(hit.id), owners.marks.mark_part(hit.id))
    }
    return ContainerContents(
        owners, catalog, ids, inventory.in_groups, made_by, marked, inventory.unlisted, sorted(ids)
    )


def _made_by(maker: Found, state: ActualState, catalog: Catalog) -> Iterator[ResourceId]:
    """Yield what a service makes for a resource, but for what others wrote over since."""
    resource_type = catalog.of(maker.id)
    if resource_type is None:
        return
    for text in resource_type.makes(maker.body):
        made = parse_resource_id(text)
        if made is None:
            continue
        hit = state.found.get(made.key)
        if hit is None or resource_type.is_as_made(maker.body, made, hit.body):
            yield made
