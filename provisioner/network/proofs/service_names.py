"""DNS names of a service: breaches where they resolve to anything but its private endpoints.

Azure writes the records of an endpoint into the zones of its DNS zone group, and answers which.
Anything else for a name of the service takes its traffic elsewhere: another record in those zones,
or another zone that is linked to the clients' networks and has the longer name.
"""

from collections.abc import Iterable, Iterator, Sequence

from provisioner.network.model.dns_resolution import answering_zone, records_for, resolvers_of
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import (
    EndpointName,
    NameRecord,
    Network,
    PrivateEndpoint,
    Service,
    Zone,
)
from provisioner.network.proofs.proof import Breach

_ADDRESS_RECORD = "A"


def name_breaches(
    topology: Topology, service: Service, endpoints: Sequence[PrivateEndpoint]
) -> Iterator[Breach]:
    """Yield the records and zones that resolve a name of a service elsewhere, or may.

    `endpoints` are those of the service; nothing is known before Azure has answered the records of
    one.
    """
    # A registry has several names: its own and one for each data endpoint.
    names = [name for endpoint in endpoints for name in endpoint.names]
    for host in dict.fromkeys(name.host for name in names):
        for key in dict.fromkeys(name.zone for name in names if name.host == host):
            given = [name for name in names if name.host == host and name.zone == key]
            yield from _zone_breaches(topology, service, key, given)
    if names:
        zones = {key for endpoint in endpoints for key in endpoint.zones}
        for network in _client_networks(topology, endpoints):
            yield from _network_breaches(topology, service, network, zones)


def _zone_breaches(
    topology: Topology, service: Service, key: str, given: Sequence[EndpointName]
) -> Iterator[Breach]:
    """Yield what is wrong with the records of one name in a zone where its endpoints have some."""
    zone, host = topology.zones.get(key), given[0].host
    if zone is None or zone.unread is not None:
        where = zone.label if zone else key.rpartition("/")[2]
        why = f"cannot be read ({zone.unread})" if zone and zone.unread else "were not read"
        yield Breach(
            where,
            f"the records of {where} {why}: the address of {host} is unknown.",
            (
                "Grant the credential Reader on the zone, or add the zone to the blueprint "
                "(`existing: true`)."
            ),
            service.span,
            certain=False,
        )
        return
    addresses = {address for name in given for address in name.addresses}
    records = records_for(zone.records, host)
    for record in records:
        if (
            record.kind != _ADDRESS_RECORD
            or record.host != host
            or not addresses >= {*record.targets}
        ):
            yield _wrong_record(record, host, service, f"{_join_texts(sorted(addresses))}")
    if not records:
        yield Breach(
            zone.label,
            f"{zone.name} has no record for {host}: {service.label} does not resolve.",
            (
                "Delete the private DNS zone group of its private endpoint and apply: Azure "
                "creates the record with the group."
            ),
            service.span,
        )


def _network_breaches(
    topology: Topology, service: Service, network: Network, zones: set[str]
) -> Iterator[Breach]:
    """Yield the zones that answer for a service in a network without records of its endpoints.

    None of the endpoints writes into such a zone.
    """
    # Clients are answered in the network of their DNS server, which can be the hub.
    for resolver in resolvers_of(topology, network):
        for host in service.hosts if resolver.asks is not None else ():
            zone = answering_zone(topology, resolver.asks or "", host)
            # Of linked zones the one with the longest name answers: a zone for the host itself
            # wins over privatelink.* ("What is a private Azure DNS zone").
            if zone is not None and zone.key not in zones:
                yield from _other_zone_breaches(zone, host, service, network)


def _other_zone_breaches(
    zone: Zone, host: str, service: Service, network: Network
) -> Iterator[Breach]:
    for record in records_for(zone.records, host):
        yield _wrong_record(
            record, host, service, (f"the address of its private endpoint, in {network.label}")
        )
        return
    yield Breach(
        zone.label,
        (
            f"{zone.name} ({zone.label}) answers for {host} in {network.label}, but no private "
            f"endpoint of {service.label} registers in it: its clients cannot resolve it."
        ),
        f"Remove the virtual network link of {zone.label}, or the zone.",
        service.span,
        certain=zone.unread is None,
    )


def _wrong_record(record: NameRecord, host: str, service: Service, expected: str) -> Breach:
    where = _join_texts(record.targets) or "nowhere"
    return Breach(
        record.label,
        (
            f"the record {record.label} resolves {host} ({service.label}) to {where}, expected "
            f"{expected}."
        ),
        "Remove the record; Azure creates the correct one with the private DNS zone group.",
        service.span,
    )


def _client_networks(topology: Topology, endpoints: Iterable[PrivateEndpoint]) -> Iterator[Network]:
    """Yield the networks with clients of a service.

    They are those of its endpoints, and those of the nodes.
    """
    keys = [endpoint.network for endpoint in endpoints]
    keys += [
        pool.subnet.rpartition("/subnets/")[0]
        for cluster in topology.own_clusters
        for pool in cluster.pools
        if pool.subnet
    ]
    for key in dict.fromkeys(keys):
        network = topology.networks.get(key)
        if network is not None:
            yield network


def _join_texts(values: Iterable[str]) -> str:
    return ", ".join(values)
