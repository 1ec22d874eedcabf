"""Snapshots of a state file, saved while a server runs and loaded in its place.

A snapshot may come from somebody else: it is read row by row with its checksums before it replaces
the state.
"""

import contextlib
import sqlite3
import tempfile
from pathlib import Path

from provisioner.filesystem.protection import make_folder
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.simulator.state.state_file import StateFile, reset, status


def save_snapshot(state: Path, target: Path) -> int:
    """Copy a state, as it is between two requests, to a new file; return its number of resources.

    Raises:
        DiagnosticError: there is no state, it is damaged, or the file exists.
    """
    if not state.exists():
        raise DiagnosticError(
            error(
                "local-state-missing",
                f"there is no state of the built-in Azure at {state}.",
                None,
                "Name its file with --state, or apply something with `--cloud local` first.",
            )
        )
    found = status(state)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(mode=0o600, exist_ok=False)
    except OSError as problem:
        raise DiagnosticError(_write_diagnostic(target, problem)) from None
    try:
        _copy_database(state, target)
        _verify_state(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return sum(found.resources.values())


def load_snapshot(snapshot: Path, state: Path) -> int:
    """Replace a state by a snapshot; return its number of resources.

    The former state stays if that fails.

    Raises:
        DiagnosticError: the snapshot is missing, damaged or of another version, or a server has the
            state open.
    """
    if not snapshot.is_file():
        raise DiagnosticError(
            error(
                "local-state-missing",
                f"there is no file {snapshot}.",
                None,
                "`azsec local save FILE` writes one.",
            )
        )
    make_folder(state.parent, private=True)
    with tempfile.TemporaryDirectory(dir=state.parent, prefix=".azsec-load-") as folder:
        copy = Path(folder) / "state.db"
        copy.touch(mode=0o600)
        _copy_database(snapshot, copy)
        _verify_state(copy)
        reset(state)
        copy.replace(state)
    return sum(status(state).resources.values())


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database to an empty file (https://www.sqlite.org/backup.html).

    Raises:
        DiagnosticError: SQLite cannot read the source.
    """
    uri = f"{source.resolve().as_uri()}?mode=ro"
    try:
        with (
            contextlib.closing(sqlite3.connect(uri, uri=True)) as before,
            contextlib.closing(sqlite3.connect(target)) as after,
        ):
            before.backup(after)
    except sqlite3.DatabaseError as problem:
        raise DiagnosticError(
            error(
                "local-state-unreadable",
                f"{source} is not a state of the built-in Azure that this azsec can read: "
                f"{problem}.",
                None,
                "`azsec local save FILE` writes one.",
            )
        ) from None


def _verify_state(path: Path) -> None:
    """Read all rows of a state; a damaged one is a DiagnosticError."""
    with contextlib.closing(StateFile.open(path)) as opened:
        for _row in opened.read():
            pass
    # One file alone: the log of a database would have to go along with it.
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


def _write_diagnostic(path: Path, problem: OSError) -> Diagnostic:
    reason = problem.strerror or str(problem)
    return error(
        "file-not-written",
        f"{path} cannot be written: {reason}.",
        None,
        "Name a file that is not there yet.",
    )
