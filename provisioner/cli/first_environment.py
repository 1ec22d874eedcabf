"""`azsec init --from`: the first environment of a blueprint that exists already."""

import os
import secrets
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.blueprint.files import BlueprintFile, Parameter, Sources
from provisioner.blueprint.locations import resolve_source
from provisioner.blueprint.module_closure import find_files, load_composable
from provisioner.blueprint.module_lock import LOCK_FILE, git_location, read_lock, write_lock
from provisioner.cli.modules import HERE, refuse_moved, write_copies
from provisioner.cli.workspace import FileSources, git_access, write_file
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.span import is_local
from provisioner.sources.git_sources import CurrentGitSources
from provisioner.sources.module_sources import ModuleSources
from provisioner.workflow.modules import (
    compare_locks,
    copy_files,
    has_same_origin,
    merge_lock,
)

_WIDTH = 100
_TENANT = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The blueprint of a first environment: its source, and whether it is copied into the
    repository."""

    source: str
    copy: bool = False


def write_first_environment(directory: str, name: str, blueprint: Blueprint) -> list[str]:
    """Write an environment of a blueprint, with its copies or its lock; return what to report.

    Values come from the `example` of each parameter that has one; a parameter that has to be given
    and has none is null until a person fills it in. Raises DiagnosticError, and writes nothing,
    where one of the files exists or the blueprint cannot be read.
    """
    location = resolve_source(blueprint.source, HERE)
    git = CurrentGitSources(git_access())
    sources = ModuleSources(FileSources(), git)
    file = _load_blueprint(location, sources)
    folder = Path(directory) / "environments"
    copies: dict[str, str] = {}
    reference = blueprint.source
    if blueprint.copy:
        copies = _copies(blueprint.source, location, directory, sources)
        reference = Path(os.path.relpath(next(iter(copies)), folder)).as_posix()
    elif is_local(location):
        reference = Path(os.path.relpath(location, folder)).as_posix()
    # `azsec modules show` takes a path from the directory, and not from the environment's file.
    shown = reference.removeprefix("../") if is_local(reference) else reference
    missing = [key for key, each in file.parameters.items() if _is_open(each)]
    environment = (folder / f"{name}.yaml").as_posix()
    used = [
        at
        for at in find_files(location, sources)
        if not (blueprint.copy and has_same_origin(at, location))
    ]
    lock = _lock(directory, used, git)
    told = [
        f"wrote {path}"
        for path in write_copies({environment: _text(name, reference, shown, file), **copies})
    ]
    for path, text in lock.items():
        write_file(path, text, private=False)
        told.append(f"wrote {path}")
    if missing:
        told.append(f"Next: state {', '.join(missing)} in {environment}")
    else:
        told.append(f"Next: azsec plan {name} --cloud local")
    return told


def _load_blueprint(location: str, sources: Sources) -> BlueprintFile:
    file, node = load_composable(location, sources)
    if isinstance(file, BlueprintFile):
        return file
    raise DiagnosticError(
        error(
            "wrong-kind",
            f"{location} is a module; an environment is made of a blueprint.",
            node.span,
            "`azsec modules list` names the blueprints; a module is used by one of your own.",
        )
    )


def _copies(source: str, location: str, directory: str, sources: Sources) -> dict[str, str]:
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


def _lock(directory: str, used: Sequence[str], git: CurrentGitSources) -> Mapping[str, str]:
    """Return the lock with those of `used` that are in git, by its path; nothing where that is as
    it was. Raises DiagnosticError for a tag that moved since it was locked."""
    keys = {(source.repository, source.ref) for source in map(git_location, used) if source}
    path = (Path(directory) / LOCK_FILE).as_posix()
    before = read_lock(path, FileSources())
    found = [source for source in git.found if source.key in keys]
    after = merge_lock(before, found, whole=False)
    refuse_moved(compare_locks(before, after))
    return {} if dict(before) == dict(after) else {path: write_lock(after.values())}


def _text(name: str, reference: str, source: str, file: BlueprintFile) -> str:
    subscriptions = dict.fromkeys(
        group.subscription
        for group in file.resource_groups.values()
        if "${" not in group.subscription
    )
    lines = [
        "apiVersion: azsec/v1",
        "kind: Environment",
        "# The id is what azsec marks its resources with. No two environments share one; never "
        "change it.",
        f"metadata: {{name: {name}, id: {secrets.token_hex(16)}}}",
        f"blueprint: {reference}",
        "cloud: AzureCloud                # `--cloud local` rehearses it on the built-in Azure",
        f"tenantId: {_TENANT}",
        "subscriptions:",
        *(
            f"  {alias}: {digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}"
            for alias, digit in zip(subscriptions, "123456789", strict=False)
        ),
        "# Without this line, what newly fails at `high` is refused too: "
        f"`azsec check {name}` says what is open.",
        "gates: {controls: critical}",
        *_parameters(source, file.parameters),
    ]
    return "\n".join(lines) + "\n"


def _parameters(source: str, parameters: Mapping[str, Parameter]) -> Iterator[str]:
    shown = {
        name: each for name, each in parameters.items() if each.is_required or _has_example(each)
    }
    yield f"# All parameters: `azsec modules show {source}`"
    yield "parameters:" if shown else "parameters: {}"
    for name, each in shown.items():
        if each.description:
            yield from textwrap.wrap(
                " ".join(each.description.split()),
                _WIDTH,
                initial_indent="  # ",
                subsequent_indent="  # ",
            )
        if _is_open(each):
            # Until it is given, what is wrong has the place of this line.
            yield f"  {name}: null    # {each.type}, has to be given"
        else:
            yield from (f"  {line}" for line in _as_yaml({name: each.example}))


def _is_open(parameter: Parameter) -> bool:
    """Tell whether a person has to find the value."""
    return parameter.is_required and not _has_example(parameter)


def _has_example(parameter: Parameter) -> bool:
    return "example" in parameter.model_fields_set


def _as_yaml(entry: Mapping[str, Any]) -> list[str]:
    import yaml

    # Collections in one line where they hold nothing but scalars, and an entry always as a block.
    is_scalar = not any(isinstance(value, dict | list) for value in entry.values())
    text: str = yaml.safe_dump(
        entry, default_flow_style=False if is_scalar else None, sort_keys=False, width=_WIDTH
    )
    return text.splitlines()
