"""`azsec cluster apply`: sends the steps of a plan, stage by stage."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from provisioner.cluster.decisions import Decision
from provisioner.cluster.ownership import MANAGER
from provisioner.documents.apply import Outcome, StepOutcome
from provisioner.documents.cluster import (
    ClusterApplyDocument,
    ClusterPlanDocument,
    ClusterStepDocument,
)
from provisioner.documents.plan import Action
from provisioner.engine.cluster_port import APPLY, Ask, ClusterApi
from provisioner.model.diagnostic import DiagnosticError, GateError, error
from provisioner.model.kubernetes_error import KubernetesError
from provisioner.workflow.cluster_plan import ClusterPlan


def check_cluster_plan(plan: ClusterPlan, *, allow_delete: bool) -> None:
    """Refuse a plan that cannot be applied, or whose deletes or adoptions nobody permitted.

    Raises DiagnosticError for what is blocked, GateError for what takes a permission.
    """
    document = plan.document
    blocked = [
        error("blocked", f"{change.address} cannot be applied: {change.reason}.")
        for change in document.blocked
    ]
    failed = [error(told.code, told.message, None, told.hint) for told in document.diagnostics]
    if not plan.can_apply:
        raise DiagnosticError(*(failed if document.has_errors else ()), *blocked)
    if document.destroys and not allow_delete:
        raise GateError(
            error(
                "delete-not-permitted",
                f"the plan deletes or replaces: {_addresses(document, _DESTRUCTIVE)}.",
                None,
                "Add --allow-delete.",
            )
        )
    unasked = find_unasked(plan)
    if unasked:
        raise GateError(
            error(
                "adopt-not-permitted",
                f"objects exist without a mark of azsec: {', '.join(unasked)}.",
                None,
                "Add --adopt ADDRESS, --adopt 'NAMESPACE/*' or --adopt '*'.",
            )
        )


_DESTRUCTIVE = (Action.DELETE, Action.REPLACE)


def find_unasked(plan: ClusterPlan) -> tuple[str, ...]:
    """Return the addresses of objects that would be adopted and that nobody permitted."""
    from provisioner.cluster.decisions import Permission

    permission = Permission(plan.document.adopt)
    return tuple(
        decision.key.address
        for decision in plan.decisions
        if decision.action is Action.ADOPT and not permission.may_adopt(decision.key)
    )


def _addresses(document: ClusterPlanDocument, actions: Sequence[Action]) -> str:
    return ", ".join(change.address for change in document.changes if change.action in actions)


def apply_cluster(
    plan: ClusterPlan, api: ClusterApi, halted: Callable[[], str | None] = lambda: None
) -> ClusterApplyDocument:
    """Send the steps of a plan. A step that fails stops those in a namespace that was not made.

    `halted` gives the reason why no further stage may start, or None.

    Each step is guarded by what the plan saw: an object that changed since is refused by the API
    server (its resourceVersion), and so is the delete of another one of the same name (its UID).
    """
    document = plan.document
    # A plan of a cluster that is yet to be made is planned again once it is there.
    assert document.cluster is not None
    decisions = {decision.path: decision for decision in plan.decisions}
    outcomes: list[StepOutcome] = []
    lost: set[str] = set()
    for _, group in groupby(sorted(document.steps, key=_rank), key=_rank):
        ready: list[ClusterStepDocument] = []
        halt = halted()
        for step in group:
            namespace = decisions[step.path].key.namespace
            if halt is not None:
                outcomes.append(_skipped(step, halt))
            elif namespace in lost:
                waits = f"waits for the namespace {namespace}, which was not made"
                outcomes.append(_skipped(step, waits))
            else:
                ready.append(step)
        for outcome in _send(ready, decisions, document, api):
            outcomes.append(outcome)
            key = next(d.key for d in plan.decisions if d.key.address == outcome.address)
            if outcome.outcome is Outcome.FAILED and key.kind == "Namespace":
                lost.add(key.name)
    return ClusterApplyDocument(
        environment=document.environment,
        cluster=document.cluster,
        digest=document.digest,
        steps=tuple(outcomes),
    )


def _rank(step: ClusterStepDocument) -> tuple[int, bool]:
    # Of one stage, what is replaced is deleted first.
    return step.stage, step.verb == "APPLY"


def _skipped(step: ClusterStepDocument, why: str) -> StepOutcome:
    return StepOutcome(
        key=step.key,
        verb=step.verb,
        address=step.address,
        outcome=Outcome.SKIPPED,
        message=why,
    )


def _send(
    steps: Sequence[ClusterStepDocument],
    decisions: Mapping[str, Decision],
    document: ClusterPlanDocument,
    api: ClusterApi,
) -> Iterator[StepOutcome]:
    if not steps:
        return
    started = time.monotonic()
    force = document.force_conflicts
    asks = [_ask(step, decisions[step.path], force=force) for step in steps]
    for step, told in zip(steps, api.ask(asks), strict=True):
        failed = isinstance(told, KubernetesError) and not (
            step.verb == "DELETE" and told.is_missing
        )
        yield StepOutcome(
            key=step.key,
            verb=step.verb,
            address=step.address,
            outcome=Outcome.FAILED if failed else Outcome.SUCCEEDED,
            elapsed=round(time.monotonic() - started, 3),
            message=told.message if failed and isinstance(told, KubernetesError) else None,
        )


def _ask(step: ClusterStepDocument, decision: Decision, *, force: bool) -> Ask:
    live = {} if decision.live is None else decision.live["metadata"]
    if step.verb == "DELETE":
        seen = {"uid": live["uid"], "resourceVersion": live["resourceVersion"]}
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        return Ask("DELETE", step.path, body={**options, "preconditions": seen})
    assert decision.body is not None
    body = dict(decision.body)
    if decision.action in (Action.UPDATE, Action.ADOPT):
        body["metadata"] = {**body["metadata"], "resourceVersion": live["resourceVersion"]}
    query = {
        "fieldManager": MANAGER,
        "fieldValidation": "Strict",
        "force": "true" if force else "false",
    }
    return Ask("PATCH", step.path, query, body, APPLY)
