"""ARM resource ids: the grammar of `/subscriptions/…/resourceGroups/…/providers/…`.

An id is a scope plus a type plus names. Containers (a subscription, a resource group) are ids
too; their types are the bare segments `subscriptions` and `resourceGroups`, as in the path.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

SUBSCRIPTION = "subscriptions"
RESOURCE_GROUP = "resourceGroups"
_CONTAINERS = {"subscriptions": SUBSCRIPTION, "resourcegroups": RESOURCE_GROUP}


@dataclass(frozen=True, eq=False)
class ResourceId:
    """One ARM id. Equality and hashing ignore case, as ARM does; the text is kept as written.

    `type` is `Namespace/kind[/kind…]`, with one name in `names` for each kind. `scope` is what the
    resource hangs on: a resource group, a subscription, another resource (an extension resource
    such as a role assignment), or None for the tenant.
    """

    type: str
    names: tuple[str, ...]
    scope: "ResourceId | None" = None

    @staticmethod
    def parse(text: str) -> "ResourceId":
        """Parse an id; any other text is a ValueError, with the reason."""
        return _parse(text)

    @cached_property
    def text(self) -> str:
        """The id as ARM writes it."""
        prefix = self.scope.text if self.scope else ""
        if self.is_container:
            return f"{prefix}/{self.type}/{self.names[0]}"
        namespace, *kinds = self.type.split("/")
        tail = "/".join(f"{kind}/{name}" for kind, name in zip(kinds, self.names, strict=True))
        return f"{prefix}/providers/{namespace}/{tail}"

    @cached_property
    def key(self) -> str:
        """The text in lower case: what two spellings of one id have in common."""
        return self.text.lower()

    @property
    def name(self) -> str:
        """The last name: what the resource is called within its parent."""
        return self.names[-1]

    @property
    def is_container(self) -> bool:
        """Whether this is a subscription or a resource group."""
        return self.type in (SUBSCRIPTION, RESOURCE_GROUP)

    @cached_property
    def parent(self) -> "ResourceId | None":
        """The resource this one is a child of (a subnet's network), or None."""
        if len(self.names) < 2:
            return None
        return ResourceId(self.type.rpartition("/")[0], self.names[:-1], self.scope)

    @property
    def container(self) -> "ResourceId | None":
        """The resource that directly contains this one: its parent, or else its scope."""
        return self.parent or self.scope

    @property
    def ancestors(self) -> Iterator["ResourceId"]:
        """Yield parent, its parent, …, resource group, subscription: nearest first."""
        current = self.container
        while current is not None:
            yield current
            current = current.container

    @cached_property
    def subscription(self) -> str | None:
        """The subscription's id, or None for a tenant-level resource."""
        if self.type == SUBSCRIPTION:
            return self.name
        return self.container.subscription if self.container else None

    @cached_property
    def resource_group(self) -> str | None:
        """The resource group's name, or None outside of one."""
        if self.type == RESOURCE_GROUP:
            return self.name
        return self.container.resource_group if self.container else None

    def is_within(self, other: "ResourceId") -> bool:
        """Return whether this id is `other` or below it."""
        return self.key == other.key or self.key.startswith(other.key + "/")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


# A plan meets each id a dozen times, and an id keeps its text, its key and its parent. An estate of
# 10,000 resources has 20,000 of them: a cache of fewer would have dropped each before it is read
# again.
@lru_cache(maxsize=65_536)
def _parse(text: str) -> ResourceId:
    segments = text.strip("/").split("/")
    if not text.startswith("/") or not all(segments):
        raise ValueError(f"{text!r} is not an ARM resource id: it must be /segment/value/…")
    current: ResourceId | None = None
    position = 0
    while position < len(segments):
        word = segments[position].lower()
        if word == "providers":
            current, position = _parse_provider(text, segments, position, current)
        elif word in _CONTAINERS and position + 1 < len(segments):
            name = segments[position + 1]
            position += 2
            # All resources of a group share the ids above them, and what those have worked out.
            above = "/" + "/".join(segments[:position])
            kept = _parse(above) if len(above) < len(text) else None
            current = kept or ResourceId(_CONTAINERS[word], (name,), current)
        else:
            raise ValueError(
                f"{text!r} is not an ARM resource id: unexpected {segments[position]!r}"
            )
    if current is None:
        raise ValueError(f"{text!r} is not an ARM resource id: it names nothing")
    return current


def _parse_provider(
    text: str, segments: list[str], start: int, scope: ResourceId | None
) -> tuple[ResourceId, int]:
    """Parse `providers/Namespace/kind/name[/kind/name…]` at `start`; return the id and the end.

    Raises:
        ValueError: types and names do not alternate.
    """
    end = start + 2
    while end < len(segments) and segments[end].lower() != "providers":
        end += 1
    body = segments[start + 2 : end]
    if not body or len(body) % 2:
        raise ValueError(f"{text!r} is not an ARM resource id: a type and a name must alternate")
    resource_type = "/".join((segments[start + 1], *body[::2]))
    return ResourceId(resource_type, tuple(body[1::2]), scope), end


@lru_cache(maxsize=1024)
def subscription_id(subscription: str) -> ResourceId:
    """Return the id of a subscription given its GUID."""
    return ResourceId(SUBSCRIPTION, (subscription,))


@lru_cache(maxsize=1024)
def resource_group_id(subscription: str, name: str) -> ResourceId:
    """Return the id of a resource group."""
    return ResourceId(RESOURCE_GROUP, (name,), subscription_id(subscription))


def parse_resource_id(value: object) -> ResourceId | None:
    """Return `value` as an id, None where it is not the text of one."""
    if not isinstance(value, str) or not value.startswith("/"):
        return None
    try:
        return _parse(value)
    except ValueError:
        return None
