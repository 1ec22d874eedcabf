"""Adds the edges of ids that are written by hand to a finished graph, and finds clashing claims.

An id that a file writes out means the resource of the graph that has it: it waits for that as it
would for an expression. Called by `blueprint.composition`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from provisioner.blueprint.graph import DesiredResource, Edge
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Value


def with_implied_edges(resources: list[DesiredResource]) -> list[DesiredResource]:
    """Add the edges that ids written out by hand mean.

    Raises:
        DiagnosticError: Where two resources claim one id, or a child is stated beside a parent that
            states its children itself.
    """
    by_key: dict[str, DesiredResource] = {}
    clashes = []
    for resource in resources:
        other = by_key.setdefault(resource.id.key, resource)
        if other is not resource:
            clashes.append(
                error(
                    "duplicate-id",
                    f"{resource.address} has the id of {other.address} "
                    f"({other.span}): {resource.id}.",
                    resource.span,
                    "Give it another name.",
                )
            )
    clashes += [found for resource in resources for found in _stated_twice(resource, by_key)]
    if clashes:
        raise DiagnosticError(*clashes)
    return [_with_edges_of_ids(resource, by_key) for resource in resources]


def _stated_twice(
    resource: DesiredResource, by_key: Mapping[str, DesiredResource]
) -> Iterator[Diagnostic]:
    """Yield an error for a child beside a parent whose own list states its children.

    Each write of the parent would delete it.
    """
    parent = by_key.get(resource.id.parent.key) if resource.id.parent else None
    if parent is None or not parent.managed:
        return
    for embedded in parent.type.embedded:
        if embedded.child == resource.type.name and not embedded.kept:
            yield error(
                "stated-by-parent",
                f"{resource.address}: {parent.address} ({parent.span}) states all of its "
                f"{resource.type.kind} itself.",
                resource.span,
                f"Move it into {embedded.path} of {parent.address}.",
            )


def _with_edges_of_ids(
    resource: DesiredResource, by_key: Mapping[str, DesiredResource]
) -> DesiredResource:
    reasons = [("scope", ancestor) for ancestor in resource.id.ancestors]
    _collect_ids(resource.body, "", reasons)
    found = list(resource.edges)
    known = {edge.on for edge in found}
    for reason, mentioned in reasons:
        other = by_key.get(mentioned.key)
        if other is not None and other is not resource and other.address not in known:
            known.add(other.address)
            found.append(Edge(other.address, reason))
    if len(found) == len(resource.edges):
        return resource
    return replace(resource, edges=tuple(sorted(found)))


def _collect_ids(value: Value, path: str, found: list[tuple[str, ResourceId]]) -> None:
    """Add (path, id) of the ids among the keys and the texts of a value to `found`, in order."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            named = parse_resource_id(key)
            if named is not None:
                found.append((path, named))
            # Every leaf of every body comes by here, and few of them are ids.
            if not item.startswith("/") if isinstance(item, str) else item.__class__ in _NUMBERS:
                continue
            _collect_ids(item, f"{path}.{key}" if path else key, found)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _collect_ids(item, f"{path}[{index}]", found)
    else:
        mentioned = parse_resource_id(value)
        if mentioned is not None:
            found.append((path, mentioned))


_NUMBERS = frozenset({int, float, bool, type(None)})
