"""The ledger in an SQLite file.

One process writes: the one that schedules the items. Another one may read at the same time, and a
writer that is killed loses nothing that it stored (`journal_mode=WAL`, a transaction per outcome:
`isolation_level=None` is autocommit in Python's sqlite3).
"""

import json
import sqlite3
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from provisioner.documents.fleet import FleetEntryDocument
from provisioner.engine.ledger_port import Outcome, RunRecord
from provisioner.model.diagnostic import DiagnosticError, error

_VERSION = 3
_SECONDS = 30.0
_TABLES = """
CREATE TABLE runs (
    run TEXT PRIMARY KEY, command TEXT NOT NULL, started_at TEXT NOT NULL,
    environments TEXT NOT NULL, options TEXT NOT NULL, fresh_since TEXT NOT NULL DEFAULT '',
    question TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE outcomes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL, command TEXT NOT NULL, environment TEXT NOT NULL, inputs TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    answered INTEGER NOT NULL, complete INTEGER NOT NULL, clean INTEGER NOT NULL,
    files TEXT NOT NULL, scope TEXT NOT NULL, entry TEXT NOT NULL, document TEXT,
    question TEXT NOT NULL DEFAULT '',
    UNIQUE (run, environment, inputs)
) STRICT;
CREATE INDEX newest ON outcomes (question, environment, number);
"""
_UPGRADES = {
    1: "ALTER TABLE runs ADD COLUMN fresh_since TEXT NOT NULL DEFAULT '';",
    2: "ALTER TABLE runs ADD COLUMN question TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE outcomes ADD COLUMN question TEXT NOT NULL DEFAULT '';"
    "DROP INDEX newest;"
    "CREATE INDEX newest ON outcomes (question, environment, number);",
}
"""The statements that migrate a ledger from a version to the next. `outcomes.number` is
AUTOINCREMENT, so that no number is used twice and the largest one is the newest outcome, also after
a failure was deleted."""
_COLUMNS = (
    "run, command, environment, inputs, ended_at, answered, complete, clean, question, files, "
    "scope, entry"
)


class SqliteLedger:
    """A ledger in one file. A context manager: the file is closed with it.

    Every method raises DiagnosticError (`ledger-unreadable`) where the file cannot be used, or
    holds rows that are no part of a ledger.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @staticmethod
    def open(path: Path) -> "SqliteLedger":
        """Open the ledger in a file; it is created where there is none, and migrated.

        Raises:
            DiagnosticError: for a file that is no ledger, or that a newer azsec wrote.
        """
        try:
            if path.exists() and path.stat().st_size:
                # Even a connection that writes nothing may change the file of another program: the
                # last one that is closed moves what is in the log beside it (sqlite.org/wal.html).
                _version_in(path)
            connection = sqlite3.connect(path, timeout=_SECONDS, isolation_level=None)
            _migrate(connection, path)
        except sqlite3.Error as problem:
            raise DiagnosticError(_unreadable(path, str(problem))) from None
        path.chmod(0o600)
        return SqliteLedger(connection, path)

    @staticmethod
    def open_to_read(path: Path) -> "SqliteLedger":
        """Open an existing ledger without a write to its file; one of an older azsec is migrated.

        Raises:
            DiagnosticError: for a file that is no ledger, or that a newer azsec wrote.
        """
        try:
            version = _version_in(path)
            if not version:
                raise DiagnosticError(_unreadable(path, "no run has written to it"))
            if version == _VERSION:
                return SqliteLedger(_connect_to_read(path), path)
        except sqlite3.Error as problem:
            raise DiagnosticError(_unreadable(path, str(problem))) from None
        return SqliteLedger.open(path)

    def __enter__(self) -> "SqliteLedger":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def begin(self, record: RunRecord) -> RunRecord:
        """Store a run, and return it, or the one of the same name that is stored already."""
        self._execute(
            "INSERT OR IGNORE INTO runs (run, command, started_at, environments, options, "
            "fresh_since, question) VALUES (?, ?, ?, ?, ?, ?, ?)",
            record.run,
            record.command,
            record.started_at,
            json.dumps(record.environments),
            json.dumps(record.options, sort_keys=True),
            record.fresh_since,
            record.question,
        )
        return self.find_run(record.run) or record

    def find_run(self, run: str) -> RunRecord | None:
        """Return a run by its name, or None; `last` is the one that began last."""
        wanted = (
            "ORDER BY started_at DESC, rowid DESC LIMIT 1" if run == "last" else "WHERE run = ?"
        )
        query = (
            "SELECT run, command, started_at, environments, options, fresh_since, question "
            f"FROM runs {wanted}"
        )
        for row in self._rows(query, *([] if run == "last" else [run])):
            name, command, started_at, environments, options, *rest = row
            paths = tuple(self._decode(environments, f"the run {name}"))
            stated = self._decode(options, f"the run {name}")
            return RunRecord(name, command, started_at, paths, stated, *rest)
        return None

    def put(self, outcome: Outcome) -> bool:
        """Store an outcome; return False where an answer of its key is stored already.

        A stored failure of the key is replaced.
        """
        self._execute("BEGIN IMMEDIATE")
        try:
            return self._replace(outcome)
        finally:
            self._execute("COMMIT")

    def _replace(self, outcome: Outcome) -> bool:
        self._execute(
            "DELETE FROM outcomes WHERE run = ? AND environment = ? AND inputs = ? "
            "AND NOT answered",
            outcome.run,
            outcome.environment,
            outcome.inputs,
        )
        return self._execute(
            f"INSERT OR IGNORE INTO outcomes ({_COLUMNS}, document) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            outcome.run,
            outcome.command,
            outcome.environment,
            outcome.inputs,
            outcome.ended_at,
            int(outcome.answered),
            int(outcome.complete),
            int(outcome.clean),
            outcome.question,
            json.dumps(outcome.files, sort_keys=True),
            json.dumps(outcome.scope, sort_keys=True),
            json.dumps(outcome.entry, sort_keys=True),
            None if outcome.document is None else json.dumps(outcome.document, sort_keys=True),
        )

    def put_all(self, outcomes: Sequence[Outcome]) -> Sequence[bool]:
        """Store outcomes; return for each what `put` would, in their order."""
        return [self.put(outcome) for outcome in outcomes]

    def outcomes(self, run: str, environments: Collection[str] | None = None) -> Sequence[Outcome]:
        """Return the outcomes of a run, without their documents, in the order of their end."""
        query = f"SELECT {_COLUMNS} FROM outcomes WHERE run = ? ORDER BY number"
        found = [self._outcome(row) for row in self._rows(query, run)]
        return [one for one in found if environments is None or one.environment in environments]

    def newest(self, question: str, environments: Collection[str]) -> Mapping[str, Outcome]:
        """Return the newest outcome of a question by environment, where it is complete."""
        query = (
            f"SELECT {_COLUMNS} FROM outcomes WHERE number IN (SELECT max(number) FROM outcomes "
            "WHERE question = ? GROUP BY environment) AND complete"
        )
        found = [self._outcome(row) for row in self._rows(query, question)]
        return {one.environment: one for one in found if one.environment in environments}

    def document(self, run: str, environment: str, inputs: str) -> Mapping[str, Any] | None:
        """Return the document of an answer, None where there is none."""
        query = "SELECT document FROM outcomes WHERE run = ? AND environment = ? AND inputs = ?"
        for (text,) in self._rows(query, run, environment, inputs):
            what = f"the document of {environment} in the run {run}"
            return None if text is None else dict(self._decode(text, what))
        return None

    def _decode(self, text: str, what: str) -> Any:  # noqa: ANN401  any JSON
        try:
            return json.loads(text)
        except ValueError:
            raise DiagnosticError(_unreadable(self._path, f"{what} is damaged")) from None

    def _outcome(self, row: tuple[Any, ...]) -> Outcome:
        try:
            return _outcome(row)
        except ValueError:
            reason = f"the outcome of {row[2]} in the run {row[0]} is damaged"
            raise DiagnosticError(_unreadable(self._path, reason)) from None

    def _execute(self, statement: str, *values: object) -> bool:
        try:
            return self._connection.execute(statement, values).rowcount > 0
        except sqlite3.Error as problem:
            raise DiagnosticError(_unreadable(self._path, str(problem))) from None

    def _rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as problem:
            raise DiagnosticError(_unreadable(self._path, str(problem))) from None


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Return a connection that changes no file.

    While a run goes on, its log is beside the file and is read too. Without a log the file is all
    there is, and is read without the files that SQLite would make beside it (`immutable`): a run
    that begins meanwhile writes to its log first.
    """
    mode = "mode=ro" if Path(f"{path}-wal").exists() else "mode=ro&immutable=1"
    place = f"{path.absolute().as_uri()}?{mode}"
    return sqlite3.connect(place, timeout=_SECONDS, isolation_level=None, uri=True)


def _version_in(path: Path) -> int:
    """Return the version of the ledger in a file as `_version_of` does, without a change to it."""
    with closing(_connect_to_read(path)) as connection:
        return _version_of(connection, path)


def _version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a ledger, 0 of an empty file.

    Raises:
        DiagnosticError: for the database of another program, and of a newer azsec.
    """
    # One statement, so that no other process can create the tables in between.
    query = (
        "SELECT (SELECT user_version FROM pragma_user_version), "
        "(SELECT application_id FROM pragma_application_id), "
        "(SELECT count(*) FROM sqlite_master), "
        "(SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('runs', 'outcomes'))"
    )
    version, application, objects, own = connection.execute(query).fetchone()
    is_empty = not version and not application and not objects
    if not is_empty and (version <= 0 or application or own != len(("runs", "outcomes"))):
        raise DiagnosticError(_unreadable(path, "it is the database of another program"))
    if version > _VERSION:
        raise DiagnosticError(_unreadable(path, f"it has version {version}"))
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Create or migrate the tables of a file.

    The version is read where no other process can write: several may open a new ledger at once.

    Raises:
        OperationalError: Where others keep it locked.
    """
    if _version_of(connection, path) == _VERSION:
        return
    end = time.monotonic() + _SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as problem:
            # SQLite does not wait by itself for a change of the mode (sqlite.org/wal.html). The
            # lower byte of a code is its kind; a file that cannot be opened is told at once.
            is_busy = problem.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= end:
                raise
            time.sleep(0.05)
    connection.execute("BEGIN IMMEDIATE")
    version = _version_of(connection, path)
    statements = {0: _TABLES, **_UPGRADES}.get(version, "")
    while statements:
        for statement in filter(str.strip, statements.split(";")):
            connection.execute(statement)
        version = version + 1 if version else _VERSION
        statements = _UPGRADES.get(version, "")
    connection.execute(f"PRAGMA user_version={version}")
    connection.execute("COMMIT")


def _outcome(row: tuple[Any, ...]) -> Outcome:
    run, command, environment, inputs, ended_at, answered, complete, clean, *rest = row
    question, files, scope, entry = rest
    FleetEntryDocument.model_validate_json(entry)
    return Outcome(
        run=run,
        command=command,
        environment=environment,
        inputs=inputs,
        ended_at=ended_at,
        answered=bool(answered),
        complete=bool(complete),
        clean=bool(clean),
        files=json.loads(files),
        scope=json.loads(scope),
        entry=json.loads(entry),
        question=question,
    )


def _unreadable(path: Path, reason: str) -> Any:  # noqa: ANN401
    return error(
        "ledger-unreadable",
        f"{path} cannot be used as the ledger of a fleet: {reason}.",
        None,
        "Name another file with --ledger, or remove this one if its runs are not needed.",
    )
