"""The ledger of a fleet in a file."""

import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from provisioner.ledgers.sqlite_ledger import SqliteLedger, _migrate
from provisioner.model.diagnostic import DiagnosticError
from tests.unit.ledgers.test_ledgers import OUTCOME, RUN


def test_what_was_put_is_there_for_who_opens_the_file_again(tmp_path):
    path = tmp_path / "fleet.db"
    with SqliteLedger.open(path) as ledger:
        ledger.begin(RUN)
        ledger.put(OUTCOME)
    with SqliteLedger.open(path) as ledger:
        assert ledger.find_run("first") == RUN
        assert ledger.document("first", "environments/a.yaml", OUTCOME.inputs) == OUTCOME.document
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_the_version_before_is_taken_over(tmp_path):
    path = tmp_path / "fleet.db"
    with SqliteLedger.open(path) as ledger:
        ledger.begin(RUN)
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "DROP INDEX newest; CREATE INDEX newest ON outcomes (command, environment, number);"
            "ALTER TABLE outcomes DROP COLUMN question; ALTER TABLE runs DROP COLUMN question;"
            "ALTER TABLE runs DROP COLUMN fresh_since;"
        )
        connection.execute("PRAGMA user_version=1")
    connection.close()
    with SqliteLedger.open(path) as ledger:
        assert ledger.find_run("first") == replace(RUN, fresh_since="", question="")
        assert ledger.put(OUTCOME)


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


@pytest.mark.parametrize("entry", ["{bad", '{"name": 1}', '{"answer": "perfect"}'])
def test_a_damaged_outcome_is_named(tmp_path, entry):
    path = tmp_path / "fleet.db"
    with SqliteLedger.open(path) as ledger:
        ledger.put(OUTCOME)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE outcomes SET entry = ?", (entry,))
    connection.close()
    with SqliteLedger.open(path) as ledger:
        for ask in (
            lambda: ledger.newest("drift", [OUTCOME.environment]),
            lambda: ledger.outcomes("first"),
        ):
            with pytest.raises(
                DiagnosticError, match=r"environments/a.yaml in the run first is damaged"
            ):
                ask()


def test_several_commands_may_open_a_new_ledger_at_once(tmp_path):
    def begin(path):
        with SqliteLedger.open(path) as ledger:
            return ledger.begin(RUN)

    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            path = tmp_path / f"{number}.db"
            assert list(pool.map(begin, [path] * 8)) == [RUN] * 8


def test_a_damaged_run_or_document_is_named(tmp_path):
    path = tmp_path / "fleet.db"
    with SqliteLedger.open(path) as ledger:
        ledger.begin(RUN)
        ledger.put(OUTCOME)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE runs SET environments = '['")
        connection.execute("UPDATE outcomes SET document = '{'")
    connection.close()
    with SqliteLedger.open(path) as ledger:
        with pytest.raises(DiagnosticError, match=r"the run first is damaged"):
            ledger.find_run("first")
        with pytest.raises(DiagnosticError, match=r"a.yaml in the run first is damaged"):
            ledger.document("first", OUTCOME.environment, OUTCOME.inputs)


def test_only_a_ledger_that_others_hold_is_waited_for(monkeypatch, tmp_path):
    class ReadOnly:
        def execute(self, statement):
            if statement.startswith("SELECT"):
                return sqlite3.connect(":memory:").execute("SELECT 0, 0, 0, 0")
            refused = sqlite3.OperationalError("attempt to write a readonly database")
            refused.sqlite_errorcode = sqlite3.SQLITE_READONLY
            raise refused

    def wait(_seconds):
        raise AssertionError("nobody holds it")

    monkeypatch.setattr("time.sleep", wait)
    with pytest.raises(sqlite3.OperationalError, match=r"readonly"):
        _migrate(ReadOnly(), tmp_path / "fleet.db")


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param("create table bookmarks (url text)", id="a table"),
        pytest.param("create view v as select 1", id="a view"),
        pytest.param("pragma application_id = 1196444487", id="an application"),
        pytest.param("pragma user_version = 1", id="a version"),
        pytest.param("create table runs (a); pragma user_version = 3", id="one name of ours"),
        pytest.param("pragma journal_mode = wal; create table t (a)", id="a log beside it"),
    ],
)
def test_the_database_of_another_program_is_left_as_it_is(tmp_path, statements):
    path = tmp_path / "other.db"
    # The program is killed: nobody has closed the file.
    script = (
        f"import os, sqlite3; c = sqlite3.connect({str(path)!r}); c.executescript({statements!r})"
    )
    subprocess.run([sys.executable, "-c", f"{script}; os._exit(0)"], check=True)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir() if "shm" not in each.name}
    for open_it in (SqliteLedger.open, SqliteLedger.open_to_read):
        with pytest.raises(DiagnosticError, match=r"the database of another program"):
            open_it(path)

    after = {each.name: each.read_bytes() for each in tmp_path.iterdir() if "shm" not in each.name}
    assert after == before


def test_an_empty_file_becomes_a_ledger_of_a_run_and_is_none_to_read(tmp_path):
    path = tmp_path / "fleet.db"
    path.touch()
    with pytest.raises(DiagnosticError, match=r"no run has written to it"):
        SqliteLedger.open_to_read(path)
    assert path.read_bytes() == b""
    with SqliteLedger.open(path) as ledger:
        assert ledger.begin(RUN) == RUN


def test_a_ledger_is_read_without_a_write(tmp_path):
    path = tmp_path / "fleet.db"
    with SqliteLedger.open(path) as ledger:
        ledger.begin(RUN)
    path.chmod(0o440)
    before = path.read_bytes()
    with SqliteLedger.open_to_read(path) as ledger:
        assert ledger.find_run("last") == RUN

    assert path.stat().st_mode & 0o777 == 0o440
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["fleet.db"]


def test_a_ledger_is_read_while_a_run_writes_and_after_it_was_killed(tmp_path):
    path = tmp_path / "fleet.db"
    with SqliteLedger.open(path) as ledger:
        ledger.begin(RUN)
        with SqliteLedger.open_to_read(path) as reader:
            assert reader.find_run("last") == RUN
    connection = sqlite3.connect(path)
    connection.execute("UPDATE runs SET command = 'plan'")
    connection.commit()
    before = path.read_bytes()
    with SqliteLedger.open_to_read(path) as reader:
        assert reader.find_run("last").command == "plan"
    assert path.read_bytes() == before
    connection.close()
