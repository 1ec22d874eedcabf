"""Saved plans of a cluster are shown and compared as those of Azure are."""

from pathlib import Path

import pytest

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.workflow.cluster_plan_file import approvable, write_cluster_plan
from tests.reports.test_cluster_text import SUBJECT, plan_of


@pytest.fixture
def saved(tmp_path: Path) -> tuple[str, str]:
    paths = []
    for number, subject in enumerate((SUBJECT, "other")):
        path = tmp_path / f"{number}.plan"
        document = plan_of(subject, "sha256:" + str(number) * 64)
        path.write_text(write_cluster_plan(approvable(document)), encoding="utf-8")
        paths.append(str(path))
    return paths[0], paths[1]


def test_show_prints_a_plan_of_a_cluster(saved, capsys) -> None:
    assert run_guarded(app, ["show", saved[0]]) == 0
    assert f"name: {SUBJECT}" in capsys.readouterr().out


def test_diff_compares_two_and_refuses_what_cannot_be_read(saved, capsys, tmp_path) -> None:
    assert run_guarded(app, ["diff", *saved]) == 2
    assert "now other" in capsys.readouterr().out
    assert run_guarded(app, ["diff", saved[0], saved[0]]) == 0
    broken = tmp_path / "broken.plan"
    broken.write_text('{"kind": "azsec/cluster-plan", "digest": 1}', encoding="utf-8")
    assert run_guarded(app, ["diff", saved[0], str(broken)]) == 1
    assert "cannot be read as a plan of a cluster" in capsys.readouterr().err


def test_apply_names_the_command_for_a_plan_of_a_cluster(saved, capsys) -> None:
    assert run_guarded(app, ["apply", saved[0]]) == 1
    assert f"`azsec cluster apply {saved[0]}`" in capsys.readouterr().err
