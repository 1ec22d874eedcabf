"""Drawings in a real browser: nothing overlaps, no text leaves its box, no line crosses either."""

import html
import json
import re
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.graph import GraphDocument
from provisioner.documents.trace import StateKind
from provisioner.reports.graph_html import render_graph_html
from provisioner.reports.graph_style import FONT
from provisioner.workflow.graph import draw_graph
from tests.browser.chromium import dump_dom
from tests.browser.estates import draw_spokes
from tests.environments import Bench
from tests.laws.test_blueprints import BLUEPRINTS, PAGES, load_pages

_SCRIPT = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")
_MEASURED = re.compile(r'<pre id="measured">(.*?)</pre>', re.DOTALL)


def measure(page: str, folder: Path) -> dict:
    """Open a copy of a page that may run the script that measures it; return what that found."""
    copy = page.replace("default-src 'none'", "default-src 'none'; script-src 'unsafe-inline'")
    assert copy != page
    copy = copy.replace("</body>", f"<script>{_SCRIPT}</script></body>")
    told = _MEASURED.search(dump_dom(copy, folder))
    assert told, "the script did not run"
    return json.loads(html.unescape(told[1]))


def check(document: GraphDocument, folder: Path, page: str | None = None) -> None:
    measured = measure(page or render_graph_html(document), folder)
    assert measured["found"] == []
    assert measured["boxes"] == len(document.groups) + len(document.nodes)
    assert measured["texts"] > measured["boxes"]
    assert measured["lines"] > 0
    # The policy of the page lets its own style in.
    assert measured["size"] == "13px"


def draw_page(name: str, catalog: Catalog) -> GraphDocument:
    (desired,) = load_pages("AzureCloud", catalog, PAGES[name])
    return draw_graph(desired, catalog, lambda: pytest.fail("asked Azure"), StateKind.DESIRED)


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_nothing_overlaps_in_a_blueprint(name, catalog: Catalog, tmp_path: Path):
    check(draw_page(name, catalog), tmp_path)


def test_nothing_overlaps_in_a_hub_that_was_read(bench: Bench, catalog: Catalog, tmp_path: Path):
    hub, spoke = load_pages("AzureCloud", catalog, PAGES["hub"], PAGES["spoke-aks"])
    bench.apply(bench.plan(hub))
    check(draw_graph(spoke, catalog, lambda: bench.client, StateKind.PLANNED), tmp_path)


def test_nothing_overlaps_among_many_spokes_with_long_names(tmp_path: Path):
    check(draw_spokes(20, 10), tmp_path)


def test_a_reader_without_our_fonts_sees_no_overlap_either(catalog: Catalog, tmp_path: Path):
    document = draw_page("secure-aks", catalog)
    wide = render_graph_html(document).replace(FONT, '"DejaVu Sans",Verdana,sans-serif')
    wide = re.sub(r"style-src [^;]*;", "style-src 'unsafe-inline';", wide)
    check(document, tmp_path, wide)


_BOX = r'(<rect x=")\d+(" y="\d+" width="\d+" height="\d+" rx="4")'


@pytest.mark.parametrize(
    ("broken", "by", "told"),
    [
        pytest.param(_BOX, r"\g<1>5\g<2>", "boxes overlap", id="boxes moved to the left"),
        pytest.param(r'(<text class="name" x=")\d+', r"\g<1>5", "outside", id="texts moved"),
        pytest.param(r'(<text class="kind" x="\d+" y=")\d+', r"\g<1>99", "texts", id="in one line"),
        pytest.param(r'(<path d="M\d+ \d+H)\d+', r"\g<1>600", "a line crosses", id="lines moved"),
    ],
)
def test_an_overlap_is_noticed(broken, by, told, catalog: Catalog, tmp_path: Path):
    page = render_graph_html(draw_page("secure-aks", catalog))
    found = measure(re.sub(broken, by, page), tmp_path)["found"]
    assert any(told in line for line in found), found
