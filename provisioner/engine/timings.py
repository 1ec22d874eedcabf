"""Timings of a command by phase, and counts of its requests (`--timings`).

Phases belong to the main thread, and an inner phase stops the time of the outer one, so that their
sum is the time of the command. Requests are counted from any thread.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

OTHER = "imports and other"


@dataclass(slots=True)
class Timings:
    """Seconds by phase, in the order of their first start, and counts over all threads.

    `received` is in bytes; `waited` is the time that threads waited for Azure's throttling, in
    seconds, added up.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    requests: int = 0
    received: int = 0
    throttled: int = 0
    waited: float = 0.0
    _stack: list[str] = field(default_factory=lambda: [OTHER])
    _since: float = field(default_factory=time.perf_counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, phase: str) -> None:
        """Begin a phase, and stop the time of the one around it."""
        self._charge_phase()
        self._stack.append(phase)

    def leave(self) -> None:
        """End the phase that began last."""
        self._charge_phase()
        self._stack.pop()

    def count_answer(self, received: int) -> None:
        """Count a request that was answered with so many bytes."""
        with self._lock:
            self.requests += 1
            self.received += received

    def count_wait(self, seconds: float) -> None:
        """Count the wait of a request that Azure throttled."""
        with self._lock:
            self.throttled += 1
            self.waited += seconds

    def close(self) -> None:
        """Charge the time since the last change of phases."""
        self._charge_phase()

    def _charge_phase(self) -> None:
        now = time.perf_counter()
        phase = self._stack[-1]
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._since
        self._since = now


_current: list[Timings] = []


def start_timings() -> Timings:
    """Measure from now on, for the rest of the process."""
    timings = Timings()
    _current[:] = [timings]
    return timings


@contextmanager
def measure_phase(name: str) -> Iterator[None]:
    """Charge the time of a block to a phase; without `--timings` or on other threads do nothing."""
    if not _current or threading.current_thread() is not threading.main_thread():
        yield
        return
    timings = _current[0]
    timings.enter(name)
    try:
        yield
    finally:
        timings.leave()


def count_answer(received: int) -> None:
    """Count an answered request and its bytes; without `--timings` do nothing."""
    for timings in _current:
        timings.count_answer(received)


def count_wait(seconds: float) -> None:
    """Count a wait for Azure's throttling in seconds; without `--timings` do nothing."""
    for timings in _current:
        timings.count_wait(seconds)
