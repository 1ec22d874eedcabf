"""The summary of a fleet run: each queried environment, the worst first, equal findings grouped.

Called by `cli` and `workflow.fleet`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

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
    entries = {
        path: read_entry(one, names[path]) for path, one in chosen.items() if not is_skipped(one)
    }
    entries |= {
        path: FleetEntryDocument(name=names[path], path=path, answer=FleetAnswer.NOT_RUN)
        for path in record.environments
        if path not in chosen
    }
    ended = [one.ended_at for one in outcomes if not is_skipped(one)]
    ended_at = max(ended, default=record.started_at)
    skipped = [
        names[path] for path in record.environments if path in chosen and is_skipped(chosen[path])
    ]
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


def read_entry(outcome: Outcome, name: str) -> FleetEntryDocument:
    """Return the entry of an environment in an outcome, with the name that it has in this run."""
    return FleetEntryDocument.model_validate(outcome.entry).model_copy(update={"name": name})


_ANSWERED_IN = "answeredIn"


def as_skipped(outcome: Outcome, run: str) -> Outcome:
    """Return an outcome of an earlier run as that of a run which skipped the environment for it.

    It has the time of the earlier one: a result grows no younger by being reused.
    """
    scope = {**outcome.scope, _ANSWERED_IN: outcome.run}
    return replace(outcome, run=run, scope=scope, document=None)


def is_skipped(outcome: Outcome) -> bool:
    """Return whether a run skipped an environment for the result of an earlier run."""
    return _ANSWERED_IN in outcome.scope


def without_skip_mark(scope: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the scope of an outcome as that of a run which did not skip the environment."""
    return {name: value for name, value in scope.items() if name != _ANSWERED_IN}


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
