"""The state file: what survives, and what is refused."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.model.diagnostic import DiagnosticError
from provisioner.simulator.state import Store, reset, status
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
        "from provisioner.simulator.state import Store\n"
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
                    "INSERT INTO entry (kind, key, document) VALUES ('resource', 'x', '{')"
                )
    with pytest.raises(DiagnosticError, match="azsec local reset"):
        Store(state)
    reset(state)
    Store(state).close()


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
        "say = lambda endpoint: print(endpoint, flush=True)\n"
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
