"""The summary of a fleet run: each queried environment, the worst first, equal findings grouped.

Called by `cli` and `workflow.fleet`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from provisioner.documents.fleet import (
    FindingGroupDocument,
    FleetAnswer,
    FleetDocument,
    FleetEntryDocument,
)
from provisioner.engine.ledger_port import Ledger, Outcome, RunRecord

_ORDER = {answer: number for number, answer in enumerate(FleetAnswer)}


def summarize_run(
    record: RunRecord,
    entries: Iterable[FleetEntryDocument],
    asked: int,
    fresh: Sequence[str],
    ended_at: str,
) -> FleetDocument:
    """Return the summary of a run from the entries of the queried environments.

    Environments that were left out as fresh are given by their names, and count too.
    """
    ordered = sorted(entries, key=lambda entry: (_ORDER[entry.answer], entry.name))
    return FleetDocument(
        command=record.command,
        run=record.run,
        started_at=record.started_at,
        ended_at=ended_at,
        asked=asked,
        environments=tuple(ordered),
        fresh=tuple(fresh),
        groups=group_findings(ordered),
    )


def read_census(
    record: RunRecord,
    ledger: Ledger,
    names: Mapping[str, str],
    is_current: Callable[[Outcome], bool],
) -> FleetDocument:
    """Return the summary of a run so far, by the ledger.

    `names` are those of its environments by their paths; `is_current` returns whether an outcome is
    an answer for the files as they are now. Raises DiagnosticError where the ledger cannot be used.
    """
    outcomes = ledger.outcomes(record.run)
    chosen = choose_outcomes(outcomes, is_current)
    entries = {path: read_entry(one) for path, one in chosen.items()}
    unanswered = [path for path in record.environments if path not in entries]
    newest = ledger.newest(record.question, unanswered) if record.fresh_since else {}
    fresh = {
        path: read_entry(one).name
        for path, one in newest.items()
        if one.run != record.run and one.clean and one.ended_at >= record.fresh_since
    }
    entries |= {
        path: FleetEntryDocument(name=names[path], path=path, answer=FleetAnswer.NOT_RUN)
        for path in unanswered
        if path not in fresh
    }
    ended_at = max((one.ended_at for one in outcomes), default=record.started_at)
    skipped = [fresh[path] for path in record.environments if path in fresh]
    return summarize_run(record, entries.values(), len(record.environments), skipped, ended_at)


def choose_outcomes(
    outcomes: Iterable[Outcome], is_current: Callable[[Outcome], bool]
) -> Mapping[str, Outcome]:
    """Return the outcome of a run that counts for each environment, by its path.

    It is the newest one, unless an earlier one is an answer for the files as they are now: a file
    may be changed and changed back while a run goes on. `outcomes` are in the order of their end.
    """
    chosen: dict[str, Outcome] = {}
    for one in outcomes:
        known = chosen.get(one.environment)
        if known is None or is_current(one) or not is_current(known):
            chosen[one.environment] = one
    return chosen


def is_current(outcome: Outcome, digest_of: Callable[[str], str | None], day: str) -> bool:
    """Return whether an outcome is an answer for the environment's files as they are now.

    `digest_of` returns the digest of a file by its path. Nothing that the files state until a date
    may have ended before `day` (ISO 8601): the expiry of a waiver changes the answer.
    """
    holds_until = str(outcome.scope.get("holdsUntil") or "9999-12-31")
    return (
        outcome.answered
        and day <= holds_until
        and all(digest_of(path) == digest for path, digest in outcome.files.items())
    )


def read_entry(outcome: Outcome) -> FleetEntryDocument:
    """Return the entry of an environment in an outcome."""
    return FleetEntryDocument.model_validate(outcome.entry)


def group_findings(entries: Sequence[FleetEntryDocument]) -> tuple[FindingGroupDocument, ...]:
    """Return the findings with the environments that have each, the most frequent first."""
    names: dict[str, set[str]] = {}
    writers: dict[str, set[str]] = {}
    for entry in entries:
        for finding in entry.findings:
            names.setdefault(finding.what, set()).add(entry.name)
            writers.setdefault(finding.what, set()).update(finding.writers)
    return tuple(
        FindingGroupDocument(
            what=what,
            environments=tuple(sorted(names[what])),
            writers=tuple(sorted(writers[what])),
        )
        for what in sorted(names, key=lambda each: (-len(names[each]), each))
    )
