"""The environments that come with azsec compose, and hold what they promise."""

import ipaddress
import itertools
from functools import lru_cache
from pathlib import Path

import pytest

from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.model.values import lookup, unknowns
from tests.environments import load_shipped

ROOT = Path(__file__).parents[3]
ENVIRONMENTS = sorted(path.stem for path in (ROOT / "environments").glob("*.yaml"))
CLOUDS = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")
SUBNET = "Microsoft.Network/virtualNetworks/subnets"
NETWORK = "Microsoft.Network/virtualNetworks"
ROLE = "Microsoft.Authorization/roleAssignments"
LOCK = "Microsoft.Authorization/locks"


@lru_cache(maxsize=1)
def catalog():
    return build_catalog(all_types(), read_schema_index(all_types()))


@lru_cache
def graph_of(name: str, cloud: str = "local") -> DesiredGraph:
    return load_shipped(name, catalog(), cloud).graph


def of_type(graph, name):
    return [resource for resource in graph if resource.type.name == name]


def before(graph, address):
    """Everything that a resource waits for, however far away."""
    found, pending = set(), [address]
    while pending:
        for edge in graph.resources[pending.pop()].edges:
            if edge.on not in found:
                found.add(edge.on)
                pending.append(edge.on)
    return found


def test_four_environments_are_shipped():
    assert ENVIRONMENTS == ["dev", "local", "prod", "staging"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_composes_to_a_graph_in_order(name):
    graph = graph_of(name)
    assert len(graph.ordered) == len(graph.resources) >= 60


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_blueprint_fits_every_cloud(cloud):
    """Defender for Cloud is not offered in China any more (guidelines.md §2.4)."""
    missing = graph_of("local").resources.keys() - graph_of("local", cloud).resources.keys()
    assert missing == ({"defender.containers"} if cloud == "AzureChinaCloud" else set())


ZONES = {
    "AzureCloud": "privatelink.westeurope.azmk8s.io",
    "AzureUSGovernment": "privatelink.westeurope.cx.aks.containerservice.azure.us",
    "AzureChinaCloud": "privatelink.westeurope.cx.prod.service.azk8s.cn",
}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_api_servers_zone_has_the_name_that_aks_demands(cloud):
    """guidelines.md §2.4"""
    assert graph_of("local", cloud).resources["dns.cluster.zone"].id.name == ZONES[cloud]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_host_of_another_cloud_is_let_through(cloud):
    suffix = {"AzureCloud": ".com", "AzureUSGovernment": ".us", "AzureChinaCloud": ".cn"}[cloud]
    rules = graph_of("local", cloud).resources["hub.applicationRules"].body
    collections = lookup(rules, ("properties", "ruleCollections"))
    hosts = {h for c in collections for rule in c["rules"] for h in rule.get("targetFqdns", [])}
    login = {host for host in hosts if host.startswith("login.")}
    assert len(login) == 1
    assert login.pop().endswith(suffix)


def test_no_two_environments_share_a_range_or_a_subscription():
    ranges = {
        (name, ipaddress.ip_network(text))
        for name in ENVIRONMENTS
        for network in of_type(graph_of(name), NETWORK)
        for text in lookup(network.body, ("properties", "addressSpace", "addressPrefixes"))
    }
    assert len(ranges) == 2 * len(ENVIRONMENTS)
    overlapping = [
        (one, other)
        for (_, one), (_, other) in itertools.combinations(ranges, 2)
        if one.overlaps(other)
    ]
    assert overlapping == []
    owners: dict[str, set[str]] = {}
    for name in ENVIRONMENTS:
        for resource in graph_of(name):
            owners.setdefault(resource.id.subscription, set()).add(name)
    assert all(len(names) == 1 for names in owners.values())


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_subnets_of_a_network_do_not_overlap(name):
    by_network: dict[str, list[ipaddress.IPv4Network]] = {}
    for subnet in of_type(graph_of(name), SUBNET):
        text = lookup(subnet.body, ("properties", "addressPrefix"))
        by_network.setdefault(subnet.id.parent.key, []).append(ipaddress.ip_network(text))
    assert len(by_network) == 2
    for ranges in by_network.values():
        assert not any(a.overlaps(b) for a, b in itertools.combinations(ranges, 2))


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_subnet_is_private_and_has_rules(name):
    for subnet in of_type(graph_of(name), SUBNET):
        properties = subnet.body["properties"]
        assert properties["defaultOutboundAccess"] is False, subnet.address
        assert "networkSecurityGroup" in properties or subnet.id.name == "AzureFirewallSubnet"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_way_out_and_the_roles_are_there_before_the_cluster(name):
    """guidelines.md §2.6: a cluster that comes up without them fails late."""
    graph = graph_of(name)
    waits_for = before(graph, "cluster.cluster")
    roles = {r.address for r in of_type(graph, ROLE) if r.address.endswith("Role")}
    assert len(roles) == 4
    assert (
        roles
        | {
            "hub.networkRules",
            "hub.applicationRules",
            "hub.firewall",
            "spoke.routes",
            "spoke.toHub",
            "spoke.fromHub",
            "dns.cluster.links[hub]",
            "dns.cluster.links[spoke]",
            "registry.puller",
            "governance.baseline",
        }
        <= waits_for
    )


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_lock_stands_where_it_would_stop_aks(name):
    """guidelines.md ENV-01.1"""
    locks = of_type(graph_of(name), LOCK)
    assert {lock.id.scope.type.rpartition("/")[2] for lock in locks} == {
        "privateDnsZones",
        "vaults",
        "registries",
        "storageAccounts",
        "workspaces",
    }
    assert all(lock.address != "dns.cluster.lock" for lock in locks)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_lock_comes_after_everything_that_stands_on_the_same_resource(name):
    """Deleting goes the other way round, and a lock also guards what is set on its scope."""
    graph = graph_of(name)
    for lock in of_type(graph, LOCK):
        beside = {r.address for r in graph if r is not lock and r.id.is_within(lock.id.scope)}
        assert beside <= before(graph, lock.address), lock.address


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_only_values_that_azure_generates_are_unknown(name):
    last = {
        path.rpartition(".")[2]
        for resource in graph_of(name)
        for unknown in unknowns(resource.body)
        for path in unknown.paths
    }
    assert last == {"clientId", "principalId", "privateIPAddress", "issuerURL"}


def test_ids_are_the_same_every_time():
    graph_of.cache_clear()
    one = [resource.id.text for resource in graph_of("local")]
    graph_of.cache_clear()
    assert [resource.id.text for resource in graph_of("local")] == one


NAMESPACE = "Microsoft.ContainerService/managedClusters/managedNamespaces"
ACTIONS = "Microsoft.ContainerService/managedClusters"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_namespace_lets_nothing_out_and_says_what_pods_may_be(name):
    """CLU-05.2, CLU-05.4, CLU-05.5"""
    for namespace in of_type(graph_of(name), NAMESPACE):
        properties = namespace.body["properties"]
        assert properties["defaultNetworkPolicy"]["egress"] == "DenyAll"
        assert len(properties["defaultResourceQuota"]) == 4
        enforced = properties["labels"]["pod-security.kubernetes.io/enforce"]
        assert enforced == "restricted"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_nobody_in_a_namespace_opens_a_shell_or_reads_secrets(name):
    """MAN-01, MAN-02, WRK-02.8: RBAC Writer, which does both, is no role at a namespace."""
    graph = graph_of(name)
    granted = {
        role.id.name: [
            action
            for permission in role.body["properties"]["permissions"]
            for action in (*permission["actions"], *permission["dataActions"])
        ]
        for role in of_type(graph, "Microsoft.Authorization/roleDefinitions")
    }
    verbs = ("read", "write", "delete")
    assert sorted(granted.values()) == [
        [f"{ACTIONS}/apps/deployments/{verb}" for verb in verbs],
        [f"{ACTIONS}/pods/read"],
    ]
    at_namespaces = {
        str(role.body["properties"]["roleDefinitionId"]).rpartition("/")[2]
        for role in of_type(graph, ROLE)
        if "/namespaces/" in role.id.text
    }
    reader = "7f6c6a51-bcf8-42ba-9220-52d62157d7db"
    assert at_namespaces == {reader, *granted}
