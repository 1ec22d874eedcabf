"""Renders the comparison of two plans as text.

`combined_text` and `text` call it.
"""

from collections.abc import Iterable, Iterator

from provisioner.documents.plan_diff import (
    ChangeDifferenceDocument,
    DifferenceKind,
    PlanDiffDocument,
)
from provisioner.reports.object_text import ObjectNames
from provisioner.reports.plan_diff_wording import (
    KIND_SIGNS,
    KIND_WORDS,
    beside_lines,
    causes,
    field_before_and_after,
    name_of_side,
    other_lines,
    planned_before_and_after,
    request_lines,
    summary,
    verdict,
)
from provisioner.reports.section_text import Columns, heading, totals
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, shorten_pair, show_digest, show_path
from provisioner.reports.wording import and_more

_STYLES = {
    DifferenceKind.ADDED: Style.CREATE,
    DifferenceKind.REMOVED: Style.DELETE,
    DifferenceKind.CHANGED: Style.UPDATE,
}
_MOST_FIELDS = 20
_MOST_REQUESTS = 20


def render_plan_diff_text(document: PlanDiffDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of a comparison of two plans.

    They cover resources, the consequences for controls, proofs and gates, requests, and last
    whether the approval of the first plan covers the second.
    """
    yield from heading("diff", document.after.environment, width)
    for label, side in (("before", document.before), ("after", document.after)):
        digest = show_digest(side.digest)
        first, *rest = wrap(name_of_side(side), width - 12 - len(digest))
        yield line("  ", Span(f"{label:6}", Style.BOLD), f"  {digest}  {first}")
        yield from (line(" " * (12 + len(digest)), row) for row in rest)
    names = document.before.environment.name, document.after.environment.name
    if names[0] != names[1]:
        told = f"The plans are of two environments: {plain(names[0])} and {plain(names[1])}."
        yield line("  ", Span(told, Style.WARNING))
    yield BLANK
    columns: Columns | ObjectNames
    if document.scope == "cluster":
        columns = ObjectNames((change.address for change in document.changes), width)
    else:
        columns = Columns([(c.address, c.type, c.resource_group) for c in document.changes], width)
    for change in document.changes:
        yield from _change_lines(change, columns, width)
    yield from _section("outcome", "controls, proofs and gates", other_lines(document), width)
    requests = list(request_lines(document))
    about = "what apply sends differently"
    yield from _section("requests", about, requests[:_MOST_REQUESTS], width)
    if len(requests) > _MOST_REQUESTS:
        hidden = and_more(len(requests) - _MOST_REQUESTS, "request")
        yield line("    ", Span(hidden, Style.DIM))
        yield BLANK
    beside = list(beside_lines(document))
    for text in beside:
        yield from (line("  ", row) for row in wrap(text, width - 2))
    if beside:
        yield BLANK
    for text in (causes(document), verdict(document)):
        style = Style.PLAIN if document.same else Style.WARNING
        yield from (line(Span(row, style)) for row in wrap(text, width))
    yield from totals("Diff", summary(document), None, width)


def _change_lines(
    change: ChangeDifferenceDocument, columns: Columns | ObjectNames, width: int
) -> Iterator[Line]:
    yield from columns.lines(change.address, change.type, change.resource_group)
    words = Span(KIND_WORDS[change.kind], _STYLES[change.kind])
    before, after = planned_before_and_after(change)
    if change.kind is not DifferenceKind.CHANGED or before == after:
        told = before if change.after is None else after
        first, *rest = wrap(told, width - 6 - len(words.text)) or [""]
        yield line("    ", words, f": {first}")
        yield from (line("      ", row) for row in rest)
    else:
        yield line("    ", words)
        yield from (line("      was ", row) for row in wrap(before, width - 10))
        yield from (line("      now ", row) for row in wrap(after, width - 10))
    # A resource that only one plan creates has only the properties of that plan.
    shown = change.fields if change.before and change.after else ()
    for field in shown[:_MOST_FIELDS]:
        yield line("      ", show_path(field.path))
        values = shorten_pair(*field_before_and_after(field), width - 12)
        for word, value in zip(("was", "now"), values, strict=True):
            yield line("        ", Span(word, Style.DIM), f" {value}")
    if len(shown) > _MOST_FIELDS:
        yield line("      ", Span(and_more(len(shown) - _MOST_FIELDS, "property"), Style.DIM))
    yield BLANK


def _section(
    title: str, about: str, entries: Iterable[tuple[DifferenceKind, str]], width: int
) -> Iterator[Line]:
    lines = [
        line("    ", Span(KIND_SIGNS[kind] if not number else " ", _STYLES[kind]), f" {row}")
        for kind, text in entries
        for number, row in enumerate(wrap(text, width - 6))
    ]
    if lines:
        yield line("  ", Span(title, Style.BOLD), f" · {about}")
        yield from lines
        yield BLANK
