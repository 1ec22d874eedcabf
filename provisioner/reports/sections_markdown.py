"""Sections that the Markdown of several documents has in common.

`cluster_markdown` and `markdown` call it.
"""

from collections.abc import Sequence

from provisioner.documents.plan import (
    IgnoredDocument,
    InProgressDocument,
    UndeclaredDocument,
    UnmanagedDocument,
)
from provisioner.reports.fields_markdown import emphasised
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head
from provisioner.reports.section_text import UNDECLARED
from provisioner.reports.values import show_pair, show_path, show_value
from provisioner.reports.wording import IN_PROGRESS, keeping


def undeclared_section(entries: Sequence[UndeclaredDocument], title: str = UNDECLARED) -> str:
    """Return the table of values off their default that the blueprint does not state."""
    rows = (
        row(
            code(entry.address),
            code(show_path(entry.field.path)) + emphasised(entry.field),
            code(show_value(entry.field.before)),
            code("none" if entry.field.after is None else show_value(entry.field.after))
            + (f" {prose(entry.field.reason or '', 200)}" if entry.field.state else "")
            + (f" {keeping(entry)}" if entry.kept else ""),
        )
        for entry in sorted(
            entries, key=lambda entry: (not entry.drifted, not entry.field.security)
        )
    )
    head = table_head(("address", "property", "value", "default"))
    return section(f"**Undeclared: {title}**\n\n{head}", rows, len(entries), "value")


def ignored_section(entries: Sequence[IgnoredDocument]) -> str:
    """Return the table of changes that the environment ignores."""
    rows = (
        row(
            f"{code(entry.address)}<br>{code(show_path(entry.field.path))}"
            + emphasised(entry.field),
            code(" -> ".join(show_pair(entry.field.before, entry.field.after))),
            prose(f"{entry.owner}: {entry.reason}", 200),
            entry.expires,
        )
        for entry in entries
    )
    title = "**Ignored by the environment; left as is**"
    head = table_head(("property", "value", "who and why", "until"))
    return section(f"{title}\n\n{head}", rows, len(entries), "value")


def unmanaged_section(entries: Sequence[UnmanagedDocument]) -> str:
    """Return the table of resources that azsec did not make."""
    rows = (row(code(entry.id, 300), code(entry.type)) for entry in entries)
    title = "**Unmanaged: not made by azsec, and never touched by it**"
    head = table_head(("resource", "type"))
    return section(f"{title}\n\n{head}", rows, len(entries), "resource")


def in_progress_section(entries: Sequence[InProgressDocument]) -> str:
    """Return the table of operations that are still running in Azure."""
    rows = (
        row(code(entry.address or entry.id, 300), code(entry.type), code(entry.state))
        for entry in entries
    )
    head = table_head(("resource", "type", "state"))
    return section(f"**In progress: {IN_PROGRESS}**\n\n{head}", rows, len(entries), "resource")
