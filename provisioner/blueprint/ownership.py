"""Ownership marks: tags that identify the environment of a resource; there is no state file.

A resource that takes tags carries a **mark**: a keyed hash over its id, its type and its address,
whose key is the environment's id. Nobody can compute it who only reads tags, and copied to another
resource it does not verify. Azure copies tags by itself (AKS to its node resource group and to what
is in it, policies from a group to its resources), so an environment's name in a tag proves nothing.

A resource without tags (a subnet, a role assignment) has its mark on a **carrier**: the nearest
resource above it that takes tags; else the first that it waits for; else a resource group of the
environment, of the same subscription if there is one. Marks are part of the desired body of what is
written first, so a crash leaves nothing behind that is not known.

Called while composing (tags become part of the bodies) and while planning (marks are verified).
Nothing here reads Azure.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import chain
from uuid import UUID

from provisioner.blueprint.graph import DesiredGraph, DesiredResource, Edge
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.model.values import Body, Value, lookup

ENVIRONMENT_TAG = "azsec-environment"
ADDRESS_TAG = "azsec-address"
OWNER_TAG = "azsec-owner"
MARK_TAG = "azsec-mark"
BELOW_TAG = "azsec-below"
STAND_IN_TAG = "azsec-stands-in-for"
_NAMES = frozenset({ENVIRONMENT_TAG, ADDRESS_TAG, OWNER_TAG, MARK_TAG, STAND_IN_TAG})
_MARK_BYTES = 15
_BELOW_BYTES = 6
_LIST_BYTES = 3
_STAMP_BYTES = 8
_OWNER_BYTES = 12
_LIST_CHARACTERS = 4
_MARKS_A_TAG = 19
"""12 characters and a separator each: a tag's value holds 256 characters at most, a resource 50
tags (learn.microsoft.com, "Use tags to organize your Azure resources", limitations)."""
_SEPARATOR = "."
"""No space: tags of DNS zones take none (same page)."""


class OwnershipClaim(StrEnum):
    """The ownership that the tags of a resource state."""

    NONE = "no environment's"
    OURS = "this environment's"
    OTHER = "another environment's"
    INVALID = "carries a mark that does not verify"
    AMBIGUOUS = "carries a tag of azsec twice"


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a resource by its tags; `environment` and `address` are what they state."""

    claim: OwnershipClaim
    environment: str = ""
    address: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether the mark verifies with this environment's id."""
        return self.claim is OwnershipClaim.OURS


@dataclass(frozen=True, slots=True)
class Marks:
    """Makes and verifies the marks of one environment.

    `environment` is its name, for people. `key` is its id: 32 hexadecimal digits that nobody
    outside of its repository has to know.
    """

    environment: str
    key: str = field(repr=False)

    @property
    def owner(self) -> str:
        """The environment's id as tags and plan files hold it: 16 characters.

        They do not give the id away. Azure filters lists by it.
        """
        return _keyed_hash(self.key, _OWNER_BYTES, "owner")

    def mark(self, resource: ResourceId, address: str, stands_in_for: str = "") -> str:
        """Return the mark of a resource at an address: 20 characters."""
        kind = resource.type.lower()
        parts = ("mark", resource.key, kind, address, stands_in_for)
        return _keyed_hash(self.key, _MARK_BYTES, *parts)

    def mark_object(self, key: str) -> str:
        """Return the mark of an object in a cluster, given by its key: 20 characters."""
        return _keyed_hash(self.key, _MARK_BYTES, "object", key)

    def mark_below(self, resource: ResourceId) -> str:
        """Return the mark by which a carrier knows a resource without tags.

        It has 12 characters, of which the last 4 are those of `mark_list`.
        """
        return _carried_mark(self.key, "below", resource)

    def mark_part(self, resource: ResourceId) -> str:
        """Return the mark by which a carrier knows a child that its own body states.

        Such a child is a pool of a cluster. It has 12 characters, as `mark_below`.
        """
        return _carried_mark(self.key, "part", resource)

    def mark_list(self, container: str, type_name: str) -> str:
        """Return the last 4 characters of the marks of one type's resources in one container.

        The container is given by its key, and contains the resources directly. A mark gives no id
        away, and without these characters nobody could decide whether its resource is gone or was
        never looked for.
        """
        return _list_mark(self.key, container, type_name)

    def tags(self, resource: ResourceId, address: str) -> Mapping[str, str]:
        """Return the tags that mark a resource as this environment's."""
        return {
            ENVIRONMENT_TAG: self.environment,
            ADDRESS_TAG: address,
            OWNER_TAG: self.owner,
            MARK_TAG: self.mark(resource, address),
        }

    def tags_of_stand_in(self, resource: ResourceId, address: str, name: str) -> Mapping[str, str]:
        """Return the tags of what takes the place of the resource `name` during a rotation."""
        return {
            **self.tags(resource, address),
            STAND_IN_TAG: name,
            MARK_TAG: self.mark(resource, address, name),
        }

    def owner_of(self, resource: ResourceId, tags: object) -> Owner:
        """Return the owner of a resource by its tags."""
        # Most resources are of types that take no tags.
        found = _azsec_tags(tags) if tags else {}
        if any(len(values) > 1 for values in found.values()):
            return Owner(OwnershipClaim.AMBIGUOUS)
        stated = {name: values[0] for name, values in found.items()}
        environment, address = stated.get(ENVIRONMENT_TAG), stated.get(ADDRESS_TAG)
        if environment is None and OWNER_TAG not in stated and MARK_TAG not in stated:
            return Owner(OwnershipClaim.NONE)
        owner = Owner(OwnershipClaim.INVALID, environment or "", address or "")
        if stated.get(OWNER_TAG, self.owner) != self.owner:
            return replace(owner, claim=OwnershipClaim.OTHER)
        if OWNER_TAG not in stated and environment != self.environment:
            return replace(owner, claim=OwnershipClaim.OTHER)
        expected = self.mark(resource, address or "", stated.get(STAND_IN_TAG, ""))
        if address and hmac.compare_digest(stated.get(MARK_TAG, ""), expected):
            return replace(owner, claim=OwnershipClaim.OURS)
        return owner

    def stood_in_for(self, resource: ResourceId, tags: object) -> tuple[str, str] | None:
        """Return (address, name) of the resource whose place this one takes, or None."""
        owner = self.owner_of(resource, tags)
        names = _azsec_tags(tags).get(STAND_IN_TAG, [])
        return (owner.address, names[0]) if owner.is_ours and names else None

    def stamp(self, nonce: bytes) -> str:
        """Return a correlation id of this environment's own writes, of 8 random bytes: a GUID."""
        return str(UUID(bytes=nonce + self._stamp_of(nonce)))

    def is_stamp(self, correlation: str) -> bool:
        """Return whether a correlation id is one that `stamp` made.

        Nobody without the environment's id can make one, and Azure's logs have that of each write.
        """
        try:
            found = UUID(correlation).bytes
        except ValueError:
            return False
        half = len(found) // 2
        return hmac.compare_digest(found[half:], self._stamp_of(found[:half]))

    def _stamp_of(self, nonce: bytes) -> bytes:
        message = b"azsec\nstamp\n" + nonce
        return hmac.digest(self.key.encode(), message, hashlib.sha256)[:_STAMP_BYTES]


# One plan needs each some eight times: while it composes, while it reads and while it decides.
@lru_cache(maxsize=65_536)
def _carried_mark(key: str, purpose: str, resource: ResourceId) -> str:
    container = resource.container.key if resource.container is not None else ""
    own = _keyed_hash(key, _BELOW_BYTES, purpose, resource.key, resource.type.lower())
    return own + _list_mark(key, container, resource.type)


def _list_mark(key: str, container: str, type_name: str) -> str:
    return _keyed_hash(key, _LIST_BYTES, "list", container, type_name.lower())


@lru_cache(maxsize=65_536)
def _keyed_hash(key: str, size: int, *parts: str) -> str:
    """Return `size` bytes of an HMAC of some parts as text."""
    message = "\n".join(("azsec", *parts))
    digest = hmac.digest(key.encode(), message.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:size]).decode()


def derive_id(origin: str) -> str:
    """Return the id of an environment that states none, from the location of its file.

    Good enough for a rehearsal on the built-in Azure, and for nothing else: who knows the path
    knows the id.
    """
    return hashlib.sha256(f"azsec rehearsal\n{origin}".encode()).hexdigest()[:32]


def add_ownership(graph: DesiredGraph, marks: Marks) -> DesiredGraph:
    """Return the graph with marks in the bodies of all that is managed.

    Raises:
        DiagnosticError: For what nothing can carry the mark of (`no-carrier`, `too-many-tags`).
    """
    carriers = _Carriers(graph)
    below: dict[str, list[str]] = {}
    edges: dict[str, Edge] = {}
    missing: list[Diagnostic] = []
    for resource in graph:
        if not resource.managed:
            continue
        embedded = embedded_children(resource.type, resource.id, resource.body)
        marked = [marks.mark_part(child) for child in embedded if child.key not in graph.by_id]
        if marked and resource.type.taggable:
            below.setdefault(resource.address, []).extend(marked)
        if not needs_carrier(resource.type):
            continue
        carrier = carriers.of(resource)
        if carrier is None:
            missing.append(_no_carrier(resource))
            continue
        below.setdefault(carrier.address, []).append(marks.mark_below(resource.id))
        if not resource.id.is_within(carrier.id):
            edges[resource.address] = Edge(carrier.address, "mark")
    if missing:
        raise DiagnosticError(*missing)
    return replace(
        graph,
        resources={
            resource.address: _with_mark_tags(
                resource, marks, below.get(resource.address, ()), edges
            )
            for resource in graph
        },
    )


@dataclass(frozen=True)
class _Carriers:
    """Finds what carries the mark of a resource without tags."""

    graph: DesiredGraph

    def of(self, resource: DesiredResource) -> DesiredResource | None:
        """Return the carrier, always the same for one blueprint, or None."""
        for ancestor in resource.id.ancestors:
            found = self.graph.by_id.get(ancestor.key)
            if found is not None and _takes_marks(found):
                return found
        for candidate in chain(self._waited_for(resource), self._candidate_groups(resource)):
            if _takes_marks(candidate) and not self._waits_for(candidate, resource):
                return candidate
        return None

    def _waited_for(self, resource: DesiredResource) -> Iterator[DesiredResource]:
        return (self.graph.resources[edge.on] for edge in resource.edges)

    def _candidate_groups(self, resource: DesiredResource) -> Iterator[DesiredResource]:
        """Yield the resource groups, those of the resource's own subscription first."""
        own = resource.id.subscription
        yield from (group for group in self._ordered_groups if group.id.subscription == own)
        yield from (group for group in self._ordered_groups if group.id.subscription != own)

    @cached_property
    def _ordered_groups(self) -> Sequence[DesiredResource]:
        groups = (other for other in self.graph if other.id.type == RESOURCE_GROUP)
        return sorted(groups, key=lambda group: group.address)

    def _waits_for(self, candidate: DesiredResource, resource: DesiredResource) -> bool:
        """Return whether the candidate itself waits for the resource whose mark it would carry."""
        pending, seen = [candidate.address], set[str]()
        while pending:
            address = pending.pop()
            if address == resource.address:
                return True
            if address not in seen:
                seen.add(address)
                pending += [edge.on for edge in self.graph.resources[address].edges]
        return False


def needs_carrier(resource_type: ResourceType) -> bool:
    """Return whether another resource carries the mark of one of a type.

    It does where the type takes no tags, and is not one that every scope has, and that nobody makes
    or deletes (a plan of Defender).
    """
    always_there = resource_type.scope is Scope.EXTENSION and not resource_type.deletable
    return not resource_type.taggable and not always_there


def _takes_marks(resource: DesiredResource) -> bool:
    return resource.managed and resource.type.taggable


def _no_carrier(resource: DesiredResource) -> Diagnostic:
    return error(
        "no-carrier",
        f"{resource.address} takes no tags, and nothing in the blueprint can carry its mark: once "
        "it left the blueprint, azsec would not know it as its own.",
        resource.span,
        "Declare a resource group in `resourceGroups:` (it carries the marks of what is at a "
        "subscription), or state the resource as `existing: true`.",
    )


def embedded_children(
    resource_type: ResourceType, resource: ResourceId, body: Mapping[str, Value]
) -> Iterator[ResourceId]:
    """Yield the ids of the children that a body states and that outlive a write without them.

    Pools of a cluster and subnets of a network do; rules of a security group are part of it.
    """
    for embedded in resource_type.embedded:
        entries = lookup(body, embedded.path.split(".")) if embedded.kept else ()
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            name = entry.get("name") if isinstance(entry, Mapping) else None
            if isinstance(name, str):
                yield ResourceId(embedded.child, (*resource.names, name), resource.scope)


def _with_mark_tags(
    resource: DesiredResource, marks: Marks, below: Sequence[str], edges: Mapping[str, Edge]
) -> DesiredResource:
    edge = edges.get(resource.address)
    if edge is not None and all(other.on != edge.on for other in resource.edges):
        resource = replace(resource, edges=(*resource.edges, edge))
    if not _takes_marks(resource):
        return resource
    stated = lookup(resource.body, ("tags",))
    own = stated if isinstance(stated, Mapping) else {}
    reserved = next((name for name in own if is_ownership_tag(name)), None)
    if reserved is not None:
        raise DiagnosticError(
            error(
                "reserved-tag",
                f"{resource.address} states the tag {reserved!r}, which azsec writes itself.",
                resource.span,
                "Remove it.",
            )
        )
    tags = {
        **own,
        **marks.tags(resource.id, resource.address),
        **tags_below(below),
    }
    most = resource.type.most_tags
    if len(tags) > most:
        raise DiagnosticError(
            error(
                "too-many-tags",
                f"{resource.address} would carry {len(tags)} tags, {len(tags) - len(own)} of "
                f"them with the marks of resources below it; Azure allows {most}.",
                resource.span,
                "Distribute the resources below it over several resource groups.",
            )
        )
    return replace(resource, body={**resource.body, "tags": tags})


def tags_below(marks: Iterable[str]) -> dict[str, str]:
    """Return the tags that hold the marks of what stands below a carrier."""
    ordered = sorted(set(marks))
    chunks = [
        ordered[start : start + _MARKS_A_TAG] for start in range(0, len(ordered), _MARKS_A_TAG)
    ]
    return {
        BELOW_TAG if index == 0 else f"{BELOW_TAG}-{index + 1}": _SEPARATOR.join(chunk)
        for index, chunk in enumerate(chunks)
    }


def with_marks_below(
    body: Mapping[str, Value], more: Collection[str], less: Set[str]
) -> Mapping[str, Value]:
    """Return a carrier's desired body with more and without some marks of what stands below it."""
    tags = lookup(body, ("tags",))
    if not isinstance(tags, Mapping):
        return body
    stated = marks_below(tags)
    wanted = stated.union(more) - less
    if wanted == stated:
        return body
    own = {name: tag for name, tag in tags.items() if not _is_below(name)}
    return {**body, "tags": {**own, **tags_below(wanted)}}


def list_of_mark(mark: str) -> str:
    """Return the end of a carried mark, which `Marks.mark_list` gives for the list it is about."""
    return mark[-_LIST_CHARACTERS:]


def marks_below(tags: object) -> frozenset[str]:
    """Return the marks of what stands below a carrier, given its tags."""
    return frozenset(
        mark
        for name, value in (tags.items() if tags and isinstance(tags, Mapping) else ())
        if _is_below(name) and isinstance(value, str)
        for mark in value.split(_SEPARATOR)
    )


def _is_below(name: str) -> bool:
    return name.lower() == BELOW_TAG or name.lower().startswith(f"{BELOW_TAG}-")


def mark_in(body: Body) -> str | None:
    """Return the mark that the tags of a body hold, verified or not, or None."""
    tags = lookup(body, ("tags",))
    for name, value in tags.items() if isinstance(tags, Mapping) else ():
        if name.lower() == MARK_TAG and isinstance(value, str):
            return value
    return None


def is_ownership_tag(name: str) -> bool:
    """Return whether a tag is one of azsec's ownership tags; case is ignored, as by Azure."""
    return name.lower() in _NAMES or _is_below(name)


def _azsec_tags(tags: object) -> dict[str, list[str]]:
    """Return the values of azsec's own tags by their names in lower case.

    Azure compares names of tags without case and keeps the case that they were written with.
    """
    found: dict[str, list[str]] = {}
    for name, value in tags.items() if isinstance(tags, Mapping) else ():
        if isinstance(name, str) and name.lower() in _NAMES:
            found.setdefault(name.lower(), []).append(value if isinstance(value, str) else "")
    return found


def stale_tags(desired: Mapping[str, object], live: Body) -> dict[str, str]:
    """Return the ownership tags that a live body has and its desired body no longer does.

    Tags that others wrote are kept; these are azsec's own, and go.
    """
    wanted, found = lookup(desired, ("tags",)), lookup(live, ("tags",))
    if not found or not isinstance(found, Mapping):
        return {}
    kept = {name.lower() for name in wanted} if isinstance(wanted, Mapping) else set()
    return {
        name: str(value)
        for name, value in found.items()
        if is_ownership_tag(name) and name.lower() not in kept
    }


def without_stale_tags(
    body: Mapping[str, Value], desired: Mapping[str, object]
) -> Mapping[str, Value]:
    """Return a body that is about to be written without the ownership tags that went."""
    tags = lookup(body, ("tags",))
    if not isinstance(tags, Mapping):
        return body
    gone = stale_tags(desired, {"tags": tags})
    return {**body, "tags": {name: tag for name, tag in tags.items() if name not in gone}}
