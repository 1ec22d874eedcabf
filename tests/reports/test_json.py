"""JSON is the contract: it reads back as the document that was written."""

import json

import pytest

from provisioner.documents.apply import ApplyDocument
from provisioner.documents.controls import CheckDocument, ComplianceDocument, ControlsDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.graph import GraphDocument
from provisioner.documents.plan import PlanDocument
from provisioner.reports.json_text import render_json
from tests.reports import control_documents, documents
from tests.reports.documents import changed


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (PlanDocument, documents.PLAN),
        (DriftDocument, documents.DRIFT),
        (ApplyDocument, documents.FAILED_APPLY),
        (CheckDocument, control_documents.CHECK),
        (ComplianceDocument, control_documents.COMPLIANCE),
        (ControlsDocument, control_documents.CONTROLS),
        (GraphDocument, documents.GRAPH),
    ],
)
def test_json_reads_back_as_the_document(kind, document):
    assert kind.model_validate_json(render_json(document)) == document


def test_keys_begin_with_what_the_document_is():
    assert list(json.loads(render_json(documents.PLAN)))[:4] == [
        "kind",
        "formatVersion",
        "environment",
        "digest",
    ]


def test_json_is_safe_to_look_at_and_loses_nothing():
    text = "\x1b[2J\x9b31m\x7f\u202e\u2066\ufeff é"
    printed = render_json(changed("properties.a", text, "b"))
    assert all(character.isprintable() or character == "\n" for character in printed)
    assert json.loads(printed)["before"] == text


def test_json_ends_with_one_line_break():
    printed = render_json(documents.EMPTY_PLAN)
    assert printed.endswith("}\n")
    assert printed.startswith('{\n  "kind": "azsec/plan",\n')
