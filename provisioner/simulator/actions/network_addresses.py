"""Address availability and usage of a virtual network.

Source: "Virtual Networks - Check IP Address Availability" and "- List Usage"; an address outside
every subnet is refused as `az network vnet check-ip-address` shows it. Taken are the addresses in
bodies and those given out: the nodes and pods of a cluster are not simulated.
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


def check_address(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer whether an address is free; if not, with the next free ones of its subnet.

    Raises:
        BadRequestError: the text is no IPv4 address, or in no subnet.
    """
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
    for subnet, prefix in _prefixes_of(cloud, network):
        if address in prefix:
            return Answer(200, _render_availability(cloud, subnet, prefix, address))
    raise BadRequestError(
        f"Private static IP address {address} does not belong to the range of any subnet in "
        f"virtual network {network.id.text}.",
        "ipAddress",
        "PrivateIPAddressNotInAnySubnet",
    )


def list_network_usages(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the number of addresses of each subnet, and of those taken."""
    network = find_target(cloud, request)
    shown: list[Json] = []
    for subnet in _subnets_of(cloud, network):
        prefixes = list(subnet_prefixes(cloud, subnet.id, subnet.body))
        # Azure reserves five addresses of each prefix: the first four and the last.
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


def _render_availability(
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


def _subnets_of(cloud: Cloud, network: Record) -> list[Record]:
    return [row for row in cloud.store.resources.inside(network.id.key) if row.type == SUBNET]


def _prefixes_of(cloud: Cloud, network: Record) -> Iterator[tuple[Record, ipaddress.IPv4Network]]:
    for subnet in _subnets_of(cloud, network):
        for prefix in subnet_prefixes(cloud, subnet.id, subnet.body):
            yield subnet, prefix


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
