"""Results of a run in a ledger: the census of all environments, or the document of one."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from provisioner.cli.ci_environments import name_of
from provisioner.cli.fleet import exit_code_of
from provisioner.cli.fleet_ledgers import open_ledger
from provisioner.cli.workspace import FileSources
from provisioner.documents.fleet import FleetDocument
from provisioner.engine.ledger_port import Ledger, RunRecord
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.fleet_census import read_census


def show_outcome(run: str, environment: str, ledger: str) -> None:
    """Print the document of an environment in a run, as JSON.

    Raises:
        DiagnosticError: Where the ledger has none.
    """
    with open_ledger(ledger, create=False) as kept:
        record = _find_run(kept, run, ledger)
        paths = record.environments
        path = next((one for one in paths if environment in (one, Path(one).stem)), None)
        if path is None:
            path = next(
                (one for one in paths if _name_of_environment(one) == environment), environment
            )
        found = kept.document(record.run, path)
        if found is None:
            # One that failed, and one that the logs vouch for, has no document: only its entry.
            results = kept.outcomes(record.run, {path})
            found = results[-1].entry if results else None
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
        document = read_census(_find_run(kept, run, ledger), kept, _name_of_environment)
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


def _name_of_environment(path: str) -> str:
    """Return the name of an environment, that in its file where the file exists."""
    return name_of(path, FileSources())
