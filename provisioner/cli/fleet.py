"""Runs a command over many environments: which ones, on what, and what is printed of them."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from provisioner.attribution.window import format_moment
from provisioner.blueprint.environment import Environment, load_environment
from provisioner.cli.ci_environments import name_of, select_touched
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.fleet_ledgers import DEFAULT_LEDGER, open_ledger
from provisioner.cli.fleet_worker import BUCKETS, digest_text, open_session
from provisioner.cli.workspace import (
    LOCAL_ENDPOINT,
    FileSources,
    find_environment,
    is_base,
    load_catalog,
    read_if_text,
    state_path,
)
from provisioner.documents.fleet import FleetDocument, FleetEntryDocument
from provisioner.engine.ledger_port import Ledger, Outcome, Scheduler
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.schedulers.processes import ProcessScheduler
from provisioner.workflow.fleet import FleetEnvironment, FleetPorts, FleetRequest, run_fleet
from provisioner.workflow.fleet_item import FleetItem
from provisioner.workflow.fleet_logs import CleanCheck, find_untouched, read_clean_check
from provisioner.workflow.log_watch import read_changed
from provisioner.workflow.plan import LOCAL

_KIND = "Environment"
_WORKER = "from provisioner.cli.fleet_worker import serve_items; serve_items()"


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What a fleet command was asked for: patterns of environments, the options of each item, the
    file of the ledger, the run to go on with, how fresh an answer may be, and the commit since
    which a file of an environment has to have changed.

    It runs on `workers` processes of this machine for so many `seconds`, or on the workers of the
    Dask scheduler at an address (`certificates`: the files of its CA, and of the own certificate
    and key). `logs_first` asks Azure's logs who was touched since the last complete check, which is
    made again after `full_every` in any case.
    """

    command: str
    patterns: tuple[str, ...]
    item: Mapping[str, Any] = field(default_factory=dict)
    ledger: str = DEFAULT_LEDGER
    resume: str | None = None
    stale_after: timedelta | None = None
    changed_since: str | None = None
    workers: int = 2
    seconds: float = 3_000.0
    quiet: bool = False
    scheduler: str | None = None
    certificates: tuple[str, str, str] | None = None
    logs_first: bool = False
    full_every: timedelta = timedelta(days=7)


def run(options: FleetOptions, print_document: Callable[[FleetDocument], None]) -> int:
    """Run a command over the environments, print what became of them, and return the exit code: 2
    where something was found, 1 where nothing was found and not everything was answered."""
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(options.ledger))
        request = _request(options, ledger)
        stack.enter_context(_local_cloud(request, options))
        folder = stack.enter_context(TemporaryDirectory(prefix="azsec-fleet-"))
        stack.enter_context(_variable(BUCKETS, folder))
        scheduler, request = _open_scheduler(options, request)
        ports = FleetPorts(
            ledger,
            scheduler,
            _digest_of,
            lambda: datetime.now(UTC),
            _quiet if options.quiet else _tell,
            partial(_find_untouched, options) if options.logs_first else None,
        )
        document = run_fleet(request, ports)
    print_document(document)
    if document.found:
        return ExitCode.DIFFERENCES
    return ExitCode.SUCCESS if document.is_complete else ExitCode.ERROR


def _open_scheduler(options: FleetOptions, request: FleetRequest) -> tuple[Scheduler, FleetRequest]:
    """Return what runs the items, and the request with what workers elsewhere have to be told: the
    commit of the working copy, their machine's share of the requests, and where the built-in Azure
    is."""
    if options.scheduler is None:
        return ProcessScheduler([sys.executable, "-c", _WORKER], options.workers), request
    from provisioner.cli.fleet_worker import report_version, run_item
    from provisioner.cli.git import head_commit
    from provisioner.schedulers.dask import Certificates, DaskScheduler, count_hosts

    certificates = Certificates(*options.certificates) if options.certificates else None
    told = {
        "commit": head_commit(),
        "share": 1.0 / count_hosts(options.scheduler, certificates),
        "endpoint": os.environ.get(LOCAL_ENDPOINT),
    }
    scheduler = DaskScheduler(options.scheduler, run_item, report_version, certificates)
    return scheduler, replace(request, options={**request.options, **told})


def show_outcome(run: str, environment: str, ledger: str) -> None:
    """Print the document of an environment in a run, as JSON. Raises DiagnosticError where the
    ledger has none."""
    with open_ledger(ledger) as kept:
        record = kept.find_run(run)
        paths = record.environments if record is not None else ()
        path = next((one for one in paths if environment in (one, Path(one).stem)), None)
        if path is None:
            path = next((o for o in paths if name_of(o, FileSources()) == environment), environment)
        found = kept.document(record.run, path) if record is not None else None
    if found is None:
        raise DiagnosticError(
            error(
                "unknown-outcome",
                f"the ledger {ledger} has nothing of {environment} in the run {run!r}.",
                None,
                "`azsec fleet DRIFT --resume RUN` asks what has no answer yet.".replace(
                    "DRIFT", record.command if record is not None else "drift"
                ),
            )
        )
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def list_fleet(patterns: Sequence[str]) -> tuple[FleetEnvironment, ...]:
    """Return the environments that patterns name, by their paths in order: names, paths, folders,
    and patterns with `*` and `**`.

    Raises DiagnosticError for a pattern that names none, and for two of one name.
    """
    found: dict[str, str] = {}
    for pattern in patterns:
        paths = _expand(pattern)
        if not paths:
            raise DiagnosticError(
                error(
                    "no-environment",
                    f"{pattern!r} names no environment.",
                    None,
                    "Name files, folders, or a pattern such as 'environments/**' (in quotes: the "
                    "shell may know no **).",
                )
            )
        for path in paths:
            found.setdefault(path, name_of(path, FileSources()))
    names: dict[str, str] = {}
    for path, name in found.items():
        other = names.setdefault(name, path)
        if other != path:
            raise DiagnosticError(
                error(
                    "repeated-environment",
                    f"{other} and {path} both have the name {name!r}.",
                    None,
                    "Give each its own `metadata.name` (and `metadata.id`).",
                )
            )
    return tuple(FleetEnvironment(path, name) for path, name in sorted(found.items()))


def _only_changed(
    environments: tuple[FleetEnvironment, ...], base: str | None
) -> tuple[FleetEnvironment, ...]:
    """Return the environments that read a file which differs between a commit and HEAD, and those
    of which that is not known; all of them where no commit is named."""
    if base is None:
        return environments
    paths = [one.path for one in environments]
    selection = select_touched(paths, base, "HEAD", load_catalog(), all_named=True)
    wanted = {one.path for one in selection.touched} | {one.path for one in selection.unknown}
    return tuple(one for one in environments if one.path in wanted)


def _expand(pattern: str) -> Sequence[str]:
    if not any(mark in pattern for mark in "*?["):
        path = Path(find_environment(pattern)) if not Path(pattern).is_dir() else Path(pattern)
        if not path.is_dir():
            return [path.as_posix()]
        pattern = f"{pattern.rstrip('/')}/**"
    every = glob(pattern, recursive=True)  # noqa: PTH207  Path.glob takes no absolute pattern
    files = [Path(one) for one in every if one.endswith((".yaml", ".yml"))]
    return sorted(one.as_posix() for one in files if one.is_file() and _is_environment(one))


def _is_environment(path: Path) -> bool:
    text = read_if_text(path.as_posix())
    return f"kind: {_KIND}" in text and not is_base(path.as_posix())


def _request(options: FleetOptions, ledger: Ledger) -> FleetRequest:
    if options.resume is None:
        return FleetRequest(
            _name_run(),
            options.command,
            _only_changed(list_fleet(options.patterns), options.changed_since),
            options.item,
            options.seconds,
            _fresh_since(options.stale_after),
        )
    record = ledger.find_run(options.resume)
    if record is None or record.command != options.command:
        raise DiagnosticError(
            error(
                "unknown-run",
                f"the ledger {options.ledger} has no run {options.resume!r} of "
                f"`azsec fleet {options.command}`.",
                None,
                "`--resume last` goes on with the newest run of the ledger.",
            )
        )
    environments = tuple(
        FleetEnvironment(path, name_of(path, FileSources())) for path in record.environments
    )
    return FleetRequest(
        record.run,
        record.command,
        environments,
        record.options,
        options.seconds,
        record.fresh_since,
    )


def _fresh_since(age: timedelta | None) -> str:
    return "" if age is None else format_moment(datetime.now(UTC) - age)


def _name_run() -> str:
    """Return a name that sorts by time, and that no other run has."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@contextmanager
def _local_cloud(request: FleetRequest, options: FleetOptions) -> Iterator[None]:
    """Start one built-in Azure for all workers, where an environment is meant for it: a state file
    is for one server at a time."""
    if os.environ.get(LOCAL_ENDPOINT) or not _is_local(request, options):
        yield
        return
    from provisioner.simulator.server import LocalAzure

    state = options.item.get("state")
    with (
        LocalAzure.start(load_catalog(), state_path(state)) as server,
        _variable(LOCAL_ENDPOINT, server.endpoint),
    ):
        yield


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    """Give the processes that are started in the block an environment variable."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _find_untouched(
    options: FleetOptions, known: Sequence[Outcome]
) -> Sequence[FleetEntryDocument]:
    """Return an entry for each environment of which the logs tell of no change since its check.

    Environments that are reached in the same way are asked about together: one request a
    subscription.
    """
    groups: dict[tuple[str, str, str], list[CleanCheck]] = {}
    for outcome in known:
        loaded = _load(outcome.environment)
        check = read_clean_check(outcome, loaded.name) if loaded is not None else None
        if loaded is not None and check is not None:
            key = (loaded.tenant_id, str(loaded.auth), options.item.get("cloud") or loaded.cloud)
            groups.setdefault(key, []).append(check)
    found: list[FleetEntryDocument] = []
    for checks in groups.values():
        with open_session(FleetItem(options.command, checks[0].path, options.item)) as session:
            client = session.connect(session.load(checks[0].path).document)
            now = datetime.now(UTC)
            read = partial(read_changed, now=now, inquirer=client)
            found += find_untouched(checks, now, options.full_every, read)
    return found


def _is_local(request: FleetRequest, options: FleetOptions) -> bool:
    if options.item.get("cloud") == LOCAL:
        return True
    loaded = (_load(one.path) for one in request.environments)
    return any(one is not None and one.cloud == LOCAL for one in loaded)


def _load(path: str) -> Environment | None:
    try:
        return load_environment(path, FileSources())
    except DiagnosticError:
        return None


def _digest_of(path: str) -> str | None:
    try:
        return digest_text(FileSources().read_text(path))
    except DiagnosticError:
        return ""


def _tell(entry: FleetEntryDocument, done: int, every: int) -> None:
    sys.stderr.write(f"{done}/{every}  {entry.answer:<9}  {entry.name}  {entry.seconds:.1f} s\n")


def _quiet(_entry: FleetEntryDocument, _done: int, _every: int) -> None:
    return
