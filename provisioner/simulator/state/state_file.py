"""The state file: SQLite with a checksum for each row, locked by one process.

SQLite does not notice a flipped bit inside of a value. So each row has a checksum over its number,
kind, key and document, and the file a digest over the checksums of all rows: a row that was
changed, removed or added by anything else is noticed before anything is answered from it. The file
has no index that could contradict the rows: they are looked up in memory.
"""

import contextlib
import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.filesystem.lock import FileLock, LockedError
from provisioner.filesystem.protection import (
    ProtectedPathError,
    check_writable_in_place,
    create_private,
    make_folder,
)
from provisioner.model.diagnostic import DiagnosticError, error

_APPLICATION = 0x617A7363
_FORMAT = 3
_RESET = "`azsec local reset` starts a new, empty one."
_SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; it opens them by name, whatever is there."""
_BYTES = 16
_TABLES = 2


class StateFile:
    """An open state file, locked against other processes until `close`."""

    def __init__(self, path: Path, lock: FileLock, connection: sqlite3.Connection) -> None:
        self.path = path
        self._lock = lock
        self._connection = connection
        self._rows: dict[tuple[str, str], tuple[int, int]] = {}
        self._next = 1
        self._digest = 0

    @staticmethod
    def open(path: Path) -> "StateFile":
        """Open or create the file at `path`.

        A file that another process has open is a DiagnosticError (`local-state-in-use`).

        Raises:
            UnreadableStateError: it is no state file of this version (`local-state-unreadable`).
            RefusedStateError: it is a link, a FIFO, a device or a directory
                (`local-state-refused`).
        """
        lock = _take_lock(path)
        connection: sqlite3.Connection | None = None
        try:
            _check_paths(path)
            create_private(path)
            connection = sqlite3.connect(path, check_same_thread=False)
            _prepare_tables(connection, path)
        except sqlite3.DatabaseError as problem:
            _close_file(connection, lock)
            raise UnreadableStateError(path, str(problem)) from problem
        except OSError as problem:
            _close_file(connection, lock)
            raise RefusedStateError(path, problem) from None
        except BaseException:
            _close_file(connection, lock)
            raise
        return StateFile(path, lock, connection)

    def read(self) -> Iterator[tuple[str, str, str]]:
        """Yield kind, key and document of each row, oldest first.

        Raises:
            DamagedStateError: a checksum is wrong, or, at the end, a row is missing or one too
                many.
        """
        try:
            for number, kind, key, document, checksum in self._connection.execute(
                "SELECT number, kind, key, document, checksum FROM entry ORDER BY number"
            ):
                found = _row_checksum(number, kind, key, document)
                if found != checksum:
                    raise DamagedStateError(self.path, f"row {number} does not have its checksum")
                self._remember_row(kind, key, number, int.from_bytes(found, "big"))
                yield kind, key, document
            (digest,) = self._connection.execute("SELECT digest FROM whole").fetchone() or (b"",)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as problem:
            raise DamagedStateError(self.path, str(problem)) from problem
        if digest != self._digest.to_bytes(_BYTES, "big"):
            raise DamagedStateError(self.path, "rows are missing, or there are too many")

    def write(self, changes: Sequence[tuple[str, str, str | None]]) -> None:
        """Write changes in one transaction: kind, key, and document (None for a removed row).

        If this raises, the file is unchanged.
        """
        digest, following = self._digest, self._next
        before = {(kind, key): self._rows.get((kind, key)) for kind, key, _ in changes}
        try:
            with self._connection:
                for kind, key, document in changes:
                    self._write_row(kind, key, document)
                self._connection.execute(
                    "UPDATE whole SET digest = ?", (self._digest.to_bytes(_BYTES, "big"),)
                )
        except BaseException:
            self._digest, self._next = digest, following
            for row_key, row in before.items():
                self._rows.pop(row_key, None)
                if row is not None:
                    self._rows[row_key] = row
            raise

    def _write_row(self, kind: str, key: str, document: str | None) -> None:
        known = self._rows.pop((kind, key), None)
        if known is not None:
            self._digest ^= known[1]
        if document is None:
            if known is not None:
                self._connection.execute("DELETE FROM entry WHERE number = ?", (known[0],))
            return
        number = known[0] if known is not None else self._next
        checksum = _row_checksum(number, kind, key, document)
        self._connection.execute(
            "INSERT OR REPLACE INTO entry (number, kind, key, document, checksum)"
            " VALUES (?, ?, ?, ?, ?)",
            (number, kind, key, document, checksum),
        )
        self._remember_row(kind, key, number, int.from_bytes(checksum, "big"))

    def _remember_row(self, kind: str, key: str, number: int, checksum: int) -> None:
        self._rows[kind, key] = number, checksum
        self._digest ^= checksum
        self._next = max(self._next, number + 1)

    def close(self) -> None:
        """Close the file and release its lock."""
        _close_file(self._connection, self._lock)


def _close_file(connection: sqlite3.Connection | None, lock: FileLock) -> None:
    if connection is not None:
        connection.close()
    lock.release()


def _row_checksum(number: int, kind: str, key: str, document: str) -> bytes:
    """Return the checksum of a row, which a flipped bit anywhere in it changes.

    It is not keyed: it detects damage, not tampering. Whoever can write the file owns the state.
    """
    content = f"{number}\0{kind}\0{key}\0{document}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=_BYTES).digest()


def _prepare_tables(connection: sqlite3.Connection, path: Path) -> None:
    """Check that the file is a state file; an empty file is made one.

    Raises:
        UnreadableStateError: it is something else.
        DamagedStateError: a table is missing.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and (application, version) != (_APPLICATION, _FORMAT):
        raise UnreadableStateError(path, "it was written by something else, or by another version")
    if application == _APPLICATION and tables != _TABLES:
        raise DamagedStateError(path, "a table is missing")
    connection.execute("PRAGMA journal_mode = WAL")
    # With a write-ahead log NORMAL loses no commit when the process is killed; the last ones may be
    # lost at a power failure, and the file stays consistent
    # (https://www.sqlite.org/pragma.html#pragma_synchronous).
    connection.execute("PRAGMA synchronous = NORMAL")
    # What was deleted or replaced is overwritten: no old value stays in the file, unchecked.
    connection.execute("PRAGMA secure_delete = ON")
    if not tables:
        # One transaction: a kill in between would leave a file that is neither empty nor ours.
        connection.executescript(
            "BEGIN;"
            f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_FORMAT};"
            "CREATE TABLE entry (number INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
            " key TEXT NOT NULL, document TEXT NOT NULL, checksum BLOB NOT NULL);"
            "CREATE TABLE whole (digest BLOB NOT NULL);"
            f"INSERT INTO whole (digest) VALUES (zeroblob({_BYTES}));"
            "COMMIT;"
        )


def _take_lock(path: Path) -> FileLock:
    try:
        _check_paths(path)  # no lock is left beside what is not ours
    except OSError as problem:
        raise RefusedStateError(path, problem) from None
    try:
        make_folder(path.parent, private=True)
        return FileLock(_lock_path(path))
    except LockedError as problem:
        raise DiagnosticError(
            error(
                "local-state-in-use",
                f"{path} is in use by another azsec (process {problem.holder or 'unknown'}).",
                hint="Stop `azsec local serve` there, or wait until that command has ended.",
            )
        ) from None
    except OSError as problem:
        raise RefusedStateError(_lock_path(path), problem) from None


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _check_paths(path: Path) -> None:
    """Check that SQLite would write only to files that azsec created.

    Something else is a ProtectedPathError.
    """
    for suffix in ("", *_SIDE_FILES):
        check_writable_in_place(path.with_name(path.name + suffix))


class DamagedStateError(DiagnosticError):
    """A state file whose content is not what azsec wrote."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            error(
                "local-state-damaged",
                f"{path}: the state of the built-in Azure is damaged: {reason}.",
                hint=_RESET,
            )
        )


class UnreadableStateError(DiagnosticError):
    """A file that is no state, or one of another version."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            error(
                "local-state-unreadable",
                f"{path} is not a state of the built-in Azure that this azsec can read: {reason}.",
                hint=_RESET,
            )
        )


class RefusedStateError(DiagnosticError):
    """A state file that cannot be opened, or is a link, a FIFO, a device or a directory."""

    def __init__(self, path: Path, problem: OSError) -> None:
        reason = problem.strerror or str(problem)
        said = reason if isinstance(problem, ProtectedPathError) else f"cannot be opened: {reason}"
        super().__init__(
            error(
                "local-state-refused",
                f"{path} {said}.",
                hint="Name another file with --state or AZSEC_LOCAL_STATE, or remove what is "
                "there.",
            )
        )


@dataclass(frozen=True, slots=True)
class StateStatus:
    """The content of a state file; `size` is in bytes, `holder` the process that has it open."""

    path: Path
    exists: bool
    size: int
    resources: Mapping[str, int]
    deleted: int
    subscriptions: tuple[str, ...]
    holder: int | None


def status(path: Path) -> StateStatus:
    """Return the content of the state file at `path`.

    Raises:
        RefusedStateError: it cannot be opened.
        UnreadableStateError: it is no state file of this version.
        DamagedStateError: SQLite cannot read it.
    """
    try:
        _check_paths(path)
    except OSError as problem:
        raise RefusedStateError(path, problem) from None
    if not path.exists():
        return StateStatus(path, False, 0, {}, 0, (), None)
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if (application, version) != (_APPLICATION, _FORMAT):
                raise UnreadableStateError(
                    path, "it was written by something else, or by another version"
                )
            rows = connection.execute(
                "SELECT kind, key, CASE kind WHEN 'resource' THEN json_extract(document, '$[1]')"
                " END FROM entry ORDER BY number"
            ).fetchall()
    except sqlite3.DatabaseError as problem:
        raise DamagedStateError(path, str(problem)) from problem
    counts = Counter(type_name for kind, _, type_name in rows if kind == "resource")
    return StateStatus(
        path=path,
        exists=True,
        size=path.stat().st_size,
        resources=dict(sorted(counts.items())),
        deleted=sum(kind == "deleted" for kind, _, _ in rows),
        subscriptions=tuple(key for kind, key, _ in rows if kind == "subscription"),
        holder=_lock_holder(path),
    )


def _lock_holder(path: Path) -> int | None:
    try:
        FileLock(_lock_path(path)).release()
    except LockedError as problem:
        return problem.holder
    except OSError as problem:
        raise RefusedStateError(_lock_path(path), problem) from None
    return None


def reset(path: Path) -> None:
    """Remove the state file at `path`; its lock file stays.

    If the lock file were removed, a process that had opened it before would lock a file that no
    other one opens any more, and both would write one state. A state in use is a DiagnosticError.

    Raises:
        RefusedStateError: it is a link, a FIFO, a device or a directory.
    """
    if not path.parent.exists():
        return
    lock = _take_lock(path)
    try:
        _check_paths(path)
        for suffix in ("", *_SIDE_FILES):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as problem:
        raise RefusedStateError(path, problem) from None
    finally:
        lock.release()
