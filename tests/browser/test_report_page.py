"""Reports in a real browser: nothing overlaps or leaves the page, and axe-core finds nothing."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner.attribution.window import read_window
from provisioner.catalog.registry import Catalog
from provisioner.controls.frameworks import Framework
from provisioner.documents.report import ReportDocument
from provisioner.documents.trace import StateKind
from provisioner.reports.report_html import render_report_html
from provisioner.workflow.report import ReportRequest, report_environment
from provisioner.workflow.report_history import History, with_trends
from tests.browser.chromium import dump_dom
from tests.environments import load_shipped
from tests.references import AXE, read_reference
from tests.reports.report_documents import FAILED, FLEET, make_report

_SCRIPT = (Path(__file__).parent / "measure_report.js").read_text(encoding="utf-8")
_MEASURED = re.compile(r'<pre id="measured">(.*?)</pre>', re.DOTALL)
_NOW = datetime(2027, 1, 15, 6, 0, tzinfo=UTC)


_FRAME = """\
<!DOCTYPE html><meta name="color-scheme" content="light dark"><pre id="measured"></pre>
<iframe src="report.html" width="{width}" height="1200" style="border:0"></iframe>
<script>
addEventListener("message", (told) => {{
  document.getElementById("measured").textContent = told.data;
}});
</script>
"""
"""Holds a page in a frame: no window of headless Chromium is narrower than 500 pixels."""


def measure(page: str, folder: Path, *, width: int, dark: bool = False) -> dict:
    """Open a copy of a page that may run the script that measures it; return what that found."""
    allowed = "default-src 'none'; script-src 'unsafe-inline'"
    copy = page.replace("default-src &#39;none&#39;", allowed)
    assert copy != page
    scripts = f"<script>{read_reference(AXE)}</script><script>{_SCRIPT}</script>"
    copy = copy.replace("</body>", f"{scripts}</body>")
    (folder / "report.html").write_text(copy, encoding="utf-8")
    dom = dump_dom(_FRAME.format(width=width), folder, dark=dark)
    told = _MEASURED.search(dom)
    assert told, "the script did not run"
    assert told[1], "the script did not come to its end"
    return json.loads(html.unescape(told[1]))


@pytest.fixture(scope="module")
def prod(catalog: Catalog) -> ReportDocument:
    """The report of prod after three earlier ones."""
    desired = load_shipped("prod", catalog)
    request = ReportRequest(StateKind.DESIRED, tuple(Framework), read_window(None, _NOW))
    entry = report_environment(desired, catalog, lambda: pytest.fail("asked Azure"), request)
    assert entry.posture is not None
    earlier = tuple(
        entry.posture.model_copy(
            update={
                "at": f"{_NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}",
                "failing": ("CLU-01.4",) * (days // 7),
            }
        )
        for days in (21, 14, 7)
    )
    report = ReportDocument(generated_at="2027-01-15T06:00:00Z", environments=(entry,))
    return with_trends(report, History({"prod": earlier}))


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_prod_reads_well(prod: ReportDocument, width, dark, tmp_path: Path):
    measured = measure(render_report_html(prod), tmp_path, width=width, dark=dark)
    assert measured["found"] == []
    assert measured["width"] == width
    assert measured["texts"] > 300
    assert measured["passes"] > 20
    # The policy of the page lets its own style in, of the scheme that is asked for.
    assert measured["paper"] == ("rgb(16, 21, 29)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (390, False)])
def test_names_without_a_place_to_break_leave_no_page(width, dark, tmp_path: Path):
    text = json.dumps(FLEET.to_json())
    for short in ("platform@contoso.example", "aks.cluster", "Owner", "vault.vault"):
        text = text.replace(f'"{short}"', f'"{short + "W" * 90}"')
    page = render_report_html(ReportDocument.model_validate_json(text))
    page = page.replace("<body>", '<body data-open="true">')
    assert measure(page, tmp_path, width=width, dark=dark)["found"] == []


def test_what_is_wrong_is_noticed(tmp_path: Path):
    broken = '<p class="broad">W</p><p class="over">over</p></footer>'
    page = render_report_html(make_report(FAILED)).replace("</footer>", broken)
    page = page.replace('<html lang="en">', "<html>")
    page = re.sub(r"style-src [^;]*;", "style-src 'unsafe-inline';", page)
    style = ".broad{width:3000px;max-width:none}.over{margin-top:-36px}</style>"
    found = measure(page.replace("</style>", style, 1), tmp_path, width=1280)["found"]
    for told in ("the page is", "texts overlap", "axe html-has-lang"):
        assert any(told in line for line in found), found
