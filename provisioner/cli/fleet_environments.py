"""Which environments the patterns of a fleet command name."""

from collections.abc import Sequence
from glob import glob
from pathlib import Path

from provisioner.cli.ci_environments import name_of, select_touched
from provisioner.cli.workspace import (
    FileSources,
    find_environment,
    is_base,
    load_catalog,
    read_if_text,
)
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.fleet import FleetEnvironment

_KIND = "Environment"


def list_fleet(patterns: Sequence[str]) -> tuple[FleetEnvironment, ...]:
    """Return the environments that patterns name, by their paths in order: names, paths, folders,
    and patterns with `*` and `**`.

    Raises DiagnosticError for a pattern that names none, and for two of one name.
    """
    found: dict[str, str] = {}
    for pattern in patterns:
        paths = _expand(pattern)
        if not paths:
            raise DiagnosticError(
                error(
                    "no-environment",
                    f"{pattern!r} names no environment.",
                    None,
                    "Name files, folders, or a pattern such as 'environments/**' (in quotes: the "
                    "shell may know no **).",
                )
            )
        for path in paths:
            found.setdefault(path, name_of(path, FileSources()))
    names: dict[str, str] = {}
    for path, name in found.items():
        other = names.setdefault(name, path)
        if other != path:
            raise DiagnosticError(
                error(
                    "repeated-environment",
                    f"{other} and {path} both have the name {name!r}.",
                    None,
                    "Give each its own `metadata.name` (and `metadata.id`).",
                )
            )
    return tuple(FleetEnvironment(path, name) for path, name in sorted(found.items()))


def only_changed(
    environments: tuple[FleetEnvironment, ...], base: str | None
) -> tuple[FleetEnvironment, ...]:
    """Return the environments that read a file which differs between a commit and HEAD, and those
    of which that is not known; all of them where no commit is named."""
    if base is None:
        return environments
    paths = [one.path for one in environments]
    selection = select_touched(paths, base, "HEAD", load_catalog(), all_named=True)
    wanted = {one.path for one in selection.touched} | {one.path for one in selection.unknown}
    return tuple(one for one in environments if one.path in wanted)


def _expand(pattern: str) -> Sequence[str]:
    if not any(mark in pattern for mark in "*?["):
        path = Path(find_environment(pattern)) if not Path(pattern).is_dir() else Path(pattern)
        if not path.is_dir():
            return [path.as_posix()]
        pattern = f"{pattern.rstrip('/')}/**"
    every = glob(pattern, recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
    files = [Path(one) for one in every if one.endswith((".yaml", ".yml"))]
    return sorted(one.as_posix() for one in files if one.is_file() and _is_environment(one))


def _is_environment(path: Path) -> bool:
    text = read_if_text(path.as_posix())
    return f"kind: {_KIND}" in text and not is_base(path.as_posix())
