"""What the simulator remembers: tables in memory, written through to one SQLite file.

Each request is one transaction (`Store.commit`, `Store.rollback`), so that a kill at any moment
leaves a state between two requests. The file is locked while a simulator has it open.
"""

import contextlib
import json
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.simulator.records import Deleted, Operation, Record

if sys.platform != "win32":
    import fcntl

_APPLICATION = 0x617A7363
_FORMAT = 1
_RESET = "`azsec local reset` starts a new, empty one."

Row = TypeVar("Row")


class Table(Generic[Row]):
    """Rows by key, with what this request has changed. Keys are in lower case."""

    def __init__(
        self, name: str, encode: Callable[[Row], Any], decode: Callable[[Any], Row]
    ) -> None:
        self.name = name
        self._encode = encode
        self._decode = decode
        self._rows: dict[str, Row] = {}
        self._before: dict[str, Row | None] = {}

    def get(self, key: str) -> Row | None:
        """Return the row of `key`, or None."""
        return self._rows.get(key)

    def items(self) -> list[tuple[str, Row]]:
        """Return all rows with their keys, the oldest first."""
        return list(self._rows.items())

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, key: str, row: Row) -> None:
        """Add or replace a row."""
        self._before.setdefault(key, self._rows.get(key))
        self._set(key, row)

    def remove(self, key: str) -> None:
        """Remove a row; one that is not there is removed already."""
        if key in self._rows:
            self._before.setdefault(key, self._rows[key])
            self._unset(key)

    def load(self, key: str, text: str) -> None:
        """Take a row as it stands in the file."""
        self._set(key, self._decode(json.loads(text)))

    def drain(self) -> Iterator[tuple[str, str | None]]:
        """Yield what has changed, as text (None for a removed row), and forget that it has."""
        for key in self._before:
            row = self._rows.get(key)
            yield key, None if row is None else json.dumps(self._encode(row))
        self._before.clear()

    def rollback(self) -> None:
        """Undo what has changed since the last `drain`."""
        for key, row in self._before.items():
            if row is None:
                self._unset(key)
            else:
                self._set(key, row)
        self._before.clear()

    def _set(self, key: str, row: Row) -> None:
        self._rows[key] = row

    def _unset(self, key: str) -> None:
        self._rows.pop(key, None)


class ResourceTable(Table[Record]):
    """The resources, with the indexes that lists and checks need."""

    def __init__(self) -> None:
        super().__init__("resource", Record.to_json, Record.from_json)
        self._by_type: dict[str, dict[str, None]] = {}
        self._inside: dict[str, dict[str, None]] = {}
        self._referrers: dict[str, dict[str, None]] = {}

    def of_type(self, type_name: str) -> list[Record]:
        """Return the resources of a type, the oldest first."""
        return [self._rows[key] for key in self._by_type.get(type_name.lower(), ())]

    def inside(self, container: str) -> list[Record]:
        """Return what stands directly in the resource, group or subscription of this key."""
        return [self._rows[key] for key in self._inside.get(container, ())]

    def below(self, container: str) -> Iterator[Record]:
        """Yield everything below the resource, group or subscription of this key."""
        for record in self.inside(container):
            yield record
            yield from self.below(record.id.key)

    def referring_to(self, key: str) -> list[Record]:
        """Return the resources whose bodies refer to the resource of this key."""
        return [self._rows[referrer] for referrer in self._referrers.get(key, ())]

    def _set(self, key: str, row: Record) -> None:
        before = self._rows.get(key)
        if before is not None and before.references != row.references:
            self._drop_references(key, before)
        self._rows[key] = row
        self._by_type.setdefault(row.type.lower(), {})[key] = None
        container = row.id.container
        self._inside.setdefault(container.key if container else "", {})[key] = None
        for target in row.references:
            self._referrers.setdefault(target, {})[key] = None

    def _unset(self, key: str) -> None:
        row = self._rows.pop(key, None)
        if row is not None:
            self._by_type[row.type.lower()].pop(key, None)
            container = row.id.container
            self._inside[container.key if container else ""].pop(key, None)
            self._drop_references(key, row)

    def _drop_references(self, key: str, row: Record) -> None:
        for target in row.references:
            self._referrers.get(target, {}).pop(key, None)


class OperationTable(Table[Operation]):
    """The long operations: those that run, and the latest of those that have ended."""

    _KEPT = 1000

    def __init__(self) -> None:
        super().__init__("operation", Operation.to_json, Operation.from_json)
        self._running: dict[str, None] = {}

    def running(self) -> list[Operation]:
        """Return the operations that have not ended, the oldest first."""
        return [self._rows[key] for key in self._running]

    def forget_ended(self) -> None:
        """Forget the oldest of many operations that have ended: nobody polls them any more."""
        if len(self._rows) <= 2 * self._KEPT:
            return
        ended = [key for key in self._rows if key not in self._running]
        for key in ended[: -self._KEPT]:
            self.remove(key)

    def _set(self, key: str, row: Operation) -> None:
        super()._set(key, row)
        if row.settled:
            self._running.pop(key, None)
        else:
            self._running[key] = None

    def _unset(self, key: str) -> None:
        super()._unset(key)
        self._running.pop(key, None)


def _same(value: Row) -> Row:
    return value


class Store:
    """Everything that a simulator remembers, in a file or (path None) in memory only.

    `deployments` holds what GET answers for each, with its token and its end. `addresses` holds
    what was given out of each subnet, by `subnet key|owner`. `subscriptions` holds display names by
    id; `registrations` the namespaces and features that are not registered, by
    `subscription/namespace` and `subscription/namespace/feature`; `quotas` the limits that were
    changed, by `subscription/region/name`.

    Raises DiagnosticError for a file that is not one of these, or that another process has open.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.resources = ResourceTable()
        self.operations = OperationTable()
        self.deployments: Table[dict[str, Any]] = Table("deployment", _same, _same)
        self.deleted: Table[Deleted] = Table("deleted", Deleted.to_json, Deleted.from_json)
        self.addresses: Table[str] = Table("address", _same, _same)
        self.subscriptions: Table[str] = Table("subscription", _same, _same)
        self.registrations: Table[str] = Table("registration", _same, _same)
        self.quotas: Table[str] = Table("quota", _same, _same)
        self._lock: _Lock | None = None
        self._connection: sqlite3.Connection | None = None
        if path is not None:
            self._open(path)

    @property
    def tables(self) -> tuple[Table[Any], ...]:
        """All tables."""
        return (
            self.resources,
            self.operations,
            self.deployments,
            self.deleted,
            self.addresses,
            self.subscriptions,
            self.registrations,
            self.quotas,
        )

    def commit(self) -> None:
        """Keep what has changed since the last commit."""
        changes = [(table.name, key, text) for table in self.tables for key, text in table.drain()]
        if not changes or self._connection is None:
            return
        with self._connection:
            for name, key, text in changes:
                if text is None:
                    self._connection.execute(
                        "DELETE FROM entry WHERE kind = ? AND key = ?", (name, key)
                    )
                else:
                    self._connection.execute(
                        "INSERT INTO entry (kind, key, document) VALUES (?, ?, ?)"
                        " ON CONFLICT (kind, key) DO UPDATE SET document = excluded.document",
                        (name, key, text),
                    )

    def rollback(self) -> None:
        """Undo what has changed since the last commit."""
        for table in self.tables:
            table.rollback()

    def close(self) -> None:
        """Close the file and let others open it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _open(self, path: Path) -> None:
        self._lock = _Lock(path)
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False)
            _prepare(self._connection, path)
            self._load(self._connection)
        except (sqlite3.DatabaseError, KeyError, TypeError, ValueError) as problem:
            self.close()
            raise _unreadable(path, str(problem)) from problem
        except DiagnosticError:
            self.close()
            raise

    def _load(self, connection: sqlite3.Connection) -> None:
        by_name = {table.name: table for table in self.tables}
        for kind, key, document in connection.execute(
            "SELECT kind, key, document FROM entry ORDER BY number"
        ):
            by_name[kind].load(key, document)


def _unreadable(path: Path, reason: str) -> DiagnosticError:
    return DiagnosticError(
        error(
            "local-state-unreadable",
            f"{path} is not a state of the built-in Azure that this azsec can read: {reason}.",
            hint=_RESET,
        )
    )


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Check that the file is ours, or make it so where it is empty."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and (application, version) != (_APPLICATION, _FORMAT):
        raise _unreadable(path, "it was written by something else, or by another version")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if not tables:
        connection.executescript(
            f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_FORMAT};"
            "CREATE TABLE entry (number INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
            " key TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (kind, key));"
        )


class _Lock:
    """Keeps a second process away from a file; the operating system drops it with the process."""

    def __init__(self, path: Path) -> None:
        self._path = _lock_path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform != "win32":
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            holder = os.read(self._handle, 32).decode(errors="replace").strip()
            os.close(self._handle)
            raise DiagnosticError(
                error(
                    "local-state-in-use",
                    f"{path} is in use by another azsec (process {holder or 'unknown'}).",
                    hint="Stop `azsec local serve` there, or wait until that command has ended.",
                )
            ) from problem
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let others in."""
        os.close(self._handle)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


@dataclass(frozen=True, slots=True)
class StateStatus:
    """What a state file holds. `size` is in bytes; `holder` is the process that has it open."""

    path: Path
    exists: bool
    size: int
    resources: Mapping[str, int]
    deleted: int
    subscriptions: tuple[str, ...]
    holder: int | None


def status(path: Path) -> StateStatus:
    """Return what the state file at `path` holds. Raises DiagnosticError if it is not one."""
    if not path.exists():
        return StateStatus(path, False, 0, {}, 0, (), None)
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application != _APPLICATION:
                raise _unreadable(path, "it was written by something else")
            rows = connection.execute(
                "SELECT kind, key, CASE kind WHEN 'resource' THEN json_extract(document, '$[1]')"
                " END FROM entry ORDER BY number"
            ).fetchall()
    except sqlite3.DatabaseError as problem:
        raise _unreadable(path, str(problem)) from problem
    counts = Counter(type_name for kind, _, type_name in rows if kind == "resource")
    return StateStatus(
        path=path,
        exists=True,
        size=path.stat().st_size,
        resources=dict(sorted(counts.items())),
        deleted=sum(kind == "deleted" for kind, _, _ in rows),
        subscriptions=tuple(key for kind, key, _ in rows if kind == "subscription"),
        holder=_holder(path),
    )


def _holder(path: Path) -> int | None:
    try:
        _Lock(path).release()
    except DiagnosticError:
        text = _lock_path(path).read_text(encoding="ascii").strip()
        return int(text) if text.isdigit() else None
    return None


def reset(path: Path) -> None:
    """Forget everything in the state file at `path`. Raises DiagnosticError while it is in use."""
    if not path.parent.exists():
        return
    lock = _Lock(path)
    try:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    finally:
        lock.release()
        _lock_path(path).unlink(missing_ok=True)
