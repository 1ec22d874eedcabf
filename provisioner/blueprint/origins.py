"""Where the value of a property is stated: through modules, to the file that gives a parameter.

Static: expressions are read and not evaluated, so that every place that a value may come from is
named, also of a condition's other branch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.blueprint.expression import Expression, ExpressionError, parse_template
from provisioner.blueprint.files import span_of
from provisioner.blueprint.graph import DesiredResource, Scope
from provisioner.blueprint.instances import EACH
from provisioner.blueprint.yaml_source import Node
from provisioner.model.property_path import split_steps
from provisioner.model.span import Span

MOST_PLACES = 12
"""The most places that are named of one property."""


@dataclass(frozen=True, slots=True)
class StatedPlace:
    """A place that states a value. `parameter` is the parameter that it gives a value to, and
    `is_default` tells the parameter's own default; `local` is the local that it gives one to;
    without either the place is the property itself.
    `is_exact` is false where the property stands in a value that is one expression, or is not
    stated."""

    span: Span
    parameter: str | None = None
    is_default: bool = False
    is_exact: bool = True
    local: str | None = None


def stated_places(resource: DesiredResource, path: str) -> tuple[StatedPlace, ...]:
    """Return the places that state a property of a resource: first its own, then where each
    parameter in it is given, as far as the files say."""
    steps = [step.strip("[]") for step in split_steps(path) or ()]
    node, span, is_exact = _find(resource.node, steps, resource.span)
    found = [StatedPlace(span, is_exact=is_exact)]
    if resource.scope is not None:
        for place in _givers(node, resource.scope, set()):
            if place.span not in {one.span for one in found}:
                found.append(place)
    return tuple(found[:MOST_PLACES])


def _find(node: Node, steps: list[str], span: Span) -> tuple[Node, Span, bool]:
    """Return the node at a path, or the nearest above it, its place, and whether it is the one."""
    for step in steps:
        below = _entry(node, step)
        if below is None:
            return node, span, False
        span = span_of(node, step) if node.entries else below.span
        node = below
    return node, span, True


def _entry(node: Node, step: str) -> Node | None:
    if not node.items:
        return node.get(step)
    if step.isdecimal() and int(step) < len(node.items):
        return node.items[int(step)]
    named = (item for item in node.items if _name(item) == step)
    return next(named, None)


def _name(node: Node) -> object:
    name = node.get("name")
    return name.value if name is not None else None


def _givers(node: Node, scope: Scope, seen: set[tuple[int, str]]) -> Iterator[StatedPlace]:
    """Yield where the parameters that a value reads are given, and those that these read; `each` is
    what the `forEach` around the value goes through."""
    for name in _names_in(node):
        key = (id(scope), name)
        if key in seen:
            continue
        seen.add(key)
        default = scope.node.find(("parameters", name)).get("default")
        given = scope.given.get(name)
        local = scope.node.find(("locals",)).get(name) if scope.node.get("locals") else None
        if name == EACH:
            repeated = _repetition_of(node, scope.node)
            if repeated is not None:
                yield from _givers(repeated, scope, seen)
        elif local is not None:
            yield StatedPlace(local.span, local=name)
            yield from _givers(local, scope, seen)
        elif given is not None:
            yield StatedPlace(given.node.span, name)
            yield from _givers(given.node, given.instance, seen)
        elif default is not None:
            yield StatedPlace(default.span, name, is_default=True)
            yield from _givers(default, scope, seen)


def _repetition_of(node: Node, file: Node) -> Node | None:
    """Return the `forEach` of the resource or module that a node stands in."""
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
