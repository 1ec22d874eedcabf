"""Adoptions of a large estate in a plan: one line a module, with the reason said once."""

from provisioner.documents.plan import Action
from provisioner.reports.module_groups import MOST_SHOWN, group_creates
from provisioner.reports.plan_text import render_plan_text
from tests.reports.documents import HUB, PLAN, added, change

REASON = "exists already, without a mark of azsec, and is taken over"
MARK = added("tags.azsec-mark", "abc")


def adoption(address: str, *fields):
    kind = "Network/networkSecurityGroups/nsg"
    return change(address, kind, HUB, Action.ADOPT, fields, reason=REASON)


MARKED = [adoption(f"net.nsg{number}", MARK) for number in range(MOST_SHOWN + 1)]
CHANGED = adoption("net.open", MARK, added("properties.securityRules[deny]", "x"))


def test_adoptions_that_write_marks_alone_are_one_group() -> None:
    shown, groups = group_creates([*MARKED, CHANGED])

    assert shown == [CHANGED]
    (group,) = groups
    assert (group.action, group.module, group.reason) == (Action.ADOPT, "net", REASON)
    assert len(group.changes) == len(MARKED)


def test_the_reason_is_said_once_and_what_changes_stands_by_itself() -> None:
    document = PLAN.model_copy(update={"changes": (*MARKED, CHANGED)})
    text = ["".join(span.text for span in each) for each in render_plan_text(document, 120)]

    assert next(row.strip() for row in text if REASON in row) == f"each {REASON}"
    assert sum(REASON in row for row in text) == 2
    assert any("21 adopt" in row for row in text)
    assert any("Adoptions are grouped by module." in row for row in text)


def test_few_adoptions_are_listed() -> None:
    assert group_creates(MARKED[:MOST_SHOWN]) == (MARKED[:MOST_SHOWN], [])
