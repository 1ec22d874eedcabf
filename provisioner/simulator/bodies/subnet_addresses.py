"""The addresses of a subnet: which it has, which are taken, which Azure keeps for itself."""

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
    """Yield the IPv4 prefixes of a subnet by its body."""
    for path in cloud.type_of(subnet).ranges_within:
        for _, found in values_at(body, split_path(path)):
            for text in found if isinstance(found, (list, tuple)) else (found,):
                network = _network(text)
                if network is not None:
                    yield network


def taken_addresses(cloud: Cloud, subnet: ResourceId) -> set[str]:
    """Return the addresses of a subnet that were given out, or that somebody asked for by name."""
    taken = {
        address
        for key, address in cloud.store.addresses.items()
        if key.startswith(f"{subnet.key}|")
    }
    for row in cloud.store.resources.referring_to(subnet.key):
        taken.update(_addresses(row.body))
    return taken


def usable_addresses(network: ipaddress.IPv4Network) -> Iterator[ipaddress.IPv4Address]:
    """Yield the addresses of a prefix but for those that Azure keeps."""
    for offset in range(RESERVED, network.num_addresses - 1):
        yield network[offset]


def is_reserved(network: ipaddress.IPv4Network, address: ipaddress.IPv4Address) -> bool:
    """Return whether an address of a prefix is one that Azure keeps for itself."""
    offset = int(address) - int(network.network_address)
    return offset < RESERVED or offset == network.num_addresses - 1


def free_addresses(cloud: Cloud, subnet: ResourceId, body: Body) -> Iterator[str]:
    """Yield the free addresses of a subnet, the lowest first."""
    taken = taken_addresses(cloud, subnet)
    for prefix in subnet_prefixes(cloud, subnet, body):
        for address in usable_addresses(prefix):
            if str(address) not in taken:
                yield str(address)


def _network(text: object) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(str(text))
    except ValueError:
        return None


def _addresses(value: Tree) -> Iterator[str]:
    """Yield every single address that stands in a body: what somebody asked for by name."""
    if isinstance(value, str):
        if value.count(".") == 3:
            yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _addresses(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _addresses(item)
