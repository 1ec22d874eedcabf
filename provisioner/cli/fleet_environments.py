"""The environments that the patterns of a fleet command select."""

import os
from collections import Counter
from collections.abc import Sequence
from glob import glob
from pathlib import Path

from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.cli.ci_environments import name_of, select_touched
from provisioner.cli.workspace import FileSources, find_environment, load_catalog
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.fleet import FleetEnvironment

_KIND = "Environment"
_OTHER_KINDS = frozenset(
    {
        "Blueprint",
        "Control",
        "Directory",
        "EgressTable",
        "EnvironmentBase",
        "Module",
        "ModuleLock",
        "Promotion",
    }
)
_OWN_VERSIONS = "azsec/"


def list_fleet(patterns: Sequence[str]) -> tuple[FleetEnvironment, ...]:
    """Return the environments that patterns select, ordered by path.

    A pattern is a name, a path, a folder, or has `*` and `**`. A file that is named in several ways
    is one environment. Those that share a name are distinguished by their paths. Raises
    DiagnosticError too for a file whose path is not UTF-8.

    Raises:
        DiagnosticError: Where a pattern selects no environment.
    """
    found: list[str] = []
    files: set[str] = set()
    for pattern in patterns:
        paths = _expand_pattern(pattern)
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
            _check_text(path)
            file = os.path.realpath(path)
            if file not in files:
                files.add(file)
                found.append(path)
    return name_environments(sorted(found))


def name_environments(paths: Sequence[str]) -> tuple[FleetEnvironment, ...]:
    """Return environments by their paths, in this order; a name that several share is the path."""
    names = [name_of(path, FileSources()) for path in paths]
    counts = Counter(names)
    return tuple(
        FleetEnvironment(path, path if counts[name] > 1 else name)
        for path, name in zip(paths, names, strict=True)
    )


def _check_text(path: str) -> None:
    """Refuse a path that is not UTF-8: no ledger and no output can hold it.

    Python decodes such a name with lone surrogates (PEP 383).

    Raises:
        DiagnosticError: Where the path is not UTF-8.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DiagnosticError(
            error(
                "unreadable-path",
                f"the path {path!a} is not UTF-8.",
                None,
                "Rename the file.",
            )
        ) from None


def only_changed(
    environments: tuple[FleetEnvironment, ...], base: str | None
) -> tuple[FleetEnvironment, ...]:
    """Return the environments that read a file which differs between a commit and the working tree.

    The commit is the merge base of HEAD with `base`: what others changed since does not count.
    Environments of which it is not known are included, and without a commit all are.
    """
    if base is None:
        return environments
    paths = [one.path for one in environments]
    selection = select_touched(paths, base, None, load_catalog(), all_named=True)
    wanted = {one.path for one in selection.touched} | {one.path for one in selection.unknown}
    return tuple(one for one in environments if one.path in wanted)


def _expand_pattern(pattern: str) -> Sequence[str]:
    if not pattern.strip():
        return []
    if not any(mark in pattern for mark in "*?["):
        path = Path(find_environment(pattern)) if not Path(pattern).is_dir() else Path(pattern)
        if not path.is_dir():
            return [path.as_posix()]
        pattern = f"{pattern.rstrip('/')}/**"
    _check_folders(pattern)
    every = glob(pattern, recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
    files = [Path(one) for one in every if one.endswith((".yaml", ".yml"))]
    return sorted(one.as_posix() for one in files if not one.is_dir() and _is_environment(one))


def _check_folders(pattern: str) -> None:
    """Refuse a folder below a pattern that cannot be read: `glob` passes over it.

    Environments may be in it. Raises DiagnosticError for the first one.
    """

    def refuse(problem: OSError) -> None:
        raise DiagnosticError(
            error(
                "unreadable-folder",
                f"{problem.filename} cannot be read: {problem.strerror}.",
                None,
                "Make it readable, or name other folders.",
            )
        )

    start, deep, _ = pattern.partition("**")
    if not deep or any(mark in start for mark in "*?["):
        return
    for _folder, names, _files in os.walk(start or ".", onerror=refuse):
        names[:] = [name for name in names if not name.startswith(".")]


def _is_environment(path: Path) -> bool:
    """Return whether a file is an environment, or may be one.

    What cannot be read (a broken link, an error in YAML), an empty file and one of azsec without a
    kind that it knows are processed and fail, so that they count in the census. Left out are
    azsec's other kinds, and files of other tools.
    """
    try:
        text = FileSources().read_text(path.as_posix())
        if text.strip() and _KIND not in text and _OWN_VERSIONS not in text:
            return False
        node = parse_yaml(text, path.as_posix())
    except DiagnosticError:
        return True
    kind, version = node.get("kind"), node.get("apiVersion")
    stated = kind.value if kind is not None else None
    is_own = version is not None and str(version.value).startswith(_OWN_VERSIONS)
    return node.value is None or stated == _KIND or (is_own and stated not in _OTHER_KINDS)
