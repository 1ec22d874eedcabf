"""The files and folders of a working copy: environments, their sources, and their lock."""

import os
from pathlib import Path

from provisioner.blueprint.environment_file import BASE_KIND
from provisioner.blueprint.file_schemas import Sources
from provisioner.blueprint.module_lock import LOCK_FILE, LockedSource, read_lock
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.cli.files import (
    ALLOW_OUTSIDE,
    DEFAULT_STATE,
    LOCAL_ENDPOINT,
    MAX_BYTES,
    MAX_DUMP_BYTES,
    TRUST,
    FileSources,
    cache_folder,
    installed_types,
    load_catalog,
    local_key,
    make_folder,
    read_if_text,
    state_path,
    write_file,
)
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.sources.content_cache import ContentCache
from provisioner.sources.git_command import GitCommand
from provisioner.sources.git_sources import GitAccess, LockedGitSources
from provisioner.sources.module_sources import ModuleSources

__all__ = (
    "ALLOW_FILE_SOURCES",
    "ALLOW_OUTSIDE",
    "DEFAULT_STATE",
    "GIT_HOSTS",
    "LOCAL_ENDPOINT",
    "MAX_BYTES",
    "MAX_DUMP_BYTES",
    "OFFLINE",
    "TRUST",
    "FileSources",
    "WorkspaceSources",
    "cache_folder",
    "find_environment",
    "find_siblings",
    "git_access",
    "installed_types",
    "is_base",
    "list_environment_files",
    "load_catalog",
    "local_key",
    "lock_of",
    "make_folder",
    "open_sources",
    "read_dump",
    "read_if_text",
    "repository_of",
    "state_path",
    "write_file",
)

ALLOW_FILE_SOURCES = "AZSEC_ALLOW_FILE_SOURCES"
GIT_HOSTS = "AZSEC_GIT_HOSTS"
OFFLINE = "AZSEC_OFFLINE"
_ENVIRONMENTS = Path("environments")


class WorkspaceSources(ModuleSources):
    """The sources that environments are composed from.

    `files` of the working copy, the library, and git by the lock at a path.
    """

    def __init__(self, files: Sources, lock: str = LOCK_FILE) -> None:
        self._locked = LockedGitSources(git_access(), lambda: read_lock(lock, files))
        super().__init__(files, self._locked)

    @property
    def used(self) -> tuple[LockedSource, ...]:
        """The git sources that were read so far."""
        return self._locked.used


def open_sources(path: str, *, git: Sources | None = None) -> ModuleSources:
    """Return the sources that the environment at `path` may be composed from.

    Those in git by the lock, unless `git` is given.
    """
    files = FileSources(repository_of(path))
    return WorkspaceSources(files, lock_of(path)) if git is None else ModuleSources(files, git)


def lock_of(path: str) -> str:
    """Return the path of the lock of an environment.

    `azsec.lock` of the working directory where that contains the environment, otherwise the nearest
    one above it in its own repository.
    """
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
    """Return the settings for fetching modules from git, by the variables of this process."""
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
    """Return the folder that has to contain all files of an environment.

    The nearest one above it with a `.git`; without one, the working directory if the environment is
    below it, otherwise the parent of the environment's folder.
    """
    folder = Path(path).absolute().parent
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above.resolve()
    outer = folder.resolve().parent
    here = Path.cwd().resolve()
    return here if outer.is_relative_to(here) else outer


def find_environment(name: str) -> str:
    """Return the path of an environment's file, given its name or path.

    Raises:
        DiagnosticError: Where there is none; the hint has the nearest name.
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
    # A broken link cannot be an environment with the same id.
    others = (one.as_posix() for one in beside if one.is_file() and not one.samefile(own))
    return tuple(sorted(path for path in others if not is_base(path)))


def list_environment_files(*, nested: bool = False) -> tuple[str, ...]:
    """Return the paths of the environments in `environments/`, in order.

    Every YAML file but the bases, also one that cannot be read, so that its error is reported. With
    `nested`, also those in folders below it, which may contain other files: there, files that state
    that they are environments, and those that cannot be read.
    """
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
    """Return whether a file is a base that environments extend, and not an environment."""
    text = read_if_text(path)
    if BASE_KIND not in text:
        return False
    try:
        return parse_yaml(text, path).find(("kind",)).value == BASE_KIND
    except DiagnosticError:
        return False


def read_dump(path: str) -> str:
    """Return the text of a dump of a cluster, which may be larger than a configuration file.

    Raises what `FileSources.read_text` raises.
    """
    return FileSources(most=MAX_DUMP_BYTES).read_text(path)
