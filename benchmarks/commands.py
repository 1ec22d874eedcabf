"""Commands as a user starts them: a new process each time, its time and its memory."""

import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.processes import run_azsec


def measure_commands(folder: Path, runs: int) -> None:
    """Print the medians of start-up, help, and a plan of the applied local environment."""
    environ = {**os.environ, "AZSEC_LOCAL_STATE": str(folder / "local.db")}
    # An installed package has its bytecode: the warm-up run may write what is missing.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    _report("azsec --version", ["--version"], environ, runs)
    _report("azsec --help", ["--help"], environ, runs)
    run_azsec(["apply", "local", "--yes", "--quiet"], environ)
    _report("azsec plan local (applied)", ["plan", "local", "--quiet"], environ, runs)
    _report("azsec drift local (applied)", ["drift", "local", "--quiet"], environ, runs)


def _report(label: str, arguments: Sequence[str], environ: Mapping[str, str], runs: int) -> None:
    samples = [run_azsec(arguments, environ) for _ in range(runs + 1)][1:]
    seconds = statistics.median(sample.seconds for sample in samples)
    cpu = statistics.median(sample.cpu for sample in samples)
    memory = statistics.median(sample.memory for sample in samples)
    print(
        f"{label:32} median of {runs}: {seconds:6.3f} s   {cpu:6.3f} s of CPU   {memory:5.0f} MiB"
    )
