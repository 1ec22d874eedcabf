"""Renders the progress of an apply: live on a terminal, as lines elsewhere.

Both displays are context managers that are called with each event, from any thread. A closed output
does not stop an apply: lines that cannot be written are dropped.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

from provisioner.documents.apply import (
    Event,
    StepFailed,
    StepProgressed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from provisioner.documents.plan import Action, StepDocument
from provisioner.reports.remaining_time import remaining_seconds
from provisioner.reports.styled import (
    Line,
    Span,
    Style,
    columns_of,
    cut,
    encodable,
    line,
    pad,
    write_lines,
)
from provisioner.reports.values import plain, shorten, show_duration, show_estimate
from provisioner.reports.wording import SIGNS, joined

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

REMINDER_SECONDS = 30.0
"""How often a line reports that a step is still running."""

_TICK_SECONDS = 1.0
_REFRESHES_PER_SECOND = 4
_BAR = 24
_BESIDE_BAR = 50
_BESIDE_ADDRESS = 32
_STYLES = {"+": Style.CREATE, "~": Style.UPDATE, "-": Style.DELETE}


@dataclass(frozen=True, slots=True)
class Task:
    """The wording of a step: its sign, its address, its action and its result."""

    sign: str
    address: str
    doing: str
    done: str

    @staticmethod
    def of(step: StepDocument) -> "Task":
        """Return the wording of a step. A replacement is a delete and then a create."""
        action = step.action or Action.UPDATE
        if step.verb == "DELETE":
            action = Action.DELETE
        elif action is Action.REPLACE:
            action = Action.CREATE
        doing, done = _VERBS.get(action, ("updating", "updated"))
        return Task(SIGNS[action], plain(step.address), doing, done)


_VERBS = {
    Action.CREATE: ("creating", "created"),
    Action.DELETE: ("deleting", "deleted"),
}


@dataclass(slots=True)
class _Running:
    task: Task
    seconds: int
    started: float
    told: float
    status: str = ""


class Board:
    """The running and the completed steps. Not thread-safe: its owner holds a lock.

    `clock` gives monotonic seconds.
    """

    def __init__(self, steps: Sequence[StepDocument], clock: Callable[[], float]) -> None:
        self._steps = tuple(steps)
        self._tasks = {step.key: Task.of(step) for step in steps}
        self._clock = clock
        self._ended: set[str] = set()
        self._troubled = 0
        self._running: dict[str, _Running] = {}

    def take(self, event: Event) -> Line | None:
        """Record an event; return its line, or None where it only updates the display."""
        if isinstance(event, StepProgressed):
            running = self._running.get(event.key)
            if running is not None:
                running.status = plain(event.status)
            return None
        if isinstance(event, StepStarted):
            return self._started_line(event)
        self._ended.add(event.key)
        self._running.pop(event.key, None)
        if not isinstance(event, StepSucceeded):
            self._troubled += 1
        return self._ended_line(event, self._task_of(event.key))

    def _task_of(self, key: str) -> Task:
        return self._tasks.get(key) or Task(" ", plain(key), "working on it", "done")

    def _started_line(self, event: StepStarted) -> Line:
        task, now = self._task_of(event.key), self._clock()
        self._running[event.key] = _Running(task, event.seconds, now, now)
        estimate = f" ({show_estimate(event.seconds)})" if event.seconds else ""
        return _task_line(task, f"{task.doing}{estimate}")

    def _ended_line(self, event: StepSucceeded | StepFailed | StepSkipped, task: Task) -> Line:
        count = Span(f"  ({len(self._ended)}/{len(self._steps)})", Style.DIM)
        if isinstance(event, StepSkipped):
            cause = self._tasks.get(event.because)
            why = f"waits for {cause.address}" if cause else plain(event.because)
            return (*_task_line(task, f"skipped: {why}", Style.WARNING), count)
        took = show_duration(event.elapsed)
        if isinstance(event, StepSucceeded):
            return (*_task_line(task, f"{task.done} [{took}]"), count)
        return (
            *_task_line(task, f"failed [{took}]: {plain(event.message)}", Style.BLOCKED),
            count,
        )

    def reminders(self) -> list[Line]:
        """Return a line for each step without a line for half a minute."""
        now = self._clock()
        lines = []
        for running in self._running.values():
            if now - running.told >= REMINDER_SECONDS:
                running.told = now
                azure = f", Azure: {running.status}" if running.status else ""
                took = show_duration(now - running.started)
                lines.append(
                    _task_line(running.task, f"still {running.task.doing} [{took}]{azure}")
                )
        return lines

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the live display: running steps, longest first, and how far the apply is."""
        now = self._clock()
        entries = list(self._running.values())
        shown = entries[: max(1, height - 2)]
        # The room beside an address: the sign, the action, and the elapsed and the estimated time.
        room = max(12, width - _BESIDE_ADDRESS)
        names = [_fit_name(entry.task.address, room) for entry in shown]
        column = max(map(columns_of, names), default=0)
        lines: list[Line] = []
        for name, entry in zip(names, shown, strict=True):
            took = show_duration(max(1.0, now - entry.started))
            estimate = f" of {show_estimate(entry.seconds)}" if entry.seconds else ""
            text = f" {pad(name, column)}  {entry.task.doing}  {took + estimate:16}"
            sign = Span(f"  {entry.task.sign}", _STYLES.get(entry.task.sign, Style.PLAIN))
            left = width - columns_of(text) - 5
            status = _fit_name(entry.status, left) if left > 8 else ""
            lines.append(cut(line(sign, text, Span(f"  {status}", Style.DIM)), width))
        return [*lines, cut(self._totals_line(len(entries) - len(shown), width), width)]

    def _totals_line(self, hidden: int, width: int) -> Line:
        now = self._clock()
        elapsed = {key: now - entry.started for key, entry in self._running.items()}
        left = remaining_seconds(self._steps, self._ended, elapsed)
        total = len(self._steps)
        bar = _BAR if width >= _BAR + _BESIDE_BAR else 0
        filled = bar * len(self._ended) // total if total else bar
        told = joined(
            (
                f"{len(self._ended)} of {total} done",
                f"{len(self._running)} running" + (f", {hidden} not shown" if hidden else ""),
                f"{self._troubled} failed or skipped" if self._troubled else "",
                f"{show_estimate(left)} left" if left else "",
            )
        )
        return line(
            "  ",
            Span("━" * filled, Style.CREATE),
            Span("─" * (bar - filled), Style.DIM),
            f"  {told}",
        )


def _fit_name(name: str, room: int) -> str:
    """Return a name in at most `room` columns: of wide characters fewer fit."""
    return "".join(span.text for span in cut(line(shorten(name, room)), room))


def _task_line(task: Task, text: str, style: Style = Style.PLAIN) -> Line:
    sign = Span(task.sign, _STYLES.get(task.sign, Style.PLAIN))
    return line(sign, f" {task.address}  ", Span(text, style))


class Progress(Protocol):
    """The receiver of an apply's events."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Show nothing any more."""

    def __call__(self, event: Event) -> None:
        """Show an event. May be called from any thread."""


def _time_of_day() -> str:
    return time.strftime("%H:%M:%S")


class PlainProgress(Progress):
    """A line for each event, for a log: `12:03:04  + aks.cluster  creating (~6 min)`.

    `clock` gives monotonic seconds, `time_of_day` the beginning of a line. Every half a minute a
    line reports each running step, with the provisioning state that Azure returns.
    """

    def __init__(
        self,
        steps: Sequence[StepDocument],
        stream: TextIO,
        clock: Callable[[], float],
        time_of_day: Callable[[], str] = _time_of_day,
    ) -> None:
        self._board = Board(steps, clock)
        self._stream = stream
        self._time_of_day = time_of_day
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._ticker = threading.Thread(
            target=self._remind_regularly, name="azsec-progress", daemon=True
        )

    def __enter__(self) -> Self:
        self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._ticker.join()

    def __call__(self, event: Event) -> None:
        """Write the line of an event."""
        with self._lock:
            told = self._board.take(event)
            if told is not None:
                self._write_plain([told])

    def remind(self) -> None:
        """Write a line for each step without a line for half a minute."""
        with self._lock:
            self._write_plain(self._board.reminders())

    def _remind_regularly(self) -> None:
        while not self._stopped.wait(_TICK_SECONDS):
            self.remind()

    def _write_plain(self, lines: Sequence[Line]) -> None:
        if not lines:
            return
        stamp = Span(f"{self._time_of_day()}  ")
        try:
            write_lines([(stamp, *told) for told in lines], self._stream, color=False)
            self._stream.flush()
        except OSError:
            self._stopped.set()


class LiveProgress(Progress):
    """The running steps with their times, redrawn in place; completed steps scroll by above.

    `clock` gives monotonic seconds. Colours follow NO_COLOR and the terminal.
    """

    def __init__(
        self, steps: Sequence[StepDocument], stream: TextIO, clock: Callable[[], float]
    ) -> None:
        self._board = Board(steps, clock)
        self._stream = stream
        self._lock = threading.Lock()
        self._console: Console | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(
            file=self._stream, highlight=False, markup=False, emoji=False, soft_wrap=True
        )
        self._live = Live(
            console=self._console,
            get_renderable=self._render_board,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None:
            with contextlib.suppress(OSError):
                self._live.stop()

    def __call__(self, event: Event) -> None:
        """Record an event; write a line for a completed step."""
        with self._lock:
            told = self._board.take(event)
        # Outside of the lock: rich holds a lock of its own while it requests the content to draw.
        if told is None or self._console is None or self._live is None:
            return
        with contextlib.suppress(OSError):
            self._live.refresh()
            if not isinstance(event, StepStarted):
                self._console.print(_to_rich_text([line("  ", *told)], self._console.encoding))

    def _render_board(self) -> "Text":
        assert self._console is not None
        size = self._console.size
        with self._lock:
            return _to_rich_text(self._board.lines(size.width, size.height), self._console.encoding)


def _to_rich_text(lines: Sequence[Line], encoding: str) -> "Text":
    """Return lines as rich's text: styled, and never read as markup."""
    from rich.text import Text

    text = Text(end="")
    for number, spans in enumerate(lines):
        if number:
            text.append("\n")
        for span in spans:
            text.append(encodable(span.text, encoding), _RICH_STYLES[span.style])
    return text


_RICH_STYLES = {
    Style.PLAIN: "",
    Style.BOLD: "bold",
    Style.DIM: "dim",
    Style.CREATE: "green",
    Style.UPDATE: "yellow",
    Style.REPLACE: "magenta",
    Style.DELETE: "red",
    Style.BLOCKED: "bold red",
    Style.WARNING: "bold yellow",
}
