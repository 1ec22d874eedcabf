"""`azsec local serve`: the built-in Azure as a server of its own, used by other commands."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_AZSEC = [sys.executable, "-c", "from provisioner.cli import main; main()"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a folder of its own, and where it answers."""
    process = subprocess.Popen(
        [*_AZSEC, "local", "serve", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    endpoint = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
    assert endpoint is not None
    yield process, endpoint[0]
    if process.poll() is None:
        process.terminate()
        process.wait(timeout=10)


def azsec(folder: Path, *arguments: str, endpoint: str = "") -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **({"AZSEC_LOCAL_ENDPOINT": endpoint} if endpoint else {})}
    return subprocess.run(
        [*_AZSEC, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def test_commands_share_a_server_and_its_state_survives_it(
    served: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, endpoint = served
    azsec(tmp_path, "init", ".", "--name", "trial")

    refused = azsec(tmp_path, "plan", "trial", "--cloud", "local")
    assert refused.returncode == 1
    assert f"is in use by another azsec (process {process.pid})" in refused.stderr

    arguments = ("apply", "trial", "--cloud", "local", "--yes", "-q")
    assert azsec(tmp_path, *arguments, endpoint=endpoint).returncode == 0

    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    plan = azsec(tmp_path, "plan", "trial", "--cloud", "local", "--detailed-exitcode")
    assert plan.returncode == 0, "what was applied to the server is in the file"
