"""Renders a plan as text.

`combined_text`, `object_text` and `text` call it.
"""

from collections.abc import Iterator, Sequence

from provisioner.documents.plan import Action, PlanDocument, ResourceChangeDocument
from provisioner.reports.additions_text import accepted_lines, addition_lines, describe_ended
from provisioner.reports.census_text import census_lines
from provisioner.reports.field_text import change_lines, create_lines
from provisioner.reports.module_groups import ModuleGroup, group_creates
from provisioner.reports.objects_text import objects_lines
from provisioner.reports.proof_text import breach_lines, gate_lines, proof_totals
from provisioner.reports.remaining_time import remaining_seconds
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
from provisioner.reports.security_text import total_lines, turn_lines
from provisioner.reports.styled import (
    BLANK,
    Line,
    Span,
    Style,
    columns_of,
    join_wrapped,
    line,
    wrap,
)
from provisioner.reports.tags_text import tag_lines
from provisioner.reports.values import plain, show_estimate
from provisioner.reports.wording import (
    GRANTS_ACCESS,
    SIGNS,
    count_additions,
    count_ignored,
    count_in_progress,
    counts,
    is_disruptive,
    joined,
    no_changes,
    refusal_of,
    risk,
    tier_words,
)

_STYLES = {
    Action.NO_OP: Style.PLAIN,
    Action.CREATE: Style.CREATE,
    Action.UPDATE: Style.UPDATE,
    Action.ADOPT: Style.UPDATE,
    Action.REPLACE: Style.REPLACE,
    Action.DELETE: Style.DELETE,
    Action.BLOCKED: Style.BLOCKED,
}


def render_plan_text(document: PlanDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of a plan.

    Newly failing controls come first. The riskiest changes come last, next to the totals, where a
    reader's eyes are when a plan has scrolled by.
    """
    yield from heading("plan", document.environment, width)
    yield from turn_lines(document.security, width)
    shown, groups = group_creates(document.changes, lists_all=document.lists_all)
    columns = Columns([(c.address, c.type, c.resource_group) for c in shown], width)
    for group in groups:
        yield from _group_section(group, width)
    if groups:
        yield from (
            line("  ", Span(row, Style.DIM)) for row in wrap(_grouping_note(groups), width - 2)
        )
        yield BLANK
    for change in sorted(shown, key=lambda change: risk(change)[0], reverse=True):
        yield from change_section(change, columns, width)
    yield from undeclared_lines(document.undeclared, width)
    yield from tag_lines(document.tags, width)
    yield from ignored_lines(document.ignored, width)
    yield from addition_lines(document.additions, width)
    yield from accepted_lines(document.accepted, width)
    yield from unmanaged_lines(document.unmanaged, width)
    yield from in_progress_lines(document.in_progress, width)
    yield from breach_lines(document.proofs, width)
    yield from render_diagnostics(document.diagnostics, width)
    refusal = refusal_of(document)
    if refusal:
        yield line(Span(refusal, Style.BLOCKED))
    elif document.summary.changes == 0:
        yield line(no_changes(document))
    yield from census_lines(document.census, width)
    yield from objects_lines(document.cluster, width)
    yield from gate_lines(document.gates, width)
    yield from total_lines(document.security, width)
    yield from proof_totals(document.proofs, width)
    yield from totals("Plan", _summary_words(document), document.digest, width)


def _grouping_note(groups: Sequence[ModuleGroup]) -> str:
    actions = {group.action for group in groups}
    words = [_PLURALS[action] for action in (Action.CREATE, Action.ADOPT) if action in actions]
    subject = " and ".join(words).capitalize()
    return (
        f"{subject} are grouped by module. `azsec plan --full` and `azsec show --full` list each "
        "with its properties."
    )


_PLURALS = {Action.CREATE: "creates", Action.ADOPT: "adoptions"}


def _group_section(group: ModuleGroup, width: int) -> Iterator[Line]:
    """Yield the lines of a module's creates or adoptions.

    They state how many of each type, why, and which grant access.
    """
    yield line("  ", Span(group.module, Style.BOLD))
    words = f"{SIGNS[group.action]} {len(group.changes):,} {group.action}"
    sign = Span(words, _STYLES[group.action])
    first, *rest = join_wrapped(group.kinds, width - 7 - len(sign.text))
    yield line("    ", sign, f" · {first}")
    yield from (line(" " * 6, row) for row in rest)
    if group.reason:
        rows = wrap(f"each {plain(group.reason)}", width - 6)
        yield from (line(" " * 6, Span(row, Style.DIM)) for row in rows)
    if group.granting:
        addresses = [plain(address) for address in group.granting]
        rows = join_wrapped(addresses, width - 8 - len(GRANTS_ACCESS))
        yield line(" " * 6, Span(GRANTS_ACCESS, Style.WARNING), f": {rows[0]}")
        yield from (line(" " * (8 + len(GRANTS_ACCESS)), row) for row in rows[1:])
    yield BLANK


def _summary_words(document: PlanDocument) -> str:
    estimate = remaining_seconds(document.steps)
    return joined(
        (
            *(f"{number:,} {action}" for action, number in counts(document.summary)),
            f"{document.summary.unchanged:,} unchanged",
            count_ignored(document.ignored),
            count_additions(document.additions, document.accepted),
            count_in_progress(document.in_progress),
            show_estimate(estimate) if estimate else "",
        )
    )


def change_section(change: ResourceChangeDocument, columns: Columns, width: int) -> Iterator[Line]:
    """Yield the lines of one resource's change."""
    yield from columns.lines(change.address, change.type, change.resource_group)
    yield from action_lines(change, columns.note(change.resource_group), width)
    if change.action is Action.CREATE:
        yield from create_lines(change.fields, width)
    else:
        yield from change_lines(change.fields, width)
    if change.ends is not None:
        yield from (line(" " * 6, row) for row in wrap(describe_ended(change.ends), width - 6))
    if change.action is Action.DELETE:
        yield line(" " * 6, Span(plain(change.id), Style.DIM))
    yield BLANK


def action_lines(change: ResourceChangeDocument, where: str, width: int) -> Iterator[Line]:
    """Yield the lines of an action: `where` and the reason beside it, or below."""
    facts = []
    if change.action is not Action.BLOCKED:
        told = is_disruptive(change) or change.action in (Action.UPDATE, Action.ADOPT)
        facts = [plain(change.disruption) if told else ""]
        facts.append(GRANTS_ACCESS if change.grants_access else "")
        facts.append(show_estimate(change.seconds) if change.seconds else "")
        facts.append(tier_words(change))
    named = Span(f"{SIGNS[change.action]} {change.action}", _STYLES[change.action])
    about = "".join(f" · {fact}" for fact in facts if fact)
    used = 4 + columns_of(named.text) + columns_of(about)
    reason = plain(change.reason or "")
    below: list[str] = []
    for more in (where, reason):
        if more and used + 3 + columns_of(more) <= width and not below:
            about += f" · {more}"
            used += 3 + columns_of(more)
        elif more:
            below.append(more)
    yield line("    ", named, about)
    for text in below:
        yield from (line(" " * 6, row) for row in wrap(text, width - 6))
