"""Adds the edges of ids that are written by hand to a finished graph, and finds clashing claims.

An id that a file writes out means the resource of the graph that has it: it waits for that as it
would for an expression. Called by `blueprint.composition`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from provisioner.blueprint.graph import DesiredResource, Edge
from provisioner.blueprint.mentions import Mentions
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error


def with_implied_edges(
    resources: list[DesiredResource], mentions: Mapping[str, Mentions]
) -> list[DesiredResource]:
    """Add the edges that ids written out by hand mean; `mentions` has those of each address.

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
    return [
        _with_edges_of_ids(resource, mentions[resource.address], by_key) for resource in resources
    ]


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
    resource: DesiredResource, named: Mentions, by_key: Mapping[str, DesiredResource]
) -> DesiredResource:
    reasons = [*(("scope", ancestor) for ancestor in resource.id.ancestors), *named.ids]
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
