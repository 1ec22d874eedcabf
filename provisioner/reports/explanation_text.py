"""Renders the reasons why one resource changes as text (`azsec explain`)."""

from collections.abc import Iterator, Sequence

from provisioner.documents.explanation import ExplanationDocument, PlaceDocument, WaitDocument
from provisioner.documents.plan import ResourceChangeDocument
from provisioner.reports.attribution_text import attribution_lines
from provisioner.reports.field_text import change_lines
from provisioner.reports.section_text import heading, totals
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, shorten, show_estimate
from provisioner.reports.wording import (
    BLUEPRINT,
    GRANTS_ACCESS,
    SIGNS,
    and_more,
    joined,
    tier_words,
)

_MOST_WAITS = 10
_OUTDATED = (
    "The files differ from those that this plan was made from: places and values are those of now."
)


def render_explanation_text(document: ExplanationDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of an explanation.

    They state the action and its reason, each property with the positions that state it, who
    changed it in Azure, and which changes wait for it.
    """
    yield from heading("explain", document.environment, width)
    change = document.change
    yield line("  ", Span(plain(document.address), Style.BOLD))
    if change is None:
        yield line("    no change: it matches the blueprint")
    else:
        yield line("    ", Span(_action_words(change), Style.UPDATE))
        yield from (line(" " * 6, row) for row in wrap(plain(change.reason or ""), width - 6))
        yield line(" " * 6, Span(plain(change.id), Style.DIM))
    if document.stated_at is not None:
        yield from _place_lines("stated", document.stated_at, width)
    else:
        yield line("    the blueprint does not state it")
    yield BLANK
    for entry in document.fields:
        yield from change_lines((entry.field,), width)
        if not entry.places:
            silent = "the blueprint is silent: the value is the service's default, by the catalog"
            who = "" if entry.field.owner == BLUEPRINT else f" (set by {plain(entry.field.owner)})"
            yield line(" " * 8, Span(silent + who, Style.DIM))
        for place in entry.places:
            yield from _place_lines(_role_of_place(place), place, width, 8)
        yield BLANK
    if document.attribution is not None:
        yield line("  ", Span("in Azure", Style.BOLD))
        yield from attribution_lines(document.attribution, width)
        yield BLANK
    yield from _wait_lines("waits for", document.waits_for)
    yield from _wait_lines("waited for by", document.waited_for)
    if document.outdated:
        yield from (line(Span(row, Style.WARNING)) for row in wrap(_OUTDATED, width))
    yield from totals("Plan", f"{len(document.fields)} properties change", document.digest, width)


def _action_words(change: ResourceChangeDocument) -> str:
    return joined(
        (
            f"{SIGNS[change.action]} {change.action}",
            plain(change.disruption),
            GRANTS_ACCESS if change.grants_access else "",
            show_estimate(change.seconds) if change.seconds else "",
            tier_words(change),
        )
    )


def _role_of_place(place: PlaceDocument) -> str:
    part = "" if place.exact else ", in an expression,"
    if place.local is not None:
        return f"local {plain(place.local)}{part}"
    if place.parameter is None:
        return "stated" if place.exact else "stated within"
    kind = "default of parameter" if place.default else "parameter"
    return f"{kind} {plain(place.parameter)}{part}"


def _place_lines(role: str, place: PlaceDocument, width: int, indent: int = 4) -> Iterator[Line]:
    yield line(" " * indent, f"{role} at ", Span(plain(place.place), Style.BOLD))
    inner = " " * (indent + 2)
    if place.line:
        yield line(inner, shorten(plain(place.line), width - indent - 2))
    if place.commit is None:
        told = f"last change unknown: {plain(place.unknown or '')}"
    elif place.commit.commit is None:
        told = "not committed yet"
    else:
        told = joined(
            (
                place.commit.commit[:12],
                plain(place.commit.author),
                plain(place.commit.at),
                plain(place.commit.subject),
            )
        )
    yield line(inner, Span(shorten(told, width - indent - 2), Style.DIM))


def _wait_lines(title: str, waits: Sequence[WaitDocument]) -> Iterator[Line]:
    if not waits:
        return
    yield line("  ", Span(title, Style.BOLD))
    for wait in waits[:_MOST_WAITS]:
        yield line("    ", plain(wait.address), Span(f"  ({plain(wait.because)})", Style.DIM))
    if len(waits) > _MOST_WAITS:
        yield line("    ", Span(and_more(len(waits) - _MOST_WAITS, "resource"), Style.DIM))
    yield BLANK
