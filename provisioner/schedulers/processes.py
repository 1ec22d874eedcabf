"""Scheduler on processes of this machine: workers read items from stdin and write to stdout.

`concurrent.futures` gives up all of its processes with the first that dies (`BrokenProcessPool`);
here a process that is lost costs its item an attempt, and is replaced.
"""

import json
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

from provisioner.engine.ledger_port import Finished

MOST_ATTEMPTS = 3
_PAUSE = 0.2
_SECONDS_TO_END = 5.0


class ProcessScheduler:
    """Runs items in `workers` processes, each started with `command`.

    A worker gets an item as one line of JSON (a string), and answers with one. Its stderr is that
    of this process.
    """

    def __init__(self, command: Sequence[str], workers: int) -> None:
        self._command = list(command)
        self._count = workers

    def run(self, items: Sequence[str], seconds: float) -> Iterator[Finished]:
        """Yield the items that end within `seconds`, in the order of their ends.

        An item whose worker was lost `MOST_ATTEMPTS` times ends without an outcome.
        """
        end = time.monotonic() + seconds
        pool = _Pool(self._command, items)
        try:
            while not pool.is_done:
                pool.start(self._count)
                rest = end - time.monotonic()
                if rest <= 0:
                    return
                finished = pool.take(min(rest, _PAUSE))
                if finished is not None:
                    yield finished
        finally:
            pool.stop()


class _Worker:
    """A process, and the number of the item that it has (-1: none)."""

    def __init__(
        self, command: Sequence[str], answers: "queue.SimpleQueue[tuple[_Worker, str]]"
    ) -> None:
        self.number = -1
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._answers = answers
        threading.Thread(target=self._listen, daemon=True).start()

    def give(self, number: int, item: str) -> None:
        """Write an item to the worker's stdin.

        A broken pipe is no error here: the listening thread reports the end of the worker.
        """
        self.number = number
        try:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(item) + "\n")
            self.process.stdin.flush()
        except OSError:
            return

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._answers.put((self, line))
        self._answers.put((self, ""))


class _Pool:
    """The workers of one run, and which items wait, are worked on, and are done."""

    def __init__(self, command: Sequence[str], items: Sequence[str]) -> None:
        self._command = command
        self._items = items
        self._waiting = deque(range(len(items)))
        self._attempts = [0] * len(items)
        self._left = len(items)
        self._workers: list[_Worker] = []
        self._answers: queue.SimpleQueue[tuple[_Worker, str]] = queue.SimpleQueue()

    @property
    def is_done(self) -> bool:
        """Whether every item has ended."""
        return not self._left

    def start(self, most: int) -> None:
        """Start workers while items wait and there are fewer than `most`."""
        while self._waiting and len(self._workers) < most:
            self._workers.append(_Worker(self._command, self._answers))
            self._give(self._workers[-1])

    def take(self, seconds: float) -> Finished | None:
        """Wait so long for an answer; return the item that ended with it, None where none did."""
        try:
            worker, line = self._answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if worker not in self._workers:
            return None  # The end of one that was given up.
        number, text = worker.number, _read(line)
        if text is None:
            return self._give_up(worker, number)
        self._left -= 1
        self._give(worker)
        return Finished(number, text, attempt=self._attempts[number])

    def stop(self) -> None:
        """End the workers, and wait until they are gone."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            try:
                worker.process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()

    def _give(self, worker: _Worker) -> None:
        if not self._waiting:
            worker.number = -1
            return
        number = self._waiting.popleft()
        self._attempts[number] += 1
        worker.give(number, self._items[number])

    def _give_up(self, worker: _Worker, number: int) -> Finished | None:
        """Remove a worker that ended or wrote an invalid line, and requeue its item.

        Return the item as ended without an outcome once it has no attempt left, else None.
        """
        self._workers.remove(worker)
        worker.process.kill()
        code = worker.process.wait()
        if number < 0:
            return None
        attempts = self._attempts[number]
        if attempts < MOST_ATTEMPTS:
            self._waiting.append(number)
            return None
        self._left -= 1
        lost = f"its worker ended {attempts} times without an answer (exit {code})"
        return Finished(number, None, lost, attempts)


def _read(line: str) -> str | None:
    """Return the text in a line of a worker, None where it is no JSON: the worker died in it."""
    try:
        text = json.loads(line)
    except ValueError:
        return None
    return text if isinstance(text, str) else None
