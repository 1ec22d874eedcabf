"""What is printed into the log of a CI job is no command to its agent."""

import os
import subprocess
import sys

import pytest

from provisioner.cli.job_log import disarm

SET = "##vso[task.setvariable variable=PATH]/tmp"
PROGRAM = f"""
import os, sys
from provisioner.cli.job_log import guard_streams, write_command
guard_streams(os.environ)
print("a tag: {SET}")
print("#", "#v", "so[b]", sep="")
for piece in ("  :", ":add-mask", "::x\\n"):
    sys.stderr.write(piece)
write_command("##vso[task.uploadsummary]summary.md")
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param(f"tag: {SET}", f"tag: ## {SET[2:]}", id="Azure Pipelines, within a line"),
        pytest.param("##VSO[task.complete]", "## VSO[task.complete]", id="in capitals"),
        pytest.param("a\n  ::set-output name=x::y", "a\n  : :set-output name=x::y", id="GitHub"),
        pytest.param("::stop-commands::t", ": :stop-commands::t", id="GitHub, at the beginning"),
        pytest.param("::/0 and ::1", "::/0 and ::1", id="addresses"),
        pytest.param("x ::error::y", "x ::error::y", id="GitHub reads only the beginning"),
        pytest.param("x\r::error::y", "x\r: :error::y", id="after a carriage return"),
        pytest.param("a ##[add-path]x", "a ## [add-path]x", id="GitHub's older form"),
        pytest.param("## Heading # [1]", "## Heading # [1]", id="Markdown"),
    ],
)
def test_a_command_is_disarmed_and_nothing_else(text, shown):
    assert disarm(text) == shown


def run(environ, out=subprocess.PIPE):
    clean = {k: v for k, v in os.environ.items() if k not in ("GITHUB_ACTIONS", "TF_BUILD")}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**clean, **environ},
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )


@pytest.mark.parametrize("job", [{"TF_BUILD": "True"}, {"GITHUB_ACTIONS": "true"}])
def test_a_job_runs_only_the_commands_of_azsec(job):
    done = run(job)

    assert done.stdout.splitlines() == [
        f"a tag: ## {SET[2:]}",
        "##v so[b]",
        "##vso[task.uploadsummary]summary.md",
    ]
    assert done.stderr == "  : :add-mask::x\n"


def test_files_and_terminals_get_what_was_written(tmp_path):
    assert SET in run({}).stdout
    with (tmp_path / "out").open("w") as file:
        run({"TF_BUILD": "True"}, file)
    assert SET in (tmp_path / "out").read_text()
