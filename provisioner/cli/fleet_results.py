"""Results of a run in a ledger: the census of all environments, or the document of one."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from provisioner.cli.ci_environments import name_of
from provisioner.cli.fleet import digest_of_file, exit_code_of
from provisioner.cli.fleet_environments import name_environments
from provisioner.cli.fleet_ledgers import open_ledger
from provisioner.cli.workspace import FileSources
from provisioner.documents.fleet import FleetDocument
from provisioner.engine.ledger_port import Ledger, Outcome, RunRecord
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.workflow.fleet_census import choose_outcomes, is_current, read_census


def show_outcome(run: str, environment: str, ledger: str) -> None:
    """Print the document of an environment in a run, as JSON.

    Raises:
        DiagnosticError: Where the ledger has none.
    """
    with open_ledger(ledger, create=False) as kept:
        record = _find_run(kept, run, ledger)
        path = _find_environment(record, environment)
        results = choose_outcomes(kept.outcomes(record.run, {path}), _is_current)
        result = results.get(path)
        # One that failed, and one that the logs vouch for, has no document: only its entry.
        found = result and (kept.document(record.run, path, result.inputs) or result.entry)
    if found is None:
        raise DiagnosticError(
            error(
                "unknown-outcome",
                f"the ledger {ledger} has nothing of {environment} in the run {run!r}.",
                None,
                f"`azsec fleet {record.command} --resume {record.run}` processes the environments "
                "without a result.",
            )
        )
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def show_run(run: str, ledger: str, print_document: Callable[[FleetDocument], None]) -> int:
    """Print the results of a run so far, and return the exit code as `run` does.

    Raises DiagnosticError where the ledger has no such run.
    """
    with open_ledger(ledger, create=False) as kept:
        record = _find_run(kept, run, ledger)
        names = {one.path: one.name for one in name_environments(record.environments)}
        document = read_census(record, kept, names, _is_current)
    print_document(document)
    return exit_code_of(document)


def _find_run(ledger: Ledger, run: str, place: str) -> RunRecord:
    record = ledger.find_run(run)
    if record is None:
        raise DiagnosticError(
            error(
                "unknown-run",
                f"the ledger {place} has no run {run!r}.",
                None,
                "`last` is the newest run of the ledger.",
            )
        )
    return record


def _find_environment(record: RunRecord, environment: str) -> str:
    """Return the path of an environment of a run, given by its path or name.

    Raises:
        DiagnosticError: Where the run has none, or several of this name.
    """
    if environment in record.environments:
        return environment
    found = [
        path
        for path in record.environments
        if environment in (Path(path).stem, name_of(path, FileSources()))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DiagnosticError(
            error(
                "unknown-environment",
                f"the run {record.run!r} has no environment {environment}.",
                None,
                nearest(environment, list(record.environments)),
            )
        )
    raise DiagnosticError(
        error(
            "repeated-environment",
            f"{len(found)} environments have the name {environment!r}: {', '.join(found)}.",
            None,
            "State the path of one.",
        )
    )


def _is_current(outcome: Outcome) -> bool:
    return is_current(outcome, digest_of_file, datetime.now(UTC).date().isoformat())
