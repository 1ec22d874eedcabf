"""The summary of a fleet run: each queried environment, the worst first, equal findings grouped.

Called by `cli` and `workflow.fleet`.
"""

from collections.abc import Callable, Iterable, Sequence

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


def read_census(record: RunRecord, ledger: Ledger, name_of: Callable[[str], str]) -> FleetDocument:
    """Return the summary of a run so far, by the ledger alone.

    `name_of` returns the name of an environment without an answer, by its path. Raises
    DiagnosticError where the ledger cannot be used.
    """
    outcomes = ledger.outcomes(record.run)
    entries = {one.environment: read_entry(one) for one in outcomes}
    unanswered = [path for path in record.environments if path not in entries]
    newest = ledger.newest(record.question, unanswered) if record.fresh_since else {}
    fresh = {
        path: read_entry(one).name
        for path, one in newest.items()
        if one.run != record.run and one.clean and one.ended_at >= record.fresh_since
    }
    entries |= {
        path: FleetEntryDocument(name=name_of(path), path=path, answer=FleetAnswer.NOT_RUN)
        for path in unanswered
        if path not in fresh
    }
    ended_at = max((one.ended_at for one in outcomes), default=record.started_at)
    names = [fresh[path] for path in record.environments if path in fresh]
    return summarize_run(record, entries.values(), len(record.environments), names, ended_at)


def read_entry(outcome: Outcome) -> FleetEntryDocument:
    """Return the entry of an environment in an outcome."""
    return FleetEntryDocument.model_validate(outcome.entry)


def group_findings(entries: Sequence[FleetEntryDocument]) -> tuple[FindingGroupDocument, ...]:
    """Return the findings with the environments that have each, the most frequent first."""
    found: dict[str, dict[str, None]] = {}
    for entry in entries:
        for finding in entry.findings:
            found.setdefault(finding.what, {})[entry.name] = None
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        FindingGroupDocument(what=what, environments=tuple(sorted(names)))
        for what, names in ordered
    )
