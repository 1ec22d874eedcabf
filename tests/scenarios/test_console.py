"""`azsec console` on lines of standard input, as a script gives them."""

import io
import json
from pathlib import Path

import pytest

from tests.scenarios.story import run_command
from tests.scenarios.test_saved_plans import azure, folder

__all__ = ["azure", "folder"]

LINES = """\
// a comment, and an empty line

table.properties.routes
'a "text"'
[1, 2].map(n, n * 2)
range(200000)
1 +
keys(resourceGroups)
"""


def test_lines_are_evaluated_one_by_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(LINES))
    told = run_command("azsec console small").splitlines()

    assert told[:3] == ["[]", '"a \\"text\\""', "[2, 4]"]
    assert told[3].startswith("stdin:6:1: error: the expression '${range(200000)}' has no value:")
    assert told[4].startswith("stdin:7:1: error: the expression '${1 +}' cannot be read")
    assert told[5:] == ['["main"]', "[exit 1]"]

    monkeypatch.setattr("sys.stdin", io.StringIO("1\n\n"))
    document = json.loads(run_command("azsec console small -o json"))
    assert [(one["expression"], one["value"]) for one in document["results"]] == [("1", 1)]
