"""A plan that weakens an environment says so first, and is refused until somebody waives it."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.scenarios.story import run_command

_ROOT = Path(__file__).parents[2]
_CLUSTER = "blueprints/modules/cluster.yaml"
_ENVIRONMENT = Path("environments/local.yaml")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("blueprints", "environments"):
        shutil.copytree(_ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    return tmp_path


def edit(path: str | Path, old: str, new: str) -> None:
    file = Path(path)
    text = file.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{path} does not hold {old!r}"
    file.write_text(text.replace(old, new), encoding="utf-8")


def gate(setting: str) -> None:
    """Set a gate of the environment."""
    edit(_ENVIRONMENT, "kind: Environment\n", f"kind: Environment\ngates: {{{setting}}}\n")


def waive(*entries: tuple[str, str]) -> None:
    """Add waivers of (control, scope) to the environment, for a month."""
    until = (datetime.now(UTC) + timedelta(days=30)).date()
    text = _ENVIRONMENT.read_text(encoding="utf-8")
    if "\nwaivers:" not in text:
        text += "waivers:\n"
    for control, scope in entries:
        text += (
            f"  - {{control: {control}, scope: {scope}, reason: while the old one is replaced, "
            f"owner: platform@contoso.example, expires: {until}}}\n"
        )
    _ENVIRONMENT.write_text(text, encoding="utf-8")


WEAKENINGS = [
    pytest.param(
        _CLUSTER,
        "disableRunCommand: true",
        "disableRunCommand: false",
        [("CLU-01.4", "cluster.cluster")],
        id="run-command is switched on",
    ),
    pytest.param(
        _CLUSTER,
        "enablePrivateClusterPublicFQDN: false",
        "enablePrivateClusterPublicFQDN: true",
        [("CLU-01.1", "cluster.cluster")],
        id="the API server gets a public name",
    ),
    pytest.param(
        "blueprints/modules/namespace.yaml",
        "egress: DenyAll",
        "egress: AllowAll",
        [("CLU-05.4", "teams")],
        id="a namespace has no policy for what goes out",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "controls"), WEAKENINGS)
def test_what_weakens_is_told_first_refused_and_can_be_waived(
    folder: Path, file: str, old: str, new: str, controls: list[tuple[str, str]]
) -> None:
    gate("proofs: warn")
    assert "failed" not in run_command("azsec apply local --yes --quiet")
    edit(file, old, new)

    told = run_command("azsec plan local")
    for control, _ in controls:
        assert told.index(f"    {control}  ") < told.index("    ~ update"), "the delta comes first"
    assert "An apply is refused by the gate 'controls'." in told

    refused = run_command("azsec apply local --yes --quiet")
    assert "[exit 3]" in refused
    for control, _ in controls:
        assert f"{control} (" in refused
        assert f"`azsec controls show {control}`" in refused

    waive(*controls)
    assert "exit" not in run_command("azsec apply local --yes --quiet")
    assert "exit" not in run_command("azsec check local --of actual")


def test_a_vault_that_does_not_ask_for_purge_protection_is_not_even_made(folder: Path) -> None:
    edit("blueprints/modules/vault.yaml", "      enablePurgeProtection: true\n", "")

    refused = run_command("azsec apply local --yes --quiet")

    assert "[exit 3]" in refused
    assert "WRK-05.3 (high) newly fails: vault.vault" in refused
    waive(("WRK-05.3", "vault"))
    assert "exit" not in run_command("azsec apply local --yes --quiet")


def test_a_public_api_server_is_refused_by_its_control(folder: Path) -> None:
    assert "failed" not in run_command("azsec apply local --yes --quiet")
    edit(_CLUSTER, "enablePrivateCluster: true", "enablePrivateCluster: false")
    gate("proofs: warn")

    told = run_command("azsec plan local")
    refused = run_command("azsec apply local --yes --quiet --allow-delete")

    assert "    CLU-01.3  " in told
    assert "[exit 3]" in refused
    waive(("CLU-01.3", "cluster.cluster"))
    assert "exit" not in run_command("azsec apply local --yes --quiet --allow-delete")


def test_a_waiver_that_is_not_needed_any_more_is_an_error(folder: Path) -> None:
    waive(("CLU-01.4", "cluster.cluster"))

    told = run_command("azsec validate local")

    assert "CLU-01.4 does not fail in cluster.cluster: the waiver until" in told
    assert "[exit 1]" in told


def test_a_gate_can_be_stricter_or_open(folder: Path) -> None:
    edit(_CLUSTER, "disableRunCommand: true", "disableRunCommand: false")
    gate("controls: critical")
    assert "exit" not in run_command("azsec check local")
    edit(_ENVIRONMENT, "controls: critical", "controls: hihg")
    told = run_command("azsec check local")
    assert "'gates.controls' is 'hihg'. Expected 'critical', 'high', 'medium'" in told
