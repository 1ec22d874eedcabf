"""The proofs over a hub with many spokes: reading the network, and proving it."""

import statistics
import time
from collections.abc import Iterator, Sequence

from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, resource_group_id
from provisioner.model.values import Body, Json
from provisioner.network.model.topology_elements import Opening
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.proofs.proof import Proof
from provisioner.network.proofs.suite import prove_topology

_NETWORK = "Microsoft.Network"
_VNET = f"{_NETWORK}/virtualNetworks"
_CLUSTER = "Microsoft.ContainerService/managedClusters"
_SPOKES, _SUBNETS, _GROUP_RULES, _FIREWALL_RULES = 50, 10, 1_500, 500
_FIREWALL = "10.0.0.4"
_LARGE_ENOUGH = 5


def measure_proofs(runs: int) -> None:
    """Print how long reading and proving a network of 50 spokes takes, as a median."""
    estate = Estate.of(_hub_and_spokes())
    opened = Opening(tuple(map(_host, range(_FIREWALL_RULES))), (443,))
    reading, proving = [], []
    proofs: Sequence[Proof] = ()
    for _ in range(max(runs, _LARGE_ENOUGH)):
        start = time.perf_counter()
        topology = read_topology(estate, "AzureCloud", [opened])
        middle = time.perf_counter()
        proofs = prove_topology(topology)
        reading.append(middle - start)
        proving.append(time.perf_counter() - middle)
    told = " · ".join(f"{proof.name} {proof.verdict.value}" for proof in proofs)
    print(f"\nnetwork   {_SPOKES} spokes of {_SUBNETS} subnets, {_rules(estate):,} rules")
    print(f"read      {statistics.median(reading):.3f} s")
    print(f"proofs    {statistics.median(proving):.3f} s  ({told})")


def _host(number: int) -> str:
    return f"host{number}.example.com"


def _rules(estate: Estate) -> int:
    groups = len(estate.of_type(f"{_NETWORK}/networkSecurityGroups/securityRules"))
    return groups + _FIREWALL_RULES


def _id(kind: str, *names: str) -> ResourceId:
    group = resource_group_id("11111111-1111-1111-1111-111111111111", "rg-net")
    return ResourceId(kind, names, group)


def _made(kind: str, *names: str, **properties: Json) -> Resource:
    body: Body = {"name": names[-1], "location": "westeurope", "properties": properties}
    return Resource(_id(kind, *names), kind, body, ".".join(names))


def _hub_and_spokes() -> Iterator[Resource]:
    yield _made(_VNET, "hub", addressSpace={"addressPrefixes": ["10.0.0.0/22"]})
    yield _made(f"{_VNET}/subnets", "hub", "AzureFirewallSubnet", addressPrefix="10.0.0.0/26")
    subnet = _id(f"{_VNET}/subnets", "hub", "AzureFirewallSubnet").text
    policy = f"{_NETWORK}/firewallPolicies"
    yield _made(policy, "policy", dnsSettings={"enableProxy": True})
    yield from _firewall_rules(policy)
    yield _made(
        f"{_NETWORK}/azureFirewalls",
        "firewall",
        firewallPolicy={"id": _id(policy, "policy").text},
        ipConfigurations=[
            {"properties": {"subnet": {"id": subnet}, "privateIPAddress": _FIREWALL}}
        ],
    )
    for number in range(_SPOKES):
        yield from _spoke(number)


def _firewall_rules(policy: str) -> Iterator[Resource]:
    """Allow each spoke some hosts of its own, as its environment would say."""
    rules: list[Json] = [
        {
            "ruleType": "ApplicationRule",
            "name": f"r{number}",
            "sourceAddresses": [f"10.{number % _SPOKES + 1}.0.0/16"],
            "protocols": [{"protocolType": "Https", "port": 443}],
            "targetFqdns": [_host(number)],
        }
        for number in range(_FIREWALL_RULES)
    ]
    collections: list[Json] = [
        {
            "name": f"c{start}",
            "priority": 100 + start,
            "action": {"type": "Allow"},
            "rules": rules[start : start + 50],
        }
        for start in range(0, _FIREWALL_RULES, 50)
    ]
    group = f"{policy}/ruleCollectionGroups"
    yield _made(group, "policy", "rules", priority=300, ruleCollections=collections)


def _spoke(number: int) -> Iterator[Resource]:
    name, space = f"spoke{number}", f"10.{number + 1}"
    yield _made(_VNET, name, addressSpace={"addressPrefixes": [f"{space}.0.0/16"]})
    yield from _peerings(name)
    table = f"{_NETWORK}/routeTables"
    yield _made(table, f"rt-{name}", disableBgpRoutePropagation=True)
    for route, prefix in (("default", "0.0.0.0/0"), ("hub", "10.0.0.0/22")):
        hop = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": _FIREWALL}
        yield _made(f"{table}/routes", f"rt-{name}", route, addressPrefix=prefix, **hop)
    group = f"{_NETWORK}/networkSecurityGroups"
    yield _made(group, f"nsg-{name}")
    for position in range(_GROUP_RULES // _SPOKES):
        yield _made(
            f"{group}/securityRules", f"nsg-{name}", f"r{position}", **_rule(position, space)
        )
    for position in range(_SUBNETS):
        yield _made(
            f"{_VNET}/subnets",
            name,
            f"s{position}",
            addressPrefix=f"{space}.{position}.0/24",
            defaultOutboundAccess=False,
            routeTable={"id": _id(table, f"rt-{name}").text},
            networkSecurityGroup={"id": _id(group, f"nsg-{name}").text},
        )
    if number % 5 == 0:
        yield from _cluster(name)


def _peerings(name: str) -> Iterator[Resource]:
    for one, other in ((name, "hub"), ("hub", name)):
        yield _made(
            f"{_VNET}/virtualNetworkPeerings",
            one,
            f"to-{other}",
            remoteVirtualNetwork={"id": _id(_VNET, other).text},
            allowVirtualNetworkAccess=True,
            allowForwardedTraffic=True,
            peeringState="Connected",
        )


def _rule(position: int, space: str) -> dict[str, Json]:
    """Return rules as estates have them, with a denial at the end."""
    last = position == _GROUP_RULES // _SPOKES - 1
    denial = last or position == 0
    source = f"{space}.0.0/16" if position == 1 else f"10.{position}.0.0/20"
    return {
        "priority": 4096 if last else 100 + position,
        "direction": "Outbound" if position == 0 else "Inbound",
        "access": "Deny" if denial else "Allow",
        "protocol": "*" if last else "Tcp",
        "sourceAddressPrefix": "*" if denial else source,
        "sourcePortRange": "*",
        "destinationAddressPrefix": "VirtualNetwork" if position == 0 else "*",
        "destinationPortRanges": ["*"] if last else (["22", "3389"] if denial else ["443", "8443"]),
    }


def _cluster(name: str) -> Iterator[Resource]:
    subnet = _id(f"{_VNET}/subnets", name, "s0").text
    yield _made(
        _CLUSTER,
        f"aks-{name}",
        networkProfile={"outboundType": "userDefinedRouting"},
        bootstrapProfile={"artifactSource": "Cache"},
        apiServerAccessProfile={"enablePrivateCluster": True, "privateDNSZone": "system",
                                "enablePrivateClusterPublicFQDN": False},
    )  # fmt: skip
    yield _made(f"{_CLUSTER}/agentPools", f"aks-{name}", "system", vnetSubnetID=subnet)
