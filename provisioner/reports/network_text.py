"""Renders address plans as text.

`text` calls it.
"""

from collections.abc import Iterator, Sequence

from provisioner.documents.network import (
    ClusterRangesDocument,
    EnvironmentNetworkDocument,
    NetworkDocument,
    SubnetDocument,
    VirtualNetworkDocument,
)
from provisioner.reports.network_wording import (
    claimed_ranges,
    count_of,
    network_summary,
    node_room,
)
from provisioner.reports.section_text import heading, render_diagnostics
from provisioner.reports.styled import BLANK, Line, Span, Style, join_wrapped, line, wrap
from provisioner.reports.values import plain
from provisioner.reports.wording import joined

_GAP = "  "
_HEAD = ("range", "subnet", "usable", "needed", "free")


def render_network_text(document: NetworkDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of address plans: side by side where there are several, then each."""
    if len(document.environments) > 1:
        yield from _side_by_side(document)
    for one in document.environments:
        yield from _environment_lines(one, width)
    for note in document.notes:
        rows = wrap(plain(note), width - 11)
        yield line("  ", Span("note   ", Style.DIM), "  ", rows[0])
        yield from (line(" " * 11, row) for row in rows[1:])
    if document.notes:
        yield BLANK
    yield from render_diagnostics(document.diagnostics, width)
    yield line(Span("Network", Style.BOLD), f" {network_summary(document)}")


def _side_by_side(document: NetworkDocument) -> Iterator[Line]:
    claims = claimed_ranges(document)
    yield line(Span("azsec network", Style.BOLD), f" {len(document.environments)} environments")
    yield BLANK
    rows = [(one.range, one.environment, one.address, one.kind) for one in claims]
    yield from _table_lines(("range", "environment", "", "what for"), rows, right=())
    yield BLANK


def _environment_lines(one: EnvironmentNetworkDocument, width: int) -> Iterator[Line]:
    yield from heading("network", one.environment, width)
    for network in one.networks:
        yield from _network_lines(network, width)
    for cluster in one.clusters:
        yield from _cluster_lines(cluster, width)
    for site in one.sites:
        yield line("  ", Span(plain(site.address), Style.BOLD), _GAP, "on premises")
        yield from (line("    ", row) for row in join_wrapped(site.ranges, width - 4))
        yield BLANK
    yield from render_diagnostics(one.diagnostics, width)


def _network_lines(network: VirtualNetworkDocument, width: int) -> Iterator[Line]:
    about = joined(
        (
            f"{network.addresses:,} addresses" if network.spaces else "",
            "" if network.declared else "only referred to",
            f"peered with {', '.join(map(plain, network.peers))}" if network.peers else "",
        )
    )
    spaces = ", ".join(network.spaces) or "not known before it is read"
    yield line("  ", Span(plain(network.address), Style.BOLD), _GAP, spaces)
    yield line("    ", Span(about, Style.DIM))
    if network.subnets:
        rows = [_subnet_row(subnet) for subnet in network.subnets]
        yield from _table_lines(
            _HEAD, rows, right=(2, 3, 4), under=_lines_below(network.subnets, width)
        )
    if network.free:
        rows_of_free = join_wrapped(network.free, width - 10)
        yield line("    ", Span("free  ", Style.DIM), rows_of_free[0])
        yield from (line(" " * 10, row) for row in rows_of_free[1:])
    yield BLANK


def _subnet_row(subnet: SubnetDocument) -> tuple[str, ...]:
    return (
        ", ".join(subnet.ranges) or "not known",
        plain(subnet.name),
        count_of(subnet.usable),
        count_of(subnet.needed),
        count_of(subnet.free),
    )


def _lines_below(subnets: Sequence[SubnetDocument], width: int) -> list[list[Line]]:
    """Return the lines below each subnet: security group, routes, delegations, content, sums."""
    blocks = []
    for subnet in subnets:
        carries = joined(
            (
                plain(subnet.security_group or "") or "no security group",
                plain(subnet.route_table or "") or "no route table",
                f"delegated to {', '.join(map(plain, subnet.delegations))}"
                if subnet.delegations
                else "",
            )
        )
        holds = ", ".join(map(plain, subnet.holds)) or "nothing that the blueprint has"
        texts = [carries, f"holds {holds}", plain(subnet.arithmetic)]
        blocks.append(
            [line(" " * 6, Span(row, Style.DIM)) for text in texts for row in wrap(text, width - 6)]
        )
    return blocks


def _cluster_lines(cluster: ClusterRangesDocument, width: int) -> Iterator[Line]:
    about = joined((plain(cluster.plugin), plain(cluster.arithmetic)))
    yield line("  ", Span(plain(cluster.address), Style.BOLD))
    yield from (line("    ", Span(row, Style.DIM)) for row in wrap(about, width - 4))
    rows = [
        ("pods", ", ".join(cluster.pods) or "of the subnets", node_room(cluster)),
        ("services", ", ".join(cluster.services), f"DNS at {cluster.dns_address or 'not known'}"),
    ]
    rows += [("bridge", ", ".join(cluster.bridges), "")] if cluster.bridges else []
    yield from _table_lines((), rows, right=())
    yield BLANK


def _table_lines(
    head: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    *,
    right: Sequence[int],
    under: Sequence[Sequence[Line]] = (),
) -> Iterator[Line]:
    """Yield a table; the columns `right` are of numbers. `under` are the lines below each row."""
    cells = [tuple(head), *rows] if head else list(rows)
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for position, row in enumerate(cells):
        padded = [
            cell.rjust(widths[column]) if column in right else cell.ljust(widths[column])
            for column, cell in enumerate(row)
        ]
        is_head = bool(head) and position == 0
        yield line("    ", Span(_GAP.join(padded), Style.DIM if is_head else Style.PLAIN))
        if under and not is_head:
            yield from under[position - 1]
