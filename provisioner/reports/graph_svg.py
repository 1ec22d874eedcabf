"""Renders a network diagram as SVG: one file without scripts, fonts or external resources.

Colours are classes, for light and dark colour schemes. Every text is escaped: names come from Azure
and from files. `cli/diagram_output.py`, `graph_html` and `report_html` call it.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from provisioner.documents.graph import (
    EdgeDocument,
    EgressDocument,
    GraphDocument,
    GroupDocument,
    GroupKind,
    NodeKind,
)
from provisioner.reports.graph_boxes import (
    GAP,
    HEIGHTS,
    PADDING,
    SIZES,
    TextStyle,
    build_blocks,
)
from provisioner.reports.graph_edge_merging import join_routes
from provisioner.reports.graph_edges import (
    WORDS,
    failing_ends,
    fails_by_id,
    fold_edges,
    kinds_of,
)
from provisioner.reports.graph_layout import Place, arrange, place
from provisioner.reports.graph_routing import LANE, Route, plan_edge_lanes, route_edges
from provisioner.reports.graph_style import ARROWS, STYLE, class_of
from provisioner.reports.graph_text_metrics import measure_text
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import unjudged_words

_TITLE_SIZE, _TITLE_HEIGHT = 18, 60
_LEGEND_ROW, _SAMPLE = 22, 34
_NOT_XML = re.compile("[\ufffe\uffff]")

_FAMILIES = {
    NodeKind.INTERNET: "outside",
    NodeKind.ON_PREMISES: "outside",
    NodeKind.FIREWALL: "guard",
    NodeKind.BASTION: "guard",
    NodeKind.GATEWAY: "guard",
    NodeKind.APPLICATION_GATEWAY: "guard",
    NodeKind.LOAD_BALANCER: "guard",
    NodeKind.RESOLVER: "names",
    NodeKind.POOL: "compute",
    NodeKind.API_SERVER: "compute",
    NodeKind.CLUSTER: "compute",
    NodeKind.PRIVATE_ENDPOINT: "data",
    NodeKind.VAULT: "data",
    NodeKind.REGISTRY: "data",
    NodeKind.STORAGE: "data",
    NodeKind.SERVICE: "data",
    NodeKind.ZONE: "names",
    NodeKind.WORKSPACE: "watch",
    NodeKind.IDENTITY: "watch",
}


def render_graph_svg(document: GraphDocument, name: str = "azsec") -> str:
    """Return a graph as an SVG document, the same bytes for the same graph.

    `name` begins the ids of its title and description: each drawing of a page has its own.
    """
    columns = arrange(build_blocks(document))
    edges = fold_edges(document)
    roads = plan_edge_lanes(edges, columns)
    gutters = roads.widths(columns)
    top = _TITLE_HEIGHT + LANE * len(roads.highway) + 2 * GAP
    places = place(columns, gutters, top)
    routes = join_routes(
        route_edges(roads, columns, places, _TITLE_HEIGHT + GAP), failing_ends(document)
    )
    width = 2 * GAP + sum(column.width for column in columns) + sum(gutters)
    width = max(width, _title_width(document))
    bottom = max(box.y + box.height for box in places) + 2 * GAP
    legend = tuple(_legend(document, edges, width, bottom))
    height = bottom + _LEGEND_ROW * _legend_rows(document, edges, width) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="azsec" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{_text(_title(document))}</title>',
        f'<desc id="{name}-desc">{_text(describe(document))}</desc>',
        f"<style>{STYLE}</style>",
        f"<defs>{ARROWS}</defs>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *_heading(document),
        *_boxes(document, places),
        *_lines(document, routes),
        *legend,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def describe(document: GraphDocument) -> str:
    """Return the content of a diagram as sentences."""
    kinds = (GroupKind.HUB, GroupKind.NETWORK)
    networks = plural(sum(group.kind in kinds for group in document.groups), "network")
    subnets = plural(sum(g.kind is GroupKind.SUBNET for g in document.groups), "subnet")
    failing = [f"{mark.proof} fails: {mark.message}" for mark in document.marks if mark.certain]
    told = (f"{networks} with {subnets}", *map(describe_way, document.egress), *failing)
    return ". ".join(sentence.rstrip(".") for sentence in told) + "."


def describe_way(way: EgressDocument) -> str:
    """Return whether an egress path reaches its destination, and through what, as a sentence."""
    asked = way.host or "an address on the internet"
    if way.unjudged and not way.delivered:
        told = unjudged_words(way.unjudged)
        return f"From {', '.join(way.subnets)}, it is not known whether {asked} is reached: {told}"
    outcome = "is reached" if way.delivered else "is not reached"
    through = f" through {way.through}" if way.delivered and way.through else ""
    return f"From {', '.join(way.subnets)}, {asked} {outcome}{through}"


def _text(words: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", plain(words)))


def _title(document: GraphDocument) -> str:
    return f"{document.environment.name} · {document.state.value} state"


def _subtitle(document: GraphDocument) -> str:
    return f"{document.environment.blueprint} · {document.environment.cloud}"


def _title_width(document: GraphDocument) -> int:
    long = measure_text(plain(_title(document)), _TITLE_SIZE, bold=True)
    small = measure_text(plain(_subtitle(document)), SIZES[TextStyle.DETAIL])
    return int(max(long, small)) + 4 * GAP


def _heading(document: GraphDocument) -> Iterator[str]:
    yield f'<text class="title" x="{2 * GAP}" y="32">{_text(_title(document))}</text>'
    yield f'<text class="detail" x="{2 * GAP}" y="52">{_text(_subtitle(document))}</text>'


def _boxes(document: GraphDocument, places: Sequence[Place]) -> Iterator[str]:
    fails = fails_by_id(document, certain=True)
    for box in places:
        item = box.block.item
        if isinstance(item, GroupDocument):
            classes = ["group", item.kind.value.replace(" ", "-")]
        else:
            classes = ["node", _FAMILIES[item.kind]]
        if not item.declared:
            classes.append("undeclared")
        if item.id in fails:
            classes.append("fails")
        yield f'<g class="{" ".join(classes)}">'
        told = item.kind.value if item.address is None else f"{item.kind.value} {item.address}"
        yield f"<title>{_text(told)}</title>"
        yield (
            f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" '
            f'rx="{4 if box.depth > 1 else 6}"/>'
        )
        y = box.y + PADDING
        for row in box.block.rows:
            baseline = y + HEIGHTS[row.letter] - 4
            yield (
                f'<text class="{row.letter.value}" x="{box.x + PADDING}" y="{baseline}">'
                f"{_text(row.text)}</text>"
            )
            y += HEIGHTS[row.letter]
        yield "</g>"


def _lines(document: GraphDocument, routes: Sequence[Route]) -> Iterator[str]:
    failing = failing_ends(document)
    names = {box.id: box.name for box in (*document.groups, *document.nodes)}
    # The most important edges are drawn last, and so are on top.
    for route in reversed(routes):
        edge = route.edge
        classes = f"edge {class_of(edge.kind)}" + ("" if route.arrives else " joins")
        if (edge.source, edge.target) in failing:
            classes += " fails"
        told = f"{names[edge.source]} to {names[edge.target]}: {edge.words}"
        yield f'<g class="{classes}"><title>{_text(told)}</title><path d="{_path(route)}"/></g>'


def _path(route: Route) -> str:
    start, *_ = route.points
    steps = [f"M{start[0]} {start[1]}"]
    for (x, y), (to_x, to_y) in pairwise(route.points):
        if to_x != x:
            steps.append(f"H{to_x}")
        if to_y != y:
            steps.append(f"V{to_y}")
    return "".join(steps)


def _entries(document: GraphDocument, edges: Sequence[EdgeDocument]) -> list[tuple[str, str]]:
    entries = [(f"edge {class_of(kind)}", WORDS[kind]) for kind in kinds_of(edges)]
    if any(not box.declared for box in (*document.groups, *document.nodes)):
        entries.append(("node outside undeclared", "not of the blueprint"))
    if any(mark.certain for mark in document.marks):
        entries.append(("node fails", "counter-example to a proof"))
    return entries


def _legend_places(
    document: GraphDocument, edges: Sequence[EdgeDocument], width: int
) -> Iterator[tuple[int, int, str, str]]:
    """Yield each entry of the legend with its place: pixels from the left, and row."""
    x, row = 2 * GAP, 0
    for classes, words in _entries(document, edges):
        needs = _SAMPLE + GAP + int(measure_text(words, SIZES[TextStyle.DETAIL])) + 2 * GAP
        if x > 2 * GAP and x + needs > width:
            x, row = 2 * GAP, row + 1
        yield x, row, classes, words
        x += needs


def _legend_rows(document: GraphDocument, edges: Sequence[EdgeDocument], width: int) -> int:
    return max((row + 1 for _, row, _, _ in _legend_places(document, edges, width)), default=0)


def _legend(
    document: GraphDocument, edges: Sequence[EdgeDocument], width: int, top: int
) -> Iterator[str]:
    for x, row, classes, words in _legend_places(document, edges, width):
        y = top + row * _LEGEND_ROW + _LEGEND_ROW // 2
        if classes.startswith("edge"):
            sample = f'<path d="M{x} {y}H{x + _SAMPLE - 4}"/>'
        else:
            sample = f'<rect x="{x}" y="{y - 7}" width="{_SAMPLE}" height="14" rx="3"/>'
        yield f'<g class="{classes} legend">{sample}</g>'
        yield f'<text class="detail" x="{x + _SAMPLE + GAP}" y="{y + 4}">{_text(words)}</text>'
