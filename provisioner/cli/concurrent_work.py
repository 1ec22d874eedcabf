"""Concurrent execution of the same work for several items, with a limit on time."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_PAUSE = 0.2


def run_side_by_side(
    work: Callable[[_Item], _Result], items: Sequence[_Item], workers: int, seconds: float
) -> Sequence[_Result | None]:
    """Return what `work` returns for each item, in order; None for what is not done in time.

    `seconds` limits the time. What `work` raises is raised here, the first exception first. The
    threads are daemons: what is still running then does not keep the process alive.
    """
    pending: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, _Result | BaseException]] = queue.SimpleQueue()
    for number in range(len(items)):
        pending.put(number)

    def serve() -> None:
        while True:
            try:
                number = pending.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((number, work(items[number])))
            except BaseException as raised:  # noqa: BLE001  raised again by the caller
                done.put((number, raised))

    for _ in range(min(workers, len(items))):
        threading.Thread(target=serve, daemon=True).start()
    results: list[_Result | None] = [None] * len(items)
    end = time.monotonic() + seconds
    left = len(items)
    while left and (rest := end - time.monotonic()) > 0:
        try:
            # Python runs a signal's handler between two instructions of the main thread: with short
            # waits the SIGTERM of a cancelled job is handled in time.
            number, result = done.get(timeout=min(rest, _PAUSE))
        except queue.Empty:
            continue
        if isinstance(result, BaseException):
            raise result
        results[number] = result
        left -= 1
    return results
