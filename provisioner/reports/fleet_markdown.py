"""Renders the result of a run over many environments as Markdown.

`cli/output.py` calls it.
"""

from provisioner.documents.fleet import FleetAnswer, FleetDocument
from provisioner.reports.fleet_wording import (
    answer_words,
    census_words,
    entry_words,
    writer_words,
)
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head

_MOST_NAMES = 10


def render_fleet_markdown(document: FleetDocument) -> str:
    """Return a run as Markdown.

    It has the counts, equal findings grouped, and a row for each environment that is not clean.
    """
    head = f"## `azsec fleet {document.command}`: {census_words(document)}\n\n"
    groups = [
        row(
            str(len(group.environments)),
            prose(group.what, 300) + (f"; {prose(writer_words(group))}" if group.writers else ""),
            ", ".join(code(name) for name in group.environments[:_MOST_NAMES])
            + (" …" if len(group.environments) > _MOST_NAMES else ""),
        )
        for group in document.groups
    ]
    noteworthy = [
        row(
            code(entry.name),
            answer_words(document.command, entry.answer),
            prose(entry_words(document.command, entry), 300),
        )
        for entry in document.environments
        if entry.answer not in (FleetAnswer.CLEAN, FleetAnswer.UNCHANGED)
    ]
    found = table_head(("environments", "finding", "names"))
    told = table_head(("environment", "result", "details"))
    return (
        f"{head}{section(found, groups, len(groups), 'finding')}"
        f"{section(told, noteworthy, len(noteworthy), 'environment')}"
        f"Run `{document.run}`, {document.started_at} to {document.ended_at}.\n"
    )
