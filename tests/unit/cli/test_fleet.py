"""What `azsec fleet` refuses before it asks anything, and which results it does not reuse."""

import sys
from pathlib import Path

import pytest

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.cli.fleet import FleetOptions, _find_twins, run
from provisioner.cli.fleet_environments import list_fleet
from provisioner.model.diagnostic import DiagnosticError
from tests.unit.cli.test_fleet_environments import DESCRIBED


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "environments").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        describe(name, name * 32)
    return tmp_path


def describe(name, identity):
    Path("environments", f"{name}.yaml").write_text(DESCRIBED.format(name, identity))


def test_a_result_is_not_reused_once_another_file_states_the_id(folder):
    assert _find_twins(list_fleet(["environments/**"])) == frozenset()
    describe("twin", "a" * 32)
    assert _find_twins(list_fleet(["a", "b"])) == {"environments/a.yaml"}


def test_a_run_cannot_be_called_last(folder):
    with pytest.raises(DiagnosticError, match=r"`last` stands for the newest run"):
        run(FleetOptions("drift", ("a",), name="last"), print)


def test_a_scheduler_without_dask_names_what_to_install(folder, monkeypatch):
    for module in ("distributed", "provisioner.schedulers.dask"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(DiagnosticError, match=r"--scheduler needs Dask"):
        run(FleetOptions("drift", ("a",), scheduler="tcp://127.0.0.1:1"), print)


def invoke(*arguments):
    return run_guarded(app, ["fleet", *arguments])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("drift", "--since", "foo"), "--since foo is not a date", id="since"),
        pytest.param(
            ("plan", "--resume", "last", "--shard", "0/2"),
            "--shard: --resume continues",
            id="shard",
        ),
        pytest.param(("drift", "--full-every", "3d"), "it needs --logs-first", id="full-every"),
        pytest.param(
            ("plan", "--scheduler-tls", "a", "b", "c"), "it needs --scheduler", id="certificates"
        ),
    ],
)
def test_options_without_effect_are_refused_before_anything_runs(folder, capfd, arguments, message):
    assert invoke(*arguments) == 1
    assert message in capfd.readouterr().err
    assert not (folder / ".azsec").exists()


def test_a_run_is_continued_with_its_own_options(folder, capfd):
    assert invoke("plan", "a", "--cloud", "local", "--quiet") == 1
    again = ("plan", "--resume", "last", "--quiet", "--timeout", "60", "--workers", "1")
    assert invoke(*again) == 1
    assert invoke(*again, "a", "--cloud", "local") == 1
    assert "the run" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("stated", "option"),
    [
        (("b",), "ENV"),
        (("a", "b"), "ENV"),
        (("--offline",), "--offline"),
        (("--only-stale", "24h"), "--only-stale"),
        (("--parallelism", "3"), "--parallelism"),
    ],
)
def test_what_differs_from_the_run_to_resume_is_refused(folder, capfd, stated, option):
    invoke("plan", "a", "--cloud", "local", "--quiet")
    capfd.readouterr()
    assert invoke("plan", "--resume", "last", "--quiet", *stated) == 1
    told = capfd.readouterr()
    assert f"{option}: the run '2" in told.err
    assert told.out == ""


def test_a_name_that_several_environments_have_is_refused(folder, capfd):
    (folder / "environments" / "more").mkdir()
    Path("environments/more/a.yaml").write_text(DESCRIBED.format("a", "c" * 32))
    invoke("plan", "--cloud", "local", "--quiet")
    capfd.readouterr()

    assert invoke("show", "last", "a") == 1
    assert "2 environments have the name 'a'" in capfd.readouterr().err
    assert invoke("show", "last", "environments/more/a.yaml") == 0
    assert '"path": "environments/more/a.yaml"' in capfd.readouterr().out
    assert invoke("show", "last", "none") == 1
    assert "has no environment none" in capfd.readouterr().err
