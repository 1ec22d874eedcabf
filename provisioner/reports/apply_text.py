"""Renders the result of an apply as text.

`text` calls it, and `combined_text` for the part of Azure.
"""

from collections.abc import Iterator

from provisioner.documents.apply import ApplyDocument, Outcome, StepOutcome
from provisioner.reports.section_text import heading, output_lines, render_diagnostics, totals
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, show_duration
from provisioner.reports.wording import and_more, joined

_MOST_SKIPPED = 30
_ORDER = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.SKIPPED)


def render_apply_text(document: ApplyDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines of an apply: failed changes, changes skipped for them, and the outputs.

    Successful changes are only counted: they are listed in the plan, and in the progress.
    """
    yield from heading("apply", document.environment, width)
    steps = {step.key: step for step in document.steps}
    failed = [step for step in document.steps if step.outcome is Outcome.FAILED]
    skipped = [step for step in document.steps if step.outcome is Outcome.SKIPPED]
    for step in failed:
        yield from _failed_lines(step, width)
    for step in skipped[:_MOST_SKIPPED]:
        why = _reason_of_skip(step, steps)
        yield line("  ", Span("skipped", Style.WARNING), f"  {plain(step.address)} · {why}")
    if len(skipped) > _MOST_SKIPPED:
        yield line("  ", Span(and_more(len(skipped) - _MOST_SKIPPED, "skipped step"), Style.DIM))
    if failed or skipped:
        yield BLANK
    yield from render_diagnostics(document.diagnostics, width)
    yield from output_lines(document.outputs, width)
    if not document.steps:
        yield line("Nothing to do: Azure matches the blueprint.")
    if failed or skipped:
        name = plain(document.environment.name)
        yield line(f"What succeeded stays. `azsec plan {name}` takes up from there.")
    yield from totals("Apply", _summary_words(document), document.digest, width)


def _failed_lines(step: StepOutcome, width: int) -> Iterator[Line]:
    verb = "deleting it" if step.verb == "DELETE" else "writing it"
    took = f" · {verb}, after {show_duration(step.elapsed)}"
    yield line("  ", Span("failed ", Style.BLOCKED), f"  {plain(step.address)}{took}")
    for row in wrap(plain(step.message or ""), width - 11):
        yield line(" " * 11, row)


def _reason_of_skip(step: StepOutcome, steps: dict[str, StepOutcome]) -> str:
    cause = steps.get(step.message or "")
    if cause is None:
        return plain(step.message or "")
    what = "the delete of " if cause.verb == "DELETE" else ""
    return f"waits for {what}{plain(cause.address)}, which failed"


def _summary_words(document: ApplyDocument) -> str:
    told = [f"{document.count(outcome):,} {outcome}" for outcome in _ORDER]
    shown = [text for text in told if not text.startswith("0 ")] or ["0 steps"]
    return joined((*shown, "interrupted" if document.interrupted else ""))
