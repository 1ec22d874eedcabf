"""The library: every blueprint has what a first environment of it needs."""

import json
from pathlib import Path

import pytest

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.sources.library import LibrarySources, library_locations
from tests.architecture.repository import ROOT

BLUEPRINTS = sorted(path.stem for path in (ROOT / "blueprints").glob("*.yaml"))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_its_files_are_those_of_the_clone() -> None:
    assert {
        location.removeprefix("azsec:"): LibrarySources().read_text(location)
        for location in library_locations()
    } == {
        path.relative_to(ROOT / "blueprints").as_posix(): path.read_text(encoding="utf-8")
        for path in (ROOT / "blueprints").rglob("*.yaml")
    }


def test_a_first_environment_of_every_blueprint_is_valid(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in BLUEPRINTS:
        source = ["--from", f"azsec:{name}"]
        assert run_guarded(app, ["init", ".", "--environment", f"a-{name}", *source]) == 0
        assert run_guarded(app, ["validate", f"a-{name}"]) == 0
        told = capsys.readouterr()
        assert f"Next: azsec plan a-{name} --cloud local" in told.out
        assert "error" not in told.err
    assert run_guarded(app, ["fmt", "--check"]) == 0


def test_plan_files_are_ignored_and_a_gitignore_that_exists_stays_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_guarded(app, ["init", ".", "--environment", "one"]) == 0
    assert "wrote .gitignore" in capsys.readouterr().out
    ignored = Path(".gitignore")
    assert "*.azplan" in ignored.read_text(encoding="utf-8").splitlines()

    ignored.write_text("mine/\n", encoding="utf-8")
    assert (
        run_guarded(app, ["init", ".", "--environment", "two", "--from", "azsec:secure-aks"]) == 0
    )
    assert "gitignore" not in capsys.readouterr().out
    assert ignored.read_text(encoding="utf-8") == "mine/\n"


def test_a_copy_is_composed_as_what_it_was_copied_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_guarded(app, ["init", ".", "--from", "azsec:hub", "--copy"]) == 0
    environment = Path("environments/dev.yaml")
    text = environment.read_text(encoding="utf-8")
    assert "blueprint: ../blueprints/hub.yaml\n" in text
    printed = []
    for blueprint in ("../blueprints/hub.yaml", "azsec:hub"):
        environment.write_text(
            text.replace("../blueprints/hub.yaml", blueprint, 1), encoding="utf-8"
        )
        capsys.readouterr()
        assert run_guarded(app, ["network", "dev", "--output", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        for each in told["environments"]:
            each["environment"].pop("blueprint")
        printed.append(told)
    assert printed[0] == printed[1]
