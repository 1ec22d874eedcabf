"""Renders a check as text: failing controls first, then unknown ones, and the table of all.

`text` calls it.
"""

from collections.abc import Iterable, Iterator, Sequence

from provisioner.documents.controls import (
    FAIL,
    CheckDocument,
    ComplianceDocument,
    FindingDocument,
    ResultDocument,
)
from provisioner.reports.census_text import census_lines, unreadable_lines
from provisioner.reports.section_text import heading, render_diagnostics
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural
from provisioner.reports.verdict_wording import (
    LAYERS,
    MARKS,
    answers_of,
    chapters,
    compliance_totals,
    legend,
    matrix,
    refusals,
    remedy_hint,
    state_of,
    totals_of,
    worst_first,
)
from provisioner.reports.wording import and_more

_MOST_FINDINGS = 8
_STYLES = {
    FAIL: Style.BLOCKED,
    "unknown": Style.WARNING,
    "partial": Style.WARNING,
    "manual": Style.WARNING,
    "waived": Style.UPDATE,
    "pass": Style.CREATE,
    "not applicable": Style.DIM,
}


def render_check_text(document: CheckDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of a check."""
    yield from heading("check", document.environment, width)
    told = worst_first(result for result in document.results if not result.is_group)
    rest = ("pass", "not applicable") if document.lists_all else ()
    for verdict in (FAIL, "waived", "unknown", *rest):
        found = [result for result in told if result.verdict == verdict]
        if found:
            yield from _section_lines(verdict, found, width)
    yield from _partial_lines(told, width)
    yield from _chapter_table(document.results)
    yield from unreadable_lines(document.census.unreadable, width)
    yield from render_diagnostics(document.diagnostics, width)
    yield from _gate_lines(document, width)
    yield from census_lines(document.census, width)
    rows = wrap(totals_of(document), width - 9)
    yield from (
        line(Span("Controls " if number == 0 else " " * 9, Style.BOLD), row)
        for number, row in enumerate(rows)
    )


def render_compliance_text(document: ComplianceDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of a compliance report: each requirement with the controls that answer."""
    yield from heading("check", document.environment, width)
    yield line("  ", Span(plain(document.title), Style.BOLD), f" · {state_of(document)}")
    column = max((len(r.id) for r in document.requirements), default=0)
    for requirement in document.requirements:
        mark = Span(MARKS[requirement.verdict], _STYLES[requirement.verdict])
        named = answers_of(requirement)
        title = plain(requirement.title)
        about = f"{title} ({named})" if title and named else title or named
        first, *rest = wrap(about, width - column - 8)
        yield line("    ", mark, f" {plain(requirement.id):{column}}  {first}")
        yield from (line(" " * (column + 8), row) for row in rest)
    told = legend(requirement.verdict for requirement in document.requirements)
    yield line("    ", Span(told, Style.DIM))
    yield BLANK
    yield from unreadable_lines(document.census.unreadable, width)
    if document.refused:
        yield line(Span(f"Refused by the gates: {', '.join(document.refused)}.", Style.BLOCKED))
    yield from census_lines(document.census, width)
    rows = wrap(compliance_totals(document), width - 13)
    yield from (
        line(Span("Requirements " if number == 0 else " " * 13, Style.BOLD), row)
        for number, row in enumerate(rows)
    )


def _section_lines(verdict: str, found: Sequence[ResultDocument], width: int) -> Iterator[Line]:
    yield line("  ", Span(verdict, _STYLES[verdict]), f" · {plural(len(found), 'control')}")
    for result in found:
        control = result.control
        head = f"{control.id}  {control.emoji} {control.severity}"
        yield line("    ", Span(head, _STYLES[verdict]), f" · {plain(control.title)}")
        if verdict == "pass":
            continue
        matching = [seen for seen in result.findings if seen.verdict == verdict]
        for seen in matching[:_MOST_FINDINGS]:
            yield from _finding_lines(seen, width)
        hidden = len(matching) - _MOST_FINDINGS
        if hidden > 0:
            yield line(" " * 8, Span(and_more(hidden, "resource"), Style.DIM))
        if result.why and not matching:
            yield from (line(" " * 8, row) for row in wrap(plain(result.why), width - 8))
        if verdict == FAIL:
            yield line(" " * 8, Span(remedy_hint(control), Style.DIM))
    yield BLANK


def _finding_lines(seen: FindingDocument, width: int) -> Iterator[Line]:
    place = f" ({plain(seen.place)})" if seen.place else ""
    text = f"{plain(seen.address or seen.id)}: {plain(seen.evidence)}{place}"
    yield from (line(" " * 8, row) for row in wrap(text, width - 8))
    waiver = seen.waiver
    if waiver is not None:
        why = f"until {plain(waiver.expires)} by {plain(waiver.owner)}: {plain(waiver.reason)}"
        yield from (line(" " * 10, Span(row, Style.DIM)) for row in wrap(why, width - 10))


def _partial_lines(results: Iterable[ResultDocument], width: int) -> Iterator[Line]:
    """Yield the controls that pass as far as Azure shows, and whose rest needs an attestation."""
    ids = [result.control.id for result in results if result.verdict == "partial"]
    if not ids:
        return
    said = "pass as far as Azure Resource Manager shows; `attestations:` cover the rest"
    yield line("  ", Span("partial", _STYLES["partial"]), f" · {plural(len(ids), 'control')}")
    yield from (line("    ", row) for row in wrap(said, width - 4))
    yield from (line("    ", Span(row, Style.DIM)) for row in wrap(", ".join(ids), width - 4))
    yield BLANK


def _chapter_table(results: Sequence[ResultDocument]) -> Iterator[Line]:
    """Yield the table of chapters by layers: passing of those that apply."""
    cells = matrix(results)
    names = chapters(results)
    column = max(map(len, names.values()), default=0)
    yield line("  ", " " * column, Span("".join(f"{layer:>10}" for layer in LAYERS), Style.DIM))
    for chapter, title in names.items():
        spans = []
        for layer in LAYERS:
            passing, applicable, failing = cells.get((chapter, layer), (0, 0, 0))
            text = f"{passing}/{applicable}" if applicable else "-"
            spans.append(Span(f"{text:>10}", Style.BLOCKED if failing else Style.PLAIN))
        yield line("  ", f"{title:{column}}", *spans)
    yield BLANK


def _gate_lines(document: CheckDocument, width: int) -> Iterator[Line]:
    for gate, ids in refusals(document):
        text = f"Refused by the gate {gate}: {', '.join(ids)}."
        yield from (line(Span(row, Style.BLOCKED)) for row in wrap(text, width))
