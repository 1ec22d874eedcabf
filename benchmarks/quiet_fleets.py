"""Drift of a fleet in which one environment changed, by Azure's logs: requests grow with the
subscriptions, not with the environments."""

import json
import os
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.fleet_files import add_rule, make_resources, subscription_of, write_fleet
from benchmarks.processes import AZSEC
from provisioner.attribution.window import format_moment
from provisioner.cli.workspace import load_catalog
from provisioner.simulator.server import LocalAzure

_AGE = timedelta(hours=2)
"""How long ago all was checked. Events come into Azure's Activity Log up to 20 minutes late, so a
check is asked about once it is older; the benchmark dates it back and does not wait."""

_CHANGED = 3
_ENDED = (0, 2)


class _Clock:
    """The clock of the built-in Azure: behind that of this machine, until it is set right."""

    def __init__(self, behind: timedelta) -> None:
        self.behind = behind

    def now(self) -> datetime:
        """Return the time there."""
        return datetime.now(UTC) - self.behind


def measure_quiet_fleet(folder: Path, environments: int, subscriptions: int) -> None:
    """Print the requests of `azsec fleet drift --logs-first` for parts of a fleet."""
    clock = _Clock(2 * _AGE)
    files = write_fleet(folder, environments, subscriptions, zones=1, subnets=2)
    with LocalAzure.start(load_catalog(), None, clock=clock) as server:
        port = int(server.endpoint.rpartition(":")[2])
        make_resources(files, port)
        clock.behind = timedelta()
        environ = {
            **os.environ,
            "AZSEC_LOCAL_ENDPOINT": server.endpoint,
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        ledger = folder / "checked.db"
        whole = len(server.requests)
        checked = _drift(folder, environ, ledger, "environments/**")
        if checked != {"clean": environments}:
            raise SystemExit(f"a fleet that was just made has {dict(checked)}")
        whole = len(server.requests) - whole
        _date_back(ledger, datetime.now(UTC) - _AGE)
        subscription = subscription_of(_CHANGED, subscriptions)
        group = f"/subscriptions/{subscription}/resourceGroups/rg-{files[_CHANGED].stem}"
        add_rule(group, 0, port)
        for size in (environments // 6, environments // 3, environments):
            copy = folder / f"{size}.db"
            shutil.copy(ledger, copy)
            before = len(server.requests)
            part = [str(file.relative_to(folder)) for file in files[:size]]
            answers = _drift(folder, environ, copy, *part, "--logs-first")
            if answers != {"unchanged": size - 1, "findings": 1}:
                raise SystemExit(f"one of {size} environments changed, and not {dict(answers)}")
            print(
                f"fleet drift --logs-first, {size} environments in {subscriptions} subscriptions, "
                f"one changed: {len(server.requests) - before} requests",
                flush=True,
            )
        print(
            f"fleet drift, the same {environments} environments, all read: {whole} requests",
            flush=True,
        )


def _date_back(ledger: Path, moment: datetime) -> None:
    """Write another time of their check into the outcomes of a ledger."""
    told = format_moment(moment)
    with sqlite3.connect(ledger) as connection:
        connection.execute(
            "UPDATE outcomes SET ended_at = ?, entry = json_set(entry, '$.checkedAt', ?)",
            (told, told),
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _drift(
    folder: Path, environ: Mapping[str, str], ledger: Path, *arguments: str
) -> Mapping[str, int]:
    """Check a fleet; return how many environments have each answer."""
    command = [str(AZSEC), "fleet", "drift", *arguments]
    command += ["--quiet", "--output", "json", "--ledger", str(ledger)]
    ended = subprocess.run(
        command, cwd=folder, env=dict(environ), stdout=subprocess.PIPE, check=False
    )
    if ended.returncode not in _ENDED:
        raise SystemExit(f"azsec fleet drift ended with {ended.returncode}")
    return Counter(entry["answer"] for entry in json.loads(ended.stdout)["environments"])
