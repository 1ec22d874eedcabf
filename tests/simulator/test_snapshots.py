"""Copies of a state: what is saved can be loaded, and what is not whole cannot."""

import stat
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import DiagnosticError
from provisioner.simulator.server import LocalAzure
from provisioner.simulator.state.snapshots import load_snapshot, save_snapshot
from tests.environments import open_bench

_GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups"


def make_groups(catalog: Catalog, state: Path, *names: str) -> None:
    with open_bench(catalog, state=state) as bench:
        for name in names:
            bench.send("PUT", f"{_GROUP}/{name}", {"location": "westeurope"})


def names_in(catalog: Catalog, state: Path) -> list[str]:
    with LocalAzure.start(catalog, state) as server:
        return [resource.rpartition("/")[2] for resource in server.resource_ids()]


def test_a_state_is_saved_while_it_is_served_and_loaded_elsewhere(tmp_path, catalog):
    state, saved, other = tmp_path / "a.db", tmp_path / "saved.db", tmp_path / "b" / "b.db"
    with open_bench(catalog, state=state) as bench:
        bench.send("PUT", f"{_GROUP}/rg-one", {"location": "westeurope"})
        assert save_snapshot(state, saved) == 1
        bench.send("PUT", f"{_GROUP}/rg-two", {"location": "westeurope"})
    make_groups(catalog, other, "rg-of-before")

    assert load_snapshot(saved, other) == 1
    assert names_in(catalog, other) == ["rg-one"]
    assert names_in(catalog, state) == ["rg-one", "rg-two"]
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if "saved" in path.name) == ["saved.db"]


def test_what_is_no_whole_state_is_refused_and_what_was_there_stays(tmp_path, catalog):
    state, saved = tmp_path / "a.db", tmp_path / "saved.db"
    make_groups(catalog, state, "rg-one")
    save_snapshot(state, saved)
    content = bytearray(saved.read_bytes())
    content[content.index(b"rg-one")] ^= 1
    saved.write_bytes(content)
    (tmp_path / "text.db").write_text("no database", encoding="utf-8")

    for wrong, code in (
        (saved, "local-state-damaged"),
        (tmp_path / "text.db", "local-state-unreadable"),
        (tmp_path / "none.db", "local-state-missing"),
    ):
        with pytest.raises(DiagnosticError) as refused:
            load_snapshot(wrong, state)
        assert refused.value.diagnostics[0].code == code
    assert names_in(catalog, state) == ["rg-one"]


def test_nothing_is_saved_over_a_file_and_nothing_loaded_under_a_server(tmp_path, catalog):
    state, saved = tmp_path / "a.db", tmp_path / "saved.db"
    make_groups(catalog, state, "rg-one")
    save_snapshot(state, saved)

    with pytest.raises(DiagnosticError, match="cannot be written: File exists"):
        save_snapshot(state, saved)
    with LocalAzure.start(catalog, state), pytest.raises(DiagnosticError, match="is in use"):
        load_snapshot(saved, state)
    with pytest.raises(DiagnosticError, match="there is no state"):
        save_snapshot(tmp_path / "none.db", tmp_path / "new.db")
