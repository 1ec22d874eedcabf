"""What a change releases and another one takes is ordered, whatever the names; what no order can do
is refused in the plan, with the first step of the way there."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.apply import Outcome
from provisioner.documents.plan import Action
from provisioner.plan.plan import Plan
from provisioner.plan.step_constraints import closure
from tests.environments import Bench
from tests.service_rules.verdicts import compose

NETWORK = "Microsoft.Network/virtualNetworks"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
Resources = Mapping[str, Mapping[str, Any]]


def network(name: str, *ranges: str) -> dict[str, Any]:
    return {
        "type": NETWORK,
        "name": name,
        "properties": {"addressSpace": {"addressPrefixes": list(ranges)}},
    }


def subnet(name: str, prefix: str) -> dict[str, Any]:
    return {
        "type": f"{NETWORK}/subnets",
        "name": name,
        "parent": "${net.id}",
        "properties": {"addressPrefix": prefix, "defaultOutboundAccess": False},
    }


def peering(of: str, to: str) -> dict[str, Any]:
    return {
        "type": f"{NETWORK}/virtualNetworkPeerings",
        "name": f"to-{to}",
        "parent": f"${{{of}.id}}",
        "properties": {"remoteVirtualNetwork": {"id": f"${{{to}.id}}"}},
    }


def address(name: str, label: str | None = None) -> dict[str, Any]:
    labelled = {"dnsSettings": {"domainNameLabel": label}} if label else {}
    return {
        "type": "Microsoft.Network/publicIPAddresses",
        "name": name,
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static", **labelled},
    }


def nat(name: str, *addresses: str) -> dict[str, Any]:
    return {
        "type": "Microsoft.Network/natGateways",
        "name": name,
        "sku": {"name": "Standard"},
        "properties": {"publicIpAddresses": [{"id": f"${{{each}.id}}"} for each in addresses]},
    }


def bastion(name: str) -> dict[str, Any]:
    ends = {"subnet": {"id": "${bastions.id}"}, "publicIPAddress": {"id": "${p.id}"}}
    return {
        "type": "Microsoft.Network/bastionHosts",
        "name": name,
        "sku": {"name": "Standard"},
        "properties": {"ipConfigurations": [{"name": "c", "properties": ends}]},
    }


def credential(name: str, subject: str) -> dict[str, Any]:
    return {
        "type": f"{IDENTITY}/federatedIdentityCredentials",
        "name": name,
        "parent": "${i.id}",
        "properties": {
            "issuer": "https://issuer.example.com/",
            "subject": subject,
            "audiences": ["api://AzureADTokenExchange"],
        },
    }


def role(number: int, name: str) -> dict[str, Any]:
    return {
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": f"{number}e1d3b1c-7a0c-4c3c-8a5c-8b7a2b1d9f10",
        "scope": SUBSCRIPTION,
        "properties": {
            "roleName": name,
            "type": "CustomRole",
            "assignableScopes": [SUBSCRIPTION],
            "permissions": [{"actions": ["*/read"], "notActions": []}],
        },
    }


def cluster(*pools: str) -> dict[str, Any]:
    return {
        "type": "Microsoft.ContainerService/managedClusters",
        "name": "aks",
        "identity": {"type": "SystemAssigned"},
        "sku": {"name": "Base", "tier": "Standard"},
        "properties": {
            "kubernetesVersion": "1.34",
            "dnsPrefix": "aks",
            "networkProfile": {"networkPlugin": "azure", "networkPluginMode": "overlay"},
            "agentPoolProfiles": [
                {"name": name, "mode": "System", "vmSize": "Standard_D4ds_v5", "count": 3}
                for name in pools
            ],
        },
    }


@dataclass(frozen=True)
class Case:
    id: str
    before: Resources
    then: Resources
    order: tuple[str, ...] = ()


NET, ID, P = network("net", "10.0.0.0/16"), {"type": IDENTITY, "name": "id-a"}, address("p")
BASTIONS = subnet("AzureBastionSubnet", "10.0.9.0/24")

ORDERED = [
    Case(
        "an address of what goes",
        {"p": P, "z": nat("z", "p")},
        {"p": P, "a": nat("a", "p")},
        ("delete z", "put a"),
    ),
    Case(
        "an address from one to another",
        {"p": P, "a": nat("a"), "z": nat("z", "p")},
        {"p": P, "a": nat("a", "p"), "z": nat("z")},
        ("put z", "put a"),
    ),
    Case(
        "an address of another type",
        {"p": P, "net": NET, "bastions": BASTIONS, "z": bastion("z")},
        {"p": P, "net": NET, "bastions": BASTIONS, "a": nat("a", "p")},
        ("delete z", "put a"),
    ),
    Case(
        "a label of what goes",
        {"z": address("z", "contoso-x")},
        {"a": address("a", "contoso-x")},
        ("delete z", "put a"),
    ),
    Case(
        "a range that another subnet gives up",
        {"net": NET, "a": subnet("a", "10.0.0.0/24"), "z": subnet("z", "10.0.1.0/24")},
        {"net": NET, "a": subnet("a", "10.0.0.0/23"), "z": subnet("z", "10.0.2.0/24")},
        ("put z", "put a"),
    ),
    Case(
        "ranges of two subnets that move on",
        {
            "net": NET,
            "a": subnet("a", "10.0.0.0/24"),
            "b": subnet("b", "10.0.1.0/24"),
            "c": subnet("c", "10.0.2.0/24"),
        },
        {
            "net": NET,
            "a": subnet("a", "10.0.0.0/22"),
            "b": subnet("b", "10.0.4.0/24"),
            "c": subnet("c", "10.0.5.0/24"),
        },
        ("put c", "put a"),
    ),
    Case(
        "a network that loses the range its subnet moves out of",
        {"net": network("net", "10.0.0.0/16", "10.5.0.0/16"), "z": subnet("z", "10.5.0.0/24")},
        {"net": NET, "z": subnet("z", "10.0.5.0/24")},
        ("put z", "put net"),
    ),
    Case(
        "two networks whose copies change with each other's writes",
        {
            "net": NET,
            "b": network("net-b", "10.1.0.0/16"),
            "c": network("net-c", "10.2.0.0/16"),
            "x": peering("net", "b"),
            "y": peering("net", "c"),
        },
        {
            "net": NET,
            "b": network("net-b", "10.2.0.0/16"),
            "c": network("net-c", "10.3.0.0/16"),
            "x": peering("net", "b"),
            "y": peering("net", "c"),
        },
    ),
    Case(
        "the space of a peered network that moves on",
        {
            "net": NET,
            "z": network("net-z", "10.1.0.0/16"),
            "x": peering("net", "z"),
            "y": peering("z", "net"),
        },
        {
            "net": network("net", "10.1.0.0/16"),
            "z": network("net-z", "10.2.0.0/16"),
            "x": peering("net", "z"),
            "y": peering("z", "net"),
        },
        ("put z", "put net"),
    ),
    Case(
        "a system pool that is named anew",
        {"aks": cluster("system")},
        {"aks": cluster("sys2")},
        ("put aks/agentPools/sys2", "delete aks/agentPools/system", "put aks"),
    ),
]

STUCK = [
    Case(
        "ranges of two subnets",
        {"net": NET, "a": subnet("a", "10.0.0.0/24"), "z": subnet("z", "10.0.1.0/24")},
        {"net": NET, "a": subnet("a", "10.0.1.0/24"), "z": subnet("z", "10.0.0.0/24")},
        ("give one of the subnets a range that is free now",),
    ),
    Case(
        "ranges of three subnets",
        {
            "net": NET,
            "a": subnet("a", "10.0.0.0/24"),
            "b": subnet("b", "10.0.1.0/24"),
            "c": subnet("c", "10.0.2.0/24"),
        },
        {
            "net": NET,
            "a": subnet("a", "10.0.1.0/24"),
            "b": subnet("b", "10.0.2.0/24"),
            "c": subnet("c", "10.0.0.0/24"),
        },
        ("give one of the subnets a range that is free now",),
    ),
    Case(
        "the only range of a network, and its subnet",
        {"net": NET, "a": subnet("a", "10.0.0.0/24")},
        {"net": network("net", "10.5.0.0/16"), "a": subnet("a", "10.5.0.0/24")},
        ("keep the old range beside the new one",),
    ),
    Case(
        "spaces of two peered networks",
        {
            "net": NET,
            "b": network("net-b", "10.1.0.0/16"),
            "x": peering("net", "b"),
            "y": peering("b", "net"),
        },
        {
            "net": network("net", "10.1.0.0/16"),
            "b": network("net-b", "10.0.0.0/16"),
            "x": peering("net", "b"),
            "y": peering("b", "net"),
        },
        ("give one of the networks a range that no network has now",),
    ),
    Case(
        "subjects of two credentials",
        {"i": ID, "a": credential("first", "s:a"), "z": credential("last", "s:z")},
        {"i": ID, "a": credential("first", "s:z"), "z": credential("last", "s:a")},
        ("give one of them a value that none of them has now",),
    ),
    Case(
        "names of two roles",
        {"i": ID, "a": role(0, "one"), "z": role(1, "two")},
        {"i": ID, "a": role(0, "two"), "z": role(1, "one")},
        ("give one of them a value that none of them has now",),
    ),
]


def planned(bench: Bench, catalog: Catalog, case: Case) -> Plan:
    before = bench.apply(bench.plan(compose(case.before, catalog)))
    assert all(step.outcome is Outcome.SUCCEEDED for step in before.steps)
    return bench.plan(compose(case.then, catalog))


@pytest.mark.parametrize("case", ORDERED, ids=lambda case: case.id)
def test_what_is_released_is_taken_after(case: Case, bench: Bench, catalog: Catalog) -> None:
    plan = planned(bench, catalog, case)
    waits = {step.key: step.after for step in plan.steps}
    for first, then in pairwise(case.order):
        assert first in closure(then, waits)
    applied = bench.apply(plan, allow_delete=True)
    assert [s.message for s in applied.steps if s.outcome is not Outcome.SUCCEEDED] == []
    again = bench.plan(compose(case.then, catalog))
    assert again.document.changes == ()


@pytest.mark.parametrize("case", STUCK, ids=lambda case: case.id)
def test_what_no_order_can_do_is_refused(case: Case, bench: Bench, catalog: Catalog) -> None:
    document = planned(bench, catalog, case).document
    blocked = [c.reason or "" for c in document.changes if c.action is Action.BLOCKED]
    assert len(blocked) >= 2
    assert all("no order of the changes works" in reason for reason in blocked)
    assert any(case.order[0] in reason for reason in blocked)
