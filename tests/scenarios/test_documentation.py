"""The commands of the README and of docs/ are run, in the order in which a reader types them."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from tests.environments import load_shipped, open_bench
from tests.estates import put_estate
from tests.scenarios.story import read_blocks, run_command, tamper

_ROOT = Path(__file__).parents[2]
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]
_COMMAND = re.compile(r"^\$ azsec (.+)$", re.MULTILINE)
_PLAN = re.compile(r"(<!-- plan:begin -->\n).*?(<!-- plan:end -->)", re.DOTALL)
_GRAPH = re.compile(r"(<!-- graph:begin -->\n).*?(<!-- graph:end -->)", re.DOTALL)
_EXAMPLE = re.compile(r"^```yaml (example/\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TAMPERING = """\
routeTables/rt-contoso-local properties.routes[default].properties = \
{"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}
networkSecurityGroups/nsg-contoso-local-nodes properties.securityRules[+] = {"name": "ssh", \
"properties": {"priority": 4000, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", \
"sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", \
"destinationPortRange": "22"}}
managedClusters/aks-contoso-local properties.disableLocalAccounts = false
virtualNetworks/vnet-contoso-local properties.dhcpOptions.dnsServers = ["203.0.113.53"]
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the blueprints and environments of the repository, on the built-in Azure."""
    for folder in ("blueprints", "environments"):
        shutil.copytree(_ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZSEC_CLOUD", "local")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    return tmp_path


def make_estate(folder: Path, catalog: Catalog) -> None:
    """Make in the state of the built-in Azure what another tool would have: no mark anywhere."""
    with open_bench(catalog, state=folder / ".azsec" / "local.db") as bench:
        put_estate(bench, load_shipped("prod", catalog))


def commands_of(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    blocks = [block.text for block in read_blocks(text) if block.language == "console"]
    return [command for block in blocks for command in _COMMAND.findall(block)]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run(
    page: Path, repository: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]
) -> None:
    if page.stem == "adopt":
        make_estate(repository, catalog)
    for command in commands_of(page):
        words = shlex.split(command.partition(" > ")[0])
        if words[:2] == ["local", "serve"]:
            continue  # runs until it is stopped: tests/scenarios/test_serve.py
        if words[0] == "cluster" or "--with-cluster" in words or "both.json" in words:
            continue  # asks a Kubernetes API server: tests/cluster
        if words[0] == "ci":
            continue  # runs in a job: pull-request.md, tests/ci
        if "--ci" in words:
            # The page names alternatives: none writes over the pipelines of another.
            shutil.rmtree("azure-pipelines", ignore_errors=True)
        elif words[0] == "init":
            empty = repository / "empty"
            empty.mkdir()
            os.chdir(empty)

        code = run_guarded(app, words)

        told = capsys.readouterr()
        assert code in (0, 2), f"azsec {command}: {told.err}"


def test_the_small_example_is_valid_and_applies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (_ROOT / "docs" / "blueprints.md").read_text(encoding="utf-8")
    for name, text in _EXAMPLE.findall(page):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "example")
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    for command in (
        "validate dev",
        "apply dev --cloud local --yes",
        "plan dev --cloud local --detailed-exitcode",
    ):
        code = run_guarded(app, shlex.split(command))
        told = capsys.readouterr()
        assert code == 0, f"{command}: {told.out}{told.err}"
        assert "error" not in told.err, command


def test_the_site_has_a_place_for_every_page() -> None:
    navigation = (_ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {page.name for page in (_ROOT / "docs").glob("*.md")}
    assert {name for name in pages if f"- {name}" not in navigation} == set()


def test_the_plan_in_the_readme_is_a_real_one(repository: Path, catalog: Catalog) -> None:
    run_command("azsec apply local --yes --quiet")
    tamper(_TAMPERING, catalog)
    told = f"```text\n{run_command('azsec plan local')}```\n"
    _hold(_ROOT / "README.md", _PLAN, told)


def test_the_picture_of_the_graph_page_is_a_real_one(repository: Path) -> None:
    told = f"```mermaid\n{run_command('azsec graph local')}```\n"
    _hold(_ROOT / "docs" / "graph.md", _GRAPH, told)


def _hold(page: Path, place: re.Pattern[str], told: str) -> None:
    """Compare a part of a page with what was told, or rewrite it."""
    text = page.read_text(encoding="utf-8")

    written = place.sub(lambda found: found[1] + told + found[2], text)

    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        page.write_text(written, encoding="utf-8")
        return
    assert told in text
    assert text == written, "run `make golden` and review the difference"
