"""Waits for operations that Azure has in progress, so that a plan is made of a settled state.

Called by `cli` before a plan that is to be applied.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from provisioner.engine.ports import Reader
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.provisioning import (
    OPERATION_SECONDS,
    is_transitional_word,
    provisioning_state,
)
from provisioner.plan.provisioning_progress import InProgress
from provisioner.plan.reads import Answer, Read
from provisioner.workflow.plan import Planned

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """How an apply waits for Azure.

    `clock` returns monotonic seconds, `sleep` takes seconds. `on_wait` is called before each look
    with what is waited for, and since how many seconds.
    """

    clock: Callable[[], float]
    sleep: Callable[[float], object]
    on_wait: Callable[[Sequence[InProgress], float], None]


def plan_settled(plan: Callable[[], Planned], reader: Reader, policy: WaitPolicy) -> Planned:
    """Plan, wait for operations in progress, and plan again until there are none.

    Raises DiagnosticError (`still-in-progress`) after OPERATION_SECONDS, and what planning raises.
    """
    started = policy.clock()
    planned = plan()
    while planned.in_progress:
        _wait_until_settled(planned.in_progress, reader, policy, started)
        planned = plan()
    return planned


def _wait_until_settled(
    entries: Sequence[InProgress], reader: Reader, policy: WaitPolicy, started: float
) -> None:
    pause = _FIRST_PAUSE
    pending = tuple(entries)
    while pending:
        elapsed = policy.clock() - started
        policy.on_wait(pending, elapsed)
        if elapsed > OPERATION_SECONDS:
            raise DiagnosticError(*(_still_in_progress(entry) for entry in pending))
        policy.sleep(pause)
        # Operations take seconds or half an hour: early looks are frequent, late ones cost few
        # requests.
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        reads = [Read(e.id.text, e.api_version, e.type, is_list=False) for e in pending]
        answers = reader.read(reads)
        looked = [_read_state(e, answer) for e, answer in zip(pending, answers, strict=True)]
        pending = tuple(entry for entry in looked if entry is not None)


def _read_state(entry: InProgress, answer: Answer) -> InProgress | None:
    """Return the present state of what is in progress; None once it has settled or is gone.

    Raises:
        DiagnosticError: Where it cannot be read (`still-in-progress`): whether it has settled is
            then unknown.
    """
    if answer.refused is not None:
        raise DiagnosticError(
            error(
                "still-in-progress",
                f"{entry.label} was {entry.state}, and cannot be read any more: {answer.refused}.",
                None,
                "Give the credential Reader on it, and apply again.",
            )
        )
    state = provisioning_state(answer.items[0]) if answer.items else None
    if state is None or not is_transitional_word(state):
        return None
    return replace(entry, state=state)


def _still_in_progress(entry: InProgress) -> Diagnostic:
    return error(
        "still-in-progress",
        f"{entry.label} is still {entry.state} after {OPERATION_SECONDS / 60:.0f} minutes, the "
        "longest that azsec waits for an operation.",
        None,
        "Azure continues the operation: check the resource's activity log, then apply again.",
    )
