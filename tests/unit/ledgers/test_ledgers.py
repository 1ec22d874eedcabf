"""The laws of every ledger of a fleet: what was put counts once, and outlives whoever put it."""

from dataclasses import replace

import pytest

from provisioner.engine.ledger_port import Ledger, Outcome, RunRecord
from provisioner.ledgers.sqlite_ledger import SqliteLedger

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
    entry={"name": "a", "path": "environments/a.yaml", "answer": "clean"},
    document={"kind": "azsec/drift", "drifted": [{"was": "ä"}]},
    question="drift",
)
FAILED = replace(OUTCOME, answered=False, complete=False, clean=False, document=None)
RUN = RunRecord(
    "first",
    "drift",
    "2026-11-30T00:00:00Z",
    ("environments/a.yaml", "environments/b.yaml"),
    {"since": "7d"},
    "2026-11-29T00:00:00Z",
    "drift",
)
PATHS = RUN.environments


@pytest.fixture(params=["file", "container"])
def ledger(request, tmp_path):
    if request.param == "container":
        yield request.getfixturevalue("blob_ledger")
        return
    with SqliteLedger.open(tmp_path / "fleet.db") as opened:
        yield opened


def test_an_outcome_of_one_run_environment_and_input_is_put_once(ledger: Ledger):
    assert ledger.put(OUTCOME)
    assert not ledger.put(replace(OUTCOME, clean=False))
    assert ledger.put(replace(OUTCOME, inputs="sha256:2", ended_at="2026-11-30T02:00:00Z"))
    assert ledger.put(replace(OUTCOME, run="second"))

    first, second = ledger.outcomes("first")
    assert first == replace(OUTCOME, document=None)
    assert (second.inputs, second.clean) == ("sha256:2", True)
    assert ledger.outcomes("first", {"environments/b.yaml"}) == []
    assert len(ledger.outcomes("first", {OUTCOME.environment})) == 2
    assert ledger.outcomes("../first") == []


def test_outcomes_are_put_together_as_each_would_be_alone(ledger: Ledger):
    other = replace(OUTCOME, environment="environments/b.yaml")
    assert ledger.put(OUTCOME)
    assert list(ledger.put_all([OUTCOME, other])) == [False, True]


def test_a_failure_stands_until_there_is_an_answer(ledger: Ledger):
    assert ledger.put(FAILED)
    assert ledger.document("first", FAILED.environment, FAILED.inputs) is None
    assert ledger.put(replace(FAILED, ended_at="2026-11-30T01:30:00Z"))
    assert [one.ended_at for one in ledger.outcomes("first")] == ["2026-11-30T01:30:00Z"]
    assert ledger.put(OUTCOME)
    assert not ledger.put(FAILED)

    assert [one.answered for one in ledger.outcomes("first")] == [True]


def test_a_lost_worker_counts_against_no_answer_whatever_its_clock_says(ledger: Ledger):
    ledger.put(replace(FAILED, inputs="", ended_at="2026-11-30T09:00:00Z"))
    ledger.put(OUTCOME)

    assert [one.answered for one in ledger.outcomes("first")] == [False, True]
    assert ledger.document("first", OUTCOME.environment, OUTCOME.inputs) == OUTCOME.document


def test_the_newest_outcome_of_each_environment_is_found_where_it_is_complete(ledger: Ledger):
    ledger.put(OUTCOME)
    ledger.put(replace(OUTCOME, run="other", command="plan", question="plan"))
    assert {p: one.run for p, one in ledger.newest("drift", PATHS).items()} == {PATHS[0]: "first"}

    ledger.put(replace(OUTCOME, run="second", complete=False, ended_at="2026-11-30T02:00:00Z"))
    assert ledger.newest("drift", PATHS) == {}
    ledger.put(replace(OUTCOME, run="second", inputs="b", ended_at="2026-11-30T02:10:00Z"))
    assert {p: one.run for p, one in ledger.newest("drift", PATHS).items()} == {PATHS[0]: "second"}
    # What was complete once may hold no more: a failure is a reason to ask again.
    ledger.put(replace(FAILED, run="broken", ended_at="2026-11-30T02:20:00Z"))
    assert ledger.newest("drift", PATHS) == {}

    ledger.put(replace(OUTCOME, run="third", clean=False, ended_at="2026-11-30T03:00:00Z"))
    assert not ledger.put(replace(OUTCOME, run="third", ended_at="2026-11-30T03:10:00Z"))
    assert ledger.newest("drift", PATHS)[PATHS[0]] == replace(
        OUTCOME, run="third", clean=False, ended_at="2026-11-30T03:00:00Z", document=None
    )
    assert ledger.newest("drift", {"environments/b.yaml"}) == {}
    assert ledger.newest("check", PATHS) == {}


def test_a_run_is_begun_once_and_found_by_its_name_or_as_the_last(ledger: Ledger):
    assert ledger.find_run("last") is None
    assert ledger.begin(RUN) == RUN
    assert ledger.begin(replace(RUN, environments=("another.yaml",))) == RUN
    later = replace(RUN, run="20261201-a", started_at="2026-12-01T00:00:00Z", fresh_since="")
    ledger.begin(later)
    ledger.begin(replace(RUN, run="z-earlier", started_at="2026-11-29T00:00:00Z"))

    assert ledger.find_run("first") == RUN
    assert ledger.find_run("last") == later
    assert ledger.find_run("none") is None
    assert ledger.find_run("../first") is None


def test_the_document_of_each_answer_is_found(ledger: Ledger):
    ledger.put(OUTCOME)
    assert ledger.document("first", OUTCOME.environment, OUTCOME.inputs) == OUTCOME.document
    newer = {"kind": "azsec/drift", "drifted": []}
    ledger.put(replace(OUTCOME, inputs="sha256:2", ended_at="2026-11-30T02:00:00Z", document=newer))
    assert ledger.document("first", OUTCOME.environment, "sha256:2") == newer
    assert ledger.document("first", OUTCOME.environment, OUTCOME.inputs) == OUTCOME.document
    assert ledger.document("first", "environments/b.yaml", OUTCOME.inputs) is None
    assert ledger.document("none", OUTCOME.environment, OUTCOME.inputs) is None
    assert ledger.document("../first", OUTCOME.environment, OUTCOME.inputs) is None
