"""Proof: no workload subnet has remote access (SSH, RDP) to another (NET-04)."""

from collections.abc import Iterator

from provisioner.network.model.intervals import NOTHING, Intervals, show_ports
from provisioner.network.model.security_groups import Traffic, admit
from provisioner.network.model.service_tags import tags_of
from provisioner.network.model.topology import Topology, is_workload
from provisioner.network.model.topology_elements import Subnet
from provisioner.network.proofs.proof import Breach, Proof, conclude, skip
from provisioner.network.proofs.unknowns import find_gaps

NAME = "remote access"
CLAIM = "no workload subnet can reach SSH or RDP in its own or a peered virtual network"

_PORTS = Intervals.of([(22, 22), (3389, 3389)])


def prove_remote_access(topology: Topology) -> Proof:
    """Prove it for the subnets of networks that contain a cluster, and of their peers.

    Outbound traffic is evaluated: an intruder on one node must not reach the next one.
    """
    nodes = {
        subnet.network
        for cluster in topology.own_clusters
        for pool in cluster.pools
        if (subnet := topology.subnets.get(pool.subnet or "")) is not None
    }
    if not nodes:
        return skip(NAME, CLAIM, "there is no cluster in a network of this environment")
    peers = {r.key for key in nodes for _, r in topology.peers(topology.networks[key])}
    subnets = [
        s
        for key in sorted(nodes | peers)
        for s in topology.subnets_of(key)
        if s.declared and is_workload(s)
    ]
    breaches = [breach for subnet in subnets for breach in _breaches_of_subnet(topology, subnet)]
    breaches += find_gaps(NAME, topology, subnets)
    return conclude(NAME, CLAIM, breaches, f"{len(subnets)} subnets, TCP 22 and 3389")


def _breaches_of_subnet(topology: Topology, subnet: Subnet) -> Iterator[Breach]:
    network = topology.networks[subnet.network]
    tags = tags_of(topology, network, subnet)
    others = network.ranges
    for _, remote in topology.peers(network):
        others = others | remote.ranges
    traffic = Traffic(subnet.ranges, others, "tcp", _PORTS)
    outbound = admit(subnet.group, inbound=False, traffic=traffic, tags=tags, certain=False)
    reached = NOTHING
    for admitted in outbound:
        for other in _neighbor_subnets(topology, subnet):
            arriving = Traffic(
                admitted.traffic.sources,
                admitted.traffic.destinations & other.ranges,
                "tcp",
                admitted.traffic.ports,
            )
            target_tags = tags_of(topology, topology.networks[other.network], other)
            inbound = admit(
                other.group, inbound=True, traffic=arriving, tags=target_tags, certain=False
            )
            # One example for each subnet: a group that allows SSH anywhere allows it everywhere.
            if inbound and not reached:
                reached = other.ranges
                yield Breach(
                    admitted.rule,
                    (
                        f"{subnet.label} reaches port {show_ports(inbound[0].traffic.ports)} in "
                        f"{other.label}: allowed outbound by {admitted.rule} and inbound by "
                        f"{inbound[0].rule}."
                    ),
                    "Deny TCP 22 and 3389 to VirtualNetwork with a higher priority.",
                    subnet.span,
                )


def _neighbor_subnets(topology: Topology, subnet: Subnet) -> Iterator[Subnet]:
    network = topology.networks[subnet.network]
    for key in (network.key, *(remote.key for _, remote in topology.peers(network))):
        yield from (other for other in topology.subnets_of(key) if is_workload(other))
