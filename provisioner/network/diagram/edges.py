"""The edges of a network diagram: peerings, egress paths and relations (`azsec graph`).

`workflow.graph` calls `draw_edges`, then `mark_breaches` with the results of the proofs.
"""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.documents.graph import (
    INTERNET,
    EdgeDocument,
    EdgeKind,
    GroupKind,
    MarkDocument,
)
from provisioner.model.estate import Estate
from provisioner.network.diagram.boxes import Diagram, api_server_id, pool_id
from provisioner.network.diagram.context_resources import find_context_links, find_public_frontends
from provisioner.network.model.load_balancers import RuleKind
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Firewall, HopType, Subnet
from provisioner.network.paths.egress_candidates import members_in
from provisioner.network.paths.egress_paths import EgressPath
from provisioner.network.proofs import egress
from provisioner.network.proofs.proof import Proof

_EdgeEnds = tuple[str, str]


def draw_edges(
    estate: Estate, topology: Topology, paths: Iterable[EgressPath], diagram: Diagram
) -> tuple[EdgeDocument, ...]:
    """Return the lines between the boxes of a picture, each pair of ends once for each kind."""
    drawn = [
        *_egress_edges(topology, tuple(paths)),
        *_ingress_edges(topology),
        *_peering_edges(topology, diagram),
        *_private_endpoint_edges(topology),
        *_api_server_edges(topology),
        *_dns_link_edges(topology),
        *(
            EdgeDocument(
                source=context_link.source,
                target=context_link.target,
                kind=context_link.kind,
                words=context_link.words,
            )
            for context_link in (*find_context_links(estate), *find_public_frontends(estate))
        ),
    ]
    distinct = {
        (edge.source, edge.target, edge.kind): edge
        for edge in drawn
        # The topology knows resources that the diagram leaves out (the spokes of a hub of
        # others).
        if edge.source in diagram.ids and edge.target in diagram.ids
    }
    kinds = list(EdgeKind)
    return tuple(sorted(distinct.values(), key=lambda e: (kinds.index(e.kind), e.source, e.target)))


def _egress_edges(topology: Topology, paths: tuple[EgressPath, ...]) -> Iterator[EdgeDocument]:
    open_firewalls = {
        egress_path.firewall.key
        for egress_path in paths
        if egress_path.firewall and egress_path.leaves
    }
    for egress_path in paths:
        hop = egress_path.route.hop
        if egress_path.firewall is not None:
            target = egress_path.firewall.key
        elif hop is HopType.INTERNET and egress_path.path.delivered:
            target = INTERNET
        else:
            continue
        # A route to a firewall is drawn as egress only if the firewall lets the traced packet
        # out.
        kind = EdgeKind.EGRESS if egress_path.leaves else EdgeKind.ROUTE
        words = f"{egress_path.route.prefix or '0.0.0.0/0'} by {egress_path.route.label}"
        yield EdgeDocument(source=egress_path.subnet.key, target=target, kind=kind, words=words)
    for firewall in topology.firewalls:
        if firewall.public_addresses:
            kind = EdgeKind.EGRESS if firewall.key in open_firewalls else EdgeKind.ROUTE
            words = "sends on what its rules allow, by its public address"
            yield EdgeDocument(source=firewall.key, target=INTERNET, kind=kind, words=words)


def _ingress_edges(topology: Topology) -> Iterator[EdgeDocument]:
    for balancer in topology.balancers:
        inbound = (rule for rule in balancer.rules if rule.kind is not RuleKind.OUTBOUND)
        names = dict.fromkeys(f.name for rule in inbound for f in balancer.answering(rule))
        if names:
            words = f"arrives at its public frontend {' and '.join(names)}"
            kind = EdgeKind.INGRESS
            yield EdgeDocument(source=INTERNET, target=balancer.key, kind=kind, words=words)


def _peering_edges(topology: Topology, diagram: Diagram) -> Iterator[EdgeDocument]:
    hubs = {group.id for group in diagram.groups if group.kind is GroupKind.HUB}
    pairs: dict[_EdgeEnds, dict[str, str]] = {}
    for network in topology.networks.values():
        for peering in network.peerings:
            # The two sides of a peering are one line, drawn towards the hub.
            one, other = sorted((network.key, peering.remote), key=lambda key: (key in hubs, key))
            pairs.setdefault((one, other), {})[network.key] = peering.label
    for (one, other), sides in pairs.items():
        words = " and ".join(sides[key] for key in sorted(sides))
        # A one-sided peering is drawn, since it is the first thing to look for.
        missing = "; the other side is missing or was not read" if len(sides) == 1 else ""
        yield EdgeDocument(
            source=one, target=other, kind=EdgeKind.PEERING, words=f"{words}{missing}"
        )


def _private_endpoint_edges(topology: Topology) -> Iterator[EdgeDocument]:
    for endpoint in topology.endpoints:
        words = f"stands for its {', '.join(endpoint.groups) or 'service'}"
        yield EdgeDocument(
            source=endpoint.key,
            target=endpoint.target,
            kind=EdgeKind.PRIVATE_ENDPOINT,
            words=words,
        )


def _api_server_edges(topology: Topology) -> Iterator[EdgeDocument]:
    for cluster in topology.own_clusters:
        if cluster.private:
            source, words = api_server_id(cluster), "is the API server of"
        else:
            allowed = len(cluster.authorized)
            source = INTERNET
            words = f"reaches the API server from {allowed or 'all'} ranges"
        yield EdgeDocument(source=source, target=cluster.key, kind=EdgeKind.API_SERVER, words=words)


def _dns_link_edges(topology: Topology) -> Iterator[EdgeDocument]:
    for zone in topology.zones.values():
        for link in zone.links:
            yield EdgeDocument(
                source=zone.key,
                target=link.network,
                kind=EdgeKind.DNS_LINK,
                words=f"resolves by {link.label}",
            )


def mark_breaches(
    topology: Topology,
    diagram: Diagram,
    edges: Iterable[EdgeDocument],
    proofs: Iterable[Proof],
) -> tuple[MarkDocument, ...]:
    """Return every counter-example with the elements of the diagram that it is about.

    They are its boxes, and the edges of a peering or of an egress path that violates the proof's
    claim.
    """
    leaving = [(edge.source, edge.target) for edge in edges if edge.kind is EdgeKind.EGRESS]
    owners = _boxes_by_label(topology)
    ends = _peering_ends(topology)
    marks = []
    for proof in proofs:
        avoiding = leaving if proof.name == egress.NAME else []
        for breach in proof.breaches:
            keys = _boxes_of(owners, breach.element)
            marks.append(
                MarkDocument(
                    proof=proof.name,
                    element=breach.element,
                    message=breach.message,
                    certain=breach.certain,
                    marked=tuple(key for key in keys if key in diagram.ids),
                    edges=(
                        *ends.get(breach.element, ()),
                        *(pair for pair in avoiding if pair[0] in keys),
                    ),
                )
            )
    return tuple(marks)


def _boxes_of(owners: Mapping[str, tuple[str, ...]], element: str) -> tuple[str, ...]:
    """Return the keys of the boxes that an element belongs to.

    The label of a default rule follows that of its group.
    """
    return owners.get(element) or owners.get(element.partition(" ")[0]) or ()


def _boxes_by_label(topology: Topology) -> Mapping[str, tuple[str, ...]]:
    """Return the keys of the boxes that show an element, by its label."""
    found: dict[str, dict[str, None]] = {}
    for label, key in _label_keys(topology):
        found.setdefault(label, {})[key] = None
    return {label: tuple(keys) for label, keys in found.items()}


def _label_keys(topology: Topology) -> Iterator[tuple[str, str]]:
    yield from ((network.label, key) for key, network in topology.networks.items())
    yield from ((endpoint.label, endpoint.key) for endpoint in topology.endpoints)
    yield from ((service.label, service.key) for service in topology.services)
    for subnet in topology.subnets.values():
        yield from ((label, subnet.key) for label in _subnet_labels(subnet))
    for firewall in topology.firewalls:
        yield from ((label, firewall.key) for label in _firewall_labels(firewall))
    for zone in topology.zones.values():
        yield zone.label, zone.key
        yield from ((link.label, zone.key) for link in zone.links)
    for cluster in topology.clusters:
        yield cluster.label, cluster.key
        yield from ((pool.label, pool_id(cluster, pool)) for pool in cluster.pools)
    for interface in topology.interfaces:
        subnets = dict.fromkeys(each.subnet for each in interface.configurations)
        yield from ((interface.label, key) for key in subnets if key)
    for balancer in topology.balancers:
        behind = [
            subnet.key
            for subnet in topology.subnets.values()
            for rule in balancer.rules
            if members_in(topology, balancer, rule, subnet)
        ]
        yield from ((balancer.label, key) for key in (balancer.key, *dict.fromkeys(behind)))
    for unjudged in topology.unjudged:
        yield from ((unjudged.label, key) for key in sorted(unjudged.subnets))


def _subnet_labels(subnet: Subnet) -> Iterator[str]:
    yield subnet.label
    if subnet.table is not None:
        yield subnet.table.label
        yield from (route.label for route in subnet.table.routes)
    if subnet.group is not None:
        yield subnet.group.label
        # A breach names the rule; the diagram marks the subnet that the rule is in force on.
        yield from (rule.label for rule in subnet.group.rules)


def _firewall_labels(firewall: Firewall) -> Iterator[str]:
    yield firewall.label
    if firewall.policy is not None:
        yield firewall.policy.label
        yield from (rule.label for rule in firewall.policy.rules)


def _peering_ends(topology: Topology) -> Mapping[str, tuple[_EdgeEnds, ...]]:
    return {
        peering.label: ((network.key, peering.remote), (peering.remote, network.key))
        for network in topology.networks.values()
        for peering in network.peerings
    }
