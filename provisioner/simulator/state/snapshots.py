"""Copies of a state file: saved while a server runs, and loaded in its place.

What is loaded may come from somebody else. It is read row by row, checksums included, before it
takes the place of what was there.
"""

import contextlib
import sqlite3
import tempfile
from pathlib import Path

from provisioner.filesystem.protection import make_folder
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.simulator.state.state_file import StateFile, reset, status


def save_snapshot(state: Path, target: Path) -> int:
    """Copy a state, as it is between two writes, into a new file; return how many resources it has.

    Raises DiagnosticError where there is no state, where the state is damaged, and where the file
    is there already.
    """
    if not state.exists():
        raise DiagnosticError(
            error(
                "local-state-missing",
                f"there is no state of the built-in Azure at {state}.",
                None,
                "Name its file with --local-state, or apply something with `--cloud local` first.",
            )
        )
    found = status(state)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(mode=0o600, exist_ok=False)
    except OSError as problem:
        raise DiagnosticError(_not_written(target, problem)) from None
    try:
        _copy(state, target)
        _check(target)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return sum(found.resources.values())


def load_snapshot(snapshot: Path, state: Path) -> int:
    """Put a saved state into the place of a state; return how many resources it has.

    Raises DiagnosticError for a file that is no state, is damaged, or of another version of azsec,
    and where a server has the state open. What was there then stays.
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
        _copy(snapshot, copy)
        _check(copy)
        reset(state)
        copy.replace(state)
    return sum(status(state).resources.values())


def _copy(source: Path, target: Path) -> None:
    """Copy a database into an empty file (https://www.sqlite.org/backup.html)."""
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


def _check(path: Path) -> None:
    """Read a state whole. Raises DiagnosticError for one that is not as azsec wrote it."""
    with contextlib.closing(StateFile.open(path)) as opened:
        for _row in opened.read():
            pass
    # One file alone: the log of a database would have to go along with it.
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)


def _not_written(path: Path, problem: OSError) -> Diagnostic:
    reason = problem.strerror or str(problem)
    return error(
        "file-not-written",
        f"{path} cannot be written: {reason}.",
        None,
        "Name a file that is not there yet.",
    )
