"""Prints every figure that the documentation mentions, with the machine it was measured on."""

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks.commands import measure_commands
from benchmarks.comparisons import measure_comparisons
from benchmarks.local_azure import measure_local_azure


def main() -> None:
    """Run the benchmarks: commands as a user starts them, then whole estates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="runs a command is the median of")
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=[1000, 5000], help="resources of an estate"
    )
    options = parser.parse_args()
    print(f"machine   {_machine()}")
    print(f"python    {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        measure_commands(Path(folder), options.runs)
        measure_comparisons(Path(folder), options.runs)
        measure_local_azure(Path(folder) / "served", options.runs)
        # A child's memory counts from its parent's at the fork, so azsec is imported only now.
        from benchmarks.access import measure_access, measure_requests
        from benchmarks.adoptions import measure_adoption
        from benchmarks.controls import measure_controls
        from benchmarks.estates import measure_estate
        from benchmarks.networks import measure_proofs
        from benchmarks.observations import measure_observation

        measure_proofs(options.runs)
        measure_controls(options.runs)
        measure_requests("environments/local.yaml")
        measure_observation(500, 10_000)
        measure_access(Path(folder) / "access", 5000, 2000)
        measure_adoption(10)
        for size in options.sizes:
            measure_estate(Path(folder) / str(size), size)


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
