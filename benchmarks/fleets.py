"""Drift of a fleet, with its workers, its command and its scheduler killed in the middle."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fleet_files import add_rule, make_resources, subscription_of, write_fleet
from benchmarks.front import Front
from benchmarks.processes import AZSEC
from benchmarks.servers import Server, serve
from provisioner.ledgers.sqlite_ledger import SqliteLedger

_LATENCY = 0.05
_THROTTLED = 0.02
_DRIFTED_EVERY = 10
_A_SUBSCRIPTION = 10
_PAUSE = 0.5
_WORKERS = 2
_ENDED = (0, 2)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Environments whose resources exist on some servers, behind one address."""

    folder: Path
    files: Sequence[Path]
    servers: Sequence[Server]
    endpoint: str

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables of an azsec that works on it."""
        return {
            **os.environ,
            "AZSEC_LOCAL_ENDPOINT": self.endpoint,
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }

    def count(self) -> tuple[int, int]:
        """Return how many requests the servers answered, and how many of them with 429."""
        return (
            sum(server.count_requests() for server in self.servers),
            sum(server.count_status(429) for server in self.servers),
        )


def measure_fleet(
    folder: Path, environments: int, servers: int, engines: Sequence[str] = ("processes", "dask")
) -> None:
    """Print seconds, requests and the census of a drift check with processes of this machine, and
    with a Dask cluster of two workers, each with what it needs killed."""
    runs = {
        "processes": ("2 processes", _run_on_processes),
        "dask": ("Dask, 2 workers", _run_on_dask),
    }
    with _start(folder, environments, servers) as fleet:
        drifted = len(range(0, environments, _DRIFTED_EVERY))
        for name, run in (runs[engine] for engine in engines):
            ledger = folder / f"{run.__name__}.db"
            before, started = fleet.count(), time.perf_counter()
            census, killed = run(fleet, ledger)
            seconds = time.perf_counter() - started
            requests, throttled = (a - b for a, b in zip(fleet.count(), before, strict=True))
            _check(census, ledger, environments, drifted)
            print(
                f"fleet drift, {name}: {environments} environments on {servers} servers, "
                f"{1000 * _LATENCY:.0f} ms, killed: {killed}: {seconds:.0f} s, "
                f"{requests} requests, {throttled} of them 429; "
                f"{', '.join(f'{count} {answer}' for answer, count in sorted(census.items()))}; "
                "each answered once",
                flush=True,
            )


@contextmanager
def _start(folder: Path, environments: int, count: int) -> Iterator[Fleet]:
    """Make a fleet, ten environments a subscription, in which every tenth has drift."""
    subscriptions = max(count, environments // _A_SUBSCRIPTION)
    files = write_fleet(folder, environments, subscriptions)
    known = [
        argument
        for index in range(subscriptions)
        for argument in ("--subscription", f"sub{index}={subscription_of(index, subscriptions)}")
    ]
    with ExitStack() as stack:
        servers = [
            stack.enter_context(serve(folder / f"server{index}", known)) for index in range(count)
        ]
        front = stack.enter_context(Front([server.port for server in servers]))
        started = time.perf_counter()
        made = make_resources(files, front.port)
        for number in range(0, environments, _DRIFTED_EVERY):
            subscription = subscription_of(number, subscriptions)
            group = f"/subscriptions/{subscription}/resourceGroups/rg-{files[number].stem}"
            add_rule(group, 0, front.port)
        print(f"fleet: {made} resources made in {time.perf_counter() - started:.0f} s", flush=True)
        for server in servers:
            server.set_conditions(_LATENCY, _THROTTLED)
        yield Fleet(folder, files, servers, f"http://127.0.0.1:{front.port}")


def _check(census: Mapping[str, int], ledger: Path, environments: int, drifted: int) -> None:
    """Hold a run against what is known of the fleet. Raises SystemExit."""
    with SqliteLedger.open(ledger) as opened:
        run = opened.find_run("last")
        outcomes = opened.outcomes(run.run) if run is not None else ()
    answers = Counter(one.environment for one in outcomes if one.answered)
    expected = {"clean": environments - drifted, "findings": drifted}
    if len(answers) != environments or set(answers.values()) != {1}:
        raise SystemExit(f"{ledger}: {len(answers)} environments, {answers.most_common(3)}")
    if dict(census) != {answer: count for answer, count in expected.items() if count}:
        raise SystemExit(f"{ledger}: {dict(census)} and not {expected}")


def _run_on_processes(fleet: Fleet, ledger: Path) -> tuple[Mapping[str, int], str]:
    """Check with processes of this machine: a worker is killed after a third of the answers, the
    command itself after two thirds, and the run goes on with `--resume`."""
    third = len(fleet.files) // 3
    with _drift(fleet, ledger) as process:
        _await(ledger, third, process)
        os.kill(random.choice(_children(process.pid)), signal.SIGKILL)
        _await(ledger, 2 * third, process)
        process.kill()
        process.wait()
    with _drift(fleet, ledger, "--resume", "last") as process:
        return _census(process), "a worker, the command"


def _run_on_dask(fleet: Fleet, ledger: Path) -> tuple[Mapping[str, int], str]:
    """Check with a Dask cluster: a worker is killed after a third of the answers and the scheduler
    after two thirds, and each is started again as its supervisor would."""
    third = len(fleet.files) // 3
    _commit(fleet.folder)
    with (
        _DaskCluster(fleet.folder, fleet.environ) as cluster,
        _drift(fleet, ledger, "--scheduler", cluster.address) as process,
    ):
        _await(ledger, third, process)
        cluster.replace_worker()
        _await(ledger, 2 * third, process)
        cluster.replace_scheduler()
        return _census(process), "a worker, the scheduler"


@contextmanager
def _drift(fleet: Fleet, ledger: Path, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    arguments = ["fleet", "drift", "environments/**", "--quiet", "--workers", str(_WORKERS)]
    arguments += ["--ledger", str(ledger), "--output", "json", *options]
    with subprocess.Popen(
        [AZSEC, *arguments], cwd=fleet.folder, env=dict(fleet.environ), stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _census(process: "subprocess.Popen[bytes]") -> Mapping[str, int]:
    """Wait for the end of a run; return how many environments have each answer."""
    content, _ = process.communicate()
    if process.returncode not in _ENDED:
        raise SystemExit(f"azsec fleet drift ended with {process.returncode}")
    return Counter(entry["answer"] for entry in json.loads(content)["environments"])


def _commit(folder: Path) -> None:
    """Make a folder a repository: workers of a cluster are held to the commit of the command."""
    who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")
    for arguments in (("init", "--quiet"), ("add", "*.yaml"), ("commit", "--quiet", "-m", "Begin")):
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def _await(ledger: Path, count: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a ledger has so many outcomes. Raises SystemExit where the command ended first."""
    while True:
        if ledger.exists():
            with SqliteLedger.open(ledger) as opened:
                run = opened.find_run("last")
                if run is not None and len(opened.outcomes(run.run)) >= count:
                    return
        if process.poll() is not None:
            raise SystemExit(f"azsec fleet drift ended with {process.returncode} too early")
        time.sleep(_PAUSE)


def _children(pid: int) -> Sequence[int]:
    """Return the ids of the processes that a process started (Linux)."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    texts = [(task / "children").read_text(encoding="ascii") for task in tasks]
    return [int(child) for text in texts for child in text.split()]


class _DaskCluster:
    """A scheduler on loopback with two workers, each a process."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._folder = folder
        self._environ = environ
        self._workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "_DaskCluster":
        self._scheduler = self._start_scheduler()
        self._workers = [self._start_worker() for _ in range(_WORKERS)]
        return self

    def __exit__(self, *_raised: object) -> None:
        for process in (*self._workers, self._scheduler):
            process.kill()
            process.wait()

    def replace_worker(self) -> None:
        """Kill a worker, and start another one."""
        self._workers[0].kill()
        self._workers[0].wait()
        self._workers[0] = self._start_worker()

    def replace_scheduler(self) -> None:
        """Kill the scheduler, and start one in its place, with workers: the others end with it."""
        for process in (self._scheduler, *self._workers):
            process.kill()
            process.wait()
        self._scheduler = self._start_scheduler()
        self._workers = [self._start_worker() for _ in range(_WORKERS)]

    def _start_worker(self) -> "subprocess.Popen[bytes]":
        options = ("--no-nanny", "--nthreads", "1", "--death-timeout", "60")
        return self._start("dask_worker", self.address, *options)

    def _start_scheduler(self) -> "subprocess.Popen[bytes]":
        return self._start("dask_scheduler", "--host", "127.0.0.1", "--port", f"{self._port}")

    def _start(self, command: str, *options: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{command}", *options, "--no-dashboard"],
            cwd=self._folder,
            env=dict(self._environ),
            stderr=subprocess.DEVNULL,
        )
