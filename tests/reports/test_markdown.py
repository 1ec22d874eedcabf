"""What Markdown promises whatever stands in a document."""

import re

import pytest

from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.drift import DriftDocument, DriftKind, ResourceDriftDocument
from provisioner.documents.plan import Action
from provisioner.model.diagnostic import Severity
from provisioner.reports.markdown import LIMIT, render_drift_markdown, render_plan_markdown
from provisioner.reports.markdown_escape import code, details, prose
from tests.reports import documents
from tests.reports.documents import AKS, added, change, changed


@pytest.mark.parametrize("count", [0, 1, 30, 40, 60, 200, 5000])
def test_a_plan_of_any_size_fits_a_comment(count):
    assert len(render_plan_markdown(documents.large_plan(count))) < LIMIT


@pytest.mark.parametrize("count", [1, 100, 5000])
def test_drift_of_any_size_fits_a_comment(count):
    drifted = tuple(
        ResourceDriftDocument(
            address=f"a[{number}]",
            id="/" + "x" * 2000,
            type="t" * 2000,
            kind=DriftKind.CHANGED,
            fields=(changed("properties.`|" * 50, "|" * 5000, "`" * 5000),) * 3,
        )
        for number in range(count)
    )
    document = DriftDocument(
        environment=documents.ENVIRONMENT, in_sync=0, drifted=drifted, census=documents.CENSUS
    )
    assert len(render_drift_markdown(document)) < LIMIT


def test_hostile_texts_of_any_length_fit_a_comment():
    text = "`|@<\\" * 20_000
    entry = change(
        text, "N/kinds/a", AKS, Action.UPDATE, [added(text, text)], reason=text, disruption=text
    )
    diagnostic = DiagnosticDocument(
        severity=Severity.ERROR, code="x", message=text, place=text, hint=text
    )
    document = documents.PLAN.model_copy(
        update={"changes": (entry,) * 9, "diagnostics": (diagnostic,) * 9, "digest": text}
    )
    assert len(render_plan_markdown(document)) < LIMIT


def test_what_is_left_out_is_counted():
    printed = render_plan_markdown(documents.large_plan(5000))
    rows = len(re.findall(r"^\| .*`aks\[\d+\]\.pool`.*\|$", printed, re.MULTILINE))
    folded = printed.count("<details>")
    assert f"… and {5000 - rows:,} more resources. `azsec show FILE`" in printed
    assert f"{rows - folded:,} resources without details here. `azsec show FILE`" in printed
    assert folded >= 10, "the riskiest keep their details"


def test_details_go_before_rows():
    printed = render_plan_markdown(documents.large_plan(120))
    assert len(re.findall(r"^\| .*`aks\[\d+\]\.pool`", printed, re.MULTILINE)) == 120
    assert "without details here" in printed


def test_the_riskiest_stands_first():
    rows = re.findall(
        r"^\| \**`\S+`&nbsp;(\w+)", render_plan_markdown(documents.PLAN), re.MULTILINE
    )
    assert rows == ["blocked", "delete", "replace", *["update"] * 3, *["create"] * 3]


PROSE = {
    "a mention": ("ask @contoso/admins", "ask @&#8203;contoso/admins"),
    "an issue": ("see #12", "see #&#8203;12"),
    "a cell": ("a | b", "a &vert; b"),
    "HTML": ("<img src=x>&amp;", "&lt;img src=x&gt;&amp;amp;"),
    "code": ("`x`", "&grave;x&grave;"),
    "a link": ("[x](y)", "&lbrack;x&rbrack;(y)"),
    "emphasis": ("**x** __y__ ~~z~~", None),
    "a backslash before a cell": ("\\|", "&bsol;&vert;"),
    "a line break": ("a\n\n# b", "a #&#8203; b"),
    "an image": ("![x](y)", "&excl;&lbrack;x&rbrack;(y)"),
}


@pytest.mark.parametrize("row", PROSE)
def test_prose_is_never_markup(row):
    text, escaped = PROSE[row]
    shown = prose(text)
    assert escaped is None or shown == escaped
    assert not re.search(r"[`*_~|<>\[\]\\!]|@\w|#\w", shown.replace("&#", "&"))


CODE = {
    "what is harmless reads well in the source": ("rules[a].*_x", "`rules[a].*_x`"),
    "a mention is none in code": ("@contoso", "`@contoso`"),
    "a backtick": ("a`b", "<code>a&grave;b</code>"),
    "a cell": ("a|b", "<code>a&vert;b</code>"),
    "a backslash": ("a\\", "<code>a&bsol;</code>"),
    "nothing": ("", "<code></code>"),
    "blanks at the ends": (" a ", "<code> a </code>"),
}


@pytest.mark.parametrize("row", CODE)
def test_code(row):
    text, shown = CODE[row]
    assert code(text) == shown


def test_a_fence_cannot_be_closed_from_inside():
    folded = details("x", ["+ a: ```", "+ b: `````"])
    assert "\n``````diff\n" in folded
    assert "\n``````\n" in folded


def test_a_value_cannot_leave_its_line():
    entry = change(
        "a", "N/kinds/a", AKS, Action.UPDATE, [changed("properties.a", "x", "y\n```\n# @team")]
    )
    printed = render_plan_markdown(documents.PLAN.model_copy(update={"changes": (entry,)}))
    assert "+ a: y ``` # @team\n````" in printed
