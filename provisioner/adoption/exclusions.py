"""Selects the resources to adopt, with the reason for each one that is left out.

Resources that a service creates for itself, for another resource or for the whole subscription
cannot be declared; resources with the marks of another environment belong to that environment.
`workflow/adopt.py` calls it and reports each exclusion with its reason.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioner.adoption.minimal_body import states_child
from provisioner.blueprint.ownership import ADDRESS_TAG, ENVIRONMENT_TAG, is_ownership_tag
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    ResourceId,
    parse_resource_id,
    resource_group_id,
)
from provisioner.model.values import Body, lookup
from provisioner.plan.container_contents import is_part

_GROUPS_OF_AZURE = re.compile(
    r"(?i)NetworkWatcherRG|DefaultResourceGroup-[A-Z0-9]+|LogAnalyticsDefaultResources"
    r"|cloud-shell-storage-[a-z]+|AzureBackupRG_[a-z0-9]+_\d+"
)
"""Resource groups that Azure creates for a whole subscription: of network watchers
(learn.microsoft.com "Enable or disable Azure Network Watcher"), of default workspaces ("Manage
Defender for Servers": default workspaces), of Cloud Shell ("Persist files in Azure Cloud Shell"),
and of restore points ("Azure VM backup", resource group of restore point collections)."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A resource that is not adopted, and the reason; `owned` if it carries azsec's marks."""

    id: ResourceId
    reason: str
    owned: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """The adopted resources, by the key of the id in the order of keys, and the excluded ones."""

    adopted: Mapping[str, Body]
    left_out: tuple[LeftOut, ...]


class Exclusions:
    """Decides for each resource whether it is excluded, and for which reason.

    `bodies` is everything that was read, by the key of the id; `listed` are resources that only
    inventories show, with their `managedBy`. Resources that are only observed (`observes`) may
    belong to another environment.
    """

    def __init__(
        self,
        bodies: Mapping[str, Body],
        ids: Mapping[str, ResourceId],
        listed: Iterable[tuple[ResourceId, Body]],
        catalog: Catalog,
        *,
        observes: bool = False,
    ) -> None:
        self._observes = observes
        self._bodies = bodies
        self._ids = ids
        self._catalog = catalog
        self._makers: dict[str, ResourceId] = {}
        self._managed_groups: dict[str, ResourceId] = {}
        self._managers: dict[str, str] = {}
        for resource, body in listed:
            self._note_manager(resource, body)
        for key, body in bodies.items():
            self._note_made(ids[key], body)

    def _note_manager(self, resource: ResourceId, body: Body) -> None:
        manager = lookup(body, ("managedBy",))
        if isinstance(manager, str) and manager:
            self._managers[resource.key] = manager

    def _note_made(self, resource: ResourceId, body: Body) -> None:
        self._note_manager(resource, body)
        known = self._catalog.of(resource)
        if known is None:
            return
        for text in known.makes(body):
            made = parse_resource_id(text)
            if made is not None:
                self._makers[made.key] = resource
        name = lookup(body, known.managed_group.split(".")) if known.managed_group else None
        if isinstance(name, str) and name and resource.subscription:
            self._managed_groups[resource_group_id(resource.subscription, name).key] = resource

    def of(self, resource: ResourceId, body: Body) -> LeftOut | None:
        """Return why a resource is left out, or None."""
        reason = self._made_by_service(resource, body)
        if reason is not None:
            return LeftOut(resource, reason)
        marked = None if self._observes else self._describe_marks(resource)
        return LeftOut(resource, marked, owned=True) if marked is not None else None

    def _made_by_service(self, resource: ResourceId, body: Body) -> str | None:
        for group, holder in self._managed_groups.items():
            if resource.key == group or resource.key.startswith(f"{group}/"):
                return f"in the node resource group that {holder.name} keeps"
        maker = self._makers.get(resource.key)
        if maker is None:
            above = next((a.key for a in resource.ancestors if a.key in self._makers), None)
            maker = self._makers[above] if above is not None else None
        if maker is not None:
            return f"made by Azure for {maker.name}, and deleted with it"
        manager = self._managers.get(resource.key)
        if manager is not None:
            return f"managed by {manager}"
        known = self._catalog.of(resource)
        return _made_for_subscription(known, resource, body) if known is not None else None

    def _describe_marks(self, resource: ResourceId) -> str | None:
        """Return whose marks a resource, or one that contains it, carries."""
        known = self._catalog.of(resource)
        for each in (resource, *resource.ancestors):
            tags = lookup(self._bodies.get(each.key, {}), ("tags",))
            own = {n.lower(): v for n, v in tags.items()} if isinstance(tags, Mapping) else {}
            if any(is_ownership_tag(name) for name in own):
                if each is not resource and each.is_container and (known is None or known.taggable):
                    continue  # A group's environment does not own what others put into it.
                place = "" if each is resource else f"is in {each.name}, which "
                owner = own.get(ENVIRONMENT_TAG, "(unnamed)")
                address = own.get(ADDRESS_TAG)
                at = f" at {address}" if address else ""
                return f"{place}carries marks of azsec's environment {owner}{at}"
        return None


def _made_for_subscription(known: ResourceType, resource: ResourceId, body: Body) -> str | None:
    if resource.type == RESOURCE_GROUP and _GROUPS_OF_AZURE.fullmatch(resource.name):
        return "made by Azure for everybody in the subscription"
    if known.is_service_made(resource.name):
        return "made by a service for itself"
    if known.by_service(body):
        return "written by a service"
    if resource.name.lower() in (name.lower() for name in known.built_in):
        return "built into Azure"
    if known.regional is not None:
        return "made by Azure in each region that is used"
    return None


def select(
    chosen: Iterable[str],
    bodies: Mapping[str, Body],
    ids: Mapping[str, ResourceId],
    exclusions: Exclusions,
    catalog: Catalog,
) -> Selection:
    """Return which of some keys are adopted, and which are left out.

    A resource that is part of its parent's body is in neither: the parent states it.
    """
    adopted: dict[str, Body] = {}
    left_out: list[LeftOut] = []
    for key in sorted(chosen):
        resource, body = ids[key], bodies.get(key)
        if body is None or resource.type == RESOURCE_GROUP:
            continue
        if is_part(resource, catalog) or _is_in_parents_body(resource, bodies, catalog):
            continue
        out = exclusions.of(resource, body)
        if out is None:
            adopted[key] = body
        else:
            left_out.append(out)
    return Selection(adopted, tuple(left_out))


def _is_in_parents_body(resource: ResourceId, bodies: Mapping[str, Body], catalog: Catalog) -> bool:
    parent = catalog.of(resource.parent) if resource.parent else None
    if parent is None or resource.parent is None:
        return False
    body = bodies.get(resource.parent.key)
    return body is not None and any(
        embedded.child.lower() == resource.type.lower()
        and states_child(embedded, body, resource.name)
        for embedded in parent.embedded
    )
