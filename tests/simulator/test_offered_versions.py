"""Which api versions the built-in Azure offers, and how it refuses others where it lags behind."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from provisioner.simulator.arm.offered_versions import read_limit, set_limit
from provisioner.simulator.server import LocalAzure
from tests.environments import Bench

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{S}/resourceGroups/rg"
NETWORK = f"{GROUP}/providers/Microsoft.Network/applicationSecurityGroups/asg"


@pytest.fixture
def limited(bench: Bench, tmp_path: Path):
    def start(until: str | None) -> Bench:
        set_limit(tmp_path / "local.db", until)
        server = stack.enter_context(LocalAzure.start(bench.catalog, tmp_path / "local.db"))
        client = stack.enter_context(open_client(server.endpoint))
        return Bench(bench.catalog, server, client)

    def open_client(endpoint: str) -> ArmClient:
        return ArmClient.open(local_cloud(endpoint), LocalToken())

    with ExitStack() as stack:
        yield start


def offered(bench: Bench, kind: str) -> list[str]:
    provider = bench.send("GET", f"{S}/providers/Microsoft.Network")
    kinds = {each["resourceType"]: each["apiVersions"] for each in provider["resourceTypes"]}
    return kinds[kind]


def write(bench: Bench, version: str) -> str:
    bench.send("PUT", GROUP, {"location": "westeurope"}, "2022-09-01")
    body = {"location": "westeurope"}
    try:
        bench.client.put(ResourceId.parse(NETWORK), version, body, None, lambda _status: None)
    except AzureError as error:
        return f"{error.code}: {error.message}"
    return "written"


def test_it_lists_the_pinned_version_first_and_answers_every_other(bench: Bench):
    assert offered(bench, "virtualNetworks")[:2] == ["2026-03-01", "2026-01-01"]
    assert write(bench, "2019-01-01") == "written"


def test_it_offers_and_answers_older_versions_alone_when_told_to(limited):
    bench = limited("2023-12-31")
    assert offered(bench, "virtualNetworks")[0] == "2023-11-01"
    assert write(bench, "2023-11-01") == "written"
    said = write(bench, "2026-03-01")
    assert said.startswith("NoRegisteredProviderFound: No registered resource provider found")
    assert "API version '2026-03-01' for type 'applicationSecurityGroups'" in said
    assert said.endswith("2022-11-01, 2023-11-01'.")


def test_a_type_that_came_later_is_not_listed(limited):
    provider = limited("2024-12-31").send("GET", f"{S}/providers/Microsoft.ContainerService")
    kinds = [each["resourceType"] for each in provider["resourceTypes"]]
    assert "managedClusters" in kinds
    assert "deploymentSafeguards" not in kinds


def test_the_limit_is_part_of_the_state(tmp_path):
    path = tmp_path / "local.db"
    set_limit(path, "2023-12-31")
    assert read_limit(path) == "2023-12-31"
    set_limit(path, None)
    assert read_limit(path) is None
