"""The egress paths of workload subnets to the internet, by packet traces.

`workflow.graph` calls `find_egress_paths` for the network diagram.
"""

from dataclasses import dataclass

from provisioner.catalog.egress import egress_of
from provisioner.network.model.effective_routes import EffectiveRoute, route_subnet
from provisioner.network.model.service_tags import PUBLIC
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Cluster, Firewall, HopType, Subnet
from provisioner.network.model.unsupported_resources import words_of
from provisioner.network.paths.egress_candidates import firewall_behind, pools_in
from provisioner.network.paths.flow_paths import fqdn_tags_with
from provisioner.network.paths.packet_tracing import Packet, Path, trace_packet

_HTTPS = 443


@dataclass(frozen=True, slots=True)
class EgressPath:
    """The egress path of a subnet.

    `route` is the effective route of the traffic, `firewall` the one behind that route; `host` is
    the traced host name, empty for an address. `unjudged` is what may open another path, with its
    type.
    """

    subnet: Subnet
    host: str
    route: EffectiveRoute
    firewall: Firewall | None
    path: Path
    unjudged: tuple[str, ...] = ()

    @property
    def leaves(self) -> bool:
        """Whether the packet arrives on the internet: a gateway leads somewhere else."""
        return self.path.delivered and self.route.hop is not HopType.GATEWAY


def find_egress_paths(topology: Topology) -> tuple[EgressPath, ...]:
    """Return the egress paths of the environment's workload subnets.

    Each has one, and more if its routes divide the internet between them.
    """
    paths = []
    for subnet in topology.workload_subnets:
        # Firewalls allow by host name: a packet to a bare address would be denied where nodes
        # pass.
        host = _host_of(topology, subnet)
        tags = fqdn_tags_with(topology, host) if host else frozenset()
        unjudged = words_of(topology.unjudged_in(subnet))
        for route in route_subnet(topology, subnet).routes:
            public = route.addresses & PUBLIC
            if public:
                packet = Packet(public.lowest, "tcp", _HTTPS, host or None, tags)
                path = trace_packet(topology, subnet, packet)
                firewall = firewall_behind(topology, subnet, route)
                paths.append(EgressPath(subnet, host, route, firewall, path, unjudged))
    return tuple(paths)


def _host_of(topology: Topology, subnet: Subnet) -> str:
    """Return the first host that a cluster of a subnet has to reach, or nothing."""
    clusters: dict[str, Cluster] = {c.key: c for c, _ in pools_in(topology, subnet)}
    for cluster in clusters.values():
        for feature in cluster.features:
            for need in egress_of(topology.cloud, feature, cluster.region) or ():
                for host in need.hosts:
                    if "*" not in host and need.port == _HTTPS:
                        return host
    return ""
