"""The fixture `azsec_local`, in somebody else's tests."""

import os
import subprocess
import sys
from pathlib import Path

import requests
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

from provisioner.testing import open_azure

_TEST = """
from azure.mgmt.resource.resources import ResourceManagementClient

def test_the_program_makes_its_group(azsec_local):
    groups = azsec_local.client(ResourceManagementClient).resource_groups
    assert not list(groups.list()), "each test begins with an empty Azure"
    groups.create_or_update("rg-app", {"location": "westeurope"})
    assert [group.name for group in groups.list()] == ["rg-app"]

test_again = test_the_program_makes_its_group
"""


def test_a_suite_of_others_gets_an_azure_a_test(tmp_path: Path) -> None:
    (tmp_path / "test_program.py").write_text(_TEST, encoding="utf-8")

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "2 passed" in run.stdout, run.stdout + run.stderr


def test_programs_are_watched_and_meet_the_faults_that_were_asked_for() -> None:
    with open_azure() as azure:
        azure.client(ResourceManagementClient).resource_groups.create_or_update(
            "rg-app", {"location": "westeurope"}
        )
        networks = azure.client(NetworkManagementClient).virtual_networks
        azure.faults.throttle("virtualNetworks", retry_after=0)
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
        body = {"location": "westeurope", "properties": space}

        made = networks.begin_create_or_update("rg-app", "vnet", body).result()

        statuses = [one.status for one in azure.requests if one.method == "PUT"]
        assert made.name == "vnet"
        assert statuses == [201, 429, 201]

        discovered = requests.get(
            f"{azure.endpoint}/metadata/endpoints?api-version=2022-09-01",
            verify=azure.environ["REQUESTS_CA_BUNDLE"],
            timeout=10,
        ).json()
        assert discovered["resourceManager"].rstrip("/") == azure.endpoint
