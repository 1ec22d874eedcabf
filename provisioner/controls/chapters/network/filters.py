"""NET-03 to NET-06: network security groups, lateral traffic and outbound access of subnets.

Facts: guidelines.md §1.5 and §2.2; the documentation "How network security groups filter traffic"
and "Manage network policies for private endpoints".
"""

from collections.abc import Iterator

from provisioner.controls.chapters.network.addresses import ITEM
from provisioner.controls.control import NO_EQUIVALENT, Control, Layer, Mappings, Severity, terms
from provisioner.controls.exposure.security_groups import (
    ACCESS,
    DIRECTION,
    GROUP_READS,
    REMOTE_ACCESS,
    SOURCE,
    SOURCE_GROUPS,
    SOURCES,
    InternetExposure,
    find_internet_sources,
    find_lateral,
)
from provisioner.controls.predicates import equals, is_set, show
from provisioner.controls.resource_types import SECURITY_GROUP, SECURITY_RULE, SUBNET
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown
from provisioner.network.model.public_ranges import PublicReach
from provisioner.network.model.security_groups import ALLOW_VNET_OUT

_GROUP = "properties.networkSecurityGroup.id"

_WITHOUT_GROUP = (
    "azurefirewallsubnet", "azurefirewallmanagementsubnet", "gatewaysubnet", "routeserversubnet",
)  # fmt: skip
"""Azure refuses or advises against a network security group on these (guidelines.md §2.2)."""

_BASTION = "azurebastionsubnet"


def _judge_group(subnet: Subject) -> Iterator[Observation]:
    """Judge whether a subnet has a network security group; NET-04 judges what it allows."""
    if subnet.name.lower() in _WITHOUT_GROUP:
        return
    named = subnet.value(_GROUP)
    # A group in another resource group may exist and allow everything.
    if parse_resource_id(named) is not None and subnet.at(named) is None:
        evidence = f"{show(named)} is not in the environment; its rules are unknown"
        yield subnet.unknown(_GROUP, evidence)
    else:
        yield look(subnet, _GROUP, is_set())


def _can_hold_private_endpoints(subnet: Subject) -> bool:
    return subnet.name.lower() not in (*_WITHOUT_GROUP, _BASTION)


def _judge_source(found: Subject) -> Iterator[Observation]:
    """Judge whether a rule that allows traffic names a source that is not everybody.

    It is everybody by itself, or with the other rules of its group.
    """
    inbound = str(found.value(DIRECTION)).lower() == "inbound"
    if not inbound or str(found.value(ACCESS)).lower() != "allow":
        return
    # A rule has its source in the singular or the plural property, and Azure answers the other
    # one empty.
    path = SOURCE if found.states(SOURCE) else SOURCES
    stated = [found.value(SOURCE), *_as_tuple(found.value(SOURCES))]
    sources = [text for text in stated if isinstance(text, str) and text]
    reached = found.derive(find_internet_sources).get(found.id.key, _NOTHING_REACHED)
    if reached.by_rule.holds_strangers:
        yield found.fails(path, f"it allows inbound traffic from {reached.by_rule}")
    elif any(isinstance(entry, Unknown) for entry in stated):
        yield found.unknown(path, "the source of its inbound traffic is known after apply")
    elif not sources and not found.states(SOURCE_GROUPS):
        yield found.fails(path, "it has no source address prefix")
    # Sources split over several rules (1.0.0.0/8, 2.0.0.0/7 …) are all of the internet together;
    # each alone looks narrow.
    elif reached.by_group.holds_strangers and not reached.by_rule.is_empty:
        evidence = (
            "together with other rules of its group it allows inbound traffic from "
            f"{reached.by_group}"
        )
        yield found.fails(path, evidence)
    elif reached.by_rule.unclear:
        named = ", ".join(reached.by_rule.unclear)
        yield found.unknown(path, f"the addresses of {named} are unknown")
    elif sources:
        yield found.passes(path, f"it allows inbound traffic from {', '.join(sources)}")
    else:
        yield found.passes(
            SOURCE_GROUPS, ("it allows inbound traffic from an application security group")
        )


_NOTHING_REACHED = InternetExposure(PublicReach(), PublicReach())


def _as_tuple(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _judge_lateral(group: Subject) -> Iterator[Observation]:
    """Judge whether SSH and RDP between virtual machines are denied, but for Azure Bastion."""
    allowing_rules = group.derive(find_lateral)
    for port in REMOTE_ACCESS:
        path = f"properties.securityRules[{port}]"
        rule = allowing_rules.get((group.id.key, port))
        if rule is None:
            yield group.passes(path, f"no rule allows port {port} to other virtual machines")
        # AllowVnetOutBound, priority 65000, is in every group and cannot be removed: only a rule
        # before it denies.
        elif rule.endswith(ALLOW_VNET_OUT):
            yield group.fails(
                path,
                (f"no rule denies port {port} to other virtual machines of the virtual network"),
            )
        else:
            yield group.fails(path, f"{rule} allows port {port} to other virtual machines")


CONTROLS = (
    Control(
        id="NET-03",
        title="Every subnet that supports one has a network security group (NSG)",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Without an NSG, all hosts of the virtual network and its peered networks can "
            "reach every port."
        ),
        synonyms=terms("NSG; network security group; security group"),
        remediation="""
            nodes:
              type: Microsoft.Network/virtualNetworks/subnets
              parent: ${network.id}
              properties: {networkSecurityGroup: {id: "${nodeRules.id}"}}
        """,
        rules=(rule(SUBNET, _judge_group, _GROUP, others={SECURITY_GROUP: ()}),),
        limits=(
            "NSG rules are checked by NET-04. NSGs on network interfaces are not read. "
            "Subnets that do not support an NSG are excluded."
        ),
        mappings=Mappings(
            checkov=("CKV_AZURE_182", "CKV_AZURE_183"), psrule=("Azure.VNET.UseNSGs",)
        ),
    ),
    Control(
        id="NET-04",
        title="NSG rules allow no inbound traffic from Any or Internet and deny lateral SSH/RDP",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A rule with source Any includes the internet. SSH and RDP sessions between "
            "hosts are used for lateral movement."
        ),
        synonyms=terms(
            "NSG rules; security rules; SSH; RDP; lateral movement; port 22; port 3389; any source"
        ),
        remediation="""
            nodeRules:
              type: Microsoft.Network/networkSecurityGroups
              properties:
                securityRules:
                  - name: DenyRemoteAccessOut
                    properties:
                      priority: 4000
                      direction: Outbound
                      access: Deny
                      protocol: Tcp
                      sourceAddressPrefix: "*"
                      sourcePortRange: "*"
                      destinationAddressPrefix: VirtualNetwork
                      destinationPortRanges: ["22", "3389"]
        """,
        rules=(
            rule(SECURITY_RULE, _judge_source, others=GROUP_READS),
            rule(SECURITY_GROUP, _judge_lateral, others=GROUP_READS),
        ),
        limits=(
            "Security admin rules of Virtual Network Manager and NSGs on network "
            "interfaces are not evaluated. Each NSG is evaluated separately; routes that extend "
            "VirtualNetwork are checked by the proof `inbound`. IPv6 is evaluated by "
            "source only."
        ),
        mappings=Mappings(
            checkov=("CKV_AZURE_9", "CKV_AZURE_10", "CKV_AZURE_77"),
            psrule=("Azure.NSG.AnyInboundSource", "Azure.NSG.LateralTraversal"),
        ),
    ),
    Control(
        id="NET-05",
        title="Subnets are private: default outbound access is disabled",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale="Egress through an implicit public IP address bypasses the firewall.",
        synonyms=terms("default outbound access; SNAT; private subnet"),
        modes=(),
        same_as=("ENV-04.3",),
        mappings=Mappings(
            policies=("7bca8353-aa3b-429b-904a-9229c4385837",),
            psrule=("Azure.VNET.PrivateSubnet",),
        ),
    ),
    Control(
        id="NET-06",
        title="Network policies for private endpoints are enabled (privateEndpointNetworkPolicies)",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Without network policies, NSG rules and routes of the subnet do not apply to "
            "private endpoints."
        ),
        synonyms=terms(
            "private endpoint network policies; NSG; UDR; privateEndpointNetworkPolicies; private "
            "endpoint"
        ),
        remediation="""
            endpoints:
              type: Microsoft.Network/virtualNetworks/subnets
              parent: ${network.id}
              properties: {privateEndpointNetworkPolicies: Enabled}
        """,
        rules=(
            expect(
                SUBNET,
                "properties.privateEndpointNetworkPolicies",
                equals("Enabled"),
                when=_can_hold_private_endpoints,
            ),
        ),
        limits=("The NSG is checked by NET-03, the route table by ENV-04.1."),
        unmapped=NO_EQUIVALENT,
    ),
)
