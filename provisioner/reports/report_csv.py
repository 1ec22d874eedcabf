"""Renders a report as CSV, for spreadsheets.

There is a row for each finding of a control, or for the control where it has none; then a row for
each entry of what was not assessed. A cell that a spreadsheet would take for a formula begins with
an apostrophe (OWASP, "CSV Injection"): names come from Azure and from files. `cli/report.py` calls
it.
"""

import csv
from collections.abc import Iterator
from io import StringIO

from provisioner.documents.controls import FindingDocument, ResultDocument
from provisioner.documents.report import EnvironmentReportDocument, ReportDocument
from provisioner.reports.census_text import not_assessed
from provisioner.reports.report_view import answered_by
from provisioner.reports.values import plain, shorten, show_path

COLUMNS = (
    "environment",
    "state",
    "time",
    "control",
    "title",
    "severity",
    "layer",
    "chapter",
    "result",
    "resource",
    "address",
    "property",
    "evidence",
    "answered by",
    "owner",
    "expires",
    "reason",
    "cis-aks-1.8",
    "azure-policy",
    "checkov",
    "psrule",
)
_MOST_CHARACTERS = 32_000
"""The maximum length of a cell in Excel is 32,767 characters ("Excel specifications and
limits")."""
_FORMULA = ("=", "+", "-", "@")
"""First characters that make a cell a formula, also after the space that replaces a tab."""


def render_report_csv(report: ReportDocument) -> str:
    """Return the findings of a report as CSV (RFC 4180) with a header.

    An environment that could not be assessed is a row with the reason.
    """
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for entry in report.environments:
        writer.writerows(map(_guard_formulas, _environment_rows(entry, report.generated_at)))
    return text.getvalue()


def _environment_rows(entry: EnvironmentReportDocument, time: str) -> Iterator[dict[str, str]]:
    about = {"environment": entry.name, "state": entry.state, "time": time}
    if entry.check is None:
        reason = " ".join(told.message for told in entry.diagnostics)
        yield {**about, "result": "not assessed", "evidence": reason}
        return
    for result in entry.check.results:
        if not result.is_group:
            for seen in result.findings or (None,):
                yield {**about, **_finding_row(entry, result, seen)}
    for what, reason in not_assessed(entry.check.census):
        yield {**about, "result": "not assessed", "resource": what, "evidence": reason}


def _finding_row(
    entry: EnvironmentReportDocument, result: ResultDocument, seen: FindingDocument | None
) -> dict[str, str]:
    control, attested = result.control, result.attestation
    row = {
        "control": control.id,
        "title": control.title,
        "severity": control.severity,
        "layer": control.layer,
        "chapter": control.chapter_title,
        "result": result.verdict,
        "evidence": result.why,
        "answered by": answered_by(entry, result),
        "cis-aks-1.8": " ".join(control.mappings.cis),
        "azure-policy": " ".join(control.mappings.policies),
        "checkov": " ".join(control.mappings.checkov),
        "psrule": " ".join(control.mappings.psrule),
    }
    if seen is not None:
        is_partial = seen.verdict == "pass" and result.verdict == "partial"
        row |= {
            "result": "partial" if is_partial else seen.verdict,
            "resource": seen.id,
            "address": seen.address or "",
            "property": show_path(seen.path),
            "evidence": seen.evidence,
        }
    if seen is not None and seen.waiver is not None:
        waiver = seen.waiver
        row |= {"owner": waiver.owner, "expires": waiver.expires, "reason": waiver.reason}
    elif attested is not None:
        row |= {"owner": attested.by, "expires": attested.expires, "reason": attested.evidence}
    return row


def _guard_formulas(row: dict[str, str]) -> list[str]:
    cells = (shorten(plain(row.get(column, "")), _MOST_CHARACTERS) for column in COLUMNS)
    return [f"'{cell}" if cell.lstrip().startswith(_FORMULA) else cell for cell in cells]
