"""docs/controls.md is written from the controls themselves: `make golden` rewrites it."""

import os
from pathlib import Path

from provisioner.controls.documents import control_document
from provisioner.controls.registry import all_controls
from provisioner.documents.controls import ControlsDocument
from provisioner.reports.controls_markdown import render_controls_markdown

PAGE = Path(__file__).parents[2] / "docs" / "controls.md"
HEAD = """\
# The controls

All controls by chapter of the guidelines. How they are checked, gated, waived and attested:
[check.md](check.md). This page is written by `make golden`; `azsec controls show ID` prints one
control, and `azsec controls list --search TEXT` finds controls by title, synonyms, properties and
framework IDs.

A title is true when its control passes. The column *source* states what a control is evaluated
from: A is Azure Resource Manager, K the Kubernetes API, G Microsoft Graph, L a log query, M an
attestation. A control with parts has the worst verdict of its parts.

"""


def test_the_page_says_what_the_controls_say():
    known = tuple(control_document(c) for c in all_controls())
    document = ControlsDocument(controls=known, total=len(known))
    written = HEAD + render_controls_markdown(document).rstrip() + "\n"
    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        PAGE.write_text(written, encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == written
