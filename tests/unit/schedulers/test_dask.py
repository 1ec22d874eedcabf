"""Items on a Dask cluster of this machine: workers and the scheduler may be lost, no item is."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from provisioner.model.diagnostic import DiagnosticError
from provisioner.schedulers.dask import DaskScheduler, count_hosts
from tests.unit.schedulers.dask_items import answer, hostile_answer, other_version, version

_ROOT = Path(__file__).parents[3]


class Cluster:
    """A scheduler on loopback with workers, each a process."""

    def __init__(self, workers: int = 2) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler = self._start_scheduler()
        self.workers = [self.start_worker() for _ in range(workers)]

    def start_worker(self) -> "subprocess.Popen[bytes]":
        options = ("--no-nanny", "--nthreads", "1", "--death-timeout", "30")
        return self._start("dask_worker", self.address, *options)

    def lose_scheduler(self) -> None:
        """Kill the scheduler, and start another one in its place; its workers end with it."""
        self.scheduler.kill()
        self.scheduler.wait()
        for worker in self.workers:
            worker.kill()
        self.scheduler = self._start_scheduler()
        self.workers += [self.start_worker(), self.start_worker()]

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start_scheduler(self) -> "subprocess.Popen[bytes]":
        return self._start("dask_scheduler", "--host", "127.0.0.1", "--port", f"{self.port}")

    def _start(self, command: str, *options: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{command}", *options, "--no-dashboard"],
            env={**os.environ, "PYTHONPATH": str(_ROOT), "VERSION_OF_WORKERS": "2.0"},
            stderr=subprocess.DEVNULL,
        )


@pytest.fixture
def cluster():
    started = Cluster()
    yield started
    started.stop()


def test_a_worker_and_the_scheduler_are_lost_and_every_item_is_answered_once(cluster):
    items = [f"item {number}" for number in range(24)]
    found = []
    for finished in DaskScheduler(cluster.address, answer, version).run(items, 60.0):
        found.append(finished)
        if len(found) == 5:
            cluster.workers[0].kill()
            cluster.workers.append(cluster.start_worker())
        if len(found) == 15:
            threading.Thread(target=cluster.lose_scheduler).start()

    assert sorted(one.number for one in found) == list(range(24))
    assert {one.number: one.text for one in found} == {
        number: f"{item}!" for number, item in enumerate(items)
    }
    assert max(one.attempt for one in found) == 2


def test_what_has_no_answer_at_the_deadline_is_left(cluster):
    started = time.monotonic()
    found = list(DaskScheduler(cluster.address, answer, version).run(["a", "long"], 8.0))

    assert [one.text for one in found] == ["a!"]
    assert time.monotonic() - started < 20.0
    assert count_hosts(cluster.address, None) == 1


def test_workers_of_another_version_are_refused(cluster):
    with pytest.raises(DiagnosticError, match=r"run azsec 2\.0, and this is 1\.0"):
        list(DaskScheduler(cluster.address, answer, other_version).run(["a"], 20.0))


def test_a_scheduler_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr("provisioner.schedulers.dask._SECONDS_TO_CONNECT", 0.5)
    with pytest.raises(DiagnosticError, match=r"cannot be reached"):
        list(DaskScheduler("tcp://127.0.0.1:1", answer, version).run(["a"], 5.0))


@pytest.mark.parametrize(
    "address", ["tcp://dask.example:8786", "tls://10.0.0.7:8786", "tls://127.0.0.1:8786"]
)
def test_beyond_this_machine_it_takes_certificates(address):
    with pytest.raises(DiagnosticError, match=r"no certificates are named"):
        DaskScheduler(address, answer, version)


def test_an_answer_that_only_pickle_could_read_is_refused_and_runs_nothing(tmp_path, monkeypatch):
    ran = tmp_path / "ran"
    monkeypatch.setenv("RAN", str(ran))
    cluster = Cluster(workers=1)
    try:
        scheduler = DaskScheduler(cluster.address, hostile_answer, version)
        found = {one.number: one for one in scheduler.run(["hostile", "item"], 60.0)}
    finally:
        cluster.stop()
    assert (found[0].text, found[0].lost) == (None, "its worker answered no text")
    assert found[1].text == "item!"
    assert not ran.exists()
