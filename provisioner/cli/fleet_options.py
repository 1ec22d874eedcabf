"""The options that the commands of `azsec fleet` share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from provisioner.cli.durations import read_duration

DEFAULT_LEDGER = ".azsec/fleet.db"

PatternsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ENV]...",
        help="Names, files, folders or patterns of environments.  [default: environments/**]",
        show_default=False,
    ),
]
LedgerOption = Annotated[
    str,
    typer.Option(
        metavar="FILE|URL",
        help="Set the ledger that stores the result of each environment: a file, or a blob "
        "container (https://ACCOUNT.blob.core.windows.net/CONTAINER).",
    ),
]
ResumeOption = Annotated[
    str | None,
    typer.Option(
        metavar="RUN",
        help="Continue a run (`last`: the newest): process only environments without a result.",
        show_default=False,
    ),
]
RunOption = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="NAME",
        help="Name the run; continue it if the ledger has it.",
        show_default=False,
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Process part I of N (0 to N-1) of the run; other processes take the other parts. "
        "The exit code is 0 when the whole part has results, regardless of findings.",
        show_default=False,
    ),
]
OnlyStaleOption = Annotated[
    float | None,
    typer.Option(
        "--only-stale",
        parser=read_duration,
        metavar="DURATION",
        help="Skip environments whose last result is complete, has no finding, is newer than "
        "this (24h, 7d), and is of the files as they are.",
        show_default=False,
    ),
]
ChangedSinceOption = Annotated[
    str | None,
    typer.Option(
        "--changed-since",
        metavar="REVISION",
        help="Select environments that read a file which was changed since this revision, "
        "uncommitted changes included.",
        show_default=False,
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Run on the workers of this Dask scheduler (tls://HOST:8786) instead of local "
        "processes.",
        show_default=False,
    ),
]
CertificatesOption = Annotated[
    tuple[str, str, str] | None,
    typer.Option(
        "--scheduler-tls",
        metavar="CA CERT KEY",
        help="Set the TLS files for the scheduler: CA certificate, client certificate, client key.",
        show_default=False,
    ),
]


def stated_options(context: typer.Context) -> Mapping[str, str]:
    """Return the options on the command line as they are written, by the names of parameters."""
    found: dict[str, str] = {}
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name)
        if source is not None and source.name == "COMMANDLINE":
            option = parameter.opts[0]
            # The patterns are the one argument of these commands.
            found[parameter.name] = option if option.startswith("-") else "ENV"
    return found


def check_since(since: str | None) -> None:
    """Check `--since` once, before every environment would fail for it.

    Raises DiagnosticError where it is no date, time or duration.
    """
    from provisioner.attribution.window import read_window

    read_window(since, datetime.now(UTC))


def refuse_without_effect(context: typer.Context) -> None:
    """Refuse stated options that a command would ignore for want of another one.

    Raises DiagnosticError with one diagnostic an option.
    """
    from provisioner.cli.session import refuse_options

    stated = stated_options(context)
    if "resume" in stated:
        why = "--resume continues all of a run"
        refuse_options(why, {"--shard": "shard" in stated})
    if "logs_first" not in stated:
        refuse_options("it needs --logs-first", {"--full-every": "full_every" in stated})
    if "scheduler" not in stated:
        refuse_options("it needs --scheduler", {"--scheduler-tls": "scheduler_tls" in stated})
