"""The built-in Azure as a server: how soon it answers, how many requests a core takes, and what
5,000 resources take of memory."""

import http.client
import json
import os
import re
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.servers import Server, serve

_SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
_GROUP = f"/subscriptions/{_SUBSCRIPTION}/resourceGroups/rg"
_HEADERS = {"Authorization": "Bearer local", "Content-Type": "application/json"}
_VERSION = "?api-version=2024-11-01"
_GETS = 2000


def measure_local_azure(folder: Path, runs: int, resources: int = 5000) -> None:
    """Print the figures of a server with TLS, as other tools use it, and of one without."""
    for options, name in (((), "http"), (("--tls",), "https")):
        taken = statistics.median(_start_seconds(folder / name, options) for _ in range(runs))
        print(f"local serve, {name:5}  answers after {taken:.2f} s")
    with serve(folder / "load") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        _call(connection, "PUT", _GROUP, {"location": "westeurope"})
        _measure_gets(connection, server)
        before = _resident(server.pid)
        for index in range(resources):
            path = f"{_GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg-{index}"
            _call(connection, "PUT", path, {"location": "westeurope", "properties": {}})
        print(
            f"local serve, {resources} resources: {_resident(server.pid):.0f} MB"
            f" ({before:.0f} MB with one)"
        )
        _measure_gets(connection, server)
        connection.close()


def _measure_gets(connection: http.client.HTTPConnection, server: Server) -> None:
    """Print how many small GETs a second of one core answers: by the processor's time of the
    server, which other work on the machine does not change, and by the clock."""
    cpu, clock = _processor_seconds(server.pid), time.perf_counter()
    for _ in range(_GETS):
        _call(connection, "GET", _GROUP)
    cpu, clock = _processor_seconds(server.pid) - cpu, time.perf_counter() - clock
    print(
        f"local serve, GET of a group: {_GETS / cpu:.0f} a second of one core, "
        f"{_GETS / clock:.0f} a second over one connection"
    )


def _start_seconds(folder: Path, options: Sequence[str]) -> float:
    begun = time.perf_counter()
    with serve(folder, options):
        return time.perf_counter() - begun


def _call(
    connection: http.client.HTTPConnection, method: str, path: str, body: object = None
) -> None:
    content = None if body is None else json.dumps(body)
    connection.request(method, path + _VERSION, content, _HEADERS)
    answer = connection.getresponse()
    answer.read()
    assert answer.status < 300, f"{method} {path}: {answer.status}"


def _processor_seconds(pid: int) -> float:
    """Return the seconds of processor time that a process has taken (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    """Return the megabytes of memory that a process has (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1000 if found else 0.0
