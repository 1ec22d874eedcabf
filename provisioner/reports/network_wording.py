"""Wording of address plans, shared by text and Markdown."""

import ipaddress
from dataclasses import dataclass

from provisioner.documents.network import ClusterRangesDocument, NetworkDocument
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import joined


@dataclass(frozen=True, slots=True)
class ClaimedRange:
    """A range of one of several environments, as text."""

    range: str
    environment: str
    address: str
    kind: str


def claimed_ranges(document: NetworkDocument) -> list[ClaimedRange]:
    """Return the ranges of all environments in the order of their addresses."""
    claims = []
    for one in document.environments:
        name = plain(one.environment.name)
        for network in one.networks:
            what = "network" if network.declared else "network, only referred to"
            claims += [ClaimedRange(r, name, plain(network.address), what) for r in network.spaces]
        for cluster in one.clusters:
            for what, ranges in (
                ("pods", cluster.pods),
                ("services", cluster.services),
                ("bridge", cluster.bridges),
            ):
                claims += [ClaimedRange(r, name, plain(cluster.address), what) for r in ranges]
        for site in one.sites:
            claims += [
                ClaimedRange(r, name, plain(site.address), "on premises") for r in site.ranges
            ]
    return sorted(
        claims, key=lambda claim: (_address_order(claim.range), claim.environment, claim.kind)
    )


def _address_order(text: str) -> tuple[int, int, int]:
    found = ipaddress.ip_network(text)
    return found.version, int(found.network_address), found.prefixlen


def count_of(number: int | None) -> str:
    """Return a number of addresses; a dash where it is not known, or the service's own business."""
    return "-" if number is None else f"{number:,}"


def node_room(cluster: ClusterRangesDocument) -> str:
    """Return for how many nodes the pod ranges of a cluster are enough."""
    return "" if cluster.node_room is None else f"enough for {plural(cluster.node_room, 'node')}"


def network_summary(document: NetworkDocument) -> str:
    """Return how many networks and subnets there are, and how much is wrong."""
    networks = [network for one in document.environments for network in one.networks]
    told = [d for one in document.environments for d in one.diagnostics]
    errors = sum(diagnostic.severity == "error" for diagnostic in told)
    warnings = len(told) - errors + len(document.diagnostics)
    return joined(
        (
            plural(len(networks), "network"),
            plural(sum(len(network.subnets) for network in networks), "subnet"),
            plural(errors, "error") if errors else "no error",
            plural(warnings, "warning") if warnings else "",
        )
    )
