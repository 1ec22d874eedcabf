"""Address spaces of virtual networks.

Sources: guidelines.md §3.3, "Azure Virtual Network FAQ", and the reports named at each rule.
"""

from collections.abc import Iterator
from itertools import combinations

from provisioner.model.cidr import parse_range
from provisioner.model.estate import Resource
from provisioner.model.ranges import overlap
from provisioner.model.values import is_known
from provisioner.service_rules.address_text import ranges_with_host_bits, unreadable_ranges
from provisioner.service_rules.addresses import (
    first_overlap,
    is_address,
    is_within_any,
    ranges_at,
    shared_addresses,
)
from provisioner.service_rules.duplicate_names import repeated_names
from provisioner.service_rules.partial_bodies import (
    entries_at,
    id_at,
    is_silent,
    texts_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_NETWORK = "Microsoft.Network/virtualNetworks"
_SUBNET, _PEERING = f"{_NETWORK}/subnets", f"{_NETWORK}/virtualNetworkPeerings"
_SPACE = "properties.addressSpace.addressPrefixes"
_POOLS = "properties.addressSpace.ipamPoolPrefixAllocations"
_RANGES = ("properties.addressPrefix", "properties.addressPrefixes")
_FAQ = "learn.microsoft.com/azure/virtual-network/virtual-networks-faq"
_RESERVED = tuple(
    found
    for text in (
        "224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32",
    )
    if (found := parse_range(text)) is not None
)  # fmt: skip
"""What no virtual network may use (Virtual network FAQ)."""


def _judge_text(write: Write) -> Iterator[Refusal]:
    yield from unreadable_ranges(write, _SPACE)


def _judge_host_bits(write: Write) -> Iterator[Refusal]:
    yield from ranges_with_host_bits(write, _SPACE)


def _judge_own_overlap(write: Write) -> Iterator[Refusal]:
    for (_at, one), (at, other) in combinations(write.ranges_at(_SPACE), 2):
        if overlap(one, other):
            yield Refusal(
                at,
                f"{other} and {one} of one address space overlap: {shared_addresses(one, other)}",
            )


def _judge_space(write: Write) -> Iterator[Refusal]:
    """Yield a network without ranges, unless a pool of an address manager gives them."""
    if is_silent(write.after, _SPACE) and is_silent(write.after, _POOLS):
        yield Refusal(_SPACE, "a virtual network needs a range of addresses at least")


def _judge_reserved(write: Write) -> Iterator[Refusal]:
    for at, one in write.ranges_at(_SPACE):
        taken = first_overlap((one,), _RESERVED)
        if taken is not None:
            yield Refusal(at, f"{one} overlaps {taken[1]}, which no virtual network may use")


def _judge_space_in_use(write: Write) -> Iterator[Refusal]:
    """Yield the removal of a range that a subnet is in."""
    if write.before is None or not is_known(value_at(write.after, _SPACE)):
        return
    spaces = [one for _at, one in write.ranges_at(_SPACE)]
    for subnet in write.neighbours.children(write.id, _SUBNET) if spaces else ():
        for _at, one in ranges_at(subnet.body, *_RANGES):
            if not is_within_any(one, spaces):
                yield Refusal(
                    _SPACE, f"{one} of the subnet {subnet.id.name} is in none of these ranges"
                )


def _judge_peers(write: Write) -> Iterator[Refusal]:
    """Yield a changed address space that overlaps with that of a peered network."""
    mine = [one for _at, one in write.ranges_at(_SPACE)]
    for peering in (
        write.neighbours.children(write.id, _PEERING) if write.before is not None else ()
    ):
        if value_at(peering.body, "properties.peerCompleteVnets") is False:
            continue
        target = id_at(peering.body, "properties.remoteVirtualNetwork.id")
        remote = write.neighbours.lookup(target) if target else None
        if not isinstance(remote, Resource):
            continue
        shared = first_overlap(mine, (one for _at, one in ranges_at(remote.body, _SPACE)))
        if shared is not None:
            yield Refusal(
                _SPACE,
                f"{shared[0]} overlaps {shared[1]} of {remote.label}, which is peered with it",
            )


def _judge_servers(write: Write) -> Iterator[Refusal]:
    for at, text in texts_at(write.after, "properties.dhcpOptions.dnsServers"):
        if not is_address(text):
            yield Refusal(at, f"{text!r} is not an address of a DNS server")


def _judge_names(write: Write) -> Iterator[Refusal]:
    for path in ("properties.subnets", "properties.virtualNetworkPeerings"):
        yield from repeated_names(write.after, path)


def _judge_flow_timeout(write: Write) -> Iterator[Refusal]:
    flow = value_at(write.after, "properties.flowTimeoutInMinutes")
    if isinstance(flow, int) and not isinstance(flow, bool) and not 4 <= flow <= 30:
        yield Refusal("properties.flowTimeoutInMinutes", f"{flow} minutes is not between 4 and 30")


def _judge_count(write: Write) -> Iterator[Refusal]:
    count = sum(1 for _ in entries_at(write.after, "properties.subnets"))
    if count > _MOST_SUBNETS:
        yield Refusal(
            "properties.subnets", f"{count:,} subnets are in one network, of {_MOST_SUBNETS:,}"
        )


_MOST_SUBNETS = 3000

RULES = (
    ServiceRule(
        id="network-range",
        type=_NETWORK,
        code="InvalidAddressPrefixFormat",
        source=f"{_FAQ}; the code is that of subnets",
        judge=_judge_text,
    ),
    ServiceRule(
        id="network-host-bits",
        type=_NETWORK,
        code="InvalidCIDRNotation",
        source="reported for `10.10.10.0/16` of a virtual network in a template deployment",
        judge=_judge_host_bits,
    ),
    ServiceRule(
        id="network-ranges-overlap",
        type=_NETWORK,
        code=None,
        source="Azure/ResourceModules#731",
        judge=_judge_own_overlap,
    ),
    ServiceRule(
        id="network-without-range",
        type=_NETWORK,
        code=None,
        source="learn.microsoft.com/azure/virtual-network/manage-virtual-network (settings: the "
        "address space is one range or more)",
        judge=_judge_space,
    ),
    ServiceRule(
        id="network-reserved-range",
        type=_NETWORK,
        code=None,
        source=f"{_FAQ}: address ranges that cannot be added",
        judge=_judge_reserved,
    ),
    ServiceRule(
        id="network-range-in-use",
        type=_NETWORK,
        code="InUsePrefixCannotBeDeleted",
        source="learn.microsoft.com/azure/virtual-network/manage-virtual-network (address range)",
        judge=_judge_space_in_use,
        passing="keep the old range beside the new one",
    ),
    ServiceRule(
        id="network-overlaps-peer",
        type=_NETWORK,
        code="VnetAddressSpacesOverlap",
        source="learn.microsoft.com/azure/virtual-network/"
        "update-virtual-network-peering-address-space",
        judge=_judge_peers,
        passing="give one of the networks a range that no network has now",
    ),
    ServiceRule(
        id="network-dns-server",
        type=_NETWORK,
        code=None,
        source="REST reference of virtual networks: a list of DNS servers' IP addresses",
        judge=_judge_servers,
    ),
    ServiceRule(
        id="network-children-of-one-name",
        type=_NETWORK,
        code="InvalidRequestFormat",
        source="learn.microsoft.com/answers (DuplicateResourceName: two child resources with the "
        "same name)",
        judge=_judge_names,
    ),
    ServiceRule(
        id="network-flow-timeout",
        type=_NETWORK,
        code=None,
        source="REST reference of virtual networks: flowTimeoutInMinutes is 4 to 30",
        judge=_judge_flow_timeout,
    ),
    ServiceRule(
        id="network-too-many-subnets",
        type=_NETWORK,
        code=None,
        source="azure-subscription-service-limits (subnets per virtual network: 3,000)",
        judge=_judge_count,
    ),
)
