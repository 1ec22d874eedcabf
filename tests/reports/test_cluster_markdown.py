"""Documents of a cluster in Markdown: what others named is text and no markup."""

import pytest

from provisioner.documents.apply import Outcome, StepOutcome
from provisioner.documents.census import UnreadableDocument
from provisioner.documents.cluster import (
    ClusterApplyDocument,
    ClusterCensusDocument,
    ClusterDocument,
    ClusterDriftDocument,
    ClusterPlanDocument,
)
from provisioner.documents.drift import DriftKind, ResourceDriftDocument
from provisioner.documents.plan import (
    Action,
    FieldChangeDocument,
    FieldKind,
    PlanSummary,
    ResourceChangeDocument,
)
from provisioner.reports.cluster_markdown import render_cluster_markdown
from tests.reports import documents

EVIL = "x|@team`<img src=x>`[a](b)"
CLUSTER = ClusterDocument(
    server="https://aks.example.com", uid="5f4c6a1e", version=f"v1.35.4{EVIL}", way="in-cluster"
)
CENSUS = ClusterCensusDocument(
    objects=3,
    kinds=("v1/Namespace",),
    unreadable=(UnreadableDocument(id="/api/v1/pods", listed="v1/Pod", reason=EVIL),),
)
FIELD = FieldChangeDocument(
    path="spec.a", kind=FieldKind.CHANGED, declared=True, before="```", after=EVIL
)
PLAN = ClusterPlanDocument(
    environment=documents.EMPTY_PLAN.environment,
    path="environments/prod.yaml",
    cluster=CLUSTER,
    digest="sha256:0",
    summary=PlanSummary(update=1, blocked=1, unchanged=2),
    changes=(
        ResourceChangeDocument(
            address=f"app/Role/{EVIL}",
            id="/apis/…",
            type="rbac.authorization.k8s.io/v1/Role",
            action=Action.UPDATE,
            disruption="none",
            fields=(FIELD,),
        ),
        ResourceChangeDocument(
            address="app/Role/b",
            id="/apis/…",
            type="rbac.authorization.k8s.io/v1/Role",
            action=Action.BLOCKED,
            reason=f"conflict with {EVIL}",
            disruption="none",
        ),
    ),
    census=CENSUS,
)
DRIFT = ClusterDriftDocument(
    environment=PLAN.environment,
    cluster=CLUSTER,
    observed=EVIL,
    in_sync=2,
    drifted=(
        ResourceDriftDocument(
            address=f"app/Role/{EVIL}",
            id="/apis/…",
            type="rbac.authorization.k8s.io/v1/Role",
            kind=DriftKind.CHANGED,
            fields=(FIELD,),
        ),
    ),
    census=CENSUS,
)
APPLY = ClusterApplyDocument(
    environment=PLAN.environment,
    cluster=CLUSTER,
    digest="sha256:0",
    steps=(
        StepOutcome(
            key="1", verb="APPLY", address=EVIL, outcome=Outcome.FAILED, elapsed=1, message=EVIL
        ),
    ),
)


@pytest.mark.parametrize("document", [PLAN, DRIFT, APPLY], ids=["plan", "drift", "apply"])
def test_names_of_others_are_no_markup(document):
    text = render_cluster_markdown(document)
    outside = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            outside.append(line)
    shown = "\n".join(outside)
    for harmful in ("@team", "<img", "[a](b)"):
        assert harmful not in shown
    rows = [line for line in outside if line.startswith("| ")]
    assert rows
    assert all(row.replace("\\|", "").count("|") >= 4 for row in rows)


def test_a_plan_names_what_is_blocked_first_and_what_was_not_seen():
    text = render_cluster_markdown(PLAN)
    assert "**This plan cannot be applied.**" in text
    assert text.index("`app/Role/b`") < text.index("spec.a")
    assert "| unreadable | v1/Pod |" in text
    assert text.endswith("Digest `sha256:0`\n")


def test_finding_nothing_says_less_where_not_all_was_read():
    nothing = DRIFT.model_copy(update={"drifted": ()})
    assert "No drift was found in what could be read." in render_cluster_markdown(nothing)


def test_an_apply_that_failed_says_how_to_go_on():
    assert "`azsec cluster plan " in render_cluster_markdown(APPLY)
