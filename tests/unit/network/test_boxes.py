"""What is drawn of a network: the shipped environments, and with faults and neighbours put in."""

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.graph import (
    INTERNET,
    ON_PREMISES,
    EdgeKind,
    GraphDocument,
    GroupKind,
    NodeKind,
)
from provisioner.documents.trace import StateKind
from provisioner.model.resource_id import ResourceId
from provisioner.workflow.graph import draw_estate, draw_graph
from tests.environments import compose_small, open_bench
from tests.laws.test_blueprints import BLUEPRINTS, PAGES, load_pages
from tests.network import LINK, NETWORK, PEERING, VNET, Site, build_site
from tests.unit.network.networks import PROVIDER, network, peering, subnet_id

GATEWAY = f"{NETWORK}/virtualNetworkGateways"
LOCAL_GATEWAY = f"{NETWORK}/localNetworkGateways"
ENDPOINT = f"{NETWORK}/privateEndpoints"
RESOLVER = f"{NETWORK}/dnsResolvers"


@pytest.fixture(scope="module")
def site(catalog: Catalog) -> Site:
    with open_bench(catalog) as bench:
        return build_site(bench, catalog)


@pytest.fixture(scope="module")
def environment(catalog: Catalog):
    (desired,) = load_pages("AzureCloud", catalog, PAGES["secure-aks"])
    return desired.document


@pytest.fixture(scope="module")
def draw(environment):
    return lambda site: draw_estate(site.estate, site.topology(), environment, StateKind.ACTUAL)


def lines(graph: GraphDocument, kind: EdgeKind) -> set[tuple[str, str]]:
    names = {box.id: box.address or box.name for box in (*graph.groups, *graph.nodes)}
    return {(names[e.source], names[e.target]) for e in graph.edges if e.kind is kind}


def node(graph: GraphDocument, name: str):
    (found,) = (node for node in graph.nodes if name in (node.address, node.name, node.id))
    return found


def group(graph: GraphDocument, name: str):
    (found,) = (group for group in graph.groups if name in (group.address, group.name))
    return found


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_everything_stands_in_something_that_is_drawn(name, catalog: Catalog):
    (desired,) = load_pages("AzureCloud", catalog, PAGES[name])
    graph = draw_graph(desired, catalog, lambda: pytest.fail("asked Azure"), StateKind.DESIRED)
    seen: set[str] = set()
    for box in graph.groups:
        assert (box.parent is None) == (box.kind is GroupKind.SUBSCRIPTION)
        assert box.parent is None or box.parent in seen, "a parent stands before what is in it"
        seen.add(box.id)
    assert {n.group for n in graph.nodes} - {None} <= seen
    ids = seen | {n.id for n in graph.nodes}
    assert len(ids) == len(graph.groups) + len(graph.nodes)
    assert {end for edge in graph.edges for end in (edge.source, edge.target)} <= ids
    assert not [mark for mark in graph.marks if mark.certain]


def test_the_way_to_the_internet_goes_over_the_firewall(site, draw):
    graph = draw(site)
    assert lines(graph, EdgeKind.EGRESS) == {
        ("spoke.nodeSubnet", "hub.firewall"),
        ("hub.firewall", "internet"),
    }
    assert lines(graph, EdgeKind.ROUTE) == {
        ("spoke.ingressSubnet", "hub.firewall"),
        ("spoke.endpointSubnet", "hub.firewall"),
        ("hub.sharedSubnet", "hub.firewall"),
    }
    first, *_ = graph.egress
    assert (first.subnets, first.host) == (("spoke.nodeSubnet",), "mcr.microsoft.com")
    assert [hop.role for hop in first.hops] == [
        "outbound rules",
        "route",
        "firewall rule",
        "firewall",
    ]


def test_a_way_past_the_firewall_is_drawn_and_marked(site, draw):
    wrong = site.set("spoke.routes[default]", nextHopType="Internet").drop(
        "spoke.routes[default]", "nextHopIpAddress"
    )
    graph = draw(wrong)
    assert ("spoke.nodeSubnet", "internet") in lines(graph, EdgeKind.EGRESS)
    nodes = group(graph, "spoke.nodeSubnet").id
    (mark,) = [m for m in graph.marks if m.proof == "egress" and nodes in m.marked][:1]
    assert (nodes, INTERNET) in mark.edges
    assert mark.certain


def test_a_cluster_that_reaches_nothing_has_no_way(catalog: Catalog):
    (desired,) = load_pages("AzureCloud", catalog, PAGES["isolated-aks"])
    graph = draw_graph(desired, catalog, lambda: pytest.fail("asked Azure"), StateKind.DESIRED)
    assert not lines(graph, EdgeKind.EGRESS) | lines(graph, EdgeKind.ROUTE)
    assert node(graph, "internet").details == ("no subnet reaches it",)
    nodes = group(graph, "network.nodeSubnet")
    assert nodes.details == ("10.8.0.0/18", "0.0.0.0/0 is dropped: no egress")


def test_a_hub_that_nobody_read_is_named(catalog: Catalog):
    (desired,) = load_pages("AzureCloud", catalog, PAGES["spoke-aks"])
    graph = draw_graph(desired, catalog, lambda: pytest.fail("asked Azure"), StateKind.DESIRED)
    hub = group(graph, "shared.network")
    assert (hub.kind, hub.details[0]) == (GroupKind.HUB, "not read")
    assert node(graph, "shared.firewall").details == ("not read",)
    assert ("spoke.nodeSubnet", "shared.firewall") in lines(graph, EdgeKind.ROUTE)
    assert node(graph, "internet").details == ()


def test_an_api_server_stands_in_its_own_subnet(catalog: Catalog):
    (desired,) = load_pages("AzureCloud", catalog, PAGES["vnet-integrated-aks"])
    graph = draw_graph(desired, catalog, lambda: pytest.fail("asked Azure"), StateKind.DESIRED)
    (server,) = [n for n in graph.nodes if n.kind is NodeKind.API_SERVER]
    assert server.group == group(graph, "spoke.apiServer").id
    assert server.details == ("in its own subnet",)


def test_a_public_api_server_is_reached_from_the_internet(site, draw):
    graph = draw(site.set("cluster.cluster", apiServerAccessProfile={}))
    assert lines(graph, EdgeKind.API_SERVER) == {("internet", "cluster.cluster")}
    assert "public API server" in node(graph, "cluster.cluster").details


def test_services_stand_behind_their_endpoints(site, draw):
    assert lines(draw(site), EdgeKind.PRIVATE_ENDPOINT) == {
        ("vault.endpoint", "vault.vault"),
        ("registry.endpoint", "registry.registry"),
    }
    elsewhere = f"{site.resource('vault.vault').id.text}-theirs"
    connection = {"properties": {"privateLinkServiceId": elsewhere, "groupIds": ["vault"]}}
    graph = draw(site.set("vault.endpoint", privateLinkServiceConnections=[connection]))
    (theirs,) = [n for n in graph.nodes if n.kind is NodeKind.SERVICE]
    assert (theirs.id, theirs.details) == (elsewhere.lower(), ("not read",))
    assert not theirs.declared


def test_services_of_others_that_nothing_leads_to_are_left_out(site, draw):
    vaults = site.resource("vault.vault").type
    names = {n.name for n in draw(site.put(vaults, "kv-theirs", "vault.vault", None)).nodes}
    assert "kv-theirs" not in names


def test_peerings_are_one_line_and_say_which_side_is_missing(site, draw):
    whole = [e for e in draw(site).edges if e.kind is EdgeKind.PEERING]
    assert [edge.words for edge in whole] == ["spoke.fromHub and spoke.toHub"]
    (half,) = [e for e in draw(site.remove("spoke.fromHub")).edges if e.kind is EdgeKind.PEERING]
    assert half.words == "spoke.toHub; the other side is missing or was not read"


def test_networks_of_others_are_drawn_without_what_is_in_them(site, draw):
    theirs = site.put(VNET, "vnet-theirs", "hub.network", None).put(
        VNET, "vnet-far", "hub.network", None
    )
    hub = theirs.resource("hub.network").id
    remote = ResourceId(VNET, ("vnet-theirs",), hub.scope)
    other = {"remoteVirtualNetwork": {"id": remote.text}}
    unread = {"remoteVirtualNetwork": {"id": f"{remote.text}-unread"}}
    site = theirs.add("hub.network", PEERING, "to-theirs", **other)
    graph = draw(site.add("hub.network", PEERING, "to-unread", **unread))
    assert not group(graph, "vnet-theirs").declared
    assert group(graph, "vnet-theirs-unread").details[0] == "not read"
    assert "vnet-far" not in {g.name for g in graph.groups}


def test_a_gateway_leads_to_what_is_on_premises(site, draw):
    place = {"id": site.resource("hub.sharedSubnet").id.text}
    settings = [{"properties": {"subnet": place}}]
    gateway = site.put(
        GATEWAY, "vgw", "hub.firewall", "gw", gatewayType="Vpn", ipConfigurations=settings
    )
    ranges = {"addressPrefixes": ["10.200.0.0/16", "10.100.0.0/16"]}
    graph = draw(
        gateway.put(LOCAL_GATEWAY, "lgw", "hub.firewall", "l", localNetworkAddressSpace=ranges)
    )
    assert lines(graph, EdgeKind.GATEWAY) == {("gw", "on-premises")}
    assert node(graph, ON_PREMISES).details == ("10.100.0.0/16", "10.200.0.0/16")
    assert node(graph, "gw").group == group(graph, "hub.sharedSubnet").id


def test_a_resolver_and_an_unlinked_zone_are_drawn(site, draw):
    inside = {"subnet": {"id": site.resource("hub.sharedSubnet").id.text}}
    settings = [{**inside, "privateIpAddress": "10.0.0.140"}]
    resolver = site.put(RESOLVER, "dnspr", "hub.network", "dns")
    graph = draw(
        resolver.add("dns", f"{RESOLVER}/inboundEndpoints", "in", ipConfigurations=settings)
    )
    assert node(graph, "dns[in]").details == ("10.0.0.140",)
    links = [r for r in site.estate.of_type(LINK) if r.id.key.find("vaultcore") > 0]
    for link in links:
        site = site.remove(link.label)
    zone = next(n for n in draw(site).nodes if n.kind is NodeKind.ZONE and "vault" in n.name)
    assert zone.details == ()


def test_pods_and_public_nodes_are_told(site, draw):
    pods = site.resource("spoke.ingressSubnet").id.text
    graph = draw(site.set("cluster.pools[apps]", podSubnetID=pods, enableNodePublicIP=True))
    details = node(graph, "cluster.pools[apps]").details
    assert details[1:] == ("pods in snet-ingress", "nodes have public addresses")


def test_who_signs_in_and_where_logs_go(site, draw):
    graph = draw(site)
    assert lines(graph, EdgeKind.IDENTITY) == {
        ("cluster.cluster", "identities.cluster"),
        ("cluster.cluster", "identities.kubelet"),
    }
    assert ("hub.firewall", "monitoring.workspace") in lines(graph, EdgeKind.LOGS)


def test_a_peering_that_forwards_nothing_is_marked(site, draw):
    graph = draw(site.set("spoke.toHub", allowForwardedTraffic=False))
    (spoke, hub) = group(graph, "spoke.network").id, group(graph, "hub.network").id
    assert any((spoke, hub) in mark.edges for mark in graph.marks)


def test_a_rule_is_marked_where_it_applies(site, draw):
    graph = draw(
        site.add(
            "spoke.nodeRules",
            f"{NETWORK}/networkSecurityGroups/securityRules",
            "ssh",
            priority=101,
            direction="Inbound",
            access="Allow",
            protocol="Tcp",
            sourceAddressPrefix="Internet",
            sourcePortRange="*",
            destinationAddressPrefix="*",
            destinationPortRange="22",
        )
    )
    marks = [mark for mark in graph.marks if mark.proof == "inbound"]
    assert [mark.element for mark in marks] == ["spoke.nodeRules[ssh]"]
    assert marks[0].marked == (group(graph, "spoke.nodeSubnet").id,)


def draw_text(text: str, catalog: Catalog) -> GraphDocument:
    desired = compose_small(text, catalog)
    return draw_graph(desired, catalog, lambda: pytest.fail("asked Azure"), StateKind.DESIRED)


FRONT = """\
pip:
  type: Microsoft.Network/publicIPAddresses
  resourceGroup: main
  name: pip
  sku: {name: Standard}
  properties: {publicIPAllocationMethod: Static}
agw:
  type: Microsoft.Network/applicationGateways
  resourceGroup: main
  name: agw
  properties:
    sku: {name: WAF_v2, tier: WAF_v2, capacity: 2}
    gatewayIPConfigurations: [{name: g, properties: {subnet: {id: "SUBNET"}}}]
    frontendIPConfigurations:
      - {name: out, properties: {publicIPAddress: {id: "${pip.id}"}}}
      - {name: unheard, properties: {publicIPAddress: {id: "${pip.id}"}}}
    httpListeners:
      - name: web
        properties: {frontendIPConfiguration: {id: "GATEWAY/frontendIPConfigurations/out"}}
lb:
  type: Microsoft.Network/loadBalancers
  resourceGroup: main
  name: lb
  sku: {name: Standard}
  properties:
    frontendIPConfigurations: [{name: pub, properties: {publicIPAddress: {id: "${pip.id}"}}}]
    backendAddressPools: [{name: pool}]
    loadBalancingRules:
      - name: web
        properties:
          frontendIPConfiguration: {id: "BALANCER/frontendIPConfigurations/pub"}
          backendAddressPool: {id: "BALANCER/backendAddressPools/pool"}
          protocol: Tcp
          frontendPort: 443
          backendPort: 443
"""


def test_what_answers_the_internet_is_drawn_in_a_plain_network(catalog: Catalog) -> None:
    text = network("vnet", "10.0.0.0/16", web="addressPrefix: 10.0.0.0/24") + FRONT.replace(
        "SUBNET", subnet_id("vnet", "web")
    ).replace("GATEWAY", f"{PROVIDER}/applicationGateways/agw").replace(
        "BALANCER", f"{PROVIDER}/loadBalancers/lb"
    )
    graph = draw_text(text, catalog)

    assert group(graph, "vnet").kind is GroupKind.NETWORK
    gateway = node(graph, "agw")
    assert (gateway.kind, gateway.details) == (
        NodeKind.APPLICATION_GATEWAY,
        ("WAF_v2", "public frontend out"),
    )
    assert gateway.group == group(graph, "vnet[web]").id
    assert node(graph, "lb").kind is NodeKind.LOAD_BALANCER
    assert lines(graph, EdgeKind.INGRESS) == {("internet", "agw"), ("internet", "lb")}


@pytest.mark.parametrize(
    ("spokes", "hubs"), [((), set()), (("one",), set()), (("one", "two"), {"core"})]
)
def test_a_network_that_several_are_peered_with_is_a_hub(
    catalog: Catalog, spokes: tuple[str, ...], hubs: set[str]
) -> None:
    texts = [network("core", "10.0.0.0/16")]
    for number, name in enumerate(spokes, 1):
        texts += [
            network(name, f"10.{number}.0.0/16"),
            peering("core", name),
            peering(name, "core"),
        ]
    graph = draw_text("".join(texts), catalog)

    assert {g.name for g in graph.groups if g.kind is GroupKind.HUB} == hubs
