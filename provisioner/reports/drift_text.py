"""Renders a drift check as text.

`ci_text`, `markdown`, `report_html` and `text` call it.
"""

from collections import Counter
from collections.abc import Iterator

from provisioner.documents.drift import DriftDocument, DriftKind, ResourceDriftDocument
from provisioner.documents.proof import FAILS
from provisioner.reports.additions_text import accepted_lines, addition_lines
from provisioner.reports.attribution_text import attribution_lines
from provisioner.reports.census_text import census_lines
from provisioner.reports.field_text import change_lines
from provisioner.reports.objects_text import count_objects, objects_lines
from provisioner.reports.proof_text import breach_lines, proof_totals
from provisioner.reports.section_text import (
    Columns,
    heading,
    ignored_lines,
    in_progress_lines,
    render_diagnostics,
    totals,
    undeclared_lines,
    unmanaged_lines,
)
from provisioner.reports.security_text import count_newly_failing, total_lines, turn_lines
from provisioner.reports.styled import BLANK, Line, Span, Style, line
from provisioner.reports.tags_text import tag_lines
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import (
    UNMARKED,
    count_additions,
    count_ignored,
    count_in_progress,
    count_tags,
    joined,
    no_drift,
)


def render_drift_text(document: DriftDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of a drift check: each field as its declared and its actual value."""
    yield from heading("drift", document.environment, width)
    columns = Columns([(d.address, d.type, d.resource_group) for d in document.drifted], width)
    for drifted in document.drifted:
        yield from columns.lines(drifted.address, drifted.type, drifted.resource_group)
        where = columns.note(drifted.resource_group)
        where = f" · {where}" if where else ""
        if drifted.kind is DriftKind.MISSING:
            yield line(
                "    ", Span("- missing", Style.DELETE), f" · declared, and not in Azure{where}"
            )
        elif drifted.kind is DriftKind.UNMARKED:
            yield line("    ", Span("! unmarked", Style.UPDATE), f" · {UNMARKED}{where}")
            yield from change_lines(drifted.fields, width)
        else:
            yield line(
                "    ", Span("~ changed", Style.UPDATE), f"{_heading_of_drift(drifted)}{where}"
            )
            yield from change_lines(drifted.fields, width)
        yield from attribution_lines(document.attributions.get(drifted.id), width)
        yield BLANK
    yield from addition_lines(document.additions, width, document.attributions)
    yield from undeclared_lines(document.undeclared, width)
    yield from tag_lines(document.tags, width)
    yield from _other_attribution_lines(document, width)
    yield from ignored_lines(document.ignored, width)
    yield from accepted_lines(document.accepted, width)
    yield from unmanaged_lines(document.unmanaged, width)
    yield from in_progress_lines(document.in_progress, width)
    yield from turn_lines(document.security, width)
    yield from breach_lines(document.proofs, width)
    yield from render_diagnostics(document.diagnostics, width)
    if not document.found:
        yield line(Span(no_drift(document), Style.PLAIN if document.is_certain else Style.WARNING))
    yield from census_lines(document.census, width)
    yield from objects_lines(document.cluster, width)
    yield from total_lines(document.security, width)
    yield from proof_totals(document.proofs, width)
    yield from totals("Drift", drift_summary(document), None, width)


def _other_attribution_lines(document: DriftDocument, width: int) -> Iterator[Line]:
    """Yield the section of who changed resources without an entry of their own.

    Such a resource differs in undeclared values only.
    """
    shown = {entry.id for entry in document.drifted} | {entry.id for entry in document.additions}
    addresses = {entry.id: entry.address for entry in document.undeclared}
    others = {key: told for key, told in document.attributions.items() if key not in shown}
    if not others:
        return
    yield line("  ", Span("who changed what is undeclared", Style.BOLD))
    for key, attribution in others.items():
        yield line("  ", plain(addresses.get(key, key)))
        yield from attribution_lines(attribution, width)
    yield BLANK


def _heading_of_drift(drifted: ResourceDriftDocument) -> str:
    reason = f" · {plain(drifted.reason)}" if drifted.reason else ""
    return f"{reason} · declared -> in Azure" if drifted.fields or not reason else reason


def drift_summary(document: DriftDocument) -> str:
    """Return the counts of drift: resources, controls and network proofs."""
    kinds = Counter(drifted.kind for drifted in document.drifted)
    counted = ((kinds[kind], kind.value) for kind in DriftKind)
    drifted = [entry for entry in document.undeclared if entry.drifted]
    moved = sum(entry.moved for entry in drifted)
    weakened = sum(entry.field.security for entry in drifted if not entry.moved)
    failing = sum(proof.verdict == FAILS for proof in document.proofs)
    verb = "fails" if failing == 1 else "fail"
    return joined(
        (
            *(f"{number:,} {word}" for number, word in counted if number),
            f"{weakened:,} undeclared (security)" if weakened else "",
            f"{moved:,} undeclared (moved)" if moved else "",
            count_tags(document.tags) if document.strict_tags else "",
            count_newly_failing(document.security),
            f"{plural(failing, 'network proof')} {verb}" if failing else "",
            count_additions(document.additions, document.accepted),
            count_ignored(document.ignored),
            count_in_progress(document.in_progress),
            count_objects(document.cluster),
            f"{document.in_sync:,} in sync",
        )
    )
