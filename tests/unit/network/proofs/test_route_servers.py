"""Routes that are learned by BGP: nobody sees them, and no statement about paths is made."""

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.estate import Estate, Resource
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.proofs.proof import Verdict
from provisioner.network.proofs.suite import prove_topology
from provisioner.plan.estates import desired_estate
from tests.environments import compose_small
from tests.unit.network.networks import PROVIDER, network, peering, subnet_id

CLOSED = "defaultOutboundAccess: false"
KEEPS_OUT = f'routeTable: {{id: "{PROVIDER}/routeTables/table"}}'
TABLE = """\
table:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: table
  properties: {disableBgpRoutePropagation: true, routes: []}
"""
SERVER = f"""\
server:
  type: Microsoft.Network/virtualHubs
  resourceGroup: main
  name: rs
  properties: {{sku: Standard}}
where:
  type: Microsoft.Network/virtualHubs/ipConfigurations
  name: default
  parent: ${{server.id}}
  properties: {{subnet: {{id: "{subnet_id("vnet", "RouteServerSubnet")}"}}}}
"""
CONNECTED = f"""\
hub:
  type: Microsoft.Network/virtualHubs
  resourceGroup: main
  name: vhub
  properties: {{addressPrefix: 10.9.0.0/23}}
spoke:
  type: Microsoft.Network/virtualHubs/hubVirtualNetworkConnections
  name: spoke
  parent: ${{hub.id}}
  properties: {{remoteVirtualNetwork: {{id: "{PROVIDER}/virtualNetworks/vnet"}}}}
"""


def base(more: str = "") -> str:
    return TABLE + network(
        "vnet",
        "10.1.0.0/16",
        nodes=f"addressPrefix: 10.1.0.0/24, {CLOSED}{more}",
        RouteServerSubnet=f"addressPrefix: 10.1.1.0/26, {CLOSED}",
    )


def estate(catalog: Catalog, *texts: str) -> Estate:
    desired = compose_small("".join(texts), catalog)
    return desired_estate(desired.graph, desired.catalog)


def verdicts(found: Topology) -> dict[str, Verdict]:
    return {proof.name: proof.verdict for proof in prove_topology(found)}


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        pytest.param((base(),), Verdict.HOLDS, id="no-server"),
        pytest.param((base(), SERVER), Verdict.UNKNOWN, id="a-server"),
        pytest.param(
            (base(f", {KEEPS_OUT}"), SERVER), Verdict.HOLDS, id="a-table-that-keeps-them-out"
        ),
        pytest.param((base(), CONNECTED), Verdict.UNKNOWN, id="a-hub"),
        pytest.param(
            (base(f", {KEEPS_OUT}"), CONNECTED), Verdict.UNKNOWN, id="a-hub-whatever-the-table"
        ),
    ],
)
def test_what_is_learned_by_bgp_leaves_egress_unknown(
    catalog: Catalog, texts: tuple[str, ...], verdict: Verdict
) -> None:
    found = read_topology(estate(catalog, *texts), "AzureCloud")

    assert verdicts(found)["egress"] is verdict


def test_the_proof_says_what_is_not_seen_and_how_to_see_it(catalog: Catalog) -> None:
    found = read_topology(estate(catalog, base(), SERVER), "AzureCloud")

    (egress,) = [proof for proof in prove_topology(found) if proof.name == "egress"]

    (breach,) = egress.breaches
    assert breach.message == (
        "egress is unknown for vnet[nodes]: server is connected to it, and what it learns by "
        "BGP is added to the routes there, and Azure does not show it."
    )
    assert "disableBgpRoutePropagation: true" in breach.hint


def test_networks_that_use_its_gateways_learn_too(catalog: Catalog) -> None:
    spoke = network("far", "10.2.0.0/16", work=f"addressPrefix: 10.2.0.0/24, {CLOSED}")
    lent = peering("vnet", "far") + "    allowGatewayTransit: true\n"
    back = peering("far", "vnet")
    uses = back + "    useRemoteGateways: true\n"

    alone = read_topology(estate(catalog, base(), SERVER, spoke, lent, back), "AzureCloud")
    taking = read_topology(estate(catalog, base(), SERVER, spoke, lent, uses), "AzureCloud")

    assert {key.rpartition("/")[2] for u in alone.unjudged for key in u.subnets} == {"nodes"}
    assert {key.rpartition("/")[2] for u in taking.unjudged for key in u.subnets} == {
        "nodes",
        "work",
    }


def test_a_server_of_others_is_seen_by_what_stands_in_its_subnet(catalog: Catalog) -> None:
    found = estate(catalog, base())
    subnet = next(r for r in found if r.id.name == "RouteServerSubnet")
    theirs = f"{PROVIDER.replace('rg-main', 'rg-theirs')}/virtualHubs/theirs"
    inside = {"ipConfigurations": [{"id": f"{theirs}/ipConfigurations/default"}]}
    body = {**subnet.body, "properties": {**subnet.body["properties"], **inside}}
    seen = Resource(subnet.id, subnet.type, body, subnet.address, subnet.span)
    actual = Estate({**found.resources, subnet.id.key: seen})

    topology = read_topology(actual, "AzureCloud")

    assert [each.label for each in topology.unjudged] == [theirs]
    assert verdicts(topology)["egress"] is Verdict.UNKNOWN
