"""What a command imports: nothing heavy that it does not need."""

import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli.workspace import load_catalog
from provisioner.simulator.server import LocalAzure

_ROOT = Path(__file__).parents[2]
_PROBE = """
import sys
from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
code = run_guarded(app, sys.argv[1:])
loaded = {*sys.modules, *(name.split(".")[0] for name in sys.modules)}
heavy = sorted(loaded & set(%r))
sys.stderr.write("heavy: " + " ".join(heavy))
sys.exit(code)
"""
_AZURE = ("azure", "msal", "requests", "starlette", "uvicorn", "prompt_toolkit")
_OF_ANOTHER_COMMAND = (
    # The models and operations of one of Azure's clients: requests are sent by the pipeline below.
    "azure.mgmt.resource",
    "cryptography",
    "msal",
    "provisioner.adoption",
    "provisioner.export",
    "rich",
)
_ONLY_THE_SERVER = ("provisioner.simulator", "starlette", "uvicorn")
_ALL = (*_AZURE, "cel", "pydantic", "rich", "yaml")


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        pytest.param(["--help"], _ALL, id="help answers at once"),
        pytest.param(["validate", "local"], _AZURE, id="validate does not talk to Azure"),
        pytest.param(["schema"], _AZURE, id="schema does not talk to Azure"),
        pytest.param(
            ["plan", "local", "-q"], ("msal", "prompt_toolkit"), id="plan on this machine"
        ),
    ],
)
def test_a_command_imports_only_what_it_needs(
    arguments: list[str], unwanted: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZSEC_LOCAL_STATE", str(tmp_path / "local.db"))
    # The first run of an installation reads the SDK's models, and caches what they say.
    for _warm_up in range(2):
        done = _run(arguments, unwanted)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "heavy: "


def test_a_plan_against_a_server_imports_nothing_of_other_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalog = load_catalog()  # from the cache, as the plan then does
    with LocalAzure.start(catalog, None) as server:
        monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", server.endpoint)
        done = _run(["plan", "local", "-q"], (*_OF_ANOTHER_COMMAND, *_ONLY_THE_SERVER))
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "heavy: "


def _run(arguments: list[str], unwanted: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _PROBE % (unwanted,), *arguments],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
