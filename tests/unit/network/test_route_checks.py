"""Next hops, outbound types and allowed ranges that do not fit."""

import pytest

from provisioner.network.model.topology_reader import read_topology
from provisioner.network.paths.route_checks import check_routes
from provisioner.plan.estates import desired_estate
from tests.environments import compose_small
from tests.unit.network.networks import PROVIDER, cluster, network, peering, pool

TABLE = f'routeTable: {{id: "{PROVIDER}/routeTables/rt"}}'
GATEWAY = f'natGateway: {{id: "{PROVIDER}/natGateways/nat"}}'
NODES = f"addressPrefix: 10.0.0.0/24, {TABLE}"
HUB = network("hub", "10.9.0.0/22")
UDR = "networkPlugin: azure, networkPluginMode: overlay, outboundType: userDefinedRouting"
NAT = "networkPlugin: azure, networkPluginMode: overlay, outboundType: userAssignedNATGateway"
RANGES = 'authorizedIPRanges: ["198.51.100.0/24"]'


def table(prefix: str, hop: str) -> str:
    return f"""\
rt:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt
  properties:
    routes:
      - {{name: default, properties: {{addressPrefix: {prefix}, {hop}}}}}
"""


def appliance(address: str) -> str:
    return f"nextHopType: VirtualAppliance, nextHopIpAddress: {address}"


def access(text: str) -> tuple[str, ...]:
    return (f"apiServerAccessProfile: {{{text}}}",)


def check(catalog, *resources: str):
    graph = compose_small("".join(resources), catalog).graph
    return check_routes(read_topology(desired_estate(graph, catalog), "AzureCloud"))


def row(name, reason, resources, code, *words):
    return pytest.param(resources, code, words, id=f"{name}: {reason}")


WRONG = [
    row("next hop", "nobody answers there",
        [network("vnet", "10.0.0.0/16", nodes=NODES), table("0.0.0.0/0", appliance("10.9.0.4"))],
        "next-hop-outside-network", "rt[default]: the next hop 10.9.0.4 is neither in vnet "
        "(10.0.0.0/16)", "so vnet[nodes] cannot reach it"),
    row("next hop beyond the peer", "the sum of what is near is told",
        [network("vnet", "10.0.0.0/16", nodes=NODES), HUB, peering("vnet", "hub"),
         table("0.0.0.0/0", appliance("10.8.0.4"))],
        "next-hop-outside-network", "peered with it (10.9.0.0/22)"),
    row("half a route", "the other half has no way",
        [network("vnet", "10.0.0.0/16", nodes=NODES), cluster(profile=UDR),
         table("0.0.0.0/1", appliance("10.0.1.4"))],
        "outbound-type-without-route", "rt has none"),
    row("ranges on a private cluster", "there is no public API server to allow them on",
        [cluster(pool(), more=access(f"enablePrivateCluster: true, {RANGES}"))],
        "ranges-on-private-cluster", "authorizedIPRanges (198.51.100.0/24) are beside"),
]  # fmt: skip


@pytest.mark.parametrize(("resources", "code", "words"), WRONG)
def test_what_does_not_fit_is_told_with_its_place(catalog, resources, code, words):
    told = [d for d in check(catalog, *resources) if d.code == code]
    assert len(told) == 1, check(catalog, *resources)
    assert all(word in told[0].message for word in words), told[0].message
    assert told[0].span is not None
    assert told[0].hint


RIGHT = [
    pytest.param([network("vnet", "10.0.0.0/16", nodes=NODES), cluster(profile=UDR),
                  table("0.0.0.0/0", appliance("10.0.1.4"))], id="in the network itself"),
    pytest.param([network("vnet", "10.0.0.0/16", nodes=NODES), HUB, peering("vnet", "hub"),
                  table("0.0.0.0/0", appliance("10.9.0.4"))], id="in a peered network"),
    pytest.param([network("vnet", "10.0.0.0/16", nodes=NODES), peering("vnet", "elsewhere"),
                  table("0.0.0.0/0", appliance("10.9.0.4"))], id="a peer that was not read"),
    pytest.param([network("vnet", "10.0.0.0/16", nodes=NODES), cluster(profile=UDR),
                  table("0.0.0.0/0", "nextHopType: VirtualNetworkGateway")], id="to a gateway"),
    pytest.param([network("vnet", "10.0.0.0/16", nodes=f"addressPrefix: 10.0.0.0/24, {GATEWAY}"),
                  cluster(profile=NAT)], id="a NAT gateway"),
    pytest.param([network("vnet", "10.0.0.0/16", nodes="addressPrefix: 10.0.0.0/24"),
                  cluster(profile=UDR)], id="a route table that was not read"),
    pytest.param([cluster(pool(), more=access(RANGES))], id="ranges on a public cluster"),
]  # fmt: skip


@pytest.mark.parametrize("resources", RIGHT)
def test_what_fits_is_not_refused(catalog, resources):
    assert check(catalog, *resources) == ()
