"""Wording of the results of a fleet run, shared by text and Markdown."""

from provisioner.documents.fleet import (
    FindingGroupDocument,
    FleetAnswer,
    FleetDocument,
    FleetEntryDocument,
)
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import and_more

_MOST_WRITERS = 3

_FINDINGS = {
    "drift": "drift",
    "plan": "changes",
    "check": "failing controls",
    "report": "failing requirements",
    "adopt-status": "resources to adopt",
}
_CLEAN = {
    "drift": "no drift",
    "plan": "no changes",
    "check": "no failing control",
    "report": "no failing requirement",
    "adopt-status": "nothing to adopt",
}


def answer_words(command: str, answer: FleetAnswer) -> str:
    """Return the wording of a command's result."""
    return {
        FleetAnswer.FAILED: "failed",
        FleetAnswer.FINDINGS: _FINDINGS[command],
        FleetAnswer.UNCERTAIN: "read in part",
        FleetAnswer.NOT_RUN: "not run",
        FleetAnswer.CLEAN: _CLEAN[command],
        FleetAnswer.UNCHANGED: "unchanged",
    }[answer]


def census_words(document: FleetDocument) -> str:
    """Return the counts of a run: all environments in scope, and how many have each result."""
    counted = [
        f"{document.count(answer)} {_census_word(document.command, answer)}"
        f"{_note_words(document, answer)}"
        for answer in FleetAnswer
        if document.count(answer)
    ]
    if document.fresh:
        counted.append(f"{len(document.fresh)} not stale")
    return f"{plural(document.asked, 'environment')}: {', '.join(counted) or 'none selected'}"


def _census_word(command: str, answer: FleetAnswer) -> str:
    """Return the wording of a result after the number of environments that have it."""
    words = answer_words(command, answer)
    return f"with {words}" if answer is FleetAnswer.FINDINGS else words


def _note_words(document: FleetDocument, answer: FleetAnswer) -> str:
    """Return what limits a result: until when logs were read, and how many controls are unknown."""
    entries = [one for one in document.environments if one.answer is answer]
    if answer is FleetAnswer.UNCHANGED:
        read = [one.log_read_until for one in entries if one.log_read_until]
        return f" (logs read until {min(read)})" if read else ""
    unknown = [one.summary.get("unknown", 0) for one in entries]
    if answer is not FleetAnswer.CLEAN or not max(unknown):
        return ""
    least = f"{min(unknown)} to " if min(unknown) != max(unknown) else ""
    each = " in each" if len(entries) > 1 else ""
    return f" ({least}{plural(max(unknown), 'control')} unknown{each})"


def writer_words(group: FindingGroupDocument) -> str:
    """Return who wrote the resources of a finding, by Azure's logs."""
    named = [plain(writer) for writer in group.writers[:_MOST_WRITERS]]
    more = len(group.writers) - len(named)
    return f"written by {', '.join(named)}" + (f" {and_more(more, 'principal')}" if more else "")


def entry_words(command: str, entry: FleetEntryDocument) -> str:
    """Return the notes on an environment beside its result."""
    if entry.diagnostics:
        first = entry.diagnostics[0]
        stated = [f"{first.place}: {first.message}" if first.place else first.message, first.hint]
        return " ".join(part for part in stated if part)
    if entry.answer is FleetAnswer.UNCHANGED:
        return f"since {entry.unchanged_since}; logs read until {entry.log_read_until}"
    if entry.answer is FleetAnswer.NOT_RUN:
        return "the run ended before its turn (--timeout, or it was interrupted), or is in progress"
    counted = [
        f"{count} {word.replace('_', ' ')}" for word, count in entry.summary.items() if count
    ]
    return ", ".join(counted)
