"""`azsec fleet`: its commands and their options. What they do is in `cli.fleet`."""

import re
from datetime import timedelta
from typing import Annotated, Any

import typer

from provisioner.cli.options import (
    CloudOption,
    FormatOption,
    FrameworkChoice,
    OutputFormat,
    ParallelismOption,
    QuietOption,
    StateChoice,
    StateKindOption,
    StateOption,
)

fleet_app = typer.Typer(
    help="One command over many environments: drift, plans, checks, with a ledger.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_Patterns = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ENV]...",
        help="Names, files, folders, or patterns such as 'environments/**'.  [default: "
        "environments/**]",
        show_default=False,
    ),
]
_Ledger = Annotated[
    str,
    typer.Option(
        metavar="FILE|URL",
        help="What keeps the result of each environment: a file, or a blob container "
        "(https://ACCOUNT.blob.core.windows.net/CONTAINER).",
    ),
]
_Resume = Annotated[
    str | None,
    typer.Option(
        metavar="RUN",
        help="Go on with a run (`last`: the newest one): ask only what has no answer yet.",
        show_default=False,
    ),
]
_OnlyStale = Annotated[
    str | None,
    typer.Option(
        "--only-stale",
        metavar="AGE",
        help="Leave out environments whose last complete answer is younger (24h, 7d) and whose "
        "files did not change since.",
        show_default=False,
    ),
]
_ChangedSince = Annotated[
    str | None,
    typer.Option(
        "--changed-since",
        metavar="REV",
        help="Ask only environments that read a file which differs between this commit and HEAD.",
        show_default=False,
    ),
]
_Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Ask on the workers of this Dask scheduler (tls://HOST:8786) instead of processes of "
        "this machine.",
        show_default=False,
    ),
]
_Certificates = Annotated[
    tuple[str, str, str] | None,
    typer.Option(
        "--scheduler-tls",
        metavar="CA CERT KEY",
        help="The files of TLS to the scheduler: its CA, and the own certificate and key.",
        show_default=False,
    ),
]
_Workers = Annotated[
    int, typer.Option(min=1, max=64, help="How many environments are asked at once.")
]
_Timeout = Annotated[
    float, typer.Option(min=0.05, metavar="MINUTES", help="Tell what has no answer by then.")
]
DEFAULT_LEDGER = ".azsec/fleet.db"


@fleet_app.command("drift")
def drift(  # noqa: PLR0913  typer: one parameter an option
    environments: _Patterns = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Look up who changed what since then (7d, 36h, a date). [default: 14d]",
            show_default=False,
        ),
    ] = None,
    tags: Annotated[
        bool, typer.Option("--tags", help="Fail on tags that the blueprint does not declare.")
    ] = False,
    logs_first: Annotated[
        bool,
        typer.Option(
            "--logs-first",
            help="Ask Azure's logs which environments were touched since their last complete "
            "check, and read those alone.",
        ),
    ] = False,
    full_every: Annotated[
        str,
        typer.Option(
            metavar="AGE", help="With --logs-first: read an environment whole after this time."
        ),
    ] = "7d",
    ledger: _Ledger = DEFAULT_LEDGER,
    resume: _Resume = None,
    only_stale: _OnlyStale = None,
    changed_since: _ChangedSince = None,
    workers: _Workers = 2,
    scheduler: _Scheduler = None,
    scheduler_tls: _Certificates = None,
    timeout: _Timeout = 50.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    state: StateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Show what changed in Azure behind the blueprints' back, in all environments.

    Exit with 2 if anything did, with 1 if nothing was found and not everything was answered.
    """
    item = _item(cloud, state, parallelism, since=since, tags=tags)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls}
    how |= {"logs_first": logs_first, "full_every": _read_age("--full-every", full_every)}
    _run("drift", environments, item, output, how)


@fleet_app.command("plan")
def plan(  # noqa: PLR0913  typer: one parameter an option
    environments: _Patterns = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Plan without asking Azure what would fail.")
    ] = False,
    ledger: _Ledger = DEFAULT_LEDGER,
    resume: _Resume = None,
    only_stale: _OnlyStale = None,
    changed_since: _ChangedSince = None,
    workers: _Workers = 2,
    scheduler: _Scheduler = None,
    scheduler_tls: _Certificates = None,
    timeout: _Timeout = 50.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    state: StateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Plan all environments: what an apply of each would change.

    Exit with 2 if there is something to change, with 1 if there is not and not everything was
    answered.
    """
    item = _item(cloud, state, parallelism, offline=offline)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls}
    _run("plan", environments, item, output, how)


@fleet_app.command("check")
def check(  # noqa: PLR0913  typer: one parameter an option
    environments: _Patterns = None,
    of: StateKindOption = StateChoice.DESIRED,
    ledger: _Ledger = DEFAULT_LEDGER,
    resume: _Resume = None,
    only_stale: _OnlyStale = None,
    changed_since: _ChangedSince = None,
    workers: _Workers = 2,
    scheduler: _Scheduler = None,
    scheduler_tls: _Certificates = None,
    timeout: _Timeout = 50.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    state: StateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Judge all environments by the controls.

    Exit with 2 if a control fails, with 1 if none does and not everything was answered.
    """
    item = _item(cloud, state, parallelism, of=of.value)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls}
    _run("check", environments, item, output, how)


@fleet_app.command("report")
def report(  # noqa: PLR0913  typer: one parameter an option
    environments: _Patterns = None,
    framework: Annotated[
        FrameworkChoice, typer.Option(help="Whose requirements to judge by.")
    ] = FrameworkChoice.OUTLINE,
    of: StateKindOption = StateChoice.ACTUAL,
    ledger: _Ledger = DEFAULT_LEDGER,
    resume: _Resume = None,
    only_stale: _OnlyStale = None,
    changed_since: _ChangedSince = None,
    workers: _Workers = 2,
    scheduler: _Scheduler = None,
    scheduler_tls: _Certificates = None,
    timeout: _Timeout = 50.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    state: StateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Judge all environments by the requirements of a framework.

    Exit with 2 if a requirement fails, with 1 if none does and not everything was answered.
    """
    item = _item(cloud, state, parallelism, of=of.value, framework=framework.value)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls}
    _run("report", environments, item, output, how)


@fleet_app.command("adopt-status")
def adopt_status(  # noqa: PLR0913  typer: one parameter an option
    environments: _Patterns = None,
    ledger: _Ledger = DEFAULT_LEDGER,
    resume: _Resume = None,
    only_stale: _OnlyStale = None,
    changed_since: _ChangedSince = None,
    workers: _Workers = 2,
    scheduler: _Scheduler = None,
    scheduler_tls: _Certificates = None,
    timeout: _Timeout = 50.0,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    state: StateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Show how far environments are adopted: what carries their mark, and what is still to adopt.

    Exit with 2 if something is to adopt, with 1 if nothing is and not everything was answered.
    """
    item = _item(cloud, state, parallelism, offline=True)
    how = _how(ledger, resume, only_stale, changed_since, workers, timeout, quiet)
    how |= {"scheduler": scheduler, "certificates": scheduler_tls}
    _run("adopt-status", environments, item, output, how)


@fleet_app.command("show")
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run of the ledger, or `last`.")],
    environment: Annotated[
        str, typer.Argument(metavar="ENV", help="An environment of the run, by name or path.")
    ],
    ledger: _Ledger = DEFAULT_LEDGER,
) -> None:
    """Print what a run found of one environment, whole, as JSON."""
    from provisioner.cli.fleet import show_outcome

    show_outcome(run, environment, ledger)


def _item(
    cloud: CloudOption, state: StateOption, parallelism: int, **options: object
) -> dict[str, Any]:
    given = {"cloud": cloud.value if cloud else None, "state": state, "parallelism": parallelism}
    return {name: value for name, value in {**given, **options}.items() if value is not None}


def _how(  # noqa: PLR0913  the options that all commands share
    ledger: str,
    resume: str | None,
    only_stale: str | None,
    changed_since: str | None,
    workers: int,
    timeout: float,
    quiet: bool,
) -> dict[str, Any]:
    return {
        "ledger": ledger,
        "resume": resume,
        "stale_after": None if only_stale is None else _read_age("--only-stale", only_stale),
        "changed_since": changed_since,
        "workers": workers,
        "seconds": timeout * 60,
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


def _read_age(option: str, text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,4})([hd])", text)
    if match is None:
        raise typer.BadParameter(
            f"{text!r} is no age. Write hours or days: 24h, 7d.", param_hint=option
        )
    count = int(match[1])
    return timedelta(hours=count) if match[2] == "h" else timedelta(days=count)
