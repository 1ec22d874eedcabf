"""The proof of allowances, on the shipped blueprint with one thing changed."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from provisioner.model.estate import Estate
from provisioner.network.model.topology_elements import Opening
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.proofs.firewall_allowances import prove_allowances
from provisioner.network.proofs.proof import Proof, Verdict
from provisioner.plan.estates import desired_estate
from tests.environments import load_shipped

Change = Callable[[dict[str, Any]], None]
NODES = ["10.4.0.0/16"]


@pytest.fixture(scope="module")
def estate(catalog) -> Estate:
    return desired_estate(load_shipped("local", catalog).graph, catalog)


def prove(estate: Estate, address: str, change: Change, *openings: Opening, cloud="AzureCloud"):
    found = estate.at(address)
    assert found is not None, address
    body = deepcopy(dict(found.body))
    change(body["properties"])
    changed = Estate({**estate.resources, found.id.key: replace(found, body=body)})
    return prove_allowances(read_topology(changed, cloud, openings))


def told(proof: Proof) -> str:
    return "\n".join(f"{breach.element}: {breach.message}" for breach in proof.breaches)


def application_rule(name: str, **more: object) -> dict[str, object]:
    return {
        "ruleType": "ApplicationRule",
        "name": name,
        "sourceAddresses": NODES,
        "protocols": [{"protocolType": "Https", "port": 443}],
        **more,
    }


def network_rule(name: str, **more: object) -> dict[str, object]:
    return {
        "ruleType": "NetworkRule",
        "name": name,
        "sourceAddresses": NODES,
        "ipProtocols": ["TCP"],
        "destinationPorts": ["443"],
        **more,
    }


def adding(rule: dict[str, object]) -> Change:
    return lambda body: body["ruleCollections"][0]["rules"].append(rule)


def test_the_shipped_rules_are_exactly_what_the_cluster_needs(estate):
    proof = prove_allowances(read_topology(estate, "AzureCloud"))
    assert proof.verdict is Verdict.HOLDS, told(proof)


TOO_LITTLE = [
    ("nodes", "management.azure.com", "nodes cannot be made"),
    ("nodes", "*.data.mcr.microsoft.com", "images cannot be pulled"),
    ("policy", "store.policy.core.windows.net", "the add-on has no constraints"),
    ("monitor", "*.monitoring.azure.com", "logs go nowhere"),
    ("defender", "*.cloud.defender.microsoft.com", "the sensor is blind"),
]


@pytest.mark.parametrize(("rule", "host", "_reason"), TOO_LITTLE, ids=[r[2] for r in TOO_LITTLE])
def test_a_host_that_is_missing_is_named_with_who_needs_it(estate, rule, host, _reason):
    def remove(body):
        (found,) = [r for r in body["ruleCollections"][0]["rules"] if r["name"] == rule]
        found["targetFqdns"] = [name for name in found["targetFqdns"] if name != host]

    proof = prove(estate, "hub.applicationRules", remove)
    assert proof.verdict is Verdict.FAILS
    assert f"hub.firewallPolicy: hub.firewall denies {host} (tcp 443) to spoke." in told(proof)
    assert f"required by {rule} of cluster.cluster" in told(proof)


def test_a_denial_that_comes_first_is_to_blame(estate):
    def deny(body):
        rules = [network_rule("all", destinationAddresses=["*"])]
        collection = {"name": "shut", "priority": 50, "action": {"type": "Deny"}, "rules": rules}
        body["ruleCollections"].append(collection)

    proof = prove(estate, "hub.networkRules", deny)
    assert proof.verdict is Verdict.FAILS
    assert {breach.element for breach in proof.breaches} == {"hub.networkRules shut.all"}


TOO_MUCH = [
    (application_rule("x", targetFqdns=["example.com"]), "example.com (443)", "a host"),
    (application_rule("x", targetFqdns=["*"]), "* (443)", "every host"),
    (application_rule("x", targetFqdns=["*.microsoft.com"]), "*.microsoft.com", "a wider name"),
    (application_rule("x", webCategories=["News"]), "all addresses of News", "a category"),
    (application_rule("x", targetUrls=["example.com/pay"]), "example.com (443)", "a URL"),
    (
        application_rule("x", fqdnTags=["WindowsUpdate"]),
        "all addresses of WindowsUpdate",
        "another tag",
    ),
    (
        application_rule(
            "x",
            targetFqdns=["mcr.microsoft.com"],
            protocols=[{"protocolType": "Http", "port": 80}],
        ),
        "mcr.microsoft.com (80)",
        "a needed host on a port that nobody needs",
    ),
]


@pytest.mark.parametrize(("rule", "what", "_reason"), TOO_MUCH, ids=[r[2] for r in TOO_MUCH])
def test_what_nobody_needs_is_named(estate, rule, what, _reason):
    proof = prove(estate, "hub.applicationRules", adding(rule))
    assert proof.verdict is Verdict.FAILS
    assert f"hub.applicationRules clusters.x allows spoke.network to reach {what}" in told(proof)


NETWORK_RULES = [
    (network_rule("x", destinationAddresses=["*"]), "1.0.0.0/8", "everything"),
    (network_rule("x", destinationAddresses=["198.51.100.7"]), "198.51.100.7", "an address"),
    (
        network_rule("x", destinationAddresses=["AzureCloud"]),
        "all addresses of AzureCloud",
        "a tag",
    ),
    (network_rule("x", destinationFqdns=["example.com"]), "example.com (443)", "a host"),
    (
        network_rule("x", ipProtocols=["Any"], destinationFqdns=["mcr.microsoft.com"]),
        "mcr.microsoft.com",
        "every protocol",
    ),
    (
        {
            **network_rule("x", destinationAddresses=["198.51.100.7"]),
            "sourceAddresses": [],
            "sourceIpGroups": ["/subscriptions/s/resourceGroups/g/providers/a.b/ipGroups/other"],
        },
        "198.51.100.7",
        "sources that were not read may be the nodes",
    ),
]


@pytest.mark.parametrize(
    ("rule", "what", "_reason"), NETWORK_RULES, ids=[r[2] for r in NETWORK_RULES]
)
def test_network_rules_are_held_to_the_same(estate, rule, what, _reason):
    proof = prove(estate, "hub.networkRules", adding(rule))
    assert proof.verdict is Verdict.FAILS
    assert f"hub.networkRules networks.x allows spoke.network to reach {what}" in told(proof)


HARMLESS = [
    (application_rule("x", fqdnTags=["AzureKubernetesService"]), "holds what nodes need"),
    (application_rule("x", targetFqdns=["mcr.microsoft.com"]), "what is open already"),
    (application_rule("x", targetFqdns=["x.privatelink.azurecr.io"]), "a zone answers it"),
    ({**application_rule("x", targetFqdns=["a.b"]), "sourceAddresses": ["10.99.0.0/16"]}, "nobody"),
]


@pytest.mark.parametrize(("rule", "_reason"), HARMLESS, ids=[r[1] for r in HARMLESS])
def test_what_changes_nothing_is_no_breach(estate, rule, _reason):
    proof = prove(estate, "hub.applicationRules", adding(rule))
    assert proof.verdict is Verdict.HOLDS, told(proof)


def test_the_environment_may_open_a_host_on_a_port(estate):
    opening = Opening(("example.com",), (443,))
    rule = application_rule("x", targetFqdns=["example.com"])
    assert prove(estate, "hub.applicationRules", adding(rule), opening).verdict is Verdict.HOLDS
    rule["protocols"] = [{"protocolType": "Https", "port": 8443}]
    assert prove(estate, "hub.applicationRules", adding(rule), opening).verdict is Verdict.FAILS


def test_an_allowance_behind_a_denial_opens_nothing(estate):
    def shadow(body):
        rule = application_rule("x", targetFqdns=["example.com"])
        body["ruleCollections"][0]["rules"].append(rule)
        shut = {"name": "shut", "priority": 50, "action": {"type": "Deny"}}
        body["ruleCollections"].append({**shut, "rules": [{**rule, "name": "y"}]})

    proof = prove(estate, "hub.applicationRules", shadow)
    assert proof.verdict is Verdict.HOLDS, told(proof)


def test_a_feature_that_nobody_knows_is_unknown_and_not_allowed(estate):
    def switch_on(body):
        body["addonProfiles"]["gitops"] = {"enabled": True}

    proof = prove(estate, "cluster.cluster", switch_on)
    assert proof.verdict is Verdict.UNKNOWN
    assert "cluster.cluster has gitops enabled, and its required egress in" in told(proof)


def test_a_firewall_that_is_not_reached_lets_nothing_through(estate):
    def unforwarded(body):
        body["allowForwardedTraffic"] = False

    proof = prove(estate, "spoke.toHub", unforwarded)
    assert proof.verdict is Verdict.FAILS
    assert "spoke.toHub: spoke.nodeSubnet cannot reach mcr.microsoft.com" in told(proof)
