"""Finds the files that an environment or a module is composed from, without evaluating anything.

Unlike a composition this follows every `source`, whatever `when` and `forEach` come to, and needs
no values of parameters: what is locked or copied has to do for all of them.

Called by `azsec modules`, `azsec init` and `blueprint.declared_types`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from provisioner.blueprint.file_schemas import BlueprintFile, ModuleFile, Sources, load_file
from provisioner.blueprint.source_locations import resolve_source
from provisioner.blueprint.yaml_source import Node, parse_yaml
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.span import Span

MAX_FILES = 1_000
"""Files that one environment may be composed from."""


def load_composable(path: str, sources: Sources) -> tuple[BlueprintFile | ModuleFile, Node]:
    """Return the blueprint or module at a location, whichever its `kind` states.

    Raises DiagnosticError for anything else.
    """
    node = parse_yaml(sources.read_text(path), path)
    kind = node.get("kind")
    if kind is not None and kind.value == "Blueprint":
        return load_file(BlueprintFile, path, sources)
    return load_file(ModuleFile, path, sources)


def find_files(
    path: str, sources: Sources, named: Span | None = None
) -> Mapping[str, BlueprintFile | ModuleFile]:
    """Return the file at a location and all that it uses, by location, in the order they are found.

    `named` is the place that names the first.

    Raises:
        DiagnosticError: With everything that cannot be read, at the `source` that names it, and for
            more than MAX_FILES.
    """
    wrong: dict[Diagnostic, None] = {}

    def fail(problem: DiagnosticError, span: Span | None) -> None:
        wrong.update(
            (each if each.span else replace(each, span=span), None) for each in problem.diagnostics
        )

    found: dict[str, BlueprintFile | ModuleFile] = {}
    for at, file, _ in walk_files(path, load_composable, sources, fail, named):
        if len(found) >= MAX_FILES:
            message = f"{path} is composed from more than {MAX_FILES:,} files."
            raise DiagnosticError(error("too-many-files", message, named))
        found[at] = file
    if wrong:
        raise DiagnosticError(*wrong)
    return found


AnyFile = TypeVar("AnyFile", bound=BlueprintFile | ModuleFile)


def walk_files(
    path: str,
    load: Callable[[str, Sources], tuple[AnyFile, Node]],
    sources: Sources,
    fail: Callable[[DiagnosticError, Span | None], None],
    named: Span | None = None,
) -> Iterator[tuple[str, AnyFile | ModuleFile, Node]]:
    """Yield a file and every module that it uses, once each, with their locations.

    `load` reads the file at the location. What cannot be read is passed to `fail`, with the place
    that names it, and left out.
    """

    def read(at: str) -> tuple[AnyFile | ModuleFile, Node]:
        return load(at, sources) if at == path else load_file(ModuleFile, at, sources)

    for at, (file, node) in walk_uses(path, read, lambda each: uses_of(*each), fail, named):
        yield at, file, node


Read = TypeVar("Read")


def walk_uses(
    path: str,
    read: Callable[[str], Read],
    uses: Callable[[Read], Iterable[tuple[str, Span]]],
    fail: Callable[[DiagnosticError, Span | None], None],
    named: Span | None = None,
) -> Iterator[tuple[str, Read]]:
    """Yield what `read` makes of a file, and of every module that `uses` finds in it.

    Each is yielded once, with its location. Raises nothing: see `walk_files`.
    """
    left: list[tuple[str, Span | None]] = [(path, named)]
    seen = {path}
    while left:
        at, span = left.pop(0)
        try:
            found = read(at)
        except DiagnosticError as problem:
            fail(problem, span)
            continue
        yield at, found
        for source, place in uses(found):
            try:
                used = resolve_source(source, at, place)
            except DiagnosticError as problem:
                fail(problem, place)
                continue
            if used not in seen:
                seen.add(used)
                left.append((used, place))


def uses_of(file: BlueprintFile | ModuleFile, node: Node) -> Iterator[tuple[str, Span]]:
    """Yield the source of each module that a file uses, with its place."""
    for name, call in file.modules.items():
        yield call.source, node.find(("modules", name, "source")).span
