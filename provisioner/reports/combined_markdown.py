"""Renders a plan and an apply over Azure and the cluster as Markdown.

`cli/output.py` calls it.
"""

from provisioner.documents.combined import CombinedPlanDiffDocument, CombinedPlanDocument
from provisioner.reports.cluster_markdown import render_cluster_plan_markdown
from provisioner.reports.combined_text import MISSING
from provisioner.reports.diagnostics_markdown import diagnostics_section
from provisioner.reports.markdown import LIMIT, render_plan_markdown
from provisioner.reports.markdown_escape import code
from provisioner.reports.plan_diff_markdown import render_plan_diff_markdown

_END = 4_000
"""The room for the end of the report: diagnostics and the digest over both plans."""


def render_combined_plan_markdown(document: CombinedPlanDocument) -> str:
    """Return both plans as Markdown of less than 65,000 characters, with their common digest.

    The cluster's plan takes at most half of that.
    """
    within = ""
    if document.cluster is not None:
        within = render_cluster_plan_markdown(document.cluster, LIMIT // 2)
    end = diagnostics_section(document.diagnostics)
    end += f"Digest over both {code(document.digest)}\n" if document.digest else f"**{MISSING}**\n"
    azure = render_plan_markdown(document.azure, LIMIT - len(within) - _END)
    return "\n".join(part for part in (azure, within, end) if part)


def render_combined_diff_markdown(document: CombinedPlanDiffDocument) -> str:
    """Return the comparison of two plans as Markdown, Azure's part first."""
    return (
        f"**In Azure**\n\n{render_plan_diff_markdown(document.azure)}\n"
        f"**In the cluster**\n\n{render_plan_diff_markdown(document.cluster)}"
    )
