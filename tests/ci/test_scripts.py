"""Every script in the action, the steps and the written pipelines is run, as a runner runs it."""

import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from provisioner.cli.scaffold import write_scaffold
from tests.architecture.repository import ROOT
from tests.ci.workflow_files import ACTION, STEPS, scripts, splice, write_azure, write_github
from tests.forges.azure_devops_host import AzureDevOpsHost
from tests.forges.life import GitHubHost, Life

GITHUB = {"GITHUB_ACTION_PATH": str(ROOT)}
PLAIN = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder where azsec's packages are installed already (`ci/install` keeps what was installed
    from the same lock): those of the tests."""
    environment = tmp_path_factory.mktemp("prepared") / "azsec"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = environment / "lib" / version / "site-packages" / "tests.pth"
    site.write_text(sysconfig.get_path("purelib") + "\n")
    lock = hashlib.sha256((ROOT / "runtime.lock").read_bytes()).hexdigest()
    (environment / "installed-lock").write_text(lock + "\n")
    return environment


@pytest.fixture
def runner(tmp_path, prepared):
    """The folders of a runner, and a repository with one environment in `work`."""
    (tmp_path / "temp").mkdir()
    (tmp_path / "temp/azsec").symlink_to(prepared)
    write_scaffold(str(tmp_path / "work"), "dev")
    return tmp_path


def run(script: str, folder: Path, environ: Mapping[str, str], *flags: str):
    """Run a script as the shell `bash` of a step does: with the options that GitHub gives it."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", *flags, "-c", script],
        cwd=folder,
        env={**PLAIN, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def action_steps():
    install, work = scripts(yaml.safe_load(ACTION.read_text()))
    return install, work


def azure_steps():
    install, online, offline = scripts(splice(yaml.safe_load(STEPS.read_text())))
    return install, online, offline


def test_all_scripts_are_known(tmp_path):
    """The tests of this file run two scripts of the action and three of the steps: the pipelines
    that are written have none of their own."""
    written = [*write_github(tmp_path), write_azure(tmp_path)]

    assert [list(scripts(yaml.safe_load(path.read_text()))) for path in written] == [[]] * 4
    assert (len(action_steps()), len(azure_steps())) == (2, 3)


def test_the_action_installs_and_validates(runner):
    install, work = action_steps()
    environ = {
        **GITHUB,
        "RUNNER_TEMP": str(runner / "temp"),
        "GITHUB_OUTPUT": str(runner / "output"),
        "AZSEC_COMMAND": "validate",
        "AZSEC_ENVIRONMENTS": "",
        "GITHUB_TOKEN": "",
    }
    installed = run(install["run"], runner, environ)
    assert (installed.returncode, installed.stderr) == (0, "")
    assert installed.stdout.startswith("azsec ")

    done = run(work["run"], runner / "work", environ)

    assert done.stdout == "environments/dev.yaml is valid: 5 resources.\n", done.stderr
    assert (runner / "output").read_text() == "exit-code=0\n"


def test_an_invalid_environment_fails_the_action(runner):
    install, work = action_steps()
    path = runner / "work/environments/dev.yaml"
    path.write_text(path.read_text().replace("cloud: AzureCloud", "cloud: Nowhere"))
    environ = {
        **GITHUB,
        "RUNNER_TEMP": str(runner / "temp"),
        "GITHUB_OUTPUT": str(runner / "output"),
        "AZSEC_COMMAND": "validate",
        "AZSEC_ENVIRONMENTS": "dev",
    }
    run(install["run"], runner, environ)

    done = run(work["run"], runner / "work", environ)

    assert done.returncode == 1
    assert "environments/dev.yaml:6" in done.stderr
    assert (runner / "output").read_text() == "exit-code=1\n"


def test_the_steps_of_azure_pipelines_install_and_validate(runner):
    install, _online, offline = azure_steps()
    (runner / "azsec").symlink_to(ROOT)
    head = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    )
    environ = {
        "AGENT_BUILDDIRECTORY": str(runner),
        "AGENT_TEMPDIRECTORY": str(runner / "temp"),
        "AZSEC_COMMIT": head.stdout.strip(),
        "AZSEC_COMMAND": "validate",
        "AZSEC_FILES": str(runner / "temp"),
    }
    installed = run(install["bash"], runner, environ)
    assert (installed.returncode, installed.stderr) == (0, "")

    done = run(offline["bash"], runner / "work", environ)

    assert done.stdout == "environments/dev.yaml is valid: 5 resources.\n", done.stderr


BLUEPRINT = """
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: app}
parameters: {location: {type: string, default: westeurope}}
resourceGroups:
  main: {subscription: workload, name: rg-app, location: "${location}"}
"""
ENVIRONMENT = """
apiVersion: azsec/v1
kind: Environment
metadata: {name: dev, id: 0123456789abcdef0123456789abcdef}
blueprint: ../blueprints/app.yaml
cloud: local
tenantId: 99999999-9999-9999-9999-999999999999
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
gates: {controls: none}
"""
OF_JOBS = ("GITHUB_", "TF_", "SYSTEM_", "BUILD_", "AGENT_")


@pytest.fixture
def life(runner, monkeypatch, request):
    """A repository without an environment yet, and its host."""
    repository = runner / "repository"
    repository.mkdir()
    monkeypatch.chdir(repository)
    (runner / "agent").mkdir()
    host = request.param(runner / "agent")
    told = Life(host)
    told.act("branch change")
    for path, text in (("blueprints/app.yaml", BLUEPRINT), ("environments/dev.yaml", ENVIRONMENT)):
        (repository / path).parent.mkdir(parents=True)
        (repository / path).write_text(text)
    told.act("commit Describe dev")
    yield told
    host.stop()


def in_job(life, runner, trigger, command, script):
    """Run a script as a step of a job of the repository; return what it printed and its code."""
    with life.job(trigger):
        environ = {name: value for name, value in os.environ.items() if name.startswith(OF_JOBS)}
        environ |= {
            **GITHUB,
            "RUNNER_TEMP": str(runner / "temp"),
            "GITHUB_OUTPUT": str(runner / "output"),
            "AGENT_BUILDDIRECTORY": str(runner),
            "AGENT_TEMPDIRECTORY": str(runner / "temp"),
            "AZSEC_FILES": str(runner / "temp"),
            "AZSEC_COMMAND": command,
            "AZSEC_ENVIRONMENTS": "dev",
        }
        return run(script, Path.cwd(), environ)


@pytest.mark.parametrize("life", [GitHubHost], indirect=True)
def test_the_action_plans_applies_and_checks_for_drift(life, runner):
    install, work = action_steps()
    run(install["run"], runner, {**GITHUB, "RUNNER_TEMP": str(runner / "temp")})
    life.act("open pull request")

    planned = in_job(life, runner, "pull request", "plan", work["run"])
    life.act("grace approves")
    life.act("merge by squash")
    outputs = (runner / "output").read_text().splitlines()
    applied = in_job(life, runner, "push", "apply", work["run"])
    checked = in_job(life, runner, "schedule", "drift", work["run"])

    told = dict(line.split("=", 1) for line in outputs)
    assert [done.returncode for done in (planned, applied, checked)] == [0, 0, 0], planned.stderr
    assert json.loads(told["digests"])["dev"].startswith("sha256:")
    assert json.loads(told["changed"]) == ["dev"]
    assert told["comment-url"].startswith("https://github.com/contoso/platform/pull/")
    assert (told["exit-code"], Path(told["sarif"]).is_file()) == ("0", True)
    assert "azsec success: applied\n" in life.host.statuses()


@pytest.mark.parametrize("life", [AzureDevOpsHost], indirect=True)
def test_the_steps_of_azure_pipelines_plan_apply_and_check_for_drift(life, runner):
    install, online, _ = azure_steps()
    (runner / "azsec").symlink_to(ROOT)
    folders = {"AGENT_BUILDDIRECTORY": str(runner), "AGENT_TEMPDIRECTORY": str(runner / "temp")}
    run(install["bash"], runner, folders)
    script = online["inputs"]["inlineScript"]
    life.act("open pull request")

    planned = in_job(life, runner, "pull request", "plan", script)
    life.act("grace approves")
    life.act("merge by merge")
    applied = in_job(life, runner, "push", "apply", script)
    checked = in_job(life, runner, "schedule", "drift", script)

    assert [done.returncode for done in (planned, applied, checked)] == [0, 0, 0], planned.stderr
    lines = planned.stdout.splitlines()
    assert '##vso[task.setvariable variable=changed;isOutput=true]["dev"]' in lines
    assert f"##vso[task.uploadsummary]{runner}/temp/azsec-summary.md" in lines
    assert (runner / "temp/azsec-junit.xml").is_file()
    assert "azsec success: applied\n" in life.host.statuses()


def test_another_commit_of_azsec_is_not_run(runner):
    environ = {"AZSEC_COMMIT": "0" * 40}

    done = run(f'"{ROOT}/ci/install" "{runner}/temp/azsec"', runner, environ)

    assert done.returncode == 1
    assert "Expected: 0000" in done.stderr


@pytest.mark.parametrize(
    ("names", "passed"),
    [
        pytest.param("dev prod", ["dev", "prod"], id="two names"),
        pytest.param("$(touch made)", ["$(touch", "made)"], id="a command"),
        pytest.param("dev; touch made", ["dev;", "touch", "made"], id="two commands"),
        pytest.param("`touch made` *", ["`touch", "made`", "*"], id="quoted, and a pattern"),
        pytest.param("--cloud local", ["--cloud", "local"], id="an option"),
    ],
)
def test_names_of_environments_are_passed_on_as_they_are(tmp_path, names, passed):
    environ = {
        "AZSEC_COMMAND": "apply",
        "AZSEC_ENVIRONMENTS": names,
        "AZSEC_FILES": str(tmp_path),
    }

    done = run(f'"{ROOT}/ci/run" echo', tmp_path, environ)

    assert done.stdout.split() == ["ci", "apply", "--", *passed]
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("command", "variables", "words"),
    [
        pytest.param(
            "apply",
            {
                "AZSEC_PULL_REQUEST": " 12 ",
                "AZSEC_ALLOW_DELETE": "sha256:a sha256:b",
                "AZSEC_LOCK_TIMEOUT": "60s",
                "AZSEC_TRUST": "app[bot]",
                "AZSEC_APPROVERS": "ada grace",
                "AZSEC_DISMISS_REVIEWS": "true",
            },
            "ci apply --trust=app[bot] --approver=ada --approver=grace --pull-request=12 "
            "--allow-delete-digest=sha256:a --allow-delete-digest=sha256:b --lock-timeout=60s --",
            id="apply",
        ),
        pytest.param(
            "plan",
            {
                "AZSEC_TRUST": "one --all",
                "AZSEC_DISMISS_REVIEWS": "True",
                "AZSEC_ALLOW_DELETE": "sha256:a",
            },
            "ci plan --sarif FILES/azsec.sarif --junit FILES/azsec-junit.xml --trust=one "
            "--trust=--all --dismiss-reviews --",
            id="plan",
        ),
        pytest.param(
            "apply",
            {"AZSEC_PULL_REQUEST": " ", "AZSEC_ALLOW_DELETE": " ", "AZSEC_TRUST": ""},
            "ci apply --",
            id="spaces are nothing",
        ),
    ],
)
def test_what_a_run_is_given_becomes_options_of_azsec(tmp_path, command, variables, words):
    environ = {"AZSEC_COMMAND": command, "AZSEC_FILES": str(tmp_path), **variables}

    done = run(f'"{ROOT}/ci/run" echo', tmp_path, environ)

    assert done.stdout.strip() == words.replace("FILES", str(tmp_path)), done.stderr


def test_every_input_of_the_action_and_parameter_of_the_steps_reaches_its_script():
    """A variable that a script reads is set by both, and what both take is read."""
    known = set(re.findall(r"\bAZSEC_[A-Z_]+", (ROOT / "ci/run").read_text()))
    _, work = action_steps()
    _, online, _ = azure_steps()

    assert known - {"AZSEC_FILES"} == {one for one in work["env"] if one.startswith("AZSEC_")}
    assert known == {one for one in online["env"] if one.startswith("AZSEC_")}


def test_an_unknown_command_is_refused(runner):
    environ = {"AZSEC_COMMAND": "destroy", "AZSEC_FILES": str(runner)}

    done = run(f'"{ROOT}/ci/run" azsec', runner, environ)

    assert (done.returncode, "Expected: plan, apply, drift or validate" in done.stderr) == (
        64,
        True,
    )
