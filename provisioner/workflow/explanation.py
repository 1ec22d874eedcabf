"""`azsec plan --explain ADDRESS`: why a plan changes one resource.

Called by `cli`.
"""

from collections.abc import Callable

from provisioner.blueprint.graph import DesiredGraph, DesiredResource, Edge
from provisioner.blueprint.value_origins import StatedPlace, stated_places
from provisioner.documents.attribution import AttributionDocument
from provisioner.documents.explanation import (
    CommitDocument,
    ExplanationDocument,
    FieldExplanationDocument,
    PlaceDocument,
    WaitDocument,
)
from provisioner.documents.plan import Action, FieldChangeDocument, ResourceChangeDocument
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.secret_values import mask_secrets
from provisioner.model.span import Span
from provisioner.plan.plan import Plan, digest_json, encode_value
from provisioner.workflow.plan import Desired

LineAt = Callable[[Span], str]
"""Returns the text of the line at a place; "" where it cannot be read."""

Blame = Callable[[Span], CommitDocument | str]
"""Returns the last commit of the line at a place, or why that is not known."""

Ask = Callable[[ResourceChangeDocument], AttributionDocument | None]
"""Reads in Azure's logs who changed a resource."""


def explain_change(
    plan: Plan,
    desired: Desired,
    address: str,
    line_at: LineAt,
    blame: Blame,
    ask: Ask | None = None,
) -> ExplanationDocument:
    """Return why a plan changes the resource at an address.

    That is: which properties, where their values are stated and by whom, what waits for it, and who
    changed it in Azure (`ask`; None: no log is read).

    Raises:
        DiagnosticError: Where neither the plan nor the blueprint has the address
            (`unknown-address`, with the nearest one).
    """
    graph = desired.graph
    change = next((one for one in plan.document.changes if one.address == address), None)
    stated = graph.resources.get(address)
    if change is None and stated is None:
        known = [*graph.resources, *(one.address for one in plan.document.changes)]
        raise DiagnosticError(
            error(
                "unknown-address",
                f"neither the plan nor the blueprint has a resource at {address!r}.",
                None,
                nearest(address, known),
            )
        )

    def place(found: StatedPlace) -> PlaceDocument:
        is_in_file = found.span.line > 0
        commit = blame(found.span) if is_in_file else "no file states it"
        return PlaceDocument(
            place=str(found.span),
            # The line of a file may state a secret beside the value that is explained.
            line=mask_secrets(line_at(found.span)) if is_in_file else "",
            parameter=found.parameter,
            local=found.local,
            default=found.is_default,
            exact=found.is_exact,
            commit=commit if isinstance(commit, CommitDocument) else None,
            unknown=commit if isinstance(commit, str) else None,
        )

    attribution = None
    if change is not None and ask is not None and change.action is not Action.CREATE:
        attribution = ask(change)
    return ExplanationDocument(
        environment=plan.document.environment,
        digest=plan.document.digest,
        address=address,
        change=change,
        stated_at=place(StatedPlace(stated.span)) if stated is not None else None,
        fields=tuple(
            FieldExplanationDocument(
                field=field,
                places=tuple(map(place, _stated_places_of(field, stated))),
            )
            for field in (change.fields if change is not None else ())
        ),
        waits_for=tuple(WaitDocument(address=e.on, because=e.because) for e in _edges_of(stated)),
        waited_for=_find_dependents(graph, address),
        attribution=attribution,
        outdated=not plan.request.destroy and plan.digests.get("blueprint") != _digest_of(graph),
    )


def _digest_of(graph: DesiredGraph) -> str:
    return digest_json([[r.address, r.id.key, encode_value(r.body)] for r in graph])


def _edges_of(stated: DesiredResource | None) -> tuple[Edge, ...]:
    return stated.edges if stated is not None else ()


def _stated_places_of(
    field: FieldChangeDocument, stated: DesiredResource | None
) -> tuple[StatedPlace, ...]:
    return stated_places(stated, field.path) if stated is not None and field.declared else ()


def _find_dependents(graph: DesiredGraph, address: str) -> tuple[WaitDocument, ...]:
    return tuple(
        WaitDocument(address=resource.address, because=edge.because)
        for resource in graph
        for edge in resource.edges
        if edge.on == address
    )
