"""Renders a plan, an apply and a drift check of Kubernetes objects as text.

`cluster_markdown`, `combined_text` and `text` call it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from provisioner.documents.apply import Outcome
from provisioner.documents.cluster import (
    ClusterApplyDocument,
    ClusterCensusDocument,
    ClusterDocument,
    ClusterDriftDocument,
    ClusterPlanDocument,
)
from provisioner.documents.drift import DriftKind
from provisioner.documents.plan import Action, ResourceChangeDocument
from provisioner.reports.additions_text import accepted_lines, addition_lines
from provisioner.reports.field_text import change_lines
from provisioner.reports.object_text import ObjectNames, object_section
from provisioner.reports.section_text import (
    ends,
    render_diagnostics,
    totals,
    undeclared_lines,
    whole_digest,
)
from provisioner.reports.styled import BLANK, Line, Span, Style, length, line, wrap
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import NOT_VERIFIED, ORPHANED, and_more, counts, joined

AWAITED = (
    "Nothing was tried: once Azure has made the cluster, all of these have to be creations there."
)
UNDECLARED_VALUES = "values that other managers set in declared objects; left as they are"
_MOST_ALIKE = 6
_FORBIDDEN = re.compile(
    r'^\S+ is forbidden: (User "[^"]*") cannot list resource "[^"]*" in API group "[^"]*"(.*)$'
)
"""The API server's message for a list that RBAC refuses (apiserver, `ForbiddenMessage`): it differs
between kinds only by their name, so refusals of one user are reported together."""
_MISSING = " · declared, and not in the cluster"
_UNMARKED = " · without this environment's mark"


def render_cluster_plan_text(document: ClusterPlanDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of a plan of a cluster."""
    yield from _heading_lines("plan", document.environment.name, document.cluster, width)
    alike = _blocked_alike(document.changes)
    names = ObjectNames((change.address for change in document.changes), width)
    for change in document.changes:
        if change.reason not in alike or change.action is not Action.BLOCKED:
            yield from object_section(change, names, width)
    for reason, changes in alike.items():
        yield from _blocked_lines(reason, changes, width)
    yield from undeclared_lines(document.undeclared, width, UNDECLARED_VALUES)
    yield from render_diagnostics(document.diagnostics, width)
    if document.blocked or document.has_errors:
        yield line(Span("This plan cannot be applied.", Style.BLOCKED))
    elif not document.summary.changes:
        yield line(
            f"No changes. The {document.summary.unchanged:,} declared objects are as declared."
        )
    if document.cluster is None:
        yield line(Span(AWAITED, Style.DIM))
    else:
        yield from _census_lines(document.census, width)
    told = [f"{number:,} {action}" for action, number in counts(document.summary)]
    summary = joined((*told, f"{document.summary.unchanged:,} unchanged"))
    yield from totals("Plan", summary, None, width)
    yield whole_digest(document.digest)


def _blocked_alike(
    changes: Sequence[ResourceChangeDocument],
) -> Mapping[str, Sequence[ResourceChangeDocument]]:
    """Return the changes that are blocked for the same reason as others, by reason.

    A refused list call blocks every object of its kind.
    """
    reasons: dict[str, list[ResourceChangeDocument]] = {}
    for change in changes:
        if change.action is Action.BLOCKED and change.reason and not change.fields:
            reasons.setdefault(change.reason, []).append(change)
    return {reason: alike for reason, alike in reasons.items() if len(alike) > 1}


def _blocked_lines(
    reason: str, changes: Sequence[ResourceChangeDocument], width: int
) -> Iterator[Line]:
    """Yield the lines of several objects that are blocked for one reason."""
    yield line("  ", Span(f"! {len(changes):,} blocked", Style.BLOCKED))
    yield from (line(" " * 6, row) for row in wrap(plain(reason), width - 6))
    shown = [plain(change.address) for change in changes[:_MOST_ALIKE]]
    if len(changes) > _MOST_ALIKE:
        shown.append(and_more(len(changes) - _MOST_ALIKE, "object"))
    yield from (line(" " * 6, Span(row, Style.DIM)) for row in wrap(", ".join(shown), width - 6))
    yield BLANK


def render_cluster_apply_text(document: ClusterApplyDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of an apply in a cluster.

    They name failed changes, changes with an unknown result, and changes that were skipped for
    these.
    """
    yield from _heading_lines("apply", document.environment.name, document.cluster, width)
    for step in document.steps:
        if step.outcome is Outcome.SUCCEEDED:
            continue
        style = Style.BLOCKED if step.outcome is Outcome.FAILED else Style.WARNING
        yield line("  ", Span(f"{step.outcome:7}", style), f"  {plain(step.address)}")
        for row in wrap(plain(step.message or ""), width - 11):
            yield line(" " * 11, row)
    if document.count(Outcome.SUCCEEDED) < len(document.steps):
        name = plain(document.environment.name)
        yield BLANK
        yield line(f"What succeeded stays. `azsec cluster plan {name}` takes up from there.")
    elif not document.steps:
        yield line("Nothing to do: the objects are as declared.")
    yield from render_diagnostics(document.diagnostics, width)
    yield from totals("Apply", apply_summary(document), document.digest, width)


def apply_summary(document: ClusterApplyDocument) -> str:
    """Return how many steps ended in which way."""
    told = [f"{document.count(each):,} {each}" for each in Outcome if document.count(each)]
    return joined(told) or "0 steps"


def render_cluster_drift_text(document: ClusterDriftDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of a drift check: each field as its declared and its actual value."""
    yield from _heading_lines("drift", document.environment.name, document.cluster, width)
    names = ObjectNames((drifted.address for drifted in document.drifted), width)
    for drifted in document.drifted:
        yield from names.lines(drifted.address, drifted.type)
        if drifted.kind is DriftKind.MISSING:
            yield line("    ", Span("- missing", Style.DELETE), _MISSING)
        elif drifted.kind is DriftKind.UNMARKED:
            yield line("    ", Span("! unmarked", Style.UPDATE), _UNMARKED)
        elif drifted.kind is DriftKind.ORPHANED:
            yield line("    ", Span("+ orphaned", Style.UPDATE), f" · {ORPHANED}")
        else:
            yield line("    ", Span("~ changed", Style.UPDATE), " · declared -> in the cluster")
        yield from change_lines(drifted.fields, width)
        yield BLANK
    yield from addition_lines(document.additions, width)
    yield from undeclared_lines(document.undeclared, width, UNDECLARED_VALUES)
    yield from accepted_lines(document.accepted, width)
    yield from render_diagnostics(document.diagnostics, width)
    if not document.found:
        style = Style.PLAIN if document.is_certain else Style.WARNING
        yield line(Span(nothing_found(document), style))
    yield from _census_lines(document.census, width, describe_observed(document))
    yield from totals("Drift", drift_summary(document), None, width)


def nothing_found(document: ClusterDriftDocument) -> str:
    """Return the sentence for a check without drift, which is limited to what could be read."""
    if not document.is_certain:
        return "No drift was found in what could be read."
    if document.census.not_covered or document.census.not_looked_at:
        return (
            f"No drift in what was looked at. The {document.in_sync:,} declared objects are as "
            "declared."
        )
    return f"No drift. The {document.in_sync:,} declared objects are as declared."


def drift_summary(document: ClusterDriftDocument) -> str:
    """Return how much drifted, and how much did not."""
    kinds = Counter(drifted.kind for drifted in document.drifted)
    weakened = sum(entry.field.security for entry in document.undeclared)
    added = len(document.additions)
    return joined(
        (
            *(f"{kinds[kind]:,} {kind.value}" for kind in DriftKind if kinds[kind]),
            plural(added, "addition") if added else "",
            f"{weakened:,} undeclared (security)" if weakened else "",
            f"{document.in_sync:,} in sync",
            f"{document.not_compared:,} not compared" if document.not_compared else "",
        )
    )


def _heading_lines(
    command: str, name: str, cluster: ClusterDocument | None, width: int
) -> Iterator[Line]:
    title = line(Span(f"azsec cluster {command} {plain(name)}", Style.BOLD))
    about = "a cluster that Azure has yet to make"
    if cluster is not None:
        about = joined((plain(cluster.server), plain(cluster.version)))
    right = line(Span(about, Style.DIM))
    if length(title) + 3 + length(right) > width:
        yield title
        yield from (line(Span(row, Style.DIM)) for row in wrap(about, width))
    else:
        yield ends(title, right, width)
    yield BLANK


def describe_observed(document: ClusterDriftDocument) -> str:
    """Return when the cluster was observed, and a note where the signature was not verified.

    "" where the API server was queried directly.
    """
    if document.observed is None:
        return ""
    unverified = "" if document.verified else NOT_VERIFIED
    return joined((f"observed {plain(document.observed)}", unverified))


def _census_lines(census: ClusterCensusDocument, width: int, seen: str = "") -> Iterator[Line]:
    yield line(Span(census_sentence(census), Style.DIM))
    if seen:
        yield line("  ", Span(seen, Style.DIM))
    groups: dict[str, list[str]] = {}
    for entry in census.unreadable:
        reason = _FORBIDDEN.sub(r"\1 may not list them\2", plain(entry.reason))
        groups.setdefault(reason, []).append(plain(entry.listed or entry.id))
    for reason, listed in groups.items():
        for row in wrap(f"unreadable: {', '.join(listed)}: {reason}", width - 2):
            yield line("  ", Span(row, Style.WARNING))
    unread = describe_unread(census)
    for row in wrap(unread, width - 2) if unread else ():
        yield line("  ", Span(row, Style.DIM))
    for missing in census.not_covered:
        text = f"not covered: {plain(missing.what)} ({missing.count:,}): {plain(missing.reason)}"
        for row in wrap(text, width - 2):
            yield line("  ", Span(row, Style.DIM))


_MOST_KINDS = 8


def describe_unread(census: ClusterCensusDocument) -> str:
    """Return which custom resource kinds were not read, security-relevant ones first.

    "" where there are none.
    """
    kinds = census.not_looked_at
    if not kinds:
        return ""
    named = ", ".join(map(plain, kinds[:_MOST_KINDS]))
    more = len(kinds) - _MOST_KINDS
    rest = f", {and_more(more, 'kind')} (--output json has all)" if more > 0 else ""
    return f"not looked at: objects of {plural(len(kinds), 'custom kind')}: {named}{rest}"


def census_sentence(census: ClusterCensusDocument) -> str:
    """Return the scope of a check, as a sentence."""
    return f"Looked at {census.objects:,} objects of {plural(len(census.kinds), 'kind')}."
