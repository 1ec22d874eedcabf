"""Wording of the results of a fleet run, shared by text and Markdown."""

from provisioner.documents.fleet import FleetAnswer, FleetDocument, FleetEntryDocument
from provisioner.reports.values import plural

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
        f"{_logs_words(document) if answer is FleetAnswer.UNCHANGED else ''}"
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


def _logs_words(document: FleetDocument) -> str:
    """Return until when the logs were read that unchanged environments rest on."""
    read = [one.log_read_until for one in document.environments if one.log_read_until]
    return f" (logs read until {min(read)})" if read else ""


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
