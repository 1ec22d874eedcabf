"""Renders additions by others to an environment's resources as Markdown.

`markdown` and `cluster_markdown` call it for drift checks.
"""

from collections.abc import Sequence

from provisioner.documents.additions import AcceptedDocument, AdditionDocument
from provisioner.reports.additions_text import addition_label, describe_addition
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head
from provisioner.reports.wording import ACCEPTED, ADDITIONS


def addition_section(entries: Sequence[AdditionDocument]) -> str:
    """Return the section of additions."""
    rows = (
        row(code(addition_label(entry)), prose(describe_addition(entry), 500), code(entry.id, 300))
        for entry in entries
    )
    head = table_head(("on", "adds", "id"))
    return section(f"**Additions: {ADDITIONS}**\n\n{head}", rows, len(entries), "addition")


def accepted_section(entries: Sequence[AcceptedDocument]) -> str:
    """Return the section of additions that the environment accepts."""
    rows = (
        row(
            code(addition_label(entry.addition)),
            prose(describe_addition(entry.addition), 500),
            prose(f"{entry.owner}: {entry.reason}", 200),
            entry.expires,
        )
        for entry in entries
    )
    head = table_head(("on", "adds", "who and why", "until"))
    return section(f"**Accepted: {ACCEPTED}**\n\n{head}", rows, len(entries), "addition")
