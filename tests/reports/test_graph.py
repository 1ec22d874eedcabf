"""Drawings: what they say, that nothing in them is taken for markup, and that they are the same."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from provisioner.documents.graph import EdgeDocument, EdgeKind, GraphDocument, NodeKind
from provisioner.reports.graph_edges import fold_edges
from provisioner.reports.graph_html import render_graph_html
from provisioner.reports.graph_mermaid import is_too_large, quote, render_graph_mermaid
from provisioner.reports.graph_svg import render_graph_svg
from provisioner.reports.graph_text_metrics import break_text, measure_text
from tests.browser.estates import draw_spokes
from tests.reports.documents import GRAPH

SVG = "{http://www.w3.org/2000/svg}"
RENDERERS = {"svg": render_graph_svg, "html": render_graph_html, "mermaid": render_graph_mermaid}
HOSTILE = "</text><script>alert(1)</script>\"'&lt;\x1b[31m\u202e\ufffe --> end"


def named(name: str) -> GraphDocument:
    """The graph with one name, words and details everywhere."""
    boxes = {"name": name, "details": (name,), "address": name}
    return GRAPH.model_copy(
        update={
            "groups": tuple(group.model_copy(update=boxes) for group in GRAPH.groups),
            "nodes": tuple(node.model_copy(update=boxes) for node in GRAPH.nodes),
            "edges": tuple(edge.model_copy(update={"words": name}) for edge in GRAPH.edges),
        }
    )


@pytest.mark.parametrize("format_", RENDERERS)
def test_the_same_graph_gives_the_same_bytes(format_):
    again = GraphDocument.model_validate_json(GRAPH.model_dump_json(by_alias=True))
    assert RENDERERS[format_](GRAPH) == RENDERERS[format_](again)


def test_svg_is_well_formed_and_holds_nothing_active():
    root = ET.fromstring(render_graph_svg(named(HOSTILE)))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags == {
        "svg", "title", "desc", "style", "defs", "marker", "g", "rect", "text", "path",
    }  # fmt: skip
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in attributes if name.startswith("on") or "href" in name}
    assert "http" not in "".join(element.text or "" for element in root.iter(f"{SVG}style"))


def test_svg_tells_what_it_shows_to_those_who_do_not_see_it():
    root = ET.fromstring(render_graph_svg(GRAPH))
    labels = root.attrib["aria-labelledby"].split()
    told = {element.attrib.get("id"): element.text for element in root.iter()}
    assert [told[label] for label in labels] == [
        "prod · planned state",
        "2 networks with 1 subnet. From spoke.nodes, mcr.microsoft.com is reached through "
        "hub.firewall. inbound fails: spoke.nodes lets the <internet> in. segmentation fails: "
        "the peering forwards nothing.",
    ]


class Page(HTMLParser):
    """The elements of a page, and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.styles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "style" and data.strip():
            self.styles.append(data)


def test_a_page_allows_its_two_styles_and_nothing_else():
    page = Page(render_graph_html(named(HOSTILE)))
    (policy,) = [
        attrs["content"] or ""
        for tag, attrs in page.tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    digests = [b64encode(sha256(style.encode()).digest()).decode() for style in page.styles]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert len(digests) == 2
    assert policy == (
        f"default-src 'none'; style-src {allowed}; base-uri 'none'; form-action 'none'"
    )
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not [name for _, attrs in page.tags for name in attrs if name in ("style", "src")]


def test_a_page_lists_the_way_hop_by_hop():
    text = render_graph_html(GRAPH)
    cells = [unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", text)]
    assert "From spoke.nodes, mcr.microsoft.com is reached through hub.firewall</caption>" in text
    assert "<code>spoke.routes[<b>]</code>" in cells
    assert '<span class="stops">no</span>' in cells


_LABEL = r'"[^"`<>%\\]*(?:<br/>[^"`<>%\\]*)*"'
_STATEMENTS = {
    "opens": rf"subgraph (n\d+)\[{_LABEL}\]",
    "closes": r"end",
    "node": rf"(n\d+)(?:\[{_LABEL}\]|\(\[{_LABEL}\]\)|\{{\{{{_LABEL}\}}\}})",
    "edge": rf"(n\d+) (?:==>|-\.->|<-->|---|-->)(?:\|{_LABEL}\|)? (n\d+)",
    "style": r"(?:classDef [a-z]+ \S+|class n\d+(?:,n\d+)* [a-z]+|linkStyle \d+(?:,\d+)* \S+)",
}


def read_mermaid(text: str) -> dict[str, list[re.Match[str]]]:
    """Read a chart by the part of Mermaid's flowchart syntax that we write; fail on other lines."""
    first, *lines = text.splitlines()
    assert first == "flowchart LR"
    read: dict[str, list[re.Match[str]]] = {kind: [] for kind in _STATEMENTS}
    depth = 0
    for line in lines:
        (kind, match), *_ = [
            (kind, match)
            for kind, statement in _STATEMENTS.items()
            if (match := re.fullmatch(statement, line.strip()))
        ] or [(f"not Mermaid: {line}", None)]
        read[kind].append(match)
        depth += {"opens": 1, "closes": -1}.get(kind, 0)
        assert depth >= 0
    assert depth == 0
    return read


@pytest.mark.parametrize("document", [GRAPH, named(HOSTILE), named('"] end'), draw_spokes(3, 4)])
def test_mermaid_keeps_to_the_syntax_whatever_the_names(document):
    read = read_mermaid(render_graph_mermaid(document))
    ids = [match[1] for match in (*read["opens"], *read["node"])]
    assert len(ids) == len(set(ids)) == len(document.groups) + len(document.nodes)
    assert {end for match in read["edge"] for end in match.groups()} <= set(ids)
    assert len(read["edge"]) == len(fold_edges(document))


def test_what_is_quoted_for_mermaid_reads_back():
    names = {"quot": '"', "amp": "&", "lt": "<", "gt": ">"}
    text = 'a "b" <c> & `d` #35; %%{init} *e* \\ f;'
    back = re.sub(r"#(\w+);", lambda m: names.get(m[1]) or chr(int(m[1])), quote(text))
    assert back == text


def test_mermaid_that_is_too_large_is_known():
    assert not is_too_large(GRAPH, render_graph_mermaid(GRAPH))
    assert is_too_large(GRAPH, "x" * 50_001)


def test_lines_that_all_in_a_group_share_are_one():
    links = [edge for edge in fold_edges(GRAPH) if edge.kind is EdgeKind.DNS_LINK]
    assert [(edge.source, edge.words) for edge in links] == [
        ("/subscriptions/c/resourcegroups/rg-dns", "dns.one, and 1 more")
    ]


def test_lines_that_one_in_a_group_lacks_stay_apart():
    first, *others = GRAPH.edges
    kept = (first, *(edge for edge in others if edge.source != "/z/2"))
    assert fold_edges(GRAPH.model_copy(update={"edges": kept})) == kept


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("snet-nodes", ("snet-nodes",), id="fits"),
        pytest.param("vnet-contoso-production", ("vnet-contoso-", "production"), id="dashes"),
        pytest.param("AzureFirewallNet", ("AzureFirewall", "Net"), id="capitals"),
        pytest.param("10.0.0.0/8 to firewall", ("10.0.0.0/8 to", "firewall"), id="spaces"),
        pytest.param("", ("",), id="nothing"),
    ],
)
def test_text_is_broken_where_people_break_it(text, lines):
    assert break_text(text, 130, 13, bold=True) == lines


@pytest.mark.parametrize("character", ["W", "i", "@", "网", "é", "🔥", "-", " "])
def test_no_line_is_wider_than_asked_and_nothing_is_lost(character):
    text = character * 63 + "x"
    lines = break_text(text, 200, 13, bold=True)
    assert all(measure_text(line, 13, bold=True) <= 200 for line in lines)
    assert "".join(lines).strip() == text.strip()


def test_every_kind_has_a_family_and_a_stroke():
    for kind in NodeKind:
        nodes = tuple(node.model_copy(update={"kind": kind}) for node in GRAPH.nodes)
        assert render_graph_svg(GRAPH.model_copy(update={"nodes": nodes}))
    for kind in EdgeKind:
        edges = tuple(edge.model_copy(update={"kind": kind}) for edge in GRAPH.edges)
        graph = GRAPH.model_copy(update={"edges": edges})
        read_mermaid(render_graph_mermaid(graph))
        assert f".{kind.value.lower().replace(' ', '-')}>path{{stroke:" in render_graph_svg(graph)


def drawn_lines(svg: str) -> list[tuple[str, list[tuple[int, int, int, int]]]]:
    """The classes of each line of a drawing, and its segments as (x, y, x, y), low ends first."""
    found = []
    for classes, path in re.findall(r'<g class="(edge [^"]*)"><title>.*?d="([^"]*)"', svg):
        segments, x, y = [], 0, 0
        for step, one, two in re.findall(r"([MHV])(\d+)(?: (\d+))?", path):
            to_x, to_y = {"M": (one, two), "H": (one, y), "V": (x, one)}[step]
            to_x, to_y = int(to_x), int(to_y)
            if step != "M":
                segments.append((min(x, to_x), min(y, to_y), max(x, to_x), max(y, to_y)))
            x, y = to_x, to_y
        found.append((classes, segments))
    return found


def shared(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> int:
    """How many pixels two segments lie on each other."""
    if one[0] == one[2] == other[0] == other[2]:
        return min(one[3], other[3]) - max(one[1], other[1])
    if one[1] == one[3] == other[1] == other[3]:
        return min(one[2], other[2]) - max(one[0], other[0])
    return 0


@pytest.mark.parametrize("document", [GRAPH, draw_spokes(1, 3), draw_spokes(4, 3)])
def test_no_line_lies_on_another(document):
    lines = [
        (name, part) for name, parts in drawn_lines(render_graph_svg(document)) for part in parts
    ]
    over = [
        (one, other)
        for number, one in enumerate(lines)
        for other in lines[number + 1 :]
        if "fails" not in one[0] + other[0] and shared(one[1], other[1]) > 0
    ]
    assert over == []


def test_lines_join_and_one_arrives_for_all():
    names = [name for name, _ in drawn_lines(render_graph_svg(draw_spokes(1, 3)))]
    routes = [name for name in names if name.startswith("edge route")]
    # Two subnets to the firewall, and from there to the internet.
    assert sorted(routes) == ["edge route", "edge route", "edge route joins"]


def test_a_line_that_is_marked_is_drawn_whole():
    graph = draw_spokes(1, 3)
    ends = tuple((e.source, e.target) for e in graph.edges if e.kind is EdgeKind.ROUTE)
    marked = graph.marks[0].model_copy(update={"edges": ends, "certain": True})
    svg = render_graph_svg(graph.model_copy(update={"marks": (marked,)}))
    routes = [name for name, _ in drawn_lines(svg) if name.startswith("edge route")]
    assert set(routes) == {"edge route fails"}


def test_lines_within_a_group_stay_apart():
    (one, two) = (node.id for node in GRAPH.nodes if node.kind is NodeKind.ZONE)
    edges = tuple(
        EdgeDocument(source=source, target=one, kind=EdgeKind.LOGS, words="w")
        for source in (one, two)
    )
    assert fold_edges(GRAPH.model_copy(update={"edges": edges})) == edges
