"""The options that the commands of `azsec fleet` share."""

from typing import Annotated

import typer

from provisioner.cli.durations import read_duration

DEFAULT_LEDGER = ".azsec/fleet.db"

PatternsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ENV]...",
        help="Names, files, folders, or patterns such as 'environments/**'.  [default: "
        "environments/**]",
        show_default=False,
    ),
]
LedgerOption = Annotated[
    str,
    typer.Option(
        metavar="FILE|URL",
        help="What keeps the result of each environment: a file, or a blob container "
        "(https://ACCOUNT.blob.core.windows.net/CONTAINER).",
    ),
]
ResumeOption = Annotated[
    str | None,
    typer.Option(
        metavar="RUN",
        help="Go on with a run (`last`: the newest one): ask only what has no answer yet.",
        show_default=False,
    ),
]
RunOption = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="NAME",
        help="Name the run, and go on with it where the ledger has it.",
        show_default=False,
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Ask one of N parts of the run, I from 0 to N-1; the others are asked elsewhere. Exit "
        "with 0 when all of it has an answer, whatever was found.",
        show_default=False,
    ),
]
OnlyStaleOption = Annotated[
    float | None,
    typer.Option(
        "--only-stale",
        parser=read_duration,
        metavar="DURATION",
        help="Skip environments whose last complete result found nothing, is newer than this "
        "(24h, 7d), and whose files did not change since.",
        show_default=False,
    ),
]
ChangedSinceOption = Annotated[
    str | None,
    typer.Option(
        "--changed-since",
        metavar="REVISION",
        help="Ask only environments that read a file which differs between this commit and HEAD.",
        show_default=False,
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Ask on the workers of this Dask scheduler (tls://HOST:8786) instead of processes of "
        "this machine.",
        show_default=False,
    ),
]
CertificatesOption = Annotated[
    tuple[str, str, str] | None,
    typer.Option(
        "--scheduler-tls",
        metavar="CA CERT KEY",
        help="The files of TLS to the scheduler: its CA, and the own certificate and key.",
        show_default=False,
    ),
]
