"""Additions: undeclared resources of others that change what the environment's resources allow.

A role assignment, a lock, a node pool, a peering or a private endpoint changes what a resource
allows as a changed property would, and shows in no property of it. Extension resources hold from
above: what stands at a management group, a subscription or a group counts for all below it.

Not additions: what the blueprint has or azsec made, what a service makes for one of the
environment's resources, entries that are part of their parent's body (a rule: that is a change of
the parent), and what only stands beside in a group, which is unmanaged.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ownership import embedded_children
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.actual import ActualState, Found
from provisioner.model.key_index import keys_above
from provisioner.model.resource_id import ResourceId, parse_resource_id, subscription_id
from provisioner.model.values import Body, lookup, values_at
from provisioner.plan.container_contents import (
    ContainerContents,
    is_always_there,
    is_part,
    managed_group_in,
)
from provisioner.plan.dependents import Dependents
from provisioner.plan.owners import declared_keys

UNKNOWN_CHILD = "is part of it"
"""What a child does whose type azsec does not know."""

_PRINCIPALS = ("properties.principalId", "identity.principalId")
"""Where identities answer the object id of their principal: a user-assigned one, and that of a
resource (learn.microsoft.com, "Managed identities", resource provider responses)."""

_SERVICE_PRINCIPAL = "ServicePrincipal"
_OF_THE_SERVICE = (
    "identity.principalId",
    "identity.userAssignedIdentities.*.principalId",
    "properties.identityProfile.*.objectId",
    "properties.addonProfiles.*.identity.objectId",
)
"""Where a resource names the identities that its service acts with in the group that it keeps for
it ("Use a managed identity in Azure Kubernetes Service", summary of managed identities). Who else
stands in the body (`aadProfile.adminGroupObjectIDs`) is nobody of the service."""


@dataclass(frozen=True, slots=True)
class Addition:
    """One undeclared resource that adds to a resource of the environment.

    `on` is what it adds to (None: the whole tenant), `address` the blueprint's name of that, and
    `adds` what it does to it, in words. `body` is None where a list shows its id alone.
    """

    id: ResourceId
    on: ResourceId | None
    address: str | None
    adds: str
    body: Body | None


def find_additions(
    graph: DesiredGraph, state: ActualState, contents: ContainerContents, gone: Collection[str]
) -> tuple[Addition, ...]:
    """Return the additions in what one read of an environment found, by the key of their id.

    `gone` are the keys of what the plan deletes: what stands on it ends with it.
    """
    return tuple(_Search(graph, state, contents, frozenset(gone)).run())


@dataclass(frozen=True)
class _Search:
    graph: DesiredGraph
    state: ActualState
    contents: ContainerContents
    gone: frozenset[str]

    def run(self) -> Iterator[Addition]:
        if not self._own_keys:
            return
        found: dict[str, Addition] = {}
        for key, hit in self.state.found.items():
            addition = self._addition_of(hit) if self._is_foreign(hit.id) else None
            if addition is not None:
                found[key] = addition
        for resource in self.contents.in_groups:
            # A list of a group's content shows children of types that azsec does not know, too.
            inside = resource.key not in self.state.found and self._is_foreign(resource)
            addition = self._child_addition(resource, None) if inside else None
            if addition is not None:
                found[resource.key] = addition
        for addition in self._occupant_additions():
            found.setdefault(addition.id.key, addition)
        yield from (found[key] for key in sorted(found))

    def _addition_of(self, hit: Found) -> Addition | None:
        known = self.contents.catalog.of(hit.id)
        if known is None or known.is_service_made(hit.id.name) or known.by_service(hit.body):
            return None
        if self._is_told_by_its_maker(hit.id):
            return None
        if known.scope is Scope.EXTENSION:
            if self._is_of_the_service(hit):
                return None
            direct = self._extension_addition(hit, known)
        else:
            direct = self._child_addition(hit.id, hit.body)
        return (
            direct
            or self._referring_addition(hit, known)
            or self._subscription_wide_addition(hit, known)
        )

    def _extension_addition(self, hit: Found, known: ResourceType) -> Addition | None:
        """Return an extension resource as an addition to its scope.

        None where the scope covers nothing of the environment.
        """
        if known.adds is None or not self._covers_own(hit.id.scope):
            return None
        return self._make_addition(hit.id, hit.id.scope, known.adds, hit.body)

    def _child_addition(self, child: ResourceId, body: Body | None) -> Addition | None:
        """Return a child as an addition to its parent, if that is or stands in something ours."""
        if child.parent is None or not self._is_inside(child.parent):
            return None
        known = self.contents.catalog.of(child)
        if is_part(child, self.contents.catalog):
            return None
        if known is not None and (known.adds is None or is_always_there(known, child.name)):
            return None
        adds = known.adds if known is not None and known.adds else UNKNOWN_CHILD
        return self._make_addition(child, child.parent, adds, body)

    def _referring_addition(self, hit: Found, known: ResourceType) -> Addition | None:
        """Return what stands elsewhere as an addition to what of ours it names, if it does."""
        for path, adds in known.adds_to.items():
            for value in values_at(hit.body, path):
                target = self._own_resource_named(value)
                if target is not None:
                    return self._make_addition(hit.id, target, adds, hit.body)
        return None

    def _subscription_wide_addition(self, hit: Found, known: ResourceType) -> Addition | None:
        """Return a resource of others that affects ours, as an addition to the subscription.

        It changes the effect of ours without a reference to it (a rule of a network manager), and
        stands in something of others.
        """
        top = self.contents.catalog.of(_top_level_resource(hit.id))
        if known.adds is None or hit.id.parent is None or top is None or top.resolves:
            return None
        if not any(affected in self._own_type_names for affected in top.affects):
            return None
        scope = subscription_id(str(hit.id.subscription))
        return self._make_addition(hit.id, scope, known.adds, hit.body)

    def _own_resource_named(self, value: object) -> ResourceId | None:
        """Return the resource of ours that a body names by its id or by that of its principal."""
        target = parse_resource_id(value)
        if target is not None:
            return target if not target.is_container and self._is_inside(target) else None
        return (
            self._own_identities_by_principal.get(value.lower()) if isinstance(value, str) else None
        )

    def _occupant_additions(self) -> Iterator[Addition]:
        """Yield what Azure says is in something of ours: it may be read nowhere else."""
        users = Dependents.of(self.state, self.contents.catalog)
        for key in sorted(self._own_keys):
            hit = self.state.found.get(key)
            known = self.contents.catalog.of(hit.id) if hit is not None else None
            if hit is None or known is None or known.occupancy is None:
                continue
            kinds = frozenset(kind for kinds in known.occupants.values() for kind in kinds)
            named = [user for user, _ in users.named(hit) if user is not None]
            named += [user.id for user in users.read_of(hit.id, kinds)]
            for user in named:
                top = _top_level_resource(user)
                if self._is_foreign(user) and self._is_foreign(top):
                    read = self.state.found.get(top.key)
                    yield self._make_addition(
                        top, hit.id, known.occupancy, read.body if read else None
                    )

    def _type_of(self, resource: ResourceId) -> str:
        known = self.contents.catalog.of(resource)
        return known.name if known is not None else resource.type

    def _make_addition(
        self, resource: ResourceId, on: ResourceId | None, adds: str, body: Body | None
    ) -> Addition:
        return Addition(resource, on, self._address_of(on), adds, body)

    def _address_of(self, on: ResourceId | None) -> str | None:
        while on is not None and not on.is_container:
            stated = self.graph.by_id.get(on.key)
            if stated is not None:
                return stated.address
            on = on.parent
        stated = self.graph.by_id.get(on.key) if on is not None else None
        return stated.address if stated is not None else None

    def _is_foreign(self, resource: ResourceId) -> bool:
        """Return whether a resource is undeclared, and made neither by azsec nor by a service."""
        return not (
            resource.key in self._declared_keys
            or resource.key in self.gone
            or self.contents.owners.is_ours(resource)
            or self._is_made_by_a_service(resource)
        )

    def _is_made_by_a_service(self, resource: ResourceId) -> bool:
        """Return whether a service makes a resource for one of ours.

        It does so by itself or in the group that it manages for it. Services make no extension
        resources that are recognised by their scope.
        """
        known = self.contents.catalog.of(resource)
        if known is not None and known.scope is Scope.EXTENSION:
            return False
        is_kept = self._managed_group_of(resource) is not None
        if is_kept and known is not None and not known.by_keeper(resource):
            return False
        return is_kept or self._made_for(resource)

    def _made_for(self, resource: ResourceId) -> bool:
        makers = (
            self.contents.made_by.get(key) for key in (resource.key, *keys_above(resource.key))
        )
        return any(
            maker is not None and (maker.key in self._own_keys or maker.key in self._declared_keys)
            for maker in makers
        )

    def _is_told_by_its_maker(self, resource: ResourceId) -> bool:
        """Return whether a resource is generated by one that is an addition itself.

        The records of a private endpoint are: its zone group, of others, states that it makes
        them, and is reported in their place.
        """
        maker = self.contents.made_by.get(resource.key)
        hit = self.state.found.get(maker.key) if maker is not None else None
        known = self.contents.catalog.of(hit.id) if hit is not None else None
        if hit is None or known is None or not self._is_foreign(hit.id):
            return False
        made = (parse_resource_id(text) for text in known.makes(hit.body))
        return (
            any(each is not None and each.key == resource.key for each in made)
            and self._addition_of(hit) is not None
        )

    def _covers_own(self, scope: ResourceId | None) -> bool:
        """Return whether a scope covers something of ours.

        The scope is ours, stands in it or above it, or is a group that a service manages for it.
        """
        if scope is None or scope.subscription is None:
            return True  # Azure answers in a subscription what is inherited from above it
        return (
            scope.key in self._own_and_ancestor_keys
            or self._is_inside(scope)
            or self._managed_group_of(scope) is not None
        )

    def _is_inside(self, resource: ResourceId) -> bool:
        """Return whether a resource is ours, stands in ours or is made for it by a service."""
        above = (each for each in resource.ancestors if not each.is_container)
        return any(each.key in self._own_keys for each in (resource, *above)) or (
            not resource.is_container and self._made_for(resource)
        )

    def _is_of_the_service(self, hit: Found) -> bool:
        """Return whether a service grants an identity of ours access to the managed group."""
        maker = self._managed_group_of(hit.id)
        if maker is None:
            return False
        principal = lookup(hit.body, ("properties", "principalId"))
        kind = lookup(hit.body, ("properties", "principalType"))
        return (
            isinstance(principal, str)
            and kind == _SERVICE_PRINCIPAL
            and any(
                isinstance(value, str) and value.lower() == principal.lower()
                for path in _OF_THE_SERVICE
                for value in values_at(maker.body, path)
            )
        )

    def _managed_group_of(self, resource: ResourceId) -> Found | None:
        """Return the resource of ours whose managed group a resource stands in, or None."""
        return next(
            (
                self._managed_groups[key]
                for key in (resource.key, *keys_above(resource.key))
                if key in self._managed_groups
            ),
            None,
        )

    @cached_property
    def _declared_keys(self) -> frozenset[str]:
        return declared_keys(self.graph)

    @cached_property
    def _own_keys(self) -> frozenset[str]:
        """The keys of what is the environment's, exists, and stays."""
        stated = (
            child.key
            for resource in self.graph
            if resource.managed
            for child in (
                resource.id,
                *embedded_children(resource.type, resource.id, resource.body),
            )
        )
        return frozenset(key for key in stated if key in self.state.found and key not in self.gone)

    @cached_property
    def _own_type_names(self) -> frozenset[str]:
        """The names of the types of what is ours."""
        return frozenset(self._type_of(self.state.found[key].id) for key in self._own_keys)

    @cached_property
    def _own_and_ancestor_keys(self) -> frozenset[str]:
        return frozenset(key for ours in self._own_keys for key in (ours, *keys_above(ours)))

    @cached_property
    def _own_identities_by_principal(self) -> Mapping[str, ResourceId]:
        """Our identities, by the object id of their principal in lower case."""
        return {
            value.lower(): self.state.found[key].id
            for key in sorted(self._own_keys)
            for path in _PRINCIPALS
            for value in values_at(self.state.found[key].body, path)
            if isinstance(value, str) and value
        }

    @cached_property
    def _managed_groups(self) -> Mapping[str, Found]:
        """What of ours a service keeps a group for, by the key of the group."""
        groups: dict[str, Found] = {}
        for key in self._own_keys:
            hit = self.state.found[key]
            known = self.contents.catalog.of(hit.id)
            group = managed_group_in(known, hit) if known is not None else None
            if group is not None:
                groups[group.key] = hit
        return groups


def _top_level_resource(resource: ResourceId) -> ResourceId:
    """Return the resource that a part of it names: the interface of an address configuration."""
    while resource.parent is not None:
        resource = resource.parent
    return resource
