"""Renders the scope of a report as text: what was assessed, unreadable or not covered.

Every statement of absence in a report is about this scope.
"""

from collections.abc import Iterator, Sequence

from provisioner.documents.census import (
    ID_ALONE,
    JUDGEMENT,
    NO_FACTS,
    UNKNOWN_TYPE,
    CensusDocument,
    ClusterCensusDocument,
    NotCoveredDocument,
    UnknownControlsDocument,
    UnreadableDocument,
)
from provisioner.model.resource_id import parse_resource_id
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import NOT_IDENTIFIED, NOT_VERIFIED, and_more

_MOST_NAMED = 3
_MOST_UNREADABLE = 10


def census_sentence(census: CensusDocument) -> str:
    """Return how much was looked at, and how much was not."""
    looked_at = (
        f"Looked at {plural(census.resources, 'resource')}"
        if census.declared is None
        else f"Judged {plural(census.resources, 'described resource')} "
        f"({census.declared:,} declared)"
    )
    parts = [
        f"{looked_at} of {plural(len(census.types), 'type')} "
        f"in {plural(len(census.subscriptions), 'subscription')}"
    ]
    if census.unreadable:
        parts.append(f"{len(census.unreadable):,} unreadable")
    unjudged = [entry for entry in census.not_covered if entry.reason == NO_FACTS]
    others = [entry for entry in census.not_covered if entry.reason != NO_FACTS]
    if others:
        parts.append(f"not looked at: {_shorten_entries(others)}")
    if unjudged:
        parts.append(_unjudged_types(unjudged))
    if census.cluster is not None:
        parts.append(_in_cluster(census.cluster))
    if census.unknown:
        total = sum(len(entry.controls) for entry in census.unknown)
        told = ", ".join(map(_unknown_controls, census.unknown))
        parts.append(f"{plural(total, 'control')} unknown: {told}")
    return "; ".join(parts) + "."


def _in_cluster(cluster: ClusterCensusDocument) -> str:
    total = sum(cluster.objects.values())
    report = [f"kube-bench {plain(cluster.benchmark)}"] if cluster.benchmark else []
    lists = f"{plural(total, 'object')} of {plural(len(cluster.objects), 'kind')}"
    seen = " and ".join([lists, *report])
    unverified = f", {NOT_VERIFIED}" if cluster.verified is False else ""
    unidentified = "" if cluster.uid else f", {NOT_IDENTIFIED}"
    read = f"{plain(cluster.read_on)}{unverified}{unidentified}"
    return f"in the cluster {seen}, from {plain(cluster.source)} ({read})"


def _unknown_controls(entry: UnknownControlsDocument) -> str:
    """Return how many controls are unknown for a reason; a single one by its id."""
    reason = plain(entry.reason)
    if len(entry.controls) > 1:
        return f"{len(entry.controls):,} {reason}"
    if reason.startswith("need "):
        reason = f"needs {reason.removeprefix('need ')}"
    return f"1 {reason} ({plain(entry.controls[0])})"


def census_lines(census: CensusDocument | None, width: int) -> Iterator[Line]:
    """Yield the sentence of a census; none where nothing was read."""
    rows = wrap(census_sentence(census), width) if census else ()
    yield from (line(Span(row, Style.DIM)) for row in rows)


def unreadable_lines(unreadable: Sequence[UnreadableDocument], width: int) -> Iterator[Line]:
    """Yield the section of reads that Azure refused; nothing where it refused none."""
    if not unreadable:
        return
    title = " · what it may show is neither absent nor as declared"
    yield line("  ", Span("unreadable", Style.WARNING), title)
    refused = unreadable_by_reason(unreadable)
    for name, reason in refused[:_MOST_UNREADABLE]:
        yield from (line("    ", row) for row in wrap(f"{name}: {reason}", width - 4))
    if len(refused) > _MOST_UNREADABLE:
        yield line("    ", Span(and_more(len(refused) - _MOST_UNREADABLE, "read"), Style.DIM))
    yield BLANK


def unreadable_by_reason(unreadable: Sequence[UnreadableDocument]) -> list[tuple[str, str]]:
    """Return what could not be read, with Azure's reason.

    Resources that one refused list call hides are grouped.
    """
    hidden: dict[tuple[str, str], list[UnreadableDocument]] = {}
    for entry in unreadable:
        named = parse_resource_id(entry.id)
        kind = named.type if named and not entry.listed else unreadable_name(entry)
        hidden.setdefault((kind, entry.reason), []).append(entry)
    return [
        (
            unreadable_name(entries[0])
            if len(entries) == 1
            else f"{plain(kind)} ({plural(len(entries), 'resource')})",
            plain(reason),
        )
        for (kind, reason), entries in hidden.items()
    ]


def unreadable_name(entry: UnreadableDocument) -> str:
    """Return the label of something that could not be read."""
    name = plain(entry.address or entry.id)
    return f"the list of {plain(entry.listed)} at {name}" if entry.listed else name


_COUNTED = {UNKNOWN_TYPE: "of unknown types", ID_ALONE: "by their ids alone"}


def not_covered_name(entry: NotCoveredDocument) -> str:
    """Return the label of resources that are not covered, with their count."""
    what = plain(entry.what)
    return (
        f"{what} of {plural(entry.count, plain(entry.of))}"
        if entry.of
        else f"{entry.count:,} {what}"
    )


def not_assessed(census: CensusDocument) -> Iterator[tuple[str, str]]:
    """Yield what was not assessed, with the reason.

    What could not be read comes first, then what is not covered.
    """
    for name, reason in unreadable_by_reason(census.unreadable):
        yield name, f"unreadable: {reason}"
    for entry in census.not_covered:
        yield not_covered_name(entry), f"not covered: {plain(entry.reason)}"


def _shorten_entries(entries: Sequence[NotCoveredDocument]) -> str:
    told = [
        f"{sum(entry.count for entry in same):,} {words} ({_list_named(same)})"
        for reason, words in _COUNTED.items()
        if (same := [entry for entry in entries if entry.reason == reason])
    ]
    told += [not_covered_name(entry) for entry in entries if entry.reason not in _COUNTED]
    return ", ".join(told)


def _unjudged_types(entries: Sequence[NotCoveredDocument]) -> str:
    count = plural(sum(entry.count for entry in entries), "resource")
    types = ", ".join(map(_of_type, entries[:_MOST_NAMED]))
    more = ", …" if len(entries) > _MOST_NAMED else ""
    return f"not judged by {JUDGEMENT}: {count} of types without facts ({types}{more})"


def _of_type(entry: NotCoveredDocument) -> str:
    return f"{plain((entry.of or '').removeprefix('resource of '))} {entry.count:,}"


def _list_named(entries: Sequence[NotCoveredDocument]) -> str:
    named = [f"{plain(entry.what)} {entry.count:,}" for entry in entries[:_MOST_NAMED]]
    return ", ".join([*named, "…"] if len(entries) > _MOST_NAMED else named)
