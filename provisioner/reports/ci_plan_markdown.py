"""Renders the pull request comment and the job summary with the plans of all environments.

There is a row for each environment, the worst first; below the table are the differences since the
review, and the plans, folded. The comment always stays within the forge's limit: the remainder is
in the job summary, and the comment says so. `azsec ci` calls it.
"""

from collections.abc import Sequence

from provisioner.documents.ci import (
    ApprovalDocument,
    CiPlanDocument,
    EnvironmentPlanDocument,
    PlanOutcome,
)
from provisioner.documents.plan import Action, PlanDocument
from provisioner.reports.census_text import census_sentence
from provisioner.reports.ci_plan_notes import diagnostic_note, other_note, plan_notes
from provisioner.reports.markdown import LIMIT, render_plan_markdown
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, section, table_head
from provisioner.reports.values import plural
from provisioner.reports.wording import HARMLESS, PROOF_WORDS, counts, joined

_COLUMNS = (
    "environment",
    "worst disruption",
    "changes",
    "controls",
    "proofs",
    "access",
    "digest",
    "review",
)
_PATHS = 3
_NAMES = 30
_MOST_MOVED, _FEWEST = 60, 3
"""Changes that differ from the reviewed plan: the limit for all environments, and the minimum of
each."""
_DIGEST_LENGTH = len("sha256:") + 12
_LEAST_ROOM = 3_000
"""Characters below which a plan is not started."""


def render_ci_plan_comment(document: CiPlanDocument, limit: int, url: str | None) -> str:
    """Return the body of a comment of at most `limit` characters.

    `url` is the address of the job summary.
    """
    noteworthy = [entry for entry in document.environments if entry.is_noteworthy]
    if not noteworthy:
        notes = f"{_plans_of_other_jobs(document)}{_messages_section(document)}"
        text = f"{_comment_title(document)}\n\n{notes}{_scope_paragraph(document)}\n"
        return _cut_at_line(text, limit)
    elsewhere = f"[the job's summary]({url})" if url else "the job's summary"
    head = _comment_head(document, noteworthy)
    tail = _comment_footer(document)
    room = limit - len(head) - len(tail) - 200
    folded, left = _fold_plans(noteworthy, room, LIMIT)
    if left:
        names = ", ".join(code(entry.name, 60) for entry in left[:_NAMES])
        more = f" and {len(left) - _NAMES} more" if len(left) > _NAMES else ""
        tail = f"No room here for the plans of {names}{more}: see {elsewhere}.\n\n{tail}"
    return _cut_at_line(head + folded + tail, limit)


def render_ci_plan_summary(document: CiPlanDocument, limit: int) -> str:
    """Return the summary of a job, of at most `limit` bytes: as the comment, and longer."""
    noteworthy = [entry for entry in document.environments if entry.is_noteworthy]
    head = _comment_head(document, noteworthy) if noteworthy else f"{_comment_title(document)}\n\n"
    tail = _comment_footer(document)
    # The limit is in bytes, and a character takes up to four in UTF-8: shorten until it fits.
    most = limit
    while True:
        folded, left = _fold_plans(noteworthy, most - len(head) - len(tail), 4 * LIMIT)
        more = f"No room here for {plural(len(left), 'more plan')}.\n\n" if left else ""
        text = _cut_at_line(head + folded + more + tail, most)
        size = len(text.encode())
        if size <= limit:
            return text
        most = min(most * limit // size, most * 9 // 10)


def _comment_title(document: CiPlanDocument) -> str:
    asked = len(document.environments)
    changing = sum(entry.is_noteworthy for entry in document.environments)
    if not asked:
        return "### azsec plan: no environment is touched"
    if not changing:
        return f"### azsec plan: no changes in {plural(asked, 'environment')}"
    failed = sum(entry.plan is None for entry in document.environments)
    without = f"no plan of {failed:,}" if failed else ""
    of = plural(asked, "environment")
    if failed == changing:
        return f"### azsec plan: {without} of {of}"
    ready = f"{changing - failed:,} of {of} to review"
    return f"### azsec plan: {', '.join(filter(None, (ready, without)))}"


def _comment_head(document: CiPlanDocument, noteworthy: Sequence[EnvironmentPlanDocument]) -> str:
    rows = [_environment_cells(entry) for entry in noteworthy]
    # A column that is empty in every row would only make the table wider than a comment.
    shown = [number for number, cells in enumerate(zip(*rows, strict=True)) if any(cells)]
    table = table_head([_COLUMNS[number] for number in shown])
    table += "".join(row(*(cells[number] for number in shown)) for cells in rows)
    most = max(_FEWEST, _MOST_MOVED // len(noteworthy))
    notes = "".join(plan_notes(entry, most) for entry in noteworthy)
    below = f"{notes}{_plans_of_other_jobs(document)}{_shared_scope(document)}"
    return f"{_comment_title(document)}\n\n{table}\n{below}"


def _plans_of_other_jobs(document: CiPlanDocument) -> str:
    """Return the plans of other jobs on the same commit."""
    if not document.others:
        return ""
    rows = "".join(map(other_note, document.others[:_NAMES]))
    more = len(document.others) - _NAMES
    rest = f"- … and {more:,} more\n" if more > 0 else ""
    return f"Planned by other jobs, whose summaries have the plans:\n\n{rows}{rest}\n"


def _shared_scope(document: CiPlanDocument) -> str:
    """Return the scope of the plans, once for environments with the same scope."""
    told: dict[str, list[str]] = {}
    for entry in document.environments:
        if entry.plan is not None and entry.plan.census is not None:
            told.setdefault(census_sentence(entry.plan.census), []).append(entry.name)
    lines = []
    for sentence, names in list(told.items())[:_NAMES]:
        listed = ", ".join(code(name, 60) for name in names[:_NAMES])
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        lines.append(f"- {listed}{more}: {prose(sentence, 1_000)}\n")
    if len(told) > _NAMES:
        lines.append(f"- … and {len(told) - _NAMES} more\n")
    return "**Looked at**\n\n" + "".join(lines) + "\n" if lines else ""


def _environment_cells(entry: EnvironmentPlanDocument) -> tuple[str, ...]:
    plan = entry.plan
    if plan is None:
        return (f"**{code(entry.name, 60)}**", "", "**no plan**", "", "", "", "", "")
    harmless = entry.disruption in (None, HARMLESS)
    disruption = prose(entry.disruption or "", 60) if harmless else f"**{entry.disruption}**"
    digest = code(plan.digest[:_DIGEST_LENGTH]) if entry.outcome is PlanOutcome.CHANGES else ""
    return (
        f"**{code(entry.name, 60)}**",
        disruption,
        _changes_cell(entry, plan),
        _controls_cell(plan),
        _proofs_cell(plan),
        f"**{len(entry.widens):,} granted**" if entry.widens else "",
        digest,
        _review_cell(entry),
    )


_SEVERE = (Action.DELETE, Action.REPLACE, Action.BLOCKED, Action.ADOPT)


def _changes_cell(entry: EnvironmentPlanDocument, plan: PlanDocument) -> str:
    told = [
        f"**{number:,} {action}**" if action in _SEVERE else f"{number:,} {action}"
        for action, number in counts(plan.summary)
    ]
    if entry.outcome is PlanOutcome.REFUSED and not plan.summary.blocked:
        gates = ", ".join(dict.fromkeys(gate.gate for gate in plan.gates))
        told.append(f"**refused by gate {prose(gates)}**" if gates else "**has errors**")
    return "<br>".join(told)


def _controls_cell(plan: PlanDocument) -> str:
    security = plan.security
    if security is None:
        return ""
    failing, passing = len(security.failing_controls), len(security.passing_controls)
    told = (
        f"**{failing:,} newly {'fails' if failing == 1 else 'fail'}**" if failing else "",
        f"{passing:,} now {'passes' if passing == 1 else 'pass'}" if passing else "",
    )
    return "<br>".join(filter(None, told))


def _proofs_cell(plan: PlanDocument) -> str:
    told = []
    for verdict, word in PROOF_WORDS.items():
        number = sum(proof.verdict == verdict for proof in plan.proofs)
        if number:
            text = f"{number:,} {word}"
            told.append(f"**{text}**" if verdict == "fails" else text)
    return "<br>".join(told)


def _review_cell(entry: EnvironmentPlanDocument) -> str:
    if entry.outcome is PlanOutcome.REMOVED:
        return "**file deleted**"
    if entry.outcome is not PlanOutcome.CHANGES:
        return ""
    told = "**approval void**" if entry.void else "to approve"
    if entry.approval is not None:
        told = f"approved by {approver(entry.approval)}"
    return f"{told}<br>**needs allow-delete**" if _needs_permission(entry) else told


def _needs_permission(entry: EnvironmentPlanDocument) -> bool:
    """Return whether an apply takes a permission to delete, beside the approval."""
    is_open = entry.outcome is PlanOutcome.CHANGES
    return is_open and entry.plan is not None and bool(entry.plan.deleted)


def approver(approval: ApprovalDocument) -> str:
    """Return who approved."""
    return prose(approval.by, 60)


def _fold_plans(
    entries: Sequence[EnvironmentPlanDocument], room: int, most: int
) -> tuple[str, list[EnvironmentPlanDocument]]:
    """Return the folded plans that fit in `room` characters, and the environments without room.

    The entries are ordered worst first, and so the room is assigned: it is shared among as many
    entries as can have the minimum each, and the least severe get none. Room that one entry does
    not need is passed to the next, so that a short plan does not shorten a long one.
    """
    told = ""
    left = []
    planned = [entry for entry in entries if entry.plan is not None]
    for number, entry in enumerate(planned):
        rest = room - len(told)
        sharing = max(1, min(len(planned) - number, rest // _LEAST_ROOM))
        share = min(most, rest // sharing)
        text = _folded_plan(entry, share) if share >= _LEAST_ROOM else ""
        if text and len(text) <= share:
            told += text
        else:
            left.append(entry)
    return told, left


def _folded_plan(entry: EnvironmentPlanDocument, room: int) -> str:
    assert entry.plan is not None
    summary = joined(
        (
            f"<code>{prose(entry.name, 60)}</code>",
            joined(f"{number:,} {action}" for action, number in counts(entry.plan.summary)),
        )
    )
    opening, closing = f"<details><summary>Plan of {summary}</summary>\n\n", "\n</details>\n\n"
    plan = render_plan_markdown(entry.plan, room - len(opening) - len(closing) - 100)
    return opening + plan + closing


def _scope_paragraph(document: CiPlanDocument) -> str:
    """Return the scope of the plans, as a paragraph."""
    told = []
    unchanged = [e.name for e in document.environments if not e.is_noteworthy]
    if unchanged:
        names = ", ".join(code(name, 60) for name in unchanged[:_NAMES])
        told.append(f"Planned, without changes: {names}.")
    if document.base is not None:
        count = plural(document.changed_files, "file")
        names = ", ".join(code(name, 60) for name in document.untouched[:_NAMES])
        told.append(f"The change touches {count}; compared with {code(document.base[:12])}.")
        if names:
            told.append(f"Not planned, since no file of theirs is touched: {names}.")
    if document.unknown:
        names = ", ".join(code(name, 60) for name in document.unknown[:_NAMES])
        told.append(f"Not known whether the change touches them: {names}.")
    return " ".join(told)


def _messages_section(document: CiPlanDocument) -> str:
    rows = (f"- {diagnostic_note(told)}\n" for told in document.diagnostics)
    return section("", rows, len(document.diagnostics), "message")


def _comment_footer(document: CiPlanDocument) -> str:
    rule = (
        "An approval covers the digests that stand on the commit when it is given; on merge a plan "
        "with another digest is refused. How many approvals it takes is the branch's protection to "
        "say."
    )
    commit = code(document.commit[:12])
    if all(entry.plan is None for entry in document.environments):
        done = f"No plan was made of {commit}." if document.environments else f"Looked at {commit}."
    else:
        done = f"Planned {commit}. {rule}"
    if any(_needs_permission(entry) for entry in document.environments):
        done += (
            " An approval does not permit what a plan deletes or replaces: after the merge, run "
            "the apply pipeline by hand with the number of this pull request and the digest as "
            "`allow-delete`."
        )
    return f"{_messages_section(document)}{_scope_paragraph(document)}\n\n{done}\n"


def _cut_at_line(text: str, limit: int) -> str:
    """Return a text that is still too long, cut at the end of a line.

    A table of hundreds of environments can be.
    """
    if len(text) <= limit:
        return text
    note = "\n\nThe rest has no room here.\n"
    return text[: text.rindex("\n", 0, limit - len(note))] + note
