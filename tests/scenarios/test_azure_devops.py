"""The life of a change on Azure DevOps is the one on GitHub: one story, told on both."""

import re
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from tests.forges.azure_devops_host import AzureDevOpsHost
from tests.forges.life import Life
from tests.scenarios.story import run_command, tell

_STORY = Path(__file__).with_name("pull-request.md")


def _without_host(text: str) -> str:
    """Return a story without the names that belong to one host: where the job and the issues are,
    how accounts are called, and the line that shows a summary in Azure
    Pipelines."""
    text = re.sub(r"^##vso\[.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"https?://[^\s)]+(/actions/runs/|/_build/results\?buildId=)42", "JOB", text)
    text = re.sub(r"https?://[^\s)]+(/issues/|/_workitems/edit/)\d+", "ISSUE", text)
    text = re.sub(r"azsec-origin \S+", "azsec-origin REPOSITORY", text)
    text = re.sub(r"\b(grace|ada|linus)@(?:&#8203;)?contoso\.com", r"\1", text)
    return re.sub(r"GitHub|Azure DevOps", "FORGE", text)


def test_the_story_of_a_change_is_the_same_on_azure_devops(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    catalog: Catalog,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    written = _STORY.read_text(encoding="utf-8")
    host = AzureDevOpsHost(tmp_path_factory.mktemp("agent"))
    try:
        told = tell(written, catalog, Life(host))
    finally:
        host.stop()

    # As words: longer names of accounts move the ends of lines.
    assert _without_host(told).split() == _without_host(written).split()


ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: dev, id: 00000000000000000000000000000d01}
blueprint: ../blueprints/app.yaml
cloud: local
tenantId: 99999999-9999-9999-9999-999999999999
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
gates: {controls: none}
"""
BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: app}
resourceGroups:
  main: {subscription: workload, name: rg, tags: {owner: OWNER}, location: westeurope}
"""


def test_a_rebase_touches_what_its_earlier_commits_changed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    for name, text in (("environments/dev", ENVIRONMENT), ("blueprints/app", BLUEPRINT)):
        Path(name).parent.mkdir()
        Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    host = AzureDevOpsHost(tmp_path_factory.mktemp("agent"))
    life = Life(host)
    try:
        life.act("branch change")
        blueprint = BLUEPRINT.replace("OWNER", "grace")
        Path("blueprints/app.yaml").write_text(blueprint, encoding="utf-8")
        life.act("commit Change the owner")
        Path("README.md").write_text("text", encoding="utf-8")
        for line in ("commit Write", "open pull request", "merge by rebase"):
            life.act(line)
        with life.job("push"):
            told = " ".join(run_command("azsec ci apply").split())
    finally:
        host.stop()
    assert "dev refused" in told
    assert "no plan was posted on the pull request" in told
