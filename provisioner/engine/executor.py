"""Execution of a plan's steps on threads: references, guards, events and outcomes.

A step that fails skips exactly its dependents; everything else goes on. Ctrl-C and a lost lease
start nothing more and wait for what is in flight, since Azure continues an operation that was
accepted whatever the client does.
"""

import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from provisioner.blueprint.expression import ExpressionError, Lookup, resolve
from provisioner.catalog.registry import Catalog
from provisioner.documents.apply import (
    Event,
    Outcome,
    StepFailed,
    StepOutcome,
    StepProgressed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from provisioner.engine.creation import creation_of
from provisioner.engine.ports import RESOURCE_APPEARED, Refresh, Writer
from provisioner.engine.schedule import Schedule
from provisioner.model.azure_error import AzureError
from provisioner.model.values import Value, unknowns
from provisioner.plan.redaction import concealed_values, sensitive_problem
from provisioner.plan.steps import DELETE, Step

INTERRUPTED = "interrupted"
"""The reason of steps that Ctrl-C kept from starting."""

_MAX_WORDS = 500


class StepRefusedError(Exception):
    """A step that is not sent, because its precondition no longer holds. Its text names it."""


def _never_halted() -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Run:
    """The outcomes of the steps, in the order of the plan, and the values of each address since.

    `lost` are the keys of the creates that found a resource which others had created meanwhile.
    """

    outcomes: tuple[StepOutcome, ...]
    values: Mapping[str, Mapping[str, Value]]
    interrupted: bool
    lost: frozenset[str] = frozenset()


class Executor:
    """Drives a writer through the steps of one plan.

    `values` holds the known values of resources by address, for filling in references; `etags` the
    ETag last read, by id key. `hindrance` checks right before a delete, and before a write that no
    ETag guards, whether it may be sent, and returns why not. `clock` gives monotonic seconds.
    `on_event` is called from several threads.
    """

    def __init__(
        self,
        writer: Writer,
        values: Mapping[str, Mapping[str, Value]],
        etags: Mapping[str, str],
        hindrance: Callable[[Step], str | None],
        on_event: Callable[[Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._hindrance = hindrance
        self._catalog: Catalog | None = None
        self._needed: Collection[str] | None = None
        self._readable: Lookup = self._values_at
        self._halted: Callable[[], str | None] = _never_halted
        self._writer = writer
        self._values = dict(values)
        self._etags = etags
        self._on_event = on_event
        self._clock = clock
        self._outcomes: dict[str, StepOutcome] = {}
        self._interrupted = False
        self._lost: set[str] = set()

    def run(
        self,
        steps: Sequence[Step],
        parallelism: int,
        halted: Callable[[], str | None] = _never_halted,
        catalog: Catalog | None = None,
        needed: Collection[str] | None = None,
    ) -> Run:
        """Run the steps; return the outcome of each.

        A failure skips exactly its dependents. A KeyboardInterrupt lets what is in flight end and
        starts nothing more; so does a reason that `halted` returns (None: go on). With `catalog` a
        creation whose answer was lost is recognized as its own, and values that no other resource
        may read are concealed. `needed` are the keys of the steps whose settled bodies something
        reads (None: all of them).
        """
        self._halted = halted
        self._catalog = catalog
        self._needed = needed
        if catalog is not None:
            types = {
                address: catalog.find(str(v.get("type"))) for address, v in self._values.items()
            }
            types |= {step.address: catalog.find(step.type) for step in steps}
            self._readable = concealed_values(self._values, types, catalog.schemas)
        schedule = Schedule(steps)
        running: dict[Future[Mapping[str, Value] | None], tuple[Step, float]] = {}
        pool = ThreadPoolExecutor(parallelism, thread_name_prefix="azsec-step")
        try:
            while True:
                try:
                    self._start_ready(schedule, running, pool, parallelism)
                    if not running:
                        break
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._record_outcome(schedule, future, *running.pop(future))
                except KeyboardInterrupt:
                    self._interrupted = True
                    self._skip_steps(schedule.stop(), INTERRUPTED)
        finally:
            pool.shutdown(wait=not running, cancel_futures=True)
        # An interrupt may strike between taking a step off the schedule and sending it.
        self._skip_steps([step for step in steps if step.key not in self._outcomes], INTERRUPTED)
        outcomes = tuple(self._outcomes[step.key] for step in steps)
        return Run(outcomes, self._values, self._interrupted, frozenset(self._lost))

    def _start_ready(
        self,
        schedule: Schedule,
        running: dict[Future[Mapping[str, Value] | None], tuple[Step, float]],
        pool: ThreadPoolExecutor,
        parallelism: int,
    ) -> None:
        while len(running) < parallelism and not self._interrupted:
            reason = self._halted()
            if reason is not None:
                self._skip_steps(schedule.stop(), reason)
                return
            step = schedule.start()
            if step is None:
                return
            self._on_event(
                StepStarted(
                    key=step.key,
                    verb=step.verb,
                    address=step.address,
                    type=step.type,
                    seconds=step.seconds,
                )
            )
            running[pool.submit(self._send_step, step)] = (step, self._clock())

    def _send_step(self, step: Step) -> Mapping[str, Value] | None:
        """Send one step, on a thread of its own; return the values of its address afterwards.

        Raises:
            StepRefusedError: where `hindrance` gives a reason not to send it.
            ExpressionError: where a reference has no value, or a value may not be sent. Also
                AzureError for a refusal.
        """

        def on_status(status: str) -> None:
            self._on_event(StepProgressed(key=step.key, status=status))

        if_match = self._etags.get(step.id.key) if step.guarded else None
        if step.verb == DELETE or step.is_checked:
            hindrance = self._hindrance(step)
            if hindrance is not None:
                done = "deleted" if step.verb == DELETE else "written"
                raise StepRefusedError(f"not {done}: {hindrance}")
        if step.verb == DELETE:
            self._writer.delete(step.id, step.api_version, if_match, on_status)
            return None
        body = resolve(step.body or {}, self._readable)
        problem = sensitive_problem(body)
        if problem is not None:
            raise ExpressionError(problem)
        missing = next(unknowns(body), None)
        if missing is not None or not isinstance(body, Mapping):
            raise ExpressionError(f"still {missing}: Azure did not answer with it")
        refresh = Refresh(dict(step.query)) if step.query else None
        is_read = self._needed is None or step.key in self._needed
        mode = creation_of(step, body, self._catalog, is_read=is_read) or refresh
        settled = self._writer.put(step.id, step.api_version, body, if_match, on_status, mode)  # type: ignore[arg-type]
        return {**settled, "id": step.id.text, "name": step.id.name, "type": step.type}

    def _values_at(self, address: str) -> Mapping[str, Value] | None:
        return self._values.get(address)

    def _record_outcome(
        self,
        schedule: Schedule,
        future: Future[Mapping[str, Value] | None],
        step: Step,
        started: float,
    ) -> None:
        """Record the outcome of a step: an exception in it ends the step, not the run."""
        elapsed = round(self._clock() - started, 3)
        problem = future.exception()
        if problem is not None:
            if isinstance(problem, AzureError) and problem.code == RESOURCE_APPEARED:
                self._lost.add(step.key)
            message = _message_of(problem)
            self._note_outcome(step, Outcome.FAILED, elapsed, message)
            self._on_event(StepFailed(key=step.key, elapsed=elapsed, message=message))
            self._skip_steps(schedule.fail(step), step.key)
            return
        values = future.result()
        if values is not None:
            self._values[step.address] = values
        schedule.finish(step)
        self._note_outcome(step, Outcome.SUCCEEDED, elapsed, None)
        self._on_event(StepSucceeded(key=step.key, elapsed=elapsed))

    def _skip_steps(self, steps: Sequence[Step], because: str) -> None:
        for step in steps:
            self._note_outcome(step, Outcome.SKIPPED, 0.0, because)
            self._on_event(StepSkipped(key=step.key, because=because))

    def _note_outcome(
        self, step: Step, outcome: Outcome, elapsed: float, message: str | None
    ) -> None:
        self._outcomes[step.key] = StepOutcome(
            key=step.key,
            verb=step.verb,
            address=step.address,
            outcome=outcome,
            elapsed=elapsed,
            message=message,
        )


def _message_of(problem: BaseException) -> str:
    """Return the message for the exception that ended a step.

    An exception of another type is a defect of azsec: the message has its file and line.
    """
    if isinstance(problem, (AzureError, ExpressionError, StepRefusedError)):
        return str(problem)
    kind = type(problem).__name__
    words = " ".join(str(problem).split()) or "no message"
    frames = traceback.extract_tb(problem.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return (
        f"internal error: {kind}: {_shorten_message(words)}{place}. This is a defect of azsec: "
        "report it. Whether the step took effect in Azure is not known: plan again."
    )


def _shorten_message(words: str) -> str:
    return words if len(words) <= _MAX_WORDS else words[: _MAX_WORDS - 1] + "…"
