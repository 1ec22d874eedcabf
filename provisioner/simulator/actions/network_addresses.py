"""Whether an address of a network is free, and how many of each subnet are taken.

Source: "Virtual Networks - Check IP Address Availability" and "- List Usage"; an address outside
every subnet is refused as `az network vnet check-ip-address` shows it. What is taken is what stands
in bodies and what was given out: the nodes and pods of a cluster are not simulated.
"""

import ipaddress
from collections.abc import Iterator
from itertools import islice

from provisioner.catalog.service_actions import SUBNET
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import BadRequestError, find_target
from provisioner.simulator.bodies.subnet_addresses import (
    free_addresses,
    is_reserved,
    subnet_prefixes,
    taken_addresses,
)
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_PROPOSED = 5


def check_address(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer whether an address is free; where it is not, the next free ones of its subnet."""
    network = find_target(cloud, request)
    text = request.query.get("ipaddress", "")
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise BadRequestError(
            f"ipAddress is '{text}' and has to be an IPv4 address.",
            "ipAddress",
            "InvalidIPAddressFormat",
        ) from None
    for subnet, prefix in _prefixes(cloud, network):
        if address in prefix:
            return Answer(200, _availability(cloud, subnet, prefix, address))
    raise BadRequestError(
        f"Private static IP address {address} does not belong to the range of any subnet in "
        f"virtual network {network.id.text}.",
        "ipAddress",
        "PrivateIPAddressNotInAnySubnet",
    )


def list_network_usages(cloud: Cloud, request: Request, **_place: str) -> Answer:
    """Answer how many addresses each subnet has, and how many are taken."""
    network = find_target(cloud, request)
    shown: list[Json] = []
    for subnet in _subnets(cloud, network):
        prefixes = list(subnet_prefixes(cloud, subnet.id, subnet.body))
        usable = sum(max(0, prefix.num_addresses - 5) for prefix in prefixes)
        taken = taken_addresses(cloud, subnet.id)
        used = sum(
            any(ipaddress.IPv4Address(one) in prefix for prefix in prefixes)
            for one in taken
            if _is_address(one)
        )
        shown.append(
            {
                "id": subnet.id.text,
                "name": {"value": "SubnetSpace", "localizedValue": "Subnet size and usage"},
                "currentValue": used,
                "limit": usable,
                "unit": "Count",
            }
        )
    return Answer(200, {"value": shown})


def _availability(
    cloud: Cloud,
    subnet: Record,
    prefix: ipaddress.IPv4Network,
    address: ipaddress.IPv4Address,
) -> Json:
    reserved = is_reserved(prefix, address)
    taken = str(address) in taken_addresses(cloud, subnet.id)
    available = not (reserved or taken)
    free = free_addresses(cloud, subnet.id, subnet.body)
    return {
        "available": available,
        "availableIPAddresses": [] if available else list(islice(free, _PROPOSED)),
        "isPlatformReserved": reserved,
    }


def _subnets(cloud: Cloud, network: Record) -> list[Record]:
    return [row for row in cloud.store.resources.inside(network.id.key) if row.type == SUBNET]


def _prefixes(cloud: Cloud, network: Record) -> Iterator[tuple[Record, ipaddress.IPv4Network]]:
    for subnet in _subnets(cloud, network):
        for prefix in subnet_prefixes(cloud, subnet.id, subnet.body):
            yield subnet, prefix


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
