"""A job for each environment, as the written pipelines have it: what the comment says by then."""

from pathlib import Path

import pytest

from provisioner.cli.ci import Outputs, run_plan
from provisioner.cli.ci_apply import Permissions, run_apply
from provisioner.cli.ci_options import Options
from tests.forges.azure_devops_host import AzureDevOpsHost
from tests.forges.life import GitHubHost, Life

BLUEPRINT = """
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: app}
parameters: {stage: {type: string}}
resourceGroups:
  main: {subscription: workload, name: "rg-${stage}", location: westeurope}
"""
ENVIRONMENT = """
apiVersion: azsec/v1
kind: Environment
metadata: {name: STAGE, id: d00000000000000000000000000000IDENTIFIER}
blueprint: ../blueprints/BLUEPRINT.yaml
cloud: local
tenantId: 99999999-9999-9999-9999-999999999999
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
parameters: {stage: STAGE}
gates: {controls: none}
"""


def environment(name: str, number: int, blueprint: str) -> str:
    text = ENVIRONMENT.replace("STAGE", name).replace("BLUEPRINT", blueprint)
    return text.replace("IDENTIFIER", f"{number:02}")


@pytest.fixture
def life(tmp_path, tmp_path_factory, monkeypatch, request):
    """A merged pull request that touches dev and prod, and not tools."""
    for name in ("blueprints", "environments"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AZSEC_LOCAL_STATE", raising=False)
    Path("blueprints/tools.yaml").write_text(BLUEPRINT.replace("name: app", "name: tools"))
    Path("environments/tools.yaml").write_text(environment("tools", 3, "tools"))
    host = request.param(tmp_path_factory.mktemp("agent"))
    told = Life(host)
    told.act("branch change")
    Path("blueprints/app.yaml").write_text(BLUEPRINT)
    for number, name in enumerate(("dev", "prod"), 1):
        Path(f"environments/{name}.yaml").write_text(environment(name, number, "app"))
    told.act("commit Describe dev and prod")
    told.act("open pull request")
    with told.job("pull request"):
        assert run_plan(Options(), Outputs()) == 0
    told.act("grace approves")
    told.act("merge by squash")
    yield told
    host.stop()


def apply(life, *names: str) -> int:
    with life.job("push"):
        return run_apply(Options(named=names), Permissions(), "text")


def rows(life) -> list[str]:
    return [line for line in life.host.comment().splitlines() if line.startswith("| **`")]


def overall(life) -> str:
    return next(line for line in life.host.statuses().splitlines() if line.startswith("azsec "))


@pytest.mark.parametrize("life", [GitHubHost, AzureDevOpsHost], indirect=True)
def test_each_job_keeps_what_the_others_did(life):
    assert apply(life, "dev") == 0

    dev, prod = rows(life)
    assert "applied" in dev
    assert "not applied yet: 1 change" in prod
    assert overall(life) == "azsec pending: not applied yet: prod"

    assert apply(life, "prod") == 0

    prod, dev = rows(life)
    assert "**`dev`**" in dev
    assert "applied" in dev
    assert "not applied yet" not in prod
    assert overall(life) == "azsec success: applied"

    before = life.host.comment()
    assert apply(life, "tools") == 0
    assert life.host.comment() == before


@pytest.mark.parametrize("life", [GitHubHost, AzureDevOpsHost], indirect=True)
def test_a_job_waits_for_the_earlier_stages_that_the_merge_touches(life, capsys):
    text = "apiVersion: azsec/v1\nkind: Promotion\nstages: [[tools], [dev], [prod]]\n"
    Path("promotion.yaml").write_text(text)

    assert apply(life, "prod") == 3

    told = " ".join(capsys.readouterr().out.split())
    assert "prod comes after dev in promotion.yaml, and dev is not applied: 1 change" in told
    assert "azsec/prod success: sha256:" in life.host.statuses(), "the reviewed plan stands"

    assert apply(life, "dev") == 0, "the change does not touch tools"
    assert apply(life, "prod") == 0
    assert overall(life) == "azsec success: applied"
