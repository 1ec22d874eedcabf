"""What a cluster has of AKS is read from its properties, and AKS' defaults count."""

from typing import Any

import pytest

from provisioner.catalog.aks_add_ons import AddOn, find_add_ons

BY_DEFAULT = {AddOn.DISK_DRIVER, AddOn.FILE_DRIVER, AddOn.KUBE_PROXY, AddOn.RUN_COMMAND}
ON = {"enabled": True}
VERSION = {"kubernetesVersion": "1.35"}
CILIUM = {"networkPlugin": "azure", "networkDataplane": "cilium", "networkPolicy": "cilium"}
STATED: list[tuple[dict[str, Any], set[AddOn], set[AddOn]]] = [
    (VERSION, set(), set()),
    ({"addonProfiles": {"azurePolicy": ON, "omsAgent": ON}},
     {AddOn.POLICY, AddOn.CONTAINER_INSIGHTS}, set()),
    ({"addonProfiles": {"azurepolicy": {"enabled": False}}}, set(), set()),
    ({"networkProfile": CILIUM}, {AddOn.AZURE_CNI, AddOn.CILIUM}, {AddOn.KUBE_PROXY}),
    ({"networkProfile": {"networkPolicy": "calico"}}, {AddOn.CALICO}, set()),
    ({"serviceMeshProfile": {"mode": "Istio"}}, {AddOn.MESH}, set()),
    ({"storageProfile": {"fileCSIDriver": {"enabled": False}, "blobCSIDriver": ON}},
     {AddOn.BLOB_DRIVER}, {AddOn.FILE_DRIVER}),
    ({"apiServerAccessProfile": {"disableRunCommand": True}}, set(), {AddOn.RUN_COMMAND}),
    ({"securityProfile": {"workloadIdentity": ON, "defender": {"securityMonitoring": ON}}},
     {AddOn.WORKLOAD_IDENTITY, AddOn.DEFENDER}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("properties", "more", "less"), STATED)
def test_a_cluster_has_what_it_states(
    properties: dict[str, Any], more: set[AddOn], less: set[AddOn]
) -> None:
    assert find_add_ons(properties, ()) == BY_DEFAULT - less | more


def test_an_extension_brings_its_own() -> None:
    found = find_add_ons(VERSION, ["Microsoft.DataProtection.Kubernetes"])
    assert found - BY_DEFAULT == {AddOn.EXTENSIONS, AddOn.BACKUP}


def test_a_cluster_of_which_nothing_is_stated_may_have_each() -> None:
    assert find_add_ons({}, ()) == frozenset(AddOn)
