"""Renders the scope of a report (what was assessed, unreadable or not covered) as Markdown.

`check_markdown` and `markdown` call it.
"""

from provisioner.documents.census import CensusDocument
from provisioner.reports.census_text import (
    census_sentence,
    not_covered_name,
    unreadable_by_reason,
)
from provisioner.reports.markdown_escape import prose
from provisioner.reports.markdown_table import row, section, table_head


def census_paragraph(census: CensusDocument | None) -> str:
    """Return the sentence of a census; empty where nothing was read."""
    return f"{prose(census_sentence(census))}\n\n" if census else ""


def census_section(census: CensusDocument | None) -> str:
    """Return the table of what was not assessed; empty where everything was."""
    if census is None:
        return ""
    rows = [
        *(
            row("unreadable", prose(name, 300), prose(reason, 300))
            for name, reason in unreadable_by_reason(census.unreadable)
        ),
        *(
            row("not looked at", prose(not_covered_name(entry), 300), prose(entry.reason, 300))
            for entry in census.not_covered
        ),
    ]
    head = "**Not seen**\n\n" + table_head(("", "what", "why"))
    return section(head, rows, len(rows), "entry")
