"""One fault is told once, whoever could find it; and a plan knows the day on which it is made."""

from typing import Any

import pytest

from provisioner.documents.plan import Action
from tests.environments import Bench
from tests.service_rules.test_one_verdict import refused_by_validate
from tests.service_rules.test_sound_changes import NETWORK, cluster, pool, window
from tests.service_rules.verdicts import compose


def network(name: str, space: str) -> dict[str, Any]:
    vnet: dict[str, Any] = NETWORK["vnet"]
    return {**vnet, "name": name, "properties": {"addressSpace": {"addressPrefixes": [space]}}}


PEERING = {
    "type": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    "name": "to-other",
    "parent": "${one.id}",
    "properties": {"remoteVirtualNetwork": {"id": "${other.id}"}},
}
OVERLAY = {"networkPlugin": "azure", "networkPluginMode": "overlay"}
ROWS = [
    pytest.param(
        {"aks": cluster({**OVERLAY, "serviceCidr": "10.5.0.0/16", "dnsServiceIP": "10.6.0.10"})},
        "DnsServiceIpOutOfServiceCidr",
        id="the address of DNS",
    ),
    pytest.param(
        {"aks": cluster({**OVERLAY, "podCidr": "10.0.0.0/14"})},
        "PodCidrOverlapServiceCidr",
        id="pods and services, of which one has its default",
    ),
    pytest.param(pool(maxPods=300), "MaxPodsLimitExceeded", id="too many pods"),
    pytest.param(
        {
            "one": network("vnet-a", "10.1.0.0/16"),
            "other": network("vnet-b", "10.1.4.0/22"),
            "peering": PEERING,
        },
        "",
        id="networks that are peered",
    ),
]


@pytest.mark.parametrize(("resources", "code"), ROWS)
def test_a_fault_is_told_once(resources: Any, code: str, bench: Bench) -> None:
    found = refused_by_validate(compose(resources, bench.catalog), bench.catalog)

    assert len(found) == 1, found
    assert code in found[0]


@pytest.mark.parametrize(
    ("start", "refused"),
    [("2027-01-14", True), ("2027-01-15", False), (None, False)],
    ids=["yesterday", "today", "not stated"],
)
def test_a_plan_knows_its_day(start: str | None, refused: bool, bench: Bench) -> None:
    """terraform-provider-azurerm#22762; the day of these plans is 2027-01-15."""
    planned = window({"daily": {"intervalDays": 1}})
    if start is not None:
        planned["properties"]["maintenanceWindow"]["startDate"] = start
    desired = compose({"aks": cluster(), "window": planned}, bench.catalog)

    changes = bench.plan(desired).document.changes

    blocked = [c.reason or "" for c in changes if c.action is Action.BLOCKED]
    assert any("is in the past" in reason for reason in blocked) is refused
    assert refused_by_validate(desired, bench.catalog) == []
