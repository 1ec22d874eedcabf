"""How much of the internet a list of ranges and tags holds: a table."""

import pytest

from provisioner.network.model.public_ranges import read_reach

STRANGERS = {
    "everything": ["*"],
    "everything, by another name": ["any"],
    "the default route": ["0.0.0.0/0"],
    "two halves": ["0.0.0.0/1", "128.0.0.0/1"],
    "a dashed range": ["0.0.0.0-255.255.255.255"],
    "all but a hole": ["0.0.0.0-9.255.255.254", "10.0.0.1-255.255.255.255"],
    "one half": ["128.0.0.0/1"],
    "many pieces": [f"{first}.0.0.0/8" for first in range(20, 60)],
    "everything over IPv6": ["::/0"],
    "halves over IPv6": ["::/1", "8000::/1"],
    "what is assigned of IPv6": ["2000::/4", "3000::/4"],
    "the internet": ["Internet"],
    "all customers' machines": ["AzureCloud"],
    "all customers' machines of a region": ["10.0.0.0/8", "AzureCloud.WestEurope"],
    "what Power Platform executes for customers": ["PowerPlatformPlex.NorthEurope"],
}
OWN = {
    "private ranges, however cut": [
        "10.0.0.0/9",
        "10.128.0.0/9",
        "172.16.0.0/12",
        "192.168.0.0/16",
    ],
    "an office": ["203.0.113.0/28", "198.51.100.7"],
    "a block of one organisation": ["17.0.0.0/8"],
    "a block of one organisation over IPv6": ["2001:db8::/32"],
    "the network and the probes of its load balancer": ["VirtualNetwork", "AzureLoadBalancer"],
    "what manages gateways": ["GatewayManager"],
    "what recovers sites": ["AzureSiteRecovery"],
    "local addresses over IPv6": ["fc00::/7"],
}
UNCLEAR = {
    "a Front Door of anybody": ["AzureFrontDoor.Backend"],
    "an action group of anybody": ["ActionGroup"],
    "probes that anybody orders": ["AzureTrafficManager"],
    "the front ends of all customers' apps": ["AppService.NorthEurope"],
    "control planes that act for customers": ["AzureDatabricks"],
    "no tag that is known": ["Somewhere"],
}


@pytest.mark.parametrize("texts", STRANGERS.values(), ids=STRANGERS)
def test_strangers_are_seen_in_the_union(texts: list[str]) -> None:
    assert read_reach(texts).holds_strangers
    assert str(read_reach(texts))


@pytest.mark.parametrize("texts", OWN.values(), ids=OWN)
def test_what_one_organisation_has_is_not_strangers(texts: list[str]) -> None:
    reach = read_reach(texts)
    assert not reach.holds_strangers
    assert not reach.unclear


@pytest.mark.parametrize("texts", UNCLEAR.values(), ids=UNCLEAR)
def test_what_nobody_can_tell_is_neither(texts: list[str]) -> None:
    reach = read_reach(texts)
    assert not reach.holds_strangers
    assert reach.unclear == tuple(texts)
    assert not reach.is_empty
