"""NET-03 to NET-06: what each subnet lets in, and what machines in it may reach of each other.

Facts: guidelines.md §1.5 and §2.2; the documentation "How network security groups filter traffic"
and "Manage network policies for private endpoints".
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.registry import Catalog
from provisioner.controls.chapters.network.addresses import ITEM
from provisioner.controls.control import Control, Layer, Mappings, Severity
from provisioner.controls.kinds import SECURITY_GROUP, SECURITY_RULE, SUBNET
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import equals, is_number, is_set
from provisioner.model.cidr import parse_range
from provisioner.model.estate import Estate
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup

_GROUP = "properties.networkSecurityGroup.id"
_DIRECTION = "properties.direction"
_ACCESS = "properties.access"
_PRIORITY = "properties.priority"
_PROTOCOL = "properties.protocol"
_SOURCE = "properties.sourceAddressPrefix"
_SOURCES = "properties.sourceAddressPrefixes"
_SOURCE_GROUPS = "properties.sourceApplicationSecurityGroups"
_DESTINATION = "properties.destinationAddressPrefix"
_DESTINATIONS = "properties.destinationAddressPrefixes"
_PORT = "properties.destinationPortRange"
_PORTS = "properties.destinationPortRanges"

_WITHOUT_GROUP = (
    "azurefirewallsubnet", "azurefirewallmanagementsubnet", "gatewaysubnet", "routeserversubnet",
)  # fmt: skip
"""Azure refuses or advises against a network security group on these (guidelines.md §2.2)."""

_BASTION = "azurebastionsubnet"
_ANYWHERE = ("*", "internet", "any")
_EVERYTHING_NEAR = ("*", "any", "virtualnetwork")
_REMOTE_ACCESS = (22, 3389)


def _takes_group(subnet: Subject) -> bool:
    return subnet.name.lower() not in _WITHOUT_GROUP


def _takes_endpoints(subnet: Subject) -> bool:
    return subnet.name.lower() not in (*_WITHOUT_GROUP, _BASTION)


def _is_anywhere(text: str) -> bool:
    found = parse_range(text)
    return text.lower() in _ANYWHERE or (found is not None and found.prefixlen == 0)


def _texts(subject: Subject, single: str, several: str) -> tuple[str, ...]:
    one = subject.value(single)
    return (*((one,) if isinstance(one, str) and one else ()), *subject.texts(several))


def _judge_source(found: Subject) -> Iterator[Observation]:
    """A rule that lets something in says from where."""
    inbound = str(found.value(_DIRECTION)).lower() == "inbound"
    if not inbound or str(found.value(_ACCESS)).lower() != "allow":
        return
    sources = _texts(found, _SOURCE, _SOURCES)
    wide = [text for text in sources if _is_anywhere(text)]
    path = _SOURCE if found.states(_SOURCE) else _SOURCES
    if wide:
        yield found.fails(path, f"it lets in what comes from {wide[0]}")
    elif sources:
        yield found.passes(path, f"it lets in what comes from {', '.join(sources)}")
    elif found.states(_SOURCE_GROUPS):
        yield found.passes(_SOURCE_GROUPS, "it lets in what machines of a group send")
    else:
        yield found.fails(path, "it does not say from where it lets traffic in")


def _groups_of_bastion(estate: Estate, _catalog: Catalog) -> Mapping[str, str]:
    """Return the groups on subnets of Bastion, by their keys: sessions start there."""
    found: dict[str, str] = {}
    for subnet in estate.of_type(SUBNET):
        group = parse_resource_id(lookup(subnet.body, _GROUP.split(".")))
        if group is not None and subnet.id.name.lower() == _BASTION:
            found[group.key] = subnet.label
    return found


def _judge_lateral(group: Subject) -> Iterator[Observation]:
    """Nobody opens a session from one machine to the next; from Bastion, people do."""
    if group.id.key in group.derive(_groups_of_bastion):
        return
    outbound = [
        found
        for found in group.children(SECURITY_RULE)
        if str(found.value(_DIRECTION)).lower() == "outbound"
    ]
    outbound.sort(key=_priority)
    for port in _REMOTE_ACCESS:
        first = next((found for found in outbound if _decides(found, port)), None)
        path = f"properties.securityRules[{port}]"
        if first is None:
            yield group.fails(path, f"no rule denies port {port} to other machines of the network")
        elif str(first.value(_ACCESS)).lower() == "deny":
            yield group.passes(path, f"{first.label} denies port {port} to other machines")
        else:
            yield group.fails(path, f"{first.label} allows port {port} to other machines")


def _priority(found: Subject) -> float:
    value = found.value(_PRIORITY)
    return float(str(value)) if is_number(value) else float("inf")


def _decides(found: Subject, port: int) -> bool:
    """Tell whether a rule is about TCP to a port: a denial of it counts where it holds for all
    machines, a permission where it holds for any."""
    if str(found.value(_PROTOCOL)).lower() not in ("tcp", "*"):
        return False
    if not any(_holds_port(text, port) for text in _texts(found, _PORT, _PORTS)):
        return False
    if str(found.value(_ACCESS)).lower() == "allow":
        return True
    near = any(
        text.lower() in _EVERYTHING_NEAR or _is_anywhere(text)
        for text in _texts(found, _DESTINATION, _DESTINATIONS)
    )
    return near and any(
        text.lower() in _EVERYTHING_NEAR or _is_anywhere(text)
        for text in _texts(found, _SOURCE, _SOURCES)
    )


def _holds_port(text: str, port: int) -> bool:
    if text == "*":
        return True
    first, _, last = text.partition("-")
    ends = (first, last or first)
    return all(end.isdigit() for end in ends) and int(ends[0]) <= port <= int(ends[1])


CONTROLS = (
    Control(
        id="NET-03",
        title="Every subnet has a network security group, but those that take none",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale="Without one, every machine of the network and its peers reaches every port.",
        remediation="""
            nodes:
              type: Microsoft.Network/virtualNetworks/subnets
              parent: ${network.id}
              properties: {networkSecurityGroup: {id: "${nodeRules.id}"}}
        """,
        rules=(expect(SUBNET, _GROUP, is_set(), when=_takes_group),),
        mappings=Mappings(
            checkov=("CKV_AZURE_182", "CKV_AZURE_183"), psrule=("Azure.VNET.UseNSGs",)
        ),
    ),
    Control(
        id="NET-04",
        title="Nothing comes in from anywhere, and nobody hops from machine to machine",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A rule for any source is one for the internet. Sessions over SSH and RDP are how "
            "intruders get from the first machine to the next."
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
            rule(
                SECURITY_RULE,
                _judge_source,
                _DIRECTION,
                _ACCESS,
                _SOURCE,
                _SOURCES,
                _SOURCE_GROUPS,
            ),
            rule(
                SECURITY_GROUP,
                _judge_lateral,
                others={
                    SUBNET: (_GROUP,),
                    SECURITY_RULE: (
                        _DIRECTION,
                        _ACCESS,
                        _PRIORITY,
                        _PROTOCOL,
                        _SOURCE,
                        _SOURCES,
                        _DESTINATION,
                        _DESTINATIONS,
                        _PORT,
                        _PORTS,
                    ),
                },
            ),
        ),
        mappings=Mappings(
            checkov=("CKV_AZURE_9", "CKV_AZURE_10", "CKV_AZURE_77"),
            psrule=("Azure.NSG.AnyInboundSource", "Azure.NSG.LateralTraversal"),
        ),
    ),
    Control(
        id="NET-05",
        title="Subnets have no way to the internet that nobody made",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale="What leaves by an address that nobody sees passes no firewall.",
        modes=(),
        same_as=("ENV-04.3",),
        mappings=Mappings(
            policies=("7bca8353-aa3b-429b-904a-9229c4385837",),
            psrule=("Azure.VNET.PrivateSubnet",),
        ),
    ),
    Control(
        id="NET-06",
        title="Rules and routes hold for private endpoints too",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Private endpoints pass by the rules and routes of their subnet unless the subnet says "
            "otherwise."
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
                when=_takes_endpoints,
            ),
        ),
        unmapped="No framework has a check of it.",
    ),
)
