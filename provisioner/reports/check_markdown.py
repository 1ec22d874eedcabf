"""Renders a check, a compliance report and changed verdicts as Markdown.

`cli/output.py` and `markdown` call it.
"""

from collections.abc import Sequence

from provisioner.documents.controls import (
    FAIL,
    CheckDocument,
    ComplianceDocument,
    ResultDocument,
    SecurityDeltaDocument,
)
from provisioner.reports.census_markdown import census_paragraph, census_section
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head
from provisioner.reports.security_text import security_total
from provisioner.reports.verdict_wording import (
    LAYERS,
    MARKS,
    answers_of,
    chapters,
    compliance_totals,
    matrix,
    refusals,
    state_of,
    totals_of,
    worst_first,
)


def render_check_markdown(document: CheckDocument) -> str:
    """Return a check as Markdown.

    It has the counts, the table of chapters by layers, then failing, waived and unknown controls.
    """
    told = worst_first(result for result in document.results if not result.is_group)
    text = f"### azsec check: {prose(document.environment.name, 200)}\n\n"
    text += f"Controls {prose(totals_of(document))}\n\n"
    text += census_paragraph(document.census)
    for gate, ids in refusals(document):
        text += f"**Refused by the gate {prose(gate)}: {', '.join(map(code, ids))}.**\n\n"
    text += _chapter_table(document.results)
    text += _findings_section(FAIL, "**Failing**", told, document)
    text += _findings_section("waived", "**Waived**", told, document)
    text += _controls_section("partial", "**Partial: evidence is missing**", told)
    text += _controls_section("unknown", "**Unknown**", told)
    text += census_section(document.census)
    return text.rstrip() + "\n"


def render_compliance_markdown(document: ComplianceDocument) -> str:
    """Return a compliance report as Markdown: a row for each requirement."""
    text = f"### {prose(document.title)}: {prose(document.environment.name, 200)}\n\n"
    text += f"{prose(compliance_totals(document))} · {prose(state_of(document))}\n\n"
    text += census_paragraph(document.census)
    if document.refused:
        text += f"**Refused by the gates: {', '.join(map(code, document.refused))}.**\n\n"
    text += table_head(("", "requirement", "what", "controls"))
    for entry in document.requirements:
        mark = f"{MARKS[entry.verdict]} {entry.verdict}"
        named = prose(answers_of(entry), 400)
        text += row(mark, code(entry.id), prose(entry.title, 200), named)
    return f"{text}\n{census_section(document.census)}".rstrip() + "\n"


def security_section(security: SecurityDeltaDocument | None) -> str:
    """Return the section of changed verdicts, failing ones first; empty where there are none."""
    total = security_total(security)
    if security is None or not total:
        return ""
    rows = (
        row(
            f"{turn.emoji} {turn.severity}",
            f"{code(turn.control)} {prose(turn.title, 200)}",
            code(turn.address),
            prose(turn.evidence, 300),
        )
        for turn in security.failing
    )
    head = table_head(("severity", "control", "address", "what"))
    title = "**Controls that newly fail**"
    return f"Controls: {prose(total)}\n\n" + section(
        f"{title}\n\n{head}", rows, len(security.failing), "finding"
    )


def _chapter_table(results: Sequence[ResultDocument]) -> str:
    cells = matrix(results)
    text = table_head(("chapter", *LAYERS))
    for chapter, title in chapters(results).items():
        shown = []
        for layer in LAYERS:
            passing, applicable, failing = cells.get((chapter, layer), (0, 0, 0))
            told = f"{passing}/{applicable}" if applicable else "-"
            shown.append(f"**{told}**" if failing else told)
        text += row(prose(title), *shown)
    return text + "\n"


def _findings_section(
    verdict: str, title: str, results: Sequence[ResultDocument], document: CheckDocument
) -> str:
    rows = []
    for result in results:
        for seen in result.findings:
            if seen.verdict != verdict:
                continue
            waiver = seen.waiver
            why = f"until {waiver.expires} by {waiver.owner}: {waiver.reason}" if waiver else ""
            rows.append(
                row(
                    f"{code(result.control.id)}<br>"
                    f"{result.control.emoji} {result.control.severity}",
                    code(seen.address or seen.id),
                    prose(seen.evidence, 300) + (f"<br>{prose(why, 300)}" if why else ""),
                    code(seen.place) if seen.place else "",
                )
            )
    head = table_head(("control", "address", "what", "where"))
    return section(f"{title}\n\n{head}", rows, len(rows), "finding")


def _controls_section(verdict: str, title: str, results: Sequence[ResultDocument]) -> str:
    rows = [
        row(
            code(result.control.id),
            prose(result.control.title, 200),
            prose(result.outstanding or result.why, 300),
        )
        for result in results
        if result.verdict == verdict
    ]
    head = table_head(("control", "what has to be true", "needs"))
    return section(f"{title}\n\n{head}", rows, len(rows), "control")
