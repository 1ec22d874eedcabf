"""Renders a network diagram as a Mermaid flowchart, which code hosts draw in pull requests.

Groups are subgraphs, and an empty group is a node, because Mermaid lays out no empty subgraph.
Texts are quoted, and characters with a meaning inside of quotes are written as entities (flowchart
syntax: special characters, entity codes). `cli/diagram_output.py` calls it.
"""

from collections.abc import Iterator, Sequence

from provisioner.documents.graph import (
    BoxDocument,
    EdgeDocument,
    EdgeKind,
    GraphDocument,
    GroupDocument,
    GroupKind,
    NodeDocument,
    NodeKind,
)
from provisioner.reports.graph_edges import failing_ends, fails_by_id, fold_edges
from provisioner.reports.values import plain

MOST_TEXT, MOST_EDGES = 50_000, 500
"""Mermaid's default limits (maxTextSize, maxEdges)."""

_ENTITIES = {
    "#": "#35;",
    '"': "#quot;",
    "&": "#amp;",
    "<": "#lt;",
    ">": "#gt;",
    "`": "#96;",
    "*": "#42;",
    "\\": "#92;",
    "%": "#37;",
    ";": "#59;",
}
_ARROWS = {
    EdgeKind.EGRESS: "==>",
    EdgeKind.ROUTE: "-.->",
    EdgeKind.INGRESS: "==>",
    EdgeKind.PEERING: "<-->",
    EdgeKind.GATEWAY: "---",
    EdgeKind.PRIVATE_ENDPOINT: "-->",
    EdgeKind.API_SERVER: "-->",
    EdgeKind.DNS_LINK: "-.->",
    EdgeKind.IDENTITY: "-->",
    EdgeKind.LOGS: "-.->",
}
_LABELS = {
    EdgeKind.ROUTE: "default route",
    EdgeKind.INGRESS: "public frontend",
    EdgeKind.PEERING: "peering",
    EdgeKind.DNS_LINK: "resolves in",
    EdgeKind.IDENTITY: "signs in as",
    EdgeKind.LOGS: "logs",
}
_SHAPES = {
    NodeKind.INTERNET: ("([", "])"),
    NodeKind.ON_PREMISES: ("([", "])"),
    NodeKind.FIREWALL: ("{{", "}}"),
}


def render_graph_mermaid(document: GraphDocument) -> str:
    """Return a graph as the text of a Mermaid flowchart, the same for the same graph."""
    return _Writer(document).text()


def is_too_large(document: GraphDocument, text: str) -> bool:
    """Return whether Mermaid would refuse the text of a graph, unless configured otherwise."""
    return len(text) > MOST_TEXT or len(fold_edges(document)) > MOST_EDGES


class _Writer:
    def __init__(self, document: GraphDocument) -> None:
        self._document = document
        self._fails = fails_by_id(document, certain=True)
        self._unknown = fails_by_id(document, certain=False)
        boxes: Sequence[BoxDocument] = (*document.groups, *document.nodes)
        self._names = {box.id: f"n{number}" for number, box in enumerate(boxes, 1)}
        self._inside: dict[str | None, list[GroupDocument | NodeDocument]] = {}
        for group in document.groups:
            self._inside.setdefault(group.parent, []).append(group)
        for node in document.nodes:
            self._inside.setdefault(node.group, []).append(node)

        default = (EdgeKind.EGRESS, EdgeKind.ROUTE)
        self._leaving = {edge.source for edge in document.edges if edge.kind in default}

    def text(self) -> str:
        lines = ["flowchart LR"]
        for item in self._inside.get(None, ()):
            lines += self._box(item, 1)
        edges = fold_edges(self._document)
        lines += map(self._edge, edges)
        lines += self._styles(edges)
        return "\n".join(lines) + "\n"

    def _box(self, item: GroupDocument | NodeDocument, depth: int) -> Iterator[str]:
        indent, name = "  " * depth, self._names[item.id]
        label = self._label(item)
        if item.id in self._inside:
            yield f'{indent}subgraph {name}["{label}"]'
            for inner in self._inside[item.id]:
                yield from self._box(inner, depth + 1)
            yield f"{indent}end"
        else:
            shape = _SHAPES.get(item.kind) if isinstance(item, NodeDocument) else None
            start, end = shape or ("[", "]")
            yield f'{indent}{name}{start}"{label}"{end}'

    def _label(self, item: GroupDocument | NodeDocument) -> str:
        words = [item.name]
        if item.kind is not GroupKind.SUBNET and item.kind.value != item.name:
            words = [f"{item.kind.value} {item.name}"]
        marks = [
            *(f"fails: {proof}" for proof in self._fails.get(item.id, ())),
            *(f"unknown: {proof}" for proof in self._unknown.get(item.id, ())),
        ]
        if item.id not in self._inside:
            return "<br/>".join(map(quote, [*words, *item.details, *marks]))
        # What a subgraph holds covers the second line of its title, and what a line that leaves
        # it says makes it long.
        told = item.details[:1] if item.id in self._leaving else item.details
        return quote(" · ".join([*words, *told, *marks]))

    def _edge(self, edge: EdgeDocument) -> str:
        words = _LABELS.get(edge.kind, "")
        if edge.kind is EdgeKind.EGRESS:
            words = edge.words.partition(" ")[0] if edge.words[:1].isdigit() else "allowed"
        label = f'|"{quote(words)}"|' if words else ""
        source, target = self._names[edge.source], self._names[edge.target]
        return f"  {source} {_ARROWS[edge.kind]}{label} {target}"

    def _styles(self, edges: Sequence[EdgeDocument]) -> Iterator[str]:
        failing = failing_ends(self._document)
        wrong = [n for n, edge in enumerate(edges) if (edge.source, edge.target) in failing]
        egress = [n for n, e in enumerate(edges) if e.kind is EdgeKind.EGRESS and n not in wrong]
        boxes = (*self._document.groups, *self._document.nodes)
        others = [self._names[box.id] for box in boxes if not box.declared]
        if others:
            yield "  classDef undeclared stroke-dasharray:5"
            yield f"  class {','.join(others)} undeclared"
        if self._fails:
            names = [self._names[box.id] for box in boxes if box.id in self._fails]
            yield "  classDef fails stroke:#c0141c,stroke-width:3px"
            yield f"  class {','.join(names)} fails"
        if egress:
            yield f"  linkStyle {','.join(map(str, egress))} stroke:#1a7f37,stroke-width:3px"
        if wrong:
            yield f"  linkStyle {','.join(map(str, wrong))} stroke:#c0141c,stroke-width:3px"


def quote(text: str) -> str:
    """Return text escaped for use between Mermaid's quotes."""
    return "".join(_ENTITIES.get(character, character) for character in plain(text))
