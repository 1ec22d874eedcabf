"""Ctrl-C during an apply, on a real process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_AZSEC = [sys.executable, "-c", "from provisioner.cli import main; main()"]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    subprocess.run(
        [*_AZSEC, "init", ".", "--environment", "trial"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    return tmp_path


def start(folder: Path) -> subprocess.Popen[str]:
    """Start an apply in which a network takes two and a half seconds."""
    command = [*_AZSEC, "apply", "trial", "--cloud", "local", "--yes", "--realistic", "0.5"]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def read_until(lines: Iterator[str], words: str) -> None:
    for line in lines:
        if words in line:
            return
    raise AssertionError(f"{words!r} was never told")


def read_until_in_flight(process: subprocess.Popen[str]) -> None:
    """Wait until the network and the security group are being made."""
    assert process.stderr is not None
    read_until(process.stderr, "nsg  creating")
    time.sleep(0.5)  # the requests have left by then; the network takes five times as long


def plan(folder: Path) -> str:
    done = subprocess.run(
        [*_AZSEC, "plan", "trial", "--cloud", "local", "-q"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ),
    )
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "a cancelled job"])
def test_an_interrupt_ends_what_is_in_flight_and_starts_nothing_more(
    sent: signal.Signals, workspace: Path
) -> None:
    process = start(workspace)
    read_until_in_flight(process)

    process.send_signal(sent)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "vnet  created" in err, "what was in flight ends"
    assert "nodes  skipped: interrupted" in err, "nothing more is started"
    assert "interrupted" in out
    assert "no longer carries the mark of" in out, "nodes was not made"
    assert plan(workspace).startswith("Plan   1 create · 1 update · 3 unchanged")


def test_a_second_interrupt_leaves_at_once_and_nothing_is_lost(workspace: Path) -> None:
    process = start(workspace)
    read_until_in_flight(process)
    assert process.stderr is not None

    process.send_signal(signal.SIGINT)
    read_until(process.stderr, "nodes  skipped")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=2)

    assert process.returncode == 130
    assert plan(workspace).startswith("Plan   1 create · 4 unchanged"), "Azure went on alone"
