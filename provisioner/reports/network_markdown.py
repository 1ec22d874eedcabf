"""Renders address plans as Markdown: a page, or a comment on a pull request.

`cli/output.py` calls it.
"""

from collections.abc import Iterable, Iterator, Sequence

from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.network import (
    ClusterRangesDocument,
    EnvironmentNetworkDocument,
    NetworkDocument,
    SubnetDocument,
    VirtualNetworkDocument,
)
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, table_head
from provisioner.reports.network_wording import (
    claimed_ranges,
    count_of,
    network_summary,
    node_room,
)
from provisioner.reports.wording import joined


def render_network_markdown(document: NetworkDocument) -> str:
    """Return address plans as Markdown."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: NetworkDocument) -> Iterator[str]:
    names = ", ".join(prose(one.environment.name, 200) for one in document.environments)
    yield f"### azsec network: {names}"
    yield ""
    yield prose(network_summary(document))
    yield ""
    if len(document.environments) > 1:
        rows = [
            (code(one.range), code(one.environment), code(one.address), prose(one.kind))
            for one in claimed_ranges(document)
        ]
        yield from _table(("range", "environment", "of", "what for"), rows)
    for one in document.environments:
        if len(document.environments) > 1:
            yield f"#### {prose(one.environment.name, 200)}"
            yield ""
        yield from _environment(one)
    for note in document.notes:
        yield f"- {prose(note)}"
    if document.notes:
        yield ""
    yield from _diagnostics(document.diagnostics)


def _environment(one: EnvironmentNetworkDocument) -> Iterator[str]:
    for network in one.networks:
        yield from _network(network)
    for site in one.sites:
        yield f"**{code(site.address)}** on premises: {_codes(site.ranges)}"
        yield ""
    if one.clusters:
        yield from _table(
            ("cluster", "nodes", "ranges"),
            [_cluster_row(cluster) for cluster in one.clusters],
        )
    yield from _diagnostics(one.diagnostics)


def _network(network: VirtualNetworkDocument) -> Iterator[str]:
    about = joined(
        (
            _codes(network.spaces) or "not known before it is read",
            "" if network.declared else "only referred to",
            f"peered with {_codes(network.peers)}" if network.peers else "",
            f"free {_codes(network.free)}" if network.free else "",
        )
    )
    yield f"**{code(network.address)}** {about}"
    yield ""
    yield from _table(_HEAD, [_subnet_row(subnet) for subnet in network.subnets])


_HEAD = ("range", "subnet", "addresses", "holds", "attached")


def _subnet_row(subnet: SubnetDocument) -> tuple[str, ...]:
    addresses = joined(
        (
            f"{count_of(subnet.needed)} of {count_of(subnet.usable)} needed",
            f"{count_of(subnet.free)} free",
        )
    )
    attached = (
        f"security group {code(subnet.security_group)}" if subnet.security_group else "",
        f"route table {code(subnet.route_table)}" if subnet.route_table else "",
        f"delegated to {_codes(subnet.delegations)}" if subnet.delegations else "",
    )
    return (
        _codes(subnet.ranges) or "not known",
        code(subnet.name),
        addresses,
        "<br>".join(filter(None, (prose(", ".join(subnet.holds)), prose(subnet.arithmetic)))),
        "<br>".join(filter(None, attached)),
    )


def _cluster_row(cluster: ClusterRangesDocument) -> tuple[str, ...]:
    dns = code(cluster.dns_address) if cluster.dns_address else "not known"
    nodes = (prose(cluster.arithmetic), prose(node_room(cluster)))
    ranges = (
        f"pods {_codes(cluster.pods) or 'of the subnets'}",
        f"services {_codes(cluster.services)}" if cluster.services else "",
        f"DNS {dns}",
    )
    return (
        f"{code(cluster.address)}<br>{prose(cluster.plugin)}",
        "<br>".join(filter(None, nodes)),
        "<br>".join(filter(None, ranges)),
    )


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(code(text) for text in texts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield table_head(head) + "".join(row(*cells) for cells in rows)


def _diagnostics(diagnostics: Sequence[DiagnosticDocument]) -> Iterator[str]:
    for told in sorted(diagnostics, key=lambda told: told.severity != "error"):
        place = f"{code(told.place)}: " if told.place else ""
        hint = f" {prose(told.hint, 300)}" if told.hint else ""
        yield f"- **{told.severity}** {place}{prose(told.message)}{hint}"
    if diagnostics:
        yield ""
