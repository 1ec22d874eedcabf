"""Principal ids that a resource copied of its managed identities when it was written.

A user-assigned identity that is deleted and recreated has another principal, and what it was
assigned to keeps the old one until it is written again ("Manage user-assigned managed identities";
"Known issues with managed identities": the assignment is not removed with it).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, lookup

_ASSIGNED = "identity.userAssignedIdentities"
"""Where every type that has identities holds them, by the identity's id."""


@dataclass(frozen=True, slots=True)
class HeldPrincipal:
    """The principal of an identity, as a resource holds it. `path` is its place in the body."""

    path: str
    identity: ResourceId
    principal: str


def identities_in(resource_type: ResourceType, body: Mapping[str, object]) -> Iterator[ResourceId]:
    """Yield the user-assigned identities that a body gives to a resource."""
    named: list[object] = [key for key, _entry in _profile_entries(body, _ASSIGNED)]
    for path in resource_type.identity_profiles:
        named += (lookup(entry, ("resourceId",)) for _key, entry in _profile_entries(body, path))
    for text in named:
        identity = parse_resource_id(text)
        if identity is not None:
            yield identity


def principal_of(identity: Body) -> str | None:
    """Return the principal that the body of an identity names, or None."""
    found = lookup(identity, ("properties", "principalId"))
    return found.lower() if isinstance(found, str) and found else None


def held_principals(resource_type: ResourceType, body: Body) -> Iterator[HeldPrincipal]:
    """Yield what a live body holds of identities; what Azure does not answer is passed over."""
    for key, entry in _profile_entries(body, _ASSIGNED):
        yield from _held_principals(
            f"{_ASSIGNED}[{key}].principalId", key, lookup(entry, ("principalId",))
        )
    for path in resource_type.identity_profiles:
        for key, entry in _profile_entries(body, path):
            named = lookup(entry, ("resourceId",))
            yield from _held_principals(
                f"{path}.{key}.objectId", named, lookup(entry, ("objectId",))
            )


def _profile_entries(body: Mapping[str, object], path: str) -> Iterator[tuple[str, object]]:
    found = lookup(body, path.split("."))
    yield from found.items() if isinstance(found, Mapping) else ()


def _held_principals(path: str, named: object, principal: object) -> Iterator[HeldPrincipal]:
    identity = parse_resource_id(named)
    if identity is not None and isinstance(principal, str) and principal:
        yield HeldPrincipal(path, identity, principal.lower())
