"""Subnets of a network that azsec does not see: the central team's, one that cannot be read."""

import pytest

from provisioner.model.estate import Estate
from provisioner.network.diagram.boxes import draw_network
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.paths.egress_paths import find_egress_paths
from provisioner.network.paths.packet_tracing import Packet, trace_packet
from provisioner.network.paths.route_checks import check_routes
from provisioner.network.proofs.proof import Proof, Verdict
from provisioner.network.proofs.suite import prove_topology
from provisioner.plan.estates import desired_estate
from tests.environments import compose_small
from tests.unit.network.networks import PROVIDER, cluster, host, network, peering, pool, subnet_id

CENTRAL = f"{PROVIDER}/virtualNetworks/central"
SPOKE = f"""\
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  name: nodes
  parent: {CENTRAL}
  properties:
    addressPrefix: 10.20.9.0/24
    routeTable: {{id: "{PROVIDER}/routeTables/rt"}}
    networkSecurityGroup: {{id: "{PROVIDER}/networkSecurityGroups/nsg"}}
endpoints:
  type: Microsoft.Network/virtualNetworks/subnets
  name: endpoints
  parent: {CENTRAL}
  existing: true
closed:
  type: Microsoft.Network/virtualNetworks/subnets
  name: closed
  parent: {CENTRAL}
  properties: {{addressPrefix: 10.20.10.0/24}}
nsg:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg
  properties:
    securityRules:
      - name: deny
        properties: {{priority: 4096, direction: Inbound, access: Deny, protocol: "*",
          sourceAddressPrefix: Internet, sourcePortRange: "*", destinationAddressPrefix: "*",
          destinationPortRange: "*"}}
rt:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt
  properties:
    disableBgpRoutePropagation: true
    routes: [{{name: default, properties: {{addressPrefix: 0.0.0.0/0,
      nextHopType: VirtualAppliance, nextHopIpAddress: 10.9.0.4}}}}]
vault:
  type: Microsoft.KeyVault/vaults
  resourceGroup: main
  name: kv-central
  properties: {{tenantId: 00000000-0000-0000-0000-000000000000, sku: {{family: A, name: standard}},
    publicNetworkAccess: Disabled}}
pe:
  type: Microsoft.Network/privateEndpoints
  resourceGroup: main
  name: pe
  properties:
    subnet: {{id: "${{endpoints.id}}"}}
    privateLinkServiceConnections: [{{name: v, properties: {{privateLinkServiceId: "${{vault.id}}",
      groupIds: [vault]}}}}]
"""
UDR = "networkPlugin: azure, networkPluginMode: overlay, outboundType: userDefinedRouting"
PRIVATE = (
    "apiServerAccessProfile: {enablePrivateCluster: true, enablePrivateClusterPublicFQDN: false}",
)
HUB = network("hub", "10.9.0.0/24", AzureFirewallSubnet="addressPrefix: 10.9.0.0/26") + host(
    "azureFirewalls", "fw", "hub/AzureFirewallSubnet"
)


@pytest.fixture(scope="module")
def estate(catalog) -> Estate:
    """A team's subnets in a network of the central team, with a cluster, a vault and the hub."""
    nodes = cluster(pool(subnet="central/nodes"), profile=UDR, more=PRIVATE)
    return desired_estate(compose_small(SPOKE + nodes + HUB, catalog).graph, catalog)


@pytest.fixture(scope="module")
def topology(estate: Estate) -> Topology:
    return read_topology(estate, "AzureCloud")


@pytest.fixture(scope="module")
def proofs(topology: Topology) -> dict[str, Proof]:
    return {proof.name: proof for proof in prove_topology(topology)}


def test_the_network_is_known_by_its_subnets_alone(topology: Topology) -> None:
    unseen = topology.networks[CENTRAL.lower()]

    assert not unseen.known
    assert unseen.label == "central"
    assert topology.subnets[subnet_id("central", "nodes").lower()].ranges in unseen.prefixes


def test_whether_a_next_hop_is_near_is_not_said(topology: Topology) -> None:
    assert check_routes(topology) == ()


@pytest.mark.parametrize(
    ("name", "certain"),
    [
        ("egress", []),
        ("allowances", []),
        ("inbound", ["closed", "nsg AllowVnetInBound"]),
        ("segmentation", []),
        ("remote access", ["no network security group", "nsg AllowVnetOutBound"]),
        ("api-server", []),
    ],
)
def test_what_rests_on_it_is_no_certain_breach(
    proofs: dict[str, Proof], name: str, certain: list[str]
) -> None:
    """What groups let through within the network is known of its subnets; all else is not."""
    proof = proofs[name]

    assert sorted({b.element for b in proof.breaches if b.certain}) == certain
    assert proof.verdict is (Verdict.FAILS if certain else Verdict.UNKNOWN)
    assert any("central" in b.element for b in proof.breaches if not b.certain)


def test_a_proof_says_what_to_add(proofs: dict[str, Proof]) -> None:
    gap = next(b for b in proofs["egress"].breaches if b.element == "central")

    assert gap.message == (
        "egress is unknown for closed, endpoints, nodes: central is connected to it, and "
        "its peerings, gateway and DNS servers were not read."
    )
    assert gap.hint == "Add the network to the blueprint (`existing: true`), with Reader on it."


def test_a_packet_to_the_firewall_stops_where_nothing_is_known(topology: Topology) -> None:
    source = topology.subnets[subnet_id("central", "nodes").lower()]

    path = trace_packet(topology, source, Packet(0x08080808, "tcp", 443))

    assert (
        path.hops[-1].words == "was not read: whether it is peered with the other side is not known"
    )
    assert not path.hops[-1].known


def test_it_is_drawn_as_not_read(estate: Estate, topology: Topology) -> None:
    ways = find_egress_paths(topology)
    box = next(
        g for g in draw_network(estate, topology, ways, {}).groups if g.id == CENTRAL.lower()
    )

    assert box.details[0] == "not read"
    assert not box.declared


def test_a_subnet_without_a_known_range_stops_a_packet(topology: Topology) -> None:
    source = topology.subnets[subnet_id("central", "endpoints").lower()]

    path = trace_packet(topology, source, Packet(0x08080808, "tcp", 443))

    assert path.hops[-1].words == "has no IPv4 range that is known"
    assert not path.hops[-1].known


def test_a_peer_of_it_has_as_unknown_a_neighbourhood(catalog) -> None:
    """The hop of a route may lie in what the network that was not read holds."""
    own = f'addressPrefix: 10.30.0.0/24, routeTable: {{id: "{PROVIDER}/routeTables/rt"}}'
    text = network("vnet", "10.30.0.0/16", own=own) + peering("vnet", "central") + SPOKE
    graph = compose_small(text, catalog).graph

    assert check_routes(read_topology(desired_estate(graph, catalog), "AzureCloud")) == ()
