"""`azsec fmt`: the canonical layout of azsec's YAML files."""

import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode

_FOLDERS = ("blueprints", "controls", "environments", "promotion.yaml")
_MOST_FILES = 10_000


def fmt(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files, and folders, which are searched recursively.",
            show_default="blueprints controls environments promotion.yaml",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; return exit code 2 when a file would change."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print the changes as a unified diff.")
    ] = False,
) -> None:
    """Format azsec files: layout, quotes, order of keys.

    Comments and meaning are preserved. Prints the files that changed. Exit code 1: a file could not
    be read.
    """
    from provisioner.blueprint.yaml_format import format_yaml
    from provisioner.cli.workspace import FileSources, write_file
    from provisioner.model.diagnostic import DiagnosticError

    changed = failed = 0
    for path, is_named in _find_files(paths or [each for each in _FOLDERS if Path(each).exists()]):
        try:
            text = FileSources().read_text(path)
            if not is_named and not _is_ours(text, path):
                continue
            formatted = format_yaml(text, path)
            # `read_text` drops a byte order mark: the text is compared, and not the bytes.
            if formatted == text:
                continue
            if not check:
                write_file(path, formatted, private=False)
        except DiagnosticError as problem:
            typer.echo(str(problem), err=True)
            failed += 1
            continue
        changed += 1
        if diff:
            sys.stdout.writelines(_unified_diff(text, formatted, path))
        else:
            typer.echo(path)
    if failed:
        raise typer.Exit(ExitCode.ERROR)
    if check and changed:
        raise typer.Exit(ExitCode.DIFFERENCES)


def _find_files(paths: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield files and whether they were named; those below folders in the order of their names.

    Raises:
        DiagnosticError: Where there are more than `_MOST_FILES`.
    """
    count = 0
    for path in paths:
        entry = Path(path)
        found = (
            sorted(one for ending in ("yaml", "yml") for one in entry.rglob(f"*.{ending}"))
            if entry.is_dir()
            else [entry]
        )
        for one in found:
            count += 1
            if count > _MOST_FILES:
                from provisioner.model.diagnostic import DiagnosticError, error

                raise DiagnosticError(
                    error("too-large", f"there are more than {_MOST_FILES:,} files.", None)
                )
            yield one.as_posix(), one is entry


def _is_ours(text: str, path: str) -> bool:
    """Return whether a file below a folder is one of azsec's: others are not changed.

    Raises DiagnosticError for one that mentions azsec/v1 and cannot be read as YAML.
    """
    from provisioner.blueprint.yaml_source import parse_yaml

    if "azsec/v1" not in text:
        return False
    version = parse_yaml(text, path).get("apiVersion")
    return version is not None and version.value == "azsec/v1"


def _unified_diff(before: str, after: str, path: str) -> Iterator[str]:
    rows = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), path, path
    )
    for row in rows:
        yield row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n"
