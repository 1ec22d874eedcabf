"""The state file: what survives, and what is refused."""

import fcntl
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.model.diagnostic import DiagnosticError
from provisioner.simulator.state.state_file import reset, status
from provisioner.simulator.state.store import Store
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller, Setting

NET = "Contoso.Fabric/nets/n"
BODY = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}


def test_what_was_answered_survives_the_process(run: Callable[..., Setting], tmp_path: Path):
    state = tmp_path / "deep" / "state.db"
    first = run(state)
    first.call("PUT", NET, BODY)
    before = first.call("GET", NET).body
    first.azure.close()
    second = run(state, group=False)
    assert second.call("GET", NET).body == before


def test_what_was_committed_survives_a_kill(tmp_path: Path):
    state = tmp_path / "state.db"
    script = (
        "import os, sys, pathlib\n"
        "from provisioner.simulator.state.store import Store\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "store.subscriptions.put('kept', 'a'); store.commit()\n"
        "store.subscriptions.put('lost', 'b')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(state)], check=False)
    assert done.returncode == -9
    store = Store(state)
    assert [key for key, _ in store.subscriptions.items()] == ["kept"]
    store.close()


def test_a_second_process_is_told_who_has_the_file(tmp_path: Path):
    state = tmp_path / "state.db"
    store = Store(state)
    for use in (lambda: Store(state), lambda: reset(state)):
        with pytest.raises(DiagnosticError, match=f"process {os.getpid()}"):
            use()
    assert status(state).holder == os.getpid()
    store.close()
    assert status(state).holder is None


@pytest.mark.parametrize("kind", ["text", "other database", "other version", "broken row"])
def test_a_file_that_is_not_ours_is_refused_with_the_way_out(tmp_path: Path, kind: str):
    state = tmp_path / "state.db"
    if kind == "text":
        state.write_text("not a database at all, but long enough to look like one" * 50)
    elif kind == "other database":
        with sqlite3.connect(state) as connection:
            connection.execute("CREATE TABLE mine (a)")
    else:
        Store(state).close()
        with sqlite3.connect(state) as connection:
            if kind == "other version":
                connection.execute("PRAGMA user_version = 99")
            else:
                connection.execute(
                    "INSERT INTO entry (kind, key, document, checksum)"
                    " VALUES ('resource', 'x', '{', x'00')"
                )
    with pytest.raises(DiagnosticError, match="azsec local reset"):
        Store(state)
    reset(state)
    Store(state).close()


def _fill(state: Path) -> list[tuple[str, str]]:
    store = Store(state)
    for number in range(40):
        store.subscriptions.put(f"s{number}", f"name {number} " * 20)
        store.commit()
    store.subscriptions.remove("s7")
    store.subscriptions.put("s3", "again")
    store.commit()
    kept = store.subscriptions.items()
    store.close()
    return kept


def test_no_bit_that_flips_in_the_state_changes_what_is_answered(tmp_path: Path):
    """SQLite notices little of it: each row has a checksum, and the file a digest over them."""
    state = tmp_path / "state.db"
    kept = _fill(state)
    whole = state.read_bytes()
    noticed = 0
    for position in range(0, len(whole), 37):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        state.write_bytes(flipped)
        try:
            store = Store(state)
        except DiagnosticError:
            noticed += 1
        else:
            # In a part of a page that holds nothing.
            assert store.subscriptions.items() == kept, position
            store.close()
        reset(state)
    assert noticed > 150


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE entry SET document = '\"other\"' WHERE number = 9", id="other value"),
        pytest.param("UPDATE entry SET key = 'other' WHERE number = 9", id="other key"),
        pytest.param("UPDATE entry SET number = 99 WHERE number = 9", id="other place"),
        pytest.param("DELETE FROM entry WHERE number = 9", id="row that went"),
        pytest.param("UPDATE whole SET digest = x'00'", id="other digest"),
        pytest.param("DELETE FROM whole", id="no digest"),
        pytest.param("DROP TABLE whole", id="no table"),
    ],
)
def test_a_row_that_azsec_did_not_write_is_damage(tmp_path: Path, change: str):
    state = tmp_path / "state.db"
    _fill(state)
    with sqlite3.connect(state) as connection:
        connection.execute(change)
    with pytest.raises(DiagnosticError, match=r"is damaged.*`azsec local reset`") as refused:
        Store(state)
    # The digest alone would notice a row that changed, and not say which.
    assert ("does not have its checksum" in str(refused.value)) == change.startswith("UPDATE entry")


def test_the_state_and_what_is_beside_it_is_for_its_owner_alone(tmp_path: Path):
    state = tmp_path / "made" / "state.db"
    before = os.umask(0o000)
    try:
        store = Store(state)
        store.subscriptions.put("a", "b")
        store.commit()
        modes = {path.name: path.stat().st_mode & 0o777 for path in state.parent.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(
        ("state.db", "state.db-wal", "state.db-shm", "state.db.lock"), 0o600
    )
    assert state.parent.stat().st_mode & 0o777 == 0o700


def test_a_state_that_others_may_read_is_tightened(tmp_path: Path):
    state = tmp_path / "state.db"
    _fill(state)
    state.chmod(0o664)
    Store(state).close()
    assert state.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("suffix", ["", "-wal", "-journal", ".lock"])
@pytest.mark.parametrize("kind", ["link", "hard link", "fifo", "directory"])
def test_nothing_that_azsec_did_not_make_is_written(tmp_path: Path, kind: str, suffix: str):
    precious = tmp_path / "precious"
    precious.write_bytes(b"")
    state = tmp_path / "state.db"
    place = tmp_path / f"state.db{suffix}"
    if kind == "link":
        place.symlink_to(precious)
    elif kind == "hard link":
        place.hardlink_to(precious)
    elif kind == "fifo":
        os.mkfifo(place)
    else:
        place.mkdir()
    before = place.lstat()
    for use in (Store, reset):
        with pytest.raises(DiagnosticError, match="left as it is"):
            use(state)
    assert (place.lstat().st_mode, place.lstat().st_ino) == (before.st_mode, before.st_ino)
    assert precious.read_bytes() == b""
    assert suffix == ".lock" or not (tmp_path / "state.db.lock").exists()


def test_a_lock_with_content_of_somebody_else_is_not_truncated(tmp_path: Path):
    lock = tmp_path / "state.db.lock"
    lock.write_text("export PATH=/precious\n")
    with pytest.raises(DiagnosticError, match="is not a lock of azsec"):
        Store(tmp_path / "state.db")
    assert lock.read_text() == "export PATH=/precious\n"


def test_status_counts_and_reset_forgets(run: Callable[..., Setting], tmp_path: Path):
    state = tmp_path / "state.db"
    assert not status(state).exists
    setting = run(state)
    setting.call("PUT", NET, BODY)
    setting.call("PUT", NET + "2", BODY)
    setting.call("PUT", "Contoso.Safe/safes/gold", {"location": "westeurope"})
    setting.call("DELETE", "Contoso.Safe/safes/gold")
    setting.azure.close()
    found = status(state)
    assert found.resources == {"Contoso.Fabric/nets": 2, "Microsoft.Resources/resourceGroups": 1}
    assert (found.deleted, found.subscriptions) == (1, (SUBSCRIPTION,))
    assert found.size > 0
    reset(state)
    assert not status(state).exists
    again = run(state, group=False)
    assert again.call("GET", GROUP).status == 404
    assert again.azure.resource_ids() == ()


def test_who_opened_the_lock_before_a_reset_locks_the_same_file_after_it(tmp_path: Path):
    """Between a process's open and its flock, another may reset the state."""
    state = tmp_path / "state.db"
    Store(state).close()
    lock = os.open(tmp_path / "state.db.lock", os.O_RDWR)
    try:
        reset(state)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(DiagnosticError, match="in use by another azsec"):
            Store(state)
    finally:
        os.close(lock)
    Store(state).close()


def test_a_port_that_is_taken_is_said(run: Callable[..., Setting]):
    port = int(run().azure.endpoint.rpartition(":")[2])
    with pytest.raises(DiagnosticError, match=f"port {port}"):
        run(port=port)


def test_serving_ends_with_a_signal_and_keeps_what_was_answered(tmp_path: Path):
    state = tmp_path / "state.db"
    script = (
        "import pathlib, sys\n"
        "from provisioner.simulator.server import serve_forever\n"
        "from tests.simulator.invented import invented_catalog\n"
        "say = lambda azure: print(azure.endpoint, flush=True)\n"
        "serve_forever(invented_catalog(), pathlib.Path(sys.argv[1]), on_start=say)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(state)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as server:
        assert server.stdout is not None
        call = Caller(server.stdout.readline().strip())
        call.create_group()
        call.close()
        server.terminate()
        assert server.wait(timeout=5) == 0
    assert status(state).resources == {"Microsoft.Resources/resourceGroups": 1}
