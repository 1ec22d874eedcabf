"""What comes after Azure's part is what was approved, or is refused and named."""

from dataclasses import replace
from typing import Any

import pytest

from provisioner.cluster.decisions import Decision
from provisioner.cluster.objects import Key
from provisioner.documents.cluster import (
    ClusterCensusDocument,
    ClusterDocument,
    ClusterPlanDocument,
)
from provisioner.documents.plan import Action, FieldChangeDocument, FieldKind, PlanSummary
from provisioner.workflow.cluster_plan import ClusterPlan
from provisioner.workflow.combined_plan import combine_digests, find_moved
from tests.reports import documents

BODY: dict[str, Any] = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "a"}}
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
OTHER = {**BODY, "spec": {}}
FIELD = FieldChangeDocument(path="spec.a", kind=FieldKind.CHANGED, declared=True, after=1)


def decision(action: Action, body: Any = BODY, **more: Any) -> Decision:
    kind = "LimitRange" if body is None else body["kind"]
    return Decision(Key("", kind, "app", "a"), f"v1/{kind}", "", action, body, **more)


def plan(*decisions: Decision, uid: str = "1") -> ClusterPlan:
    document = ClusterPlanDocument(
        environment=documents.EMPTY_PLAN.environment,
        path="prod.yaml",
        cluster=ClusterDocument(server="https://a", uid=uid, version="v1.35.4", way="test"),
        digest="sha256:0",
        summary=PlanSummary(),
        census=ClusterCensusDocument(objects=0, kinds=()),
    )
    return ClusterPlan(document, decisions)


CREATE, UPDATE, ADOPT = Action.CREATE, Action.UPDATE, Action.ADOPT
AWAITED = decision(CREATE, awaited=True)
DEFAULT = decision(CREATE, ACCOUNT, awaited=True)
MOVES = [
    ("the same creation", [decision(CREATE)], [decision(CREATE)], True),
    ("a field more", [decision(UPDATE)], [decision(UPDATE, fields=(FIELD,))], False),
    ("another body", [decision(CREATE)], [decision(CREATE, OTHER)], False),
    ("a delete that nobody saw", [], [decision(Action.DELETE, None)], False),
    ("an object that is as declared by now", [decision(CREATE)], [decision(Action.NO_OP)], False),
    ("awaited, and a creation", [AWAITED], [decision(CREATE)], True),
    ("awaited, and of another body", [AWAITED], [decision(CREATE, OTHER)], False),
    ("awaited, and there already", [AWAITED], [decision(ADOPT)], False),
    ("awaited, and ours already", [AWAITED], [decision(UPDATE, fields=(FIELD,))], False),
    ("awaited, and blocked", [AWAITED], [decision(Action.BLOCKED, reason="conflict")], False),
    ("Kubernetes made the account first", [DEFAULT], [decision(UPDATE, ACCOUNT)], True),
    ("the account would be adopted", [DEFAULT], [decision(ADOPT, ACCOUNT)], False),
]


@pytest.mark.parametrize(
    ("approved", "now", "agrees"), [row[1:] for row in MOVES], ids=[row[0] for row in MOVES]
)
def test_what_moved_is_found(approved: list[Decision], now: list[Decision], agrees: bool) -> None:
    assert (not list(find_moved(plan(*approved), plan(*now)))) is agrees


def test_another_cluster_is_refused_whatever_stands_there() -> None:
    (told,) = find_moved(plan(AWAITED), plan(AWAITED, uid="2"))
    assert told.code == "another-cluster"
    unknown = plan(AWAITED)
    unknown = replace(unknown, document=unknown.document.model_copy(update={"cluster": None}))
    assert not list(find_moved(unknown, plan(decision(CREATE), uid="2")))


def test_what_moved_says_what_was_approved_and_what_is() -> None:
    blocked = decision(Action.BLOCKED, reason='conflict with "kubectl-edit": spec.a')
    (told,) = find_moved(plan(decision(UPDATE, fields=(FIELD,))), plan(blocked))
    assert told.message == (
        "app/LimitRange/a: update (spec.a) was approved, and it is "
        'blocked (conflict with "kubectl-edit": spec.a) now.'
    )


def test_a_digest_over_both_is_of_both() -> None:
    assert len({combine_digests(a, b) for a in ("1", "2") for b in ("1", "2")}) == 4
