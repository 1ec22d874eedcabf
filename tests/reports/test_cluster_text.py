"""A plan of a cluster as text: what a reviewer has to see of each object, in the room that is."""

import io

import pytest

from provisioner.documents.census import UnreadableDocument
from provisioner.documents.plan import (
    Action,
    FieldChangeDocument,
    FieldKind,
    PlanSummary,
    ResourceChangeDocument,
)
from provisioner.plan.plan_comparison import compare_cluster_plans
from provisioner.reports.cluster_markdown import render_cluster_markdown
from provisioner.reports.text import write_text
from tests.reports.test_cluster_markdown import CENSUS, PLAN


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


SUBJECT = "5d2b9f10-7c3e-4a61-b8d4-92e0c1f3a503"


def binding(subject: str) -> ResourceChangeDocument:
    content = {
        "metadata": {
            "annotations": {"azsec.dev/mark": "0123"},
            "labels": {"app.kubernetes.io/managed-by": "azsec", "azsec.dev/environment": "1"},
        },
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "name": subject}],
    }
    return ResourceChangeDocument(
        address="app/RoleBinding/deployment-manager",
        id="/apis/rbac.authorization.k8s.io/v1/namespaces/app/rolebindings/deployment-manager",
        type="rbac.authorization.k8s.io/v1/RoleBinding",
        resource_group="app",
        action=Action.CREATE,
        disruption="no disruption",
        fields=tuple(
            FieldChangeDocument(path=name, kind=FieldKind.ADDED, declared=True, after=value)
            for name, value in content.items()
        ),
    )


def plan_of(subject: str, digest: str):
    update = {"changes": (binding(subject),), "summary": PlanSummary(create=1), "digest": digest}
    return PLAN.model_copy(update=update)


def text_of(document, width: int) -> str:
    stream = io.StringIO()
    write_text(document, stream, color=False, width=width)
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_a_new_binding_shows_its_role_and_all_its_subjects(width: int) -> None:
    digest = "sha256:" + "7" * 64
    text = text_of(plan_of(SUBJECT, digest), width)
    for told in ("name: cluster-admin", f"name: {SUBJECT}", "rbac.authorization.k8s.io/v1", digest):
        assert told in text
    assert "azsec.dev/" not in text
    assert "managed-by" not in text
    assert max(map(len, text.splitlines())) <= width


def test_markdown_names_who_is_bound_and_folds_the_object() -> None:
    text = render_cluster_markdown(plan_of(SUBJECT, "sha256:0"))
    (shown,) = [row for row in text.splitlines() if row.startswith("| `+`")]
    assert "cluster-admin" in shown
    assert SUBJECT in shown.replace("<wbr>", "")
    assert f"+     name: {SUBJECT}" in text
    assert "azsec.dev/" not in text


def test_two_plans_of_a_cluster_are_compared_to_the_value() -> None:
    found = compare_cluster_plans(plan_of(SUBJECT, "sha256:0"), plan_of("other", "sha256:1"))
    assert not found.same
    (field,) = found.changes[0].fields
    assert (field.path, field.before.after, field.after.after) == (
        "subjects[0].name",
        SUBJECT,
        "other",
    )
    text = text_of(found, 80)
    assert "rbac.authorization.k8s.io/v1" in text
    assert f"was {SUBJECT}" in text


def test_lists_that_rbac_refuses_to_one_user_are_reported_together() -> None:
    refused = tuple(
        UnreadableDocument(
            id=f"/api/v1/{name}",
            listed=f"v1/{name}",
            reason=f'{name} is forbidden: User "nobody" cannot list resource "{name}" in API group '
            '"" at the cluster scope',
        )
        for name in ("pods", "secrets", "services")
    )
    census = CENSUS.model_copy(update={"unreadable": refused})
    text = text_of(PLAN.model_copy(update={"census": census}), 120)
    assert text.count("nobody") == 1
    assert "unreadable: v1/pods, v1/secrets, v1/services" in text
