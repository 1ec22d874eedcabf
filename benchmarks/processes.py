"""`azsec` as a user starts it: a new process each time, with its time, processor and memory."""

import os
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

AZSEC = Path(sys.executable).with_name("azsec")
_KIBIBYTES = 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a process: seconds by the wall clock, seconds of processor time (user and system,
    its children included), and the most memory it held, in MiB."""

    seconds: float
    cpu: float
    memory: float


def run_azsec(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    folder: Path | None = None,
    expected: Collection[int] = (0,),
) -> Sample:
    """Run a command to its end. Raises SystemExit, with what it wrote, for another exit code."""
    return run_process([str(AZSEC), *arguments], environ, folder=folder, expected=expected)


def run_process(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    folder: Path | None = None,
    expected: Collection[int] = (0,),
) -> Sample:
    """Run a process to its end. Raises SystemExit, with what it wrote, for another exit code."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expected:
        words = said.decode(errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{words}")
    return Sample(
        time.perf_counter() - started,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / _KIBIBYTES,
    )


def read_output(command: Sequence[str], folder: Path) -> str:
    """Return what a command prints in a folder. Raises SystemExit where it fails."""
    ended = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}")
    return ended.stdout
