"""The addresses of rule prefixes: exact for ranges, lower and upper bounds for service tags.

Microsoft publishes the addresses of most service tags and changes them every week, so a tag is two
sets: the addresses that it may hold, and those that it must hold. A proof that something cannot
happen takes the larger set for what is allowed and the smaller one for what is denied.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from provisioner.network.model.intervals import EVERYWHERE, NOTHING, Intervals, parse_addresses
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Network, RouteTable, Subnet


def _parse_ranges(*ranges: str) -> Intervals:
    addresses = NOTHING
    for text in ranges:
        addresses = addresses | (parse_addresses(text) or NOTHING)
    return addresses


PRIVATE = _parse_ranges("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""RFC 1918 and RFC 6598: what Azure routes nowhere by itself (virtual-networks-udr-overview)."""

HOST = _parse_ranges("168.63.129.16/32")
"""The host's virtual address: DNS, DHCP and health probes. No route or rule of the internet's
leads to it (what-is-ip-address-168-63-129-16)."""

METADATA = _parse_ranges("169.254.169.254/32")
"""Azure's instance metadata service."""

_NEVER_PUBLIC = PRIVATE | HOST | _parse_ranges(
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.2.0/24", "198.18.0.0/15",
    "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip

PUBLIC = EVERYWHERE - _NEVER_PUBLIC
"""Every address that can stand on the internet."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The addresses that something must hold, and those that it may hold."""

    must: Intervals
    may: Intervals


_EXACT_TAGS = {
    "azureloadbalancer": Bounds(HOST, HOST),
    "azureplatformdns": Bounds(HOST, HOST),
    "azureplatformimds": Bounds(METADATA, METADATA),
}


@dataclass(frozen=True, slots=True)
class Tags:
    """The service tags as one subnet sees them.

    VirtualNetwork holds the network, its peers and the host; what a gateway connects, and the
    prefixes of user-defined routes, are part of it too (service-tags-overview), so a default route
    of one's own may make it everything. Internet is what it leaves of the public addresses.
    `services` is all that a tag of one of Azure's services may hold.
    """

    virtual_network: Bounds
    services: Intervals = PUBLIC

    def of(self, prefixes: Iterable[str]) -> Bounds:
        """Return what a rule's prefixes hold together."""
        bounds = [self._bounds_of(prefix) for prefix in prefixes]
        if len(bounds) == 1:
            return bounds[0]
        return Bounds(
            Intervals.of(pair for one in bounds for pair in one.must),
            Intervals.of(pair for one in bounds for pair in one.may),
        )

    def _bounds_of(self, prefix: str) -> Bounds:
        exact = parse_addresses(prefix)
        if exact is not None:
            return Bounds(exact, exact)
        tag = prefix.lower()
        if tag == "virtualnetwork":
            return self.virtual_network
        if tag == "internet":
            return Bounds(PUBLIC - self.virtual_network.may, PUBLIC - self.virtual_network.must)
        # Members of an application security group are interfaces of the same network; which ones
        # is not followed.
        if tag.startswith("asg:"):
            return Bounds(NOTHING, self.virtual_network.may)
        return _EXACT_TAGS.get(tag, Bounds(NOTHING, self.services))


def tags_of(topology: Topology, network: Network, subnet: Subnet) -> Tags:
    """Return the service tags as a subnet sees them.

    All subnets of the network with the same route table see the same.
    """
    key, cache = ("tags", network.key, id(subnet.table)), topology.derived
    known = cast("tuple[Network, RouteTable | None, Tags] | None", cache.get(key))
    # Held against what they were made of: an id says nothing once its object is gone.
    if known is not None and known[0] is network and known[1] is subnet.table:
        return known[2]
    computed = _compute_tags(topology, network, subnet)
    cache[key] = (network, subnet.table, computed)
    return computed


def _compute_tags(topology: Topology, network: Network, subnet: Subnet) -> Tags:
    must = network.ranges | HOST
    for _, remote in topology.peers(network):
        must = must | remote.ranges
    # A network that was not read may have a gateway and peers too.
    may = must if network.gateway is None and network.known else must | PRIVATE
    for route in subnet.table.routes if subnet.table else ():
        # Prefixes of user-defined routes belong to VirtualNetwork: a route 0.0.0.0/0 to a
        # firewall makes AllowVnetInBound admit the internet.
        may = may | (parse_addresses(route.prefix) or NOTHING)
    return Tags(Bounds(must, may))
