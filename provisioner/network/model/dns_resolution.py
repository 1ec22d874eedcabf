"""DNS resolution: the private DNS zones that answer the queries of a network.

A private zone answers in the networks that it is linked to. For a network whose DNS server is the
firewall (as proxy) or a private resolver, the links of their network count (guidelines.md NET-08).
"""

from collections.abc import Collection
from dataclasses import dataclass

from provisioner.network.model.intervals import parse_addresses
from provisioner.network.model.service_tags import HOST
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Firewall, NameRecord, Network, Zone


@dataclass(frozen=True, slots=True)
class Resolver:
    """A DNS server of a network.

    `asks` is the key of the network whose zone links count, None where nothing is known of it, and
    `words` describes the server. `certain` is false where it is unknown only because it was not
    read.
    """

    element: str
    asks: str | None
    words: str
    certain: bool = True


def resolvers_of(topology: Topology, network: Network) -> tuple[Resolver, ...]:
    """Return the resolvers of a network, one for each of its DNS servers."""
    if not network.known:
        words = "DNS servers that are not known: the network was not read"
        return (Resolver(network.label, None, words, certain=False),)
    if not network.dns_servers:
        return (Resolver(network.label, network.key, "Azure's own resolver"),)
    return tuple(_resolver_at(topology, network, server) for server in network.dns_servers)


def resolves(topology: Topology, network: Network, zone: Zone) -> tuple[bool, Resolver]:
    """Return whether every DNS server of a network answers for a private zone.

    With it comes the first server that does not, else the first.
    """
    linked = {link.network for link in zone.links}
    resolvers = resolvers_of(topology, network)
    for resolver in resolvers:
        if resolver.asks not in linked:
            return False, resolver
    return True, resolvers[0]


def _resolver_at(topology: Topology, network: Network, server: str) -> Resolver:
    address = parse_addresses(server)
    if address is not None and address == HOST:
        return Resolver(network.label, network.key, "Azure's own resolver")
    for firewall in topology.firewalls:
        if _has_address(topology, firewall, server):
            return _firewall_resolver(topology, network, firewall)
    for key, resolver_network, resolver_address in topology.resolvers:
        if key == server or (address is not None and resolver_address == address.lowest):
            return Resolver(network.label, resolver_network, f"the private resolver at {server}")
    return Resolver(
        network.label, None, f"{server}, which is neither the firewall nor a private resolver"
    )


def _firewall_resolver(topology: Topology, network: Network, firewall: Firewall) -> Resolver:
    if not firewall.known:
        words = f"{firewall.label}, which is outside of the environment and was not read"
        return Resolver(firewall.label, None, words, certain=False)
    if firewall.policy is None or not firewall.policy.dns_proxy:
        element = firewall.policy.label if firewall.policy else firewall.label
        return Resolver(element, None, f"{firewall.label}, whose DNS proxy is off")
    # A proxy with its own DNS servers forwards to the first; without, it queries Azure in its own
    # network.
    for server in firewall.policy.dns_servers:
        for key, resolver_network, resolver_address in topology.resolvers:
            address = parse_addresses(server)
            if key == server or (address is not None and resolver_address == address.lowest):
                return Resolver(
                    firewall.policy.label, resolver_network, f"{firewall.label}, then {server}"
                )
        return Resolver(
            firewall.policy.label, None, f"{firewall.label}, which asks {server}: nothing is known"
        )
    return Resolver(firewall.label, firewall.network, f"{firewall.label} as DNS proxy")


def _has_address(topology: Topology, firewall: Firewall, server: str) -> bool:
    address = parse_addresses(server)
    if address is None:
        return firewall.key == server
    if firewall.address is not None:
        return firewall.address == address.lowest
    # Its address is known after apply; nothing else in AzureFirewallSubnet has one.
    subnet = topology.subnets.get(firewall.subnet)
    return subnet is not None and address.lowest in subnet.ranges


def answering_zone(topology: Topology, asked: str, host: str) -> Zone | None:
    """Return the private zone that answers for a host in the network `asked` (its key).

    Of the zones that are linked to it, it is the one with the longest name ("What is a private
    Azure DNS zone"); None where the public DNS answers.
    """
    linked = (
        zone
        for zone in topology.zones.values()
        if any(link.network == asked for link in zone.links)
        and (host == zone.name or host.endswith(f".{zone.name}"))
    )
    return max(linked, key=lambda zone: len(zone.name), default=None)


def records_for(records: Collection[NameRecord], host: str) -> tuple[NameRecord, ...]:
    """Return the records that answer for a host.

    They are those of that very name; where there are none, those of the nearest wildcard.
    """
    names = [host]
    # A wildcard record answers only where the name itself has no record set (RFC 4592).
    labels = host.split(".")
    names += [".".join(("*", *labels[position:])) for position in range(1, len(labels))]
    for name in names:
        found = tuple(record for record in records if record.host == name)
        if found:
            return found
    return ()
