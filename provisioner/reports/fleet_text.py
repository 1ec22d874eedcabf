"""Renders a run over many environments as text: counts, the worst first, findings grouped.

`text` calls it.
"""

from collections.abc import Iterator

from provisioner.documents.fleet import FleetAnswer, FleetDocument
from provisioner.reports.fleet_wording import (
    answer_words,
    census_words,
    entry_words,
    writer_words,
)
from provisioner.reports.styled import BLANK, Line, Span, Style, line, pad, wrap
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import and_more

_STYLES = {
    FleetAnswer.FAILED: Style.BLOCKED,
    FleetAnswer.FINDINGS: Style.UPDATE,
    FleetAnswer.UNCERTAIN: Style.WARNING,
    FleetAnswer.NOT_RUN: Style.WARNING,
}
_MOST_ENVIRONMENTS = 50
_MOST_GROUPS = 20
_MOST_NAMES = 6


def render_fleet_text(document: FleetDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of a run."""
    yield line(Span(f"Fleet {document.command}  {census_words(document)}", Style.BOLD))
    yield BLANK
    noteworthy = [
        entry
        for entry in document.environments
        if entry.answer not in (FleetAnswer.CLEAN, FleetAnswer.UNCHANGED)
    ]
    shown = noteworthy[:_MOST_ENVIRONMENTS]
    names = max((len(plain(entry.name)) for entry in shown), default=0)
    words = max((len(answer_words(document.command, entry.answer)) for entry in shown), default=0)
    for entry in shown:
        told = answer_words(document.command, entry.answer)
        head = f"  {pad(plain(entry.name), names)}  "
        room = width - len(head) - words - 2
        first, *rest = wrap(plain(entry_words(document.command, entry)), max(room, 24)) or [""]
        style = _STYLES.get(entry.answer, Style.PLAIN)
        yield line(head, Span(pad(told, words), style), f"  {first}")
        yield from (line(" " * (len(head) + words + 2), row) for row in rest)
    if len(noteworthy) > len(shown):
        yield line(f"  {and_more(len(noteworthy) - len(shown), 'environment')}")
    if noteworthy:
        yield BLANK
    yield from _finding_lines(document, width)
    yield line(
        f"Run {document.run}. `azsec fleet show {document.run} ENV` prints all of one environment."
    )


def _finding_lines(document: FleetDocument, width: int) -> Iterator[Line]:
    if not document.groups:
        return
    yield line(Span("Findings by number of environments", Style.BOLD))
    for group in document.groups[:_MOST_GROUPS]:
        count = plural(len(group.environments), "environment")
        names = [plain(name) for name in group.environments[:_MOST_NAMES]]
        more = len(group.environments) - len(names)
        stated = ", ".join(names) + (f" {and_more(more, 'environment')}" if more else "")
        stated += f"; {writer_words(group)}" if group.writers else ""
        first, *rest = wrap(plain(group.what), width - 22)
        if not rest and len(first) + len(stated) + 2 <= width - 22:
            yield line(f"  {count:>18}  {first}  ", Span(stated, Style.DIM))
            continue
        yield line(f"  {count:>18}  {first}")
        yield from (line(" " * 22, row) for row in rest)
        yield from (line(" " * 22, Span(row, Style.DIM)) for row in wrap(stated, width - 22))
    left = len(document.groups) - _MOST_GROUPS
    if left > 0:
        yield line(f"  {and_more(left, 'finding')}")
    yield BLANK
