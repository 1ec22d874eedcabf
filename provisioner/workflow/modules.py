"""`azsec modules`: parameters and outputs of a module, locked sources, and copies of files.

Called by `cli`.
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.file_schemas import BlueprintFile, ModuleFile, Parameter, Sources
from provisioner.blueprint.module_closure import find_files, load_composable
from provisioner.blueprint.module_lock import Lock, LockedSource
from provisioner.blueprint.source_locations import git_location, resolve_source
from provisioner.documents.document import LockedSourceDocument
from provisioner.documents.modules import (
    ModuleDocument,
    ParameterDocument,
)
from provisioner.model.diagnostic import Diagnostic, DiagnosticError
from provisioner.model.source_location import LIBRARY, is_local


def describe_module(location: str, sources: Sources, lock: Lock) -> ModuleDocument:
    """Return the parameters and outputs of a blueprint or a module.

    Raises DiagnosticError for a file that cannot be read.
    """
    file, _ = load_composable(location, sources)
    is_blueprint = isinstance(file, BlueprintFile)
    return ModuleDocument(
        location=location,
        origin=_origin_of(location),
        kind="Blueprint" if is_blueprint else "Module",
        description=(
            file.metadata.description if isinstance(file, BlueprintFile) else file.description
        ).strip(),
        parameters=tuple(_parameter_document(name, each) for name, each in file.parameters.items()),
        outputs=tuple(file.outputs),
        types=tuple(sorted({resource.type for resource in file.resources.values()})),
        uses=tuple(_used_locations(file, location)),
        source=_source_of(location, lock),
    )


def list_module(location: str, sources: Sources, lock: Lock) -> ModuleDocument:
    """Return the result of `describe_module`, or why the file cannot be read."""
    try:
        return describe_module(location, sources, lock)
    except DiagnosticError as problem:
        return ModuleDocument(
            location=location,
            origin=_origin_of(location),
            source=_source_of(location, lock),
            problem=str(problem.diagnostics[0]),
        )


def _origin_of(location: str) -> Literal["library", "local", "git"]:
    if location.startswith(LIBRARY):
        return "library"
    return "local" if is_local(location) else "git"


def source_document(source: LockedSource) -> LockedSourceDocument:
    """Return the document of a locked source."""
    return LockedSourceDocument(
        repository=source.repository, ref=source.ref, commit=source.commit, digest=source.digest
    )


def _source_of(location: str, lock: Lock) -> LockedSourceDocument | None:
    git = git_location(location)
    locked = lock.get((git.repository, git.ref)) if git is not None else None
    return source_document(locked) if locked is not None else None


def _used_locations(file: BlueprintFile | ModuleFile, location: str) -> Iterator[str]:
    named = {resolve_source(call.source, location) for call in file.modules.values()}
    yield from sorted(named)


def _parameter_document(name: str, parameter: Parameter) -> ParameterDocument:
    return ParameterDocument(
        name=name,
        type=_type_of(parameter),
        required=parameter.is_required,
        default=parameter.default,
        accepts=", ".join(_describe_bounds(parameter)),
        description=" ".join(parameter.description.split()),
    )


def _type_of(parameter: Parameter) -> str:
    if parameter.items is not None:
        return f"{parameter.type} of {_type_of(parameter.items)}"
    return parameter.type


def _describe_bounds(parameter: Parameter) -> Iterator[str]:
    if parameter.enum is not None:
        yield " | ".join(str(each) for each in parameter.enum)
    if parameter.pattern is not None:
        yield f"matches {parameter.pattern}"
    for words, bound in (
        ("at least", parameter.minimum),
        ("at most", parameter.maximum),
        ("length at least", parameter.min_length),
        ("length at most", parameter.max_length),
    ):
        if bound is not None:
            yield f"{words} {bound:g}"
    if parameter.properties:
        yield "properties " + ", ".join(parameter.properties)
    if parameter.items is not None:
        yield from _describe_bounds(parameter.items)


def read_used(environments: Sequence[str], sources: Sources) -> None:
    """Read every file that some environments are composed from, so that their sources are known.

    Raises:
        DiagnosticError: Where files cannot be read, with all of them.
    """
    problems: dict[Diagnostic, None] = {}
    for path in environments:
        try:
            environment = load_environment(path, sources)
            named = environment.node.find(("blueprint",)).span
            find_files(environment.blueprint, sources, named)
        except DiagnosticError as problem:
            problems.update(dict.fromkeys(problem.diagnostics))
    if problems:
        raise DiagnosticError(*problems)


def copy_files(location: str, folder: str, sources: Sources) -> Mapping[str, str]:
    """Return copies of a file and of all files that it uses from the same origin.

    They are texts by their paths below `folder`, the first being the file itself. Relative sources
    refer to the copies. Sources of other origins (`azsec:` and `git::` written out) are left as
    they are. Raises DiagnosticError for a file that cannot be read.
    """
    root, _ = _origin_and_path(location)
    parts = {at: _origin_and_path(at) for at in find_files(location, sources)}
    return {
        posixpath.join(folder, path): sources.read_text(at)
        for at, (origin, path) in parts.items()
        if origin == root
    }


def has_same_origin(one: str, other: str) -> bool:
    """Return whether two locations have the same origin.

    That is the library, the same repository at the same ref, or the working copy.
    """
    return _origin_and_path(one)[0] == _origin_and_path(other)[0]


def _origin_and_path(location: str) -> tuple[str, str]:
    """Return the origin of a file, and its path there."""
    if location.startswith(LIBRARY):
        return LIBRARY, location.removeprefix(LIBRARY)
    git = git_location(location)
    if git is not None:
        return f"{git.repository}?ref={git.ref}", git.path
    return "", location
