"""What `azsec fleet` refuses before it asks anything, and which results it does not reuse."""

import sys
from pathlib import Path

import pytest

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
