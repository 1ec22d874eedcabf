"""Where the time of a command went, on stderr."""

import re
import time

import pytest

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.cli.timings import print_timings, take_option
from provisioner.engine.timings import count_answer, count_wait, measure_phase


@pytest.fixture(autouse=True)
def _unmeasured(monkeypatch):
    monkeypatch.setattr("provisioner.engine.timings._current", [])


@pytest.mark.parametrize(
    ("arguments", "kept", "wanted"),
    [
        (["plan", "dev", "--timings"], ["plan", "dev"], True),
        (["--timings", "plan", "dev"], ["plan", "dev"], True),
        (["plan", "dev"], ["plan", "dev"], False),
        (["fmt", "--", "--timings"], ["fmt", "--", "--timings"], False),
    ],
)
def test_every_command_takes_the_option_in_any_place(arguments, kept, wanted):
    assert take_option(arguments) == (kept, wanted)


def test_phases_add_up_and_one_within_another_is_charged_once(capsys):
    started = time.perf_counter()
    with print_timings(wanted=True), measure_phase("outer"):
        time.sleep(0.02)
        with measure_phase("inner"):
            time.sleep(0.04)
            count_answer(2048)
            count_wait(1.5)
    passed = time.perf_counter() - started

    told = capsys.readouterr().err
    seconds = {
        name: float(value) for name, value in re.findall(r"^(\w+)\s+(\d\.\d{3})", told, re.M)
    }
    assert seconds["inner"] >= 0.04
    assert 0.02 <= seconds["outer"] < passed - 0.03, "without what was within"
    assert seconds["all"] <= passed + 0.001, "rounded to milliseconds"
    assert "1 answers of Azure, 2 KiB; 1 throttled, which waited 1.5 s together" in told


def test_nothing_is_measured_unless_it_was_asked_for(capsys):
    with print_timings(wanted=False), measure_phase("outer"):
        count_answer(1)

    assert capsys.readouterr().err == ""


def test_a_command_that_fails_tells_its_timings_too(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert run_guarded(app, ["validate", "nowhere.yaml", "--timings"]) == 1
    assert "seconds  share" in capsys.readouterr().err
