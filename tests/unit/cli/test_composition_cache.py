"""A command with the composition cache: the variable that leaves it out, and why apply does."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.cli.workspace import load_catalog
from provisioner.simulator.server import LocalAzure

ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: small, id: 0123456789abcdef0123456789abcdef}
blueprint: blueprint.yaml
cloud: local
tenantId: 00000000-0000-0000-0000-000000000000
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
gates: {controls: none}
"""
BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: small}
resourceGroups:
  main: {subscription: workload, name: rg-small, location: westeurope}
modules:
  routes: {source: routes.yaml, resourceGroup: main}
"""
MODULE = """\
apiVersion: azsec/v1
kind: Module
resources:
  table:
    type: Microsoft.Network/routeTables
    name: rt-small
    properties: {disableBgpRoutePropagation: true, routes: []}
"""
PLAN = ["plan", "environment.yaml", "-q", "--offline", "--out", "plan.json"]


@pytest.fixture
def poison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """An environment of one module, and what turns a property of it in the cache into another."""
    for name, text in (
        ("environment.yaml", ENVIRONMENT),
        ("blueprint.yaml", BLUEPRINT),
        ("routes.yaml", MODULE),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZSEC_CACHE", str(tmp_path / "cache"))

    def change() -> None:
        (path,) = (tmp_path / "cache" / "compositions").iterdir()
        _, _, content = path.read_bytes().partition(b"\n")
        changed = content.replace(
            b'"disableBgpRoutePropagation":true', b'"disableBgpRoutePropagation":false'
        )
        assert changed != content
        path.write_bytes(sha256(changed).hexdigest().encode() + b"\n" + changed)

    return change


def planned() -> bool:
    """Return what the plan in the file sends of the property."""
    steps = json.loads(Path("plan.json").read_text(encoding="utf-8"))["steps"]
    (body,) = (
        step["body"] for step in steps if step["id"].lower().endswith("/routetables/rt-small")
    )
    return bool(body["properties"]["disableBgpRoutePropagation"])


def test_an_apply_composes_afresh_and_the_variable_makes_every_command_do_so(
    poison: Callable[[], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with LocalAzure.start(load_catalog(), None) as server:
        monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", server.endpoint)
        assert run_guarded(app, PLAN) == 0
        assert planned() is True
        poison()
        assert run_guarded(app, PLAN) == 0
        assert planned() is False  # whoever can write the cache can change what a plan shows

        assert run_guarded(app, ["apply", "plan.json", "-q"]) != 0
        assert "disableBgpRoutePropagation to false (now true)" in capsys.readouterr().err
        assert not any(request.method == "PUT" for request in server.requests)

        monkeypatch.setenv("AZSEC_NO_COMPOSITION_CACHE", "1")
        assert run_guarded(app, PLAN) == 0
        assert planned() is True
        assert run_guarded(app, ["apply", "plan.json", "-q"]) == 0
