"""A change that Azure takes is not refused for what stands in the live body alone: what was filled
in beside the old value, what the write does not send, and what goes with the change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from provisioner.documents.apply import Outcome
from provisioner.documents.plan import Action
from tests.environments import Bench
from tests.service_rules.verdicts import compose, merged

NETWORK: dict[str, Any] = {
    "vnet": {
        "type": "Microsoft.Network/virtualNetworks",
        "name": "vnet",
        "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}},
    },
    "nat_ip": {
        "type": "Microsoft.Network/publicIPAddresses",
        "name": "pip-nat",
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static"},
    },
    "nat": {
        "type": "Microsoft.Network/natGateways",
        "name": "nat",
        "sku": {"name": "Standard"},
        "properties": {"publicIpAddresses": [{"id": "${nat_ip.id}"}]},
    },
    "rt": {
        "type": "Microsoft.Network/routeTables",
        "name": "rt",
        "properties": {
            "routes": [
                {
                    "name": "out",
                    "properties": {
                        "addressPrefix": "0.0.0.0/0",
                        "nextHopType": "VirtualAppliance",
                        "nextHopIpAddress": "10.1.9.4",
                    },
                }
            ]
        },
    },
    "nodes": {
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "name": "snet-nodes",
        "parent": "${vnet.id}",
        "properties": {
            "addressPrefix": "10.1.0.0/22",
            "routeTable": {"id": "${rt.id}"},
            "natGateway": {"id": "${nat.id}"},
        },
    },
}
SYSTEM = {"name": "sys", "mode": "System", "count": 2, "vmSize": "Standard_D4ds_v5"}


def cluster(network: Mapping[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """Return a cluster without a network of its own."""
    return {
        "type": "Microsoft.ContainerService/managedClusters",
        "name": "aks",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "aks",
            "agentPoolProfiles": [SYSTEM],
            **({"networkProfile": network} if network else {}),
            **properties,
        },
    }


def routed(network: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cluster whose nodes are in the subnet, and all that it stands on."""
    pools = [{**SYSTEM, "vnetSubnetID": "${nodes.id}"}]
    return {**NETWORK, "aks": cluster(network, agentPoolProfiles=pools)}


def pool(**properties: Any) -> dict[str, Any]:
    """Return a cluster with a user pool."""
    shape = {"mode": "User", "count": 3, "vmSize": "Standard_D4ds_v5", **properties}
    kind = "Microsoft.ContainerService/managedClusters/agentPools"
    apps = {"type": kind, "name": "apps", "parent": "${aks.id}", "properties": shape}
    return {"aks": cluster(), "apps": apps}


def in_cluster(**properties: Any) -> dict[str, Any]:
    return {"aks": cluster(**properties)}


RULE = {
    "priority": 100, "access": "Allow", "direction": "Inbound", "protocol": "Tcp",
    "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
    "destinationPortRange": "*",
}  # fmt: skip
CADENCES: dict[str, Any] = {
    "daily": {"intervalDays": 1},
    "weekly": {"intervalWeeks": 1, "dayOfWeek": "Sunday"},
    "absoluteMonthly": {"intervalMonths": 1, "dayOfMonth": 1},
    "relativeMonthly": {"intervalMonths": 1, "weekIndex": "First", "dayOfWeek": "Monday"},
}


def shape(**properties: Any) -> dict[str, Any]:
    """Return a security rule with some ends of it as given, in the singular or in the plural."""
    plural = {f"{name}es" if name.endswith("Prefix") else f"{name}s": name for name in RULE}
    stated = {plural.get(name) for name in properties}
    return {**{name: value for name, value in RULE.items() if name not in stated}, **properties}


def security(**properties: Any) -> dict[str, Any]:
    """Return a security group with one rule in its body."""
    return {
        "type": "Microsoft.Network/networkSecurityGroups",
        "name": "nsg",
        "properties": {"securityRules": [{"name": "a", "properties": shape(**properties)}]},
    }


def a_rule(**properties: Any) -> dict[str, Any]:
    kind = "Microsoft.Network/networkSecurityGroups/securityRules"
    return {"type": kind, "name": "a", "parent": "${nsg.id}", "properties": shape(**properties)}


def subnet(**properties: Any) -> dict[str, Any]:
    return {**NETWORK["nodes"], "properties": properties}


def site(**properties: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Network/localNetworkGateways",
        "name": "lng",
        "properties": {"localNetworkAddressSpace": {"addressPrefixes": ["192.168.0.0/16"]}}
        | properties,
    }


def window(schedule: Mapping[str, Any]) -> dict[str, Any]:
    kind = "Microsoft.ContainerService/managedClusters/maintenanceConfigurations"
    held = {"schedule": schedule, "durationHours": 4, "startTime": "02:00"}
    return {
        "type": kind,
        "name": "aksManagedNodeOSUpgradeSchedule",
        "parent": "${aks.id}",
        "properties": {"maintenanceWindow": held},
    }


def alert(**properties: Any) -> dict[str, Any]:
    """Return a log alert on the resource group."""
    return {
        "type": "Microsoft.Insights/scheduledQueryRules",
        "name": "alert",
        "properties": {
            "severity": 2,
            "enabled": True,
            "evaluationFrequency": "PT5M",
            "windowSize": "PT5M",
            "scopes": ["${resourceGroups.main.id}"],
            "criteria": {
                "allOf": [
                    {
                        "query": "Heartbeat",
                        "timeAggregation": "Count",
                        "operator": "GreaterThan",
                        "threshold": 0,
                        "failingPeriods": {
                            "numberOfEvaluationPeriods": 1,
                            "minFailingPeriodsToAlert": 1,
                        },
                    }
                ]
            },
            **properties,
        },
    }


GROUP = {"type": "Microsoft.Network/networkSecurityGroups", "name": "nsg"}
ANCHOR = {"me": {"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "name": "id-a"}}
THEIRS = {**GROUP, "existing": True}
TABLE = {"type": "Microsoft.Network/routeTables", "name": "rt"}
SCALED = {"enableAutoScaling": True, "minCount": 2, "maxCount": 5}


@dataclass(frozen=True)
class Change:
    """Two sound states: `before` is applied, and becomes `after`, a merge patch over it, with what
    is null there taken out of the blueprint; `live` is what others have in Azure already."""

    id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    live: Mapping[str, Any] = field(default_factory=dict)


def of_pool(**properties: Any) -> dict[str, Any]:
    return {"apps": {"properties": properties}}


def of_cluster(**properties: Any) -> dict[str, Any]:
    return {"aks": {"properties": properties}}


def of_network(**properties: Any) -> dict[str, Any]:
    return of_cluster(networkProfile=properties)


GONE = dict.fromkeys(("minCount", "maxCount"))
CHANGES = [
    Change("autoscaling off", pool(**SCALED), of_pool(enableAutoScaling=False, **GONE)),
    Change("autoscaling unsaid", pool(**SCALED), of_pool(enableAutoScaling=None, **GONE)),
    Change("autoscaling on", pool(), of_pool(**SCALED)),
    Change(
        "autoscaling off in the cluster's body",
        {"aks": cluster(agentPoolProfiles=[{**SYSTEM, **SCALED}])},
        of_cluster(agentPoolProfiles=[{**SYSTEM, "enableAutoScaling": False}]),
    ),
    Change(
        "fewer pods allowed by more nodes",
        pool(maxPods=10, count=3, **SCALED | {"minCount": 3}),
        of_pool(enableAutoScaling=False, count=4, **GONE),
    ),
    Change(
        "surge to unavailable",
        pool(upgradeSettings={"maxSurge": "33%"}),
        of_pool(upgradeSettings={"maxSurge": "0", "maxUnavailable": "1"}),
    ),
    Change(
        "unavailable to surge",
        pool(upgradeSettings={"maxSurge": "0", "maxUnavailable": "1"}),
        of_pool(upgradeSettings={"maxSurge": "10%", "maxUnavailable": None}),
    ),
    Change(
        "unavailable unsaid",
        pool(upgradeSettings={"maxSurge": "0", "maxUnavailable": "1"}),
        of_pool(upgradeSettings=None),
    ),
    Change(
        "load balancer to routes",
        routed({"outboundType": "loadBalancer"}),
        of_network(outboundType="userDefinedRouting"),
    ),
    Change(
        "load balancer with stated addresses to routes",
        routed(
            {
                "outboundType": "loadBalancer",
                "loadBalancerProfile": {
                    "managedOutboundIPs": {"count": 2},
                    "allocatedOutboundPorts": 8000,
                },
            }
        ),
        of_network(outboundType="userDefinedRouting", loadBalancerProfile=None),
    ),
    Change(
        "routes to load balancer",
        routed({"outboundType": "userDefinedRouting"}),
        of_network(outboundType="loadBalancer"),
    ),
    Change(
        "load balancer to the gateway of the subnet",
        routed({"outboundType": "loadBalancer"}),
        of_network(outboundType="userAssignedNATGateway"),
    ),
    Change(
        "the gateway of the subnet to load balancer",
        routed({"outboundType": "userAssignedNATGateway"}),
        of_network(outboundType="loadBalancer"),
    ),
    Change(
        "load balancer to AKS's own gateway",
        in_cluster(network={"outboundType": "loadBalancer"}),
        of_network(outboundType="managedNATGateway"),
    ),
    Change(
        "addresses of the balancer: managed to given",
        {"nat_ip": NETWORK["nat_ip"], **in_cluster(network={
            "loadBalancerProfile": {"managedOutboundIPs": {"count": 2}}})},
        of_network(loadBalancerProfile={
            "managedOutboundIPs": None, "outboundIPs": {"publicIPs": [{"id": "${nat_ip.id}"}]}}),
    ),
    Change(
        "addresses of the balancer: given to managed",
        {"nat_ip": NETWORK["nat_ip"], **in_cluster(network={
            "loadBalancerProfile": {"outboundIPs": {"publicIPs": [{"id": "${nat_ip.id}"}]}}})},
        of_network(loadBalancerProfile={
            "outboundIPs": None, "managedOutboundIPs": {"count": 1}}),
    ),
    Change(
        "fewer ports with fewer addresses",
        in_cluster(network={"loadBalancerProfile": {
            "managedOutboundIPs": {"count": 4}, "allocatedOutboundPorts": 64000}}),
        of_network(loadBalancerProfile={
            "managedOutboundIPs": {"count": 1}, "allocatedOutboundPorts": 0}),
    ),
    Change(
        "kubenet to overlay",
        in_cluster(network={"networkPlugin": "kubenet"}),
        of_network(networkPlugin="azure", networkPluginMode="overlay"),
    ),
    Change(
        "flat to overlay",
        in_cluster(network={"networkPlugin": "azure"}),
        of_network(networkPluginMode="overlay", podCidr="10.244.0.0/16"),
    ),
    Change(
        "calico to Cilium",
        in_cluster(network={
            "networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "calico"}),
        of_network(networkDataplane="cilium", networkPolicy="cilium"),
    ),
    Change(
        "policies of Azure to Cilium, unsaid",
        in_cluster(network={
            "networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "azure"}),
        of_network(networkDataplane="cilium", networkPolicy="cilium"),
    ),
    Change(
        "the tier falls with what needs it",
        {"aks": {**cluster(metricsProfile={"costAnalysis": {"enabled": True}}),
                 "sku": {"name": "Base", "tier": "Standard"}}},
        {"aks": {"sku": {"tier": "Free"},
                 "properties": {"metricsProfile": {"costAnalysis": {"enabled": False}}}}},
    ),
    Change(
        "long-term support ends",
        {"aks": {**cluster(supportPlan="AKSLongTermSupport", kubernetesVersion="1.34"),
                 "sku": {"name": "Base", "tier": "Premium"}}},
        {"aks": {"sku": {"tier": "Standard"},
                 "properties": {"supportPlan": "KubernetesOfficial"}}},
    ),
    Change(
        "the channel of nodes follows that of the cluster",
        in_cluster(autoUpgradeProfile={
            "upgradeChannel": "stable", "nodeOSUpgradeChannel": "SecurityPatch"}),
        of_cluster(autoUpgradeProfile={
            "upgradeChannel": "node-image", "nodeOSUpgradeChannel": "NodeImage"}),
    ),
    *(
        Change(
            f"a security rule from {before} to {after}",
            {"nsg": security(**{before: value})},
            {"nsg": security(**{after: [value]})},
        )
        for before, after, value in (
            ("sourceAddressPrefix", "sourceAddressPrefixes", "10.0.0.0/8"),
            ("destinationAddressPrefix", "destinationAddressPrefixes", "10.0.0.0/8"),
            ("sourcePortRange", "sourcePortRanges", "1024-65535"),
            ("destinationPortRange", "destinationPortRanges", "443"),
        )
    ),
    *(
        Change(
            f"a security rule from {before} to {after}",
            {"nsg": security(**{before: [value]})},
            {"nsg": security(**{after: value})},
        )
        for before, after, value in (
            ("sourceAddressPrefixes", "sourceAddressPrefix", "10.0.0.0/8"),
            ("destinationAddressPrefixes", "destinationAddressPrefix", "10.0.0.0/8"),
            ("sourcePortRanges", "sourcePortRange", "1024-65535"),
            ("destinationPortRanges", "destinationPortRange", "443"),
        )
    ),
    Change(
        "a security rule by itself, from a range to ranges",
        {**ANCHOR, "nsg": THEIRS, "rule": a_rule(sourceAddressPrefix="10.0.0.0/8")},
        {"rule": {"properties": {
            "sourceAddressPrefix": None, "sourceAddressPrefixes": ["10.1.0.0/16", "10.2.0.0/16"]}}},
        {"nsg": GROUP},
    ),
    Change(
        "a security rule by itself, from ranges to a range",
        {**ANCHOR, "nsg": THEIRS, "rule": a_rule(destinationPortRanges=["443", "8443"])},
        {"rule": {"properties": {"destinationPortRanges": None, "destinationPortRange": "443"}}},
        {"nsg": GROUP},
    ),
    Change(
        "a route from an appliance to the network",
        {"rt": NETWORK["rt"]},
        {"rt": {"properties": {"routes": [{"name": "out", "properties": {
            "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}}]}}},
    ),
    Change(
        "a route by itself from an appliance to nowhere",
        {**ANCHOR, "rt": {**TABLE, "existing": True}, "out": {
            "type": "Microsoft.Network/routeTables/routes", "name": "out", "parent": "${rt.id}",
            "properties": NETWORK["rt"]["properties"]["routes"][0]["properties"]}},
        {"out": {"properties": {"nextHopType": "None", "nextHopIpAddress": None}}},
        {"rt": TABLE},
    ),
    Change(
        "a subnet from one range to two",
        {"vnet": NETWORK["vnet"], "nodes": subnet(addressPrefix="10.1.0.0/24")},
        {"nodes": {"properties": {
            "addressPrefix": None, "addressPrefixes": ["10.1.0.0/24", "10.1.1.0/24"]}}},
    ),
    Change(
        "a VPN device from an address to a name",
        {"lng": site(gatewayIpAddress="203.0.113.9")},
        {"lng": {"properties": {"gatewayIpAddress": None, "fqdn": "vpn.example.com"}}},
    ),
    Change(
        "a VPN device from a name to an address",
        {"lng": site(fqdn="vpn.example.com")},
        {"lng": {"properties": {"fqdn": None, "gatewayIpAddress": "203.0.113.9"}}},
    ),
    Change(
        "a commitment of a workspace ends",
        {"log": {"type": "Microsoft.OperationalInsights/workspaces", "name": "log-a",
                 "properties": {"sku": {
                     "name": "CapacityReservation", "capacityReservationLevel": 100}}}},
        {"log": {"properties": {"sku": {
            "name": "PerGB2018", "capacityReservationLevel": None}}}},
    ),
    *(
        Change(
            f"a maintenance window from {before} to {after}",
            {"aks": cluster(), "window": window({before: CADENCES[before]})},
            {"window": {"properties": {"maintenanceWindow": {"schedule": {
                before: None, after: CADENCES[after]}}}}},
        )
        for before in ("weekly", "daily")
        for after in ("absoluteMonthly", "relativeMonthly", "weekly", "daily")
        if before != after
    ),
    Change(
        "a maintenance window whose day was filled in long ago",
        {"aks": cluster(), "window": window({"daily": {"intervalDays": 1}})},
        {"window": {"properties": {"maintenanceWindow": {"durationHours": 6}}}},
    ),
    Change(
        "an identity of the service in the place of one's own",
        {"me": {"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "name": "id-a"},
         "aks": {**cluster(), "identity": {
             "type": "UserAssigned", "userAssignedIdentities": "${{me.id: {}}}"}}},
        {"aks": {"identity": {"type": "SystemAssigned", "userAssignedIdentities": None}}},
    ),
    Change(
        "an alert that heals by itself becomes one that is muted",
        {"alert": alert(autoMitigate=True)},
        {"alert": {"properties": {"autoMitigate": False, "muteActionsDuration": "PT1H"}}},
    ),
    Change(
        "an alert that is muted becomes one that heals by itself",
        {"alert": alert(autoMitigate=False, muteActionsDuration="PT1H")},
        {"alert": {"properties": {"autoMitigate": True, "muteActionsDuration": None}}},
    ),
    Change(
        "a public API server becomes private",
        {"aks": cluster(apiServerAccessProfile={
            "enableVnetIntegration": True, "authorizedIPRanges": ["203.0.113.0/24"]})},
        of_cluster(apiServerAccessProfile={
            "enablePrivateCluster": True, "authorizedIPRanges": None}),
    ),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
def test_a_sound_change_is_planned_and_made(change: Change, bench: Bench) -> None:
    """The second plan, after the change, is empty."""
    if change.live:
        bench.apply(bench.plan(compose(ANCHOR, bench.catalog)))
    for address, resource in change.live.items():
        whole = {address: resource}
        (made,) = [r for r in compose(whole, bench.catalog).graph if r.address == address]
        bench.send("PUT", str(made.id), {"location": "westeurope", "properties": {}})
    made = bench.apply(bench.plan(compose(change.before, bench.catalog)))
    assert {step.outcome for step in made.steps} == {Outcome.SUCCEEDED}
    after = merged(change.before, change.after)

    planned = bench.plan(compose(after, bench.catalog))

    found = [(c.address, c.reason) for c in planned.document.changes if c.action is Action.BLOCKED]
    assert found == []
    applied = bench.apply(planned)
    assert [
        (s.address, s.message) for s in applied.steps if s.outcome is not Outcome.SUCCEEDED
    ] == []
    again = bench.plan(compose(after, bench.catalog)).document
    assert [c.address for c in again.changes if c.action is not Action.NO_OP] == []
