"""`azsec cluster apply`: sends the steps of a plan to the API server, stage by stage.

Called by `cli`; `check_cluster_plan` runs before anything is written.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import groupby

from provisioner.cluster.decisions import Decision
from provisioner.cluster.ownership import MANAGER
from provisioner.documents.apply import Outcome, StepOutcome
from provisioner.documents.cluster import (
    ClusterApplyDocument,
    ClusterPlanDocument,
    ClusterStepDocument,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import Action
from provisioner.engine.cluster_port import APPLY, ApiRequest, ClusterApi
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, GateError, error
from provisioner.model.kubernetes_error import KubernetesError, describe_refusal
from provisioner.workflow.cluster_plan import ClusterPlan


def check_cluster_plan(plan: ClusterPlan, *, allow_delete: bool) -> None:
    """Check that a plan can be applied, and that its deletes and adoptions are permitted.

    Raises:
        DiagnosticError: Where changes are blocked.
        GateError: Where a delete (`delete-not-permitted`) or an adoption (`adopt-not-permitted`) is
            not permitted.
    """
    document = plan.document
    blocked = [
        error("blocked", f"{change.address} cannot be applied: {change.reason}.")
        for change in document.blocked
    ]
    failed = [
        error(diagnostic.code, diagnostic.message, None, diagnostic.hint)
        for diagnostic in document.diagnostics
    ]
    if not plan.can_apply:
        raise DiagnosticError(*(failed if document.has_errors else ()), *blocked)
    if document.destroys and not allow_delete:
        raise GateError(
            error(
                "delete-not-permitted",
                f"the plan deletes or replaces: {_changed_addresses(document, _DESTRUCTIVE)}.",
                None,
                "Add --allow-delete.",
            )
        )
    unasked = find_unpermitted_adoptions(plan)
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


def find_unpermitted_adoptions(plan: ClusterPlan) -> tuple[str, ...]:
    """Return the addresses of objects that would be adopted without permission."""
    from provisioner.cluster.decisions import Permission

    permission = Permission(plan.document.adopt)
    return tuple(
        decision.key.address
        for decision in plan.decisions
        if decision.action is Action.ADOPT and not permission.may_adopt(decision.key)
    )


def _changed_addresses(document: ClusterPlanDocument, actions: Sequence[Action]) -> str:
    return ", ".join(change.address for change in document.changes if change.action in actions)


def apply_cluster(
    plan: ClusterPlan,
    api: ClusterApi,
    halted: Callable[[], str | None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
    parallelism: int = 8,
) -> ClusterApplyDocument:
    """Send the steps of a plan, those of one stage in parallel; once begun, raise nothing.

    `halted` returns the reason why no further step may start, or None; it is called before each
    one. After a KeyboardInterrupt the requests in flight end, no further one starts, and the
    document states it. A namespace that was not created stops the steps in it. A step without an
    answer is unknown, and stops all that were not sent: the next apply continues from the state
    then.

    Each step is guarded by what the plan observed: the API server refuses an object that changed
    since (its resourceVersion), and the delete of another one of the same name (its UID).
    """
    document = plan.document
    # The plan of a cluster that does not exist yet is made again once it exists.
    assert document.cluster is not None
    sender = _Sender(api, plan, halted, clock)
    outcomes: list[StepOutcome] = []
    with ThreadPoolExecutor(parallelism) as pool:
        for _, group in groupby(sorted(document.steps, key=_send_order), key=_send_order):
            outcomes += _send_stage(sender, pool, list(group))
    diagnostics = () if sender.stop is None else (_describe_stop(sender.stop, plan),)
    if sender.is_interrupted:
        diagnostics = (*diagnostics, _describe_interrupt(plan))
    return ClusterApplyDocument(
        environment=document.environment,
        cluster=document.cluster,
        digest=document.digest,
        steps=tuple(outcomes),
        interrupted=sender.is_interrupted,
        diagnostics=tuple(map(DiagnosticDocument.of, diagnostics)),
    )


def _send_stage(
    sender: "_Sender", pool: ThreadPoolExecutor, steps: Sequence[ClusterStepDocument]
) -> list[StepOutcome]:
    """Send the steps of a stage; return how each ended, also after an interrupt."""
    futures: list[Future[StepOutcome]] = []
    while True:
        try:
            # An interrupt may arrive before all are submitted.
            futures += [pool.submit(sender.send, step) for step in steps[len(futures) :]]
            wait(futures)
            return [future.result() for future in futures]
        except KeyboardInterrupt:
            sender.is_interrupted = True


def _describe_interrupt(plan: ClusterPlan) -> Diagnostic:
    name = plan.document.environment.name
    return error(
        "interrupted",
        "the apply was interrupted: what was in flight has ended, and nothing more was sent.",
        None,
        f"Go on with `azsec cluster apply {name}`: it continues from what exists.",
    )


def _describe_stop(stop: KubernetesError, plan: ClusterPlan) -> Diagnostic:
    name = plan.document.environment.name
    again = f"then go on with `azsec cluster apply {name}`: it continues from what exists."
    diagnostic = describe_refusal(stop, "the apply stopped")
    return replace(diagnostic, hint=f"{(diagnostic.hint or '').rstrip('.')}; {again}")


class _Sender:
    """Sends single steps, from several threads, until one gets no answer."""

    def __init__(
        self,
        api: ClusterApi,
        plan: ClusterPlan,
        halted: Callable[[], str | None],
        clock: Callable[[], float],
    ) -> None:
        self._api = api
        self._force = plan.document.force_conflicts
        self._decisions = {decision.path: decision for decision in plan.decisions}
        self._halted = halted
        self._clock = clock
        self._unmade: set[str] = set()
        self.stop: KubernetesError | None = None
        self.is_interrupted = False

    def send(self, step: ClusterStepDocument) -> StepOutcome:
        """Send a step, unless a condition prevents it; return how it ended."""
        decision = self._decisions[step.path]
        why = self._why_not_sent(decision.key.namespace)
        if why is not None:
            return _step_outcome(step, Outcome.SKIPPED, why)
        started = self._clock()
        (answer,) = self._api.ask([_step_request(step, decision, force=self._force)])
        elapsed = round(self._clock() - started, 3)
        # A delete finds nothing where the deletion of its namespace, or of its owner, took the
        # object along.
        if not isinstance(answer, KubernetesError) or (step.verb == "DELETE" and answer.is_missing):
            return _step_outcome(step, Outcome.SUCCEEDED, None, elapsed)
        # Without an answer it is open whether the step took effect: what was planned after it may
        # no longer fit.
        if answer.is_unreachable:
            self.stop = answer
        if decision.key.kind == "Namespace":
            self._unmade.add(decision.key.name)
        ended = Outcome.UNKNOWN if answer.may_have_taken_effect else Outcome.FAILED
        return _step_outcome(step, ended, answer.message, elapsed)

    def _why_not_sent(self, namespace: str) -> str | None:
        """Return why a step of a namespace is not sent, or None."""
        if self.is_interrupted:
            return "interrupted"
        if self.stop is not None:
            return f"not sent: {self.stop.message}"
        if namespace in self._unmade:
            return f"waits for the namespace {namespace}, which was not made"
        return self._halted()


def _send_order(step: ClusterStepDocument) -> tuple[int, bool]:
    # Within a stage, the deletes of replacements come first.
    return step.stage, step.verb == "APPLY"


def _step_outcome(
    step: ClusterStepDocument, outcome: Outcome, message: str | None, elapsed: float = 0.0
) -> StepOutcome:
    return StepOutcome(
        key=step.key,
        verb=step.verb,
        address=step.address,
        outcome=outcome,
        elapsed=elapsed,
        message=message,
    )


def _step_request(step: ClusterStepDocument, decision: Decision, *, force: bool) -> ApiRequest:
    live = {} if decision.live is None else decision.live["metadata"]
    if step.verb == "DELETE":
        # The UID guards against another object that was created with the same name; the API server
        # answers 409 Conflict.
        seen = {"uid": live["uid"], "resourceVersion": live["resourceVersion"]}
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        return ApiRequest("DELETE", step.path, body={**options, "preconditions": seen})
    assert decision.body is not None
    body = dict(decision.body)
    if decision.action in (Action.UPDATE, Action.ADOPT):
        # Server-side apply takes no precondition but this: with the resourceVersion a changed
        # object is a conflict.
        body["metadata"] = {**body["metadata"], "resourceVersion": live["resourceVersion"]}
    query = {
        "fieldManager": MANAGER,
        # Without it the API server drops unknown and duplicate fields with a warning: a misspelled
        # one would be lost.
        "fieldValidation": "Strict",
        "force": "true" if force else "false",
    }
    return ApiRequest("PATCH", step.path, query, body, APPLY)
