"""Where the state of the built-in Azure is kept."""

import subprocess
from pathlib import Path

import pytest

from provisioner.cli.workspace import state_path


def test_git_takes_no_state_into_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)

    state_path(None).write_text("the state", encoding="utf-8")

    listed = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert listed.stdout == ""


def test_a_folder_that_somebody_names_is_left_as_it_is(tmp_path: Path) -> None:
    state_path(str(tmp_path / "state" / "local.db"))

    assert list((tmp_path / "state").iterdir()) == []
