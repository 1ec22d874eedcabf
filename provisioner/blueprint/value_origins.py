"""Finds where a property's value is stated: through modules, to the file that gives a parameter.

Static: expressions are read and not evaluated, so that every place that a value may come from is
named, also of a condition's other branch.

Called by `workflow.explanation`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.blueprint.composition_state import EACH
from provisioner.blueprint.expression import Expression, ExpressionError, parse_template
from provisioner.blueprint.file_schemas import span_of
from provisioner.blueprint.graph import DesiredResource, Scope
from provisioner.blueprint.yaml_source import Node
from provisioner.model.property_path import split_steps
from provisioner.model.span import Span

MOST_PLACES = 12
"""The most places that are named of one property."""


@dataclass(frozen=True, slots=True)
class StatedPlace:
    """A place that states a value.

    `parameter` is the parameter that it gives a value to, and `is_default` marks the parameter's
    own default; `local` is the local that it gives one to; without either the place is the property
    itself. `is_exact` is true where the value there is the property's: it is false where the
    property stands in a value that is one expression, where an expression makes it from the
    parameter or local, and where no place states it (the place is then the resource's).
    """

    span: Span
    parameter: str | None = None
    is_default: bool = False
    is_exact: bool = True
    local: str | None = None


def stated_places(resource: DesiredResource, path: str) -> tuple[StatedPlace, ...]:
    """Return the places that state a property of a resource.

    First its own, or that of the resource group or the blueprint that it has the property from,
    then where each parameter in it is given, as far as the files state it.
    """
    steps = tuple(step.strip("[]") for step in split_steps(path) or ())
    found: list[StatedPlace] = []
    inherited = {
        key: value
        for key, value in resource.inherited.items()
        if key == steps[: len(key)] or steps == key[: len(steps)]
    }
    nearest = _nearest_node(resource.node, steps)
    if nearest is not None:
        is_exact = nearest.is_exact and not inherited
        _add_places(found, nearest.span, nearest.node, resource.scope, is_exact=is_exact)
    for key, value in inherited.items():
        is_exact = nearest is None and key == steps
        _add_places(found, value.node.span, value.node, value.instance, is_exact=is_exact)
    return tuple(found[:MOST_PLACES]) or (StatedPlace(resource.span, is_exact=False),)


def _add_places(
    found: list[StatedPlace], span: Span, node: Node, scope: Scope | None, *, is_exact: bool
) -> None:
    """Add a place and those of the parameters that it reads, each once."""
    places = [StatedPlace(span, is_exact=is_exact)]
    if scope is not None:
        places += _places_of_parameters(node, scope, set(), is_exact=is_exact)
    for place in places:
        if place.span not in {one.span for one in found}:
            found.append(place)


@dataclass(frozen=True, slots=True)
class _Nearest:
    node: Node
    span: Span
    is_exact: bool


def _nearest_node(node: Node, steps: tuple[str, ...]) -> _Nearest | None:
    """Return the node at a path, or the nearest above it whose value may hold the property.

    Such a value is an expression, entries with expressions as keys, or a list. None where there is
    neither: the file states nothing of it.
    """
    span = node.span
    for depth, step in enumerate(steps):
        below = _entry_at(node, step)
        if below is None:
            computed = [key for key in node.entries if "${" in key]
            if depth == 0 or (node.entries and not computed):
                return None
            return _Nearest(node, span, is_exact=False)
        span = span_of(node, step) if node.entries else below.span
        node = below
    return _Nearest(node, span, is_exact=True)


def _entry_at(node: Node, step: str) -> Node | None:
    if not node.items:
        return node.get(step)
    if step.isdecimal() and int(step) < len(node.items):
        return node.items[int(step)]
    named = (item for item in node.items if _name_of(item) == step)
    return next(named, None)


def _name_of(node: Node) -> object:
    name = node.get("name")
    return name.value if name is not None else None


def _places_of_parameters(
    node: Node, scope: Scope, seen: set[tuple[int, str]], *, is_exact: bool
) -> Iterator[StatedPlace]:
    """Yield where the parameters that a value reads are given, and those that these read.

    `each` is what the `forEach` around the value iterates over.
    """
    for name in _names_in(node):
        key = (id(scope), name)
        if key in seen:
            continue
        seen.add(key)
        is_whole = is_exact and _is_reference(node, name)
        default = scope.node.find(("parameters", name)).get("default")
        given = scope.given.get(name)
        local = scope.node.find(("locals",)).get(name) if scope.node.get("locals") else None
        if name == EACH:
            repeated = _repetition_of(node, scope.node)
            if repeated is not None:
                yield from _places_of_parameters(repeated, scope, seen, is_exact=False)
        elif local is not None:
            yield StatedPlace(local.span, local=name, is_exact=is_whole)
            yield from _places_of_parameters(local, scope, seen, is_exact=is_whole)
        elif given is not None:
            yield StatedPlace(given.node.span, name, is_exact=is_whole)
            yield from _places_of_parameters(given.node, given.instance, seen, is_exact=is_whole)
        elif default is not None:
            yield StatedPlace(default.span, name, is_default=True, is_exact=is_whole)
            yield from _places_of_parameters(default, scope, seen, is_exact=is_whole)


def _is_reference(node: Node, name: str) -> bool:
    """Return whether a value is one expression that is only a name: `${location}`."""
    return isinstance(node.value, str) and node.value.strip() == f"${{{name}}}"


def _repetition_of(node: Node, file: Node) -> Node | None:
    """Return the `forEach` of the resource or module that contains a node."""
    for kind in ("resources", "modules"):
        for entry in file.find((kind,)).entries.values():
            if any(one is node for one in entry.walk()):
                return entry.get("forEach")
    return None


def _names_in(node: Node) -> Iterator[str]:
    for one in node.walk():
        if isinstance(one.value, str) and "${" in one.value:
            yield from _names_of(one.value)


def _names_of(text: str) -> Iterator[str]:
    try:
        parts = parse_template(text).parts
    except ExpressionError:
        return
    for part in parts:
        if isinstance(part, Expression):
            yield from part.reads
