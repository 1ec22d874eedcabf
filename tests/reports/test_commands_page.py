"""docs/commands.md is written from the commands of azsec: `make golden` rewrites it."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from command_reference.page import render_page
from provisioner.cli.application import app

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def test_the_page_is_that_of_the_commands():
    written = render_page()
    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        PAGE.write_text(written, encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == written, "run `make golden` and review it"


@pytest.mark.parametrize("command", ["plan", "fleet drift", "local serve", "controls show"])
def test_the_page_has_what_the_help_of_a_command_prints(command: str):
    # Wide enough that the help wraps nothing.
    printed = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "9999"})
    options = [
        word.rstrip(",")
        for line in printed.output.splitlines()
        if line.startswith("  -")
        for word in line.split()
        if word.startswith("--") and word != "--help"
    ]
    page = PAGE.read_text(encoding="utf-8")
    _, _, section = page.partition(f"\n### azsec {command}\n")
    section = section.partition("\n### ")[0]
    assert options
    assert [option for option in options if option not in section] == []
