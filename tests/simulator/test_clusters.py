"""What AKS completes in the bodies of clusters and pools, and what of it an api version shows."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import Caller

CLUSTER = "Microsoft.ContainerService/managedClusters/aks"
NOW, BEFORE = "2026-08-01", "2024-09-01"
SYSTEM = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5"}


@pytest.fixture
def call(real_catalog: Catalog) -> Iterator[Caller]:
    with LocalAzure.start(real_catalog, None) as azure:
        caller = Caller(azure.endpoint)
        caller.create_group()
        yield caller
        caller.close()


def _cluster(sku: str = "Base", **properties: Any) -> dict[str, Any]:
    return {
        "location": "westeurope",
        "sku": {"name": sku},
        "identity": {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": "aks", "agentPoolProfiles": [SYSTEM], **properties},
    }


def _put(call: Caller, path: str, body: Mapping[str, Any], version: str = NOW) -> Mapping[str, Any]:
    reply = call("PUT", f"{path}?api-version={version}", body)
    assert reply.status in (200, 201), reply.body
    return _get(call, path, version)


def _get(call: Caller, path: str, version: str = NOW) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = call("GET", f"{path}?api-version={version}").body
    return answer


def test_an_older_api_version_lacks_what_came_later(call: Caller) -> None:
    whole = _put(call, CLUSTER, _cluster())
    earlier = _get(call, CLUSTER, BEFORE)
    pool = _get(call, f"{CLUSTER}/agentPools/system", BEFORE)

    assert whole["kind"] == "Base"
    assert "kind" not in earlier
    assert whole["properties"]["bootstrapProfile"] == {"artifactSource": "Direct"}
    assert "bootstrapProfile" not in earlier["properties"]
    for entry in (earlier["properties"]["agentPoolProfiles"][0], pool["properties"]):
        assert "sshAccess" not in entry["securityProfile"]
        assert entry["securityProfile"]["enableSecureBoot"] is False


def test_a_list_is_answered_as_its_api_version_has_it(call: Caller) -> None:
    _put(call, CLUSTER, _cluster())
    listed = call("GET", f"Microsoft.ContainerService/managedClusters?api-version={BEFORE}").body

    assert "kind" not in listed["value"][0]


@pytest.mark.parametrize(
    ("version", "policy"),
    [
        pytest.param("1.27.1", None, id="of a release that did not tell"),
        pytest.param("1.26.6", None, id="nor did this one"),
        pytest.param("1.28.0", "none", id="of one that did"),
        pytest.param("1.35", "none", id="of today's"),
    ],
)
def test_a_default_is_told_since_a_release(call: Caller, version: str, policy: str | None) -> None:
    written = _put(call, CLUSTER, _cluster(kubernetesVersion=version), "2024-09-02-preview")

    assert written["properties"]["networkProfile"].get("networkPolicy") == policy


def test_a_pool_written_by_itself_tells_that_it_does_not_scale(call: Caller) -> None:
    _put(call, CLUSTER, _cluster())
    path = f"{CLUSTER}/agentPools/system"
    assert "enableAutoScaling" not in _get(call, path)["properties"]

    alone = {"properties": {key: SYSTEM[key] for key in ("mode", "count", "vmSize")}}
    assert _put(call, path, alone)["properties"]["enableAutoScaling"] is False
    assert (
        _put(call, CLUSTER, _cluster())["properties"]["agentPoolProfiles"][0]["enableAutoScaling"]
        is False
    )


def test_local_dns_is_completed_and_kept(call: Caller) -> None:
    _put(call, CLUSTER, _cluster())
    path = f"{CLUSTER}/agentPools/system"
    stated = {"mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5"}
    first = _put(call, path, {"properties": {**stated, "localDNSProfile": {"mode": "Required"}}})
    profile = first["properties"]["localDNSProfile"]
    assert profile["vnetDNSOverrides"]["."]["forwardDestination"] == "VnetDNS"
    assert profile["kubeDNSOverrides"]["cluster.local"]["protocol"] == "ForceTCP"

    zones = profile["kubeDNSOverrides"]
    own = {**zones, ".": {**zones["."], "serveStale": "Verify"}}
    for sent in ({"mode": "Required", "kubeDNSOverrides": own}, {"mode": "Required"}):
        after = _put(call, path, {"properties": {**stated, "localDNSProfile": sent}})
        assert after["properties"]["localDNSProfile"]["kubeDNSOverrides"] == own


def test_aks_chooses_the_machines_of_a_managed_system_pool(call: Caller) -> None:
    _put(call, CLUSTER, _cluster())
    sent = {"properties": {"mode": "ManagedSystem"}}
    pool = _put(call, f"{CLUSTER}/agentPools/msp", sent, "2025-09-02-preview")

    (status,) = pool["properties"]["virtualMachineNodesStatus"]
    assert pool["properties"]["type"] == "VirtualMachines"
    assert pool["properties"]["virtualMachinesProfile"]["scale"]["manual"] == [status]
    assert "osDiskSizeGB" not in pool["properties"]


def test_automatic_tells_what_it_presets(call: Caller) -> None:
    properties = _put(call, CLUSTER, _cluster("Automatic"))["properties"]

    assert properties["apiServerAccessProfile"]["enableVnetIntegration"] is True
    assert properties["securityProfile"]["workloadIdentity"] == {"enabled": True}
    assert properties["nodeResourceGroupProfile"] == {"restrictionLevel": "ReadOnly"}
    assert properties["autoUpgradeProfile"]["upgradeChannel"] == "stable"
