"""Kills `azsec` at a write, applies once more, and compares Azure with an undisturbed run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from faults.estates import LOCK_CONTAINER, Scenario
from faults.proxy import Moment, Point, Proxy, Reply, is_lease, send
from provisioner.catalog.registry import Catalog
from provisioner.engine.lease import LEASE_SECONDS
from provisioner.simulator.server import LocalAzure

_AZSEC = (sys.executable, "-c", "from provisioner.cli import main; main()")
_SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
_NEIGHBORS = f"{_SUBSCRIPTION}/resourceGroups/rg-neighbor"
_SECURITY_GROUP = "providers/Microsoft.Network/networkSecurityGroups/nsg-neighbor"
_PACE = 0.01
_PATIENCE_SECONDS = 180
_READING_SECONDS = 1.0


class SkippingClock:
    """The clock of this machine, without the time that it was held, and with what was skipped."""

    def __init__(self) -> None:
        self._skipped = timedelta()
        self._held: datetime | None = None

    def now(self) -> datetime:
        """Return the current time of the built-in Azure."""
        return (self._held or datetime.now(UTC)) + self._skipped

    def skip(self, seconds: float) -> None:
        """Move the time on."""
        self._skipped += timedelta(seconds=seconds)

    def hold(self) -> None:
        """Let the time stand still: what Azure works on stays in progress."""
        self._held = datetime.now(UTC)

    def go_on(self) -> None:
        """Let the time pass again."""
        if self._held is not None:
            self._skipped -= datetime.now(UTC) - self._held
            self._held = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One kill and what became of it. `problems` is empty where azsec survived.

    `write` is the request at which azsec was killed, as METHOD and name.
    """

    scenario: str
    point: Point
    write: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Course:
    """An undisturbed run: what it wrote, and the resources that were there at its end."""

    writes: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass
class Range:
    """The place of one scenario: its files, and the Azure in which each kill starts."""

    scenario: Scenario
    catalog: Catalog
    folder: Path
    foreign: dict[str, bytes] = field(default_factory=dict)

    def prepare(self) -> Course:
        """Make what is there before the killed apply, and run it once without a kill.

        Raises RuntimeError where that does not work.
        """
        self._write_files(self.scenario.before or self.scenario.after)
        with self._azure(self._base) as azure:
            self._put_neighbors(azure, _NEIGHBORS)
            if self.scenario.before is not None:
                self._require(self._finish(azure, "apply", "trial.yaml", "--yes", "-q"))
                if not self.scenario.destroys:  # its group would rightly stay
                    self._put_neighbors(azure, f"{_SUBSCRIPTION}/resourceGroups/rg-trial")
            for path in self.foreign:
                self.foreign[path] = _read_settled(azure, path)
        self._write_files(self.scenario.after)
        with self._copy("undisturbed") as azure, self._proxy(azure, None) as proxy:
            child = self._start(proxy.address, *self._command)
            self._require(_end(child))
            return Course(tuple(proxy.writes), _resources(azure))

    def try_point(self, point: Point, course: Course) -> Trial:
        """Kill one apply at a point, apply once more, and say what is wrong then."""
        clock = SkippingClock()
        name = f"{point.write}-{point.moment}"
        with self._copy(name, clock) as azure:
            with self._proxy(azure, point) as proxy:
                child = self._start(proxy.address, *self._command)
                proxy.kill = partial(_kill, child, clock)
                code, told = _end(child)
            write = _short(course.writes[point.write - 1])
            if code != -signal.SIGKILL or not proxy.has_killed:
                problem = f"was not killed but ended with {code}: {told[-600:]}"
                return Trial(self.scenario.name, point, write, (problem,))
            if self.scenario.locks:
                clock.skip(LEASE_SECONDS)
            problems = self._converge(azure, clock, course)
        return Trial(self.scenario.name, point, write, tuple(problems))

    def _converge(self, azure: LocalAzure, clock: SkippingClock, course: Course) -> list[str]:
        problems = []
        code, told = self._finish_later(azure, clock)
        if code != 0:
            problems.append(f"the next {self._command[0]} ended with {code}: {told[-1500:]}")
        if not self.scenario.destroys:
            code, told = self._finish(azure, "plan", "trial.yaml", "--detailed-exitcode", "-q")
            if code != 0:
                problems.append(f"the plan after it ended with {code}: {told[-1500:]}")
        found = _resources(azure)
        if lost := set(course.resources) - set(found):
            problems.append(f"lost: {', '.join(sorted(lost))}")
        if more := set(found) - set(course.resources):
            problems.append(f"left over: {', '.join(sorted(more))}")
        if len(found) != len(set(found)):
            problems.append("a resource is there twice")
        problems += [
            f"changed what others made: {path}"
            for path, body in self.foreign.items()
            if _get(azure, path).body != body
        ]
        if self.scenario.locks and (state := _lease_state(azure)) == "leased":
            problems.append(f"the lease is {state} at the end")
        return problems

    @property
    def _command(self) -> tuple[str, ...]:
        if self.scenario.destroys:
            return ("destroy", "trial.yaml", "--yes", "-q")
        return ("apply", "trial.yaml", "--yes", "--allow-delete", "-q")

    @property
    def _base(self) -> Path:
        return self.folder / "base.state"

    def _write_files(self, blueprint: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "trial.yaml").write_text(self.scenario.environment, encoding="utf-8")
        (self.folder / "blueprint.yaml").write_text(blueprint, encoding="utf-8")

    def _copy(self, name: str, clock: SkippingClock | None = None) -> LocalAzure:
        """Start an Azure of its own that holds what the base holds."""
        state = self.folder / f"{name}.state"
        shutil.copy(self._base, state)
        return self._azure(state, clock)

    def _azure(self, state: Path, clock: SkippingClock | None = None) -> LocalAzure:
        return LocalAzure.start(
            self.catalog, state, clock=clock or SkippingClock(), realistic=_PACE
        )

    def _proxy(self, azure: LocalAzure, point: Point | None) -> AbstractContextManager[Proxy]:
        return Proxy(azure.endpoint, point, self.scenario.renews)

    def _start(self, endpoint: str, *arguments: str) -> subprocess.Popen[str]:
        """Start azsec with one write at a time, so that a point is the same in every run."""
        serial = () if arguments[0] == "plan" else ("--parallelism", "1")
        return subprocess.Popen(
            [*_AZSEC, *arguments, *serial],
            cwd=self.folder,
            env={**os.environ, "AZSEC_LOCAL_ENDPOINT": endpoint},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _finish(self, azure: LocalAzure, *arguments: str) -> tuple[int, str]:
        return _end(self._start(azure.endpoint, *arguments))

    def _require(self, ended: tuple[int, str]) -> None:
        code, told = ended
        if code != 0:
            raise RuntimeError(f"{self.scenario.name}: azsec ended with {code}: {told}")

    def _finish_later(self, azure: LocalAzure, clock: SkippingClock) -> tuple[int, str]:
        """Run the command again, and let Azure's time pass only when it has begun to read."""
        answered = len(azure.requests)
        child = self._start(azure.endpoint, *self._command)
        while len(azure.requests) == answered and child.poll() is None:
            time.sleep(0.05)
        time.sleep(_READING_SECONDS)
        clock.go_on()
        return _end(child)

    def _put_neighbors(self, azure: LocalAzure, group: str) -> None:
        """Make a security group that others own, in a group of theirs or of the environment."""
        if group == _NEIGHBORS:
            _put(azure, group, {"location": "westeurope", "tags": {"owner": "others"}})
            self.foreign[group] = b""
        path = f"{group}/{_SECURITY_GROUP}"
        _put(azure, path, {"location": "westeurope", "tags": {"owner": "others"}})
        self.foreign[path] = b""


def choose_points(course: Course, scenario: Scenario) -> tuple[Point, ...]:
    """Choose points that are spread evenly over the writes of a run.

    Where the lease is renewed, they are at the renewal and after it: the rest is in the run
    without. Raises RuntimeError where there are fewer.
    """
    first = 1
    if scenario.renews:
        leases = [number for number, write in enumerate(course.writes, 1) if is_lease(write)]
        first = leases[1]
    points = [
        Point(number, moment)
        for number in range(first, len(course.writes) + 1)
        for moment in Moment
    ]
    count = scenario.kills
    if len(points) < count:
        raise RuntimeError(f"{scenario.name} has {len(points)} points, and {count} are to be tried")
    return tuple(points[index * len(points) // count] for index in range(count))


def open_range(scenario: Scenario, catalog: Catalog, folder: Path) -> Range:
    """Return the place of a scenario, whose files are in a folder of its own."""
    own = Path(tempfile.mkdtemp(prefix=scenario.name.replace(" ", "-") + "-", dir=folder))
    return Range(scenario, catalog, own)


def _kill(child: subprocess.Popen[str], clock: SkippingClock) -> None:
    clock.hold()
    child.kill()


def _end(child: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        told, _ = child.communicate(timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        told, _ = child.communicate()
        return 124, f"did not end within {_PATIENCE_SECONDS} s. {told}"
    return child.returncode, told


def _resources(azure: LocalAzure) -> tuple[str, ...]:
    return tuple(sorted(azure.resource_ids(), key=str.lower))


def _lease_state(azure: LocalAzure) -> str:
    body = json.loads(_get(azure, LOCK_CONTAINER, "2025-06-01").body)
    return str(body["properties"]["leaseState"]).lower()


def _get(azure: LocalAzure, path: str, version: str = "2024-05-01") -> Reply:
    return _send(azure, "GET", path, version=version)


def _read_settled(azure: LocalAzure, path: str) -> bytes:
    """Return the body of a resource when Azure has finished with it."""
    while True:
        body = _get(azure, path).body
        if json.loads(body)["properties"]["provisioningState"] == "Succeeded":
            return body
        time.sleep(0.05)


def _put(azure: LocalAzure, path: str, body: dict[str, object]) -> None:
    reply = _send(azure, "PUT", path, json.dumps(body).encode())
    if reply.status >= 300:
        raise RuntimeError(f"PUT {path}: {reply.status} {reply.body!r}")


def _send(
    azure: LocalAzure, method: str, path: str, body: bytes = b"", version: str = "2024-05-01"
) -> Reply:
    headers = {"Authorization": "Bearer local", "Content-Type": "application/json"}
    return send(azure.endpoint, method, f"{path}?api-version={version}", headers, body)


def _short(write: str) -> str:
    method, _, path = write.partition(" ")
    return f"{method} {'/'.join(path.split('/')[-2:])}"


def describe(trials: Sequence[Trial]) -> list[str]:
    """Return a line for each trial that azsec did not survive."""
    return [
        f"{trial.scenario}: killed {trial.point.moment} write {trial.point.write} "
        f"({trial.write}): {problem}"
        for trial in trials
        for problem in trial.problems
    ]
