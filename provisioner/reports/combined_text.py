"""Renders a plan and an apply over Azure and the cluster as text.

`combined_markdown` and `text` call it.
"""

from collections.abc import Iterator

from provisioner.documents.combined import (
    CombinedApplyDocument,
    CombinedPlanDiffDocument,
    CombinedPlanDocument,
)
from provisioner.reports.apply_text import render_apply_text
from provisioner.reports.cluster_text import (
    render_cluster_apply_text,
    render_cluster_plan_text,
)
from provisioner.reports.plan_diff_text import render_plan_diff_text
from provisioner.reports.plan_text import render_plan_text
from provisioner.reports.section_text import render_diagnostics, totals, whole_digest
from provisioner.reports.styled import BLANK, Line, Span, Style, line

MISSING = "The objects in the cluster are not planned, so this plan cannot be applied."


def render_combined_plan_text(document: CombinedPlanDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of both plans, Azure's first, and the digest over both."""
    yield from render_plan_text(document.azure, width)
    yield BLANK
    if document.cluster is not None:
        yield from render_cluster_plan_text(document.cluster, width)
    yield from render_diagnostics(document.diagnostics, width)
    if document.cluster is None:
        yield line(Span(MISSING, Style.BLOCKED))
        return
    yield from totals("Both", "Azure first, then the cluster", None, width)
    yield whole_digest(document.digest or "")


def render_combined_diff_text(
    document: CombinedPlanDiffDocument, width: int = 100
) -> Iterator[Line]:
    """Yield the lines of the comparison of two plans, Azure's part first."""
    for title, part in (("In Azure", document.azure), ("In the cluster", document.cluster)):
        yield line(Span(title, Style.BOLD))
        yield from render_plan_diff_text(part, width)
        yield BLANK
    told = "the same plan, one digest" if document.same else "the plans differ"
    yield from totals("Both", told, None, width)


def render_combined_apply_text(document: CombinedApplyDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of both parts of an apply."""
    yield from render_apply_text(document.azure, width)
    yield BLANK
    if document.cluster is not None:
        yield from render_cluster_apply_text(document.cluster, width)
    yield from render_diagnostics(document.diagnostics, width)
    ended = "done" if document.is_whole else "not done"
    yield from totals("Both", f"Azure first, then the cluster: {ended}", document.digest, width)
