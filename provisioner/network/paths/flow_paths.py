"""Flow paths from a subnet to a destination: DNS resolution, then packet traces (`azsec trace`)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from provisioner.catalog.egress import FEATURES, FQDN_TAGS, egress_of
from provisioner.network.model.dns_resolution import resolves
from provisioner.network.model.effective_routes import route_subnet
from provisioner.network.model.firewalls import is_covered
from provisioner.network.model.intervals import parse_addresses, show_address
from provisioner.network.model.service_tags import PUBLIC
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import (
    Cluster,
    Network,
    PrivateEndpoint,
    Service,
    ServiceKind,
    Subnet,
    Zone,
)
from provisioner.network.paths.packet_tracing import Hop, Packet, Path, rangeless, trace_packet
from provisioner.network.paths.trace_endpoints import Destination, DestinationKind, find_subnet

_SERVICES = {
    DestinationKind.VAULT: ServiceKind.VAULT,
    DestinationKind.REGISTRY: ServiceKind.REGISTRY,
    DestinationKind.STORAGE: ServiceKind.STORAGE,
}
_DNS = "DNS"


@dataclass(frozen=True, slots=True)
class FlowPath:
    """A path from one subnet to a destination; `destination` describes it."""

    source: Subnet
    destination: str
    path: Path


def find_flow_paths(
    topology: Topology, source: Subnet, destination: Destination, protocol: str
) -> tuple[FlowPath, ...]:
    """Return the paths from a subnet to a destination, one for each that differs.

    Public addresses are traced once for each effective route that holds some.

    Raises DiagnosticError for a subnet that does not exist.
    """
    tracer = _FlowTracer(topology, source, protocol, destination.port)
    if destination.kind is DestinationKind.INTERNET:
        return tuple(tracer.to_public(None))
    if destination.kind is DestinationKind.HOST:
        return tuple(tracer.to_host(destination.name))
    if destination.kind is DestinationKind.ADDRESS:
        address = parse_addresses(destination.name)
        return (tracer.to_address(address.lowest, str(destination)),) if address else ()
    if destination.kind is DestinationKind.SUBNET:
        subnet = find_subnet(topology, destination.name)
        return (tracer.to_subnet(subnet, f"{subnet.label}:{destination.port}"),)
    if destination.kind is DestinationKind.API_SERVER:
        return tuple(j for cluster in topology.clusters for j in tracer.to_api_server(cluster))
    kind = _SERVICES[destination.kind]
    return tuple(j for s in topology.services if s.kind is kind for j in tracer.to_service(s))


class _FlowTracer:
    def __init__(self, topology: Topology, source: Subnet, protocol: str, port: int) -> None:
        self._topology = topology
        self._source = source
        self._network = topology.networks[source.network]
        self._protocol = protocol
        self._port = port

    def to_address(
        self, address: int, words: str, asked: tuple[Hop, ...] = (), host: str | None = None
    ) -> FlowPath:
        packet = replace(self._packet_to(address), name=host)
        path = trace_packet(self._topology, self._source, packet)
        return FlowPath(self._source, words, replace(path, hops=(*asked, *path.hops)))

    def to_subnet(
        self, subnet: Subnet, words: str, asked: tuple[Hop, ...] = (), host: str | None = None
    ) -> FlowPath:
        if not subnet.ranges:
            return FlowPath(self._source, words, Path((*asked, rangeless(subnet)), delivered=False))
        # Azure keeps four addresses, and the source may stand on the first that is left.
        return self.to_address(subnet.ranges.lowest + 5, words, asked, host)

    def to_public(self, host: str | None, asked: tuple[Hop, ...] = ()) -> Iterator[FlowPath]:
        reported: set[tuple[Hop, ...]] = set()
        for route in route_subnet(self._topology, self._source).routes:
            public = route.addresses & PUBLIC
            if not public:
                continue
            packet = replace(
                self._packet_to(public.lowest), name=host, tags=fqdn_tags_with(self._topology, host)
            )
            path = trace_packet(self._topology, self._source, packet)
            # Many routes end alike; a reader needs each outcome once.
            if path.hops in reported:
                continue
            reported.add(path.hops)
            where = host or f"internet, as {show_address(public.lowest)}"
            full_path = replace(path, hops=(*asked, *path.hops))
            yield FlowPath(self._source, f"{where}:{self._port}", full_path)

    def to_host(self, host: str) -> Iterator[FlowPath]:
        zone = self._zone_of(host)
        if zone is None:
            yield from self.to_public(host)
            return
        asked = self._resolve(self._network, zone)
        target = self._subnet_of_host(zone, host)
        if not asked.passes or target is None:
            # A name that no private zone answers leads to its public address.
            yield from self.to_public(host, (replace(asked, passes=True),))
            return
        yield self.to_subnet(target, f"{host}:{self._port}", (asked,), host)

    def to_service(self, service: Service) -> Iterator[FlowPath]:
        words = f"{service.label}:{self._port}"
        endpoints = [e for e in self._topology.endpoints if e.target == service.key]
        if not endpoints:
            yield self._undelivered(words, _public_answer(service))
        for endpoint in endpoints:
            yield self._to_endpoint(service, endpoint, words)

    def _to_endpoint(self, service: Service, endpoint: PrivateEndpoint, words: str) -> FlowPath:
        # The records of an endpoint are only in the zones of its zone groups.
        zones = [z for key in endpoint.zones if (z := self._topology.zones.get(key))]
        asked = [self._resolve(self._network, zone) for zone in zones]
        subnet = self._topology.subnets.get(endpoint.subnet)
        if not all(hop.passes for hop in asked) or not zones or subnet is None:
            return self._undelivered(words, *asked, _public_answer(service))
        # An endpoint that is not approved has an address and carries nothing.
        if endpoint.approved is False:
            hop = Hop(endpoint.label, "private endpoint", "is not approved", passes=False)
            return self._undelivered(words, *asked, hop)
        return self.to_subnet(
            subnet, words, tuple(asked), f"{service.name}.{_public_domain(zones[0])}"
        )

    def to_api_server(self, cluster: Cluster) -> Iterator[FlowPath]:
        words = f"{cluster.label}:{self._port}"
        subnet_key = cluster.api_server_subnet or next(
            (pool.subnet for pool in cluster.pools if pool.subnet), None
        )
        subnet = self._topology.subnets.get(subnet_key or "")
        # A public API server has no address in the model; its host names are in the table of
        # required egress.
        if not cluster.private or subnet is None:
            needs = egress_of(self._topology.cloud, "public-api-server", cluster.region) or ()
            for host in (host for need in needs for host in need.hosts):
                yield from self.to_public(host)
            return
        zone = self._topology.zones.get(cluster.zone)
        if zone is not None:
            asked = self._resolve(self._network, zone)
        else:
            # AKS links its own zone to the network of the nodes and to no other.
            is_own_network = subnet.network == self._network.key
            zone_text = "the zone that AKS made" if cluster.zone == "system" else "its public name"
            found = is_own_network or cluster.zone == "none"
            answer = f"{'answers' if found else 'does not answer'} through {zone_text}"
            asked = Hop(cluster.label, _DNS, answer, found)
        if asked.passes:
            name = f"*.{zone.name}" if zone else None
            yield self.to_subnet(subnet, words, (asked,), name)
        else:
            yield self._undelivered(words, asked)

    def _packet_to(self, address: int) -> Packet:
        return Packet(address, self._protocol, self._port)

    def _resolve(self, network: Network, zone: Zone) -> Hop:
        found, resolver = resolves(self._topology, network, zone)
        words = f"{network.label} asks {resolver.words}, where {zone.name} "
        return Hop(
            resolver.element, _DNS, words + ("answers" if found else "does not answer"), found
        )

    def _zone_of(self, host: str) -> Zone | None:
        """Return the private zone that would answer for a host, the longest name first."""
        zones = sorted(self._topology.zones.values(), key=lambda zone: -len(zone.name))
        for zone in zones:
            if is_covered(host, f"*.{zone.name}") or is_covered(host, f"*.{_public_domain(zone)}"):
                return zone
        return None

    def _subnet_of_host(self, zone: Zone, host: str) -> Subnet | None:
        """Return the subnet that a host of a private zone stands in, as far as it is known."""
        # A service's host name begins with its name: that finds the endpoint before Azure has
        # answered its records.
        first = host.partition(".")[0].lower()
        for endpoint in self._topology.endpoints:
            if zone.key in endpoint.zones and endpoint.target.rpartition("/")[2] == first:
                return self._topology.subnets.get(endpoint.subnet)
        for cluster in self._topology.clusters:
            if cluster.zone == zone.key and cluster.pools:
                subnet_key = cluster.api_server_subnet or cluster.pools[0].subnet or ""
                return self._topology.subnets.get(subnet_key)
        return None

    def _undelivered(self, words: str, *hops: Hop) -> FlowPath:
        return FlowPath(self._source, words, Path(hops, delivered=False))


def _public_domain(zone: Zone) -> str:
    """Return the public domain of the names that a private link zone answers.

    A vault's zone is `vaultcore`, its name ends with `vault` (private-endpoint-dns).
    """
    return zone.name.lower().removeprefix("privatelink.").replace("vaultcore.", "vault.")


def _public_answer(service: Service) -> Hop:
    if service.public and service.guarded:
        words = "is found by its public address, whose firewall denies by default"
    elif service.public:
        words = "is found by its public address, which answers"
    else:
        words = "is found by its public address, which does not answer"
    return Hop(service.label, "service", words, passes=False)


def fqdn_tags_with(topology: Topology, host: str | None) -> frozenset[str]:
    """Return the FQDN tags of Azure Firewall that are known to hold a host."""
    if host is None:
        return frozenset()
    regions = {cluster.region for cluster in topology.clusters} or {""}
    return frozenset(
        tag
        for tag, features in FQDN_TAGS.items()
        for feature in features & set(FEATURES)
        for region in regions
        for need in egress_of(topology.cloud, feature, region) or ()
        if any(is_covered(host, name) for name in need.hosts)
    )
