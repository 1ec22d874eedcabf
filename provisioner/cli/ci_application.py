"""`azsec ci`: its commands and their options. `cli.ci` and `cli.ci_*` run them."""

from typing import Annotated

import typer

from provisioner.cli.command_groups import examples
from provisioner.cli.options import (
    CloudOption,
    FormatOption,
    LocalStateOption,
    LockTimeoutOption,
    NoPreflightOption,
    OutputFormat,
    ParallelismOption,
    PlainFormat,
    PlainFormatOption,
    SinceOption,
    StrictTagsOption,
    TimeoutOption,
    WorkersOption,
)

ci_app = typer.Typer(
    help="Run plan, apply and drift in CI jobs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


_Environments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ENV]...",
        help="Names or paths of the only environments to process.",
        show_default=False,
    ),
]
_Number = Annotated[
    int | None,
    typer.Option(
        "--pull-request",
        min=1,
        metavar="NUMBER",
        help="Set the pull request. Default: the pull request of the job.",
        show_default=False,
    ),
]
_Trust = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        metavar="ACCOUNT",
        help="Trust the commit statuses of this account in addition to the token's own. "
        "Repeatable.",
        show_default=False,
    ),
]
_Approvers = Annotated[
    list[str] | None,
    typer.Option(
        "--approver",
        metavar="ACCOUNT",
        help="Count the approvals of this account even if the forge does not list it as an "
        "approver. Repeatable.",
        show_default=False,
    ),
]


@ci_app.command(
    "plan",
    epilog=examples(
        "azsec ci plan",
        "azsec ci plan --all-environments --no-publish",
    ),
)
def plan(  # noqa: PLR0913  typer: one parameter an option
    environments: _Environments = None,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="REVISION",
            help="Compare with this revision. Default: the base of the pull request.",
            show_default=False,
        ),
    ] = None,
    take_all: Annotated[
        bool,
        typer.Option(
            "--all-environments",
            help="Include all environments, not only those that the change affects.",
        ),
    ] = False,
    number: _Number = None,
    trust: _Trust = None,
    approvers: _Approvers = None,
    dismiss_reviews: Annotated[
        bool,
        typer.Option("--dismiss-reviews", help="Dismiss approvals of a different plan."),
    ] = False,
    no_publish: Annotated[
        bool,
        typer.Option("--no-publish", help="Print the result without writing to the forge."),
    ] = False,
    sarif: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the control findings to this SARIF file.",
            show_default=False,
        ),
    ] = None,
    junit: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the control results to this JUnit XML file.",
            show_default=False,
        ),
    ] = None,
    workers: WorkersOption = 2,
    timeout: TimeoutOption = 3_000.0,
    no_preflight: NoPreflightOption = False,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
) -> None:
    """Plan the environments that a change affects.

    Posts one comment on the pull request, and one commit status per environment with the digest of
    its plan. Exit code 1: an environment cannot be planned; 3: a plan cannot be applied.
    """
    from provisioner.cli.ci import Outputs, run_plan
    from provisioner.cli.ci_options import Options

    options = Options(
        named=tuple(environments or ()),
        take_all=take_all,
        base=base,
        number=number,
        accounts=tuple(trust or ()),
        approvers=tuple(approvers or ()),
        publish=not no_publish,
        cloud=cloud.value if cloud else None,
        local_state=local_state,
        parallelism=parallelism,
        workers=workers,
        seconds=timeout,
        skip_preflight=no_preflight,
    )
    outputs = Outputs(sarif, junit, output.value, dismiss_reviews)
    raise typer.Exit(run_plan(options, outputs))


@ci_app.command(
    "apply",
    epilog=examples(
        "azsec ci apply",
    ),
)
def apply(  # noqa: PLR0913  typer: one parameter an option
    environments: _Environments = None,
    number: _Number = None,
    trust: _Trust = None,
    approvers: _Approvers = None,
    allow_delete: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-delete-digest",
            metavar="DIGEST",
            help="Permit the deletes and replacements of the approved plan with this digest. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    lock_timeout: LockTimeoutOption = 0.0,
    no_preflight: NoPreflightOption = False,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
) -> None:
    """Apply the approved plans of a merged pull request.

    Each environment is planned again. A plan with the approved digest is applied, any other is
    refused with the changes and their authors. promotion.yaml sets the order. Exit code 1: an apply
    failed; 3: refused.
    """
    from provisioner.cli.ci_apply import Permissions, run_apply
    from provisioner.cli.ci_options import Options

    options = Options(
        named=tuple(environments or ()),
        number=number,
        accounts=tuple(trust or ()),
        approvers=tuple(approvers or ()),
        cloud=cloud.value if cloud else None,
        local_state=local_state,
        parallelism=parallelism,
        skip_preflight=no_preflight,
    )
    permissions = Permissions(frozenset(allow_delete or ()), lock_timeout)
    raise typer.Exit(run_apply(options, permissions, output.value))


@ci_app.command(
    "drift",
    epilog=examples(
        "azsec ci drift prod --badge drift.json",
    ),
)
def drift(  # noqa: PLR0913  typer: one parameter an option
    environments: _Environments = None,
    since: SinceOption = None,
    strict_tags: StrictTagsOption = False,
    badge: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write a shields.io endpoint badge to this JSON file.",
            show_default=False,
        ),
    ] = None,
    no_publish: Annotated[
        bool, typer.Option("--no-publish", help="Print the result without writing to the forge.")
    ] = False,
    workers: WorkersOption = 2,
    timeout: TimeoutOption = 3_000.0,
    output: PlainFormatOption = PlainFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
) -> None:
    """Check for drift, and maintain one issue per environment.

    An issue is opened on drift, updated when the findings change, and closed by a complete check
    without findings. Exit code 2: drift; 1: not everything could be read.
    """
    from provisioner.cli.ci_drift import DriftOptions, run_drift
    from provisioner.cli.ci_options import Options

    options = Options(
        named=tuple(environments or ()),
        publish=not no_publish,
        cloud=cloud.value if cloud else None,
        local_state=local_state,
        parallelism=parallelism,
        workers=workers,
        seconds=timeout,
    )
    raise typer.Exit(run_drift(options, DriftOptions(since, strict_tags, badge, output.value)))
