"""The ledger of a fleet in a file: what was put counts once, and outlives whoever put it."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.engine.ledger_port import Outcome, RunRecord
from provisioner.ledgers.sqlite_ledger import SqliteLedger
from provisioner.model.diagnostic import DiagnosticError

OUTCOME = Outcome(
    run="first",
    command="drift",
    environment="environments/a.yaml",
    inputs="sha256:1",
    ended_at="2026-11-30T01:00:00Z",
    answered=True,
    complete=True,
    clean=True,
    files={"environments/a.yaml": "sha256:f"},
    scope={"subscriptions": ["s"]},
    entry={"name": "a"},
    document={"kind": "azsec/drift"},
)
RUN = RunRecord("first", "drift", "2026-11-30T00:00:00Z", ("environments/a.yaml",), {"since": "7d"})


@pytest.fixture
def ledger(tmp_path: Path):
    with SqliteLedger.open(tmp_path / "fleet.db") as opened:
        yield opened


def test_an_outcome_of_one_run_environment_and_input_is_put_once(ledger):
    assert ledger.put(OUTCOME)
    assert not ledger.put(replace(OUTCOME, clean=False))
    assert ledger.put(replace(OUTCOME, inputs="sha256:2"))
    assert ledger.put(replace(OUTCOME, run="second"))

    assert [one.clean for one in ledger.outcomes("first")] == [True, True]
    assert ledger.outcomes("first")[0] == replace(OUTCOME, document=None)


def test_a_failure_stands_until_there_is_an_answer(ledger):
    failed = replace(OUTCOME, answered=False, complete=False, clean=False)
    assert ledger.put(failed)
    assert ledger.put(OUTCOME)
    assert not ledger.put(failed)

    assert [one.answered for one in ledger.outcomes("first")] == [True]


def test_the_newest_complete_outcome_of_each_environment_is_found(ledger):
    ledger.put(OUTCOME)
    ledger.put(replace(OUTCOME, run="second", complete=False, ended_at="2026-11-30T02:00:00Z"))
    ledger.put(replace(OUTCOME, run="other", command="plan"))

    assert ledger.newest("drift", complete=True)["environments/a.yaml"].run == "first"
    assert ledger.newest("drift", complete=False)["environments/a.yaml"].run == "second"


def test_what_was_put_is_there_for_who_opens_the_file_again(tmp_path):
    path = tmp_path / "fleet.db"
    with SqliteLedger.open(path) as ledger:
        ledger.begin(RUN)
        ledger.begin(replace(RUN, environments=("another.yaml",)))
        ledger.put(OUTCOME)
    with SqliteLedger.open(path) as ledger:
        assert ledger.find_run("first") == RUN
        assert ledger.find_run("last") == RUN
        assert ledger.find_run("none") is None
        assert ledger.document("first", "environments/a.yaml") == OUTCOME.document
        assert ledger.document("first", "environments/b.yaml") is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"no database at all", b""])
def test_a_file_that_is_no_ledger_is_refused_and_an_empty_one_becomes_one(tmp_path, content):
    path = tmp_path / "fleet.db"
    path.write_bytes(content)
    if not content:
        with SqliteLedger.open(path) as ledger:
            assert ledger.put(OUTCOME)
        return
    with pytest.raises(DiagnosticError, match=r"cannot be used as the ledger of a fleet"):
        SqliteLedger.open(path)
    assert path.read_bytes() == content
