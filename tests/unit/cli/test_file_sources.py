"""Which files are read: regular ones, in UTF-8, inside of the repository."""

import os
from pathlib import Path

import pytest

from provisioner.cli.workspace import ALLOW_OUTSIDE, MAX_BYTES, FileSources, repository_of
from provisioner.model.diagnostic import DiagnosticError


def refusal(path: Path, within: Path | None = None) -> str:
    with pytest.raises(DiagnosticError) as problem:
        FileSources(within).read_text(str(path))
    return str(problem.value)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "it is a device, pipe or socket; expected a regular file" in refusal(tmp_path / "pipe")
    assert "it is a device, pipe or socket" in refusal(Path("/dev/zero"))
    assert "it is a folder" in refusal(tmp_path)
    assert "there is no file" in refusal(tmp_path / "none")
    assert "cannot be read: embedded null byte" in refusal(tmp_path / "a\0b")


def test_a_file_has_a_size(tmp_path):
    file = tmp_path / "sparse"
    with file.open("wb") as opened:
        opened.truncate(MAX_BYTES + 1)
    assert "more than 64,000,000 bytes" in refusal(file)


def test_a_byte_that_is_not_utf_8_has_a_place(tmp_path):
    file = tmp_path / "latin"
    file.write_bytes(b"a: 1\nb: \xff\n")
    assert (
        refusal(file) == f"{file}:2:4: error: the byte 0xFF is not UTF-8. Save the file as UTF-8."
    )


def test_files_stay_inside_of_the_repository(tmp_path, monkeypatch):
    monkeypatch.delenv(ALLOW_OUTSIDE, raising=False)
    inside = tmp_path / "repository" / "environments"
    inside.mkdir(parents=True)
    secret = tmp_path / "secret.yaml"
    secret.write_text("a: 1")
    (inside / "link.yaml").symlink_to(secret)
    (inside / "e.yaml").write_text("b: 2")
    (tmp_path / "repository" / ".git").mkdir()
    within = repository_of(str(inside / "e.yaml"))

    assert within == (tmp_path / "repository").resolve()
    assert FileSources(within).read_text(str(inside / "e.yaml")) == "b: 2"
    for path in (secret, inside / "link.yaml", inside / ".." / ".." / "secret.yaml"):
        said = refusal(path, within)
        assert f"is outside of {within}" in said
        assert "AZSEC_ALLOW_OUTSIDE=1 allows others" in said

    monkeypatch.setenv(ALLOW_OUTSIDE, "1")
    assert FileSources(within).read_text(str(secret)) == "a: 1"


def test_without_a_repository_it_is_the_folder_above_the_environments(tmp_path, monkeypatch):
    (tmp_path / "work" / "environments").mkdir(parents=True)
    environment = str(tmp_path / "work" / "environments" / "e.yaml")
    assert repository_of(environment) == (tmp_path / "work").resolve()
    monkeypatch.chdir(tmp_path)
    assert repository_of(environment) == tmp_path.resolve()
