"""The Job of a fleet on real API servers: taken as it is printed, without a warning, and its pods
let into a namespace in which they have to meet the restricted standard."""

import shlex
import time
from typing import Any

import pytest
import yaml

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from tests.cluster.api_server import ApiServer

LEDGER = "https://stfleet.blob.core.windows.net/fleet"
IMAGE = f"crtest.azurecr.io/azsec@sha256:{'a1' * 32}"
CLIENT = "5b7c1d20-1111-4a2b-8c3d-000000000001"
FIELDS = {"fieldManager": "kubectl", "fieldValidation": "Strict"}


def manifest(capsys: pytest.CaptureFixture[str], options: str = "") -> list[dict[str, Any]]:
    base = f"fleet manifest --image {IMAGE} --ledger {LEDGER} --client-id {CLIENT}"
    command = f"{base} --create-namespace {options} drift 'environments/**' --since 7d"
    assert run_guarded(app, shlex.split(command)) == 0
    return list(yaml.safe_load_all(capsys.readouterr().out))


def send(server: ApiServer, body: dict[str, Any], **params: str) -> dict[str, Any]:
    """Apply an object as kubectl does: no field is unknown, and nothing is warned of."""
    headers = {"Content-Type": "application/apply-patch+yaml"}
    told = {**FIELDS, **params}
    answer = server.request("PATCH", server.path_of(body), body, params=told, headers=headers)
    assert answer.ok, answer.text
    assert "Warning" not in answer.headers, answer.headers["Warning"]
    return answer.json()


def wait_for_deleted_policies(server: ApiServer, job: dict[str, Any]) -> None:
    """Wait until the policies of the tests before take no effect any more: the API server evaluates
    admission policies from a cache, which a delete reaches a moment later."""
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    assert server.get(policies)["items"] == []
    headers = {"Content-Type": "application/apply-patch+yaml"}
    for _ in range(100):
        params = {**FIELDS, "dryRun": "All"}
        answer = server.request("PATCH", server.path_of(job), job, params=params, headers=headers)
        if "ValidatingAdmissionPolicy" not in answer.headers.get("Warning", ""):
            return
        time.sleep(0.1)


def test_the_job_is_taken_and_its_pods_are_let_in(
    each_server: ApiServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server = each_server
    try:
        objects = manifest(capsys)
        send(server, objects[0])
        wait_for_deleted_policies(server, objects[-1])
        for body in objects[1:]:
            send(server, body, dryRun="All")
        stored = [send(server, body) for body in objects]
        job = stored[-1]
        assert job["kind"] == "Job"
        assert job["spec"]["backoffLimitPerIndex"] == 2
        assert job["spec"]["podReplacementPolicy"] == "Failed", "one pod an index at a time"
        template = job["spec"]["template"]
        metadata = {"name": "pod", "labels": template["metadata"]["labels"]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        pods = "/api/v1/namespaces/azsec-fleet/pods"
        answer = server.request("POST", pods, pod, params=FIELDS)
        assert answer.ok, answer.text
        assert "Warning" not in answer.headers
        mounts = answer.json()["spec"]["containers"][0]["volumeMounts"]
        assert [mount["name"] for mount in mounts] == ["tmp", "cache"], "no token of the API server"

        nightly = manifest(capsys, "--schedule '0 2 * * *'")[-1]
        assert send(server, nightly)["spec"]["timeZone"] == "Etc/UTC"

        template["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = False
        template["spec"]["containers"][0]["securityContext"].pop("capabilities")
        refused = server.request("POST", pods, {**pod, "metadata": {"name": "other"}})
        assert refused.status_code == 403, "the namespace enforces the standard"
    finally:
        server.wipe()
