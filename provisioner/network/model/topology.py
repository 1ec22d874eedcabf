"""The network topology: all that routes, filters or names in an estate, independent of ARM.

Its elements are in `topology_elements`; `topology_reader` reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from provisioner.network.model.load_balancers import LoadBalancer
from provisioner.network.model.topology_elements import (
    Cluster,
    Firewall,
    Interface,
    Network,
    Opening,
    Peering,
    Pool,
    PrivateEndpoint,
    Service,
    Subnet,
    Unjudged,
    Zone,
)


@dataclass(frozen=True)
class Topology:
    """The topology of an environment's networks.

    `cloud` is the name of the cloud whose names it uses. Each of the `subnets` has its network
    among the `networks`. What is `unjudged` makes every statement that there is no path unknown,
    for the subnets that it is connected with.

    What is not `declared` stands in the same subscriptions or beside the environment's own: proofs
    are about what is, and look at the rest as far as it is in the way.
    """

    cloud: str
    networks: Mapping[str, Network]
    subnets: Mapping[str, Subnet]
    firewalls: tuple[Firewall, ...] = ()
    zones: Mapping[str, Zone] = field(default_factory=dict)
    endpoints: tuple[PrivateEndpoint, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    services: tuple[Service, ...] = ()
    # Inbound endpoints: key, network and address, None before Azure has given it.
    resolvers: tuple[tuple[str, str, int | None], ...] = ()
    openings: tuple[Opening, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    balancers: tuple[LoadBalancer, ...] = ()

    @cached_property
    def derived(self) -> dict[object, object]:
        """A cache of results that several subnets of the topology share."""
        return {}

    def unjudged_in(self, subnet: Subnet) -> tuple[Unjudged, ...]:
        """Return the unjudged resources that are connected with a subnet."""
        return tuple(each for each in self.unjudged if subnet.key in each.subnets)

    def interfaces_in(self, subnet: Subnet) -> tuple[Interface, ...]:
        """Return the network interfaces that stand in a subnet."""
        return self._interfaces_in.get(subnet.key, ())

    @cached_property
    def _interfaces_in(self) -> Mapping[str, tuple[Interface, ...]]:
        # Indexed once: proofs ask for every subnet.
        found: dict[str, list[Interface]] = {}
        for interface in self.interfaces:
            for key in dict.fromkeys(each.subnet for each in interface.configurations):
                found.setdefault(key, []).append(interface)
        return {key: tuple(those) for key, those in found.items()}

    def pools_in(self, subnet: Subnet) -> tuple[tuple[Cluster, Pool], ...]:
        """Return the node pools whose nodes or pods stand in a subnet, each with its cluster."""
        return self._pools_in.get(subnet.key, ())

    @cached_property
    def _pools_in(self) -> Mapping[str, tuple[tuple[Cluster, Pool], ...]]:
        found: dict[str, list[tuple[Cluster, Pool]]] = {}
        for cluster in self.clusters:
            for pool in cluster.pools:
                for key in dict.fromkeys((pool.subnet, pool.pod_subnet)):
                    if key is not None:
                        found.setdefault(key, []).append((cluster, pool))
        return {key: tuple(those) for key, those in found.items()}

    @cached_property
    def workload_subnets(self) -> tuple[Subnet, ...]:
        """The environment's subnets that workloads can stand in."""
        # Subnets of others stand in the same subscriptions; the environment answers for its own.
        return tuple(s for s in self.subnets.values() if s.declared and is_workload(s))

    @cached_property
    def own_clusters(self) -> tuple[Cluster, ...]:
        """The environment's clusters."""
        return tuple(cluster for cluster in self.clusters if cluster.declared)

    @cached_property
    def own_firewalls(self) -> tuple[Firewall, ...]:
        """The environment's firewalls, or those that it refers to."""
        return tuple(firewall for firewall in self.firewalls if firewall.declared)

    @cached_property
    def own_services(self) -> tuple[Service, ...]:
        """The environment's platform services."""
        return tuple(service for service in self.services if service.declared)

    def subnets_of(self, network: str) -> tuple[Subnet, ...]:
        """Return the subnets of a network."""
        return self._subnets_of.get(network, ())

    @cached_property
    def _subnets_of(self) -> Mapping[str, tuple[Subnet, ...]]:
        found: dict[str, list[Subnet]] = {}
        for subnet in self.subnets.values():
            found.setdefault(subnet.network, []).append(subnet)
        return {key: tuple(those) for key, those in found.items()}

    def peers(self, network: Network) -> tuple[tuple[Peering, Network], ...]:
        """Return the networks whose peering with this one is complete and gives access.

        Both sides exist, allow virtual network access, and are connected as far as Azure has
        answered.
        """
        found = []
        for peering in network.peerings:
            remote = self.networks.get(peering.remote)
            # A peering to a network that was not read cannot be complete, as far as is known.
            back = (
                next((p for p in remote.peerings if p.remote == network.key), None)
                if remote
                else None
            )
            if remote is None or back is None:
                continue
            # Peerings are two resources, one in each network, and carry nothing until both are
            # there (guidelines.md NET-07).
            if all(p.access and p.connected is not False for p in (peering, back)):
                found.append((peering, remote))
        return tuple(found)


RESERVED_SUBNETS = frozenset(
    name.lower()
    for name in (
        "AzureFirewallSubnet",
        "AzureFirewallManagementSubnet",
        "AzureBastionSubnet",
        "GatewaySubnet",
        "RouteServerSubnet",
    )
)
"""Subnets that only Azure's own network services stand in (guidelines.md §2.2)."""


def is_workload(subnet: Subnet) -> bool:
    """Return whether workloads can be in a subnet: neither a reserved one nor a resolver's."""
    # Subnets delegated to a DNS resolver hold its endpoints alone.
    resolver = any("dnsresolvers" in service.lower() for service in subnet.delegations)
    return subnet.name.lower() not in RESERVED_SUBNETS and not resolver
