"""What was found in Azure. Absent is not unreadable."""

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
    """A resource that Azure says does not exist."""

    id: ResourceId


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A resource that could not be read, and why: a plan over it would be a guess."""

    id: ResourceId
    reason: str


Actual: TypeAlias = Found | Missing | Unreadable


@dataclass(frozen=True, slots=True)
class Gap:
    """A read that Azure refused, and why: what there is of `type` at `scope` and below is unknown.

    `type` is "" for a list of mixed types.
    """

    type: str
    scope: ResourceId
    reason: str

    def hides(self, type_name: str) -> bool:
        """Tell whether resources of a type may be in it: those of its own, and their children."""
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
