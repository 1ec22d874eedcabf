"""What the built-in Azure offers a cluster and its pools for an upgrade."""

from typing import Any

import pytest

from provisioner.model.resource_id import ResourceId
from provisioner.preflight.azure_queries import AzureQuery, Reply
from tests.environments import Bench

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
CLUSTERS = f"{S}/resourceGroups/rg-main/providers/Microsoft.ContainerService/managedClusters"
CLUSTER = """\
cluster:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    kubernetesVersion: "1.35.3"
    agentPoolProfiles:
      - name: system
        mode: System
        vmSize: Standard_D4ds_v5
        count: 3
        orchestratorVersion: "1.34"
"""


def ask(bench: Bench, path: str) -> Reply:
    inquiry = AzureQuery("GET", path, "2025-10-01", "", ResourceId.parse(S))
    (reply,) = bench.client.ask([inquiry])
    return reply


def test_a_cluster_is_offered_what_follows_and_a_pool_what_its_cluster_runs(bench: Bench) -> None:
    desired = bench.compose(CLUSTER)
    bench.apply(bench.plan(desired))

    path = f"{desired.graph.resources['cluster'].id.text}/upgradeProfiles/default"
    answer: Any = ask(bench, path).items[0]

    assert answer["name"] == "default"
    plane = answer["properties"]["controlPlaneProfile"]
    assert plane["kubernetesVersion"] == "1.35.3"
    assert [each["kubernetesVersion"] for each in plane["upgrades"]] == ["1.35.4", "1.36.1"]
    (pool,) = answer["properties"]["agentPoolProfiles"]
    assert (pool["name"], pool["kubernetesVersion"]) == ("system", "1.34.7")
    assert [each["kubernetesVersion"] for each in pool["upgrades"]] == ["1.35.3"]


@pytest.mark.parametrize("name", ["none", "default"])
def test_a_cluster_that_does_not_exist_has_no_profile(bench: Bench, name: str) -> None:
    refused = ask(bench, f"{CLUSTERS}/{name}/upgradeProfiles/default").refused
    assert refused is not None
    assert (refused.status, refused.code) == (404, "ResourceGroupNotFound")


def test_a_patch_says_where_it_may_go(bench: Bench) -> None:
    path = f"{S}/providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions"
    answer: Any = ask(bench, path).items[0]
    patches = next(e["patchVersions"] for e in answer["values"] if e["version"] == "1.35")
    assert patches["1.35.3"]["upgrades"] == ["1.35.4", "1.36.1"]
