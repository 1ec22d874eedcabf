"""Renders tags that the blueprint does not declare as text.

`drift_text` and `plan_text` call it.
"""

from collections.abc import Sequence

from provisioner.documents.plan import UndeclaredTagDocument
from provisioner.reports.styled import BLANK, Line, Span, Style, line
from provisioner.reports.values import plain, shorten, show_path, show_value
from provisioner.reports.wording import UNDECLARED_TAGS, and_more

_MOST = 20
_GAP = "  "


def tag_lines(tags: Sequence[UndeclaredTagDocument], width: int) -> list[Line]:
    """Return the section of tags that a policy or a person set: a plan never overwrites them."""
    if not tags:
        return []
    shown = tags[:_MOST]
    address = min(max(len(plain(tag.address)) for tag in shown), width // 3)
    path = min(max(len(show_path(tag.path)) for tag in shown), width // 3)
    result = [line("  ", Span("undeclared tags", Style.BOLD), f" · {UNDECLARED_TAGS}")]
    for tag in shown:
        head = f"    {plain(tag.address):{address}}{_GAP}{show_path(tag.path):{path}}{_GAP}"
        result.append(line(head, shorten(show_value(tag.value), max(20, width - len(head)))))
    if len(tags) > _MOST:
        result.append(line("    ", Span(and_more(len(tags) - _MOST, "tag"), Style.DIM)))
    return [*result, BLANK]
