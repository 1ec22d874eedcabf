"""Commands as a user starts them: a new process each time, its time and its memory."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_AZSEC = Path(sys.executable).with_name("azsec")
_MEBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds by the wall clock, and the most memory it held, in MiB."""

    seconds: float
    memory: float


def measure_commands(folder: Path, runs: int) -> None:
    """Print the medians of start-up, help, and a plan of the applied local environment."""
    environ = {**os.environ, "AZSEC_LOCAL_STATE": str(folder / "local.db")}
    # An installed package has its bytecode: the warm-up run may write what is missing.
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    _report("azsec --version", ["--version"], environ, runs)
    _report("azsec --help", ["--help"], environ, runs)
    _run(["apply", "local", "--yes", "--quiet"], environ)
    _report("azsec plan local (applied)", ["plan", "local", "--quiet"], environ, runs)
    _report("azsec drift local (applied)", ["drift", "local", "--quiet"], environ, runs)


def _report(label: str, arguments: list[str], environ: dict[str, str], runs: int) -> None:
    samples = [_run(arguments, environ) for _ in range(runs + 1)][1:]
    seconds = statistics.median(sample.seconds for sample in samples)
    memory = statistics.median(sample.memory for sample in samples)
    print(f"{label:32} median of {runs}: {seconds:6.3f} s   {memory:5.0f} MiB")


def _run(arguments: list[str], environ: dict[str, str]) -> Sample:
    started = time.perf_counter()
    process = subprocess.Popen(
        [_AZSEC, *arguments], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"azsec {' '.join(arguments)} ended with {process.returncode}")
    return Sample(time.perf_counter() - started, usage.ru_maxrss / _MEBIBYTE)
