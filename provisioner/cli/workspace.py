"""Files and folders: where environments, caches and the built-in Azure's state are."""

import os
from pathlib import Path

from provisioner.catalog.registry import Catalog
from provisioner.filesystem import protection
from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import ProtectedPathError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.span import Span

DEFAULT_STATE = ".azsec/local.db"
_ENVIRONMENTS = Path("environments")


class FileSources:
    """The files of the folder that the command runs in."""

    def read_text(self, path: str) -> str:
        """Return the text of a file. Raises DiagnosticError (`file-not-found`)."""
        try:
            return Path(path).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DiagnosticError(
                error("file-not-found", f"there is no file {path!r}.", None, "Check the path.")
            ) from None
        except (OSError, UnicodeDecodeError) as problem:
            raise DiagnosticError(
                error("file-unreadable", f"{path} cannot be read: {problem}.", Span(path, 1, 1))
            ) from None


def find_environment(name: str) -> str:
    """Return the path of an environment's file, given its name or path.

    Raises DiagnosticError where there is none, with the names that there are.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return name
    path = _ENVIRONMENTS / f"{name}.yaml"
    if not path.is_file():
        known = sorted(entry.stem for entry in _ENVIRONMENTS.glob("*.yaml"))
        raise DiagnosticError(
            error(
                "unknown-environment",
                f"there is no environment {name!r}: {path} does not exist.",
                None,
                nearest(name, known) if known else "Write one with `azsec init`.",
            )
        )
    return path.as_posix()


def find_siblings(path: str) -> tuple[str, ...]:
    """Return the paths of the other environment files in the directory of one, in order."""
    own = Path(path)
    if not own.is_file():
        return ()
    beside = [entry for suffix in ("yaml", "yml") for entry in own.parent.glob(f"*.{suffix}")]
    return tuple(sorted(one.as_posix() for one in beside if not one.samefile(own)))


def read_if_text(path: str) -> str:
    """Return the text of a file, "" where it cannot be read as one."""
    try:
        return FileSources().read_text(path)
    except DiagnosticError:
        return ""


def load_catalog() -> Catalog:
    """Return the catalog, its schema index from the cache of this user where it is there."""
    from platformdirs import user_cache_path

    from provisioner.azure.schema_cache import load_catalog as load

    return load(Path(os.environ.get("AZSEC_CACHE") or user_cache_path("azsec")))


def state_path(given: str | None) -> Path:
    """Return the file of the built-in Azure's state, its folder made for this user alone.

    Raises DiagnosticError where the folder cannot be.
    """
    path = Path(given or DEFAULT_STATE)
    make_folder(path.parent, private=True)
    return path


def make_folder(path: Path, *, private: bool = False) -> None:
    """Make a folder with those above it; `private` keeps others out of new ones.

    Raises DiagnosticError where it cannot be.
    """
    try:
        protection.make_folder(path, private=private)
    except OSError as problem:
        raise DiagnosticError(_not_written(path.as_posix(), problem, "made")) from None


def write_file(path: str, text: str, *, private: bool = True) -> None:
    """Write a text file whole or not at all, for this user alone unless it is not `private`.

    Raises DiagnosticError where it cannot be, and where `path` is a link, a FIFO or a device; but
    `/dev/stdout`, `/dev/stderr`, `/dev/fd/N` and `/dev/null` are written.
    """
    try:
        write_atomically(Path(path), text.encode(), private=private)
    except BrokenPipeError:
        raise  # the reader of /dev/stdout went away, which is no failure
    except OSError as problem:
        raise DiagnosticError(_not_written(path, problem, "written")) from None


def _not_written(path: str, problem: OSError, done: str) -> Diagnostic:
    if isinstance(problem, ProtectedPathError):
        return error(
            "file-not-written",
            f"{problem}.",
            None,
            "Name a regular file, or remove what is there if it is yours.",
        )
    return error("file-not-written", f"{path} cannot be {done}: {problem.strerror or problem}.")
