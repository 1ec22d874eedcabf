"""Renders tables and lists in Markdown within a size limit.

All renderers of Markdown with tables call it.
"""

from collections.abc import Iterable, Sequence

from provisioner.reports.markdown_breaks import with_breaks
from provisioner.reports.wording import and_more

_SECTION = 8_000


def row(*cells: str) -> str:
    """Return a row of a table; cells are Markdown already. Their long words can be broken."""
    return f"| {' | '.join(map(with_breaks, cells))} |\n"


def table_head(columns: Sequence[str]) -> str:
    """Return the head of a table."""
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"


def section(head: str, rows: Iterable[str], count: int, noun: str) -> str:
    """Return a section of as many of `count` rows as there is room for; nothing for no rows."""
    if not count:
        return ""
    shown = fitting(rows, _SECTION)
    text = f"{head}{''.join(shown)}\n"
    if len(shown) < count:
        text += f"{and_more(count - len(shown), noun)}.\n\n"
    return text


def fitting(texts: Iterable[str], room: int) -> list[str]:
    """Return the first texts that fit in `room` characters."""
    taken: list[str] = []
    for text in texts:
        room -= len(text)
        if room < 0:
            break
        taken.append(text)
    return taken
