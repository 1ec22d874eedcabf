"""Markdown in a real browser, as wide as a comment on GitHub: no table is wider than its page."""

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.access import AccessDocument
from provisioner.documents.network import NetworkDocument
from provisioner.plan.plan_comparison import compare_documents
from provisioner.reports.access_markdown import render_access_markdown
from provisioner.reports.check_markdown import render_check_markdown, render_compliance_markdown
from provisioner.reports.ci_apply_markdown import render_ci_apply_comment
from provisioner.reports.ci_plan_markdown import render_ci_plan_comment
from provisioner.reports.cluster_markdown import render_cluster_markdown
from provisioner.reports.controls_markdown import render_controls_markdown
from provisioner.reports.drift_issue_markdown import render_drift_issue
from provisioner.reports.markdown import render_drift_markdown, render_plan_markdown
from provisioner.reports.network_markdown import render_network_markdown
from provisioner.reports.plan_diff_markdown import render_plan_diff_markdown
from provisioner.reports.steps_report import render_steps_markdown
from provisioner.workflow.access import AccessState, explain_access
from provisioner.workflow.access_question import Question
from provisioner.workflow.network import Siblings, describe_network
from tests.browser.chromium import dump_dom
from tests.browser.comment_page import comment_page
from tests.laws.test_blueprints import PAGES, load_pages
from tests.reports import control_documents, documents, test_cluster_markdown
from tests.reports.ci_documents import CI_APPLY, CI_DRIFT, CI_PLAN

_SCRIPT = (Path(__file__).parent / "measure_comments.js").read_text(encoding="utf-8")
_MEASURED = re.compile(r'<pre id="measured">(.*?)</pre>', re.DOTALL)

RENDERERS = {
    "plan": (render_plan_markdown, documents.PLAN),
    "steps": (lambda document: render_steps_markdown(document, 60_000), documents.PLAN),
    "large plan": (render_plan_markdown, documents.large_plan(40)),
    "drift": (render_drift_markdown, documents.DRIFT),
    "cluster plan": (render_cluster_markdown, test_cluster_markdown.PLAN),
    "cluster drift": (render_cluster_markdown, test_cluster_markdown.DRIFT),
    "cluster apply": (render_cluster_markdown, test_cluster_markdown.APPLY),
    "check": (render_check_markdown, control_documents.CHECK),
    "unreadable check": (render_check_markdown, control_documents.UNREAD),
    "compliance": (render_compliance_markdown, control_documents.COMPLIANCE),
    "controls": (render_controls_markdown, control_documents.CONTROLS),
    "ci plan": (lambda document: render_ci_plan_comment(document, 60_000, None), CI_PLAN),
    "ci apply": (lambda document: render_ci_apply_comment(document, 60_000, None), CI_APPLY),
    "drift issue": (lambda document: render_drift_issue(document, "2026", 60_000), CI_DRIFT),
    "plan diff": (
        render_plan_diff_markdown,
        compare_documents(documents.EMPTY_PLAN, documents.PLAN),
    ),
}

ALLOWED = {
    "a", "br", "code", "details", "em", "h2", "h3", "h4", "li", "p", "pre", "span", "strong",
    "summary", "table", "tbody", "td", "th", "thead", "tr", "ul", "wbr",
}  # fmt: skip
"""What azsec uses of the elements that GitHub's sanitizer lets through; `span` is the colour of a
diff, which GitHub adds itself."""


def measure(comments: Mapping[str, str], folder: Path) -> dict:
    told = _MEASURED.search(dump_dom(comment_page(comments, _SCRIPT), folder))
    assert told, "the script did not run"
    return json.loads(html.unescape(told[1]))


@pytest.fixture(scope="module")
def estate(catalog: Catalog) -> tuple[NetworkDocument, AccessDocument]:
    (desired,) = load_pages("AzureCloud", catalog, PAGES["secure-aks"])
    network = describe_network(desired, Siblings(()), catalog)
    question = Question(AccessState.DESIRED)
    access = explain_access(desired, catalog, lambda: pytest.fail("asked Azure"), question)
    return network, access


NASTY = {
    "long names in deep ids": "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/"
    + "rg-contoso_" * 8
    + "/providers/Microsoft.Network/" * 4,
    "no place to break": "x" * 260,
    "wide characters and long values": "環境" * 30 + '{"a":["' + '","'.join(["10.0.0.0/8"] * 40),
}

_LENGTHENED = frozenset(
    {"address", "id", "type", "resourceGroup", "path", "before", "after", "value", "reason"}
    | {"owner", "name", "role", "adds", "allows", "message", "hint", "place", "element", "claim"}
    | {"scope", "evidence", "why", "outstanding", "title", "remediation", "source", "principal"}
    | {"scopeName", "control", "holds", "arithmetic", "subnet", "securityGroup", "routeTable"}
)


def lengthen(value: object, more: str, key: str = "") -> object:
    """Return a document's JSON with `more` behind each of its texts that an estate can choose."""
    if isinstance(value, dict):
        return {inner: lengthen(entry, more, inner) for inner, entry in value.items()}
    if isinstance(value, list):
        return [lengthen(entry, more, key) for entry in value]
    # The scope of a comparison of plans is one of azsec's own words.
    is_own = key == "scope" and value in ("azure", "cluster")
    is_text = isinstance(value, str) and value and key in _LENGTHENED and not is_own
    return f"{value}{more}" if is_text else value


def nasty(document, more: str):
    return type(document).model_validate(lengthen(document.to_json(), more))


def rendered(estate, change) -> dict[str, str]:
    network, access = estate
    told = {name: render(change(document)) for name, (render, document) in RENDERERS.items()}
    told["network"] = render_network_markdown(change(network))
    told["access"] = render_access_markdown(change(access))
    return told


def test_every_document_fits(estate, tmp_path: Path):
    measured = measure(rendered(estate, lambda document: document), tmp_path)
    assert measured["found"] == []
    assert measured["tables"] > 20
    assert set(measured["elements"]) <= ALLOWED


def test_every_document_fits_whatever_its_names(estate, tmp_path: Path):
    comments = {
        f"{name}, {what}": text
        for what, more in NASTY.items()
        for name, text in rendered(estate, lambda document, m=more: nasty(document, m)).items()
    }
    measured = measure(comments, tmp_path)
    assert "\n".join(measured["found"]) == ""
    assert measured["tables"] > 60


def test_a_table_that_is_too_wide_is_found(tmp_path: Path):
    wide = "| a |\n|---|\n| " + "x" * 300 + " |\n"
    assert measure({"wide": wide}, tmp_path)["found"] != []
