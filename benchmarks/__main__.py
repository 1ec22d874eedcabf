"""Prints every figure that the documentation mentions, with the machine it was measured on."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

_SMALL = 5000
"""Up to how many resources an estate is measured `--estate-runs` times, and not once; one that is
only planned is, too."""


def main() -> None:
    """Run the benchmarks, all or those that --only names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=_BENCHMARKS, default=list(_BENCHMARKS))
    parser.add_argument("--runs", type=int, default=7, help="runs a command is the median of")
    parser.add_argument("--estate-runs", type=int, default=5, help="runs of a small estate")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[1000, 5000, 10_000], help="resources of an estate"
    )
    parser.add_argument(
        "--latency", type=int, nargs="*", default=[0, 50], help="milliseconds of a request"
    )
    parser.add_argument("--environments", type=int, default=300, help="environments of a fleet")
    parser.add_argument("--servers", type=int, default=3, help="built-in Azures of a fleet")
    parser.add_argument(
        "--engines", nargs="+", choices=["processes", "dask"], default=["processes", "dask"]
    )
    options = parser.parse_args()
    print(f"machine   {_machine()}")
    # The build counts: one without profile-guided optimisation takes a fifth longer.
    print(f"python    {' '.join(sys.version.split())}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only:
            _BENCHMARKS[name](Path(folder) / name, options)


# A child's memory counts from its parent's at the fork, so each benchmark imports azsec only when
# its turn comes, and those that start processes come first.
def _commands(folder: Path, options: argparse.Namespace) -> None:
    from benchmarks.commands import measure_commands

    folder.mkdir()
    measure_commands(folder, options.runs)


def _server(folder: Path, options: argparse.Namespace) -> None:
    from benchmarks.local_azure import measure_local_azure

    measure_local_azure(folder, options.runs)


def _estates(folder: Path, options: argparse.Namespace) -> None:
    from benchmarks.estates import PLANNED_ONLY, measure_estate

    for size in options.sizes:
        for latency in options.latency:
            is_quick = size <= _SMALL or size > PLANNED_ONLY
            runs = options.estate_runs if is_quick else 1
            measure_estate(folder / f"{size}-{latency}", size, latency / 1000, runs)


def _comparisons(folder: Path, options: argparse.Namespace) -> None:
    from benchmarks.comparisons import measure_comparisons

    folder.mkdir()
    measure_comparisons(folder, options.runs)


def _schedule(_folder: Path, _options: argparse.Namespace) -> None:
    from benchmarks.schedules import measure_schedule

    measure_schedule("environments/local.yaml")


def _proofs(_folder: Path, options: argparse.Namespace) -> None:
    from benchmarks.controls import measure_controls
    from benchmarks.networks import measure_proofs

    measure_proofs(options.runs)
    measure_controls(options.runs)


def _reading(folder: Path, _options: argparse.Namespace) -> None:
    from benchmarks.access import measure_access, measure_requests
    from benchmarks.adoptions import measure_adoption
    from benchmarks.observations import measure_observation

    measure_requests("environments/local.yaml")
    measure_observation(500, 10_000)
    measure_access(folder, 5000, 2000)
    measure_adoption(10)


def _fleet(folder: Path, options: argparse.Namespace) -> None:
    from benchmarks.fleets import measure_fleet

    measure_fleet(folder, options.environments, options.servers, options.engines)


def _quiet_fleet(folder: Path, options: argparse.Namespace) -> None:
    from benchmarks.quiet_fleets import measure_quiet_fleet

    for subscriptions in sorted({1, options.servers}):
        measure_quiet_fleet(folder / str(subscriptions), options.environments, subscriptions)


_BENCHMARKS: Mapping[str, Callable[[Path, argparse.Namespace], None]] = {
    "commands": _commands,
    "server": _server,
    "estates": _estates,
    "comparisons": _comparisons,
    "schedule": _schedule,
    "proofs": _proofs,
    "reading": _reading,
    "fleet": _fleet,
    "quiet-fleet": _quiet_fleet,
}


def _machine() -> str:
    model = "unknown processor"
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {os.cpu_count()} cores, {platform.system()}"


if __name__ == "__main__":
    main()
