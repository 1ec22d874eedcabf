"""ENV-04.4: what the internet can reach.

Facts: guidelines.md §1.4 and WRK-03.5; the documentation "Web Application Firewall".
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.registry import Catalog
from provisioner.controls.chapters.environments.egress import ITEM
from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.controls.kinds import (
    APPLICATION_GATEWAY,
    BASTION,
    CLUSTER,
    FIREWALL,
    FRONT_DOOR_WEB_FIREWALL,
    NAT_GATEWAY,
    NETWORK_GATEWAY,
    PUBLIC_ADDRESS,
    WEB_FIREWALL,
)
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import equals, show
from provisioner.model.estate import Estate
from provisioner.model.resource_id import parse_resource_id, resource_group_id
from provisioner.model.values import lookup

_CONFIGURATIONS = "properties.ipConfigurations"
_MANAGEMENT = "properties.managementIpConfiguration"
_ADDRESSES = "properties.publicIpAddresses"
_FRONTENDS = "properties.frontendIPConfigurations"
_WEB_FIREWALL = "properties.firewallPolicy.id"
_OWN_MODE = "properties.webApplicationFirewallConfiguration.firewallMode"
_OWN_ENABLED = "properties.webApplicationFirewallConfiguration.enabled"
_MODE = "properties.policySettings.mode"
_STATE = "properties.policySettings.state"
_NODE_GROUP = "properties.nodeResourceGroup"
_OUTBOUND = (
    "properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs",
    "properties.networkProfile.natGatewayProfile.effectiveOutboundIPs",
)

_HOSTS: Mapping[str, tuple[str, ...]] = {
    FIREWALL: (_CONFIGURATIONS, _MANAGEMENT),
    BASTION: (_CONFIGURATIONS,),
    NETWORK_GATEWAY: (_CONFIGURATIONS,),
    NAT_GATEWAY: (_ADDRESSES,),
    APPLICATION_GATEWAY: (_FRONTENDS,),
}
"""What may have a public address, and where it says which."""


def _hosts_of_addresses(estate: Estate, _catalog: Catalog) -> Mapping[str, str]:
    """Return what uses each public address, by the key of the address."""
    found: dict[str, str] = {}
    for kind, paths in _HOSTS.items():
        for host in estate.of_type(kind):
            for path in paths:
                stated = lookup(host.body, path.split("."))
                for entry in stated if isinstance(stated, (list, tuple)) else (stated,):
                    named = lookup(entry, ("properties", "publicIPAddress", "id"))
                    address = parse_resource_id(named) or parse_resource_id(lookup(entry, ("id",)))
                    if address is not None:
                        found[address.key] = host.label
    return found


def _judge_address(address: Subject) -> Iterator[Observation]:
    host = address.derive(_hosts_of_addresses).get(address.id.key)
    if host is not None:
        yield address.passes("", f"{host} uses it")
    else:
        yield address.fails("", "neither a firewall, Bastion nor a gateway uses it")


def _judge_nodes(cluster: Subject) -> Iterator[Observation]:
    """Beside the nodes there is no address but those that traffic leaves by."""
    group, subscription = cluster.value(_NODE_GROUP), cluster.id.subscription
    if not isinstance(group, str) or not group or subscription is None:
        return
    place = resource_group_id(subscription, group)
    ways_out = {
        found.key
        for path in _OUTBOUND
        for entry in cluster.entries(path)
        if (found := parse_resource_id(lookup(entry, ("id",))))
    }
    inbound = [
        address
        for address in cluster.children(PUBLIC_ADDRESS, place)
        if address.id.key not in ways_out
    ]
    for address in inbound:
        yield cluster.fails(_NODE_GROUP, f"{address.name} in {group} answers the internet")
    if not inbound:
        yield cluster.passes(_NODE_GROUP, f"nothing in {group} answers the internet")


def _judge_gateway(gateway: Subject) -> Iterator[Observation]:
    """A gateway for the web has a firewall of its own that stops attacks, by a policy or itself."""
    policy = gateway.at(gateway.value(_WEB_FIREWALL))
    if policy is not None:
        mode = policy.value(_MODE)
        if mode == "Prevention" and policy.value(_STATE) in ("Enabled", True):
            yield gateway.passes(_WEB_FIREWALL, f"{policy.label} stops attacks")
        else:
            said = f"{_MODE} is {show(mode)} and {_STATE} is {show(policy.value(_STATE))}"
            yield gateway.fails(_WEB_FIREWALL, f"of {policy.label}, {said}")
    elif gateway.states(_WEB_FIREWALL):
        named = show(gateway.value(_WEB_FIREWALL))
        yield gateway.unknown(_WEB_FIREWALL, f"nothing is known of {named}")
    elif gateway.value(_OWN_ENABLED) is True and gateway.value(_OWN_MODE) == "Prevention":
        yield gateway.passes(_OWN_MODE, f"{_OWN_MODE} is Prevention")
    else:
        yield gateway.fails(_WEB_FIREWALL, "no web application firewall stops attacks")


CONTROLS = (
    Control(
        id="ENV-04.4",
        title="The internet reaches a firewall, Bastion or a guarded gateway, and nothing else",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A service of type LoadBalancer opens an address to the world in a minute. What comes "
            "in passes something that looks at it first."
        ),
        remediation="""
            firewall:
              type: Microsoft.Network/azureFirewalls
              properties:
                ipConfigurations:
                  - name: default
                    properties: {publicIPAddress: {id: "${address.id}"}}
            gatewayRules:
              type: Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies
              properties: {policySettings: {state: Enabled, mode: Prevention}}
        """,
        rules=(
            rule(PUBLIC_ADDRESS, _judge_address, others=_HOSTS),
            rule(
                CLUSTER,
                _judge_nodes,
                _NODE_GROUP,
                *_OUTBOUND,
                others={PUBLIC_ADDRESS: ()},
            ),
            rule(
                APPLICATION_GATEWAY,
                _judge_gateway,
                _WEB_FIREWALL,
                _OWN_ENABLED,
                _OWN_MODE,
                others={WEB_FIREWALL: (_MODE, _STATE)},
            ),
            expect(FRONT_DOOR_WEB_FIREWALL, _MODE, equals("Prevention")),
        ),
        mappings=Mappings(
            policies=(
                "3fc4dc25-5baf-40d8-9b05-7fe74c1bc64e",
                "1a5b4dca-0b6f-4cf5-907c-56316bc1bf3d",
                "d46c275d-1680-448d-b2ec-e495a3b6cc89",
                "233a2a17-77ca-4fb1-9b6b-69223d272a44",
            ),
        ),
    ),
)
