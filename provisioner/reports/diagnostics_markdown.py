"""Renders diagnostics (errors and warnings with their positions) as Markdown.

`cluster_markdown`, `combined_markdown` and `markdown` call it.
"""

from collections.abc import Sequence

from provisioner.documents.document import DiagnosticDocument
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import section


def diagnostics_section(diagnostics: Sequence[DiagnosticDocument]) -> str:
    """Return the section of diagnostics, errors first."""
    ordered = sorted(diagnostics, key=lambda told: told.severity != "error")
    rows = (_diagnostic(told) for told in ordered)
    return section("**Diagnostics**\n\n", rows, len(ordered), "message")


def _diagnostic(told: DiagnosticDocument) -> str:
    place = f"{code(told.place)}: " if told.place else ""
    hint = f" {prose(told.hint, 300)}" if told.hint else ""
    return f"- **{told.severity}** {place}{prose(told.message, 500)}{hint}\n"
