"""A hub with many spokes, all names as long as Azure lets them be."""

from collections.abc import Iterator

from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.graph import GraphDocument
from provisioner.documents.trace import StateKind
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, resource_group_id
from provisioner.network.model.topology_reader import read_topology
from provisioner.workflow.graph import draw_estate

_NETWORK = "Microsoft.Network"
_VNET = f"{_NETWORK}/virtualNetworks"
_SUBNET = f"{_VNET}/subnets"
_CLUSTER = "Microsoft.ContainerService/managedClusters"
_HUB, _WORK = (f"{digit * 8}-1111-1111-1111-111111111111" for digit in "12")
_LONGEST = 63


def long_name(start: str, filler: str = "W") -> str:
    """Return a name of 63 characters without a place to break it."""
    return (start + filler * _LONGEST)[:_LONGEST]


def draw_spokes(spokes: int, subnets: int) -> GraphDocument:
    """Return the graph of a hub with spokes of as many subnets each, a pool in one of them."""
    estate = Estate.of(_resources(spokes, subnets))
    environment = EnvironmentDocument(
        name="many",
        blueprint="blueprints/many.yaml",
        cloud="AzureCloud",
        tenant_id="0",
        subscriptions={"connectivity": _HUB, "workload": _WORK},
    )
    topology = read_topology(estate, "AzureCloud")
    return draw_estate(estate, topology, environment, StateKind.ACTUAL)


def _id(subscription: str, kind: str, *names: str) -> ResourceId:
    return ResourceId(kind, names, resource_group_id(subscription, "rg"))


def _made(subscription: str, kind: str, *names: str, **properties: object) -> Resource:
    body = {"name": names[-1], "location": "westeurope", "properties": properties}
    return Resource(_id(subscription, kind, *names), kind, body, ".".join(names))


def _resources(spokes: int, subnets: int) -> Iterator[Resource]:
    yield _made(_HUB, _VNET, "hub", addressSpace={"addressPrefixes": ["10.0.0.0/22"]})
    yield _made(_HUB, _SUBNET, "hub", "AzureFirewallSubnet", addressPrefix="10.0.0.0/26")
    place = {"id": _id(_HUB, _SUBNET, "hub", "AzureFirewallSubnet").text}
    address = {"id": _id(_HUB, f"{_NETWORK}/publicIPAddresses", "out").text}
    settings = {"subnet": place, "privateIPAddress": "10.0.0.4", "publicIPAddress": address}
    firewall = long_name("afw")
    configurations = [{"properties": settings}]
    yield _made(_HUB, f"{_NETWORK}/azureFirewalls", firewall, ipConfigurations=configurations)
    for number in range(spokes):
        yield from _spoke(number, subnets)


def _spoke(number: int, subnets: int) -> Iterator[Resource]:
    name, space = (
        long_name(f"vnet-{number:02}-", "网" if number % 5 == 0 else "m"),
        f"10.{number + 1}",
    )
    yield _made(_WORK, _VNET, name, addressSpace={"addressPrefixes": [f"{space}.0.0/16"]})
    for owner, one, other, towards in ((_WORK, name, _HUB, "hub"), (_HUB, "hub", _WORK, name)):
        yield _made(
            owner,
            f"{_VNET}/virtualNetworkPeerings",
            one,
            f"to-{towards}",
            remoteVirtualNetwork={"id": _id(other, _VNET, towards).text},
            allowVirtualNetworkAccess=True,
            allowForwardedTraffic=True,
        )
    table = f"{_NETWORK}/routeTables"
    yield _made(_WORK, table, f"rt{number}", disableBgpRoutePropagation=True)
    hop = {"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.4"}
    yield _made(_WORK, f"{table}/routes", f"rt{number}", "out", addressPrefix="0.0.0.0/0", **hop)
    for position in range(subnets):
        routed = {"routeTable": {"id": _id(_WORK, table, f"rt{number}").text}} if position else {}
        yield _made(
            _WORK,
            _SUBNET,
            name,
            long_name(f"snet-{position}-", "@"),
            addressPrefix=f"{space}.{position}.0/24",
            defaultOutboundAccess=False,
            **routed,
        )
    nodes = {"id": _id(_WORK, _SUBNET, name, long_name("snet-1-", "@")).text}
    cluster = long_name(f"aks-{number}-")
    access = {"enablePrivateCluster": number % 2 == 0}
    yield _made(_WORK, _CLUSTER, cluster, apiServerAccessProfile=access)
    yield _made(_WORK, f"{_CLUSTER}/agentPools", cluster, "system", vnetSubnetID=nodes["id"])
