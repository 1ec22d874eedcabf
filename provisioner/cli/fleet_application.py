"""`azsec fleet`: its commands and their options. What they do is in `cli.fleet`."""

import re
from datetime import timedelta
from typing import Annotated, Any

import typer

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
    help="One command over many environments: drift, plans, checks, with a ledger.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@fleet_app.command("drift")
def drift(  # noqa: PLR0913  typer: one parameter an option
    environments: PatternsArgument = None,
    since: SinceOption = None,
    strict_tags: StrictTagsOption = False,
    logs_first: Annotated[
        bool,
        typer.Option(
            "--logs-first",
            help="Ask Azure's logs which environments were touched since their last complete "
            "check, and read those alone.",
        ),
    ] = False,
    full_every: Annotated[
        float,
        typer.Option(
            parser=read_duration,
            metavar="DURATION",
            help="With --logs-first: read an environment completely after this time.",
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
    """Show what changed in Azure behind the blueprints' back, in all environments.

    Exit with 2 if anything did, with 1 if nothing was found and not everything was answered.
    """
    item = _item(cloud, local_state, parallelism, since=since, strict_tags=strict_tags)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls, **_part(run, shard, resume)}
    how |= {"logs_first": logs_first, "full_every": timedelta(seconds=full_every)}
    _run("drift", environments, item, output, how)


@fleet_app.command("plan")
def plan(  # noqa: PLR0913  typer: one parameter an option
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
    """Plan all environments: what an apply of each would change.

    Exit with 2 if there is something to change, with 1 if there is not and not everything was
    answered.
    """
    item = _item(cloud, local_state, parallelism, no_preflight=no_preflight)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls, **_part(run, shard, resume)}
    _run("plan", environments, item, output, how)


@fleet_app.command("check")
def check(  # noqa: PLR0913  typer: one parameter an option
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
    """Judge all environments by the controls.

    Exit with 2 if a control fails, with 1 if none does and not everything was answered.
    """
    item = _item(cloud, local_state, parallelism, state=state.value)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls, **_part(run, shard, resume)}
    _run("check", environments, item, output, how)


@fleet_app.command("report")
def report(  # noqa: PLR0913  typer: one parameter an option
    environments: PatternsArgument = None,
    framework: Annotated[
        FrameworkChoice, typer.Option(help="Whose requirements to judge by.")
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
    """Judge all environments by the requirements of a framework.

    Exit with 2 if a requirement fails, with 1 if none does and not everything was answered.
    """
    item = _item(cloud, local_state, parallelism, state=state.value, framework=framework.value)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls, **_part(run, shard, resume)}
    _run("report", environments, item, output, how)


@fleet_app.command("adopt-status")
def adopt_status(  # noqa: PLR0913  typer: one parameter an option
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
    """Show how far environments are adopted: what carries their mark, and what is still to adopt.

    Exit with 2 if something is to adopt, with 1 if nothing is and not everything was answered.
    """
    item = _item(cloud, local_state, parallelism, no_preflight=True)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls, **_part(run, shard, resume)}
    _run("adopt-status", environments, item, output, how)


@fleet_app.command("show")
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run of the ledger, or `last`.")],
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV]",
            help="An environment of the run, by name or path: print what was found of it as JSON.",
            show_default=False,
        ),
    ] = None,
    ledger: LedgerOption = DEFAULT_LEDGER,
    output: FormatOption = OutputFormat.TEXT,
) -> None:
    """Print what a run found so far: the census of all, or one environment. Nothing is asked.

    Exit with 2 if something was found, with 1 if nothing was found and not everything was answered.
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
            help="The fleet command with its options: drift 'environments/**' --since 7d",
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
            help="Keep the results in this blob container: "
            "https://ACCOUNT.blob.core.windows.net/CONTAINER",
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
    """Print the Kubernetes manifest of a Job that runs a fleet command, a part in each pod.

    No cluster is contacted. The options of the command follow it, those of the Job precede it.
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


def _part(run: str | None, shard: str | None, resume: str | None) -> dict[str, Any]:
    from provisioner.workflow.fleet import Shard

    if run is not None and resume is not None:
        raise typer.BadParameter("--run names a run, and --resume another one.", param_hint="--run")
    if shard is None:
        return {"name": run}
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", shard)
    if match is None or int(match[1]) >= int(match[2]):
        raise typer.BadParameter(
            f"{shard!r} is no shard. Write its number, from 0, and how many there are: 0/4, 3/4.",
            param_hint="--shard",
        )
    return {"name": run, "shard": Shard(int(match[1]), int(match[2]))}


def _item(
    cloud: CloudOption, local_state: LocalStateOption, parallelism: int, **options: object
) -> dict[str, Any]:
    given = {
        "cloud": cloud.value if cloud else None,
        "local_state": local_state,
        "parallelism": parallelism,
    }
    return {name: value for name, value in {**given, **options}.items() if value is not None}


def _how(  # noqa: PLR0913  the options that all commands share
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


def _run(
    command: str,
    environments: list[str] | None,
    item: dict[str, Any],
    output: OutputFormat,
    how: dict[str, Any],
) -> None:
    from provisioner.cli.fleet import FleetOptions, run
    from provisioner.cli.output import print_fleet

    patterns = tuple(environments or ("environments/**",))
    options = FleetOptions(command, patterns, item, **how)
    raise typer.Exit(run(options, lambda document: print_fleet(document, output.value)))
