"""Whole estates, as a user works with them: `azsec` processes against `azsec local serve`."""

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.estate_files import ZONE_RESOURCES, count_zones, write_estate, write_zone
from benchmarks.processes import run_azsec
from benchmarks.servers import serve

PARALLELISM = 10
"""The default of azsec, and of terraform."""
PLANNED_ONLY = 5000

PEER = {"plan": 37, "apply": 125, "plan again": 56, "drift": 34, "destroy": 215}
"""Seconds of Terraform 1.11 with azapi 2.12 for 1,000 resources at 50 ms and parallelism 10, once,
on a busy machine of two cores (2026). `make bench-peer` measures them anew."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What one command took: `requests` that the server answered, `seconds` by the wall clock and
    of the processor, `memory` in MiB at most, and the `path`: the seconds of the longest chain of
    writes that wait for each other, by the latency alone (0: it writes nothing)."""

    name: str
    requests: int
    seconds: float
    cpu: float
    memory: float
    path: float = 0.0

    def limit(self, latency: float) -> float:
        """Return the seconds that no client with this parallelism gets below: all requests in
        rows of PARALLELISM, or the longest chain of writes."""
        return max(self.requests * latency / PARALLELISM, self.path)


def measure_estate(folder: Path, size: int, latency: float, runs: int) -> None:
    """Print a table of what each command takes for an estate, the medians of some runs. One of
    more than 5,000 resources is planned only: its apply takes a quarter of an hour."""
    taken = [_run(folder / str(run), size, latency) for run in range(runs)]
    count = 1 + count_zones(size) * ZONE_RESOURCES
    print(
        f"\n{count} resources, {1000 * latency:.0f} ms a request, medians of {runs}, "
        f"load average of the machine {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores\n"
    )
    print("| phase | requests | seconds | CPU seconds | peak MiB | limit, s | seconds / limit |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for samples in zip(*taken, strict=True):
        _print_row(_median(samples), latency)
    if size == 1000 and latency == 0.05:
        _print_ratios([_median(samples) for samples in zip(*taken, strict=True)])


def _median(samples: Sequence[Phase]) -> Phase:
    first = samples[0]
    return replace(
        first,
        requests=round(statistics.median(sample.requests for sample in samples)),
        seconds=statistics.median(sample.seconds for sample in samples),
        cpu=statistics.median(sample.cpu for sample in samples),
        memory=statistics.median(sample.memory for sample in samples),
    )


def _print_row(phase: Phase, latency: float) -> None:
    limit = phase.limit(latency)
    bound = f"{limit:.1f} | {phase.seconds / limit:.1f}" if limit else "- | -"
    print(
        f"| {phase.name} | {phase.requests} | {phase.seconds:.1f} | {phase.cpu:.1f} | "
        f"{phase.memory:.0f} | {bound} |",
        flush=True,
    )


def _print_ratios(phases: Sequence[Phase]) -> None:
    print("\n| phase | Terraform + azapi, s | azsec, s | ratio | ratio at azsec's limit |")
    print("|---|---:|---:|---:|---:|")
    for phase in phases:
        peer = PEER.get(phase.name)
        if peer is not None:
            print(
                f"| {phase.name} | {peer} | {phase.seconds:.1f} | {peer / phase.seconds:.1f} | "
                f"{peer / phase.limit(0.05):.0f} |"
            )


def _run(folder: Path, size: int, latency: float) -> Sequence[Phase]:
    """Go through the phases once, on a server of its own."""
    environment = str(write_estate(folder / "files", size))
    plans = {name: str(folder / f"{name}.plan") for name in ("create", "destroy")}
    options = ("--latency", f"{1000 * latency:.0f}ms")
    with serve(folder / "server", options) as server:
        environ = {
            **os.environ,
            "AZSEC_LOCAL_ENDPOINT": server.endpoint,
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

        def measure(name: str, *arguments: str, expected: Sequence[int] = (0,)) -> Phase:
            before = server.count_requests()
            sample = run_azsec([*arguments, "--quiet"], environ, expected=expected)
            requests = server.count_requests() - before
            return Phase(name, requests, sample.seconds, sample.cpu, sample.memory)

        if size > PLANNED_ONLY:
            first = measure("plan", "plan", environment)
            write_zone(folder / "files", 0, "payments")
            return [first, measure("plan after one change", "plan", environment)]
        phases = [measure("plan", "plan", environment, "--out", plans["create"])]
        applied = measure("apply", "apply", environment, "--yes")
        phases += [
            replace(applied, path=_path(Path(plans["create"]), applied, phases[0], latency)),
            measure("plan again", "plan", environment),
        ]
        write_zone(folder / "files", 0, "payments")
        phases.append(measure("plan after one change", "plan", environment))
        write_zone(folder / "files", 0, "platform")
        # Drift is none of an estate that was just applied; what nobody can read would be 1.
        phases.append(measure("drift", "drift", environment, expected=(0, 2)))
        run_azsec(["plan", environment, "--destroy", "--out", plans["destroy"]], environ)
        gone = measure("destroy", "destroy", environment, "--yes")
        path = _path(Path(plans["destroy"]), gone, phases[-1], latency)
        return [*phases, replace(gone, path=path)]


def _path(plan: Path, written: Phase, read: Phase, latency: float) -> float:
    """Return the seconds of the longest chain of steps that wait for each other, where each takes
    the requests of an average step."""
    steps = json.loads(plan.read_text(encoding="utf-8"))["steps"]
    each = (written.requests - read.requests) / len(steps)
    return longest_chain(steps) * each * latency


def longest_chain(steps: Sequence[Mapping[str, object]]) -> int:
    """Return the number of steps of a plan file that one after the other have to wait: for each
    other, or for the one that holds their lock."""
    depth: dict[str, int] = {}
    held: dict[str, int] = {}
    for step in steps:
        after = step["after"]
        lock = str(step["lock"])
        waited = max((depth[key] for key in after), default=0) if isinstance(after, list) else 0
        depth[str(step["key"])] = held[lock] = max(waited, held.get(lock, 0)) + 1
    return max(depth.values(), default=0)
