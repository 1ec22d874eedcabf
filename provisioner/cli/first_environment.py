"""Run `azsec init --from`: the first environment of an existing blueprint."""

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.blueprint.file_schemas import Sources
from provisioner.blueprint.module_closure import find_files
from provisioner.blueprint.module_lock import LOCK_FILE, read_lock, write_lock
from provisioner.blueprint.source_locations import git_location, resolve_source
from provisioner.blueprint.yaml_format import format_yaml
from provisioner.cli.files import FileSources, ignore_plan_files, write_file
from provisioner.cli.modules import write_copies
from provisioner.cli.workspace import git_access
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.source_location import is_local
from provisioner.sources.git_sources import CurrentGitSources
from provisioner.sources.module_sources import ModuleSources
from provisioner.workflow.first_environment import (
    first_environment,
    load_blueprint,
    missing_values,
)
from provisioner.workflow.lock_update import update_lock
from provisioner.workflow.modules import copy_files, has_same_origin


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The blueprint of a first environment: its source, and whether it is copied (vendored)."""

    source: str
    copy: bool = False


def write_first_environment(directory: str, name: str, blueprint: Blueprint) -> list[str]:
    """Write an environment of a blueprint, with its copies or its lock; return what to report.

    Values come from the `example` of each parameter that has one; a parameter that has to be given
    and has none is null until a person fills it in. Raises DiagnosticError, and writes nothing,
    where one of the files exists or the blueprint cannot be read.
    """
    location = resolve_source(blueprint.source)
    git = CurrentGitSources(git_access())
    sources = ModuleSources(FileSources(), git)
    file = load_blueprint(location, sources)
    folder = Path(directory) / "environments"
    copies: dict[str, str] = {}
    reference = blueprint.source
    if blueprint.copy:
        copies = _copied_files(blueprint.source, location, directory, sources)
        reference = Path(os.path.relpath(next(iter(copies)), folder)).as_posix()
    elif is_local(location):
        reference = Path(os.path.relpath(location, folder)).as_posix()
    # `azsec modules show` takes a path from the directory, and not from the environment's file.
    shown = reference
    if is_local(reference):
        shown = Path(os.path.relpath(folder / reference, directory)).as_posix()
    missing = missing_values(file)
    environment = (folder / f"{name}.yaml").as_posix()
    used = [
        at
        for at in find_files(location, sources)
        if not (blueprint.copy and has_same_origin(at, location))
    ]
    lock = _lock_file(directory, used, git)
    text = first_environment(name, secrets.token_hex(16), reference, shown, file)
    text = format_yaml(text, environment)
    told = [f"wrote {path}" for path in write_copies({environment: text, **copies})]
    for path, text in lock.items():
        write_file(path, text, private=False)
        told.append(f"wrote {path}")
    told += [f"wrote {path}" for path in ignore_plan_files(directory)]
    if missing:
        told.append(f"Next: state {', '.join(missing)} in {environment}")
    else:
        told.append(f"Next: azsec plan {name} --cloud local")
    return told


def _copied_files(source: str, location: str, directory: str, sources: Sources) -> dict[str, str]:
    if is_local(location):
        raise DiagnosticError(
            error(
                "option-without-effect",
                f"--copy: {source!r} is a file of this machine already.",
                None,
                "Leave it out.",
            )
        )
    return dict(copy_files(location, (Path(directory) / "blueprints").as_posix(), sources))


def _lock_file(directory: str, used: Sequence[str], git: CurrentGitSources) -> Mapping[str, str]:
    """Return the lock with those of `used` that are in git, by its path.

    Empty where the lock is unchanged. Raises DiagnosticError for a tag that moved since it was
    locked.
    """
    keys = {(source.repository, source.ref) for source in map(git_location, used) if source}
    path = (Path(directory) / LOCK_FILE).as_posix()
    before = read_lock(path, FileSources())
    found = [source for source in git.found if source.key in keys]
    update = update_lock(before, found, whole=False)
    update.refuse_moved()
    return {} if update.is_current else {path: write_lock(update.lock.values())}
