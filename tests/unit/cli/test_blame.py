"""Who last changed a line, as git knows; where it does not, that is said and nothing fails."""

import subprocess
from pathlib import Path

import pytest

from provisioner.cli.git import blame_line
from provisioner.documents.explanation import CommitDocument
from provisioner.model.span import Span


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=Ada Lovelace", "-c", "user.email=ada@contoso.example"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    file = tmp_path / "dev.yaml"
    file.write_text("one: 1\ntwo: 2\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Say one and two")
    file.write_text("one: 1\ntwo: 3\n", encoding="utf-8")
    return file


def test_a_committed_line_has_a_commit_an_author_and_a_subject(clone):
    told = blame_line(Span(str(clone), 1, 1))
    assert isinstance(told, CommitDocument)
    assert told.commit is not None
    assert len(told.commit) == 40
    assert (told.author, told.subject) == ("Ada Lovelace", "Say one and two")


def test_a_line_that_is_not_committed_yet_has_no_commit(clone):
    told = blame_line(Span(str(clone), 2, 1))
    assert isinstance(told, CommitDocument)
    assert (told.commit, told.author) == (None, "")


@pytest.mark.parametrize(
    ("file", "line"),
    [
        pytest.param("dev.yaml", 99, id="a line that the file does not have"),
        pytest.param("new.yaml", 1, id="a file that git does not have"),
        pytest.param("nowhere/dev.yaml", 1, id="a folder that is not there"),
        pytest.param("-dev.yaml", 1, id="a name that reads like an option"),
    ],
)
def test_what_git_does_not_know_is_said(clone, file, line):
    told = blame_line(Span(str(clone.parent / file), line, 1))
    assert told == "git has no history of this file"


def test_a_machine_without_git_is_no_failure(clone, monkeypatch):
    monkeypatch.setenv("PATH", str(clone.parent))
    assert blame_line(Span(str(clone), 1, 1)) == "there is no git on this machine"
