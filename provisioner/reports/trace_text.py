"""Renders network traces as text: one block for each flow, one line for each hop.

`text` calls it.
"""

from collections.abc import Iterator

from provisioner.documents.trace import FlowPathDocument, TraceDocument
from provisioner.reports.section_text import heading
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain
from provisioner.reports.wording import outcome_of

_WIDEST_ELEMENT = 48


def render_trace_text(document: TraceDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of a trace."""
    yield from heading("trace", document.environment, width)
    for journey in document.journeys:
        yield from _journey_lines(journey, width)
        yield BLANK
    delivered = sum(journey.delivered for journey in document.journeys)
    unknown = sum(bool(each.unjudged) and not each.delivered for each in document.journeys)
    told = f", {unknown} unknown" if unknown else ""
    words = f"{delivered} of {len(document.journeys)} delivered{told} · {document.protocol}"
    yield line(Span("Trace  ", Style.BOLD), f"{words} · {document.state.value} state")


def _journey_lines(journey: FlowPathDocument, width: int) -> Iterator[Line]:
    style = Style.CREATE if journey.delivered else Style.DELETE
    if journey.unjudged and not journey.delivered:
        style = Style.WARNING
    ends = f"{plain(journey.source)} -> {plain(journey.destination)}"
    outcome = outcome_of(journey)
    if len(ends) + len(outcome) + 5 <= width or not journey.unjudged:
        yield line("  ", Span(ends, Style.BOLD), " · ", Span(outcome, style))
    else:
        yield line("  ", Span(ends, Style.BOLD))
        yield from (line("    ", Span(row, style)) for row in wrap(outcome, width - 4))
    elements = min(max(len(plain(hop.element)) for hop in journey.hops), _WIDEST_ELEMENT)
    roles = max(len(plain(hop.role)) for hop in journey.hops)
    for number, hop in enumerate(journey.hops, 1):
        element, role = plain(hop.element), plain(hop.role)
        start = f"    {number:>2}  {element:<{elements}}  {role:<{roles}}  "
        shown = Style.PLAIN if hop.passes else Style.DELETE
        rows = wrap(plain(hop.words), width - len(start))
        yield line(start, Span(rows[0], shown))
        yield from (line(" " * len(start), Span(row, shown)) for row in rows[1:])
