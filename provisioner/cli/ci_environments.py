"""The environments of a working copy that a change touches or deletes, and their order.

The commands of `azsec ci` call it.
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from provisioner.blueprint.environment import Environment, load_environment
from provisioner.blueprint.file_schemas import Sources
from provisioner.blueprint.module_lock import LOCK_FILE
from provisioner.blueprint.parameter_values import read_variables
from provisioner.blueprint.promotion import load_promotion
from provisioner.catalog.registry import Catalog
from provisioner.cli.git import ChangedFile, CommittedFiles, changed_files
from provisioner.cli.workspace import (
    FileSources,
    find_environment,
    list_environment_files,
    open_sources,
)
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, warning
from provisioner.model.source_location import GIT, LIBRARY
from provisioner.workflow.affected_environments import Touched, Unknown, find_touched
from provisioner.workflow.plan import Invocation, load_desired

FOLDER = Path("environments")
PROMOTION = "promotion.yaml"


@dataclass(frozen=True, slots=True)
class Removed:
    """An environment whose file a change deletes: its name, and its files as they were."""

    name: str
    path: str
    sources: CommittedFiles


@dataclass(frozen=True, slots=True)
class Selection:
    """The environments that a run covers, with the changed files that each reads.

    Beside them: the environments whose files are deleted, the names of those that the change does
    not touch, and those of which it is not known whether it does.
    """

    touched: tuple[Touched, ...]
    removed: tuple[Removed, ...] = ()
    untouched: tuple[str, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    changed: int = 0


def list_environments(named: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the paths of the named environments, or of all in `environments/`, in order.

    Raises DiagnosticError where two files have one name: plans, statuses, approvals and issues go
    by names.
    """
    every = list_environment_files()
    asked = tuple(dict.fromkeys(Path(find_environment(name)).as_posix() for name in named))
    _refuse_repeated(tuple(dict.fromkeys((*asked, *every))))
    return asked or every


def _refuse_repeated(paths: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for path in paths:
        name = name_of(path, FileSources())
        other = seen.setdefault(name, path)
        if other != path:
            raise DiagnosticError(
                error(
                    "repeated-environment",
                    f"{other} and {path} both have the name {name!r}.",
                    None,
                    "Give each its own `metadata.name` (and `metadata.id`).",
                )
            )


def select_all(paths: Sequence[str]) -> Selection:
    """Return a selection of all environments, whatever a change touches."""
    return Selection(tuple(Touched(path, ()) for path in paths))


def select_touched(
    paths: Sequence[str], base: str, head: str | None, catalog: Catalog, *, all_named: bool
) -> Selection:
    """Return the environments that read a file which differs between `head` and its merge base.

    The merge base is that with `base`; without a `head` the working tree is compared. Where no
    environments were named, those whose files are deleted are included.
    """
    changes = changed_files(base, head)
    changed = {_place_of(Path(change.path)): _path_from_here(change) for change in changes}
    today = datetime.now().astimezone().date()
    invocation = Invocation(values=tuple(read_variables(os.environ)))

    def compose(path: str, sources: Sources) -> object:
        return load_desired(path, catalog, sources, today, invocation=invocation)

    sources = open_sources(paths[0]) if paths else FileSources()
    touched, unknown = find_touched(paths, changed, compose, sources, find_places)
    seen = {one.path for one in touched} | {one.path for one in unknown}
    names = tuple(name_of(path, sources) for path in paths if path not in seen)
    removed = () if all_named else _removed_environments(changes, base)
    return Selection(tuple(touched), removed, names, tuple(unknown), len(changes))


def find_removed(base: str, head: str) -> tuple[Removed, ...]:
    """Return the environments whose files are deleted between two commits."""
    return _removed_environments(changed_files(base, head), base)


def with_posted(selection: Selection, paths: Sequence[str], posted: Collection[str]) -> Selection:
    """Return a selection with the environments (by name) whose plans were posted before.

    A later commit may have reverted what touched them, and a rebase has more commits than its last.
    """
    sources = FileSources()
    seen = {one.path for one in selection.touched}
    more = [
        Touched(path, ()) for path in paths if path not in seen and name_of(path, sources) in posted
    ]
    taken = {one.path for one in more}
    return replace(
        selection,
        touched=(*selection.touched, *more),
        untouched=tuple(name for name in selection.untouched if name not in posted),
        unknown=tuple(one for one in selection.unknown if one.path not in taken),
    )


def describe_unknown(selection: Selection) -> Sequence[Diagnostic]:
    """Return a warning for each environment of which it is unknown whether the change touches it.

    Each includes what is wrong with the environment.
    """
    return [
        warning(
            "environment-not-known",
            f"whether the change touches {name_of(one.path, FileSources())} is not known: "
            f"{one.path} cannot be composed: {one.diagnostics[0].message.rstrip('.')}.",
            one.diagnostics[0].span,
            "It is neither planned nor applied. A change that repairs it plans it.",
        )
        for one in selection.unknown
    ]


def find_places(path: str) -> Sequence[str]:
    """Return the paths that reading `path` depends on: the file, each folder, each symbolic link.

    Empty for a cycle of links, and for the library, which changes with azsec alone. A file in git
    is fixed by the lock.
    """
    if path.startswith(LIBRARY):
        return ()
    if path.startswith(GIT):
        return find_places(LOCK_FILE)
    found: dict[str, None] = {}
    left = [Path(path)]
    while left:
        spelled = left.pop()
        for step in (spelled, *spelled.parents):
            if step.name in ("", ".."):
                continue  # Where it leads is in the place of the step after it.
            try:
                place = _place_of(step)
            except (OSError, RuntimeError):
                return ()
            if place not in found:
                found[place] = None
                if Path(place).is_symlink():
                    left.append(Path(place).parent / Path(place).readlink())
    return tuple(found)


def _place_of(path: Path) -> str:
    """Return the normalized path of a file or link.

    A symbolic link is not resolved: git lists the link itself where it changed.
    """
    return str(path.parent.resolve() / path.name)


def _path_from_here(change: ChangedFile) -> str:
    """Return the path of a changed file from the working directory, where it lies below it."""
    path, here = Path(change.path), Path.cwd().resolve()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)


def _removed_environments(changes: Sequence[ChangedFile], base: str) -> tuple[Removed, ...]:
    """Return the environments whose files are deleted.

    One whose id exists in another file was renamed: its resources belong to that file.
    """
    before, sources = CommittedFiles(base), FileSources()
    paths = list_environments()
    living = {loaded.id for path in paths if (loaded := _load_or_none(path, sources)) is not None}
    found = []
    for change in changes:
        path = Path(_path_from_here(change))
        if not change.is_deleted or path.parent != FOLDER or path.suffix not in (".yaml", ".yml"):
            continue
        loaded = _load_or_none(path.as_posix(), before)
        if loaded is not None and loaded.id not in living:
            found.append(Removed(loaded.name, path.as_posix(), before))
    return tuple(found)


def _load_or_none(path: str, sources: Sources) -> Environment | None:
    try:
        return load_environment(path, sources)
    except DiagnosticError:
        return None


def name_of(path: str, sources: Sources) -> str:
    """Return the name of an environment.

    That in its file, or the file's own where it cannot be read.
    """
    loaded = _load_or_none(path, sources)
    return loaded.name if loaded is not None else Path(path).stem


def read_stages(known: Sequence[str]) -> Sequence[Sequence[str]] | None:
    """Return the order of promotion that `promotion.yaml` states, None where there is no file.

    Raises DiagnosticError for an invalid file.
    """
    if not Path(PROMOTION).is_file():
        return None
    return load_promotion(PROMOTION, FileSources(), known)
