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
[check.md](check.md). This page is written by `make golden`; `azsec controls show ID` prints one.

The column *by* says who answers: A is Azure Resource Manager, K the cluster, G the directory, L
logs, M a person. A control that is answered by its parts ends as the worst of them does.

"""


def test_the_page_says_what_the_controls_say():
    document = ControlsDocument(controls=tuple(control_document(c) for c in all_controls()))
    written = HEAD + render_controls_markdown(document).rstrip() + "\n"
    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        PAGE.write_text(written, encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == written
