"""`azsec fleet`: its commands and their options. `cli.fleet` runs them."""

import re
from datetime import timedelta
from typing import Annotated, Any

import typer

from provisioner.cli.command_groups import examples
from provisioner.cli.durations import read_duration
from provisioner.cli.fleet_options import (
    DEFAULT_LEDGER,
    CertificatesOption,
    ChangedSinceOption,
    LedgerOption,
    OnlyStaleOption,
    PatternsArgument,
    ResumeOption,
    RunOption,
    SchedulerOption,
    ShardOption,
    check_since,
    refuse_without_effect,
    stated_options,
)
from provisioner.cli.options import (
    CloudOption,
    FormatOption,
    FrameworkChoice,
    LocalStateOption,
    NoPreflightOption,
    OutputFormat,
    ParallelismOption,
    QuietOption,
    SinceOption,
    StateChoice,
    StateKindOption,
    StrictTagsOption,
    TimeoutOption,
    WorkersOption,
)

fleet_app = typer.Typer(
    help="Run one command over many environments.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@fleet_app.command(
    "drift",
    epilog=examples(
        "azsec fleet drift 'environments/**' --workers 4",
        "azsec fleet drift --logs-first --only-stale 24h",
        "azsec fleet drift --resume last",
    ),
)
def drift(  # noqa: PLR0913  typer: one parameter an option
    context: typer.Context,
    environments: PatternsArgument = None,
    since: SinceOption = None,
    strict_tags: StrictTagsOption = False,
    logs_first: Annotated[
        bool,
        typer.Option(
            "--logs-first",
            help="Query Azure's logs for changes since the last check, and read only "
            "the environments that changed.",
        ),
    ] = False,
    full_every: Annotated[
        float,
        typer.Option(
            parser=read_duration,
            metavar="DURATION",
            help="Read an environment completely after this time, with --logs-first.",
            show_default="7d",
        ),
    ] = 604_800.0,
    ledger: LedgerOption = DEFAULT_LEDGER,
    resume: ResumeOption = None,
    run: RunOption = None,
    shard: ShardOption = None,
    only_stale: OnlyStaleOption = None,
    changed_since: ChangedSinceOption = None,
    workers: WorkersOption = 2,
    scheduler: SchedulerOption = None,
    scheduler_tls: CertificatesOption = None,
    timeout: TimeoutOption = 3_000.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Check all environments for drift.

    Exit code 2: drift; 1: no drift found, but not every environment has a complete result.
    """
    check_since(since)
    item = _item_options(cloud, local_state, parallelism, since=since, strict_tags=strict_tags)
    how = _run_options(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {
        "scheduler": scheduler,
        "certificates": scheduler_tls,
        **_run_and_shard(run, shard, resume),
    }
    how |= {"logs_first": logs_first, "full_every": timedelta(seconds=full_every)}
    _run_fleet(context, "drift", environments, item, output, how)


@fleet_app.command(
    "plan",
    epilog=examples("azsec fleet plan --changed-since origin/main"),
)
def plan(  # noqa: PLR0913  typer: one parameter an option
    context: typer.Context,
    environments: PatternsArgument = None,
    no_preflight: NoPreflightOption = False,
    ledger: LedgerOption = DEFAULT_LEDGER,
    resume: ResumeOption = None,
    run: RunOption = None,
    shard: ShardOption = None,
    only_stale: OnlyStaleOption = None,
    changed_since: ChangedSinceOption = None,
    workers: WorkersOption = 2,
    scheduler: SchedulerOption = None,
    scheduler_tls: CertificatesOption = None,
    timeout: TimeoutOption = 3_000.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Plan all environments.

    Exit code 2: changes; 1: no changes found, but not every environment has a result.
    """
    item = _item_options(cloud, local_state, parallelism, no_preflight=no_preflight)
    how = _run_options(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {
        "scheduler": scheduler,
        "certificates": scheduler_tls,
        **_run_and_shard(run, shard, resume),
    }
    _run_fleet(context, "plan", environments, item, output, how)


@fleet_app.command(
    "check",
    epilog=examples(
        "azsec fleet check --of actual", "azsec fleet check 'environments/prod-*' --output json"
    ),
)
def check(  # noqa: PLR0913  typer: one parameter an option
    context: typer.Context,
    environments: PatternsArgument = None,
    state: StateKindOption = StateChoice.DESIRED,
    ledger: LedgerOption = DEFAULT_LEDGER,
    resume: ResumeOption = None,
    run: RunOption = None,
    shard: ShardOption = None,
    only_stale: OnlyStaleOption = None,
    changed_since: ChangedSinceOption = None,
    workers: WorkersOption = 2,
    scheduler: SchedulerOption = None,
    scheduler_tls: CertificatesOption = None,
    timeout: TimeoutOption = 3_000.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Evaluate the controls of all environments.

    Exit code 2: a control fails; 1: none fails, but not every environment has a complete result.
    """
    item = _item_options(cloud, local_state, parallelism, state=state.value)
    how = _run_options(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {
        "scheduler": scheduler,
        "certificates": scheduler_tls,
        **_run_and_shard(run, shard, resume),
    }
    _run_fleet(context, "check", environments, item, output, how)


@fleet_app.command(
    "report",
    epilog=examples("azsec fleet report --framework cis-aks-1.8 --output markdown"),
)
def report(  # noqa: PLR0913  typer: one parameter an option
    context: typer.Context,
    environments: PatternsArgument = None,
    framework: Annotated[
        FrameworkChoice, typer.Option(help="Group results by a compliance framework.")
    ] = FrameworkChoice.OUTLINE,
    state: StateKindOption = StateChoice.ACTUAL,
    ledger: LedgerOption = DEFAULT_LEDGER,
    resume: ResumeOption = None,
    run: RunOption = None,
    shard: ShardOption = None,
    only_stale: OnlyStaleOption = None,
    changed_since: ChangedSinceOption = None,
    workers: WorkersOption = 2,
    scheduler: SchedulerOption = None,
    scheduler_tls: CertificatesOption = None,
    timeout: TimeoutOption = 3_000.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Evaluate all environments against a framework.

    Exit code 2: a requirement fails; 1: none fails, but not every environment has a complete
    result.
    """
    item = _item_options(
        cloud, local_state, parallelism, state=state.value, framework=framework.value
    )
    how = _run_options(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {
        "scheduler": scheduler,
        "certificates": scheduler_tls,
        **_run_and_shard(run, shard, resume),
    }
    _run_fleet(context, "report", environments, item, output, how)


@fleet_app.command(
    "adopt-status",
    epilog=examples("azsec fleet adopt-status"),
)
def adopt_status(  # noqa: PLR0913  typer: one parameter an option
    context: typer.Context,
    environments: PatternsArgument = None,
    ledger: LedgerOption = DEFAULT_LEDGER,
    resume: ResumeOption = None,
    run: RunOption = None,
    shard: ShardOption = None,
    only_stale: OnlyStaleOption = None,
    changed_since: ChangedSinceOption = None,
    workers: WorkersOption = 2,
    scheduler: SchedulerOption = None,
    scheduler_tls: CertificatesOption = None,
    timeout: TimeoutOption = 3_000.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Show the adoption progress of all environments.

    Exit code 2: resources are left to adopt; 1: none found, but not every environment has a
    complete result.
    """
    item = _item_options(cloud, local_state, parallelism, no_preflight=True)
    how = _run_options(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {
        "scheduler": scheduler,
        "certificates": scheduler_tls,
        **_run_and_shard(run, shard, resume),
    }
    _run_fleet(context, "adopt-status", environments, item, output, how)


@fleet_app.command(
    "show",
    epilog=examples("azsec fleet show last", "azsec fleet show last prod"),
)
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run of the ledger, or `last`.")],
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV]",
            help="Environment of the run, by name or path; its result is printed as JSON.",
            show_default=False,
        ),
    ] = None,
    ledger: LedgerOption = DEFAULT_LEDGER,
    output: FormatOption = OutputFormat.TEXT,
) -> None:
    """Print the results of a run.

    The census of all environments, or the result of one. Azure is not queried. Exit code 2:
    findings; 1: no findings, but not every environment has a complete result.
    """
    from provisioner.cli.fleet_results import show_outcome, show_run
    from provisioner.cli.output import print_fleet

    if environment is not None:
        show_outcome(run, environment, ledger)
        return
    raise typer.Exit(show_run(run, ledger, lambda found: print_fleet(found, output.value)))


@fleet_app.command(
    "manifest", context_settings={"allow_interspersed_args": False, "ignore_unknown_options": False}
)
def manifest(  # noqa: PLR0913  typer: one parameter an option
    context: typer.Context,
    command: Annotated[
        list[str],
        typer.Argument(
            metavar="COMMAND...",
            help="Fleet command with its options: drift 'environments/**' --since 7d",
            show_default=False,
        ),
    ],
    image: Annotated[
        str,
        typer.Option(
            metavar="IMAGE@sha256:…",
            help="Run this image: azsec's with the files of the environments in it.",
            show_default=False,
        ),
    ],
    ledger: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Keep the results in this blob container "
            "(https://ACCOUNT.blob.core.windows.net/CONTAINER).",
            show_default=False,
        ),
    ],
    pods: Annotated[
        int,
        typer.Option(
            min=1, max=500, metavar="NUMBER", help="Divide the environments among that many pods."
        ),
    ] = 4,
    namespace: Annotated[
        str,
        typer.Option("--namespace", "-n", metavar="NAME", help="Run the Job in this namespace."),
    ] = "azsec-fleet",
    create_namespace: Annotated[
        bool,
        typer.Option(
            "--create-namespace", help="Print the namespace too: Pod Security restricted."
        ),
    ] = False,
    service_account: Annotated[
        str, typer.Option(metavar="NAME", help="Run the pods as this service account.")
    ] = "azsec-fleet",
    client_id: Annotated[
        str | None,
        typer.Option(
            metavar="GUID",
            help="Sign in to Azure as the identity with this client id (workload identity), and "
            "print the service account with it.",
            show_default=False,
        ),
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option(
            metavar="GUID",
            help="Sign in to this tenant.  [default: the cluster's]",
            show_default=False,
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="CRON",
            help="Print a CronJob that starts the Job at these times, in UTC: '0 2 * * *'.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print a Kubernetes Job that runs a fleet command.

    Each pod processes a part of the environments. No cluster is contacted. Options of the Job
    precede the fleet command, options of the fleet command follow it.
    """
    from provisioner.cli.fleet_manifest import ManifestOptions, print_manifest

    asked = ManifestOptions(
        tuple(command),
        image,
        ledger,
        namespace,
        service_account,
        pods,
        client_id,
        tenant,
        schedule,
        create_namespace,
    )
    print_manifest(asked, context)


def _run_and_shard(run: str | None, shard: str | None, resume: str | None) -> dict[str, Any]:
    from provisioner.workflow.fleet import Shard

    if run is not None and resume is not None:
        raise typer.BadParameter("--run names a run, and --resume another one.", param_hint="--run")
    if shard is None:
        return {"name": run}
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", shard)
    if match is None or int(match[1]) >= int(match[2]):
        raise typer.BadParameter(
            f"{shard!r} is not a shard. Write its number, from 0, and how many there are: 0/4, "
            "3/4.",
            param_hint="--shard",
        )
    return {"name": run, "shard": Shard(int(match[1]), int(match[2]))}


def _item_options(
    cloud: CloudOption, local_state: LocalStateOption, parallelism: int, **options: object
) -> dict[str, Any]:
    given = {
        "cloud": cloud.value if cloud else None,
        "local_state": local_state,
        "parallelism": parallelism,
    }
    return {name: value for name, value in {**given, **options}.items() if value is not None}


def _run_options(  # noqa: PLR0913  the options that all commands share
    ledger: str,
    resume: str | None,
    only_stale: float | None,
    changed_since: str | None,
    workers: int,
    timeout: float,
    quiet: bool,
) -> dict[str, Any]:
    return {
        "ledger": ledger,
        "resume": resume,
        "stale_after": None if only_stale is None else timedelta(seconds=only_stale),
        "changed_since": changed_since,
        "workers": workers,
        "seconds": timeout,
        "quiet": quiet,
    }


def _run_fleet(
    context: typer.Context,
    command: str,
    environments: list[str] | None,
    item: dict[str, Any],
    output: OutputFormat,
    how: dict[str, Any],
) -> None:
    from provisioner.cli.fleet import FleetOptions, run
    from provisioner.cli.output import print_fleet

    refuse_without_effect(context)
    patterns = tuple(environments or ("environments/**",))
    options = FleetOptions(command, patterns, item, stated=stated_options(context), **how)
    raise typer.Exit(run(options, lambda document: print_fleet(document, output.value)))
