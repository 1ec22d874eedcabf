"""The actual state: what Azure answered for each resource that was read.

A resource that does not exist (404) and one that could not be read (403, no answer) are different
answers: taking the second for the first would plan the creation of what is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body


@dataclass(frozen=True, slots=True)
class Found:
    """A resource that exists, with the body that GET answers and its ETag where it has one."""

    id: ResourceId
    body: Body
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A resource that does not exist in Azure."""

    id: ResourceId


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A resource that could not be read, with the reason: nothing may be planned from it."""

    id: ResourceId
    reason: str


Actual: TypeAlias = Found | Missing | Unreadable


@dataclass(frozen=True, slots=True)
class Gap:
    """A read that Azure refused, with the reason: resources of `type` in `scope` are unknown.

    `type` is "" for a list of mixed types.
    """

    type: str
    scope: ResourceId
    reason: str

    def hides(self, type_name: str) -> bool:
        """Return whether it may hide resources of a type: its own type and its children's."""
        hidden, name = self.type.lower(), type_name.lower()
        return bool(hidden) and (name == hidden or name.startswith(f"{hidden}/"))


@dataclass(frozen=True, slots=True)
class ActualState:
    """Everything one read of an environment found, by the key of the id (`ResourceId.key`).

    `unreadable` holds the resources of the blueprint and the environment whose read was refused,
    `gaps` every refused read, also one that nothing was expected of. `calls` counts the requests
    that the read took. `unread` are resources of the environment's groups of which only the id
    was read.
    """

    found: Mapping[str, Found]
    unreadable: tuple[Unreadable, ...] = ()
    calls: int = 0
    gaps: tuple[Gap, ...] = ()
    unread: tuple[ResourceId, ...] = ()

    def get(self, resource: ResourceId) -> Actual:
        """Return what is known of `resource`."""
        hit = self.found.get(resource.key)
        if hit is not None:
            return hit
        for refused in self.unreadable:
            if resource.is_within(refused.id):
                return Unreadable(resource, refused.reason)
        return Missing(resource)
