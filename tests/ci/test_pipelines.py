"""Pipelines that `azsec init --ci` writes, and the action and steps of this repository: they are
what GitHub and Azure DevOps accept, and ask for no more than they need."""

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

from ci_tools.actionlint import actionlint_path
from provisioner.cli.options import PipelineKind
from provisioner.cli.pipelines import Source, read_source, write_pipelines
from provisioner.model.diagnostic import DiagnosticError
from tests.architecture.repository import ROOT
from tests.ci.workflow_files import (
    ACTION,
    COMMIT,
    ENVIRONMENTS,
    STEPS,
    read_texts,
    splice,
    write_azure,
    write_github,
)

BIN = Path(sys.executable).parent
OWN = sorted((ROOT / ".github/workflows").glob("*.yml"))
USES = re.compile(r"uses: (\S+?)@(\S+)( # v\d+\.\d+\.\d+)?$", re.MULTILINE)


def test_actionlint_finds_nothing(tmp_path):
    if not actionlint_path().is_file():
        leave = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        leave("actionlint is not built: make actionlint")
    written = [*write_github(tmp_path), *OWN]
    # GitHub has `concurrency.queue` since 2026 (github/docs, "Control the concurrency of workflows
    # and jobs"), and actionlint 1.7.12 does not know it yet.
    known = ["-ignore", 'unexpected key "queue" for "concurrency" section']

    done = subprocess.run(
        [actionlint_path(), *known, *written], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.returncode) == ("", 0)


def test_zizmor_finds_nothing(tmp_path):
    write_github(tmp_path)
    strict = ["--offline", "--no-progress", "--quiet", "--persona=auditor"]

    done = subprocess.run(
        [BIN / "zizmor", *strict, tmp_path / ".github/workflows", ACTION, *OWN],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def problems(schema: str, content) -> list[str]:
    text = (files("check_jsonschema") / "builtin_schemas/vendor" / f"{schema}.json").read_text()
    validator = jsonschema.validators.validator_for(json.loads(text))(json.loads(text))
    return [error.message[:300] for error in validator.iter_errors(content)]


@pytest.mark.parametrize(
    "connection", [pytest.param("github", id="on GitHub"), pytest.param(None, id="in Azure Repos")]
)
def test_the_pipeline_has_the_schema_of_azure_pipelines(tmp_path, connection):
    path = write_azure(tmp_path, connection)

    assert problems("azure-pipelines", read_texts(path)) == []


def test_the_schema_of_azure_pipelines_refuses_what_is_wrong(tmp_path):
    path = write_azure(tmp_path)
    path.write_text(path.read_text().replace("runOnce", "runTwice"))

    assert problems("azure-pipelines", read_texts(path)) != []


def test_the_steps_have_the_schema_of_azure_pipelines():
    assert problems("azure-pipelines", splice(read_texts(STEPS))) == []


def test_the_workflows_and_the_action_have_their_schemas(tmp_path):
    for path in write_github(tmp_path):
        content = yaml.safe_load(path.read_text())
        # YAML 1.1 reads the key `on` as a boolean.
        content["on"] = content.pop(True)
        assert problems("github-workflows", content) == []
    assert problems("github-actions", yaml.safe_load(ACTION.read_text())) == []


def test_actions_are_pinned_by_commit_with_their_version(tmp_path):
    texts = [path.read_text() for path in (*write_github(tmp_path), ACTION)]
    found = [match for text in texts for match in USES.findall(text)]

    assert len(found) == sum(text.count("- uses:") for text in texts)
    for name, commit, version in found:
        assert re.fullmatch(r"[0-9a-f]{40}", commit)
        assert version or (name, commit) == ("contoso/azsec", COMMIT)


def test_no_secret_is_read_and_no_job_may_more_than_it_does(tmp_path):
    plan, apply, drift = (yaml.safe_load(path.read_text()) for path in write_github(tmp_path))

    assert all("secrets." not in path.read_text() for path in tmp_path.rglob("*.yml"))
    assert plan["permissions"] == apply["permissions"] == drift["permissions"] == {}
    assert plan["jobs"]["validate"]["permissions"] == {"contents": "read"}
    assert "contents" not in {
        name
        for job in (plan["jobs"]["plan"], apply["jobs"]["apply"], drift["jobs"]["drift"])
        for name, right in job["permissions"].items()
        if right == "write"
    }
    # Nothing runs with the rights of the repository on what a fork wrote.
    assert "pull_request_target" not in str(plan)


def test_a_review_plans_again_without_more_rights_and_a_remark_plans_nothing(tmp_path):
    plan, _, _ = (yaml.safe_load(path.read_text()) for path in write_github(tmp_path))
    jobs = plan["jobs"]

    assert plan[True] == {
        "pull_request": None,
        "pull_request_review": {"types": ["submitted", "dismissed"]},
    }
    # GitHub gives the job of a review of a fork's pull request a token that only reads, too.
    assert "head.repo.full_name == github.repository" in jobs["plan"]["if"]
    assert "github.event.review.state != 'commented'" in jobs["plan"]["if"]
    assert "github.event_name == 'pull_request'" in jobs["validate"]["if"]
    # A remark must not cancel the plan of a push, which nothing would start again.
    assert "github.event.review.state == 'commented'" in plan["concurrency"]["group"]


def test_what_deletes_is_permitted_by_a_run_by_hand(tmp_path):
    _, apply, _ = (yaml.safe_load(path.read_text()) for path in write_github(tmp_path))
    given = apply["jobs"]["apply"]["steps"][1]["with"]
    azure = yaml.safe_load(write_azure(tmp_path).read_text())
    stage = next(one for one in azure["stages"] if one["stage"] == "apply_prod")
    deploy = stage["jobs"][0]["strategy"]["runOnce"]["deploy"]
    parameters = deploy["steps"][0]["parameters"]

    assert apply[True]["workflow_dispatch"]["inputs"].keys() == {"pull-request", "allow-delete"}
    assert given["pull-request"] == "${{ inputs.pull-request }}"
    assert given["allow-delete"] == "${{ inputs.allow-delete }}"
    assert {one["name"] for one in azure["parameters"]} == {"pullRequest", "allowDelete"}
    assert parameters["pullRequest"] == "${{ parameters.pullRequest }}"
    assert parameters["allowDelete"] == "${{ parameters.allowDelete }}"
    assert "'Manual'" in stage["condition"]


def test_environments_are_applied_in_order_by_reviewed_jobs(tmp_path):
    _, apply, _ = (yaml.safe_load(path.read_text()) for path in write_github(tmp_path))
    job = apply["jobs"]["apply"]

    assert job["strategy"] == {
        "max-parallel": 1,
        "fail-fast": True,
        "matrix": {"environment": list(ENVIRONMENTS)},
    }
    assert job["environment"] == "${{ matrix.environment }}"
    assert job["concurrency"]["group"] == "azsec-${{ matrix.environment }}"

    stages = yaml.safe_load(write_azure(tmp_path).read_text())["stages"]
    order = {stage["stage"]: stage["dependsOn"] for stage in stages}
    assert order == {
        "validate": [],
        "plan": [],
        "apply_dev": [],
        "apply_staging": ["apply_dev"],
        "apply_prod": ["apply_staging"],
        "drift": [],
    }


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("contoso/azsec@main", id="a branch"),
        pytest.param(f"azsec@{COMMIT}", id="no owner"),
        pytest.param(f"contoso/azsec@{COMMIT[:12]}", id="a short commit"),
        pytest.param("contoso/azsec", id="no commit"),
        pytest.param(f"contoso/azsec@{COMMIT}\n      - run: id", id="more than a name"),
    ],
)
def test_what_is_no_commit_is_refused(text):
    with pytest.raises(DiagnosticError) as raised:
        read_source(text)

    assert [d.code for d in raised.value.diagnostics] == ["wrong-source"]


@pytest.mark.parametrize("name", ["on", "no", "1", "1e3", "null", "dev-2"])
def test_a_name_stays_a_name(tmp_path, name):
    source = Source("contoso/azsec", COMMIT)
    _, apply, _ = write_pipelines(str(tmp_path), PipelineKind.GITHUB, [name], source, "main")
    (azure,) = write_pipelines(str(tmp_path), PipelineKind.AZURE_PIPELINES, [name], source, "main")

    job = yaml.safe_load(Path(apply).read_text())["jobs"]["apply"]
    stage = yaml.safe_load(Path(azure).read_text())["stages"][2]
    assert job["strategy"]["matrix"]["environment"] == [name]
    assert stage["jobs"][0]["environment"] == name


def test_pipelines_of_a_subfolder_stand_at_the_root_of_the_repository_and_run_in_it(
    tmp_path, monkeypatch
):
    """GitHub runs no workflow of a subfolder's `.github`."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "infra/aks").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "infra")

    written = write_pipelines(
        "aks", PipelineKind.GITHUB, ["dev"], Source("contoso/azsec", COMMIT), "main"
    )
    (azure,) = write_pipelines(
        "aks", PipelineKind.AZURE_PIPELINES, ["dev"], Source("contoso/azsec", COMMIT), "main"
    )

    assert written[0] == "../.github/workflows/azsec-plan.yml"
    texts = [(tmp_path / "infra" / path).read_text() for path in (*written, azure)]
    uses = [text.count("command: ") for text in texts]
    assert [text.count("working-directory: infra/aks\n") for text in texts[:3]] == uses[:3]
    assert texts[3].count("workingDirectory: infra/aks\n") == uses[3] == 4
    assert problems("azure-pipelines", read_texts(tmp_path / "infra" / azure)) == []
    plan = yaml.safe_load(texts[0])
    step = plan["jobs"]["plan"]["steps"][1]
    assert step["with"] == {"command": "plan", "working-directory": "infra/aks"}
