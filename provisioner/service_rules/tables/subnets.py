"""Subnets: their ranges, and what those reserved for a service may not carry.

Sources: guidelines.md §3.3, "Azure Virtual Network FAQ", and the reports named at each rule.
"""

from collections.abc import Iterator
from functools import lru_cache

from provisioner.model.cidr import Range
from provisioner.model.estate import Resource
from provisioner.model.ranges import RangeIndex
from provisioner.model.values import is_known
from provisioner.service_rules.address_text import ranges_with_host_bits, unreadable_ranges
from provisioner.service_rules.addresses import (
    is_port_range,
    is_within_any,
    propose_free,
    ranges_at,
    shared_addresses,
)
from provisioner.service_rules.partial_bodies import (
    id_at,
    is_stated,
    text_at,
    texts_at,
    value_at,
)
from provisioner.service_rules.rule import Listing, Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import (
    OTHER_REGION,
    references_to_other_regions,
    region_of,
)

_SUBNET = "Microsoft.Network/virtualNetworks/subnets"
_SECURITY_RULE = "Microsoft.Network/networkSecurityGroups/securityRules"
_RANGES = ("properties.addressPrefix", "properties.addressPrefixes")
_SPACE = "properties.addressSpace.addressPrefixes"
_GROUP, _TABLE = "properties.networkSecurityGroup", "properties.routeTable"
_NAT = "properties.natGateway"
_FAQ = "learn.microsoft.com/azure/virtual-network/virtual-networks-faq"
# Prefix lengths ("Azure Virtual Network FAQ"): Azure reserves five addresses of each subnet, so a
# /30 would have none left.
_SMALLEST, _LARGEST, _IPV6 = 29, 2, 64
# Subnets of services that Microsoft manages; guidelines.md §2.2.
_WITHOUT_GROUP = ("azurefirewallsubnet", "azurefirewallmanagementsubnet", "routeserversubnet")
_BASTION, _GATEWAY = "azurebastionsubnet", "gatewaysubnet"


def _judge_text(write: Write) -> Iterator[Refusal]:
    yield from unreadable_ranges(write, *_RANGES)


def _judge_host_bits(write: Write) -> Iterator[Refusal]:
    yield from ranges_with_host_bits(write, *_RANGES)


def _judge_place(write: Write) -> Iterator[Refusal]:
    network = write.parent
    if not isinstance(network, Resource) or not is_known(value_at(network.body, _SPACE)):
        return
    spaces = [one for _at, one in ranges_at(network.body, _SPACE)]
    for at, one in write.ranges_at(*_RANGES) if spaces else ():
        if not is_within_any(one, spaces):
            yield Refusal(
                at,
                f"{one} is outside of {', '.join(map(str, spaces))}, the address space of "
                f"{network.label}",
                propose_free(spaces, _taken_ranges(write), one),
            )


def _taken_ranges(write: Write) -> list[Range]:
    """Return the ranges of the other subnets of the network."""
    return [one for other in write.siblings for _at, one in ranges_at(other.body, *_RANGES)]


def _judge_overlap(write: Write) -> Iterator[Refusal]:
    mine = list(write.ranges_at(*_RANGES))
    network = write.id.parent
    if network is None or not mine:
        return
    beside = _ranges_in(write.neighbours.children(network, _SUBNET))
    for at, one in mine:
        for theirs, other in beside.overlapping(one):
            if other.id.key != write.id.key:
                parent = write.parent
                body = parent.body if isinstance(parent, Resource) else {}
                spaces = [space for _place, space in ranges_at(body, _SPACE)]
                yield Refusal(
                    at,
                    f"{one} overlaps {theirs} of the subnet {other.id.name} ({other.label}): "
                    f"{shared_addresses(one, theirs)}",
                    propose_free(spaces, _taken_ranges(write), one),
                )
                return


# Each subnet of a network is compared with all others.
@lru_cache(maxsize=4)
def _ranges_in(subnets: Listing) -> RangeIndex[Resource]:
    return RangeIndex(
        (one, each) for each in subnets for _at, one in ranges_at(each.body, *_RANGES)
    )


def _judge_size(write: Write) -> Iterator[Refusal]:
    for at, one in write.ranges_at(*_RANGES):
        if one.version == 4 and not _LARGEST <= one.prefixlen <= _SMALLEST:
            yield Refusal(
                at,
                f"{one} is not a size of a subnet: the smallest is a /{_SMALLEST}, the largest a "
                f"/{_LARGEST}",
            )
        if one.version == 6 and one.prefixlen != _IPV6:
            yield Refusal(at, f"{one} is not a /{_IPV6}, which every IPv6 range of a subnet is")


def _judge_gateway_group(write: Write) -> Iterator[Refusal]:
    if write.id.name.lower() == _GATEWAY and is_stated(write.after, f"{_GROUP}.id"):
        yield Refusal(_GROUP, "GatewaySubnet takes no network security group")


def _judge_service_group(write: Write) -> Iterator[Refusal]:
    if write.id.name.lower() in _WITHOUT_GROUP and is_stated(write.after, f"{_GROUP}.id"):
        yield Refusal(_GROUP, f"{write.id.name} takes no network security group")


def _judge_bastion_table(write: Write) -> Iterator[Refusal]:
    if write.id.name.lower() == _BASTION and is_stated(write.after, f"{_TABLE}.id"):
        yield Refusal(_TABLE, "AzureBastionSubnet takes no route table")


def _judge_bastion_group(write: Write) -> Iterator[Refusal]:
    """Yield a security group of AzureBastionSubnet that does not let GatewayManager in.

    Bastion is managed from GatewayManager at port 443. The other rules that Microsoft lists are not
    evaluated here.
    """
    group = id_at(write.after, f"{_GROUP}.id")
    if write.id.name.lower() != _BASTION or group is None:
        return
    rules = write.neighbours.children(group, _SECURITY_RULE)
    # Only a complete list proves that no rule lets GatewayManager in.
    if rules.whole and not any(_admits_management(rule) for rule in rules):
        yield Refusal(
            _GROUP,
            f"{group.name} lets GatewayManager in at port 443 by no rule, which AzureBastionSubnet "
            "needs",
            "See learn.microsoft.com/azure/bastion/bastion-nsg for all of the rules.",
        )


def _admits_management(rule: Resource) -> bool:
    if not is_known(rule.body):
        return True
    inbound = (text_at(rule.body, "properties.direction") or "").lower() == "inbound"
    allows = (text_at(rule.body, "properties.access") or "").lower() == "allow"
    ports = ("properties.destinationPortRange", "properties.destinationPortRanges")
    return inbound and allows and any(_holds_443(text) for _at, text in texts_at(rule.body, *ports))


def _holds_443(text: str) -> bool:
    if text == "*":
        return True
    first, _, last = text.partition("-")
    return is_port_range(text) and int(first) <= 443 <= int(last or first)


def _judge_gateway_nat(write: Write) -> Iterator[Refusal]:
    if write.id.name.lower() == _GATEWAY and is_stated(write.after, f"{_NAT}.id"):
        yield Refusal(_NAT, "GatewaySubnet takes no NAT gateway")


def _judge_region(write: Write) -> Iterator[Refusal]:
    region = region_of(write.parent)
    paths = (f"{_GROUP}.id", f"{_TABLE}.id", f"{_NAT}.id")
    yield from references_to_other_regions(write.after, write.neighbours, region, *paths)


RULES = (
    ServiceRule(
        id="subnet-range",
        type=_SUBNET,
        code="InvalidAddressPrefixFormat",
        source=f"{_FAQ}: CIDR notation",
        judge=_judge_text,
    ),
    ServiceRule(
        id="subnet-host-bits",
        type=_SUBNET,
        code="InvalidCIDRNotation",
        source="reported for `10.10.10.0/16` in a template deployment",
        judge=_judge_host_bits,
    ),
    ServiceRule(
        id="subnet-outside-of-network",
        type=_SUBNET,
        code="NetcfgInvalidSubnet",
        source=f"{_FAQ}; Azure/azure-cli#10917 has the message (guidelines.md §3.3 names a newer "
        "code beside it, NetcfgSubnetRangeOutsideVnet)",
        judge=_judge_place,
        passing="give the network the new range beside the old one",
    ),
    ServiceRule(
        id="subnets-overlap",
        type=_SUBNET,
        code="NetcfgSubnetRangesOverlap",
        source="guidelines.md §3.3; Azure/azure-cli#10917",
        judge=_judge_overlap,
        passing="give one of the subnets a range that is free now",
    ),
    ServiceRule(
        id="subnet-size",
        type=_SUBNET,
        code=None,
        source=f"{_FAQ}: how small and how large",
        judge=_judge_size,
    ),
    ServiceRule(
        id="subnet-of-gateways-with-group",
        type=_SUBNET,
        code="NetworkSecurityGroupCannotBeAttachedToGatewaySubnet",
        source="Azure-Terraform/terraform-azurerm-virtual-network#18",
        judge=_judge_gateway_group,
    ),
    ServiceRule(
        id="subnet-of-service-with-group",
        type=_SUBNET,
        code=None,
        source="learn.microsoft.com/azure/firewall/firewall-faq, /route-server/route-server-faq",
        judge=_judge_service_group,
    ),
    ServiceRule(
        id="subnet-of-bastion-with-routes",
        type=_SUBNET,
        code="RouteTableCannotBeAttachedForAzureBastionSubnet",
        source="learn.microsoft.com/azure/bastion/bastion-faq (user-defined routes)",
        judge=_judge_bastion_table,
    ),
    ServiceRule(
        id="subnet-of-bastion-closed",
        type=_SUBNET,
        code="NetworkSecurityGroupNotCompliantForAzureBastionSubnet",
        source="learn.microsoft.com/azure/bastion/bastion-nsg; MicrosoftDocs/azure-docs#42737",
        judge=_judge_bastion_group,
    ),
    ServiceRule(
        id="subnet-of-gateways-with-nat",
        type=_SUBNET,
        code=None,
        source="learn.microsoft.com/azure/nat-gateway/nat-overview: no gateway subnet",
        judge=_judge_gateway_nat,
    ),
    ServiceRule(
        id="subnet-refers-to-other-region",
        type=_SUBNET,
        code=OTHER_REGION,
        source="recorded message of InvalidResourceReference (errors.jsonl, azureFirewalls)",
        judge=_judge_region,
    ),
)
