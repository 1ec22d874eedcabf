"""Every document in every output, as it was reviewed. `make golden` rewrites the files."""

import io
import os
from pathlib import Path

import pytest

from provisioner.reports.graph_mermaid import render_graph_mermaid
from provisioner.reports.graph_svg import render_graph_svg
from provisioner.reports.json_text import render_json
from provisioner.reports.markdown import render_drift_markdown, render_plan_markdown
from provisioner.reports.text import write_text
from tests.reports import documents

GOLDEN = Path(__file__).parent / "golden"


def text(document):
    stream = io.StringIO()
    write_text(document, stream, color=False, width=100)
    return stream.getvalue()


OUTPUTS = {
    "plan.txt": (text, documents.PLAN),
    "plan.md": (render_plan_markdown, documents.PLAN),
    "plan.json": (render_json, documents.PLAN),
    "plan-empty.txt": (text, documents.EMPTY_PLAN),
    "plan-empty.md": (render_plan_markdown, documents.EMPTY_PLAN),
    "drift.txt": (text, documents.DRIFT),
    "drift.md": (render_drift_markdown, documents.DRIFT),
    "drift.json": (render_json, documents.DRIFT),
    "drift-none.txt": (text, documents.EMPTY_DRIFT),
    "drift-none.md": (render_drift_markdown, documents.EMPTY_DRIFT),
    "apply-failed.txt": (text, documents.FAILED_APPLY),
    "apply-failed.json": (render_json, documents.FAILED_APPLY),
    "apply.txt": (text, documents.FINISHED_APPLY),
    "graph.mmd": (render_graph_mermaid, documents.GRAPH),
    "graph.svg": (render_graph_svg, documents.GRAPH),
    "graph.json": (render_json, documents.GRAPH),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_is_as_reviewed(name):
    render, document = OUTPUTS[name]
    printed = render(document)
    path = GOLDEN / name
    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        path.write_text(printed, encoding="utf-8", newline="\n")
    assert printed == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over():
    assert {path.name for path in GOLDEN.iterdir()} == set(OUTPUTS)
