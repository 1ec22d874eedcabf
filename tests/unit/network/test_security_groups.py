"""What a network security group lets through, protocol by protocol."""

from provisioner.network.model.intervals import ANY_PORT, EVERYWHERE, NOTHING
from provisioner.network.model.security_groups import PROTOCOLS, admit, any_traffic
from provisioner.network.model.service_tags import PUBLIC, Bounds, Tags
from provisioner.network.model.topology_elements import SecurityGroup, SecurityRule

TAGS = Tags(Bounds(NOTHING, NOTHING))


def group_of(*protocols: str) -> SecurityGroup:
    """Return a group with a rule that lets everything in, for each of some protocols."""
    rules = [
        SecurityRule(f"allow-{name}", 100 + n, True, True, name, ("*",), ("*",), ANY_PORT)
        for n, name in enumerate(protocols)
    ]
    return SecurityGroup("nsg", tuple(rules))


def admitted(group: SecurityGroup) -> set[str]:
    """Return the rules that let anything public in."""
    traffics = any_traffic(group, inbound=True, sources=PUBLIC, destinations=EVERYWHERE)
    return {
        let.rule
        for traffic in traffics
        for let in admit(group, inbound=True, traffic=traffic, tags=TAGS, certain=False)
    }


def test_a_rule_of_any_protocol_is_met_by_traffic_of_that_protocol():
    for protocol in PROTOCOLS:
        assert admitted(group_of(protocol)) == {f"allow-{protocol}"}


def test_a_rule_for_every_protocol_is_met_beside_rules_that_name_some():
    assert admitted(group_of("tcp", "udp", "*")) == {"allow-tcp", "allow-udp", "allow-*"}


def test_protocols_that_no_rule_names_are_judged_once():
    traffics = any_traffic(group_of("esp"), inbound=True, sources=PUBLIC, destinations=PUBLIC)
    assert [traffic.protocol for traffic in traffics] == ["tcp", "esp"]
