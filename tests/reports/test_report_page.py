"""The page of a report: whole by itself, and nothing of a name is markup."""

import re
from html import unescape
from itertools import pairwise

import pytest

from provisioner.documents.report import ReportDocument
from provisioner.reports.report_html import render_report_html
from tests.reports.report_documents import ACTUAL, FAILED, FLEET, PARTIAL, REPORT, make_report

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "a\u202egpj.exe",
)


def fill(value, name):
    """Return a document in which every free text is a hostile one."""
    if isinstance(value, dict):
        return {k: v if k in _FIXED else fill(v, name) for k, v in value.items()}
    if isinstance(value, list):
        return [fill(each, name) for each in value]
    return name if isinstance(value, str) and " " in value else value


_FIXED = {"kind", "verdict", "at", "generatedAt", "readOn", "expires", "since", "tally", "points"}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_name_is_markup(name):
    document = ReportDocument.model_validate(fill(FLEET.to_json(), name))
    named = document.model_copy(
        update={
            "environments": tuple(
                entry.model_copy(update={"name": name}) for entry in document.environments
            )
        }
    )
    page = render_report_html(named)
    for left in ("<script", "<img", "onerror=alert(1)>", "\u202e"):
        assert left not in page
    assert "49" not in re.findall(r"<h2[^>]*>([^<]*)<", page)
    assert re.findall(r'href="(?!#)[^"]*"', page) == []


def test_the_page_asks_for_nothing_and_runs_nothing():
    page = render_report_html(FLEET)
    assert re.findall(r"(?:src|href|action)=[\"'](?!#)[^\"']*", page) == []
    assert re.findall(r"\sstyle=|\son\w+=|<script|@import", page) == []
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', unescape(page))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_ids_are_unique_and_every_link_leads_somewhere():
    page = render_report_html(make_report(ACTUAL, ACTUAL))
    ids = re.findall(r'\sid="([^"]*)"', page)
    drawing = [each for each in ids if each.startswith("azsec-")]  # arrow heads of each drawing
    own = [each for each in ids if each not in drawing]
    assert len(own) == len(set(own))
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(own)
    assert set(re.findall(r'aria-labelledby="([^"]*)"', page)) <= {
        *own,
        *(f"{a} {b}" for a in own for b in own if a[:-1] == b[:-1] or a.endswith("title")),
    }


def test_headings_never_skip_a_level():
    for report in (REPORT, FLEET):
        levels = [int(n) for n in re.findall(r"<h(\d)", render_report_html(report))]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))


def test_numbers_have_a_denominator_and_gaps_are_said():
    page = render_report_html(make_report(PARTIAL))
    assert "Not all was read" in page
    assert "as far as Azure could be read" in page
    assert "No drift" not in page


def test_an_environment_that_was_not_assessed_is_a_part_of_the_page():
    page = render_report_html(make_report(ACTUAL, FAILED))
    assert "This environment could not be assessed." in page
    assert "NET-10 was waived until 2027-03-01" in page


def test_the_same_report_gives_the_same_page():
    assert render_report_html(REPORT) == render_report_html(REPORT)
