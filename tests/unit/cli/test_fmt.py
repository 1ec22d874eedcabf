"""`azsec fmt`: which files it finds, what it writes, and its exit codes."""

from pathlib import Path

import pytest

from tests.scenarios.story import run_command

UGLY = "kind: Module\napiVersion: azsec/v1\noutputs:\n    a: 'x'\n"
FORMATTED = 'apiVersion: azsec/v1\nkind: Module\noutputs:\n  a: "x"\n'


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("blueprints/modules/ugly.yaml", UGLY),
        ("blueprints/fine.yml", FORMATTED),
        ("blueprints/values.yaml", "a:\n    b: 'not of azsec'\n"),
        ("other/ugly.yaml", UGLY),
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    return tmp_path


def test_what_would_change_is_listed_shown_and_written(files: Path) -> None:
    path = Path("blueprints/modules/ugly.yaml")
    assert run_command("azsec fmt --check") == f"{path}\n[exit 2]\n"
    assert path.read_text() == UGLY
    shown = run_command("azsec fmt --check --diff")
    assert f"--- {path}\n+++ {path}\n" in shown
    assert "-    a: 'x'\n" in shown
    assert '+  a: "x"\n' in shown
    assert run_command("azsec fmt") == f"{path}\n"
    assert path.read_text() == FORMATTED
    assert run_command("azsec fmt --check") == ""
    assert Path("other/ugly.yaml").read_text() == UGLY


def test_a_path_that_is_named_is_formatted_whatever_it_is(files: Path) -> None:
    assert run_command("azsec fmt other blueprints/values.yaml") == (
        "other/ugly.yaml\nblueprints/values.yaml\n"
    )
    assert Path("blueprints/values.yaml").read_text() == 'a:\n  b: "not of azsec"\n'


def test_a_file_that_cannot_be_read_stops_none_of_the_others(files: Path) -> None:
    Path("blueprints/broken.yaml").write_text("apiVersion: azsec/v1\na: [\n", encoding="utf-8")
    told = run_command("azsec fmt")
    assert "! blueprints/broken.yaml:3:1: error: this is not valid YAML" in told
    assert "blueprints/modules/ugly.yaml\n" in told
    assert "[exit 1]" in told
    assert "there is no file 'missing.yaml'" in run_command("azsec fmt missing.yaml")


def test_what_init_writes_is_formatted(files: Path) -> None:
    run_command("azsec init new")
    assert run_command("azsec fmt --check new") == ""


@pytest.mark.parametrize("typed", ["./blueprints/values.yaml", "blueprints//values.yaml"])
def test_a_named_file_is_formatted_however_its_path_is_typed(files: Path, typed: str) -> None:
    assert run_command(f"azsec fmt --check {typed}") == "blueprints/values.yaml\n[exit 2]\n"


def test_a_file_that_mentions_azsec_in_a_comment_is_left_alone(files: Path) -> None:
    path = Path("blueprints/values.yaml")
    path.write_text("# read by azsec/v1\na:\n    b: 'not of azsec'\n", encoding="utf-8")
    assert "values.yaml" not in run_command("azsec fmt --check")


def test_a_file_that_cannot_be_written_stops_none_of_the_others(files: Path) -> None:
    link = Path("blueprints/link.yaml")
    link.symlink_to("../other/ugly.yaml")
    said = run_command("azsec fmt")
    assert "link.yaml" in said
    assert "[exit 1]" in said
    assert Path("blueprints/modules/ugly.yaml").read_text() == FORMATTED
    assert Path("other/ugly.yaml").read_text() == UGLY
