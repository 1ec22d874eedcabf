"""Schedule of a plan's steps by dependencies, locks and critical path: pure, without threads.

A lock (`Step.lock`) is held by one running step at a time: Azure refuses simultaneous writes to one
resource tree of some types with `AnotherOperationInProgress` (`ResourceType.serialise_on`), so that
independent steps on it run one after the other.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence

from provisioner.plan.steps import Step


class Schedule:
    """The waiting, running and ended steps of a plan.

    Of the steps that may start, the one with the longest remaining path of estimated seconds goes
    first; ties go in the order of the plan.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = {step.key: step for step in steps}
        self._waits = {step.key: set(step.after) for step in steps}
        self._dependents: dict[str, list[str]] = {step.key: [] for step in steps}
        for step in steps:
            for key in step.after:
                self._dependents[key].append(step.key)
        self._rank_by_remaining_path = _rank_by_remaining_path(steps, self._dependents)
        self._ready: list[tuple[int, str]] = []
        self._held: dict[str, list[tuple[int, str]]] = {}
        self._locked: set[str] = set()
        self._waiting = set(self._steps)
        for key, waits in self._waits.items():
            if not waits:
                self._push_ready(key)

    def start(self) -> Step | None:
        """Return the next step that may run now, which then counts as running, or None."""
        while self._ready:
            rank, key = heapq.heappop(self._ready)
            step = self._steps[key]
            if key not in self._waiting:
                continue
            if step.lock in self._locked:
                self._held.setdefault(step.lock, []).append((rank, key))
                continue
            self._locked.add(step.lock)
            self._waiting.discard(key)
            return step
        return None

    def finish(self, step: Step) -> None:
        """Record that a running step succeeded: steps that waited for it alone become ready."""
        self._release_lock(step)
        for key in self._dependents[step.key]:
            self._waits[key].discard(step.key)
            if not self._waits[key]:
                self._push_ready(key)

    def fail(self, step: Step) -> tuple[Step, ...]:
        """Record that a running step failed; return its dependents, which never start."""
        self._release_lock(step)
        skipped: set[str] = set()
        pending = list(self._dependents[step.key])
        while pending:
            key = pending.pop()
            if key in self._waiting:
                skipped.add(key)
                self._waiting.discard(key)
                pending += self._dependents[key]
        return self._in_order(skipped)

    def stop(self) -> tuple[Step, ...]:
        """Return every step that has not started; none of them will."""
        stopped = self._in_order(self._waiting)
        self._waiting.clear()
        return stopped

    def _in_order(self, keys: Iterable[str]) -> tuple[Step, ...]:
        return tuple(
            self._steps[key] for key in sorted(keys, key=self._rank_by_remaining_path.__getitem__)
        )

    def _push_ready(self, key: str) -> None:
        heapq.heappush(self._ready, (self._rank_by_remaining_path[key], key))

    def _release_lock(self, step: Step) -> None:
        self._locked.discard(step.lock)
        for entry in self._held.pop(step.lock, ()):
            heapq.heappush(self._ready, entry)


def _rank_by_remaining_path(
    steps: Sequence[Step], dependents: Mapping[str, Iterable[str]]
) -> dict[str, int]:
    """Return each step's place in the queue: longest remaining path first."""
    remaining: dict[str, int] = {}
    for step in reversed(steps):
        remaining[step.key] = step.seconds + max(
            (remaining[key] for key in dependents[step.key]), default=0
        )
    order = sorted(range(len(steps)), key=lambda i: (-remaining[steps[i].key], i))
    return {steps[index].key: rank for rank, index in enumerate(order)}
