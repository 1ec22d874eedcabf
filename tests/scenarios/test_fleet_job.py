"""A fleet in a Kubernetes cluster: the manifest, its pods' command lines as processes, a node that
is lost in the middle, and the census from the blob container."""

import hashlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.catalog.registry import Catalog
from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.simulator.server import LocalAzure
from tests.manifests import REGISTRY, judge, render
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller

ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stfleet"
LEDGER = "https://stfleet.blob.core.windows.net/fleet/nightly"
IMAGE = f"{REGISTRY}/azsec@sha256:{'a1' * 32}"
NAMES = ("a", "b", "c", "d", "e")
BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: one, description: A group with an identity.}
resourceGroups:
  main: {subscription: workload, name: "rg-${environment.name}", location: westeurope}
resources:
  identity:
    type: Microsoft.ManagedIdentity/userAssignedIdentities
    resourceGroup: main
    name: id-${environment.name}
    location: westeurope
"""


def write_environment(folder: Path, name: str) -> None:
    (folder / f"environments/{name}.yaml").write_text(
        f"""\
apiVersion: azsec/v1
kind: Environment
metadata: {{name: {name}, id: {name * 32}}}
blueprint: ../one.yaml
cloud: local
tenantId: 00000000-0000-0000-0000-000000000000
subscriptions: {{workload: {SUBSCRIPTION}}}
gates: {{controls: none}}
""",
        encoding="utf-8",
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the image of the pods holds in its working directory."""
    (tmp_path / "environments").mkdir()
    (tmp_path / "one.yaml").write_text(BLUEPRINT, encoding="utf-8")
    for name in NAMES:
        write_environment(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def azure(folder: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAzure]:
    """A built-in Azure in which all environments stand, without the identity of `c`."""
    with LocalAzure.start(catalog, None) as running:
        monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", running.endpoint)
        call = Caller(running.endpoint)
        call.create_group()
        body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        assert call("PUT", ACCOUNT, {**body, "properties": {}}).status == 202
        assert call("PUT", f"{ACCOUNT}/blobServices/default/containers/fleet", {}).status == 201
        call.close()
        for name in NAMES:
            assert run_guarded(app, ["apply", name, "--yes", "--quiet"]) == 0
        call = Caller(running.endpoint)
        group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-c"
        identity = "providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-c"
        deleted = call("DELETE", f"{group}/{identity}")
        assert deleted.status == 200, deleted
        call.close()
        yield running


def azsec(capsys: pytest.CaptureFixture[str], command: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run_guarded(app, shlex.split(command))
    told = capsys.readouterr()
    return code, told.out, told.err


def manifest(capsys: pytest.CaptureFixture[str], options: str = "") -> dict[str, Any]:
    """Return the objects of a Job of two pods, by their kind."""
    base = f"fleet manifest --image {IMAGE} --ledger {LEDGER} --pods 2 {options}"
    code, out, err = azsec(capsys, f"{base} drift 'environments/**' --since 7d")
    assert code == 0, err
    return {each["kind"]: each for each in yaml.safe_load_all(out)}


def start_pod(job: Mapping[str, Any], index: int, folder: Path) -> subprocess.Popen[bytes]:
    """Run what the container of a pod runs, with the variables that Kubernetes gives it."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["azsec"]
    variables = {"JOB_COMPLETION_INDEX": str(index), "AZSEC_RUN": job["metadata"]["name"]}
    arguments = [
        re.sub(r"\$\((\w+)\)", lambda found: variables[found[1]], each)
        for each in container["args"]
    ]
    environ = {**os.environ, "AZSEC_CACHE": str(folder / ".cache"), "TMPDIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", "from provisioner.cli import main; main()", *arguments],
        cwd=folder,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def answered(capsys: pytest.CaptureFixture[str], run: str) -> dict[str, dict[str, Any]]:
    _code, out, _err = azsec(capsys, f"fleet show {run} --ledger {LEDGER} -o json")
    entries = json.loads(out)["environments"] if out else []
    return {one["name"]: one for one in entries if one["answer"] != "not-run"}


def test_every_environment_is_answered_once_though_a_node_is_lost(
    azure: LocalAzure, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = manifest(capsys)["Job"]
    run = job["metadata"]["name"]
    # The node is lost when `b` is answered, and `d` is all but put.
    outcome = hashlib.sha256(b"environments/d.yaml").hexdigest()[:32]
    azure.faults.throttle(f"/outcomes/.*{outcome}", retry_after=30, times=100)
    lost = start_pod(job, 1, folder)
    end = time.monotonic() + 60
    while all(one.status != 429 for one in azure.requests):
        assert time.monotonic() < end
        assert lost.poll() is None, lost.communicate()
        time.sleep(0.05)
    os.killpg(lost.pid, signal.SIGKILL)
    lost.communicate()
    azure.faults.clear()
    before = answered(capsys, run)
    assert set(before) == {"b"}
    code, out, _err = azsec(capsys, f"fleet show {run} --ledger {LEDGER}")
    assert code == 1
    assert "5 environments: 4 not run, 1 no drift" in out

    pods = [start_pod(job, index, folder) for index in (0, 1)]
    for pod in pods:
        _out, err = pod.communicate(timeout=60)
        assert pod.returncode == 0, err.decode()

    after = answered(capsys, run)
    assert after["b"] == before["b"], "what was answered before is not asked again"
    assert len({one["worker"] for one in after.values()}) == 3
    code, out, _err = azsec(capsys, f"fleet show last --ledger {LEDGER} -o json")
    census = json.loads(out)
    assert code == 2
    assert (census["run"], census["asked"]) == (run, 5)
    assert [(one["name"], one["answer"]) for one in census["environments"]] == [
        ("c", "findings"),
        *((name, "clean") for name in ("a", "b", "d", "e")),
    ]
    resumed = f"fleet drift --resume {run} --ledger {LEDGER} -o json"
    code, out, err = azsec(capsys, resumed)
    assert (code, json.loads(out)["environments"], err) == (2, census["environments"], "")
    code, out, _err = azsec(capsys, f"fleet show {run} c --ledger {LEDGER}")
    assert json.loads(out)["environment"]["name"] == "c"


def test_the_pods_satisfy_the_controls_and_policies_for_pods(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "namespaces:\n  - {name: app, serviceAccounts: [{name: app}]}\n"
    for options, kind in (("", "Job"), ("--schedule '0 2 * * *'", "CronJob")):
        found = manifest(capsys, f"-n app --service-account app {options}")
        (pod,) = judge(yaml.safe_dump(found[kind]), render(text))
        assert list(pod.verdicts) == []


def test_a_schedule_makes_a_run_of_each_job(capsys: pytest.CaptureFixture[str]) -> None:
    client = "5b7c1d20-1111-4a2b-8c3d-000000000001"
    found = manifest(capsys, f"--create-namespace --client-id {client} --schedule '0 2 * * *'")
    assert list(found) == ["Namespace", "ServiceAccount", "NetworkPolicy", "CronJob"]
    annotations = found["ServiceAccount"]["metadata"]["annotations"]
    assert annotations == {"azure.workload.identity/client-id": client}
    spec = found["CronJob"]["spec"]
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    named = container["env"][0]
    assert named["valueFrom"]["fieldRef"]["fieldPath"].endswith("['batch.kubernetes.io/job-name']")
    assert container["args"][:6] == ["fleet", "drift", "--ledger", LEDGER, "--run", "$(AZSEC_RUN)"]


@pytest.mark.parametrize(
    "schedule",
    [
        "*/5 0-6,22 1,15 JAN-mar MON-FRI",
        "@daily",
        "@every 1h30m",
        "0 2 ? * 0/2",
        "59 23 31 12 6",
        "0  2 * * */02",
    ],
)
def test_a_schedule_may_have_all_forms_that_kubernetes_knows(
    capsys: pytest.CaptureFixture[str], schedule: str
) -> None:
    assert manifest(capsys, f"--schedule '{schedule}'")["CronJob"]["spec"]["schedule"] == schedule


def test_text_of_the_command_is_no_variable_of_the_pod(capsys: pytest.CaptureFixture[str]) -> None:
    base = f"fleet manifest --image {IMAGE} --ledger {LEDGER}"
    command = "check --timeout 30m '$(HOME)/environments' --workers 2"
    code, out, _err = azsec(capsys, f"{base} -- {command}")
    assert code == 0
    job = list(yaml.safe_load_all(out))[-1]
    assert job["spec"]["activeDeadlineSeconds"] == 3 * 30 * 60 + 600
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"][-3:] == ["$$(HOME)/environments", "--workers", "2"]


REFUSED = (
    ("tag", f"--image {REGISTRY}/azsec:1.0.0 --ledger {LEDGER} drift", "does not state a digest"),
    ("file", f"--image {IMAGE} --ledger fleet.db drift", "fleet.db is a file"),
    ("no-ledger", f"--image {IMAGE} drift", "Missing option '--ledger'"),
    ("key", f"--image {IMAGE} --ledger '{LEDGER}?sig=abc' drift", "never with a key or a SAS"),
    ("client", f"--image {IMAGE} --ledger {LEDGER} --client-id me drift", "Expected a GUID"),
    ("name", f"--image {IMAGE} --ledger {LEDGER} -n A drift", "Expected a DNS label"),
    *(
        (
            f"cron {schedule}",
            f"--image {IMAGE} --ledger {LEDGER} --schedule '{schedule}' drift",
            "Expected five fields of cron",
        )
        for schedule in (
            "daily",
            "0 2 * *",
            "60 * * * *",
            "0 24 * * *",
            "0 2 0 * *",
            "0 2 * 13 *",
            "0 2 * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "1, * * * *",
            "0 2 * * monday",
            "mon * * * *",
        )
    ),
    ("since", f"--image {IMAGE} --ledger {LEDGER} drift --since foo", "--since foo is not a date"),
    (
        "full-every",
        f"--image {IMAGE} --ledger {LEDGER} drift --full-every 3d",
        "it needs --logs-first",
    ),
    ("cloud", f"--image {IMAGE} --ledger {LEDGER} drift --cloud local", "--cloud cannot be"),
    (
        "command",
        f"--image {IMAGE} --ledger {LEDGER} show last",
        "'show' is not a command that a Job",
    ),
    ("option", f"--image {IMAGE} --ledger {LEDGER} drift --nope", "No such option: --nope"),
    ("run", f"--image {IMAGE} --ledger {LEDGER} drift --run x", "--run cannot be combined"),
    (
        "state",
        f"--image {IMAGE} --ledger {LEDGER} drift --state x",
        "--state cannot be combined",
    ),
)


@pytest.mark.parametrize(("options", "says"), [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])  # fmt: skip
def test_what_pods_could_not_run_with_is_refused(
    capsys: pytest.CaptureFixture[str], options: str, says: str
) -> None:
    code, out, err = azsec(capsys, f"fleet manifest {options}")
    assert code in (1, 2)
    assert out == ""
    assert says in err
    assert "sig=abc" not in err


PARTS = (
    ("no-run", f"--shard 0/2 --ledger {LEDGER}", "State the same --run NAME"),
    ("file", "--shard 0/2 --run r", ".azsec/fleet.db is a file"),
    ("beyond", f"--shard 2/2 --run r --ledger {LEDGER}", "'2/2' is not a shard"),
    ("resumed", f"--run r --resume last --ledger {LEDGER}", "--resume another one"),
    (
        "url",
        "--ledger http://stfleet.blob.core.windows.net/fleet",
        "is not a URL of a blob container",
    ),
)


@pytest.mark.parametrize(("options", "says"), [row[1:] for row in PARTS],
                         ids=[row[0] for row in PARTS])  # fmt: skip
def test_a_part_of_a_run_that_no_other_one_could_complete_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], options: str, says: str
) -> None:
    code, _out, err = azsec(capsys, f"fleet drift {options}")
    assert code in (1, 2)
    assert says in err
