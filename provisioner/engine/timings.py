"""Where the time of a command went: `--timings`.

Phases are of the main thread, and a phase within another one stops the outer one's time, so that
all of them together are the time of the command. What is counted of requests comes from any thread.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

OTHER = "imports and other"


@dataclass(slots=True)
class Timings:
    """What was measured: seconds by phase, in the order of their first time; requests, the bytes of
    their answers, and the seconds that Azure's throttling took of all threads together."""

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
        self._charge()
        self._stack.append(phase)

    def leave(self) -> None:
        """End the phase that began last."""
        self._charge()
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
        self._charge()

    def _charge(self) -> None:
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
    """Charge the time of a block to a phase, where timings were asked for, and it runs in the main
    thread."""
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
    """Count a request that was answered, where timings were asked for."""
    for timings in _current:
        timings.count_answer(received)


def count_wait(seconds: float) -> None:
    """Count a wait for Azure's throttling, where timings were asked for."""
    for timings in _current:
        timings.count_wait(seconds)
