"""Principals of a resource: the object ids of the managed identities by which it signs in.

They are the one that an identity is, the system-assigned one, and the user-assigned ones in use.
Source: "What are managed identities for Azure resources", "Use a managed identity in AKS".
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.permissions import DENY_ASSIGNMENT, IDENTITY, ROLE_ASSIGNMENT
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup

_KUBELET = ("properties", "identityProfile", "kubeletidentity")

_OBJECT_IDS = (
    ("properties", "principalId"),
    ("identity", "principalId"),
    (*_KUBELET, "objectId"),
)
"""Where a resource states an object id by which it signs in. An identity states its own id, so it
comes before the cluster that uses it for its kubelets."""


def addresses_by_object_id(estate: Estate) -> Mapping[str, str]:
    """Return the address of the resource that signs in as an object id (in lower case).

    An identity states its own object id, and the cluster that uses it for its kubelets states it
    once more: the first in the order of `_OBJECT_IDS` wins, which is the identity.
    """
    found: dict[str, str] = {}
    for path in _OBJECT_IDS:
        for resource in estate:
            value = lookup(resource.body, path)
            if (
                isinstance(value, str)
                and resource.address is not None
                and _states_own_ids(resource)
            ):
                found.setdefault(value.lower(), resource.address)
    return found


def principals_of(resource: Resource, estate: Estate) -> frozenset[str]:
    """Return the object ids (in lower case) and identity addresses by which a resource signs in.

    The addresses are of the identities that it signs in as, its own among them. Empty where it
    signs in as none. An object id that is not known in this state (before apply, or unread) is not
    among them; the address of its identity is.
    """
    return frozenset(_find_principals(resource, estate))


def _find_principals(resource: Resource, estate: Estate) -> Iterator[str]:
    is_identity = resource.type == IDENTITY
    is_own = "systemassigned" in str(lookup(resource.body, ("identity", "type"))).lower()
    if resource.address is not None and (is_identity or is_own):
        yield resource.address
    if _states_own_ids(resource):
        yield from _object_ids(lookup(resource.body, path) for path in _OBJECT_IDS)
    assigned = lookup(resource.body, ("identity", "userAssignedIdentities"))
    used = dict(assigned) if isinstance(assigned, Mapping) else {}
    used[lookup(resource.body, (*_KUBELET, "resourceId"))] = None
    for stated, entry in used.items():
        yield from _object_ids([lookup(entry, ("principalId",))])
        named = parse_resource_id(stated)
        identity = estate.get(named) if named is not None else None
        if identity is not None and identity.type == IDENTITY:
            yield from _find_principals(identity, estate)


def _object_ids(values: "Iterator[object] | list[object]") -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value.lower()


def _states_own_ids(resource: Resource) -> bool:
    """Return whether object ids in a body are the resource's own: assignments state others'."""
    return resource.type not in (ROLE_ASSIGNMENT, DENY_ASSIGNMENT)
