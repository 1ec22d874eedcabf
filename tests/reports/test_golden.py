"""Every document in every output, as it was reviewed. `make golden` rewrites the files."""

import io
import os
from pathlib import Path

import pytest

from provisioner.documents.plan import InProgressDocument
from provisioner.documents.proof import GateDocument
from provisioner.reports.adoption_markdown import render_adoption_markdown
from provisioner.reports.check_junit import render_check_junit
from provisioner.reports.check_markdown import render_check_markdown, render_compliance_markdown
from provisioner.reports.check_sarif import render_check_sarif
from provisioner.reports.controls_markdown import render_controls_markdown
from provisioner.reports.graph_mermaid import render_graph_mermaid
from provisioner.reports.graph_svg import render_graph_svg
from provisioner.reports.json_text import render_json
from provisioner.reports.markdown import render_drift_markdown, render_plan_markdown
from provisioner.reports.ocsf_findings import render_ocsf_findings
from provisioner.reports.oscal_components import render_component_definition
from provisioner.reports.oscal_results import render_assessment_results
from provisioner.reports.report_csv import render_report_csv
from provisioner.reports.report_html import render_report_html
from provisioner.reports.steps_report import render_steps_markdown, render_steps_text
from provisioner.reports.styled import write_lines
from provisioner.reports.text import write_text
from tests.reports import adoption_documents, control_documents, documents, report_documents

GOLDEN = Path(__file__).parent / "golden"


def text(document):
    stream = io.StringIO()
    write_text(document, stream, color=False, width=100)
    return stream.getvalue()


def sarif(document):
    return render_check_sarif(document, "1.2.3")


def steps(document):
    stream = io.StringIO()
    write_lines(render_steps_text(document, 100), stream, color=False)
    return stream.getvalue()


BUSY = (
    InProgressDocument(
        address="spoke.aks",
        id="/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerService/"
        "managedClusters/aks",
        type="Microsoft.ContainerService/managedClusters",
        state="Creating",
    ),
    InProgressDocument(
        id="/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerService/"
        "managedClusters/aks/agentPools/extra",
        type="Microsoft.ContainerService/managedClusters/agentPools",
        state="Updating",
    ),
)
BUSY_PLAN = documents.EMPTY_PLAN.model_copy(update={"in_progress": BUSY})
BUSY_DRIFT = documents.EMPTY_DRIFT.model_copy(update={"in_progress": BUSY})
FAILED_DRIFT = documents.EMPTY_DRIFT.model_copy(
    update={
        "drifted": (
            documents.DRIFT.drifted[0].model_copy(
                update={"fields": (), "reason": "provisioningState is Failed"}
            ),
            documents.DRIFT.drifted[0].model_copy(
                update={"reason": "provisioningState is Canceled"}
            ),
        )
    }
)
UNREAD_DRIFT = documents.EMPTY_DRIFT.model_copy(update={"census": documents.UNREADABLE})
UNREAD_PLAN = documents.EMPTY_PLAN.model_copy(update={"census": documents.UNREADABLE})
WEAKENING_PLAN = documents.EMPTY_PLAN.model_copy(
    update={
        "security": control_documents.SECURITY,
        "gates": (GateDocument(gate="controls", reason="CLU-01.4 newly fails", hint=""),),
    }
)

OUTPUTS = {
    "plan.txt": (text, documents.PLAN),
    "plan.md": (render_plan_markdown, documents.PLAN),
    "plan.json": (render_json, documents.PLAN),
    "plan-empty.txt": (text, documents.EMPTY_PLAN),
    "plan-empty.md": (render_plan_markdown, documents.EMPTY_PLAN),
    "plan-in-progress.txt": (text, BUSY_PLAN),
    "plan-in-progress.md": (render_plan_markdown, BUSY_PLAN),
    "plan-steps.txt": (steps, documents.PLAN),
    "plan-steps.md": (lambda document: render_steps_markdown(document, 60_000), documents.PLAN),
    "drift-in-progress.txt": (text, BUSY_DRIFT),
    "drift-in-progress.md": (render_drift_markdown, BUSY_DRIFT),
    "drift-failed.txt": (text, FAILED_DRIFT),
    "drift-failed.md": (render_drift_markdown, FAILED_DRIFT),
    "drift.txt": (text, documents.DRIFT),
    "drift.md": (render_drift_markdown, documents.DRIFT),
    "drift.json": (render_json, documents.DRIFT),
    "drift-unreadable.txt": (text, UNREAD_DRIFT),
    "drift-unreadable.md": (render_drift_markdown, UNREAD_DRIFT),
    "plan-unreadable.txt": (text, UNREAD_PLAN),
    "drift-none.txt": (text, documents.EMPTY_DRIFT),
    "drift-none.md": (render_drift_markdown, documents.EMPTY_DRIFT),
    "apply-failed.txt": (text, documents.FAILED_APPLY),
    "apply-failed.json": (render_json, documents.FAILED_APPLY),
    "apply.txt": (text, documents.FINISHED_APPLY),
    "adopt.txt": (text, adoption_documents.ADOPTION),
    "adopt.md": (render_adoption_markdown, adoption_documents.ADOPTION),
    "adopt.json": (render_json, adoption_documents.ADOPTION),
    "adopt-proven.txt": (text, adoption_documents.PROVEN),
    "adopt-observe.txt": (text, adoption_documents.WATCHED),
    "adopt-partial.md": (render_adoption_markdown, adoption_documents.PARTIAL),
    "plan-weakens.txt": (text, WEAKENING_PLAN),
    "plan-weakens.md": (render_plan_markdown, WEAKENING_PLAN),
    "check.txt": (text, control_documents.CHECK),
    "check-all.txt": (text, control_documents.CHECK.model_copy(update={"lists_all": True})),
    "check.md": (render_check_markdown, control_documents.CHECK),
    "check.json": (render_json, control_documents.CHECK),
    "check.sarif": (sarif, control_documents.CHECK),
    "check.xml": (render_check_junit, control_documents.CHECK),
    "check-unreadable.txt": (text, control_documents.UNREAD),
    "check-unreadable.md": (render_check_markdown, control_documents.UNREAD),
    "check-unreadable.sarif": (sarif, control_documents.UNREAD),
    "check-unreadable.xml": (render_check_junit, control_documents.UNREAD),
    "compliance.txt": (text, control_documents.COMPLIANCE),
    "compliance.md": (render_compliance_markdown, control_documents.COMPLIANCE),
    "controls.txt": (text, control_documents.CONTROLS),
    "controls-one.txt": (text, control_documents.ONE_CONTROL),
    "controls.md": (render_controls_markdown, control_documents.CONTROLS),
    "graph.mmd": (render_graph_mermaid, documents.GRAPH),
    "graph.svg": (render_graph_svg, documents.GRAPH),
    "graph.json": (render_json, documents.GRAPH),
    "report.html": (render_report_html, report_documents.FLEET),
    "report.json": (render_json, report_documents.SMALL),
    "report.csv": (render_report_csv, report_documents.FLEET),
    "report.oscal.json": (render_assessment_results, report_documents.REPORT),
    "report.oscal-component.json": (render_component_definition, report_documents.REPORT),
    "report.ocsf.json": (render_ocsf_findings, report_documents.REPORT),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_is_as_reviewed(name):
    render, document = OUTPUTS[name]
    printed = render(document)
    path = GOLDEN / name
    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        path.write_text(printed, encoding="utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as reviewed:
        assert printed == reviewed.read()


def test_no_golden_file_is_left_over():
    assert {path.name for path in GOLDEN.iterdir()} == set(OUTPUTS)
