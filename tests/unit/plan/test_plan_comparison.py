"""What differs between two plans is named, by where a reviewer looks for it."""

import pytest

from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import Action
from provisioner.documents.plan_diff import DifferenceKind
from provisioner.plan.plan_comparison import compare_documents
from provisioner.reports.plan_diff_markdown import render_plan_diff_markdown
from provisioner.reports.plan_diff_text import render_plan_diff_text
from tests.reports import control_documents, documents

PLAN = documents.PLAN
OTHER = "sha256:" + "0" * 64


def changed(**update):
    return PLAN.model_copy(update={"digest": OTHER, **update})


def test_a_plan_is_the_same_as_itself():
    told = compare_documents(PLAN, PLAN)
    assert told.same
    sections = (told.changes, told.steps, told.controls, told.proofs, told.gates, told.parts)
    assert not any(sections)


def test_a_change_of_action_is_told_with_what_it_disrupts():
    worse = PLAN.changes[0].model_copy(
        update={"action": Action.REPLACE, "disruption": "data lost", "reason": "the name changed"}
    )
    (told,) = compare_documents(PLAN, changed(changes=(worse, *PLAN.changes[1:]))).changes
    assert told.kind is DifferenceKind.CHANGED
    assert told.after
    assert (told.after.action, told.after.disruption) == ("replace", "data lost")


@pytest.mark.parametrize(
    ("update", "section", "kind"),
    [
        pytest.param({"changes": PLAN.changes[1:]}, "changes", "removed", id="a change is gone"),
        pytest.param({"steps": PLAN.steps[1:]}, "steps", "removed", id="a request is gone"),
        pytest.param(
            {"security": control_documents.SECURITY}, "controls", "added", id="controls turn"
        ),
        pytest.param({"gates": ()}, "gates", None, id="a gate refuses no longer"),
        pytest.param({"proofs": ()}, "proofs", None, id="a proof is not made any more"),
        pytest.param({"outputs": {"a": 1}}, "parts", None, id="an output comes"),
        pytest.param({"destroys": True}, "parts", None, id="a plan that destroys"),
    ],
)
def test_what_differs_has_its_section(update, section, kind):
    told = compare_documents(PLAN, changed(**update))
    assert not told.same
    assert getattr(told, section), section
    if kind is not None:
        assert {entry.kind for entry in getattr(told, section)} == {kind}


def test_what_no_digest_covers_is_told_and_is_no_difference():
    warned = DiagnosticDocument(severity="warning", code="no-quota", message="no quota is left.")
    later = PLAN.model_copy(update={"diagnostics": (*PLAN.diagnostics, warned)})
    told = compare_documents(PLAN.model_copy(update={"additions": ()}), later)
    assert told.same
    assert told.diagnostics == (warned,)
    assert told.additions == tuple(entry.id for entry in PLAN.additions)


@pytest.mark.parametrize("width", [80, 120])
def test_two_plans_that_share_nothing_are_shown_whole(width):
    told = compare_documents(documents.EMPTY_PLAN, changed())
    lines = ["".join(span.text for span in line) for line in render_plan_diff_text(told, width)]
    assert all(change.address in "\n".join(lines) for change in PLAN.changes)
    assert len(render_plan_diff_markdown(told)) < 65_000
    # An id stays whole, to be copied.
    assert max(len(line.rstrip()) for line in lines if "/subscriptions/" not in line) <= width
