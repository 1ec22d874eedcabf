"""Adds the dependencies that no expression states: role assignments, and services named by address.

The roles of an identity come before what works with it, and a service before what names it by its
address. A cluster that encrypts with a key reads the vault as its identity while it is made, and
one in a network of one's own joins it as that identity: without the role Azure refuses the write
(AzureKeyVaultKmsValidateIdentityPermissionCustomerError, CustomRouteTableMissingPermission and
their like, guidelines.md §3.2). A policy that changes resources does so as its identity.

Called by `blueprint.composition` on the finished graph.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.blueprint.graph import DesiredResource, Edge
from provisioner.blueprint.mentions import Mentions
from provisioner.catalog.held_identities import identities_in
from provisioner.catalog.permissions import ROLE_ASSIGNMENT
from provisioner.model.values import ResourceValue, Unknown, lookup

_PRINCIPAL = ("properties", "principalId")


def with_derived_order(
    resources: list[DesiredResource], mentions: Mapping[str, Mentions]
) -> list[DesiredResource]:
    """Return the resources with the edges that follow from their roles and addresses.

    `mentions` has what the body at each address names.

    An edge that would close a circle is left out: what the blueprint says goes first.
    """
    order = _Order(resources, mentions)
    return [
        replace(resource, edges=tuple(sorted((*resource.edges, *order.more[resource.address]))))
        if order.more.get(resource.address)
        else resource
        for resource in resources
    ]


@dataclass(frozen=True, slots=True)
class _Grant:
    """A role assignment, and the identity of the blueprint that it is for."""

    assignment: DesiredResource
    identity: str


class _Order:
    """Finds the edges; `more` holds them by the address of what waits."""

    def __init__(self, resources: list[DesiredResource], mentions: Mapping[str, Mentions]) -> None:
        self.more: dict[str, list[Edge]] = {}
        self._mentions = mentions
        self._by_address = {resource.address: resource for resource in resources}
        self._by_key = {resource.id.key: resource for resource in resources}
        self._waits = {r.address: {edge.on for edge in r.edges} for r in resources}
        grants = list(self._role_grants(resources))
        services = [resource for resource in resources if resource.type.addresses]
        for resource in resources:
            if resource.managed:
                for other in _services_named(mentions[resource.address].urls, services):
                    self._add_edge(resource, other, "its address")
        for resource in resources if grants else ():
            if resource.managed:
                self._add_grants(resource, grants)

    def _role_grants(self, resources: Iterable[DesiredResource]) -> Iterator[_Grant]:
        for resource in resources:
            if resource.type.name != ROLE_ASSIGNMENT or not resource.managed:
                continue
            # Not by the reasons of the edges: an edge keeps one of several, and the name of a role
            # assignment is mostly made of the identity's id.
            principal = lookup(resource.body, _PRINCIPAL)
            for address in _resources_in(principal.where) if isinstance(principal, Unknown) else ():
                yield _Grant(resource, self._by_address[address].id.key)

    def _add_grants(self, resource: DesiredResource, grants: Iterable[_Grant]) -> None:
        identities = self._identity_keys(resource)
        if not identities:
            return
        touched = self._touched_keys(resource)
        for grant in grants:
            scope = grant.assignment.id.scope
            if grant.identity in identities and scope is not None and scope.key in touched:
                self._add_edge(resource, grant.assignment, "a role of its identity")

    def _identity_keys(self, resource: DesiredResource) -> set[str]:
        """Return the keys of the identities that a resource works with.

        They are its own, and for a child (a node pool) those of its parents, the system-assigned
        ones among them.
        """
        found = {identity.key for identity in identities_in(resource.type, resource.body)}
        above = resource.id.parent
        while above is not None:
            parent = self._by_key.get(above.key)
            if parent is not None:
                found.add(above.key)
                found |= {one.key for one in identities_in(parent.type, parent.body)}
            above = above.parent
        return found

    def _touched_keys(self, resource: DesiredResource) -> set[str]:
        """Return the keys of what contains a resource, of what it names, and of all above these."""
        near = [resource.id, *(named for _, named in self._mentions[resource.address].ids)]
        near += [self._by_address[on].id for on in self._waits[resource.address]]
        return {one.key for each in near for one in (each, *each.ancestors)}

    def _add_edge(self, resource: DesiredResource, on: DesiredResource, because: str) -> None:
        waits = self._waits[resource.address]
        if on is resource or on.address in waits or self._depends_on(on.address, resource.address):
            return
        waits.add(on.address)
        self.more.setdefault(resource.address, []).append(Edge(on.address, because))

    def _depends_on(self, start: str, end: str) -> bool:
        pending, seen = [start], {start}
        while pending:
            address = pending.pop()
            if address == end:
                return True
            more = self._waits.get(address, set()) - seen
            seen |= more
            pending += more
        return False


def _resources_in(bound: object) -> Iterator[str]:
    """Yield the addresses of the resources that a value waits for."""
    if isinstance(bound, ResourceValue):
        yield bound.address
    elif isinstance(bound, Unknown):
        yield from _resources_in(bound.where)
    elif isinstance(bound, Mapping):
        for item in bound.values():
            yield from _resources_in(item)
    elif isinstance(bound, (list, tuple)):
        for item in bound:
            yield from _resources_in(item)


def _services_named(
    urls: Sequence[str], services: Iterable[DesiredResource]
) -> Iterator[DesiredResource]:
    """Yield what a body names by its address (`https://NAME.vault.azure.net/keys/etcd`)."""
    for service in services if urls else ():
        starts = tuple(
            f"https://{service.id.name.lower()}.{domain}." for domain in service.type.addresses
        )
        if any(url.startswith(starts) for url in urls):
            yield service
