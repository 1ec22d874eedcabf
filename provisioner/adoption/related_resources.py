"""Finds the resources that belong to a cluster, by references in both directions.

Azure has no list of them. Forward: resources that the writable properties of the cluster and of its
related resources name (the network of its subnets, its identities, its workspace, its key).
Backward: resources that refer to one of these (a private endpoint in its network, an alert on its
workspace), and the scopes on which its identities have roles. The remote network of a peering
belongs to somebody else, and read-only properties (the network interfaces in a subnet) are not
followed.

`workflow/adoption_reader.py` calls it between the rounds of `discovery`.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from provisioner.catalog.registry import Catalog
from provisioner.catalog.related_id_paths import joining_paths, joining_types, meeting_paths
from provisioner.catalog.resource_type import ListRead, ResourceType, Scope
from provisioner.diff.merge import merge_for_write
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, parse_resource_id
from provisioner.model.values import Body, lookup, values_at, without_at


def named_by(resource: ResourceId, body: Body, catalog: Catalog) -> Iterator[ResourceId]:
    """Yield the resources that the writable properties of a resource name.

    Each is given as its top-level resource (the virtual network of a subnet).
    """
    known = catalog.of(resource)
    if known is None:
        return
    written = merge_for_write(known, catalog.schemas, {}, body)
    for path in meeting_paths(known.name):
        written = without_at(written, path.split("."))
    if known.scope is Scope.EXTENSION and resource.scope is not None:
        yield from _top_level_resource(resource.scope)
    for named in _ids_in({name: value for name, value in written.items() if name != "id"}):
        yield from _top_level_resource(named)


def _ids_in(value: object) -> Iterator[ResourceId]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            named = parse_resource_id(key)
            if named is not None:
                yield named
            yield from _ids_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _ids_in(item)
    else:
        named = parse_resource_id(value)
        if named is not None:
            yield named


def _top_level_resource(resource: ResourceId) -> Iterator[ResourceId]:
    """Yield the top-level resource in a resource group that contains a resource.

    Nothing is yielded for ids outside of resource groups (a role definition, a subscription).
    """
    current: ResourceId | None = resource
    while current is not None:
        if current.is_container:
            return
        scope = current.scope
        if current.parent is None and scope is not None and scope.type == RESOURCE_GROUP:
            yield current
            return
        current = current.container


def joins(resource: ResourceId, body: Body, chosen: AbstractSet[str]) -> bool:
    """Return whether a resource refers to a chosen resource, or to a part of one."""
    for path in joining_paths(resource.type):
        for value in values_at(body, path):
            named = parse_resource_id(value)
            if named is None:
                continue
            if named.key in chosen or any(above.key in chosen for above in named.ancestors):
                return True
    return False


def joining_lists(catalog: Catalog) -> tuple[ResourceType, ...]:
    """Return the types that can be about something and that one call lists for a subscription."""
    found = [catalog.find(name) for name in joining_types()]
    return tuple(t for t in found if t is not None and t.lists is ListRead.SUBSCRIPTION)


def principals_of(bodies: Mapping[str, Body], chosen: AbstractSet[str]) -> frozenset[str]:
    """Return the object ids of the identities among the chosen resources, in lower case."""
    paths = (("properties", "principalId"), ("identity", "principalId"))
    return frozenset(
        value.lower()
        for key in chosen
        for path in paths
        if isinstance(value := lookup(bodies.get(key, {}), path), str)
        and value
        # A role assignment names a principal that may belong to another environment.
        and "/roleassignments/" not in key
    )


def grants_to(body: Body, principals: AbstractSet[str]) -> bool:
    """Return whether a role assignment is of one of some principals."""
    principal = lookup(body, ("properties", "principalId"))
    return isinstance(principal, str) and principal.lower() in principals
