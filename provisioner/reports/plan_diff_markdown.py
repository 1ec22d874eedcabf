"""Renders the comparison of two plans as Markdown, for a comment on a pull request.

`cli/output.py` and `combined_markdown` call it.
"""

from collections.abc import Sequence

from provisioner.documents.plan_diff import (
    ChangeDifferenceDocument,
    DifferenceKind,
    PlanDiffDocument,
)
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head
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
from provisioner.reports.values import shorten_pair, show_path
from provisioner.reports.wording import and_more, joined

_MOST_FIELDS = 3
_LONGEST = 120


def render_plan_diff_markdown(document: PlanDiffDocument) -> str:
    """Return a comparison of two plans as Markdown.

    It has the verdict, a table of resources, and the consequences. Each section is bounded, so that
    all of it fits a comment.
    """
    name = prose(document.after.environment.name, 200)
    text = f"### azsec diff: {name}\n\n**{verdict(document)}** {prose(causes(document))}\n\n"
    text += f"{summary(document)}\n\n"
    for label, side in (("before", document.before), ("after", document.after)):
        told = joined((prose(side.environment.name, 200), name_of_side(side)))
        text += f"- {label}: {told} {code(side.digest)}\n"
    text += "\n" + difference_table(document.changes)
    text += _list("Controls, proofs and gates", list(other_lines(document)), "entry")
    text += _list("Requests that apply sends differently", list(request_lines(document)), "request")
    beside = list(beside_lines(document))
    return text + section("", (f"- {prose(told)}\n" for told in beside), len(beside), "entry")


def difference_table(changes: Sequence[ChangeDifferenceDocument]) -> str:
    """Return the resources that two plans change differently, as a table; "" for none."""
    head = table_head(("compared", "resource", "was planned", "is planned"))
    return section(head, map(_row, changes), len(changes), "resource")


def _row(change: ChangeDifferenceDocument) -> str:
    before, after = map(prose, planned_before_and_after(change))
    if change.before and change.after:
        for field in change.fields[:_MOST_FIELDS]:
            path = code(show_path(field.path), _LONGEST)
            one, other = shorten_pair(*field_before_and_after(field), _LONGEST)
            before += f"<br>{path}: {code(one)}"
            after += f"<br>{path}: {code(other)}"
        if len(change.fields) > _MOST_FIELDS:
            after += f"<br>{and_more(len(change.fields) - _MOST_FIELDS, 'property')}"
    return row(KIND_WORDS[change.kind], code(change.address), before, after)


def _list(title: str, entries: Sequence[tuple[DifferenceKind, str]], noun: str) -> str:
    rows = (f"- `{KIND_SIGNS[kind]}` {prose(told)}\n" for kind, told in entries)
    return section(f"**{title}**\n\n", rows, len(entries), noun)
