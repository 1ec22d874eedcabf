"""Whose a resource is, written on the resource: there is no state file.

A resource that can carry tags says which environment made it and at which address. One that
cannot (a subnet, a role assignment) is vouched for by the nearest resource above it that can:
that one's tags list the digests of the ids below it that azsec made. Where everything above it is
managed by others (the other side of a peering), the nearest resource that it waits for vouches.
Because the list is part of the desired body of what is written first, it is known before anything
else is written, and a crash orphans nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Value, lookup

ENVIRONMENT_TAG = "azsec-environment"
ADDRESS_TAG = "azsec-address"
BELOW_TAG = "azsec-below"
STAND_IN_TAG = "azsec-stands-in-for"
_DIGEST_LENGTH = 8
_DIGESTS_A_TAG = 28
"""A tag's value holds 256 characters at most (Azure Resource Manager's limit)."""


def add_ownership(graph: DesiredGraph, environment: str) -> DesiredGraph:
    """Return the graph with ownership tags in the body of every managed resource that can."""
    below: dict[str, list[str]] = {}
    for resource in graph:
        if resource.managed and not resource.type.taggable:
            voucher = _voucher(graph, resource)
            if voucher is not None:
                below.setdefault(voucher.address, []).append(digest(resource.id))
    return DesiredGraph(
        {
            resource.address: _tagged(resource, environment, below.get(resource.address, ()))
            for resource in graph
        },
        graph.outputs,
    )


def _voucher(graph: DesiredGraph, resource: DesiredResource) -> DesiredResource | None:
    for ancestor in resource.id.ancestors:
        found = graph.by_id.get(ancestor.key)
        if found is not None and found.managed and found.type.taggable:
            return found
    waited_for = [graph.resources[edge.on] for edge in resource.edges]
    return next((other for other in waited_for if other.managed and other.type.taggable), None)


def _tagged(resource: DesiredResource, environment: str, digests: Sequence[str]) -> DesiredResource:
    if not (resource.managed and resource.type.taggable):
        return resource
    own = lookup(resource.body, ("tags",))
    tags = {
        **(own if isinstance(own, Mapping) else {}),
        ENVIRONMENT_TAG: environment,
        ADDRESS_TAG: resource.address,
        **_below_tags(sorted(digests)),
    }
    return replace(resource, body={**resource.body, "tags": tags})


def _below_tags(digests: Sequence[str]) -> dict[str, str]:
    chunks = [
        digests[start : start + _DIGESTS_A_TAG] for start in range(0, len(digests), _DIGESTS_A_TAG)
    ]
    return {
        BELOW_TAG if index == 0 else f"{BELOW_TAG}-{index + 1}": " ".join(chunk)
        for index, chunk in enumerate(chunks)
    }


def is_ownership_tag(name: str) -> bool:
    """Tell whether a tag is one that azsec writes to know its own."""
    return name in (ENVIRONMENT_TAG, ADDRESS_TAG, STAND_IN_TAG) or name.startswith(BELOW_TAG)


def stale_tags(desired: Mapping[str, object], live: Body) -> dict[str, str]:
    """Return the ownership tags that a live body has and its desired body no longer does.

    Tags that others wrote are kept; these are azsec's own, and go.
    """
    wanted, found = lookup(desired, ("tags",)), lookup(live, ("tags",))
    if not isinstance(found, Mapping):
        return {}
    kept = wanted if isinstance(wanted, Mapping) else {}
    return {
        name: str(value)
        for name, value in found.items()
        if is_ownership_tag(name) and name not in kept
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


def digest(resource: ResourceId) -> str:
    """Return the 8 hexadecimal digits that stand for an id in an ancestor's tag."""
    return hashlib.sha256(resource.key.encode()).hexdigest()[:_DIGEST_LENGTH]


def owner_of(body: Body) -> tuple[str, str] | None:
    """Return (environment, address) as a body's tags state them, or None."""
    tags = lookup(body, ("tags",))
    if not isinstance(tags, Mapping):
        return None
    environment, address = tags.get(ENVIRONMENT_TAG), tags.get(ADDRESS_TAG)
    if not isinstance(environment, str) or not isinstance(address, str):
        return None
    return environment, address


def marks_of_stand_in(environment: str, address: str, name: str) -> Mapping[str, str]:
    """Return the tags of what stands in for the resource `name` at an address meanwhile."""
    return {ENVIRONMENT_TAG: environment, ADDRESS_TAG: address, STAND_IN_TAG: name}


def stands_in_for(tags: object, environment: str) -> tuple[str, str] | None:
    """Return (address, name) of the resource for which one with these tags stands in.

    None for what is no stand-in of this environment.
    """
    if not isinstance(tags, Mapping) or tags.get(ENVIRONMENT_TAG) != environment:
        return None
    address, name = tags.get(ADDRESS_TAG), tags.get(STAND_IN_TAG)
    return (address, name) if isinstance(address, str) and isinstance(name, str) else None


def digests_in(body: Body) -> frozenset[str]:
    """Return the digests that a body's tags list."""
    tags = lookup(body, ("tags",))
    return frozenset(
        listed
        for name, value in (tags.items() if isinstance(tags, Mapping) else ())
        if name.startswith(BELOW_TAG) and isinstance(value, str)
        for listed in value.split()
    )


def vouched_below(bodies: Iterable[Body], environment: str) -> frozenset[str]:
    """Return the digests of all ids that owned resources vouch for in this environment."""
    found: set[str] = set()
    for body in bodies:
        owner = owner_of(body)
        if owner is None or owner[0] != environment:
            continue
        found |= digests_in(body)
    return frozenset(found)
