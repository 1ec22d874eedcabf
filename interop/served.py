"""A built-in Azure with TLS in a folder of its own, for as long as a `with` block lasts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_AZSEC = (sys.executable, "-c", "from provisioner.cli import main; main()")
_ROOT = Path(__file__).parents[1]


@contextmanager
def serve(folder: Path) -> Iterator[Mapping[str, str]]:
    """Start `azsec local serve --tls` and yield the variables of `azsec local env`."""
    environ = {**os.environ, "PYTHONPATH": str(_ROOT)}
    server = subprocess.Popen(
        [*_AZSEC, "local", "serve", "--tls", "--port", "0"],
        cwd=folder,
        env=environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        if "answers at" not in server.stderr.readline():
            raise RuntimeError(f"azsec local serve ended: {server.stderr.read()}")
        for _line in range(3):
            server.stderr.readline()
        printed = subprocess.run(
            [*_AZSEC, "local", "env", "--output", "json"],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        yield json.loads(printed.stdout)
    finally:
        server.terminate()
        server.wait(timeout=30)
