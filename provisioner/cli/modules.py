"""Run `azsec modules`: list, show, lock and vendor the modules of environments."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from provisioner import __version__
from provisioner.blueprint.module_lock import LOCK_FILE, Lock, read_lock, write_lock
from provisioner.blueprint.source_locations import GitLocation, parse_git, resolve_source
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.output import print_lock_update, print_modules
from provisioner.cli.workspace import (
    FileSources,
    WorkspaceSources,
    find_environment,
    git_access,
    list_environment_files,
    lock_of,
    make_folder,
    open_sources,
    write_file,
)
from provisioner.documents.modules import LockUpdateDocument, ModulesDocument
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.source_location import GIT, is_local
from provisioner.sources.git_sources import CurrentGitSources
from provisioner.sources.library import library_locations
from provisioner.sources.module_sources import ModuleSources
from provisioner.workflow.lock_update import update_lock as plan_update
from provisioner.workflow.modules import copy_files, describe_module, list_module, read_used

_BLUEPRINTS = Path("blueprints")


def list_modules(output: str) -> None:
    """Print the modules of the library, of this repository, and those that are locked from git."""
    lock, sources = _open_sources()
    locked = [
        str(GitLocation(source.repository, source.ref, path))
        for source in lock.values()
        for path in sorted(source.files)
    ]
    every = (*library_locations(), *_local_files(), *locked)
    modules = tuple(list_module(location, sources, lock) for location in every)
    print_modules(ModulesDocument(version=__version__, modules=modules), output)


def _local_files() -> list[str]:
    """Return the paths of the blueprints and modules below `blueprints/`; other YAML is none."""
    found = sorted((*_BLUEPRINTS.rglob("*.yaml"), *_BLUEPRINTS.rglob("*.yml")))
    return [path.as_posix() for path in found if _kind_of(path) in ("Blueprint", "Module")]


def _kind_of(path: Path) -> object:
    try:
        kind = parse_yaml(FileSources().read_text(str(path)), str(path)).get("kind")
    except DiagnosticError:
        return None
    return kind.value if kind is not None else None


def show_module(source: str, output: str) -> None:
    """Print a blueprint or a module with its parameters.

    One in git that is not locked is fetched in its current version. Raises DiagnosticError.
    """
    location = resolve_source(source)
    lock, sources = _open_sources(location)
    module = describe_module(location, sources, lock)
    print_modules(ModulesDocument(version=__version__, modules=(module,)), output)


def _open_sources(location: str = "") -> tuple[Lock, WorkspaceSources | ModuleSources]:
    """Return the lock, and the sources by it.

    A location in git that the lock does not have is fetched in its current version.
    """
    files = FileSources()
    lock = read_lock(LOCK_FILE, files)
    if location.startswith(GIT):
        git = parse_git(location)
        locked = lock.get((git.repository, git.ref))
        if locked is None or git.path not in locked.files:
            return lock, ModuleSources(files, CurrentGitSources(git_access()))
    return lock, WorkspaceSources(files)


def update_lock(
    environments: Sequence[str], output: str, *, check: bool = False, allow_moved: bool = False
) -> int:
    """Lock the git sources of some environments; return the exit code.

    By default of all environments below `environments/`. With `check` nothing is written, and 2
    means that the lock is not current.

    Raises DiagnosticError (`source-moved`) for tags that moved since they were locked, unless that
    is allowed or nothing is written, and what reading the files raises.
    """
    paths = [find_environment(name) for name in environments] or _all_environments()
    lock = _lock_of(paths)
    found = read_current(paths)
    before = read_lock(lock, FileSources())
    update = plan_update(before, found.found, whole=not environments)
    if not allow_moved and not check:
        update.refuse_moved()
    written = not update.is_current and not check
    if written:
        write_file(lock, write_lock(update.lock.values()), private=False)
    print_lock_update(
        LockUpdateDocument(
            environments=tuple(paths),
            changes=update.changes,
            current=update.is_current,
            written=written,
        ),
        output,
    )
    return ExitCode.DIFFERENCES if check and not update.is_current else ExitCode.SUCCESS


def _lock_of(paths: Sequence[str]) -> str:
    """Return the path of the lock of some environments.

    Raises:
        DiagnosticError: Where they are in several repositories.
    """
    locks = dict.fromkeys(map(lock_of, paths))
    if len(locks) > 1:
        raise DiagnosticError(
            error(
                "several-locks",
                f"these environments have several locks: {', '.join(locks)}.",
                None,
                "Update the environments of each repository by themselves.",
            )
        )
    return next(iter(locks))


def read_current(paths: Sequence[str]) -> CurrentGitSources:
    """Return the git sources of some environments as they are now. Raises DiagnosticError."""
    git = CurrentGitSources(git_access())
    for path in paths:
        read_used((path,), open_sources(path, git=git))
    return git


def _all_environments() -> list[str]:
    paths = list_environment_files(nested=True)
    if not paths:
        raise DiagnosticError(
            error(
                "unknown-environment",
                "there is no environment below environments/.",
                None,
                "Write one with `azsec init`, or name its file.",
            )
        )
    return list(paths)


def vendor(source: str, folder: str) -> None:
    """Copy a blueprint or a module, and all that it uses from its own source, into a folder.

    Raises DiagnosticError too, and writes nothing, where one of the files exists.

    Raises:
        DiagnosticError: Where the source is a file of this repository.
    """
    location = resolve_source(source)
    if is_local(location):
        raise DiagnosticError(
            error(
                "wrong-source",
                f"{source!r} is a file of this repository already.",
                None,
                "Name one of the library (azsec:secure-aks) or in git (git::…).",
            )
        )
    _, sources = _open_sources(location)
    for path in write_copies(copy_files(location, folder, sources)):
        sys.stdout.write(f"wrote {path}\n")


def write_copies(copies: Mapping[str, str]) -> list[str]:
    """Write files that do not exist; return their paths.

    Raises:
        DiagnosticError: Where one exists; nothing is written.
    """
    present = [path for path in copies if Path(path).exists() or Path(path).is_symlink()]
    if present:
        raise DiagnosticError(
            error("file-exists", f"{', '.join(present)} exists already; nothing was written.")
        )
    for path, text in copies.items():
        make_folder(Path(path).parent)
        write_file(path, text, private=False)
    return list(copies)
