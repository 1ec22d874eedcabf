"""`azsec local serve`: the built-in Azure as a server of its own, used by other commands."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient

_AZSEC = [sys.executable, "-c", "from provisioner.cli import main; main()"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a folder of its own, and where it answers."""
    process = subprocess.Popen(
        [*_AZSEC, "local", "serve", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    endpoint = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
    assert endpoint is not None
    yield process, endpoint[0]
    if process.poll() is None:
        process.terminate()
        process.wait(timeout=10)


def azsec(folder: Path, *arguments: str, endpoint: str = "") -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, **({"AZSEC_LOCAL_ENDPOINT": endpoint} if endpoint else {})}
    return subprocess.run(
        [*_AZSEC, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


def test_commands_share_a_server_and_its_state_survives_it(
    served: tuple[subprocess.Popen[str], str], tmp_path: Path
) -> None:
    process, endpoint = served
    azsec(tmp_path, "init", ".", "--environment", "trial")

    refused = azsec(tmp_path, "plan", "trial", "--cloud", "local")
    assert refused.returncode == 1
    assert f"is in use by another azsec (process {process.pid})" in refused.stderr

    arguments = ("apply", "trial", "--cloud", "local", "--yes", "-q")
    assert azsec(tmp_path, *arguments, endpoint=endpoint).returncode == 0

    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    plan = azsec(tmp_path, "plan", "trial", "--cloud", "local", "--detailed-exitcode")
    assert plan.returncode == 0, "what was applied to the server is in the file"


@pytest.fixture
def served_with_tls(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A server with TLS in a repository with an environment, and what it announces."""
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "dev.yaml").write_text(
        "tenantId: 6f1c2a34-9d0b-4c58-8e27-10a4b5c6d7e8\n"
        "subscriptions: {workload: 33333333-3333-3333-3333-333333333333}\n"
    )
    process = subprocess.Popen(
        [*_AZSEC, "local", "serve", "--port", "0", "--tls"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    yield process, [process.stderr.readline() for _ in range(4)]
    if process.poll() is None:
        process.terminate()
        process.wait(timeout=10)


def test_other_tools_find_a_server_by_its_variables(
    served_with_tls: tuple[subprocess.Popen[str], list[str]], tmp_path: Path
) -> None:
    process, announced = served_with_tls
    printed = azsec(tmp_path, "local", "env", "--output", "json")
    variables = json.loads(printed.stdout)
    endpoint = variables["AZSEC_LOCAL_ENDPOINT"]

    assert endpoint in announced[0]
    assert 'eval "$(azsec local env)"' in announced[2]
    assert variables["AZURE_TENANT_ID"] == "6f1c2a34-9d0b-4c58-8e27-10a4b5c6d7e8"
    assert variables["AZURE_SUBSCRIPTION_ID"] == "33333333-3333-3333-3333-333333333333"
    assert variables["ARM_METADATA_HOSTNAME"] == endpoint.removeprefix("https://")
    told = azsec(tmp_path, "local", "env").stdout.splitlines()
    assert f"export AZURE_AUTHORITY_HOST={endpoint}" in told

    credential = ClientSecretCredential(
        variables["AZURE_TENANT_ID"],
        variables["AZURE_CLIENT_ID"],
        variables["AZURE_CLIENT_SECRET"],
        authority=variables["AZURE_AUTHORITY_HOST"],
        disable_instance_discovery=True,
        connection_verify=variables["REQUESTS_CA_BUNDLE"],
    )
    groups = ResourceManagementClient(
        credential,
        variables["AZURE_SUBSCRIPTION_ID"],
        base_url=endpoint,
        credential_scopes=[f"{endpoint}/.default"],
        connection_verify=variables["SSL_CERT_FILE"],
    ).resource_groups
    groups.create_or_update("rg-other", {"location": "westeurope"})
    assert [group.name for group in groups.list()] == ["rg-other"]

    # azsec itself speaks TLS as well, and a second server finds the state taken.
    azsec(tmp_path, "init", ".", "--environment", "trial")
    environ = {**os.environ, **variables}
    planned = subprocess.run(
        [*_AZSEC, "plan", "trial", "--cloud", "local"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert planned.returncode == 0, planned.stderr
    second = azsec(tmp_path, "local", "serve", "--port", "0", "--tls")
    assert f"is in use by another azsec (process {process.pid})" in second.stderr

    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    ended = azsec(tmp_path, "local", "env")
    assert ended.returncode == 1
    assert "no `azsec local serve` runs with the state file .azsec/local.db" in ended.stderr
