"""Run a command over many environments: their selection, scheduler, ledger and census.

`cli.fleet_application` calls it; `cli.fleet_worker` runs each item.
"""

import hashlib
import json
import os
import secrets
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from provisioner import __version__
from provisioner.attribution.window import format_moment
from provisioner.blueprint.environment import Environment, load_environment
from provisioner.blueprint.parameter_values import VARIABLE
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.files import read_if_text
from provisioner.cli.fleet_environments import list_fleet, name_environments, only_changed
from provisioner.cli.fleet_ledgers import find_container, open_ledger
from provisioner.cli.fleet_options import DEFAULT_LEDGER
from provisioner.cli.fleet_worker import digest_text, open_session
from provisioner.cli.session import Session
from provisioner.cli.workspace import (
    LOCAL_ENDPOINT,
    FileSources,
    find_siblings,
    load_catalog,
    state_path,
)
from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.fleet import FleetAnswer, FleetDocument, FleetEntryDocument
from provisioner.engine.ledger_port import Ledger, Outcome, RunRecord, Scheduler
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.reports.fleet_wording import answer_words
from provisioner.schedulers.processes import ProcessScheduler
from provisioner.workflow.fleet import (
    FleetEnvironment,
    FleetPorts,
    FleetRequest,
    Shard,
    run_fleet,
)
from provisioner.workflow.fleet_item import FleetItem
from provisioner.workflow.fleet_logs import CleanCheck, find_untouched, read_clean_check
from provisioner.workflow.log_watch import read_changed
from provisioner.workflow.plan import LOCAL

_NO_PART = frozenset({"parallelism", "since", "local_state"})
"""Options that no answer depends on: concurrency, attribution, and the file of the built-in Azure,
which counts only where that is queried."""
_WORKER = "from provisioner.cli.fleet_worker import serve_items; serve_items()"


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """The options of a fleet command.

    Patterns of environments, the options of each item, the file of the ledger, the run to resume,
    how fresh a reused answer may be, and the commit since which a file of an environment has to
    have changed.

    It runs on `workers` processes of this machine for so many `seconds`, or on the workers of the
    Dask scheduler at an address (`certificates`: the files of its CA, and of the client's
    certificate and key). `logs_first` queries Azure's logs for the environments that changed since
    the last check, which is repeated after `full_every` in any case.

    A run with a `name` continues where the ledger has it already, and several machines may each
    process a `shard` of it. `stated` are the options of the command line as they are written, by
    the names of parameters: beside `resume` they have to be those of the run.
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
    name: str | None = None
    shard: Shard | None = None
    stated: Mapping[str, str] = field(default_factory=dict)


def run(options: FleetOptions, print_document: Callable[[FleetDocument], None]) -> int:
    """Run a command over the environments, print the results, and return the exit code.

    2 where something was found, 1 where nothing was found and some environments have no answer,
    otherwise 0; for a shard 0 where each has an answer, and 1 where not. Raises DiagnosticError for
    a shard of a run without a name, or in a ledger of this machine.
    """
    _check_run(options)
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(options.ledger))
        request = _fleet_request(options, ledger)
        stack.enter_context(_local_cloud(request))
        scheduler, request = _open_scheduler(options, request)
        twins = _find_twins(request.environments)
        ports = FleetPorts(
            ledger,
            scheduler,
            lambda path: None if path in twins else digest_of_file(path),
            lambda: datetime.now(UTC),
            _print_nothing if options.quiet else partial(_print_progress, request.command),
            partial(_find_untouched, options, request) if options.logs_first else None,
        )
        try:
            document = run_fleet(request, ports)
        except KeyboardInterrupt:
            sys.stderr.write(f"{_interrupted_words(options, request)}\n")
            raise
    print_document(document)
    return exit_code_of(document) if options.shard is None else _exit_code_of_shard(document)


def exit_code_of(document: FleetDocument) -> int:
    """Return the exit code of a run."""
    if document.found:
        return ExitCode.DIFFERENCES
    return ExitCode.SUCCESS if document.is_complete else ExitCode.ERROR


def _exit_code_of_shard(document: FleetDocument) -> int:
    """Return whether a shard is complete, as an exit code.

    Findings do not count: a Job that restarts failed shards has nothing to repeat for them.
    """
    lacking = document.count(FleetAnswer.FAILED) + document.count(FleetAnswer.NOT_RUN)
    return ExitCode.ERROR if lacking else ExitCode.SUCCESS


def _check_run(options: FleetOptions) -> None:
    """Refuse a name that stands for another run, and a shard that no other shard could complete.

    Raises:
        DiagnosticError: Where the name is `last`, and for a shard where the run has no name, or its
            ledger is a file of this machine.
    """
    if options.name == "last":
        raise DiagnosticError(
            error(
                "wrong-run-name",
                "`last` stands for the newest run of a ledger and names none.",
                None,
                "State another --run NAME.",
            )
        )
    if options.shard is None:
        return
    if options.name is None:
        raise DiagnosticError(
            error(
                "shard-without-run",
                "--shard is a part of a run that has a name.",
                None,
                "State the same --run NAME for all shards.",
            )
        )
    if find_container(options.ledger) is None:
        raise DiagnosticError(
            error(
                "shard-in-a-file",
                f"--shard puts its results where all shards do, and {options.ledger} is a file.",
                None,
                "State --ledger https://ACCOUNT.blob.core.windows.net/CONTAINER.",
            )
        )


def _open_scheduler(options: FleetOptions, request: FleetRequest) -> tuple[Scheduler, FleetRequest]:
    """Return the scheduler of the items, and the request with the placement of remote workers.

    The placement has the commit of the working copy, each machine's share of the requests to Azure,
    and the endpoint of the built-in Azure.
    """
    if options.scheduler is None:
        return ProcessScheduler([sys.executable, "-c", _WORKER], options.workers), request
    from provisioner.cli.fleet_worker import report_version, run_item
    from provisioner.cli.git import head_commit

    try:
        from provisioner.schedulers.dask import Certificates, DaskScheduler, count_hosts
    except ModuleNotFoundError as missing:
        if missing.name not in ("distributed", "dask"):
            raise
        raise DiagnosticError(
            error(
                "missing-extra",
                "--scheduler needs Dask, which is not installed.",
                None,
                'Run `pip install "azsec[fleet]"` here and on the workers, or leave it out.',
            )
        ) from None

    certificates = Certificates(*options.certificates) if options.certificates else None
    placement = {
        "azsec": __version__,
        "commit": head_commit(),
        "share": 1.0 / count_hosts(options.scheduler, certificates),
        "endpoint": os.environ.get(LOCAL_ENDPOINT),
    }
    scheduler = DaskScheduler(options.scheduler, run_item, report_version, certificates)
    placement = {**request.placement, **placement}
    return scheduler, replace(request, placement=placement, is_remote=True)


def _fleet_request(options: FleetOptions, ledger: Ledger) -> FleetRequest:
    if options.resume is None:
        every = list_fleet(options.patterns)
        environments = _with_questions(
            options.command, options.item, only_changed(every, options.changed_since)
        )
        if options.changed_since is not None and not options.quiet:
            # The census counts those that are processed, and does not know of the others.
            sys.stderr.write(
                f"{len(environments)} of {len(every)} environments read a file that was changed "
                f"since {options.changed_since}\n"
            )
        return FleetRequest(
            options.name or name_run(),
            options.command,
            environments,
            options.item,
            options.seconds,
            _fresh_since(options.stale_after),
            options.shard,
            {} if options.shard is None else {"share": 1.0 / options.shard.count},
            question=_run_question(environments),
        )
    record = ledger.find_run(options.resume)
    if record is None or record.command != options.command:
        raise DiagnosticError(
            error(
                "unknown-run",
                f"the ledger {options.ledger} has no run {options.resume!r} of "
                f"`azsec fleet {options.command}`.",
                None,
                "`--resume last` continues the newest run of the ledger, where it is of this "
                "command. Name another one with --resume RUN: a command prints its run at the end.",
            )
        )
    _check_same_run(options, record)
    environments = _with_questions(
        record.command, record.options, name_environments(record.environments)
    )
    return FleetRequest(
        record.run,
        record.command,
        environments,
        record.options,
        options.seconds,
        record.fresh_since,
        question=_run_question(environments),
    )


def _check_same_run(options: FleetOptions, record: RunRecord) -> None:
    """Check that the stated environments and options are those of the run to resume.

    A command line may be repeated with --resume; what differs from the run would be ignored.

    Raises:
        DiagnosticError: For each option that differs.
    """
    stated = options.stated
    wrong = [
        name
        for name, value in options.item.items()
        if name in stated and record.options.get(name) != value
    ]
    if "only_stale" in stated and not record.fresh_since:
        wrong.append("only_stale")
    selects = [name for name in ("environments", "changed_since") if name in stated]
    if selects:
        asked = only_changed(list_fleet(options.patterns), options.changed_since)
        wrong += selects if tuple(one.path for one in asked) != record.environments else []
    if wrong:
        raise DiagnosticError(
            *(
                error(
                    "different-run",
                    f"{stated[name]}: the run {record.run!r} has other environments or options.",
                    None,
                    "Leave it out to continue the run as it began.",
                )
                for name in wrong
            )
        )


def _with_questions(
    command: str, item: Mapping[str, Any], environments: Sequence[FleetEnvironment]
) -> tuple[FleetEnvironment, ...]:
    """Return environments, each with a digest of what its answer depends on beside the files.

    The command with its options, the values of parameters in the process environment, azsec's
    version, and which Azure is queried: an answer of a built-in Azure holds neither for the real
    one nor for another built-in one. It does not depend on the other environments of the run.
    """
    variables = {name: value for name, value in os.environ.items() if name.startswith(VARIABLE)}
    stated: dict[str, Any] = {
        "command": command,
        "options": {name: value for name, value in item.items() if name not in _NO_PART},
        "parameters": variables,
        "azsec": __version__,
    }
    place = os.environ.get(LOCAL_ENDPOINT) or str(state_path(item.get("local_state")).resolve())
    remote, local = _digest_json(stated), _digest_json({**stated, "local": place})
    return tuple(
        replace(one, question=f"{command}-{local if _is_local([one], item) else remote}")
        for one in environments
    )


def _run_question(environments: Sequence[FleetEnvironment]) -> str:
    """Return the question of a run: that of its environments, or a digest of theirs."""
    questions = sorted({one.question for one in environments})
    return questions[0] if len(questions) == 1 else f"run-{_digest_json(questions)}"


def _digest_json(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _fresh_since(age: timedelta | None) -> str:
    return "" if age is None else format_moment(datetime.now(UTC) - age)


def name_run() -> str:
    """Return a name that sorts by time, and that no other run has."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@contextmanager
def _local_cloud(request: FleetRequest) -> Iterator[None]:
    """Start one built-in Azure for all workers, where an environment is deployed to it.

    A state file can be opened by one server at a time.
    """
    if os.environ.get(LOCAL_ENDPOINT) or not _is_local(request.environments, request.options):
        yield
        return
    from provisioner.simulator.server import LocalAzure

    state = request.options.get("local_state")
    with (
        LocalAzure.start(load_catalog(), state_path(state)) as server,
        _with_variable(LOCAL_ENDPOINT, server.endpoint),
    ):
        yield


@contextmanager
def _with_variable(name: str, value: str) -> Iterator[None]:
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
    options: FleetOptions, request: FleetRequest, known: Sequence[Outcome]
) -> Sequence[FleetEntryDocument]:
    """Return an entry for each environment whose logs report no change since its check.

    Environments with the same sign-in share their requests: one a subscription.
    """
    groups: dict[tuple[str, str, str], list[CleanCheck]] = {}
    for outcome in known:
        loaded = _load_or_none(outcome.environment)
        check = read_clean_check(outcome, loaded.name) if loaded is not None else None
        if loaded is not None and check is not None:
            cloud = request.options.get("cloud") or loaded.cloud
            key = (loaded.tenant_id, str(loaded.auth), cloud)
            groups.setdefault(key, []).append(check)
    found: list[FleetEntryDocument] = []
    for checks in groups.values():
        item = FleetItem(request.command, checks[0].path, request.options)
        with suppress(DiagnosticError, AzureError), open_session(item) as session:
            # Without a sign-in the logs are unknown: each environment is read, and says why not.
            document = _first_document(session, checks)
            if document is None:
                continue
            client = session.connect(document)
            now = datetime.now(UTC)
            read = partial(read_changed, now=now, inquirer=client)
            found += find_untouched(checks, now, options.full_every, read, load_catalog())
    return found


def _find_twins(environments: Sequence[FleetEnvironment]) -> frozenset[str]:
    """Return the paths of environments whose id another file of their folder may state.

    No earlier result of theirs is reused: such a file is none of those that they were composed
    from, and makes every command refuse them.
    """
    texts: dict[str, str] = {}
    twins: set[str] = set()
    for one in environments:
        loaded = _load_or_none(one.path)
        if loaded is None or not loaded.states_id:
            continue
        for beside in find_siblings(one.path):
            if beside not in texts:
                texts[beside] = read_if_text(beside)
            if loaded.id in texts[beside]:
                twins.add(one.path)
    return frozenset(twins)


def _first_document(session: Session, checks: Sequence[CleanCheck]) -> EnvironmentDocument | None:
    """Return the first environment that loads, whose `auth` signs in; None where none does.

    What is wrong with the others is reported when each is processed.
    """
    for check in checks:
        try:
            return session.load(check.path).document
        except DiagnosticError:
            continue
    return None


def _is_local(environments: Sequence[FleetEnvironment], item: Mapping[str, Any]) -> bool:
    if item.get("cloud") == LOCAL:
        return True
    loaded = (_load_or_none(one.path) for one in environments)
    return any(one is not None and one.cloud == LOCAL for one in loaded)


def _load_or_none(path: str) -> Environment | None:
    try:
        return load_environment(path, FileSources())
    except DiagnosticError:
        return None


def digest_of_file(path: str) -> str:
    """Return the digest of a file by its path, "" where it cannot be read."""
    try:
        return digest_text(FileSources().read_text(path))
    except DiagnosticError:
        return ""


def _interrupted_words(options: FleetOptions, request: FleetRequest) -> str:
    words = ["azsec", "fleet", request.command, "--resume", request.run]
    words += [] if options.ledger == DEFAULT_LEDGER else ["--ledger", options.ledger]
    words += ["--logs-first"] if options.logs_first else []
    words += [] if options.scheduler is None else ["--scheduler", options.scheduler]
    words += ["--scheduler-tls", *options.certificates] if options.certificates else []
    how = f"`{shlex.join(words)}` continues it"
    if options.shard is not None:
        how = "the same command continues its shard"
    return f"Run {request.run} is not complete: {how}."


def _print_progress(command: str, entry: FleetEntryDocument, done: int, every: int) -> None:
    words = answer_words(command, entry.answer)
    sys.stderr.write(f"{done}/{every}  {words}  {entry.name}  {entry.seconds:.1f} s\n")


def _print_nothing(_entry: FleetEntryDocument, _done: int, _every: int) -> None:
    return
