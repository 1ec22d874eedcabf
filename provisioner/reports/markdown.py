"""Renders plans and drift checks as Markdown, for comments on pull requests.

A comment on GitHub holds 65,536 characters. What exceeds the limit is left out from the least risky
end: first the details of resources, then rows of the table; the text always states how much is left
out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.drift import DriftDocument, DriftKind, ResourceDriftDocument
from provisioner.documents.plan import Action, PlanDocument, ResourceChangeDocument
from provisioner.reports.additions_markdown import accepted_section, addition_section
from provisioner.reports.additions_text import describe_ended
from provisioner.reports.attribution_markdown import attribution_section
from provisioner.reports.census_markdown import census_paragraph, census_section
from provisioner.reports.check_markdown import security_section
from provisioner.reports.diagnostics_markdown import diagnostics_section
from provisioner.reports.drift_text import drift_summary
from provisioner.reports.fields_markdown import LONGEST_VALUE, diff_lines, fields_cell
from provisioner.reports.markdown_escape import code, details, folded, html_code, prose
from provisioner.reports.markdown_table import fitting, row, table_head
from provisioner.reports.module_groups import ModuleGroup, group_creates
from provisioner.reports.objects_text import objects_paragraph
from provisioner.reports.proof_markdown import gates_refuse, proof_section, proof_totals
from provisioner.reports.remaining_time import remaining_seconds
from provisioner.reports.sections_markdown import (
    ignored_section,
    in_progress_section,
    undeclared_section,
    unmanaged_section,
)
from provisioner.reports.tags_markdown import tag_section
from provisioner.reports.type_names import kinds_of
from provisioner.reports.values import plain, plural, shorten, show_estimate
from provisioner.reports.wording import (
    GRANTS_ACCESS,
    ORPHANED,
    SIGNS,
    UNMARKED,
    and_more,
    count_additions,
    count_ignored,
    count_in_progress,
    counts,
    is_disruptive,
    joined,
    no_changes,
    no_drift,
    refusal_of,
    risk,
    source_words,
    tier_words,
)

LIMIT = 65_000
"""The maximum length of a report in characters."""

_ROWS_SHARE = 60
"""The share of the room, in percent, of a table that does not fit: the riskiest changes keep their
details."""

_GROUP_SHARE = 20_000
_AROUND_SHARE = 70
"""The share of the room, in percent, for the text around the table of changes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource, or `count` resources of a module.

    It has its row of the table, and a function for its folded details (None: it has none).
    """

    row: str
    fold: Callable[[], str] | None
    count: int = 1


def render_plan_markdown(document: PlanDocument, limit: int = LIMIT) -> str:
    """Return a plan as Markdown, riskiest changes first.

    It has less than `limit` characters, as far as the text around its table leaves room for that.
    """
    estimate = remaining_seconds(document.steps)
    told = [f"**{number:,} {action}**" for action, number in counts(document.summary)]
    told.append(f"{document.summary.unchanged:,} unchanged")
    told.append(count_ignored(document.ignored))
    told.append(count_additions(document.additions, document.accepted))
    told.append(count_in_progress(document.in_progress))
    told.append(show_estimate(estimate) if estimate else "")
    head = _report_heading("plan", document.environment, joined(told))
    refusal = refusal_of(document)
    if refusal:
        head += f"**{refusal}**\n\n"
    elif document.summary.changes == 0:
        head += f"{no_changes(document)}\n\n"
    head += census_paragraph(document.census) + objects_paragraph(document.cluster)
    head += gates_refuse(document.gates) + security_section(document.security)
    head += proof_totals(document.proofs)
    hint = "`azsec show FILE` shows all."
    tail = diagnostics_section(document.diagnostics) + f"Digest {code(document.digest)}\n"
    beside = (
        proof_section(document.proofs)
        + undeclared_section(document.undeclared)
        + tag_section(document.tags)
        + ignored_section(document.ignored)
        + addition_section(document.additions)
        + accepted_section(document.accepted)
        + unmanaged_section(document.unmanaged)
        + in_progress_section(document.in_progress)
        + census_section(document.census)
    )
    if len(head) + len(beside) + len(tail) > limit * _AROUND_SHARE // 100:
        # With little room, changes take precedence over what the plan leaves unchanged.
        beside = f"There is no room here for what else the plan has. {hint}\n\n"
    tail = beside + tail
    shown, groups = group_creates(document.changes, lists_all=document.lists_all)
    names = kinds_of(change.type for change in document.changes)
    entries = [plan_entry(change, names) for change in sorted(shown, key=risk)]
    entries += [_group_entry(group, names) for group in groups]
    head_row = table_head(("action", "resource", "what changes"))
    return assemble(head, head_row, entries, tail, hint, limit)


def render_drift_markdown(document: DriftDocument) -> str:
    """Return a drift check as Markdown of less than 65,000 characters."""
    head = _report_heading("drift", document.environment, prose(drift_summary(document)))
    if not document.found:
        head += f"{no_drift(document)}\n\n"
    head += census_paragraph(document.census) + objects_paragraph(document.cluster)
    head += addition_section(document.additions)
    head += security_section(document.security) + proof_totals(document.proofs)
    tail = (
        attribution_section(document)
        + proof_section(document.proofs)
        + undeclared_section(document.undeclared)
        + tag_section(document.tags)
        + ignored_section(document.ignored)
        + accepted_section(document.accepted)
        + unmanaged_section(document.unmanaged)
        + in_progress_section(document.in_progress)
        + census_section(document.census)
        + diagnostics_section(document.diagnostics)
    )
    weakened_first = sorted(
        document.drifted, key=lambda drifted: not any(field.security for field in drifted.fields)
    )
    names = kinds_of(drifted.type for drifted in document.drifted)
    entries = [drift_entry(drifted, names) for drifted in weakened_first]
    hint = f"{code(f'azsec drift {document.environment.name}')} shows all."
    head_row = table_head(("drift", "resource", "declared → in Azure"))
    return assemble(head, head_row, entries, tail, hint)


def _report_heading(command: str, environment: EnvironmentDocument, told: str) -> str:
    about = joined(
        (
            code(environment.blueprint),
            prose(environment.cloud, 60),
            plural(len(environment.subscriptions), "subscription"),
            *(code(source_words(source)) for source in environment.module_sources),
        )
    )
    return f"### azsec {command}: {prose(environment.name, 200)}\n\n{told}\n\n{about}\n\n"


def assemble(
    head: str,
    table_head: str,
    entries: Sequence[Entry],
    tail: str,
    hint: str,
    limit: int = LIMIT,
) -> str:
    """Put a report together, with as many rows and then as many details as there is room for."""
    if not entries:
        return head + tail
    room = limit - len(head) - len(tail) - len(table_head) - 2 * (len(hint) + 100)
    rows = [entry.row for entry in entries]
    if sum(map(len, rows)) > room:
        rows = fitting(rows, room * _ROWS_SHARE // 100)
    room -= sum(map(len, rows))
    foldable = [entry for entry in entries[: len(rows)] if entry.fold is not None]
    shown = fitting((entry.fold() for entry in foldable if entry.fold is not None), room)
    text = head + table_head + "".join(rows)
    if len(rows) < len(entries):
        hidden = sum(entry.count for entry in entries[len(rows) :])
        text += f"\n{and_more(hidden, 'resource')}. {hint}\n"
    text += "\n" + "".join(shown)
    if len(shown) < len(foldable):
        hidden = sum(entry.count for entry in foldable[len(shown) :])
        text += f"{plural(hidden, 'resource')} without details here. {hint}\n\n"
    return text + tail


def plan_entry(change: ResourceChangeDocument, names: Mapping[str, str] | None = None) -> Entry:
    """Return the row and the details of one change of a plan; `names` are short ones of types."""
    sign = f"`{SIGNS[change.action]}`&nbsp;{change.action}"
    action = f"**{sign}**" if change.action in _EYE_CATCHING else sign
    if is_disruptive(change):
        action += f"<br>{prose(change.disruption, 60)}"
    tier = tier_words(change)
    named = _address_cell(change.address, change.type, names) + (
        f"<br>{prose(tier)}" if tier else ""
    )
    return Entry(row(action, named, _change_cell(change)), partial(_plan_details, change))


def _address_cell(address: str, resource_type: str, names: Mapping[str, str] | None) -> str:
    shown = names[resource_type] if names else resource_type
    return f"{code(address)}<br>{prose(shown)}"


def _group_entry(group: ModuleGroup, names: Mapping[str, str]) -> Entry:
    told = [prose(", ".join(group.kinds))]
    if group.reason:
        told.append(f"each {prose(group.reason)}")
    if group.granting:
        told.append(f"**{GRANTS_ACCESS}**: {', '.join(map(code, group.granting))}")
    count = len(group.changes)
    sign = f"`{SIGNS[group.action]}`&nbsp;{count:,}&nbsp;{group.action}"
    summary = row(sign, f"module {code(group.module)}", "<br>".join(told))
    return Entry(summary, partial(_group_details, group, names), count)


def _group_details(group: ModuleGroup, names: Mapping[str, str]) -> str:
    """Return the details of a module's resources, folded each, within one that is folded."""
    count = len(group.changes)
    shown = fitting((_plan_details(change, names) for change in group.changes), _GROUP_SHARE)
    content = "".join(shown)
    if len(shown) < count:
        content += f"{and_more(count - len(shown), 'resource')}.\n\n"
    counted = f"{SIGNS[group.action]} {count:,} {group.action}"
    return folded(f"module {html_code(group.module)} {counted}", content)


def _plan_details(change: ResourceChangeDocument, names: Mapping[str, str] | None = None) -> str:
    facts = joined(
        (
            f"{html_code(change.address)} {SIGNS[change.action]} {change.action}",
            prose(names[change.type]) if names else "",
            prose(change.disruption, 60) if is_disruptive(change) else "",
            show_estimate(change.seconds) if change.seconds else "",
        )
    )
    lines = [f"# {shorten(plain(change.id), 500)}"]
    if change.reason:
        lines.append(f"# {shorten(plain(change.reason), LONGEST_VALUE)}")
    if change.ends is not None:
        lines.append(f"# {shorten(describe_ended(change.ends), LONGEST_VALUE)}")
    return details(facts, lines + diff_lines(change.fields))


_EYE_CATCHING = (Action.BLOCKED, Action.DELETE, Action.REPLACE, Action.ADOPT)


_DRIFT_SIGNS = {
    DriftKind.CHANGED: "`~`&nbsp;changed",
    DriftKind.MISSING: "**`-`&nbsp;missing**",
    DriftKind.UNMARKED: "**`!`&nbsp;unmarked**",
    DriftKind.ORPHANED: "**`+`&nbsp;orphaned**",
}


_DRIFT_WORDS = {DriftKind.UNMARKED: UNMARKED, DriftKind.ORPHANED: ORPHANED}


def drift_entry(drifted: ResourceDriftDocument, names: Mapping[str, str] | None = None) -> Entry:
    """Return the row and the details of one resource that drifted; `names` as for `plan_entry`."""
    missing = drifted.kind is DriftKind.MISSING
    sign = _DRIFT_SIGNS[drifted.kind]
    what = _DRIFT_WORDS.get(drifted.kind) or ("" if missing else fields_cell(drifted.fields))
    if drifted.reason:
        what = "<br>".join(part for part in (prose(drifted.reason, 300), what) if part)
    summary = row(sign, _address_cell(drifted.address, drifted.type, names), what)
    return Entry(summary, None if missing else partial(_drift_details, drifted))


def _drift_details(drifted: ResourceDriftDocument) -> str:
    lines = [f"# {shorten(plain(drifted.id), 500)}", *diff_lines(drifted.fields)]
    return details(f"{html_code(drifted.address)} ~ changed", lines)


def _change_cell(change: ResourceChangeDocument) -> str:
    given = f"**{GRANTS_ACCESS}**" if change.grants_access else ""
    if change.action is Action.CREATE:
        return given
    if change.action in (Action.DELETE, Action.BLOCKED) or not change.fields:
        told = prose(change.reason or "", 300)
    else:
        told = fields_cell(change.fields)
    ended = prose(describe_ended(change.ends), 300) if change.ends is not None else ""
    return "<br>".join(filter(None, (given, told, ended)))
