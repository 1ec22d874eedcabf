"""Renders outputs, the resources that an environment owns, and expression values as text.

`text` calls it.
"""

import json
from collections.abc import Iterator
from typing import Any

from provisioner.documents.inventory import (
    EvaluationsDocument,
    OutputsDocument,
    ResourcesDocument,
)
from provisioner.reports.section_text import heading, totals
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural, show_value


def render_outputs_text(document: OutputsDocument, width: int = 100) -> Iterator[Line]:
    """Yield a line for each output, or more for a long value; why one is not known."""
    yield from heading("output", document.environment, width)
    column = max((len(plain(output.name)) for output in document.outputs), default=0)
    room = max(40, width - column - 4)
    for output in document.outputs:
        if output.known:
            rows, style = wrap(show_value(output.value), room) or ['""'], Style.PLAIN
        else:
            rows, style = wrap(f"(not known: {plain(output.reason or '')})", room), Style.DIM
        yield line(f"  {plain(output.name):{column}}  ", Span(rows[0], style))
        yield from (line(" " * (column + 4), Span(row, style)) for row in rows[1:])
    if document.outputs:
        yield BLANK
    unknown = sum(not output.known for output in document.outputs)
    told = plural(len(document.outputs), "output")
    yield from totals("Output", f"{told}, {unknown} not known" if unknown else told, None, width)


def render_resources_text(document: ResourcesDocument, width: int = 100) -> Iterator[Line]:
    """Yield two lines for each resource: address with type, and id.

    Missing resources, and what could not be read, come last.
    """
    yield from heading("list", document.environment, width)
    column = max((len(plain(one.address or "-")) for one in document.resources), default=0)
    for resource in document.resources:
        left = "" if resource.declared else "  has left the blueprint"
        yield line(
            "  ",
            Span(f"{plain(resource.address or '-'):{column}}", Style.BOLD),
            f"  {plain(resource.type)}",
            Span(left, Style.WARNING),
        )
        yield line("    ", Span(plain(resource.id), Style.DIM))
    if document.resources:
        yield BLANK
    if document.missing:
        yield line("  ", Span("declared, and not in Azure", Style.BOLD))
        yield from (line("    ", plain(address)) for address in document.missing)
        yield BLANK
    if document.unreadable:
        yield line("  ", Span("could not be read: more may be owned", Style.WARNING))
        for gap in document.unreadable:
            told = f"{plain(gap.listed or '')} in {plain(gap.id)}: {plain(gap.reason)}"
            yield from (line("    ", row) for row in wrap(told, width - 4))
        yield BLANK
    told = f"{plural(len(document.resources), 'resource')} of this environment in Azure"
    counts = [
        f"{len(document.missing):,} declared and missing" if document.missing else "",
        f"{plural(len(document.unreadable), 'list')} unreadable" if document.unreadable else "",
    ]
    yield from totals("List", ", ".join([told, *filter(None, counts)]), None, width)


def render_evaluations_text(document: EvaluationsDocument, width: int = 100) -> Iterator[Line]:
    """Yield the value of each expression, as JSON that can be copied: nothing is shortened."""
    del width
    for result in document.results:
        if result.error is not None:
            yield from (line(Span(plain(row), Style.DELETE)) for row in result.error.splitlines())
        elif isinstance(result.value, str) and not result.known:
            yield line(Span(plain(result.value), Style.DIM))
        else:
            yield from (line(plain(row)) for row in _json(result.value).splitlines())


def _json(value: Any) -> str:  # noqa: ANN401  any JSON
    short = json.dumps(value, ensure_ascii=False)
    return short if len(short) <= 100 else json.dumps(value, ensure_ascii=False, indent=2)
