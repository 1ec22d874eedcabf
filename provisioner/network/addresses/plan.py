"""The address plan of an environment: networks, subnets with their demand, and cluster ranges.

An address plan is read from an estate and judges nothing; `checks` does. What an estate does not
know (a network that is only referred to, a range that Azure will give) is left out of the ranges
and marked by `known`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from provisioner.model.estate import Estate, Resource
from provisioner.model.ranges import IpRange, read_range
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown, in_lower_case, is_known, lookup
from provisioner.network.addresses.cluster_ranges import Cluster, read_clusters
from provisioner.network.addresses.demand import Demand, read_demands

NETWORK = "Microsoft.Network/virtualNetworks"
SUBNET = f"{NETWORK}/subnets"
PEERING = f"{NETWORK}/virtualNetworkPeerings"
ON_PREMISES = "Microsoft.Network/localNetworkGateways"

RESERVED = 5
"""The addresses that Azure keeps of each IPv4 subnet: the first four and the last (guidelines.md
§2.2)."""


@dataclass(frozen=True, slots=True)
class Subnet:
    """One subnet.

    `wrong` are texts in the place of ranges that are none; `known` is whether all of its ranges are
    known. `delegations` are names of services; `hides_delegations` is whether there may be more
    that are not known.
    """

    resource: Resource
    ranges: tuple[IpRange, ...]
    wrong: tuple[str, ...]
    known: bool
    delegations: tuple[str, ...]
    security_group: ResourceId | None
    route_table: ResourceId | None
    demands: tuple[Demand, ...]
    hides_delegations: bool = False

    @property
    def name(self) -> str:
        """Its name in its network."""
        return self.resource.id.name

    @property
    def usable(self) -> int | None:
        """The number of usable IPv4 addresses; None where it has no IPv4 range."""
        sizes = [one.num_addresses - RESERVED for one in self.ranges if one.version == 4]
        # Azure reserves five addresses in every range of a subnet, not once.
        return max(0, sum(sizes)) if sizes else None

    @property
    def needed(self) -> int | None:
        """The maximum demand of IPv4 addresses; None where one demand is not known."""
        counts = [demand.addresses for demand in self.demands]
        return sum(c for c in counts if c is not None) if None not in counts else None


@dataclass(frozen=True, slots=True)
class VirtualNetwork:
    """One virtual network.

    `resource` is None for one that is only referred to; `known` is whether all of its address
    spaces are known. `peers` are the keys of the networks that it is peered with.
    """

    id: ResourceId
    resource: Resource | None
    spaces: tuple[IpRange, ...]
    wrong: tuple[str, ...]
    known: bool
    subnets: tuple[Subnet, ...]
    peers: frozenset[str]

    @property
    def label(self) -> str:
        """Its name in reports: its address, or else its name."""
        return (self.resource.address if self.resource else None) or self.id.name

    @property
    def claimed(self) -> tuple[IpRange, ...]:
        """Its address spaces; the ranges of its subnets where the spaces are not known."""
        return self.spaces or tuple(one for subnet in self.subnets for one in subnet.ranges)


@dataclass(frozen=True, slots=True)
class OnPremises:
    """The on-premises ranges of a local network gateway."""

    resource: Resource
    ranges: tuple[IpRange, ...]


@dataclass(frozen=True, slots=True)
class AddressPlan:
    """The networks by the key of their id, the clusters, the sites, and the unplaced demands.

    An unplaced demand is one in a subnet that the estate does not have.
    """

    networks: Mapping[str, VirtualNetwork]
    clusters: tuple[Cluster, ...]
    sites: tuple[OnPremises, ...]

    def subnet(self, subnet_id: ResourceId) -> Subnet | None:
        """Return the subnet with this id, or None."""
        network = self.networks.get(subnet_id.parent.key) if subnet_id.parent else None
        for subnet in network.subnets if network else ():
            if subnet.resource.id == subnet_id:
                return subnet
        return None

    def network_of(self, subnet: ResourceId | None) -> VirtualNetwork | None:
        """Return the network that a subnet's id stands in, or None."""
        return self.networks.get(subnet.parent.key) if subnet and subnet.parent else None

    def are_neighbours(self, one: str, other: str) -> bool:
        """Return whether two networks (by key) are one, are peered, or share a peer.

        Azure keeps the ranges of a network and of all its peers apart (Azure/ResourceModules#731).
        """
        if one == other:
            return True
        own_peers, other_peers = self.peers_of(one), self.peers_of(other)
        return other in own_peers or not own_peers.isdisjoint(other_peers)

    def peers_of(self, network: str) -> frozenset[str]:
        """Return the keys of the networks that a network is peered with."""
        found = self.networks.get(network)
        return found.peers if found else frozenset()


def read_address_plan(estate: Estate) -> AddressPlan:
    """Return the address plan of an estate."""
    clusters = read_clusters(estate)
    demands: dict[str, list[Demand]] = {}
    for demand in read_demands(estate, clusters):
        demands.setdefault(demand.subnet.key, []).append(demand)
    peers, remote = _read_peerings(estate)
    networks: dict[str, VirtualNetwork] = {}
    for identity in _network_ids(estate, demands):
        resource = estate.get(identity)
        stated = lookup(resource.body if resource else {}, _SPACES_PATH)
        texts = [t for t in stated if isinstance(t, str)] if _is_list(stated) else []
        # Of a network that is only referred to, Azure's answer for a peering has the spaces
        # (remoteAddressSpace).
        spaces, wrong = _parse_ranges([*texts, *([] if texts else remote.get(identity.key, ()))])
        subnets = tuple(
            _read_subnet(child, tuple(demands.get(child.id.key, ())))
            for child in estate.children(identity, SUBNET)
        )
        networks[identity.key] = VirtualNetwork(
            identity, resource, spaces, wrong, _is_list(stated) and len(texts) == len(stated),
            subnets, frozenset(peers.get(identity.key, ())),
        )  # fmt: skip
    return AddressPlan(networks, clusters, tuple(_read_sites(estate)))


def merge_networks(plans: Mapping[str, AddressPlan]) -> Mapping[str, VirtualNetwork]:
    """Return the networks of several plans, by key.

    The spaces are those of the first plan that knows them; the peerings are those of all plans
    together.
    """
    merged: dict[str, VirtualNetwork] = {}
    for plan in plans.values():
        # Several environments describe a hub, most of them by reference: the one that knows its
        # spaces is taken.
        for key, network in plan.networks.items():
            before = merged.get(key)
            if before is None:
                merged[key] = network
                continue
            described = before if before.spaces or not network.spaces else network
            merged[key] = VirtualNetwork(
                described.id, described.resource, described.spaces, described.wrong,
                described.known, before.subnets or network.subnets, before.peers | network.peers,
            )  # fmt: skip
    return merged


_SPACES_PATH = ("properties", "addressSpace", "addressPrefixes")


def _network_ids(estate: Estate, demands: Mapping[str, list[Demand]]) -> list[ResourceId]:
    """Return the ids of all networks that are there, or that something there refers to."""
    found = {resource.id.key: resource.id for resource in estate.of_type(NETWORK)}
    children = [*estate.of_type(SUBNET), *estate.of_type(PEERING)]
    mentioned = [child.id.parent for child in children]
    # A network that is only peered with still has ranges that must not overlap.
    mentioned += [_remote_network(peering) for peering in estate.of_type(PEERING)]
    mentioned += [demand.subnet.parent for in_subnet in demands.values() for demand in in_subnet]
    for identity in mentioned:
        if identity is not None:
            found.setdefault(identity.key, identity)
    return list(found.values())


def _read_peerings(estate: Estate) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    """Return the peered networks, and the ranges that Azure answers for the remote sides."""
    peers: dict[str, set[str]] = {}
    ranges: dict[str, list[str]] = {}
    for peering in estate.of_type(PEERING):
        own, remote_id = peering.id.parent, _remote_network(peering)
        if own is None or remote_id is None:
            continue
        peers.setdefault(own.key, set()).add(remote_id.key)
        # One declared side is enough: the other will be created, or is in another environment.
        peers.setdefault(remote_id.key, set()).add(own.key)
        described = lookup(peering.body, ("properties", "remoteAddressSpace", "addressPrefixes"))
        if _is_list(described):
            ranges[remote_id.key] = [text for text in described if isinstance(text, str)]
    return peers, ranges


def _remote_network(peering: Resource) -> ResourceId | None:
    return parse_resource_id(lookup(peering.body, ("properties", "remoteVirtualNetwork", "id")))


def _read_subnet(resource: Resource, demands: tuple[Demand, ...]) -> Subnet:
    whole = lookup(resource.body, ("properties",))
    properties = in_lower_case(whole)
    prefixes = properties.get("addressprefixes")
    stated = list(prefixes) if _is_list(prefixes) else []
    single = properties.get("addressprefix")
    # addressPrefix is the older, singular property; Azure answers one or the other.
    if not stated and single:
        stated = [single]
    ranges, wrong = _parse_ranges([text for text in stated if isinstance(text, str)])
    delegated = properties.get("delegations")
    services = [
        lookup(entry, ("properties", "serviceName"))
        for entry in (delegated if _is_list(delegated) else ())
    ]
    return Subnet(
        resource, ranges, wrong, len(ranges) + len(wrong) == len(stated) > 0,
        tuple(name for name in services if isinstance(name, str)),
        parse_resource_id(lookup(properties.get("networksecuritygroup"), ("id",))),
        parse_resource_id(lookup(properties.get("routetable"), ("id",))),
        demands,
        isinstance(whole, Unknown) or not is_known(delegated),
    )  # fmt: skip


def _read_sites(estate: Estate) -> Iterator[OnPremises]:
    for resource in estate.of_type(ON_PREMISES):
        described = lookup(
            resource.body, ("properties", "localNetworkAddressSpace", "addressPrefixes")
        )
        ranges, _wrong = _parse_ranges(
            [text for text in described if isinstance(text, str)] if _is_list(described) else []
        )
        # A default route towards a site is no claim to every address.
        yield OnPremises(resource, tuple(one for one in ranges if one.prefixlen))


def _parse_ranges(texts: list[str]) -> tuple[tuple[IpRange, ...], tuple[str, ...]]:
    read = [(text, read_range(text)) for text in texts]
    return (
        tuple(one for _text, one in read if one is not None),
        tuple(text for text, one in read if one is None),
    )


def _is_list(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    return isinstance(value, (list, tuple))
