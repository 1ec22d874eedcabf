"""What a person or a log sees while an apply runs."""

import io
import threading

import pytest

from provisioner.documents.apply import (
    StepFailed,
    StepProgressed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from provisioner.documents.plan import Action, StepDocument
from provisioner.reports.progress import Board, LiveProgress, PlainProgress
from provisioner.reports.remaining_time import remaining_seconds
from provisioner.reports.styled import columns_of


def step(address, action=Action.UPDATE, verb="PUT", seconds=0, after=()):
    return StepDocument(
        key=f"{verb.lower()} {address}",
        verb=verb,
        address=address,
        id="/",
        api_version="2025-01-01",
        action=action,
        seconds=seconds,
        after=after,
    )


NETWORK = step("hub.network", Action.CREATE, seconds=60)
CLUSTER = step("aks.cluster", Action.UPDATE, seconds=300, after=("put hub.network",))
OLD_POOL = step("aks.pool", Action.REPLACE, "DELETE", seconds=100, after=("put aks.cluster",))
NEW_POOL = step("aks.pool", Action.REPLACE, seconds=200, after=("delete aks.pool",))
STEPS = (NETWORK, CLUSTER, OLD_POOL, NEW_POOL)


class Clock:
    """Monotonic seconds that pass when they are told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def started(of):
    return StepStarted(key=of.key, verb=of.verb, address=of.address, type="t", seconds=of.seconds)


def test_a_log_tells_each_step_from_its_start_to_its_end():
    clock, stream = Clock(), io.StringIO()
    with PlainProgress(STEPS, stream, clock, lambda: "12:03:04") as progress:
        progress(started(NETWORK))
        progress(StepSucceeded(key=NETWORK.key, elapsed=8.2))
        progress(started(CLUSTER))
        progress(StepProgressed(key=CLUSTER.key, status="Upgrading"))
        clock.now += 29
        progress.remind()
        clock.now += 101
        progress.remind()
        progress.remind()
        progress(StepFailed(key=CLUSTER.key, elapsed=131, message="Conflict: is busy"))
        progress(StepSkipped(key=OLD_POOL.key, because=CLUSTER.key))
        progress(StepSkipped(key=NEW_POOL.key, because="interrupted"))
    assert stream.getvalue().splitlines() == [
        "12:03:04  + hub.network  creating (~1 min)",
        "12:03:04  + hub.network  created [8s]  (1/4)",
        "12:03:04  ~ aks.cluster  updating (~5 min)",
        "12:03:04  ~ aks.cluster  still updating [2m10s], Azure: Upgrading",
        "12:03:04  ~ aks.cluster  failed [2m11s]: Conflict: is busy  (2/4)",
        "12:03:04  - aks.pool  skipped: waits for aks.cluster  (3/4)",
        "12:03:04  + aks.pool  skipped: interrupted  (4/4)",
    ]


def test_a_step_that_runs_is_mentioned_every_half_minute_by_itself():
    clock, stream = Clock(), io.StringIO()
    written = threading.Event()

    def time_of_day():
        if clock.now > 1000:
            written.set()
        return "12:03:04"

    with PlainProgress(STEPS, stream, clock, time_of_day) as progress:
        progress(started(NETWORK))
        clock.now += 30
        assert written.wait(10)
    assert "still creating [30s]" in stream.getvalue()


class GoneReader(io.StringIO):
    """A pipe whose other end was closed."""

    def write(self, _text):
        raise BrokenPipeError


def test_a_reader_that_went_away_does_not_stop_an_apply():
    with PlainProgress(STEPS, GoneReader(), Clock()) as progress:
        progress(started(NETWORK))
        progress(StepSucceeded(key=NETWORK.key, elapsed=1))


def test_events_may_come_from_many_threads():
    steps = tuple(step(f"a[{number}]", Action.CREATE) for number in range(200))
    stream = io.StringIO()

    def run(own):
        for one in own:
            progress(started(one))
            progress(StepSucceeded(key=one.key, elapsed=1))

    with PlainProgress(steps, stream, Clock(), lambda: "now") as progress:
        threads = [threading.Thread(target=run, args=(steps[n::4],)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    rows = stream.getvalue().splitlines()
    assert len(rows) == 400
    assert rows[-1].endswith("created [1s]  (200/200)")


def text_of(lines):
    return ["".join(span.text for span in line).rstrip() for line in lines]


def test_the_live_display_shows_what_runs_and_what_is_left():
    clock = Clock()
    board = Board(STEPS, clock)
    board.take(started(NETWORK))
    board.take(StepSucceeded(key=NETWORK.key, elapsed=60))
    board.take(started(CLUSTER))
    board.take(StepProgressed(key=CLUSTER.key, status="Upgrading\x1b[2J[bold]"))
    clock.now += 130
    assert text_of(board.lines(100, 24)) == [
        "  ~ aks.cluster  updating  2m10s of ~5 min   Upgrading\ufffd[2J[bold]",
        "  ━━━━━━──────────────────  1 of 4 done · 1 running · ~8 min left",
    ]


def test_the_live_display_never_grows_over_the_terminal():
    steps = tuple(step(f"a[{number}]" * 20, Action.CREATE) for number in range(50))
    board = Board(steps, Clock())
    for one in steps:
        board.take(started(one))
    shown = text_of(board.lines(60, 10))
    assert len(shown) == 9
    assert "50 running, 42 not shown" in shown[-1]
    assert all(len(line) <= 60 for line in shown[:-1])


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("name", ["short", "a-long-name." * 12, "名前" * 30])
def test_a_line_of_the_live_display_fits_the_terminal_and_says_how_long(name, width):
    one = step(name, Action.CREATE, seconds=300)
    clock = Clock()
    board = Board((one,), clock)
    board.take(started(one))
    board.take(StepProgressed(key=one.key, status="Creating " * 10))
    clock.now += 61
    shown = text_of(board.lines(width, 10))
    assert [row for row in shown if columns_of(row) > width] == []
    assert "creating  1m01s" in shown[0]
    assert "0 of 1 done" in shown[-1]


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self):
        return True


def test_the_live_display_draws_on_a_terminal_and_leaves_what_ended(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Terminal()
    with LiveProgress(STEPS, stream, Clock()) as progress:
        progress(started(NETWORK))
        progress(StepSucceeded(key=NETWORK.key, elapsed=8.2))
        progress(started(CLUSTER))
        progress(StepFailed(key=CLUSTER.key, elapsed=3, message="no [red]way[/red]\x1b]0;x\x07"))
    printed = stream.getvalue()
    assert "hub.network  created [8s]" in printed
    assert "no [red]way[/red]\ufffd]0;x\ufffd" in printed
    assert "1 of 4 done" in printed
    assert "\x07" not in printed


ESTIMATES = {
    "a chain adds up": ((), {}, 660),
    "what is done takes no more": ((NETWORK.key,), {}, 600),
    "what runs takes what is left of it": ((NETWORK.key,), {CLUSTER.key: 100.0}, 500),
    "what runs late is about to end": ((NETWORK.key,), {CLUSTER.key: 900.0}, 300),
    "nothing is left": (tuple(one.key for one in STEPS), {}, 0),
}


@pytest.mark.parametrize("row", ESTIMATES)
def test_estimate(row):
    ended, running, expected = ESTIMATES[row]
    assert remaining_seconds(STEPS, ended, running) == expected


def test_what_runs_side_by_side_takes_as_long_as_the_longest():
    assert remaining_seconds((step("a", seconds=60), step("b", seconds=90))) == 90


def test_an_estimate_of_no_steps_is_nothing():
    assert remaining_seconds(()) == 0
