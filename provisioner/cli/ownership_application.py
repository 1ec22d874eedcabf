"""`azsec ownership`: the commands and their options."""

from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.command_groups import examples
from provisioner.cli.options import (
    CloudOption,
    EnvironmentArgument,
    FormatOption,
    LocalStateOption,
    OutputFormat,
    ParallelismOption,
    ParametersOption,
    QuietOption,
    SetFileOption,
    SetOption,
)
from provisioner.cli.session_options import open_session, read_parameter_options

if TYPE_CHECKING:
    from provisioner.plan.plan import Plan


ownership_app = typer.Typer(
    help="Migrate the ownership marks of an environment.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@ownership_app.command(
    "migrate",
    epilog=examples(
        "azsec ownership migrate prod",
        "azsec ownership migrate prod --previous-id platform-prod --yes",
    ),
)
def migrate(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    previous_id: Annotated[
        list[str] | None,
        typer.Option(
            "--previous-id",
            metavar="ID",
            help="Set a previous id of the environment. Repeatable.",
            show_default=False,
        ),
    ] = None,
    forget_missing: Annotated[
        bool,
        typer.Option(
            "--forget-missing",
            help="Remove the ownership marks of resources that are not found in Azure.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Write the marks of the environment's id to its resources.

    For resources that were created before the environment had this id. Shows first which marks
    would change, and which not and why. Only tags are written.
    """
    from provisioner.cli.session import Approval, apply_environment
    from provisioner.workflow.apply import ApplyOptions

    options = ApplyOptions(allow_delete=False, parallelism=parallelism)
    values = read_parameter_options(set_, set_file, parameters)
    with open_session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=quiet, values=values
    ) as session:

        def plan_again() -> "Plan":
            return session.plan_migration(
                environment, previous_id or [], forget_missing=forget_missing
            )

        made = plan_again()
        approval = Approval(yes, derive=plan_again)
        code = apply_environment(session, made, options, approval, output.value)
    raise typer.Exit(code)
