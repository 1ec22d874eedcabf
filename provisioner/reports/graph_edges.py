"""Edges of a network diagram, with equal ones merged.

`graph_boxes`, `graph_mermaid` and `graph_svg` call it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from provisioner.documents.graph import EdgeDocument, EdgeKind, GraphDocument


def fold_edges(document: GraphDocument) -> tuple[EdgeDocument, ...]:
    """Return the edges, with one from a group in the place of equal edges of all its members.

    Edges are equal if every member of the group has an edge of one kind to one target. Nothing is
    merged where one member has no such edge, one of them is marked, or the target is in the group.
    """
    parents = {box.id: box.parent for box in document.groups}
    parents |= {node.id: node.group for node in document.nodes}
    failing = failing_ends(document)
    members = Counter(parent for parent in parents.values() if parent)
    ways: dict[tuple[str, EdgeKind, str], list[EdgeDocument]] = {}
    for edge in document.edges:
        parent = parents.get(edge.source)
        if parent is not None and (edge.source, edge.target) not in failing:
            ways.setdefault((parent, edge.kind, edge.target), []).append(edge)
    folded: dict[tuple[str, str, EdgeKind], EdgeDocument] = {}
    for edge in document.edges:
        parent = parents.get(edge.source) or ""
        same = ways.get((parent, edge.kind, edge.target), [])
        if len(same) > 1 and len(same) == members[parent] and not _is_in(edge, parent, parents):
            words = f"{edge.words}, and {len(same) - 1} more"
            edge = edge.model_copy(update={"source": parent, "words": words})
        folded.setdefault((edge.source, edge.target, edge.kind), edge)
    return tuple(folded.values())


def _is_in(edge: EdgeDocument, group: str, parents: Mapping[str, str | None]) -> bool:
    current: str | None = edge.target
    while current is not None:
        if current == group:
            return True
        current = parents.get(current)
    return False


def fails_by_id(document: GraphDocument, *, certain: bool) -> Mapping[str, tuple[str, ...]]:
    """Return the names of the proofs with a counter-example at each box, by its id.

    With `certain` they are the proofs that fail, else those that are unknown.
    """
    found: dict[str, dict[str, None]] = {}
    for mark in document.marks:
        if mark.certain is certain:
            for marked in mark.marked:
                found.setdefault(marked, {})[mark.proof] = None
    return {marked: tuple(proofs) for marked, proofs in found.items()}


def failing_ends(document: GraphDocument) -> frozenset[tuple[str, str]]:
    """Return the ends of the edges with a counter-example."""
    return frozenset(ends for mark in document.marks if mark.certain for ends in mark.edges)


def kinds_of(edges: Iterable[EdgeDocument]) -> tuple[EdgeKind, ...]:
    """Return the kinds of some edges, in the order in which they are explained."""
    used = {edge.kind for edge in edges}
    return tuple(kind for kind in EdgeKind if kind in used)


WORDS = {
    EdgeKind.EGRESS: "egress path",
    EdgeKind.ROUTE: "default route",
    EdgeKind.INGRESS: "public frontend of",
    EdgeKind.PEERING: "peering",
    EdgeKind.GATEWAY: "gateway connection",
    EdgeKind.PRIVATE_ENDPOINT: "private endpoint of",
    EdgeKind.API_SERVER: "API server of",
    EdgeKind.DNS_LINK: "zone resolves in",
    EdgeKind.IDENTITY: "signs in as",
    EdgeKind.LOGS: "sends logs to",
}
"""The meaning of each kind of edge, for the legend."""
