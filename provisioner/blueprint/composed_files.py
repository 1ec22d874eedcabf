"""Loads the files that a composition opens.

A diagnostic without a place of its own gets the place that names the file.

Called by `blueprint.composition`, `blueprint.expansion` and `blueprint.parameter_values`.
"""

from collections.abc import Sequence
from dataclasses import replace

from provisioner.blueprint.environment import Environment
from provisioner.blueprint.expression_limits import exceeded
from provisioner.blueprint.file_schemas import BlueprintFile, ModuleFile, Sources, load_file
from provisioner.blueprint.yaml_source import Node
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.span import Span

_MAX_NESTING = 20


def load_blueprint(environment: Environment, sources: Sources) -> tuple[BlueprintFile, Node]:
    """Read the environment's blueprint.

    Raises:
        DiagnosticError: Where the file cannot be read or does not fit; a diagnostic without a place
            gets that of the environment's `blueprint`.
    """
    try:
        return load_file(BlueprintFile, environment.blueprint, sources)
    except DiagnosticError as problem:
        named = environment.node.find(("blueprint",)).span
        raise DiagnosticError(
            *(each if each.span else replace(each, span=named) for each in problem.diagnostics)
        ) from None


def load_module(path: str, sources: Sources, span: Span) -> tuple[ModuleFile, Node]:
    """Read the file of a module that `span` names.

    Raises:
        DiagnosticError: Where the file cannot be read or does not fit.
    """
    try:
        return load_file(ModuleFile, path, sources)
    except DiagnosticError as problem:
        raise DiagnosticError(
            *(_placed_at(each, path, span) for each in problem.diagnostics)
        ) from None


def _placed_at(problem: Diagnostic, path: str, span: Span) -> Diagnostic:
    """Return a diagnostic of a module's file with a place.

    Where the file itself has no place to show, it is that of the `source` which names the file.
    """
    if problem.code == "file-not-found":
        hint = "Check the path: it is relative to this file."
        return error(problem.code, f"there is no module file {path!r}.", span, hint)
    is_whole = problem.code in ("file-outside", "file-unreadable") and (
        problem.span is None or problem.span.line == 1
    )
    return replace(problem, span=span) if is_whole or problem.span is None else problem


def check_nesting(trail: Sequence[tuple[str, Span]]) -> None:
    """Check that modules do not nest too deeply.

    A module may use itself as long as a `when` ends that, so only the depth shows a cycle.

    Raises:
        DiagnosticError: Where they do; `cycle` with the modules that compose each other, if that is
            why.
    """
    if len(trail) <= _MAX_NESTING:
        return
    path, span = trail[-1]
    paths = [each for each, _ in trail]
    if paths.count(path) == 1:
        raise DiagnosticError(exceeded(f"modules nest more than {_MAX_NESTING} levels deep", span))
    before = len(paths) - 2 - paths[-2::-1].index(path)
    # From the same module wherever the cycle was entered, so that it is reported once.
    cycle = trail[before + 1 :]
    first = min(range(len(cycle)), key=lambda index: cycle[index][0])
    around = (*cycle[first:], *cycle[:first])
    chain = " -> ".join((*(each for each, _ in around), around[0][0]))
    if len(around) == 1:
        said, hint = f"{path} composes itself", "Remove the module from itself."
    else:
        said, hint = f"modules compose each other: {chain}", "Remove one of these uses."
    raise DiagnosticError(error("cycle", f"{said}.", (around[1:] or around)[0][1], hint))
