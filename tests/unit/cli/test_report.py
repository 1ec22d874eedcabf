"""`azsec report` as its user meets it: what it refuses, and what it writes all the same."""

import json
import os
from pathlib import Path

import pytest

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.cli.report import with_history
from tests.environments import ROOT
from tests.reports.report_documents import ACTUAL, make_report


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("AZSEC_CACHE", str(ROOT / ".pytest_cache" / "azsec"))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(
            ["prod", "--out", "report.doc"], "no format is known for this ending", id="which format"
        ),
        pytest.param(["prod", "--since", "7d"], "drift is a part of a report", id="no drift asked"),
        pytest.param(
            ["dev", "prod", "--observation", "seen.json"], "the report is of 2", id="whose cluster"
        ),
        pytest.param(["nowhere"], "there is no environment 'nowhere'", id="the only one is not"),
        pytest.param(
            ["prod", "--observation", "seen.json"], "no file 'seen.json'", id="no such file"
        ),
        pytest.param(["prod", "--history", "README.md"], "is not a folder", id="history is a file"),
    ],
)
def test_what_cannot_be_reported_is_refused(arguments, told, repository, capsys):
    assert run_guarded(app, ["report", *arguments]) == 1
    out, err = capsys.readouterr()
    assert told in err
    assert out == ""


def test_one_environment_that_fails_leaves_the_others(repository: Path, capsys):
    out, history = repository / "report.json", repository / "history"
    arguments = ["dev", "nowhere", "--framework", "cis-aks-1.8", "--history", str(history)]
    for earlier in (0, 1):
        assert run_guarded(app, ["report", *arguments, "--out", str(out)]) == 1
        report = json.loads(out.read_text(encoding="utf-8"))
        dev, nowhere = report["environments"]
        assert [each["framework"] for each in dev["frameworks"]] == ["cis-aks-1.8"]
        assert len(dev["trend"]["points"]) >= 1
        assert nowhere["check"] is None
        assert "there is no environment 'nowhere'" in nowhere["diagnostics"][0]["message"]
        assert len(list(history.glob("azsec-report-*.json"))) >= 1, earlier
    told = "error: nowhere: there is no environment 'nowhere': environments/nowhere.yaml does not"
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith(told) for line in lines] == [True, True], lines


def test_a_folder_that_grew_for_years_is_read_up_to_a_bound(tmp_path: Path):
    for number in range(503):
        (tmp_path / f"{number:04}.json").write_text("{}", encoding="utf-8")
    made = with_history(make_report(ACTUAL), str(tmp_path))
    assert len(made.skipped) == 501
    assert made.skipped[0].file == "0003.json"
    assert made.skipped[-1].file == "0000.json and 2 more"


def test_what_is_no_earlier_report_is_named_and_ends_nothing(tmp_path: Path):
    (tmp_path / "latin.json").write_bytes(b"\xe9")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "loop.json").symlink_to("loop.json")
    os.mkfifo(tmp_path / "pipe.json")

    made = with_history(make_report(ACTUAL), str(tmp_path))

    assert {each.file for each in made.skipped} == {
        "latin.json",
        "folder.json",
        "loop.json",
        "pipe.json",
    }
