"""Files that commands read and write, and the folders of caches and of the built-in Azure.

Reading is bounded, and writing is atomic: a file is written whole or not at all. This module does
not import the models of blueprints, because `azsec local` starts without them.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner import __version__
from provisioner.blueprint.file_text import decode_utf8
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.filesystem import protection
from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import ProtectedPathError
from provisioner.filesystem.regular_file import read_regular
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.span import Span

if TYPE_CHECKING:
    from provisioner.azure.type_index import InstalledTypes

ALLOW_OUTSIDE = "AZSEC_ALLOW_OUTSIDE"
LOCAL_ENDPOINT = "AZSEC_LOCAL_ENDPOINT"
TRUST = "REQUESTS_CA_BUNDLE"
"""The variable with the CA bundle of requests, and of most libraries built on it."""
MAX_BYTES = 64_000_000
"""The bytes of any file that is read. What is in it has bounds of its own."""

MAX_DUMP_BYTES = 512_000_000
"""The bytes of a dump of a cluster: 10,000 pods with their managed fields take 150 MB."""

DEFAULT_STATE = ".azsec/local.db"


class FileSources:
    """The files that a command reads.

    `within` is the folder that they have to lie in, symbolic links followed: a pull request from a
    fork must not show what else is on the machine that plans it. None: they may lie anywhere.
    `most` is how many bytes one may have.
    """

    def __init__(self, within: Path | None = None, most: int = MAX_BYTES) -> None:
        self._most = most
        self._within = None if os.environ.get(ALLOW_OUTSIDE) else within

    def read_text(self, path: str) -> str:
        """Return the text of a file.

        Raises:
            DiagnosticError: `file-not-found`, `file-outside`, `file-unreadable` or `too-large`.
        """
        try:
            self._check_place(path)
            return decode_utf8(_read_regular(path, self._most), path)
        except FileNotFoundError:
            raise DiagnosticError(
                error("file-not-found", f"there is no file {path!r}.", None, "Check the path.")
            ) from None
        except (OSError, ValueError) as problem:
            said = (problem.strerror or str(problem)) if isinstance(problem, OSError) else problem
            raise DiagnosticError(
                error("file-unreadable", f"{path} cannot be read: {said}.", Span(path, 1, 1))
            ) from None

    def _check_place(self, path: str) -> None:
        if self._within is None or Path(path).resolve().is_relative_to(self._within):
            return
        raise DiagnosticError(
            error(
                "file-outside",
                f"{path} is outside of {self._within}.",
                None,
                f"Files stay inside of the repository; {ALLOW_OUTSIDE}=1 allows others.",
            )
        )


def _read_regular(path: str, most: int) -> bytes:
    """Return the bytes of a regular file, at most `most`.

    Raises OSError and ValueError as `read_regular` does.

    Raises:
        DiagnosticError: Where the file is larger.
    """
    content = read_regular(path, most)
    if len(content) > most:
        raise DiagnosticError(
            error(
                "too-large",
                f"the file has more than {most:,} bytes; no more are read.",
                Span(path, 1, 1),
                "docs/untrusted-input.md lists the bounds.",
            )
        )
    return content


def read_if_text(path: str) -> str:
    """Return the text of a file, "" where it cannot be read as one."""
    try:
        return FileSources().read_text(path)
    except DiagnosticError:
        return ""


def load_catalog(types: Sequence[ResourceType] | None = None) -> Catalog:
    """Return the catalog of `types` (by default of all that azsec knows).

    Its schema index is read from the user's cache where that has it.
    """
    from provisioner.azure.schema_cache import load_catalog as load

    return load(cache_folder(), types=types, directory=installed_types())


def installed_types() -> "InstalledTypes":
    """Return the directory of the types that installed SDK packages have."""
    from provisioner.azure.type_index import InstalledTypes

    return InstalledTypes(cache_folder())


def cache_folder() -> Path:
    """Return the folder of this user's caches."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("AZSEC_CACHE") or user_cache_path("azsec"))


def local_key(place: str | Path) -> str:
    """Return the key of a built-in Azure in the cache of clouds, by its endpoint or its state file.

    Another version of azsec offers other api versions.
    """
    named = place.resolve() if isinstance(place, Path) else place.rstrip("/")
    return f"local {__version__} {named}"


def state_path(given: str | None) -> Path:
    """Return the file of the built-in Azure's state, its folder made for this user alone.

    azsec's own folder ignores itself, so that `git add .` takes no state into a repository. Raises
    DiagnosticError where the folder cannot be.
    """
    path = Path(given or DEFAULT_STATE)
    make_folder(path.parent, private=True)
    ignored = path.parent / ".gitignore"
    if given is None and not ignored.exists():
        write_file(str(ignored), "*\n")
    return path


def make_folder(path: Path, *, private: bool = False) -> None:
    """Make a folder and its parents; new ones are accessible to this user alone if `private`.

    Raises:
        DiagnosticError: Where the folder cannot be made.
    """
    try:
        protection.make_folder(path, private=private)
    except OSError as problem:
        raise DiagnosticError(_not_written(path.as_posix(), problem, "made")) from None


def write_file(path: str, text: str, *, private: bool = True) -> None:
    """Write a text file whole or not at all, for this user alone unless it is not `private`.

    `/dev/stdout`, `/dev/stderr`, `/dev/fd/N` and `/dev/null` are written.

    Raises:
        BrokenPipeError: Where the reader of `/dev/stdout` has gone.
        DiagnosticError: Where the file cannot be written, and where `path` is a link, a FIFO or a
            device.
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


_IGNORED = """\
# What azsec keeps of the built-in Azure, and plan files: they hold bodies as Azure answered them.
.azsec/
*.azplan
"""


def ignore_plan_files(directory: str) -> list[str]:
    """Write a .gitignore for the files that azsec writes into a repository; return its path.

    Nothing where there is one already. Raises DiagnosticError where it cannot be written.
    """
    path = Path(directory) / ".gitignore"
    if path.exists() or path.is_symlink():
        return []
    write_file(str(path), _IGNORED, private=False)
    return [str(path)]
