"""Renders upgrades as text: a block for each cluster, with the upgrade path first.

`text` calls it.
"""

from collections.abc import Iterable, Iterator, Sequence

from provisioner.documents.upgrade import ClusterUpgradeDocument, UpgradeDocument
from provisioner.model.diagnostic import Severity
from provisioner.reports.section_text import heading, render_diagnostics
from provisioner.reports.styled import BLANK, Line, Span, Style, join_wrapped, line, wrap
from provisioner.reports.upgrade_wording import (
    NOT_OBSERVED,
    WINDOWS_NOTE,
    also_words,
    finding_words,
    findings_of,
    next_words,
    objects_words,
    pool_words,
    quota_words,
    step_by,
    support_words,
    upgrade_summary,
    versions_of,
    window_items,
    written_words,
)
from provisioner.reports.values import plain

_WIDEST_NAME = 32


def render_upgrade_text(document: UpgradeDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of an upgrade."""
    yield from heading("upgrade", document.environment, width)
    for cluster in document.clusters:
        yield from _cluster_lines(cluster, width)
    if document.written:
        yield line(Span("written", Style.UPDATE))
        yield from (line("  ", written_words(each)) for each in document.written)
        yield from (line("  ", Span(words, Style.DIM)) for words in also_words(document))
        yield BLANK
    yield from render_diagnostics(document.diagnostics, width)
    yield line(Span("Upgrade  ", Style.BOLD), upgrade_summary(document))
    yield from (line(Span("Next     ", Style.BOLD), words) for words in next_words(document))


def _cluster_lines(cluster: ClusterUpgradeDocument, width: int) -> Iterator[Line]:
    about = f"{plain(cluster.location)} · {plain(cluster.plan)}"
    title = f"  {versions_of(cluster)}"
    yield line("  ", Span(plain(cluster.address), Style.BOLD), title, Span(f"  {about}", Style.DIM))
    steps = [
        (f"{number}  {plain(step.subject)}", f"{step.before} -> {step.after}  {step_by(step)}")
        for number, step in enumerate(cluster.steps, 1)
    ]
    yield from _section_lines("path", "", steps, width)
    support = [(each.version, support_words(each)) for each in cluster.support]
    yield from _section_lines("support", "", support, width)
    pools = [
        (f"{plain(each.name)}  {plain(each.version)}", pool_words(each)) for each in cluster.pools
    ]
    yield from _section_lines("pools", "", pools, width)
    channels = [(f"{c.property} {plain(c.channel)}", c.effect) for c in cluster.channels]
    yield from _section_lines("channels", "", channels, width)
    windows = [(each.name, window_items(each)) for each in cluster.windows]
    yield from _section_lines("windows", WINDOWS_NOTE, windows, width)
    quotas = [(plain(each.quota), quota_words(each)) for each in cluster.quotas]
    yield from _section_lines("quota", "", quotas, width)
    if cluster.running is not None:
        seen = objects_words(cluster.objects) if cluster.objects else NOT_OBSERVED
        yield line("    ", Span("objects", Style.BOLD))
        yield from _wrapped_rows("", seen, width)
    yield from _message_lines("unreadable", Style.WARNING, map(plain, cluster.unreadable), width)
    blocking = map(finding_words, findings_of(cluster, Severity.ERROR))
    yield from _message_lines("blocking", Style.BLOCKED, blocking, width)
    warnings = map(finding_words, findings_of(cluster, Severity.WARNING))
    yield from _message_lines("warnings", Style.WARNING, warnings, width)
    yield BLANK


def _section_lines(
    name: str, note: str, rows: Sequence[tuple[str, str | list[str]]], width: int
) -> Iterator[Line]:
    """Yield the rows of a section.

    Each has a name, and a text that is wrapped below itself, or items that are not broken.
    """
    if not rows:
        return
    yield line("    ", Span(name, Style.BOLD), Span(f" · {note}" if note else "", Style.DIM))
    column = min(max(len(head) for head, _ in rows), _WIDEST_NAME)
    for head, words in rows:
        yield from _wrapped_rows(head.ljust(column), words, width)


def _wrapped_rows(head: str, words: str | list[str], width: int) -> Iterator[Line]:
    start = f"      {head}{'  ' if head else ''}"
    room = width - len(start)
    first, *rest = wrap(words, room) if isinstance(words, str) else join_wrapped(words, room)
    yield line(start, first)
    yield from (line(" " * len(start), row) for row in rest)


def _message_lines(name: str, style: Style, messages: Iterable[str], width: int) -> Iterator[Line]:
    found = list(messages)
    if not found:
        return
    yield line("    ", Span(name, style))
    for message in found:
        first, *rest = wrap(message, width - 8)
        yield line("      - ", first)
        yield from (line(" " * 8, row) for row in rest)
