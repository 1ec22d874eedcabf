"""The groups and nodes of a network diagram, their nesting and their labels (`azsec graph`).

`workflow.graph` calls `draw_network`, then draws the `edges` between its boxes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from provisioner.documents.graph import (
    INTERNET,
    ON_PREMISES,
    GroupDocument,
    GroupKind,
    NodeDocument,
    NodeKind,
)
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, parse_resource_id, resource_group_id
from provisioner.model.resource_id import subscription_id as subscription_of
from provisioner.network.diagram.context_resources import (
    ContextResource,
    find_context_resources,
    ranges_on_premises,
)
from provisioner.network.diagram.subnet_labels import SubnetDetails
from provisioner.network.model.intervals import show_address, show_addresses
from provisioner.network.model.load_balancers import LoadBalancer
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import (
    Cluster,
    Firewall,
    Network,
    Pool,
    PrivateEndpoint,
    Service,
    ServiceKind,
    Subnet,
    Zone,
)
from provisioner.network.paths.egress_paths import EgressPath

_SERVICES = {
    ServiceKind.VAULT: NodeKind.VAULT,
    ServiceKind.REGISTRY: NodeKind.REGISTRY,
    ServiceKind.STORAGE: NodeKind.STORAGE,
}
_NOT_READ = "not read"


def api_server_id(cluster: Cluster) -> str:
    """Return the id of the node that stands for the private API server of a cluster."""
    return f"{cluster.key}/apiserver"


def pool_id(cluster: Cluster, pool: Pool) -> str:
    """Return the id of the node of a pool, which may stand in the body of its cluster."""
    return f"{cluster.key}/agentpools/{pool.name.lower()}"


@dataclass(frozen=True)
class Diagram:
    """The boxes of a network: groups, a parent before what is in it, and nodes."""

    groups: tuple[GroupDocument, ...]
    nodes: tuple[NodeDocument, ...]

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids of everything that is drawn."""
        return frozenset(box.id for box in (*self.groups, *self.nodes))


def draw_network(
    estate: Estate,
    topology: Topology,
    paths: Iterable[EgressPath],
    subscriptions: Mapping[str, str],
) -> Diagram:
    """Return the boxes of a network: the environment's own, their targets, and peered networks.

    `subscriptions` maps alias to GUID.
    """
    builder = _DiagramBuilder(estate, topology, paths, subscriptions)
    nodes = tuple(sorted(builder.nodes(), key=_node_order))
    return Diagram(tuple(builder.groups(nodes)), nodes)


def _node_order(node: NodeDocument) -> tuple[int, str, str]:
    # Total order: the same network has the same picture, and a diff of two pictures shows changes
    # alone.
    return list(NodeKind).index(node.kind), node.name, node.id


class _DiagramBuilder:
    def __init__(
        self,
        estate: Estate,
        topology: Topology,
        paths: Iterable[EgressPath],
        subscriptions: Mapping[str, str],
    ) -> None:
        self._estate = estate
        self._topology = topology
        self._paths_by_subnet: dict[str, list[EgressPath]] = {}
        for path in paths:
            self._paths_by_subnet.setdefault(path.subnet.key, []).append(path)
        self._aliases = {guid.lower(): alias for alias, guid in subscriptions.items()}
        self._context_resources = tuple(find_context_resources(estate))
        self._networks = self._drawn_networks()
        self._hubs = self._find_hubs()
        self._details = SubnetDetails(topology, self._name_of)
        self._subnets = {
            s.key: s for s in topology.subnets.values() if s.network in self._own_networks
        }

    def _drawn_networks(self) -> dict[str, Network | None]:
        """Return the networks to draw by key.

        One that peers with the environment's is drawn as an empty box; it is None where it was not
        read.
        """
        networks = self._topology.networks
        own = [network for network in networks.values() if network.declared]
        self._own_networks = {network.key for network in own}
        # Peers of the own networks are drawn empty, and not their peers: the hub of a company has
        # hundreds of spokes.
        drawn: dict[str, Network | None] = {network.key: network for network in own}
        for network in networks.values():
            for peering in network.peerings:
                if network.key in self._own_networks or peering.remote in self._own_networks:
                    drawn.setdefault(network.key, network)
                    drawn.setdefault(peering.remote, networks.get(peering.remote))
        return drawn

    def _find_hubs(self) -> set[str]:
        """Return the hub networks.

        A hub is peered with others, and has a firewall, a gateway or a bastion. Without such a
        network it is the one with the most peerings, and of equal ones the one beside a firewall;
        one peering alone makes neither side a hub.
        """
        peers: dict[str, set[str]] = {key: set() for key in self._networks}
        for key, network in self._networks.items():
            for peering in network.peerings if network else ():
                peers[key].add(peering.remote)
                if peering.remote in peers:
                    peers[peering.remote].add(key)
        # What others share makes a hub; names like "hub" are anybody's to give.
        hub_networks = {firewall.network for firewall in self._topology.firewalls}
        hub_networks |= {
            _network_of(b.subnet) for b in self._context_resources if _is_hub_service(b)
        }
        found = {key for key in hub_networks & set(self._networks) if peers[key]}
        if found:
            return found
        firewall_subscriptions = {
            _subscription_key(firewall.key) for firewall in self._topology.firewalls
        }
        hub_candidates = [
            key
            for key, others in peers.items()
            if len(others) > 1 or (others and _subscription_key(key) in firewall_subscriptions)
        ]
        order = sorted(
            hub_candidates,
            key=lambda key: (
                -len(peers[key]),
                _subscription_key(key) not in firewall_subscriptions,
                key,
            ),
        )
        return set(order[:1])

    def groups(self, nodes: Iterable[NodeDocument]) -> Iterator[GroupDocument]:
        """Yield every group: subscriptions, then what is in them, then subnets."""
        # A resource group is drawn only where a node of it is in no subnet.
        used = {node.group for node in nodes if node.group}
        resource_groups = sorted(used - set(self._subnets))
        networks = sorted(self._networks, key=lambda k: (k not in self._hubs, self._name_of(k), k))
        subscriptions = dict.fromkeys(map(_subscription_key, [*networks, *resource_groups]))
        for key in subscriptions:
            guid = key.rpartition("/")[2]
            name = self._aliases.get(guid, guid)
            yield GroupDocument(id=key, kind=GroupKind.SUBSCRIPTION, name=name)
        for key in networks:
            yield self._network_group(key)
        for key in resource_groups:
            yield GroupDocument(
                id=key,
                kind=GroupKind.RESOURCE_GROUP,
                name=self._name_of(key),
                parent=_subscription_key(key),
            )
        for subnet in sorted(self._subnets.values(), key=_address_order):
            yield GroupDocument(
                id=subnet.key,
                kind=GroupKind.SUBNET,
                name=subnet.name,
                address=self._address_of(subnet.key),
                details=tuple(self._details.of(subnet, self._paths_by_subnet.get(subnet.key, ()))),
                parent=subnet.network,
                declared=subnet.declared,
            )

    def _network_group(self, key: str) -> GroupDocument:
        network = self._networks[key]
        ranges = show_addresses(network.ranges) if network and network.known else ""
        named = self._id_of(key)
        group = named.resource_group if named else None
        return GroupDocument(
            id=key,
            kind=GroupKind.HUB if key in self._hubs else GroupKind.NETWORK,
            name=self._name_of(key),
            address=self._address_of(key),
            details=(ranges or _NOT_READ, *([group] if group else [])),
            parent=_subscription_key(key),
            declared=network is not None and network.declared and network.known,
        )

    def nodes(self) -> Iterator[NodeDocument]:
        """Yield every node."""
        topology = self._topology
        yield self._internet_node()
        if any(b.kind is NodeKind.GATEWAY for b in self._context_resources if self._is_drawn(b)):
            ranges = ranges_on_premises(self._estate)
            yield NodeDocument(
                id=ON_PREMISES, kind=NodeKind.ON_PREMISES, name="on-premises", details=ranges
            )
        yield from (
            self._firewall_node(f)
            for f in topology.firewalls
            if self._is_included(f.key, f.network)
        )
        yield from (self._context_node(b) for b in self._context_resources if self._is_drawn(b))
        for key, network, address in topology.resolvers:
            if network in self._own_networks:
                details = (show_address(address),) if address is not None else ()
                yield self._resource_node(key, NodeKind.RESOLVER, details)
        for balancer in topology.balancers:
            if self._address_of(balancer.key) is not None:
                yield self._load_balancer_node(balancer)
        for cluster in topology.own_clusters:
            yield from self._cluster_nodes(cluster)
        endpoints = [e for e in topology.endpoints if self._is_included(e.key, e.network)]
        yield from map(self._private_endpoint_node, endpoints)
        yield from self._service_nodes(endpoints)
        zones = topology.zones.values()
        yield from (
            self._zone_node(zone) for zone in zones if self._address_of(zone.key) is not None
        )

    def _internet_node(self) -> NodeDocument:
        paths = [path for those in self._paths_by_subnet.values() for path in those]
        # Behind a firewall it is for the rules to say, and one packet does not speak for all.
        closed = not any(path.leaves or path.firewall for path in paths)
        details = ("no subnet reaches it",) if closed else ()
        if closed and any(path.unjudged for path in paths):
            details = ("whether a subnet reaches it is not known",)
        return NodeDocument(id=INTERNET, kind=NodeKind.INTERNET, name="internet", details=details)

    def _is_drawn(self, context_resource: ContextResource) -> bool:
        inside = context_resource.subnet in self._subnets
        return inside or context_resource.resource.address is not None

    def _is_included(self, key: str, network: str) -> bool:
        return network in self._own_networks or self._address_of(key) is not None

    def _firewall_node(self, firewall: Firewall) -> NodeDocument:
        if not firewall.known:
            details = [_NOT_READ]
        elif firewall.address is None:
            details = ["address known after apply"]
        else:
            details = [show_address(firewall.address)]
        details += [f"public: {self._name_of(key)}" for key in firewall.public_addresses]
        return self._resource_node(firewall.key, NodeKind.FIREWALL, details, firewall.subnet)

    def _context_node(self, context_resource: ContextResource) -> NodeDocument:
        key = context_resource.resource.id.key
        return self._resource_node(
            key, context_resource.kind, context_resource.details, context_resource.subnet
        )

    def _load_balancer_node(self, balancer: LoadBalancer) -> NodeDocument:
        frontends = balancer.frontends.values()
        details = [f"public frontend {f.name}" for f in frontends if f.public is not None]
        details += [
            f"{f.name} {show_address(f.address)}"
            for f in frontends
            if f.public is None and f.address is not None
        ]
        subnet = next((f.subnet for f in frontends if f.public is None), None)
        return self._resource_node(balancer.key, NodeKind.LOAD_BALANCER, details, subnet)

    def _cluster_nodes(self, cluster: Cluster) -> Iterator[NodeDocument]:
        inside = cluster.api_server_subnet or next(
            (pool.subnet for pool in cluster.pools if pool.subnet in self._subnets), None
        )
        access = "private API server" if cluster.private else "public API server"
        details = [access, f"outbound: {cluster.outbound}"]
        yield self._resource_node(cluster.key, NodeKind.CLUSTER, details)
        # The private API server is a node of its own, since paths end at it and not to the
        # cluster.
        if cluster.private and inside in self._subnets:
            kind = "in its own subnet" if cluster.api_server_subnet else "private link"
            yield NodeDocument(
                id=api_server_id(cluster),
                kind=NodeKind.API_SERVER,
                name=self._name_of(cluster.key),
                address=cluster.label,
                details=(kind,),
                group=inside,
            )
        for pool in cluster.pools:
            details = [self._name_of(cluster.key)]
            if pool.pod_subnet and pool.pod_subnet != pool.subnet:
                details.append(f"pods in {self._name_of(pool.pod_subnet)}")
            if pool.public_addresses:
                details.append("nodes have public addresses")
            yield NodeDocument(
                id=pool_id(cluster, pool),
                kind=NodeKind.POOL,
                name=pool.name,
                address=pool.label,
                details=tuple(details),
                group=self._group_of(cluster.key, pool.subnet),
            )

    def _private_endpoint_node(self, endpoint: PrivateEndpoint) -> NodeDocument:
        zones = [z.name for key in endpoint.zones if (z := self._topology.zones.get(key))]
        approval = ["not approved"] if endpoint.approved is False else []
        details = [*zones, *approval]
        return self._resource_node(
            endpoint.key, NodeKind.PRIVATE_ENDPOINT, details, endpoint.subnet
        )

    def _service_nodes(self, endpoints: Iterable[PrivateEndpoint]) -> Iterator[NodeDocument]:
        targets = {endpoint.target for endpoint in endpoints if endpoint.target}
        for service in self._topology.services:
            if service.declared or service.key in targets:
                yield self._service_node(service)
                targets.discard(service.key)
        known = {c.key for c in self._topology.own_clusters}
        # The target of an endpoint may be in another subscription: it is drawn as not read.
        for key in sorted(targets - known):
            yield self._resource_node(
                key, NodeKind.SERVICE, [] if self._address_of(key) else [_NOT_READ]
            )

    def _service_node(self, service: Service) -> NodeDocument:
        access = "public access" if service.public else "no public access"
        if service.public and service.guarded:
            access = "firewall denies by default"
        openings = f", {len(service.openings)} openings" if service.openings else ""
        return self._resource_node(service.key, _SERVICES[service.kind], [access + openings])

    def _zone_node(self, zone: Zone) -> NodeDocument:
        linked = sorted({self._name_of(link.network) for link in zone.links if link.network})
        return self._resource_node(
            zone.key, NodeKind.ZONE, [f"linked to {name}" for name in linked]
        )

    def _resource_node(
        self, key: str, kind: NodeKind, details: Iterable[str], subnet: str | None = None
    ) -> NodeDocument:
        found = self._resource_of(key)
        return NodeDocument(
            id=key,
            kind=kind,
            name=self._name_of(key),
            address=self._address_of(key),
            details=tuple(details),
            group=self._group_of(key, subnet),
            declared=found is not None and found.address is not None,
        )

    def _group_of(self, key: str, subnet: str | None) -> str | None:
        """Return the group of a node: its subnet where that is drawn, else its resource group."""
        if subnet in self._subnets:
            return subnet
        named = self._id_of(key)
        if named is None or named.subscription is None or named.resource_group is None:
            return None
        return resource_group_id(named.subscription, named.resource_group).key

    def _resource_of(self, key: str) -> Resource | None:
        return self._estate.resources.get(key)

    def _address_of(self, key: str) -> str | None:
        found = self._resource_of(key)
        return found.address if found else None

    def _id_of(self, key: str) -> ResourceId | None:
        found = self._resource_of(key)
        return found.id if found else parse_resource_id(key)

    def _name_of(self, key: str) -> str:
        named = self._id_of(key)
        return named.name if named else key


def _is_hub_service(context_resource: ContextResource) -> bool:
    """Return whether a resource makes its network one that others share."""
    return bool(context_resource.subnet) and context_resource.kind in (
        NodeKind.BASTION,
        NodeKind.GATEWAY,
    )


def _network_of(subnet: str | None) -> str:
    return (subnet or "").rpartition("/subnets/")[0]


def _subscription_key(key: str) -> str:
    named = parse_resource_id(key)
    return subscription_of(named.subscription or "").key if named else ""


def _address_order(subnet: Subnet) -> tuple[int, str]:
    return (subnet.ranges.lowest if subnet.ranges else 0), subnet.key
