"""Renders who changed a resource as text, for drift checks and `azsec explain`."""

from collections.abc import Iterator

from provisioner.documents.attribution import AttributionDocument
from provisioner.reports.attribution_wording import attribution_sentences
from provisioner.reports.styled import Line, Span, Style, line, wrap


def attribution_lines(
    attribution: AttributionDocument | None, width: int, indent: int = 4
) -> Iterator[Line]:
    """Yield who changed a resource, as lines below its changes."""
    for sentence in attribution_sentences(attribution) if attribution is not None else ():
        first, *rest = wrap(sentence, width - indent - 2)
        yield line(" " * indent, Span(first, Style.DIM))
        yield from (line(" " * (indent + 2), Span(row, Style.DIM)) for row in rest)
