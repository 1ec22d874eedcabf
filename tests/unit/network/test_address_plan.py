"""The address plan: what it says of an environment, and each mistake in it with its arithmetic."""

import ipaddress
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.catalog.node_pools import count_surge
from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import Severity
from provisioner.model.ranges import RangeIndex, free_ranges, overlap, overlapping
from provisioner.network.addresses.checks import check_addresses
from provisioner.network.addresses.plan import read_address_plan
from provisioner.network.addresses.subnet_checks import describe_demands
from provisioner.plan.estates import desired_estate
from tests.environments import compose_small
from tests.unit.network.networks import (
    OVERLAY,
    PROVIDER,
    RANGES,
    cluster,
    endpoint,
    host,
    network,
    peering,
    pool,
    routes,
    site,
    subnet_id,
)

AKS = "Microsoft.ContainerService/managedClusters"
TO_AKS = f"delegations: [{{name: aks, properties: {{serviceName: {AKS}}}}}]"
TO_SQL = "delegations: [{name: sql, properties: {serviceName: Microsoft.Sql/managedInstances}}]"
NSG = f'networkSecurityGroup: {{id: "{PROVIDER}/networkSecurityGroups/nsg"}}'
TABLE = f'routeTable: {{id: "{PROVIDER}/routeTables/rt"}}'
FLAT = "networkPlugin: azure, serviceCidr: 100.127.0.0/20, dnsServiceIP: 100.127.0.10"
KUBENET = f"networkPlugin: kubenet, {RANGES}"


def estate(catalog, *resources):
    return desired_estate(compose_small("".join(resources), catalog).graph, catalog)


def prefix(text):
    return f"addressPrefix: {text}"


def nodes(text="10.0.0.0/24", more=""):
    return network("vnet", "10.0.0.0/16", nodes=f"{prefix(text)}{', ' if more else ''}{more}")


def vnet(**subnets):
    return network("vnet", "10.0.0.0/16", nodes=prefix("10.0.0.0/24"), **subnets)


def api_server(subnet):
    return (
        f'apiServerAccessProfile: {{enableVnetIntegration: true, subnetId: "{subnet}"}}',
    )  # fmt: skip


def pods(more=""):
    return f'podSubnetID: "{subnet_id("vnet", "pods")}"{", " if more else ""}{more}'


def row(name, reason, resources, code, *words):
    severity = "error" if code == "overlapping-networks" else "warning"
    return pytest.param(resources, code, words, severity, id=f"{name}: {reason}")


HUBS = (network("hub", "10.0.0.0/22"), network("spoke1", "10.1.0.0/16"))

WRONG = [
    # Networks and subnets
    # Between networks
    row("apart", "networks that do not meet may, and can never meet",
        [network("spoke1", "10.1.0.0/16"), network("spoke2", "10.1.0.0/16")], "repeated-space",
        "can never be connected"),
    row("site", "what is on premises is not reached from a network that has it too",
        [network("vnet", "10.0.0.0/16"), site("office", "10.0.4.0/22")], "overlapping-site",
        "1,024 addresses"),
    row("site of pods", "pods must not overlap on-premises ranges",
        [vnet(), cluster(), site("office", "100.64.4.0/22")], "overlapping-site", "pods cannot"),
    # Inside of clusters
    row("pods in the network", "AKS refuses it",
        [vnet(), cluster(profile=f"{OVERLAY}, podCidr: 10.0.0.0/16, serviceCidr: 100.127.0.0/20, "
                         "dnsServiceIP: 100.127.0.10")],
        "overlapping-cluster", "the pod range of aks, is also the address space of vnet"),
    row("default services", "who states no range gets 10.0.0.0/16",
        [vnet(), cluster(profile=f"{OVERLAY}, podCidr: 100.64.0.0/16")], "overlapping-cluster",
        "10.0.0.0/16, the service range of aks"),
    row("default pods", "who states no range gets 10.244.0.0/16",
        [network("vnet", "10.244.0.0/20", nodes=prefix("10.244.0.0/24")),
         cluster(profile=f"{OVERLAY}, serviceCidr: 100.127.0.0/20, dnsServiceIP: 100.127.0.10")],
        "overlapping-cluster", "10.244.0.0/16, the pod range of aks"),
    row("services and a peer", "pods could not reach the peer",
        [vnet(), network("hub", "100.127.0.0/22"), peering("vnet", "hub"), cluster()],
        "overlapping-cluster", "is connected with it"),
    row("services and a spoke of the hub", "traffic between spokes passes the hub",
        [vnet(), *HUBS[:1], network("spoke2", "100.127.0.0/22"),
         peering("vnet", "hub"), peering("spoke2", "hub"), cluster()],
        "overlapping-cluster", "100.127.0.0/22, the address space of spoke2"),
    row("services and a network elsewhere", "pods could never reach it",
        [vnet(), network("spoke2", "100.127.0.0/22"), cluster()], "hidden-network",
        ),
    row("reserved for AKS", "the nodes use it",
        [vnet(), cluster(profile=f"{OVERLAY}, podCidr: 172.30.0.0/18, serviceCidr: 100.127.0.0/20, "
                         "dnsServiceIP: 100.127.0.10")],
        "reserved-range", "172.30.0.0/16"),
    row("holds what is reserved", "a superset is refused, too",
        [vnet(), cluster(profile=f"{OVERLAY}, podCidr: 100.64.0.0/16, serviceCidr: 172.16.0.0/12, "
                         "dnsServiceIP: 172.16.0.10")],
        "reserved-range", "172.16.0.0/12, the service range of aks, holds 172.30.0.0/16"),
    row("network with nodes", "nor may the network of a cluster",
        [network("vnet", "172.31.0.0/16", nodes=prefix("172.31.0.0/24")), cluster()],
        "reserved-range", "the address space of vnet"),
    row("kubenet twice", "both clusters have routes to their pods in one network",
        [vnet(), cluster(profile=KUBENET), cluster(name="two", profile=KUBENET)],
        "overlapping-cluster", "have routes"),
    row("large services", "a service range is smaller than a /12",
        [vnet(), cluster(profile=f"{OVERLAY}, podCidr: 100.64.0.0/16, serviceCidr: 96.0.0.0/12, "
                         "dnsServiceIP: 96.0.0.10")],
        "large-service-range", "96.0.0.0/12 has 1,048,576 addresses"),
    # Sizes
    row("flat", "a node takes an address for each pod that it can have",
        [vnet(), cluster(pool(nodes=10, more="maxPods: 110, upgradeSettings: {maxSurge: 33%}"),
                         profile=FLAT)],
        "small-subnet", "1 pool of at most 10 nodes, 33% surge = 14 nodes",
        "14 + 14 x 110 = 1,554; 1,554 addresses are needed",
        "a /24 has 251 (256 less the 5 that Azure reserves)",
        "A /21 has 2,043. 10.0.8.0/21 is free in vnet."),
    row("flat by default", "30 pods a node, 10% surge",
        [vnet(), cluster(pool(nodes=8), profile=FLAT)], "small-subnet",
        "10% surge = 9 nodes; 9 + 9 x 30 = 279"),
    row("flat, several pools", "the surge of each pool is rounded up",
        [vnet(), cluster(pool(nodes=2), pool("apps", 4, more="maxPods: 50"), profile=FLAT)],
        "small-subnet",
        "2 pools of at most 6 nodes in all, 10% surge rounded up for each = 8 nodes",
        "8 + 3 x 30 + 5 x 50 = 348"),
    row("autoscaled", "the most counts, not the present number",
        [vnet(), cluster(pool(nodes=1, more="enableAutoScaling: true, minCount: 1, maxCount: 20"),
                         profile=FLAT)],
        "small-subnet", "at most 20 nodes"),
    row("overlay", "a node takes one address, and its upgrade another",
        [nodes("10.0.0.0/27"), cluster(pool(nodes=25))], "small-subnet",
        "10% surge = 28 nodes; 28 addresses are needed, a /27 has 27 (32 less the 5"),
    row("private link", "the API server's endpoint stands among the nodes",
        [nodes("10.0.0.0/29"), cluster(pool(nodes=2), more=(
            "apiServerAccessProfile: {enablePrivateCluster: true}",))],
        "small-subnet", "1 for private endpoints; 4 addresses are needed, a /29 has 3"),
    row("two clusters", "a subnet is for all that is in it",
        [nodes("10.0.0.0/28"), cluster(pool(nodes=5)),
         cluster(pool(nodes=5), name="two", profile=f"{OVERLAY}, {RANGES}")],
        "small-subnet", "two: 1 pool of at most 5 nodes", "12 addresses are needed"),
    row("pod range", "each node takes a /24 of it",
        [nodes("10.0.0.0/22"), cluster(pool(nodes=100), profile=f"{OVERLAY}, "
         "podCidr: 100.64.0.0/18, serviceCidr: 100.127.0.0/20, dnsServiceIP: 100.127.0.10")],
        "small-pod-range", "110 nodes; each takes a /24 of the pod range: 110 x 256 = 28,160",
        "100.64.0.0/18 has 16,384, enough for 64 nodes", "A /17 is enough for 128 nodes."),
    row("pod range below a node's", "not one node fits",
        [vnet(), cluster(profile=f"{OVERLAY}, podCidr: 100.64.0.0/25, "
         "serviceCidr: 100.127.0.0/20, dnsServiceIP: 100.127.0.10")],
        "small-pod-range", "enough for 0 nodes"),
    row("kubenet's pod range", "it hands out a /24 for each node as well",
        [vnet(), cluster(pool(nodes=5), profile="networkPlugin: kubenet, podCidr: 100.64.0.0/22, "
         "serviceCidr: 100.127.0.0/20, dnsServiceIP: 100.127.0.10")],
        "small-pod-range", "enough for 4 nodes"),
    row("pod subnet", "a node that starts takes 16 addresses of it",
        [vnet(pods=prefix("10.0.1.0/27")), cluster(pool(nodes=3, more=pods()), profile=FLAT)],
        "small-subnet", "4 x 7 batches of 16 for 110 pods = 448; 64 addresses are needed",
        "a /27 has 27"),
    row("full pod subnet", "pods can come to need more than there are",
        [vnet(pods=prefix("10.0.1.0/24")), cluster(pool(nodes=3, more=pods()), profile=FLAT)],
        "tight-subnet", "448 addresses are needed when every node is full of pods",
        ),
    row("static blocks", "they are taken when a node is made",
        [vnet(pods=prefix("10.0.1.0/24")),
         cluster(pool(nodes=3, more=pods("podIPAllocationMode: StaticBlock")), profile=FLAT)],
        "small-subnet", "448 addresses are needed"),
    row("two networks", "all pools of a cluster are in one",
        [vnet(), network("other", "10.1.0.0/16", nodes=prefix("10.1.0.0/24")),
         cluster(pool(), pool("apps", subnet="other/nodes"))],
        "several-networks", "in 2 networks, vnet and other"),
    row("long names", "a label of a node holds 63 characters",
        [network("vnet", "10.0.0.0/16", **{"n" * 64: prefix("10.0.0.0/24")}),
         cluster(pool(subnet=f"vnet/{'n' * 64}"))],
        "long-name", "has 64 characters"),
    row("auto-provisioning", "how many nodes there will be is not known",
        [vnet(), cluster(more=("nodeProvisioningProfile: {mode: Auto}",))], "unknown-nodes",
        ),
    # Subnets that are for one service
    row("firewall", "a /26 at least",
        [network("vnet", "10.0.0.0/16", AzureFirewallSubnet=prefix("10.0.0.0/27"))],
        "small-subnet", "a /27 has 32 addresses; AzureFirewallSubnet needs a /26 or larger, 64"),
    row("firewall's delegation", "its subnet takes none",
        [network("vnet", "10.0.0.0/16", AzureFirewallSubnet=f"{prefix('10.0.0.0/26')}, {TO_SQL}")],
        "delegation-refused", "Microsoft.Sql/managedInstances"),
    row("firewall's company", "its subnet is for it alone",
        [network("vnet", "10.0.0.0/16", AzureFirewallSubnet=prefix("10.0.0.0/26")),
         endpoint("pe", "vnet/AzureFirewallSubnet")],
        "shared-subnet", "for one service alone"),
    row("management's size", "a /26 at least",
        [network("vnet", "10.0.0.0/16", AzureFirewallManagementSubnet=prefix("10.0.0.0/27"))],
        "small-subnet", "AzureFirewallManagementSubnet needs a /26"),
    row("management's route", "it goes to the internet, or nowhere",
        [network("vnet", "10.0.0.0/16",
                 AzureFirewallManagementSubnet=f"{prefix('10.0.0.0/26')}, {TABLE}"),
         routes("rt", "0.0.0.0/0", "VirtualNetworkGateway")],
        "default-route-refused", "only Internet may be there"),
    row("Bastion", "a /26 at least",
        [network("vnet", "10.0.0.0/16", AzureBastionSubnet=prefix("10.0.0.0/27"))],
        "small-subnet", "AzureBastionSubnet needs a /26"),
    row("gateway", "a /27 at least",
        [network("vnet", "10.0.0.0/16", GatewaySubnet=prefix("10.0.0.0/28"))],
        "small-subnet", "GatewaySubnet needs a /27 or larger, 32"),
    row("gateway's route", "none for all addresses",
        [network("vnet", "10.0.0.0/16", GatewaySubnet=f"{prefix('10.0.0.0/27')}, {TABLE}"),
         routes("rt", "0.0.0.0/0", "Internet")],
        "default-route-refused", "rt[default] sends 0.0.0.0/0 of GatewaySubnet to Internet"),
    row("route server", "a /27 at least",
        [network("vnet", "10.0.0.0/16", RouteServerSubnet=prefix("10.0.0.0/28"))],
        "small-subnet", "RouteServerSubnet needs a /27"),
    # Subnets of clusters
    row("delegated nodes", "AKS takes no delegated subnet for them",
        [nodes(more=TO_SQL), cluster()], "delegation-refused", "a subnet with nodes"),
    row("delegated endpoints", "Azure makes no private endpoint there",
        [network("vnet", "10.0.0.0/16", data=f"{prefix('10.0.0.0/24')}, {TO_SQL}"),
         endpoint("pe", "vnet/data")],
        "delegation-refused", "a subnet with private endpoints"),
    row("API server's delegation", "its subnet is AKS's",
        [vnet(api=prefix("10.0.1.0/28")), cluster(more=api_server(subnet_id("vnet", "api")))],
        "delegation-missing", "this one is delegated to nothing"),
    row("API server's size", "a /28 at least",
        [vnet(api=f"{prefix('10.0.1.0/29')}, {TO_AKS}"),
         cluster(more=api_server(subnet_id("vnet", "api")))],
        "small-subnet", "a /29 has 8 addresses; the API server of aks needs a /28 or larger, 16"),
    row("API servers' size", "each takes 9 addresses",
        [vnet(api=f"{prefix('10.0.1.0/28')}, {TO_AKS}"),
         cluster(more=api_server(subnet_id("vnet", "api"))),
         cluster(name="two", more=api_server(subnet_id("vnet", "api")))],
        "small-subnet", "9 for the API server of each of 2 clusters = 18; 18 addresses are needed"),
    row("API server's company", "its subnet is for API servers alone",
        [nodes(more=TO_AKS), cluster(more=api_server(subnet_id("vnet", "nodes")))],
        "shared-subnet", "nodes of aks are in the subnet of an API server"),
    row("pods among nodes", "pods have a subnet of their own",
        [nodes("10.0.0.0/20"),
         cluster(pool(more=f'podSubnetID: "{subnet_id("vnet", "nodes")}"'), profile=FLAT)],
        "shared-subnet", "the subnet of pods"),
]  # fmt: skip


@pytest.mark.parametrize(("resources", "code", "words", "severity"), WRONG)
def test_a_mistake_is_told_with_its_place_and_arithmetic(catalog, resources, code, words, severity):
    found = [d for d in check_addresses(estate(catalog, *resources)) if d.code == code]

    assert found, check_addresses(estate(catalog, *resources))
    told = [str(d) for d in found if all(word in str(d) for word in words)]
    assert told, [str(d) for d in found]
    assert {d.severity for d in found} == {Severity(severity)}
    assert all(d.span is not None and d.span.file == "blueprint.yaml" for d in found)
    assert all(d.hint for d in found)


def fine(name, *resources):
    return pytest.param(resources, id=name)


RIGHT = [
    fine("a hub, two spokes and a cluster", *HUBS, vnet().replace("10.0.", "10.7."),
         peering("spoke1", "hub"), peering("vnet", "hub"), cluster()),
    fine("the same pods and services in two clusters: seen nowhere outside",
         vnet(), cluster(), cluster(name="two")),
    fine("a subnet that is exactly large enough",
         nodes("10.0.0.0/27"), cluster(pool(nodes=24))),
    fine("a flat subnet that is exactly large enough: 8 + 8 x 30 = 248 of 251",
         vnet(), cluster(pool(nodes=7), profile=FLAT)),
    fine("pods with a subnet of their own, delegated as AKS does it",
         vnet(pods=f"{prefix('10.0.8.0/21')}, {TO_AKS}"),
         cluster(pool(more=pods()), profile=FLAT)),
    fine("an API server in a /28 of its own",
         vnet(api=f"{prefix('10.0.1.0/28')}, {TO_AKS}"),
         cluster(more=api_server(subnet_id("vnet", "api")))),
    fine("the subnets of a hub",
         network("vnet", "10.0.0.0/16", AzureFirewallSubnet=f"{prefix('10.0.0.0/26')}, {TABLE}",
                 AzureFirewallManagementSubnet=f"{prefix('10.0.0.64/26')}, {TABLE}",
                 AzureBastionSubnet=f"{prefix('10.0.0.128/26')}, {NSG}",
                 GatewaySubnet=prefix("10.0.0.192/27")),
         routes("rt", "0.0.0.0/0", "Internet"),
         host("azureFirewalls", "fw", "vnet/AzureFirewallSubnet"),
         host("bastionHosts", "jump", "vnet/AzureBastionSubnet"),
         host("virtualNetworkGateways", "gw", "vnet/GatewaySubnet")),
    fine("a gateway's route to one network",
         network("vnet", "10.0.0.0/16", GatewaySubnet=f"{prefix('10.0.0.0/27')}, {TABLE}"),
         routes("rt", "10.9.0.0/16", "VirtualAppliance")),
    fine("two ranges of a network side by side", network("vnet", "10.0.0.0/17", "10.0.128.0/17")),
    fine("a default route to a site", network("vnet", "10.0.0.0/16"), site("office", "0.0.0.0/0")),
    fine("IPv4 and IPv6", network("vnet", "10.0.0.0/16", "fd00:1::/48",
         both="addressPrefixes: [10.0.0.0/24, 'fd00:1::/64']")),
    fine("a cluster in a network of AKS", cluster(
        "{name: system, mode: System, vmSize: Standard_D4ds_v5, count: 3}")),
]  # fmt: skip


@pytest.mark.parametrize("resources", RIGHT)
def test_what_can_be_is_not_refused(catalog, resources):
    assert check_addresses(estate(catalog, *resources)) == ()


def test_the_place_is_that_of_the_resource(catalog):
    (told,) = check_addresses(
        estate(catalog, network("spoke1", "10.0.0.0/8"), network("spoke2", "10.0.0.0/8"))
    )

    assert str(told.span) == "blueprint.yaml:14:3"


def others(catalog, **environments):
    return {name: estate(catalog, *resources) for name, resources in environments.items()}


def elsewhere(text):
    """The same text for another environment: other names, so other ids."""
    return text.replace("vnet", "remote")


@pytest.mark.parametrize(
    ("ours", "theirs", "severity", "code", "words"),
    [
        pytest.param(
            [network("vnet", "10.0.0.0/16")], [network("remote", "10.0.4.0/24")],
            "warning", "repeated-space", "10.0.4.0/24, the address space of remote in dev",
            id="the same range in two environments: they can never be connected",
        ),
        pytest.param(
            [network("vnet", "10.0.0.0/16"), peering("vnet", "remote")],
            [network("remote", "10.0.4.0/24")],
            "error", "overlapping-networks", "the networks are peered",
            id="peered across environments: Azure refuses it",
        ),
        pytest.param(
            [network("vnet", "10.0.0.0/16"), peering("vnet", "hub")],
            [network("hub", "10.9.0.0/22"), network("remote", "10.0.4.0/24"),
             peering("hub", "remote")],
            "error", "overlapping-networks", "both are peered with hub",
            id="peered with the hub of another environment, which has such a spoke",
        ),
        pytest.param(
            [vnet(), cluster()], [network("remote", "100.64.0.0/20")],
            "warning", "hidden-network", "pods could never reach it",
            id="the pods of one in the network of the other",
        ),
    ],
)  # fmt: skip
def test_environments_of_a_directory_are_compared(catalog, ours, theirs, severity, code, words):
    (told,) = check_addresses(estate(catalog, *ours), others(catalog, dev=theirs))

    assert (told.severity, told.code) == (Severity(severity), code)
    assert words in told.message
    assert "dev" in told.message


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param([vnet(), cluster()], [network("remote", "10.1.0.0/16"), cluster(name="two")],
                     id="the same pods in two environments: seen nowhere outside"),
        pytest.param([network("hub", "10.0.0.0/22")], [network("hub", "10.0.0.0/22")],
                     id="the same network in two environments: one has it, one refers to it"),
        pytest.param([network("vnet", "10.0.0.0/16")],
                     [network("spoke1", "10.1.0.0/16"), network("spoke2", "10.1.0.0/16")],
                     id="what is wrong in another environment alone is told there"),
    ],
)  # fmt: skip
def test_what_environments_may_share(catalog, ours, theirs):
    assert check_addresses(estate(catalog, *ours), others(catalog, dev=theirs)) == ()


def test_what_a_subnet_needs_and_what_is_left(catalog):
    plan = read_address_plan(
        estate(catalog, vnet(), cluster(pool(nodes=5), profile=FLAT), endpoint("pe", "vnet/nodes"))
    )
    (found,) = next(iter(plan.networks.values())).subnets

    assert (found.usable, found.needed) == (251, 6 + 6 * 30 + 1)


@pytest.mark.parametrize(
    ("text", "nodes", "surge"),
    [
        pytest.param("33%", 10, 4, id="a share is rounded up"),
        pytest.param("10%", 1, 1, id="to one node at least"),
        pytest.param("50%", 4, 2, id="exactly"),
        pytest.param("2", 10, 2, id="a number is a number"),
        pytest.param("0", 10, 0, id="none, where nodes are taken away instead"),
        pytest.param("33%", 0, 0, id="an empty pool has none"),
    ],
)
def test_surge(text, nodes, surge):
    assert count_surge(text, nodes) == surge


V4 = st.builds(
    lambda address, prefix: ipaddress.ip_network((address, prefix), strict=False),
    st.integers(0, 2**32 - 1).map(lambda value: value & 0xFF00FFFF),
    st.integers(0, 32),
)
V6 = st.builds(
    lambda address, prefix: ipaddress.ip_network((address, prefix), strict=False),
    st.integers(0, 2**128 - 1).map(lambda value: value & ~(0xFFFF << 96)),
    st.integers(0, 128),
)
RANGES_OF_BOTH = st.lists(V4 | V6, max_size=30)


@given(RANGES_OF_BOTH)
def test_the_sweep_finds_what_all_pairs_find(ranges):
    numbered = list(enumerate(ranges))

    swept = [frozenset((a[0], b[0])) for a, b in overlapping(numbered, lambda item: item[1])]

    pairs = {
        frozenset((a, b))
        for (a, one), (b, other) in combinations(numbered, 2)
        if one.version == other.version and one.overlaps(other)
    }
    assert set(swept) == pairs
    assert len(swept) == len(pairs)


NEAR = st.builds(
    lambda version, address, short: ipaddress.ip_network(
        (2**28 + address, 32 - short) if version == 4 else (2**124 + address, 128 - short),
        strict=False,
    ),
    st.sampled_from((4, 6)),
    st.integers(0, 15),
    st.integers(0, 5),
)


@given(st.lists(NEAR | V4 | V6, max_size=12), NEAR | V4)
def test_a_lookup_finds_what_holds_a_range_and_what_it_holds(ranges, sought):
    numbered = list(enumerate(ranges))
    found = RangeIndex((one, number) for number, one in numbered).overlapping(sought)

    assert found == [(one, number) for number, one in numbered if overlap(one, sought)]


@given(st.lists(V4, max_size=12), V4)
def test_what_is_taken_and_what_is_free_make_up_the_whole(taken, space):
    free = free_ranges(space, taken)

    assert not any(overlap(one, other) for one in free for other in taken)
    assert not list(overlapping(free, lambda one: one))
    inside = ipaddress.collapse_addresses(
        one if one.prefixlen > space.prefixlen else space for one in taken if overlap(one, space)
    )
    total = sum(one.num_addresses for one in (*free, *inside))
    assert total == space.num_addresses


def application_gateway(scale: str) -> str:
    subnet = subnet_id("vnet", "nodes")
    return f"""\
agw:
  type: Microsoft.Network/applicationGateways
  resourceGroup: main
  name: agw
  properties:
    {scale}
    gatewayIPConfigurations: [{{name: g, properties: {{subnet: {{id: "{subnet}"}}}}}}]
    frontendIPConfigurations: [{{name: in, properties: {{subnet: {{id: "{subnet}"}}}}}}]
"""


RAW = f"""\
app:
  type: Contoso.Web/apps
  apiVersion: 2024-05-01
  resourceGroup: main
  name: app
  location: westeurope
  properties: {{network: {{subnet: "{subnet_id("vnet", "nodes")}"}}}}
"""


@pytest.mark.parametrize(
    ("resource", "needed", "arithmetic"),
    [
        pytest.param(
            application_gateway("sku: {name: WAF_v2, tier: WAF_v2, capacity: 2}"),
            3,
            "agw: 2 instances at most + 1 private frontend = 3",
            id="fixed",
        ),
        pytest.param(
            application_gateway(
                "sku: {name: WAF_v2, tier: WAF_v2}\n"
                "    autoscaleConfiguration: {minCapacity: 1, maxCapacity: 10}"
            ),
            11,
            "agw: 10 instances at most + 1 private frontend = 11",
            id="autoscaled",
        ),
        pytest.param(
            application_gateway(
                "sku: {name: WAF_v2, tier: WAF_v2}\n    autoscaleConfiguration: {minCapacity: 1}"
            ),
            None,
            "agw: instances without a stated most, and 1 private frontend",
            id="without a most: nobody knows how many",
        ),
        pytest.param(
            RAW, None, "app: azsec has no facts of Contoso.Web/apps", id="a type without facts"
        ),
    ],
)
def test_what_stands_in_a_subnet_is_counted_or_said_not_to_be(
    catalog: Catalog, resource: str, needed: int | None, arithmetic: str
) -> None:
    desired = compose_small(nodes("10.0.0.0/24") + resource, catalog)
    plan = read_address_plan(desired_estate(desired.graph, desired.catalog))

    (subnet,) = (s for network in plan.networks.values() for s in network.subnets)
    assert subnet.needed == needed
    assert describe_demands(subnet) == arithmetic
