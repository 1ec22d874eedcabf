"""Renders an adoption as text: files, changes, omissions with reasons, and the proof.

`text` calls it.
"""

from collections.abc import Iterator, Sequence

from provisioner.documents.adoption import AdoptionDocument
from provisioner.reports.adoption_wording import (
    by_reason,
    next_words,
    proof_words,
    short_id,
)
from provisioner.reports.field_text import change_lines
from provisioner.reports.section_text import heading, render_diagnostics
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import and_more

_MOST_NAMES = 6
_MOST_ROWS = 40


def render_adoption_text(document: AdoptionDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of an adoption."""
    yield from heading("adopt", document.environment, width)
    total = sum(file.lines for file in document.files)
    yield line("  ", Span("files", Style.BOLD), Span(f" · {total} lines", Style.DIM))
    widest = max((len(file.path) for file in document.files), default=0)
    for file in document.files:
        yield line(f"    {plain(file.path).ljust(widest)}  {file.lines:5d} lines")
    yield BLANK
    yield from _change_lines(document, width)
    rows = [(short_id(each), each.reason) for each in document.not_expressed]
    yield from _section_lines("not in the files", Style.WARNING, rows, width)
    rows = [(short_id(each), each.reason) for each in document.unlisted]
    yield from _section_lines("not found in Azure", Style.WARNING, rows, width)
    rows = [(plain(each.path), plain(each.reason)) for each in document.unreadable]
    yield from _section_lines("could not be read", Style.WARNING, rows, width)
    rows = [(f"{plain(n.address)}  {plain(n.path)}", plain(n.reason)) for n in document.notes]
    yield from _section_lines("not stated", Style.PLAIN, rows, width)
    rows = [
        (reason, _list_names(names))
        for reason, names in sorted(by_reason(document.left_out).items())
    ]
    yield from _section_lines("left out", Style.PLAIN, rows, width)
    yield from render_diagnostics(document.diagnostics, width)
    yield from _sentence_lines("Proof    ", [proof_words(document)], width)
    yield from _sentence_lines("Next     ", next_words(document), width)


def _change_lines(document: AdoptionDocument, width: int) -> Iterator[Line]:
    if not document.changes:
        return
    yield line("  ", Span("would change", Style.BLOCKED))
    for change in document.changes[:_MOST_ROWS]:
        reason = f" · {plain(change.reason)}" if change.reason else ""
        yield line(f"    {plain(change.address)}  {change.action}{reason}")
        yield from change_lines(change.fields, width)
    if len(document.changes) > _MOST_ROWS:
        yield line("    ", and_more(len(document.changes) - _MOST_ROWS, "resource"))
    yield BLANK


def _section_lines(
    name: str, style: Style, rows: Sequence[tuple[str, str]], width: int
) -> Iterator[Line]:
    if not rows:
        return
    style = Style.BOLD if style is Style.PLAIN else style
    yield line("  ", Span(name, style), Span(f" · {plural(len(rows), 'entry')}", Style.DIM))
    for head, words in rows[:_MOST_ROWS]:
        first, *rest = wrap(f"{head}: {words}", width - 6) or [""]
        yield line("    - ", first)
        yield from (line("      ", row) for row in rest)
    if len(rows) > _MOST_ROWS:
        yield line("    ", and_more(len(rows) - _MOST_ROWS, "entry"))
    yield BLANK


def _list_names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _sentence_lines(name: str, sentences: Sequence[str], width: int) -> Iterator[Line]:
    for words in sentences:
        first, *rest = wrap(words, width - len(name)) or [""]
        yield line(Span(name, Style.BOLD), first)
        yield from (line(" " * len(name), row) for row in rest)
