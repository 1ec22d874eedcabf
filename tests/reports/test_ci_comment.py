"""Comments and issues of CI: what stands in them, and that they have room whatever they hold."""

import pytest

from provisioner.documents.ci import CiDriftDocument, CiPlanDocument, MovedChangeDocument
from provisioner.reports.ci_apply_markdown import render_ci_apply_comment
from provisioner.reports.ci_plan_markdown import render_ci_plan_comment, render_ci_plan_summary
from provisioner.reports.drift_issue_markdown import render_badge, render_drift_issue
from tests.reports import documents
from tests.reports.ci_documents import CI_APPLY, CI_DRIFT, CI_PLAN

LIMIT = 60_000


def _many(count: int, changes: int) -> CiPlanDocument:
    entry = next(one for one in CI_PLAN.environments if one.name == "staging")
    assert entry.comparison is not None
    moved = tuple(
        MovedChangeDocument(address=f"a.b[{n}]", then="create", now="update") for n in range(100)
    )
    entry = entry.model_copy(
        update={
            "plan": documents.large_plan(changes),
            "comparison": entry.comparison.model_copy(update={"moved": moved}),
        }
    )
    named = tuple(entry.model_copy(update={"name": f"env-{number}"}) for number in range(count))
    return CI_PLAN.model_copy(update={"environments": named})


SIZES = {
    "one small": (1, 3, 1),
    "one large": (1, 1_500, 1),
    "a few": (5, 200, 5),
    "dozens": (60, 20, 4),
    "a thousand": (1_000, 3, 0),
}


@pytest.mark.parametrize("name", SIZES)
def test_a_comment_has_room_whatever_the_plans_hold(name):
    count, changes, folded = SIZES[name]
    document = _many(count, changes)
    comment = render_ci_plan_comment(document, LIMIT, "https://example.com/run")
    summary = render_ci_plan_summary(document, 1_000_000)
    assert len(comment) <= LIMIT
    assert len(summary.encode()) <= 1_000_000
    for text in (comment, summary):
        assert text.count("<details>") == text.count("</details>")
    assert comment.count("Plan of <code>") >= folded, "so many plans at least"
    if folded < count < 1_000:
        assert "see [the job's summary](https://example.com/run)" in comment


def test_a_summary_has_room_in_bytes():
    document = _many(20, 1_500)
    plan = document.environments[0].plan
    assert plan is not None
    text = {"address": "\U00020000" * 20, "reason": "\U00020000" * 4_000}
    wide = tuple(one.model_copy(update=text) for one in plan.changes)
    plan = plan.model_copy(update={"changes": wide})
    entries = tuple(one.model_copy(update={"plan": plan}) for one in document.environments)
    summary = render_ci_plan_summary(
        document.model_copy(update={"environments": entries}), 1_000_000
    )
    assert 500_000 < len(summary.encode()) <= 1_000_000
    assert summary.count("<details>") == summary.count("</details>")


def test_the_worst_stands_first_and_every_outcome_has_its_word():
    told = render_ci_plan_comment(CI_PLAN, LIMIT, None)
    table = told.partition("\n\n**`")[0]
    rows = [line for line in table.splitlines() if line.startswith("| **`")]
    words = (
        "**no plan**",
        "**file deleted**",
        "**1 blocked**",
        "**approval void**",
        "approved by grace",
    )
    assert len(rows) == len(words)
    for row, word in zip(rows, words, strict=True):
        assert word in row
    assert "Planned, without changes: `same`" in told
    assert "no file of theirs is touched: `tools`" in told
    assert "**2 granted**" in told


def test_what_somebody_wrote_into_the_comment_is_no_markup():
    entry = next(one for one in CI_PLAN.environments if one.name == "staging")
    assert entry.comparison is not None
    forged = MovedChangeDocument(address="</details>", then="<img src=x>", now=None)
    comparison = entry.comparison.model_copy(update={"moved": (forged,)})
    entry = entry.model_copy(update={"comparison": comparison})
    told = render_ci_plan_comment(
        CI_PLAN.model_copy(update={"environments": (entry,)}), LIMIT, None
    )
    assert "- `</details>`: &lt;img src=x&gt;, no longer planned" in told


def test_a_refused_apply_names_field_actor_and_what_moved_on_the_branch():
    told = render_ci_apply_comment(CI_APPLY, LIMIT, None)
    assert "### azsec apply: 1 failed, 1 refused, 1 not run, 1 applied, 1 without changes" in told
    assert "written by mallory@&#8203;contoso.com with Azure CLI" in told
    assert "moved since the plan was reviewed: `blueprints/hub.yaml`" in told
    assert len(render_ci_apply_comment(CI_APPLY, 5_000, None)) <= 5_000


def test_an_issue_says_how_to_repair_and_how_to_accept_within_its_room():
    told = render_drift_issue(CI_DRIFT, "2026-11-30T12:00:00Z", LIMIT)
    assert "`azsec apply prod` writes what the blueprint declares" in told
    assert "`ignore:`" in told
    assert "additions are accepted with `accepted:`" in told
    assert len(render_drift_issue(CI_DRIFT, "2026-11-30T12:00:00Z", 3_000)) <= 3_000


BADGES = {
    "drift": ((CI_DRIFT,), "1 of 1 drifted", "red"),
    "not everything was read": (
        (CI_DRIFT.model_copy(update={"drift": None}),),
        "1 of 1 unknown",
        "yellow",
    ),
    "nothing": (
        (CI_DRIFT.model_copy(update={"drift": documents.EMPTY_DRIFT}),),
        "none in 1",
        "brightgreen",
    ),
}


@pytest.mark.parametrize("name", BADGES)
def test_a_badge_is_what_shields_reads(name):
    entries, message, color = BADGES[name]
    document = CiDriftDocument(checked_at="2026-11-30T12:00:00Z", environments=entries)
    assert render_badge(document) == {
        "schemaVersion": 1,
        "label": "drift",
        "message": message,
        "color": color,
    }
