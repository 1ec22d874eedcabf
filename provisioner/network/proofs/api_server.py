"""Proof: the private API server resolves and is reachable in the named networks only.

Controls CLU-01 and NET-08. The named networks are the blueprint's own: those that its zone is
linked to by the blueprint. A link, a path or an address that the blueprint does not name is a
breach.
"""

from collections.abc import Iterator

from provisioner.network.model.dns_resolution import resolves
from provisioner.network.model.intervals import EVERYWHERE, parse_addresses
from provisioner.network.model.topology import Topology, is_workload
from provisioner.network.model.topology_elements import Cluster, Network, Subnet, Zone
from provisioner.network.paths.packet_tracing import Packet, trace_packet
from provisioner.network.proofs.proof import Breach, Proof, conclude, skip

NAME = "api-server"
CLAIM = "the API server is reachable from, and its name resolves in, declared networks only"

_PORT = 443


def prove_api_server(topology: Topology) -> Proof:
    """Prove it for every cluster."""
    if not topology.own_clusters:
        return skip(NAME, CLAIM, "there is no cluster")
    breaches = [
        b for cluster in topology.own_clusters for b in _breaches_of_cluster(topology, cluster)
    ]
    count = len(topology.own_clusters)
    return conclude(NAME, CLAIM, breaches, f"{count} cluster{'s' if count > 1 else ''}")


def _breaches_of_cluster(topology: Topology, cluster: Cluster) -> Iterator[Breach]:
    if not cluster.private:
        yield from _public_api_server_breaches(topology, cluster)
        return
    if cluster.authorized:
        yield Breach(
            cluster.label,
            f"{cluster.label} is private and sets authorizedIPRanges: AKS rejects the combination.",
            (
                "Remove authorizedIPRanges: access to a private API server is controlled by "
                "the network."
            ),
            cluster.span,
        )
    if cluster.public_name:
        yield Breach(
            cluster.label,
            (
                f"{cluster.label} has a public FQDN (enablePrivateClusterPublicFQDN), which "
                "publishes its private IP address."
            ),
            "Set `enablePrivateClusterPublicFQDN: false`.",
            cluster.span,
        )
    nodes = _node_subnets(topology, cluster)
    if not nodes:
        return
    home = topology.networks[nodes[0].network]
    yield from _name_breaches(topology, cluster, home)
    yield from _path_breaches(topology, cluster, nodes)


def _public_api_server_breaches(topology: Topology, cluster: Cluster) -> Iterator[Breach]:
    unrestricted = [text for text in cluster.authorized if parse_addresses(text) == EVERYWHERE]
    if not cluster.authorized or unrestricted:
        what = (
            f"allows {unrestricted[0]} in authorizedIPRanges"
            if unrestricted
            else "has no authorizedIPRanges"
        )
        yield Breach(
            cluster.label,
            f"the API server of {cluster.label} is public and {what}.",
            "Set `enablePrivateCluster: true`, or set `authorizedIPRanges` (CLU-01).",
            cluster.span,
        )


def _name_breaches(topology: Topology, cluster: Cluster, home: Network) -> Iterator[Breach]:
    # privateDNSZone `none` leaves the name to the public DNS.
    if cluster.zone == "none":
        return
    if cluster.zone == "system":
        if not home.known:
            yield Breach(
                home.label,
                (
                    f"{home.label} was not read: whether its DNS servers resolve the name of "
                    f"{cluster.label} is unknown."
                ),
                "Add the network to the blueprint (`existing: true`).",
                cluster.span,
                certain=False,
            )
        # A zone that AKS makes is linked to the network of the nodes alone; custom DNS servers
        # ask from theirs.
        if home.dns_servers:
            yield Breach(
                cluster.label,
                (
                    f"AKS links the private DNS zone of {cluster.label} to {home.label} only, "
                    "which uses other DNS servers."
                ),
                (
                    "Set `privateDNSZone` to your own zone, and link it to the networks of "
                    "those DNS servers."
                ),
                cluster.span,
            )
        return
    zone = topology.zones.get(cluster.zone)
    if zone is None:
        yield Breach(
            cluster.label,
            f"the private DNS zone of {cluster.label} was not read: {cluster.zone}.",
            "Add it to the blueprint (`existing: true`).",
            cluster.span,
            certain=False,
        )
        return
    yield from zone_breaches(topology, zone, home, cluster.label)


def zone_breaches(topology: Topology, zone: Zone, home: Network, what: str) -> Iterator[Breach]:
    """Yield the wrong and missing links of a zone in which `home` has to resolve `what`."""
    if not zone.links:
        yield Breach(
            zone.label,
            f"{zone.name} has no virtual network link: {what} does not resolve.",
            f"Link it to {home.label} and to the network of its DNS server.",
            zone.span,
        )
        return
    found, resolver = resolves(topology, home, zone)
    # The hub of another environment: its resolver may be right.
    if not resolver.certain:
        yield Breach(
            resolver.element,
            (
                f"{home.label} uses {resolver.words}: whether {zone.name} resolves there is "
                "known only in a plan."
            ),
            "Run `azsec plan` with Reader on the hub.",
            home.span,
            certain=False,
        )
    elif not found:
        yield Breach(
            resolver.element,
            (
                f"{home.label} uses {resolver.words}, and {zone.name} does not resolve there: "
                f"{what} does not resolve."
            ),
            "Link the zone to the network of the DNS server.",
            home.span,
        )
    for link in zone.links:
        network = topology.networks.get(link.network)
        if network is None or not network.declared:
            yield Breach(
                link.label,
                (
                    f"{zone.name} also resolves in "
                    f"{link.network.rpartition('/')[2] or 'a network'}, which is not in this "
                    "environment."
                ),
                "Remove the link, or add the network to the blueprint.",
                zone.span,
            )


def _path_breaches(
    topology: Topology, cluster: Cluster, nodes: tuple[Subnet, ...]
) -> Iterator[Breach]:
    """Yield paths to the API server that nodes lack, and those that foreign networks have."""
    server = topology.subnets.get(cluster.api_server_subnet or "") or nodes[0]
    rangeless = next((subnet for subnet in (server, *nodes) if not subnet.ranges), None)
    if rangeless is not None:
        yield Breach(
            rangeless.label,
            (
                f"the sources that reach the API server of {cluster.label} are unknown: "
                f"{rangeless.label} has no IPv4 range."
            ),
            "Set `addressPrefix` of the subnet, or run `azsec plan` with Reader on it.",
            cluster.span,
            certain=False,
        )
        return
    # The private address is Azure's to choose; any usable one of the subnet has the same routes
    # and rules.
    address = server.ranges.lowest + 5
    for subnet in nodes:
        path = trace_packet(topology, subnet, Packet(address, "tcp", _PORT))
        if not path.delivered:
            last = path.hops[-1]
            yield Breach(
                last.element,
                (
                    f"{subnet.label} cannot reach the API server of {cluster.label}: blocked "
                    f"by {last.element} ({last.role})."
                ),
                f"Allow TCP {_PORT} from {subnet.label} to {server.label}.",
                subnet.span,
                certain=last.known,
            )
    for network in topology.networks.values():
        if network.declared:
            continue
        # Only a network that is not the blueprint's can be one that it does not name.
        for subnet in topology.subnets_of(network.key):
            if not is_workload(subnet) or not subnet.ranges:
                continue  # without an IPv4 address nothing in it sends to the API server's
            path = trace_packet(topology, subnet, Packet(address, "tcp", _PORT))
            if path.delivered:
                yield Breach(
                    # The hop before the last is the rule that lets it in, which is what has to
                    # change.
                    path.hops[-2].element,
                    (
                        f"{subnet.label} reaches the API server of {cluster.label}, but its "
                        "network is not in this environment."
                    ),
                    "Remove the peering, or add the network to the blueprint.",
                    cluster.span,
                )


def _node_subnets(topology: Topology, cluster: Cluster) -> tuple[Subnet, ...]:
    keys = dict.fromkeys(pool.subnet for pool in cluster.pools if pool.subnet)
    return tuple(topology.subnets[key] for key in keys if key in topology.subnets)
