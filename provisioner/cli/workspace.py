"""Files and folders: where environments, caches and the built-in Azure's state are."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner import __version__
from provisioner.blueprint.environment_file import BASE_KIND
from provisioner.blueprint.file_text import decode_utf8
from provisioner.blueprint.files import Sources
from provisioner.blueprint.module_lock import LOCK_FILE, LockedSource, read_lock
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.filesystem import protection
from provisioner.filesystem.atomic_write import write_atomically
from provisioner.filesystem.protection import ProtectedPathError
from provisioner.filesystem.regular_file import read_regular
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.span import Span
from provisioner.sources.content_cache import ContentCache
from provisioner.sources.git_command import GitCommand
from provisioner.sources.git_sources import GitAccess, LockedGitSources
from provisioner.sources.module_sources import ModuleSources

if TYPE_CHECKING:
    from provisioner.azure.type_index import InstalledTypes

ALLOW_OUTSIDE = "AZSEC_ALLOW_OUTSIDE"
ALLOW_FILE_SOURCES = "AZSEC_ALLOW_FILE_SOURCES"
GIT_HOSTS = "AZSEC_GIT_HOSTS"
OFFLINE = "AZSEC_OFFLINE"
LOCAL_ENDPOINT = "AZSEC_LOCAL_ENDPOINT"
TRUST = "REQUESTS_CA_BUNDLE"
"""What requests, and most of what is built on it, verify certificates with."""
MAX_BYTES = 64_000_000
"""The bytes of any file that is read. What is in it has bounds of its own."""

MAX_DUMP_BYTES = 512_000_000
"""The bytes of a dump of a cluster: 10,000 pods with their managed fields take 150 MB."""

DEFAULT_STATE = ".azsec/local.db"
_ENVIRONMENTS = Path("environments")


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
        """Return the text of a file. Raises DiagnosticError: `file-not-found`, `file-outside`,
        `file-unreadable` or `too-large`."""
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
                f"{path} leads outside of {self._within}.",
                None,
                f"Files stay inside of the repository; {ALLOW_OUTSIDE}=1 allows others.",
            )
        )


def _read_regular(path: str, most: int) -> bytes:
    """Return the bytes of a regular file, at most `most`. Raises OSError and ValueError as
    `read_regular` does, and DiagnosticError for one too large."""
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


class WorkspaceSources(ModuleSources):
    """The files that environments are composed from: `files` of the working copy, the library, and
    git as the lock at a path states it."""

    def __init__(self, files: Sources, lock: str = LOCK_FILE) -> None:
        self._locked = LockedGitSources(git_access(), lambda: read_lock(lock, files))
        super().__init__(files, self._locked)

    @property
    def used(self) -> tuple[LockedSource, ...]:
        """The git sources that were read so far."""
        return self._locked.used


def open_sources(path: str, *, git: Sources | None = None) -> ModuleSources:
    """Return the files that the environment at `path` may be composed from; those in git by the
    lock, unless other sources of them are given."""
    files = FileSources(repository_of(path))
    return WorkspaceSources(files, lock_of(path)) if git is None else ModuleSources(files, git)


def lock_of(path: str) -> str:
    """Return the path of the lock of an environment: `azsec.lock` of the working directory where
    that holds the environment, or else the nearest one above it in its own repository."""
    own = Path(path)
    if not os.path.relpath(path).startswith("..") or own.resolve().is_relative_to(Path.cwd()):
        return LOCK_FILE
    root = repository_of(path)
    for folder in own.resolve().parents:
        if (folder / LOCK_FILE).is_file():
            return str(folder / LOCK_FILE)
        if folder == root:
            break
    return str(root / LOCK_FILE)


def git_access() -> GitAccess:
    """Return how modules are fetched from git, as the variables of this process say."""
    hosts = os.environ.get(GIT_HOSTS)
    return GitAccess(
        GitCommand(
            os.environ,
            allows_files=bool(os.environ.get(ALLOW_FILE_SOURCES)),
            follows_redirects=hosts is None,
        ),
        ContentCache(cache_folder()),
        offline=bool(os.environ.get(OFFLINE)),
        hosts=None if hosts is None else frozenset(hosts.lower().replace(",", " ").split()),
    )


def repository_of(path: str) -> Path:
    """Return the folder that the files of an environment have to lie in: the nearest one above it
    with a `.git`; without one, the working directory if the environment is below it, or else the
    folder above the environment's."""
    folder = Path(path).absolute().parent
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above.resolve()
    outer = folder.resolve().parent
    here = Path.cwd().resolve()
    return here if outer.is_relative_to(here) else outer


def find_environment(name: str) -> str:
    """Return the path of an environment's file, given its name or path.

    Raises DiagnosticError where there is none, with the names that there are.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return name
    path = _ENVIRONMENTS / f"{name}.yaml"
    if not path.is_file():
        found = (entry for entry in _ENVIRONMENTS.glob("*.yaml") if not is_base(entry.as_posix()))
        known = sorted(entry.stem for entry in found)
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
    others = (one.as_posix() for one in beside if not one.samefile(own))
    return tuple(sorted(path for path in others if not is_base(path)))


def list_environment_files(*, nested: bool = False) -> tuple[str, ...]:
    """Return the paths of the environments in `environments/`, in order: every YAML file but the
    bases, also one that cannot be read, so that its mistake is told. With `nested`, also those in
    folders below it, where other files may stand: what says that it is an environment, and what
    cannot be read."""
    endings = ("yaml", "yml")
    found = [entry for ending in endings for entry in _ENVIRONMENTS.glob(f"*.{ending}")]
    paths = [path for entry in found if not is_base(path := entry.as_posix())]
    if nested:
        below = [entry for ending in endings for entry in _ENVIRONMENTS.glob(f"*/**/*.{ending}")]
        paths += [path for entry in below if _may_be_environment(path := entry.as_posix())]
    return tuple(sorted(paths))


def _may_be_environment(path: str) -> bool:
    try:
        kind = parse_yaml(FileSources().read_text(path), path).get("kind")
    except DiagnosticError:
        return True
    return kind is not None and kind.value == "Environment"


def is_base(path: str) -> bool:
    """Tell whether a file is one that environments extend, and is none by itself."""
    text = read_if_text(path)
    if BASE_KIND not in text:
        return False
    try:
        return parse_yaml(text, path).find(("kind",)).value == BASE_KIND
    except DiagnosticError:
        return False


def read_dump(path: str) -> str:
    """Return the text of a dump of a cluster, which may be larger than what people write. Raises
    what `FileSources.read_text` raises."""
    return FileSources(most=MAX_DUMP_BYTES).read_text(path)


def read_if_text(path: str) -> str:
    """Return the text of a file, "" where it cannot be read as one."""
    try:
        return FileSources().read_text(path)
    except DiagnosticError:
        return ""


def load_catalog(types: Sequence[ResourceType] | None = None) -> Catalog:
    """Return the catalog of `types` (all that azsec knows), its schema index from the cache of this
    user where it is there."""
    from provisioner.azure.schema_cache import load_catalog as load

    return load(cache_folder(), types=types, directory=installed_types())


def installed_types() -> "InstalledTypes":
    """Return the directory of the types that installed SDK packages have."""
    from provisioner.azure.type_index import InstalledTypes

    return InstalledTypes(cache_folder())


def cache_folder() -> Path:
    """Return the folder of what this user's commands remember."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("AZSEC_CACHE") or user_cache_path("azsec"))


def local_key(place: str | Path) -> str:
    """Return the name of a built-in Azure in what is remembered of clouds: of the one at an
    endpoint, or of the one with a state file. Another version of azsec offers other api versions.
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
