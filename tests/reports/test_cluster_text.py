"""What blocks many objects for one reason is told once."""

import io

from provisioner.documents.plan import Action, PlanSummary, ResourceChangeDocument
from provisioner.reports.text import write_text
from tests.reports.test_cluster_markdown import PLAN


def test_objects_that_are_blocked_alike_are_one_block() -> None:
    changes = tuple(
        ResourceChangeDocument(
            address=f"app/Role/{number}",
            id="",
            type="rbac.authorization.k8s.io/v1/Role",
            action=Action.BLOCKED,
            reason="roles is forbidden" if number < 9 else "another reason",
            disruption="none",
        )
        for number in range(10)
    )
    update = {"changes": changes, "summary": PlanSummary(blocked=10)}
    stream = io.StringIO()
    write_text(PLAN.model_copy(update=update), stream, color=False, width=100)
    text = stream.getvalue()
    assert text.count("roles is forbidden") == 1
    assert "! 9 blocked" in text
    assert "and 3 more objects" in text
    assert "app/Role/9" in text
