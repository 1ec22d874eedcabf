"""What the controls of clusters say where there is more than to pass or to fail."""

from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.registry import controls_by_id
from provisioner.controls.rule_findings import find
from provisioner.controls.verdict import Verdict, worst
from provisioner.model.values import Unknown
from tests.controls.estates import ground_of, merge, read_fixture

HUB = {
    "bastion": None,
    "peering": {
        "type": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
        "parent": "${network.id}",
        "properties": {"remoteVirtualNetwork": {"id": "${hub.id}"}},
    },
    "hub": {"type": "Microsoft.Network/virtualNetworks"},
}
LATER = Unknown("x", {}, ("another.properties.something",))
CLUSTER = "Microsoft.ContainerService/managedClusters"

CANNOT_BE_TOLD = (
    # control, patch of what passes, why nobody can tell
    ("CLU-02.6", merge(HUB, {"hub": {"existing": True}}), "the host may stand in another's hub"),
    (
        "CLU-02.6",
        merge(HUB, {"hub": None, "peering": {"properties": {"remoteVirtualNetwork": None}}}),
        "nothing is known of the network that is peered with",
    ),
    ("CLU-02.6", {"cluster": {"properties": {"nodeResourceGroup": LATER}}}, "Azure names it"),
    ("CLU-06.1", {"cluster": {"properties": {"kubernetesVersion": LATER}}}, "known after apply"),
    ("CLU-06.5", {"pool": {"properties": {"osSKU": LATER}}}, "known after apply"),
    ("CLU-06.8", {"pool": {"properties": {"osSKU": LATER}}}, "known after apply"),
    ("CLU-11.2", {"nodes": None, "network": None, "vault": {"properties": {"networkAcls": {
        "virtualNetworkRules": [{"id": "/subscriptions/s/resourceGroups/g/providers/"
        "Microsoft.Network/virtualNetworks/n/subnets/s"}]}}}}, "the subnet is another's"),
)  # fmt: skip


def verdict_of(control: str, patch: dict[str, Any], catalog: Catalog, cloud: str) -> Verdict:
    sketch = merge(read_fixture(control)["pass"], patch)
    found = find(controls_by_id()[control], ground_of(sketch, catalog, cloud))
    return worst(seen.verdict for seen in found)


@pytest.mark.parametrize(("control", "patch", "why"), CANNOT_BE_TOLD)
def test_what_cannot_be_told_neither_passes_nor_fails(
    control: str, patch: dict[str, Any], why: str, catalog: Catalog
) -> None:
    assert verdict_of(control, patch, catalog, "AzureCloud") is Verdict.UNKNOWN, why


def test_a_cluster_whose_hub_is_its_own_and_has_no_bastion_has_no_way_in(catalog: Catalog) -> None:
    assert verdict_of("CLU-02.6", HUB, catalog, "AzureCloud") is Verdict.FAIL


@pytest.mark.parametrize("control", ["CLU-04.1", "CLU-04.2", "CLU-04.3"])
@pytest.mark.parametrize(
    ("cloud", "verdict"),
    [("AzureUSGovernment", Verdict.PASS), ("AzureChinaCloud", Verdict.NOT_APPLICABLE)],
)
def test_defender_is_asked_for_where_it_is_offered(
    control: str, cloud: str, verdict: Verdict, catalog: Catalog
) -> None:
    assert verdict_of(control, {}, catalog, cloud) is verdict
