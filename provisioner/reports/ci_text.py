"""Renders the job log of `azsec ci`: a block for each environment."""

from collections.abc import Iterator, Sequence

from provisioner.documents.ci import (
    ApplyVerdict,
    CiApplyDocument,
    CiDriftDocument,
    CiPlanDocument,
    EnvironmentApplyDocument,
    EnvironmentDriftDocument,
    EnvironmentPlanDocument,
    IssueAction,
    PlanOutcome,
    PullRequestDocument,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import Action, PlanDocument
from provisioner.reports.attribution_wording import attribution_sentences
from provisioner.reports.census_text import census_sentence
from provisioner.reports.ci_apply_markdown import moved_field
from provisioner.reports.drift_text import drift_summary
from provisioner.reports.section_text import render_diagnostics
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import HARMLESS, and_more, counts, joined, no_drift, sentence

_INDENT = 2
_MOST_REASONS = 10
_DIGEST_LENGTH = len("sha256:") + 12
_OUTCOMES = {
    PlanOutcome.CHANGES: ("to review", Style.UPDATE),
    PlanOutcome.REFUSED: ("refused", Style.BLOCKED),
    PlanOutcome.UNCHANGED: ("no changes", Style.PLAIN),
    PlanOutcome.REMOVED: ("file deleted", Style.DELETE),
    PlanOutcome.FAILED: ("no plan", Style.BLOCKED),
}
_VERDICTS = {
    ApplyVerdict.APPLIED: ("applied", Style.CREATE),
    ApplyVerdict.UNCHANGED: ("no changes", Style.PLAIN),
    ApplyVerdict.REFUSED: ("refused", Style.BLOCKED),
    ApplyVerdict.FAILED: ("failed", Style.BLOCKED),
    ApplyVerdict.NOT_RUN: ("not run", Style.WARNING),
}
_ACTIONS = {
    IssueAction.OPENED: "issue opened",
    IssueAction.REOPENED: "issue reopened",
    IssueAction.UPDATED: "issue updated",
    IssueAction.UNCHANGED: "issue unchanged",
    IssueAction.CLOSED: "issue closed",
    IssueAction.LEFT_OPEN: "issue left open",
    IssueAction.NONE: "",
}


def render_ci_plan_text(document: CiPlanDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of the plans under review."""
    yield from _title_lines("azsec ci plan", document.pull_request, document.commit)
    for entry in document.environments:
        yield from _plan_lines(entry, width)
    if document.base is not None:
        told = f"The change touches {plural(document.changed_files, 'file')}."
        if document.untouched:
            names = _join_names(document.untouched)
            told += f" Not planned, since no file of theirs is touched: {names}."
        if document.unknown:
            told += f" Not known whether the change touches them: {_join_names(document.unknown)}."
        yield from (line(text) for text in wrap(told, width))
    if document.others:
        others = ", ".join(f"{plain(one.name)} ({plain(one.told)})" for one in document.others)
        yield from (line(text) for text in wrap(f"By other jobs: {others}.", width))
    yield from _closing_lines(document.diagnostics, document.published, width)


def _join_names(names: Sequence[str]) -> str:
    return ", ".join(map(plain, names))


def _plan_lines(entry: EnvironmentPlanDocument, width: int) -> Iterator[Line]:
    word, style = _OUTCOMES[entry.outcome]
    facts = []
    if entry.plan is not None:
        facts = [f"{number:,} {action}" for action, number in counts(entry.plan.summary)]
        facts.append("" if entry.disruption in (None, HARMLESS) else str(entry.disruption))
        facts.append(f"{len(entry.widens):,} access granted" if entry.widens else "")
        facts.append("approval void" if entry.void else "")
        facts.append(f"approved by {plain(entry.approval.by)}" if entry.approval else "")
        facts.append(entry.plan.digest[:_DIGEST_LENGTH])
    yield line(Span(plain(entry.name), Style.BOLD), "  ", Span(word, style), "  ", joined(facts))
    if entry.plan is not None and entry.plan.census is not None:
        yield from _indented_lines(census_sentence(entry.plan.census), width)
    if entry.plan is not None:
        for reason in _refusal_reasons(entry):
            yield from _indented_lines(reason, width)
        if entry.outcome is PlanOutcome.CHANGES and entry.plan.deleted:
            yield from _indented_lines(_deletes_sentence(entry.plan), width)
        yield from render_diagnostics(entry.plan.diagnostics, width)
    yield from render_diagnostics(entry.diagnostics, width)
    yield BLANK


def _refusal_reasons(entry: EnvironmentPlanDocument) -> Iterator[str]:
    """Yield why a plan cannot be applied: blocked changes, and the gates that refuse it."""
    if entry.plan is None or entry.outcome is not PlanOutcome.REFUSED:
        return
    blocked = [one for one in entry.plan.changes if one.action is Action.BLOCKED]
    for change in blocked[:_MOST_REASONS]:
        yield sentence(f"{plain(change.address)} is blocked: {plain(change.reason or '')}")
    for gate in entry.plan.gates[:_MOST_REASONS]:
        told = sentence(f"The gate {plain(gate.gate)} refuses the plan: {plain(gate.reason)}")
        yield f"{told} {plain(gate.hint)}"
    for reasons, noun in ((blocked, "blocked change"), (entry.plan.gates, "gate")):
        if len(reasons) > _MOST_REASONS:
            yield f"{and_more(len(reasons) - _MOST_REASONS, noun)}."


def _deletes_sentence(plan: PlanDocument) -> str:
    named = ", ".join(map(plain, plan.deleted[:_MOST_REASONS]))
    more = len(plan.deleted) - _MOST_REASONS
    rest = f" and {more:,} more" if more > 0 else ""
    return (
        f"Deletes or replaces {named}{rest}: beside an approval this needs a run of the apply "
        f"pipeline with allow-delete {plan.digest}."
    )


def render_ci_apply_text(document: CiApplyDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of the result of a merge."""
    yield from _title_lines("azsec ci apply", document.pull_request, document.commit)
    for entry in document.environments:
        yield from _apply_lines(entry, width)
    yield from _closing_lines(document.diagnostics, document.published, width)


def _apply_lines(entry: EnvironmentApplyDocument, width: int) -> Iterator[Line]:
    word, style = _VERDICTS[entry.verdict]
    facts = []
    if entry.apply is not None:
        done = sum(step.outcome == "succeeded" for step in entry.apply.steps)
        facts.append(f"{done:,} of {plural(len(entry.apply.steps), 'step')}")
    if entry.approval is not None and entry.verdict is ApplyVerdict.APPLIED:
        facts.append(f"approved by {plain(entry.approval.by)}")
    facts.append(entry.digest[:_DIGEST_LENGTH] if entry.digest else "")
    yield line(Span(plain(entry.name), Style.BOLD), "  ", Span(word, style), "  ", joined(facts))
    yield from render_diagnostics(entry.diagnostics, width)
    if entry.comparison is not None and entry.comparison.files:
        names = ", ".join(plain(name) for name in entry.comparison.files)
        told = f"The target branch moved since the plan was reviewed: {names}."
        yield from _indented_lines(told, width)
    for one in entry.moved:
        now = one.action if one.action != "none" else "not planned"
        told = f"  approved: {plain(one.reviewed or 'not planned')} · now: {now}"
        yield line("  ", Span(plain(one.address), Style.BOLD), told)
        if one.field is not None:
            yield from _indented_lines(moved_field(one), width, 4)
        for told in attribution_sentences(one.who) if one.who else ():
            yield from _indented_lines(told, width, 4)
    if entry.apply is not None:
        for step in entry.apply.steps:
            if step.outcome == "failed":
                yield from _indented_lines(
                    f"{plain(step.address)}: {plain(step.message or '')}", width
                )
    yield BLANK


def render_ci_drift_text(document: CiDriftDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of the drift checks."""
    yield line(Span("azsec ci drift", Style.BOLD), f"  checked at {plain(document.checked_at)}")
    yield BLANK
    for entry in document.environments:
        yield from _drift_lines(entry, width)
    yield from _closing_lines(document.diagnostics, document.published, width)


def _drift_lines(entry: EnvironmentDriftDocument, width: int) -> Iterator[Line]:
    word, style = ("drift", Style.BLOCKED) if entry.found else ("no drift", Style.PLAIN)
    if not entry.found and not entry.is_certain:
        word, style = "unknown", Style.WARNING
    action = joined((_ACTIONS[entry.action], plain(entry.issue or "")))
    yield line(Span(plain(entry.name), Style.BOLD), "  ", Span(word, style), "  ", action)
    if entry.drift is not None:
        told = drift_summary(entry.drift) if entry.found else no_drift(entry.drift)
        yield from _indented_lines(plain(told), width)
        yield from _indented_lines(census_sentence(entry.drift.census), width)
        yield from render_diagnostics(entry.drift.diagnostics, width)
    yield from render_diagnostics(entry.diagnostics, width)
    yield BLANK


def _title_lines(
    command: str, pull_request: PullRequestDocument | None, commit: str
) -> Iterator[Line]:
    about = commit[:12]
    if pull_request is not None:
        about = f"pull request {pull_request.number} · {about}"
    yield line(Span(command, Style.BOLD), f"  {about}")
    yield BLANK


def _closing_lines(
    diagnostics: Sequence[DiagnosticDocument], published: bool, width: int
) -> Iterator[Line]:
    yield from render_diagnostics(diagnostics, width)
    if not published:
        yield line("Nothing was written to the repository's host.")


def _indented_lines(text: str, width: int, indent: int = _INDENT) -> Iterator[Line]:
    for row in wrap(text, width - indent):
        yield line(" " * indent, row)
