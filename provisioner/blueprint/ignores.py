"""Ignored properties (`ignore:`): changes by others that an environment suppresses, with an expiry.

What is ignored is neither planned nor drift, and it is still reported: who suppresses it, why, and
until when.

`blueprint.environment` reads the entries, `workflow.plan` checks them, and planning applies them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.catalog.schema import Kind, Shape
from provisioner.model.diagnostic import (
    Diagnostic,
    DiagnosticError,
    error,
    nearest,
    warning,
)
from provisioner.model.property_path import Steps, is_below, split_steps
from provisioner.model.span import Span

_NOTICE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Ignore:
    """One entry of `ignore:`.

    `scope` is an address, or what addresses begin with (`hub` holds `hub.vnet`); `expires` is the
    last day on which it holds.
    """

    path: str
    steps: Steps
    scope: str
    reason: str
    owner: str
    expires: date
    span: Span
    path_span: Span
    scope_span: Span

    def covers(self, path: str) -> bool:
        """Return whether this suppresses a property of a resource in scope."""
        steps = split_steps(path)
        return steps is not None and is_below(steps, self.steps)

    def holds(self, address: str) -> bool:
        """Return whether the resource at `address` is in scope."""
        return address == self.scope or address.startswith((f"{self.scope}.", f"{self.scope}["))


def check_ignores(
    ignores: Sequence[Ignore], graph: DesiredGraph, catalog: Catalog, today: date
) -> tuple[Diagnostic, ...]:
    """Return warnings of entries that expire soon.

    Raises:
        DiagnosticError: For entries that have expired, that are stated twice, whose scope matches
            nothing, whose path is no property of what it matches, or that would suppress ownership
            tags.
    """
    wrong = [
        *_duplicate_warnings(ignores),
        *(found for ignore in ignores for found in _wrong_with(ignore, graph, catalog, today)),
    ]
    if wrong:
        raise DiagnosticError(*wrong)
    return tuple(
        warning(
            "ignore-expires",
            f"{ignore.path} of {ignore.scope} is ignored until {ignore.expires} by {ignore.owner} "
            f"({ignore.reason}).",
            ignore.span,
            "Renew it, or let the blueprint set the value again.",
        )
        for ignore in ignores
        if ignore.expires - today <= _NOTICE
    )


def _duplicate_warnings(ignores: Iterable[Ignore]) -> Iterator[Diagnostic]:
    seen: dict[tuple[str, str], Ignore] = {}
    for ignore in ignores:
        first = seen.setdefault((ignore.scope, ignore.path.lower()), ignore)
        if first is not ignore:
            yield error(
                "ignored-twice",
                f"{ignore.path} of {ignore.scope} is ignored at {first.span} already.",
                ignore.span,
                "Remove one of them.",
            )


def _wrong_with(
    ignore: Ignore, graph: DesiredGraph, catalog: Catalog, today: date
) -> Iterator[Diagnostic]:
    if ignore.expires < today:
        yield error(
            "ignore-expired",
            f"{ignore.path} of {ignore.scope} was ignored until {ignore.expires}.",
            ignore.span,
            f"Ask {ignore.owner}: renew it, or remove it and let the blueprint set the value "
            "again.",
        )
    if _lets_ownership_go(ignore.steps):
        yield error(
            "ownership-ignored",
            f"{ignore.path!r} holds the tags in which azsec keeps what it owns.",
            ignore.path_span,
            "Name the tags that others write: tags that the blueprint lacks are kept anyway.",
        )
    inside = [resource for resource in graph if ignore.holds(resource.address)]
    if not inside:
        yield error(
            "unknown-scope",
            f"there is no resource at {ignore.scope!r}.",
            ignore.scope_span,
            nearest(ignore.scope, list(graph.resources)),
        )
        return
    unknown = [_unknown_step(ignore.steps, resource.type, catalog) for resource in inside]
    if all(step is not None for step in unknown):
        yield error(
            "unknown-property",
            f"{ignore.path!r} is not a property of {_name_scope(inside)}.",
            ignore.path_span,
            unknown[0] or "",
        )


def _lets_ownership_go(steps: Steps) -> bool:
    if steps[0].lower() != "tags":
        return False
    return len(steps) == 1 or steps[1] == "[*]" or is_ownership_tag(steps[1].strip("[]").lower())


def _name_scope(inside: Sequence[DesiredResource]) -> str:
    names = sorted({resource.type.name for resource in inside})
    return names[0] if len(names) == 1 else f"{names[0]} or of the others in scope"


def _unknown_step(steps: Steps, resource_type: ResourceType, catalog: Catalog) -> str | None:
    """Return a hint on the first step that the type's model does not have, or None."""
    shape = Shape(Kind.OBJECT, catalog.schemas.roots[resource_type.name])
    for step in steps:
        if step.startswith("[") or shape.kind is Kind.MAP:
            if shape.item is None:
                return None if shape.kind is Kind.ANY else "Entries in brackets are those of lists."
            shape = shape.item
            continue
        model = catalog.schemas.models.get(shape.model or "")
        if model is None:
            return None if shape.kind is Kind.ANY else "It is not an object: nothing is below it."
        found = model.find(step)
        if found is None:
            return None if model.open_ended else nearest(step, list(model.properties))
        shape = found.shape
    return None
