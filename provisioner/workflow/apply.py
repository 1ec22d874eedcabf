"""`azsec apply`: runs the steps of a plan if Azure is still as the plan observed it.

Where steps did not create what they were to create, the ownership marks written for it are
withdrawn. Called by `cli` for `azsec apply` and `azsec ci apply`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.expression import resolve
from provisioner.catalog.registry import Catalog
from provisioner.documents.apply import ApplyDocument, Event
from provisioner.documents.plan import Action
from provisioner.engine.executor import Executor, Run
from provisioner.engine.ports import Reader, Writer
from provisioner.engine.timings import measure_phase
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, GateError, error
from provisioner.plan.needed_answers import find_needed
from provisioner.plan.plan import Plan
from provisioner.plan.pre_write_checks import find_blocker, removal_reads
from provisioner.plan.redaction import concealed_values, with_live_bodies
from provisioner.plan.staleness import find_stale, observed_values
from provisioner.plan.steps import DELETE, Step
from provisioner.plan.value_text import mask_output, to_plain
from provisioner.workflow.mark_withdrawal import withdraw_marks
from provisioner.workflow.observed_state import read_observed


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """The options of an apply.

    `allow_delete` permits deletes and replacements; `parallelism` is the number of steps that run
    at once; `lock_timeout` is how many seconds to wait for another apply to release the
    environment's lock.
    """

    allow_delete: bool
    parallelism: int
    lock_timeout: float = 0.0


@dataclass(frozen=True, slots=True)
class Surface:
    """The ports of an apply: Azure, a clock of monotonic seconds, and a listener.

    `halted` returns the reason why no further step may start, or None.
    """

    reader: Reader
    writer: Writer
    clock: Callable[[], float]
    on_event: Callable[[Event], None]
    halted: Callable[[], str | None] = lambda: None


def check_permitted(plan: Plan, options: ApplyOptions) -> None:
    """Check that a plan can be applied, and that its deletes are permitted.

    Raises what `check_applicable` raises for the document.

    Raises:
        GateError: Where the steps delete and deletes are not permitted.
    """
    check_applicable(plan, options)
    if plan.is_destructive and not options.allow_delete:
        deleted = [step.address for step in plan.steps if step.verb == DELETE]
        raise GateError(_delete_not_allowed(deleted))


def check_applicable(plan: Plan, options: ApplyOptions) -> None:
    """Check a plan as `check_permitted` does, by its document alone.

    Raises:
        DiagnosticError: Where changes are blocked (`plan-blocked`).
        GateError: Where a gate refuses the plan, and where deletes are not permitted.
    """
    if not plan.can_apply():
        blocked = [c for c in plan.document.changes if c.action is Action.BLOCKED]
        raise DiagnosticError(
            *(
                error("plan-blocked", f"{change.address} is blocked: {change.reason}.")
                for change in blocked
            ),
            *(
                error(d.code, d.message, None, d.hint)
                for d in plan.document.diagnostics
                if d.severity == "error"
            ),
        )
    if plan.document.gates:
        raise GateError(
            *(
                error(
                    f"gate-{gate.gate}",
                    f"the gate {gate.gate!r} refuses the plan: {gate.reason}.",
                    None,
                    gate.hint,
                )
                for gate in plan.document.gates
            )
        )
    deleted = [
        change.address
        for change in plan.document.changes
        if change.action in (Action.DELETE, Action.REPLACE)
    ]
    if deleted and not options.allow_delete:
        raise GateError(_delete_not_allowed(deleted))


def _delete_not_allowed(addresses: Sequence[str]) -> Diagnostic:
    named = ", ".join(addresses[:5])
    more = f" and {len(addresses) - 5} more" if len(addresses) > 5 else ""
    return error(
        "delete-not-allowed",
        f"the plan deletes or replaces {named}{more}.",
        None,
        "If that is meant, apply with --allow-delete.",
    )


def apply_plan(
    plan: Plan, catalog: Catalog, surface: Surface, options: ApplyOptions
) -> ApplyDocument:
    """Apply a plan; return how each step ended.

    Raises what `check_permitted` raises, and AzureError where nothing can be read.

    Raises:
        DiagnosticError: Where Azure changed since the plan, with each field that differs
            (`plan-stale`).
    """
    check_permitted(plan, options)
    # A plan may have waited for its review for days: what it observed is read again before anything
    # is written.
    state = read_observed(plan.observed, surface.reader, catalog)
    values = observed_values(plan, state)
    stale = find_stale(plan, state, values, catalog)
    if stale:
        raise DiagnosticError(*stale)
    etags = {key: found.etag for key, found in state.found.items() if found.etag is not None}
    deleted = {step.address for step in plan.steps if step.verb == DELETE}
    live = with_live_bodies(values)
    # What the steps delete first is no source of values: after a replacement it has others.
    known = {address: value for address, value in live.items() if address not in deleted}

    def find_step_blocker(step: Step) -> str | None:
        answers = surface.reader.read(removal_reads(step, catalog))
        return find_blocker(step, answers, catalog)

    executor = Executor(
        surface.writer, known, etags, find_step_blocker, surface.on_event, surface.clock
    )
    with measure_phase("writes"):
        needed = find_needed(plan.steps, plan.outputs)
        run = executor.run(plan.steps, options.parallelism, surface.halted, catalog, needed)

    def send(steps: Sequence[Step], etags: Mapping[str, str]) -> Run:
        sender = Executor(surface.writer, {}, etags, _find_no_blocker, _ignore_event, surface.clock)
        return sender.run(steps, options.parallelism, surface.halted)

    types = {step.address: catalog.find(step.type) for step in plan.steps}
    types |= {seen.address: catalog.find(seen.type) for seen in plan.observed}
    shown = concealed_values(run.values, types, catalog.schemas)
    withdrawn = withdraw_marks(plan.steps, run, surface.reader, send, catalog)
    document = ApplyDocument(
        environment=plan.document.environment,
        digest=plan.document.digest,
        steps=run.outcomes,
        outputs={
            name: to_plain(mask_output(resolve(value, shown), name))
            for name, value in sorted(plan.outputs.items())
        },
        interrupted=run.interrupted or withdrawn.interrupted,
        diagnostics=plan.document.diagnostics,
    )
    return document.with_diagnostics(withdrawn.report())


def _find_no_blocker(_step: Step) -> None:
    """Prevent no write: a withdrawal overwrites what was read right before."""


def _ignore_event(_event: Event) -> None:
    """Ignore an event: a withdrawal is no step of the plan, and is reported after the apply."""
