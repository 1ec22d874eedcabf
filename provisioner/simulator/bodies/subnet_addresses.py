"""The addresses of a subnet: its prefixes, taken, free and reserved addresses."""

import ipaddress
from collections.abc import Iterator, Mapping

from provisioner.catalog.network_offers import RESERVED
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.simulator.bodies.body_paths import Tree, split_path, values_at
from provisioner.simulator.state.cloud import Cloud


def subnet_prefixes(
    cloud: Cloud, subnet: ResourceId, body: Body
) -> Iterator[ipaddress.IPv4Network]:
    """Yield the IPv4 prefixes in a subnet's body."""
    for path in cloud.type_of(subnet).ranges_within:
        for _, found in values_at(body, split_path(path)):
            for text in found if isinstance(found, (list, tuple)) else (found,):
                network = _parse_prefix(text)
                if network is not None:
                    yield network


def taken_addresses(cloud: Cloud, subnet: ResourceId) -> set[str]:
    """Return the addresses of a subnet that were assigned, dynamically or by a body."""
    taken = {
        address
        for key, address in cloud.store.addresses.items()
        if key.startswith(f"{subnet.key}|")
    }
    for row in cloud.store.resources.referring_to(subnet.key):
        taken.update(_address_strings(row.body))
    return taken


def usable_addresses(network: ipaddress.IPv4Network) -> Iterator[ipaddress.IPv4Address]:
    """Yield the addresses of a prefix without the reserved ones."""
    for offset in range(RESERVED, network.num_addresses - 1):
        yield network[offset]


def is_reserved(network: ipaddress.IPv4Network, address: ipaddress.IPv4Address) -> bool:
    """Return whether Azure reserves an address of a prefix: the first four and the last.

    These are the five addresses of each subnet that guidelines.md §2.2 counts.
    """
    offset = int(address) - int(network.network_address)
    return offset < RESERVED or offset == network.num_addresses - 1


def free_addresses(cloud: Cloud, subnet: ResourceId, body: Body) -> Iterator[str]:
    """Yield the free addresses of a subnet, lowest first."""
    taken = taken_addresses(cloud, subnet)
    for prefix in subnet_prefixes(cloud, subnet, body):
        for address in usable_addresses(prefix):
            if str(address) not in taken:
                yield str(address)


def _parse_prefix(text: object) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(str(text))
    except ValueError:
        return None


def _address_strings(value: Tree) -> Iterator[str]:
    """Yield every string in a body that has the form of an address."""
    if isinstance(value, str):
        if value.count(".") == 3:
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _address_strings(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _address_strings(item)
