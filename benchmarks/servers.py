"""The built-in Azure in a process of its own (`azsec local serve`), and what it counted."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_AZSEC = (sys.executable, "-c", "from provisioner.cli import main; main()")
_SECONDS_TO_END = 120


@dataclass(frozen=True, slots=True)
class Server:
    """A running `azsec local serve`: where it answers, and its process id."""

    endpoint: str
    pid: int

    @property
    def port(self) -> int:
        """The port on 127.0.0.1 or localhost."""
        return int(self.endpoint.rpartition(":")[2])

    def count_requests(self) -> int:
        """Return how many requests it has answered, polls and refusals among them."""
        return sum(self._counts("methods").values())

    def count_status(self, status: int) -> int:
        """Return how many requests it has answered with an HTTP status."""
        return int(self._counts("statuses").get(str(status), 0))

    def set_conditions(self, latency: float, throttled: float) -> None:
        """Let each answer take so many seconds longer, and answer a share of them with 429."""
        body = json.dumps({"latency": latency, "throttled": throttled}).encode()
        request = urllib.request.Request(f"{self.endpoint}/azsec/faults", body, method="PATCH")
        with urllib.request.urlopen(request, timeout=60):
            return

    def _counts(self, by: str) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.endpoint}/azsec/requests", timeout=60) as answer:
            counts: dict[str, int] = json.load(answer)[by]
        return counts


@contextmanager
def serve(folder: Path, options: Sequence[str] = ()) -> Iterator[Server]:
    """Serve an Azure whose state is in `folder`, with options of `azsec local serve`."""
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [*_AZSEC, "local", "serve", "--port", "0", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.readline()
    endpoint = re.search(r"https?://\S+:\d+", said)
    try:
        assert endpoint is not None, said + process.stderr.read()
        yield Server(endpoint[0], process.pid)
    finally:
        process.terminate()
        process.wait(timeout=_SECONDS_TO_END)
