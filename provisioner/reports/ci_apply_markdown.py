"""Renders the comment on a merged pull request: what its apply did, or why it did not run.

`cli/ci_apply.py`, `cli/output.py` and `ci_text` call it.
"""

from collections import Counter

from provisioner.documents.ci import (
    ApplyVerdict,
    CiApplyDocument,
    EnvironmentApplyDocument,
    MovedFieldDocument,
    OtherJobDocument,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.reports.attribution_wording import attribution_sentences
from provisioner.reports.ci_plan_markdown import approver
from provisioner.reports.ci_plan_notes import diagnostic_note
from provisioner.reports.markdown import render_plan_markdown
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import fitting, row, table_head
from provisioner.reports.values import shorten_pair, show_pair, show_path

_DIGEST_LENGTH = len("sha256:") + 12
_PLAIN = (
    (ApplyVerdict.FAILED, "failed"),
    (ApplyVerdict.REFUSED, "refused"),
    (ApplyVerdict.NOT_RUN, "not run"),
    (ApplyVerdict.APPLIED, "applied"),
    (ApplyVerdict.UNCHANGED, "without changes"),
)
_WORDS = dict(_PLAIN) | {
    ApplyVerdict.FAILED: "**failed**",
    ApplyVerdict.REFUSED: "**refused**",
    ApplyVerdict.UNCHANGED: "no changes",
}
_SHARE = 10_000
_LEAST_ROOM = 3_000
_VALUE = 120
_FILES = 20


def render_ci_apply_comment(document: CiApplyDocument, limit: int, url: str | None) -> str:
    """Return the body of a comment of at most `limit` characters; `url` is where the job is."""
    counted = Counter(entry.verdict for entry in document.environments)
    told = ", ".join(f"{counted[verdict]:,} {word}" for verdict, word in _PLAIN if counted[verdict])
    title = f"### azsec apply: {told or 'no environment is touched'}"
    table = table_head(("environment", "result", "steps", "digest", "approved by"))
    table += "".join(map(_environment_row, document.environments)) + "".join(
        map(_row_of_other_job, document.others)
    )
    notes = "".join(_environment_notes(entry) for entry in document.environments)
    where = f" [The job]({url}) has all of it." if url else ""
    tail = f"Applied from {code(document.commit[:12])}.{where}\n"
    tail = "".join(map(_diagnostic_item, document.diagnostics)) + tail
    text = f"{title}\n\n{table}\n{notes}"
    for entry in document.environments:
        room = limit - len(text) - len(tail) - 200
        if entry.plan is not None and entry.plan.summary.changes and room >= _LEAST_ROOM:
            text += _folded_steps(entry, room)
    text += tail
    return text if len(text) <= limit else text[: text.rindex("\n", 0, limit - 40)] + "\n\n…\n"


def _environment_row(entry: EnvironmentApplyDocument) -> str:
    steps = ""
    if entry.apply is not None:
        done = sum(step.outcome == "succeeded" for step in entry.apply.steps)
        steps = f"{done:,} of {len(entry.apply.steps):,}"
    return row(
        f"**{code(entry.name, 60)}**",
        _WORDS[entry.verdict],
        steps,
        code(entry.digest[:_DIGEST_LENGTH]) if entry.digest else "",
        _approver_words(entry),
    )


def _row_of_other_job(entry: OtherJobDocument) -> str:
    """Return the row of an environment that another job applies."""
    told = entry.told if entry.is_done or not entry.went_well else f"not applied yet: {entry.told}"
    digest = code(entry.digest[:_DIGEST_LENGTH]) if entry.digest else ""
    shown = prose(told, 80)
    return row(
        f"**{code(entry.name, 60)}**", shown if entry.went_well else f"**{shown}**", "", digest, ""
    )


def _approver_words(entry: EnvironmentApplyDocument) -> str:
    if entry.approval is None or entry.verdict is ApplyVerdict.UNCHANGED:
        return ""
    other = "" if entry.approval.digest == entry.digest else " (another plan)"
    return f"{approver(entry.approval)}{other}"


def _environment_notes(entry: EnvironmentApplyDocument) -> str:
    told = "".join(map(_diagnostic_item, entry.diagnostics))
    if entry.apply is not None:
        told += "".join(
            f"- **failed** {code(step.address)}: {prose(step.message or '', 500)}\n"
            for step in entry.apply.steps
            if step.outcome == "failed"
        )
    if entry.comparison is not None and entry.comparison.files:
        names = ", ".join(code(name) for name in entry.comparison.files[:_FILES])
        more = len(entry.comparison.files) - _FILES
        rest = f" and {more:,} more" if more > 0 else ""
        told += f"- The target branch moved since the plan was reviewed: {names}{rest}.\n"
    table = _moved_table(entry)
    return f"**{code(entry.name, 60)}**\n\n{told}\n{table}" if told or table else ""


def _diagnostic_item(told: DiagnosticDocument) -> str:
    return f"- {diagnostic_note(told)}\n"


def _moved_table(entry: EnvironmentApplyDocument) -> str:
    if not entry.moved:
        return ""
    head = table_head(("resource", "as approved", "now", "property: in Azure -> planned", "who"))
    rows = fitting((_moved_row(one) for one in entry.moved), _SHARE)
    more = len(entry.moved) - len(rows)
    rest = f"… and {more:,} more.\n" if more else ""
    return f"Not as it was approved:\n\n{head}{''.join(rows)}{rest}\n"


def _moved_row(one: MovedFieldDocument) -> str:
    who = list(attribution_sentences(one.who)) if one.who else []
    return row(
        code(one.address),
        prose(one.reviewed or "not planned", 20),
        one.action if one.action != "none" else "not planned",
        prose(moved_field(one), 400),
        "<br>".join(prose(sentence, 400) for sentence in who),
    )


def moved_field(one: MovedFieldDocument) -> str:
    """Return the property of a moved change: `path: value in Azure -> planned value`; maybe ""."""
    if one.field is None:
        return ""
    before, after = shorten_pair(*show_pair(one.field.before, one.field.after), _VALUE)
    return f"{show_path(one.field.path)}: {before} -> {after}"


def _folded_steps(entry: EnvironmentApplyDocument, room: int) -> str:
    assert entry.plan is not None
    opening = f"<details><summary>Plan of <code>{prose(entry.name, 60)}</code> now</summary>\n\n"
    closing = "\n</details>\n\n"
    text = render_plan_markdown(entry.plan, room - len(opening) - len(closing))
    text = opening + text + closing
    return text if len(text) <= room else ""
