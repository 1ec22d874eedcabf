"""Plans and drift checks as Markdown: a comment on a pull request.

A comment on GitHub holds 65,536 characters. What is over is left out from the least risky end:
first the details of resources, then rows of the table; the text always says how much is missing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.drift import DriftDocument, DriftKind, ResourceDriftDocument
from provisioner.documents.plan import (
    Action,
    FieldChangeDocument,
    IgnoredDocument,
    InProgressDocument,
    PlanDocument,
    ResourceChangeDocument,
    UndeclaredDocument,
    UnmanagedDocument,
)
from provisioner.reports.additions_markdown import accepted_section, addition_section
from provisioner.reports.attribution_markdown import attribution_section
from provisioner.reports.census_markdown import census_paragraph, census_section
from provisioner.reports.check_markdown import security_section
from provisioner.reports.diagnostics_markdown import diagnostics_section
from provisioner.reports.drift_text import drift_summary
from provisioner.reports.markdown_escape import code, details, html_code, prose
from provisioner.reports.markdown_table import fitting, row, section, table_head
from provisioner.reports.objects_text import objects_paragraph
from provisioner.reports.proof_markdown import gates_refuse, proof_section, proof_totals
from provisioner.reports.section_text import UNDECLARED
from provisioner.reports.tags_markdown import tag_section
from provisioner.reports.timing import remaining_seconds
from provisioner.reports.values import (
    leaves,
    plain,
    plural,
    shorten,
    shorten_pair,
    show_estimate,
    show_pair,
    show_path,
    show_value,
)
from provisioner.reports.wording import (
    IN_PROGRESS,
    SIGNS,
    UNMARKED,
    Part,
    and_more,
    count_additions,
    count_ignored,
    count_in_progress,
    counts,
    is_disruptive,
    joined,
    keeping,
    marks,
    no_changes,
    no_drift,
    parts_of,
    refusal_of,
    risk,
)

LIMIT = 65_000
"""The most characters that a report has."""

_DETAIL_LINES = 120
_ROWS_SHARE = 60
"""How much of the room, in percent, goes to a table that does not fit: the riskiest changes keep
their details."""

_LONGEST_VALUE = 1_000
_PATHS_IN_CELL = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource: its row of the table, and what makes its folded details (None: it has none)."""

    row: str
    fold: Callable[[], str] | None


def render_plan_markdown(document: PlanDocument, limit: int = LIMIT) -> str:
    """Return a plan as Markdown, riskiest changes first: of less than `limit` characters, as far as
    what stands around its table leaves room for that."""
    estimate = remaining_seconds(document.steps)
    told = [f"**{number:,} {action}**" for action, number in counts(document.summary)]
    told.append(f"{document.summary.unchanged:,} unchanged")
    told.append(count_ignored(document.ignored))
    told.append(count_additions(document.additions, document.accepted))
    told.append(count_in_progress(document.in_progress))
    told.append(show_estimate(estimate) if estimate else "")
    head = _heading("plan", document.environment, joined(told))
    refusal = refusal_of(document)
    if refusal:
        head += f"**{refusal}**\n\n"
    elif document.summary.changes == 0:
        head += f"{no_changes(document)}\n\n"
    head += census_paragraph(document.census) + objects_paragraph(document.cluster)
    head += gates_refuse(document.gates) + security_section(document.security)
    head += proof_totals(document.proofs)
    tail = (
        proof_section(document.proofs)
        + undeclared_section(document.undeclared)
        + tag_section(document.tags)
        + _ignored(document.ignored)
        + addition_section(document.additions)
        + accepted_section(document.accepted)
        + _unmanaged(document.unmanaged)
        + _in_progress(document.in_progress)
        + census_section(document.census)
        + diagnostics_section(document.diagnostics)
        + f"Digest {code(document.digest)}\n"
    )
    entries = [plan_entry(change) for change in sorted(document.changes, key=risk)]
    columns = ("action", "address", "type", "what changes", "disruption")
    hint = "`azsec show FILE` shows all."
    return assemble(head, table_head(columns), entries, tail, hint, limit)


def render_drift_markdown(document: DriftDocument) -> str:
    """Return a drift check as Markdown of less than 65,000 characters."""
    head = _heading("drift", document.environment, prose(drift_summary(document)))
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
        + _ignored(document.ignored)
        + accepted_section(document.accepted)
        + _unmanaged(document.unmanaged)
        + _in_progress(document.in_progress)
        + census_section(document.census)
        + diagnostics_section(document.diagnostics)
    )
    weakened_first = sorted(
        document.drifted, key=lambda drifted: not any(field.security for field in drifted.fields)
    )
    entries = [drift_entry(drifted) for drifted in weakened_first]
    hint = f"{code(f'azsec drift {document.environment.name}')} shows all."
    columns = ("drift", "address", "type", "declared -> in Azure")
    return assemble(head, table_head(columns), entries, tail, hint)


def _heading(command: str, environment: EnvironmentDocument, told: str) -> str:
    about = joined(
        (
            code(environment.blueprint),
            prose(environment.cloud, 60),
            plural(len(environment.subscriptions), "subscription"),
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
    folds = [entry.fold for entry in entries[: len(rows)] if entry.fold is not None]
    shown = fitting((fold() for fold in folds), room)
    text = head + table_head + "".join(rows)
    if len(rows) < len(entries):
        text += f"\n{and_more(len(entries) - len(rows), 'resource')}. {hint}\n"
    text += "\n" + "".join(shown)
    if len(shown) < len(folds):
        text += f"{plural(len(folds) - len(shown), 'resource')} without details here. {hint}\n\n"
    return text + tail


def plan_entry(change: ResourceChangeDocument) -> Entry:
    """Return the row and the details of one change of a plan."""
    sign = f"`{SIGNS[change.action]}` {change.action}"
    action = f"**{sign}**" if change.action in _EYE_CATCHING else sign
    disruption = prose(change.disruption, 60) if is_disruptive(change) else ""
    summary = row(action, code(change.address), code(change.type), _what(change), disruption)
    return Entry(summary, partial(_plan_details, change))


def _plan_details(change: ResourceChangeDocument) -> str:
    facts = joined(
        (
            f"{html_code(change.address)} {SIGNS[change.action]} {change.action}",
            prose(change.disruption, 60) if is_disruptive(change) else "",
            show_estimate(change.seconds) if change.seconds else "",
        )
    )
    lines = [f"# {shorten(plain(change.id), 500)}"]
    if change.reason:
        lines.append(f"# {shorten(plain(change.reason), _LONGEST_VALUE)}")
    return details(facts, lines + _diff_lines(change.fields))


_EYE_CATCHING = (Action.BLOCKED, Action.DELETE, Action.REPLACE, Action.ADOPT)


_DRIFT_SIGNS = {
    DriftKind.CHANGED: "`~` changed",
    DriftKind.MISSING: "**`-` missing**",
    DriftKind.UNMARKED: "**`<-` unmarked**",
}


def drift_entry(drifted: ResourceDriftDocument) -> Entry:
    """Return the row and the details of one resource that drifted."""
    missing = drifted.kind is DriftKind.MISSING
    sign = _DRIFT_SIGNS[drifted.kind]
    what = UNMARKED if drifted.kind is DriftKind.UNMARKED else _paths(drifted.fields)
    what = "" if missing else what
    if drifted.reason:
        what = "<br>".join(part for part in (prose(drifted.reason, 300), what) if part)
    summary = row(sign, code(drifted.address), code(drifted.type), what)
    return Entry(summary, None if missing else partial(_drift_details, drifted))


def _drift_details(drifted: ResourceDriftDocument) -> str:
    lines = [f"# {shorten(plain(drifted.id), 500)}", *_diff_lines(drifted.fields)]
    return details(f"{html_code(drifted.address)} ~ changed", lines)


def _what(change: ResourceChangeDocument) -> str:
    if change.action is Action.CREATE:
        return ""
    if change.action in (Action.DELETE, Action.BLOCKED) or not change.fields:
        return prose(change.reason or "", 300)
    return _paths(change.fields)


def _paths(fields: Sequence[FieldChangeDocument]) -> str:
    """Return the paths that matter most: what forces a replace, then what concerns security."""
    ordered = sorted(fields, key=lambda field: (not field.forces_replace, not field.security))
    shown = [
        code(show_path(field.path), 120) + _emphasised(field) for field in ordered[:_PATHS_IN_CELL]
    ]
    if len(ordered) > _PATHS_IN_CELL:
        shown.append(and_more(len(ordered) - _PATHS_IN_CELL, "property"))
    return "<br>".join(shown)


def _diff_lines(fields: Iterable[FieldChangeDocument]) -> list[str]:
    """Return the lines of a diff block: what goes behind a minus, what comes behind a plus."""
    lines: list[str] = []
    for field in fields:
        notes = "".join(f"  [{mark}]" for mark in marks(field))
        if field.reason:
            notes += f"  ({shorten(plain(field.reason), _LONGEST_VALUE)})"
        for part in parts_of(field):
            lines += _part_lines(part, notes)
            notes = ""
    if len(lines) > _DETAIL_LINES:
        hidden = and_more(len(lines) - _DETAIL_LINES, "line")
        return [*lines[:_DETAIL_LINES], f"# {hidden}"]
    return lines


def _part_lines(part: Part, notes: str) -> list[str]:
    path = shorten(part.path, 200)
    if part.sign == "~":
        before, after = shorten_pair(*show_pair(part.before, part.after), _LONGEST_VALUE)
        return [f"- {path}: {before}", f"+ {path}: {after}{notes}"]
    told = [
        f"{part.sign} {path}{'.' if inner else ''}{inner}: "
        f"{shorten(show_value(value), _LONGEST_VALUE)}"
        for inner, value in leaves(part.value)
    ]
    return [told[0] + notes, *told[1:]]


def undeclared_section(entries: Sequence[UndeclaredDocument], title: str = UNDECLARED) -> str:
    """Return the section of values that nobody declared."""
    rows = (
        row(
            code(entry.address),
            code(show_path(entry.field.path)) + _emphasised(entry.field),
            code(show_value(entry.field.before)),
            code("none" if entry.field.after is None else show_value(entry.field.after))
            + (f" {prose(entry.field.reason or '', 200)}" if entry.field.state else "")
            + (f" {keeping(entry)}" if entry.kept else ""),
        )
        for entry in sorted(
            entries, key=lambda entry: (not entry.drifted, not entry.field.security)
        )
    )
    head = table_head(("address", "property", "value", "default"))
    return section(f"**Undeclared: {title}**\n\n{head}", rows, len(entries), "value")


def _ignored(entries: Sequence[IgnoredDocument]) -> str:
    rows = (
        row(
            code(entry.address),
            code(show_path(entry.field.path)) + _emphasised(entry.field),
            code(" -> ".join(show_pair(entry.field.before, entry.field.after))),
            prose(f"{entry.owner}: {entry.reason}", 200),
            entry.expires,
        )
        for entry in entries
    )
    title = "**Ignored by the environment; left as is**"
    head = table_head(("address", "property", "value", "who and why", "until"))
    return section(f"{title}\n\n{head}", rows, len(entries), "value")


def _emphasised(field: FieldChangeDocument) -> str:
    return "".join(f" **{prose(mark, 60)}**" for mark in marks(field))


def _unmanaged(entries: Sequence[UnmanagedDocument]) -> str:
    rows = (row(code(entry.id, 300), code(entry.type)) for entry in entries)
    title = "**Unmanaged: not made by azsec, and never touched by it**"
    head = table_head(("resource", "type"))
    return section(f"{title}\n\n{head}", rows, len(entries), "resource")


def _in_progress(entries: Sequence[InProgressDocument]) -> str:
    rows = (
        row(code(entry.address or entry.id, 300), code(entry.type), code(entry.state))
        for entry in entries
    )
    head = table_head(("resource", "type", "state"))
    return section(f"**In progress: {IN_PROGRESS}**\n\n{head}", rows, len(entries), "resource")
