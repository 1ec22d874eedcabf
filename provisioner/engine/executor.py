"""Runs steps on threads: as many at once as allowed, each after what it waits for."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from provisioner.blueprint.expression import ExpressionError, resolve
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
from provisioner.engine.ports import Writer
from provisioner.engine.schedule import Schedule
from provisioner.model.azure_error import AzureError
from provisioner.model.values import Body, Value, unknowns
from provisioner.plan.steps import DELETE, Step

INTERRUPTED = "interrupted"
"""The reason of steps that Ctrl-C kept from starting."""


class StepRefusedError(Exception):
    """A step that is not sent, because what it rests on is no longer so. Its text says what."""


@dataclass(frozen=True, slots=True)
class Run:
    """How the steps ended, in the order of the plan, and what is known of each address since."""

    outcomes: tuple[StepOutcome, ...]
    values: Mapping[str, Mapping[str, Value]]
    interrupted: bool


class Executor:
    """Drives a writer through the steps of one plan.

    `values` holds what is known of resources by address, for filling in references; `etags` the
    ETag last read, by id key. `hindrance` looks right before a delete whether it may be sent, and
    returns why not. `clock` gives monotonic seconds. Events arrive on several threads.
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
        self._writer = writer
        self._values = dict(values)
        self._etags = etags
        self._on_event = on_event
        self._clock = clock
        self._outcomes: dict[str, StepOutcome] = {}
        self._interrupted = False

    def run(self, steps: Sequence[Step], parallelism: int) -> Run:
        """Run the steps; return how each ended.

        A failure skips exactly what waits for it. A KeyboardInterrupt lets what is in flight end
        and starts nothing more.
        """
        schedule = Schedule(steps)
        running: dict[Future[Body | None], tuple[Step, float]] = {}
        pool = ThreadPoolExecutor(parallelism, thread_name_prefix="azsec-step")
        try:
            while True:
                try:
                    self._start(schedule, running, pool, parallelism)
                    if not running:
                        break
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._settle(schedule, future, *running.pop(future))
                except KeyboardInterrupt:
                    self._interrupted = True
                    self._skip(schedule.stop(), INTERRUPTED)
        finally:
            pool.shutdown(wait=not running, cancel_futures=True)
        outcomes = tuple(self._outcomes[step.key] for step in steps)
        return Run(outcomes, self._values, self._interrupted)

    def _start(
        self,
        schedule: Schedule,
        running: dict[Future[Body | None], tuple[Step, float]],
        pool: ThreadPoolExecutor,
        parallelism: int,
    ) -> None:
        while len(running) < parallelism and not self._interrupted:
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
            running[pool.submit(self._send, step)] = (step, self._clock())

    def _send(self, step: Step) -> Body | None:
        def on_status(status: str) -> None:
            self._on_event(StepProgressed(key=step.key, status=status))

        if_match = self._etags.get(step.id.key) if step.guarded else None
        if step.verb == DELETE:
            hindrance = self._hindrance(step)
            if hindrance is not None:
                raise StepRefusedError(f"not deleted: {hindrance}")
            self._writer.delete(step.id, step.api_version, if_match, on_status)
            return None
        body = resolve(step.body or {}, self._values.get)
        missing = next(unknowns(body), None)
        if missing is not None or not isinstance(body, Mapping):
            raise ExpressionError(f"still {missing}: Azure did not answer with it")
        return self._writer.put(step.id, step.api_version, body, if_match, on_status)  # type: ignore[arg-type]

    def _settle(
        self, schedule: Schedule, future: Future[Body | None], step: Step, started: float
    ) -> None:
        elapsed = round(self._clock() - started, 3)
        try:
            body = future.result()
        except (AzureError, ExpressionError, StepRefusedError) as problem:
            self._note(step, Outcome.FAILED, elapsed, str(problem))
            self._on_event(StepFailed(key=step.key, elapsed=elapsed, message=str(problem)))
            self._skip(schedule.fail(step), step.key)
            return
        if body is not None:
            self._values[step.address] = {
                **body,
                "id": step.id.text,
                "name": step.id.name,
                "type": step.type,
            }
        schedule.finish(step)
        self._note(step, Outcome.SUCCEEDED, elapsed, None)
        self._on_event(StepSucceeded(key=step.key, elapsed=elapsed))

    def _skip(self, steps: Sequence[Step], because: str) -> None:
        for step in steps:
            self._note(step, Outcome.SKIPPED, 0.0, because)
            self._on_event(StepSkipped(key=step.key, because=because))

    def _note(self, step: Step, outcome: Outcome, elapsed: float, message: str | None) -> None:
        self._outcomes[step.key] = StepOutcome(
            key=step.key,
            verb=step.verb,
            address=step.address,
            outcome=outcome,
            elapsed=elapsed,
            message=message,
        )
